"""A report as SARIF 2.1.0, for tools that gather the results of checks (OASIS, errata 01).

A finding that says a text is not met is a result of kind `fail`; its level follows what the law lets be done about it:

- `violation` and `exception_needed` are `error`: the decision cannot stand as it is. That a competent authority might decide a
  special case makes it no lighter, for none is on file.
- `target_missed` is `warning`: the text says what to strive for, not what must be.
- `indicator` is `note`: a pattern worth a look, never a breach.

Everything else has no level, as SARIF wants of what is no failure, but a kind: `open` where facts are missing, `review` where
only people can judge, and where a text was not read in full (`provisional`): a tool that counts failures must not count those.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from cadre_rules.findings import Citation, Finding, Report, SubjectLine
from cadre_rules.names import seen
from cadre_rules.reports.text import cite, ways_out
from cadre_rules.wording import phrase

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"violation": "error", "exception_needed": "error", "target_missed": "warning", "indicator": "note"}
_PATH = re.compile(r"(?:^|; )([\w.\[\]]+) = ")
"""The paths among which a fact's evidence is: each stands before its value."""

_LINK = re.compile(r"\[(?=[^\]]*\]\()")


def render_sarif(report: Report) -> str:
    """Return a report as one run of SARIF; the same report gives the same bytes."""
    by_rule: dict[str, list[Finding]] = defaultdict(list)
    for finding in report.findings:
        by_rule[finding.rule].append(finding)
    numbers = {rule: number for number, rule in enumerate(sorted(by_rule))}
    subjects = {line.id: line for line in report.subjects}
    run = {
        "tool": {
            "driver": {
                "name": "cadre-rules",
                "version": version("cadre-rules"),
                "language": report.lang,
                "rules": [_rule(rule, by_rule[rule], report.lang) for rule in numbers],
            }
        },
        "invocations": [{"executionSuccessful": not report.rejected, "toolExecutionNotifications": list(_notes(report))}],
        "results": [_result(finding, numbers, subjects, report) for finding in report.findings],
        "properties": {"asOf": report.as_of, "rulebook": list(report.rulebook), "outcomes": report.by_outcome},
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=1) + "\n"


def _rule(rule: str, findings: list[Finding], lang: str) -> dict[str, Any]:
    """Describe a rule by what all its findings say alike: its title, remedy and articles."""
    alike = [one for one in findings[0].provisions if all(one in finding.provisions for finding in findings)]
    settled = [finding for finding in findings if finding.outcome != "undetermined"]
    remedy = settled[0].remedy if settled and all(finding.remedy == settled[0].remedy for finding in settled) else ""
    title = findings[0].title if all(finding.title == findings[0].title for finding in findings) else rule
    link = next((citation.link for citation in alike if citation.link), None)
    return {
        "id": rule,
        "shortDescription": _message(title),
        "help": _message("\n".join(filter(None, (title, remedy, *_cited(alike, lang))))),
        **({"helpUri": link} if link else {}),
        "properties": {"tags": [findings[0].topic]},
    }


def _result(finding: Finding, numbers: dict[str, int], subjects: dict[str, SubjectLine], report: Report) -> dict[str, Any]:
    kind, level = _kind_and_level(finding)
    mended = ways_out(finding)
    return {
        "ruleId": finding.rule,
        "ruleIndex": numbers[finding.rule],
        "kind": kind,
        "level": level,
        "message": _message("\n".join(_told(finding, subjects.get(finding.subject), report.lang))),
        "locations": [_location(finding.subject, subjects.get(finding.subject), report.source_of(finding.subject))],
        "relatedLocations": [*_places(finding)],
        "partialFingerprints": {"cadreRules/v1": finding.fingerprint},
        "properties": {
            "level": finding.level,
            "outcome": finding.outcome,
            "provisional": finding.provisional,
            "ruleVersion": finding.rule_version,
            "asOf": finding.as_of.isoformat(),
            "responsible": seen(finding.responsible),
            "provisions": _cited(finding.provisions, report.lang),
            **({"questions": list(finding.questions)} if finding.questions else {}),
            **({"notes": [seen(note) for note in finding.notes]} if finding.notes else {}),
            **({"mendedBy": [seen(way) for way in mended]} if mended else {}),
        },
    }


def _kind_and_level(finding: Finding) -> tuple[str, str]:
    if finding.level == "information_missing":
        return "open", "none"
    if finding.level == "judgement_needed" or finding.provisional:
        return "review", "none"
    return "fail", _LEVELS[finding.level]


def _told(finding: Finding, subject: SubjectLine | None, lang: str) -> Iterator[str]:
    yield f"{subject.title if subject is not None else finding.subject}: {finding.message}"
    if finding.outcome == "undetermined":
        yield finding.title
    if finding.remedy:
        yield f"{phrase('do', lang)}: {finding.remedy}"


def _cited(citations: Iterable[Citation], lang: str) -> list[str]:
    return list(dict.fromkeys(cite(citation, lang) for citation in citations))


def _location(subject: str, line: SubjectLine | None, source: str | None) -> dict[str, Any]:
    """Say where a finding stands: the subject, by its id, and the file it was read from."""
    about = {"fullyQualifiedName": seen(subject), "kind": line.kind if line is not None else "head"}
    uri = quote(PurePath(source).as_posix()) if source is not None else None
    physical = {"physicalLocation": {"artifactLocation": {"uri": uri}}} if uri is not None else {}
    return {"logicalLocations": [about], **physical}


def _places(finding: Finding) -> Iterator[dict[str, Any]]:
    """Yield each fact a finding rests on with its place in the dossier, or each place where a fact should stand."""
    missing = dict.fromkeys((wait.label, place) for ways in finding.waits_for for wait in ways for place in wait.missing)
    evident = [(f"{one.label}: {one.text}", _PATH.findall(one.place)) for one in finding.evidence]
    for number, (text, places) in enumerate([*evident, *((label, [place]) for label, place in missing)]):
        named = [{"fullyQualifiedName": f"{seen(finding.subject)}: {place}"} for place in places]
        yield {"id": number, **({"logicalLocations": named} if named else {}), "message": _message(text)}


def _notes(report: Report) -> Iterator[dict[str, Any]]:
    for rejected in report.rejected:
        yield {"level": "error", "message": _message(f"{rejected['where']}: {rejected['reason']}")}
    for notice in report.notices:
        yield {"level": "note", "message": _message(notice)}


def _message(text: str) -> dict[str, str]:
    """Return a text as a message whose words are only words: braces and brackets that SARIF gives a meaning are escaped."""
    plain = _LINK.sub(r"\\[", seen(text))
    return {"text": plain.replace("{", "{{").replace("}", "}}")}
