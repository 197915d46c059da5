"""Rows read together: what was read of them, where they stood, and why the others were not."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import polars as pl

from cadre_rules.dossier.models import DOSSIERS
from cadre_rules.sources.columns import read_columns
from cadre_rules.sources.files import Rejected

ROW = "_row"
"""The column that says in which row, as people count, a dossier stood."""


UNREAD = "; it is not read"


@dataclass(frozen=True, slots=True)
class Batch:
    """Dossiers of one kind read together: their table, where they stood, and what could not be read.

    `frame` holds columns of `dossier.frames.frame_schema(kind)` (one that is absent states nothing), always `id`, and `_row`:
    a dossier stood at `{place}:{row}`. What is rejected is no row of the frame. If only some fields were asked for, parts and
    lists may lack others, or hold them as Null if nothing is stated, and texts may be categories.
    """

    kind: str
    frame: pl.DataFrame
    place: str
    rejected: tuple[Rejected, ...] = ()


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one kind read: the canonical table of the good ones, with `_row`, and by row why the others are not."""

    frame: pl.DataFrame
    rejected: list[tuple[int, Rejected]]


def read_rows(frame: pl.DataFrame, kind: str, place: str, **options: Any) -> Rows:
    """Read rows of one kind, with `_row`, in whatever types they come; columns and fields no dossier has are told as row 0.

    `options` are those of `read_columns`.
    """
    rows = frame[ROW]
    read = read_columns(frame.drop(ROW), DOSSIERS[kind], **options)
    known = read.frame if "id" in read.frame.columns else read.frame.with_columns(id=pl.lit(None, pl.String))
    ids = known["id"]
    told = [
        (rows[wrong.row], Rejected(f"{place}:{rows[wrong.row]}: {ids[wrong.row] or '?'}: {wrong.field}", wrong.reason))
        for wrong in sorted(read.mistakes, key=lambda wrong: wrong.row)
    ]
    unread = [(0, Rejected(f"{place}: {name}", f"{reason}{UNREAD}")) for name, reason in read.unknown.items()]
    bad = pl.Series([wrong.row for wrong in read.mistakes], dtype=pl.UInt32).unique()
    kept = known.with_columns(rows)
    if len(bad):
        kept = kept.filter(~pl.int_range(kept.height, dtype=pl.UInt32).is_in(bad.implode()))
    return Rows(kept, unread + told)


def nothing(place: str, rejected: Iterable[Rejected]) -> Batch:
    """Return a batch without a dossier, for what was rejected."""
    return Batch(next(iter(DOSSIERS)), pl.DataFrame(schema={"id": pl.String, ROW: pl.UInt64}), place, tuple(rejected))
