"""Turn definitions into functions, and a subject into a row of facts."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import product
from math import prod
from typing import Any, Protocol, TypeAlias

from cadre_rules import expression as ex
from cadre_rules.dossier.people import reached
from cadre_rules.dossier.values import Span, bounds
from cadre_rules.facts.generating import Written, write
from cadre_rules.facts.maps import AreaMap
from cadre_rules.formula import Scalar
from cadre_rules.names import fold

MAX_TRIED = 10_000
"""Combinations of what uncertain keys may mean that are looked up before the answer is left unknown."""


class Tally(Protocol):
    """What the first pass found, as the second pass may ask."""

    def outcomes(self, wanted: ex.Outcomes) -> int: ...
    def exceptions(self, state: str) -> int: ...


class Scope(dict[str, Any]):
    """The facts of one subject, some perhaps spans, each derived when first asked for; and what they are derived from."""

    __slots__ = ("deriver", "item", "root", "tally")

    def __init__(self, deriver: "Deriver", root: Any, tally: Tally | None = None) -> None:
        self.deriver, self.root, self.tally = deriver, root, tally
        self.item: Any = None
        """The element at hand."""

    def __missing__(self, fact: str) -> Any:
        value = self[fact] = self.deriver[fact](self)
        return value

    def value(self, node: ex.Expression) -> Any:
        """Return what a node comes to, of the element at hand if it reads one."""
        match node:
            case ex.Constant(value):
                return value
            case ex.Fact(name):
                return self[name]
            case ex.Field(path):
                return reached(self.root, path)
            case ex.Item(path):
                return reached(self.item, path)
            case _:
                return self.deriver.evaluator(node)(self)


class Row(dict[str, Scalar | None]):
    """The facts as rules see them, exact or not stated; each is there once asked for."""

    __slots__ = ("scope",)

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def __missing__(self, fact: str) -> Scalar | None:
        scope = self.scope
        value = scope[fact] if fact in scope else scope.__missing__(fact)
        self[fact] = value = None if isinstance(value, Span) else value
        return value


Evaluate: TypeAlias = Callable[[Scope], Any]


@dataclass(frozen=True, slots=True)
class Tables:
    """The rows of every table, and the map drawn from the table of provinces."""

    rows: Mapping[str, tuple[Mapping[str, Any], ...]]
    areas: AreaMap


class Deriver(dict[str, Evaluate]):
    """What derives each fact; each definition is made a function when it is first needed."""

    def __init__(self, definitions: Mapping[str, ex.Expression], tables: Tables, written: Mapping[str, Written] = {}) -> None:
        self.definitions = definitions
        self.written = dict(written)
        """Definitions written down, before or since, by the fact each defines."""
        self.tables = tables
        self._finders: dict[tuple[Any, ...], Callable[[tuple[Any, ...]], Any]] = {}
        self._made: dict[int, tuple[ex.Expression, Evaluate]] = {}
        """What computes each node that was asked for; the node stays, so that no other takes its place in memory."""

    def __missing__(self, fact: str) -> Evaluate:
        written = self.written[fact] = self.written.get(fact) or write(self.definitions[fact])
        made = self[fact] = self.evaluator(self.definitions[fact], written)
        return made

    def evaluator(self, node: ex.Expression, written: Written | None = None) -> Evaluate:
        """Return a function computing a node, kept; should two threads make one each, either serves."""
        if id(node) not in self._made:
            self._made[id(node)] = (node, (written or write(node)).function(self._finder, self.tables.areas.same))
        return self._made[id(node)][1]

    def _finder(self, node: ex.Lookup) -> Callable[[tuple[Any, ...]], Any]:
        """Return what finds the cell for what is asked, in order, kept for all nodes that ask alike."""
        names, rows, get = asked_by(node), self.tables.rows[node.table], node.get

        @lru_cache(MAX_TRIED)
        def find(asked: tuple[Any, ...]) -> Any:
            return find_cell(rows, dict(zip(names, asked, strict=True)), get)

        return self._finders.setdefault((node.table, names, get), find)


def asked_by(node: ex.Lookup) -> tuple[str, ...]:
    """Return the columns by which a row is found: the keys, and the time it holds for if it is asked on a day."""
    return (*(name for name, _ in node.keys), *(("in_force",) if node.on is not None else ()))


def find_cell(rows: Sequence[Mapping[str, Any]], keys: Mapping[str, Any], get: str) -> Any:
    """Return the cell of the first row that fits, or None; whatever a spread among the keys means must give one answer.

    A row that does not say for what time it holds holds always.
    """
    tried = [_telling(bounds(value), [row[name] for row in rows if name in row]) for name, value in keys.items()]
    if prod(map(len, tried)) > MAX_TRIED:
        return None
    cells = {
        next((row[get] for row in rows if all(name not in row or _fits(row[name], at[name]) for name in keys)), None)
        for at in (dict(zip(keys, values, strict=True)) for values in product(*tried))
    }
    return cells.pop() if len(cells) == 1 else None


def _telling(ends: tuple[Any, Any], cells: Iterable[Any]) -> list[Any]:
    """Return the ends of a spread and the values within it at which some cell begins or ceases to fit."""
    low, high = ends
    if low == high:
        return [low]
    step: Any = timedelta(days=1) if isinstance(low, date) else 1
    edges = {edge for cell in cells for edge in (cell if isinstance(cell, tuple) else (cell,)) if edge is not None}
    at = {edge for edge in edges if low <= edge <= high}
    return sorted({low, high} | at | {edge - step for edge in at if low < edge} | {edge + step for edge in at if edge < high})


def _fits(cell: Any, value: Any) -> bool:
    if isinstance(cell, tuple):
        return (cell[0] is None or cell[0] <= value) and (cell[1] is None or value <= cell[1])
    return fold(cell) == fold(value) if isinstance(cell, str) else bool(cell == value)
