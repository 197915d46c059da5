"""A pack laid over another tightens, switches off and chooses; nothing else of the pack below changes."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cadre_rules import check
from cadre_rules.cases import examine_cases, run_cases
from cadre_rules.findings import Report
from cadre_rules.reports.html import render_html
from cadre_rules.reports.text import render_text
from cadre_rules.rulebook import loading
from cadre_rules.rulebook.loading import load_rulebook
from cadre_rules.rulebook.reading import read_cases
from small import LOCAL, SMALL, appointment, copy_pack, finding_of, layered, outcomes, report_of, small

D, P = "definitions.yaml", "pack.yaml"
PROFILES = """definitions:
  - id: kin_in_unit
    kind: int
    subject: [appointment]
    profile: wide
    label: {vi: "Người thân", en: "Kin"}
    value: {count: {in: person.kin}}
profiles:
  - {fact: kin_in_unit, use: wide, provision: L1}
"""


def body(on: str, women: int = 3, men: int = 7) -> dict[str, Any]:
    members = [{"sex": "nữ"}] * women + [{"sex": "nam"}] * men
    return {"kind": "body", "id": "b", "body": "committee", "on": on, "members": members}


@pytest.mark.parametrize(
    ("on", "expected"),
    [("2020-12-31", "satisfied"), ("2021-01-01", "violated"), ("2021-12-31", "violated"), ("2022-01-01", "satisfied")],
)
def test_a_tightened_parameter_is_stricter_only_in_its_window(on: str, expected: str) -> None:
    assert outcomes(body(on), layered()) == {"women-share": expected}
    assert outcomes(body(on), small()) == {"women-share": "satisfied"}


def test_a_tightened_parameter_keeps_its_other_times_and_names_the_new_provision() -> None:
    versions = layered().parameters["women_min"]
    told = [(v.in_force.starts, v.in_force.until, v.value, v.provision) for v in versions]
    first, last = date(2021, 1, 1), date(2022, 1, 1)
    assert told == [(None, first, 2500, "B1"), (first, last, 4000, "L1"), (last, None, 2500, "B1")]


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ("{}", [(None, "2022-01-01", 1), ("2022-01-01", None, 1)]),
        ("{until: 2021-01-01}", [(None, "2021-01-01", 1), ("2021-01-01", "2022-01-01", 3), ("2022-01-01", None, 2)]),
        ("{from: 2021-01-01}", [(None, "2021-01-01", 3), ("2021-01-01", "2022-01-01", 1), ("2022-01-01", None, 1)]),
        ("{from: 2023-01-01}", [(None, "2022-01-01", 3), ("2022-01-01", "2023-01-01", 2), ("2023-01-01", None, 1)]),
        ("{until: 2022-01-01}", [(None, "2022-01-01", 1), ("2022-01-01", None, 2)]),
    ],
)
def test_tightening_cuts_every_version_it_meets(window: str, expected: list[Any], tmp_path: Path) -> None:
    old = "{parameter: women_min, value: 4000, in_force: {from: 2021-01-01, until: 2022-01-01}, provision: L1}"
    new = f"{{parameter: deputies_max, value: 1, in_force: {window}, provision: L1}}"
    book = load_rulebook(SMALL, copy_pack(LOCAL, tmp_path, [(P, old, new)]))
    told = [
        (v.in_force.starts and v.in_force.starts.isoformat(), v.in_force.until and v.in_force.until.isoformat(), v.value)
        for v in book.parameters["deputies_max"]
    ]
    assert told == expected


def test_a_rule_switched_off_is_not_judged_and_its_cases_rest() -> None:
    assert "kin-some" in outcomes(appointment())
    assert "kin-some" not in outcomes(appointment(), layered())
    sources, _ = read_cases(SMALL)
    assert [problem for problem in examine_cases(layered(), sources, SMALL) if "kin-some" in problem.message] == []
    assert {trial.case.rule for trial in run_cases(small(), sources)} - {
        trial.case.rule for trial in run_cases(layered(), sources)
    } == {"kin-some"}


def test_a_switched_off_rule_keeps_its_reason() -> None:
    (switched,) = layered().switched_off
    assert (switched.rule, switched.reason.en, switched.provision) == ("kin-some", "does not hold here", "L1")


def test_the_rival_of_a_rule_switched_off_stands_alone() -> None:
    kin = appointment(person={"kin": [{"unit": "Sở A", "current": True}]})
    assert finding_of(kin, "kin-none").level == "judgement_needed"
    assert finding_of(kin, "kin-none", layered()).level == "violation"


def test_a_chosen_profile_takes_the_place_of_the_usual_definition(tmp_path: Path) -> None:
    folder = copy_pack(LOCAL, tmp_path)
    (folder / "profiles.yaml").write_text(PROFILES, "utf-8")
    kin = appointment(person={"kin": [{"unit": "Sở khác"}]})
    assert outcomes(kin, layered())["kin-none"] == "satisfied"
    assert outcomes(kin, load_rulebook(SMALL, folder))["kin-none"] == "violated"


def test_a_profile_nobody_chose_changes_nothing(tmp_path: Path) -> None:
    folder = copy_pack(LOCAL, tmp_path)
    (folder / "profiles.yaml").write_text(PROFILES.split("profiles:", maxsplit=1)[0], "utf-8")
    kin = appointment(person={"kin": [{"unit": "Sở khác", "current": True}]})
    assert outcomes(kin, load_rulebook(SMALL, folder))["kin-none"] == "satisfied"


def test_what_a_pack_extends_is_loaded_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_pack(SMALL, tmp_path / "base")
    copy_pack(LOCAL, tmp_path / "over", [(P, "name: local", "name: local\n  extends: base")])
    monkeypatch.setattr(loading, "SHELVES", (tmp_path,))
    book = load_rulebook("over")
    assert [loaded.pack.name for loaded in book.packs] == ["small", "local"]
    assert [loaded.pack.name for loaded in load_rulebook("base", "over", "over").packs] == ["small", "local"]
    assert outcomes(body("2021-06-01"), book) == {"women-share": "violated"}


def test_layers_are_reviewed_to_the_earliest_of_their_days() -> None:
    assert layered().reviewed_to == {"state": date(2026, 1, 1), "party": date(2024, 6, 1), "local": date(2026, 1, 1)}
    assert len(report_of(body("2024-06-01"), layered()).notices) == 0
    assert ["2024" in notice for notice in report_of(body("2024-06-02"), layered()).notices] == [True]


@pytest.mark.parametrize("render", [render_text, render_html])
def test_a_report_tells_the_earliest_of_the_days_its_layers_were_reviewed_to(
    render: Callable[[Report], str], tmp_path: Path
) -> None:
    later = copy_pack(LOCAL, tmp_path, [(P, "party: 2024-06-01", "party: 2026-06-01")])
    said = render(check(appointment(), load_rulebook(SMALL, later), lang="en")).replace(":", "")
    assert "Party 2025-01-01" in said
    assert "Party 2026-06-01" not in said


def test_the_digest_of_a_pack_is_that_of_its_rules_and_not_of_its_cases(tmp_path: Path) -> None:
    (before,) = small().packs
    same = load_rulebook(copy_pack(SMALL, tmp_path / "a", [("rules.cases.yaml", "deputies_after: 3", "deputies_after: 2")]))
    changed = load_rulebook(copy_pack(SMALL, tmp_path / "b", [(D, "months: 36", "months: 35")]))
    assert same.packs[0].digest == before.digest != changed.packs[0].digest
