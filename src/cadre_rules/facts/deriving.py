"""Turn definitions into functions, and a subject into a row of facts."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product
from math import prod
from operator import attrgetter
from typing import Any, Protocol, TypeAlias, assert_never

from cadre_rules import expression as ex
from cadre_rules.facts.maps import AreaMap
from cadre_rules.facts.operations import STRICT, bounds, settled, span
from cadre_rules.formula import Scalar
from cadre_rules.names import fold

MAX_TRIED = 10_000
"""Combinations of what uncertain keys may mean that are looked up before the answer is left unknown."""

Row: TypeAlias = Mapping[str, Scalar | None]


class Tally(Protocol):
    """What the first pass found, as the second pass may ask."""

    def outcomes(self, wanted: ex.Outcomes) -> int: ...
    def exceptions(self, state: str) -> int: ...


class Scope:
    """What an expression is evaluated in: the subject's fields, the facts so far, the element at hand."""

    __slots__ = ("facts", "item", "root", "tally")

    def __init__(self, root: Any, tally: Tally | None = None) -> None:
        self.root, self.tally = root, tally
        self.facts: dict[str, Any] = {}
        self.item: Any = None


Evaluate: TypeAlias = Callable[[Scope], Any]
Steps: TypeAlias = list[tuple[str, Evaluate]]


@dataclass(frozen=True, slots=True)
class Tables:
    """The rows of every table, and the map drawn from the table of provinces."""

    rows: Mapping[str, tuple[Mapping[str, Any], ...]]
    areas: AreaMap


class Deriver:
    """Derives facts; definitions must come in an order that puts each after those it reads."""

    def __init__(self, definitions: Mapping[str, ex.Expression], tables: Tables) -> None:
        self.definitions = definitions
        self.evaluator = _Compiler(tables)

    def steps(self, wanted: Iterable[str]) -> Steps:
        """Return how to derive the wanted facts and those they read."""
        needed: set[str] = set()
        waiting = list(wanted)
        while waiting:
            name = waiting.pop()
            if name not in needed:
                needed.add(name)
                waiting += [node.name for node in ex.walk(self.definitions[name]) if isinstance(node, ex.Fact)]
        return [(name, self.evaluator(node)) for name, node in self.definitions.items() if name in needed]


def derive(steps: Steps, root: Any, tally: Tally | None = None) -> Scope:
    """Return a scope holding every fact of the steps, some perhaps still spans."""
    scope = Scope(root, tally)
    facts = scope.facts
    for name, evaluate in steps:
        facts[name] = evaluate(scope)
    return scope


def row_of(scope: Scope) -> dict[str, Scalar | None]:
    """Return the facts as rules see them: exact, or not stated."""
    return {name: settled(value) for name, value in scope.facts.items()}


class _Compiler:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._known: dict[ex.Expression, Evaluate] = {}
        self._seen: dict[int, tuple[ex.Expression, Evaluate]] = {}

    def __call__(self, node: ex.Expression) -> Evaluate:
        """Return a function computing the node; equal nodes share one."""
        seen = self._seen.get(id(node))
        if seen is None:
            if node not in self._known:
                self._known[node] = self._build(node)
            seen = self._seen[id(node)] = (node, self._known[node])
        return seen[1]

    def _build(self, node: ex.Expression) -> Evaluate:
        match node:
            case ex.Constant(value):
                return lambda scope: value
            case ex.Field(path):
                return _getter(("root", *path))
            case ex.Item(path):
                return _getter(("item", *path))
            case ex.Fact(name):
                return lambda scope: scope.facts[name]
            case ex.Call():
                return self._call(node)
            case ex.Each():
                return self._each(node)
            case ex.Lookup():
                return self._lookup(node)
            case ex.Within():
                return self._within(node)
            case ex.Outcomes():
                return lambda scope: scope.tally.outcomes(node) if scope.tally else None
            case ex.Exceptions(state):
                return lambda scope: scope.tally.exceptions(state) if scope.tally else None
            case ex.Parameter(name):
                raise AssertionError(f"parameter {name} was not resolved")
            case _:
                assert_never(node)

    def _call(self, node: ex.Call) -> Evaluate:
        arguments = [self(argument) for argument in node.arguments]
        first = arguments[0]
        match node.operation:
            case "all":
                return _until(arguments, settling=False)
            case "some":
                return _until(arguments, settling=True)
            case "not":
                return lambda scope: None if (value := first(scope)) is None else not value
            case "stated":
                return lambda scope: first(scope) is not None
            case "coalesce":
                return lambda scope: next((v for a in arguments if (v := a(scope)) is not None), None)
            case "choose":
                return _choosing(*arguments)
            case "one_of" | "equal" if (texts := _texts(node.arguments[1])) is not None:
                return _one_of(first, texts)
            case name if len(arguments) == 2:
                return _strict_pair(STRICT[name], *arguments)
            case name:
                return _strict(STRICT[name], arguments)

    def _each(self, node: ex.Each) -> Evaluate:
        elements = _getter(("root", *node.path))
        where = self(node.where) if node.where is not None else None
        pick = self(node.pick or ex.Item(()))
        by = self(node.by or node.pick or ex.Item(()))
        gather = _GATHER[node.gather]
        silent = () if node.silence_means_none else None

        def run(scope: Scope) -> Any:
            listed = elements(scope)
            if listed is None:
                listed = silent
                if listed is None:
                    return None
            kept: list[tuple[Any, Any]] = []
            unsure = 0
            for scope.item in listed:
                wanted = where(scope) if where is not None else True
                if wanted:
                    kept.append((pick(scope), by(scope)))
                elif wanted is None:
                    unsure += 1
            return gather(kept, unsure)

        if node.gather in ("any", "count"):
            return _counting(elements, where, silent, only_any=node.gather == "any")
        return run

    def _lookup(self, node: ex.Lookup) -> Evaluate:
        rows = self._tables.rows[node.table]
        names = [name for name, _ in node.keys]
        keys = [self(value) for _, value in node.keys]
        on = self(node.on) if node.on is not None else None
        known: dict[tuple[Any, ...], Any] = {}

        def run(scope: Scope) -> Any:
            values = [key(scope) for key in keys]
            day = on(scope) if on is not None else None
            if None in values or (on is not None and day is None):
                return None
            asked = (*values, day)
            try:
                return known[asked]
            except KeyError:
                if len(known) > 10_000:
                    known.clear()
                cell = known[asked] = find_cell(rows, dict(zip(names, values, strict=True)), node.get, bounds(day))
                return cell

        return run

    def _within(self, node: ex.Within) -> Evaluate:
        one, other, level, on = (self(part) for part in (node.area, node.other, node.level, node.on))
        same = self._tables.areas.same

        def run(scope: Scope) -> bool | None:
            left, right, at, day = one(scope), other(scope), level(scope), settled(on(scope))
            return None if None in (left, right, at, day) else same(left, right, at, day)

        return run


def find_cell(rows: Sequence[Mapping[str, Any]], keys: Mapping[str, Any], get: str, days: tuple[Any, Any]) -> Any:
    """Return the cell of the first row that fits, or None; whatever a spread of keys or days means must give one answer."""
    tried = [_telling(bounds(value), [row[name] for row in rows]) for name, value in keys.items()]
    dated = _telling(days, [row["in_force"] for row in rows if "in_force" in row])
    if prod(map(len, (*tried, dated))) > MAX_TRIED:
        return None
    cells = {
        next(
            (row[get] for row in rows if _in_force(row, day) and all(map(_fits, (row[name] for name in keys), values))),
            None,
        )
        for day, *values in product(dated, *tried)
    }
    return cells.pop() if len(cells) == 1 else None


def _telling(ends: tuple[Any, Any], cells: Iterable[Any]) -> list[Any]:
    """Return the ends of a spread and the values within it at which some cell begins or ceases to fit."""
    low, high = ends
    if low == high:
        return [low]
    step: Any = timedelta(days=1) if isinstance(low, date) else 1
    edges = {edge for cell in cells for edge in (cell if isinstance(cell, tuple) else (cell,)) if edge is not None}
    found = {low, high}
    for edge in edges:
        found |= {edge} if low <= edge <= high else set()
        found |= {edge - step} if low < edge <= high else set()
        found |= {edge + step} if low <= edge < high else set()
    return sorted(found)


def _in_force(row: Mapping[str, Any], day: date | None) -> bool:
    window = row.get("in_force")
    if window is None or day is None:
        return True
    return (window[0] is None or window[0] <= day) and (window[1] is None or day < window[1])


def _fits(cell: Any, value: Any) -> bool:
    if isinstance(cell, tuple):
        return (cell[0] is None or cell[0] <= value) and (cell[1] is None or value <= cell[1])
    return fold(cell) == fold(value) if isinstance(cell, str) else bool(cell == value)


def _getter(path: tuple[str, ...]) -> Evaluate:
    """Read a field of the scope, unknown where a part of the way there is."""
    if len(path) < 3:
        return attrgetter(".".join(path))

    whole, *rest = path[1:]
    start = attrgetter(f"{path[0]}.{whole}")

    def run(scope: Scope) -> Any:
        value = start(scope)
        for name in rest:
            if value is None:
                return None
            value = getattr(value, name)
        return value

    return run


def _texts(node: ex.Expression) -> frozenset[str] | None:
    """Return the texts a constant holds, as they compare, if it holds texts."""
    match node:
        case ex.Constant(str(text)):
            return frozenset([fold(text)])
        case ex.Constant(tuple(texts)):
            return frozenset(fold(str(text)) for text in texts)
        case _:
            return None


def _one_of(text: Evaluate, choices: frozenset[str]) -> Evaluate:
    return lambda scope: None if (value := text(scope)) is None else fold(value) in choices


def _until(arguments: list[Evaluate], *, settling: bool) -> Evaluate:
    """Three-valued "and" (False settles it) or "or" (True does), asked no further once settled."""

    def run(scope: Scope) -> bool | None:
        answer: bool | None = not settling
        for argument in arguments:
            value = argument(scope)
            if value == settling:
                return settling
            if value is None:
                answer = None
        return answer

    return run


def _strict_pair(compute: Callable[[Any, Any], Any], first: Evaluate, second: Evaluate) -> Evaluate:
    def run(scope: Scope) -> Any:
        left = first(scope)
        if left is None:
            return None
        right = second(scope)
        return None if right is None else compute(left, right)

    return run


def _strict(compute: Callable[..., Any], arguments: Iterable[Evaluate]) -> Evaluate:
    arguments = list(arguments)

    def run(scope: Scope) -> Any:
        values = [argument(scope) for argument in arguments]
        return None if None in values else compute(*values)

    return run


def _choosing(test: Evaluate, yes: Evaluate, no: Evaluate) -> Evaluate:
    def run(scope: Scope) -> Any:
        answer = test(scope)
        if answer is None:
            left, right = yes(scope), no(scope)
            return left if left == right else None
        return yes(scope) if answer else no(scope)

    return run


def _counting(elements: Evaluate, where: Evaluate | None, silent: tuple[()] | None, *, only_any: bool) -> Evaluate:
    def run(scope: Scope) -> Any:
        listed = elements(scope)
        if listed is None:
            listed = silent
            if listed is None:
                return None
        sure = unsure = 0
        for scope.item in listed:
            wanted = where(scope) if where is not None else True
            if wanted:
                if only_any:
                    return True
                sure += 1
            elif wanted is None:
                unsure += 1
        if only_any:
            return None if unsure else False
        return span(sure, sure + unsure)

    return run


def _whole(compute: Callable[[list[tuple[Any, Any]]], Any]) -> Callable[[list[tuple[Any, Any]], int], Any]:
    """Answer only where every element is known to count or not, and is known itself."""

    def run(kept: list[tuple[Any, Any]], unsure: int) -> Any:
        if unsure or any(value is None for pair in kept for value in pair):
            return None
        return compute(kept)

    return run


def _extreme(operation: str) -> Callable[[list[tuple[Any, Any]]], Any]:
    def run(kept: list[tuple[Any, Any]]) -> Any:
        return STRICT[operation](*(value for value, _ in kept)) if kept else None

    return run


def _latest(kept: list[tuple[Any, Any]]) -> Any:
    """Take from the last element; where several may be the last, only what they agree on."""
    floor = max((bounds(by)[0] for _, by in kept), default=None)
    return _agreed([value for value, by in kept if bounds(by)[1] >= floor])


def _earliest(kept: list[tuple[Any, Any]]) -> Any:
    """Take from the first element; where several may be the first, only what they agree on."""
    ceiling = min((bounds(by)[1] for _, by in kept), default=None)
    return _agreed([value for value, by in kept if bounds(by)[0] <= ceiling])


def _agreed(values: list[Any]) -> Any:
    return values[0] if values and all(_same_name(value) == _same_name(values[0]) for value in values) else None


def _total(kept: list[tuple[Any, Any]]) -> Any:
    ends = [bounds(value) for value, _ in kept]
    return span(sum(low for low, _ in ends), sum(high for _, high in ends))


def _exact(compute: Callable[[list[Any]], Any]) -> Callable[[list[tuple[Any, Any]], int], Any]:
    """Answer only where every element is known exactly; texts count as names do."""

    def run(kept: list[tuple[Any, Any]]) -> Any:
        names = [_same_name(settled(value)) for value, _ in kept]
        return None if None in names else compute(names)

    return _whole(run)


def _same_name(value: Any) -> Any:
    return fold(value) if isinstance(value, str) else value


_GATHER: dict[str, Callable[[list[tuple[Any, Any]], int], Any]] = {
    "any": lambda kept, unsure: None,
    "count": lambda kept, unsure: None,
    "sum": _whole(_total),
    "min": _whole(_extreme("least")),
    "max": _whole(_extreme("greatest")),
    "earliest": _whole(_earliest),
    "latest": _whole(_latest),
    "distinct": _exact(lambda names: len(set(names))),
    "most": _exact(lambda names: max(Counter(names).values(), default=0)),
}
