"""Keep a checked rulebook, and what is compiled of it, between runs: a command does not read a thousand pages each time.

What is kept is found again only under the digest of every pack's bytes, of this package's own code and of the Python that
wrote it, and only under a seal that nobody but the user can make: what lies there can be code, and it is run.
`CADRE_RULES_CACHE` names another folder, or `off`.
"""

import hashlib
import os
import pickle
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from cadre_rules.errors import SourceError
from cadre_rules.writing import digest_of_all, files_in, write_whole

Kept = TypeVar("Kept")

_SEAL = _SECRET = 32
MAX_KEPT = 120
"""Files kept, up to twenty for each rulebook; older ones make room."""


def find_kept(digests: Sequence[str], kind: type[Kept], *about: str) -> Kept | None:
    """Return what is kept about something under these digests, or None; what is not exactly that is as if not there."""
    with suppress(OSError, RuntimeError, pickle.UnpicklingError, AttributeError, ImportError, TypeError, ValueError):
        place = _place(digests, *about)
        whole = place.read_bytes()
        if whole == sealed(whole[_SEAL:], _key(place)):
            kept = pickle.loads(whole[_SEAL:])  # noqa: S301  # the user's own
            return kept if isinstance(kept, kind) else None
    return None


def keep(value: object, digests: Sequence[str], *about: str) -> None:
    """Keep a rulebook or what is compiled of it; where that cannot be done, or nothing has a digest, do without."""
    with suppress(OSError, RuntimeError, SourceError):
        place = _place(digests, *about)
        write_whole(place, sealed(pickle.dumps(value, protocol=5), _key(place)))
        for old in sorted(place.parent.glob("*.rulebook"), key=lambda path: path.stat().st_mtime)[:-MAX_KEPT]:
            old.unlink()


def sealed(body: bytes, key: bytes) -> bytes:
    """Return the bytes behind a digest of them and of the key, which tells whose they are, and that they are whole."""
    return hashlib.blake2b(body, digest_size=_SEAL, key=key).digest() + body


class Apart(Generic[Kept]):
    """A value that is kept as bytes of its own, and read when it is first asked for."""

    __slots__ = ("_body", "_value")

    def __init__(self, value: Kept | None, body: bytes = b"") -> None:
        self._value: Any = value
        self._body = body

    def __call__(self) -> Kept:
        """Return the value."""
        if self._value is None:
            self._value = pickle.loads(self._body)  # noqa: S301  # of what was the user's own
        value: Kept = self._value
        return value

    def __eq__(self, other: object) -> bool:
        """Tell whether both are the same to the byte, which takes no reading."""
        return isinstance(other, Apart) and self.__reduce__() == other.__reduce__()

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[type, tuple[None, bytes]]:
        return type(self), (None, self._body or pickle.dumps(self._value, protocol=5))


def _place(digests: Sequence[str], *about: str) -> Path:
    """Return where something is kept; raises `OSError` where nothing is."""
    chosen = os.environ.get("CADRE_RULES_CACHE")
    if chosen == "off" or not digests:
        raise FileNotFoundError("nothing is kept")
    home = Path(chosen) if chosen else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cadre-rules"
    whole = os.fsencode(" ".join((*digests, *about, sys.version, code_digest())))
    return home / f"{hashlib.sha256(whole).hexdigest()[:32]}.rulebook"


def _key(place: Path) -> bytes:
    """Return what only the user can seal a file at this place with; raises `OSError` where there is no such secret.

    The secret stands in the user's home wherever the rest is kept: a folder that came with somebody's files brings none.
    """
    secret = Path("~/.cache/cadre-rules/secret").expanduser()
    secret.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError), os.fdopen(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(os.urandom(_SECRET))
    with secret.open("rb") as file:
        about, found = os.fstat(file.fileno()), file.read()
    shared = hasattr(os, "getuid") and (about.st_uid != os.getuid() or about.st_mode & 0o077)
    if shared or len(found) != _SECRET:
        raise PermissionError(f"{secret} is not the user's alone")
    return found + place.stem.encode()


@cache
def code_digest() -> str:
    """Return a digest of this package's code."""
    root = Path(__file__).resolve().parent.parent
    return digest_of_all(root, files_in(root, ".py", ".json"))
