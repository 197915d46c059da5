"""Conditions become exactly these formulas."""

from datetime import date
from typing import Any

import pytest

from cadre_rules.formula import ALWAYS, NEVER, Clause, FactTest, Formula
from cadre_rules.lowering import (
    MAX_CHOICES,
    MAX_CLAUSES,
    MAX_TESTS,
    Lowering,
    TooLargeError,
    contradictory,
    passes,
    telling_values,
)
from cadre_rules.rulebook.schema import Condition, Rule

LOWERING = Lowering(lambda fact: fact, {"limit": 5, "codes": ("x", "y")})
DAY = date(2024, 1, 1)


def condition(raw: dict[str, Any]) -> Condition:
    """Read a condition as a rule would, lists as tuples."""
    words = {"vi": "…", "en": "…"}
    rest: dict[str, Any] = {"id": "r", "topic": "t", "subject": ("body",), "provisions": ("P1",), "force": "must", "in_force": {}}
    rule = Rule.model_validate(rest | {"title": words, "message": words, "remedy": words, "requires": tuples(raw)})
    return rule.requires


def tuples(raw: Any) -> Any:
    if isinstance(raw, dict):
        return {key: tuples(value) for key, value in raw.items()}
    return tuple(map(tuples, raw)) if isinstance(raw, list) else raw


def t(fact: str, relation: Any, *constants: Any) -> FactTest:
    return FactTest(fact, relation, constants)


A1, A2, B1 = {"fact": "a", "equals": 1}, {"fact": "a", "equals": 2}, {"fact": "b", "equals": 1}
IN_A, IN_A2, IN_B = t("a", "in", 1), t("a", "in", 2), t("b", "in", 1)
OUT_A, OUT_B = t("a", "not in", 1), t("b", "not in", 1)


@pytest.mark.parametrize(
    ("raw", "holds", "fails"),
    [
        ({"fact": "a", "equals": 1}, ((IN_A,),), ((OUT_A,),)),
        ({"fact": "a", "at_least": 1}, ((t("a", ">=", 1),),), ((t("a", "<", 1),),)),
        ({"fact": "a", "at_most": 1}, ((t("a", "<=", 1),),), ((t("a", ">", 1),),)),
        ({"fact": "a", "above": 1}, ((t("a", ">", 1),),), ((t("a", "<=", 1),),)),
        ({"fact": "a", "below": 1}, ((t("a", "<", 1),),), ((t("a", ">=", 1),),)),
        ({"fact": "a", "one_of": ["x", "y"]}, ((t("a", "in", "x", "y"),),), ((t("a", "not in", "x", "y"),),)),
        ({"fact": "a", "stated": True}, ((t("a", "stated"),),), NEVER),
        ({"fact": "a", "at_most": {"param": "limit"}}, ((t("a", "<=", 5),),), ((t("a", ">", 5),),)),
        ({"fact": "a", "one_of": {"param": "codes"}}, ((t("a", "in", "x", "y"),),), ((t("a", "not in", "x", "y"),),)),
        ({"not": A1}, ((OUT_A,),), ((IN_A,),)),
        ({"not": {"fact": "a", "stated": True}}, NEVER, ((t("a", "stated"),),)),
        ({"every": [A1, B1]}, ((IN_A, IN_B),), ((OUT_A,), (OUT_B,))),
        ({"some": [A1, B1]}, ((IN_A,), (IN_B,)), ((OUT_A, OUT_B),)),
        ({"not": {"every": [A1, B1]}}, ((OUT_A,), (OUT_B,)), ((IN_A, IN_B),)),
        ({"every": [A1, A1]}, ((IN_A,),), ((OUT_A,),)),
        ({"some": [A1, A1]}, ((IN_A,),), ((OUT_A,),)),
        ({"every": [A1, A2]}, NEVER, ((OUT_A,), (t("a", "not in", 2),))),
        ({"some": [A1, {"every": [A1, B1]}]}, ((IN_A,),), ((OUT_A,), (OUT_A, OUT_B))[:1]),
        (
            {"every": [{"some": [A1, A2]}, {"some": [A1, B1]}]},
            ((IN_A,), (IN_A2, IN_B)),
            ((OUT_A, t("a", "not in", 2)), (OUT_A, OUT_B)),
        ),
    ],
)
def test_a_condition_becomes_exactly_this(raw: dict[str, Any], holds: Formula, fails: Formula) -> None:
    assert LOWERING.holds(condition(raw)) == holds
    assert LOWERING.fails(condition(raw)) == fails


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        ((t("a", ">=", 3), t("a", "<=", 2)), True),
        ((t("a", ">=", 3), t("a", "<=", 3)), False),
        ((t("a", ">", 3), t("a", "<=", 3)), True),
        ((t("a", ">=", 3), t("a", "<", 3)), True),
        ((t("a", ">", 3), t("a", "<", 5)), False),
        ((t("a", ">", 3), t("a", ">", 9)), False),
        ((t("a", "<", 3), t("a", "<", 9)), False),
        ((t("a", ">", 1), t("a", "<", 9), t("a", ">", 8), t("a", "<", 2)), True),
        ((t("a", ">=", 3), t("a", "<=", 3), t("a", "not in", 3)), True),
        ((t("a", "in", 1, 2), t("a", "not in", 1)), False),
        ((t("a", "in", 1, 2), t("a", "not in", 1, 2)), True),
        ((t("a", "in", 1, 2), t("a", "in", 2, 3)), False),
        ((t("a", "in", 1, 2), t("a", "in", 3)), True),
        ((t("a", "in", 1, 2), t("a", ">", 2)), True),
        ((t("a", "in", 1, 2), t("a", ">", 1)), False),
        ((t("a", "stated"), t("a", "not in", 1)), False),
        ((t("a", "stated"), t("a", "in", 1)), False),
        ((t("a", "not in", True), t("a", "not in", False)), True),
        ((t("a", "not in", True), t("a", "stated")), False),
        ((t("a", "not in", True), t("a", "not in", True)), False),
        ((t("a", "not in", 1), t("a", "not in", 2)), False),
        ((t("a", ">", DAY), t("a", "<", DAY)), True),
        ((t("a", ">=", DAY), t("a", "<=", DAY)), False),
        ((t("a", "in", 1), t("b", "not in", 1)), False),
        ((t("b", "in", 1), t("a", "in", 1), t("a", "not in", 1)), True),
        ((t("a", "in", 1),), False),
        ((t("a", "in"),), True),
        ((t("a", "not in", True, False),), True),
        ((t("a", "not in", 1, 2),), False),
        ((), False),
    ],
)
def test_a_clause_no_value_can_pass_is_known(clause: Clause, *, expected: bool) -> None:
    assert contradictory(clause) is expected


FIRST, LAST = date.min, date.max


@pytest.mark.parametrize(
    ("tests", "values"),
    [
        ([t("a", "stated")], [True]),
        ([t("a", "in")], [True]),
        ([t("a", "in", False)], [True, False]),
        ([t("a", "in", "y", "x"), t("a", "not in", "x")], ["x", "y", "xy?"]),
        ([t("a", ">", 3), t("a", "<", 5)], [2, 3, 4, 5, 6]),
        ([t("a", ">", DAY)], [date(2023, 12, 31), DAY, date(2024, 1, 2)]),
        ([t("a", ">", FIRST)], [FIRST, date(1, 1, 2)]),
        ([t("a", "<", LAST)], [date(9999, 12, 30), LAST]),
    ],
)
def test_one_value_is_told_for_every_way_tests_can_come_out(tests: list[FactTest], values: list[Any]) -> None:
    assert telling_values(tests) == values


@pytest.mark.parametrize(
    ("test", "passing", "failing"),
    [
        (t("a", "stated"), [0, "", False], []),
        (t("a", "in", 1, 2), [1, 2], [0, 3]),
        (t("a", "not in", 1, 2), [0, 3], [1, 2]),
        (t("a", "<", 2), [1], [2, 3]),
        (t("a", "<=", 2), [1, 2], [3]),
        (t("a", ">", 2), [3], [1, 2]),
        (t("a", ">=", 2), [2, 3], [1]),
    ],
)
def test_a_value_passes_a_test(test: FactTest, passing: list[Any], failing: list[Any]) -> None:
    assert [passes(value, test) for value in passing] == [True] * len(passing)
    assert [passes(value, test) for value in failing] == [False] * len(failing)


def test_a_rule_without_applies_when_always_applies() -> None:
    verdicts = LOWERING.verdicts(None, condition(A1))
    assert (verdicts.satisfied, verdicts.violated, verdicts.not_applicable) == (((IN_A,),), ((OUT_A,),), NEVER)


def test_a_rule_is_judged_only_where_it_applies() -> None:
    verdicts = LOWERING.verdicts(condition(B1), condition(A1))
    assert verdicts.satisfied == ((IN_B, IN_A),)
    assert verdicts.violated == ((IN_B, OUT_A),)
    assert verdicts.not_applicable == ((OUT_B,),)
    assert ALWAYS == ((),)


def pairs(count: int) -> list[dict[str, Any]]:
    return [{"some": [{"fact": f"a{n}", "equals": 1}, {"fact": f"b{n}", "equals": 1}]} for n in range(count)]


def test_a_formula_keeps_four_hundred_clauses_and_no_more() -> None:
    most = {"some": [{"fact": f"a{n}", "equals": 1} for n in range(MAX_CLAUSES)]}
    assert len(LOWERING.holds(condition(most))) == MAX_CLAUSES == 400
    with pytest.raises(TooLargeError, match="more than 400 clauses"):
        LOWERING.holds(condition({"some": [most, {"fact": "one_more", "equals": 1}]}))


def test_a_formula_that_would_explode_is_refused_before_it_does() -> None:
    assert len(LOWERING.holds(condition({"every": pairs(8)}))) == 256
    with pytest.raises(TooLargeError, match="more than 400 clauses"):
        LOWERING.holds(condition({"every": pairs(40)}))


def test_a_clause_keeps_twenty_four_tests_and_no_more() -> None:
    most = [{"fact": f"a{n}", "equals": 1} for n in range(MAX_TESTS)]
    assert len(LOWERING.holds(condition({"every": most}))[0]) == MAX_TESTS == 24
    assert LOWERING.holds(condition({"every": [*most, most[0]]})) == LOWERING.holds(condition({"every": most}))
    with pytest.raises(TooLargeError, match="more than 24 tests"):
        LOWERING.holds(condition({"every": [*most, {"fact": "one_more", "equals": 1}]}))


def test_a_clause_keeps_twelve_choices_and_no_more() -> None:
    many = [{"fact": f"a{n}", "one_of": [1, 2]} for n in range(MAX_CHOICES + 1)]
    assert len(LOWERING.holds(condition({"every": many[1:]}))[0]) == MAX_CHOICES == 12
    assert LOWERING.holds(condition({"every": [*many[1:], A1]}))
    assert len(LOWERING.fails(condition({"some": many}))[0]) == MAX_CHOICES + 1
    with pytest.raises(TooLargeError, match="more than 12 tests with one_of"):
        LOWERING.holds(condition({"every": many}))
