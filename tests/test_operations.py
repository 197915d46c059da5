"""Operations give what a calendar and arithmetic give, and of spans only what every possibility gives."""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadre_rules.dossier.values import PartialDate, Span, bounds
from cadre_rules.expression import OPERATIONS, Call, Fact
from cadre_rules.facts.deriving import Deriver, Scope, Tables
from cadre_rules.facts.maps import AreaMap
from cadre_rules.facts.operations import (
    HOLIDAYS_A_YEAR,
    STRICT,
    months_between,
    settled,
    span,
    weekdays_between,
)

add_months = STRICT["add_months"]


def day(text: str) -> date:
    return date.fromisoformat(text)


def year(number: int) -> PartialDate:
    return PartialDate(date(number, 1, 1), date(number, 12, 31))


JAN, FEB = PartialDate(date(2024, 1, 1), date(2024, 1, 31)), PartialDate(date(2024, 2, 1), date(2024, 2, 29))


@pytest.mark.parametrize(
    ("operation", "arguments", "expected"),
    [
        ("years_between", (day("1980-05-03"), day("2020-05-02")), 39),
        ("years_between", (day("1980-05-03"), day("2020-05-03")), 40),
        ("years_between", (day("1980-02-29"), day("2021-02-28")), 41),
        ("years_between", (year(1980), day("2020-06-01")), Span(39, 40)),
        ("months_between", (day("2020-01-31"), day("2020-02-29")), 1),
        ("months_between", (day("2020-01-31"), day("2020-02-28")), 0),
        ("months_between", (day("2020-01-15"), day("2020-03-14")), 1),
        ("months_between", (day("2020-03-15"), day("2020-01-15")), -2),
        ("months_between", (year(1980), day("2020-12-31")), Span(480, 491)),
        ("months_between", (JAN, FEB), Span(0, 1)),
        ("days_between", (day("2020-02-28"), day("2020-03-01")), 2),
        ("days_between", (day("2020-03-01"), day("2020-02-28")), -2),
        ("days_between", (JAN, day("2024-02-01")), Span(1, 31)),
        ("working_days_between", (day("2024-01-05"), day("2024-01-05")), 0),
        ("working_days_between", (day("2024-01-05"), day("2024-01-08")), Span(0, 1)),
        ("working_days_between", (day("2024-01-01"), day("2024-12-31")), Span(261 - HOLIDAYS_A_YEAR, 261)),
        ("working_days_between", (day("2024-12-31"), day("2025-03-31")), Span(64 - 2 * HOLIDAYS_A_YEAR, 64)),
        ("add_months", (day("2024-01-31"), 1), day("2024-02-29")),
        ("add_months", (day("2024-03-31"), -1), day("2024-02-29")),
        ("add_months", (day("2024-11-30"), 14), day("2026-01-30")),
        ("add_months", (JAN, 1), FEB),
        ("add_months", (day("2024-01-15"), Span(1, 2)), PartialDate(day("2024-02-15"), day("2024-03-15"))),
        ("add_months", (date.max, 1), None),
        ("add_months", (day("2024-01-01"), 10**12), None),
        ("add_months", (date.min, -1), None),
        ("add_days", (day("2024-02-28"), 2), day("2024-03-01")),
        ("add_days", (day("2024-02-28"), -28), day("2024-01-31")),
        ("add_days", (date.max, 1), None),
        ("add_days", (day("2024-01-01"), 10**12), None),
        ("month_end", (day("2024-02-01"),), day("2024-02-29")),
        ("month_end", (JAN,), day("2024-01-31")),
        ("month_end", (date.max,), date.max),
        ("year_of", (year(1980),), 1980),
        ("year_of", (PartialDate(day("1980-01-01"), day("1981-01-01")),), Span(1980, 1981)),
        ("month_index", (day("2024-01-31"),), 2024 * 12 + 1),
        ("month_index", (JAN,), 2024 * 12 + 1),
        ("earliest", (JAN,), day("2024-01-01")),
        ("latest_day", (JAN,), day("2024-01-31")),
        ("earliest", (day("2024-01-05"),), day("2024-01-05")),
        ("add", (1, 2, 3), 6),
        ("add", (1, Span(2, 3)), Span(3, 4)),
        ("add", (1,), 1),
        ("subtract", (5, 7), -2),
        ("subtract", (Span(5, 6), Span(1, 3)), Span(2, 5)),
        ("multiply", (2, 3, 4), 24),
        ("multiply", (Span(-1, 2), 3), Span(-3, 6)),
        ("multiply", (Span(-2, 1), Span(-3, 5)), Span(-10, 6)),
        ("least", (3, 1, 2), 1),
        ("least", (3,), 3),
        ("least", (Span(1, 5), 3), Span(1, 3)),
        ("least", (JAN, day("2024-01-15")), PartialDate(day("2024-01-01"), day("2024-01-15"))),
        ("greatest", (3, 1, 2), 3),
        ("greatest", (day("2024-01-15"),), day("2024-01-15")),
        ("greatest", (Span(1, 5), 3), Span(3, 5)),
        ("share", (1, 3), 3333),
        ("share_up", (1, 3), 3334),
        ("share_up", (1, 4), 2500),
        ("share", (0, 5), 0),
        ("share", (1, 0), None),
        ("share", (1, Span(0, 4)), None),
        ("share", (Span(1, 2), 4), Span(2500, 5000)),
        ("share", (1, Span(3, 4)), Span(2500, 3333)),
        ("share_up", (1, Span(3, 4)), Span(2500, 3334)),
        ("equal", ("ủy ban", "Uỷ  Ban"), True),
        ("equal", ("ủy ban", "ụy ban"), False),
        ("equal", (1, 1), True),
        ("equal", (1, 2), False),
        ("equal", (Span(1, 2), 2), None),
        ("equal", (Span(1, 2), 3), False),
        ("equal", (0, Span(1, 2)), False),
        ("equal", (Span(1, 2), Span(1, 2)), None),
        ("equal", (year(2024), JAN), None),
        ("equal", (year(2023), JAN), False),
        ("less", (1, 2), True),
        ("less", (2, 2), False),
        ("less", (Span(1, 2), 3), True),
        ("less", (Span(1, 3), 3), None),
        ("less", (Span(3, 4), 3), False),
        ("less", (JAN, FEB), True),
        ("at_most", (2, 2), True),
        ("at_most", (3, 2), False),
        ("at_most", (Span(1, 2), 2), True),
        ("at_most", (Span(1, 3), 2), None),
        ("at_most", (Span(3, 4), 2), False),
        ("one_of", ("Bí Thư", ("bí thư", "x")), True),
        ("one_of", ("bi thu", ("bí thư", "x")), False),
    ],
)
def test_an_operation_gives(operation: str, arguments: tuple[Any, ...], expected: object) -> None:
    assert STRICT[operation](*arguments) == expected
    assert type(STRICT[operation](*arguments)) is type(expected)


def test_every_operation_of_the_language_is_here_or_answers_without_all_it_is_given() -> None:
    assert OPERATIONS.keys() - STRICT.keys() == {"coalesce", "all", "some", "not", "stated", "choose"}
    assert STRICT.keys() <= OPERATIONS.keys()


@pytest.mark.parametrize(
    ("values", "all_of", "some_of"),
    [
        ([True, True], True, True),
        ([True, False], False, True),
        ([False, None], False, None),
        ([True, None], None, True),
        ([None], None, None),
        ([False], False, False),
    ],
)
def test_and_and_or_know_what_they_can(values: list[Any], all_of: object, some_of: object) -> None:
    facts = {f"f{n}": value for n, value in enumerate(values)}
    for operation, answer in (("all", all_of), ("some", some_of)):
        scope = Scope(Deriver({"it": Call(operation, tuple(map(Fact, facts)))}, Tables({}, AreaMap([]))), None)
        scope.update(facts)
        assert scope["it"] is answer


@pytest.mark.parametrize("value", [1, "x", True, day("2024-01-01")])
def test_an_exact_value_is_its_own_bounds(value: Any) -> None:
    assert settled(value) is value
    assert bounds(value) == (value, value)


def test_a_spread_value_is_not_settled() -> None:
    assert settled(Span(1, 2)) is settled(JAN) is None
    assert span(1, 1) == 1
    assert span(1, 2) == Span(1, 2) == Span(*bounds(Span(1, 2)))


DAYS = st.dates(date(1900, 1, 1), date(2100, 1, 1))
NEAR = st.dates(date(2023, 11, 1), date(2024, 4, 30))


@given(DAYS, DAYS)
def test_months_between_is_the_most_that_can_be_added_without_passing(first: date, last: date) -> None:
    first, last = sorted((first, last))
    months = months_between(first, last)
    assert add_months(first, months) <= last < add_months(first, months + 1)
    assert months_between(last, first) == -months


@given(DAYS, st.integers(-600, 600))
def test_adding_months_keeps_the_day_or_takes_the_months_last(start: date, months: int) -> None:
    end = add_months(start, months)
    assert end.year * 12 + end.month == start.year * 12 + start.month + months
    assert end.day == start.day or (end.day < start.day and (end + timedelta(days=1)).day == 1)
    assert months_between(start, end) == months or months < 0


@given(NEAR, NEAR)
def test_weekdays_are_counted_as_one_would_on_a_calendar(first: date, last: date) -> None:
    days = sorted((first, last))
    naive = sum((days[0] + timedelta(days=step)).weekday() < 5 for step in range(1, (days[1] - days[0]).days + 1))
    assert weekdays_between(*days) == naive
    assert weekdays_between(days[1], days[0]) == -naive


@given(NEAR, NEAR)
def test_working_days_lie_between_weekdays_less_holidays_and_weekdays(first: date, last: date) -> None:
    low, high = bounds(STRICT["working_days_between"](first, last))
    assert low <= high
    assert high == weekdays_between(first, last)


PARTIAL = st.tuples(NEAR, st.integers(0, 70)).map(lambda p: PartialDate(p[0], p[0] + timedelta(days=p[1])))
SPANS = st.tuples(st.integers(-9, 9), st.integers(0, 4)).map(lambda p: span(p[0], p[0] + p[1]))
COUNTS = st.tuples(st.integers(0, 9), st.integers(0, 4)).map(lambda p: span(p[0], p[0] + p[1]))
DATED = NEAR | PARTIAL
SPREAD: dict[str, tuple[st.SearchStrategy[Any], ...]] = {
    "years_between": (DATED, DATED),
    "months_between": (DATED, DATED),
    "days_between": (DATED, DATED),
    "add_months": (DATED, SPANS),
    "add_days": (DATED, SPANS),
    "month_end": (DATED,),
    "year_of": (DATED,),
    "month_index": (DATED,),
    "add": (SPANS, SPANS),
    "subtract": (SPANS, SPANS),
    "multiply": (SPANS, SPANS, SPANS),
    "least": (SPANS, SPANS),
    "greatest": (DATED, DATED),
    "share": (SPANS, COUNTS),
    "share_up": (SPANS, COUNTS),
    "equal": (SPANS, SPANS),
    "less": (DATED, DATED),
    "at_most": (DATED, DATED),
}


def possible(value: Any) -> list[Any]:
    low, high = bounds(value)
    if isinstance(low, date):
        return [low + timedelta(days=step) for step in range((high - low).days + 1)]
    return list(range(low, high + 1))


def compute(operation: str) -> Callable[..., Any]:
    return STRICT[operation]


@given(st.sampled_from(sorted(SPREAD)).flatmap(lambda name: st.tuples(st.just(name), *SPREAD[name])), st.data())
def test_whatever_a_spread_means_the_answer_holds(drawn: tuple[Any, ...], data: st.DataObject) -> None:
    name, *arguments = drawn
    answer = compute(name)(*arguments)
    exact = [data.draw(st.sampled_from(possible(argument))) for argument in arguments]
    result = compute(name)(*exact)
    if isinstance(answer, bool) or settled(answer) is not None:
        assert result == answer
    elif answer is not None:
        low, high = bounds(answer)
        assert low <= result <= high


@given(st.sampled_from(["equal", "less", "at_most"]), COUNTS, COUNTS)
def test_a_comparison_is_open_only_where_possibilities_differ(name: str, left: Any, right: Any) -> None:
    answers = {compute(name)(one, other) for one, other in product(possible(left), possible(right))}
    assert compute(name)(left, right) == (answers.pop() if len(answers) == 1 else None)


@given(st.sampled_from(["add", "subtract", "multiply", "least", "greatest"]), SPANS, SPANS)
def test_a_span_is_no_wider_than_what_is_possible(name: str, left: Any, right: Any) -> None:
    answers = [compute(name)(one, other) for one, other in product(possible(left), possible(right))]
    assert bounds(compute(name)(left, right)) == (min(answers), max(answers))
