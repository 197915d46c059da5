"""Lowering and every matcher agree with a three-valued oracle that has never seen a formula."""

import unicodedata
import warnings
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, TypeAlias

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cadre_rules.engine import bulk
from cadre_rules.engine.plain import PlainMatcher
from cadre_rules.engine.single import MAX_NUMBER, SingleMatcher
from cadre_rules.errors import EngineDisagreementWarning
from cadre_rules.formula import ALWAYS, NEVER, FactTest, Formula
from cadre_rules.lowering import MAX_CHOICES, Lowering, TooLargeError, passes
from cadre_rules.rulebook.schema import Condition, Every, Not, Some
from cadre_rules.rulebook.schema import Test as Comparison
from matching import fired

Row: TypeAlias = Mapping[str, Any]

TITLES = ["Bí thư", unicodedata.normalize("NFD", "Bí thư"), "Chủ tịch", "ủy viên", "uỷ viên", 'x"y', "1", "", "\\u0041", "null"]
FACTS: dict[str, st.SearchStrategy[Any]] = {
    "age": st.integers(-3, 3) | st.sampled_from([-(10**18) + 1, 10**18 - 1]),
    "title": st.sampled_from(TITLES),
    "party": st.booleans(),
    "signed": st.dates(date(2020, 1, 1), date(2020, 1, 5)) | st.sampled_from([date.min, date.max]),
    "votes": st.integers(0, 4),
}
ORDER = ["at_least", "at_most", "above", "below"]
WORDS = {
    "age": ["equals", "one_of", "stated", *ORDER],
    "title": ["equals", "one_of", "stated"],
    "party": ["equals", "stated", "one_of"],
    "signed": ["equals", "one_of", "stated", *ORDER],
    "votes": ["equals", "one_of", "stated", *ORDER],
}
TYPES = {"age": pl.Int64, "title": pl.String, "party": pl.Boolean, "signed": pl.Date, "votes": pl.Int64}
LOWERING = Lowering(lambda fact: fact, {})


@st.composite
def comparisons(draw: st.DrawFn) -> Comparison:
    fact = draw(st.sampled_from(sorted(FACTS)))
    word = draw(st.sampled_from(WORDS[fact]))
    if word == "stated":
        return Comparison.model_validate({"fact": fact, "stated": True})
    constant = tuple(draw(st.lists(FACTS[fact], min_size=1, max_size=4))) if word == "one_of" else draw(FACTS[fact])
    return Comparison.model_validate({"fact": fact, word: constant})


def grown(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    members = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return (
        members.map(lambda some: Every(every=some))
        | members.map(lambda some: Some(some=some))
        | inner.map(lambda one: Not.model_validate({"not": one}))
    )


CONDITIONS: st.SearchStrategy[Condition] = st.recursive(comparisons(), grown, max_leaves=8)
ROWS = st.fixed_dictionaries({name: st.none() | values for name, values in FACTS.items()})


def oracle(condition: Condition, row: Row) -> bool | None:
    match condition:
        case Comparison():
            return plain_meaning(condition, row[condition.fact])
        case Every(every=members):
            said = [oracle(member, row) for member in members]
            return False if False in said else None if None in said else True
        case Some(some=members):
            said = [oracle(member, row) for member in members]
            return True if True in said else None if None in said else False
        case Not(negated=member):
            inner = oracle(member, row)
            return None if inner is None else not inner


def plain_meaning(test: Comparison, value: Any) -> bool | None:
    word, constant = test.comparison
    if value is None:
        return None
    match word:
        case "stated":
            return True
        case "equals":
            return bool(value == constant)
        case "one_of":
            return value in constant
        case "at_least":
            return bool(value >= constant)
        case "at_most":
            return bool(value <= constant)
        case "above":
            return bool(value > constant)
        case _:
            return bool(value < constant)


@settings(max_examples=10 * settings().max_examples)
@given(st.lists(CONDITIONS, min_size=1, max_size=4), st.lists(ROWS, min_size=1, max_size=4))
def test_every_matcher_says_what_the_oracle_says(conditions: list[Condition], rows: list[Row]) -> None:
    formulas = {f"holds {n}": LOWERING.holds(condition) for n, condition in enumerate(conditions)}
    formulas |= {f"fails {n}": LOWERING.fails(condition) for n, condition in enumerate(conditions)}
    single, plain = SingleMatcher(formulas), PlainMatcher(formulas)
    table = bulk.match(pl.DataFrame(rows, schema=TYPES, orient="row"), formulas)
    assert set(table.dtypes) == {pl.Boolean}
    for row, columns in zip(rows, table.iter_rows(named=True), strict=True):
        said = [oracle(condition, row) for condition in conditions]
        wanted = {f"holds {n}" for n, answer in enumerate(said) if answer is True}
        wanted |= {f"fails {n}" for n, answer in enumerate(said) if answer is False}
        with warnings.catch_warnings():
            warnings.simplefilter("error", EngineDisagreementWarning)
            said_so = fired(single, row)
        assert said_so.keys() == wanted
        assert fired(plain, row) == said_so
        assert {name for name, holds in columns.items() if holds} == wanted
        assert None not in columns.values()
        for name, clause in said_so.items():
            assert clause in formulas[name]
            assert all(row[test.fact] is not None and passes(row[test.fact], test) for test in clause)
        one = sorted(formulas)[:1]
        assert fired(single, row, one) == fired(plain, row, one) == {name: said_so[name] for name in one if name in said_so}


@given(CONDITIONS, ROWS)
def test_no_condition_is_both_proved_and_disproved(condition: Condition, row: Row) -> None:
    both = fired(PlainMatcher({"holds": LOWERING.holds(condition), "fails": LOWERING.fails(condition)}), row)
    assert len(both) < 2


@given(CONDITIONS, CONDITIONS, ROWS)
def test_verdicts_are_the_outcomes_the_oracle_gives(applies: Condition, requires: Condition, row: Row) -> None:
    verdicts = LOWERING.verdicts(applies, requires)
    formulas = {
        "violated": verdicts.violated,
        "satisfied": verdicts.satisfied,
        "not_applicable": verdicts.not_applicable,
    }
    match oracle(applies, row), oracle(requires, row):
        case False, _:
            wanted = {"not_applicable"}
        case True, True:
            wanted = {"satisfied"}
        case True, False:
            wanted = {"violated"}
        case _:
            wanted = set()
    assert fired(PlainMatcher(formulas), row).keys() == wanted


@pytest.mark.parametrize("value", [10**24, -(10**24), 2**63, 2**62, MAX_NUMBER + 1, -(2**64)])
def test_numbers_of_any_size_are_compared_rightly(value: int) -> None:
    bound = 10**18 - 1
    formulas = {"above": ((FactTest("n", ">", (bound,)),),), "below": ((FactTest("n", "<", (-bound,)),),)}
    assert fired(SingleMatcher(formulas), {"n": value}).keys() == ({"above"} if value > 0 else {"below"})


def test_three_hundred_formulas_true_of_one_row_are_all_told() -> None:
    formulas = {f"f{n}": ((FactTest("n", ">=", (n,)),),) for n in range(300)}
    assert fired(SingleMatcher(formulas), {"n": 299}).keys() == formulas.keys()


def test_three_hundred_facts_are_each_told_apart() -> None:
    formulas = {f"f{n}": ((FactTest(f"fact_{n}", "in", (True,)),),) for n in range(300)}
    row = {f"fact_{n}": n % 3 == 0 or None for n in range(300)}
    assert fired(SingleMatcher(formulas), row).keys() == {f"f{n}" for n in range(0, 300, 3)}


@pytest.mark.parametrize("relation", ["in", "not in"])
def test_a_clause_of_as_many_choices_as_are_allowed_runs(relation: Any) -> None:
    clause = tuple(FactTest(f"f{n}", relation, tuple(range(1, 25))) for n in range(MAX_CHOICES))
    clause += tuple(FactTest(f"g{n}", "stated") for n in range(24 - MAX_CHOICES))
    row = {f"f{n}": 24 if relation == "in" else 25 for n in range(MAX_CHOICES)} | {f"g{n}": 0 for n in range(24)}
    assert fired(SingleMatcher({"x": (clause,)}), row) == {"x": clause}


def test_a_clause_of_more_choices_is_refused() -> None:
    members = tuple(Comparison.model_validate({"fact": f"f{n}", "one_of": (1, 2)}) for n in range(MAX_CHOICES + 1))
    assert LOWERING.holds(Every(every=members[1:]))
    with pytest.raises(TooLargeError, match="one_of"):
        LOWERING.holds(Every(every=members))


@pytest.mark.parametrize(("heard", "told"), [(0b10, "no, yes"), (0b11, "no"), (0b00, "yes")])
def test_a_disagreement_is_told_and_the_plain_matcher_believed(monkeypatch: pytest.MonkeyPatch, heard: int, told: str) -> None:
    formulas = {"yes": ((FactTest("n", ">", (0,)),),), "no": ((FactTest("n", "<", (0,)),),)}
    monkeypatch.setattr(SingleMatcher, "hear", lambda matcher, row, part, among: heard)
    with pytest.warns(EngineDisagreementWarning, match=f"differs on {told};"):
        assert fired(SingleMatcher(formulas), {"n": 1}) == {"yes": formulas["yes"][0]}


def test_another_clause_of_a_true_formula_heard_alone_is_a_disagreement(monkeypatch: pytest.MonkeyPatch) -> None:
    formulas = {"yes": ((FactTest("n", ">", (0,)),), (FactTest("n", ">", (1,)),))}
    monkeypatch.setattr(SingleMatcher, "hear", lambda matcher, row, part, among: 0b10)
    with pytest.warns(EngineDisagreementWarning, match="differs on yes"):
        assert fired(SingleMatcher(formulas), {"n": 1}) == {"yes": formulas["yes"][0]}


@pytest.mark.parametrize("relation", ["in", "not in"])
@pytest.mark.parametrize("many", [1, 8, 9, 40])
def test_a_table_is_matched_as_its_rows_are_however_many_constants_there_are(relation: Any, many: int) -> None:
    formulas: dict[str, Formula] = {
        "texts": ((FactTest("title", relation, tuple(f"t{n}" for n in range(many))),),),
        "numbers": ((FactTest("age", relation, tuple(range(many))),),),
        "days": ((FactTest("signed", relation, tuple(date(2020, 1, 1) + timedelta(days=n) for n in range(many))),),),
        "flags": ((FactTest("party", relation, (True,)),), (FactTest("party", relation, (False, True)),)),
    }
    first = date(2020, 1, 1)
    rows: list[dict[str, Any]] = [
        {"title": f"t{n}", "age": n, "signed": first + timedelta(days=n), "party": n % 2 == 0} for n in range(45)
    ]
    rows.append(dict.fromkeys(rows[0]))
    table = bulk.match(pl.DataFrame(rows), formulas)
    plain = PlainMatcher(formulas)
    assert [dict(zip(formulas, row, strict=True)) for row in table.iter_rows()] == [
        {name: name in fired(plain, row) for name in formulas} for row in rows
    ]


def test_a_fact_a_table_does_not_know_is_not_stated() -> None:
    formulas: dict[str, Formula] = {
        "always": ALWAYS,
        "never": NEVER,
        "stated": ((FactTest("age", "stated"),),),
        "young": ((FactTest("age", "<", (30,)),),),
        "either": ((FactTest("age", "<", (30,)),), (FactTest("votes", ">", (0,)),)),
    }
    unknown = pl.DataFrame({"age": [None, None], "votes": [1, None]}, schema={"age": pl.Null, "votes": pl.Int64})
    for table in (unknown, unknown.select("votes")):
        matched = bulk.match(table, formulas)
        assert list(matched.iter_rows()) == [(True, False, False, False, True), (True, False, False, False, False)]
    assert bulk.match(unknown, {"always": ALWAYS}).height == 2
    assert bulk.match(unknown.clear(), formulas).height == 0


def test_a_row_leaves_nothing_behind() -> None:
    single = SingleMatcher({"before": ((FactTest("day", "<", (date(2020, 1, 1),)),),)})
    for step in range(200):
        day = date(2019, 12, 1) + timedelta(days=step)
        assert bool(fired(single, {"day": day})) == (day < date(2020, 1, 1))
        assert fired(single, {"day": None}) == {}
