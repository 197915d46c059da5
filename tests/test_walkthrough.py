"""The same file judged by the law of ten days, and the rules in force on six: as the page says, and as the timelines do."""

import importlib.util
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest

from cadre_rules.catalogue import rules_as_text, rules_in_force
from cadre_rules.cli import main
from small import vn

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.once

CHANGES = {
    ("2023-07-11", "kin-in-one-collective", "–", "exception needed"),
    ("2024-09-17", "policy-answer-in-time", "–", "information missing"),
    ("2025-07-01", "state-discipline-bars-appointment", "information missing", "–"),
    ("2025-10-08", "progress-found-after-discipline", "–", "violation"),
    ("2026-08-01", "health-certificate-fresh", "violation", "–"),
    ("2026-08-01", "appointment-papers-fresh", "–", "exception needed"),
}
"""Day, rule, what was said the day before, what is said on the day."""

TOPICS: dict[str, tuple[set[str], set[str]]] = {
    "2019-10-01": (
        {"kin", "power-control", "committee-structure", "reappointment"},
        {"recruitment", "women", "exam", "leap-frog"},
    ),
    "2021-06-01": (
        {"recruitment", "women", "exam", "leap-frog", "file", "locality"},
        {"confidence", "evaluation", "consultation"},
    ),
    "2023-08-01": ({"confidence", "planning", "omission", "rotation", "standards"}, {"evaluation", "consultation"}),
    "2025-08-01": ({"kin", "planning", "standards", "discipline", "young"}, {"consultation"}),
    "2026-02-01": ({"consultation", "deputies", "training", "women-led"}, set()),
    "2026-09-01": ({"consultation", "deputies", "file", "process", "discipline"}, set()),
}
"""Day, and topics with a rule in force on it, and without."""

RULES: dict[str, tuple[set[str], set[str]]] = {
    "2019-10-01": ({"kin-in-linked-posts", "nothing-after-a-leaving-notice", "first-appointment-age"}, {"kin-in-one-collective"}),
    "2021-06-01": (
        {"process-five-steps", "district-secretary-not-local", "training-after-discipline"},
        {"first-appointment-age"},
    ),
    "2023-08-01": (
        {"kin-in-one-collective", "party-five-steps", "planning-young-share"},
        {"kin-in-linked-posts", "policy-answer-in-time"},
    ),
    "2025-08-01": (
        {"policy-answer-in-time", "process-five-steps", "commune-secretary-not-local"},
        {"district-secretary-not-local"},
    ),
    "2026-02-01": ({"progress-found-after-discipline", "provincial-chairs-not-local", "untrue-file"}, {"party-five-steps"}),
    "2026-09-01": ({"process-four-steps", "recent-ratings-good", "appointment-papers-fresh"}, {"process-five-steps"}),
}
"""Day, and rules in force on it, and not."""


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def table() -> dict[str, dict[str, str]]:
    """Return the page's table: rule, day, level."""
    lines = [line for line in (ROOT / "docs/walkthrough.md").read_text("utf-8").splitlines() if line.startswith("| ")]
    (_, *days), *rows = ([cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines)
    return {rule: dict(zip(days, cells, strict=True)) for rule, *cells in rows}


def test_the_page_says_what_is_found() -> None:
    assert generator().walkthrough() == (ROOT / "docs/walkthrough.md").read_text("utf-8"), "run docs/generate.py"


@pytest.mark.parametrize(("day", "rule", "before", "after"), sorted(CHANGES))
def test_the_finding_turns_on_the_day_its_text_does(day: str, rule: str, before: str, after: str) -> None:
    said = table()[rule]
    eve = max(other for other in said if other < day)
    assert (said[eve], said[day]) == (before, after)


@pytest.mark.parametrize("day", TOPICS)
def test_the_rules_of_a_day_are_listed_by_topic(day: str, capsys: pytest.CaptureFixture[str]) -> None:
    book = vn()
    topics = rules_in_force(book, date.fromisoformat(day))
    (there, absent), (rules, gone) = TOPICS[day], RULES[day]
    assert there <= topics.keys()
    assert not absent & topics.keys()
    names = [rule.id for listed in topics.values() for rule in listed]
    assert len(names) == len(set(names)), "two versions of one rule on one day"
    assert rules <= set(names)
    assert not gone & set(names)
    assert main(["rules", "--on", day, "--lang", "en"]) == 0
    assert capsys.readouterr().out.splitlines() == list(rules_as_text(book, date.fromisoformat(day), "en"))
