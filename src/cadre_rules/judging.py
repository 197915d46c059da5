"""Judge subjects: which law holds, what the facts make true of it, what exceptions and rival texts change."""

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from itertools import chain, pairwise
from operator import itemgetter
from typing import Literal, NamedTuple, TypeAlias

from cadre_rules import expression as ex
from cadre_rules.dossier.fields import SUBJECTS
from cadre_rules.dossier.people import reached
from cadre_rules.dossier.subjects import Subject
from cadre_rules.engine.plain import Clauses, Part, PlainMatcher
from cadre_rules.engine.single import SingleMatcher, SinglePart
from cadre_rules.errors import Problem
from cadre_rules.exceptions import Passage, excuse
from cadre_rules.facts.deriving import Deriver, Row, Scope, Tables
from cadre_rules.facts.maps import AreaMap
from cadre_rules.facts.tracing import Tracer
from cadre_rules.formula import Clause
from cadre_rules.program import Slice, code_of, compile_program, keep_code, program_of, unreachable
from cadre_rules.rulebook.model import Rulebook
from cadre_rules.wording import Level

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

    bench: "Bench"
    piece: Slice
    outcome: str
    level: Level | None
    clause: Clause
    day: date
    awaits_day: str | None = None
    passages: Sequence[Passage] = ()
    rival: "Judgement | None" = None

    @property
    def subject(self) -> Subject:
        """Return what was judged."""
        return self.bench.subject


@dataclass(slots=True)
class Bench:
    """A subject laid out for judgement: its facts, as derived and as rules see them."""

    court: "Court"
    subject: Subject
    row: Row
    tracer: Tracer
    """What follows facts back to the dossier."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What governs on certain days: the rules, the formulas that tell which do not apply, and all formulas."""

    governing: tuple["_Governing", ...]
    gates: Part
    formulas: SinglePart
    rules: frozenset[str]


@dataclass(frozen=True, slots=True)
class Heard:
    """How one subject came out in one pass; read through, the judgement of every rule that governs it, in their order."""

    bench: Bench
    applied: list[Judgement]
    """Those of rules that apply, or may."""
    plan: _Plan
    found: list[Judgement | None]
    """Of each rule that governs, none where it does not apply."""
    standing: Clauses

    def __iter__(self) -> Iterator[Judgement]:
        for governing, judgement in zip(self.plan.governing, self.found, strict=True):
            yield judgement or governing.judge(self.bench, self.standing)

    @property
    def apart(self) -> int:
        """Return how many rules do not apply."""
        return len(self.found) - len(self.applied)


class Court:
    """Everything compiled about one kind of subject."""

    def __init__(self, rulebook: Rulebook, subject: str, tables: Tables) -> None:
        self.program = program_of(rulebook, subject)
        kept = code_of(rulebook, subject)
        self.deriver, self.written_before = Deriver(self.program.facts, tables, kept), len(kept)
        # those asked about together stand together, and share rulesets
        pieces = sorted(self.program.slices, key=lambda piece: (piece.window.first, piece.window.last))
        self._matchers = {late: _matcher([piece for piece in pieces if piece.second_pass == late]) for late in (False, True)}
        self._versions: dict[tuple[bool, str, str], list[Slice]] = defaultdict(list)
        for piece in pieces:
            self._versions[piece.second_pass, piece.rule_id, piece.hangs_on].append(piece)
        self.plan = lru_cache(MAX_PLANS)(self._plan)

    def bench(self, subject: Subject) -> Bench:
        """Return a subject laid out for judgement."""
        scope = Scope(self.deriver, subject.root)
        return Bench(self, subject, Row(scope), Tracer(scope))

    def _plan(self, days: "_Days", *, second_pass: bool) -> _Plan:
        """Return what governs a subject of these days."""
        matcher = self._matchers[second_pass]
        found = [
            _governing(pieces, days, hangs_on, matcher.plain)
            for (late, _, hangs_on), pieces in self._versions.items()
            if late == second_pass
        ]
        governing = tuple(each for each in found if each.told)
        pieces = [told.piece for each in governing for told in each.told]
        formulas = matcher.part(name for piece in pieces for name in piece.names)
        gates = matcher.plain.part(piece.apart for piece in pieces)
        return _Plan(governing, gates, formulas, frozenset(piece.rule_id for piece in pieces))

    def hear(self, bench: Bench, plan: _Plan, engine: Engine) -> Heard:
        """Judge a subject by what governs it; of a rule that does not apply no more is derived than tells so."""
        row, among = bench.row, plan.gates.every
        for fact, _, _ in plan.gates.rulers:
            row[fact]
        apart = plan.gates.standing(row)
        applying = [None if governing.is_apart(apart) else governing for governing in plan.governing]
        for governing in filter(None, applying):
            among |= governing.clauses
            for fact in governing.facts:
                row[fact]
        standing = (plan.formulas.plain if engine == "plain" else plan.formulas).standing(row, among)
        found = [None if governing is None else governing.judge(bench, standing) for governing in applying]
        return Heard(bench, [judgement for judgement in found if judgement is not None], plan, found, standing)


def _matcher(pieces: Sequence[Slice]) -> SingleMatcher:
    """Return what matches the formulas of these slices, those that tell which do not apply together."""
    gates = {piece.apart for piece in pieces}
    formulas = [named for piece in pieces for named in piece.formulas()]
    return SingleMatcher(dict(sorted(formulas, key=lambda named: named[0] not in gates)))


class Tally:
    """What the first pass found of one subject, counted as the second pass asks."""

    def __init__(
        self, applied: Sequence[Judgement], passages: Iterable[Passage], every: Iterable[Judgement] | None = None
    ) -> None:
        self._applied, self._every = applied, applied if every is None else every
        self._states = Counter(passage.state for passage in passages)

    def outcomes(self, wanted: ex.Outcomes) -> int:
        """Return how many judgements are as wanted."""
        return len(self.matching(wanted))

    def matching(self, wanted: ex.Outcomes) -> list[Judgement]:
        """Return the judgements that are as wanted."""
        tags = set(wanted.tags)
        applied = wanted.levels or (wanted.outcomes and "not_applicable" not in wanted.outcomes)
        return [
            judgement
            for judgement in (self._applied if applied else self._every)
            if (not wanted.outcomes or judgement.outcome in wanted.outcomes)
            and (not wanted.levels or judgement.level in wanted.levels)
            and (not tags or not tags.isdisjoint(judgement.piece.tags))
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
        for kind, court in self._courts.items():
            if len(court.deriver.written) > court.written_before:
                keep_code(self.rulebook, kind, court.deriver.written)

    def problems(self) -> list[Problem]:
        """Return what only compiling shows: rules too large, rules no dossier can breach."""
        found: list[Problem] = []
        for subject in SUBJECTS:
            program, problems = compile_program(self.rulebook, subject)
            found += [*problems, *unreachable(program, self.rulebook)]
        return found

    def judgements(self, subjects: Sequence[Subject], as_of: AsOf, today: date, engine: Engine) -> Iterator[Judgement]:
        """Judge every subject by every rule, then by what the outcomes themselves call for."""
        return chain.from_iterable(self.heard(subjects, as_of, today, engine))

    def heard(self, subjects: Sequence[Subject], as_of: AsOf, today: date, engine: Engine) -> Iterator[Heard]:
        """Judge every subject, then what the outcomes themselves call for."""
        by_head: dict[str, list[Heard]] = defaultdict(list)
        answered: dict[str, set[str]] = defaultdict(set)
        for subject in subjects:
            court = self.court(subject.kind)
            bench, days = court.bench(subject), self._days(subject, as_of, today)
            found = self._weighed(court.hear(bench, court.plan(days, second_pass=False), engine))
            if subject.dossier is not None and (head := reached(subject.dossier, ("authority", "answering"))):
                by_head[head].append(found)
                answered[head].add(subject.dossier.id)
            yield found
            bench.row.scope.tally = Tally(found.applied, self.passages(subject, found), found)
            yield self._weighed(court.hear(bench, court.plan(days, second_pass=True), engine))
        for head, heard in sorted(by_head.items(), key=itemgetter(0)):
            if len(answered[head]) > 1:
                whole = Subject("head", head, head, None, None)
                every = [*chain.from_iterable(heard)]
                day = max(judgement.day for judgement in every)
                court = self.court("head")
                bench, days = court.bench(whole), self._days(whole, day if as_of == "decision" else as_of, today)
                bench.row.scope.tally = Tally(every, ())
                yield court.hear(bench, court.plan(days, second_pass=True), engine)

    def day(self, subject: Subject, as_of: AsOf, today: date) -> date:
        """Return the day whose law judges a subject."""
        if isinstance(as_of, date):
            return as_of
        return today if as_of == "today" else subject.day("decided") or today

    def _days(self, subject: Subject, as_of: AsOf, today: date) -> "_Days":
        day = self.day(subject, as_of, today)
        if as_of != "decision":
            return _Days(day, fixed=True)
        return _Days(day, subject.day("process_started"), subject.day("file_received"), subject.day("effective"))

    def _weighed(self, heard: Heard) -> Heard:
        """Let exceptions excuse and rival texts stand side by side."""
        breaches = [judgement for judgement in heard.applied if judgement.outcome == "violated"]
        for judgement in breaches:
            judgement.passages = excuse(judgement.piece.rule, judgement.subject.exceptions, self.deadline(judgement))
            if any(passage.state == "used" for passage in judgement.passages):
                judgement.outcome, judgement.level = "excepted", None
        for judgement in breaches:
            named = judgement.piece.rule.rival
            rivals = [other for other in heard if other.piece.rule_id == named] if named is not None else []
            if judgement.outcome == "violated" and rivals and rivals[-1].outcome in ("satisfied", "undetermined", "excepted"):
                judgement.level, judgement.rival = "judgement_needed", rivals[-1]
        return heard

    @staticmethod
    def deadline(judgement: Judgement) -> date | None:
        """Return the day by which a special case has to be decided, if the rule allows one."""
        escape = judgement.piece.rule.exception
        return (judgement.subject.day(escape.before) or judgement.day) if escape is not None else None

    def passages(self, subject: Subject, judgements: Iterable[Judgement]) -> Iterator[Passage]:
        """Yield what the gate says of every exception on file for a subject, `open` if its rule is not settled."""
        if not subject.exceptions:
            return
        judgements = list(judgements)
        seen = {id(p.exception): p for j in judgements for p in j.passages}
        met = {j.piece.rule_id for j in judgements if j.outcome in ("satisfied", "not_applicable")}
        for granted in subject.exceptions:
            state = "not_allowed" if granted.rule not in self.rulebook.excusable else "unused" if granted.rule in met else "open"
            yield seen.get(id(granted)) or Passage(granted, state)


class _Told(NamedTuple):
    """A slice and what tells how it comes out."""

    piece: Slice
    ways: Sequence[tuple[str, Clauses, Clause]]
    """The clauses, each with the outcome it tells and its bit; the first that stands is believed."""

    def judge(self, bench: Bench, standing: Clauses, day: date) -> Judgement:
        """Return how the slice came out, given the clauses that hold."""
        for outcome, bit, clause in self.ways:
            if standing & bit:
                level = level_of(self.piece) if outcome == "violated" else None
                return Judgement(bench, self.piece, outcome, level, clause, day)
        return Judgement(bench, self.piece, "undetermined", "information_missing", (), day)


_WAYS = ((2, "not_applicable"), (1, "satisfied"), (0, "violated"))
"""Where a slice names the formula of each outcome, in the order they are believed."""


@dataclass(frozen=True, slots=True)
class _Governing:
    """The slices of a rule that may govern a subject, the day of law, and the day awaited if it is not stated."""

    told: tuple[_Told, ...]
    day: date
    awaits: str | None
    facts: tuple[str, ...]
    clauses: Clauses
    gates: tuple[Clauses, ...]
    """Of each slice, the clauses one of which tells that it does not apply."""

    def is_apart(self, standing: Clauses) -> bool:
        """Tell whether a rule does not apply, by whichever law."""
        for gate in self.gates:  # noqa: SIM110  # a generator would cost more than what it goes through
            if not standing & gate:
                return False
        return True

    def judge(self, bench: Bench, standing: Clauses) -> Judgement:
        """Return how a rule came out; where its day is not stated, only what every law it may fall under agrees on."""
        if self.awaits is None:
            return self.told[-1].judge(bench, standing, self.day)
        found = [told.judge(bench, standing, self.day) for told in self.told]
        outcomes = {judgement.outcome for judgement in found}
        if outcomes == {"not_applicable"} or (len(outcomes) == 1 and self._always()):
            return found[-1]
        return replace(found[-1], outcome="undetermined", level="information_missing", clause=(), awaits_day=self.awaits)

    def _always(self) -> bool:
        windows = [told.piece.window for told in self.told]
        edge = windows[-1].until if self.awaits == "effective" else windows[0].starts
        return edge is None and all(one.until == next_.starts for one, next_ in pairwise(windows))


def _governing(versions: list[Slice], days: "_Days", hangs_on: str, plain: PlainMatcher) -> _Governing:
    pieces, day, awaits = _govern(versions, days, hangs_on)
    told = tuple(_Told(p, [(word, *told) for at, word in _WAYS for told in plain.named[p.names[at]]]) for p in pieces)
    facts = tuple(dict.fromkeys(fact for piece in pieces for fact in piece.facts.values()))
    clauses = plain.clauses_of(name for piece in pieces for name in piece.names)
    return _Governing(told, day, awaits, facts, clauses, tuple(plain.clauses_of([piece.apart]) for piece in pieces))


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


def level_of(piece: Slice) -> Level:
    """Return the level the force of a rule gives its breach."""
    level = _LEVEL_OF_FORCE[piece.force]
    return "exception_needed" if level == "violation" and piece.rule.exception is not None else level
