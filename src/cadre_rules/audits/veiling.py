"""Pseudonyms in tables: each different text of a column is given its own once, and put where it stood."""

from collections.abc import Generator, Iterable
from dataclasses import replace

import polars as pl
from pydantic import BaseModel

from cadre_rules.dossier.models import DOSSIERS
from cadre_rules.pseudonyms import How, Pseudonyms, plan
from cadre_rules.sources.columns import put_back
from cadre_rules.sources.files import Rejected
from cadre_rules.sources.rows import Batch


def veiled(batches: Iterable[Batch], pseudonyms: Pseudonyms) -> Generator[Batch, None, None]:
    """Yield batches with pseudonyms for the texts of dossiers, for where they stood, and in what was rejected."""
    with pseudonyms.telling():
        for batch in batches:
            yield replace(
                batch,
                frame=veiled_frame(batch.frame, batch.kind, pseudonyms),
                place=pseudonyms.of(batch.place, "identity"),
                rejected=tuple(Rejected(*pseudonyms.told(one.where, one.reason)) for one in batch.rejected),
            )


def veiled_frame(frame: pl.DataFrame, kind: str, pseudonyms: Pseudonyms) -> pl.DataFrame:
    """Return dossiers of one kind, as `dossier.frames` has them, with pseudonyms for their texts."""
    told = plan(DOSSIERS[kind])
    return frame.with_columns(
        _column(column, told[column.name], pseudonyms) for column in frame.get_columns() if column.name in told
    )


def _column(column: pl.Series, how: How | type[BaseModel], pseudonyms: Pseudonyms) -> pl.Series:
    if column.null_count() == column.len():
        return column
    if isinstance(column.dtype, pl.List):
        flat = column.explode(empty_as_null=False, keep_nulls=False)
        ends = column.list.len().fill_null(0).cum_sum().cast(pl.Int64)
        return put_back(_column(flat, how, pseudonyms), ends, column)
    if isinstance(how, str):
        column = column.cast(pl.String)
        distinct = column.drop_nulls().unique()
        given = pl.Series([pseudonyms.of(text, how) for text in distinct], dtype=pl.String)
        return column.replace_strict(distinct, given, default=None)
    told = plan(how)
    parts = [
        _column(part, told[part.name], pseudonyms) if part.name in told else part for part in column.struct.unnest().get_columns()
    ]
    made = pl.DataFrame(parts).to_struct(column.name)
    return made.zip_with(column.is_not_null(), pl.Series([None], dtype=made.dtype)) if column.null_count() else made
