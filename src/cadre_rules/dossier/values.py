"""The kinds of value a dossier states, read the way people type them."""

import json
import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cached_property, lru_cache
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Generic, TypeAlias, TypeVar

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from cadre_rules.names import clean, did_you_mean, fold

End = TypeVar("End")


@dataclass(frozen=True, slots=True, order=True)
class Span(Generic[End]):
    """A value that may be anything from `low` to `high`."""

    low: End
    high: End


class PartialDate(Span[date]):
    """A date of which only the month or the year is stated; it can mean any day from `low` to `high`."""

    __slots__ = ()

    def __str__(self) -> str:
        first = self.low.isoformat()
        return first[:7] if self.low.month == self.high.month else first[:4]


def bounds(value: Any) -> tuple[Any, Any]:
    """Return the least and the greatest a value can be."""
    return (value.low, value.high) if isinstance(value, Span) else (value, value)


_WRITTEN = [
    re.compile(form, re.IGNORECASE)
    for form in (
        r"(?:ngày )?(?P<day>\d{1,2})(?:[/.\-]| tháng )(?P<month>\d{1,2})(?:[/.\-]| năm )(?P<year>\d{4})",
        r"(?:năm )?(?P<year>\d{4})",
        r"(?P<year>\d{4})-(?P<month>\d{2})",
        r"(?:tháng )?(?P<month>\d{1,2})(?:[/.\-]| năm )(?P<year>\d{4})",
    )
]
"""Days, years and months as people write them."""
_DATE_HINT = "not a date; write 2021-05-03 or 03/05/2021"


def parse_day(raw: object) -> object:
    """Accept a date, or one typed as text in ISO or Vietnamese order."""
    if not isinstance(raw, int) and not isinstance(day := parse_loose_day(raw), PartialDate):
        return day
    raise ValueError(_DATE_HINT)


def parse_loose_day(raw: object) -> object:
    """Accept what `parse_day` does, and a month (03/1975) or a year (1975) alone."""
    if isinstance(raw, (date, PartialDate)):
        return raw.date() if isinstance(raw, datetime) else raw
    if isinstance(raw, (str, int)) and not isinstance(raw, bool):
        return _day(str(raw))
    raise ValueError(_DATE_HINT)


@lru_cache(maxsize=16_384)
def _day(raw: str) -> date | PartialDate:
    text = clean(raw)
    written = next(filter(None, (form.fullmatch(text) for form in _WRITTEN)), None)
    try:
        if written is None:
            return date.fromisoformat(text)
        stated = {part: int(number) for part, number in written.groupdict().items()}
        first = date(**{"month": 1, "day": 1} | stated)
        if "day" in stated:
            return first
        last_month = stated.get("month", 12)
        return PartialDate(first, date(first.year, last_month, monthrange(first.year, last_month)[1]))
    except ValueError as error:
        raise ValueError(_DATE_HINT) from error


_FLAGS = {
    **dict.fromkeys(("true", "yes", "có", "co", "x", "1", "đúng"), True),
    **dict.fromkeys(("false", "no", "không", "khong", "0", "sai"), False),
}
_FOLDED_FLAGS = {fold(word): flag for word, flag in _FLAGS.items()}


def parse_flag(raw: object) -> object:
    """Accept yes and no as people write them."""
    flag = _FOLDED_FLAGS.get(fold(raw)) if isinstance(raw, str) else raw
    if isinstance(flag, bool):
        return flag
    raise ValueError("neither yes nor no; write true/false or có/không")


def parse_percent(raw: object) -> object:
    """Read a percentage (24.01, "24,01 %") as basis points (2401); finer digits are dropped."""
    text = clean(str(raw)).removesuffix("%").strip().replace(",", ".")
    try:
        percent = Decimal(text)
    except InvalidOperation as error:
        raise ValueError("not a percentage; write 24.01") from error
    if isinstance(raw, bool) or not percent.is_finite() or not 0 <= percent <= 100:
        raise ValueError("not a percentage between 0 and 100")
    return int(percent * 100)


def parse_count(raw: object) -> object:
    """Accept a whole number that is not negative, also typed as text."""
    if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw < 10**12:
        return raw
    if isinstance(raw, str) and re.fullmatch("[0-9]{1,12}", clean(raw)):
        return int(clean(raw))
    raise ValueError("not a whole number from 0 up")


def understood(parse: Callable[[Any], Any], raw: object) -> tuple[Any, str | None]:
    """Return what a reader makes of a value, or else why it cannot be read."""
    try:
        return parse(raw), None
    except ValueError as error:
        return None, str(error)


class ReadBy:
    """Marks a value read by one function, which settles its type; pydantic adds no pass of its own."""

    def __init__(self, parse: Callable[[object], object], json_schema: Mapping[str, Any]) -> None:
        self.parse, self.json_schema = parse, json_schema

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.parse)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return dict(self.json_schema)


class Codes(ReadBy):
    """A closed list of codes with their Vietnamese and English names; a cell may hold either."""

    def __init__(self, names: Mapping[str, tuple[str, str]]) -> None:
        self.names = dict(names)
        super().__init__(self._code, {"type": "string", "enum": [*dict.fromkeys((*names, *chain(*names.values())))]})

    @cached_property
    def _spellings(self) -> dict[str, str]:
        return {fold(word): code for code, both in self.names.items() for word in (code, *both)}

    def _code(self, raw: object) -> str:
        """Return the code meant, or say which was probably meant."""
        if raw.__class__ is str and raw in self.names:
            return raw
        word = fold(raw) if isinstance(raw, str) else ""
        if word in self._spellings:
            return self._spellings[word]
        hint = did_you_mean(word, self._spellings, self._spellings) or f"; one of: {', '.join(self.names)}"
        raise ValueError(f"{str(raw)[:80]!r} is not a known code{hint}")


_LISTS = json.loads((Path(__file__).parent / "codes.json").read_text("utf-8"))
CODES = {name: Codes({code: (vi, en) for code, (vi, en) in listed.items()}) for name, listed in _LISTS.items()}
"""The closed lists a dossier's cells choose from, by their names in codes.json beside this."""

_LOOSE = {"type": ["string", "integer"], "description": "a day, or a month (03/1975) or year (1975) alone"}

Text: TypeAlias = Annotated[str, AfterValidator(clean)]
Day: TypeAlias = Annotated[date, ReadBy(parse_day, {"type": "string", "description": "2021-05-03 or 03/05/2021"})]
LooseDay: TypeAlias = Annotated[date | PartialDate, ReadBy(parse_loose_day, _LOOSE)]
Flag: TypeAlias = Annotated[bool, ReadBy(parse_flag, {"enum": [True, False, *_FLAGS]})]
Count: TypeAlias = Annotated[int, ReadBy(parse_count, {"type": "integer"})]
Percent: TypeAlias = Annotated[int, ReadBy(parse_percent, {"type": ["number", "string"], "minimum": 0, "maximum": 100})]
