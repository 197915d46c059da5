"""What a dossier can state: every path, its kind, its names for people, the protected ground it tells of."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, lru_cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo as FieldFacts

from cadre_rules.dossier.areas import Area
from cadre_rules.dossier.kinds import KINDS, WHOLES, model_of
from cadre_rules.dossier.people import Office
from cadre_rules.dossier.values import CODES, Codes, PartialDate, ReadBy, parse_percent
from cadre_rules.expression import ValueKind
from cadre_rules.formula import Kind
from cadre_rules.wording import phrase, value_text

SUBJECTS = (*KINDS, *WHOLES, "head")
"""Everything a rule can be about; `head` gathers the dossiers one head answers for."""

PROTECTED = ("sex", "birth", "ethnicity", "religion", "health", "kin", "origin")


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """One path: its kind, its names, what it protects, and for a list what its elements are."""

    kind: ValueKind
    vi: str
    en: str
    protected: frozenset[str]
    element: "type[BaseModel] | Kind | None" = None
    codes: Codes | None = None
    unit: str | None = None
    """What a number counts, where its value does not say so: `percent`."""
    loose: bool = False
    """A date of which only the month or the year may be stated."""
    office: Office | None = None
    """How an office can still change it, if it can."""

    def name(self, lang: str) -> str:
        """Return what people call the field."""
        return self.en if lang == "en" else self.vi

    def text(self, value: Any, lang: str) -> str:
        """Return a value as people read it, a code by its name."""
        names = self.codes.names.get(value) if self.codes is not None else None
        return names[lang == "en"] if names is not None else value_text(value, self.unit, lang)


@cache
def fields_of(subject: str) -> dict[tuple[str, ...], FieldInfo]:
    """Return every path a rule about `subject` can read outside lists."""
    whole = WHOLES.get(subject)
    inherited = {(whole, *path): info for path, info in fields_of(whole).items()} if whole is not None else {}
    own = _paths(model_of(subject)) if whole is not None or subject in KINDS else ()
    return {path: info for path, info in own if path[0] != whole} | inherited


@cache
def element_fields(element: "type[BaseModel] | Kind") -> dict[tuple[str, ...], FieldInfo]:
    """Return every path inside an element of a list; a plain value is its own, at the empty path."""
    if isinstance(element, str):
        return {(): FieldInfo(element, "giá trị", "value", frozenset())}
    return dict(_paths(element))


_KINDS: dict[Any, ValueKind] = {bool: "bool", int: "int", str: "str", date: "date", PartialDate: "date", Area: "area"}


def _paths(model: type[BaseModel]) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    for name, field in model.model_fields.items():
        extra: Any = field.json_schema_extra or {}
        vi, en, office = extra.get("vi", name), field.description or name, extra.get("office")
        protected = frozenset({extra["protected"]} if "protected" in extra else ())
        types = members_of(field.annotation)
        inner, listed = types[0], get_origin(types[0]) is tuple
        kind = "list" if listed else "str" if get_origin(inner) is Literal else _KINDS.get(inner)
        if kind is not None:
            element: Any = element_of(field.annotation) if listed else None
            each = _KINDS.get(element, element)
            mark = mark_of(field)
            codes, unit = mark if isinstance(mark, Codes) else None, "percent" if mark and mark.parse is parse_percent else None
            yield (name,), FieldInfo(kind, vi, en, protected, each, codes, unit, PartialDate in types, office)
        else:
            for path, info in _paths(inner):
                named = replace(info, vi=f"{info.vi} ({vi})", en=f"{info.en} ({en})", protected=info.protected | protected)
                yield (name, *path), replace(named, office=office and info.office)


def mark_of(field: FieldFacts) -> ReadBy | None:
    """Return what a field's values are read by, such as the closed list they come from, if it says so."""
    return next((mark for mark in (*field.metadata, *marks_of(field.annotation)) if isinstance(mark, ReadBy)), None)


def marks_of(annotation: Any) -> Iterator[Any]:
    """Yield what an annotation is marked with, itself or in its parts."""
    yield from getattr(annotation, "__metadata__", ())
    for part in get_args(annotation):
        yield from marks_of(part)


def members_of(annotation: Any) -> tuple[Any, ...]:
    """Return the plain types an annotation allows, without None and without its markers."""
    if get_origin(annotation) is Annotated:
        return members_of(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return tuple(member for part in get_args(annotation) if part is not NoneType for member in members_of(part))
    return (annotation,)


def element_of(annotation: Any) -> Any:
    """Return the plain type of a field, of a list that of its elements."""
    plain = members_of(annotation)[0]
    return members_of(get_args(plain)[0])[0] if get_origin(plain) is tuple else plain


_STEP = re.compile(r"([^.\[\]]+)|\[([0-9]{1,9})\]")


def steps(path: str) -> list[str | int]:
    """Return the way a path goes: names of fields, and numbers of rows from 0.

    >>> steps("person.posts[2].start")
    ['person', 'posts', 2, 'start']
    """
    return [name or int(number) for name, number in _STEP.findall(path)]


@lru_cache(maxsize=16_384)
def field_at(subject: str, path: str) -> FieldInfo | None:
    """Return the field a traced path (`person.posts[2].start`) names."""
    outer, _, inside = path.partition("[")
    info = fields_of(subject).get(tuple(outer.split(".")))
    if not inside or info is None or info.element is None:
        return info
    return element_fields(info.element).get(tuple(filter(None, inside.partition("]")[2].split("."))))


@lru_cache(maxsize=16_384)
def field_name(subject: str, path: str, lang: str) -> str:
    """Return what people call the field at a traced path, and in which row of which list it stands."""
    info, (whole, _, part) = field_at(subject, path), path.rpartition(".")
    if info is None:  # a part of an area
        return f"{field_name(subject, whole, lang)}: {phrase('area_' + part, lang)}" if whole else path
    outer, _, inside = path.partition("[")
    if not inside:
        return info.name(lang)
    row = int(inside.partition("]")[0]) + 1
    return f"{info.name(lang)} ({field_name(subject, outer, lang)}, {phrase('row', lang)} {row})"


@cache
def code_text(value: str, lang: str) -> str:
    """Return what people call a code, if only one closed list has it; else the value itself."""
    lists = [named for named in CODES.values() if value in named.names]
    return lists[0].names[value][lang == "en"] if len(lists) == 1 else value
