"""JSON Schemas an editor completes from: dossiers, and rule files that know a pack's facts."""

from typing import Any

from pydantic import TypeAdapter

from cadre_rules.dossier.models import AnyDossier, DossierFile
from cadre_rules.expression import OPERATIONS
from cadre_rules.register.entries import Entry
from cadre_rules.rulebook.expressions import GATHERS
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
    parameter = {"type": "object", "properties": {"param": {"enum": sorted(rulebook.parameters)}}, "required": ["param"]}
    for kind in sorted({kind for kind, _ in known}):
        constant = {"anyOf": [_CONSTANT[kind], parameter]}
        words = [word for word in COMPARISONS if kind in ("int", "date") or word in ("equals", "one_of", "stated")]
        values: dict[str, Any] = dict.fromkeys(words, constant)
        values |= {"stated": {"const": True}, "one_of": {"anyOf": [{"type": "array", "items": _CONSTANT[kind]}, parameter]}}
        yield {
            "type": "object",
            "properties": {"fact": {"enum": sorted(name for one, name in known if one == kind)}, **values},
            "required": ["fact"],
            "additionalProperties": False,
            "minProperties": 2,
            "maxProperties": 2,
        }


def _expression(rulebook: Rulebook | None) -> dict[str, Any]:
    inner = {"$ref": "#/$defs/Expression"}
    names = {"type": "string"}
    facts = {"enum": sorted({name for _, name in rulebook.definitions})} if rulebook else names
    forms: dict[str, Any] = {
        "field": names,
        "item": names,
        "fact": facts,
        "param": {"enum": sorted(rulebook.parameters)} if rulebook else names,
        "exceptions": names,
        "outcomes": {"type": "object"},
        "within": {"type": "object", "properties": dict.fromkeys(("area", "other", "level", "on"), inner)},
        "lookup": {"type": "object", "properties": {"table": names, "keys": {"type": "object"}, "get": names, "on": inner}},
    }
    for gather in GATHERS:
        parts = dict.fromkeys(("where", "pick", "by"), inner)
        forms[gather] = {"type": "object", "properties": {"in": names, **parts, "silence": {"const": "none"}}, "required": ["in"]}
    for word, signature in OPERATIONS.items():
        gathers = [forms[word]] if word in GATHERS else []
        forms[word] = {"anyOf": [*gathers, {"type": "array", "items": inner}, inner], "description": signature.says}
    constants = [*_CONSTANT.values(), {"type": "array", "items": {"type": "string"}}]
    form = {"type": "object", "properties": forms, "additionalProperties": False, "minProperties": 1, "maxProperties": 1}
    return {"anyOf": [*constants, form]}
