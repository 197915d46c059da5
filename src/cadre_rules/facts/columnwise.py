"""What each operation of the definition language does to columns: the meaning is that of `operations`, row for row.

An operation meets only columns of which something is stated, and says nothing where one of them is not.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache, partial, reduce
from itertools import product
from math import prod
from operator import add, and_, mul
from typing import Any, TypeAlias

import numpy as np

from cadre_rules.facts.arrays import Array, Bits, Column, Numbers, Table, Texts, Truths, alike, each_once, named_alike
from cadre_rules.facts.operations import HOLIDAYS_A_YEAR
from cadre_rules.names import fold

FARTHEST = 4 * 10**18
"""Numbers beyond this are taken for this: no count a rule compares comes near, and whole numbers end at 9.2e18."""

Operation: TypeAlias = Callable[..., Column]


def operate(operation: str, table: Table, columns: Sequence[Column | None], reach: int) -> Column | None:
    """Return what an operation gives, in wider numbers where it may `reach` beyond those there are."""
    known = [column for column in columns if column is not None]
    if len(known) < len(columns):
        return None
    if reach > FARTHEST and any(isinstance(column, Numbers) and not column.days for column in known):
        return _wide(OPERATIONS[operation], table, known)
    return OPERATIONS[operation](table, *known)


def reach_of(operation: str, reaches: Sequence[int]) -> int:
    """Return how far what an operation gives can be from zero, for how far what it is given can be."""
    return int(_REACHES.get(operation, max)(reaches))


_REACHES: Mapping[str, Callable[[Sequence[int]], int]] = {
    "add": sum,
    "subtract": sum,
    "multiply": prod,
    **dict.fromkeys(("share", "share_up"), lambda reaches: reaches[0] * 10_000 + reaches[1]),
}


def _wide(operation: Operation, table: Table, columns: Sequence[Column]) -> Column:
    """Compute with Python's numbers, which have no end; only what multiplies counts of counts gets here."""

    def widened(column: Column) -> Column:
        if not isinstance(column, Numbers):
            return column
        top = None if column.top is None else column.top.astype(object)
        return Numbers(np.asarray(column.low).astype(object), column.stated, top)

    found = operation(table, *map(widened, columns))
    if not isinstance(found, Numbers):
        return found
    return Numbers(_narrowed(found.low), found.stated, None if found.top is None else _narrowed(found.top))


def _narrowed(numbers: Any) -> Array:
    return np.asarray(np.clip(np.asarray(numbers, object), -FARTHEST, FARTHEST)).astype(np.int64)


def both(*columns: Column) -> Bits:
    """Return where all columns are stated."""
    return reduce(and_, (column.stated for column in columns))


# Lifting to what may be less than exact


def _exact(*columns: Any) -> bool:
    return all(getattr(column, "top", None) is None for column in columns)


def _rising(compute: Callable[..., Array], *, days: bool | None = None) -> Operation:
    """Lift a function that never falls when an argument rises."""

    def run(_: Table, *columns: Numbers) -> Column:
        low = compute(*(column.low for column in columns))
        top = None if _exact(*columns) else compute(*(column.high for column in columns))
        return Numbers(low, both(*columns), top, columns[0].days if days is None else days)

    return run


def _between(measure: Callable[[Array, Array], Array]) -> Operation:
    """Measure from a day to a day; the later the first and the earlier the last, the less."""

    def run(_: Table, first: Numbers, last: Numbers) -> Column:
        top = None if _exact(first, last) else measure(first.low, last.high)
        return Numbers(measure(first.high, last.low), both(first, last), top)

    return run


def _dated(compute: Callable[[Array, Array], tuple[Array, Array]]) -> Operation:
    """Lift a step in the calendar; a day the calendar does not have leaves all unknown."""

    def run(table: Table, day: Numbers, step: Numbers) -> Column:
        low, there = compute(day.low, step.low)
        stated = both(day, step) & table.bits(there)
        if _exact(day, step):
            return Numbers(low, stated, days=True)
        top, there = compute(day.high, step.high)
        return Numbers(low, stated & table.bits(there), top, days=True)

    return run


# The calendar, looked up: to compute parts of a day is many times slower


@cache
def _calendar() -> tuple[Array, Array, Array, Array]:
    """Return, by day from 0001-01-01, its date, and the same with 31 for the last day of a month; by month, first day and length.

    A date is 32 times the months since January of the year 1, and the day of the month.
    """
    firsts = np.arange(np.datetime64("0001-01"), np.datetime64("10000-02")).astype("datetime64[D]").astype(np.int32)
    first, length = firsts[:-1], np.diff(firsts)
    months = np.arange(len(first), dtype=np.int32)
    dates = np.repeat(32 * months + 1 - first, length)
    dates += np.arange(first[0], first[0] + len(dates), dtype=np.int32)
    ended = dates.copy()
    ended[np.cumsum(length) - 1] |= 31
    return dates, ended, first, length


_NEVER = np.int32(np.iinfo(np.int32).min)
_FIRST_DAY, _LAST_DAY = (day.toordinal() - date(1970, 1, 1).toordinal() for day in (date.min, date.max))


def _of(days: Array, day: Array) -> Array:
    """Return what each day has in an array by day from 0001-01-01."""
    return np.take(days, np.subtract(day, _FIRST_DAY, dtype=np.intp), mode="clip")


def _month(day: Array) -> Array:
    """Return the months since January of the year 1."""
    months: Array = _of(_calendar()[0], day) >> 5
    return months


def year_of(day: Array) -> Array:
    """Return the year of each day."""
    year: Array = (_month(day) // 12 + 1).astype(np.int64)
    return year


def _month_end(day: Array) -> Array:
    _, _, first, length = _calendar()
    month = _month(day)
    end: Array = first[month] + length[month] - 1
    return end


def _months_between(first: Array, last: Array) -> Array:
    """Count whole months; the last day of one completes it, whatever day it began on."""
    dates, ended, _, _ = _calendar()
    months: Array = (_of(ended, last) - _of(dates, first)) >> 5
    if (backward := first > last).any():
        months = np.where(backward, -((_of(ended, first) - _of(dates, last)) >> 5), months)
    return months.astype(np.int64)


def _days_between(first: Array, last: Array) -> Array:
    return np.subtract(last, first, dtype=np.int64)


def _weekdays_up_to(day: Array) -> Array:
    return each_once(_weekdays, day)


def _weekdays(day: Array) -> Array:
    """Count the Mondays to Fridays up to and with a day, from some far Monday on."""
    weeks, rest = np.divmod(np.add(day, 3, dtype=np.int64), 7)  # 1970-01-01 was a Thursday
    found: Array = weeks * 5 + np.minimum(rest + 1, 5)
    return found


def _working_days(_: Table, first: Numbers, last: Numbers) -> Column:
    start, end = first.high, last.low
    least = _weekdays_up_to(end) - _weekdays_up_to(start)
    spare = (np.abs(year_of(end) - year_of(start)) + 1) * HOLIDAYS_A_YEAR
    low = np.minimum(least, np.maximum(least - spare, 0))
    top = least if _exact(first, last) else _weekdays_up_to(last.high) - _weekdays_up_to(first.low)
    return Numbers(low, both(first, last), top)


def _add_days(day: Array, days: Array) -> tuple[Array, Array]:
    total = np.add(day, days, dtype=np.int64)
    return total.astype(np.int32), (total >= _FIRST_DAY) & (total <= _LAST_DAY)


def _add_months(day: Array, months: Array) -> tuple[Array, Array]:
    later = each_once(lambda day: _later(day, months), day) if np.ndim(months) == 0 else _later(day, months)
    return later, later != _NEVER


def _later(day: Array, months: Array) -> Array:
    """Add months; what lies beyond the calendar is never."""
    dates, _, first, length = _calendar()
    on = _of(dates, day)
    index = (on >> 5) + months
    within = np.minimum(on & 31, np.take(length, index, mode="clip"))
    return np.where((index >= 0) & (index < len(first)), np.take(first, index, mode="clip") + within - 1, _NEVER)


# Numbers


def _subtract(_: Table, first: Numbers, second: Numbers) -> Column:
    top = None if _exact(first, second) else first.high - second.low
    return Numbers(first.low - second.high, both(first, second), top)


def _multiply(_: Table, *factors: Numbers) -> Column:
    ends = [(f.low,) if f.top is None else (f.low, f.top) for f in factors]
    corners = [reduce(mul, corner) for corner in product(*ends)]
    top = None if len(corners) == 1 else reduce(np.maximum, corners)
    return Numbers(reduce(np.minimum, corners), both(*factors), top)


def _share(table: Table, part: Numbers, whole: Numbers, *, up: bool = False) -> Column:
    stated = both(part, whole) & table.bits(whole.low > 0)

    def of(p: Array, w: Array) -> Array:
        divisor = np.maximum(w, 1)
        found: Array = (p * 10_000 + (divisor - 1 if up else 0)) // divisor
        return found

    if _exact(part, whole):
        return Numbers(of(part.low, whole.low), stated)
    corners = [of(p, w) for p in (part.low, part.high) for w in (whole.low, whole.high)]
    return Numbers(reduce(np.minimum, corners), stated, reduce(np.maximum, corners))


# Comparing


def _told(stated: Bits, yes: Bits) -> Truths:
    yes = yes & stated
    return Truths(yes, stated ^ yes)


def _equal(table: Table, first: Column, second: Column) -> Column:
    stated = both(first, second)
    match first, second:
        case Numbers(), Numbers() if not _exact(first, second):
            apart = table.bits(first.high < second.low) | table.bits(second.high < first.low)
            same = table.bits(first.low == first.high) & table.bits(second.low == second.high)
            return Truths(stated & same & ~apart, stated & apart)
        case Texts(), Texts():
            return _told(stated, table.bits(named_alike(first, second)))
        case _:
            return _told(stated, alike(first, second, table))


def _less(table: Table, first: Numbers, second: Numbers) -> Column:
    stated = both(first, second)
    if _exact(first, second):
        return _told(stated, table.bits(first.low < second.low))
    yes, no = table.bits(first.high < second.low), table.bits(first.low >= second.high)
    return Truths(stated & yes, stated & no)


def negated(column: Column) -> Truths:
    """Return the opposite."""
    assert isinstance(column, Truths)
    return Truths(column.no, column.yes)


def one_of(texts: Texts, names: Sequence[str]) -> Truths:
    """Tell whether a text is one of some names."""
    return _told(texts.stated, reduce(np.bitwise_or, (texts.named(fold(str(name))) for name in names)))


OPERATIONS: Mapping[str, Operation] = {
    "years_between": _between(lambda first, last: _months_between(first, last) // 12),
    "months_between": _between(_months_between),
    "days_between": _between(_days_between),
    "working_days_between": _working_days,
    "add_months": _dated(_add_months),
    "add_days": _dated(_add_days),
    "month_end": _rising(_month_end),
    "year_of": _rising(year_of, days=False),
    "month_index": _rising(lambda day: _month(day).astype(np.int64) + 13, days=False),
    "earliest": lambda _, day: Numbers(day.low, day.stated, days=True),
    "latest_day": lambda _, day: Numbers(day.high, day.stated, days=True),
    "add": _rising(lambda *terms: reduce(add, terms)),
    "subtract": _subtract,
    "multiply": _multiply,
    "least": _rising(lambda *terms: reduce(np.minimum, terms)),
    "greatest": _rising(lambda *terms: reduce(np.maximum, terms)),
    "share": _share,
    "share_up": partial(_share, up=True),
    "equal": _equal,
    "less": _less,
    "at_most": lambda table, first, second: negated(_less(table, second, first)),
    "not": lambda _, value: negated(value),
}
"""Operations that know nothing where an argument is unknown; `columns` computes the others, which may."""
