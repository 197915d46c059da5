"""Judge every dossier of a source in parts: what is done is never lost, and going on gives the same bytes.

The folder an audit leaves: `findings/part-*.parquet` (read them together, they are one table), `shares.parquet`,
`rejected.parquet` and `.csv`, `summary.json`, `summary/*.csv`, and last of all `manifest.json`, which says of what inputs all
this is, by digest.
While it runs, `work/` holds what the parts leave for the end.
"""

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from functools import partial
from importlib.metadata import version
from itertools import accumulate
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import polars as pl
from tqdm import tqdm

from cadre_rules.audits.parts import Judging, Part, PartJudge, parquet, unjudged
from cadre_rules.audits.processes import Processes, worth_while
from cadre_rules.audits.summing import count_findings, summarise, total_heads, total_outcomes
from cadre_rules.audits.suppressing import suppressed
from cadre_rules.audits.veiling import veiled
from cadre_rules.dossier.people import ExceptionGranted
from cadre_rules.errors import SourceError
from cadre_rules.judging import AsOf
from cadre_rules.pseudonyms import Pseudonyms, read_key
from cadre_rules.reports.tables import guarded
from cadre_rules.rulebook.keeping import code_digest
from cadre_rules.rulebook.model import Rulebook
from cadre_rules.sources.batches import Batch, read_apart, read_batches, settled
from cadre_rules.sources.nesting import Stretch, stretches_of
from cadre_rules.wording import LEVELS, Level
from cadre_rules.writing import digest_of, write_whole

FORMAT = "cadre-rules/audit/1"
_NONE = pl.lit(None, pl.String)
_OF_HEADS = "findings/part-heads.parquet"
_ANEW = "begin anew in another folder"
_GO_ON = "what is done is kept, and the same command goes on from there"
_keep_whole = partial(write_whole, then=_GO_ON)


@dataclass(frozen=True, slots=True)
class Audit:
    """A finished audit: the folder it left, what it was made of, and what it adds up to."""

    out: Path
    manifest: Mapping[str, Any]
    summary: Mapping[str, Any]

    @property
    def findings(self) -> pl.LazyFrame:
        """Return every finding, in the order of the source, then those about heads."""
        return pl.scan_parquet(self.out / "findings" / "*.parquet")

    def parts(self) -> Iterator[pl.DataFrame]:
        """Yield the findings part by part."""
        yield from map(pl.read_parquet, sorted((self.out / "findings").glob("*.parquet")))

    def fingerprints(self) -> Iterator[str]:
        """Yield the fingerprint of every finding."""
        yield from self.findings.select("fingerprint").collect()["fingerprint"]

    @property
    def exceptions(self) -> pl.DataFrame:
        """Return every exception on file and what the gate says of it, in the columns of `findings.OnFile`."""
        return pl.read_parquet(self.out / "exceptions.parquet")

    def judged(self, what: str, ids: Collection[str]) -> set[str]:
        """Return which of some dossiers were judged, or which of some heads have several that were."""
        there = pl.scan_parquet(self.out / "judged.parquet")
        return set(there.filter(pl.col("what") == what, pl.col("id").is_in(list(ids))).collect()["id"])

    @property
    def rejected(self) -> pl.DataFrame:
        """Return what could not be read: `where` and `reason`."""
        return pl.read_parquet(self.out / "rejected.parquet")

    @property
    def shares(self) -> pl.DataFrame:
        """Return every share judged against a target, met or missed, in basis points."""
        return pl.read_parquet(self.out / "shares.parquet")

    def worst(self, *, strict: bool = False, known: Collection[str] = ()) -> Level | None:
        """Return the gravest level found; provisional findings count only when asked to, those of known fingerprints never."""
        counts = self.summary["by_level"]
        if known:
            new = self.findings.filter(pl.lit(strict) | ~pl.col("provisional"), ~pl.col("fingerprint").is_in(list(known)))
            levels = set(new.select(pl.col("level").unique()).collect()["level"])
            return next((level for level in LEVELS if level in levels), None)
        return next((level for level in LEVELS if counts[level] or (strict and counts[f"{level}_provisional"])), None)


def audit(
    source: str | Path,
    rulebook: Rulebook,
    *,
    out: str | Path,
    as_of: AsOf = "decision",
    today: date | None = None,
    mapping: str | Path | None = None,
    granted: Mapping[str, Sequence[ExceptionGranted]] | None = None,
    size: int = 100_000,
    pseudonymise: str | Path | None = None,
    suppress_below: int | None = None,
    processes: int | Processes | None = None,
    progress: bool = False,
) -> Audit:
    """Judge every dossier of a source and leave what was found in the folder `out`; raises `SourceError`.

    Called again after it was stopped, at whatever moment, it goes on where it was, and the folder comes out the same byte
    for byte; called again once finished, it judges nothing. It refuses to go on with another source, rulebook, code or option.
    `today` is the machine's if not given, and stays what it was when the audit began. `size` is how many dossiers make a part.
    `granted` are exceptions put on file, by dossier, beside those of the source: what a register holds.
    `pseudonymise` is the file of a key: pseudonyms then stand for every text that could say who is meant, but in `granted`, which
    has to have them already. The summary tells no count from 1 to below `suppress_below`, nor one that would tell it.
    `processes` is how many judge nested Parquet beside this one, as many as there are cores and memory for if not given, or 0;
    they change no byte. Those that were begun before are given themselves.
    """
    folder, source = Path(out), str(source)
    pseudonyms = Pseudonyms(read_key(str(pseudonymise)), rulebook) if pseudonymise is not None else None
    name, digest = _named(source, pseudonyms, processes if isinstance(processes, Processes) else None)
    asked = {
        "source": name,
        "source_digest": digest,
        "mapping": digest_of(Path(mapping)) if mapping is not None else None,
        "rulebook": [{"pack": p.pack.name, "version": p.pack.version, "digest": p.digest} for p in rulebook.packs],
        "code": {name: version(name) for name in ("cadre-rules", "polars")} | {"digest": code_digest()},
        "as_of": str(as_of),
        "today": today.isoformat() if today is not None else None,
        "exceptions": _exceptions_digest(granted or {}),
        "size": size,
        "pseudonyms": pseudonyms.key_id if pseudonyms is not None else None,
        "suppress_below": suppress_below,
    }
    with _held(folder), ExitStack() as beside:
        inputs = _agreed(folder, asked)
        if not (folder / "manifest.json").exists():
            judging = Judging(rulebook, as_of, date.fromisoformat(inputs["today"]), granted or {})
            run = _Run(folder, PartJudge(judging, size), pseudonyms, processes, beside)
            notes = run.judge_all(source, mapping, inputs, progress=progress)
            run.conclude(inputs, notes)
        _tidy(folder)
        return read_audit(folder)


def read_audit(folder: str | Path) -> Audit:
    """Return a finished audit from its folder; raises `SourceError` if there is none."""
    place = Path(folder)
    manifest, summary = _json(place / "manifest.json"), _json(place / "summary.json")
    if manifest is None or summary is None or manifest.get("format") != FORMAT:
        raise SourceError(str(place), "holds no finished audit; an audit that was stopped goes on with the command that began it")
    return Audit(place, manifest, summary)


_Judged: TypeAlias = tuple[int, Part, str | None]
"""A part, its number, and the digest of its rows if a source is read again to see whether they stand."""
_Any = TypeVar("_Any")


@dataclass(frozen=True, slots=True)
class _Run:
    """What judges the parts, and where they are kept."""

    folder: Path
    judge: PartJudge
    pseudonyms: Pseudonyms | None
    processes: int | Processes | None
    beside: ExitStack
    """Ends the processes, once nothing is left to do."""

    def judge_all(
        self, source: str, mapping: str | Path | None, inputs: Mapping[str, Any], *, progress: bool
    ) -> list[dict[str, Any]]:
        """Judge what is not judged yet, and return the note of every part."""
        notes = self._notes()
        done = sum(note["dossiers"] for note in notes)
        notes = notes if done else []
        parts = self._parts(source, mapping, inputs, notes)
        total = _total(Path(source)) if progress and sys.stderr.isatty() else None
        with tqdm(total=total, initial=done, unit=" dossiers", disable=None if progress else True) as bar:
            for number, part, rows in _told(parts, notes):
                if part.tables:
                    notes.append(self._keep(number, part, rows))
                    bar.update(part.frame.height)
                elif rows != notes[number - 1]["rows"]:
                    raise SourceError(inputs["source"], f"its rows have changed since part {number} was judged; {_ANEW}")
        if not any(note["dossiers"] or note["rejected"] for note in notes):
            raise SourceError(inputs["source"], "holds no dossier")
        return notes

    def _parts(
        self, source: str, mapping: str | Path | None, inputs: Mapping[str, Any], notes: Sequence[Mapping[str, Any]]
    ) -> Iterator[_Judged]:
        """Return the parts that are not done, judged; where a source has no digest, those that are done too, as they are."""
        size, done = inputs["size"], sum(note["dossiers"] for note in notes)
        stretches = read_apart(source, mapping=mapping, size=size) if self.pseudonyms is None else []
        count = self.processes if isinstance(self.processes, int) else worth_while(stretches)
        if count and stretches:
            return self._beside(stretches, count, done, len(notes))
        if isinstance(self.processes, Processes):
            self.processes.close()
        reread = inputs["source_digest"] is None  # a database has no digest: that its rows stand is seen by reading them
        batches = read_batches(source, mapping=mapping, size=size, skip=0 if reread else done, asked=self.judge.asked)
        if self.pseudonyms is not None:
            batches = veiled(batches, self.pseudonyms)
        return _ahead(self._here(_ahead(batches), len(notes), reread=reread))

    def _here(self, batches: Iterator[Batch], done: int, *, reread: bool) -> Generator[_Judged, None, None]:
        """Judge batches; of those already done, if they are read again, only the digest of their rows is told."""
        for number, batch in enumerate(batches, 1 if reread else done + 1):
            rows = _rows_digest(batch) if reread else None
            yield number, self.judge.part(batch) if number > done else unjudged(batch), rows

    def _beside(self, stretches: Sequence[Stretch], count: int, done: int, parts: int) -> Iterator[_Judged]:
        """Have stretches judged in processes; those that hold no more than was done before are read for their ids."""
        ends = accumulate(stretch.rows for stretch in stretches)
        asked = ((stretch, end > done) for stretch, end in zip(stretches, ends, strict=True))
        judge = self.judge
        processes = self.processes if isinstance(self.processes, Processes) else Processes()
        self.beside.enter_context(closing(processes))
        processes.fork(judge, count, stretches[0].path)  # before anything else starts a thread
        numbered = enumerate(settled(processes.judged(asked, judge, count), done), parts + 1)
        return ((number, part if part.frame.height == part.read else judge.again(part), None) for number, part in numbered)

    def _keep(self, number: int, part: Part, rows: str | None) -> dict[str, Any]:
        """Write a part; it counts once its note, the last of its files, is there."""
        rejected = pl.DataFrame(
            [(rejected.where, rejected.reason) for rejected in part.rejected],
            schema={"where": pl.String, "reason": pl.String},
            orient="row",
        )
        tables = {
            **part.tables,
            "judged": parquet(part.frame.select(pl.lit("dossier").alias("what"), "id")),
            "rejected": parquet(rejected),
        }
        digests = self._write(_named_files(number, tables))
        note = {"dossiers": part.frame.height, "rejected": len(part.rejected), "rows": rows, "files": digests}
        _keep_whole(self._note(number), _plain(note))
        return note

    def _notes(self) -> list[dict[str, Any]]:
        """Return the notes of the parts that are whole, up to the first that is not."""
        found: list[dict[str, Any]] = []
        while (note := _json(self._note(len(found) + 1))) is not None:
            files = {self.folder / name: digest for name, digest in note["files"].items()}
            if not all(path.is_file() and digest_of(path) == digest for path, digest in files.items()):
                break
            found.append(note)
        return found

    def _note(self, number: int) -> Path:
        return self.folder / "work" / f"part-{number:05d}.json"

    def conclude(self, inputs: Mapping[str, Any], notes: Sequence[Mapping[str, Any]]) -> None:
        """Judge what only the whole shows, sum up, and write the manifest."""
        digests = {name: digest for note in notes for name, digest in note["files"].items() if name.startswith("findings/")}
        with ThreadPoolExecutor() as others:
            counts = others.submit(count_findings, [self.folder / name for name in digests])
            totals = total_heads(self._all("heads", notes))
            rejected = pl.concat(self._all("rejected", notes)).collect()
            tables = others.submit(self._put_together, totals, rejected, notes)
            whole = self.judge.of_heads(totals)
            of_heads = self._write({_OF_HEADS: parquet(whole.findings.with_columns(place=_NONE, office=_NONE))})
            outcomes = total_outcomes([*self._all("outcomes", notes), whole.outcomes.lazy()])
            told = [*count_findings([self.folder / _OF_HEADS]), *counts.result()]
            summary, by = summarise(told, outcomes, self.judge.judging.rulebook)
            dossiers = sum(note["dossiers"] for note in notes)
            summary |= {"dossiers": dossiers, "rejected": rejected.height}
            if (below := inputs["suppress_below"]) is not None:
                summary, by = suppressed(summary, by, below)
            files = {f"summary/{name}.csv": _csv(table) for name, table in by.items()} | {"summary.json": _plain(summary)}
            digests |= of_heads | self._write(files) | tables.result()
        rows = [note["rows"] for note in notes if note["rows"] is not None]
        manifest = {
            "format": FORMAT,
            "inputs": {**inputs, "rows_digest": hashlib.sha256("".join(rows).encode()).hexdigest() if rows else None},
            "counts": {"dossiers": dossiers, "rejected": rejected.height, "findings": summary["findings"], "parts": len(notes)},
            "files": dict(sorted(digests.items())),
        }
        self._write({"manifest.json": _plain(manifest)})

    def _put_together(self, totals: pl.DataFrame, rejected: pl.DataFrame, notes: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        """Write the tables that are those of all parts, one after the other."""
        several = totals.filter(pl.len().over("head") > 1).select(
            pl.lit("head").alias("what"), pl.col("head").unique().sort().alias("id")
        )
        tables = {name: self._all(name, notes) for name in ("exceptions", "shares", "rejected")}
        tables["judged"] = [*self._all("judged", notes), several.lazy()]
        files = {f"{name}.parquet": parquet(pl.concat(parts)) for name, parts in tables.items()}
        return self._write(files | {"rejected.csv": _csv(rejected)})

    def _all(self, name: str, notes: Sequence[Mapping[str, Any]]) -> list[pl.LazyFrame]:
        return [pl.scan_parquet(self.folder / "work" / f"{name}-{number:05d}.parquet") for number, _ in enumerate(notes, 1)]

    def _write(self, files: Mapping[str, bytes]) -> dict[str, str]:
        """Write files into the folder, and return their digests; a disk writes several at once as quickly as one."""
        with ThreadPoolExecutor() as others:
            digests = others.map(lambda name: _keep_whole(self.folder / name, files[name]), files)
            return dict(zip(files, digests, strict=True))


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold a folder so that no two audits write to it at once; a killed one lets go."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY) if os.name == "posix" else None
    except OSError as error:
        raise SourceError(str(folder), f"cannot be made a folder: {error.strerror or error}") from error
    if handle is None:
        yield
        return
    import fcntl  # noqa: PLC0415  # where folders can be held

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise SourceError(str(folder), "another audit is writing here") from error
    finally:
        os.close(handle)


def _agreed(folder: Path, asked: dict[str, Any]) -> dict[str, Any]:
    """Return the inputs of the audit of a folder: those noted when it began, if they are the same as asked for now."""
    manifest = _json(folder / "manifest.json")
    noted = manifest["inputs"] if manifest is not None else _json(folder / "work" / "run.json")
    if noted is None:
        foreign = sorted(path.name for path in folder.iterdir() if path.name != "work")
        if foreign:
            raise SourceError(str(folder), f"is not an audit's folder: it holds {foreign[0]}; name an empty or a new one")
        inputs = asked | {"today": asked["today"] or date.today().isoformat()}
        _keep_whole(folder / "work" / "run.json", _plain(inputs))
        return inputs
    asked = asked | {"today": asked["today"] or noted["today"]}
    other = differences(noted, asked)
    if other:
        raise SourceError(str(folder), f"holds an audit of another {', '.join(other)}; {_ANEW}")
    return dict(noted)


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return which inputs of two audits differ, each with both values."""
    return [f"{name} ({_said(old.get(name))}; now {_said(value)})" for name, value in new.items() if old.get(name) != value]


def _said(value: Any) -> str:
    match value:
        case dict():
            return " ".join(map(_said, value.values()))
        case list():
            return ", ".join(map(_said, value))
        case str() if len(value) == 64:
            return value[:12]
        case _:
            return str(value)


def _ahead(source: Generator[_Any, None, None]) -> Iterator[_Any]:
    """Yield the same; while one is worked on, another thread gets the next ready, and no more than that."""
    with ThreadPoolExecutor(1) as other:
        try:
            coming = other.submit(next, source, None)
            while (one := coming.result()) is not None:
                coming = other.submit(next, source, None)
                yield one
        finally:
            other.submit(source.close)  # where it was opened


def _named_files(number: int, tables: Mapping[str, bytes]) -> dict[str, bytes]:
    folder = {"findings": "findings/part"}
    return {f"{folder.get(name, f'work/{name}')}-{number:05d}.parquet": body for name, body in tables.items()}


def _told(parts: Iterator[_Any], notes: Sequence[Mapping[str, Any]]) -> Iterator[_Any]:
    """Yield parts; where the source breaks off, say what is kept."""
    try:
        yield from parts
    except SourceError as error:
        done = sum(note["dossiers"] for note in notes)
        raise SourceError(error.location, f"{error.reason}; {done} dossiers were judged before, {_GO_ON}") from error


def _tidy(folder: Path) -> None:
    """Remove what only a running audit needs."""
    shutil.rmtree(folder / "work", ignore_errors=True)
    for left in folder.rglob("*.partial"):
        left.unlink()


def _total(source: Path) -> int | None:
    """Return how many dossiers a nested file seems to hold, so that the time left can be told; None where it takes reading."""
    match source.suffix.lower():
        case ".parquet":
            with suppress(SourceError):  # what is wrong with it is told when it is read
                return sum(stretch.rows for stretch in stretches_of(source, 1))
            return None
        case ".jsonl" | ".ndjson":
            with source.open("rb") as file:
                return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
        case _:
            return None


def _named(source: str, pseudonyms: Pseudonyms | None, processes: Processes | None) -> tuple[str, str | None]:
    """Return what a source is called in what is kept, and the digest of its content, if it has one."""
    if pseudonyms is None:
        taken = processes.digest_of(source) if processes is not None else None
        return _without_password(source), taken or _source_digest(source)
    with pseudonyms.telling():
        digest = _source_digest(source)
    return pseudonyms.of(source, "identity"), pseudonyms.digest(digest) if digest is not None else None


def _without_password(source: str) -> str:
    scheme, divider, rest = source.partition("://")
    login, at, place = rest.rpartition("@")
    return f"{scheme}{divider}{login.split(':')[0]}{at}{place}" if divider else source


def _source_digest(source: str) -> str | None:
    """Return a digest of the content of a file or a folder of files; None for a database."""
    if "://" in source:
        return None
    place = Path(source)
    if not place.is_dir():
        return digest_of(place)
    files = sorted(path for path in place.iterdir() if path.is_file())
    return hashlib.sha256("".join(f"{path.name} {digest_of(path)}\n" for path in files).encode()).hexdigest()


def _exceptions_digest(granted: Mapping[str, Sequence[ExceptionGranted]]) -> str | None:
    """Return a digest of exceptions put on file; None if there are none."""
    said = [f"{name} {one.model_dump_json()}\n" for name, exceptions in sorted(granted.items()) for one in exceptions]
    return hashlib.sha256("".join(said).encode()).hexdigest() if said else None


def _rows_digest(batch: Batch) -> str:
    total = hashlib.sha256(batch.frame.write_ndjson().encode())
    total.update(repr(batch.rejected).encode())
    return total.hexdigest()


def _csv(table: pl.DataFrame) -> bytes:
    return guarded(table).write_csv(include_bom=True).encode()


def _plain(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def _json(path: Path) -> dict[str, Any] | None:
    try:
        read: dict[str, Any] = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise SourceError(str(path), f"cannot be read: {error}") from error
    return read
