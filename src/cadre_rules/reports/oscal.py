"""A report as OSCAL assessment results (NIST, 1.1.3), for tools that gather what assessments found.

Every finding is an observation, with the facts it rests on as evidence. OSCAL's own findings know only `satisfied` and
`not-satisfied`: so only what is known, by texts read in full, not to be met is a finding too, with a risk that carries the
remedy. What is undetermined, left to people, provisional or a mere indicator stays an observation and accuses nobody.

Identifiers are derived (UUID version 5) from fingerprints, and times are the days whose law judged, so the same report gives
the same bytes. OSCAL's texts are Markdown; whatever would be markup in ours is escaped.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from importlib.metadata import version
from typing import Any
from uuid import UUID, uuid5

from cadre_rules.findings import Finding, Report, SubjectLine
from cadre_rules.names import clean, seen
from cadre_rules.reports.text import cite, ways_out
from cadre_rules.wording import phrase

OSCAL = "1.1.3"
NAMESPACE = "https://pypi.org/project/cadre-rules/oscal"
"""What names the properties that are ours."""

_OURS = UUID("6d1d3a0e-5b0c-5d3e-9a57-0c5d1f0f5e01")
_MARKUP = re.compile(r"([\\`*_\[\]<>~^${}|#!&])")


def render_oscal(report: Report) -> str:
    """Return a report as OSCAL assessment results in JSON."""
    named = [*_numbered(report)]
    body = {
        "title": "cadre-rules",
        "description": phrase("inform", report.lang),
        "start": _moment(min((line.as_of for line in report.subjects), default=date.min)),
        "end": _moment(_last(report)),
        "props": [*_props({"as-of": report.as_of, **{f"outcome-{name}": str(n) for name, n in report.by_outcome.items()}})],
        **_filled("local-definitions", _filled("inventory-items", [_item(line) for line in report.subjects])),
        "reviewed-controls": {"control-selections": [_reviewed(report)]},
        **_filled("observations", [*(_observation(key, f, report) for key, f in named), *_unread(report)]),
        **_filled("risks", [_risk(key, finding, report.lang) for key, finding in named if finding.firm]),
        **_filled("findings", [_finding(key, finding) for key, finding in named if finding.firm]),
        "remarks": _text("\n\n".join((*report.notices, phrase("inform", report.lang)))),
    }
    plan = _id("plan", json.dumps(report.rulebook, sort_keys=True))
    results = {
        "metadata": {
            "title": "cadre-rules",
            "last-modified": _moment(_last(report)),
            "version": version("cadre-rules"),
            "oscal-version": OSCAL,
        },
        "import-ap": {"href": f"#{plan}"},
        "results": [{"uuid": _id("results", json.dumps(body, sort_keys=True)), **body}],
        "back-matter": {"resources": [_rulebook(plan, report)]},
    }
    whole = {"uuid": _id("document", json.dumps(results, sort_keys=True)), **results}
    return json.dumps({"assessment-results": whole}, ensure_ascii=False, indent=1) + "\n"


def _numbered(report: Report) -> Iterator[tuple[str, Finding]]:
    """Yield each finding with what tells it from every other: its fingerprint, and where several share one, which it is."""
    taken: Counter[str] = Counter()
    for finding in report.findings:
        taken[finding.fingerprint] += 1
        yield f"{finding.fingerprint}.{taken[finding.fingerprint]}", finding


def _observation(key: str, finding: Finding, report: Report) -> dict[str, Any]:
    facts = [
        {
            "description": _text(f"{one.label}: {one.text}"),
            "props": [*_props({"fact": one.fact, "value": "" if one.value is None else str(one.value), "place": one.place})],
        }
        for one in finding.evidence
    ]
    told = {
        "level": finding.level,
        "outcome": finding.outcome,
        "provisional": str(finding.provisional).lower(),
        "rule": finding.rule,
        "rule-version": finding.rule_version,
        "fingerprint": finding.fingerprint,
    }
    missing = [(wait.label, place) for ways in finding.waits_for for wait in ways for place in wait.missing]
    waits = ({"description": _text(label), "props": [*_props({"missing": place})]} for label, place in dict.fromkeys(missing))
    links = dict.fromkeys(citation.link for citation in finding.provisions if citation.link)
    remarks = (
        *dict.fromkeys(cite(citation, report.lang) for citation in finding.provisions),
        *(f"{phrase('do', report.lang)}: {text}" for text in (finding.remedy,) if text and not finding.firm),
        *(f"{phrase('answers', report.lang)}: {text}" for text in (finding.responsible,) if text),
        *finding.questions,
        *finding.notes,
    )
    return {
        "uuid": _id("observation", key),
        "title": _title(finding.title),
        "description": _text(finding.message),
        "props": [*_props(told)],
        **_filled("links", [{"href": link, "rel": "reference"} for link in links]),
        "methods": ["TEST"],
        "types": ["finding" if finding.firm else "discovery"],
        "subjects": [{"subject-uuid": _id("subject", finding.subject), "type": "inventory-item"}],
        **_filled("relevant-evidence", [*facts, *waits]),
        "collected": _moment(finding.as_of),
        "remarks": _text("\n\n".join(remarks)),
    }


def _finding(key: str, finding: Finding) -> dict[str, Any]:
    return {
        "uuid": _id("finding", key),
        "title": _title(finding.title),
        "description": _text(finding.message),
        "target": {
            "type": "objective-id",
            "target-id": _token(finding.rule),
            "status": {"state": "not-satisfied", "reason": "fail"},
        },
        "related-observations": [{"observation-uuid": _id("observation", key)}],
        "related-risks": [{"risk-uuid": _id("risk", key)}],
    }


def _risk(key: str, finding: Finding, lang: str) -> dict[str, Any]:
    """Tell what is to be done about a finding as the responses to a risk, each way out as one of its own."""
    ways = [finding.remedy, *ways_out(finding)]
    remedies = [
        {
            "uuid": _id("remediation", f"{key}.{number}"),
            "lifecycle": "recommendation",
            "title": phrase("do", lang),
            "description": _text(way),
        }
        for number, way in enumerate(ways)
        if way
    ]
    return {
        "uuid": _id("risk", key),
        "title": _title(finding.title),
        "description": _text(finding.message),
        "statement": _text(finding.message),
        "status": "open",
        **_filled("remediations", remedies),
        "related-observations": [{"observation-uuid": _id("observation", key)}],
    }


def _unread(report: Report) -> Iterator[dict[str, Any]]:
    for number, rejected in enumerate(report.rejected):
        yield {
            "uuid": _id("rejected", f"{number} {rejected['where']} {rejected['reason']}"),
            "title": phrase("rejected", report.lang),
            "description": _text(f"{rejected['where']}: {rejected['reason']}"),
            "methods": ["EXAMINE"],
            "types": ["discovery"],
            "collected": _moment(_last(report)),
        }


def _item(line: SubjectLine) -> dict[str, Any]:
    told = {"id": line.id, "kind": line.kind, "as-of": line.as_of.isoformat()}
    return {"uuid": _id("subject", line.id), "description": _text(line.title), "props": [*_props(told)]}


def _reviewed(report: Report) -> dict[str, Any]:
    rules = sorted({verdict.rule for verdict in report.verdicts} | {finding.rule for finding in report.findings})
    return {"include-controls": [{"control-id": _token(rule)} for rule in rules]} if rules else {"include-all": {}}


def _rulebook(plan: str, report: Report) -> dict[str, Any]:
    packs = "; ".join(f"{pack['pack']} {pack['version']} ({pack['digest']})" for pack in report.rulebook)
    return {"uuid": plan, "title": _title(phrase("rulebook", report.lang)), "description": _text(packs)}


def _last(report: Report) -> date:
    return max((line.as_of for line in report.subjects), default=date.min)


def _moment(day: date) -> str:
    """Return the first moment of a day in Viet Nam."""
    return f"{day.isoformat()}T00:00:00+07:00"


def _id(kind: str, key: str) -> str:
    return str(uuid5(_OURS, f"{kind} {key}"))


def _token(rule: str) -> str:
    """Return the id of a rule as a token, which begins with a letter or an underscore."""
    return rule if rule[:1].isalpha() else f"_{rule}"


def _props(told: dict[str, str]) -> Iterator[dict[str, str]]:
    """Yield properties of ours; OSCAL wants their values in one line, and not empty."""
    for name, value in told.items():
        if line := clean(seen(value)):
            yield {"name": name, "ns": NAMESPACE, "value": line}


def _filled(name: str, value: Any) -> dict[str, Any]:
    """Return a member, unless it is empty: OSCAL knows no empty lists."""
    return {name: value} if value else {}


def _text(text: str) -> str:
    return _MARKUP.sub(r"\\\1", seen(text))


def _title(text: str) -> str:
    return clean(_text(text)) or "–"
