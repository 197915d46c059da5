"""What became of findings: a run held against what the register knew, by fingerprint."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from cadre_rules.dossier.kinds import WHOLES, Dossier
from cadre_rules.findings import OPEN, Followed, FollowUp, OnFile, Remarked, Report
from cadre_rules.register.book import Known, Register, readings
from cadre_rules.register.entries import Entry, Recorded, Remark
from cadre_rules.wording import Level


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

    made: Literal["check", "audit"]
    rulebook: tuple[str, ...]
    as_of: str
    today: date
    manifest: str | None
    standing: Sequence[Standing]
    judged: Callable[[str, set[str]], set[str]]
    exceptions: Sequence[OnFile]


def run_of(report: Report, dossiers: Sequence[Dossier], today: date) -> Run:
    """Return what a check of some dossiers brings to a register."""
    kinds = {line.id: line.kind for line in report.subjects}
    ids = {one.id: one.authority for one in dossiers}
    heads = Counter(authority.answering for authority in ids.values() if authority is not None and authority.answering)
    judged = {"dossier": {one.id for one in dossiers}, "head": {head for head, several in heads.items() if several > 1}}
    found = [
        Standing(one.fingerprint, kinds.get(one.subject, "head"), one.rule, one.subject, one.level, one.provisional)
        for one in report.findings
    ]
    law = law_of(report.rulebook)
    return Run("check", law, report.as_of, today, None, found, lambda what, ids: ids & judged[what], report.exceptions)


def law_of(packs: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return by what rulebook a run was made: each pack with its version and digest."""
    return tuple(f"{pack['pack']} {pack['version']} {pack['digest']}" for pack in packs)


def follow(register: Register, run: Run, titles: Mapping[str, str], *, by: str, day: date) -> FollowUp:
    """Record a run and return what became of every finding; an audit that is recorded already is not recorded again.

    `titles` are what rules are called in what is told.
    """
    register = register.append(lambda now: _recorded(now, run), by=by, day=day)
    runs = register.runs()
    place = next((n for n, (_, one) in enumerate(runs) if run.manifest and one.manifest == run.manifest), len(runs) - 1)
    (entry, made), before = runs[place], runs[place - 1] if place else None
    days, remarks = {one.number: one.day for one in register.entries}, register.remarks()
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
        for line in register.ledger(made).values()
        if line.at == entry.number
    ]
    told.sort(key=lambda followed: (_ORDER.index(followed.state), followed.rule, followed.subject, followed.fingerprint))
    return FollowUp(
        entries=len(register.entries),
        head=register.head or "",
        before=before[0].day if before is not None else None,
        differences=tuple(_differences(before[1], made)) if before is not None else (),
        findings=tuple(told),
        exceptions=(*run.exceptions, *_not_judged(register, run.exceptions)),
    )


_ORDER = (
    *("new", "exception_expired", "reopened", "not_remedied", "changed", "still"),
    *("not_judged", "replaced", "excepted", "remedied"),
)


def _recorded(register: Register, run: Run) -> Recorded | None:
    """Return what a register says of a run, its ledger written; nothing if it says so already."""
    if run.manifest is not None and any(one.manifest == run.manifest for _, one in register.runs()):
        return None
    lines = list(_reckoned(register, run))
    return Recorded(
        run=run.made,
        rulebook=run.rulebook,
        as_of=run.as_of,
        today=run.today,
        manifest=run.manifest,
        ledger=register.keep_ledger(lines),
        counts=dict(Counter(line.state for line in lines if line.at > len(register.entries))),
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
            state = "changed" if place in left else "reopened" if old is not None else "new"
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
    yield from (dossier for dossier, _ in readings(known.subject)) if known.kind in WHOLES else (known.subject,)


def _remarked(entries: Iterable[Entry]) -> Iterator[Remarked]:
    for entry in entries:
        if isinstance(entry.said, Remark):
            yield Remarked(entry.said.kind, entry.by, entry.day, entry.said.reason, entry.said.paper)


def _differences(before: Recorded, now: Recorded) -> Iterator[str]:
    """Yield in what else than data two runs differ: what is new or gone may be the law's doing."""
    if before.rulebook != now.rulebook:
        yield f"rulebook ({', '.join(before.rulebook)}; now {', '.join(now.rulebook)})"
    if before.as_of != now.as_of:
        yield f"as_of ({before.as_of}; now {now.as_of})"


def _not_judged(register: Register, told: Sequence[OnFile]) -> Iterator[OnFile]:
    """Yield the exceptions granted whose subject was not looked at."""
    heard = {(one.subject, one.rule) for one in told}
    for grant in register.granted():
        one = grant.exception
        if (grant.subject, one.rule) not in heard:
            yield OnFile(grant.subject, one.rule, "not_judged", one.decided_by, one.decided_on, one.document, one.expires_on)
