"""Make one rulebook of several packs, telling every mistake in what they mean."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from cadre_rules import expression as ex
from cadre_rules.dossier.fields import PROTECTED, SUBJECTS
from cadre_rules.errors import Problem
from cadre_rules.names import did_you_mean
from cadre_rules.rulebook.expressions import ExpressionReader, Location
from cadre_rules.rulebook.model import BoundDefinition, LoadedPack, Rulebook
from cadre_rules.rulebook.reading import PackFiles, Source
from cadre_rules.rulebook.schema import (
    Condition,
    Definition,
    Every,
    Not,
    Parameter,
    ParameterRef,
    Provision,
    Rule,
    Some,
    Table,
    Test,
    Tighten,
    Window,
    Words,
    window_between,
)

PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_ORDERED = ("at_least", "at_most", "above", "below")
_CELLS: dict[str, type] = {"str": str, "int": int, "date": date, "bool": bool}

Item = TypeVar("Item")


@dataclass(frozen=True)
class _Found(Generic[Item]):
    """An authored item with the place to blame."""

    item: Item
    source: Source
    at: Location


def build_rulebook(packs: Sequence[PackFiles]) -> tuple[Rulebook, list[Problem]]:
    """Layer packs in order, later ones over earlier, and return the rulebook with every problem found."""
    checker = _Checker(packs)
    rulebook = checker.build()
    return rulebook, checker.problems


class _Checker:
    def __init__(self, packs: Sequence[PackFiles]) -> None:
        self._packs = packs
        self._sources = [source for files in packs for source in files.sources]
        self.problems: list[Problem] = []

    def build(self) -> Rulebook:
        loaded = tuple(self._pack(files) for files in self._packs)
        self.instruments = self._by_id(
            [
                *self._all("instruments"),
                *(_Found(s.file.instrument, s, ("instrument",)) for s in self._sources if s.file.instrument),
            ]
        )
        self.provisions = self._provisions()
        for key in ("parameters", "tighten", "tables", "definitions", "profiles", "switch_off"):
            for found in self._all(key):
                self._cited(found, found.item.provision)
        self.parameters = self._parameters()
        self.tables, rows = self._tables()
        self.definitions = self._definitions()
        rules = self._rules()
        return Rulebook(
            packs=tuple(pack for pack in loaded if pack is not None),
            instruments={name: found.item for name, found in self.instruments.items()},
            provisions=self.provisions,
            parameters=self.parameters,
            tables=self.tables,
            rows=rows,
            definitions=self.definitions,
            rules=tuple(found.item for found in rules),
            switched_off=tuple(found.item for found in self._all("switch_off")),
            places={
                (found.item.id, found.item.in_force.starts): (found.source.path, found.source.document.line(found.at))
                for found in rules
            },
        )

    def _all(self, key: str) -> Iterator[_Found[Any]]:
        for source in self._sources:
            for position, item in enumerate(getattr(source.file, key)):
                yield _Found(item, source, (key, position))

    def _tell(self, found: _Found[Any], code: str, message: str, deeper: Location = ()) -> None:
        self.problems.append(found.source.problem((*found.at, *deeper), code, message))

    def _known(
        self, found: _Found[Any], word: str | None, known: Collection[str], code: str, message: str, deeper: Location
    ) -> bool:
        """Tell of a word that is none of those known, with what was probably meant."""
        if word not in known:
            self._tell(found, code, message + did_you_mean(str(word), known), deeper)
        return word in known

    def _pack(self, files: PackFiles) -> LoadedPack | None:
        named = [source for source in files.sources if source.file.pack is not None]
        if [source.path for source in named] != [files.folder / "pack.yaml"]:
            self.problems.append(Problem(files.folder, 1, "RB501", "a pack says what it is (`pack:`) once, in its pack.yaml"))
            return None
        assert named[0].file.pack is not None
        return LoadedPack(named[0].file.pack, files.digest)

    def _by_id(self, items: Iterable[_Found[Any]]) -> dict[str, _Found[Any]]:
        known: dict[str, _Found[Any]] = {}
        for found in items:
            if found.item.id in known:
                self._tell(found, "RB306", f"{found.item.id!r} is defined twice", ("id",))
            known[found.item.id] = found
        return known

    def _provisions(self) -> dict[str, Provision]:
        provisions: dict[str, Provision] = {}
        for name, found in self._by_id(self._all("provisions")).items():
            own = found.source.file.instrument
            instrument = found.item.instrument or (own.id if own else None)
            if self._known(found, instrument, self.instruments, "RB301", f"provision {name} stands in no known instrument", ()):
                for ground in found.item.asks_for:
                    if ground not in PROTECTED:
                        self._tell(found, "RB304", f"{ground!r} is no protected ground; one of: {', '.join(PROTECTED)}")
                provisions[name] = found.item.model_copy(update={"instrument": instrument})
        for name, found in self.instruments.items():
            if (by := found.item.replaced_by) is not None:
                message = f"{name} is replaced by an unknown instrument"
                self._known(found, by, self.instruments, "RB301", message, ("replaced_by",))
        return provisions

    def _cited(self, found: _Found[Any], name: str | None, deeper: Location = ("provision",)) -> None:
        if name is not None:
            self._known(found, name, self.provisions, "RB301", f"cites an unknown provision {name!r}", deeper)

    def _parameters(self) -> dict[str, tuple[Parameter, ...]]:
        grouped: dict[str, list[_Found[Parameter]]] = defaultdict(list)
        for found in self._all("parameters"):
            kind = {"int": int, "str": str, "date": date, "list": tuple}[found.item.kind]
            if not isinstance(found.item.value, kind):
                self._tell(found, "RB202", f"{found.item.id} is declared {found.item.kind}", ("value",))
            grouped[found.item.id].append(found)
        for name, versions in grouped.items():
            self._successive(versions, name)
        known = {name: tuple(found.item for found in versions) for name, versions in grouped.items()}
        for found in self._all("tighten"):
            known = self._tightened(known, found)
        return known

    def _tightened(self, known: dict[str, tuple[Parameter, ...]], found: _Found[Tighten]) -> dict[str, tuple[Parameter, ...]]:
        change = found.item
        if not self._known(
            found, change.parameter, known, "RB502", f"no parameter {change.parameter!r} to tighten", ("parameter",)
        ):
            return known
        versions: list[Parameter] = []
        for parameter in known[change.parameter]:
            if not parameter.in_force.meets(change.in_force):
                versions.append(parameter)
                continue
            looser = isinstance(parameter.value, int) and (
                change.value <= parameter.value if parameter.stricter == "higher" else change.value >= parameter.value
            )
            if parameter.stricter is None or parameter.kind != "int" or looser:
                self._tell(found, "RB502", f"{change.value} is not stricter than {parameter.value}", ("value",))
            versions += _replaced(parameter, change)
        return {**known, change.parameter: tuple(versions)}

    def _successive(self, versions: Sequence[_Found[Any]], name: str, *, gaps_allowed: bool = False) -> None:
        """Tell of versions that overlap, and of gaps nobody explained."""
        ordered = sorted(versions, key=lambda found: found.item.in_force.starts or date.min)
        for earlier, later in pairwise(ordered):
            end, start = earlier.item.in_force.until, later.item.in_force.starts
            if end is None or start is None or start < end:
                self._tell(later, "RB302", f"two versions of {name} are in force on {start or end}", ("in_force",))
            elif start > end and not gaps_allowed and getattr(later.item, "after_gap", None) is None:
                message = f"{name} has no version from {end} to {start}; close the gap or explain it in after_gap"
                self._tell(later, "RB303", message, ("in_force",))

    def _tables(self) -> tuple[dict[str, Table], dict[str, tuple[Mapping[str, Any], ...]]]:
        named = self._by_id(self._all("tables"))
        rows = {name: tuple(self._row(found, *row) for row in enumerate(found.item.rows)) for name, found in named.items()}
        return {name: found.item for name, found in named.items()}, rows

    def _row(self, found: _Found[Table], position: int, row: Mapping[str, Any]) -> Mapping[str, Any]:
        at: Location = ("rows", position)
        read: dict[str, Any] = {}
        for column, kind in found.item.columns.items():
            cell = read[column] = row.get(column)
            band = kind.endswith("_band")
            if band and isinstance(cell, dict) and set(cell) <= {"from", "until"}:
                read[column] = (cell.get("from"), cell.get("until"))
            parts, plain = read[column] if band else (cell,), _CELLS[kind.removesuffix("_band")]
            if not isinstance(parts, tuple) or any(part is not None and type(part) is not plain for part in parts):
                hint = "; quote codes" if kind == "str" else ""
                self._tell(found, "RB202", f"{column} is a {kind}, not {cell!r}{hint}", (*at, column))
        for name in set(row) - {"in_force"}:
            self._known(found, name, found.item.columns, "RB101", f"{name!r} is no column of {found.item.id}", (*at, name))
        if "in_force" in row:
            try:
                window = Window.model_validate(row["in_force"])
                read["in_force"] = (window.starts, window.until)
            except ValidationError as error:
                said = error.errors()[0]["msg"].removeprefix("Value error, ")
                self._tell(found, "RB202", f"in_force is {{from: day, until: day}}: {said}", (*at, "in_force"))
        return read

    def _definitions(self) -> dict[tuple[str, str], tuple[BoundDefinition, ...]]:
        chosen = {found.item.fact: found.item.use for found in self._all("profiles")}
        grouped: dict[tuple[str, str], list[_Found[Definition]]] = defaultdict(list)
        known_profiles: dict[str, set[str]] = defaultdict(set)
        for found in self._all("definitions"):
            if found.item.profile is not None:
                known_profiles[found.item.id].add(found.item.profile)
            if found.item.profile == chosen.get(found.item.id):
                for subject in found.item.subject:
                    grouped[subject, found.item.id].append(found)
        for found in self._all("profiles"):
            fact, use = found.item.fact, found.item.use
            self._known(found, use, known_profiles[fact], "RB503", f"{fact} has no profile {use!r}", ("use",))
        bound: dict[tuple[str, str], tuple[BoundDefinition, ...]] = {}
        self.protected: dict[tuple[str, str], set[str]] = {}
        kinds = {name: versions[0].kind for name, versions in self.parameters.items()}
        facts: dict[str, dict[str, str]] = {subject: {} for subject in SUBJECTS}
        for (subject, name), versions in grouped.items():
            facts[subject][name] = versions[0].item.kind
        self.facts, self.kinds = facts, kinds
        for (subject, name), versions in grouped.items():
            self._successive(versions, name, gaps_allowed=True)
            if len({found.item.kind for found in versions}) > 1:
                self._tell(versions[0], "RB202", f"versions of {name} differ in kind", ("kind",))
            read = [self._bind(found, subject) for found in versions]
            bound[subject, name] = tuple(sorted(read, key=lambda b: b.definition.in_force.starts or date.min))
        self._order(grouped, bound)
        return bound

    def _bind(self, found: _Found[Definition], subject: str) -> BoundDefinition:
        def complain(at: Location, code: str, message: str) -> None:
            self._tell(found, code, f"{found.item.id}: {message}", at)

        reader = ExpressionReader(subject, self.facts[subject], self.kinds, self.tables, complain)
        node, kind = reader.read(found.item.value, ("value",))
        if kind not in ("any", found.item.kind):
            complain(("value",), "RB202", f"declared {found.item.kind}, but its value is a {kind}")
        self.protected.setdefault((subject, found.item.id), set()).update(reader.protected)
        second = any(isinstance(part, (ex.Outcomes, ex.Exceptions)) for part in ex.walk(node))
        return BoundDefinition(found.item, node, second)

    def _order(
        self,
        grouped: Mapping[tuple[str, str], list[_Found[Definition]]],
        bound: dict[tuple[str, str], tuple[BoundDefinition, ...]],
    ) -> None:
        """Refuse definitions that read each other in a circle; spread what each protects and which pass it needs."""
        reads = {
            (subject, name): {
                (subject, part.name)
                for version in versions
                for part in ex.walk(version.expression)
                if isinstance(part, ex.Fact) and (subject, part.name) in bound
            }
            for (subject, name), versions in bound.items()
        }
        try:
            order = list(TopologicalSorter(reads).static_order())
        except CycleError as error:
            circle: list[tuple[str, str]] = error.args[1]
            names = " → ".join(name for _, name in circle)
            self._tell(grouped[circle[0]][0], "RB206", f"definitions read each other in a circle: {names}")
            return
        for key in order:
            for read in reads[key]:
                self.protected[key] |= self.protected[read]
            if any(version.second_pass for read in reads[key] for version in bound[read]):
                bound[key] = tuple(BoundDefinition(b.definition, b.expression, second_pass=True) for b in bound[key])

    def _rules(self) -> list[_Found[Rule]]:
        off = {found.item.rule for found in self._all("switch_off")}
        every_rule = list(self._all("rules"))
        names = {found.item.id for found in every_rule}
        for switch in self._all("switch_off"):
            self._known(switch, switch.item.rule, names, "RB502", f"no rule {switch.item.rule!r} to switch off", ("rule",))
        grouped: dict[str, list[_Found[Rule]]] = defaultdict(list)
        for found in every_rule:
            grouped[found.item.id].append(found)
            self._rule(found, names)
        for name, versions in grouped.items():
            self._successive(versions, name)
        return [found for found in every_rule if found.item.id not in off]

    def _rule(self, found: _Found[Rule], names: set[str]) -> None:
        rule = found.item
        for name in rule.provisions:
            self._cited(found, name, ("provisions",))
        if rule.exception is not None:
            self._cited(found, rule.exception.provision, ("exception", "provision"))
        if rule.rival is not None:
            self._known(found, rule.rival, names, "RB301", f"unknown rival {rule.rival!r}", ("rival",))
        self._window(found)
        for subject in rule.subject:
            for at, test in _placed_tests(rule):
                self._test(found, subject, test, at)
            for part, lang, name in _named_in(rule):
                known = self.facts[subject]
                self._known(found, name, known, "RB308", f"{part} names an unknown fact {name!r}", (part, lang))
            self._licence(found, subject)

    def _window(self, found: _Found[Rule]) -> None:
        provision = self.provisions.get(found.item.provisions[0])
        if provision is None or provision.instrument is None:
            return
        window, text = found.item.in_force, self.instruments[provision.instrument].item.in_force
        early = (window.starts or date.min) < (text.starts or date.min)
        if early or (window.until or date.max) > (text.until or date.max):
            message = f"in force outside {provision.instrument}, which holds from {text.starts} to {text.until}"
            self._tell(found, "RB305", message, ("in_force",))

    def _test(self, found: _Found[Rule], subject: str, test: Test, at: Location) -> None:
        known, message = self.facts[subject], f"{subject} has no fact {test.fact!r}"
        if not self._known(found, test.fact, known, "RB201", message, (*at, "fact")):
            return
        versions = self.definitions[subject, test.fact]
        self._covered(found, test.fact, [version.definition.in_force for version in versions], at)
        word, constant = test.comparison
        kind = versions[0].definition.kind
        if word in _ORDERED and kind not in ("int", "date"):
            self._tell(found, "RB202", f"{test.fact} is a {kind}; it has no order, so not {word}", (*at, word))
        elif isinstance(constant, ParameterRef):
            if word == "one_of" and kind != "str":
                self._tell(found, "RB202", f"{test.fact} is a {kind}; a parameter lists texts", (*at, word))
            self._parameter_test(found, constant.param, "list" if word == "one_of" else kind, (*at, word))
        elif word != "stated":
            wrong = [c for c in (constant if isinstance(constant, tuple) else (constant,)) if type(c) is not _CELLS[kind]]
            if wrong:
                self._tell(found, "RB202", f"{test.fact} is a {kind}, {wrong[0]!r} is not", (*at, word))

    def _parameter_test(self, found: _Found[Rule], name: str, kind: str, at: Location) -> None:
        if self._known(found, name, self.parameters, "RB205", f"unknown parameter {name!r}", at):
            versions = self.parameters[name]
            if versions[0].kind != kind:
                self._tell(found, "RB202", f"parameter {name} is a {versions[0].kind}, a {kind} is needed", at)
            self._covered(found, name, [version.in_force for version in versions], at)

    def _covered(self, found: _Found[Rule], name: str, windows: Sequence[Window], at: Location) -> None:
        day: date | None = found.item.in_force.starts or date.min
        until = found.item.in_force.until or date.max
        while day is not None and day < until:
            window = next((window for window in windows if window.covers(day)), None)
            if window is None:
                self._tell(found, "RB309", f"{name} is not defined on {day}, while the rule is in force", at)
                return
            day = window.until

    def _licence(self, found: _Found[Rule], subject: str) -> None:
        rule = found.item
        read = set[str]().union(*(self.protected.get((subject, name), ()) for name in facts_in(rule)))
        licensed = {ground for name in rule.provisions if name in self.provisions for ground in self.provisions[name].asks_for}
        for ground in sorted(read - set(rule.protected)):
            self._tell(found, "RB304", f"reads the protected fact {ground!r} without saying so in `protected`")
        for ground in sorted(set(rule.protected) - licensed):
            self._tell(found, "RB304", f"no provision it cites asks for {ground!r} (`asks_for`)", ("protected",))
        if len(rule.subject) == 1:
            for ground in sorted(set(rule.protected) - read):
                self._tell(found, "RB307", f"is licensed to read {ground!r} but does not", ("protected",))


def facts_in(rule: Rule) -> Iterator[str]:
    """Yield every fact a rule's conditions and texts name."""
    yield from (test.fact for test in tests_in(rule))
    yield from (name for *_, name in _named_in(rule))


def tests_in(rule: Rule) -> Iterator[Test]:
    """Yield every test of a rule's conditions."""
    return (test for _, test in _placed_tests(rule))


def _named_in(rule: Rule) -> Iterator[tuple[str, str, str]]:
    """Yield every fact a rule's texts name, after the text and its language."""
    for part in ("message", "remedy", "title", "responsible"):
        words: Words | None = getattr(rule, part)
        texts = {"vi": words.vi, "en": words.en} if words is not None else {}
        for lang, text in texts.items():
            yield from ((part, lang, name) for name in PLACEHOLDER.findall(text))


def _placed_tests(rule: Rule) -> Iterator[tuple[Location, Test]]:
    """Yield every test of a rule's conditions with its place in the rule."""
    for part in ("applies_when", "requires"):
        condition: Condition | None = getattr(rule, part)
        if condition is not None:
            yield from _placed(condition, (part,))


def _placed(condition: Condition, at: Location) -> Iterator[tuple[Location, Test]]:
    match condition:
        case Every(every=members) | Some(some=members):
            word = "every" if isinstance(condition, Every) else "some"
            for position, member in enumerate(members):
                yield from _placed(member, (*at, word, position))
        case Not(negated=member):
            yield from _placed(member, (*at, "not"))
        case Test():
            yield at, condition


def _replaced(parameter: Parameter, change: Tighten) -> list[Parameter]:
    """Return the parameter with the stricter value set in its place for as long as the change holds."""
    first, last = parameter.in_force.starts or date.min, parameter.in_force.until or date.max
    start, end = max(first, change.in_force.starts or date.min), min(last, change.in_force.until or date.max)
    stricter = {"value": change.value, "provision": change.provision}
    return [
        parameter.model_copy(update={"in_force": window_between(starts, until), **changed})
        for starts, until, changed in ((first, start, {}), (start, end, stricter), (end, last, {}))
        if starts < until
    ]
