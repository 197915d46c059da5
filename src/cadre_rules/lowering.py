"""Turn authored conditions into formulas.

`holds(c)` is true exactly when the dossier proves `c`; `fails(c)` exactly when it
proves the opposite. Where neither is true, the dossier leaves `c` open. Settling
this once, here, lets engines with different null semantics agree.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, product
from operator import ge, gt, le, lt
from typing import Any, assert_never

from cadre_rules.formula import ALWAYS, NEVER, Clause, FactTest, Formula, Relation, Scalar, kept
from cadre_rules.rulebook.schema import Condition, Every, Not, ParameterRef, Some, Test

MAX_CLAUSES = 400
MAX_TESTS = 24
MAX_CHOICES = 12
"""Tests of one clause that name several constants; durable_rules refuses a pattern with fifteen."""


class TooLargeError(ValueError):
    """A condition whose normal form no engine should be asked to run."""


@kept
class Verdicts:
    """The three formulas of a rule; where none is true the dossier leaves the rule undetermined."""

    violated: Formula
    satisfied: Formula
    not_applicable: Formula


@dataclass(frozen=True, slots=True)
class Lowering:
    """Lowers conditions of one rule on one day: facts by their name that day, parameters by their value."""

    fact: Callable[[str], str]
    parameters: Mapping[str, Any]

    def verdicts(self, applies_when: Condition | None, requires: Condition) -> Verdicts:
        """Return when a rule is violated, satisfied and not applicable."""
        applies = self.holds(applies_when) if applies_when is not None else ALWAYS
        apart = self.fails(applies_when) if applies_when is not None else NEVER
        return Verdicts(
            violated=_all([applies, self.fails(requires)]),
            satisfied=_all([applies, self.holds(requires)]),
            not_applicable=apart,
        )

    def holds(self, condition: Condition) -> Formula:
        """Return the formula true exactly when the condition is proved."""
        return self._formula(condition, proved=True)

    def fails(self, condition: Condition) -> Formula:
        """Return the formula true exactly when the condition is disproved."""
        return self._formula(condition, proved=False)

    def _formula(self, condition: Condition, *, proved: bool) -> Formula:
        """Return when a condition is proved, or disproved: all are disproved by one, and one of several only by all."""
        match condition:
            case Test():
                return self._test(condition, _PROVED if proved else _DISPROVED)
            case Every(every=members):
                return (_all if proved else _any)(self._formula(member, proved=proved) for member in members)
            case Some(some=members):
                return (_any if proved else _all)(self._formula(member, proved=proved) for member in members)
            case Not(negated=member):
                return self._formula(member, proved=not proved)
            case _:
                assert_never(condition)

    def _test(self, test: Test, relations: Mapping[str, Relation | None]) -> Formula:
        word, constant = test.comparison
        relation = relations[word]
        if relation is None:
            return NEVER  # a silent dossier proves nothing
        value = self.parameters[constant.param] if isinstance(constant, ParameterRef) else constant
        constants: tuple[Scalar, ...] = () if word == "stated" else value if isinstance(value, tuple) else (value,)
        return ((FactTest(self.fact(test.fact), relation, constants),),)


_PROVED: Mapping[str, Relation | None] = {
    "equals": "in",
    "one_of": "in",
    "at_least": ">=",
    "at_most": "<=",
    "above": ">",
    "below": "<",
    "stated": "stated",
}
_DISPROVED: Mapping[str, Relation | None] = {
    "equals": "not in",
    "one_of": "not in",
    "at_least": "<",
    "at_most": ">",
    "above": "<=",
    "below": ">=",
    "stated": None,
}


def _all(formulas: Iterable[Formula]) -> Formula:
    """Return the conjunction, one formula at a time so that nothing grows past what may stay."""
    result: Formula = ALWAYS
    for formula in formulas:
        result = _kept(tuple(chain(*pair)) for pair in product(result, formula))
    return result


def _any(formulas: Iterable[Formula]) -> Formula:
    return _kept(chain(*formulas))


def _kept(clauses: Iterable[Clause]) -> Formula:
    """Return the clauses once each, their tests once each, without those that cannot hold or add nothing."""
    kept: dict[frozenset[FactTest], Clause] = {}
    for clause in clauses:
        tests = dict.fromkeys(clause)
        if len(tests) > MAX_TESTS:
            raise TooLargeError(f"a clause of more than {MAX_TESTS} tests; split the rule")
        if sum(test.relation == "in" and len(test.constants) > 1 for test in tests) > MAX_CHOICES:
            raise TooLargeError(f"a clause of more than {MAX_CHOICES} tests with one_of; split the rule or define facts")
        if not contradictory(tuple(tests)):
            kept.setdefault(frozenset(tests), tuple(tests))
        if len(kept) > MAX_CLAUSES:
            raise TooLargeError(f"more than {MAX_CLAUSES} clauses; split the rule or define a fact for a part of it")
    return tuple(clause for tests, clause in kept.items() if not any(other < tests for other in kept))


def contradictory(clause: Clause) -> bool:
    """Tell whether no value of some fact can pass all the clause's tests of it."""
    by_fact: dict[str, list[FactTest]] = {}
    for test in clause:
        by_fact.setdefault(test.fact, []).append(test)
    return not all(
        any(all(passes(value, test) for test in tests) for value in telling_values(tests)) for tests in by_fact.values()
    )


def telling_values(tests: Iterable[FactTest]) -> list[Any]:
    """Return one value for every way the tests of a fact can come out."""
    constants: list[Any] = sorted({c for test in tests for c in test.constants}, key=repr)
    if not constants:
        return [True]
    first = constants[0]
    if isinstance(first, bool):
        return [True, False]
    if isinstance(first, str):
        return [*constants, "".join(constants) + "?"]
    if isinstance(first, date):
        days = _around([day.toordinal() for day in constants])
        return [date.fromordinal(day) for day in days if 1 <= day <= date.max.toordinal()]
    return _around(constants)


def _around(numbers: Sequence[int]) -> list[int]:
    """Return a number below all of them, each of them, and one above each."""
    return [min(numbers) - 1, *sorted({near for number in numbers for near in (number, number + 1)})]


_ORDERINGS: Mapping[Relation, Callable[[Any, Any], Any]] = {"<": lt, "<=": le, ">": gt, ">=": ge}


def passes(value: Any, test: FactTest) -> bool:
    """Tell whether a stated value passes one test: the meaning every engine must share."""
    match test.relation:
        case "stated":
            return True
        case "in":
            return value in test.constants
        case "not in":
            return value not in test.constants
        case ordering:
            return bool(_ORDERINGS[ordering](value, test.constants[0]))
