"""Turn definitions into functions, and a subject into a row of facts."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from itertools import product
from math import prod
from typing import Any, Protocol, TypeAlias

from cadre_rules import expression as ex
from cadre_rules.dossier.fields import reached
from cadre_rules.facts.generating import Written, write
from cadre_rules.facts.maps import AreaMap
from cadre_rules.facts.operations import SPREAD, bounds
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
        value = self[fact] = (self.deriver.made.get(fact) or self.deriver.deriving(fact))(self)
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
        self[fact] = value = None if value.__class__ in SPREAD else value
        return value


Evaluate: TypeAlias = Callable[[Scope], Any]


@dataclass(frozen=True, slots=True)
class Tables:
    """The rows of every table, and the map drawn from the table of provinces."""

    rows: Mapping[str, tuple[Mapping[str, Any], ...]]
    areas: AreaMap


class Deriver:
    """Knows how facts are derived; each definition is made a function when it is first needed."""

    def __init__(self, definitions: Mapping[str, ex.Expression], tables: Tables, written: Mapping[str, Written] = {}) -> None:
        self.definitions = definitions
        self.written = dict(written)
        """Definitions written down, before or since, by the fact each defines."""
        self.tables = tables
        self._finders: dict[tuple[Any, ...], Callable[[tuple[Any, ...]], Any]] = {}
        self.made: dict[str, Evaluate] = {}
        """What derives each fact that was asked for."""
        self._made: dict[int, tuple[ex.Expression, Evaluate]] = {}
        self._lock = threading.Lock()

    def deriving(self, fact: str) -> Evaluate:
        """Return the function that derives a fact, for whoever asks next too."""
        node = self.definitions[fact]
        if fact not in self.written:
            self.written[fact] = write(node)
        made = self.made[fact] = self._function(node, self.written[fact])
        return made

    def evaluator(self, node: ex.Expression) -> Evaluate:
        """Return a function computing a node, made once."""
        made = self._made.get(id(node))
        return made[1] if made is not None else self._function(node, write(node))

    def _function(self, node: ex.Expression, written: Written) -> Evaluate:
        with self._lock:
            made = self._made[id(node)] = (node, written.function(self._finder, self.tables.areas.same))
        return made[1]

    def _finder(self, node: ex.Lookup) -> Callable[[tuple[Any, ...]], Any]:
        key = (node.table, tuple(name for name, _ in node.keys), node.get)
        if key not in self._finders:
            self._finders[key] = partial(_found, self.tables.rows[node.table], key[1], node.get, {})
        return self._finders[key]


def _found(
    rows: Sequence[Mapping[str, Any]], names: Sequence[str], get: str, known: dict[tuple[Any, ...], Any], asked: tuple[Any, ...]
) -> Any:
    """Return the cell for what is asked (the keys in order, then the day), looked up once."""
    try:
        return known[asked]
    except KeyError:
        if len(known) > MAX_TRIED:
            known.clear()
        *values, day = asked
        cell = known[asked] = find_cell(rows, dict(zip(names, values, strict=True)), get, bounds(day))
        return cell


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
