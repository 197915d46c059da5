"""Cells of dated tables and places on the map, looked up for whole columns."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from math import prod
from typing import Any, TypeAlias

import numpy as np
import polars as pl

from cadre_rules import expression as ex
from cadre_rules.dossier.areas import bare
from cadre_rules.dossier.values import PartialDate, Span
from cadre_rules.facts.arrays import (
    Areas,
    Array,
    Bits,
    Column,
    Numbers,
    Table,
    Texts,
    Truths,
    alike,
    different,
    each_once,
    picked,
    read_column,
    some,
    spread,
)
from cadre_rules.facts.columnwise import both
from cadre_rules.facts.deriving import find_cell
from cadre_rules.facts.maps import AreaMap
from cadre_rules.names import fold

_EPOCH = date(1970, 1, 1).toordinal()
Row: TypeAlias = Mapping[str, Any]


def constant(value: Any, table: Table) -> Column | None:
    """Return a value as the column of all rows."""
    match value:
        case None:
            return None
        case bool():
            return Truths(table.all, table.none) if value else Truths(table.none, table.all)
        case int():
            return Numbers(np.asarray(value, np.int64), table.all)
        case date():
            return Numbers(np.asarray(number_of(value), np.int32), table.all, days=True)
        case _:
            return Texts(pl.Series([value], dtype=pl.Categorical), table.all)


def number_of(day: date) -> int:
    """Return a day as columns count them."""
    return day.toordinal() - _EPOCH


class Finder:
    """Finds cells of a table: what is looked up has a place among the cells' edges, each combination of places one answer."""

    def __init__(self, rows: Sequence[Row], names: Sequence[str], get: str) -> None:
        self._rows, self._names, self._get = rows, names, get
        self._cells = [[row[name] for row in rows if name in row] for name in names]
        self._kind = _kind_of([row[get] for row in rows])
        self._rulers: list[_Ruler] = []
        self._answers: dict[tuple[tuple[int, ...], int], Any] = {}

    def found(self, table: Table, columns: Sequence[Column]) -> Column | None:
        """Return the column of cells for columns of keys and, if the table is asked on a day, of days."""
        if not self._rulers:
            self._rulers = [_Ruler(column, edges) for column, edges in zip(columns, self._cells, strict=True)]
        ends = [_ends(column) for column in columns]
        total = prod(ruler.places ** len(held) for ruler, held in zip(self._rulers, ends, strict=True))
        assert total < 2**62, "too many combinations of places in one table"
        dtype: Any = next(dtype for dtype in (np.int16, np.int32, np.int64) if total < np.iinfo(dtype).max)
        number, unit = dtype(1), 1  # 0 is unknown
        for ruler, column, held in zip(self._rulers, columns, ends, strict=True):
            for end in held:
                number = number + ruler.place(end, column, table).astype(dtype) * dtype(unit)
                unit *= ruler.places
        number = number * spread(both(*columns), table.height)
        return self._cells_of(number, total, tuple(map(len, ends)), table)

    def _cells_of(self, numbers: Array, total: int, ends: tuple[int, ...], table: Table) -> Column | None:
        asked, place = different(numbers, total + 1)
        answers = [self._answer(number - 1, ends) if number else None for number in asked.tolist()]
        stated = np.array([answer is not None for answer in answers], np.bool_)
        if not stated.any():
            return None
        return _column(answers, place, table.all if stated.all() else table.bits(picked(stated, place)), self._kind, table)

    def _answer(self, number: int, ends: tuple[int, ...]) -> Any:
        if (ends, number) not in self._answers:
            values, rest = [], number
            for ruler, count in zip(self._rulers, ends, strict=True):
                rest, low = divmod(rest, ruler.places)
                rest, high = divmod(rest, ruler.places) if count == 2 else (rest, low)
                values.append(ruler.sample(low, high))
            keys = dict(zip(self._names, values, strict=True))
            self._answers[ends, number] = find_cell(self._rows, keys, self._get)
        return self._answers[ends, number]


def _ends(column: Column) -> list[Any]:
    """Return the numbers to be placed, two where they may be less than exact; what is no number has one end of its own."""
    if not isinstance(column, Numbers):
        return [None]
    return [column.low] if column.top is None else [column.low, column.top]


def _column(answers: Sequence[Any], places: Array, there: Bits, kind: type, table: Table) -> Column:
    """Return answers as a column, each at its places."""
    if kind is bool:
        yes = table.bits(picked(np.array([answer is True for answer in answers], np.bool_), places)) & there
        return Truths(yes, there ^ yes)
    if kind is str:
        different_ones = read_column(pl.Series(answers, dtype=pl.Categorical), Table(len(answers)))
        assert isinstance(different_ones, Texts)
        return Texts((different_ones, places), there)
    days = kind is date
    numbers = [0 if answer is None else number_of(answer) if days else answer for answer in answers]
    return Numbers(picked(np.array(numbers, np.int32 if days else np.int64), places), there, days=days)


class _Ruler:
    """The edges at which cells of a column begin or cease to fit; a value stands on one of them or between two."""

    def __init__(self, column: Column, cells: Iterable[Any]) -> None:
        edges = {edge for cell in cells for edge in (cell if isinstance(cell, tuple) else (cell,)) if edge is not None}
        self._kind: ex.ValueKind
        match column:
            case Texts():
                self._kind, edges = "str", {fold(str(edge)) for edge in edges}
            case Truths():
                self._kind = "bool"
            case Numbers(days=days):
                self._kind = "date" if days else "int"
            case _:
                raise AssertionError("areas are no keys of tables")
        self._edges = sorted(edges)
        self._marks = np.array([number_of(edge) if isinstance(edge, date) else edge for edge in self._edges]) if edges else None
        self.places = 2 * len(self._edges) + 1

    def place(self, end: Any, column: Column, table: Table) -> Array:
        """Return the number of each value's place: even between edges, odd on one."""
        if self._marks is None:
            return np.asarray(0)
        held: list[Any]
        match column:
            case Numbers():
                marks = self._marks.astype(np.asarray(end).dtype)

                def places(end: Array) -> Array:
                    found: Array = np.searchsorted(marks, end, "left") + np.searchsorted(marks, end, "right")
                    return found.astype(np.int32)

                return each_once(places, end)
            case Truths(yes, no):
                held = [spread(yes if edge else no, table.height) * np.int16(2 * n + 1) for n, edge in enumerate(self._edges)]
            case Texts():
                held = [column.numbered({edge: 2 * n + 1 for n, edge in enumerate(self._edges)})]
            case _:
                raise AssertionError("areas are no keys of tables")
        found: Array = reduce(np.add, held)
        return found

    def sample(self, low: int, high: int) -> Any:
        """Return a value standing at a place, or a spread from one place to another."""
        if low == high:
            return self._at(low, last=False)
        first, last = self._at(low, last=False), self._at(high, last=True)
        return PartialDate(first, last) if self._kind == "date" else Span(first, last)

    def _at(self, place: int, *, last: bool) -> Any:
        if place % 2:
            return self._edges[place // 2]
        if self._kind == "str":
            return "".join(self._edges) + "?"
        if self._kind == "bool":
            return True not in self._edges
        step: Any = _DAY if self._kind == "date" else 1
        if not self._edges:
            return date(2000, 1, 1) if self._kind == "date" else 0
        if place == 2 * len(self._edges):
            return self._edges[-1] + step
        if place == 0 or last:
            return self._edges[place // 2] - step
        return self._edges[place // 2 - 1] + step


_DAY = date(2000, 1, 2) - date(2000, 1, 1)


def _kind_of(cells: Iterable[Any]) -> type:
    found: type = type(next((cell for cell in cells if cell is not None), ""))
    return found


def reach_of_cells(rows: Iterable[Row], get: str) -> int:
    """Return how far from zero a number of a table can be."""
    return max((abs(row[get]) for row in rows if type(row[get]) is int), default=0)


@dataclass(frozen=True, slots=True)
class Place:
    """Areas as columns: numbers of their provinces before and after the reform, of their districts and communes."""

    stated: Bits
    before: Column | None
    after: Column | None
    district: Column | None
    commune: Column | None


def place_of(areas: Column, codes: AreaMap, table: Table, names: dict[str, int]) -> Place:
    """Return places in columns by which they compare; `names` keeps the number of each name, for all places of a table."""
    assert isinstance(areas, Areas)
    fields = areas.values.struct.unnest()
    province, district, commune = (read_column(fields.get_column(name), table) for name in ("province", "district", "commune"))

    def numbered(texts: Column | None, compared: Callable[[str], str | None]) -> Column | None:
        if not isinstance(texts, Texts):
            return None
        places, words = texts.words
        told = [None if word is None else compared(word) for word in words]
        number = np.array([0 if name is None else names.setdefault(name, len(names) + 1) for name in told], np.int32)
        number = picked(number, places)
        there = texts.stated & table.bits(number > 0)
        return Numbers(number, there) if some(there) else None

    return Place(
        areas.stated,
        numbered(province, codes.code_before),
        numbered(province, codes.code_after),
        numbered(district, bare),
        numbered(commune, bare),
    )


def within(reform: date, asked: tuple[Place, Place, Column, Column], table: Table) -> Truths:
    """Tell whether two places are one at a level on a day, as `AreaMap.same` does."""
    one, other, level, on = asked
    assert isinstance(level, Texts)
    assert isinstance(on, Numbers)
    reformed = table.bits(on.low >= number_of(reform))
    before, after, district, commune = (
        _same(getattr(one, part), getattr(other, part), table) for part in ("before", "after", "district", "commune")
    )
    province = Truths(
        (after.yes & reformed) | (before.yes & ~reformed),
        (after.no & reformed) | (before.no & ~reformed),
    )
    below = Truths(
        commune.yes & (reformed | district.yes),
        commune.no | (~reformed & district.no),
    )
    stated = one.stated & other.stated & level.stated & on.stated
    if on.top is not None:
        stated = stated & table.bits(on.low == on.top)
    by_province, by_district = level.being("province"), level.being("district")
    inside = stated & province.yes & ~by_province
    yes = (stated & by_province & province.yes) | (inside & by_district & district.yes) | (inside & ~by_district & below.yes)
    no = (stated & province.no) | (inside & by_district & district.no) | (inside & ~by_district & below.no)
    return Truths(yes, no)


def _same(one: Column | None, other: Column | None, table: Table) -> Truths:
    if one is None or other is None:
        return Truths(table.none, table.none)
    equal, stated = alike(one, other, table), one.stated & other.stated
    return Truths(equal, stated ^ equal)
