"""A register as a file: read whole, appended to by one writer at a time, nothing ever changed or removed."""

import gzip
import hashlib
import json
import os
import sys
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from sys import intern
from typing import IO, NamedTuple

from cadre_rules.dossier.kinds import Dossier
from cadre_rules.dossier.people import ExceptionGranted
from cadre_rules.errors import SourceError, refused
from cadre_rules.findings import OPEN
from cadre_rules.register.entries import Baseline, Entry, Grant, Recorded, Remark, Said, Withdrawal, canonical, examine, seal
from cadre_rules.wording import Level
from cadre_rules.writing import write_whole


class Known(NamedTuple):
    """A line of a ledger: a finding ever recorded, and what had become of it; `since` and `at` number entries."""

    fingerprint: str
    kind: str
    rule: str
    subject: str
    level: Level
    provisional: bool
    state: str
    since: int
    at: int


@dataclass(frozen=True, slots=True)
class Register:
    """A register as it stood when it was read."""

    path: Path
    entries: tuple[Entry, ...] = ()

    @classmethod
    def read(cls, path: str | Path) -> "Register":
        """Return a register, an empty one if there is no file; raises `SourceError` where its chain is broken."""
        with refused(path), suppress(FileNotFoundError), Path(path).open("rb") as file:
            _lock(file, alone=False)
            return _whole(Path(path), file.read())
        return cls(Path(path))

    @property
    def head(self) -> str | None:
        """Return the digest of the last entry: who notes it elsewhere sees later if the end was cut off."""
        return self.entries[-1].digest if self.entries else None

    def append(self, said: Said | Callable[["Register"], Said | None], *, by: str, day: date) -> "Register":
        """Write an entry and return the register with it; raises `SourceError` if it is broken or cannot be written.

        A function is given the register as it stands when nobody else can write, and returns what to say, or None.
        """
        with _held(self.path) as file:
            now = _whole(self.path, file.read())
            try:
                saying = said(now) if callable(said) else said
                if saying is None:
                    return now
                entry, line = seal(saying, now.entries[-1] if now.entries else None, by=by, day=day)
            except UnicodeEncodeError as error:
                raise SourceError(str(self.path), f"cannot hold {error.object[:80]!r}: it is no text in Unicode") from error
            _write(file, line, self.path)
        return Register(self.path, (*now.entries, entry))

    def standing(self) -> Iterator[tuple[Entry, Said]]:
        """Yield the entries that nobody withdrew, each with what it says."""
        withdrawn = {entry.said.entry for entry in self.entries if isinstance(entry.said, Withdrawal)}
        yield from ((entry, entry.said) for entry in self.entries if entry.number not in withdrawn)

    def runs(self) -> list[tuple[Entry, Recorded]]:
        """Return the checks and audits recorded, oldest first."""
        return [(entry, entry.said) for entry in self.entries if isinstance(entry.said, Recorded)]

    def remarks(self) -> dict[str, list[Entry]]:
        """Return what was said of each finding, by fingerprint, oldest first."""
        said: dict[str, list[Entry]] = defaultdict(list)
        for entry, what in self.standing():
            if isinstance(what, Remark):
                said[what.finding].append(entry)
        return said

    def granted(self) -> list[Grant]:
        """Return the exceptions granted and not withdrawn."""
        return [said for _, said in self.standing() if isinstance(said, Grant)]

    def on_file(self) -> dict[str, list[ExceptionGranted]]:
        """Return the exceptions granted as a dossier holds them, by the dossier's id.

        A subject within a dossier is `dossier/entry`; both may hold slashes, so each reading of it is offered, and
        an exception for an entry that a dossier does not hold excuses nothing.
        """
        filed: dict[str, list[ExceptionGranted]] = defaultdict(list)
        for grant in self.granted():
            filed[grant.subject].append(grant.exception)
            for dossier, entry in readings(grant.subject):
                filed[dossier].append(grant.exception.model_copy(update={"entry": entry}))
        return filed

    def file_on(self, dossier: Dossier) -> Dossier:
        """Return a dossier with the exceptions granted for it on file, for the gate to judge."""
        granted = self.on_file().get(dossier.id)
        return dossier.model_copy(update={"exceptions": (*(dossier.exceptions or ()), *granted)}) if granted else dossier

    def ledger(self, run: Recorded | None = None) -> dict[str, Known]:
        """Return every finding known after a run, the last if none is named, by fingerprint; raises `SourceError`."""
        if run is None:
            runs = self.runs()
            if not runs:
                return {}
            run = runs[-1][1]
        rows = json.loads(b"[" + b",".join(self.ledger_body(run.ledger).splitlines()) + b"]")
        return {name: Known(name, intern(kind), intern(rule), subject, *rest) for name, kind, rule, subject, *rest in rows}

    def ledger_body(self, digest: str) -> bytes:
        """Return what a ledger says; raises `SourceError` if it is not there or says something else."""
        path = self.ledger_path(digest)
        try:
            body = gzip.decompress(path.read_bytes())
        except (OSError, EOFError, zlib.error) as error:
            raise SourceError(str(path), f"cannot be read: {error}") from error
        if hashlib.sha256(body).hexdigest() != digest:
            raise SourceError(str(path), "was changed: it does not say what the register recorded; restore it")
        return body

    def keep_ledger(self, lines: Iterable[Known]) -> str:
        """Write a ledger beside the register and return its digest, which is of what it says, not of how it is packed."""
        body = b"".join(canonical(line) + b"\n" for line in sorted(lines))
        digest = hashlib.sha256(body).hexdigest()
        write_whole(self.ledger_path(digest), gzip.compress(body, 6, mtime=0))
        return digest

    def ledger_path(self, digest: str) -> Path:
        """Return where a ledger of that digest is kept."""
        return self.path.with_name(f"{self.path.name}.ledgers") / f"{digest}.jsonl.gz"

    def baseline(self) -> frozenset[str]:
        """Return the fingerprints of what stood when the last baseline was set; of nothing if none was."""
        runs = {entry.number: run for entry, run in self.runs()}
        set_at = [said.run for _, said in self.standing() if isinstance(said, Baseline) and said.run in runs]
        if not set_at:
            return frozenset()
        return frozenset(line.fingerprint for line in self.ledger(runs[set_at[-1]]).values() if line.state in OPEN)


def fingerprints_in(path: str | Path) -> frozenset[str]:
    """Return the fingerprints in a JSON report, or of what stands after a register's last run; raises `SourceError`."""
    read = None
    with refused(path), suppress(ValueError):  # a register is several lines of JSON
        read = json.loads(Path(path).read_bytes())
    if isinstance(read, dict) and read.get("format") == "cadre-rules/report/1":
        return frozenset(finding["fingerprint"] for finding in read["findings"])
    return frozenset(line.fingerprint for line in Register.read(path).ledger().values() if line.state in OPEN)


def readings(subject: str) -> Iterator[tuple[str, str]]:
    """Yield each way to read a subject as a dossier and an entry within it.

    >>> list(readings("12/QĐ/n-1"))
    [('12', 'QĐ/n-1'), ('12/QĐ', 'n-1')]
    """
    parts = subject.split("/")
    yield from (("/".join(parts[:end]), "/".join(parts[end:])) for end in range(1, len(parts)))


def _whole(path: Path, raw: bytes) -> Register:
    entries, faults = examine(raw)
    if faults:
        more = f" ({len(faults) - 1} more; `cadre-rules verify` tells all)" if len(faults) > 1 else ""
        raise SourceError(str(path), f"{faults[0]}{more}; nothing was written")
    return Register(path, tuple(entries))


@contextmanager
def _held(path: Path) -> Iterator[IO[bytes]]:
    """Open a register to append to it, waiting until nobody else does; a killed writer lets go."""
    with refused(path, "cannot be written"):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+b", buffering=0)
    with file:
        _lock(file, alone=True)
        file.seek(0)
        yield file


def _lock(file: IO[bytes], *, alone: bool) -> None:
    """Wait until nobody writes to a file, or nobody else reads it either; closing it lets go."""
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415  # where files are locked by region, for everybody

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
    else:
        import fcntl  # noqa: PLC0415  # where files are locked whole

        fcntl.flock(file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)


def _write(file: IO[bytes], line: bytes, path: Path) -> None:
    """Append a line whole; if there is no room for it, nothing."""
    size = file.seek(0, os.SEEK_END)
    try:
        while line:
            line = line[file.write(line) :]
        os.fsync(file.fileno())
    except OSError as error:
        file.truncate(size)
        raise SourceError(str(path), f"cannot be written: {error.strerror or error}; nothing was written") from error
