"""Read a dossier from plain values, telling every field that cannot be."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError

from cadre_rules.dossier.fields import fields_of
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
    "date_type": "not a day; write 2021-05-03",
    "missing": "is required",
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type"), "not a mapping of fields"),
}


def _mistake(detail: Any, model: type[BaseModel]) -> tuple[str, str]:
    place = ""
    for segment in detail["loc"]:
        place += f"[{segment}]" if isinstance(segment, int) else f".{segment}" if place else str(segment)
    if detail["type"] == "extra_forbidden":
        word = str(detail["loc"][-1])
        elsewhere = {path[-1]: ".".join(path) for path in fields_of(model.__name__.lower())}
        near = did_you_mean(word, words_at(model, detail["loc"])) or did_you_mean(word, elsewhere, elsewhere)
        return place, f"no such field{near}"
    return place or "dossier", NEEDED.get(detail["type"]) or str(detail["msg"]).removeprefix("Value error, ")


def words_at(model: type[BaseModel], place: Sequence[str | int]) -> set[str]:
    """Return every key that can stand where the last of a place does not; what only names a kind on the way is passed over."""
    whole = _schema_of(model)
    parts = [whole]
    for step in place[:-1]:
        key = "items" if isinstance(step, int) else "additionalProperties"
        inside = (part.get("properties", {}).get(step, part.get(key)) for part in parts)
        parts = [*_parts(inside, whole.get("$defs", {}))] or parts
    return {word for part in parts for word in part.get("properties", {})} - {place[-1]}


@cache
def _schema_of(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()


def _parts(parts: Iterable[Any], named: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield schemas and all they stand for or choose between."""
    for part in parts:
        if isinstance(part, dict):
            meant = named.get(part.get("$ref", "").rpartition("/")[2])
            yield from (part, *_parts((meant, *part.get("anyOf", ()), *part.get("oneOf", ())), named))
