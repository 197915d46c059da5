"""What of a register or of an audit's folder is not as it was written."""

import json
from collections.abc import Iterator
from pathlib import Path

from cadre_rules.errors import SourceError, refused
from cadre_rules.register.book import Register
from cadre_rules.register.entries import Recorded, examine
from cadre_rules.writing import digest_of

LEFT_BESIDE = ("findings.csv", "findings.xlsx", "follow-up.csv")
"""What is told of an audit in words beside what it found; its manifest does not answer for it."""


def verify(path: str | Path, head: str | None = None) -> tuple[str, list[str]]:
    """Return what was verified, and everything that is not as it was written; raises `SourceError` for what is neither.

    `head` is a digest noted earlier, or its beginning: an entry of the register must have it, or the audit's manifest.
    """
    place = Path(path)
    return _audit(place, head) if place.is_dir() else _register(place, head)


def _register(path: Path, head: str | None) -> tuple[str, list[str]]:
    with refused(path):
        raw = path.read_bytes()
    entries, faults = examine(raw)
    register = Register(path, tuple(entries))
    told = [f"{path}: {fault}" for fault in faults]
    if head is not None and not any(entry.digest.startswith(head) for entry in entries):
        told.append(f"{path}: no entry has the digest {head} noted earlier: the end was cut off, or it is another register's")
    told += [fault for entry in entries if isinstance(entry.said, Recorded) for fault in _ledger(register, entry.said)]
    return f"{path}: {len(entries)} entries, head {register.head or 'none'}", told


def _ledger(register: Register, run: Recorded) -> Iterator[str]:
    try:
        register.ledger_body(run.ledger)
    except SourceError as error:
        yield str(error)


def _audit(folder: Path, head: str | None) -> tuple[str, list[str]]:
    manifest = folder / "manifest.json"
    try:
        files = {str(name): str(digest) for name, digest in dict(json.loads(manifest.read_bytes())["files"]).items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SourceError(str(manifest), f"is no manifest of an audit: {error}") from error
    own = digest_of(manifest)
    told = [fault for name, digest in files.items() for fault in _file(folder / name, digest)]
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    added = sorted(there - {*files, manifest.name, *LEFT_BESIDE})
    told += [f"{folder / name}: was added: the manifest does not know it; take it away" for name in added]
    if head is not None and not own.startswith(head):
        told.append(f"{manifest}: was changed: its digest is {own}, not {head}")
    return f"{folder}: {len(files)} files, manifest {own}", told


def _file(path: Path, digest: str) -> Iterator[str]:
    if not path.is_file():
        yield f"{path}: is missing"
    elif (found := digest_of(path)) != digest:
        yield f"{path}: was changed: its digest is {found[:12]}, the manifest says {digest[:12]}; restore it"
