"""Keep a checked rulebook, and what is compiled of it, between runs: a command does not read a thousand pages each time.

What is kept is found again only under the digest of every pack's bytes, of this package's own code and of the
Python that wrote it, lies in a folder only its owner may enter, and can hold nothing but this package's own values.
What is to run, and not only be read, is sealed besides with a secret of the user's, and found only under that seal.
`CADRE_RULES_CACHE` names another folder, or `off`.
"""

import hashlib
import os
import pickle
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Generic, TypeVar

from cadre_rules.writing import digest_of_all, files_in

Kept = TypeVar("Kept")

_SEAL = _SECRET = 32
MAX_KEPT = 120
"""Files kept, up to twenty for each rulebook; older ones make room."""

_PLAIN = {
    ("builtins", "set"),
    ("builtins", "frozenset"),
    ("copyreg", "_reconstructor"),
    ("datetime", "date"),
    ("pathlib", "Path"),
    ("pathlib", "PosixPath"),
    ("pathlib", "WindowsPath"),
    ("pathlib._local", "PosixPath"),
    ("pathlib._local", "WindowsPath"),
}


def find_kept(digests: Sequence[str], kind: type[Kept], *about: str, to_run: bool = False) -> Kept | None:
    """Return what is kept about something under these digests, or None; what is not exactly that is as if not there."""
    with suppress(
        OSError, RuntimeError, pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError, TypeError, ValueError
    ):
        place = _place(digests, *about)
        if place is not None and _own(place):
            whole = place.read_bytes()
            body = whole[_SEAL:]
            kept = from_kept(body) if whole == sealed(body, _key(place) if to_run else b"") else None
            return kept if isinstance(kept, kind) else None
    return None


def as_kept(value: object) -> bytes:
    """Return the bytes a value is kept as."""
    return pickle.dumps(value, protocol=5)


def from_kept(body: bytes) -> Any:
    """Return the value kept as these bytes; raises `pickle.UnpicklingError` where they hold what has no place there."""
    return _Reader(BytesIO(body)).load()


class Apart(Generic[Kept]):
    """A value that is kept as bytes of its own, and read when it is first asked for."""

    __slots__ = ("_body", "_value")

    def __init__(self, value: Kept | None, body: bytes = b"") -> None:
        self._value, self._body = value, body

    def __call__(self) -> Kept:
        """Return the value."""
        if self._value is None:
            self._value = from_kept(self._body)
        assert self._value is not None
        return self._value

    def __eq__(self, other: object) -> bool:
        """Tell whether both are the same to the byte, which takes no reading."""
        return isinstance(other, Apart) and self.__reduce__() == other.__reduce__()

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[type, tuple[None, bytes]]:
        return type(self), (None, self._body or as_kept(self._value))


def sealed(body: bytes, key: bytes = b"") -> bytes:
    """Return the bytes behind their digest, so that a file cut short or touched is not taken for whole."""
    return hashlib.blake2b(body, digest_size=_SEAL, key=key).digest() + body


def keep(value: object, digests: Sequence[str], *about: str, to_run: bool = False) -> None:
    """Keep a rulebook or what is compiled of it; where that cannot be done, or nothing has a digest, do without."""
    place = _place(digests, *about)
    if place is not None:
        with suppress(OSError, RuntimeError):
            key = _key(place) if to_run else b""
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=place.parent, delete=False) as file:
                file.write(sealed(as_kept(value), key))
            Path(file.name).replace(place)
            by_age = sorted(place.parent.glob("*.rulebook"), key=lambda path: path.stat().st_mtime)
            for old in by_age[:-MAX_KEPT]:
                old.unlink()


class _Reader(pickle.Unpickler):
    """Builds this package's own values and a few plain ones, and refuses to look up anything else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _PLAIN:
            return super().find_class(module, name)
        if module.startswith("cadre_rules.") and name.isidentifier() and name[:1].isupper():
            found = super().find_class(module, name)
            if getattr(found, "__module__", None) == module:  # its own, not what it imported
                return found
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a rulebook")


def _place(digests: Sequence[str], *about: str) -> Path | None:
    chosen = os.environ.get("CADRE_RULES_CACHE")
    if chosen == "off" or not digests:
        return None
    home = Path(chosen) if chosen else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cadre-rules"
    return home / f"{hashlib.sha256(' '.join((*digests, *about, sys.version, code_digest())).encode()).hexdigest()[:32]}.rulebook"


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
    if not hasattr(os, "getuid") or about.st_uid != os.getuid() or about.st_mode & 0o077 or len(found) != _SECRET:
        raise PermissionError(f"{secret} is not the user's alone")
    return found + place.stem.encode()


def _own(place: Path) -> bool:
    """Tell whether the file and its folder are the caller's and nobody else may write them."""
    if not hasattr(os, "getuid"):
        return place.is_file()
    return all(path.stat().st_uid == os.getuid() and not path.stat().st_mode & 0o022 for path in (place, place.parent))


@cache
def code_digest() -> str:
    """Return a digest of this package's code."""
    root = Path(__file__).resolve().parent.parent
    return digest_of_all(root, files_in(root, ".py", ".json"))
