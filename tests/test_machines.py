"""SARIF, JUnit and OSCAL: valid by the schemas of their makers, true to the report, inert, the same every time."""

import json
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
import xmlschema

from cadre_rules import check
from cadre_rules.cli import main
from cadre_rules.findings import Report
from cadre_rules.reports.junit import render_junit
from cadre_rules.reports.oscal import render_oscal
from cadre_rules.reports.sarif import render_sarif
from cadre_rules.reports.text import ways_out
from planting import planted, raw_fixtures
from small import vn

pytestmark = pytest.mark.once
SCHEMAS = Path(__file__).parent / "schemas"
HOSTILE = (
    "<script>alert(1)</script>",
    "]]> & <!-- ' \" -->",
    "=cmd|' /C calc'!A0",
    "\u202egnp.exe\u202c \u2066x",
    "\x00\x0b\x1b[31m \ufffe \x85",
    "[press](javascript:alert(1)) ![x](http://example.org/x.png) {{ insert: param, x }} {0}",
    "A" * 10_000,
)
MARKUP = ("title", "description", "statement", "remarks")
"""Members that OSCAL's consumers take for Markdown."""

RENDER: dict[str, Callable[[Report], str | bytes]] = {"sarif": render_sarif, "junit": render_junit, "oscal": render_oscal}


@cache
def sarif_schema() -> jsonschema.Draft4Validator:
    return jsonschema.Draft4Validator(json.loads((SCHEMAS / "sarif-2.1.0-rtm.5.json").read_text("utf-8")))


@cache
def junit_schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(SCHEMAS / "junit-10.xsd")


def valid(kind: str, rendered: str | bytes) -> Any:
    """Return a rendered report as its consumer reads it, once its maker's schema takes it."""
    match kind:
        case "sarif":
            sarif_schema().validate(read := json.loads(rendered))
            return read
        case "junit":
            junit_schema().validate(root := ET.fromstring(rendered))
            return root
        case _:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what its own libraries deprecate is not ours
                from trestle.oscal.assessment_results import Model

            Model.model_validate_json(rendered)
            return json.loads(rendered)["assessment-results"]


@cache
def report_of_fixtures(lang: str) -> Report:
    raw = {dossier["id"]: dossier for dossier in raw_fixtures()}
    return check(list(raw.values()), vn(), lang="vi" if lang == "vi" else "en")


def hostile_report(text: str) -> Report:
    raw = next(dossier for dossier in raw_fixtures() if dossier["id"] == "hs-2024-117")
    return check(planted(raw, lambda _path: text), vn())


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("kind", RENDER)
def test_every_finding_of_the_fixtures_is_in_a_file_its_makers_schema_takes(kind: str, lang: str) -> None:
    report = report_of_fixtures(lang)
    read = valid(kind, RENDER[kind](report))
    match kind:
        case "sarif":
            assert [result["partialFingerprints"]["cadreRules/v1"] for result in read["runs"][0]["results"]] == [
                finding.fingerprint for finding in report.findings
            ]
        case "junit":
            assert len(read.findall(".//failure")) + len(read.findall(".//skipped")) >= len(report.findings)
        case _:
            assert len(read["results"][0]["observations"]) == len(report.findings)


@pytest.mark.parametrize("kind", RENDER)
def test_only_what_is_proven_counts_as_failed(kind: str) -> None:
    report = report_of_fixtures("vi")
    firm = [finding for finding in report.findings if finding.firm]
    assert {finding.level for finding in firm} == {"violation", "exception_needed", "target_missed"}
    read = valid(kind, RENDER[kind](report))
    match kind:
        case "sarif":
            failed = [r for r in read["runs"][0]["results"] if r["level"] in ("error", "warning")]
            assert [r["partialFingerprints"]["cadreRules/v1"] for r in failed] == [f.fingerprint for f in firm]
        case "junit":
            assert int(read.get("failures")) == len({(f.subject, f.rule) for f in firm})
        case _:
            assert len(read["results"][0]["findings"]) == len(firm)


def texts_of(value: Any, names: tuple[str, ...]) -> Iterator[str]:
    """Yield every text that stands under one of some names."""
    match value:
        case dict():
            for name, inner in value.items():
                yield from [inner] if name in names and isinstance(inner, str) else texts_of(inner, names)
        case list():
            for inner in value:
                yield from texts_of(inner, names)


@pytest.mark.parametrize(
    ("changes", "kind", "shown", "failures"),
    [
        ({"level": "violation"}, "fail", "error", 1),
        ({"level": "exception_needed"}, "fail", "error", 1),
        ({"level": "target_missed"}, "fail", "warning", 1),
        ({"level": "indicator"}, "fail", "note", 0),
        ({"level": "judgement_needed"}, "review", "none", 0),
        ({"level": "information_missing"}, "open", "none", 0),
        ({"level": "information_missing", "provisional": True}, "open", "none", 0),
        ({"level": "violation", "provisional": True}, "review", "none", 0),
    ],
)
def test_a_level_is_what_each_format_makes_of_it(changes: dict[str, Any], kind: str, shown: str, failures: int) -> None:
    finding = replace(report_of_fixtures("vi").findings[0], **({"provisional": False} | changes))
    report = replace(report_of_fixtures("vi"), findings=(finding,), verdicts=())
    result = valid("sarif", render_sarif(report))["runs"][0]["results"][0]
    assert (result["kind"], result["level"]) == (kind, shown)
    root = valid("junit", render_junit(report))
    assert (len(root.findall(".//failure")), len(root.findall(".//skipped"))) == (failures, 1 - failures)
    assert ("findings" in valid("oscal", render_oscal(report))["results"][0]) is bool(failures)


@pytest.mark.parametrize("kind", RENDER)
@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:20])
def test_hostile_input_is_only_text(kind: str, text: str) -> None:
    rendered = RENDER[kind](hostile_report(text))
    read = valid(kind, rendered)
    written = rendered.decode() if isinstance(rendered, bytes) else rendered
    assert not any(mark in written for mark in "\u202e\u2066\x00\x0b\x1b\ufffe\x85")
    match kind:
        case "junit":
            assert {element.tag for element in read.iter()} <= {
                *("testsuites", "testsuite", "properties", "property", "testcase", "failure", "skipped")
            }
        case "sarif":
            assert not any(re.search(r"(?<!\\)\[[^\]]*\]\(|(?<!\{)\{(\{\{)*(?!\{)", text) for text in texts_of(read, ("text",)))
        case _:
            assert not any(re.search(r"(?<!\\)[<\[{]", text) for text in texts_of(read, MARKUP))


@pytest.mark.parametrize("kind", RENDER)
def test_the_same_input_gives_the_same_bytes(kind: str) -> None:
    raw = [dossier for dossier in raw_fixtures() if dossier["id"] == "hs-2024-117"]
    first, second = (RENDER[kind](check(raw, vn())) for _ in (1, 2))
    assert first == second


def test_oscals_identifiers_are_each_used_once() -> None:
    results = json.loads(render_oscal(report_of_fixtures("vi")))["assessment-results"]["results"][0]
    uuids = [one["uuid"] for key in ("observations", "risks", "findings") for one in results[key]]
    uuids += [item["uuid"] for item in results["local-definitions"]["inventory-items"]]
    uuids += [remedy["uuid"] for risk in results["risks"] for remedy in risk.get("remediations", ())]
    assert len(uuids) == len(set(uuids))


def test_a_rule_that_holds_is_a_case_that_passes() -> None:
    report = report_of_fixtures("vi")
    root = valid("junit", render_junit(report))
    held = {(v.subject, v.rule) for v in report.verdicts if v.outcome in ("satisfied", "excepted")}
    passed = {(case.get("classname"), case.get("name")) for case in root.findall(".//testcase") if not len(case)}
    assert passed == held - {(f.subject, f.rule) for f in report.findings}


@pytest.mark.parametrize("kind", RENDER)
def test_a_file_that_cannot_be_read_is_told_in_the_file_too(kind: str, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("kind: appointment\nid: a\ndecision: nonsense\n", "utf-8")
    assert main(["check", str(bad), "--format", kind, "--output", str(tmp_path / "report")]) == 3
    read = valid(kind, (tmp_path / "report").read_text("utf-8") if kind != "junit" else (tmp_path / "report").read_bytes())
    told = {
        "sarif": lambda: read["runs"][0]["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"],
        "junit": lambda: read.find(".//error").get("message"),
        "oscal": lambda: read["results"][0]["observations"][0]["description"],
    }[kind]()
    assert "is not a known code" in told


def test_sarif_names_the_file_a_dossier_stands_in(tmp_path: Path) -> None:
    path = tmp_path / "hồ sơ 1.yaml"
    path.write_text((Path(__file__).parent.parent / "fixtures/five-breaches.yaml").read_text("utf-8"), "utf-8")
    assert main(["check", str(path), "--format", "sarif", "--output", str(tmp_path / "report")]) == 1
    places = json.loads((tmp_path / "report").read_text("utf-8"))["runs"][0]["results"][0]["locations"][0]
    assert places["physicalLocation"]["artifactLocation"]["uri"].endswith("/h%E1%BB%93%20s%C6%A1%201.yaml")
    assert places["logicalLocations"][0]["fullyQualifiedName"] == "hs-2024-117"


def test_what_would_mend_a_finding_goes_with_it() -> None:
    raw = [dossier for dossier in raw_fixtures() if dossier["id"] == "hs-2024-117"]
    report = check(raw, vn(), mending=True, today=date(2024, 11, 1))
    ways = [way for finding in report.findings for way in ways_out(finding)]
    firm = [way for finding in report.findings if finding.firm for way in ways_out(finding)]
    assert firm
    results = valid("sarif", render_sarif(report))["runs"][0]["results"]
    assert [way for result in results for way in result["properties"].get("mendedBy", ())] == ways
    risks = valid("oscal", render_oscal(report))["results"][0]["risks"]
    assert sum(len(risk["remediations"]) for risk in risks) == len(firm) + len(risks)
    assert all(way in render_junit(report).decode() for way in ways)
