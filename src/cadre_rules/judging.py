"""Judge subjects: which law holds, what the facts make true of it, what exceptions and rival texts change."""

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Literal, NamedTuple, TypeAlias

from cadre_rules import expression as ex
from cadre_rules.dossier.fields import SUBJECTS
from cadre_rules.dossier.subjects import Subject
from cadre_rules.engine.plain import Clauses, Part
from cadre_rules.engine.single import SingleMatcher, SinglePart
from cadre_rules.errors import Problem
from cadre_rules.exceptions import Passage, excuse
from cadre_rules.facts.deriving import Deriver, Row, Scope, Tables
from cadre_rules.facts.maps import AreaMap
from cadre_rules.facts.tracing import Tracer, Ways
from cadre_rules.findings import Level
from cadre_rules.formula import Clause
from cadre_rules.program import Slice, code_of, compile_program, keep_code, program_of, unreachable
from cadre_rules.rulebook.model import Rulebook

AsOf: TypeAlias = date | Literal["decision", "today"]
Engine: TypeAlias = Literal["durable", "plain"]


def judge_of(rulebook: Rulebook) -> "Judge":
    """Return the judge of a rulebook, made once and kept with it."""
    with _COMPILING:
        if "judge" not in rulebook.compiled:
            rulebook.compiled["judge"] = Judge(rulebook)
    kept: Judge = rulebook.compiled["judge"]
    return kept


_COMPILING = threading.Lock()

MAX_PLANS = 4_096
"""Combinations of days whose plans are remembered."""


@dataclass(slots=True)
class Judgement:
    """How one rule came out for one subject."""

    subject: Subject
    piece: Slice
    outcome: str
    level: Level | None
    clause: Clause
    day: date
    bench: "Bench"
    awaits_day: str | None = None
    passages: Sequence[Passage] = ()
    rival: "Judgement | None" = None


@dataclass(slots=True)
class Bench:
    """A subject laid out for judgement: its facts, as derived and as rules see them."""

    court: "Court"
    row: Row
    traced: Tracer | None = None

    @property
    def scope(self) -> Scope:
        """Return what the facts are derived in."""
        return self.row.scope

    def tracer(self) -> Tracer:
        """Return what follows facts back to the dossier."""
        if self.traced is None:
            self.traced = Tracer(self.court.ways, self.scope)
        return self.traced


@dataclass(frozen=True, slots=True)
class _Plan:
    """What governs on certain days: the rules, the formulas that tell which do not apply, and all formulas."""

    governing: tuple["_Governing", ...]
    gates: Part
    formulas: SinglePart


class Court:
    """Everything compiled about one kind of subject."""

    def __init__(self, rulebook: Rulebook, subject: str, tables: Tables) -> None:
        self.program = program_of(rulebook, subject)
        self._kept = code_of(rulebook, subject)
        self.deriver = Deriver(self.program.facts, tables, self._kept)
        self.ways = Ways(self.deriver)
        pieces = sorted(self.program.slices, key=_asked_together)
        formulas = [named for piece in pieces for named in piece.formulas()]
        gates = {piece.apart for piece in pieces}
        self._matcher = SingleMatcher(dict(sorted(formulas, key=lambda named: named[0] not in gates)))
        self._versions: dict[tuple[bool, str, str], list[Slice]] = defaultdict(list)
        for piece in pieces:
            self._versions[piece.second_pass, piece.rule_id, piece.hangs_on].append(piece)
        self._plans: dict[tuple[bool, _Days], _Plan] = {}

    def plan(self, days: "_Days", *, second_pass: bool) -> _Plan:
        """Return what governs a subject of these days."""
        key = (second_pass, days)
        if key not in self._plans:
            if len(self._plans) >= MAX_PLANS:
                self._plans.clear()
            found = [
                self._governing(pieces, days, hangs_on)
                for (late, _, hangs_on), pieces in self._versions.items()
                if late == second_pass
            ]
            governing = tuple(each for each in found if each.pieces)
            pieces = [piece for each in governing for piece in each.pieces]
            formulas = self._matcher.part(name for piece in pieces for name in piece.names)
            gates = self._matcher.plain.part(piece.apart for piece in pieces)
            self._plans[key] = _Plan(governing, gates, formulas)
        return self._plans[key]

    def keep(self, rulebook: Rulebook) -> None:
        """Keep what was written down to derive facts, if more was than before."""
        if len(self.deriver.written) > len(self._kept):
            keep_code(rulebook, self.program.subject, self.deriver.written)

    def _governing(self, versions: list[Slice], days: "_Days", hangs_on: str) -> "_Governing":
        pieces, day, awaits = _govern(versions, days, hangs_on)
        clauses_of = self._matcher.plain.clauses_of
        clauses = clauses_of(name for piece in pieces for name in piece.names)
        facts = tuple(dict.fromkeys(fact for piece in pieces for fact in piece.facts.values()))
        return _Governing(pieces, day, awaits, facts, clauses, tuple(clauses_of([piece.apart]) for piece in pieces))

    def hear(self, subject: Subject, plan: _Plan, tally: "Tally | None", engine: Engine) -> Iterator[Judgement]:
        """Judge a subject by what governs it; of a rule that does not apply no more is derived than tells so."""
        bench = Bench(self, Row(Scope(self.deriver, subject.root, tally)))
        row = bench.row
        for fact, _, _ in plan.gates.rulers:
            row[fact]
        apart, among = plan.gates.standing(row), plan.gates.every
        for governing in plan.governing:
            if not all(apart & gate for gate in governing.gates):
                among |= governing.clauses
                for fact in governing.facts:
                    row[fact]
        formulas = plan.formulas.plain if engine == "plain" else plan.formulas
        fired = formulas.match(row, among)
        for governing in plan.governing:
            yield governing.judge(subject, bench, fired)


def _asked_together(piece: Slice) -> tuple[bool, date, date]:
    """Order slices so that those asked about together stand together, and share rulesets."""
    return piece.second_pass, piece.window.starts or date.min, piece.window.until or date.max


class Tally:
    """What the first pass found of one subject, counted as the second pass asks."""

    def __init__(self, judgements: Iterable[Judgement], passages: Iterable[str]) -> None:
        self._judgements = list(judgements)
        self._by_outcome: dict[str, list[Judgement]] = defaultdict(list)
        for judgement in self._judgements:
            self._by_outcome[judgement.outcome].append(judgement)
        self._states = Counter(passages)

    def outcomes(self, wanted: ex.Outcomes) -> int:
        """Return how many judgements are as wanted."""
        return len(self.matching(wanted))

    def matching(self, wanted: ex.Outcomes) -> list[Judgement]:
        """Return the judgements that are as wanted."""
        tags = set(wanted.tags)
        return [
            judgement
            for judgement in (self._judgements if len(wanted.outcomes) != 1 else self._by_outcome.get(wanted.outcomes[0], ()))
            if (not wanted.outcomes or judgement.outcome in wanted.outcomes)
            and (not wanted.levels or judgement.level in wanted.levels)
            and (not tags or not tags.isdisjoint(judgement.piece.rule.tags))
            and (not wanted.rules or judgement.piece.rule_id in wanted.rules)
        ]

    def exceptions(self, state: str) -> int:
        """Return how many exceptions on file are in that state."""
        return self._states[state]


class Judge:
    """A rulebook compiled for judging; safe to share between threads."""

    def __init__(self, rulebook: Rulebook) -> None:
        self.rulebook = rulebook
        self._tables = Tables(rulebook.rows, AreaMap(rulebook.rows.get("provinces", ())))
        self._courts: dict[str, Court] = {}
        self._lock = threading.Lock()

    def court(self, subject: str) -> Court:
        """Return what is compiled about a kind of subject, when first asked for; raises if a rule is too large to run."""
        with self._lock:
            if subject not in self._courts:
                self._courts[subject] = Court(self.rulebook, subject, self._tables)
            return self._courts[subject]

    def keep(self) -> None:
        """Keep for other runs what judging took to be written down."""
        for court in self._courts.values():
            court.keep(self.rulebook)

    def problems(self) -> list[Problem]:
        """Return what only compiling shows: rules too large, rules no dossier can breach."""
        found: list[Problem] = []
        for subject in SUBJECTS:
            program, problems = compile_program(self.rulebook, subject)
            found += [*problems, *unreachable(program, self.rulebook)]
        return found

    def judgements(self, subjects: Sequence[Subject], as_of: AsOf, today: date, engine: Engine) -> Iterator[Judgement]:
        """Judge every subject, then what the outcomes themselves call for."""
        by_head: dict[str, list[Judgement]] = defaultdict(list)
        for subject in subjects:
            found = list(self._pass(subject, as_of, today, engine, None))
            self._weigh(found)
            by_head[_head(subject)] += found
            yield from found
            late = list(self._pass(subject, as_of, today, engine, Tally(found, self._states(subject, found))))
            self._weigh(late)
            yield from late
        by_head.pop("", None)
        for head, found in sorted(by_head.items()):
            if len({id(judgement.subject.dossier) for judgement in found}) > 1:
                whole = Subject("head", head, head, None, None)
                day = max(judgement.day for judgement in found)
                yield from self._pass(whole, day if as_of == "decision" else as_of, today, engine, Tally(found, ()))

    def day(self, subject: Subject, as_of: AsOf, today: date) -> date:
        """Return the day whose law judges a subject."""
        if isinstance(as_of, date):
            return as_of
        return today if as_of == "today" else subject.day("decided") or today

    def _pass(self, subject: Subject, as_of: AsOf, today: date, engine: Engine, tally: Tally | None) -> Iterator[Judgement]:
        court = self.court(subject.kind)
        day = self.day(subject, as_of, today)
        if as_of == "decision":
            days = _Days(day, subject.day("process_started"), subject.day("file_received"), subject.day("effective"))
        else:
            days = _Days(day, fixed=True)
        plan = court.plan(days, second_pass=tally is not None)
        if plan.governing:
            yield from court.hear(subject, plan, tally, engine)

    def _weigh(self, judgements: list[Judgement]) -> None:
        """Let exceptions excuse and rival texts stand side by side."""
        breaches = [judgement for judgement in judgements if judgement.outcome == "violated"]
        for judgement in breaches:
            judgement.passages = excuse(judgement.piece.rule, judgement.subject.exceptions, self.deadline(judgement))
            if any(passage.state == "used" for passage in judgement.passages):
                judgement.outcome, judgement.level = "excepted", None
        for judgement in breaches:
            named = judgement.piece.rule.rival
            rivals = [other for other in judgements if other.piece.rule_id == named] if named is not None else []
            if judgement.outcome == "violated" and rivals and rivals[-1].outcome in ("satisfied", "undetermined", "excepted"):
                judgement.level, judgement.rival = "judgement_needed", rivals[-1]

    @staticmethod
    def deadline(judgement: Judgement) -> date | None:
        """Return the day by which a special case has to be decided, if the rule allows one."""
        escape = judgement.piece.rule.exception
        return (judgement.subject.day(escape.before) or judgement.day) if escape is not None else None

    def _states(self, subject: Subject, judgements: list[Judgement]) -> Iterator[str]:
        """Yield what became of every exception on file for a subject; of one whose rule is left open, nothing."""
        return (passage.state for passage in self.passages(subject, judgements) if passage.state != "open")

    def passages(self, subject: Subject, judgements: Iterable[Judgement]) -> Iterator[Passage]:
        """Yield what the gate says of every exception on file for a subject, `open` if its rule is not settled."""
        if not subject.exceptions:
            return
        judgements = list(judgements)
        seen = {id(p.exception): p for j in judgements for p in j.passages}
        met = {j.piece.rule_id for j in judgements if j.outcome in ("satisfied", "not_applicable")}
        allowed = {rule.id for rule in self.rulebook.rules if rule.exception is not None}
        for granted in subject.exceptions:
            state = "not_allowed" if granted.rule not in allowed else "unused" if granted.rule in met else "open"
            yield seen.get(id(granted)) or Passage(granted, state)


def _head(subject: Subject) -> str:
    authority = getattr(subject.dossier, "authority", None)
    return (authority.head or "") if authority is not None else ""


@dataclass(frozen=True, slots=True)
class _Governing:
    """The slices of a rule that may govern a subject, the day of law, and the day awaited if it is not stated."""

    pieces: list[Slice]
    day: date
    awaits: str | None
    facts: tuple[str, ...]
    clauses: Clauses
    gates: tuple[Clauses, ...]
    """Of each slice, the clauses one of which tells that it does not apply."""

    def judge(self, subject: Subject, bench: Bench, fired: Mapping[str, Clause]) -> Judgement:
        """Return how the rule came out; with its day not stated, only what every law it may fall under agrees on."""
        if self.awaits is None:
            return _outcome(subject, self.pieces[-1], bench, fired, self.day)
        found = [_outcome(subject, piece, bench, fired, self.day) for piece in self.pieces]
        outcomes = {judgement.outcome for judgement in found}
        if outcomes == {"not_applicable"} or (len(outcomes) == 1 and self._always()):
            return found[-1]
        return replace(found[-1], outcome="undetermined", level="information_missing", clause=(), awaits_day=self.awaits)

    def _always(self) -> bool:
        edge = self.pieces[-1].window.until if self.awaits == "effective" else self.pieces[0].window.starts
        return edge is None and all(one.window.until == next_.window.starts for one, next_ in pairwise(self.pieces))


class _Days(NamedTuple):
    """The day of law, and those other days of a dossier that are stated and may pick another."""

    day: date
    process_started: date | None = None
    file_received: date | None = None
    effective: date | None = None
    fixed: bool = False


def _govern(pieces: list[Slice], days: _Days, hangs_on: str) -> tuple[list[Slice], date, str | None]:
    """Find which slices may govern, the day of law, and the day awaited if it is not stated.

    A process starts and a file arrives no later than the decision, and a decision takes effect no earlier.
    """
    stated = days.day if days.fixed or hangs_on == "decided" else getattr(days, hangs_on)
    if stated is not None:
        return [piece for piece in pieces if piece.window.covers(stated)], stated, None
    if hangs_on == "effective":
        left = [piece for piece in pieces if piece.window.until is None or days.day < piece.window.until]
    else:
        left = [piece for piece in pieces if piece.window.starts is None or piece.window.starts <= days.day]
    return left, days.day, hangs_on


_LEVEL_OF_FORCE: Mapping[str, Level] = {
    "must": "violation",
    "must_not": "violation",
    "target": "target_missed",
    "encouraged": "indicator",
    "indicator": "indicator",
    "judgement": "judgement_needed",
}


def _outcome(subject: Subject, piece: Slice, bench: Bench, fired: Mapping[str, Clause], day: date) -> Judgement:
    violated, satisfied, apart = piece.names
    if (clause := fired.get(apart)) is not None:
        return Judgement(subject, piece, "not_applicable", None, clause, day, bench)
    if (clause := fired.get(satisfied)) is not None:
        return Judgement(subject, piece, "satisfied", None, clause, day, bench)
    if (clause := fired.get(violated)) is not None:
        return Judgement(subject, piece, "violated", level_of(piece), clause, day, bench)
    return Judgement(subject, piece, "undetermined", "information_missing", (), day, bench)


def level_of(piece: Slice) -> Level:
    """Return the level the force of a rule gives its breach."""
    level = _LEVEL_OF_FORCE[piece.force]
    return "exception_needed" if level == "violation" and piece.rule.exception is not None else level
