"""Where in the dossier a fact comes from, and what is missing where it is not known."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

from cadre_rules import expression as ex
from cadre_rules.dossier.areas import Area
from cadre_rules.dossier.values import PartialDate
from cadre_rules.facts.deriving import Deriver, Evaluate, Scope
from cadre_rules.facts.operations import settled

MAX_ELEMENTS = 5
"""Elements of one list told one by one; more are counted."""


@dataclass(slots=True)
class Trace:
    """Paths read with what they state, and paths that would have to be stated (or stated whole)."""

    read: dict[str, Any] = field(default_factory=dict)
    missing: dict[str, None] = field(default_factory=dict)


Follow: TypeAlias = Callable[["Tracer", Any, Trace, str], None]
"""Notes what made a node have its value; the last says in which element of which list it stands."""
_Part: TypeAlias = tuple[Evaluate, Follow]


class Tracer:
    """Traces facts of one subject through their definitions."""

    def __init__(self, ways: "Ways", scope: Scope) -> None:
        self._ways, self.scope = ways, scope
        self._known: dict[str, Trace] = {}

    def trace(self, fact: str) -> Trace:
        """Return what a fact was read from; for a fact not known, what is missing."""
        if fact not in self._known:
            found = self._known[fact] = Trace()
            item, self.scope.item = self.scope.item, None
            self._ways.of(fact)(self, self.scope[fact], found, "")
            self.scope.item = item
        return self._known[fact]


class Ways:
    """How each fact is followed back, found out when one is first asked for."""

    def __init__(self, deriver: Deriver) -> None:
        self._deriver = deriver
        self._known: dict[str, Follow] = {}

    def of(self, fact: str) -> Follow:
        """Return what follows a fact back."""
        if fact not in self._known:
            self._known[fact] = self._way(self._deriver.definitions[fact])
        return self._known[fact]

    def _way(self, node: ex.Expression) -> Follow:
        match node:
            case ex.Field(path):
                return partial(_stated, ".".join(path))
            case ex.Item(path):
                return partial(_stated_inside, path)
            case ex.Fact(name):
                return partial(_fact, name)
            case ex.Call(operation, arguments):
                deciding = _DECIDING.get(operation)
                asked = arguments if deciding is not None else [part for part in arguments if not isinstance(part, ex.Constant)]
                return partial(_call, deciding or _unknown, self._parts(asked))
            case ex.Each():
                where = self._value(node.where) if node.where is not None else None
                return partial(_elements, node, where, self._parts(ex.children(node)))
            case ex.Within(area, other, level, on):
                places = [(part, self._part(part)) for part in (area, other)]
                return partial(_areas, self._value(node), self._value(level), self._parts((level, on)), places)
            case _:
                return partial(_all, self._parts(ex.children(node)))

    def _parts(self, nodes: Iterable[ex.Expression]) -> list[_Part]:
        return [self._part(node) for node in nodes]

    def _part(self, node: ex.Expression) -> _Part:
        return self._value(node), self._way(node)

    def _value(self, node: ex.Expression) -> Evaluate:
        match node:
            case ex.Constant(value):
                return lambda _: value
            case ex.Fact(name):
                return lambda scope: scope[name]
            case ex.Field(path):
                return lambda scope: reached(scope.root, path)
            case ex.Item(path):
                return lambda scope: reached(scope.item, path)
            case _:
                return partial(_computed, self._deriver, node)


def _computed(deriver: Deriver, node: ex.Expression, scope: Scope) -> Any:
    return deriver.evaluator(node)(scope)


def _stated(path: str, _: Tracer, value: Any, found: Trace, _inside: str) -> None:
    if value is None:
        found.missing[path] = None
    else:
        found.read[path] = value
        if isinstance(value, PartialDate):
            found.missing[path] = None


def _stated_inside(path: tuple[str, ...], tracer: Tracer, value: Any, found: Trace, inside: str) -> None:
    _stated(".".join((inside, *path)), tracer, value, found, inside)


def _fact(name: str, tracer: Tracer, _: Any, found: Trace, _inside: str) -> None:
    behind = tracer.trace(name)
    found.read.update(behind.read)
    found.missing.update(behind.missing)


def _all(parts: Iterable[_Part], tracer: Tracer, _: Any, found: Trace, inside: str) -> None:
    for value, follow in parts:
        follow(tracer, value(tracer.scope), found, inside)


_Known: TypeAlias = list[tuple[Any, Follow]]
"""Arguments by their values."""
_Deciding: TypeAlias = Callable[[list[_Part], Scope], _Known]
"""Finds the arguments that made the answer what it is, and asks for no more of them than tells."""


def _call(deciding: _Deciding, parts: list[_Part], tracer: Tracer, _: Any, found: Trace, inside: str) -> None:
    for value, follow in deciding(parts, tracer.scope):
        follow(tracer, value, found, inside)


def _unknown(parts: list[_Part], scope: Scope) -> _Known:
    known = [(value(scope), follow) for value, follow in parts]
    return [pair for pair in known if settled(pair[0]) is None] or known


def _first_known(parts: list[_Part], scope: Scope) -> _Known:
    known: _Known = []
    for value, follow in parts:
        known.append((value(scope), follow))
        if settled(known[-1][0]) is not None:
            return known[-1:]
    return known


def _chosen(parts: list[_Part], scope: Scope) -> _Known:
    test, follow = parts[0][0](scope), parts[0][1]
    if test is None:
        return [(test, follow)]
    value, followed = parts[1 if test else 2]
    return [(test, follow), (value(scope), followed)]


def _decisive(answer: bool, parts: list[_Part], scope: Scope) -> _Known:  # noqa: FBT001  # what settles the operation
    known = [(value(scope), follow) for value, follow in parts]
    return [pair for pair in known if pair[0] is answer] or [pair for pair in known if pair[0] is None] or known


_DECIDING: dict[str, _Deciding] = {
    "coalesce": _first_known,
    "all": partial(_decisive, False),
    "some": partial(_decisive, True),
    "choose": _chosen,
}


def _elements(
    node: ex.Each, where: Evaluate | None, parts: Iterable[_Part], tracer: Tracer, _: Any, found: Trace, _inside: str
) -> None:
    place, scope = ".".join(node.path), tracer.scope
    listed = reached(scope.root, node.path)
    if listed is None:
        if not node.silence_means_none:
            found.missing[place] = None
        return
    outer, shown = scope.item, 0
    for position, scope.item in enumerate(listed):
        wanted = where(scope) if where is not None else True
        if wanted is False:
            continue
        shown += 1
        if shown <= MAX_ELEMENTS:
            inside = Trace()
            _all(parts, tracer, None, inside, f"{place}[{position}]")
            found.read.update(inside.read)
            if wanted is None or node.gather not in ("any", "count"):
                found.missing.update(inside.missing)
    scope.item = outer
    if shown == 0 or shown > MAX_ELEMENTS:
        found.read[place] = len(listed)


def _areas(
    same: Evaluate,
    level: Evaluate,
    parts: Iterable[_Part],
    places: Iterable[tuple[ex.Expression, _Part]],
    tracer: Tracer,
    _: Any,
    found: Trace,
    inside: str,
) -> None:
    _all(parts, tracer, None, found, inside)
    for node, (value, follow) in places:
        area, before = value(tracer.scope), len(found.missing)
        follow(tracer, area, found, inside)
        if isinstance(area, Area) and same(tracer.scope) is None and len(found.missing) == before:
            down_to = level(tracer.scope)
            vague = next((n for n in ("province", "district", "commune") if getattr(area, n) is None or n == down_to), None)
            if isinstance(node, (ex.Field, ex.Item)) and vague is not None and getattr(area, vague) is None:
                listed = inside if isinstance(node, ex.Item) else ""
                found.missing[".".join(filter(None, (listed, *node.path, vague)))] = None


def reached(value: Any, path: tuple[str, ...]) -> Any:
    """Return what stands at a path, None where a part of the way does."""
    for name in path:
        if value is None:
            return None
        value = getattr(value, name)
    return value
