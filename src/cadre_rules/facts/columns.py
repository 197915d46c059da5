"""Derive facts of a whole table at once: definitions compiled to steps, each a column computed when first asked for.

The meaning is that of `deriving` and `operations`. Elements of a list stand in a table of their own and are gathered to
their subject. What nobody asks for is not derived, and `all`, `some`, `choose` and `coalesce` ask no further than they must.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import numpy as np
import polars as pl

from cadre_rules import expression as ex
from cadre_rules.dossier.fields import FieldInfo, element_fields, fields_of
from cadre_rules.dossier.frames import elements
from cadre_rules.facts.arrays import (
    Array,
    Bits,
    Chosen,
    Column,
    Numbers,
    Table,
    Texts,
    Truths,
    alike,
    differing,
    either,
    exact,
    few_places,
    inherited,
    packed,
    picked,
    placed,
    places,
    read_column,
    some,
    spread,
    taken,
    within,
)
from cadre_rules.facts.arrays import at as at_rows
from cadre_rules.facts.cells import Finder, constant, place_of, reach_of_cells
from cadre_rules.facts.cells import within as same_place
from cadre_rules.facts.columnwise import FARTHEST, one_of, operate, reach_of
from cadre_rules.facts.deriving import Tables, asked_by

LARGEST_COUNT = 10**12
"""Beyond any count of a dossier, and of anything counted of it."""

Path: TypeAlias = tuple[str, ...]


@dataclass(slots=True)
class Step:
    """One column to compute, of subjects or of the elements of a list."""

    number: int
    run: Callable[["Facts"], Any]
    reach: int = LARGEST_COUNT
    """The farthest from zero it can be, if it is a number."""
    uses: int = 0
    """How many others read it: what one reads need not be kept, and memory used again is quicker than memory anew."""


class FactColumns:
    """How facts of one kind of subject are derived in columns: each compiled when first wanted, run on every table."""

    def __init__(self, subject: str, definitions: Mapping[str, ex.Expression], tables: Tables) -> None:
        self._fields, self._definitions, self._tables = fields_of(subject), definitions, tables
        self._steps: dict[tuple[Any, Path | None], Step] = {}
        self._facts: dict[str, Step] = {}

    def of(self, frame: pl.DataFrame, given: Mapping[ex.Expression, Column] | None = None) -> "Facts":
        """Return the facts of a table of subjects; what is counted over the first pass is `given` before it is asked for."""
        return Facts(self, frame, given if given is not None else {})

    def fact(self, name: str) -> Step:
        """Return how to compute a fact."""
        if name not in self._facts:
            self._facts[name] = self.step(ex.Fact(name))
        return self._facts[name]

    def step(self, node: ex.Expression, at: Path | None = None) -> Step:
        """Return how to compute an expression; `at` is the list whose element is at hand."""
        step = self._steps.get((node, at))  # to look up a node takes as long as it is deep
        if step is None:
            step = self._kept((node, at), *self._compiled(node, at))
        step.uses += 1
        return step

    def _kept(self, key: tuple[Any, Path | None], run: Callable[["Facts"], Any], reach: int = LARGEST_COUNT) -> Step:
        step = self._steps[key] = Step(len(self._steps), run, reach)
        return step

    def _compiled(self, node: ex.Expression, at: Path | None) -> tuple[Callable[["Facts"], Any], int]:
        if at is not None and not isinstance(node, ex.Constant) and not _has_item(node):
            whole = self.step(node)
            return lambda facts: inherited(facts.get(whole), facts.table(at)), whole.reach
        match node:
            case ex.Constant(value):
                reach = abs(value) if type(value) is int else LARGEST_COUNT
                return lambda facts: constant(value, facts.table(at)), reach
            case ex.Field(path):
                return self._leaf(path, self._fields[path], None), LARGEST_COUNT
            case ex.Item(path):
                assert at is not None
                element = self._fields[at].element
                assert element is not None
                return self._leaf(path, element_fields(element)[path], at), LARGEST_COUNT
            case ex.Fact(name):
                step = self.step(self._definitions[name])
                return lambda facts: facts.get(step), step.reach
            case ex.Call():
                return self._called(node, at)
            case ex.Each():
                return _Gathering(self, node).run, FARTHEST // 4 if node.gather == "sum" else self._picked_reach(node)
            case ex.Lookup():
                return self._looked_up(node, at)
            case ex.Within(area, other, level, on):
                one, another = self._place(area, at), self._place(other, at)
                return self._within(at, one, another, self.step(level, at), self.step(on, at)), 0
            case ex.Outcomes() | ex.Exceptions():
                return lambda facts: facts.given[node], LARGEST_COUNT
            case _:
                raise AssertionError(f"{node} was not resolved")

    def _picked_reach(self, node: ex.Each) -> int:
        return self.step(node.pick, node.path).reach if node.pick is not None else LARGEST_COUNT

    @staticmethod
    def _leaf(path: Path, info: FieldInfo, at: Path | None) -> Callable[["Facts"], Column | None]:
        return lambda facts: read_column(facts.stated(path, at), facts.table(at), coded=info.codes is not None)

    def _called(self, node: ex.Call, at: Path | None) -> tuple[Callable[["Facts"], Any], int]:
        operation, arguments = node.operation, node.arguments
        names = _names_of(arguments[-1]) if operation in ("one_of", "equal") else None
        if names is not None:
            text = self.step(arguments[0], at)
            return lambda facts: None if (column := facts.get(text)) is None else one_of(column, names), 0
        steps = [self.step(argument, at) for argument in arguments]
        reach = reach_of(operation, [step.reach for step in steps])
        bounded = min(reach, FARTHEST)
        match operation:
            case "all":
                return lambda facts: _all(facts, steps, facts.table(at)), 0
            case "some":
                return lambda facts: _some(facts, steps, facts.table(at)), 0
            case "coalesce":
                return lambda facts: _coalesce(facts, steps, facts.table(at)), bounded
            case "choose":
                return lambda facts: _choose(facts, steps, facts.table(at)), bounded
            case "stated":
                return lambda facts: _stated(facts.get(steps[0]), facts.table(at)), 0
            case _:
                return lambda facts: operate(operation, facts.table(at), _asked(facts, steps), reach), bounded

    def _looked_up(self, node: ex.Lookup, at: Path | None) -> tuple[Callable[["Facts"], Any], int]:
        rows = self._tables.rows[node.table]
        steps = [self.step(part, at) for part in ex.children(node)]
        finder = Finder(rows, asked_by(node), node.get)

        def run(facts: "Facts") -> Column | None:
            columns = _asked(facts, steps)
            return None if any(column is None for column in columns) else finder.found(facts.table(at), columns)

        return run, reach_of_cells(rows, node.get)

    def _place(self, node: ex.Expression, at: Path | None) -> Step:
        """Return how to compute a place by which places compare."""
        if at is not None and not _has_item(node):
            whole = self._place(node, None)
            return self._also(("place", node), at, lambda facts: _taken_place(facts.get(whole), facts.table(at)))
        area, codes = self.step(node, at), self._tables.areas

        def run(facts: "Facts") -> Any:
            column = facts.get(area)
            return None if column is None else place_of(column, codes, facts.table(at), facts.names)

        return self._also(("place", node), at, run)

    def _also(self, key: Any, at: Path | None, run: Callable[["Facts"], Any]) -> Step:
        step = self._steps.get((key, at)) or self._kept((key, at), run)
        step.uses += 1
        return step

    def _within(self, at: Path | None, *steps: Step) -> Callable[["Facts"], Any]:
        reform = self._tables.areas.reform

        def run(facts: "Facts") -> Column | None:
            found: Any = tuple(facts.get(step) for step in steps)
            return None if any(one is None for one in found) else same_place(reform, found, facts.table(at))

        return run


class Facts:
    """The facts of one table of subjects, each derived when first asked for."""

    def __init__(self, compiled: FactColumns, frame: pl.DataFrame, given: Mapping[ex.Expression, Column]) -> None:
        self._compiled, self._frame, self.given = compiled, frame, given
        self.names: dict[str, int] = {}
        """The number of each name of a place."""
        self._known: dict[int, Any] = {}
        self._tables: dict[Path | None, Table] = {None: Table(frame.height)}
        self._lists: dict[Path, tuple[pl.Series, Array, Bits]] = {}
        self._stated: dict[tuple[Path | None, Path], pl.Series] = {}
        self._structs: dict[tuple[Path | None, Path], pl.DataFrame] = {}

    def of(self, name: str) -> Column | None:
        """Return a fact, some rows of which may be less than exact; None if it is nowhere stated."""
        column: Column | None = self.get(self._compiled.fact(name))
        return column

    def exact(self, name: str) -> Column | None:
        """Return a fact as rules see it: exact, or not stated."""
        column = self.of(name)
        return exact(column) if isinstance(column, Numbers) else column

    def get(self, step: Step) -> Any:
        """Return the column of a step."""
        try:
            return self._known[step.number]
        except KeyError:
            column = step.run(self)
            column = column if column is not None and some(column.stated) else None
            if step.uses > 1:
                self._known[step.number] = column
            return column

    def table(self, at: Path | None) -> Table:
        """Return the table of the subjects, or of the elements of a list."""
        if at not in self._tables:
            assert at is not None
            inner, sizes, _ = self.listed(at)
            self._tables[at] = Table(len(inner), sizes)
        return self._tables[at]

    def listed(self, path: Path) -> tuple[pl.Series, Array, Bits]:
        """Return the elements of a list, how many each subject has, and of whom the list is stated."""
        if path not in self._lists:
            lists, subjects = self.stated(path, None), self.table(None)
            lengths = read_column(lists.list.len(), subjects)
            sizes, stated = np.zeros(subjects.height, np.int64), subjects.none
            if isinstance(lengths, Numbers):
                stated = lengths.stated
                sizes = lengths.low if stated is subjects.all else lengths.low * spread(stated, subjects.height)
            self._lists[path] = elements(lists, int(sizes.sum())), sizes, stated
        return self._lists[path]

    def stated(self, path: Path, at: Path | None) -> pl.Series:
        """Return what the dossiers, or the elements of a list, state at a path."""
        if (at, path) not in self._stated:
            if not path:
                self._stated[at, path] = self.listed(at)[0] if at is not None else self._frame.to_struct()
            else:
                outer = self._frame if at is None and len(path) == 1 else self._parts(path[:-1], at)
                self._stated[at, path] = outer.get_column(path[-1])
        return self._stated[at, path]

    def _parts(self, path: Path, at: Path | None) -> pl.DataFrame:
        if (at, path) not in self._structs:
            self._structs[at, path] = self.stated(path, at).struct.unnest()
        return self._structs[at, path]


# What need not know everything it is asked of


def _asked(facts: Facts, steps: Sequence[Step]) -> list[Any]:
    """Return the columns of steps, up to the first of which nothing is stated."""
    found = []
    for step in steps:
        found.append(facts.get(step))
        if found[-1] is None:
            break
    return found


def _all(facts: Facts, steps: Sequence[Step], table: Table) -> Truths:
    yes, open_ = table.all, table.all  # open: not known to fail
    for step in steps:
        column = facts.get(step)
        if column is None:
            yes = table.none
        else:
            yes, open_ = yes & column.yes, open_ & ~column.no
            if not some(open_):
                break
    return Truths(yes, table.all ^ open_)


def _some(facts: Facts, steps: Sequence[Step], table: Table) -> Truths:
    no, open_ = table.all, table.all  # open: not known to hold
    for step in steps:
        column = facts.get(step)
        if column is None:
            no = table.none
        else:
            no, open_ = no & column.no, open_ & ~column.yes
            if not some(open_):
                break
    return Truths(table.all ^ open_, no)


def _coalesce(facts: Facts, steps: Sequence[Step], table: Table) -> Column | None:
    found = facts.get(steps[0])
    for step in steps[1:]:
        stated = table.none if found is None else found.stated
        if not some(table.all ^ stated):
            break
        found = either(stated, found, facts.get(step), table)
    return found  # type: ignore[no-any-return]


def _choose(facts: Facts, steps: Sequence[Step], table: Table) -> Column | None:
    test = facts.get(steps[0])
    yes, no = (table.none, table.none) if test is None else (test.yes, test.no)
    one = facts.get(steps[1]) if some(table.all ^ no) else None
    other = facts.get(steps[2]) if some(table.all ^ yes) else None
    unsettled = table.all ^ (yes | no)
    settled = yes | no | (unsettled & alike(one, other, table)) if some(unsettled) else table.all
    return within(either(yes, one, other, table), settled)


def _stated(column: Any, table: Table) -> Truths:
    stated = table.none if column is None else column.stated
    return Truths(stated, table.all ^ stated)


def _names_of(node: ex.Expression) -> tuple[str, ...] | None:
    """Return the texts of a constant."""
    match node:
        case ex.Constant(str(text)):
            return (text,)
        case ex.Constant(tuple(texts)):
            return tuple(map(str, texts))
        case _:
            return None


@cache
def _has_item(node: ex.Expression) -> bool:
    """Tell whether a node depends on the element at hand; a list of its own hides its elements."""
    return isinstance(node, ex.Item) or (not isinstance(node, ex.Each) and any(map(_has_item, ex.children(node))))


def _taken_place(place: Any, table: Table) -> Any:
    if place is None:
        return None
    parts = [inherited(part, table) for part in (place.before, place.after, place.district, place.commune)]
    return type(place)(table.inherited(place.stated), *parts)


# Gathering elements


class _Gathering:
    """How the elements of a list are gathered to their subject."""

    def __init__(self, compiled: FactColumns, node: ex.Each) -> None:
        self._node, self._at = node, node.path
        self._where = compiled.step(node.where, self._at) if node.where is not None else None
        if node.gather not in ("any", "count"):
            self._pick = compiled.step(node.pick or ex.Item(()), self._at)
            self._by = compiled.step(node.by, self._at) if node.by is not None else self._pick

    def run(self, facts: Facts) -> Column | None:
        """Return what is gathered; what an empty list gives, and nothing of a list that is not stated."""
        _, sizes, stated = facts.listed(self._at)
        subjects, elements = facts.table(None), facts.table(self._at)
        stated = subjects.all if self._node.silence_means_none else stated
        if not some(stated):
            return None
        if self._node.gather not in ("any", "count"):
            return self._gathered(facts, stated, subjects, elements)
        if self._where is None:
            filled = subjects.bits(sizes > 0)
            return Numbers(sizes, stated) if self._node.gather == "count" else Truths(filled & stated, stated & ~filled)
        where = facts.get(self._where)
        wanted, unsure = _sides(where, elements)
        if self._node.gather == "any":
            yes = _any(wanted, elements, subjects)
            no = stated & ~yes
            return Truths(yes & stated, no & ~_any(unsure, elements, subjects) if some(unsure) else no)
        low = _count(wanted, elements, subjects)
        return Numbers(low, stated, low + _count(unsure, elements, subjects) if some(unsure) else None)

    def _gathered(self, facts: Facts, stated: Bits, subjects: Table, elements: Table) -> Column | None:
        wanted, unsure = (elements.all, elements.none) if self._where is None else _sides(facts.get(self._where), elements)
        pick, by = (None, None) if not some(wanted) else (facts.get(self._pick), facts.get(self._by))
        known = elements.none if pick is None or by is None else pick.stated & by.stated
        unclear = _any(unsure | (wanted & ~known), elements, subjects)
        chosen, settled = elements.chosen(wanted & known), stated & ~unclear
        match self._node.gather:
            case "sum":
                return _total(pick, chosen, settled, subjects)
            case "min" | "max":
                fold_ = np.minimum if self._node.gather == "min" else np.maximum
                return None if pick is None or not len(chosen.kept) else _extreme(fold_, pick, chosen, settled, subjects)
            case "latest" | "earliest":
                if pick is None or by is None or not len(chosen.kept):
                    return None
                return _outermost(self._node.gather, pick, by, chosen, settled, (subjects, elements))
            case "distinct" | "most":
                if isinstance(pick, Numbers) and pick.top is not None:
                    vague = elements.bits(pick.low != pick.top) & wanted
                    settled = settled & ~_any(vague, elements, subjects)
                names = _names(pick, chosen.kept) if pick is not None else chosen.kept[:0]
                return Numbers(_COUNTS[self._node.gather](names, chosen.rows[: len(names)], subjects), settled)
            case _:
                raise AssertionError(self._node.gather)


def _sides(where: Truths | None, elements: Table) -> tuple[Bits, Bits]:
    """Return which elements are wanted, and of which it is not known."""
    return (elements.none, elements.all) if where is None else (where.yes, elements.all ^ where.stated)


_FEW_ELEMENTS = 4
"""Subjects there are for each element, beyond which elements are looked at one by one."""


def _any(bits: Bits, elements: Table, subjects: Table) -> Bits:
    """Return the subjects one of whose elements has its bit set."""
    few = places(bits) if elements.height * _FEW_ELEMENTS < subjects.height else few_places(bits)
    if few is not None:
        return placed(elements.rows[few], subjects.height) if len(few) else subjects.none
    return packed(elements.counts(bits) > 0)


def _count(bits: Bits, elements: Table, subjects: Table) -> Array:
    if elements.height * _FEW_ELEMENTS < subjects.height:
        return np.bincount(elements.rows[places(bits)], minlength=subjects.height)
    return elements.counts(bits).astype(np.int64)


def _reduced(fold_: Any, ends: Array, chosen: Chosen, subjects: Table) -> Array:
    """Return, for each subject, its elements' numbers put together; 0 for one without."""
    found = np.zeros(subjects.height, ends.dtype)
    numbers = chosen.values(ends)
    found[chosen.subjects] = numbers if chosen.starts is None else fold_.reduceat(numbers, chosen.starts)
    return found


def _total(pick: Numbers | None, chosen: Chosen, stated: Bits, subjects: Table) -> Numbers:
    if pick is None or not len(chosen.kept):
        return Numbers(np.asarray(0, np.int64), stated)

    def added(ends: Array) -> Array:
        numbers = chosen.values(ends)
        largest = max(abs(int(numbers.max())), abs(int(numbers.min())))
        if largest * len(numbers) < 2**62:
            return _reduced(np.add, ends, chosen, subjects)
        return np.clip(_reduced(np.add, ends.astype(object), chosen, subjects), -FARTHEST, FARTHEST).astype(np.int64)

    return Numbers(added(pick.low), stated, None if pick.top is None else added(pick.top))


def _extreme(fold_: Any, pick: Numbers, chosen: Chosen, stated: Bits, subjects: Table) -> Numbers:
    low, top = (None if end is None else _reduced(fold_, end, chosen, subjects) for end in (pick.low, pick.top))
    assert low is not None
    return Numbers(low, stated & placed(chosen.subjects, subjects.height), top, pick.days)


def _outermost(
    gather: str, pick: Column, by: Numbers, chosen: Chosen, stated: Bits, tables: tuple[Table, Table]
) -> Column | None:
    """Pick from the last (first) element; where several may be it, only what they agree on."""
    (subjects, elements), apart = tables, chosen.rows[:0]
    if chosen.starts is not None:
        low, high = map(chosen.values, (by.low, by.high))
        sizes = np.diff(np.append(chosen.starts, len(chosen.rows)))
        if gather == "latest":
            among = high >= np.repeat(np.maximum.reduceat(low, chosen.starts), sizes)
        else:
            among = low <= np.repeat(np.minimum.reduceat(high, chosen.starts), sizes)
        chosen = Chosen.of(chosen.kept[among], elements)
        pairs = np.flatnonzero(chosen.rows[1:] == chosen.rows[:-1])
        apart = chosen.rows[pairs[differing(pick, chosen.kept, pairs)]]
    first = np.zeros(subjects.height, np.int64)
    first[chosen.subjects] = chosen.kept if chosen.starts is None else chosen.kept[chosen.starts]
    agreed = placed(chosen.subjects, subjects.height) & ~placed(apart, subjects.height)
    return within(taken(pick, first), stated & agreed)


def _names(pick: Column, kept: Array) -> Array:
    """Return a number for each value, the same for what counts as the same."""
    match pick:
        case Truths(yes, _):
            return at_rows(yes, kept)
        case Numbers(low):
            return np.broadcast_to(low, len(kept)) if np.ndim(low) == 0 else picked(low, kept)
        case Texts():
            return picked(pick.names, kept) if not pick.is_one else np.zeros(len(kept), np.int64)
        case _:
            raise AssertionError("areas are not counted")


_FEW_NAMES = 64
"""Names of which each subject has a place: to put all in order takes several times as long."""


def _ordered(names: Array, rows: Array) -> tuple[Array, Array]:
    """Return the subjects of elements put in order of subject and value, and where another value or subject begins."""
    order = np.lexsort((names, rows))
    names, rows = names[order], rows[order]
    apart = (names[1:] != names[:-1]) | (rows[1:] != rows[:-1])
    return rows, np.flatnonzero(np.concatenate([np.ones(min(len(rows), 1), np.bool_), apart]))


def _distinct(names: Array, rows: Array, subjects: Table) -> Array:
    low, high = (names.min(), names.max()) if len(names) else (0, 0)
    many = int(high) - int(low) + 1
    if many <= _FEW_NAMES:
        there = np.zeros(subjects.height * many, np.bool_)
        there[rows * many + names - low] = True
        found: Array = np.count_nonzero(there.reshape(-1, many), axis=1)
        return found
    rows, begins = _ordered(names, rows)
    return np.bincount(rows[begins], minlength=subjects.height).astype(np.int64, copy=False)


def _most(names: Array, rows: Array, subjects: Table) -> Array:
    rows, begins = _ordered(names, rows)
    found = np.zeros(subjects.height, np.int64)
    np.maximum.at(found, rows[begins], np.diff(np.append(begins, len(rows))))
    return found


_COUNTS: Mapping[str, Callable[[Array, Array, Table], Array]] = {"distinct": _distinct, "most": _most}
