"""What a check says: findings with their evidence, and the report that gathers them."""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Literal, NamedTuple

from cadre_rules.formula import Scalar
from cadre_rules.wording import LEVELS, Level, article_text, day_text, instrument_text, phrase


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact a finding rests on: its value, how people read it, and where in the dossier it stands."""

    fact: str
    label: str
    value: Scalar | None
    text: str
    place: str
    paths: tuple[str, ...] = ()
    """The places alone, for those who look them up; not in the report's plain form."""


@dataclass(frozen=True, slots=True)
class Wait:
    """One fact that is not known, and the fields of the dossier that would tell it."""

    fact: str
    label: str
    missing: tuple[str, ...]
    ask: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing an office can do about a dossier: in words, and where in the dossier it stands with what value.

    A place that ends in `[]` takes a new row, whose fields are the value's; for who sits in a body or list the value says
    how many (`seats` given to others, `more` or `fewer` rows) and `who`. A field's value is a value, or `from` and `to` what.
    """

    kind: Literal["state", "paper", "date", "post", "composition", "wait", "exception"]
    text: str
    place: str
    value: Any


@dataclass(frozen=True, slots=True)
class Citation:
    """An article a finding rests on."""

    instrument: str
    number: str
    date: date | None
    article: str | None
    clause: str | None
    link: str | None
    grade: str

    def text(self, lang: str) -> str:
        """Return the article as people cite it: clause, article, text, day."""
        clause = f"{phrase('clause_word', lang)} {self.clause}" if self.clause else ""
        issued = f"{phrase('dated', lang)} {day_text(self.date, lang)}" if self.date else ""
        parts = (clause, article_text(self.article, lang), instrument_text(self.instrument, self.number, lang), issued)
        return " ".join(filter(None, parts))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know about a decision or a body, never a judgement of a person."""

    rule: str
    rule_version: str
    topic: str
    title: str
    level: Level
    outcome: str
    provisional: bool
    subject: str
    as_of: date
    message: str
    evidence: tuple[Evidence, ...]
    waits_for: tuple[tuple[Wait, ...], ...]
    remedy: str
    responsible: str
    provisions: tuple[Citation, ...]
    questions: tuple[str, ...]
    notes: tuple[str, ...]
    fingerprint: str
    mended_by: tuple[tuple[Change, ...], ...] = ()
    """Alternatives, smallest first: each a set of changes after which the finding is gone; only where they were asked for."""

    @property
    def firm(self) -> bool:
        """Tell whether a text that was read in full is known not to be met: what other tools may count as failed."""
        return not self.provisional and self.level in ("violation", "exception_needed", "target_missed")


@dataclass(frozen=True, slots=True)
class Together:
    """What would settle several findings of one subject at once: the fewest seats given to others."""

    subject: str
    rules: tuple[str, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Met:
    """A target that is met, told beside those that are missed."""

    rule: str
    title: str
    subject: str
    text: str


class Verdict(NamedTuple):
    """How one rule came out for one subject."""

    subject: str
    rule: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Share:
    """A share judged against a target, both in basis points; `target` is None where the rule holds it to no one number."""

    rule: str
    title: str
    subject: str
    as_of: date
    share: int
    target: int | None
    met: bool


@dataclass(frozen=True, slots=True)
class SubjectLine:
    """One thing that was judged, and by the law of which day."""

    id: str
    kind: str
    title: str
    as_of: date


OPEN = ("new", "changed", "still", "not_remedied", "reopened", "exception_expired", "not_judged")
"""What may have become of a finding that stands; `not_judged`: it stood when its subject was last judged."""

SETTLED = ("remedied", "excepted", "replaced")
"""What may have become of a finding that stands no more."""


@dataclass(frozen=True, slots=True)
class OnFile:
    """An exception on file for a subject and what the gate says of it: `used`, or why it excuses nothing.

    Besides the gate's states, `open` where its rule could not be judged, `not_judged` where its subject was not.
    """

    subject: str
    rule: str
    state: str
    decided_by: str | None
    decided_on: date | None
    document: str | None
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class Remarked:
    """What an office said of a finding: `acknowledge`, `dispute` or `remedied`."""

    kind: str
    by: str
    day: date
    reason: str | None
    paper: str | None


@dataclass(frozen=True, slots=True)
class Followed:
    """What has become of one finding; `since` is the day it was first recorded as standing, without a break."""

    fingerprint: str
    rule: str
    title: str
    subject: str
    level: Level
    provisional: bool
    state: str
    since: date
    remarks: tuple[Remarked, ...]


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What became of findings since the run a register recorded before, of which `before` is the day."""

    entries: int
    head: str
    before: date | None
    differences: tuple[str, ...]
    findings: tuple[Followed, ...]
    exceptions: tuple[OnFile, ...]

    def counts(self) -> dict[str, int]:
        """Return how many findings are in each state there is one in."""
        found = Counter(followed.state for followed in self.findings)
        return {state: found[state] for state in (*OPEN, *SETTLED) if found[state]}

    def to_dict(self, *, findings: bool = True) -> dict[str, Any]:
        """Return the follow-up as plain values; for an audit without the findings, which a table beside it has."""
        return {
            "register": {"entries": self.entries, "head": self.head},
            "before": self.before,
            "differences": list(self.differences),
            "counts": self.counts(),
            **({"findings": [asdict(followed) for followed in self.findings]} if findings else {}),
            "exceptions": [asdict(on_file) for on_file in self.exceptions],
        }


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a check found, in a stable order."""

    rulebook: tuple[dict[str, Any], ...]
    as_of: str
    subjects: tuple[SubjectLine, ...]
    findings: tuple[Finding, ...]
    rejected: tuple[dict[str, str], ...]
    rules_in_force: int
    by_outcome: dict[str, int]
    lang: str
    notices: tuple[str, ...] = ()
    met: tuple[Met, ...] = ()
    mended_together: tuple[Together, ...] = ()
    shares: tuple[Share, ...] = ()
    exceptions: tuple[OnFile, ...] = ()
    follow_up: FollowUp | None = None
    verdicts: tuple[Verdict, ...] = ()
    """How every rule that applied came out."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """The file each dossier was read from, by its id, where that is known."""

    @property
    def reviewed_to(self) -> dict[str, date]:
        """Return up to which day each kind of law was reviewed: the earliest of the packs."""
        told = sorted((of for pack in self.rulebook for of in pack["reviewed_to"].items()), reverse=True)
        return {kind: date.fromisoformat(day) for kind, day in told}  # the earliest last, which stays

    def source_of(self, subject: str) -> str | None:
        """Return the file a subject, or the dossier it is a part of, was read from; None if that is not known."""
        return self.sources.get(subject) or self.sources.get(subject.rpartition("/")[0])

    def of_level(self, level: str) -> tuple[Finding, ...]:
        """Return the findings of one level."""
        return tuple(finding for finding in self.findings if finding.level == level)

    def worst(self, *, strict: bool = False, known: Collection[str] = ()) -> Level | None:
        """Return the gravest level found; provisional findings count only when asked to, those of known fingerprints never."""
        told = [finding for finding in self.findings if finding.fingerprint not in known]
        levels = {finding.level for finding in told if strict or not finding.provisional}
        return next((level for level in LEVELS if level in levels), None)

    def questions(self) -> list[tuple[str, str, int]]:
        """Return what to ask for first: field, its name, how many undetermined rules it helps to settle."""
        asked: Counter[tuple[str, str]] = Counter()
        for finding in self.findings:
            fields = {
                (f"{finding.subject}: {place}", ask)
                for wait in (finding.waits_for or ((),))[0]
                for place, ask in zip(wait.missing, wait.ask, strict=True)
            }
            asked.update(fields)
        return [(place, ask, count) for (place, ask), count in sorted(asked.items(), key=lambda i: (-i[1], i[0]))]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values, in the shape of format cadre-rules/report/1."""
        levels = Counter(finding.level for finding in self.findings)
        return {
            "format": "cadre-rules/report/1",
            "rulebook": list(self.rulebook),
            "as_of": self.as_of,
            "subjects": [asdict(line) for line in self.subjects],
            "findings": [_finding(finding) for finding in self.findings],
            "rejected": list(self.rejected),
            "summary": {
                "subjects": len(self.subjects),
                "rules_in_force": self.rules_in_force,
                "by_outcome": self.by_outcome,
                "by_level": {level: levels[level] for level in LEVELS if levels[level]},
                "notices": list(self.notices),
                "mended_together": [asdict(together) for together in self.mended_together],
            },
            **({"follow_up": self.follow_up.to_dict()} if self.follow_up is not None else {}),
        }

    def to_json(self) -> str:
        """Return the report as JSON; the same input gives the same bytes."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=1, default=_plain) + "\n"


def _finding(finding: Finding) -> dict[str, Any]:
    plain = asdict(finding)
    for evidence in plain["evidence"]:
        evidence["from"] = evidence.pop("place")
        del evidence["paths"]
    return plain


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def fingerprint(rule: str, subject: str, facts: Iterable[tuple[str, Scalar | None]]) -> str:
    """Return a digest that stays the same for the same rule, subject and failing facts."""
    said: Sequence[str] = [f"{name}={_plain(value)}" for name, value in sorted(facts, key=lambda pair: pair[0])]
    return hashlib.sha256("\x1f".join((rule, subject, *said)).encode()).hexdigest()[:16]
