"""Parts of an audit: dossiers judged together, and the files that judging them leaves."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from io import BytesIO
from pathlib import Path

import polars as pl

from cadre_rules.audits.kernel import BulkJudge, Judged
from cadre_rules.audits.summing import total_heads, total_outcomes
from cadre_rules.dossier.frames import Fields, filed_on
from cadre_rules.dossier.people import ExceptionGranted
from cadre_rules.errors import SourceError
from cadre_rules.judging import AsOf
from cadre_rules.rulebook.model import Rulebook
from cadre_rules.sources.nesting import NestedParquet, Stretch
from cadre_rules.sources.rows import ROW, Batch

_NONE = pl.lit(None, pl.String)


@dataclass(frozen=True, slots=True)
class Part(Batch):
    """A batch of which only ids and rows are left, and the tables that judging it left, each as a Parquet file."""

    tables: Mapping[str, bytes] = field(default_factory=dict)
    """By what they hold: `findings`, `outcomes`, `shares`, `heads`, `exceptions`; none if it is not judged."""
    read: int = 0
    """How many dossiers were read, of which later some may have been taken out."""
    stretch: Stretch | None = None
    """What it was read from, if that can be read again by itself."""


@dataclass(frozen=True, slots=True)
class Judging:
    """How the dossiers of an audit are judged; what another process must be told."""

    rulebook: Rulebook
    as_of: AsOf
    today: date
    granted: Mapping[str, Sequence[ExceptionGranted]]


class PartJudge:
    """Judges batches, and stretches of files, into parts of a size; all but the rulebook may be told later."""

    def __init__(self, judging: Judging, size: int) -> None:
        self.judging, self.size, self._judge = judging, size, BulkJudge(judging.rulebook)
        self._files: dict[Path, NestedParquet] = {}

    def asked(self, kind: str) -> Fields:
        """Return which fields an audit reads: those the rules can ask for, and who decides."""
        return self._judge.asked(kind)

    def part(self, batch: Batch, stretch: Stretch | None = None) -> Part:
        """Judge a batch."""
        how, frame = self.judging, batch.frame
        filed = filed_on(frame, batch.kind, how.granted) if how.granted else frame
        judged = self._judge.judge(batch.kind, filed, as_of=how.as_of, today=how.today)
        tables = {
            "findings": placed(judged.findings, batch),
            "outcomes": total_outcomes([judged.outcomes.lazy()]),
            "shares": judged.shares,
            "heads": total_heads([judged.heads.lazy()]),
            "exceptions": judged.exceptions,
        }
        files = {name: parquet(table) for name, table in tables.items()}
        return replace(unjudged(batch), tables=files, stretch=stretch)

    def parts(self, stretch: Stretch, *, judged: bool) -> Iterator[Part]:
        """Read a stretch, and judge it if asked to; raises `SourceError` where its file breaks off."""
        for batch in self._read(stretch):
            yield self.part(batch, stretch) if judged else unjudged(batch)

    def again(self, part: Part) -> Part:
        """Judge what is left of a part some of whose dossiers were taken out."""
        if part.frame.is_empty():
            return self.part(Batch(part.kind, part.frame, part.place, part.rejected))
        assert part.stretch is not None
        for batch in self._read(part.stretch):
            left = batch.frame.filter(pl.col(ROW).is_in(part.frame[ROW].implode()))
            if batch.kind == part.kind and left.height:
                return self.part(replace(batch, frame=left, rejected=part.rejected), part.stretch)
        raise SourceError(str(part.stretch.path), "its rows have changed while they were judged")

    def of_heads(self, totals: pl.DataFrame) -> Judged:
        """Judge what dossiers of all parts add up to for those who head."""
        return self._judge.judge_heads(totals, as_of=self.judging.as_of, today=self.judging.today)

    def look(self, path: Path) -> NestedParquet:
        """Look at what a file holds, once; raises `SourceError` if it holds no dossiers."""
        if path not in self._files:
            self._files[path] = NestedParquet(path, self.asked)
        return self._files[path]

    def _read(self, stretch: Stretch) -> Iterator[Batch]:
        yield from self.look(stretch.path).read(stretch, self.size)


def unjudged(batch: Batch) -> Part:
    """Return a batch as a part that is not judged."""
    ids = batch.frame.select("id", ROW)
    return Part(batch.kind, ids, batch.place, batch.rejected, read=ids.height)


def parquet(table: pl.DataFrame | pl.LazyFrame) -> bytes:
    """Return a table as a Parquet file, the same bytes for the same table."""
    buffer, whole = BytesIO(), table.rechunk().lazy() if isinstance(table, pl.DataFrame) else table
    whole.sink_parquet(buffer, compression_level=1, row_group_size=100_000)
    return buffer.getvalue()


def placed(findings: pl.DataFrame, batch: Batch) -> pl.DataFrame:
    """Return findings with where in the source they stand and the office that decides, as people are told them."""
    office = pl.col("authority").struct.field("office").cast(pl.String) if "authority" in batch.frame.columns else _NONE
    offices = batch.frame.select(pl.col("_row").alias("row"), office=office)
    return findings.with_columns(place=pl.lit(batch.place)).join(offices, on="row", how="left", maintain_order="left")
