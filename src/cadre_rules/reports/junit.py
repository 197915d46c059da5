"""A report as JUnit XML, in the form Jenkins' xUnit plug-in takes, for build servers and dashboards.

A suite is a subject, a case a rule that applied to it. A rule known not to be met fails its case (`type` is the level), unless
its text was not read in full; what is undetermined, left to people, provisional or a mere indicator skips it, and says why: a
build server stops on failures, and only what is proven may stop anything. A dossier that could not be read is an error.
"""

from collections import defaultdict
from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from cadre_rules.findings import Finding, Report, SubjectLine, Verdict
from cadre_rules.names import seen
from cadre_rules.reports.text import cite, ways_out
from cadre_rules.wording import phrase


def render_junit(report: Report) -> bytes:
    """Return a report as JUnit XML in UTF-8; the same report gives the same bytes."""
    found: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in report.findings:
        found[finding.subject, finding.rule].append(finding)
    cases: dict[str, list[tuple[str, list[Finding]]]] = defaultdict(list)
    for subject, rule in sorted({(v.subject, v.rule) for v in report.verdicts} | found.keys()):
        cases[subject].append((rule, found.get((subject, rule), [])))
    open_ones = {(v.subject, v.rule): v for v in report.verdicts if v.outcome == "undetermined"}
    root = Element("testsuites", name="cadre-rules")
    known = [line.id for line in report.subjects]
    lines = {line.id: line for line in report.subjects}
    for subject in dict.fromkeys((*known, *cases)):
        _suite(root, subject, lines.get(subject), cases[subject], open_ones, report)
    if report.rejected:
        _unread(root, report)
    for count in ("tests", "failures", "errors"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    indent(root, " ")
    written: bytes = tostring(root, "utf-8", xml_declaration=True)
    return written + b"\n"


def _suite(
    root: Element,
    subject: str,
    line: SubjectLine | None,
    cases: list[tuple[str, list[Finding]]],
    open_ones: dict[tuple[str, str], Verdict],
    report: Report,
) -> None:
    suite = SubElement(root, "testsuite", name=seen(subject))
    properties = SubElement(suite, "properties")
    source = report.source_of(subject)
    if line is not None:
        told = {"title": line.title, "kind": line.kind, "as_of": line.as_of.isoformat(), **({"file": source} if source else {})}
        for name, value in told.items():
            SubElement(properties, "property", name=name, value=seen(value))
    for rule, findings in cases:
        case = SubElement(suite, "testcase", classname=seen(subject), name=rule)
        for finding in findings:
            kind = "failure" if finding.firm else "skipped"
            message = f"{phrase(finding.level, report.lang)}: {finding.message}"
            mark = SubElement(case, kind, type=_type(finding), message=seen(message))
            mark.text = seen("\n".join(_told(finding, report.lang)))
        if not findings and (subject, rule) in open_ones:
            SubElement(case, "skipped", type="undetermined", message=phrase("undetermined", report.lang))
    _count(suite)


def _unread(root: Element, report: Report) -> None:
    suite = SubElement(root, "testsuite", name=phrase("rejected", report.lang))
    for rejected in report.rejected:
        case = SubElement(suite, "testcase", classname="rejected", name=seen(rejected["where"]))
        SubElement(case, "error", type="rejected", message=seen(rejected["reason"]))
    _count(suite)


def _count(suite: Element) -> None:
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    for name, mark in (("failures", "failure"), ("errors", "error")):
        suite.set(name, str(sum(case.find(mark) is not None for case in cases)))
    suite.set("skipped", str(sum(case.find("skipped") is not None and case.find("failure") is None for case in cases)))


def _type(finding: Finding) -> str:
    return f"{finding.level} (provisional)" if finding.provisional else finding.level


def _told(finding: Finding, lang: str) -> Iterator[str]:
    yield finding.title
    if finding.provisional:
        yield phrase("provisional", lang)
    yield from (f"{one.label}: {one.text}" + (f" [{one.place}]" if one.place else "") for one in finding.evidence)
    yield from dict.fromkeys(cite(citation, lang) for citation in finding.provisions)
    yield from (f"{phrase('do', lang)}: {text}" for text in (finding.remedy, *ways_out(finding)) if text)
    yield from (f"{phrase('answers', lang)}: {text}" for text in (finding.responsible,) if text)
    yield from (*finding.questions, *finding.notes)
    yield f"{finding.rule_version} {finding.fingerprint}"
