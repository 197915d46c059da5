"""Where in the dossier a fact comes from, and what is missing where it is not known."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from cadre_rules import expression as ex
from cadre_rules.dossier.areas import Area
from cadre_rules.dossier.fields import reached
from cadre_rules.dossier.values import PartialDate
from cadre_rules.facts.deriving import Scope
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

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._known: dict[str, Trace] = {}

    def trace(self, fact: str) -> Trace:
        """Return what a fact was read from; for a fact not known, what is missing."""
        if fact not in self._known:
            found = self._known[fact] = Trace()
            item, self._scope.item = self._scope.item, None
            self._follow(self._scope.deriver.definitions[fact], found, "")
            self._scope.item = item
        return self._known[fact]

    def _follow(self, node: ex.Expression, found: Trace, inside: str) -> None:
        """Note what made a node have its value; `inside` says in which element of which list it stands."""
        match node:
            case ex.Field() | ex.Item():
                place, value = _place(node, inside), self._scope.value(node)
                if value is not None:
                    found.read[place] = value
                if value is None or isinstance(value, PartialDate):
                    found.missing[place] = None
            case ex.Fact(name):
                behind = self.trace(name)
                found.read.update(behind.read)
                found.missing.update(behind.missing)
            case ex.Each():
                self._elements(node, found)
            case ex.Within():
                self._areas(node, found, inside)
            case _:
                for part in self._deciding(node) if isinstance(node, ex.Call) else ex.children(node):
                    self._follow(part, found, inside)

    def _deciding(self, node: ex.Call) -> Iterable[ex.Expression]:
        """Return the arguments that made the answer what it is, asking for no more of them than tells."""
        value, arguments = self._scope.value, node.arguments
        match node.operation:
            case "coalesce":
                known = (argument for argument in arguments if settled(value(argument)) is not None)
                return [first] if (first := next(known, None)) is not None else arguments
            case "choose":
                chosen = value(arguments[0])
                return arguments[:1] if chosen is None else (arguments[0], arguments[1 if chosen else 2])
            case "all" | "some" as operation:
                settling, values = operation == "some", [value(argument) for argument in arguments]
                sought = settling if settling in values else None
                return [argument for argument, v in zip(arguments, values, strict=True) if v is sought] or arguments
            case _:
                return [argument for argument in arguments if settled(value(argument)) is None] or arguments

    def _elements(self, node: ex.Each, found: Trace) -> None:
        place, scope = ".".join(node.path), self._scope
        listed = reached(scope.root, node.path)
        if listed is None:
            if not node.silence_means_none:
                found.missing[place] = None
            return
        outer, shown = scope.item, 0
        for position, scope.item in enumerate(listed):
            wanted = node.where is None or scope.value(node.where)
            if wanted is False:
                continue
            shown += 1
            if shown <= MAX_ELEMENTS:
                inside = Trace()
                for part in ex.children(node):
                    self._follow(part, inside, f"{place}[{position}]")
                found.read.update(inside.read)
                if wanted is None or node.gather not in ("any", "count"):
                    found.missing.update(inside.missing)
        scope.item = outer
        if shown == 0 or shown > MAX_ELEMENTS:
            found.read[place] = len(listed)

    def _areas(self, node: ex.Within, found: Trace, inside: str) -> None:
        for part in (node.level, node.on):
            self._follow(part, found, inside)
        for part in (node.area, node.other):
            area, before = self._scope.value(part), len(found.missing)
            self._follow(part, found, inside)
            if not isinstance(area, Area) or self._scope.value(node) is not None or len(found.missing) > before:
                continue
            down_to = self._scope.value(node.level)
            vague = next((n for n in ("province", "district", "commune") if getattr(area, n) is None or n == down_to), None)
            if isinstance(part, (ex.Field, ex.Item)) and vague is not None and getattr(area, vague) is None:
                found.missing[f"{_place(part, inside)}.{vague}"] = None


def _place(node: ex.Field | ex.Item, inside: str) -> str:
    return ".".join(node.path if isinstance(node, ex.Field) else (inside, *node.path))
