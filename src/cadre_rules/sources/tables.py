"""Dossiers from normalised tables: one of decisions, one for each list, joined by id.

Tables are read a range of dossiers at a time: the rows of the range, then of each list the rows whose key is among theirs. So a
million decisions pass in the memory of one batch, in the order of their rows or, in a database, of their ids.
"""

from collections.abc import Iterator
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field, replace

import polars as pl
from pydantic import BaseModel

from cadre_rules.dossier.frames import type_of
from cadre_rules.dossier.models import DOSSIERS
from cadre_rules.dossier.people import Person
from cadre_rules.errors import SourceError
from cadre_rules.names import did_you_mean, fold
from cadre_rules.sources.columns import Mistake, read_columns
from cadre_rules.sources.databases import Tables, named
from cadre_rules.sources.files import Rejected
from cadre_rules.sources.headings import NONE, Path, fields_of_row, meaning_of, why_unread
from cadre_rules.sources.levels import Level, all_levels, title, tree
from cadre_rules.sources.mapping import NOTHING, MappedTable, Mapping
from cadre_rules.sources.rows import ROW, UNREAD, Batch, nothing


@dataclass(frozen=True, slots=True)
class Found:
    """A table that is there: which of its columns is which cell, which says whose row it is, and the tables below it."""

    table: str
    level: Level
    cells: MappingOf[Path, str]
    ref: str | None
    of: Path
    mapped: MappedTable
    none: str | None = None
    """The column that says that a dossier has none, if there is one."""
    below: tuple["Found", ...] = ()


def read_tables(tables: Tables, mapping: Mapping | None, size: int) -> Iterator[Batch]:
    """Yield the dossiers that tables hold, kind by kind, then what no dossier of theirs could be made of."""
    reader = _Reader(tables, mapping or NOTHING)
    roots = find_tables(tables, mapping)
    if not roots:
        known = ", ".join(tree(kind).name for kind in DOSSIERS)
        raise SourceError(tables.place, f"has no table of dossiers ({known}) among: {', '.join(tables.columns)}; see --mapping")
    yield nothing(tables.place, [*tables.rejected, *reader.unread(roots)])
    for kind, root in roots:
        yield from reader.batches(kind, root, size)
    yield nothing(tables.place, reader.orphans([root for _, root in roots]))


def find_tables(tables: Tables, mapping: Mapping | None) -> list[tuple[str, Found]]:
    """Return which tables are read as dossiers of which kind, each with those below it."""
    reader = _Reader(tables, mapping or NOTHING)
    return [(kind, found) for kind in DOSSIERS if (found := reader.find(tree(kind), {})) is not None]


@dataclass(slots=True)
class _Reader:
    tables: Tables
    mapping: Mapping
    told: list[Rejected] = field(default_factory=list)

    def find(self, level: Level, above: MappingOf[Path, str]) -> Found | None:
        """Find the table of a level among those there are, if its rows say whose they are."""
        for table, columns in self.tables.columns.items():
            mapped = self.mapping.tables.get(table, MappedTable())
            if mapped.table != level.name if mapped.table else title(table) not in level.called:
                continue
            cells = {path: column for column in columns if (path := self._path(column, mapped, level.model)) is not None}
            ref, of = _link(level, {fold(mapped.columns.get(column, column)): column for column in columns}, cells, above)
            if level.links and ref is None:
                continue
            listed = level.path not in ((), ("person",))
            none = next((column for column in columns if listed and fold(mapped.columns.get(column, column)) in NONE), None)
            found = Found(table, level, cells, ref, of, mapped, none)
            found = replace(found, below=tuple(below for one in level.below if (below := self.find(one, cells)) is not None))
            return replace(found, below=tuple(below for below in found.below if self._among(below, found, "TRUE") is not None))
        return None

    def _path(self, column: str, mapped: MappedTable, model: type[BaseModel]) -> Path | None:
        if column in mapped.ignore:
            return None
        return meaning_of(mapped.columns.get(column, column), model)

    def unread(self, roots: list[tuple[str, Found]]) -> Iterator[Rejected]:
        """Tell, once, of tables and columns that are not read."""
        used: dict[str, list[Found]] = {}
        for _, root in roots:
            for found in _all(root):
                used.setdefault(found.table, []).append(found)
        names = {name: level.name for level in all_levels() for name in level.called}
        for table, columns in self.tables.columns.items():
            if table not in used and not self.mapping.tables.get(table, MappedTable()).ignored:
                hint = did_you_mean(title(table), names, names)
                if title(table) in names:
                    reason = "no column says whose rows these are, such as decision_id; or another table is read as this one"
                elif hint or self.tables.numbered:  # a database has tables of its own, which are nobody's mistake
                    reason = f"no such table{hint}"
                else:
                    continue
                yield Rejected(self.tables.place_of(table), reason + UNREAD)
            for column in columns if table in used else ():
                if reason := self._why_unread(column, used[table]):
                    yield Rejected(f"{self.tables.place_of(table)}: {column}", reason + UNREAD)

    def _why_unread(self, column: str, used: list[Found]) -> str:
        if any(column in (found.ref, found.none, *found.cells.values(), *found.mapped.ignore) for found in used):
            return ""
        return why_unread(used[0].mapped.columns.get(column, column), used[0].level.model)

    def batches(self, kind: str, root: Found, size: int) -> Iterator[Batch]:
        """Yield the dossiers of a kind, `size` at a time."""
        place, at = self.tables.place_of(root.table), 0
        for within in self.tables.ranges(root.table, root.cells.get(("id",)), size):
            self.told = []
            frame = self._rows(root, within, {"kind": kind})
            if not self.tables.numbered:
                frame = frame.with_columns(pl.int_range(at + 1, at + 1 + pl.len(), dtype=pl.UInt64).alias(ROW))
            at += frame.height
            columns = [name for name in DOSSIERS[kind].model_fields if name in frame.columns]
            yield Batch(kind, frame.filter(~pl.col("_bad")).select(*columns, ROW), place, tuple(self.told))

    def _rows(self, found: Found, within: str, also: MappingOf[str, str]) -> pl.DataFrame:
        """Return the rows of a table as canonical columns, with `_row`, the `_key` of whose they are, and if `_bad`."""
        key = found.ref if found.ref is not None else found.cells.get(("id",))
        more = (column for column in (found.none,) if column is not None)
        columns = [*([key] if key is not None else []), *found.cells.values(), *more]  # ordered by its key first, where by cells
        raw = self.tables.rows(found.table, list(dict.fromkeys(columns)), within)
        cells = {path: raw[column] for path, column in found.cells.items()}
        if not found.level.path and ("id",) not in cells:
            cells["id",] = pl.select(pl.format("{}:{}", pl.lit(found.table), raw[ROW])).to_series()
        mistakes: list[Mistake] = []
        typed = {path: self._cell(cell, path, found, mistakes) for path, cell in cells.items()}
        constants = {tuple(name.split(".")): value for name, value in {**also, **found.mapped.set}.items()}
        if not typed | constants:  # a row that says only whose it is
            constants = {next(iter(fields_of_row(found.level.model))): ""}
        texts = {path: _blank_is_null(pl.Series([value])).new_from_index(0, raw.height) for path, value in constants.items()}
        read = read_columns(_nested(texts | typed), found.level.model)
        mistakes += read.mistakes
        keys = _blank_is_null(raw[found.ref]) if found.ref is not None else read.frame["id"]
        none = self._none(raw, keys, found, mistakes)
        self._tell(mistakes, found, keys, raw[ROW])
        bad = pl.Series([wrong.row for wrong in mistakes], dtype=pl.Int64).unique()
        own = pl.int_range(raw.height, eager=True).is_in(bad.implode())
        frame = _full(read.frame, found.level).with_columns(raw[ROW], keys.alias("_key"), own.alias("_bad"), none.alias("_none"))
        for child in found.below:
            frame = self._attached(frame, child, found, within)
        return frame

    def _none(self, raw: pl.DataFrame, keys: pl.Series, found: Found, mistakes: list[Mistake]) -> pl.Series:
        """Tell which rows say that a dossier has none; such a row states nothing else, and stands alone."""
        if found.none is None:
            return pl.repeat(False, raw.height, eager=True)
        rows = raw.select(
            keys.alias("key"),
            said=~_blank_is_null(raw[found.none]).is_null(),
            stated=pl.any_horizontal(*(pl.lit(~_blank_is_null(raw[column]).is_null()) for column in found.cells.values()), False),
        )
        both = rows.select(pl.col("said") & (pl.col("stated") | ~pl.col("said").all().over("key"))).to_series()
        reason = "says there is none, yet a row states one; leave it blank, or the others out"
        mistakes[:] = [wrong for wrong in mistakes if not rows["said"][wrong.row]]  # nothing is required of none
        mistakes += [Mistake(int(row), found.none, reason) for row in both.arg_true()]
        return rows["said"]

    def _attached(self, frame: pl.DataFrame, child: Found, above: Found, within: str) -> pl.DataFrame:
        """Put the rows of a table below where they belong in the rows of the table above."""
        condition = self._among(child, above, within)
        assert condition is not None, "a table below is found only where it can be joined"
        rows = self._rows(child, condition, {})
        single = child.level.path == ("person",)
        value = pl.struct(*child.level.model.model_fields).alias("_value")
        if single:
            self._tell_twins(rows, child)
        grouped = rows.group_by("_key", maintain_order=True).agg(
            value.first() if single else value.filter(~pl.col("_none")), pl.col("_bad").any().alias("_spoilt")
        )
        owner = pl.col(child.of[0]) if len(child.of) == 1 else pl.col(child.of[0]).struct.field(child.of[1])
        frame = frame.with_columns(owner.alias("_owner"))
        frame = frame.join(grouped, left_on="_owner", right_on="_key", how="left", maintain_order="left")
        attached = pl.col("_value")
        if single and "person" in frame.columns:
            both = (
                pl.coalesce(pl.col(whole).struct.field(name) for whole in ("_value", "person")) for name in Person.model_fields
            )
            attached = pl.struct(*both)
        elif child.level.name in self.mapping.complete:
            attached = pl.when(pl.col("_owner").is_not_null()).then(attached.fill_null([])).otherwise(attached)
        frame = _put(frame, child.level.path, attached)
        return frame.with_columns(pl.col("_bad") | pl.col("_spoilt").fill_null(value=False)).drop("_owner", "_value", "_spoilt")

    def _tell_twins(self, rows: pl.DataFrame, found: Found) -> None:
        for row, key in rows.filter(~pl.col("_key").is_first_distinct()).select(ROW, "_key").iter_rows():
            self.told.append(
                Rejected(self._where(found.table, row, key, str(found.ref)), "an earlier row has this id; the first counts")
            )

    def _among(self, child: Found, above: Found, within: str) -> str | None:
        """Say in SQL which rows of a table are of the rows above; None where nothing there can say it."""
        if (column := above.cells.get(child.of)) is not None:
            return f"{named(child.ref)} IN (SELECT {named(column)} FROM {named(above.table)} WHERE {within})"
        persons = next((other for other in above.below if other.level.path == ("person",) and child.of == ("person", "id")), None)
        if persons is None or persons is child or (column := persons.cells.get(("id",))) is None:
            return None
        inner = self._among(persons, above, within)
        return inner and f"{named(child.ref)} IN (SELECT {named(column)} FROM {named(persons.table)} WHERE {inner})"

    def orphans(self, roots: list[Found]) -> Iterator[Rejected]:
        """Tell every row that belongs to no row of the table above; of a register of people, how many are in no dossier."""
        owners: dict[str, list[tuple[Found, str]]] = {}
        for above in (found for root in roots for found in _all(root)):
            register = next((found for found in above.below if found.level.path == ("person",)), None)
            for child in above.below:
                condition = self._among(child, above, "TRUE")
                if register is not None and child is not register and child.of == ("person", "id") and ("id",) in register.cells:
                    condition = f"{named(child.ref)} IN (SELECT {named(register.cells['id',])} FROM {named(register.table)})"
                if condition is not None:
                    owners.setdefault(child.table, []).append((child, condition))
        for table, found in owners.items():
            refs = list(dict.fromkeys(str(child.ref) for child, _ in found))
            rows = self.tables.rows(table, refs, " AND ".join(f"NOT COALESCE({condition}, FALSE)" for _, condition in found))
            if found[0][0].level.path == ("person",):
                if rows.height:
                    yield Rejected(self.tables.place_of(table), f"{rows.height} people are in no dossier" + UNREAD)
                continue
            for row, *keys in rows.select(ROW, *refs).iter_rows():
                key = next((key for key in keys if key), None)
                reason = "no dossier has a row with this id" if key else "does not say whose row it is"
                yield Rejected(self._where(table, row, key or "?", " or ".join(refs)), reason)

    def _where(self, table: str, row: int | None, key: str, name: str) -> str:
        at = f":{row}" if row is not None else ""
        return f"{self.tables.place_of(table)}{at}: {key}: {name}"

    def _tell(self, mistakes: list[Mistake], found: Found, keys: pl.Series, rows: pl.Series) -> None:
        for wrong in sorted(mistakes, key=lambda wrong: wrong.row):
            self.told.append(
                Rejected(self._where(found.table, rows[wrong.row], keys[wrong.row] or "?", wrong.field), wrong.reason)
            )

    def _cell(self, cell: pl.Series, path: Path, found: Found, mistakes: list[Mistake]) -> pl.Series:
        """Make texts what the dossier's own readers take: codes by the mapping, numbers and days as people write them."""
        cell = _blank_is_null(cell)
        if codes := found.mapped.codes_of(".".join(path)):
            distinct = cell.drop_nulls().unique()
            cell = cell.replace(distinct, [codes.get(fold(text), text) for text in distinct])
        info = fields_of_row(found.level.model)[path]
        match info.kind:
            case "list":
                none, parts = pl.col("c").str.to_lowercase().is_in(NONE), pl.col("c").str.split(";")
                empty = pl.lit([], pl.List(pl.String))
                return cell.alias("c").to_frame().select(pl.when(none).then(empty).otherwise(parts)).to_series()
            case "int":
                cell = cell.str.replace(r"^(-?\d+)\.0+$", "$1")
                return _sure(cell, path, mistakes, *_SHARE) if self.tables.typed_by_hand and info.unit == "percent" else cell
            case "date":
                cell = cell.str.replace(r"^(\d{4}-\d\d-\d\d)[T ]\d\d:\d\d.*$", "$1")
                return _sure(_serials(cell), path, mistakes, *_YEAR) if self.tables.typed_by_hand else cell
            case _:
                return cell


def _link(
    level: Level, columns: MappingOf[str, str], cells: MappingOf[Path, str], above: MappingOf[Path, str]
) -> tuple[str | None, Path]:
    """Return the column that says whose row it is, and of which cell of the row above."""
    if level.path == ("person",) and ("id",) in cells and ("person", "id") in above:
        return cells["id",], ("person", "id")
    for names, of in sorted(level.links, key=lambda link: link[1] not in above):
        for name, column in columns.items():
            if name in names:
                return column, of
    return None, ()


def _all(found: Found) -> Iterator[Found]:
    yield found
    for below in found.below:
        yield from _all(below)


def _nested(cells: MappingOf[Path, pl.Series]) -> pl.DataFrame:
    """Return columns under paths as a table that nests them; a part that states nothing is null."""
    names = dict.fromkeys(path[0] for path in cells)
    columns = []
    for name in names:
        if (name,) in cells:
            columns.append(cells[name,].alias(name))
            continue
        part = _nested({path[1:]: cell for path, cell in cells.items() if path[0] == name})
        stated = pl.any_horizontal(pl.all().is_not_null())
        columns.append(part.select(pl.when(stated).then(pl.struct(pl.all())).alias(name)).to_series())
    return pl.DataFrame(columns)


def _full(frame: pl.DataFrame, level: Level) -> pl.DataFrame:
    """Return an element of a list with every field of its model, a dossier with what is stated."""
    if not level.path:
        return frame
    types = {name: type_of(about.annotation) for name, about in level.model.model_fields.items()}
    return frame.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in types.items() if name not in frame.columns)


def _put(frame: pl.DataFrame, path: Path, value: pl.Expr) -> pl.DataFrame:
    name, *rest = path
    if not rest:
        return frame.with_columns(value.alias(name))
    if name not in frame.columns:
        frame = frame.with_columns(pl.lit(None, type_of(Person)).alias(name))
    fields = [value.alias(part) if part == rest[0] else pl.col(name).struct.field(part) for part in Person.model_fields]
    return frame.with_columns(pl.struct(*fields).alias(name))


def _blank_is_null(cell: pl.Series) -> pl.Series:
    tidy = cell.str.normalize("NFC").str.strip_chars()
    return tidy.set(tidy == "", None)


_DAY_NOUGHT = pl.date(1899, 12, 30)
"""What spreadsheets count days from."""


def _serials(cell: pl.Series) -> pl.Series:
    """Turn a day stored as a number of days, as spreadsheets do, into one written out."""
    number = pl.col("c").str.extract(r"^([1-7]\d{4})(?:\.\d+)?$").cast(pl.Int64)
    written = (_DAY_NOUGHT + pl.duration(days=number)).dt.to_string("%Y-%m-%d")
    return cell.alias("c").to_frame().select(pl.coalesce(written, "c")).to_series()


_SHARE = (
    r"^(0?\.\d+|1(\.0+)?)$",
    "the cell holds the number {}, which may mean as many per cent or a hundred times as many; write 24,01 %",
)
"""A sheet stores 24 % as 0.24, and shows it as 24 %."""
_YEAR = (
    r"^1905-0[3-9]-\d\d$",
    "the cell holds {}, as a year does that was typed where a day is shown; write the day, or the year as text",
)
"""The years 1900 to 2100 are days of 1905 to a sheet."""


def _sure(cell: pl.Series, path: Path, mistakes: list[Mistake], unsure: str, reason: str) -> pl.Series:
    """Refuse what is written as the unsure is, which people did not mean as the sheet stores it."""
    refused = cell.str.contains(unsure).fill_null(value=False)
    mistakes.extend(Mistake(row, ".".join(path), reason.format(cell[row])) for row in refused.arg_true())
    return cell.set(refused, None)
