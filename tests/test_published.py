"""Published cases: what an authority decided of a real decision comes out, as far as the press printed what it rests on.

Where only a year or a day of publication is printed, the law of that day judges; docs/published-cases.md tells the cases.
"""

import re
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from cadre_rules import check, load_rulebook
from cadre_rules.dossier.kinds import Dossier
from cadre_rules.dossier.subjects import subjects_of
from cadre_rules.findings import Report
from cadre_rules.judging import AsOf, judge_of
from cadre_rules.rulebook.model import Rulebook
from cadre_rules.rulebook.yaml import read_yaml
from cadre_rules.sources.files import Rejected, read_dossiers
from small import PACKS, TODAY, vn

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "fixtures/published"
PAGE = ROOT / "docs/published-cases.md"

Found: TypeAlias = set[tuple[str, str, str]]
"""Rule, level, subject."""

TODAYS: AsOf = "decision"  # a dossier without a day of decision is judged by the law of today
CASES: list[tuple[str, AsOf, Found]] = [
    (
        "c01",
        "decision",
        {
            (f"thanh-hoa-{lacking}", "violation", subject)
            for lacking in ("years-in-field", "intermediate-theory", "state-management")
            for subject in ("c01-1", "c01-2")
        },
    ),
    ("c02", "decision", set()),
    ("c07", date(2017, 1, 1), {("reappointment-before-term-end", "violation", "c07-4")}),
    ("c07", date(2017, 12, 18), {("reappointment-before-term-end", "violation", "c07-4")}),
    (
        "c07",
        date(2020, 1, 22),
        {
            ("party-policy-before-process", "violation", "c07-2"),
            ("reappointment-before-term-end", "violation", "c07-4"),
        },
    ),
    ("c09", TODAYS, {("recruitment-decision-on-file", "violation", "c09-2")}),
    ("c10", date(2024, 1, 31), set()),
    ("c13", date(2013, 1, 1), set()),
    ("c13", date(2013, 12, 31), set()),
    ("c13", date(2020, 1, 1), {("recruitment-by-exam-or-exemption", "violation", "c13-2")}),
    ("c15", TODAYS, {("untrue-file", "violation", "c15")}),
    ("c17", date(2021, 1, 1), set()),
    ("c17", date(2021, 12, 31), set()),
    ("c18", date(2015, 1, 1), set()),
    ("c18", date(2018, 12, 31), set()),
    ("c18", date(2019, 9, 23), set()),
    ("c18", date(2023, 7, 11), {("organising-staff-qualities", "judgement_needed", "c18-2")}),
    ("c19", date(2017, 1, 1), set()),
    ("c19", date(2017, 12, 18), set()),
    ("c19", date(2019, 9, 23), set()),
    (
        "c19",
        date(2023, 7, 11),
        {
            ("organising-staff-qualities", "judgement_needed", "c19-2"),
            ("organising-staff-qualities", "judgement_needed", "c19-3"),
            ("organising-staff-kin", "indicator", "c19-2"),
            ("organising-staff-kin", "indicator", "c19-3"),
        },
    ),
    ("c23", date(2017, 1, 1), set()),
    ("c23", date(2017, 12, 31), set()),
    ("c23", date(2020, 1, 1), {("appointee-was-recruited", "violation", "c23")}),
    ("c24", date(2011, 1, 1), set()),
    ("c24", date(2011, 12, 31), set()),
    ("c26", TODAYS, set()),
    ("c27", "decision", {("state-discipline-bars-appointment", "violation", "c27")}),
    ("c28", "decision", {("state-discipline-bars-appointment", "violation", "c28")}),
    ("c29", "decision", set()),
    ("c30", "decision", set()),
    ("c32", "decision", set()),
    ("c33", "decision", set()),
]
"""Case, whose law judges, and all that is found at a level other than information_missing."""

OUTCOMES: list[tuple[str, AsOf, str, str, str]] = [
    ("c10", date(2024, 1, 31), "c10", "appointment-file-complete", "undetermined"),
    ("c15", TODAYS, "c15", "right-procedure-wrong-person", "not_applicable"),
    ("c18", date(2019, 9, 23), "c18-1", "kin-in-linked-posts", "satisfied"),
    ("c18", date(2019, 9, 23), "c18-2", "kin-in-linked-posts", "satisfied"),
    ("c18", date(2019, 9, 23), "c18-3", "kin-in-linked-posts", "satisfied"),
    ("c18", date(2023, 7, 11), "c18-1", "kin-of-the-head-in-13-sectors", "satisfied"),
    ("c18", date(2023, 7, 11), "c18-1", "kin-in-one-collective", "undetermined"),
    ("c19", date(2019, 9, 23), "c19-1", "kin-in-linked-posts", "satisfied"),
    ("c19", date(2019, 9, 23), "c19-2", "kin-in-linked-posts", "satisfied"),
    ("c19", date(2019, 9, 23), "c19-3", "wider-kin-in-linked-posts", "satisfied"),
    ("c19", date(2023, 7, 11), "c19-1", "kin-of-the-head-in-13-sectors", "satisfied"),
    ("c19", date(2023, 7, 11), "c19-1", "kin-in-one-collective", "undetermined"),
    ("c19", date(2023, 7, 11), "c19-2", "wider-kin-under-114", "satisfied"),
    ("c19", date(2023, 7, 11), "c19-3", "wider-kin-under-114", "undetermined"),
    ("c26", TODAYS, "c26-1", "deputies-within-ceiling", "undetermined"),
    ("c26", TODAYS, "c26-2", "deputies-within-ceiling", "undetermined"),
    ("c27", "decision", "c27", "no-higher-post-after-discipline", "satisfied"),
    ("c28", "decision", "c28", "no-higher-post-after-discipline", "satisfied"),
    ("c29", "decision", "c29", "state-discipline-bars-appointment", "satisfied"),
    ("c30", "decision", "c30", "state-discipline-bars-appointment", "satisfied"),
]
"""Case, whose law judges, subject, rule and how it comes out: a rule that is met, or one that waits for what was not printed."""

COMPOSITION: Found = {
    ("woman-in-leadership", "violation", "btv-long-an-2020-nu"),
    ("women-deputies", "target_missed", "hdnd-tinh-2021-nu"),
    ("women-deputies", "target_missed", "hdnd-xa-2021-nu"),
    ("women-deputies", "target_missed", "hdnd-dak-nong-2021-nu"),
    ("women-in-committees", "target_missed", "bch-tinh-2020-nu"),
    ("women-in-committees", "target_missed", "bch-can-tho-2020-nu"),
    ("congress-women", "target_missed", "bch-can-tho-2020-nu"),
}
ENOUGH_WOMEN = "lao-cai-2015 phu-yen-2015 quang-ninh-2015 lam-dong-2015 kien-giang-2015 can-tho-2016 tinh-2020"
"""Committees that meet the share of the congress directive of their day."""

SHARES = [
    ("c32", "nu", "women_share", 26_81),
    ("c32", "dan-toc", "minority_share", 17_33),
    ("c32", "duoi-40", "under_40_share", 14_31),
    ("composition", "hdnd-can-tho-2016-nu", "women_share", 23_63),
    ("composition", "hdnd-bac-giang-2016-nu", "women_share", 21_17),
    ("composition", "bi-thu-2025-dan-toc", "minority_share", 11_76),
]
"""Shares are cut, not rounded, to a hundredth of a percent: 17.339 % is 17.33 here and 17.34 in print."""


@cache
def book(case: str) -> Rulebook:
    return load_rulebook(PACKS / "published") if case == "c01" else vn()


@cache
def dossiers(case: str) -> tuple[Dossier, ...]:
    (path,) = (path for path in FOLDER.glob("*.yaml") if re.match(rf"{case}\b", path.stem))
    read = tuple(read_dossiers(str(path)))
    stated = tuple(dossier for dossier in read if not isinstance(dossier, Rejected))
    assert read == stated
    return stated


@cache
def report(case: str, as_of: AsOf) -> Report:
    return check(list(dossiers(case)), book(case), as_of=as_of, today=TODAY)


def outcome(case: str, as_of: AsOf, subject: str, rule: str) -> str:
    subjects = [s for dossier in dossiers(case) for s in subjects_of(dossier) if s.id == subject]
    (one,) = (j for j in judge_of(book(case)).judgements(subjects, as_of, TODAY, "durable") if j.piece.rule.id == rule)
    return one.outcome


def plain(name: str) -> Any:
    read, problems = read_yaml((ROOT / name).read_text("utf-8"), ROOT / name)
    assert problems == []
    return read.value


def test_every_case_is_in_the_table_and_on_the_page() -> None:
    files = {path.stem.split("-")[0] for path in FOLDER.glob("*.yaml")} - {"composition"}
    assert files == {case for case, _, _ in CASES}
    assert files == {case.lower() for case in re.findall(r"^\| (C\d+) ", PAGE.read_text("utf-8"), re.MULTILINE)}


@pytest.mark.parametrize(("case", "as_of", "expected"), CASES, ids=[f"{case} by {as_of}" for case, as_of, _ in CASES])
def test_the_case_comes_out_as_the_authority_decided(case: str, as_of: AsOf, expected: Found) -> None:
    assert {(f.rule, f.level, f.subject) for f in report(case, as_of).findings if f.level != "information_missing"} == expected


@pytest.mark.parametrize(("case", "as_of", "subject", "rule", "expected"), OUTCOMES)
def test_the_rule_is_met_or_waits(case: str, as_of: AsOf, subject: str, rule: str, expected: str) -> None:
    assert outcome(case, as_of, subject, rule) == expected


def test_the_page_names_each_rule_that_found_something() -> None:
    lines = {line[2:5].lower(): line for line in PAGE.read_text("utf-8").splitlines() if re.match(r"\| C\d\d ", line)}
    for case, _, expected in CASES:
        for rule, _, _ in expected:
            assert f"`{rule}`" in lines[case], (case, rule)


def test_papers_not_printed_are_asked_for() -> None:
    waits = {f.rule: f.waits_for for f in report("c10", date(2024, 1, 31)).findings}["appointment-file-complete"]
    assert ("documents",) in {wait.missing for ways in waits for wait in ways}


def test_a_ceiling_not_printed_is_asked_for() -> None:
    waits = {f.rule: f.waits_for for f in report("c26", TODAYS).findings if f.subject == "c26-1"}["deputies-within-ceiling"]
    assert ("deputies_allowed",) in {wait.missing for ways in waits for wait in ways}


def test_a_finding_keeps_its_mark_until_it_is_remedied() -> None:
    (path,) = FOLDER.glob("c09*.yaml")
    (raw,) = (dict(dossier) for dossier in plain(str(path))["dossiers"] if dossier["id"] == "c09-2")
    (before,) = (f.fingerprint for f in check(raw, book("c09"), today=TODAY).of_level("violation"))
    (still,) = (f.fingerprint for f in check(raw | {"title": "Rà soát lại"}, book("c09"), today=TODAY).of_level("violation"))
    remedied = raw | {"documents": [{"kind": "quyết định tuyển dụng"}]}
    assert still == before
    assert before not in {f.fingerprint for f in check(remedied, book("c09"), today=TODAY).findings}


def test_with_the_steps_on_file_an_untrue_file_is_the_right_procedure_and_the_wrong_person() -> None:
    raw = dict(plain("fixtures/clean-appointment.yaml"))
    raw["person"] = {**raw["person"], "file_untrue": True}
    found = {(f.rule, f.level) for f in check(raw, book("c15"), today=TODAY).findings}
    assert found == {("untrue-file", "violation"), ("right-procedure-wrong-person", "indicator")}


@pytest.mark.parametrize("form", ["khiển trách", "cảnh cáo", "hạ bậc lương"])
def test_each_lighter_form_allows_an_equal_post_since_the_amendment_and_none_before(form: str) -> None:
    (path,) = FOLDER.glob("c29*.yaml")
    for decided, expected in (("05/10/2020", "satisfied"), ("29/06/2020", "violated")):
        raw = dict(plain(str(path)))
        discipline = [{**raw["person"]["discipline"][0], "form": form, "decided_on": "03/02/2020", "effective_on": "03/02/2020"}]
        raw |= {"person": {"discipline": discipline}, "days": {"decided": decided}}
        found = {f.rule for f in check(raw, book("c29"), today=TODAY).of_level("violation")}
        assert ("state-discipline-bars-appointment" in found) == (expected == "violated"), decided


@pytest.mark.parametrize("decided", ["16/06/2018", "01/07/2018", "15/07/2018", "31/12/2018"])
def test_which_day_of_the_printed_year_does_not_matter_to_the_warned_chair(decided: str) -> None:
    (path,) = FOLDER.glob("c27*.yaml")
    raw = dict(plain(str(path))) | {"days": {"decided": decided}}
    assert {f.rule for f in check(raw, book("c27"), today=TODAY).of_level("violation")} == {"state-discipline-bars-appointment"}


def test_published_figures_miss_and_meet_their_targets() -> None:
    made = report("composition", "decision")
    missed = {(f.rule, f.level, f.subject.split("/")[1]) for f in made.findings if f.level in ("violation", "target_missed")}
    assert missed == COMPOSITION
    enough = {met.subject for met in made.met if met.rule == "congress-women"}
    assert enough == {f"composition/bch-{place}-nu" for place in ENOUGH_WOMEN.split()}


@pytest.mark.parametrize(("case", "figure", "fact", "points"), SHARES)
def test_a_share_is_counted_from_the_people_not_copied_from_print(case: str, figure: str, fact: str, points: int) -> None:
    (subject,) = (s for dossier in dossiers(case) for s in subjects_of(dossier) if s.id.endswith(f"/{figure}"))
    judge = judge_of(book(case))
    judged = next(iter(judge.judgements([subject], date(2026, 9, 1), TODAY, "plain")))
    assert judged.bench.row[fact] == points


def test_the_secretaries_who_are_not_local_are_nine_of_thirteen() -> None:
    ((figure,),) = ((figure for figure in getattr(dossier, "figures", ())) for dossier in dossiers("c33"))
    assert (figure.part, figure.whole) == (9, 13)
    assert figure.part * 10_000 // figure.whole == 69_23
