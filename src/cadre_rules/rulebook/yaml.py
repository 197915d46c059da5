"""YAML read strictly: plain values and the line of each, or a Problem; no tags, no aliases, no surprises.

Scalars follow YAML 1.2's core rules, so `01` and `no` stay text; a number with a fraction is a Decimal.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from cadre_rules.errors import Problem
from cadre_rules.names import clean

Lines: TypeAlias = Mapping[tuple[str | int, ...], int]

MAX_BYTES = 4_000_000
MAX_DEPTH = 40

_Loader: Any = getattr(yaml, "CLoader", yaml.Loader)
_INT = re.compile(r"^-?(?:0|[1-9][0-9]{0,17})$")
_FRACTION = re.compile(r"^-?[0-9]{1,18}\.[0-9]{1,18}$")
_DATE = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
_BEGIN_NUMBERS = frozenset("-0123456789")
_PLAIN = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says, and on which line each path of it stands."""

    value: Any
    lines: Lines

    def line(self, location: tuple[int | str, ...]) -> int:
        """Return the line of the deepest part of a location that the file has; other segments are skipped."""
        known: tuple[int | str, ...] = ()
        for segment in location:
            if (*known, segment) in self.lines:
                known = (*known, segment)
        return self.lines.get(known, 1)


class _RefusedError(Exception):
    def __init__(self, line: int, code: str, message: str) -> None:
        super().__init__(message)
        self.line, self.code, self.message = line, code, message


def read_yaml(text: str, path: Path) -> tuple[Document, list[Problem]]:
    """Return what the text says and every mistake in it that does not stop the reading, or the one that does."""
    if len(text) > MAX_BYTES:
        return _nothing(path, 1, "RB005", f"the file is larger than {MAX_BYTES:,} characters; split it")
    builder = _Builder(path)
    try:
        for event in yaml.parse(unicodedata.normalize("NFC", text), Loader=_Loader):
            builder.take(event)
    except _RefusedError as refused:
        return _nothing(path, refused.line, refused.code, refused.message)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        if "nesting depth" in str(error.problem):  # newer libyaml counts before we do
            return _nothing(path, line, "RB005", f"nested more than {MAX_DEPTH} deep")
        return _nothing(path, line, "RB001", f"not YAML: {error.problem}")
    except (yaml.YAMLError, ValueError) as error:
        return _nothing(path, 1, "RB001", f"not YAML: {str(error).splitlines()[0]}")
    return Document(builder.root, builder.lines), builder.problems


def _nothing(path: Path, line: int, code: str, message: str) -> tuple[Document, list[Problem]]:
    return Document(None, {}), [Problem(path, line, code, message)]


class _Builder:
    """Builds plain values from YAML events, without recursion."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.root: Any = None
        self.lines: dict[tuple[str | int, ...], int] = {(): 1}
        self.problems: list[Problem] = []
        self._open: list[tuple[Any, tuple[str | int, ...]]] = []
        self._keys: list[str | None] = []
        self._documents = 0

    def take(self, event: Any) -> None:
        match event:
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.MappingStartEvent():
                self._begin({}, event)
            case yaml.SequenceStartEvent():
                self._begin([], event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._open.pop()
                self._keys.pop()
            case yaml.AliasEvent():
                raise _RefusedError(_line(event), "RB004", "aliases are not allowed; write the value out")
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise _RefusedError(_line(event), "RB001", "a second document in one file; split it")
            case _:
                pass

    def _scalar(self, event: Any) -> None:
        line = _line(event)
        self._refuse_marks(event, line)
        if self._open and isinstance(self._open[-1][0], dict) and self._keys[-1] is None:
            container, path = self._open[-1]
            key = clean(event.value)
            if key in container:
                self.problems.append(Problem(self._path, line, "RB002", f"key {key!r} appears twice"))
            self._keys[-1] = key
            self.lines[(*path, key)] = line
            return
        self._place(self._resolve(event, line), line)

    def _begin(self, container: Any, event: Any) -> None:
        line = _line(event)
        self._refuse_marks(event, line)
        if len(self._open) >= MAX_DEPTH:
            raise _RefusedError(line, "RB005", f"nested more than {MAX_DEPTH} deep")
        if self._open and isinstance(self._open[-1][0], dict) and self._keys[-1] is None:
            raise _RefusedError(line, "RB001", "a key must be plain text")
        path = self._place(container, line)
        self._open.append((container, path))
        self._keys.append(None)

    def _place(self, value: Any, line: int) -> tuple[str | int, ...]:
        if not self._open:
            self.root = value
            return ()
        container, parent = self._open[-1]
        if isinstance(container, list):
            path = (*parent, len(container))
            container.append(value)
            self.lines[path] = line
        else:
            key = self._keys[-1]
            assert key is not None
            path = (*parent, key)
            container[key] = value
            self._keys[-1] = None
        return path

    def _refuse_marks(self, event: Any, line: int) -> None:
        if event.anchor is event.tag is None:
            return
        if event.anchor is not None:
            raise _RefusedError(line, "RB004", "anchors are not allowed; write the value out")
        raise _RefusedError(line, "RB004", f"tag {event.tag!r} is not allowed; plain values only")

    def _resolve(self, event: Any, line: int) -> Any:
        text = event.value
        if not event.implicit[0]:
            return text
        if text in _PLAIN:
            return _PLAIN[text]
        if text[0] not in _BEGIN_NUMBERS:
            return text
        if _INT.match(text):
            return int(text)
        if _FRACTION.match(text):
            return Decimal(text)
        if _DATE.match(text):
            try:
                return date.fromisoformat(text)
            except ValueError as error:
                self.problems.append(Problem(self._path, line, "RB003", f"{text} is not a date: {error}"))
                return None
        return text


def _line(event: Any) -> int:
    line: int = event.start_mark.line + 1
    return line
