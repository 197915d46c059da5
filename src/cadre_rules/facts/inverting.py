"""What would have to be stated for a fact to come out otherwise: definitions run backwards.

Only over what an office can change. What is found here is a guess: it is judged again before anybody is told.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, reduce
from itertools import combinations
from math import prod
from typing import Any, Literal, cast

from cadre_rules import expression as ex
from cadre_rules.dossier.demands import STATED, Bounds, Demand, Demands, Other, exactly, fits, meet, met
from cadre_rules.dossier.fields import FieldInfo, element_fields, fields_of
from cadre_rules.dossier.people import reached
from cadre_rules.dossier.values import Span, bounds
from cadre_rules.facts.deriving import Deriver, Scope
from cadre_rules.facts.operations import STRICT
from cadre_rules.formula import Clause, FactTest

MAX_PLANS = 16
"""Ways followed up for one part of a definition, the smallest first."""
MAX_ROWS = 60
"""Rows of one list that a plan may touch."""
MAX_STATES = 20_000
"""Needs of several groups times kinds of seats that are searched through."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row put into a list (`more`), a seat in it given to somebody else (`seats`), or a row that goes (`fewer`)."""

    path: str
    how: Literal["more", "seats", "fewer"]
    who: Demands


@dataclass(frozen=True, slots=True)
class Plan:
    """What has to be stated otherwise: fields, and rows of lists."""

    sets: Demands = ()
    rows: tuple[Row, ...] = ()

    @property
    def size(self) -> int:
        """Return how many things it changes."""
        return len(self.sets) + len(self.rows)


def demands_of(test: FactTest) -> list[Demand]:
    """Return what a fact may be demanded to be so that it passes a test."""
    match test.relation:
        case "stated":
            return [STATED]
        case "in":
            return [exactly(value) for value in test.constants]
        case "not in":
            return _apart(test.constants)
        case relation:
            return [_RELATED[relation](test.constants[0])]


def joined(one: Plan, other: Plan) -> Plan | None:
    """Return the plan that is both; a row that can serve both is changed once."""
    sets = met(one.sets, other.sets)
    rows, free = list(one.rows), list(range(len(one.rows)))
    for row in other.rows:
        for position in free:
            mine = rows[position]
            who = met(mine.who, row.who) if (mine.path, mine.how) == (row.path, row.how) else None
            if who is not None and (row.how != "fewer" or mine.who == row.who):
                rows[position] = Row(row.path, row.how, who)
                free.remove(position)
                break
        else:
            rows.append(row)
    return None if sets is None or len(rows) > MAX_ROWS else Plan(sets, tuple(rows))


def together(options: Iterable[Sequence[Plan]]) -> list[Plan]:
    """Return the smallest plans that take one of each group of options."""
    return reduce(
        lambda plans, more: _smallest(p for a in plans for b in more if (p := joined(a, b)) is not None), options, [Plan()]
    )


def fewest_seats(path: str, needs: Mapping[Demands, int], rows: Sequence[Any]) -> Iterator[Plan]:
    """Yield plans that give the fewest seats to others so that each group has as many more as it needs.

    First as many as the group that needs most, if one person can be of every group; then by trying which seats, by the
    groups their holders are outside of, go to somebody of which groups at once.
    """
    layered: Plan | None = Plan()
    for who, number in needs.items():
        layered = layered and joined(layered, Plan(rows=(Row(path, "seats", who),) * number))
    if layered is not None:
        yield layered
    groups = list(needs)
    outside = Counter(frozenset(n for n, who in enumerate(groups) if not _of(row, who)) for row in rows)
    options = [(lacking, kind) for lacking in outside for kind in _kinds(lacking, groups)]
    if prod(number + 1 for number in needs.values()) * len(options) > MAX_STATES:
        return

    @cache
    def fewest(position: int, left: tuple[int, ...], seats: int) -> tuple[int, ...] | None:
        if not any(left):
            return ()
        if position == len(options):
            return None
        lacking, kind = options[position]
        if position == 0 or options[position - 1][0] != lacking:
            seats = outside[lacking]
        found = None
        for number in range(min(seats, max(left[group] for group in kind)) + 1):
            rest = tuple(max(0, need - number) if group in kind else need for group, need in enumerate(left))
            more = fewest(position + 1, rest, seats - number)
            if more is not None and (found is None or number + sum(more) < sum(found)):
                found = (number, *more)
        return found

    found = fewest(0, tuple(needs.values()), 0)
    if found is not None:
        taken = [(set(kind), lacking) for number, (lacking, kind) in zip(found, options, strict=False) for _ in range(number)]
        for group, need in enumerate(needs.values()):
            for kind, _ in [one for one in taken if group in one[0]][need:]:
                kind.discard(group)
        ordered = sorted(taken, key=lambda one: (len(one[0]), len(one[1])), reverse=True)
        yield Plan(rows=tuple(Row(path, "seats", _all_of(kind, groups) or ()) for kind, _ in ordered))


def _kinds(lacking: frozenset[int], groups: Sequence[Demands]) -> list[frozenset[int]]:
    """Return the largest sets of groups somebody can be of at once, among those the holder of a seat is outside of."""
    found: list[frozenset[int]] = []
    for size in range(len(lacking), 0, -1):
        for kind in map(frozenset, combinations(sorted(lacking), size)):
            if not any(kind <= other for other in found) and _all_of(kind, groups) is not None:
                found.append(kind)
    return found


def _all_of(kind: Iterable[int], groups: Sequence[Demands]) -> Demands | None:
    return reduce(lambda one, group: one if one is None else met(one, groups[group]), sorted(kind), cast("Demands | None", ()))


def _of(row: Any, who: Demands) -> bool:
    return all(fits(getattr(row, name), demand) for name, demand in who)


def _smallest(plans: Iterable[Plan]) -> list[Plan]:
    return sorted(dict.fromkeys(plans), key=lambda plan: plan.size)[:MAX_PLANS]


class _Blank:
    """A row of which nothing is stated yet."""

    def __getattr__(self, name: str) -> None:
        return None


@dataclass(frozen=True, slots=True)
class _At:
    """The row a definition looks at: one of a list, or one that could be put there."""

    place: str
    fields: dict[tuple[str, ...], FieldInfo]
    listed: FieldInfo
    item: Any
    new: bool = False


class Inverter:
    """Finds what an office would have to change in one subject for its facts to come out as demanded."""

    def __init__(
        self,
        kind: str,
        deriver: Deriver,
        scope: Scope,
        today: date,
        *,
        taken: bool,
        counted: Callable[[ex.Outcomes | ex.Exceptions, Demand], list[Plan]],
    ) -> None:
        self._fields, self._deriver, self._today, self._taken = fields_of(kind), deriver, today, taken
        self._scope = scope
        self._counted = counted

    def ways(self, node: ex.Expression, demand: Demand, at: _At | None = None) -> list[Plan]:
        """Return plans after which the node should be as demanded, the smallest first; the empty one where it already is."""
        if fits(self._value(node, at), demand):
            return [Plan()]
        return _smallest(self._ways(node, demand, at))

    def any_will_do(self, plan: Plan, clause: Clause) -> bool:
        """Tell whether it does not matter which rows go, where the plan does not say which."""
        going = {row.path for row in plan.rows if row.how == "fewer" and not row.who}
        nodes = [ex.Fact(test.fact) for test in clause] if going else []
        while nodes:
            for node in ex.walk(self._deriver.definitions[nodes.pop().name]):
                if isinstance(node, ex.Each) and ".".join(node.path) in going and node.where is not None:
                    return False
                nodes += [node] if isinstance(node, ex.Fact) else []
        return True

    def _value(self, node: ex.Expression, at: _At | None) -> Any:
        self._scope.item = at.item if at is not None else None
        value, self._scope.item = self._scope.value(node), None
        return value

    def _ways(self, node: ex.Expression, demand: Demand, at: _At | None) -> Iterable[Plan]:
        match node:
            case ex.Fact(name):
                return self.ways(self._deriver.definitions[name], demand)
            case ex.Field(path) if path in self._fields:
                info = self._fields[path]
                return self._set(".".join(path), info, demand, self._left_open(info, self._value(node, at)))
            case ex.Item(path) if at is not None and path in at.fields:
                info = at.fields[path]
                value = self._value(node, at)
                allowed = (
                    self._row_open(at.listed, info) if at.new else self._left_open(info, value) if at.listed.office else None
                )
                return self._set(".".join((at.place, *path)), info, demand, allowed)
            case ex.Call():
                return self._call(node, demand, at)
            case ex.Each():
                return self._each(node, demand)
            case ex.Lookup():
                return self._lookup(node, demand, at)
            case ex.Within() if demand is False:
                return self._elsewhere(node, at)
            case ex.Outcomes() | ex.Exceptions():
                return self._counted(node, demand)
            case _:
                return ()

    def _left_open(self, info: FieldInfo, value: Any) -> Demand | None:
        """Return what an office can still make of a field, if anything."""
        if info.office == "paper":
            return STATED if value is None else None
        if info.office not in ("state", "post", "date", "composition") or self._taken:
            return None
        if info.office != "date":
            return STATED
        return Bounds(self._today) if value is None or bounds(value)[0] > self._today else None

    def _row_open(self, listed: FieldInfo, info: FieldInfo) -> Demand:
        """Return what a field of a new row may be: what is still to be done is not done in the past."""
        return Bounds(self._today) if listed.office == "state" and info.kind == "date" else STATED

    @staticmethod
    def _set(place: str, info: FieldInfo, demand: Demand, allowed: Demand | None) -> Iterator[Plan]:
        if demand == STATED and info.kind != "str":
            demand = True if info.kind == "bool" else Bounds()
        if allowed is not None and info.kind in ("bool", "int", "str", "date") and (both := meet(allowed, demand)) is not None:
            yield Plan(((place, both),))

    def _call(self, node: ex.Call, demand: Demand, at: _At | None) -> Iterable[Plan]:
        operation, arguments = node.operation, node.arguments
        first, *rest = arguments
        match operation, demand:
            case ("all", True) | ("some", False):
                return together(self.ways(argument, demand, at) for argument in arguments)
            case "all" | "some", bool():
                return [plan for argument in arguments for plan in self.ways(argument, demand, at)]
            case "not", bool():
                return self.ways(first, not demand, at)
            case "stated", True:
                return self.ways(first, STATED, at)
            case "coalesce", _:
                return self._coalesce(arguments, demand, at)
            case "choose", _:
                branches = ((True, arguments[1]), (False, arguments[2]))
                return [p for way, then in branches for p in together([self.ways(first, way, at), self.ways(then, demand, at)])]
            case "one_of", bool() if isinstance(rest[0], ex.Constant) and isinstance(rest[0].value, tuple):
                texts = [str(text) for text in rest[0].value]
                return [p for d in (texts if demand else [Other(frozenset(texts))]) for p in self.ways(first, d, at)]
            case "equal" | "less" | "at_most", bool():
                return self._compared(node, at, holds=demand)
            case _ if operation in STRICT and demand == STATED:
                return together(self.ways(argument, STATED, at) for argument in arguments)
            case _ if operation in STRICT and isinstance(demand, Bounds):
                return self._computed(node, demand, at)
            case _:
                return ()

    def _coalesce(self, arguments: Iterable[ex.Expression], demand: Demand, at: _At | None) -> Iterator[Plan]:
        for argument in arguments:
            yield from self.ways(argument, demand, at)
            if self._value(argument, at) is not None:
                return

    def _compared(self, node: ex.Call, at: _At | None, *, holds: bool) -> Iterator[Plan]:
        """Change one side of a comparison, the other being as it is."""
        first, second = node.arguments
        one, other = self._value(first, at), self._value(second, at)
        for side, against, mirrored in ((first, other, False), (second, one, True)):
            if against is not None:
                for wanted in _against(node.operation, against, holds=holds, mirrored=mirrored):
                    yield from self.ways(side, wanted, at)

    def _computed(self, node: ex.Call, demand: Bounds, at: _At | None) -> Iterator[Plan]:
        """Change one argument of an operation that rises or falls with it; the operation itself says how far."""
        operation, arguments = node.operation, node.arguments
        values = [self._value(argument, at) for argument in arguments]
        for position, argument in enumerate(arguments):
            others = [*values[:position], *values[position + 1 :]]
            if isinstance(argument, ex.Constant) or None in others:
                continue
            days = _takes_day(operation, position, demand)

            def compute(step: int, position: int = position, *, days: bool = days) -> Any:
                changed = [*values[:position], date.fromordinal(step) if days else step, *values[position + 1 :]]
                return STRICT[operation](*changed)

            wanted = _solved(compute, _DAYS if days else _NUMBERS, demand)
            if wanted is not None:
                ends = [date.fromordinal(end) if days and end is not None else end for end in (wanted.low, wanted.high)]
                yield from self.ways(argument, Bounds(*ends), at)

    def _each(self, node: ex.Each, demand: Demand) -> Iterator[Plan]:
        listed = self._fields.get(node.path)
        if listed is None or listed.element is None or isinstance(listed.element, str):
            return
        fields, place = element_fields(listed.element), ".".join(node.path)
        elements = reached(self._scope.root, node.path) or ()
        rows = [_At(f"{place}[{number}]", fields, listed, item) for number, item in enumerate(elements)]
        counts = {id(at): node.where is None or self._value(node.where, at) for at in rows}
        inside, unsure = [at for at in rows if counts[id(at)] is not False], [at for at in rows if counts[id(at)] is not True]
        blank = _At("+", fields, listed, _Blank(), new=True)
        match node.gather, demand:
            case "any", True:
                yield from self._gained(node, 1, unsure, blank, place)
            case "any", False:
                yield from self._lost(node, len(inside), inside, blank, place)
            case "count", Bounds(low, high):
                sure = len(rows) - len(unsure)
                if low is not None and sure < low:
                    yield from self._gained(node, low - sure, unsure, blank, place)
                elif high is not None and len(inside) > high:
                    yield from self._lost(node, len(inside) - high, inside, blank, place)
            case "sum", Bounds():
                total = self._value(node, None)
                for at in inside if node.pick is not None and isinstance(total, int) else ():
                    yield from self._shifted(node, demand, total, at)
            case (("max" | "min" | "latest" | "earliest"), _) if node.pick is not None:
                yield from self._picked(node, demand, inside, blank, place)

    def _gained(self, node: ex.Each, number: int, outside: Sequence[_At], blank: _At, place: str) -> Iterator[Plan]:
        """Put rows into a list, give seats in it to others, or make rows count that do not."""
        for plan in self.ways(node.where, True, blank) if node.where is not None else [Plan()]:
            yield from self._rows(plan, number, blank, place)
        options = [self.ways(node.where, True, at) for at in outside] if node.where is not None else []
        options = sorted((plans for plans in options if plans), key=lambda plans: plans[0].size)
        if number == 1:
            yield from (plan for plans in options for plan in plans)
        elif len(options) >= number:
            yield from together(options[:number])

    def _rows(self, plan: Plan, number: int, blank: _At, place: str) -> Iterator[Plan]:
        """Turn what is demanded of a new row into rows, where the list takes new ones."""
        who, rest = _parted(plan)
        if number > MAX_ROWS:
            return
        if blank.listed.office == "composition":
            yield Plan(rest, plan.rows + (Row(place, "seats", who),) * number)
        if blank.listed.office in ("composition", "paper") or (blank.listed.office == "state" and not self._taken):
            yield Plan(rest, plan.rows + (Row(place, "more", who),) * number)

    def _lost(self, node: ex.Each, number: int, inside: Sequence[_At], blank: _At, place: str) -> Iterator[Plan]:
        """Make rows no longer count, or let them go."""
        if number > MAX_ROWS:
            return
        if node.where is not None:
            options = [plans for at in inside if (plans := self.ways(node.where, False, at))]
            if len(options) >= number:
                yield from together(options[:number])
        if blank.listed.office == "composition":
            for plan in self.ways(node.where, True, blank)[:1] if node.where is not None else [Plan()]:
                yield Plan(rows=(Row(place, "fewer", _parted(plan)[0]),) * number)

    def _shifted(self, node: ex.Each, demand: Bounds, total: int, at: _At) -> Iterable[Plan]:
        assert node.pick is not None
        rest = total - (self._value(node.pick, at) or 0)
        low, high = (None if end is None else end - rest for end in (demand.low, demand.high))
        return self.ways(node.pick, Bounds(low, high), at) if high is None or high >= 0 else ()

    def _picked(self, node: ex.Each, demand: Demand, inside: Sequence[_At], blank: _At, place: str) -> Iterator[Plan]:
        """Change what is picked from the rows, or put a row there that is picked from."""
        assert node.pick is not None
        where = node.where if node.where is not None else ex.Constant(value=True)
        new = [self.ways(where, True, blank), self.ways(node.pick, demand, blank)]
        if node.by is not None and node.by != node.pick:
            ends = [bounds(value) for at in inside if (value := self._value(node.by, at)) is not None]
            beyond = Bounds(max(high for _, high in ends)) if node.gather == "latest" and ends else STATED
            beyond = Bounds(None, min(low for low, _ in ends)) if node.gather == "earliest" and ends else beyond
            new.append(self.ways(node.by, beyond, blank))
        for plan in together(new):
            yield from self._rows(plan, 1, blank, place)
        wrong = [at for at in inside if not fits(self._value(node.pick, at), demand)]
        mends = [[*self.ways(node.pick, demand, at), *self.ways(where, False, at)] for at in wrong]
        yield from (plan for plans in mends for plan in plans)
        yield from together(mends)

    def _elsewhere(self, node: ex.Within, at: _At | None) -> Iterator[Plan]:
        """Put a place that can be chosen into another district or commune."""
        level = self._value(node.level, at)
        for side in [side for side in (node.area, node.other) if isinstance(side, ex.Field)]:
            area = self._value(side, at)
            named = getattr(area, level, None) if level in ("district", "commune") else None
            if named is not None and self._left_open(self._fields[side.path], area) == STATED:
                yield Plan(((".".join((*side.path, level)), Other(frozenset([named]))),))

    def _lookup(self, node: ex.Lookup, demand: Demand, at: _At | None) -> Iterator[Plan]:
        """Change one key so that a row answers whose cell is as demanded."""
        for row in self._deriver.tables.rows[node.table]:
            if fits(row[node.get], demand):
                for name, key in node.keys:
                    cell = row[name]
                    yield from self.ways(key, Bounds(*cell) if isinstance(cell, tuple) else exactly(cell), at)


def _parted(plan: Plan) -> tuple[Demands, Demands]:
    """Return what a plan demands of a new row, and what of other fields."""
    who = tuple((name.removeprefix("+."), demand) for name, demand in plan.sets if name.startswith("+."))
    return who, tuple(pair for pair in plan.sets if not pair[0].startswith("+."))


_DAYS = range(date(1900, 1, 1).toordinal(), date(2200, 1, 1).toordinal())
_NUMBERS = range(-1_000_000, 1_000_001)
_TWO_DAYS = ("years_between", "months_between", "days_between", "working_days_between")
_OF_A_DAY = ("add_months", "add_days", "month_end", "year_of", "month_index", "earliest", "latest_day")


def _takes_day(operation: str, position: int, demand: Bounds) -> bool:
    if operation in ("least", "greatest"):
        return isinstance(demand.low, date) or isinstance(demand.high, date)
    return operation in _TWO_DAYS or (operation in _OF_A_DAY and position == 0)


def _solved(compute: Callable[[int], Any], domain: range, demand: Bounds) -> Bounds | None:
    """Return from where to where a function that only rises, or only falls, is within bounds."""
    while domain and compute(domain[0]) is None:
        domain = range(1, domain[-1] + 1) if domain[0] < 0 else range(0)
    if not domain or compute(domain[-1]) is None:
        return None
    falls = bounds(compute(domain[0]))[0] > bounds(compute(domain[-1]))[0]
    steps = domain[::-1] if falls else domain
    first = 0 if demand.low is None else bisect_left(steps, True, key=lambda step: bounds(compute(step))[0] >= demand.low)
    last = (
        len(steps) if demand.high is None else bisect_left(steps, True, key=lambda step: bounds(compute(step))[1] > demand.high)
    )
    if first >= last:
        return None
    ends = [None if first == 0 else steps[first], None if last == len(steps) else steps[last - 1]]
    return Bounds(*(ends[::-1] if falls else ends))


def _next(value: Any, step: int) -> Any:
    """Return the number or day after or before; at the calendar's end, that end."""
    if isinstance(value, date):
        return date.fromordinal(min(max(value.toordinal() + step, 1), date.max.toordinal()))
    return value + step


def _apart(values: Sequence[Any]) -> list[Demand]:
    """Return what is none of the values: texts others, numbers and days below all of them, or above."""
    if isinstance(values[0], bool):
        return [not values[0]]
    if isinstance(values[0], str):
        return [Other(frozenset(values))]
    return [Bounds(None, _next(min(values), -1)), Bounds(_next(max(values), 1))]


_RELATED: dict[str, Callable[[Any], Bounds]] = {
    "<": lambda value: Bounds(None, _next(bounds(value)[0], -1)),
    "<=": lambda value: Bounds(None, bounds(value)[0]),
    ">": lambda value: Bounds(_next(bounds(value)[1], 1)),
    ">=": lambda value: Bounds(bounds(value)[1]),
}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _against(operation: str, value: Any, *, holds: bool, mirrored: bool) -> list[Demand]:
    """Return what one side of a comparison has to be for it to hold or not, the other being as it is."""
    if operation == "equal":
        if isinstance(value, Span):
            return []
        return [exactly(value)] if holds else _apart([value])
    relation = ("<" if operation == "less" else "<=") if holds else (">=" if operation == "less" else ">")
    return [_RELATED[_MIRRORED[relation] if mirrored else relation](value)]
