"""What a check says: findings with their evidence, and the report that gathers them."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal, TypeAlias

from cadre_rules.formula import Scalar

Level: TypeAlias = Literal[
    "violation", "exception_needed", "target_missed", "information_missing", "judgement_needed", "indicator"
]
LEVELS: tuple[Level, ...] = (
    "violation",
    "exception_needed",
    "target_missed",
    "information_missing",
    "judgement_needed",
    "indicator",
)


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
class Citation:
    """An article a finding rests on."""

    instrument: str
    number: str
    date: date | None
    article: str | None
    clause: str | None
    link: str | None
    grade: str


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


@dataclass(frozen=True, slots=True)
class Met:
    """A target that is met, told beside those that are missed."""

    rule: str
    title: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class SubjectLine:
    """One thing that was judged, and by the law of which day."""

    id: str
    kind: str
    title: str
    as_of: date


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

    def of_level(self, level: str) -> tuple[Finding, ...]:
        """Return the findings of one level."""
        return tuple(finding for finding in self.findings if finding.level == level)

    def worst(self, *, strict: bool = False) -> Level | None:
        """Return the gravest level found; provisional findings count only when asked to."""
        levels = {finding.level for finding in self.findings if strict or not finding.provisional}
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
            },
        }

    def to_json(self) -> str:
        """Return the report as JSON; the same input gives the same bytes."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=1, default=_plain) + "\n"


def render_json(report: Report) -> str:
    """Return a report as JSON."""
    return report.to_json()


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
