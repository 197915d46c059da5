"""The kinds of value a dossier states, read the way people type them."""

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cached_property, lru_cache
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from cadre_rules.names import clean, did_you_mean, fold


@dataclass(frozen=True, slots=True, order=True)
class PartialDate:
    """A date of which only the month or the year is stated; it can mean any day from `earliest` to `latest`."""

    earliest: date
    latest: date

    def __str__(self) -> str:
        first = self.earliest.isoformat()
        return first[:7] if self.earliest.month == self.latest.month else first[:4]


_WRITTEN_DAY = re.compile(r"^(?:ngày )?(\d{1,2})(?:[/.\-]| tháng )(\d{1,2})(?:[/.\-]| năm )(\d{4})$", re.IGNORECASE)
_WRITTEN_MONTH = re.compile(r"^(?:tháng )?(\d{1,2})(?:[/.\-]| năm )(\d{4})$", re.IGNORECASE)
_ISO_MONTH = re.compile(r"^(\d{4})-(\d{2})$")
_YEAR = re.compile(r"^(?:năm )?(\d{4})$", re.IGNORECASE)
_DATE_HINT = "not a date; write 2021-05-03 or 03/05/2021"


def parse_day(raw: object) -> object:
    """Accept a date, or one typed as text in ISO or Vietnamese order."""
    match raw:
        case str():
            return _day(raw)
        case datetime():
            return raw.date()
        case date():
            return raw
        case _:
            raise ValueError(_DATE_HINT)


@lru_cache(maxsize=16_384)
def _day(raw: str) -> date:
    text = clean(raw)
    written = _WRITTEN_DAY.match(text)
    try:
        if written:
            day, month, year = map(int, written.groups())
            return date(year, month, day)
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(_DATE_HINT) from error


def parse_loose_day(raw: object) -> object:
    """Accept what `parse_day` does, and a month (03/1975) or a year (1975) alone."""
    if isinstance(raw, PartialDate):
        return raw
    if isinstance(raw, (str, int)) and not isinstance(raw, bool):
        return _loose_day(str(raw))
    return parse_day(raw)


@lru_cache(maxsize=16_384)
def _loose_day(raw: str) -> date | PartialDate:
    text = clean(raw)
    try:
        if found := _YEAR.match(text):
            return PartialDate(date(int(found[1]), 1, 1), date(int(found[1]), 12, 31))
        if found := _ISO_MONTH.match(text):
            return _month(int(found[1]), int(found[2]))
        if found := _WRITTEN_MONTH.match(text):
            return _month(int(found[2]), int(found[1]))
    except ValueError as error:
        raise ValueError(_DATE_HINT) from error
    return _day(raw)


def _month(year: int, month: int) -> PartialDate:
    return PartialDate(date(year, month, 1), date(year, month, monthrange(year, month)[1]))


_FLAGS = {
    **dict.fromkeys(("true", "yes", "có", "co", "x", "1", "đúng"), True),
    **dict.fromkeys(("false", "no", "không", "khong", "0", "sai"), False),
}


def parse_flag(raw: object) -> object:
    """Accept yes and no as people write them."""
    if isinstance(raw, bool):
        return raw
    flag = _FOLDED_FLAGS.get(fold(raw)) if isinstance(raw, str) else None
    if flag is not None:
        return flag
    raise ValueError("neither yes nor no; write true/false or có/không")


_FOLDED_FLAGS = {fold(word): flag for word, flag in _FLAGS.items()}


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
    if isinstance(raw, str) and clean(raw).isascii() and clean(raw).isdigit() and len(clean(raw)) <= 12:
        return int(clean(raw))
    raise ValueError("not a whole number from 0 up")


def understood(parse: Callable[[Any], Any], raw: object) -> tuple[Any, str | None]:
    """Return what a reader makes of a value, or else why it cannot be read."""
    try:
        return parse(raw), None
    except ValueError as error:
        return None, str(error)


class Codes:
    """A closed list of codes with their Vietnamese and English names; a cell may hold either."""

    def __init__(self, names: Mapping[str, tuple[str, str]]) -> None:
        self.names = dict(names)

    @cached_property
    def _spellings(self) -> dict[str, str]:
        return {fold(word): code for code, both in self.names.items() for word in (code, *both)}

    def parse(self, raw: object) -> str:
        """Return the code meant, or say which was probably meant."""
        if raw.__class__ is str and raw in self.names:
            return raw
        word = fold(raw) if isinstance(raw, str) else ""
        if word in self._spellings:
            return self._spellings[word]
        hint = did_you_mean(word, self._spellings, self._spellings) or f"; one of: {', '.join(self.names)}"
        raise ValueError(f"{str(raw)[:80]!r} is not a known code{hint}")

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.parse)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {
            "type": "string",
            "enum": list(dict.fromkeys((*self.names, *(name for both in self.names.values() for name in both)))),
        }


@dataclass(frozen=True, slots=True, eq=False)
class ReadBy:
    """Marks a value read by one function, which settles its type; pydantic adds no pass of its own."""

    parse: Callable[[object], object]
    json_schema: Mapping[str, Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.parse)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return dict(self.json_schema)


_LOOSE = {"type": ["string", "integer"], "description": "a day, or a month (03/1975) or year (1975) alone"}

Text: TypeAlias = Annotated[str, AfterValidator(clean)]
Day: TypeAlias = Annotated[date, ReadBy(parse_day, {"type": "string", "description": "2021-05-03 or 03/05/2021"})]
LooseDay: TypeAlias = Annotated[date | PartialDate, ReadBy(parse_loose_day, _LOOSE)]
Flag: TypeAlias = Annotated[bool, ReadBy(parse_flag, {"enum": [True, False, *_FLAGS]})]
Count: TypeAlias = Annotated[int, ReadBy(parse_count, {"type": "integer"})]
Percent: TypeAlias = Annotated[int, ReadBy(parse_percent, {"type": ["number", "string"], "minimum": 0, "maximum": 100})]
