"""Run the worked examples of a pack, and tell which are missing."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from cadre_rules.dossier.fields import steps
from cadre_rules.dossier.kinds import Dossier
from cadre_rules.dossier.models import DOSSIERS
from cadre_rules.dossier.reading import read_dossier
from cadre_rules.dossier.subjects import subjects_of
from cadre_rules.errors import DossierError, Problem
from cadre_rules.judging import Engine, Judgement, judge_of
from cadre_rules.names import did_you_mean
from cadre_rules.rulebook.model import Rulebook
from cadre_rules.rulebook.reading import CaseSource
from cadre_rules.rulebook.schema import Case, Rule

CASE_DAY = date(2026, 11, 23)
"""Cases never depend on the machine's day; those of undated dossiers are judged as of this one."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One case on one day: the dossiers to judge, and what came out."""

    place: str
    case: Case
    on: date | None
    dossiers: Sequence[Dossier]
    outcome: str = "not_in_force"
    failure: str | None = None

    def about(self, subject: str) -> bool:
        """Tell whether what comes out for a subject is meant."""
        return self.case.subject is None or subject.endswith(f"/{self.case.subject}")


def run_cases(rulebook: Rulebook, sources: Iterable[CaseSource], engine: Engine = "durable") -> Iterator[Trial]:
    """Judge every case on every day it names, but those of rules switched off."""
    for trial in trials(rulebook, sources):
        subjects = [subject for dossier in trial.dossiers for subject in subjects_of(dossier)]
        judgements = judge_of(rulebook).judgements(subjects, "decision", CASE_DAY, engine)
        found = [j for j in judgements if j.piece.rule.id == trial.case.rule and trial.about(j.subject.id)]
        done = tried(trial, [(judgement.outcome, judgement.level) for judgement in found])
        yield replace(done, failure=done.failure or _unawaited(done.case, found))


def trials(rulebook: Rulebook, sources: Iterable[CaseSource]) -> Iterator[Trial]:
    """Yield each case on each day it names, still to be judged; one whose dossiers cannot be read has failed."""
    off = {switched.rule for switched in rulebook.switched_off}
    for source in sources:
        for position, case in enumerate(source.file.cases):
            place = f"{source.path}:{source.document.line(('cases', position))}"
            for on in () if case.rule in off else case.on or (None,):
                try:
                    yield Trial(place, case, on, [read_dossier(raw) for raw in _dossiers(source, case, on, rulebook)])
                except (DossierError, KeyError, IndexError, TypeError) as error:
                    yield Trial(place, case, on, (), "unreadable", f"its dossier cannot be read: {error}")


def tried(trial: Trial, found: Sequence[tuple[str, str | None]]) -> Trial:
    """Return a case with what came of it, given the outcome and level for each subject that is meant."""
    if trial.failure is not None:
        return trial
    case, many = trial.case, len(found)
    if many > 1:
        return replace(trial, outcome="unclear", failure=f"{many} subjects are judged by {case.rule}; say which in `subject`")
    outcome, level = found[0] if found else (trial.outcome, case.level)
    if outcome != case.expect:
        return replace(trial, outcome=outcome, failure=f"expected {case.expect}, came out {outcome}")
    wrong = case.level is not None and level != case.level
    return replace(trial, outcome=outcome, failure=f"expected level {case.level}, came out {level}" if wrong else None)


def _unawaited(case: Case, found: Sequence[Judgement]) -> str | None:
    """Return what is waited for instead of what is expected to be, if it is not."""
    if found and case.waits_for:
        tracer = found[0].bench.tracer
        missing = {path for name in found[0].piece.facts.values() for path in tracer.trace(name).missing}
        missing |= set(found[0].piece.facts) | {str(found[0].awaits_day)}
        if not set(case.waits_for) <= missing:
            return f"expected to wait for {', '.join(case.waits_for)}; waits for {', '.join(sorted(missing))}"
    return None


def _dossiers(source: CaseSource, case: Case, on: date | None, rulebook: Rulebook) -> Iterator[dict[str, Any]]:
    base: Any = source.file.bases[case.use]
    for path, value in case.given.items():
        base = _with(base, steps(path), value)
    for given in base.get("dossiers", [base]):
        dossier = {"id": "case", **given}
        if on is not None and dossier.get("kind") in DOSSIERS:
            versions = rulebook.rules_named(case.rule)
            fields = DOSSIERS[dossier["kind"]].day_fields
            field = fields.get(versions[0].hangs_on if versions else "decided", fields["decided"])
            dossier = _with(dossier, steps(field), on)
            for number in range(len(dossier.get("figures", ())) if dossier["kind"] == "statistics" else 0):
                dossier = _with(dossier, ["figures", number, "on"], None)
        yield dossier


def _with(held: Any, way: Sequence[str | int], value: Any) -> Any:
    """Return what is held with a field set by the way to it; null takes it away, so that it is not stated."""
    step, rest = way[0], way[1:]
    if isinstance(step, int):
        rows = [*(held or ())]
        row = rows[step] if step != len(rows) else None
        return [*rows[:step], _with(row, rest, value) if rest else value, *rows[step + 1 :]]
    fields = {**(held or {})}
    fields[step] = _with(fields.get(step), rest, value) if rest else value
    if fields[step] is None:
        del fields[step]
    return fields


def examine_cases(rulebook: Rulebook, sources: Sequence[CaseSource], folder: Path) -> Iterator[Problem]:
    """Yield a problem for each case about no rule or out of reach, and each outcome or date no case shows."""
    shown: dict[str, set[str]] = defaultdict(set)
    days: dict[str, set[tuple[date, bool]]] = defaultdict(set)
    names = {rule.id for rule in rulebook.rules}
    off = {switched.rule for switched in rulebook.switched_off}
    for source in sources:
        for position, case in enumerate(source.file.cases):
            for key, word, known, code, message in (
                ("rule", case.rule, names | off, "RB401", f"a case of an unknown rule {case.rule!r}"),
                ("use", case.use, source.file.bases, "RB403", f"no base {case.use!r}"),
            ):
                if word not in known:
                    yield source.problem(("cases", position, key), code, message + did_you_mean(word, known))
            for reason in _out_of_reach(case, rulebook.rules_named(case.rule)):
                yield source.problem(("cases", position, "expect"), "RB402", reason)
            shown[case.rule].add(case.expect)
            days[case.rule] |= {(on, case.expect != "not_in_force") for on in case.on}
        for position, never in enumerate(source.file.never):
            if never.rule not in names | off:
                message = f"says never of an unknown rule {never.rule!r}{did_you_mean(never.rule, names)}"
                yield source.problem(("never", position, "rule"), "RB401", message)
            shown[never.rule].add(never.outcome)
    own = {path.resolve() for path in folder.rglob("*.yaml")}
    for rule in rulebook.rules:
        path, line = rulebook.places[rule.id, rule.in_force.starts]
        if path.resolve() in own:
            for lack in _lacking(rule, rulebook.rules_named(rule.id), shown[rule.id], days[rule.id]):
                yield Problem(path, line, "RB404", f"{rule.id}: no case {lack}")


_TAKES = {"not_applicable": ("applies_when", "always applies"), "excepted": ("exception", "allows no exception")}
"""What a rule must have for an outcome to be within reach, and what is said of one that has it not."""


def _out_of_reach(case: Case, versions: Sequence[Rule]) -> Iterator[str]:
    if versions and case.expect in _TAKES:
        part, why = _TAKES[case.expect]
        if all(getattr(rule, part) is None for rule in versions):
            yield f"{case.rule} {why}, so no case can be {case.expect}"
    for on in case.on if versions else ():
        inside = any(rule.in_force.covers(on) for rule in versions)
        if inside == (case.expect == "not_in_force"):
            yield f"{case.rule} is {'in force' if inside else 'not in force'} on {on}"


def _lacking(rule: Rule, versions: Sequence[Rule], shown: set[str], days: set[tuple[date, bool]]) -> Iterator[str]:
    reached = [outcome for outcome, (part, _) in _TAKES.items() if getattr(rule, part) is not None]
    for outcome in ("violated", "satisfied", "undetermined", *reached):
        if outcome not in shown:
            yield f"comes out {outcome}"
    edges = [edge for edge in (rule.in_force.starts, rule.in_force.until) if edge is not None and edge > date.min]
    for day in dict.fromkeys(day for edge in edges for day in (edge - timedelta(days=1), edge)):
        inside = any(version.in_force.covers(day) for version in versions)
        if (day, inside) not in days:
            yield f"on {day}, when it {'holds' if inside else 'does not hold'}"
