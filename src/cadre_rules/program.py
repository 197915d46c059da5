"""What the engines run: each rule version cut into slices within which its law stands still."""

import marshal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, TypeAlias

from cadre_rules import expression as ex
from cadre_rules.errors import Problem
from cadre_rules.facts.generating import Written
from cadre_rules.formula import Formula, kept
from cadre_rules.lowering import Lowering, TooLargeError, Verdicts
from cadre_rules.rulebook.checking import PLACEHOLDER, facts_in, tests_in
from cadre_rules.rulebook.keeping import Apart, find_kept, keep
from cadre_rules.rulebook.model import Rulebook
from cadre_rules.rulebook.reading import raise_if
from cadre_rules.rulebook.schema import Definition, Parameter, ParameterRef, Rule, Window

_Versions: TypeAlias = Sequence[Definition | Parameter]
_COUNTING = (ex.Outcomes, ex.Exceptions)
"""What counts what came out of the first pass."""

WHOLE = 10_000
"""A whole in basis points."""


@kept
class Slice:
    """A rule version over days on which no definition or parameter it uses changes."""

    stated: Apart[Rule]
    rule_id: str
    force: str
    hangs_on: str
    key: str
    window: Window
    verdicts: Verdicts
    facts: Mapping[str, str]
    tags: tuple[str, ...]
    second_pass: bool
    names: tuple[str, str, str]
    """What engines report its formulas by: violated, satisfied, not applicable."""

    @property
    def rule(self) -> Rule:
        """Return the rule itself, of which little is asked before it is breached."""
        return self.stated()

    @property
    def apart(self) -> str:
        """Return the name of the formula that tells that it does not apply."""
        return self.names[2]

    def formulas(self) -> Iterator[tuple[str, Formula]]:
        """Yield the three formulas under their names."""
        return zip(self.names, (self.verdicts.violated, self.verdicts.satisfied, self.verdicts.not_applicable), strict=True)


@dataclass(frozen=True, slots=True)
class Program:
    """All rules about one kind of subject: the facts to derive, in order, and the slices to match."""

    subject: str
    facts: Mapping[str, ex.Expression]
    definitions: Apart[Mapping[str, Definition]]
    slices: tuple[Slice, ...]

    @property
    def defined(self) -> Mapping[str, Definition]:
        """Return the definition of each fact, of which little is asked before something is to be told."""
        return self.definitions()


def program_of(rulebook: Rulebook, subject: str) -> Program:
    """Return every rule about a kind of subject, compiled, or kept from before; raises `RulebookError` if one is too large."""
    program = find_kept(rulebook.digests, Program, subject)
    if program is None:
        program, problems = compile_program(rulebook, subject)
        raise_if(problems)
        keep(program, rulebook.digests, subject)
    return program


def code_of(rulebook: Rulebook, subject: str) -> dict[str, Written]:
    """Return the definitions about a kind of subject that were written down by earlier runs, by the fact each defines."""
    kept = find_kept(rulebook.digests, dict, subject, "code") or {}
    return {fact: Written(marshal.loads(code), values) for fact, (code, values) in kept.items()}  # noqa: S302  # ours


def keep_code(rulebook: Rulebook, subject: str, written: Mapping[str, Written]) -> None:
    """Keep definitions written down, for runs to come."""
    kept = {fact: (marshal.dumps(code), values) for fact, (code, values) in written.items()}
    keep(kept, rulebook.digests, subject, "code")


class _UndefinedError(ValueError):
    """A day on which a definition reads what has no value."""


def compile_program(rulebook: Rulebook, subject: str) -> tuple[Program, list[Problem]]:
    """Compile every rule about a kind of subject; rules too large to run, or that read what no law sets, are problems."""
    compiler = _Compiler(rulebook, subject)
    slices: list[Slice] = []
    problems: list[Problem] = []
    for rule in rulebook.rules:
        if subject in rule.subject:
            try:
                slices += compiler.slices(rule)
            except (TooLargeError, _UndefinedError) as error:
                code = "RB310" if isinstance(error, TooLargeError) else "RB309"
                problems.append(Problem(*rulebook.places[rule.id, rule.in_force.starts], code, f"{rule.id}: {error}"))
    program = Program(subject, compiler.facts, Apart(compiler.defined), tuple(slices))
    return program, problems


def share_judged(program: Program, piece: Slice) -> tuple[str, int | None] | None:
    """Return the share a target is about, by the fact its message states it by, and the line it is held to in basis points.

    None for any other rule; no line where what the rule tests compares the share with none, or more than one.
    """
    if piece.force not in ("target", "encouraged"):
        return None
    named = [piece.facts[name] for name in PLACEHOLDER.findall(piece.rule.message.vi)]
    share = next((name for name in named if program.defined[name].unit == "percent"), None)
    if share is None:
        return None
    tested = {test.fact for clause in piece.verdicts.satisfied for test in clause}
    constants = [node.value for name in tested for node in ex.walk(program.facts[name]) if isinstance(node, ex.Constant)]
    lines = {value for value in constants if type(value) is int and WHOLE // 100 <= value < WHOLE}
    return share, lines.pop() if len(lines) == 1 else None


def unreachable(program: Program, rulebook: Rulebook) -> Iterator[Problem]:
    """Yield a problem for each rule no dossier can breach or none can meet."""
    for piece in program.slices:
        for word, formula in (("violated", piece.verdicts.violated), ("satisfied", piece.verdicts.satisfied)):
            if not formula:
                message = f"{piece.rule.id} can never be {word}: its conditions contradict each other"
                yield Problem(*rulebook.places[piece.rule.id, piece.rule.in_force.starts], "RB311", message)


class _Compiler:
    def __init__(self, rulebook: Rulebook, subject: str) -> None:
        self._book, self._subject = rulebook, subject
        self._names: dict[tuple[str, ex.Expression], str] = {}
        self._changing: dict[str, list[_Versions]] = {
            fact: [
                versions,
                *(
                    rulebook.parameters[node.name]
                    for version in versions
                    for node in ex.walk(version.value)
                    if isinstance(node, ex.Parameter)
                ),
            ]
            for (about, fact), versions in rulebook.definitions.items()
            if about == subject
        }
        self.facts: dict[str, ex.Expression] = {}
        self.defined: dict[str, Definition] = {}
        self.late: set[str] = set()
        self._fact, self._parameters = cache(self._fact_on), cache(self._parameters_on)

    def slices(self, rule: Rule) -> Iterator[Slice]:
        stated = Apart(rule)
        for window in self._windows(rule):
            names = {fact: self._fact(fact, window.first) for fact in facts_in(rule)}
            lowering = Lowering(names.__getitem__, self._parameters(window.first))
            key = f"{rule.id}@{window.starts or ''}"
            reported = (f"{key}|violated", f"{key}|satisfied", f"{key}|not_applicable")
            yield Slice(
                stated,
                rule.id,
                rule.force,
                rule.hangs_on,
                key,
                window,
                lowering.verdicts(rule.applies_when, rule.requires),
                names,
                rule.tags,
                any(fact in self.late for fact in names.values()),
                reported,
            )

    def _windows(self, rule: Rule) -> Iterator[Window]:
        """Cut a rule's time where anything it reads changes."""
        constants = (test.comparison[1] for _, test in tests_in(rule))
        read: list[_Versions] = [
            self._book.parameters[constant.param] for constant in constants if isinstance(constant, ParameterRef)
        ]
        read += [versions for fact in facts_in(rule) for versions in self._behind(fact)]
        return rule.in_force.cut(version.in_force for versions in read for version in versions)

    def _parameters_on(self, day: date) -> Mapping[str, Any]:
        return {
            name: parameter.value
            for name, versions in self._book.parameters.items()
            for parameter in versions
            if parameter.in_force.covers(day)
        }

    def _fact_on(self, fact: str, day: date) -> str:
        """Return the name of a fact as defined on a day; equal definitions share one name."""
        versions = self._book.definitions[self._subject, fact]
        version = next((v for v in versions if v.in_force.covers(day)), versions[0])
        resolved = self._resolve(version.value, day)
        name = self._names.get((fact, resolved))
        if name is None:
            name = self._names[fact, resolved] = f"{fact}@{day.isoformat()}" if fact in self.facts else fact
            self.facts[name], self.defined[name] = resolved, version
            if any(
                isinstance(part, _COUNTING) or (isinstance(part, ex.Fact) and part.name in self.late)
                for part in ex.walk(resolved)
            ):
                self.late.add(name)
        return name

    def _behind(self, fact: str) -> list[_Versions]:
        """Return the versions of every fact and parameter a fact comes from, in whatever version, and its own."""
        return [versions for name in self._book.behind[self._subject, fact] for versions in self._changing[name]]

    def _resolve(self, node: Any, day: date) -> Any:
        """Put the facts and parameters of a day in place of their names, wherever they stand in an expression."""
        match node:
            case ex.Fact(name):
                return ex.Fact(self._fact(name, day))
            case ex.Parameter(name):
                if name not in (values := self._parameters(day)):
                    raise _UndefinedError(f"a fact it reads takes {name}, which is not defined on {day}")
                return ex.Constant(values[name])
            case ex.Call() | ex.Each() | ex.Lookup() | ex.Within():
                return type(node)(*[self._resolve(getattr(node, name), day) for name in node.__match_args__])
            case tuple():
                return tuple([self._resolve(part, day) for part in node])
            case _:
                return node
