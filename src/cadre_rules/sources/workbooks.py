"""Workbooks as offices keep them: titles above, headings over two rows, merged cells, days as numbers (extra `[excel]`)."""

from collections.abc import Iterator, Sequence
from collections.abc import Mapping as MappingOf
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import polars as pl

from cadre_rules.dossier.models import DOSSIERS
from cadre_rules.errors import SourceError
from cadre_rules.names import clean, fold
from cadre_rules.sources.databases import Tables, once, open_frames
from cadre_rules.sources.files import Rejected
from cadre_rules.sources.headings import meaning_of
from cadre_rules.sources.levels import Level, levels_called, title, tree
from cadre_rules.sources.mapping import NOTHING, Mapping
from cadre_rules.sources.rows import ROW
from cadre_rules.wording import PHRASES

Grid: TypeAlias = list[list[Any]]
_NOTES = frozenset(fold(name) for key, names in PHRASES.items() if key.startswith("sheet_") for name in names)
"""Sheets that we write into workbooks for people: how to fill in, what the lists hold, what was found."""

_HEADING_WITHIN = 25
"""Rows from the top among which the heading is looked for."""


@contextmanager
def open_workbook(path: Path, mapping: Mapping | None = None) -> Iterator[Tables]:
    """Open the sheets of a workbook as tables; raises `SourceError`."""
    frames, rejected = read_sheets(path, mapping or NOTHING)
    with open_frames(str(path), {name: (sheet.place, sheet.frame) for name, sheet in frames.items()}, rejected) as tables:
        yield tables


class ReadSheet(NamedTuple):
    """A sheet that holds a table: where it is, its rows as texts, what it is called, and the number of each column from 0."""

    place: str
    frame: pl.DataFrame
    name: str
    columns: MappingOf[str, int] = {}


def read_sheets(path: Path, mapping: Mapping) -> tuple[dict[str, ReadSheet], list[Rejected]]:
    """Return the sheets that hold a table, by the table's name; and what in them cannot be one."""
    frames: dict[str, ReadSheet] = {}
    rejected: list[Rejected] = []
    grids = list(_grids(path))
    rooted = any(level.path == () for name, *_ in grids for level in _levels_of_sheet(name, mapping))
    for name, grid, merged in grids:
        place = f"{path}: {name}"
        levels = _levels_of_sheet(name, mapping) or ([] if rooted else [tree(kind) for kind in DOSSIERS])
        if fold(name) in _NOTES or not any(any(cell not in ("", None) for cell in row) for row in grid):
            continue
        if not levels:
            frames[name] = ReadSheet(place, pl.DataFrame(schema={ROW: pl.UInt64}), name)
            continue
        known = _Known(levels, mapping.tables[name].columns if name in mapping.tables else {})
        heading = _heading(grid, merged, known)
        if heading is None:
            rejected.append(
                Rejected(place, f"no heading that is known stands in its first {_HEADING_WITHIN} rows; the sheet is not read")
            )
            continue
        table = name if _levels_of_sheet(name, mapping) else known.best(heading.names).name
        numbers = {over: man for over, man, _ in heading.by_sex}
        numbers |= {clean(name): at for at, name in reversed([*enumerate(heading.names)])}
        frames[table] = ReadSheet(place, _table(grid, merged, heading, place, rejected), name, numbers)
    return frames, rejected


class _Merged(NamedTuple):
    top: int
    left: int
    bottom: int
    right: int


def _grids(path: Path) -> Iterator[tuple[str, Grid, list[_Merged]]]:
    try:
        calamine = import_module("python_calamine")
    except ImportError as error:
        raise SourceError(str(path), "reading workbooks needs: pip install 'cadre-rules[excel]'") from error
    try:
        with calamine.CalamineWorkbook.from_path(str(path)) as workbook:
            for name in workbook.sheet_names:
                sheet = workbook.get_sheet_by_name(name)
                yield (
                    name,
                    sheet.to_python(skip_empty_area=False),
                    [_Merged(*first, *last) for first, last in sheet.merged_cell_ranges or ()],
                )
    except (calamine.CalamineError, OSError) as error:
        raise SourceError(str(path), f"cannot be read as a workbook: {error}") from error


def _levels_of_sheet(name: str, mapping: Mapping) -> list[Level]:
    mapped = mapping.tables.get(name)
    return levels_called(mapped.table if mapped is not None and mapped.table else title(name))


@dataclass(frozen=True, slots=True)
class _Known:
    """What headings over a sheet can mean."""

    levels: Sequence[Level]
    columns: MappingOf[str, str]

    def knows(self, heading: str, levels: Sequence[Level] = ()) -> bool:
        """Tell whether a heading is a column's name, of a field or of the id of whose row it is."""
        if heading in self.columns:
            return True
        return any(
            meaning_of(heading, level.model) is not None or any(fold(heading) in names for names, _ in level.links)
            for level in levels or self.levels
        )

    def best(self, headings: Sequence[str]) -> Level:
        """Return the table that knows most of the headings."""
        return max(self.levels, key=lambda level: sum(self.knows(heading, [level]) for heading in headings))


@dataclass(frozen=True, slots=True)
class _Heading:
    """The headings of a sheet by column, the first row below them, and headings with a column for men and one for women."""

    names: tuple[str, ...]
    below: int
    by_sex: tuple[tuple[str, int, int], ...] = ()


def _heading(grid: Grid, merged: list[_Merged], known: _Known) -> _Heading | None:
    """Find the heading: of the first rows, alone or with the one below, that of which most is known."""
    top = [[clean(_text(cell) or "") for cell in row] for row in grid[: _HEADING_WITHIN + 1]]
    for one in merged:
        for at in range(one.top, min(one.bottom + 1, len(top))):
            for column in range(one.left, one.right + 1):
                top[at][column] = top[one.top][one.left]
    best: _Heading | None = None
    most = 0
    for at in range(min(len(top), _HEADING_WITHIN)):
        one_row = _Heading(tuple(top[at]), at + 1)
        under = top[at + 1] if at + 1 < len(top) else top[at]
        two_rows = _Heading(tuple(_joined(top[at], under, known)), at + 2, _by_sex(top[at], under, known))
        for heading in (one_row, two_rows):
            score = sum(known.knows(name) for name in dict.fromkeys(heading.names) if name) + 2 * len(heading.by_sex)
            if score > most:
                most, best = score, heading
    if best is None:
        return None
    counts = [cell.strip("()") for cell in (top[best.below] if best.below < len(top) else ()) if cell]
    counted = len(counts) > 1 and counts == [str(number) for number in range(1, len(counts) + 1)]
    return replace(best, below=best.below + 1) if counted else best


def _joined(upper: Sequence[str], lower: Sequence[str], known: _Known) -> Iterator[str]:
    """Yield the heading over two rows of each column: both parts, or the lower alone, whichever is known."""
    for over, under in zip(upper, lower, strict=True):
        both = over if under in ("", over) else f"{over} {under}".strip()
        yield under if not known.knows(both) and known.knows(under) and under != over else both


_SEX = "giới tính"
_SEXES = {fold("nam"): "nam", fold("nữ"): "nữ"}


def _by_sex(upper: Sequence[str], lower: Sequence[str], known: _Known) -> tuple[tuple[str, int, int], ...]:
    """Find headings that are divided into one column for men and one for women."""
    found: dict[str, dict[str, int]] = {}
    for column, (over, under) in enumerate(zip(upper, lower, strict=True)):
        if fold(under) in _SEXES and over:
            found.setdefault(over, {})[_SEXES[fold(under)]] = column
    return tuple((over, its["nam"], its["nữ"]) for over, its in found.items() if len(its) == 2 and known.knows(over))


def _table(grid: Grid, merged: list[_Merged], heading: _Heading, place: str, rejected: list[Rejected]) -> pl.DataFrame:
    """Return the rows below a heading as texts, with the row each stood in; what is merged downwards is in each."""
    wide = {one.top: one for one in merged if one.top >= heading.below and one.right > one.left}
    for one in merged:
        for at in range(max(one.top, heading.below) + 1, min(one.bottom + 1, len(grid))):
            grid[at][one.left] = grid[one.top][one.left]
    width, names = once(heading.names, place, rejected)
    divided = {at for _, man, woman in heading.by_sex for at in (man, woman)}
    columns: dict[str, list[str | None]] = {name: [] for at, name in names.items() if at not in divided}
    for over, *_ in heading.by_sex:
        columns |= {over: []} if fold(over) == fold(_SEX) else {over: [], _SEX: []}
    numbers: list[int] = []
    for number, row in enumerate(grid[heading.below :], heading.below):
        cells = [_text(cell) for cell in row[:width]]
        stated = [cell for cell in cells if cell is not None]
        if not stated or (len(stated) == 1 and number in wide):
            continue
        if any(cells[man] is not None and cells[woman] is not None for _, man, woman in heading.by_sex):
            rejected.append(Rejected(f"{place}:{number + 1}", "both the column for men and the one for women are filled"))
            continue
        numbers.append(number + 1)
        for at, name in names.items():
            if at not in divided:
                columns[name].append(cells[at])
        for over, man, woman in heading.by_sex:
            sex = "nam" if cells[man] else "nữ" if cells[woman] else None
            told = {over: cells[man] or cells[woman], _SEX: sex} if _SEX in columns else {over: sex}
            for name, cell in told.items():
                columns[name].append(cell)
    return pl.DataFrame({ROW: numbers, **columns}, schema={ROW: pl.UInt64, **dict.fromkeys(columns, pl.String)})


def _text(cell: Any) -> str | None:
    match cell:
        case "" | None:
            return None
        case str():
            return cell if cell.strip() else None
        case bool():
            return str(cell).lower()
        case float() if cell.is_integer():
            return str(int(cell))
        case datetime():
            return cell.date().isoformat()
        case _:
            return str(cell)
