"""JSON Schemas an editor completes from: dossiers, and rule files that know a pack's facts."""

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import TypeAdapter

from cadre_rules.dossier.fields import SUBJECTS, element_fields, fields_of
from cadre_rules.dossier.models import AnyDossier, DossierFile
from cadre_rules.expression import OPERATIONS
from cadre_rules.register.entries import Entry
from cadre_rules.rulebook.expressions import COUNTED, EXCEPTION_STATES, GATHERS, WITHIN
from cadre_rules.rulebook.model import Rulebook
from cadre_rules.rulebook.schema import COMPARISONS, CaseFile, RuleFile

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_CONSTANT: dict[str, Any] = {
    "bool": {"type": "boolean"},
    "int": {"type": "integer"},
    "str": {"type": "string"},
    "date": {"type": "string", "format": "date"},
}


def dossier_schema() -> dict[str, Any]:
    """Return the schema of a dossier file: one dossier, a list, or a mapping with `dossiers`."""
    adapter: TypeAdapter[Any] = TypeAdapter(AnyDossier | list[AnyDossier] | DossierFile)
    return {"$schema": DIALECT, "title": "cadre_rules dossiers", **adapter.json_schema()}


def rules_schema(rulebook: Rulebook | None = None) -> dict[str, Any]:
    """Return the schema of a rule file; with a rulebook, fact names and the tests their kinds allow are known."""
    schema = RuleFile.model_json_schema(by_alias=True)
    schema["$defs"]["Definition"]["properties"]["value"] = {"$ref": "#/$defs/Expression"}
    schema["$defs"]["Expression"] = _expression(rulebook)
    if rulebook is not None:
        schema["$defs"]["Test"] = {"oneOf": list(_tests(rulebook))}
    return {"$schema": DIALECT, "title": "cadre_rules rule file", **schema}


def register_schema() -> dict[str, Any]:
    """Return the schema of a line of a register."""
    return {"$schema": DIALECT, **Entry.model_json_schema(), "title": "cadre_rules register entry"}


def cases_schema() -> dict[str, Any]:
    """Return the schema of a file of worked examples."""
    return {"$schema": DIALECT, "title": "cadre_rules cases", **CaseFile.model_json_schema(by_alias=True)}


def _tests(rulebook: Rulebook) -> Any:
    known = {(versions[0].kind, name) for (_, name), versions in rulebook.definitions.items()}
    parameter = _made({"param": _one_of(rulebook.parameters)}, "param")
    for kind in sorted({kind for kind, _ in known}):
        constant = {"anyOf": [_CONSTANT[kind], parameter]}
        words = [word for word in COMPARISONS if kind in ("int", "date") or word in ("equals", "one_of", "stated")]
        values: dict[str, Any] = dict.fromkeys(words, constant)
        several = {"type": "array", "items": _CONSTANT[kind], "minItems": 1, "maxItems": 24}
        values |= {"stated": {"const": True}, "one_of": {"anyOf": [several, parameter]}}
        yield {
            "type": "object",
            "properties": {"fact": {"enum": sorted(name for one, name in known if one == kind)}, **values},
            "required": ["fact"],
            "additionalProperties": False,
            "minProperties": 2,
            "maxProperties": 2,
        }


def _one_of(words: Collection[str]) -> dict[str, Any]:
    """Return what a text is that is one of some words; any text, where none are known."""
    return {"enum": sorted(words)} if words else {"type": "string"}


def _made(parts: Mapping[str, Any], *needed: str) -> dict[str, Any]:
    return {"type": "object", "properties": parts, "required": [*needed], "additionalProperties": False}


def _expression(rulebook: Rulebook | None) -> dict[str, Any]:
    inner = {"$ref": "#/$defs/Expression"}
    fields = [(".".join(path), info) for subject in SUBJECTS for path, info in fields_of(subject).items()]
    lists = [(name, info.element) for name, info in fields if info.element is not None]
    items = [(".".join(path), info) for _, element in lists for path, info in element_fields(element).items()]
    keys = {"type": "object", "additionalProperties": inner}
    counted = {what: {"type": "array", "items": _one_of(words)} for what, words in COUNTED.items()}
    forms: dict[str, Any] = {
        "field": _one_of({name for name, info in fields if info.kind != "list"}),
        "item": _one_of({name for name, info in items if info.kind != "list"}),
        "fact": _one_of({name for _, name in rulebook.definitions} if rulebook else ()),
        "param": _one_of(rulebook.parameters if rulebook else ()),
        "exceptions": _one_of(EXCEPTION_STATES),
        "outcomes": _made(counted),
        "within": _made(dict.fromkeys(WITHIN, inner), *WITHIN),
        "lookup": _made(
            {"table": _one_of(rulebook.tables if rulebook else ()), "keys": keys, "get": _one_of(()), "on": inner},
            *("table", "keys", "get"),
        ),
    }
    parts = {"in": _one_of({name for name, _ in lists}), **dict.fromkeys(("where", "pick", "by"), inner)}
    forms |= dict.fromkeys(GATHERS, _made({**parts, "silence": {"const": "none"}}, "in"))
    for word, signature in OPERATIONS.items():
        least = len(signature.takes)
        listed = {"type": "array", "items": inner, "minItems": least} | ({} if signature.repeats else {"maxItems": least})
        others = [*([forms[word]] if word in GATHERS else []), *([inner] if least == 1 else [])]
        forms[word] = {"anyOf": [listed, *others], "description": signature.says}
    constants = [*_CONSTANT.values(), {"type": "array", "items": {"type": "string"}}]
    form = {"type": "object", "properties": forms, "additionalProperties": False, "minProperties": 1, "maxProperties": 1}
    return {"anyOf": [*constants, form]}
