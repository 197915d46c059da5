"""A source as batches: tables of dossiers of one kind, where each stood, and every row that could not be read."""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from cadre_rules.dossier.frames import models_of
from cadre_rules.dossier.kinds import Dossier
from cadre_rules.dossier.models import DOSSIERS
from cadre_rules.errors import SourceError
from cadre_rules.sources.databases import DATABASES, open_database, open_folder
from cadre_rules.sources.files import WORKBOOKS, Rejected
from cadre_rules.sources.leaves import Asked, everything
from cadre_rules.sources.levels import levels_of, title, tree
from cadre_rules.sources.mapping import Mapping, read_mapping
from cadre_rules.sources.nesting import READERS, Stretch, stretches_of
from cadre_rules.sources.rows import ROW, UNREAD, Batch
from cadre_rules.sources.tables import read_tables
from cadre_rules.sources.workbooks import open_workbook

__all__ = ["Batch", "read_apart", "read_batches", "read_models", "settled"]

_Batch = TypeVar("_Batch", bound=Batch)


def read_batches(
    source: str | Path,
    *,
    mapping: Mapping | str | Path | None = None,
    size: int = 100_000,
    skip: int = 0,
    asked: Asked = everything,
) -> Generator[Batch, None, None]:
    """Yield the dossiers of a source in batches of about `size`, always the same ones in the same order.

    A row that cannot be read is rejected in the batch it would have stood in, and hides no other; of dossiers with one id the
    first counts. `mapping`, or its file, says how foreign tables are called. `skip` leaves out that many dossiers, with what
    was rejected among them. `asked` says which fields of each kind are wanted: others are checked, but may be left out. Raises
    `SourceError` if the source cannot be read, or not to its end.
    """
    yield from settled(_batches(str(source), _meant(mapping), size, asked), skip)


def settled(batches: Iterable[_Batch], skip: int = 0) -> Iterator[_Batch]:
    """Yield batches as `read_batches` does: of one id the first counts, none is empty, and `skip` dossiers are left out."""
    yield from after(never_empty(once_each(_told_once(batches))), skip)


def read_apart(source: str | Path, *, mapping: Mapping | str | Path | None = None, size: int = 100_000) -> list[Stretch]:
    """Return what of a source can be read each by itself, in its order; nothing if it is to be read as one. As `read_batches`."""
    files = _nested(str(source), _meant(mapping))
    apart = all(file.suffix.lower() == ".parquet" for file in files)
    return [one for file in files for one in stretches_of(file, size)] if apart else []


def read_models(source: str | Path, *, mapping: Mapping | str | Path | None = None) -> Iterator[Dossier | Rejected]:
    """Yield the dossiers of a source one by one, as `check` takes them, and what of it was rejected; raises `SourceError`."""
    for batch in read_batches(source, mapping=mapping, size=1000):
        yield from batch.rejected
        yield from models_of(batch.frame, batch.kind)


def _batches(source: str, mapping: Mapping | None, size: int, asked: Asked) -> Iterator[Batch]:
    path, ending = Path(source), Path(source).suffix.lower()
    if "://" in source or ending in DATABASES:
        with open_database(source) as tables:
            yield from read_tables(tables, mapping, size)
    elif ending in WORKBOOKS:
        with open_workbook(path, mapping) as tables:
            yield from read_tables(tables, mapping, size)
    elif ending == ".csv" or (path.is_dir() and _holds_tables(path, mapping)):
        with open_folder(path) as tables:
            yield from read_tables(tables, mapping, size)
    elif files := _nested(source, mapping):
        for file in files:
            yield from READERS[file.suffix.lower()](file, size, asked)
    else:
        known = ", ".join((*READERS, ".csv", *WORKBOOKS, *DATABASES))
        raise SourceError(source, f"is none of: {known}, a folder of such files, a database URL")


def _nested(source: str, mapping: Mapping | None) -> list[Path]:
    """Return the files of a source of nested dossiers."""
    path = Path(source)
    if "://" in source or (path.is_dir() and _holds_tables(path, mapping)):
        return []
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return [file for file in files if file.suffix.lower() in READERS]


def _meant(mapping: Mapping | str | Path | None) -> Mapping | None:
    return mapping if isinstance(mapping, Mapping) or mapping is None else read_mapping(mapping)


def _holds_tables(folder: Path, mapping: Mapping | None) -> bool:
    """Tell a folder of tables from one of nested files: tables have the names of tables, and no file holds whole dossiers."""
    if any(_holds_dossiers(file) for file in folder.glob("*.parquet")):
        return False
    stems = {file.stem for file in folder.iterdir() if file.suffix.lower() in (".csv", ".parquet")}
    mapped = mapping.tables.keys() if mapping is not None else set()
    return any(
        stem in mapped or title(stem) in level.called for stem in stems for kind in DOSSIERS for level in levels_of(tree(kind))
    )


def _holds_dossiers(file: Path) -> bool:
    """Tell whether a Parquet file holds whole dossiers: what each is, and its parts and lists within it."""
    try:
        schema = pl.read_parquet_schema(file)
    except (pl.exceptions.PolarsError, OSError):
        return False  # what is wrong with it is told when it is read
    return "kind" in schema and any(dtype.is_nested() for dtype in schema.values())


def _told_once(batches: Iterable[_Batch]) -> Iterator[_Batch]:
    """Tell of a column that is not read once, however many batches have it."""
    told: set[Rejected] = set()
    for batch in batches:
        fresh = tuple(one for one in batch.rejected if one not in told)
        told.update(one for one in fresh if one.reason.endswith(UNREAD))
        yield batch if len(fresh) == len(batch.rejected) else replace(batch, rejected=fresh)


def never_empty(batches: Iterable[_Batch]) -> Iterator[_Batch]:
    """Let every batch hold a dossier, if the source has one: what an empty one rejects goes with its neighbour."""
    held: _Batch | None = None
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


def once_each(batches: Iterable[_Batch]) -> Iterator[_Batch]:
    """Reject every dossier whose id an earlier one of the source has, naming that one.

    A batch is compared only with those its ids can be among, so that ordered ids cost nothing, and by hash before by name.
    """
    seen: list[_Seen] = []
    for batch in batches:
        if batch.frame.height:
            own = _Seen.of(batch)
            among = [ids for ids in seen if ids.first <= own.last and own.first <= ids.last and _share(own, ids)]
            if among or own.has_twins():
                batch = _without_twins(batch, pl.concat(ids.placed() for ids in (*among, own)))  # noqa: PLW2901  # less its twins
                seen += [_Seen.of(batch)] if batch.frame.height else []
            else:
                seen.append(own)
        yield batch


def after(batches: Iterable[_Batch], skip: int) -> Iterator[_Batch]:
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
    """The ids of a batch, and where they stood."""

    ids: pl.DataFrame
    place: str
    first: Any
    last: Any
    hashes: pl.Series

    @classmethod
    def of(cls, batch: Batch) -> "_Seen":
        """Return the ids of a batch that has some."""
        ids = batch.frame.select("id", ROW)
        return cls(ids, batch.place, ids["id"].min(), ids["id"].max(), ids["id"].hash())

    def has_twins(self) -> bool:
        """Tell whether two have one id; ids in their order are seen at a glance to be none's."""
        ids = self.ids["id"]
        return not (ids.shift() < ids).all() and ids.n_unique() < len(ids)

    def placed(self) -> pl.DataFrame:
        """Return them with their place."""
        return self.ids.with_columns(place=pl.lit(self.place))


def _share(own: _Seen, ids: _Seen) -> bool:
    return bool(ids.hashes.is_in(own.hashes.implode()).any())


def _without_twins(batch: _Batch, ids: pl.DataFrame) -> _Batch:
    """Reject what is no longer the first of its id among `ids`, which end with the batch's own."""
    marked = ids.with_columns(
        pl.col("place", ROW).first().over("id").name.prefix("first_"), later=~pl.col("id").is_first_distinct()
    ).tail(batch.frame.height)
    told = [
        Rejected(f"{batch.place}:{row}: {name}: id", f"the dossier at {place}:{first} has this id")
        for name, row, place, first in marked.filter("later").select("id", ROW, "first_place", f"first_{ROW}").iter_rows()
    ]
    return replace(batch, frame=batch.frame.filter(~marked["later"]), rejected=(*batch.rejected, *told))
