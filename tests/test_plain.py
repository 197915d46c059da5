"""The plain matcher answers exactly this."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from cadre_rules.engine.plain import PlainMatcher
from cadre_rules.formula import ALWAYS, NEVER, Clause, FactTest, Formula
from matching import fired

DAY = date(2024, 1, 1)
NEXT = date(2024, 1, 2)


def t(fact: str, relation: Any, *constants: Any) -> FactTest:
    return FactTest(fact, relation, constants)


@pytest.mark.parametrize(
    ("clause", "true_of", "false_of"),
    [
        ((t("a", ">", 3),), [4, 9], [3, 2, None]),
        ((t("a", ">=", 3),), [3, 4], [2, None]),
        ((t("a", "<", 3),), [2, -9], [3, 4, None]),
        ((t("a", "<=", 3),), [3, 2], [4, None]),
        ((t("a", "in", 3, 5),), [3, 5], [2, 4, 6, None]),
        ((t("a", "not in", 3, 5),), [2, 4, 6], [3, 5, None]),
        ((t("a", "stated"),), [0, -1, 9], [None]),
        ((t("a", ">", 3), t("a", "<=", 7)), [4, 5, 7], [3, 8, None]),
        ((t("a", ">", 3), t("a", "not in", 5)), [4, 6, 7], [3, 5, None]),
        ((t("a", "in", "x", "y"),), ["x", "y"], ["", "w", "xx", "z", None]),
        ((t("a", "not in", "x"),), ["", "z"], ["x", None]),
        ((t("a", "in", True),), [True], [False, None]),
        ((t("a", "not in", True),), [False], [True, None]),
        ((t("a", "<", NEXT), t("a", ">=", DAY)), [DAY], [NEXT, date.min, date.max, None]),
        ((), [0, None], []),
    ],
)
def test_a_clause_is_true_of(clause: Clause, true_of: list[Any], false_of: list[Any]) -> None:
    matcher = PlainMatcher({"x": (clause,)})
    assert [fired(matcher, {"a": value}) for value in true_of] == [{"x": clause}] * len(true_of)
    assert [fired(matcher, {"a": value}) for value in false_of] == [{}] * len(false_of)


A, A2, B = t("a", "in", 1), t("a", ">=", 1), t("b", "in", 1)
FORMULAS: dict[str, Formula] = {"p": ((A, B), (A2,)), "q": ((B,), (A,)), "r": ((A,),), "always": ALWAYS, "never": NEVER}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"a": 1, "b": 1}, {"p": (A, B), "q": (B,), "r": (A,), "always": ()}),
        ({"a": 1, "b": 2}, {"p": (A2,), "q": (A,), "r": (A,), "always": ()}),
        ({"a": 2, "b": 1}, {"p": (A2,), "q": (B,), "always": ()}),
        ({"a": 0, "b": None}, {"always": ()}),
        ({"b": 1, "other": 1}, {"q": (B,), "always": ()}),
        ({}, {"always": ()}),
    ],
)
def test_every_true_formula_is_told_by_its_first_true_clause(row: Mapping[str, Any], said: Mapping[str, Clause]) -> None:
    assert fired(PlainMatcher(FORMULAS), row) == said


@pytest.mark.parametrize("names", [(), ("p",), ("q", "never"), ("r", "nobody"), ("always", "p", "q", "r", "never")])
def test_only_the_formulas_asked_for_are_told(names: tuple[str, ...]) -> None:
    every = fired(PlainMatcher(FORMULAS), {"a": 1, "b": 1})
    assert fired(PlainMatcher(FORMULAS), {"a": 1, "b": 1}, names) == {name: every[name] for name in names if name in every}


def test_of_no_formulas_none_is_true() -> None:
    assert fired(PlainMatcher({}), {"a": 1}) == {}


@pytest.mark.parametrize("name", FORMULAS)
def test_a_formula_is_told_clause_by_clause(name: str) -> None:
    matcher = PlainMatcher(FORMULAS)
    assert matcher.named[name] == [(matcher.bits[clause], clause) for clause in FORMULAS[name]]
    assert matcher.clauses_of([name]) == sum(bit for bit, _ in matcher.named[name])


def test_a_clause_of_several_formulas_is_one() -> None:
    matcher = PlainMatcher(FORMULAS)
    assert matcher.bits == {(A, B): 1, (A2,): 2, (B,): 4, (A,): 8, (): 16}
    part = matcher.part(("r", "q", "nobody"))
    assert part.every == 0b1100
    assert [part.standing(row) for row in ({"a": 1, "b": 1}, {"a": 1}, {"a": 2, "b": 1}, {})] == [0b1100, 0b1000, 0b100, 0]
    assert [fact for fact, _, _ in part.rulers] == ["b", "a"]
