"""Read a dossier from plain values, telling every field that cannot be."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError

from cadre_rules.dossier.kinds import KINDS, Dossier, model_of
from cadre_rules.errors import DossierError
from cadre_rules.names import did_you_mean


def read_dossier(raw: Dossier | Mapping[str, Any]) -> Dossier:
    """Return the dossier, or raise `DossierError` with every mistake: the field, what is wrong, what would be right."""
    if isinstance(raw, BaseModel):
        return raw
    name, kind = (raw.get("id"), raw.get("kind")) if isinstance(raw, Mapping) else (None, type(raw).__name__)
    subject = str(name)[:80] if isinstance(name, (str, int)) else "?"
    if not isinstance(kind, str) or kind not in KINDS:
        word = kind[:80] if isinstance(kind, str) else type(kind).__name__
        hint = did_you_mean(word, KINDS) or f"; one of: {', '.join(KINDS)}"
        raise DossierError(subject, [("kind", (NEEDED["missing"] if kind is None else f"{word!r} is no kind of dossier") + hint)])
    model: type[Dossier] = model_of(kind)
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        mistakes = error.errors(include_url=False)
        if any(detail["type"] == "invalid_key" and detail["input"] is True for detail in mistakes):
            return read_dossier(_worded(raw))
        raise DossierError(subject, [_mistake(detail, model) for detail in mistakes]) from None
    except RecursionError:
        raise DossierError(subject, [("", "nested too deep to be a dossier")]) from None


def _worded(value: Any) -> Any:
    """Return plain values with `on` for the key that PyYAML reads as True."""
    if isinstance(value, Mapping):
        return {"on" if key is True else key: _worded(one) for key, one in value.items()}
    return [*map(_worded, value)] if isinstance(value, list) else value


NEEDED = {
    "invalid_key": "a key is no text; put it in quotes",
    "string_type": "not a text; put it in quotes",
    "tuple_type": "not a list",
    "missing": "is required",
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type"), "not a mapping of fields"),
}


def _mistake(detail: Any, model: type[BaseModel]) -> tuple[str, str]:
    place = ""
    for segment in detail["loc"]:
        place += f"[{segment}]" if isinstance(segment, int) else f".{segment}" if place else str(segment)
    if detail["type"] == "extra_forbidden":
        return place, f"no such field{did_you_mean(str(detail['loc'][-1]), words_of(model))}"
    return place or "dossier", NEEDED.get(detail["type"]) or str(detail["msg"]).removeprefix("Value error, ")


@cache
def words_of(model: type[BaseModel]) -> set[str]:
    """Return every key that can stand anywhere in what a model reads."""
    schema = model.model_json_schema()
    return {word for part in (schema, *schema.get("$defs", {}).values()) for word in part.get("properties", {})}
