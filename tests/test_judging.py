"""Which law judges, what comes out, what excuses it, and what it waits for."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import combinations, product
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given

from cadre_rules import expression as ex
from cadre_rules import judging, waiting
from cadre_rules.cases import run_cases
from cadre_rules.dossier.people import ExceptionGranted
from cadre_rules.dossier.reading import read_dossier
from cadre_rules.dossier.subjects import subjects_of
from cadre_rules.engine.single import SingleMatcher
from cadre_rules.exceptions import excuse
from cadre_rules.findings import fingerprint
from cadre_rules.formula import ALWAYS, NEVER, FactTest, Formula
from cadre_rules.judging import Judge, Tally, judge_of, level_of
from cadre_rules.lowering import Lowering, Verdicts, passes
from cadre_rules.reporting import writer_of
from cadre_rules.rulebook.keeping import Apart
from cadre_rules.rulebook.loading import load_rulebook
from cadre_rules.rulebook.reading import read_cases
from cadre_rules.rulebook.schema import Condition, Escape
from cadre_rules.waiting import MAX_TRIED, can_be_violated, settling_sets
from cadre_rules.wording import LEVELS
from small import SMALL, TODAY, appointment, copy_pack, finding_of, judged, outcomes, report_of, small
from test_agreement import CONDITIONS, ROWS, TITLES, oracle

R = "rules.yaml"


def granted(**changes: Any) -> dict[str, Any]:
    usual = {
        "rule": "deputies-limit",
        "decided_by": "Tỉnh ủy",
        "level": "province",
        "decided_on": "2021-05-01",
        "reason": "cần thiết",
    }
    return {key: value for key, value in (usual | changes).items() if value is not None}


def days(**changes: Any) -> dict[str, Any]:
    usual = {"process_started": "2021-02-01", "decided": "2021-06-01", "effective": "2021-07-01"}
    return {key: value for key, value in (usual | changes).items() if value is not None}


def test_the_cases_of_the_small_pack_come_out_on_both_engines() -> None:
    sources, problems = read_cases(SMALL)
    assert problems == []
    for engine in ("durable", "plain"):
        trials = list(run_cases(small(), sources, engine))
        assert len(trials) > 40
        assert [f"{trial.place}: {trial.failure}" for trial in trials if trial.failure] == []


def test_both_engines_judge_alike() -> None:
    for raw in (appointment(), appointment(deputies_after=9, person={}), {"kind": "body", "id": "b", "body": "committee"}):
        both = [[(j.piece.rule.id, j.outcome, j.clause) for j in judged(raw, engine=e)] for e in ("durable", "plain")]
        assert both[0] == both[1]


@pytest.mark.parametrize(("engine", "asked"), [("durable", True), ("plain", False)])
def test_the_plain_engine_asks_durable_rules_nothing(engine: str, *, asked: bool) -> None:
    with patch.object(SingleMatcher, "hear", autospec=True, side_effect=SingleMatcher.hear) as asking:
        assert judged(appointment(), engine=engine)
    assert asking.called == asked


@pytest.mark.parametrize(
    ("decided", "deputies", "expected"),
    [
        ("2019-12-31", 9, None),
        ("2020-01-01", 3, "satisfied"),
        ("2020-01-01", 4, "violated"),
        ("2021-12-31", 3, "satisfied"),
        ("2022-01-01", 3, "violated"),
        ("2022-01-01", 2, "satisfied"),
        ("2023-12-31", 3, "violated"),
        ("2024-01-01", 9, None),
    ],
)
def test_a_rule_is_judged_by_the_parameter_of_its_day(decided: str, deputies: int, expected: str | None) -> None:
    raw = appointment(deputies_after=deputies, days=days(decided=decided))
    assert outcomes(raw).get("deputies-limit") == expected


@pytest.mark.parametrize(
    ("as_of", "expected", "on"),
    [
        ("decision", "satisfied", "2021-06-01"),
        ("today", None, "2026-11-23"),
        (date(2022, 6, 1), "violated", "2022-06-01"),
        (date(2019, 6, 1), None, "2019-06-01"),
    ],
)
def test_the_law_may_be_that_of_the_decision_of_today_or_of_any_day(as_of: Any, expected: str | None, on: str) -> None:
    raw = appointment(deputies_after=3)
    assert outcomes(raw, as_of=as_of).get("deputies-limit") == expected
    assert [line.as_of.isoformat() for line in report_of(raw, as_of=as_of).subjects] == [on]
    told = {j.piece.rule.id: j.day for j in judged(raw, as_of=as_of)}["votes-enough"]
    assert told.isoformat() == ("2021-02-01" if as_of == "decision" else on)


@pytest.mark.parametrize(("votes", "expected"), [(5, "violated"), (15, "violated"), (25, "satisfied")])
def test_the_law_of_a_day_asked_for_awaits_no_other_day(votes: int, expected: str) -> None:
    raw = appointment(days=days(process_started=None, effective=None), steps=[{"votes_for": votes}])
    assert outcomes(raw, as_of=date(2022, 6, 1))["votes-enough"] == expected


@pytest.mark.parametrize(
    ("started", "decided", "votes", "expected"),
    [
        ("2021-12-31", "2023-01-01", 15, "satisfied"),
        ("2022-01-01", "2023-01-01", 15, "violated"),
        (None, "2021-06-01", 15, "satisfied"),
        (None, "2021-06-01", 5, "violated"),
        (None, "2021-12-31", 15, "satisfied"),
        (None, "2022-01-01", 15, "undetermined"),
        (None, "2023-01-01", 15, "undetermined"),
        (None, "2023-01-01", 5, "violated"),
        (None, "2023-01-01", 25, "satisfied"),
        (None, None, 15, "undetermined"),
        (None, None, 25, "satisfied"),
    ],
)
def test_a_process_not_dated_is_judged_where_every_law_it_may_fall_under_agrees(
    started: str | None, decided: str | None, votes: int, expected: str
) -> None:
    raw = appointment(days=days(process_started=started, decided=decided), steps=[{"votes_for": votes}])
    assert outcomes(raw)["votes-enough"] == expected
    if expected == "undetermined":
        told = finding_of(raw, "votes-enough")
        assert [[wait.missing for wait in waits] for waits in told.waits_for] == [[("days.process_started",)]]


@pytest.mark.parametrize(
    ("effective", "decided", "vacant", "expected"),
    [
        ("2020-12-31", "2020-06-01", False, None),
        ("2021-01-01", "2020-06-01", False, "violated"),
        ("2023-12-31", "2020-06-01", True, "satisfied"),
        ("2024-01-01", "2020-06-01", True, None),
        (None, "2020-06-01", False, "undetermined"),
        (None, "2020-06-01", True, "undetermined"),
        (None, "2023-12-31", False, "undetermined"),
        (None, "2024-01-01", False, None),
    ],
)
def test_a_decision_takes_effect_no_earlier_than_it_is_made(
    effective: str | None, decided: str, *, vacant: bool, expected: str | None
) -> None:
    raw = appointment(days=days(effective=effective, decided=decided), post={"vacant": vacant})
    assert outcomes(raw).get("post-vacant") == expected


def test_an_open_end_lets_an_undated_effect_be_judged(tmp_path: Path) -> None:
    changes = [
        (R, "in_force: {from: 2021-01-01, until: 2024-01-01}", "in_force: {from: 2021-01-01}"),
        (R, "provisions: [A1]\n    force: must\n    hangs_on", "provisions: [B1]\n    force: must\n    hangs_on"),
    ]
    book = load_rulebook(copy_pack(SMALL, tmp_path, changes))
    raw = appointment(days=days(effective=None), post={"vacant": False})
    assert outcomes(raw, book)["post-vacant"] == "violated"
    early = appointment(days=days(effective=None, decided="2020-12-31"), post={"vacant": False})
    assert outcomes(early, book)["post-vacant"] == "violated"


def test_a_gap_between_versions_leaves_an_undated_process_open(tmp_path: Path) -> None:
    changes = [(R, "in_force: {from: 2022-01-01}", "after_gap: {vi: x, en: x}\n    in_force: {from: 2023-01-01}")]
    book = load_rulebook(copy_pack(SMALL, tmp_path, changes))
    raw = appointment(days=days(process_started=None, decided="2024-01-01"), steps=[])
    assert outcomes(raw)["votes-enough"] == "violated"
    assert outcomes(raw, book)["votes-enough"] == "undetermined"


def test_versions_are_taken_in_time_whatever_file_they_stand_in(tmp_path: Path) -> None:
    folder = copy_pack(SMALL, tmp_path)
    file = folder / "law-1-2020-01-01" / "rules.yaml"
    older, newer, *rest = re.split(r"(?=  - id: )", file.read_text("utf-8").partition("  - id: votes-enough")[2])
    assert "until: 2022" in older
    assert "from: 2022" in newer
    head = file.read_text("utf-8").partition("  - id: votes-enough")[0]
    file.write_text(head + newer + "  - id: votes-enough" + older + "".join(rest), "utf-8")
    book = load_rulebook(folder)
    assert [rule.in_force.until for rule in book.rules_named("votes-enough")] == [date(2022, 1, 1), None]
    for decided in ("2021-06-01", "2023-01-01"):
        raw = appointment(days=days(process_started=None, decided=decided), steps=[{"votes_for": 25}])
        assert outcomes(raw, book)["votes-enough"] == outcomes(raw)["votes-enough"] == "satisfied"


ESCAPE = Escape.model_validate({"provision": "A1", "levels": ("province", "central"), "by": {"vi": "x", "en": "x"}})
BEFORE = date(2021, 6, 1)


@pytest.mark.parametrize(
    ("changes", "escape", "before", "state"),
    [
        ({}, "levels", BEFORE, "used"),
        ({}, "any level", BEFORE, "used"),
        ({}, None, BEFORE, "not_allowed"),
        ({"reason": None}, "levels", BEFORE, "unreasoned"),
        ({"decided_on": None}, "levels", BEFORE, "unreasoned"),
        ({"decided_by": None}, "levels", BEFORE, "unreasoned"),
        ({"level": None}, "levels", BEFORE, "unreasoned"),
        ({"level": None}, "any level", BEFORE, "used"),
        ({"level": "district"}, "levels", BEFORE, "wrong_level"),
        ({"level": "district"}, "any level", BEFORE, "used"),
        ({"level": "central"}, "levels", BEFORE, "used"),
        ({"decided_on": "2021-06-01"}, "levels", BEFORE, "used"),
        ({"decided_on": "2021-06-02"}, "levels", BEFORE, "misdated"),
        ({}, "levels", None, "misdated"),
        ({"expires_on": "2021-06-01"}, "levels", BEFORE, "used"),
        ({"expires_on": "2021-05-31"}, "levels", BEFORE, "expired"),
        ({"expires_on": "2021-05-31", "decided_on": "2021-07-01"}, "levels", BEFORE, "misdated"),
        ({"level": "district", "reason": None}, "levels", BEFORE, "unreasoned"),
    ],
)
def test_the_gate_says_of_an_exception(changes: Any, escape: Any, before: Any, state: str) -> None:
    (rule,) = small().rules_named("deputies-limit")
    allowed = {"levels": ESCAPE, "any level": ESCAPE.model_copy(update={"levels": ()}), None: None}[escape]
    on_file = [ExceptionGranted.model_validate(granted(**changes)), ExceptionGranted.model_validate(granted(rule="other"))]
    passages = excuse(rule.model_copy(update={"exception": allowed}), on_file, before)
    assert [(passage.exception, passage.state) for passage in passages] == [(on_file[0], state)]


@pytest.mark.parametrize(
    ("deputies", "exceptions", "outcome", "indicated"),
    [
        (9, [granted()], "excepted", "satisfied"),
        (9, [granted(level="district")], "violated", "satisfied"),
        (9, [granted(level="district"), granted()], "excepted", "satisfied"),
        (9, [], "violated", "satisfied"),
        (1, [granted()], "satisfied", "violated"),
        (None, [granted()], "undetermined", "satisfied"),
        (9, [granted(rule="kin-none")], "violated", "satisfied"),
    ],
)
def test_an_exception_excuses_and_one_not_needed_is_told(
    deputies: int | None, exceptions: list[Any], outcome: str, indicated: str
) -> None:
    found = outcomes(appointment(deputies_after=deputies, exceptions=exceptions))
    assert (found["deputies-limit"], found["exception-unused"]) == (outcome, indicated)


@pytest.mark.parametrize(
    ("decided", "granted_on", "outcome"),
    [
        ("2021-06-01", "2021-06-01", "excepted"),
        ("2021-06-01", "2021-06-02", "violated"),
        (None, "2022-06-01", "excepted"),
        (None, "2022-06-02", "violated"),
    ],
)
def test_an_exception_comes_before_the_day_stated_or_else_the_day_of_law(
    decided: str | None, granted_on: str, outcome: str
) -> None:
    raw = appointment(deputies_after=9, days=days(decided=decided), exceptions=[granted(decided_on=granted_on)])
    assert outcomes(raw, as_of=date(2022, 6, 1))["deputies-limit"] == outcome


@pytest.mark.parametrize(
    ("deputies", "exceptions", "states"),
    [
        (9, [granted()], ["used"]),
        (9, [granted(reason=None)], ["unreasoned"]),
        (9, [granted(), granted(level="district")], ["used", "wrong_level"]),
        (1, [granted()], ["unused"]),
        (None, [granted()], []),
        (9, [granted(rule="nobody")], ["not_allowed"]),
        (9, [granted(rule="votes-enough")], ["not_allowed"]),
        (9, [granted(rule="sound-character")], ["not_allowed"]),
        (9, [granted(rule="entry-age"), granted()], ["used"]),
        (9, [granted(entry="e")], []),
        (9, [], []),
    ],
)
def test_every_exception_on_file_that_can_be_told_of_is(deputies: int | None, exceptions: list[Any], states: list[str]) -> None:
    found = judged(appointment(deputies_after=deputies, exceptions=exceptions, assessments=None))
    passages = list(judge_of(small()).passages(found[0].subject, found))
    assert [passage.state for passage in passages if passage.state != "open"] == states
    tally = Tally([], passages)
    assert [tally.exceptions(state) for state in states] == [1] * len(states)
    assert tally.exceptions("other") == 0


def test_a_rule_of_the_second_pass_may_be_excused_too(tmp_path: Path) -> None:
    title = 'title: {vi: "Nhiều vi phạm", en: "Many breaches"}'
    escape = f"{title}\n    exception: {{provision: B1, by: {{vi: x, en: x}}}}"
    book = load_rulebook(copy_pack(SMALL, tmp_path, [(R, title, escape)]))
    raw = appointment(deputies_after=9, steps=[], exceptions=[granted(rule="many-breaches")])
    assert outcomes(raw)["many-breaches"] == "violated"
    assert outcomes(raw, book)["many-breaches"] == "excepted"


def test_a_breach_that_needs_an_exception_says_so_until_one_is_on_file() -> None:
    finding = finding_of(appointment(deputies_after=9), "deputies-limit", lang="en")
    assert finding.level == "exception_needed"
    assert finding.notes == ("May stand if the superior body decides it as a special case by 2021-06-01.",)
    wrong = finding_of(appointment(deputies_after=9, exceptions=[granted(reason=None)]), "deputies-limit", lang="en")
    assert "The exception on file lacks its authority, day or reason." in wrong.notes
    excused = report_of(appointment(deputies_after=9, exceptions=[granted()]))
    assert [finding for finding in excused.findings if finding.rule == "deputies-limit"] == []
    assert excused.by_outcome["excepted"] == 1


def plan(exceptions: Any, *births: str) -> dict[str, Any]:
    entries = [{"id": f"e{n}", "birth_date": birth} for n, birth in enumerate(births)]
    return {"kind": "planning", "id": "p", "approved_on": "2021-06-01", "entries": entries, "exceptions": exceptions}


def test_an_exception_an_entry_needs_is_not_called_unused() -> None:
    old = plan([granted(rule="entry-age", level=None, entry="e0")], "1950-01-01")
    assert outcomes(old) == {"exception-unused": "satisfied", "entry-age": "excepted"}


def test_an_exception_an_entry_does_not_need_is_told_of_that_entry() -> None:
    young = plan([granted(rule="entry-age", level=None, entry="e0")], "1990-01-01", "1991-01-01")
    told = [finding.subject for finding in report_of(young).findings if finding.rule == "exception-unused"]
    assert told == ["p/e0"]


def test_an_exception_for_one_entry_excuses_no_other() -> None:
    for entry in ("e1", None):
        old = plan([granted(rule="entry-age", level=None, entry=entry)], "1950-01-01")
        assert outcomes(old)["entry-age"] == "violated"


KIN = {"unit": "Sở A", "current": True}


@pytest.mark.parametrize(
    ("kin", "other", "steps", "level", "rival"),
    [
        (1, "kin-some", None, "judgement_needed", "satisfied"),
        (2, "kin-some", None, "violation", None),
        (1, "votes-enough", None, "judgement_needed", "undetermined"),
        (1, "votes-enough", [], "violation", None),
        (1, "discipline-lapsed", None, "violation", None),
    ],
)
def test_rival_texts_stand_side_by_side_where_they_differ(
    kin: int, other: str, steps: Any, level: str, rival: str | None, tmp_path: Path
) -> None:
    book = load_rulebook(copy_pack(SMALL, tmp_path, [(R, "rival: kin-some", f"rival: {other}")]))
    raw = appointment(person={"kin": [KIN] * kin, "discipline": []}, steps=steps)
    found = {judgement.piece.rule.id: judgement for judgement in judged(raw, book)}["kin-none"]
    assert (found.outcome, found.level) == ("violated", level)
    assert (found.rival.outcome if found.rival else None) == rival
    finding = finding_of(raw, "kin-none", book, lang="en")
    assert any(other in note for note in finding.notes) is (rival is not None)
    assert len(finding.provisions) == (2 if rival else 1)


def test_a_rival_that_is_excused_still_stands_beside(tmp_path: Path) -> None:
    book = load_rulebook(copy_pack(SMALL, tmp_path, [(R, "rival: kin-some", "rival: deputies-limit")]))
    raw = appointment(person={"kin": [KIN]}, deputies_after=9, exceptions=[granted()])
    found = {judgement.piece.rule.id: judgement for judgement in judged(raw, book)}
    assert found["deputies-limit"].level is None
    assert found["kin-none"].level == "judgement_needed"
    assert found["kin-none"].rival is found["deputies-limit"]


def test_outcomes_of_the_first_pass_are_counted_in_the_second() -> None:
    one = appointment(deputies_after=9)
    both = appointment(deputies_after=9, steps=[])
    assert outcomes(one)["many-breaches"] == "satisfied"
    assert outcomes(both)["many-breaches"] == "violated"
    assert finding_of(both, "many-breaches", lang="en").message == "2 breaches"


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        (ex.Outcomes(), 4),
        (ex.Outcomes(tags=("procedure",)), 2),
        (ex.Outcomes(tags=("other", "procedure")), 2),
        (ex.Outcomes(tags=("other",)), 0),
        (ex.Outcomes(outcomes=("violated",)), 3),
        (ex.Outcomes(outcomes=("satisfied", "violated")), 4),
        (ex.Outcomes(outcomes=("excepted",)), 0),
        (ex.Outcomes(levels=("violation",)), 1),
        (ex.Outcomes(levels=("violation", "judgement_needed")), 2),
        (ex.Outcomes(levels=("indicator",)), 0),
        (ex.Outcomes(rules=("votes-enough", "kin-none")), 2),
        (ex.Outcomes(rules=("nobody",)), 0),
        (ex.Outcomes(rules=("kin-none",), outcomes=("violated",)), 0),
        (ex.Outcomes(tags=("procedure",), levels=("exception_needed",)), 1),
        (ex.Outcomes(tags=("other",), rules=("votes-enough",)), 0),
    ],
)
def test_outcomes_are_counted_as_wanted(wanted: ex.Outcomes, count: int) -> None:
    found = judged(appointment(deputies_after=9, steps=[], assessments=None))
    chosen = {"deputies-limit", "votes-enough", "sound-character", "kin-none"}
    assert Tally([judgement for judgement in found if judgement.piece.rule.id in chosen], ()).outcomes(wanted) == count


@pytest.mark.parametrize(
    ("wanted", "asked"),
    [
        (ex.Outcomes(), True),
        (ex.Outcomes(tags=("procedure",)), True),
        (ex.Outcomes(outcomes=("not_applicable", "violated")), True),
        (ex.Outcomes(outcomes=("violated", "satisfied")), False),
        (ex.Outcomes(levels=("violation",)), False),
        (ex.Outcomes(outcomes=("not_applicable",), levels=("violation",)), False),
    ],
)
def test_rules_that_do_not_apply_are_looked_at_only_where_they_may_count(wanted: ex.Outcomes, *, asked: bool) -> None:
    looked: list[bool] = []

    class Every(list[Any]):
        def __iter__(self) -> Any:
            looked.append(True)
            return iter(())

    assert Tally([], (), Every()).matching(wanted) == []
    assert bool(looked) is asked


def test_what_was_heard_reads_as_every_rule_in_force_and_holds_apart_those_that_do_not_apply() -> None:
    subjects = list(subjects_of(read_dossier(appointment(deputies_after=9))))
    for heard in judge_of(small()).heard(subjects, "decision", TODAY, "plain"):
        every = list(heard)
        assert [judgement.piece for judgement in every] == [governing.told[-1].piece for governing in heard.plan.governing]
        assert {judgement.piece.rule_id for judgement in every} == heard.plan.rules
        assert [judgement for judgement in every if judgement.outcome != "not_applicable"] == heard.applied
        assert heard.apart == len(every) - len(heard.applied)


def test_plans_are_remembered_and_not_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    assert judging.MAX_PLANS == 4_096
    monkeypatch.setattr(judging, "MAX_PLANS", 2)
    court = Judge(small()).court("appointment")
    first, second, third = (judging._Days(date(2021, 1, day)) for day in (1, 2, 3))
    plan = court.plan(first, second_pass=False)
    assert court.plan(first, second_pass=True) is not plan
    assert court.plan(first, second_pass=False) is plan
    court.plan(second, second_pass=False)
    assert court.plan(first, second_pass=False) is plan  # what was asked for last stays
    court.plan(third, second_pass=False)
    court.plan(second, second_pass=False)
    assert court.plan.cache_info().currsize == 2
    assert court.plan(first, second_pass=False) is not plan


def test_both_passes_look_at_one_bench_and_findings_are_written_alike_again() -> None:
    found = judged(appointment(deputies_after=9, steps=[]))
    assert {judgement.piece.second_pass for judgement in found} == {False, True}
    (bench,) = {id(judgement.bench): judgement.bench for judgement in found}.values()
    assert all(judgement.subject is bench.subject for judgement in found)
    breach = next(judgement for judgement in found if judgement.piece.rule_id == "deputies-limit")
    (first,), (again,) = (list(writer_of(small(), "vi").findings([breach])) for _ in range(2))
    assert first.evidence
    assert again == first
    (english,) = writer_of(small(), "en").findings([breach])
    assert english.evidence != first.evidence
    assert english.fingerprint == first.fingerprint


def test_each_pass_is_matched_by_what_is_asked_of_it_alone() -> None:
    court = Judge(small()).court("appointment")
    asked = {
        late: {name for piece in court.program.slices if piece.second_pass == late for name in piece.names}
        for late in (False, True)
    }
    assert {late: set(matcher.plain.named) for late, matcher in court._matchers.items()} == asked
    assert all(asked.values())


@pytest.mark.parametrize(
    ("heads", "found"),
    [
        (["H", "H"], ["violated"]),
        (["H", "K"], []),
        (["H", None], []),
        ([None, None], []),
        (["H", "H", "K"], ["violated"]),
        (["H", "H", "K", "K"], ["violated", "violated"]),
        (["H"], []),
    ],
)
def test_a_head_answers_for_several_dossiers(heads: list[str | None], found: list[str]) -> None:
    raw = [
        appointment(id=f"d{n}", deputies_after=9) | ({"authority": {"head": head}} if head else {})
        for n, head in enumerate(heads)
    ]
    told = [judgement for judgement in judged(raw) if judgement.subject.kind == "head"]
    assert [judgement.outcome for judgement in told] == found
    assert [judgement.subject.id for judgement in told] == sorted({head for head in heads if head and heads.count(head) > 1})


@pytest.mark.parametrize("as_of", ["2021-05-03", "yesterday", datetime(2021, 5, 3, tzinfo=UTC), None])
def test_what_is_no_day_of_law_is_refused_rather_than_taken_for_another(as_of: Any) -> None:
    with pytest.raises(TypeError, match=r"as_of: .* is neither 'decision', 'today' nor a date"):
        report_of(appointment(), as_of=as_of)


@pytest.mark.parametrize(
    ("ids", "offices", "found"),
    [
        ("ab", ("Sở A", "Sở B"), []),
        ("ab", ("Sở A", None), []),
        ("ab", ("Sở A", "Sở A"), ["Sở A (Giám đốc Sở)"]),
        ("ab", (None, None), ["Giám đốc Sở"]),
        ("aa", ("Sở A", "Sở A"), []),
    ],
)
def test_a_head_is_one_of_an_office_and_answers_for_what_is_not_the_same_dossier(
    ids: str, offices: tuple[str | None, ...], found: list[str]
) -> None:
    heads = [{"head": "Giám đốc Sở", **({"office": office} if office else {})} for office in offices]
    raw = [appointment(id=name, deputies_after=9, authority=authority) for name, authority in zip(ids, heads, strict=True)]
    assert [judgement.subject.id for judgement in judged(raw) if judgement.subject.kind == "head"] == found


def test_a_head_is_judged_by_the_latest_day_or_the_day_asked_for() -> None:
    raw = [
        appointment(id="a", authority={"head": "H"}, days=days(decided="2021-01-01", process_started="2020-01-01")),
        appointment(id="b", authority={"head": "H"}, days=days(decided="2022-01-01", process_started="2020-01-01")),
    ]
    head = [judgement for judgement in judged(raw) if judgement.subject.kind == "head"]
    assert [judgement.day.isoformat() for judgement in head] == ["2022-01-01"]
    head = [judgement for judgement in judged(raw, as_of=date(2020, 5, 5)) if judgement.subject.kind == "head"]
    assert [judgement.day.isoformat() for judgement in head] == ["2020-05-05"]


@pytest.mark.parametrize(
    ("force", "exception", "level"),
    [
        ("must", False, "violation"),
        ("must_not", False, "violation"),
        ("must", True, "exception_needed"),
        ("must_not", True, "exception_needed"),
        ("target", False, "target_missed"),
        ("target", True, "target_missed"),
        ("encouraged", False, "indicator"),
        ("indicator", False, "indicator"),
        ("judgement", False, "judgement_needed"),
    ],
)
def test_the_force_of_a_rule_is_the_level_of_its_breach(force: str, level: str, *, exception: bool) -> None:
    piece = judged(appointment())[0].piece
    rule = piece.rule.model_copy(update={"force": force, "exception": ESCAPE if exception else None})
    assert level_of(replace(piece, stated=Apart(rule), force=force)) == level


@pytest.mark.parametrize(
    ("raw", "rule", "level", "provisional"),
    [
        (appointment(steps=[]), "votes-enough", "violation", False),
        (appointment(assessments=None), "sound-character", "judgement_needed", False),
        (appointment(person={"planning": []}), "planned-before", "indicator", False),
        (appointment(steps=None), "votes-enough", "information_missing", False),
        ({"kind": "body", "id": "b", "body": "committee", "members": [{"sex": "nam"}]}, "women-share", "target_missed", True),
    ],
)
def test_a_finding_has_the_level_of_its_rule_and_is_provisional_unless_confirmed(
    raw: Any, rule: str, level: str, *, provisional: bool
) -> None:
    finding = finding_of(raw, rule)
    assert (finding.level, finding.provisional) == (level, provisional)


def test_a_rule_to_be_reviewed_is_provisional_whatever_its_grade(tmp_path: Path) -> None:
    book = load_rulebook(copy_pack(SMALL, tmp_path, [(R, "topic: age", "topic: age\n    needs_review: {vi: x, en: see again}")]))
    finding = finding_of(plan([], "1950-01-01"), "entry-age", book, lang="en")
    assert finding.provisional
    assert "see again" in finding.notes
    assert not finding_of(plan([], "1950-01-01"), "entry-age").provisional


def test_provisional_findings_fail_a_check_only_when_asked_to() -> None:
    report = report_of({"kind": "body", "id": "b", "body": "committee", "members": [{"sex": "nam"}]})
    assert report.worst() is None
    assert report.worst(strict=True) == "target_missed"
    assert report_of(appointment(steps=[], assessments=None)).worst() == "violation"


def test_findings_come_worst_first_and_in_the_order_of_the_dossiers() -> None:
    raw = [appointment(id=name, steps=[], assessments=None, deputies_after=9) for name in ("z", "a")]
    told = [(finding.level, finding.subject, finding.rule) for finding in report_of(raw).findings]
    assert told == sorted(told, key=lambda f: (LEVELS.index(f[0]), "za".index(f[1]), f[2]))
    assert len(told) == 8


def test_a_met_target_is_told_beside_those_that_are_missed() -> None:
    report = report_of({"kind": "body", "id": "b", "body": "committee", "members": [{"sex": "nữ"}]}, lang="en")
    assert [(met.rule, met.text) for met in report.met] == [("women-share", "100.00 %")]
    assert report.findings == ()


def test_a_fingerprint_is_that_of_rule_subject_and_failing_facts() -> None:
    def print_of(lang: str = "vi", **fields: Any) -> str:
        return finding_of(appointment(**({"steps": []} | fields)), "votes-enough", lang=lang).fingerprint

    assert print_of() == print_of("en") == print_of(deputies_after=9) == print_of(title="khác")
    assert len({print_of(), print_of(id="e"), print_of(steps=[{"votes_for": 1}])}) == 3
    assert print_of() == fingerprint("votes-enough", "d", [("votes", 0)])
    facts: list[tuple[str, Any]] = [("a", 1), ("b", date(2020, 1, 1))]
    assert fingerprint("r", "s", facts) == fingerprint("r", "s", facts[::-1])


def test_questions_come_in_the_order_of_what_they_settle() -> None:
    raw = appointment(person={}, deputies_after=None)
    asked = report_of(raw, lang="en").questions()
    assert [(place, count) for place, _, count in asked] == [
        ("d: person.kin", 2),
        ("d: deputies_after", 1),
        ("d: person.discipline", 1),
        ("d: person.planning", 1),
    ]


def test_an_undetermined_rule_tells_every_shortest_way_to_settle_it() -> None:
    told = finding_of(appointment(person={}, post={}), "planned-before", lang="en")
    assert [[wait.fact for wait in waits] for waits in told.waits_for] == [["planned", "post_title"]]
    assert told.evidence == ()
    assert "kin" not in told.remedy


def test_an_undated_dossier_is_judged_by_the_law_of_today_and_says_so() -> None:
    report = report_of(appointment(days=None), lang="en")
    assert report.subjects[0].as_of == TODAY
    assert "no day of decision is stated; judged by the law of 2026-11-23" in report.notices[0]
    assert len(report.notices) == 3


def test_a_report_counts_what_was_judged() -> None:
    report = report_of(appointment())
    assert report.rules_in_force == 10
    assert report.by_outcome == {"not_applicable": 1, "satisfied": 9}
    assert report.findings == ()


# What an undetermined rule waits for: tables, then brute force.


def verdicts(violated: Formula = NEVER, satisfied: Formula = NEVER, apart: Formula = NEVER) -> Verdicts:
    return Verdicts(violated, satisfied, apart)


A, NOT_A = FactTest("a", "in", (1,)), FactTest("a", "not in", (1,))
B, NOT_B = FactTest("b", "in", (1,)), FactTest("b", "not in", (1,))
C = FactTest("c", "in", (1,))
GE_3, LT_3 = FactTest("a", ">=", (3,)), FactTest("a", "<", (3,))
GT_5, LE_5 = FactTest("a", ">", (5,)), FactTest("a", "<=", (5,))


@pytest.mark.parametrize(("most", "sets"), [(6, (("a",),)), (5, (("a", "b"),))])
def test_the_budget_is_what_may_be_tried(most: int, sets: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting.smallest_sets.cache_clear()
    monkeypatch.setattr(waiting, "MAX_TRIED", most)
    assert settling_sets(verdicts(((A,), (A, B)), ((NOT_A,),)), {"a": None, "b": None}) == sets
    waiting.smallest_sets.cache_clear()


VALUES: dict[str, list[Any]] = {
    "age": [*range(-4, 5), 10**18 - 2, 10**18 - 1, 10**18, -(10**18), 1 - 10**18, 2 - 10**18],
    "votes": list(range(-1, 6)),
    "party": [True, False],
    "title": ["other", *TITLES],
    "signed": [date.min, date(1, 1, 2), date(9999, 12, 30), date.max]
    + [date(2019, 12, 31) + timedelta(days=step) for step in range(7)],
}


def settled_by(chosen: tuple[str, ...], applies: Condition, requires: Condition, row: Mapping[str, Any]) -> bool:
    """Whether the rule is determined whatever the chosen facts turn out to be, the others staying unknown."""
    return all(
        oracle(applies, said) is False or None not in (oracle(applies, said), oracle(requires, said))
        for answer in product(*(VALUES[fact] for fact in chosen))
        for said in ({**row, **dict(zip(chosen, answer, strict=True))},)
    )


@given(CONDITIONS, CONDITIONS, ROWS)
def test_what_is_waited_for_suffices_and_nothing_smaller_does(
    applies: Condition, requires: Condition, row: Mapping[str, Any]
) -> None:
    verdicts = Lowering(lambda fact: fact, {}).verdicts(applies, requires)
    if oracle(applies, row) is False or None not in (oracle(applies, row), oracle(requires, row)):
        return
    sets = settling_sets(verdicts, row)
    named = {fact for fact, value in row.items() if value is None}
    assert all(set(chosen) <= named for chosen in sets)
    possible = [chosen for size in range(1, 3) for chosen in combinations(sorted(named), size)]
    sufficient = [chosen for chosen in possible if settled_by(chosen, applies, requires, row)]
    smallest = [chosen for chosen in sufficient if len(chosen) == min(map(len, sufficient))]
    if len(sets[0]) <= 2 and smallest:
        assert sorted(sets) == smallest
    elif smallest:
        assert len(sets[0]) <= len(smallest[0])


@pytest.mark.parametrize(
    ("open_rule", "row", "sets"),
    [
        (verdicts(((A,),), ((NOT_A,),)), {"a": None}, (("a",),)),
        (verdicts(((A,), (B,)), ((NOT_A, NOT_B),)), {"a": None, "b": None}, (("a", "b"),)),
        (verdicts(((A, B),), ((A, NOT_B),), ((NOT_A,),)), {"a": None, "b": None}, (("a", "b"),)),
        (verdicts(((A, B),), ((NOT_A, B),), ((NOT_B,),)), {"a": None, "b": 1}, (("a",),)),
        (verdicts(((A,), (B,)), ((NOT_A,), (NOT_B,))), {"a": None, "b": None}, (("a",), ("b",))),
        (verdicts(((FactTest("a", "stated"),),)), {"a": None}, (("a",),)),
        (verdicts(((FactTest("a", ">", (date.max,)),),), ((FactTest("a", "<=", (date.max,)),),)), {"a": None}, (("a",),)),
        (verdicts(((FactTest("a", "<", (date.min,)),),), ((FactTest("a", ">=", (date.min,)),),)), {"a": None}, (("a",),)),
        (verdicts(((A,),)), {"a": None}, (("a",),)),
        (verdicts(ALWAYS), {}, ((),)),
        (
            verdicts(((A, B),), ((A, NOT_B), (NOT_A, C)), ((NOT_A, FactTest("c", "not in", (1,))),)),
            {"a": 2, "b": None, "c": None},
            (("c",),),
        ),
        (verdicts(((GE_3, LE_5), (GT_5, B)), ((LT_3,), (GT_5, NOT_B))), {"a": None, "b": None}, (("a", "b"),)),
        (verdicts(((GE_3,), (GT_5,), (LT_3, B)), ((LT_3, NOT_B),)), {"a": None, "b": None}, (("a", "b"),)),
    ],
)
def test_the_smallest_sets_are(open_rule: Verdicts, row: Mapping[str, Any], sets: Any) -> None:
    assert settling_sets(open_rule, row) == sets


@pytest.mark.parametrize(
    ("settled_by_a", "open_to_b"),
    [
        (FactTest("a", ">=", (5,)), FactTest("a", "<", (5,))),
        (FactTest("a", "<=", (5,)), FactTest("a", ">", (5,))),
        (FactTest("a", "in", (5,)), FactTest("a", "not in", (5,))),
        (FactTest("a", "not in", (5,)), FactTest("a", "in", (5,))),
        (FactTest("a", ">=", (BEFORE,)), FactTest("a", "<", (BEFORE,))),
        (FactTest("a", "<=", (BEFORE,)), FactTest("a", ">", (BEFORE,))),
        (FactTest("a", "in", (True,)), FactTest("a", "not in", (True,))),
        (FactTest("a", "not in", (True,)), FactTest("a", "in", (True,))),
        (FactTest("a", "in", ("x",)), FactTest("a", "not in", ("x",))),
        (FactTest("a", "not in", ("x", "y")), FactTest("a", "in", ("x", "y"))),
        (FactTest("a", ">", (date.min,)), FactTest("a", "<=", (date.min,))),
        (FactTest("a", "<", (date.max,)), FactTest("a", ">=", (date.max,))),
        (FactTest("a", ">=", (date(1, 1, 2),)), FactTest("a", "<", (date(1, 1, 2),))),
        (FactTest("a", "<=", (date(9999, 12, 30),)), FactTest("a", ">", (date(9999, 12, 30),))),
        (FactTest("a", "in", (5, 7)), FactTest("a", "not in", (5, 7))),
    ],
)
def test_a_fact_that_settles_only_sometimes_does_not_settle(settled_by_a: FactTest, open_to_b: FactTest) -> None:
    open_rule = verdicts(((settled_by_a,), (open_to_b, B)), ((open_to_b, NOT_B),))
    assert settling_sets(open_rule, {"a": None, "b": None}) == (("a", "b"),)


def test_too_many_ways_are_named_together() -> None:
    facts = [f"f{n}" for n in range(12)]
    many = tuple(FactTest(fact, "in", tuple(range(0, 40, 2))) for fact in facts)
    none = tuple((FactTest(fact, "not in", test.constants),) for fact, test in zip(facts, many, strict=True))
    assert settling_sets(verdicts((many,), none), dict.fromkeys(facts)) == (tuple(sorted(facts)),)
    assert MAX_TRIED == 20_000


@pytest.mark.parametrize(
    ("violated", "row", "expected"),
    [
        (ALWAYS, {}, True),
        (NEVER, {}, False),
        (((A,),), {"a": None}, True),
        (((A,),), {"a": 1}, True),
        (((A,),), {"a": 2}, False),
        (((A, B),), {"a": 2, "b": None}, False),
        (((A, B),), {"a": 1, "b": None}, True),
        (((A, B), (NOT_A,)), {"a": 2, "b": None}, True),
    ],
)
def test_a_breach_is_possible_while_no_stated_fact_rules_it_out(
    violated: Formula, row: Mapping[str, Any], *, expected: bool
) -> None:
    assert can_be_violated(verdicts(violated), row) is expected


def test_every_test_of_a_clause_that_fired_holds() -> None:
    unplanned = appointment(id="f", person={"planning": []}, post={"title": "Chủ tịch"})
    for judgement in judged([appointment(), appointment(id="e", deputies_after=9, steps=[], person={"kin": [KIN]}), unplanned]):
        row = judgement.bench.row
        assert all(row[test.fact] is not None and passes(row[test.fact], test) for test in judgement.clause)
        assert judgement.clause or judgement.outcome == "undetermined"
