"""Read the expressions of definitions: from plain values to nodes, with every kind checked."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import chain, repeat
from typing import Any, ClassVar, TypeAlias, get_args

from cadre_rules import expression as ex
from cadre_rules.dossier.areas import Area
from cadre_rules.dossier.fields import FieldInfo, element_fields, fields_of
from cadre_rules.names import did_you_mean
from cadre_rules.rulebook.reading import Location, Placed
from cadre_rules.rulebook.schema import OUTCOMES, Definition, Table
from cadre_rules.wording import LEVELS

Typed: TypeAlias = tuple[ex.Expression, str]
"""A node and its kind; `any` after a complaint, so that one mistake is told once."""

GATHERS: tuple[str, ...] = get_args(ex.Gather)
EXCEPTION_STATES = ("unused", "expired", "misdated", "wrong_level", "unreasoned", "not_allowed")
_UNREADABLE = ex.Constant(0)
_COMPARABLE: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("less", "at_most", "least", "greatest", "min", "max", "latest", "earliest"), ("int", "date")),
    "equal": ("bool", "int", "str", "date"),
    "sum": ("int",),
}
"""Kinds whose values an operation or a gathering can compare; all of them, where it is not listed."""
_GIVES = {"any": "bool", "count": "int", "distinct": "int", "most": "int"}
"""The kind a gathering gives; any other gives one of what it picks."""
WITHIN = {"area": "area", "other": "area", "level": "str", "on": "date"}
COUNTED: Mapping[str, tuple[str, ...]] = {"tags": (), "outcomes": OUTCOMES, "levels": LEVELS, "rules": ()}
"""What outcomes are counted by, and the words for it where they are fixed."""
_KEYS: Mapping[str, Collection[str]] = {
    "within": WITHIN,
    "outcomes": COUNTED,
    "lookup": ("table", "keys", "get", "on"),
    **dict.fromkeys(GATHERS, ("in", "where", "pick", "by", "silence")),
}
"""What each form is made of that is written as a mapping."""


def codes_of(node: ex.Expression, subject: str, element: Mapping[tuple[str, ...], FieldInfo] | None = None) -> Collection[str]:
    """Return the closed list of codes that what is read comes from, if it comes from one."""
    known = fields_of(subject) if isinstance(node, ex.Field) else element or {}
    info = known.get(node.path) if isinstance(node, ex.Field | ex.Item) else None
    return info.codes.names if info is not None and info.codes is not None else ()


@dataclass(slots=True)
class ExpressionReader:
    """Reads one definition's value about a subject, whose facts and parameters are known by their kinds.

    `protected` gathers what its fields tell of.
    """

    subject: str
    facts: Mapping[str, str]
    parameters: Mapping[str, str]
    tables: Mapping[str, Table]
    told: Placed[Definition]
    authored: Mapping[str, Collection[str]]
    """The tags and ids of all rules."""
    protected: set[str] = field(default_factory=set)
    _element: Mapping[tuple[str, ...], FieldInfo] | None = None

    def read(self, raw: Any, at: Location) -> Typed:
        """Return the node and its kind."""
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

    def _form(self, word: str, inside: Any, at: Location) -> Typed:
        read = self._FORMS.get((word, type(inside)))
        if read is not None and not (word in ex.OPERATIONS and "in" not in inside):  # `earliest` is both
            for key in inside if isinstance(inside, dict) else ():
                self._among(key, _KEYS[word], "key here", (*at, key))
            return read(self, word, inside, at)
        if word in ex.OPERATIONS:
            return self._call(word, inside, at)
        shapes = {form: "one text" if shape is str else "a mapping of its parts" for form, shape in self._FORMS}
        if word in shapes:
            return self._wrong(at, "RB204", f"{word} takes {shapes[word]}")
        hint = did_you_mean(word, [*ex.OPERATIONS, *shapes])
        return self._wrong(at, "RB204", f"unknown operation {word!r}{hint}")

    def _path(self, word: str, text: str, at: Location) -> Typed:
        path = tuple(text.split(".")) if text else ()
        known = fields_of(self.subject) if word == "field" else self._element
        if known is None:
            return self._wrong(at, "RB203", "`item` has a meaning only inside count, any and the like")
        if path not in known:
            hint = did_you_mean(text, [".".join(name) for name in known])
            return self._wrong(at, "RB203", f"{self.subject} has no field {text!r}{hint}")
        self.protected |= known[path].protected
        if known[path].kind == "list":
            return self._wrong(at, "RB202", f"{text!r} is a list; count it, or ask `any` of it")
        return (ex.Field(path) if word == "field" else ex.Item(path)), known[path].kind

    def _named(self, word: str, name: str, at: Location) -> Typed:
        known, code, what = (self.facts, "RB201", "fact") if word == "fact" else (self.parameters, "RB205", "parameter")
        if name not in known:
            return self._wrong(at, code, f"unknown {what} {name!r}{did_you_mean(name, known)}")
        return (ex.Fact if word == "fact" else ex.Parameter)(name), known[name]

    def _exceptions(self, _word: str, state: str, at: Location) -> Typed:
        self._among(state, EXCEPTION_STATES, "state of an exception", at)
        return ex.Exceptions(state), "int"

    def _call(self, word: str, inside: Any, at: Location) -> Typed:
        signature = ex.OPERATIONS[word]
        wanted = signature.takes
        listed = isinstance(inside, (list, tuple))
        raw = list(inside) if listed else [inside]
        if len(raw) < len(wanted) or (len(raw) > len(wanted) and not signature.repeats):
            return self._wrong(at, "RB204", f"{word} takes {len(wanted)} value(s), not {len(raw)}: {signature.says}")
        same = "any"
        nodes: list[ex.Expression] = []
        for position, (value, needed) in enumerate(zip(raw, chain(wanted, repeat(wanted[-1])), strict=False)):
            place = (*at, position) if listed else at
            node, kind = self.read(value, place)
            if needed == "same" and same == "any":
                same = kind
            self._agree(kind, same if needed == "same" else needed, place, word)
            nodes.append(node)
        self._comparable(word, same, at)
        if word in ("equal", "one_of"):
            self._coded(nodes, at)
        return ex.Call(word, tuple(nodes)), same if signature.gives == "same" else signature.gives

    def _coded(self, nodes: Iterable[ex.Expression], at: Location) -> None:
        """Tell of a text that is none of the codes of what it is compared with, so never the same."""
        constants = [node.value for node in nodes if isinstance(node, ex.Constant)]
        for codes in (codes_of(node, self.subject, self._element) for node in nodes):
            for word in chain.from_iterable(value if isinstance(value, tuple) else (value,) for value in constants):
                if codes and isinstance(word, str):
                    self._among(word, codes, "code it can be", at, code="RB202")

    def _each(self, word: str, inside: dict[str, Any], at: Location) -> Typed:
        text = str(inside.get("in", ""))
        known = fields_of(self.subject)
        path = tuple(text.split("."))
        element = known[path].element if path in known else None
        if element is None:
            lists = [".".join(name) for name, info in known.items() if info.kind == "list"]
            hint = did_you_mean(text, lists) or f"; lists: {', '.join(lists)}"
            return self._wrong(at, "RB203", f"{self.subject} has no list {text!r}{hint}")
        if self._element is not None:
            return self._wrong(at, "RB204", "a list inside a list cannot be gathered; define a fact of its own")
        self.protected |= known[path].protected
        self._element = element_fields(element)
        where, _ = self._part(word, inside, "where", "bool", at)
        pick, picked = self._part(word, inside, "pick", "any", at)
        by, order = self._part(word, inside, "by", "any", at)
        self._element = None
        kind = picked if pick is not None or not isinstance(element, str) else element
        silent = inside.get("silence")
        ordered = word in ("latest", "earliest")
        bare = word in ("any", "count") or (isinstance(element, str) and not ordered)
        silences = "silence can only be `none`: an absent list then means there are none"
        self.told.need(silent in (None, "none"), "RB204", silences, (*at, "silence"))
        self.told.need(bare or pick is not None, "RB204", f"{word} needs `pick`: what to take of each element", at)
        self.told.need(ordered or by is None, "RB204", f"{word} takes no `by`; only latest and earliest do", (*at, "by"))
        self._comparable(word, kind if by is None else order, at)
        gather: Any = word
        return ex.Each(gather, path, where, pick, by, silent == "none"), _GIVES.get(word, kind)

    def _lookup(self, word: str, inside: dict[str, Any], at: Location) -> Typed:
        name, get, keys = str(inside.get("table", "")), str(inside.get("get", "")), inside.get("keys")
        table = self.tables.get(name)
        if table is None:
            return self._wrong(at, "RB205", f"unknown table {name!r}{did_you_mean(name, self.tables)}")
        if not isinstance(keys, dict):
            return self._wrong(at, "RB204", "lookup needs `keys`: of each column by which the row is found, what it must hold")
        read: dict[str, ex.Expression] = {}
        for column, value in keys.items():
            place = (*at, "keys", column)
            read[column], kind = self.read(value, place)
            if self._among(column, table.columns, f"column of {name}", place):
                self._agree(kind, table.columns[column].removesuffix("_band"), place, f"column {column}")
        self._among(get, table.columns, f"column of {name}", (*at, "get"))
        on, _ = self._part(word, inside, "on", "date", at)
        dated = any("in_force" in row for row in table.rows)
        self.told.need(on is not None or not dated, "RB204", f"the rows of {name} are dated; say `on` which day", at)
        return ex.Lookup(name, tuple(read.items()), get, on), table.columns.get(get, "any")

    def _within(self, word: str, inside: dict[str, Any], at: Location) -> Typed:
        nodes: Any = [self._part(word, inside, name, needed, at)[0] for name, needed in WITHIN.items()]
        for name in WITHIN:
            self.told.need(name in inside, "RB204", f"within needs {name}", at)
        if isinstance(level := inside.get("level"), str):
            self._among(level, Area.model_fields, "level of a place", (*at, "level"))
        return ex.Within(*nodes), "bool"

    def _outcomes(self, _word: str, inside: dict[str, Any], at: Location) -> Typed:
        listed = {name: inside.get(name, ()) for name in COUNTED}
        for name, words in listed.items():
            if not isinstance(words, (list, tuple)) or not all(isinstance(word, str) for word in words):
                return self._wrong((*at, name), "RB204", f"{name} is a list of texts")
            for word in words:
                self._among(word, COUNTED[name] or words, name, (*at, name))
                if name in self.authored:
                    self.told.known(word, self.authored[name], "RB301", f"no rule has this in its {name}: {word!r}", (*at, name))
        return ex.Outcomes(**{name: tuple(words) for name, words in listed.items()}), "int"

    def _part(self, word: str, inside: dict[str, Any], name: str, needed: str, at: Location) -> tuple[ex.Expression | None, str]:
        node, kind = self.read(inside[name], (*at, name)) if name in inside else (None, "any")
        self._agree(kind, needed, (*at, name), word)
        return node, kind

    def _among(self, word: str, known: Collection[str], what: str, at: Location, code: str = "RB204") -> bool:
        return self.told.known(word, known, code, f"{word!r} is no {what}", at, listed=f"; one of: {', '.join(known)}")

    def _agree(self, kind: str, needed: str, at: Location, word: str) -> None:
        if "any" not in (kind, needed) and kind != needed:
            self.told.tell("RB202", f"{word} needs a {needed} here, this is a {kind}", at)

    def _comparable(self, word: str, kind: str, at: Location) -> None:
        if kind not in ("any", *_COMPARABLE.get(word, (kind,))):
            self.told.tell("RB202", f"{word} cannot compare a {kind}" + ("; use within" if kind == "area" else ""), at)

    def _wrong(self, at: Location, code: str, message: str) -> Typed:
        self.told.tell(code, message, at)
        return _UNREADABLE, "any"

    _FORMS: ClassVar[Mapping[tuple[str, type], Callable[["ExpressionReader", str, Any, Location], Typed]]] = {
        ("field", str): _path,
        ("item", str): _path,
        ("fact", str): _named,
        ("param", str): _named,
        ("exceptions", str): _exceptions,
        ("lookup", dict): _lookup,
        ("within", dict): _within,
        ("outcomes", dict): _outcomes,
        **dict.fromkeys(((word, dict) for word in GATHERS), _each),
    }
    """How each form is read, by its word and what stands behind it; any other word is one of OPERATIONS."""
