"""Where in a workbook something stands that a dossier states, or where it would have to be stated."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cadre_rules.sources.databases import Tables, open_frames
from cadre_rules.sources.headings import Path as FieldPath
from cadre_rules.sources.mapping import NOTHING
from cadre_rules.sources.rows import ROW
from cadre_rules.sources.tables import Found, find_tables
from cadre_rules.sources.workbooks import ReadSheet, read_sheets


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a sheet, by its row and column from 1. What has no cell of its own is told at the id of the row it belongs to."""

    sheet: str
    row: int
    column: int
    exact: bool


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of a table by whose they are, and the id each row has."""

    found: Found
    sheet: ReadSheet
    by_key: Mapping[str, list[int]]
    ids: Mapping[int, str]
    persons: Mapping[int, str]
    below: tuple["_Rows", ...]


@dataclass(frozen=True, slots=True)
class Located:
    """The dossiers of a workbook and the cells that state them."""

    roots: tuple[_Rows, ...]
    dossiers: Mapping[str, tuple[_Rows, int]] = field(default_factory=dict)

    def dossier_of(self, subject: str) -> str | None:
        """Return the dossier a subject is or is part of: ids may hold the stroke that parts them."""
        ends = [at for at, letter in enumerate(subject) if letter == "/"]
        return next((subject[:at] for at in (len(subject), *reversed(ends)) if subject[:at] in self.dossiers), None)

    def cell(self, dossier: str, path: str) -> Cell:
        """Return the cell that states a path of a dossier, or else the id of the nearest row there is."""
        rows, row = self.dossiers[dossier]
        names, numbers = _taken_apart(path)
        return _followed(rows, row, dossier, names, numbers)


def locate(path: Path) -> Located:
    """Return where a workbook states its dossiers; raises `SourceError` if it cannot be read."""
    sheets, rejected = read_sheets(path, NOTHING)
    with open_frames(str(path), {name: (sheet.place, sheet.frame) for name, sheet in sheets.items()}, rejected) as tables:
        roots = tuple(_rows(found, tables, sheets) for _, found in find_tables(tables, None))
    dossiers: dict[str, tuple[_Rows, int]] = {}
    for rows in roots:
        for row, name in rows.ids.items():
            dossiers.setdefault(name, (rows, row))
    return Located(roots, dossiers)


def _rows(found: Found, tables: Tables, sheets: Mapping[str, ReadSheet]) -> _Rows:
    wanted = {"key": found.ref, "id": found.cells.get(("id",)), "person": found.cells.get(("person", "id")), "none": found.none}
    columns = list(dict.fromkeys(column for column in wanted.values() if column is not None))
    raw = tables.rows(found.table, columns, "TRUE")
    read = {what: [cell.strip() for cell in raw[column]] for what, column in wanted.items() if column is not None}
    numbers: list[int] = raw[ROW].to_list()
    blank = [""] * len(numbers)
    by_key: dict[str, list[int]] = {}
    for row, key, none in zip(numbers, read.get("key", blank), read.get("none", blank), strict=True):
        if not none:
            by_key.setdefault(key, []).append(row)
    named = [name or f"{found.table}:{row}" for name, row in zip(read.get("id", blank), numbers, strict=True)]
    below = tuple(_rows(child, tables, sheets) for child in found.below)
    persons = dict(zip(numbers, read.get("person", blank), strict=True))
    return _Rows(found, sheets[found.table], by_key, dict(zip(numbers, named, strict=True)), persons, below)


_SEGMENT = re.compile(r"([^.\[\]]+)(?:\[(\d+)\])?")


def _taken_apart(path: str) -> tuple[FieldPath, dict[int, int]]:
    """Return the names of a path, and by their position the numbers of the rows of lists."""
    parts = _SEGMENT.findall(path)
    return tuple(name for name, _ in parts), {at: int(number) for at, (_, number) in enumerate(parts) if number}


def _followed(rows: _Rows, row: int, key: str, names: FieldPath, numbers: Mapping[int, int]) -> Cell:
    for below in sorted(rows.below, key=lambda below: -len(below.found.level.path)):
        depth = len(below.found.level.path)
        if names[:depth] == below.found.level.path:
            owner = _person_of(rows, row) if below.found.of == ("person", "id") else key
            listed = below.by_key.get(owner, [])
            position = numbers.get(depth - 1, 0 if below.found.level.path == ("person",) else None)
            if position is None and listed and len(names) == depth:
                return Cell(below.sheet.name, listed[0], _own(below) + 1, exact=False)
            if position is not None and position < len(listed):
                inner = listed[position]
                later = {at - depth: number for at, number in numbers.items() if at >= depth}
                return _followed(below, inner, below.ids[inner], names[depth:], later)
    column = _column(rows, names)
    return Cell(rows.sheet.name, row, (column if column is not None else _own(rows)) + 1, exact=column is not None)


def _person_of(rows: _Rows, row: int) -> str:
    if named := rows.persons.get(row):
        return named
    register = next((below for below in rows.below if below.found.level.path == ("person",)), None)
    own = register.by_key.get(rows.ids[row], []) if register is not None else []
    return register.ids[own[0]] if register is not None and own else ""


def _column(rows: _Rows, names: FieldPath) -> int | None:
    """Return the column of a field, of its parts, or of what it is a part of."""
    cells = rows.found.cells
    nearest = (names, *(path for path in cells if names and path[: len(names)] == names), names[:-1])
    return next(
        (rows.sheet.columns[cells[path]] for path in nearest if path in cells and cells[path] in rows.sheet.columns), None
    )


def _own(rows: _Rows) -> int:
    named: Iterable[str | None] = (rows.found.cells.get(("id",)), rows.found.ref)
    return next((rows.sheet.columns[name] for name in named if name is not None and name in rows.sheet.columns), 0)
