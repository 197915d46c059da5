"""The fictional files of fixtures/: what is found in each, exactly, and that the reports stay as they were read and approved.

CADRE_RULES_GOLDEN=write renews tests/golden/; look at the difference before you keep it.
"""

import os
import unicodedata
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

import pytest
from jsonschema import Draft202012Validator

from cadre_rules import check
from cadre_rules.dossier.kinds import Dossier
from cadre_rules.findings import Finding, Report
from cadre_rules.reports.text import render_text
from cadre_rules.rulebook.yaml import read_yaml
from cadre_rules.schemas import cases_schema, dossier_schema, rules_schema
from cadre_rules.sources.files import Rejected, read_dossiers
from small import vn

ROOT = Path(__file__).parent.parent
FIXTURES = ROOT / "fixtures"
GOLDEN = Path(__file__).parent / "golden"
TODAY = date(2026, 11, 23)

Lang: TypeAlias = Literal["vi", "en"]

FOUND = {
    "clean-appointment": set(),
    "decomposed-accents-and-a-year-of-birth": {
        ("no-higher-post-after-discipline", "violation", "hs-2020-nfd"),
        ("right-procedure-wrong-person", "indicator", "hs-2020-nfd"),
    },
    "district-secretary-after-the-district-ended": set(),
    "district-secretary-from-another-province": set(),
    "district-secretary-from-the-next-commune": {
        ("district-secretary-not-local", "violation", "hs-2021-014"),
        ("right-procedure-wrong-person", "indicator", "hs-2021-014"),
    },
    "district-secretary-home-town-unstated": set(),
    "exam-winner-not-appointed": {("exam-winner-appointed", "violation", "hs-2022-315")},
    "five-breaches": {
        ("deputies-within-ceiling", "violation", "hs-2024-117"),
        ("no-higher-post-after-discipline", "violation", "hs-2024-117"),
        ("petitions-handled", "violation", "hs-2024-117"),
        ("political-theory-state", "violation", "hs-2024-117"),
        ("process-quorum", "violation", "hs-2024-117"),
        ("party-process-quorum", "violation", "hs-2024-117"),
    },
    "kin-under-114-in-2024": {
        ("kin-in-one-collective", "exception_needed", "hs-2024-114"),
        ("organising-staff-qualities", "judgement_needed", "hs-2024-114"),
        ("right-procedure-wrong-person", "indicator", "hs-2024-114"),
    },
    "kin-under-205-in-2021": {
        ("kin-in-linked-posts", "violation", "hs-2021-205"),
        ("kin-in-the-process-reported", "violation", "hs-2021-205"),
    },
    "leap-frog-with-papers": set(),
    "leap-frog-without-papers": {
        ("skipped-level", "exception_needed", "hs-2023-202"),
        ("skipped-level-achievements", "violation", "hs-2023-202"),
    },
    "person-from-a-merged-province": {
        ("provincial-chairs-not-local", "violation", "hs-2025-bn-2"),
        ("other-heads-not-local", "indicator", "hs-2025-bn-2"),
        ("right-procedure-wrong-person", "indicator", "hs-2025-bn-2"),
    },
    "planning-list-without-training": {
        ("training-for-planned-title", "violation", "qh-2022-yp/e3"),
        ("planned-without-training", "violation", "qh-2022-yp/e3"),
        ("planned-without-training", "violation", "qh-2022-yp/e4"),
        ("planned-knowledge-update", "target_missed", "qh-2022-yp/e3"),
        ("planned-knowledge-update", "target_missed", "qh-2022-yp/e4"),
    },
    "reappointment-notified-late": {("reappointment-notice", "violation", "hs-2023-bnl-12")},
    "recruitment-without-exam": {
        ("recruitment-by-exam-or-exemption", "violation", "hs-2022-td-07"),
        ("recruitment-decision-on-file", "violation", "hs-2022-td-07"),
    },
    "report-figures": {
        ("women-deputies", "target_missed", "bc-tong-ket-2020-2025/nu-dai-bieu-hdnd"),
        ("missed-target-names-head", "indicator", "bc-tong-ket-2020-2025/nu-dai-bieu-hdnd"),
    },
    "right-procedure-wrong-person": {
        ("political-theory-state", "violation", "hs-2024-118"),
        ("right-procedure-wrong-person", "indicator", "hs-2024-118"),
    },
    "rotation-of-twenty-months": {
        ("rotation-lasts-three-years", "exception_needed", "hs-2022-065"),
        ("right-procedure-wrong-person", "indicator", "hs-2022-065"),
    },
    "standing-committee-without-women": {("woman-in-leadership", "violation", "btv-xa-2025")},
    "two-decisions-of-one-head": {
        ("deputies-within-ceiling", "violation", "hs-2022-nb-1"),
        ("deputies-within-ceiling", "violation", "hs-2022-nb-2"),
        ("petitions-handled", "violation", "hs-2022-nb-1"),
        ("petitions-handled", "violation", "hs-2022-nb-2"),
        (
            "breaches-add-up-under-a-head",
            "indicator",
            "Sở Văn hóa và Thể thao tỉnh Ninh Bình (Giám đốc Sở Văn hóa và Thể thao Q3)",
        ),
    },
    "unit-and-its-leaders": {
        ("group-plans-exist", "violation", "dv-2024-qp"),
        ("act-on-two-failing-years", "violation", "dv-2024-qp/ld-1"),
        ("act-on-two-failing-years-of-civil-servants", "violation", "dv-2024-qp/ld-1"),
        ("act-on-two-thirds-low-votes", "violation", "dv-2024-qp/ld-1"),
    },
}
"""All that is found at a level other than information_missing: rule, level, subject."""

OPEN = {
    "decomposed-accents-and-a-year-of-birth": {("first-appointment-age-district", "hs-2020-nfd")},
    "district-secretary-home-town-unstated": {("district-secretary-not-local", "hs-2021-016")},
    "report-figures": {("course-figures-add-up", "bc-tong-ket-2020-2025/luot-dao-tao")},
}
"""What must stay open: rule, subject. Other rules may ask these files for more as the pack grows, but never of the clean one."""


@cache
def dossiers(name: str) -> tuple[Dossier, ...]:
    read = tuple(read_dossiers(str(FIXTURES / f"{name}.yaml")))
    stated = tuple(dossier for dossier in read if not isinstance(dossier, Rejected))
    assert read == stated
    return stated


@cache
def report(name: str, lang: Lang = "vi") -> Report:
    return check(list(dossiers(name)), vn(), lang=lang, today=TODAY)


def found(name: str) -> set[tuple[str, str, str]]:
    return {(f.rule, f.level, f.subject) for f in report(name).findings if f.level != "information_missing"}


def finding(name: str, rule: str) -> Finding:
    (one,) = (f for f in report(name).findings if f.rule == rule)
    return one


def plain(value: Any) -> Any:
    """Return what YAML gave as JSON would: days as text, fractions as numbers."""
    match value:
        case dict():
            return {key: plain(part) for key, part in value.items()}
        case list():
            return [plain(part) for part in value]
        case date():
            return value.isoformat()
        case Decimal():
            return float(value)
        case _:
            return value


def document(path: Path) -> Any:
    read, problems = read_yaml(path.read_text("utf-8"), path)
    assert problems == []
    return plain(read.value)


def mistakes(schema: dict[str, Any], paths: Iterator[Path]) -> dict[str, str]:
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    return {path.name: error.message[:200] for path in paths for error in validator.iter_errors(document(path))}


def test_every_file_has_its_row() -> None:
    elsewhere = {"walkthrough"}  # tests/test_walkthrough.py
    assert {path.stem for path in FIXTURES.glob("*.yaml")} - elsewhere == set(FOUND)


@pytest.mark.once
@pytest.mark.parametrize("name", FOUND)
def test_exactly_this_is_found(name: str) -> None:
    assert found(name) == FOUND[name]


@pytest.mark.parametrize("name", OPEN)
def test_what_is_not_stated_is_not_judged(name: str) -> None:
    missing = {(f.rule, f.subject) for f in report(name).of_level("information_missing")}
    assert missing >= OPEN[name]


def test_a_complete_file_leaves_nothing_open() -> None:
    assert report("clean-appointment").findings == ()


@pytest.mark.once
@pytest.mark.parametrize("name", FOUND)
def test_every_finding_can_be_acted_on(name: str) -> None:
    for lang in ("vi", "en"):
        for one in report(name, lang).findings:
            assert one.message
            assert one.remedy
            assert one.responsible
            assert one.provisions
            assert "{" not in one.message + one.remedy + one.title
            if one.level == "information_missing":
                assert any(wait.missing for waits in one.waits_for for wait in waits), one.rule


@pytest.mark.once
@pytest.mark.parametrize("name", FOUND)
def test_the_plain_matcher_alone_finds_the_same(name: str) -> None:
    plainly = check(list(dossiers(name)), vn(), today=TODAY, engine="plain")
    assert plainly.to_json() == report(name).to_json()


def test_women_in_committees_meet_their_target_and_women_deputies_miss_theirs() -> None:
    missed = report("report-figures").of_level("target_missed")
    assert [(f.rule, f.outcome, f.provisional) for f in missed] == [("women-deputies", "violated", False)]
    assert "bc-tong-ket-2020-2025/nu-cap-uy" in {met.subject for met in report("report-figures").met}
    text = render_text(report("report-figures"))
    above, below = text.split("CHỈ TIÊU ĐÃ ĐẠT")
    assert "CHƯA ĐẠT CHỈ TIÊU" in above
    assert "30,00 %" in above
    assert "35 %" in above
    assert "24,01 %" in below


def test_the_published_counts_are_read_as_they_stand() -> None:
    (statistics,) = dossiers("report-figures")
    assert {f.id: f.whole for f in getattr(statistics, "figures", ()) if f.whole} == {"quy-hoach": 1531, "luot-dao-tao": 19196}


def test_a_district_secretary_of_local_origin_is_a_finding_and_one_from_another_province_is_not() -> None:
    assert finding("district-secretary-from-the-next-commune", "district-secretary-not-local").level == "violation"
    assert "district-secretary-not-local" not in {f.rule for f in report("district-secretary-from-another-province").findings}


def test_without_a_home_town_the_rule_stays_open_and_names_the_field() -> None:
    one = finding("district-secretary-home-town-unstated", "district-secretary-not-local")
    assert (one.outcome, one.level) == ("undetermined", "information_missing")
    assert [[wait.missing for wait in waits] for waits in one.waits_for] == [[("person.home_town",)]]
    asked = {place for place, _, _ in report("district-secretary-home-town-unstated").questions()}
    assert "hs-2021-016: person.home_town" in asked


def test_after_the_district_level_ended_its_rule_is_not_in_force() -> None:
    versions = [rule for rule in vn().rules if rule.id == "district-secretary-not-local"]
    assert versions
    assert not any(rule.in_force.covers(date(2025, 8, 1)) for rule in versions)
    later = check(list(dossiers("district-secretary-from-the-next-commune")), vn(), as_of=date(2025, 8, 1), today=TODAY)
    assert "district-secretary-not-local" not in {f.rule for f in later.findings}


def test_a_year_of_birth_alone_is_no_guess() -> None:
    name, rule = "decomposed-accents-and-a-year-of-birth", "first-appointment-age-district"
    one = finding(name, rule)
    assert (one.outcome, one.as_of) == ("undetermined", date(2020, 6, 15))
    assert "person.birth_date" in {place for waits in one.waits_for for wait in waits for place in wait.missing}
    raw = document(FIXTURES / f"{name}.yaml")
    for born, outcome in (("1973", "violated"), ("1976", None), ("15/06/1974", "violated"), ("16/06/1975", None)):
        raw["person"]["birth_date"] = born
        judged = check(raw, vn(), today=TODAY)
        assert next((f.outcome for f in judged.findings if f.rule == rule), None) == outcome, born


def test_decomposed_accents_read_as_composed_ones(tmp_path: Path) -> None:
    name = "decomposed-accents-and-a-year-of-birth"
    text = (FIXTURES / f"{name}.yaml").read_text("utf-8")
    composed = unicodedata.normalize("NFC", text)
    assert composed != text
    twin = tmp_path / "twin.yaml"
    twin.write_text(composed, "utf-8")
    judged = check([d for d in read_dossiers(str(twin)) if not isinstance(d, Rejected)], vn(), today=TODAY)
    assert judged.to_json() == report(name).to_json()


def test_one_family_is_judged_by_the_regulation_of_its_day() -> None:
    numbers = {
        name: {citation.number for f in report(name).findings if f.topic == "kin" for citation in f.provisions}
        for name in ("kin-under-205-in-2021", "kin-under-114-in-2024")
    }
    assert numbers == {"kin-under-205-in-2021": {"205-QĐ/TW"}, "kin-under-114-in-2024": {"114-QĐ/TW"}}


def test_a_merged_province_stays_home_only_after_the_merger() -> None:
    met = {met.subject for met in report("person-from-a-merged-province").met if met.rule == "other-heads-not-local"}
    assert met == {"hs-2025-bn-1"}


def test_a_decided_special_case_excuses_the_leap() -> None:
    assert report("leap-frog-with-papers").by_outcome["excepted"] == 1
    assert "excepted" not in report("leap-frog-without-papers").by_outcome


def test_the_planted_breaches_are_all_that_is_different() -> None:
    clean, planted = report("clean-appointment"), report("five-breaches")
    assert clean.by_outcome["satisfied"] > 40
    assert len(planted.of_level("violation")) == len(planted.findings) == 6  # the quorum is asked for by two texts


GOLD = [("five-breaches", "vi", "txt"), ("kin-under-114-in-2024", "en", "txt"), ("report-figures", "vi", "json")]


@pytest.mark.parametrize(("name", "lang", "form"), GOLD)
def test_the_report_reads_as_it_was_approved(name: str, lang: Lang, form: str) -> None:
    made = report(name, lang)
    text = made.to_json() if form == "json" else render_text(made)
    for pack in made.rulebook:
        text = text.replace(pack["digest"], "0" * len(pack["digest"]))
    path = GOLDEN / f"{name}.{lang}.{form}"
    if os.environ.get("CADRE_RULES_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode())
    assert path.read_bytes() == text.encode()


@pytest.mark.once
def test_every_fixture_fits_the_dossier_schema() -> None:
    assert mistakes(dossier_schema(), FIXTURES.glob("*.yaml")) == {}


@pytest.mark.once
def test_every_rule_file_fits_the_schema_that_knows_its_facts() -> None:
    files = (path for path in (ROOT / "rules/vn").rglob("*.yaml") if not path.name.endswith(".cases.yaml"))
    assert mistakes(rules_schema(vn()), files) == {}


@pytest.mark.once
def test_every_file_of_cases_fits_its_schema() -> None:
    assert mistakes(cases_schema(), (ROOT / "rules/vn").rglob("*.cases.yaml")) == {}


def test_what_counts_only_provisional_breaches_is_provisional_and_names_them() -> None:
    made = report("district-secretary-from-the-next-commune", "vi")
    (finding,) = [found for found in made.findings if found.rule == "right-procedure-wrong-person"]
    assert finding.provisional
    assert "Gồm: Bí thư cấp ủy cấp huyện không là người địa phương" in finding.notes
    (firm,) = [f for f in report("right-procedure-wrong-person", "vi").findings if f.rule == "right-procedure-wrong-person"]
    assert not firm.provisional
