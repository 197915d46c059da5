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
    subject = str(raw.get("id", "?"))[:80] if isinstance(raw, Mapping) else "?"
    kind = raw.get("kind") if isinstance(raw, Mapping) else None
    if not isinstance(kind, str) or kind not in KINDS:
        hint = did_you_mean(str(kind), KINDS) or f"; one of: {', '.join(KINDS)}"
        raise DossierError(subject, [("kind", f"{str(kind)[:80]!r} is no kind of dossier{hint}")])
    model: type[Dossier] = model_of(kind)
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise DossierError(subject, [_mistake(detail, model) for detail in error.errors(include_url=False)]) from None
    except RecursionError:
        raise DossierError(subject, [("", "nested too deep to be a dossier")]) from None


NEEDED = {
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
