"""What each operation of the definition language does to values.

A value is a bool, int, str, date or Area; None is unknown. A `PartialDate` is a date known
only to lie between two days, a `Span` a number known only to lie between two numbers; an
operation answers exactly where every possibility gives the same answer.
"""

from calendar import monthrange
from collections.abc import Callable, Iterable
from datetime import MAXYEAR, MINYEAR, date
from itertools import product
from math import prod
from operator import le, lt, sub
from typing import Any

from cadre_rules.dossier.values import PartialDate, Span, bounds
from cadre_rules.names import fold

HOLIDAYS_A_YEAR = 12
"""No calendar of public holidays is shipped, so working days are a span at most this wide for each year touched."""


def settled(value: Any) -> Any:
    """Return the value if it is exact, else None."""
    return None if isinstance(value, Span) else value


def span(low: Any, high: Any) -> Any:
    """Return what lies between two ends: what both agree on, else a span or a partly stated date; between no and yes nothing."""
    if low == high:
        return low
    return None if isinstance(low, bool) else PartialDate(low, high) if isinstance(low, date) else Span(low, high)


def add_months(day: date, months: int) -> date | None:
    """Return the day so many months later, or that month's last day; None if the calendar has no such year.

    >>> add_months(date(2024, 1, 31), 1)
    datetime.date(2024, 2, 29)
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not MINYEAR <= year <= MAXYEAR:
        return None
    return date(year, month + 1, day.day if day.day <= 28 else min(day.day, monthrange(year, month + 1)[1]))


def _add_days(day: date, days: int) -> date | None:
    ordinal = day.toordinal() + days
    return date.fromordinal(ordinal) if 0 < ordinal <= date.max.toordinal() else None


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


def _working_days(first: Any, last: Any) -> Any:
    (first_low, first_high), (last_low, last_high) = bounds(first), bounds(last)
    least, most = weekdays_between(first_high, last_low), weekdays_between(first_low, last_high)
    spare = HOLIDAYS_A_YEAR * (abs(last_low.year - first_high.year) + 1)
    return span(min(least, max(least - spare, 0)), most)


def _lifted(compute: Callable[..., Any], corners: Callable[..., Iterable[tuple[Any, ...]]] = zip) -> Callable[..., Any]:
    """Compute plainly where every argument is exact, as nearly all are; else what lies between the answers at the corners.

    A function that falls with no argument has its least where all are least, its greatest where all are greatest.
    """

    def run(*arguments: Any) -> Any:
        for argument in arguments:
            if isinstance(argument, Span):
                found = [compute(*corner) for corner in corners(*map(bounds, arguments))]
                return None if None in found else span(min(found), max(found))
        return compute(*arguments)

    return run


def _opposed(first: tuple[Any, Any], second: tuple[Any, Any]) -> Iterable[tuple[Any, Any]]:
    """Pair the ends of two arguments with one of which a function rises while it falls with the other."""
    return zip(first, reversed(second), strict=True)


_less = _lifted(lt, _opposed)


def _equal(first: Any, second: Any) -> bool | None:
    if not isinstance(first, Span) and not isinstance(second, Span):
        return bool(fold(first) == fold(second) if isinstance(first, str) and isinstance(second, str) else first == second)
    return False if _less(first, second) or _less(second, first) else None


STRICT: dict[str, Callable[..., Any]] = {
    "years_between": _lifted(lambda first, last: months_between(first, last) // 12, _opposed),
    "months_between": _lifted(months_between, _opposed),
    "days_between": _lifted(lambda first, last: (last - first).days, _opposed),
    "working_days_between": _working_days,
    "add_months": _lifted(add_months),
    "add_days": _lifted(_add_days),
    "month_end": _lifted(lambda day: day.replace(day=monthrange(day.year, day.month)[1])),
    "year_of": _lifted(lambda day: day.year),
    "month_index": _lifted(lambda day: day.year * 12 + day.month),
    "earliest": lambda day: bounds(day)[0],
    "latest_day": lambda day: bounds(day)[1],
    "add": _lifted(lambda *terms: sum(terms)),
    "subtract": _lifted(sub, _opposed),
    "multiply": _lifted(lambda *factors: prod(factors), product),
    "least": _lifted(lambda *terms: min(terms)),
    "greatest": _lifted(lambda *terms: max(terms)),
    "share": _lifted(lambda part, whole: part * 10_000 // whole if whole > 0 else None, product),
    "share_up": _lifted(lambda part, whole: -(-part * 10_000 // whole) if whole > 0 else None, product),
    "equal": _equal,
    "less": _less,
    "at_most": _lifted(le, _opposed),
    "one_of": lambda value, choices: fold(value) in map(fold, choices),
}
"""Operations that know nothing where an argument is unknown."""
