"""Audit on a Spark cluster: the same kernel, handed one Arrow batch at a time. The one door of pyspark (extra `[spark]`)."""

import pickle
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import lru_cache, reduce
from typing import Any

import polars as pl
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from cadre_rules.audits.kernel import HEADS, BulkJudge
from cadre_rules.audits.summing import total_heads
from cadre_rules.audits.telling import FINDINGS
from cadre_rules.judging import AsOf
from cadre_rules.rulebook.model import Rulebook

_Batches = Iterator[pa.RecordBatch]
_HEAD: dict[str, pl.DataType] = HEADS | {"name": pl.String(), "count": pl.Int64()}
_FOUND: dict[str, pl.DataType] = {"finding": pl.Struct(FINDINGS), "head": pl.Struct(_HEAD)}
"""What a worker says: a finding, or one count of what a head's dossiers came out as."""


def find(dossiers: Mapping[str, DataFrame], rulebook: Rulebook, *, as_of: AsOf = "decision", today: date) -> DataFrame:
    """Return the findings about dossiers, a table of each kind, as a table; nothing runs until it is asked for.

    Each table has columns of `frame_schema(kind)`, `id` at least, and `_row` if a finding is to say in which row it stands.
    Heads are judged by their dossiers of every kind. What the kernel finds is kept on the cluster, for it is read twice.
    """
    book = pickle.dumps(replace(rulebook, compiled={}))
    each = [frame.mapInArrow(_judging(book, kind, as_of, today), _columns(_FOUND)) for kind, frame in dossiers.items()]
    judged = reduce(DataFrame.unionAll, each).persist()
    of_dossiers = judged.where("finding is not null").select("finding.*")
    by_head = judged.where("head is not null").groupBy("head.head").agg(sf.collect_list("head").alias("lines"))
    return of_dossiers.unionAll(by_head.mapInArrow(_judging_heads(book, as_of, today), _columns(FINDINGS)))


def _judging(book: bytes, kind: str, as_of: AsOf, today: date) -> Callable[[_Batches], _Batches]:
    """Return what judges the batches a worker is handed: rows with a finding, and rows with what is kept of a head."""

    def judge(batches: _Batches) -> _Batches:
        for batch in (batch for batch in batches if batch.num_rows):
            frame = _frame(batch)
            if "_row" not in frame.columns:
                frame = frame.with_columns(pl.lit(None, pl.UInt64).alias("_row"))
            judged = _judge(book).judge(kind, frame, as_of=as_of, today=today)
            yield from _batches(judged.findings.select(finding=pl.struct(*FINDINGS), head=pl.lit(None, _FOUND["head"])))
            counts = total_heads([judged.heads.lazy()]).unpivot(index=[*HEADS], variable_name="name", value_name="count")
            lines = counts.cast({"count": pl.Int64}).select(
                pl.lit(None, _FOUND["finding"]).alias("finding"), head=pl.struct(*_HEAD)
            )
            yield from _batches(lines)

    return judge


def _judging_heads(book: bytes, as_of: AsOf, today: date) -> Callable[[_Batches], _Batches]:
    """Return what judges heads, each handed whole: its lines are a list in one row."""

    def judge(batches: _Batches) -> _Batches:
        for batch in batches:
            lines = _frame(batch).select(pl.col("lines").explode()).unnest("lines")
            heads = lines.pivot("name", index=[*HEADS], values="count", aggregate_function="sum").fill_null(0)
            yield from _batches(_judge(book).judge_heads(heads, as_of=as_of, today=today).findings)

    return judge


@lru_cache(maxsize=1)
def _judge(book: bytes) -> BulkJudge:
    """Return the judge of a rulebook, compiled once in each worker."""
    return BulkJudge(pickle.loads(book))  # noqa: S301  # what the driver sent


def _frame(batch: pa.RecordBatch) -> pl.DataFrame:
    frame = pl.from_arrow(batch)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _batches(frame: pl.DataFrame) -> _Batches:
    """Yield a table as batches of the types Spark knows: it has no unsigned numbers, and no large lists."""
    table = frame.to_arrow()
    yield from table.cast(pa.schema([(name, _arrow(dtype)) for name, dtype in frame.schema.items()])).to_batches()


def _arrow(dtype: Any) -> pa.DataType:
    match dtype:
        case pl.Struct():
            return pa.struct([(field.name, _arrow(field.dtype)) for field in dtype.fields])
        case pl.List():
            return pa.list_(_arrow(dtype.inner))
        case _:
            return _PLAIN[dtype.base_type()][0]


def _columns(schema: Mapping[str, Any]) -> str:
    return ", ".join(f"`{name}` {_ddl(dtype)}" for name, dtype in schema.items())


def _ddl(dtype: Any) -> str:
    match dtype:
        case pl.Struct():
            return f"struct<{', '.join(f'`{field.name}`: {_ddl(field.dtype)}' for field in dtype.fields)}>"
        case pl.List():
            return f"array<{_ddl(dtype.inner)}>"
        case _:
            return _PLAIN[dtype.base_type()][1]


_PLAIN: dict[Any, tuple[pa.DataType, str]] = {
    pl.String: (pa.string(), "string"),
    pl.Boolean: (pa.bool_(), "boolean"),
    pl.Date: (pa.date32(), "date"),
    pl.Int32: (pa.int32(), "int"),
    **dict.fromkeys((pl.Int64, pl.UInt64), (pa.int64(), "bigint")),
}
