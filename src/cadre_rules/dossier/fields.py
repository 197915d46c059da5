"""What a dossier can state: every path, its kind, its names for people, the protected ground it tells of."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from cadre_rules.dossier.areas import Area
from cadre_rules.dossier.models import DOSSIERS, PARTS
from cadre_rules.dossier.values import PartialDate
from cadre_rules.expression import ValueKind
from cadre_rules.formula import Kind

SUBJECTS = (*DOSSIERS, *PARTS, "head")
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


@cache
def fields_of(subject: str) -> dict[tuple[str, ...], FieldInfo]:
    """Return every path a rule about `subject` can read outside lists."""
    if subject in DOSSIERS:
        return dict(_paths(DOSSIERS[subject]))
    if subject in PARTS:
        whole, part = PARTS[subject]
        inherited = {(whole, *path): info for path, info in _paths(DOSSIERS[whole])}
        return {**dict(_paths(part)), **inherited}
    return {}


@cache
def element_fields(element: "type[BaseModel] | Kind") -> dict[tuple[str, ...], FieldInfo]:
    """Return every path inside an element of a list; a plain value is its own, at the empty path."""
    if isinstance(element, str):
        return {(): FieldInfo(element, "giá trị", "value", frozenset())}
    return dict(_paths(element))


_KINDS: dict[Any, ValueKind] = {bool: "bool", int: "int", str: "str", date: "date", PartialDate: "date", Area: "area"}


def _paths(model: type[BaseModel]) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    for name, field in model.model_fields.items():
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        vi, en = str(extra.get("vi", name)), field.description or name
        protected = frozenset({str(extra["protected"])} if "protected" in extra else ())
        types = _members(field.annotation)
        inner = types[0]
        if inner in _KINDS:
            yield (name,), FieldInfo(_KINDS[inner], vi, en, protected)
        elif get_origin(inner) is Literal:
            yield (name,), FieldInfo("str", vi, en, protected)
        elif get_origin(inner) is tuple:
            element = _members(get_args(inner)[0])[0]
            yield (name,), FieldInfo("list", vi, en, protected, _KINDS.get(element, element))
        else:
            for path, info in _paths(inner):
                yield (
                    (name, *path),
                    FieldInfo(info.kind, f"{info.vi} ({vi})", f"{info.en} ({en})", info.protected | protected, info.element),
                )


def _members(annotation: Any) -> tuple[Any, ...]:
    """Return the plain types an annotation allows, without None and without its markers."""
    if get_origin(annotation) is Annotated:
        return _members(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return tuple(member for part in get_args(annotation) if part is not NoneType for member in _members(part))
    return (annotation,)
