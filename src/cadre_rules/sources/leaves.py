"""Which columns of a Parquet file are read: those asked for, and those that may hold what no dossier can.

A file keeps every field inside parts and lists as a column of its own, and tells the least and the greatest value of each.
What its type and these ends show to be sound need not be read to be checked.
"""

from collections import defaultdict
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, TypeAlias, get_args, get_origin

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel

from cadre_rules.dossier.fields import members_of
from cadre_rules.dossier.frames import Fields, asked_for
from cadre_rules.dossier.models import DOSSIERS
from cadre_rules.dossier.values import parse_day, parse_flag, parse_loose_day
from cadre_rules.sources.columns import NUMBERS, parse_text, parser_of

_DAYS = (pa.date32(), date.min, date.max)
_RANGES = {parse: (pa.int64(), least, most) for parse, (least, most) in NUMBERS.items()} | {
    parse_day: _DAYS,
    parse_loose_day: _DAYS,
}
_REPEATED = 4
"""A column of texts that takes fewer bytes a value repeats a few of them."""

_TOGETHER = 32
"""Columns read together: to begin anew costs as much as one, and what reads a column holds as much as it has read."""


@dataclass(frozen=True, slots=True)
class Alike:
    """A field of which a file states but one yes or no, and how often in each group of rows."""

    field: str
    value: bool
    counts: tuple[int, ...]


@dataclass(slots=True)
class Leaves:
    """Columns of a file, by their paths in it, and fields of a dossier, by theirs."""

    read: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    """Columns of a few texts that are repeated."""
    in_range: set[str] = field(default_factory=set)
    """Fields of which every value is known to be in their range."""
    empty: dict[str, str] = field(default_factory=dict)
    """Columns that are asked for but state nothing, and are not read; and the fields they hold."""
    alike: dict[str, "Alike"] = field(default_factory=dict)
    """Columns that state but one yes or no, which need not be read if they state it everywhere."""

    def apart(self, schema: pa.Schema, *, but: Container[str] = ()) -> list[list[str]]:
        """Return the columns that are read in parts, of which none is of half a list; some tens of columns each."""
        structs = {one.name for one in schema if pa.types.is_struct(one.type)}
        parts: list[list[str]] = [[]]
        before: list[str] = []
        for path in (one for one in self.read if one not in but):
            names = path.split(".")
            place = names[: 2 if names[0] in structs else 1]
            if place != before and len(parts[-1]) >= _TOGETHER:
                parts.append([])
            parts[-1].append(path)
            before = place
        return parts


Asked: TypeAlias = Callable[[str], Fields]
"""Which fields of the dossiers of each kind are asked for."""


def everything(_kind: str) -> Fields:
    """Ask for all fields."""
    return None


def leaves_of(metadata: pq.FileMetaData, schema: pa.Schema, asked: Asked) -> Leaves:
    """Return which columns of a file of dossiers are to be read: all of them, if they are not known to be of one kind."""
    columns = [_Column(metadata, number) for number in range(metadata.num_columns)]
    kind = next((kind for column in columns for kind in DOSSIERS if column.path == "kind" and column.within(kind, kind)), None)
    if kind is None:
        return Leaves([column.path for column in columns])
    chooser = _Chooser(columns, asked(kind))
    chooser.fields(schema, DOSSIERS[kind], "")
    few = [] if chooser.asked is None else [path for path in chooser.leaves.repeated if path != "id"]
    beside: dict[str, int] = defaultdict(int)
    for column in columns:
        beside[_part(column.path)] = max(beside[_part(column.path)], sum(column.counts))
    alike = {path: one for path, one in chooser.leaves.alike.items() if sum(one.counts) == beside[_part(path)]}
    return replace(chooser.leaves, repeated=few, alike=alike)


def _part(path: str) -> str:
    return path.rpartition(".")[0]


class _Column:
    """What a file tells of a column."""

    def __init__(self, metadata: pq.FileMetaData, number: int) -> None:
        chunks = [metadata.row_group(group).column(number) for group in range(metadata.num_row_groups)]
        self.path = metadata.schema.column(number).path
        self.repeats = sum(c.total_uncompressed_size for c in chunks) < _REPEATED * sum(c.num_values for c in chunks)
        told = [(chunk.statistics, chunk.num_values) for chunk in chunks]
        self.counts = [count - one.null_count if one is not None and one.has_null_count else 0 for one, count in told]
        """How many values it is known to state, in each group of rows."""
        self._told = [one for one, count in told if one is None or not one.has_null_count or one.null_count < count]

    @property
    def is_empty(self) -> bool:
        """Tell whether it is known to state nothing."""
        return not self._told

    def alike(self, path: str) -> Alike | None:
        """Return how often it states its one yes or no, if it is known to state but one."""
        known = [value for value in (True, False) if self._told and self.within(value, value)]
        return Alike(path, known[0], tuple(self.counts)) if known else None

    def within(self, least: Any, most: Any) -> bool:
        """Tell whether all it states is known to lie between two."""
        try:
            return all(one is not None and one.has_min_max and least <= one.min and one.max <= most for one in self._told)
        except (ValueError, OverflowError):  # a day no calendar has
            return False


@dataclass(slots=True)
class _Chooser:
    """Goes through the columns of a file and the fields of a dossier side by side."""

    columns: list[_Column]
    asked: Fields
    leaves: Leaves = field(default_factory=Leaves)
    at: int = 0

    def fields(self, given: Iterable[pa.Field], model: type[BaseModel], path: str) -> None:
        """Choose among the columns of what holds the fields of a model."""
        for one in given:
            about = model.model_fields.get(one.name)
            if about is None:
                self._take(one.type, read=True)  # what it holds is told, if anything
            else:
                below = f"{path}.{one.name}" if path else one.name
                self._field(one.type, about.annotation, tuple(about.metadata), below, needed=about.is_required())

    def _field(self, dtype: pa.DataType, annotation: Any, marks: tuple[Any, ...], path: str, *, needed: bool = False) -> None:
        inner = members_of(annotation)[0]
        if get_origin(inner) is tuple and _is_list(dtype):
            self._one_at_least(lambda: self._field(dtype.value_type, get_args(inner)[0], (), path))
        elif isinstance(inner, type) and issubclass(inner, BaseModel) and pa.types.is_struct(dtype):
            if asked_for(path, self.asked):
                self._one_at_least(lambda: self.fields(dtype, inner, path))
            else:
                self.fields(dtype, inner, path)
        else:
            scalar = get_origin(inner) is not tuple and not (isinstance(inner, type) and issubclass(inner, BaseModel))
            sound = scalar and self._is_sound(dtype, parser_of(annotation, marks), path)
            asked = asked_for(path, self.asked)
            if self.asked is not None and asked and not needed and scalar and self._is_silent(dtype, path):
                self.leaves.empty[self._next.path] = path
                asked = False
            elif self.asked is not None and asked and pa.types.is_boolean(dtype) and (alike := self._next.alike(path)):
                self.leaves.alike[self._next.path] = alike
            self._take(dtype, read=needed or asked or not sound)

    def _one_at_least(self, choose: Callable[[], None]) -> None:
        """Choose among columns; if none is chosen, the first tells whether an element, or a part, is missing."""
        first, before = self._next, len(self.leaves.read)
        choose()
        if len(self.leaves.read) == before:
            self.leaves.read.append(first.path)
            self.leaves.empty.pop(first.path, None)
        if all(path in self.leaves.alike for path in self.leaves.read[before:]):
            del self.leaves.alike[self.leaves.read[before]]

    def _is_silent(self, dtype: pa.DataType, path: str) -> bool:
        """Tell whether what is next states nothing, and is but one column in a part or a list."""
        return "." in path and not dtype.num_fields and self._next.is_empty

    @property
    def _next(self) -> _Column:
        return self.columns[self.at]

    def _is_sound(self, dtype: pa.DataType, parse: Any, path: str) -> bool:
        """Tell whether what is next cannot hold anything that the field it is read for cannot."""
        inside = _inside(dtype)
        columns = self.columns[self.at : self.at + len(inside)]
        among, least, most = _RANGES.get(parse, (None, None, None))
        if in_range := all(one == among for one in inside) and all(column.within(least, most) for column in columns):
            self.leaves.in_range.add(path)
        plain = (parse is parse_text and _is_text(dtype)) or (parse is parse_flag and pa.types.is_boolean(dtype))
        return plain or (in_range and not pa.types.is_struct(dtype)) or all(column.is_empty for column in columns)

    def _take(self, dtype: pa.DataType, *, read: bool) -> None:
        inside = _inside(dtype)
        columns = self.columns[self.at : self.at + len(inside)]
        self.at += len(inside)
        if read:
            self.leaves.read += [column.path for column in columns]
            self.leaves.repeated += [c.path for c, one in zip(columns, inside, strict=True) if c.repeats and _is_text(one)]


def _inside(dtype: pa.DataType) -> list[pa.DataType]:
    """Return the types of the columns that hold what is of a type."""
    inside = [dtype.field(number).type for number in range(dtype.num_fields)]
    return [one for inner in inside for one in _inside(inner)] or [dtype]


def _is_list(dtype: pa.DataType) -> bool:
    return any(kind(dtype) for kind in (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list))


def _is_text(dtype: pa.DataType) -> bool:
    return any(kind(dtype) for kind in (pa.types.is_string, pa.types.is_large_string))
