"""The plain matcher: the executable meaning of a formula, and the check on every other engine.

Among the constants a fact is compared with, a value has a place: on one of them or between two. All a test can ask of
the value is its place, so each place settles, once and for all, which clauses it leaves standing.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, TypeAlias

from cadre_rules.formula import Clause, FactTest, Formula, Scalar
from cadre_rules.lowering import passes

Fired: TypeAlias = dict[str, Clause]
"""The first clause that holds of each formula that is true."""

_Clauses: TypeAlias = int
"""A set of clauses: bit n is the nth."""

MAX_PARTS = 1_024
"""Sets of formulas asked for together whose matchers are remembered."""


class PlainMatcher:
    """Takes fact after fact, and strikes out the clauses its value fails."""

    def __init__(self, formulas: Mapping[str, Formula]) -> None:
        self._formulas = formulas
        self._parts: dict[tuple[str, ...], PlainMatcher] = {}

    def match(self, row: Mapping[str, Scalar | None], names: Iterable[str] | None = None) -> Fired:
        """Return the first true clause of every formula, of those named, that the row makes true."""
        if names is not None:
            return self._part(tuple(names)).match(row)
        clauses, standing, rulers = self._ruled
        for fact, constants, left in rulers:
            value = row.get(fact)
            standing &= left[-1 if value is None else bisect_left(constants, value) + bisect_right(constants, value)]
        fired: Fired = {}
        while standing:
            name, clause = clauses[(standing & -standing).bit_length() - 1]
            standing &= standing - 1
            fired.setdefault(name, clause)
        return fired

    def _part(self, names: tuple[str, ...]) -> "PlainMatcher":
        """Return the matcher of some of the formulas; the same are asked for again and again."""
        part = self._parts.get(names)
        if part is None:
            if len(self._parts) >= MAX_PARTS:
                self._parts.clear()
            part = self._parts[names] = PlainMatcher({n: self._formulas[n] for n in names if n in self._formulas})
        return part

    @cached_property
    def _ruled(self) -> tuple[list[tuple[str, Clause]], _Clauses, list[tuple[str, list[Any], list[_Clauses]]]]:
        clauses = [(name, clause) for name, formula in self._formulas.items() for clause in formula]
        every: _Clauses = (1 << len(clauses)) - 1
        tested: dict[str, dict[FactTest, _Clauses]] = {}
        for number, (_, clause) in enumerate(clauses):
            for test in clause:
                tests = tested.setdefault(test.fact, {})
                tests[test] = tests.get(test, 0) | 1 << number
        return clauses, every, [(fact, *_ruler(tests, every)) for fact, tests in tested.items()]


def _ruler(tests: Mapping[FactTest, _Clauses], every: _Clauses) -> tuple[list[Any], list[_Clauses]]:
    """Return the constants of a fact in order, and the clauses left at each place: even between, odd on one, last unknown."""
    constants: list[Any] = sorted({constant for test in tests for constant in test.constants})
    places = {constant: 2 * number + 1 for number, constant in enumerate(constants)}
    placed = [(replace(test, constants=tuple(places[c] for c in test.constants)), clauses) for test, clauses in tests.items()]
    left = [every] * (2 * len(constants) + 2)
    for test, clauses in placed:
        for place in range(2 * len(constants) + 1):
            if not passes(place, test):
                left[place] &= ~clauses
        left[-1] &= ~clauses
    return constants, left
