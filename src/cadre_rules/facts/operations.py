"""What each operation of the definition language does to values.

A value is a bool, int, str, date or Area; None is unknown. A `PartialDate` is a date known
only to lie between two days, a `Span` a number known only to lie between two numbers; an
operation answers exactly where every possibility gives the same answer.
"""

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product
from math import prod
from operator import sub
from typing import Any

from cadre_rules.dossier.values import PartialDate
from cadre_rules.names import fold

HOLIDAYS_A_YEAR = 12
"""No calendar of public holidays is shipped, so working days are a span at most this wide for each year touched."""


@dataclass(frozen=True, slots=True)
class Span:
    """A number that may be anything from `low` to `high`."""

    low: int
    high: int


SPREAD = frozenset((Span, PartialDate))
"""What a value is that is known only within bounds."""


def settled(value: Any) -> Any:
    """Return the value if it is exact, else None."""
    return None if value.__class__ in SPREAD else value


def span(low: int, high: int) -> int | Span:
    """Return the number if both ends agree, else the span."""
    return low if low == high else Span(low, high)


def bounds(value: Any) -> tuple[Any, Any]:
    """Return the least and the greatest a value can be."""
    if isinstance(value, PartialDate):
        return value.earliest, value.latest
    if isinstance(value, Span):
        return value.low, value.high
    return value, value


def add_months(day: date, months: int) -> date:
    """Return the day so many months later, or that month's last day.

    >>> add_months(date(2024, 1, 31), 1)
    datetime.date(2024, 2, 29)
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, day.day if day.day <= 28 else min(day.day, monthrange(year, month + 1)[1]))


def months_between(first: date, last: date) -> int:
    """Return the most months that can be added to `first` without passing `last`; negative if it comes later.

    >>> months_between(date(2024, 1, 31), date(2024, 2, 29))
    1
    """
    if last < first:
        return -months_between(last, first)
    months = (last.year - first.year) * 12 + last.month - first.month
    short = last.day < first.day and (last.day < 28 or last.day < monthrange(last.year, last.month)[1])
    return months - short


def weekdays_between(first: date, last: date) -> int:
    """Return the Mondays to Fridays after `first` up to and with `last`; negative if it comes earlier."""
    return _weekdays_to(last) - _weekdays_to(first)


def _weekdays_to(day: date) -> int:
    """Count from the calendar's first day, which is a Monday."""
    weeks, rest = divmod(day.toordinal(), 7)
    return weeks * 5 + min(rest, 5)


def _working_days(first: date, last: date) -> int | Span:
    weekdays = weekdays_between(first, last)
    spare = HOLIDAYS_A_YEAR * (abs(last.year - first.year) + 1)
    return span(min(weekdays, max(weekdays - spare, 0)), weekdays)


def _lifted(compute: Callable[..., Any], spread: Callable[..., Any]) -> Callable[..., Any]:
    """Compute plainly where every argument is exact, as nearly all are, and by its spread where one is not."""

    def run(*arguments: Any) -> Any:
        for argument in arguments:
            if argument.__class__ in SPREAD:
                return spread(*arguments)
        return compute(*arguments)

    return run


def _between(measure: Callable[[date, date], int | Span]) -> Callable[[Any, Any], Any]:
    """Measure from a day to a day; the later the first and the earlier the last, the less."""

    def spread(first: Any, last: Any) -> Any:
        (first_low, first_high), (last_low, last_high) = bounds(first), bounds(last)
        return span(bounds(measure(first_high, last_low))[0], bounds(measure(first_low, last_high))[1])

    return _lifted(measure, spread)


def _rising(compute: Callable[..., Any]) -> Callable[..., Any]:
    """Lift a function that never falls when an argument rises."""

    def spread(*arguments: Any) -> Any:
        ends = [bounds(argument) for argument in arguments]
        low, high = compute(*(end[0] for end in ends)), compute(*(end[1] for end in ends))
        return low if low == high else PartialDate(low, high) if isinstance(low, date) else Span(low, high)

    return _lifted(compute, spread)


def _dated(compute: Callable[[date, int], date]) -> Callable[[Any, Any], Any]:
    """Lift a step in the calendar; a day the calendar does not have is unknown."""
    rising = _rising(compute)

    def run(day: Any, step: Any) -> Any:
        try:
            return rising(day, step)
        except (OverflowError, ValueError):
            return None

    return run


def _subtract(first: Any, second: Any) -> Any:
    (first_low, first_high), (second_low, second_high) = bounds(first), bounds(second)
    return span(first_low - second_high, first_high - second_low)


def _multiply(*factors: Any) -> Any:
    products = [prod(corner) for corner in product(*map(bounds, factors))]
    return span(min(products), max(products))


def _share(part: Any, whole: Any, up: int = 0) -> Any:
    (part_low, part_high), (whole_low, whole_high) = bounds(part), bounds(whole)
    if whole_low <= 0:
        return None
    corners = [(p * 10_000 + up * (w - 1)) // w for p in (part_low, part_high) for w in (whole_low, whole_high)]
    return span(min(corners), max(corners))


def _equal(first: Any, second: Any) -> bool | None:
    if first.__class__ not in SPREAD and second.__class__ not in SPREAD:
        return bool(fold(first) == fold(second) if isinstance(first, str) and isinstance(second, str) else first == second)
    (first_low, first_high), (second_low, second_high) = bounds(first), bounds(second)
    return False if first_high < second_low or second_high < first_low else None


def _less(first: Any, second: Any) -> bool | None:
    if first.__class__ not in SPREAD and second.__class__ not in SPREAD:
        return bool(first < second)
    (first_low, first_high), (second_low, second_high) = bounds(first), bounds(second)
    return True if first_high < second_low else False if first_low >= second_high else None


def _at_most(first: Any, second: Any) -> bool | None:
    if first.__class__ not in SPREAD and second.__class__ not in SPREAD:
        return bool(first <= second)
    later = _less(second, first)
    return None if later is None else not later


def _one_of(value: Any, choices: Any) -> bool:
    return fold(value) in {fold(choice) for choice in choices}


STRICT: dict[str, Callable[..., Any]] = {
    "years_between": _between(lambda first, last: months_between(first, last) // 12),
    "months_between": _between(months_between),
    "days_between": _between(lambda first, last: (last - first).days),
    "working_days_between": _between(_working_days),
    "add_months": _dated(add_months),
    "add_days": _dated(lambda day, days: day + timedelta(days=days)),
    "month_end": _rising(lambda day: day.replace(day=monthrange(day.year, day.month)[1])),
    "year_of": _rising(lambda day: day.year),
    "month_index": _rising(lambda day: day.year * 12 + day.month),
    "earliest": lambda day: bounds(day)[0],
    "latest_day": lambda day: bounds(day)[1],
    "add": _rising(lambda *terms: sum(terms)),
    "subtract": _lifted(sub, _subtract),
    "multiply": _lifted(lambda *factors: prod(factors), _multiply),
    "least": _rising(lambda *terms: min(terms)),
    "greatest": _rising(lambda *terms: max(terms)),
    "share": _share,
    "share_up": lambda part, whole: _share(part, whole, 1),
    "equal": _equal,
    "less": _less,
    "at_most": _at_most,
    "one_of": _one_of,
}
"""Operations that know nothing where an argument is unknown."""
