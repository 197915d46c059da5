"""YAML read strictly: plain values and the line of each, or a Problem; no tags, no aliases, no surprises.

Scalars follow YAML 1.2's core rules, so `01` and `no` stay text; a number with a fraction is a Decimal.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
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
    builder, loader = _Builder(path), getattr(yaml, "CLoader", yaml.Loader)
    try:
        builder.take_all(loader(unicodedata.normalize("NFC", text)).get_event)
    except _RefusedError as refused:
        return _nothing(path, *refused.args)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        if "nesting depth" in str(error.problem):  # newer libyaml counts before we do
            return _nothing(path, line, "RB005", f"nested more than {MAX_DEPTH} deep")
        return _nothing(path, line, "RB001", f"not YAML: {error.problem}")
    except (yaml.YAMLError, ValueError) as error:
        return _nothing(path, 1, "RB001", f"not YAML: {str(error).splitlines()[0]}")
    return Document(builder.documents[0] if builder.documents else None, builder.lines), builder.problems


def _nothing(path: Path, line: int, code: str, message: str) -> tuple[Document, list[Problem]]:
    return Document(None, {}), [Problem(path, line, code, message)]


class _Builder:
    """Builds plain values from YAML events, without recursion."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.documents: list[Any] = []
        self.lines: dict[tuple[int, str | int], int] = {}
        self.problems: list[Problem] = []
        self._inside: Any = self.documents
        self._key: str | None = None
        """Of the mapping we are inside, the key whose value comes next."""
        self._around: list[Any] = []

    def take_all(self, next_event: Callable[[], Any]) -> None:
        """Take every event of a text."""
        import yaml  # noqa: PLC0415

        taking: dict[type, Callable[[Any, int], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: partial(self._begin, dict),
            yaml.SequenceStartEvent: partial(self._begin, list),
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
            yaml.DocumentEndEvent: lambda _event, _line: None,
            yaml.StreamStartEvent: lambda _event, _line: None,
        }
        while (event := next_event()).__class__ is not yaml.StreamEndEvent:
            taking[event.__class__](event, event.start_mark.line + 1)

    def _scalar(self, event: Any, line: int) -> None:
        self._refuse_marks(event, line)
        inside = self._inside
        if self._key is None and inside.__class__ is dict:
            key = clean(event.value)
            if key in inside:
                self.problems.append(Problem(self._path, line, "RB002", f"key {key!r} appears twice"))
            self._key = key
            self.lines[id(inside), key] = line
        else:
            self._place(self._resolve(event, line), line)

    def _begin(self, kind: type, event: Any, line: int) -> None:
        self._refuse_marks(event, line)
        if len(self._around) >= MAX_DEPTH:
            raise _RefusedError(line, "RB005", f"nested more than {MAX_DEPTH} deep")
        if self._key is None and self._inside.__class__ is dict:
            raise _RefusedError(line, "RB001", "a key must be plain text")
        container = kind()
        self._place(container, line)
        self._around.append(self._inside)
        self._inside = container

    def _end(self, _event: Any, _line: int) -> None:
        self._inside = self._around.pop()

    def _place(self, value: Any, line: int) -> None:
        inside = self._inside
        if inside.__class__ is list:
            self.lines[id(inside), len(inside)] = line
            inside.append(value)
        else:
            inside[self._key] = value
            self._key = None

    def _alias(self, _event: Any, line: int) -> None:
        raise _RefusedError(line, "RB004", "aliases are not allowed; write the value out")

    def _document(self, _event: Any, line: int) -> None:
        if self.documents:
            raise _RefusedError(line, "RB001", "a second document in one file; split it")

    def _refuse_marks(self, event: Any, line: int) -> None:
        if event.anchor is not None:
            raise _RefusedError(line, "RB004", "anchors are not allowed; write the value out")
        if event.tag is not None:
            raise _RefusedError(line, "RB004", f"tag {event.tag!r} is not allowed; plain values only")

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
