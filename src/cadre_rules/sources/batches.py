"""A source as batches: tables of dossiers of one kind, where each stood, and every row that could not be read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from cadre_rules.errors import SourceError
from cadre_rules.sources.files import Rejected
from cadre_rules.sources.nesting import READERS
from cadre_rules.sources.rows import ROW, UNREAD, Batch

__all__ = ["Batch", "read_batches"]


def read_batches(source: str | Path, *, mapping: Any = None, size: int = 100_000, skip: int = 0) -> Iterator[Batch]:  # noqa: ARG001  # for tables
    """Yield the dossiers of a source in batches of about `size`, always the same ones in the same order.

    A row that cannot be read is rejected in the batch it would have stood in, and hides no other; of dossiers with one id the
    first counts. `skip` leaves out that many dossiers, with what was rejected among them. Raises `SourceError` if the source
    cannot be read, or not to its end.
    """
    yield from after(never_empty(once_each(_told_once(_batches(str(source), size)))), skip)


def _batches(source: str, size: int) -> Iterator[Batch]:
    path = Path(source)
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in READERS) if path.is_dir() else [path]
    for file in files:
        if file.suffix.lower() not in READERS:
            raise SourceError(source, f"is none of: {', '.join(READERS)}")
        yield from READERS[file.suffix.lower()](file, size)


def _told_once(batches: Iterable[Batch]) -> Iterator[Batch]:
    """Tell of a column that is not read once, however many batches have it."""
    told: set[Rejected] = set()
    for batch in batches:
        fresh = tuple(one for one in batch.rejected if one not in told)
        told.update(one for one in fresh if one.reason.endswith(UNREAD))
        yield batch if len(fresh) == len(batch.rejected) else replace(batch, rejected=fresh)


def never_empty(batches: Iterable[Batch]) -> Iterator[Batch]:
    """Let every batch hold a dossier, if the source has one: what an empty one rejects goes with its neighbour."""
    held: Batch | None = None
    for batch in batches:
        if held is None:
            held = batch
        elif batch.frame.is_empty():
            held = replace(held, rejected=(*held.rejected, *batch.rejected))
        elif held.frame.is_empty():
            held = replace(batch, rejected=(*held.rejected, *batch.rejected))
        else:
            yield held
            held = batch
    if held is not None:
        yield held


def once_each(batches: Iterable[Batch]) -> Iterator[Batch]:
    """Reject every dossier whose id an earlier one of the source has, naming that one.

    A batch is compared only with those its ids can be among, so that ordered ids cost nothing, and by hash before by name.
    """
    seen: list[_Seen] = []
    for batch in batches:
        own = batch.frame.select("id", ROW, place=pl.lit(batch.place))
        if own.height:
            first, last = own["id"].min(), own["id"].max()
            among = [ids for ids in seen if ids.first <= last and first <= ids.last and _share(own, ids)]
            if among or own["id"].n_unique() < own.height:
                batch = _without_twins(batch, pl.concat([*(ids.own for ids in among), own]))  # noqa: PLW2901  # less its twins
                own = batch.frame.select("id", ROW, place=pl.lit(batch.place))
            seen.append(_Seen(first, last, own["id"].hash(), own))
        yield batch


def after(batches: Iterable[Batch], skip: int) -> Iterator[Batch]:
    """Leave out the first `skip` dossiers, and what was rejected among them."""
    for batch in batches:
        if skip >= batch.frame.height > 0:
            skip -= batch.frame.height
        elif skip:
            yield replace(batch, frame=batch.frame.slice(skip), rejected=())
            skip = 0
        else:
            yield batch


@dataclass(frozen=True, slots=True)
class _Seen:
    first: Any
    last: Any
    hashes: pl.Series
    own: pl.DataFrame


def _share(own: pl.DataFrame, ids: _Seen) -> bool:
    return bool(ids.hashes.is_in(own["id"].hash().implode()).any())


def _without_twins(batch: Batch, ids: pl.DataFrame) -> Batch:
    """Reject what is no longer the first of its id among `ids`, which end with the batch's own."""
    marked = ids.with_columns(
        pl.col("place", ROW).first().over("id").name.prefix("first_"), later=~pl.col("id").is_first_distinct()
    ).tail(batch.frame.height)
    told = [
        Rejected(f"{batch.place}:{row}: {name}: id", f"the dossier at {place}:{first} has this id")
        for name, row, place, first in marked.filter("later").select("id", ROW, "first_place", f"first_{ROW}").iter_rows()
    ]
    return replace(batch, frame=batch.frame.filter(~marked["later"]), rejected=(*batch.rejected, *told))
