"""The plain matcher: the executable meaning of a formula, and the check on every other engine.

Among the constants a fact is compared with, a value has a place: on one of them or between two. All a test can ask of
the value is its place, so each place settles, once and for all, which clauses it leaves standing.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from operator import or_
from typing import Any, TypeAlias

from cadre_rules.formula import Clause, FactTest, Formula, Scalar
from cadre_rules.lowering import passes

Clauses: TypeAlias = int
"""A set of clauses: bit n is the nth."""


class PlainMatcher:
    """Takes fact after fact, and strikes out the clauses its value fails; a clause several formulas share is one."""

    def __init__(self, formulas: Mapping[str, Formula]) -> None:
        self.bits: dict[Clause, Clauses] = {}
        self.named: Mapping[str, Sequence[tuple[Clauses, Clause]]] = {
            name: [(self.bits.setdefault(clause, 1 << len(self.bits)), clause) for clause in formula]
            for name, formula in formulas.items()
        }
        """The clauses of each formula with their bits."""
        self._tested: dict[str, dict[FactTest, Clauses]] = {}
        for clause, bit in self.bits.items():
            for test in clause:
                tests = self._tested.setdefault(test.fact, {})
                tests[test] = tests.get(test, 0) | bit
        self._ruler = cache(self._ruled)

    def clauses_of(self, names: Iterable[str]) -> Clauses:
        """Return the clauses of the formulas of these names."""
        return reduce(or_, (bit for name in names for bit, _ in self.named.get(name, ())), 0)

    def part(self, names: Iterable[str]) -> "Part":
        """Return the formulas of these names, to be matched together again and again."""
        every = self.clauses_of(names)
        facts = dict.fromkeys(test.fact for clause, bit in self.bits.items() if bit & every for test in clause)
        return Part(every, tuple((fact, *self._ruler(fact)) for fact in facts))

    def _ruled(self, fact: str) -> "_Ruler":
        return _ruler(self._tested[fact], (1 << len(self.bits)) - 1)


@dataclass(frozen=True, slots=True)
class Part:
    """Formulas matched together: all their clauses, and what each fact leaves standing."""

    every: Clauses
    rulers: tuple[tuple[str, list[Any], list[Clauses]], ...]

    def standing(self, row: Mapping[str, Scalar | None], among: Clauses = -1) -> Clauses:
        """Return the clauses the row makes true."""
        standing = self.every & among
        for fact, constants, left in self.rulers:
            value = row.get(fact)
            standing &= left[-1 if value is None else bisect_left(constants, value) + bisect_right(constants, value)]
        return standing


_Ruler: TypeAlias = tuple[list[Any], list[Clauses]]
"""The constants of a fact in order, and the clauses left at each place: even between, odd on one, last unknown."""


def _ruler(tests: Mapping[FactTest, Clauses], every: Clauses) -> _Ruler:
    constants: list[Any] = sorted({constant for test in tests for constant in test.constants})
    places = {constant: 2 * number + 1 for number, constant in enumerate(constants)}
    placed = [(test._replace(constants=tuple(places[c] for c in test.constants)), clauses) for test, clauses in tests.items()]
    left = [every] * (2 * len(constants) + 2)
    for test, clauses in placed:
        for place in range(2 * len(constants) + 1):
            if not passes(place, test):
                left[place] &= ~clauses
        left[-1] &= ~clauses
    return constants, left
