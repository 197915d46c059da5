"""What it would take: the smallest changes an office can make after which a finding is gone.

What to change is guessed by running the failing definitions backwards, and told only if the dossier so changed, judged
again, no longer has the finding, has no breach it did not have, and would have it with any part of the change left out.
"""

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import partial, reduce
from itertools import chain, combinations, islice
from typing import Any

from cadre_rules import expression as ex
from cadre_rules.dossier.amending import amended, nearest
from cadre_rules.dossier.demands import STATED, Bounds, Demand, Demands, Other
from cadre_rules.dossier.fields import FieldInfo, element_fields, field_at, field_name, fields_of, steps
from cadre_rules.dossier.kinds import Dossier
from cadre_rules.dossier.subjects import Subject, subjects_of
from cadre_rules.dossier.values import bounds
from cadre_rules.facts.inverting import Inverter, Plan, Row, demands_of, fewest_seats, together
from cadre_rules.findings import Change, Finding, Together
from cadre_rules.judging import AsOf, Judge, Judgement, Tally
from cadre_rules.lowering import passes
from cadre_rules.reporting import is_told
from cadre_rules.wording import day_text, phrase

MENDED = ("violation", "exception_needed", "target_missed", "indicator")
"""Levels of findings it is asked for."""
MAX_ALTERNATIVES = 3
MAX_CHANGES = 6
"""Changes told together at most; none is told where fewer do."""
MAX_TRIED = 40
"""Sets of changes judged for one finding before it is given up."""
MAX_MORE = 8
"""Rows more than the least number that are tried, where every row added is one more to be counted."""
BREACHES = ("violation", "exception_needed", "target_missed")

Changes = tuple[Change, ...]


def apply(change: Change, dossier: Dossier) -> Dossier:
    """Return the dossier with the change made; raises `ValueError` if it cannot be."""
    return amended(dossier, change.place, change.value, postponed=change.kind == "wait")


class Mender:
    """Finds what would settle findings of one check."""

    def __init__(self, judge: Judge, lang: str, as_of: AsOf, today: date) -> None:
        self._judge, self._lang, self._as_of, self._today = judge, lang, as_of, today
        self._plans: dict[int, list[Plan]] = {}
        self._seats: dict[int, Plan] = {}
        self._before: dict[tuple[int, str], Counter[str]] = {}

    def mended(self, finding: Finding, judgement: Judgement) -> Finding:
        """Return the finding with what would settle it; with a note where no change would."""
        if judgement.outcome != "violated" or finding.level not in MENDED or judgement.subject.dossier is None:
            return finding
        found = tuple(self._settling(judgement))
        if found:
            return replace(finding, mended_by=found)
        return replace(finding, notes=(*finding.notes, phrase("mended_by_nothing", self._lang)))

    def together(self, judgements: Iterable[Judgement]) -> Iterator[Together]:
        """Yield, for each subject with several findings that seats given to others settle, the fewest that settle all."""
        by_list: dict[tuple[str, str], list[Judgement]] = defaultdict(list)
        for judgement in judgements:
            if id(judgement) in self._seats:
                by_list[judgement.subject.id, self._seats[id(judgement)].rows[0].path].append(judgement)
        for (subject, path), found in by_list.items():
            needs = Counter[Demands]()
            for judgement in found:
                plan = self._seats[id(judgement)]
                needs[plan.rows[0].who] = max(needs[plan.rows[0].who], len(plan.rows))
            rows = _held(found[0].subject.root, path)
            for plan in fewest_seats(path, needs, rows) if len(needs) > 1 else ():
                changes = tuple(self._changes(plan, found[0].subject))
                if self._settles(changes, found):
                    yield Together(subject, tuple(judgement.piece.rule.id for judgement in found), changes)
                    break

    def _settling(self, judgement: Judgement) -> Iterator[Changes]:
        """Yield the smallest sets of changes that settle a finding; of those alike but for a value, the first."""
        told: list[frozenset[Any]] = []
        shortest = MAX_CHANGES
        for plan in islice(self.plans(judgement), MAX_TRIED):
            for grown in _grown(plan):
                changes = tuple(self._changes(grown, judgement.subject))
                if len(told) == MAX_ALTERNATIVES or any(other <= frozenset(map(_alike, changes)) for other in told):
                    break
                if self._settles(changes, [judgement]):
                    least = self._soonest(changes[0], grown, judgement) or self._least(changes, judgement)
                    if len(least) > shortest:
                        return
                    shortest = len(least) if least[0].kind != "exception" else shortest
                    told.append(frozenset(map(_alike, least)))
                    if not grown.sets and len(set(grown.rows)) == 1 and grown.rows[0].how == "seats":
                        self._seats.setdefault(id(judgement), grown)
                    yield least
                    break

    def _soonest(self, change: Change, plan: Plan, judgement: Judgement) -> Changes:
        """Return what is put off put off no longer than it has to be, if that is all there is; a day less would not do."""
        if change.kind != "wait" or plan.size > 1:
            return ()
        ((path, _),) = plan.sets
        early, late = bounds(_held(judgement.subject.root, path))[1].toordinal(), date.fromisoformat(change.value).toordinal()

        def put_off(day: int) -> Changes:
            return (self._stated(path, Bounds(date.fromordinal(day)), judgement.subject),)

        day = late - 1
        while late - early > 1:
            early, late = (early, day) if self._settles(put_off(day), [judgement]) else (day, late)
            day = (early + late) // 2
        return put_off(late)

    def _least(self, changes: Changes, judgement: Judgement) -> Changes:
        """Return the smallest part of the changes that still settles the finding."""
        parts = chain.from_iterable(combinations(changes, size) for size in range(1, len(changes)))
        return next((part for part in parts if self._settles(part, [judgement])), changes)

    def _settles(self, changes: Changes, judgements: Sequence[Judgement]) -> bool:
        """Tell whether, with the changes made and judged again, the findings of a subject are gone and no breach is new."""
        subject, dossier = judgements[0].subject, judgements[0].subject.dossier
        assert dossier is not None
        try:
            after = reduce(lambda changed, change: apply(change, changed), changes, dossier)
        except ValueError:
            return False
        rules = {judgement.piece.rule.id for judgement in judgements}
        own = self._judged(after, {subject.id})
        if any(other.piece.rule.id in rules and is_told(other) for other in own):
            return False
        inside = subject.prefix and all(change.place.startswith(subject.prefix) for change in changes)
        touched = {dossier.id, subject.id} if inside else None
        key = (id(dossier), subject.id if inside else "")
        if key not in self._before:
            self._before[key] = _breaches(self._judged(dossier, touched))
        return not _breaches(self._judged(after, touched)) - self._before[key]

    def _judged(self, dossier: Dossier, only: Container[str] | None) -> list[Judgement]:
        heard = self._judge.heard([*subjects_of(dossier, only)], self._as_of, self._today, "plain")
        return [judgement for each in heard for judgement in each.applied]

    def plans(self, judgement: Judgement) -> list[Plan]:
        """Return guesses at what would settle a judgement, the smallest first."""
        if id(judgement) not in self._plans:
            self._plans[id(judgement)] = sorted(dict.fromkeys(self._guessed(judgement)), key=_order)
        return self._plans[id(judgement)]

    def _guessed(self, judgement: Judgement) -> Iterator[Plan]:
        bench, verdicts = judgement.bench, judgement.piece.verdicts
        counted = partial(self._counted, judgement)
        taken = _taken(judgement.subject, self._today)
        inverter = Inverter(
            judgement.subject.kind, bench.court.deriver, bench.row.scope, self._today, taken=taken, counted=counted
        )
        for clause in (*verdicts.satisfied, *verdicts.not_applicable):
            failing = [test for test in clause if (value := bench.row[test.fact]) is None or not passes(value, test)]
            options = [
                [plan for demand in demands_of(test) for plan in inverter.ways(ex.Fact(test.fact), demand)] for test in failing
            ]
            yield from (plan for plan in together(options) if inverter.any_will_do(plan, clause))
        if judgement.level == "exception_needed":
            yield self._exception(judgement)

    def _counted(self, judgement: Judgement, node: ex.Outcomes | ex.Exceptions, demand: Demand) -> list[Plan]:
        """Return plans for a count of the first pass: what would settle as many as are too many."""
        tally = judgement.bench.row.scope.tally
        if not isinstance(demand, Bounds) or demand.high is None or not isinstance(tally, Tally):
            return []
        if isinstance(node, ex.Exceptions):
            return [Plan(self._reasons(judgement))] if node.state == "unreasoned" else []
        counted = tally.matching(node)
        return together(self.plans(breach) for breach in counted[: len(counted) - demand.high])

    def _reasons(self, judgement: Judgement) -> Demands:
        """Return what the exceptions on file lack that name a rule with an exception."""
        escapes = {rule.id: rule.exception for rule in self._judge.rulebook.rules if rule.exception is not None}
        lacking: dict[str, Demand] = {}
        for number, granted in enumerate(getattr(judgement.subject.dossier, "exceptions", None) or ()):
            if (escape := escapes.get(granted.rule)) is not None:
                deadline = judgement.subject.day(escape.before) or judgement.day
                needed: dict[str, Demand] = {"decided_by": STATED, "decided_on": Bounds(None, deadline), "reason": STATED}
                needed |= {"level": escape.levels[0]} if escape.levels else {}
                lacking |= {f"exceptions[{number}].{n}": d for n, d in needed.items() if getattr(granted, n) is None}
        return tuple(sorted(lacking.items()))

    def _exception(self, judgement: Judgement) -> Plan:
        """Return the special case the text lets somebody decide: still to be, or on file if it was."""
        escape, deadline = judgement.piece.rule.exception, self._judge.deadline(judgement)
        assert escape is not None
        assert deadline is not None
        who: dict[str, Demand] = {
            "decided_by": escape.by.of(self._lang),
            "decided_on": Bounds(self._today if self._today <= deadline else None, deadline),
            "reason": phrase("special_case", self._lang),
            "rule": judgement.piece.rule.id,
        }
        who |= {"entry": judgement.subject.root.id} if judgement.subject.prefix else {}
        who |= {"level": escape.levels[0]} if escape.levels else {}
        return Plan((), (Row("exceptions", "more", tuple(sorted(who.items()))),))

    def _changes(self, plan: Plan, subject: Subject) -> Iterator[Change]:
        """Yield a plan's changes in words."""
        for path, demand in plan.sets:
            yield self._stated(path, demand, subject)
        for row, number in Counter(plan.rows).items():
            yield from self._rows(row, number, subject)

    def _stated(self, path: str, demand: Demand, subject: Subject) -> Change:
        info = field_at(subject.kind, path) or field_at(subject.kind, path.rpartition(".")[0])
        assert info is not None
        held = _held(subject.root, path)
        value = nearest(demand, held) if isinstance(demand, Bounds) else demand
        words = {"field": field_name(subject.kind, path, self._lang), "value": self._demanded(info, demand)}
        kind: Any = info.office
        if kind == "date" and held is not None and value > bounds(held)[1]:
            kind, words["day"] = "wait", self._demanded(info, Bounds(value, value))
        if kind == "composition":
            words["now"] = info.text(held, self._lang)
        return Change(kind, self._say(kind, **words), subject.place(path), _plain(value, path))

    def _rows(self, row: Row, number: int, subject: Subject) -> Iterator[Change]:
        who = {name: _plain(demand, name) for name, demand in row.who}
        if row.path == "exceptions":
            asked = dict(row.who)
            assert isinstance(asked["decided_on"], Bounds)
            day = day_text(asked["decided_on"].high, self._lang)
            text = self._say("exception", by=asked["decided_by"], day=day)
            yield Change("exception", text + self._if_there_is(past=asked["decided_on"].low is None), "exceptions[]", who)
            return
        listed = fields_of(subject.kind)[tuple(row.path.split("."))]
        assert listed.element is not None
        fields = element_fields(listed.element)
        order = [".".join(path) for path in fields]
        said = [self._named(fields[tuple(n.split("."))], d) for n, d in sorted(row.who, key=lambda one: order.index(one[0]))]
        words = {"list": listed.name(self._lang), "who": "; ".join(said) or phrase("whoever", self._lang)}
        place = subject.place(row.path)
        if listed.office == "composition":
            whole = len(_held(subject.root, row.path) or ())
            whole += number if row.how == "more" else 0
            yield Change("composition", self._say(row.how, n=number, whole=whole, **words), place, {row.how: number, "who": who})
        else:
            kind: Any = listed.office
            text = self._say(f"{kind}_row", **words) + self._if_there_is(past=_taken(subject, self._today))
            yield from [Change(kind, text, f"{place}[]", who)] * number

    def _if_there_is(self, *, past: bool) -> str:
        """Say of what can no longer be made that it must be there already."""
        return f" ({phrase('if_there_is', self._lang)})" if past else ""

    def _say(self, key: str, **parts: object) -> str:
        return phrase(f"mend_{key}", self._lang, **parts)

    def _named(self, info: FieldInfo, demand: Demand) -> str:
        name = info.name(self._lang)
        return name if demand is True else f"{name}: {self._demanded(info, demand)}"

    def _demanded(self, info: FieldInfo, demand: Demand) -> str:
        """Return what is asked of a field as people read it."""
        told = partial(info.text, lang=self._lang)
        match demand:
            case Bounds(low, high) if low == high:
                return told(low) if low is not None else phrase("is_stated", self._lang)
            case Bounds(low, None):
                return phrase("from_day" if info.kind == "date" else "from_on", self._lang, value=told(low))
            case Bounds(None, high):
                return phrase("up_to_day" if info.kind == "date" else "up_to", self._lang, value=told(high))
            case Bounds(low, high):
                return phrase("between", self._lang, low=told(low), high=told(high))
            case Other(than):
                named = ", ".join(map(told, sorted(than)))
                return phrase("other_than", self._lang, value=named) if than else phrase("is_stated", self._lang)
            case _:
                return told(demand)


def _breaches(judgements: Iterable[Judgement]) -> Counter[str]:
    """Return how often each rule is breached; a row given to somebody else keeps no breach of its own."""
    return Counter(j.piece.rule.id for j in judgements if j.outcome == "violated" and j.level in BREACHES)


def _taken(subject: Subject, today: date) -> bool:
    """Tell whether the decision was taken, so that only papers can still be put on file."""
    dossier = subject.dossier
    decided = dossier.day("decided") if dossier is not None and dossier.is_decision else None
    return decided is not None and decided <= today


def _order(plan: Plan) -> tuple[int, int, str]:
    """Put the smaller plans first; of those as small exceptions, then the sooner."""
    days = [str(demand.low) for _, demand in plan.sets if isinstance(demand, Bounds) and isinstance(demand.low, date)]
    return plan.size, not any(row.path == "exceptions" for row in plan.rows), max(days, default="")


def _grown(plan: Plan) -> Iterator[Plan]:
    """Yield the plan, and with more of the rows it adds: each is also one more of the whole."""
    yield plan
    added = [row for row in plan.rows if row.how == "more"]
    if added and not plan.sets and len(set(plan.rows)) == 1:
        yield from (Plan((), plan.rows + (added[0],) * more) for more in range(1, MAX_MORE + 1))


def _alike(change: Change) -> Any:
    """Return what changes share that differ in no more than a value."""
    value = change.value if isinstance(change.value, dict) else {}
    return change.kind, change.place, *value, *value.get("who", ())


def _held(root: Any, path: str) -> Any:
    """Return what a subject states at a traced path."""
    for step in steps(path):
        root = getattr(root, step, None) if isinstance(step, str) else root and root[step]
    return root


def _plain(value: Any, path: str) -> Any:
    """Return a value as a file would state it, a demand by its ends."""
    match value:
        case Bounds(low, high):
            return (
                _plain(low, path)
                if low == high
                else {end: _plain(at, path) for end, at in (("from", low), ("to", high)) if at is not None}
            )
        case Other(than):
            return {"not": sorted(than)}
        case date():
            return value.isoformat()
        case int() if path.endswith("percent") and not isinstance(value, bool):
            return f"{value // 100}.{value % 100:02d}"
        case _:
            return value
