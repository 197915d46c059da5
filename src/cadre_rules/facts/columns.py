"""Turn definitions into polars columns, so that a table of subjects becomes a table of facts with no Python per row.

The meaning is that of `deriving` and `operations`. A value is one column where it is exact, and two, the least and the
greatest it can be, where it may be a span; null is unknown. Elements of a list stand in a table of their own beside the
subjects', are computed there together, and are gathered back to their subject.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache, partial, reduce
from itertools import product
from math import prod
from operator import add, and_, mul, or_
from typing import Any, TypeAlias, assert_never

import polars as pl

from cadre_rules import expression as ex
from cadre_rules.dossier.areas import bare
from cadre_rules.dossier.fields import FieldInfo, element_fields, fields_of
from cadre_rules.dossier.values import PartialDate
from cadre_rules.facts.deriving import Tables, find_cell
from cadre_rules.facts.operations import HOLIDAYS_A_YEAR, Span
from cadre_rules.names import fold

ROW = "_i"
"""The number of a subject in its table; elements carry that of their subject."""

LATE = 1_000
"""The level from which columns rest on the outcomes of the first pass."""

LARGEST_COUNT = 10**12
"""Beyond any count of a dossier, and of anything counted of it."""

FARTHEST = 4 * 10**18
"""Numbers beyond this are taken for this: no count a rule compares comes near, and whole numbers end at 9.2e18."""

Path: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Value:
    """An expression as columns: the least and the greatest it can be, one and the same where it is exact."""

    kind: ex.ValueKind
    low: pl.Expr
    top: pl.Expr | None = None
    folded: pl.Expr | None = None
    """A text as names compare."""
    level: int = 0
    """The highest level of the columns it reads."""
    reach: int = LARGEST_COUNT
    """The farthest from zero it can be, if it is a number."""

    @property
    def high(self) -> pl.Expr:
        """Return the greatest it can be."""
        return self.low if self.top is None else self.top

    @property
    def name(self) -> pl.Expr:
        """Return what it is compared by."""
        return self.low if self.folded is None else self.folded

    def over(self, compute: Callable[[pl.Expr], pl.Expr]) -> "Value":
        """Return the value with something computed of each of its expressions."""
        top, folded = (None if expr is None else compute(expr) for expr in (self.top, self.folded))
        return replace(self, low=compute(self.low), top=top, folded=folded)

    def standing_in(self, name: str, level: int) -> "Value":
        """Return the value as it stands in columns of that name, one for each part."""
        return Value(self.kind, **{part: pl.col(f"{name}.{part}") for part in self.parts()}, level=level, reach=self.reach)

    def parts(self) -> dict[str, pl.Expr]:
        """Return its expressions by part."""
        parts = {"low": self.low, "top": self.top, "folded": self.folded}
        return {part: expr for part, expr in parts.items() if expr is not None}


@dataclass(slots=True)
class _Level:
    """What can be computed once all lower levels are: columns of subjects, of elements, and gathered from elements."""

    columns: list[pl.Expr] = field(default_factory=list)
    elements: dict[Path, list[pl.Expr]] = field(default_factory=lambda: defaultdict(list))
    asked: dict[Path, list[pl.Expr]] = field(default_factory=lambda: defaultdict(list))
    """What is asked of each element, and how the answers are gathered."""
    gathered: dict[Path, list[pl.Expr]] = field(default_factory=lambda: defaultdict(list))
    settled: list[pl.Expr] = field(default_factory=list)
    """Columns of subjects made of what was gathered."""


class FactColumns:
    """How facts of one kind of subject are derived in columns: compiled once, run on every table."""

    def __init__(self, subject: str, definitions: Mapping[str, ex.Expression], wanted: Iterable[str], tables: Tables) -> None:
        self._fields, self._definitions, self._tables = fields_of(subject), definitions, tables
        self._known: dict[tuple[ex.Expression, Path | None], Value] = {}
        self._levels: dict[int, _Level] = defaultdict(_Level)
        self._places: dict[tuple[ex.Expression, Path | None], _Place] = {}
        self._count = 0
        self.leaves: dict[str, Path] = {}
        """Columns the table must have, and the paths of the dossier they are read from; lists among them."""
        self.given: dict[str, ex.Outcomes | ex.Exceptions] = {}
        """Columns of counts over the first pass, to be given before what is late is derived."""
        self._items: dict[Path, dict[str, Path]] = defaultdict(dict)
        self.late: set[str] = set()
        wanted = list(wanted)
        self._uses = Counter(child for _, child in _uses(definitions, wanted))
        self._compared = {child for parent, child in _uses(definitions, wanted) if not isinstance(parent, ex.Fact)}
        for name in wanted:
            value = self._value(ex.Fact(name), None)
            if value.level >= LATE:
                self.late.add(name)
            exact = value.low if value.top is None else pl.when(value.low == value.top).then(value.low)
            self._levels[value.level + 1].columns.append(exact.alias(column_of(name)))
        self._needs = self._needed()

    def derive(self, frame: pl.DataFrame, *, late: bool = False) -> pl.DataFrame:
        """Return the table with the facts added; `late` those that rest on the columns `given`."""
        elements: dict[Path, pl.DataFrame] = {}
        for number in sorted(number for number in self._levels if (number >= LATE) == late):
            level = self._levels[number]
            frame = added(frame, level.columns)
            for path in {**level.elements, **level.gathered}:
                if path not in elements:
                    elements[path] = self._exploded(frame, path)
                listed = added(_given(elements[path], frame, self._needs[number, path]), level.elements[path])
                elements[path] = listed
                if level.gathered[path]:
                    asked = _selected(listed, [pl.col(ROW), *level.asked[path]])
                    sums = asked.group_by(ROW, maintain_order=True).agg(level.gathered[path])
                    frame = frame.hstack(frame[[ROW]].join(sums, on=ROW, how="left", maintain_order="left").drop(ROW))
            frame = added(frame, level.settled)
        return frame

    def _exploded(self, frame: pl.DataFrame, path: Path) -> pl.DataFrame:
        name = ".".join(path)
        listed = frame[[ROW, name]].explode(name, empty_as_null=False, keep_nulls=False)
        columns = [_reached(pl.col(name), inner).alias(item) for item, inner in self._items[path].items()]
        return listed.select(pl.col(ROW).set_sorted(), *columns)

    def _needed(self) -> dict[tuple[int, Path], list[str]]:
        """Return which columns of subjects their elements must be given before a level of theirs is computed."""
        needs: dict[tuple[int, Path], list[str]] = {}
        given: dict[Path, set[str]] = {path: {ROW, *items} for path, items in self._items.items()}
        for number, level in sorted(self._levels.items()):
            for path in {**level.elements, **level.gathered}:
                read = {name for expr in (*level.elements[path], *level.asked[path]) for name in expr.meta.root_names()}
                needs[number, path] = sorted(read - given[path])
                given[path] |= read | {expr.meta.output_name() for expr in level.elements[path]}
        return needs

    # What follows compiles one node; `at` is the list whose element is at hand.

    def _value(self, node: ex.Expression, at: Path | None) -> Value:
        if at is not None and not _has_item(node):
            return self._kept(node)
        key = (node, at)
        if key not in self._known:
            value = self._built(node, at)
            if isinstance(node, ex.Field | ex.Item) and value.folded is not None and node in self._compared:
                value = self._folded(value, at)
            shared = isinstance(node, ex.Call | ex.Within) and self._uses[node] > 1
            self._known[key] = self._column(value, at) if shared or isinstance(node, ex.Fact | ex.Lookup) else value
        return self._known[key]

    def _kept(self, node: ex.Expression) -> Value:
        """Return a value of the subject in columns of its own, so that elements can be given them."""
        if isinstance(node, ex.Constant):
            return self._value(node, None)
        key = (node, ())
        if key not in self._known:
            value = self._value(node, None)
            plain = all(expr.meta.is_column() for expr in value.parts().values())
            self._known[key] = value if plain else self._column(value, None)
        return self._known[key]

    def _column(self, value: Value, at: Path | None) -> Value:
        """Give a value columns of its own, one level up."""
        self._count += 1
        level = value.level + 1
        columns = self._levels[level].columns if at is None else self._levels[level].elements[at]
        columns += [expr.alias(f"n{self._count}.{part}") for part, expr in value.parts().items()]
        return value.standing_in(f"n{self._count}", level)

    def _folded(self, value: Value, at: Path | None) -> Value:
        """Give the name of a text a column of its own: it is costly, and often asked for."""
        assert value.folded is not None
        if value.folded.meta.is_column():
            return value
        return replace(value, folded=self._single(value.folded, at), level=1)

    def _single(self, expr: pl.Expr, at: Path | None, level: int = 1) -> pl.Expr:
        self._count += 1
        columns = self._levels[level].columns if at is None else self._levels[level].elements[at]
        columns.append(expr.alias(f"n{self._count}"))
        return pl.col(f"n{self._count}")

    def _place(self, node: ex.Expression, at: Path | None) -> "_Place":
        """Return a place in columns by which places compare."""
        at = at if _has_item(node) else None
        if (node, at) not in self._places:
            area = self._value(node, at)
            level = area.level + 1
            codes = self._tables.areas
            texts: list[tuple[str, Callable[[str], Any]]] = [
                ("province", codes.code_before),
                ("province", codes.code_after),
                ("district", bare),
                ("commune", bare),
            ]
            before, after, district, commune = (
                self._single(_mapped(area.low.struct.field(name), function, pl.String()), at, level) for name, function in texts
            )
            stated = self._single(area.low.is_not_null(), at, level)
            self._places[node, at] = _Place(before, after, district, commune, stated, level)
        return self._places[node, at]

    def _built(self, node: ex.Expression, at: Path | None) -> Value:
        match node:
            case ex.Constant(constant):
                return _constant(constant)
            case ex.Field(path):
                self.leaves[".".join(path)] = path
                return _leaf(self._fields[path], ".".join(path))
            case ex.Item(path):
                assert at is not None
                self._items[at]["·" + ".".join(path)] = path
                element = self._fields[at].element
                assert element is not None
                return _leaf(element_fields(element)[path], "·" + ".".join(path))
            case ex.Fact(name):
                return self._value(self._definitions[name], None)
            case ex.Call(operation, arguments):
                values = [self._value(argument, at) for argument in arguments]
                value = _among(node, values[0]) or _called(operation, values)
                constant = all(value.low.meta.is_literal() for value in values)
                return value.over(_computed) if constant else _at_level(value, values)
            case ex.Each():
                return self._each(node)
            case ex.Lookup():
                keys = [self._value(value, at) for _, value in node.keys]
                on = [self._value(node.on, at)] if node.on is not None else []
                names = tuple(name for name, _ in node.keys)
                return _at_level(_Finder(self._tables.rows[node.table], names, node.get).value(keys, on), [*keys, *on])
            case ex.Within(area, other, level, on_day):
                one, another = self._place(area, at), self._place(other, at)
                values = [self._value(part, at) for part in (level, on_day)]
                value = _within(self._tables.areas.reform, one, another, *values)
                return replace(value, level=max(one.level, another.level, *(part.level for part in values)))
            case ex.Outcomes() | ex.Exceptions():
                name = f"given{len(self.given)}"
                self.given[name] = node
                return Value("int", pl.col(name), level=LATE)
            case ex.Parameter(name):
                raise AssertionError(f"parameter {name} was not resolved")
            case _:
                assert_never(node)

    def _each(self, node: ex.Each) -> Value:
        at = node.path
        self.leaves[".".join(at)] = at
        self._items[at]  # a list may be counted without a look inside
        where = self._value(node.where, at) if node.where is not None else Value("bool", pl.lit(value=True))
        if node.gather in ("any", "count"):
            return self._counted(node, where)
        pick = self._value(node.pick or ex.Item(()), at)
        by = self._value(node.by, at) if node.by is not None else pick
        wanted = where.low.fill_null(value=False)
        bad = where.low.is_null() | (wanted & (pick.low.is_null() | by.low.is_null()))
        unclear = self._gathered(at, bad, pl.Expr.any, [where, pick, by], "bool")
        kept = pick.over(lambda expr: pl.when(wanted).then(expr))
        read, none = [where, pick, by], None
        match node.gather:
            case "sum":
                found, none = self._ends(at, kept, _sum if kept.reach <= LARGEST_COUNT else _wide_sum, read), 0
                found = replace(found, reach=max(kept.reach, FARTHEST // 4))
            case "min":
                found = self._ends(at, kept, pl.Expr.min, read)
            case "max":
                found = self._ends(at, kept, pl.Expr.max, read)
            case "latest" | "earliest":
                found = self._outermost(node.gather, at, where, pick, by)
            case "distinct" | "most":
                found, none = self._gathered(at, kept.name, _COUNTS[node.gather], read), 0
                if pick.top is not None:
                    vague = self._gathered(at, wanted & (pick.low != pick.top), pl.Expr.any, read, "bool")
                    unclear = _at_level(_either(unclear, vague), [unclear, vague])
            case _:
                raise AssertionError(node.gather)
        return self._whole(node, unclear, found, none)

    def _counted(self, node: ex.Each, where: Value) -> Value:
        """Gather whether any element is wanted, or how many are."""
        if node.where is None:
            size = self._size(node)
            return Value("bool", size > 0) if node.gather == "any" else Value("int", size)
        if node.gather == "any":
            found = self._gathered(node.path, where.low, _ANY, [where], "bool")
            return self._whole(node, None, found, none=False)
        sure = self._gathered(node.path, where.low, _sure, [where])
        unsure = self._gathered(node.path, where.low, _unsure, [where])
        return self._whole(node, None, replace(sure, top=sure.low + unsure.low), none=0)

    def _gathered(
        self, at: Path, asked: pl.Expr, gather: Callable[[pl.Expr], pl.Expr], read: Sequence[Value], kind: ex.ValueKind = "int"
    ) -> Value:
        """Return a column gathered from the elements of a list, one level up; null where there are none."""
        self._count += 1
        level = max(value.level for value in read) + 1
        assert level < LATE, "elements cannot be gathered by the outcomes of the first pass"
        self._levels[level].asked[at].append(asked.alias(f"g{self._count}"))
        self._levels[level].gathered[at].append(gather(pl.col(f"g{self._count}")))
        return Value(kind, pl.col(f"g{self._count}"), level=level)

    def _ends(self, at: Path, kept: Value, gather: Callable[[pl.Expr], pl.Expr], read: Sequence[Value]) -> Value:
        low = replace(self._gathered(at, kept.low, gather, read, kept.kind), reach=kept.reach)
        return low if kept.top is None else replace(low, top=self._gathered(at, kept.top, gather, read).low)

    def _outermost(self, gather: str, at: Path, where: Value, pick: Value, by: Value) -> Value:
        """Pick from the last (first) element; where several may be it, only what they agree on."""
        ends = (by.low, by.high) if gather == "latest" else (by.high, by.low)
        wanted = where.low.fill_null(value=False)
        among = pl.when(wanted).then(ends[0])
        edge = self._gathered(at, among, pl.Expr.max if gather == "latest" else pl.Expr.min, [where, pick, by])
        beyond = ends[1] >= edge.low if gather == "latest" else ends[1] <= edge.low
        read = Value("bool", wanted & beyond, level=max(edge.level, where.level, pick.level, by.level))
        kept = {part: pl.when(read.low).then(expr) for part, expr in pick.parts().items()}
        columns = {part: self._gathered(at, expr, _first, [read]) for part, expr in kept.items()}
        compared = [expr for part, expr in kept.items() if part != "low" or pick.folded is None]
        agreed = [self._gathered(at, expr, _one_area if pick.kind == "area" else _agreed, [read], "bool") for expr in compared]
        same = pl.all_horizontal(one.low for one in agreed)
        parts = {part: pl.when(same).then(one.low) for part, one in columns.items()}
        return Value(pick.kind, **parts, level=read.level + 1, reach=pick.reach)

    def _whole(self, node: ex.Each, unclear: Value | None, found: Value, none: Any) -> Value:
        """Say what was gathered of whole lists, what an empty list gives, and nothing of a list that is not stated."""
        size = self._size(node)
        filled = size > 0 if unclear is None else (size > 0) & ~unclear.low
        parts = {part: pl.when(size == 0).then(pl.lit(none)).when(filled).then(expr) for part, expr in found.parts().items()}
        level = max(found.level, unclear.level if unclear is not None else 0)
        self._count += 1
        self._levels[level].settled += [expr.alias(f"n{self._count}.{part}") for part, expr in parts.items()]
        return found.standing_in(f"n{self._count}", level)

    @staticmethod
    def _size(node: ex.Each) -> pl.Expr:
        size = pl.col(".".join(node.path)).list.len().cast(pl.Int64)
        return size.fill_null(0) if node.silence_means_none else size


_Gathers: TypeAlias = Callable[[pl.Expr], pl.Expr]
_ANY: _Gathers = partial(pl.Expr.any, ignore_nulls=False)


_sum: _Gathers = pl.Expr.sum


def _wide_sum(asked: pl.Expr) -> pl.Expr:
    return asked.cast(pl.Int128).sum().clip(-FARTHEST, FARTHEST).cast(pl.Int64)


def _sure(asked: pl.Expr) -> pl.Expr:
    return asked.sum().cast(pl.Int64)


def _unsure(asked: pl.Expr) -> pl.Expr:
    return asked.null_count().cast(pl.Int64)


def _first(asked: pl.Expr) -> pl.Expr:
    return asked.drop_nulls().first()


def _agreed(asked: pl.Expr) -> pl.Expr:
    return asked.min() == asked.max()


def _one_area(asked: pl.Expr) -> pl.Expr:
    return asked.drop_nulls().n_unique() == 1


_COUNTS: Mapping[str, _Gathers] = {
    "distinct": lambda asked: asked.drop_nulls().n_unique().cast(pl.Int64),
    "most": lambda asked: asked.drop_nulls().unique_counts().max().fill_null(0).cast(pl.Int64),
}


def column_of(fact: str) -> str:
    """Return the column a wanted fact stands in, exact or not stated."""
    return f"={fact}"


def _uses(definitions: Mapping[str, ex.Expression], wanted: Iterable[str]) -> Iterator[tuple[ex.Expression, ex.Expression]]:
    """Yield every node with each node it stands in."""
    seen: set[ex.Expression] = set()
    waiting: list[ex.Expression] = [ex.Fact(name) for name in wanted]
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            inner = [definitions[node.name]] if isinstance(node, ex.Fact) else list(ex.children(node))
            yield from ((node, child) for child in inner)
            waiting += inner


@cache
def _has_item(node: ex.Expression) -> bool:
    """Tell whether a node depends on the element at hand; a list of its own hides its elements."""
    return isinstance(node, ex.Item) or (not isinstance(node, ex.Each) and any(map(_has_item, ex.children(node))))


def _at_level(value: Value, read: Iterable[Value]) -> Value:
    return replace(value, level=max((one.level for one in read), default=0))


def _reached(expr: pl.Expr, path: Iterable[str]) -> pl.Expr:
    return reduce(lambda outer, name: outer.struct.field(name), path, expr)


def _given(elements: pl.DataFrame, frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Give the elements columns of their subjects."""
    if not names:
        return elements
    rows = elements.get_column(ROW)
    return elements.hstack([frame.get_column(name).gather(rows) for name in names])


def added(frame: pl.DataFrame, columns: Sequence[pl.Expr]) -> pl.DataFrame:
    """Return the table with columns added, computed of no more columns than they read: a wide table is slow to ask."""
    return frame.hstack(_selected(frame, [pl.col(ROW), *columns]).drop(ROW)) if columns else frame


def _selected(frame: pl.DataFrame, columns: Sequence[pl.Expr]) -> pl.DataFrame:
    read = dict.fromkeys((ROW, *(name for column in columns for name in column.meta.root_names())))
    return frame[list(read)].select(columns)


# Values of the dossier and of the rulebook


def _leaf(info: FieldInfo, name: str) -> Value:
    column = pl.col(name)
    match info.kind:
        case "date" if info.loose:
            return Value("date", column.struct.field("earliest"), column.struct.field("latest"))
        case "str":
            return Value("str", column, folded=column if info.codes is not None else _mapped(column, fold, pl.String()))
        case kind:
            return Value(kind, column)


def _constant(value: Any) -> Value:
    match value:
        case bool():
            return Value("bool", pl.lit(value))
        case int():
            return Value("int", pl.lit(value, pl.Int64), reach=abs(value))
        case str():
            return Value("str", pl.lit(value), folded=pl.lit(fold(value)))
        case date():
            return Value("date", pl.lit(value))
        case _:
            return Value("list", pl.lit(None))


def _computed(expr: pl.Expr) -> pl.Expr:
    """Return what constants come to."""
    answer = pl.select(expr).to_series()
    return pl.lit(answer.item(), answer.dtype)


def _mapped(expr: pl.Expr, function: Callable[[str], Any], dtype: pl.DataType) -> pl.Expr:
    """Map a column value by value, asking only once for each that differs."""

    def run(column: pl.Series) -> pl.Series:
        values = column.unique().drop_nulls()
        if values.is_empty():
            return pl.Series(column.name, [None], dtype=dtype).new_from_index(0, len(column))
        return column.replace_strict(values, pl.Series([function(value) for value in values], dtype=dtype), default=None)

    return expr.map_batches(run, return_dtype=dtype, is_elementwise=True)


# Operations


def _called(operation: str, values: Sequence[Value]) -> Value:
    """Return what an operation gives, computed in wider numbers where it may leave those there are."""
    reach = _REACHES.get(operation, max)([value.reach for value in values])
    if reach <= FARTHEST:
        return replace(_OPERATIONS[operation](*values), reach=reach)
    wide = [value.over(lambda expr: expr.cast(pl.Int128)) for value in values]
    value = _OPERATIONS[operation](*wide)
    return replace(value.over(lambda expr: expr.clip(-FARTHEST, FARTHEST).cast(pl.Int64)), reach=FARTHEST)


_REACHES: Mapping[str, Callable[[Sequence[int]], int]] = {
    "add": sum,
    "subtract": sum,
    "multiply": prod,
    **dict.fromkeys(("share", "share_up"), lambda reaches: reaches[0] * 10_000 + reaches[1]),
}
"""How far what an operation gives can be from zero, where it is farther than what it is given."""


def _ends(values: Iterable[Value]) -> tuple[list[pl.Expr], list[pl.Expr]]:
    values = list(values)
    return [value.low for value in values], [value.high for value in values]


def _exact(values: Iterable[Value]) -> bool:
    return all(value.top is None for value in values)


def _rising(kind: ex.ValueKind | None, compute: Callable[..., pl.Expr]) -> Callable[..., Value]:
    """Lift a function that never falls when an argument rises."""

    def run(*values: Value) -> Value:
        lows, highs = _ends(values)
        return Value(kind or values[0].kind, compute(*lows), None if _exact(values) else compute(*highs))

    return run


def _between(measure: Callable[[pl.Expr, pl.Expr], pl.Expr]) -> Callable[[Value, Value], Value]:
    """Measure from a day to a day; the later the first and the earlier the last, the less."""

    def run(first: Value, last: Value) -> Value:
        exact = _exact((first, last))
        return Value("int", measure(first.high, last.low), None if exact else measure(first.low, last.high))

    return run


def _number(day: pl.Expr) -> pl.Expr:
    return day.cast(pl.Int32).cast(pl.Int64)


@cache
def _calendar() -> tuple[pl.Expr, pl.Expr, pl.Expr, pl.Expr]:
    """Return, by day from 0001-01-01, its month and day of the month; by month, its first day and its length.

    To look a day up is ten times faster than to compute it.
    """
    days = pl.select(pl.date_range(date.min, date.max)).to_series()
    firsts = days.filter(days.dt.day() == 1)
    tables = (
        days.dt.year().cast(pl.Int32) * 12 + days.dt.month() - 13,
        days.dt.day(),
        firsts.cast(pl.Int32),
        firsts.dt.month_end().dt.day(),
    )
    month, day, first, length = (pl.lit(table.rechunk()) for table in tables)
    return month, day, first, length


_ORIGIN = -date(1970, 1, 1).toordinal() + 1
"""0001-01-01 as polars numbers days."""


def _month(day: pl.Expr) -> pl.Expr:
    """Return the months since January of the year 1."""
    return _calendar()[0].gather(day.cast(pl.Int32) - _ORIGIN)


def _day_of_month(day: pl.Expr) -> pl.Expr:
    return _calendar()[1].gather(day.cast(pl.Int32) - _ORIGIN)


def _month_index(day: pl.Expr) -> pl.Expr:
    return _month(day).cast(pl.Int64) + 12 + 1


def _months_between(first: pl.Expr, last: pl.Expr) -> pl.Expr:
    forward = first <= last
    early, late = pl.when(forward).then(first).otherwise(last), pl.when(forward).then(last).otherwise(first)
    end = _day_of_month(late)
    short = (end < _day_of_month(early)) & (end < _calendar()[3].gather(_month(late)))
    months = (_month(late) - _month(early) - short.cast(pl.Int32)).cast(pl.Int64)
    return pl.when(forward).then(months).when(~forward).then(-months)


def _weekdays_up_to(day: pl.Expr) -> pl.Expr:
    """Count the Mondays to Fridays up to and with a day, from some far Monday on."""
    days = _number(day) + 3  # 1970-01-01 was a Thursday
    return days // 7 * 5 + pl.min_horizontal(days % 7 + 1, pl.lit(5))


def _working_days(first: Value, last: Value) -> Value:
    def weekdays(start: pl.Expr, end: pl.Expr) -> pl.Expr:
        return _weekdays_up_to(end) - _weekdays_up_to(start)

    start, end = first.high, last.low
    least = weekdays(start, end)
    spare = ((end.dt.year() - start.dt.year()).abs().cast(pl.Int64) + 1) * HOLIDAYS_A_YEAR
    low = pl.when(least <= 0).then(least).otherwise((least - spare).clip(0))
    return Value("int", low, weekdays(first.low, last.high))


_FIRST_DAY, _LAST_DAY = (_number(pl.lit(day)) for day in (date.min, date.max))


def _add_days(day: pl.Expr, days: pl.Expr) -> pl.Expr:
    total = _number(day) + days
    return pl.when(total.is_between(_FIRST_DAY, _LAST_DAY)).then(total).cast(pl.Int32).cast(pl.Date)


def _add_months(day: pl.Expr, months: pl.Expr) -> pl.Expr:
    _, _, first, length = _calendar()
    index = _month(day) + months
    index = pl.when(index.is_between(0, 9999 * 12 - 1)).then(index).cast(pl.Int32)
    within = pl.min_horizontal(_day_of_month(day), length.gather(index)).cast(pl.Int32)
    return pl.when(index.is_not_null()).then(first.gather(index) + within - 1).cast(pl.Date)


def _dated(compute: Callable[[pl.Expr, pl.Expr], pl.Expr]) -> Callable[[Value, Value], Value]:
    """Lift a step in the calendar; a day the calendar does not have leaves all unknown."""

    def run(day: Value, step: Value) -> Value:
        low = compute(day.low, step.low)
        if _exact((day, step)):
            return Value("date", low)
        high = compute(day.high, step.high)
        both = low.is_not_null() & high.is_not_null()
        return Value("date", pl.when(both).then(low), pl.when(both).then(high))

    return run


def _subtract(first: Value, second: Value) -> Value:
    exact = _exact((first, second))
    return Value("int", first.low - second.high, None if exact else first.high - second.low)


def _multiply(*factors: Value) -> Value:
    corners = [reduce(mul, corner) for corner in product(*((f.low, f.high) if f.top is not None else (f.low,) for f in factors))]
    if len(corners) == 1:
        return Value("int", corners[0])
    return Value("int", pl.min_horizontal(corners), pl.max_horizontal(corners))


def _share(part: Value, whole: Value, *, up: bool = False) -> Value:
    def of(p: pl.Expr, w: pl.Expr) -> pl.Expr:
        return (p * 10_000 + (w - 1 if up else 0)) // w

    some = whole.low > 0
    if _exact((part, whole)):
        return Value("int", pl.when(some).then(of(part.low, whole.low)))
    corners = [of(p, w) for p in (part.low, part.high) for w in (whole.low, whole.high)]
    return Value("int", pl.when(some).then(pl.min_horizontal(corners)), pl.when(some).then(pl.max_horizontal(corners)))


def _extreme(pickone: Callable[..., pl.Expr]) -> Callable[..., pl.Expr]:
    """Pick one of several, all of which must be known."""
    return lambda *terms: pl.when(pl.all_horizontal(term.is_not_null() for term in terms)).then(pickone(*terms))


def _equal(first: Value, second: Value) -> Value:
    if _exact((first, second)):
        return Value("bool", first.name == second.name if first.kind == "str" == second.kind else first.low == second.low)
    apart = (first.high < second.low) | (second.high < first.low)
    both = (first.low == first.high) & (second.low == second.high)
    return Value("bool", pl.when(apart).then(pl.lit(value=False)).when(both).then(pl.lit(value=True)))


def _less(first: Value, second: Value) -> Value:
    if _exact((first, second)):
        return Value("bool", first.low < second.low)
    yes, no = first.high < second.low, first.low >= second.high
    return Value("bool", pl.when(yes).then(pl.lit(value=True)).when(no).then(pl.lit(value=False)))


def _not(value: Value) -> Value:
    return Value("bool", ~value.low)


def _either(one: Value, other: Value) -> Value:
    return Value("bool", one.low | other.low)


def _choose(test: Value, yes: Value, no: Value) -> Value:
    if test.low.meta.is_literal() and (chosen := pl.select(test.low).item()) is not None:
        return yes if chosen else no
    spread = not _exact((yes, no))
    same = yes.low.eq_missing(no.low) & yes.high.eq_missing(no.high) if spread else yes.low.eq_missing(no.low)

    def of(one: pl.Expr, other: pl.Expr) -> pl.Expr:
        return pl.when(test.low).then(one).when(~test.low).then(other).when(same).then(one)

    text = yes.kind == "str"
    return Value(
        yes.kind, of(yes.low, no.low), of(yes.high, no.high) if spread else None, of(yes.name, no.name) if text else None
    )


def _coalesce(*values: Value) -> Value:
    lows, highs = _ends(values)
    text = values[0].kind == "str"
    return Value(
        values[0].kind,
        pl.coalesce(lows),
        None if _exact(values) else pl.coalesce(highs),
        pl.coalesce([value.name for value in values]) if text else None,
    )


def _among(node: ex.Call, value: Value) -> Value | None:
    """Compare a text with constant texts as names compare, if that is what is asked."""
    if node.operation not in ("one_of", "equal"):
        return None
    match node.arguments[1]:
        case ex.Constant(str(text)):
            return Value("bool", value.name == fold(text))
        case ex.Constant(tuple(texts)):
            return Value("bool", _one_of([fold(str(text)) for text in texts], value.name))
        case _:
            return None


def _one_of(texts: Sequence[str], name: pl.Expr) -> pl.Expr:
    none: pl.Expr = pl.when(name.is_not_null()).then(pl.lit(value=False))
    return reduce(or_, (name == text for text in texts), none)


_OPERATIONS: Mapping[str, Callable[..., Value]] = {
    "years_between": _between(lambda first, last: _months_between(first, last) // 12),
    "months_between": _between(_months_between),
    "days_between": _between(lambda first, last: _number(last) - _number(first)),
    "working_days_between": _working_days,
    "add_months": _dated(_add_months),
    "add_days": _dated(_add_days),
    "month_end": _rising("date", lambda day: day.dt.month_end()),
    "year_of": _rising("int", lambda day: day.dt.year().cast(pl.Int64)),
    "month_index": _rising("int", _month_index),
    "earliest": lambda day: Value("date", day.low),
    "latest_day": lambda day: Value("date", day.high),
    "add": _rising("int", lambda *terms: reduce(add, terms)),
    "subtract": _subtract,
    "multiply": _multiply,
    "least": _rising(None, _extreme(pl.min_horizontal)),
    "greatest": _rising(None, _extreme(pl.max_horizontal)),
    "share": _share,
    "share_up": partial(_share, up=True),
    "coalesce": _coalesce,
    "equal": _equal,
    "less": _less,
    "at_most": lambda first, second: _not(_less(second, first)),
    "all": lambda *values: Value("bool", reduce(and_, (value.low for value in values))),
    "some": lambda *values: Value("bool", reduce(or_, (value.low for value in values))),
    "not": _not,
    "stated": lambda value: Value("bool", value.low.is_not_null()),
    "choose": _choose,
}


# Tables and places


class _Finder:
    """Finds cells of a table: what is looked up has a place among the cells' edges, each combination of places one answer."""

    def __init__(self, rows: Sequence[Mapping[str, Any]], names: Sequence[str], get: str) -> None:
        self._rows, self._names, self._get = rows, names, get
        self._answers: dict[int, Any] = {}

    def value(self, keys: Sequence[Value], on: Sequence[Value]) -> Value:
        """Return the column of cells for columns of keys and, if the table is asked on a day, of days."""
        cells = [[row[name] for row in self._rows] for name in self._names]
        dated = [[row["in_force"] for row in self._rows if "in_force" in row]] if on else []
        rulers = [_Ruler(value.kind, edges) for value, edges in zip([*keys, *on], [*cells, *dated], strict=True)]
        number, unit = pl.lit(0, pl.Int64), 1
        scales: list[tuple[_Ruler, int]] = []
        for ruler, value in zip(rulers, [*keys, *on], strict=True):
            for end in (value.low,) if value.top is None else (value.low, value.high):
                number = number + ruler.place(end if value.kind != "str" else value.name) * unit
                unit *= ruler.places
            scales.append((ruler, 1 if value.top is None else 2))
        assert unit < 2**62, "too many combinations of places in one table"
        kind, dtype = _cell_kind([row[self._get] for row in self._rows])
        if not number.meta.root_names():  # constants all: one answer
            found = self._answer(pl.select(number).item(), scales, len(keys))
            return _constant(found) if found is not None else Value(kind, pl.lit(None, dtype))
        cell = number.map_batches(partial(self._found, scales, len(keys), dtype), return_dtype=dtype, is_elementwise=True)
        reach = max((abs(row[self._get] or 0) for row in self._rows), default=0) if kind == "int" else 0
        return Value(kind, cell, folded=_mapped(cell, fold, pl.String()) if kind == "str" else None, reach=reach)

    def _found(self, scales: Sequence[tuple["_Ruler", int]], keys: int, dtype: pl.DataType, numbers: pl.Series) -> pl.Series:
        asked = numbers.unique().drop_nulls()
        if asked.is_empty():
            return pl.Series(numbers.name, [None], dtype=dtype).new_from_index(0, len(numbers))
        answers = [self._answer(number, scales, keys) for number in asked.to_list()]
        return numbers.replace_strict(asked, pl.Series(answers, dtype=dtype), default=None)

    def _answer(self, number: int, scales: Sequence[tuple["_Ruler", int]], keys: int) -> Any:
        if number not in self._answers:
            values, rest = [], number
            for ruler, ends in scales:
                rest, low = divmod(rest, ruler.places)
                rest, high = divmod(rest, ruler.places) if ends == 2 else (rest, low)
                values.append(ruler.sample(low, high))
            found = find_cell(self._rows, dict(zip(self._names, values, strict=False)), self._get, _both(values[keys:]))
            self._answers[number] = found
        return self._answers[number]


def _both(days: Sequence[Any]) -> tuple[Any, Any]:
    match days:
        case [PartialDate(earliest, latest)]:
            return earliest, latest
        case [day]:
            return day, day
        case _:
            return None, None


class _Ruler:
    """The edges at which cells of a column begin or cease to fit; a value stands on one of them or between two."""

    def __init__(self, kind: ex.ValueKind, cells: Iterable[Any]) -> None:
        self._kind = kind
        edges = {edge for cell in cells for edge in (cell if isinstance(cell, tuple) else (cell,)) if edge is not None}
        if kind == "str":
            edges = {fold(str(edge)) for edge in edges}
        self._edges = sorted(edges)
        self.places = 2 * len(self._edges) + 1

    def place(self, value: pl.Expr) -> pl.Expr:
        """Return the number of a value's place: even between edges, odd on one."""
        if not value.meta.root_names():
            return pl.lit(pl.select(self._placed(value)).item(), pl.Int64)
        return self._placed(value)

    def _placed(self, value: pl.Expr) -> pl.Expr:
        if not self._edges:
            return pl.when(value.is_not_null()).then(pl.lit(0, pl.Int64))
        if self._kind in ("str", "bool"):
            chain: Any = pl.when(value.is_null()).then(pl.lit(None, pl.Int64))
            for number, edge in enumerate(self._edges):
                chain = chain.when(value == edge).then(2 * number + 1)
            place: pl.Expr = chain.otherwise(0).cast(pl.Int64)
            return place
        edges = pl.Series(self._edges, dtype=pl.Date if self._kind == "date" else pl.Int64)
        left, right = (pl.lit(edges).search_sorted(value, side=side) for side in ("left", "right"))
        return pl.when(value.is_not_null()).then(left.cast(pl.Int64) + right.cast(pl.Int64))

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


def _cell_kind(cells: Iterable[Any]) -> tuple[ex.ValueKind, pl.DataType]:
    match next((cell for cell in cells if cell is not None), None):
        case bool():
            return "bool", pl.Boolean()
        case int():
            return "int", pl.Int64()
        case date():
            return "date", pl.Date()
        case _:
            return "str", pl.String()


@dataclass(frozen=True, slots=True)
class _Place:
    """An area as columns: the codes of its province before and after the reform, district, commune, whether it is stated."""

    before: pl.Expr
    after: pl.Expr
    district: pl.Expr
    commune: pl.Expr
    stated: pl.Expr
    level: int


def _within(reform: date, area: _Place, other: _Place, level: Value, on: Value) -> Value:
    """Tell whether two places are one, as `AreaMap.same` does."""
    reformed = on.low >= reform
    province = pl.when(reformed).then(area.after == other.after).otherwise(area.before == other.before)
    district, commune = area.district == other.district, area.commune == other.commune
    false = pl.lit(value=False)
    below = (
        pl.when(reformed | (commune == false))  # a commune that differs differs, whatever the district
        .then(commune)
        .when(district == false)
        .then(false)
        .when(district)
        .then(commune)
    )
    stated = area.stated & other.stated & level.low.is_not_null() & on.low.is_not_null()
    stated = stated if on.top is None else stated & (on.low == on.top)
    answer = (
        pl.when(stated & ((level.low == "province") | (province == false)))
        .then(province)
        .when(stated & province & (level.low == "district"))
        .then(district)
        .when(stated & province)
        .then(below)
    )
    return Value("bool", answer)
