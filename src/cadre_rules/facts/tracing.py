"""Where in the dossier a fact comes from, and what is missing where it is not known."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cadre_rules import expression as ex
from cadre_rules.dossier.areas import Area
from cadre_rules.dossier.values import PartialDate
from cadre_rules.facts.deriving import Evaluate, Scope
from cadre_rules.facts.operations import settled

MAX_ELEMENTS = 5
"""Elements of one list told one by one; more are counted."""


@dataclass(slots=True)
class Trace:
    """Paths read with what they state, and paths that would have to be stated (or stated whole)."""

    read: dict[str, Any] = field(default_factory=dict)
    missing: dict[str, None] = field(default_factory=dict)


class Tracer:
    """Traces facts of one subject through their definitions."""

    def __init__(
        self,
        definitions: Mapping[str, ex.Expression],
        evaluate: Callable[[Sequence[ex.Expression]], list[Evaluate]],
        scope: Scope,
    ) -> None:
        self._definitions, self._evaluate, self._scope = definitions, evaluate, scope
        self._known: dict[str, Trace] = {}

    def trace(self, fact: str) -> Trace:
        """Return what a fact was read from; for a fact not known, what is missing."""
        if fact not in self._known:
            found = self._known[fact] = Trace()
            item, self._scope.item = self._scope.item, None
            self._follow(self._definitions[fact], self._scope.facts[fact], found, "")
            self._scope.item = item
        return self._known[fact]

    def _value(self, node: ex.Expression) -> Any:
        match node:
            case ex.Constant(value):
                return value
            case ex.Fact(name):
                return self._scope.facts[name]
            case ex.Field(path):
                return reached(self._scope.root, path)
            case ex.Item(path):
                return reached(self._scope.item, path)
            case _:
                return self._evaluate([node])[0](self._scope)

    def _follow(self, node: ex.Expression, value: Any, found: Trace, inside: str) -> None:
        """Note what made the node have its value."""
        match node:
            case ex.Field(path):
                self._leaf(".".join(path), value, found)
            case ex.Item(path):
                self._leaf(".".join(filter(None, (inside, *path))), value, found)
            case ex.Fact(name):
                behind = self.trace(name)
                found.read.update(behind.read)
                found.missing.update(behind.missing)
            case ex.Call():
                for part, known in self._deciding(node):
                    self._follow(part, known, found, inside)
            case ex.Each():
                self._elements(node, found)
            case ex.Within():
                self._areas(node, found, inside)
            case _:
                for part in ex.children(node):
                    self._follow(part, self._value(part), found, inside)

    def _leaf(self, path: str, value: Any, found: Trace) -> None:
        if value is None:
            found.missing[path] = None
        else:
            found.read[path] = value
            if isinstance(value, PartialDate):
                found.missing[path] = None

    def _deciding(self, node: ex.Call) -> list[tuple[ex.Expression, Any]]:
        """Return the arguments that made the answer what it is, with their values."""
        pairs = [(argument, self._value(argument)) for argument in node.arguments]
        match node.operation:
            case "coalesce":
                return [pair for pair in pairs if settled(pair[1]) is not None][:1] or pairs
            case "all" | "some":
                decisive = node.operation == "some"
                return [pair for pair in pairs if pair[1] is decisive] or [pair for pair in pairs if pair[1] is None] or pairs
            case "choose":
                test = settled(pairs[0][1])
                return pairs[:1] if test is None else [pairs[0], pairs[1 if test else 2]]
            case _:
                return [pair for pair in pairs if settled(pair[1]) is None] or pairs

    def _elements(self, node: ex.Each, found: Trace) -> None:
        place = ".".join(node.path)
        listed = reached(self._scope.root, node.path)
        if listed is None:
            if not node.silence_means_none:
                found.missing[place] = None
            return
        outer, shown = self._scope.item, 0
        for position, self._scope.item in enumerate(listed):
            wanted = self._value(node.where) if node.where is not None else True
            if wanted is False:
                continue
            shown += 1
            if shown <= MAX_ELEMENTS:
                inside = Trace()
                for part in ex.children(node):
                    self._follow(part, self._value(part), inside, f"{place}[{position}]")
                found.read.update(inside.read)
                if wanted is None or node.gather not in ("any", "count"):
                    found.missing.update(inside.missing)
        self._scope.item = outer
        if shown == 0 or shown > MAX_ELEMENTS:
            found.read[place] = len(listed)

    def _areas(self, node: ex.Within, found: Trace, inside: str) -> None:
        level = self._value(node.level)
        for part in (node.level, node.on):
            self._follow(part, self._value(part), found, inside)
        for part in (node.area, node.other):
            area = self._value(part)
            before = len(found.missing)
            self._follow(part, area, found, inside)
            if isinstance(area, Area) and self._value(node) is None and len(found.missing) == before:
                vague = next((n for n in ("province", "district", "commune") if getattr(area, n) is None or n == level), None)
                if isinstance(part, (ex.Field, ex.Item)) and vague is not None and getattr(area, vague) is None:
                    listed = inside if isinstance(part, ex.Item) else ""
                    found.missing[".".join(filter(None, (listed, *part.path, vague)))] = None


def reached(value: Any, path: tuple[str, ...]) -> Any:
    """Return what stands at a path, None where a part of the way does."""
    for name in path:
        if value is None:
            return None
        value = getattr(value, name)
    return value
