"""YAML read strictly: plain values and the line of each, or a Problem; no tags, no aliases, no surprises.

Of what is written plainly only whole numbers, days and `true`, `false`, `null` are more than text: `01` and `no` stay text, as do
`1e3` and `True`; a number with a fraction is a Decimal.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from cadre_rules.errors import Problem
from cadre_rules.names import clean

MAX_BYTES = 4_000_000
MAX_DEPTH = 40

_NUMBER = re.compile(
    r"(?P<whole>-?(?:0|[1-9][0-9]{0,17}))|(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})|(?P<decimal>-?[0-9]{1,18}\.[0-9]{1,18})"
)
_READ: Mapping[str | None, Callable[[str], Any]] = {"whole": int, "day": date.fromisoformat, "decimal": Decimal}
"""How what is written as a number is read."""
_PLAIN = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says, and on which line each path of it stands."""

    value: Any
    lines: Mapping[tuple[int, str | int], int]
    """Of each mapping or list, by its identity, the line each key or position stands on."""

    def line(self, location: tuple[int | str, ...]) -> int:
        """Return the line of the deepest part of a location that the file has; other segments are skipped."""
        line, inside = 1, self.value
        for segment in location:
            if segment in inside if isinstance(inside, dict) else isinstance(inside, list) and segment in range(len(inside)):
                line, inside = self.lines.get((id(inside), segment), line), inside[segment]
        return line


class _RefusedError(Exception):
    """What stops the reading: its line, code and message."""


def read_yaml(text: str, path: Path) -> tuple[Document, list[Problem]]:
    """Return what the text says and every mistake in it that does not stop the reading, or the one that does."""
    import yaml  # noqa: PLC0415  # not where all rules are kept from before

    if len(text) > MAX_BYTES:
        return _nothing(path, 1, "RB005", f"the file is larger than {MAX_BYTES:,} characters; split it")
    try:
        loader = getattr(yaml, "CLoader", yaml.Loader)(unicodedata.normalize("NFC", text))
        reading = _Reading(path, yaml, loader.get_event)
        return Document(reading.whole(), reading.lines), reading.problems
    except _RefusedError as refused:
        return _nothing(path, *refused.args)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        if "nesting depth" in str(error.problem):  # newer libyaml counts before we do
            return _nothing(path, line, "RB005", f"nested more than {MAX_DEPTH} deep")
        begun = error.context_mark.line + 1 if error.context_mark else line
        since = f", {error.context} begun on line {begun}" if begun < line else ""
        tabs = "; a tab does not indent, spaces do" if "\t" in "".join(text.splitlines()[line - 1 : line]) else ""
        return _nothing(path, line, "RB001", f"not YAML: {error.problem}{since}{tabs}")
    except (yaml.YAMLError, ValueError) as error:  # of one character
        at = getattr(error, "start", text.find(chr(getattr(error, "character", 0))))
        return _nothing(path, text[: max(at, 0)].count("\n") + 1, "RB001", f"not YAML: {str(error).splitlines()[0]}")


def _nothing(path: Path, line: int, code: str, message: str) -> tuple[Document, list[Problem]]:
    return Document(None, {}), [Problem(path, line, code, message)]


class _Reading:
    """Makes plain values of YAML's events, in their order."""

    def __init__(self, path: Path, yaml: Any, next_event: Callable[[], Any]) -> None:
        self._path, self._yaml, self._next = path, yaml, next_event
        self.lines: dict[tuple[int, str | int], int] = {}
        self.problems: list[Problem] = []

    def whole(self) -> Any:
        """Return the value of the one document of a text."""
        self._next()  # the stream begins
        if self._next().__class__ is self._yaml.StreamEndEvent:
            return None
        value = self._value(self._next(), 0)
        self._next()  # the document ends
        if (event := self._next()).__class__ is not self._yaml.StreamEndEvent:
            raise _RefusedError(event.start_mark.line + 1, "RB001", "a second document in one file; split it")
        return value

    def _value(self, event: Any, depth: int) -> Any:
        line = self._line(event)
        if event.__class__ is self._yaml.ScalarEvent:
            return self._resolve(event, line)
        if depth >= MAX_DEPTH:
            raise _RefusedError(line, "RB005", f"nested more than {MAX_DEPTH} deep")
        return (self._mapping if event.__class__ is self._yaml.MappingStartEvent else self._list)(depth + 1)

    def _mapping(self, depth: int) -> dict[str, Any]:
        held: dict[str, Any] = {}
        while (event := self._next()).__class__ is not self._yaml.MappingEndEvent:
            line = self._line(event)
            if event.__class__ is not self._yaml.ScalarEvent:
                raise _RefusedError(line, "RB001", "a key must be plain text")
            key = clean(event.value)
            if key in held:
                self.problems.append(Problem(self._path, line, "RB002", f"key {key!r} appears twice"))
            self.lines[id(held), key] = line
            held[key] = self._value(self._next(), depth)
        return held

    def _list(self, depth: int) -> list[Any]:
        held: list[Any] = []
        while (event := self._next()).__class__ is not self._yaml.SequenceEndEvent:
            self.lines[id(held), len(held)] = event.start_mark.line + 1
            held.append(self._value(event, depth))
        return held

    def _line(self, event: Any) -> int:
        """Return the line of a plain value, or of the beginning of one."""
        line: int = event.start_mark.line + 1
        if event.__class__ is self._yaml.AliasEvent:
            raise _RefusedError(line, "RB004", "aliases are not allowed; write the value out")
        if event.anchor is not None:
            raise _RefusedError(line, "RB004", "anchors are not allowed; write the value out")
        if event.tag is not None:
            raise _RefusedError(line, "RB004", f"tag {event.tag!r} is not allowed; plain values only")
        return line

    def _resolve(self, event: Any, line: int) -> Any:
        text = event.value
        if not event.implicit[0]:
            return text
        written = _NUMBER.fullmatch(text)
        if written is None:
            return _PLAIN.get(text, text)
        try:
            return _READ[written.lastgroup](text)
        except ValueError as error:
            self.problems.append(Problem(self._path, line, "RB003", f"{text} is not a date: {error}"))
            return None
