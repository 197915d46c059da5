"""Make one rulebook of several packs, telling every mistake in what they mean."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from graphlib import CycleError
from itertools import chain, pairwise
from typing import Any

from cadre_rules.dossier.fields import PROTECTED, SUBJECTS
from cadre_rules.errors import Problem
from cadre_rules.expression import Lookup, walk
from cadre_rules.names import fold
from cadre_rules.rulebook.expressions import ExpressionReader, codes_of
from cadre_rules.rulebook.model import LoadedPack, Rulebook
from cadre_rules.rulebook.reading import Location, PackFiles, Placed
from cadre_rules.rulebook.schema import (
    Condition,
    Definition,
    Every,
    Not,
    Parameter,
    ParameterRef,
    Rule,
    Some,
    Table,
    Test,
    Tighten,
    Window,
    Words,
)

PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_BRACED = re.compile(r"\{([^{}]*)\}?|\}")
_ORDERED = ("at_least", "at_most", "above", "below")
_TYPES: dict[str, type] = {"str": str, "int": int, "date": date, "bool": bool, "list": tuple}
_HINTS = {
    "str": "; quote codes",
    **dict.fromkeys(("date_band", "int_band", "date_window"), "; write {from: …, until: …}, until after from"),
}
_UNCITED = "cites an unknown provision {1!r}"
_CITING = ("parameters", "tighten", "tables", "definitions", "profiles", "switch_off")
_NO_GROUND = f"{{1!r}} is no protected ground; one of: {', '.join(PROTECTED)}"
_REFERENCES = (
    *((key, "provision", "provisions", "RB301", _UNCITED) for key in _CITING),
    ("rules", "provisions", "provisions", "RB301", _UNCITED),
    ("rules", "exception.provision", "provisions", "RB301", _UNCITED),
    ("provisions", "instrument", "instruments", "RB301", "provision {0.id} stands in no known instrument"),
    ("provisions", "asks_for", "protected", "RB304", _NO_GROUND),
    ("rules", "protected", "protected", "RB304", _NO_GROUND),
    ("rules", "rival", "rules", "RB301", "unknown rival {1!r}"),
    ("instruments", "replaced_by", "instruments", "RB301", "{0.id} is replaced by an unknown instrument"),
    ("tighten", "parameter", "parameters", "RB502", "no parameter {1!r} to tighten"),
    ("switch_off", "rule", "rules", "RB502", "no rule {1!r} to switch off"),
)
"""Where one thing names another: what names it, in which field, what it must be, and what is told if there is none."""


def build_rulebook(packs: Sequence[PackFiles]) -> tuple[Rulebook, list[Problem]]:
    """Layer packs in order, later ones over earlier, and return the rulebook with every problem found."""
    checker = _Checker(packs)
    return checker.book, checker.problems


class _Checker:
    def __init__(self, packs: Sequence[PackFiles]) -> None:
        self.problems: list[Problem] = []
        self._items: dict[str, list[Placed[Any]]] = defaultdict(list)
        for source in (source for files in packs for source in files.sources):
            for key, value in source.file:
                if isinstance(value, tuple):
                    self._items[key] += [
                        Placed(item, source, (key, position), self.problems) for position, item in enumerate(value)
                    ]
                elif value is not None:
                    self._items[f"{key}s"].append(Placed(value, source, (key,), self.problems))
        off = {found.item.rule for found in self._items["switch_off"]}
        rules = [found for found in self._items["rules"] if found.item.id not in off]
        self._references()
        self._instruments, self._tables = self._by_id("instruments"), self._by_id("tables")
        self._parameters = self._valued()
        self._kinds = {name: versions[0].kind for name, versions in self._parameters.items()}
        self._facts: dict[str, dict[str, str]] = {subject: {} for subject in SUBJECTS}
        self._protected: dict[tuple[str, str, str | None], set[str]] = defaultdict(set)
        self.book = Rulebook(
            packs=tuple(filter(None, map(self._pack, packs))),
            instruments=self._instruments,
            provisions=self._by_id("provisions"),
            parameters=self._parameters,
            tables=self._tables,
            rows={found.item.id: tuple(self._rows(found)) for found in self._items["tables"]},
            definitions=self._definitions(),
            rules=tuple(found.item for found in rules),
            switched_off=tuple(found.item for found in self._items["switch_off"]),
            places={
                (found.item.id, found.item.in_force.starts): (found.source.path, found.source.document.line(found.at))
                for found in rules
            },
        )
        self._rules()
        self._answers()

    def _references(self) -> None:
        for key, field, named, code, message in _REFERENCES:
            known = set(PROTECTED) if named == "protected" else {found.item.id for found in self._items[named]}
            place = tuple(field.split("."))
            for found in self._items[key]:
                words = found.item
                for part in place:
                    words = getattr(words, part, None)
                for word in words if isinstance(words, tuple) else [] if words is None else [words]:
                    found.known(word, known, code, message.format(found.item, word), place)

    def _pack(self, files: PackFiles) -> LoadedPack | None:
        named = [found for found in self._items["packs"] if found.source in files.sources]
        if [found.source.path for found in named] != [files.folder / "pack.yaml"]:
            self.problems.append(Problem(files.folder, 1, "RB501", "a pack says what it is (`pack:`) once, in its pack.yaml"))
            return None
        return LoadedPack(named[0].item, files.digest)

    def _by_id(self, key: str) -> dict[str, Any]:
        known: dict[str, Placed[Any]] = {}
        for found in self._items[key]:
            other = known.setdefault(found.item.id, found)
            found.need(other is found, "RB306", f"{found.item.id!r} is defined twice; first in {other.place}", ("id",))
        return {name: found.item for name, found in known.items()}

    def _valued(self) -> dict[str, tuple[Parameter, ...]]:
        """Return the versions of each parameter, those tightened in place of the looser ones."""
        for found in self._items["parameters"]:
            right = isinstance(found.item.value, _TYPES[found.item.kind])
            found.need(right, "RB202", f"{found.item.id} is declared {found.item.kind}", ("value",))
        known = {name: tuple(found.item for found in versions) for name, versions in self._versions("parameters").items()}
        for found in self._items["tighten"]:
            if found.item.parameter in known:
                known[found.item.parameter] = self._tightened(known[found.item.parameter], found)
        return known

    def _tightened(self, versions: Sequence[Parameter], found: Placed[Tighten]) -> tuple[Parameter, ...]:
        """Return the versions with the stricter value set in their place for as long as the change holds."""
        change = found.item
        changed = {"value": change.value, "provision": change.provision}
        for parameter in versions:
            if parameter.in_force.meets(change.in_force):
                old, new = parameter.value, change.value
                stricter = isinstance(old, int) and {"higher": new > old, "lower": new < old}.get(parameter.stricter or "")
                found.need(stricter, "RB502", f"{new} is not stricter than {old}", ("value",))
        return tuple(
            parameter.model_copy(update={"in_force": window, **(changed if change.in_force.covers(window.first) else {})})
            for parameter in versions
            for window in parameter.in_force.cut([change.in_force])
        )

    def _versions(self, key: str) -> dict[str, list[Placed[Any]]]:
        grouped: dict[str, list[Placed[Any]]] = defaultdict(list)
        for found in self._items[key]:
            grouped[found.item.id].append(found)
        for name, versions in grouped.items():
            self._successive(versions, name)
        return grouped

    def _successive(self, versions: Sequence[Placed[Any]], name: str, *, gaps_allowed: bool = False) -> None:
        """Tell of versions that overlap, and of gaps nobody explained."""
        for earlier, later in pairwise(sorted(versions, key=lambda found: found.item.in_force.first)):
            end, start = earlier.item.in_force.last, later.item.in_force.first
            explained = gaps_allowed or getattr(later.item, "after_gap", None) is not None
            gap = f"{name} has no version from {end} to {start}; close the gap or explain it in after_gap"
            two = f"two versions of {name} are in force on {start}; the other is that in {earlier.place}"
            later.need(end <= start, "RB302", two, ("in_force",))
            later.need(start <= end or explained, "RB303", gap, ("in_force",))

    def _rows(self, found: Placed[Table]) -> Iterator[Mapping[str, Any]]:
        """Yield the rows as they are looked up in, a band or the time a row holds as a pair of ends."""
        for position, row in enumerate(found.item.rows):
            read: dict[str, Any] = {}
            dated = {"in_force": "date_window"} if "in_force" in row else {}
            for column, kind in {**found.item.columns, **dated}.items():
                cell = read[column] = row.get(column)
                if "_" in kind and isinstance(cell, dict) and set(cell) <= {"from", "until"}:
                    read[column] = (cell.get("from"), cell.get("until"))
                message = f"{column} is a {kind}, not {cell!r}{_HINTS.get(kind, '')}"
                found.need(_is_cell(read[column], kind), "RB202", message, ("rows", position, column))
            if dated and _is_cell(read["in_force"], "date_window"):
                start, until = read["in_force"]  # up to and with its last day, as a band
                read["in_force"] = (start, until and date.fromordinal(max(until.toordinal() - 1, 1)))
            for name in row:
                message = f"{name!r} is no column of {found.item.id}"
                found.known(name, read, "RB101", message, ("rows", position, name))
            yield read

    def _definitions(self) -> dict[tuple[str, str], tuple[Definition, ...]]:
        rules = [found.item for found in self._items["rules"]]
        self._authored = {"tags": {tag for rule in rules for tag in rule.tags}, "rules": {rule.id for rule in rules}}
        facts = {found.item.id for found in self._items["definitions"]}
        self._chosen = chosen = dict[str, str]()
        for found in self._items["profiles"]:
            fact, use = found.item.fact, found.item.use
            known = [one.item.profile for one in self._items["definitions"] if one.item.id == fact and one.item.profile]
            if found.known(fact, facts, "RB503", f"no fact {fact!r} to choose a profile of", ("fact",)) and found.known(
                use, known, "RB503", f"{fact} has no profile {use!r}", ("use",)
            ):
                chosen[fact] = use
        grouped: dict[tuple[str, str, str | None], list[Placed[Definition]]] = defaultdict(list)
        for found in self._items["definitions"]:
            for subject in found.item.subject:
                grouped[subject, found.item.id, found.item.profile].append(found)
                if found.item.profile == chosen.get(found.item.id):
                    self._facts[subject].setdefault(found.item.id, found.item.kind)
        read = {key: tuple(self._bound(versions, *key)) for key, versions in grouped.items()}  # also those of no profile chosen
        return {(subject, name): read[subject, name, of] for subject, name, of in read if of == chosen.get(name)}

    def _bound(
        self, versions: Sequence[Placed[Definition]], subject: str, name: str, profile: str | None
    ) -> Iterator[Definition]:
        """Yield the versions of a definition as they read for a subject, oldest first."""
        self._successive(versions, name, gaps_allowed=True)
        alike = len({found.item.kind for found in versions}) == 1
        versions[0].need(alike, "RB202", f"versions of {name} differ in kind", ("kind",))
        for found in sorted(versions, key=lambda found: found.item.in_force.first):
            told = replace(found, about=f"{found.item.id}: ")
            reader = ExpressionReader(subject, self._facts[subject], self._kinds, self._tables, told, self._authored)
            node, kind = reader.read(found.item.value, ("value",))
            right = kind in ("any", found.item.kind)
            told.need(right, "RB202", f"declared {found.item.kind}, but its value is a {kind}", ("value",))
            self._protected[subject, name, profile] |= reader.protected
            yield found.item.model_copy(update={"value": node})

    def _rules(self) -> None:
        try:
            self._behind = self.book.behind
        except CycleError as error:
            self._behind = {}
            names = " → ".join(name for _, name in error.args[1])
            first = next(found for found in self._items["definitions"] if found.item.id == error.args[1][0][1])
            first.tell("RB206", f"definitions read each other in a circle: {names}")
        self._versions("rules")
        for found in self._items["rules"]:
            self._lasting(found)
            for subject in found.item.subject:
                for at, test in tests_in(found.item):
                    self._test(found, subject, test, at)
                for part, lang, name in _named_in(found.item):
                    message = f"{part} names an unknown fact {name!r}"
                    found.known(name, self._facts[subject], "RB308", message, (part, lang))
                self._licence(found, subject)

    def _answers(self) -> None:
        """Tell of two rows of a table that answer one question somebody asks: the first would, and the other never."""
        values = (version.value for versions in self.book.definitions.values() for version in versions)
        lookups = (node for value in values for node in walk(value) if isinstance(node, Lookup))
        asked = {(node.table, tuple(name for name, _ in node.keys)) for node in lookups}
        for found in self._items["tables"] if not self.problems else ():
            rows = [{"in_force": (None, None), **row} for row in self.book.rows[found.item.id]]
            for names in (names for table, names in asked if table == found.item.id):
                alike: dict[tuple[Any, ...], list[int]] = defaultdict(list)
                for later, row in enumerate(rows):
                    before = alike[tuple(_asked(row[name]) for name in names)]
                    both = (one for one in before if all(_meet(rows[one][name], row[name]) for name in (*names, "in_force")))
                    if (earlier := next(both, None)) is not None:
                        line = found.source.document.line((*found.at, "rows", earlier))
                        message = f"answers what the row of line {line} answers, by {', '.join(names)}"
                        found.tell("RB302", message, ("rows", later))
                    else:
                        before.append(later)

    def _lasting(self, found: Placed[Rule]) -> None:
        """Tell of a rule in force outside the time of the text it rests on."""
        provision = self.book.provisions.get(found.item.provisions[0])
        text = self._instruments.get(provision.instrument or "") if provision is not None else None
        if provision is not None and text is not None:
            window, whole = found.item.in_force, text.in_force
            message = f"in force outside {provision.instrument}, which holds from {whole.starts} to {whole.until}"
            found.need(whole.first <= window.first and window.last <= whole.last, "RB305", message, ("in_force",))

    def _test(self, found: Placed[Rule], subject: str, test: Test, at: Location) -> None:
        known, message = self._facts[subject], f"{subject} has no fact {test.fact!r}"
        if not found.known(test.fact, known, "RB201", message, (*at, "fact")):
            return
        self._covered(found, test.fact, [one.in_force for one in self.book.definitions[subject, test.fact]], at)
        word, constant = test.comparison
        kind, place = known[test.fact], (*at, word)
        if word in _ORDERED and kind not in ("int", "date"):
            found.tell("RB202", f"{test.fact} is a {kind}; it has no order, so not {word}", place)
        elif isinstance(constant, ParameterRef):
            listed = word == "one_of"
            found.need(not listed or kind == "str", "RB202", f"{test.fact} is a {kind}; a parameter lists texts", place)
            self._parameter(found, constant.param, "list" if listed else kind, place)
        elif word != "stated":
            codes = [codes_of(one.value, subject) for one in self.book.definitions[subject, test.fact]]
            for value in constant if isinstance(constant, tuple) else (constant,):
                right = type(value) is _TYPES[kind]
                found.need(right, "RB202", f"{test.fact} is a {kind}, {value!r} is not", place)
                if right and all(codes):
                    named = sorted(set(chain(*codes)))
                    message, others = f"{value!r} is no code {test.fact} can be", f"; one of: {', '.join(named)}"
                    found.known(value, named, "RB202", message, place, listed=others)

    def _parameter(self, found: Placed[Rule], name: str, kind: str, at: Location) -> None:
        if found.known(name, self._parameters, "RB205", f"unknown parameter {name!r}", at):
            versions = self._parameters[name]
            message = f"parameter {name} is a {versions[0].kind}, a {kind} is needed"
            found.need(versions[0].kind == kind, "RB202", message, at)
            self._covered(found, name, [version.in_force for version in versions], at)

    def _covered(self, found: Placed[Rule], name: str, windows: Sequence[Window], at: Location) -> None:
        days = found.item.in_force.changes(windows)
        bare = next((day for day in days if not any(window.covers(day) for window in windows)), None)
        found.need(bare is None, "RB309", f"{name} is not defined on {bare}, while the rule is in force", at)

    def _licence(self, found: Placed[Rule], subject: str) -> None:
        rule, provisions = found.item, self.book.provisions
        behind = {name for fact in facts_in(rule) for name in self._behind.get((subject, fact), (fact,))}
        read = {ground for name in behind for ground in self._protected[subject, name, self._chosen.get(name)]}
        licensed = {ground for name in rule.provisions if name in provisions for ground in provisions[name].asks_for}
        said = set(rule.protected) & set(PROTECTED)
        for grounds, code, message, at in (
            (read - said, "RB304", "reads the protected fact {!r} without saying so in `protected`", ()),
            (said - licensed, "RB304", "no provision it cites asks for {!r} (`asks_for`)", ("protected",)),
            (said - read if len(rule.subject) == 1 else (), "RB307", "is licensed to read {!r} but does not", ("protected",)),
        ):
            for ground in sorted(grounds):
                found.tell(code, message.format(ground), at)


def _is_cell(cell: Any, kind: str) -> bool:
    """Tell whether a cell is of its column's kind; a band's ends may be one, those of a window not, and none is out of order."""
    plain, _, ends = kind.partition("_")
    parts = cell if ends else (cell,)
    if not isinstance(parts, tuple) or any(part is not None and type(part) is not _TYPES[plain] for part in parts):
        return False
    stated = [part for part in parts if part is not None]
    return stated == sorted(stated if ends == "band" else set(stated))


def _asked(cell: Any) -> Any:
    """Return what a cell must be asked as to answer; of one with ends, only that it has them."""
    return tuple if isinstance(cell, tuple) else fold(cell) if isinstance(cell, str) else cell


def _meet(one: Any, other: Any) -> bool:
    """Tell whether some value fits both cells of a column that are asked alike; none fits one that is not stated."""
    if isinstance(one, tuple):
        return all(None in ends or ends[0] <= ends[1] for ends in ((one[0], other[1]), (other[0], one[1])))
    return one is not None


def facts_in(rule: Rule) -> Iterator[str]:
    """Yield every fact a rule's conditions and texts name."""
    yield from (test.fact for _, test in tests_in(rule))
    yield from (name for *_, name in _named_in(rule))


def tests_in(rule: Rule) -> Iterator[tuple[Location, Test]]:
    """Yield every test of a rule's conditions with its place."""
    return ((at, condition) for at, condition in conditions_in(rule) if isinstance(condition, Test))


def _named_in(rule: Rule) -> Iterator[tuple[str, str, str]]:
    """Yield every fact a rule's texts name, after the text and its language."""
    texts: list[tuple[str, Words | None]] = [
        (part, getattr(rule, part)) for part in ("message", "remedy", "title", "responsible")
    ]
    told = ((part, lang, words.of(lang)) for part, words in texts if words is not None for lang in ("vi", "en"))
    return ((part, lang, name) for part, lang, text in told for name in _BRACED.findall(text))


def conditions_in(rule: Rule) -> Iterator[tuple[Location, Condition]]:
    """Yield every condition of a rule with its place, and after each those inside it."""
    for part in ("applies_when", "requires"):
        condition: Condition | None = getattr(rule, part)
        if condition is not None:
            yield from _placed(condition, (part,))


def _placed(condition: Condition, at: Location) -> Iterator[tuple[Location, Condition]]:
    yield at, condition
    match condition:
        case Every(every=members) | Some(some=members):
            word = "every" if isinstance(condition, Every) else "some"
            for position, member in enumerate(members):
                yield from _placed(member, (*at, word, position))
        case Not(negated=member):
            yield from _placed(member, (*at, "not"))
