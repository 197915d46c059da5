"""Files written whole or not at all, and known by digest."""

import hashlib
import os
from pathlib import Path

from cadre_rules.errors import SourceError


def write_whole(path: Path, body: bytes, *, then: str = "nothing was written") -> str:
    """Write a file that is there whole or not at all, and return its digest; raises `SourceError` if there is no room."""
    partial = path.with_name(f"{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise SourceError(str(path), f"cannot be written: {error.strerror or error}; {then}") from error
    return hashlib.sha256(body).hexdigest()


def digest_of(path: Path) -> str:
    """Return the SHA-256 digest of a file; raises `SourceError` if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SourceError(str(path), f"cannot be read: {error.strerror or error}") from error
