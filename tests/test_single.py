"""durable_rules itself hears exactly this, before it is compared with the plain matcher."""

import sys
import warnings
from datetime import date
from typing import Any

import pytest

from cadre_rules.engine import single
from cadre_rules.engine.single import MAX_CLAUSES, MAX_FACTS, MAX_NUMBER, MAX_PROPERTIES, SingleMatcher, load_engine
from cadre_rules.errors import EngineDisagreementWarning, EngineUnavailableWarning
from cadre_rules.formula import ALWAYS, NEVER, Clause, FactTest, Formula
from matching import fired

DAY = date(2024, 1, 1)
NEXT = date(2024, 1, 2)


def t(fact: str, relation: Any, *constants: Any) -> FactTest:
    return FactTest(fact, relation, constants)


def heard(matcher: SingleMatcher, row: Any, *names: str) -> set[Clause]:
    return clauses(matcher, matcher.hear(row, matcher.part(names or matcher.plain.named), -1))


def clauses(matcher: SingleMatcher, bits: int) -> set[Clause]:
    return {clause for clause, bit in matcher.plain.bits.items() if bits & bit}


@pytest.mark.parametrize(
    ("clause", "true_of", "false_of"),
    [
        ((t("a", ">", 3),), [4, 9, 10**30], [3, 2, -(10**30), None]),
        ((t("a", ">=", 3),), [3, 4], [2, None]),
        ((t("a", "<", 3),), [2, -9, -(10**30)], [3, 4, 10**30, None]),
        ((t("a", "<=", 3),), [3, 2], [4, None]),
        ((t("a", "in", 3),), [3], [2, 4, None]),
        ((t("a", "in", 3, 5),), [3, 5], [2, 4, 6, None]),
        ((t("a", "in"),), [], [3, None]),
        ((t("a", "not in", 3, 5),), [2, 4, 6], [3, 5, None]),
        ((t("a", "not in", 0),), [2], [0, None]),
        ((t("a", "stated"),), [0, 1, -1, 9], [None]),
        ((t("a", ">", 3), t("a", "<=", 7)), [4, 5, 7], [3, 8, None]),
        ((t("a", "in", "x", "y"),), ["x", "y"], ["", "w", "xx", "z", None]),
        ((t("a", "not in", "x"),), ["", "z"], ["x", None]),
        ((t("a", "in", ""),), [""], ["z", None]),
        ((t("a", "in", True),), [True], [False, None]),
        ((t("a", "in", False),), [False], [True, None]),
        ((t("a", "<", NEXT), t("a", ">=", DAY)), [DAY], [NEXT, date.min, date.max, None]),
        ((), [0, None], []),
    ],
)
def test_a_clause_is_heard_of(clause: Clause, true_of: list[Any], false_of: list[Any]) -> None:
    matcher = SingleMatcher({"x": (clause,)})
    for _ in range(2):
        assert [heard(matcher, {"a": value}) for value in true_of] == [{clause}] * len(true_of)
        assert [heard(matcher, {"a": value}) for value in false_of] == [set()] * len(false_of)


A, A2, B = t("a", "in", 1), t("a", ">=", 1), t("b", "in", 1)
FORMULAS: dict[str, Formula] = {"p": ((A, B), (A2,)), "q": ((B,), (A,)), "always": ALWAYS, "never": NEVER}


def test_every_true_clause_of_a_formula_asked_for_is_heard() -> None:
    matcher = SingleMatcher(FORMULAS)
    assert heard(matcher, {"a": 1, "b": 1, "other": 1}) == {(A, B), (A2,), (B,), (A,), ()}
    assert heard(matcher, {"a": 1, "b": 1}, "q", "never") == {(B,), (A,)}
    assert heard(matcher, {"a": 2}) == {(A2,), ()}
    assert heard(matcher, {"a": 1, "b": 1}, "nobody") == set()


def test_each_text_travels_as_a_number_of_its_own() -> None:
    wire = single._Wire([(t("n", "in", 5), t("a", "in", "x", "y"), t("b", "in", "y", "z"))])
    assert [wire.plain(text) for text in ("other", "x", "y", "z")] == [0, 1, 2, 3]
    assert [wire.plain(value) for value in (True, False, DAY, 7)] == [1, 0, DAY.toordinal(), 7]
    assert MAX_NUMBER == 2**62
    assert [wire.plain(value) for value in (MAX_NUMBER, MAX_NUMBER + 1, 10**40)] == [MAX_NUMBER] * 3
    assert [wire.plain(value) for value in (-MAX_NUMBER, -MAX_NUMBER - 1, -(10**40))] == [-MAX_NUMBER] * 3
    assert wire.plain(MAX_NUMBER - 1) == MAX_NUMBER - 1


def sizes(*clauses: Clause) -> list[tuple[int, int]]:
    """How many clauses each ruleset holds, and how many facts those test."""
    rulesets = single._rulesets(dict.fromkeys(clauses, 1))
    return [(len(ruleset), len({test.fact for clause in ruleset for test in clause})) for ruleset in rulesets]


def test_a_ruleset_holds_as_many_clauses_and_facts_as_are_safe() -> None:
    def one(fact: str) -> Clause:
        return (t(fact, "stated"),)

    assert (MAX_CLAUSES, MAX_PROPERTIES) == (48, 200)
    assert sizes() == []
    assert sizes(()) == [(1, 0)]
    many = [(t("a", ">=", n),) for n in range(97)]
    assert sizes(*many[:48]) == [(48, 1)]
    assert sizes(*many) == [(48, 1), (48, 1), (1, 1)]
    wide = [tuple(t(f"f{start + n}", "stated") for n in range(20)) for start in range(0, 300, 20)]
    assert sizes(*wide[:10]) == [(10, 200)]
    assert sizes(*wide[:11]) == [(10, 200), (1, 20)]
    assert sizes(*wide[:10], one("f0")) == [(11, 200)]
    assert sizes(*wide[:10], one("new")) == [(10, 200), (1, 1)]
    assert sizes(tuple(t(f"f{n}", "stated") for n in range(201))) == [(1, 201)]


def test_a_ruleset_holds_each_clause_once_and_the_facts_in_order() -> None:
    matcher = SingleMatcher({**FORMULAS, "again": ((A,), (A, B))})
    assert matcher._rulesets == (matcher.plain.bits,)
    assert list(matcher._rulesets[0]) == [(A, B), (A2,), (B,), (A,), ()]
    assert matcher.part(["p"]).rulesets[0][1] == ("a", "b")


def hashed(name: str) -> int:
    """FNV-1a in 32 bits, by which durable_rules tells names apart."""
    value = 0x811C9DC5
    for byte in name.encode():
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    return value


def test_no_two_names_sent_are_one_to_durable_rules() -> None:
    assert [hashed(name) for name in ("", "a", "foobar", "g")] == [0x811C9DC5, 0xE40C292C, 0xBF9CF968, 0xE20C2606]
    names = [*(f"f{number}" for number in range(MAX_FACTS)), "g", "id", "sid"]
    assert len({hashed(name) for name in names}) == len(names) == 65_539
    wire = single._Wire([(t("a", "stated"), t("b", "stated")), (t("a", "in", 1), t("c", "stated"))])
    assert wire.short == {"a": "f0", "b": "f1", "c": "f2"}


def test_more_facts_than_have_safe_names_are_a_bug_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(single, "MAX_FACTS", 1)
    assert SingleMatcher({"x": ((t("a", "stated"), t("a", "in", 1)),)})
    with pytest.raises(AssertionError):
        SingleMatcher({"x": ((t("a", "stated"), t("b", "stated")),)})


def test_only_the_rulesets_that_are_needed_are_built_and_only_once() -> None:
    matcher = SingleMatcher({f"x{n}": ((t("a", ">=", n),),) for n in range(100)})
    for _ in range(2):
        assert heard(matcher, {"a": 99}, "x99") == {(t("a", ">=", 99),)}
    (session,) = matcher._idle
    assert list(session) == [2]
    first = session[2]
    assert heard(matcher, {"a": 0}, "x0", "x98") == {(t("a", ">=", 0),)}
    assert matcher._idle == [session]
    assert list(session) == [2, 0]
    assert session[2] is first


def test_callers_at_the_same_time_have_sessions_of_their_own() -> None:
    matcher = SingleMatcher(FORMULAS)
    busy: list[int] = []

    class Row(dict[str, Any]):
        def items(self) -> Any:
            if not busy:
                busy.append(-1)
                busy.append(matcher.hear({"a": 1, "b": 1}, matcher.part(("q",)), -1))
            return super().items()

    assert clauses(matcher, matcher.hear(Row(a=2), matcher.part(("p",)), -1)) == {(A2,)}
    assert clauses(matcher, busy[1]) == {(B,), (A,)}
    assert len(matcher._idle) == len(set(map(id, matcher._idle))) == 2


def test_among_some_clauses_only_those_are_sought_and_no_ruleset_without_one_is_troubled() -> None:
    matcher = SingleMatcher({f"x{n}": ((t("a", ">=", n),),) for n in range(100)})
    part = matcher.part(f"x{n}" for n in range(100))
    among = 1 << 1 | 1 << 50 | 1 << 60
    assert matcher.hear({"a": 55}, part, among) == part.plain.standing({"a": 55}, among) == 1 << 1 | 1 << 50
    assert part.standing({"a": 55}, among) == 1 << 1 | 1 << 50
    assert list(matcher._idle[0]) == [0, 1]


def test_a_part_knows_what_it_tests_and_where_its_clauses_stand() -> None:
    part = SingleMatcher(FORMULAS).part(("q", "never", "nobody"))
    assert part.keys == {"a": ',"f0":', "b": ',"f1":'}
    assert part.rulesets == ((0, ("a", "b"), {"00": 0, "01": 0, "02": 4, "03": 8, "04": 0}, 12),)
    assert SingleMatcher(FORMULAS).part(("never",)).rulesets == ()


def test_where_durable_rules_cannot_be_had_the_plain_matcher_judges_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "durable_rules_engine", None)
    load_engine.cache_clear()
    try:
        with pytest.warns(EngineUnavailableWarning, match="plain matcher judges alone") as told:
            assert SingleMatcher(FORMULAS).part(FORMULAS).standing({"a": 1}) == 0b11010
        assert [warning.filename for warning in told] == [__file__]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert fired(SingleMatcher(FORMULAS), {"a": 1}, ["q"]) == {"q": (A,)}
    finally:
        load_engine.cache_clear()


def test_the_engine_is_loaded_lazily_and_the_flags_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    flags = [7]
    monkeypatch.setattr(sys, "getdlopenflags", lambda: flags[-1])
    monkeypatch.setattr(sys, "setdlopenflags", flags.append)
    load_engine.cache_clear()
    assert load_engine() is sys.modules["durable_rules_engine"]
    assert load_engine() is sys.modules["durable_rules_engine"]
    assert flags == [7, 1, 7]
    monkeypatch.delattr(sys, "getdlopenflags")
    load_engine.cache_clear()
    assert load_engine() is sys.modules["durable_rules_engine"]
    assert flags == [7, 1, 7]


def test_a_disagreement_is_told_at_the_line_that_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    part = SingleMatcher(FORMULAS).part(FORMULAS)
    monkeypatch.setattr(SingleMatcher, "hear", lambda matcher, row, part, among: 0)
    with pytest.warns(EngineDisagreementWarning) as told:
        assert part.standing({}) == 0b10000
    assert [warning.filename for warning in told] == [__file__]
