"""Where in the dossier a fact comes from, and what is missing where it is not known."""

from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple, TypeAlias

from cadre_rules import expression as ex
from cadre_rules.dossier.areas import Area
from cadre_rules.dossier.people import reached
from cadre_rules.dossier.values import PartialDate
from cadre_rules.facts.deriving import Scope
from cadre_rules.facts.operations import settled

MAX_ELEMENTS = 5
"""Elements of one list told one by one; more are counted."""

Seen: TypeAlias = tuple[str, Any, bool]
"""A path, what it states, if anything, and whether it would have to be stated (or stated whole)."""


class Trace(NamedTuple):
    """Paths read with what they state, and paths that would have to be stated (or stated whole)."""

    read: dict[str, Any]
    missing: dict[str, None]


class Tracer:
    """Traces facts of one subject through their definitions."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._known: dict[str, list[Seen]] = {}

    def trace(self, fact: str) -> Trace:
        """Return what a fact was read from; for a fact not known, what is missing."""
        seen = self._behind(fact)
        read = {place: value for place, value, _ in seen if value is not None}
        return Trace(read, dict.fromkeys(place for place, _, asked in seen if asked))

    def _behind(self, fact: str) -> list[Seen]:
        if fact not in self._known:
            self._known[fact] = []
            item, self._scope.item = self._scope.item, None
            self._follow(self._scope.deriver.definitions[fact], self._known[fact], "")
            self._scope.item = item
        return self._known[fact]

    def _follow(self, node: ex.Expression, seen: list[Seen], inside: str) -> None:
        """Note what made a node have its value; `inside` says in which element of which list it stands."""
        match node:
            case ex.Field() | ex.Item():
                value = self._scope.value(node)
                seen.append((_place(node, inside), value, value is None or isinstance(value, PartialDate)))
            case ex.Fact(name):
                seen += self._behind(name)
            case ex.Each():
                self._elements(node, seen)
            case ex.Within():
                self._areas(node, seen, inside)
            case _:
                for part in self._deciding(node) if isinstance(node, ex.Call) else ex.children(node):
                    self._follow(part, seen, inside)

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

    def _elements(self, node: ex.Each, seen: list[Seen]) -> None:
        place, scope = ".".join(node.path), self._scope
        listed = reached(scope.root, node.path)
        if listed is None:
            seen.append((place, None, not node.silence_means_none))
            return
        outer, shown = scope.item, 0
        for position, scope.item in enumerate(listed):
            wanted = node.where is None or scope.value(node.where)
            shown += wanted is not False
            if wanted is not False and shown <= MAX_ELEMENTS:
                found: list[Seen] = []
                for part in ex.children(node):
                    self._follow(part, found, f"{place}[{position}]")
                telling = wanted is None or node.gather not in ("any", "count")
                seen += found if telling else [(at, value, False) for at, value, _ in found]
        scope.item = outer
        if shown == 0 or shown > MAX_ELEMENTS:
            seen.append((place, len(listed), False))

    def _areas(self, node: ex.Within, seen: list[Seen], inside: str) -> None:
        level, on, reform = self._scope.value(node.level), self._scope.value(node.on), self._scope.deriver.tables.areas.reform
        reformed = isinstance(on, date) and on >= reform and level == "commune"
        names = ("province", "commune") if reformed else ("province", "district")
        for part in (node.level, node.on, node.area, node.other):
            self._follow(part, seen, inside)
            area = self._scope.value(part)
            if isinstance(part, (ex.Field, ex.Item)) and isinstance(area, Area) and self._scope.value(node) is None:
                vague = next((n for n in names if getattr(area, n) is None or n == level), "commune")
                if getattr(area, vague) is None:
                    seen.append((f"{_place(part, inside)}.{vague}", None, True))


def _place(node: ex.Field | ex.Item, inside: str) -> str:
    return ".".join(node.path if isinstance(node, ex.Field) else (inside, *node.path))
