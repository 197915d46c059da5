"""What became of findings: a run held against what the register knew, by fingerprint."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from cadre_rules.dossier.models import PARTS, Dossier
from cadre_rules.findings import OPEN, Followed, FollowUp, Level, OnFile, Remarked, Report
from cadre_rules.register.book import Known, Register, readings
from cadre_rules.register.entries import Entry, Recorded, Remark


@dataclass(frozen=True, slots=True)
class Standing:
    """A finding of a run."""

    fingerprint: str
    kind: str
    rule: str
    subject: str
    level: Level
    provisional: bool


@dataclass(frozen=True, slots=True)
class Run:
    """What a check or an audit brings to a register.

    `judged` is asked for some dossiers, or some heads with several, which of them were judged: what was not looked at is
    not remedied.
    """

    made: Recorded
    standing: Sequence[Standing]
    judged: Callable[[str, set[str]], set[str]]
    exceptions: Sequence[OnFile]


def run_of(report: Report, dossiers: Sequence[Dossier], today: date) -> Run:
    """Return what a check of some dossiers brings to a register."""
    kinds = {line.id: line.kind for line in report.subjects}
    answers: dict[str, int] = defaultdict(int)
    for dossier in dossiers:
        answers[(dossier.authority.head if dossier.authority is not None else None) or ""] += 1
    judged = {"dossier": {one.id for one in dossiers}, "head": {head for head, several in answers.items() if several > 1}}
    found = [
        Standing(one.fingerprint, kinds.get(one.subject, "head"), one.rule, one.subject, one.level, one.provisional)
        for one in report.findings
    ]
    packs = tuple(f"{pack['pack']} {pack['version']} {pack['digest']}" for pack in report.rulebook)
    made = Recorded(run="check", rulebook=packs, as_of=report.as_of, today=today, ledger="", counts={})
    return Run(made, found, lambda what, ids: ids & judged[what], report.exceptions)


def follow(register: Register, run: Run, titles: Mapping[str, str], *, by: str, day: date) -> FollowUp:
    """Record a run and return what became of every finding; an audit that is recorded already is not recorded again."""
    lines: list[Known] = []

    def recorded(now: Register) -> Recorded | None:
        if run.made.manifest is not None and any(one.manifest == run.made.manifest for _, one in now.runs()):
            return None
        lines.extend(_reckoned(now, run))
        counts = Counter(line.state for line in lines if line.at == len(now.entries) + 1)
        return run.made.model_copy(update={"ledger": now.keep_ledger(lines), "counts": dict(counts)})

    register = register.append(recorded, by=by, day=day)
    runs = register.runs()
    place = next(n for n, (_, one) in enumerate(runs) if n == len(runs) - 1 or one.manifest == run.made.manifest is not None)
    (entry, made), (earlier, before) = runs[place], runs[place - 1] if place else (None, None)
    days = {one.number: one.day for one in register.entries}
    remarks = register.remarks()
    told = [
        Followed(
            fingerprint=line.fingerprint,
            rule=line.rule,
            title=titles.get(line.rule, line.rule),
            subject=line.subject,
            level=line.level,
            provisional=line.provisional,
            state=line.state,
            since=days[line.since],
            remarks=tuple(_remarked(remarks.get(line.fingerprint, ()))),
        )
        for line in lines or register.ledger(made).values()
        if line.at == entry.number
    ]
    order = {state: place for place, state in enumerate(_ORDER)}
    told.sort(key=lambda followed: (order[followed.state], followed.rule, followed.subject, followed.fingerprint))
    differing = tuple(_differences(before, made)) if before is not None else ()
    exceptions = (*run.exceptions, *_not_judged(register, run.exceptions))
    day_before = earlier.day if earlier is not None else None
    return FollowUp(len(register.entries), register.head or "", day_before, differing, tuple(told), exceptions)


_ORDER = (
    *("new", "exception_expired", "reopened", "not_remedied", "changed", "still"),
    *("not_judged", "replaced", "excepted", "remedied"),
)


def _reckoned(register: Register, run: Run) -> Iterator[Known]:
    """Yield the line of every finding ever known, as it is after a run."""
    before, number = register.ledger(), len(register.entries) + 1
    standing = {found.fingerprint: found for found in run.standing}
    gone = {name: known for name, known in before.items() if known.state in OPEN and name not in standing}
    worth = {(one.rule, one.subject, one.state) for one in run.exceptions}
    places, left = {(one.rule, one.subject) for one in standing.values()}, {(one.rule, one.subject) for one in gone.values()}
    remarks, judged = register.remarks(), _judged(gone.values(), run)
    for name, found in standing.items():
        old, place, since = before.get(name), (found.rule, found.subject), number
        if old is not None and old.state in OPEN:
            since = old.since
            state = "not_remedied" if any(_marks(entry, since) for entry in remarks.get(name, ())) else "still"
        elif (*place, "expired") in worth:
            state = "exception_expired"
        else:
            state = "reopened" if old is not None else "changed" if place in left else "new"
        yield Known(name, found.kind, found.rule, found.subject, found.level, found.provisional, state, since, number)
    for name, known in before.items():
        if name in gone:
            place = (known.rule, known.subject)
            settled = "excepted" if (*place, "used") in worth else "replaced" if place in places else "remedied"
            looked_at = settled != "remedied" or name in judged
            yield known._replace(state=settled if looked_at else "not_judged", at=number)
        elif name not in standing:
            yield known


def _marks(entry: Entry, since: int) -> bool:
    return isinstance(entry.said, Remark) and entry.said.kind == "remedied" and entry.number > since


def _judged(gone: Iterable[Known], run: Run) -> set[str]:
    """Return those of the findings that stand no more, by fingerprint, whose subject was looked at."""
    asked = {known.fingerprint: (known.kind, set(_dossiers(known))) for known in gone}
    wanted: dict[str, set[str]] = {"head": set(), "dossier": set()}
    for kind, names in asked.values():
        wanted["head" if kind == "head" else "dossier"] |= names
    found = {what: run.judged(what, ids) if ids else set() for what, ids in wanted.items()}
    return {one for one, (kind, names) in asked.items() if names & found["head" if kind == "head" else "dossier"]}


def _dossiers(known: Known) -> Iterator[str]:
    """Yield what must have been judged for a finding to be gone: its head, its dossier, or the dossier it is a part of."""
    yield from (dossier for dossier, _ in readings(known.subject)) if known.kind in PARTS else (known.subject,)


def _remarked(entries: Iterable[Entry]) -> Iterator[Remarked]:
    for entry in entries:
        if isinstance(entry.said, Remark):
            yield Remarked(entry.said.kind, entry.by, entry.day, entry.said.reason, entry.said.paper)


def _differences(before: Recorded, now: Recorded) -> Iterator[str]:
    """Yield in what else than data two runs differ: what is new or gone may be the law's doing."""
    for name in ("rulebook", "as_of"):
        old, new = getattr(before, name), getattr(now, name)
        if old != new:
            yield f"{name} ({', '.join(old) if name == 'rulebook' else old}; now {', '.join(new) if name == 'rulebook' else new})"


def _not_judged(register: Register, told: Sequence[OnFile]) -> Iterator[OnFile]:
    """Yield the exceptions granted whose subject was not looked at."""
    heard = {(one.subject, one.rule) for one in told}
    for grant in register.granted():
        one = grant.exception
        if (grant.subject, one.rule) not in heard:
            yield OnFile(grant.subject, one.rule, "not_judged", one.decided_by, one.decided_on, one.document, one.expires_on)
