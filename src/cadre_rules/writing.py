"""Files written whole or not at all, and known by digest."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cadre_rules.errors import SourceError, refused


@contextmanager
def whole(path: str | Path, refusals: tuple[type[Exception], ...] = (OSError,), then: str = "") -> Iterator[Path]:
    """Give a name to write under, and its own to the file once it is whole; raises `SourceError` for what is refused."""
    partial = Path(f"{path}.partial")
    try:
        yield partial
        partial.replace(path)
    except refusals as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise SourceError(str(path), f"cannot be written: {getattr(error, 'strerror', None) or error}{then}") from error


def write_whole(path: Path, body: bytes, *, then: str = "nothing was written") -> str:
    """Write a file that is there whole or not at all, and return its digest; raises `SourceError` if there is no room."""
    with whole(path, then=f"; {then}") as partial:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
    return hashlib.sha256(body).hexdigest()


def digest_of(path: Path, at_once: int = 1 << 18) -> str:
    """Return the SHA-256 digest of a file, read so many bytes at once; raises `SourceError` if it cannot be read."""
    total, piece = hashlib.sha256(), memoryview(bytearray(at_once))
    with refused(path), path.open("rb", buffering=0) as file:
        while read := file.readinto(piece):
            total.update(piece[:read])
    return total.hexdigest()


def files_in(folder: Path, *endings: str) -> list[str]:
    """Return the files in a folder and all below it whose names end so, by their paths from it, in the order of these.

    A folder that cannot be listed, or that stands there by a link and is not followed, is told among them.
    """
    start = len(str(folder)) + 1
    closed: list[str] = []
    found = [
        f"{at}{os.sep}{name}"[start:]
        for at, folders, names in os.walk(folder, onerror=lambda error: closed.append(error.filename[start:]))
        for name in (*names, *(name for name in folders if os.path.islink(f"{at}{os.sep}{name}")))  # noqa: PTH114  # as below
        if name.endswith(endings) or name in folders
    ]
    return sorted(found + closed, key=lambda name: name.split(os.sep))  # noqa: PTH206  # a path of each would cost a start


def digest_of_all(folder: Path, names: Iterable[str]) -> str:
    """Return the SHA-256 digest of the names and bytes of files of a folder; of one that cannot be read, of the name."""
    total = hashlib.sha256()
    for name in names:
        total.update(os.fsencode(name) + b"\0")
        with suppress(OSError), open(f"{folder}{os.sep}{name}", "rb", buffering=0) as file:  # noqa: PTH123  # many, at each start
            total.update(file.read())
        total.update(b"\0")
    return total.hexdigest()
