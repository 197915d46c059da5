"""An audit by the small pack in a process of its own, forked from one that has read the libraries once."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from cadre_rules.audits.running import audit
from cadre_rules.errors import SourceError
from small import TODAY, small

_CONTEXT = get_context("forkserver")
_CONTEXT.set_forkserver_preload(["cadre_rules.audits.running"])


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder by its path in it."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@contextmanager
def auditing(source: Path, out: Path, room: int | None = None) -> Iterator[tuple[BaseProcess, Connection]]:
    """Give the process from the moment it begins, and what it says; a file of it can grow no larger than `room` bytes."""
    here, there = _CONTEXT.Pipe(duplex=False)
    process = _CONTEXT.Process(target=_audit, args=(source, out, room, there))
    process.start()
    there.close()
    with here:
        assert here.recv() == "ready"
        yield process, here
        process.join()


def _audit(source: Path, out: Path, room: int | None, says: Connection) -> None:
    if room is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
    rulebook = small()
    says.send("ready")
    try:
        audit(source, rulebook, out=out, today=TODAY, size=20)
    except SourceError as error:
        says.send(str(error))
