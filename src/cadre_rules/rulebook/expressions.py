"""Read the expressions of definitions: from plain values to nodes, with every kind checked."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeAlias, get_args

from cadre_rules import expression as ex
from cadre_rules.dossier.fields import FieldInfo, element_fields, fields_of
from cadre_rules.names import did_you_mean
from cadre_rules.rulebook.schema import OUTCOMES, Table

Location: TypeAlias = tuple[str | int, ...]
Complain: TypeAlias = Callable[[Location, str, str], None]

GATHERS: tuple[str, ...] = get_args(ex.Gather)
EXCEPTION_STATES = ("unused", "expired", "misdated", "wrong_level", "unreasoned", "not_allowed")
LEVELS = ("violation", "exception_needed", "target_missed", "information_missing", "judgement_needed", "indicator")
_UNREADABLE = ex.Constant(0)
_COMPARABLE: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("less", "at_most", "least", "greatest", "min", "max", "latest", "earliest"), ("int", "date")),
    "equal": ("bool", "int", "str", "date"),
    "sum": ("int",),
}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an expression may name: facts and parameters with their kinds, tables, the subject it is about."""

    subject: str
    facts: Mapping[str, str]
    parameters: Mapping[str, str]
    tables: Mapping[str, Table]


@dataclass(slots=True)
class ExpressionReader:
    """Reads one definition's value; `protected` gathers what its fields tell of."""

    around: Surroundings
    complain: Complain
    protected: set[str] = field(default_factory=set)
    _element: Mapping[tuple[str, ...], FieldInfo] | None = None

    def read(self, raw: Any, at: Location) -> tuple[ex.Expression, str]:
        """Return the node and its kind; `any` after a complaint, so that one mistake is told once."""
        match raw:
            case bool() | int() | str() | date():
                return ex.Constant(raw), type(raw).__name__
            case list() | tuple() if raw and all(isinstance(choice, str) for choice in raw):
                return ex.Constant(tuple(raw)), "list"
            case dict() if len(raw) == 1:
                ((word, inside),) = raw.items()
                return self._form(word, inside, (*at, word))
            case _:
                return self._wrong(at, "RB201", "an expression is a constant or one operation, e.g. {field: days.decided}")

    def _form(self, word: str, inside: Any, at: Location) -> tuple[ex.Expression, str]:
        match word:
            case "field" | "item" if isinstance(inside, str):
                return self._path(word, inside, at)
            case "fact" if isinstance(inside, str):
                return self._named(ex.Fact(inside), self.around.facts, "RB201", "fact", at)
            case "param" if isinstance(inside, str):
                return self._named(ex.Parameter(inside), self.around.parameters, "RB205", "parameter", at)
            case "exceptions" if isinstance(inside, str):
                self._among(inside, EXCEPTION_STATES, "state of an exception", at)
                return ex.Exceptions(inside), "int"
            case "lookup" | "within" | "outcomes" if isinstance(inside, dict):
                return getattr(self, f"_{word}")(inside, at)  # type: ignore[no-any-return]
            case _ if word in GATHERS and isinstance(inside, dict):
                return self._each(word, inside, at)
            case _ if word in ex.OPERATIONS:
                return self._call(word, inside, at)
            case _:
                known = (*ex.OPERATIONS, *GATHERS, "field", "item", "fact", "param", "lookup", "within", "outcomes")
                return self._wrong(at, "RB204", f"unknown operation {word!r}{did_you_mean(word, known)}")

    def _path(self, word: str, text: str, at: Location) -> tuple[ex.Expression, str]:
        path = tuple(text.split(".")) if text else ()
        if word == "item" and self._element is None:
            return self._wrong(at, "RB203", "`item` has a meaning only inside count, any and the like")
        known = fields_of(self.around.subject) if word == "field" else self._element or {}
        if path not in known:
            names = [".".join(name) for name in known]
            return self._wrong(at, "RB203", f"{self.around.subject} has no field {text!r}{did_you_mean(text, names)}")
        self.protected |= known[path].protected
        if known[path].kind == "list":
            return self._wrong(at, "RB202", f"{text!r} is a list; count it, or ask `any` of it")
        return (ex.Field(path) if word == "field" else ex.Item(path)), known[path].kind

    def _named(
        self, node: ex.Fact | ex.Parameter, kinds: Mapping[str, str], code: str, what: str, at: Location
    ) -> tuple[ex.Expression, str]:
        if node.name not in kinds:
            return self._wrong(at, code, f"unknown {what} {node.name!r}{did_you_mean(node.name, kinds)}")
        return node, kinds[node.name]

    def _call(self, word: str, inside: Any, at: Location) -> tuple[ex.Expression, str]:
        signature = ex.OPERATIONS[word]
        raw = list(inside) if isinstance(inside, (list, tuple)) else [inside]
        wanted = signature.takes
        if len(raw) < len(wanted) or (len(raw) > len(wanted) and not signature.repeats):
            return self._wrong(at, "RB204", f"{word} takes {len(wanted)} value(s), not {len(raw)}: {signature.says}")
        same: str | None = None
        nodes: list[ex.Expression] = []
        for position, value in enumerate(raw):
            place = (*at, position) if isinstance(inside, (list, tuple)) else at
            node, kind = self.read(value, place)
            needed = wanted[min(position, len(wanted) - 1)]
            if needed == "same":
                same = needed = kind if same in (None, "any") else same or kind
            self._agree(kind, needed, place, word)
            nodes.append(node)
        if same not in (None, "any", *_COMPARABLE.get(word, (same,))):
            self.complain(at, "RB202", f"{word} cannot compare a {same}" + ("; use within" if same == "area" else ""))
        return ex.Call(word, tuple(nodes)), (same or "any") if signature.gives == "same" else signature.gives

    def _agree(self, kind: str, needed: str, at: Location, word: str) -> None:
        if "any" not in (kind, needed) and kind != needed:
            self.complain(at, "RB202", f"{word} needs a {needed} here, this is a {kind}")

    def _each(self, word: str, inside: dict[str, Any], at: Location) -> tuple[ex.Expression, str]:
        self._keys(inside, ("in", "where", "pick", "by", "silence"), at)
        path = tuple(str(inside.get("in", "")).split("."))
        info = fields_of(self.around.subject).get(path)
        if info is None or info.kind != "list" or info.element is None:
            lists = [".".join(name) for name, known in fields_of(self.around.subject).items() if known.kind == "list"]
            text = ".".join(path)
            hint = did_you_mean(text, lists) or f"; lists: {', '.join(lists)}"
            return self._wrong(at, "RB203", f"{self.around.subject} has no list {text!r}{hint}")
        if self._element is not None:
            return self._wrong(at, "RB204", "a list inside a list cannot be gathered; define a fact of its own")
        self.protected |= info.protected
        self._element = element_fields(info.element)
        (where, truth), (pick, picked), (by, order) = (self._part(inside, part, at) for part in ("where", "pick", "by"))
        self._element = None
        self._agree(truth, "bool", (*at, "where"), word)
        silent = inside.get("silence")
        if silent not in (None, "none"):
            self.complain((*at, "silence"), "RB204", "silence can only be `none`: an absent list then means there are none")
        gather: Any = word
        node = ex.Each(gather, path, where, pick, by, silent == "none")
        plain = info.element if isinstance(info.element, str) else None
        kind = picked if pick is not None else plain or "any"
        gives = {"any": "bool", "count": "int", "distinct": "int", "most": "int"}.get(word, kind)
        if word not in ("any", "count") and pick is None and (plain is None or word in ("latest", "earliest")):
            self.complain(at, "RB204", f"{word} needs `pick`: what to take of each element")
        if by is not None and word not in ("latest", "earliest"):
            self.complain((*at, "by"), "RB204", f"{word} takes no `by`; only latest and earliest do")
        ordered = order if by is not None else kind
        if ordered not in ("any", *_COMPARABLE.get(word, (ordered,))):
            self.complain(at, "RB202", f"{word} cannot compare a {ordered}")
        return node, gives

    def _part(self, inside: dict[str, Any], part: str, at: Location) -> tuple[ex.Expression | None, str]:
        return self.read(inside[part], (*at, part)) if part in inside else (None, "any")

    def _lookup(self, inside: dict[str, Any], at: Location) -> tuple[ex.Expression, str]:
        self._keys(inside, ("table", "keys", "get", "on"), at)
        name = str(inside.get("table", ""))
        table = self.around.tables.get(name)
        keys = inside.get("keys")
        if table is None or not isinstance(keys, dict):
            return self._wrong(at, "RB205", f"unknown table {name!r}{did_you_mean(name, self.around.tables)}, or no keys")
        nodes = []
        for column, value in keys.items():
            node, kind = self.read(value, (*at, "keys", column))
            if self._among(column, table.columns, f"column of {name}", (*at, "keys", column)):
                self._agree(kind, table.columns[column].removesuffix("_band"), (*at, "keys", column), f"column {column}")
            nodes.append((column, node))
        get = str(inside.get("get", ""))
        known = self._among(get, table.columns, f"column of {name}", (*at, "get"))
        on, on_kind = self._part(inside, "on", at)
        if on is not None:
            self._agree(on_kind, "date", (*at, "on"), "lookup")
        elif any("in_force" in row for row in table.rows):
            self.complain(at, "RB204", f"the rows of {name} are dated; say `on` which day")
        return ex.Lookup(name, tuple(nodes), get, on), table.columns[get] if known else "any"

    def _within(self, inside: dict[str, Any], at: Location) -> tuple[ex.Expression, str]:
        wanted = {"area": "area", "other": "area", "level": "str", "on": "date"}
        self._keys(inside, tuple(wanted), at)
        nodes = []
        for name, needed in wanted.items():
            node, kind = self._part(inside, name, at)
            if node is None:
                return self._wrong(at, "RB204", f"within needs {name}")
            self._agree(kind, needed, (*at, name), "within")
            nodes.append(node)
        return ex.Within(*nodes), "bool"

    def _outcomes(self, inside: dict[str, Any], at: Location) -> tuple[ex.Expression, str]:
        parts = ("tags", "outcomes", "levels", "rules")
        self._keys(inside, parts, at)
        for name in parts:
            listed = inside.get(name, ())
            if not isinstance(listed, (list, tuple)) or not all(isinstance(word, str) for word in listed):
                return self._wrong((*at, name), "RB204", f"{name} is a list of texts")
        for name, known in (("outcomes", OUTCOMES), ("levels", LEVELS)):
            for word in inside.get(name, ()):
                self._among(word, known, name, (*at, name))
        return ex.Outcomes(*(tuple(inside.get(name, ())) for name in parts)), "int"

    def _keys(self, inside: dict[str, Any], known: tuple[str, ...], at: Location) -> None:
        for key in inside:
            self._among(key, known, "key here", (*at, key))

    def _among(self, word: str, known: Iterable[str], what: str, at: Location) -> bool:
        known = list(known)
        if word not in known:
            self.complain(at, "RB204", f"{word!r} is no {what}{did_you_mean(word, known) or '; one of: ' + ', '.join(known)}")
        return word in known

    def _wrong(self, at: Location, code: str, message: str) -> tuple[ex.Expression, str]:
        self.complain(at, code, message)
        return _UNREADABLE, "any"
