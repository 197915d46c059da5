"""Dossiers with a text of the test's own in every place where a dossier can hold free text."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from cadre_rules.dossier.fields import members_of
from cadre_rules.dossier.models import DOSSIERS
from cadre_rules.dossier.values import Codes
from cadre_rules.rulebook.yaml import read_yaml

FIXTURES = Path(__file__).parent.parent / "fixtures"


def raw_fixtures() -> Iterator[dict[str, Any]]:
    """Yield every dossier of the fixtures as it is written."""
    for path in sorted(FIXTURES.rglob("*.yaml")):
        value = read_yaml(path.read_text("utf-8"), path)[0].value
        match value:
            case {"dossiers": list(listed)} | list(listed):
                yield from listed
            case _:
                yield value


def planted(raw: dict[str, Any], word: Callable[[str], str]) -> dict[str, Any]:
    """Return a dossier with `word(path)` as every free text, and one element at least in every list."""
    return _planted(DOSSIERS[raw["kind"]], raw, word, raw["kind"])


def _planted(model: type[BaseModel], raw: Any, word: Callable[[str], str], path: str) -> dict[str, Any]:
    filled = dict(raw) if isinstance(raw, dict) else {}
    for name, field in model.model_fields.items():
        inner, below = members_of(field.annotation)[0], f"{path}.{name}"
        if inner is str and not _is_coded(field.metadata, field.annotation):
            filled[name] = word(below)
        elif get_origin(inner) is tuple:
            element = members_of(get_args(inner)[0])[0]
            if isinstance(element, type) and issubclass(element, BaseModel):
                rows = filled.get(name) or [{}]
                filled[name] = [_planted(element, row, word, f"{below}[{at}]") for at, row in enumerate(rows)]
        elif isinstance(inner, type) and issubclass(inner, BaseModel):
            filled[name] = _planted(inner, filled.get(name), word, below)
    return filled


def _is_coded(metadata: list[Any], annotation: Any) -> bool:
    marks = [*metadata, *(mark for part in get_args(annotation) for mark in getattr(part, "__metadata__", ()))]
    return any(isinstance(mark, Codes) for mark in marks)
