"""What would settle a finding: told in words, true when made, least, and never what an office cannot change."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations, product
from pathlib import Path
from random import Random
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from cadre_rules.checks import check
from cadre_rules.cli import main
from cadre_rules.dossier.amending import amended
from cadre_rules.dossier.areas import Area
from cadre_rules.dossier.collectives import Body, Member
from cadre_rules.dossier.demands import Bounds, Demand, Demands, Other, fits, meet
from cadre_rules.dossier.fields import SUBJECTS, element_fields, fields_of
from cadre_rules.dossier.kinds import WHOLES, Dossier
from cadre_rules.dossier.reading import read_dossier
from cadre_rules.facts.inverting import _solved, fewest_seats
from cadre_rules.facts.operations import STRICT
from cadre_rules.findings import Change, Finding
from cadre_rules.judging import judge_of
from cadre_rules.mending import apply
from cadre_rules.rulebook.model import Rulebook
from cadre_rules.sources.files import Rejected, read_dossiers
from drawn import drawn
from small import appointment, small, vn
from test_drawn_rulebooks import dossiers, rulebooks

ROOT = Path(__file__).parent.parent
NOW, BEFORE = date(2026, 11, 23), date(2021, 5, 1)
BREACHES = ("violation", "exception_needed", "target_missed", "indicator")
FEWER = settings(max_examples=max(5, settings().max_examples // 10))


def told(raw: Any, rule: str, today: date, lang: Any = "en", book: Rulebook | None = None) -> list[list[str]]:
    report = check(raw, book or small(), today=today, lang=lang, mending=True)
    (finding,) = (finding for finding in report.findings if finding.rule == rule)
    return [[change.text for change in changes] for changes in finding.mended_by]


MEMBERS = [{"sex": "male", "birth_date": "1980", "role": "member"}] * 13
BODY = {"kind": "body", "id": "b", "body": "committee", "on": "2021-06-01"}
PERSON = {"kin": [], "planning": [{"active": True}], "discipline": []}
LATELY = PERSON | {"discipline": [{"form": "reprimand", "decided_on": "2020-07-15"}]}
WITH_KIN = PERSON | {"kin": [{"unit": "Sở A", "current": True}] * 2}
EXPLAINED: list[tuple[str, Any, str, date, str, list[list[str]]]] = [
    (
        "a decision to come is put off until the time has passed, and its effect with it",
        appointment(person=LATELY),
        "discipline-lapsed",
        BEFORE,
        "en",
        [["wait until 2021-07-15 (decided (days))"]],
    ),
    ("of a decision taken nothing can be put off", appointment(person=LATELY), "discipline-lapsed", NOW, "en", []),
    (
        "days are told in Vietnamese as they are written there",
        appointment(person=LATELY),
        "discipline-lapsed",
        BEFORE,
        "vi",
        [["chờ đến ngày 15/07/2021 (ngày quyết định (các ngày))"]],
    ),
    (
        "a special case, or fewer deputies",
        appointment(deputies_after=5),
        "deputies-limit",
        BEFORE,
        "en",
        [
            ["an exception decided by the superior body no later than 2021-06-01"],
            ["deputies after the decision: 3 at most (now 5)"],
        ],
    ),
    (
        "a special case that was not decided in time can only be on file already",
        appointment(deputies_after=5),
        "deputies-limit",
        NOW,
        "en",
        [["an exception decided by the superior body no later than 2021-06-01 (if there is one)"]],
    ),
    (
        "another post",
        appointment(post={"title": "Giám đốc", "unit": "Sở A", "vacant": False}),
        "post-vacant",
        BEFORE,
        "vi",
        [["chọn chức vụ khác – vị trí còn khuyết (chức vụ dự kiến): có"]],
    ),
    (
        "women among so many, in seats there are or in more of them",
        BODY | {"members": [{"sex": "female"}, *MEMBERS[1:]]},
        "women-share",
        NOW,
        "en",
        [["3 more (sex: female) among 13, in place of others [members]"], ["3 added (sex: female), 16 in all [members]"]],
    ),
    (
        "a single woman more",
        BODY | {"members": [{"sex": "nữ"}] * 3 + MEMBERS[3:]},
        "women-share",
        NOW,
        "vi",
        [
            ["thêm 1 người (giới tính: nữ) trong số 13, thay người ngoài nhóm này [thành viên]"],
            ["bổ sung 1 người (giới tính: nữ), thành 14 [thành viên]"],
        ],
    ),
    (
        "kin are nobody's to choose",
        appointment(person=WITH_KIN),
        "kin-some",
        NOW,
        "en",
        [],
    ),
    (
        "but a post in another unit is",
        appointment(person=WITH_KIN),
        "kin-some",
        BEFORE,
        "en",
        [["choose another post – unit of the post (post to be filled): other than Sở A"]],
    ),
    (
        "the whole of what is counted",
        appointment(deputies_after=9, steps=[]),
        "many-breaches",
        BEFORE,
        "en",
        [],
    ),
]


@pytest.mark.parametrize(("says", "raw", "rule", "today", "lang", "expected"), EXPLAINED, ids=[row[0] for row in EXPLAINED])
def test_what_would_settle_it_is_told_in_words(
    says: str, raw: Any, rule: str, today: date, lang: str, expected: list[list[str]]
) -> None:
    assert told(raw, rule, today, lang) == expected, says


THEORY = "put on file under courses – kind: political theory; political-theory level it leads to: advanced"
OF_FIXTURES: list[tuple[str, str, str, list[list[str]]]] = [
    (
        "walkthrough",
        "health-certificate-fresh",
        "en",
        [["put on file under papers on file – kind: health certificate; day issued: 2024-04-25 or later (if there is one)"]],
    ),
    (
        "standing-committee-without-women",
        "woman-in-leadership",
        "vi",
        [
            ["thêm 1 người (giới tính: nữ) trong số 5, thay người ngoài nhóm này [thành viên]"],
            ["bổ sung 1 người (giới tính: nữ), thành 6 [thành viên]"],
        ],
    ),
    (
        "report-figures",
        "missed-target-names-head",
        "en",
        [["state head who answers (authority): stated"], ["share as published: 35.01 % or more (now 30.00 %)"]],
    ),
    (
        "planning-list-without-training",
        "training-for-planned-title",
        "en",
        [
            [f"{THEORY}; under way"],
            [f"{THEORY}; ordered by a decision"],
        ],
    ),
    ("exam-winner-not-appointed", "exam-winner-appointed", "en", []),
]


@pytest.mark.parametrize(("name", "rule", "lang", "expected"), OF_FIXTURES, ids=[row[1] for row in OF_FIXTURES])
def test_of_the_fixtures_it_is_told_what_would_settle_them(name: str, rule: str, lang: str, expected: list[list[str]]) -> None:
    dossiers = [read for read in read_dossiers(str(ROOT / "fixtures" / f"{name}.yaml")) if not isinstance(read, Rejected)]
    assert told(dossiers, rule, NOW, lang, vn()) == expected


def test_where_no_change_would_do_the_remedy_is_what_is_left() -> None:
    report = check(appointment(person=LATELY), small(), today=NOW, lang="en", mending=True)
    (finding,) = (finding for finding in report.findings if finding.rule == "discipline-lapsed")
    assert finding.mended_by == ()
    assert finding.notes[-1] == (
        "Nothing an office can still change in this dossier makes the finding go; do what is said under “Remedy”."
    )


def test_nothing_is_sought_unless_it_is_asked_for() -> None:
    report = check(appointment(deputies_after=5), small(), today=BEFORE)
    assert [finding.mended_by for finding in report.findings] == [()]
    plain = json.loads(report.to_json())
    assert ([finding["mended_by"] for finding in plain["findings"]], plain["summary"]["mended_together"]) == ([[]], [])


def test_for_a_body_the_fewest_members_serve_all_its_rules_together() -> None:
    member = {"sex": "male", "birth_date": "1975-01-01", "minority": False, "role": "member", "new": False, "science": False}
    raw = BODY | {"level": "province", "on": "2025-10-20", "term": "2025-2030", "merged": False, "kin_ties": []}
    raw |= {"members": [member | {"new": number < 10} for number in range(40)]}
    report = check(raw, vn(), today=NOW, lang="en", mending=True)
    (together,) = report.mended_together
    assert set(together.rules) == {
        "congress-women",
        "congress-young",
        "congress-renewal",
        "women-in-committees",
        "congress-science",
    }
    whole, young = " among 40, in place of others [members]", "sex: female; birth date: 1983-10-21 or later; new to the body"
    assert [change.text for change in together.changes] == [
        f"2 more ({young}; qualified in science or technology){whole}",
        f"2 more ({young}){whole}",
        f"4 more (sex: female){whole}",
    ]
    mended = made(together.changes, read_dossier(raw))
    assert not {finding.rule for finding in check(mended, vn(), today=NOW).findings} & set(together.rules)


def test_the_command_says_what_it_would_take(capsys: pytest.CaptureFixture[str]) -> None:
    fixture = str(ROOT / "fixtures" / "walkthrough.yaml")
    expected = "put on file under papers on file – kind: health certificate"
    assert main(["check", "--lang", "en", fixture]) == 1
    assert f"What would it take: {expected}" in " ".join(capsys.readouterr().out.split())
    assert main(["explain", "--lang", "en", "health-certificate-fresh", "--for", fixture]) == 0
    assert f"What would it take: {expected}" in capsys.readouterr().out


# what is told is true, least, and an office's to do


def made(changes: Sequence[Change], dossier: Dossier) -> Dossier:
    for change in changes:
        dossier = apply(change, dossier)
    return dossier


def holds_of(dossier: Dossier, book: Rulebook, today: date) -> int:
    """Hold every alternative of every finding to what is said of it, and return how many there were."""
    report = check(dossier, book, today=today, mending=True)
    breaches = {(f.rule, f.subject) for f in report.findings if f.level in BREACHES[:3] and f.outcome == "violated"}
    number = 0
    for finding in report.findings:
        assert not finding.mended_by or (finding.level in BREACHES and finding.outcome == "violated")
        assert len(finding.mended_by) <= 3
        for changes in finding.mended_by:
            number += 1
            after = made(changes, dossier)
            again = check(after, book, today=today).findings
            assert not any(same(other, finding) for other in again), (finding.rule, changes)
            new = {(f.rule, f.subject) for f in again if f.level in BREACHES[:3] and f.outcome == "violated"} - breaches
            assert not {(rule, subject) for rule, subject in new if not subject.endswith("*")}, (finding.rule, changes, new)
            for part in (part for size in range(len(changes)) for part in combinations(changes, size)):
                left = check(made(part, dossier), book, today=today).findings
                assert any(same(other, finding) for other in left), (finding.rule, changes, part)
            for less in less_of(changes) if finding.rule not in counting(book, dossier.kind) else ():
                left = check(made(less, dossier), book, today=today).findings
                assert any(same(other, finding) for other in left), (finding.rule, less)
            untouched(dossier, after, today)
    return number


def counting(book: Rulebook, kind: str) -> set[str]:
    """Return the rules that count breaches: one left open, as a day too soon may leave it, is none."""
    kinds = [kind, *(part for part, whole in WHOLES.items() if whole == kind)]
    return {piece.rule.id for one in kinds for piece in judge_of(book).court(one).program.slices if piece.second_pass}


def less_of(changes: Sequence[Change]) -> Iterator[Sequence[Change]]:
    """Yield the changes with one person fewer, or one day sooner, in one of them."""
    for position, change in enumerate(changes):
        value: Any = None
        if change.kind == "wait" and len(changes) == 1:
            value = str(date.fromisoformat(change.value) - timedelta(days=1))
        elif change.kind == "composition" and isinstance(change.value, dict):
            value = {name: count - 1 if isinstance(count, int) else count for name, count in change.value.items()}
        if value is not None:
            yield [*changes[:position], replace(change, value=value), *changes[position + 1 :]]


def same(one: Finding, other: Finding) -> bool:
    return (one.rule, one.subject) == (other.rule, other.subject)


def untouched(before: Dossier, after: Dossier, today: date) -> None:
    """Hold a change to what an office can do: nothing protected, nothing past, nothing that is not marked."""
    decided = before.day("decided") if before.is_decision else None
    taken = decided is not None and decided <= today
    for path, marks, held, new in differences(before, after, ()):
        assert all("office" in mark for mark in marks), path
        assert not any("protected" in mark for mark in marks), path
        office = marks[-1]["office"]
        if isinstance(new, tuple):
            old = held or ()
            if office == "composition":
                assert all(row in old or getattr(row, "name", None) is None for row in new), path
                continue
            assert new[: len(old)] == old, path
            assert office == "paper" or path == ("exceptions",) or (office == "state" and not taken), path
            days = [value for row in new[len(old) :] for value in vars(row).values() if isinstance(value, date)]
            assert office != "state" or all(day >= today for day in days), path
        else:
            assert not taken or (office == "paper" and held is None), path
            assert office != "date" or ((held is None or held > today) and new >= today), path


def differences(before: Any, after: Any, path: tuple[str, ...], marks: tuple[Any, ...] = ()) -> Iterator[Any]:
    for name, about in type(before or after).model_fields.items():
        old, new = getattr(before, name, None), getattr(after, name, None)
        here = (*marks, about.json_schema_extra or {})
        if old == new:
            continue
        if isinstance(new, BaseModel) and not isinstance(new, Area):
            yield from differences(old, new, (*path, name), here)
        elif isinstance(new, tuple) and old is not None and len(new) == len(old) and all(map(_same_row, old, new)):
            for number, (one, other) in enumerate(zip(old, new, strict=True)):
                if one != other:
                    yield from differences(one, other, (*path, f"{name}[{number}]"), here)
        else:
            yield (*path, name), here, old, new


def _same_row(one: Any, other: Any) -> bool:
    """Tell whether a row tells of the same as before: a seat given to somebody else names nobody."""
    return one == other or getattr(one, "id", "a row without id") == getattr(other, "id", "a row without id") is not None


@pytest.fixture(scope="module")
def population() -> Iterator[ModuleType]:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import population

        yield population
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))


@FEWER
@given(
    seed=st.integers(0, 2**32),
    kind=st.sampled_from(["appointment", "appointment", "body", "unit", "planning", "statistics"]),
    ahead=st.sampled_from([0, 1, 40, 4000]),
)
def test_what_is_told_of_planted_breaches_settles_them(population: ModuleType, seed: int, kind: str, ahead: int | None) -> None:
    chance = population.np.random.default_rng(seed)
    if kind == "appointment":
        table, _ = population.appointments(chance, seed % 97, 2, 1.0)
    else:
        table, _ = population.collectives(kind, chance, 1, 1.0)
    for row in table.iter_rows(named=True):
        dossier = read_dossier(population.stated(row))
        decided = dossier.day("decided") or NOW
        holds_of(dossier, vn(), NOW if ahead is None else decided - timedelta(days=ahead))


@pytest.mark.once
@pytest.mark.parametrize("path", sorted((ROOT / "fixtures").glob("*.yaml")), ids=lambda path: path.stem)
def test_what_is_told_of_the_fixtures_settles_them(path: Path) -> None:
    for dossier in read_dossiers(str(path)):
        if not isinstance(dossier, Rejected):
            holds_of(dossier, vn(), NOW)
            holds_of(dossier, vn(), (dossier.day("decided") or NOW) - timedelta(days=1))


@FEWER
@given(
    random=st.randoms(use_true_random=False),
    today=st.sampled_from([NOW, date(2021, 4, 1), date(2019, 1, 1)]),
    book=st.sampled_from(["vn", "small"]),
)
def test_what_is_told_of_dossiers_drawn_at_will_settles_them(random: Random, today: date, book: str) -> None:
    holds_of(read_dossier(drawn(random) | {"id": "d"}), vn() if book == "vn" else small(), today)


@settings(max_examples=max(3, settings().max_examples // 5), phases=(Phase.explicit, Phase.generate))
@given(book=rulebooks(), today=st.sampled_from([NOW, date(2021, 4, 1), date(2015, 1, 1)]), first=st.integers(0, 5))
def test_what_is_told_by_rulebooks_drawn_at_will_settles_it(book: Rulebook, today: date, first: int) -> None:
    for dossier in dossiers()[first::6]:
        holds_of(dossier, book, today)


# the parts it is made of


def test_nothing_protected_can_be_changed() -> None:
    for subject in SUBJECTS:
        for path, info in fields_of(subject).items():
            assert not (info.protected and info.office), path
            if info.kind == "list" and info.element is not None and info.office != "composition":
                inside = element_fields(info.element).items()
                assert not [one for one, about in inside if about.protected and about.office], path


MEETINGS: list[tuple[Demand, Demand, Demand | None]] = [
    (Bounds(1, None), Bounds(None, 3), Bounds(1, 3)),
    (Bounds(4, None), Bounds(None, 3), None),
    (Bounds(1, 1), Bounds(1, 5), Bounds(1, 1)),
    (Other(frozenset({"a"})), "b", "b"),
    ("A", Other(frozenset({"a"})), None),
    (Other(frozenset({"a"})), Other(frozenset({"b"})), Other(frozenset({"a", "b"}))),
    (True, True, True),
    (True, False, None),
    (Other(), Bounds(2, None), Bounds(2, None)),
]


@pytest.mark.parametrize(("one", "other", "both"), MEETINGS)
def test_two_demands_meet_in_what_is_both(one: Demand, other: Demand, both: Demand | None) -> None:
    assert meet(one, other) == both
    assert meet(other, one) == both


DAYS = range(date(2019, 1, 1).toordinal(), date(2021, 1, 1).toordinal())
MEASURES = {
    "months": lambda step: STRICT["months_between"](date(2019, 3, 31), date.fromordinal(step)),
    "months to": lambda step: STRICT["months_between"](date.fromordinal(step), date(2020, 2, 29)),
    "working days": lambda step: STRICT["working_days_between"](date(2019, 12, 31), date.fromordinal(step)),
    "years": lambda step: STRICT["years_between"](date.fromordinal(step), date(2021, 3, 1)),
}


@given(measure=st.sampled_from(sorted(MEASURES)), low=st.none() | st.integers(-20, 20), wide=st.none() | st.integers(0, 20))
def test_an_operation_that_only_rises_or_falls_says_how_far_to_go(measure: str, low: int | None, wide: int | None) -> None:
    demand = Bounds(low, None if wide is None else (low or 0) + wide)
    found = _solved(MEASURES[measure], DAYS, demand)
    right = [step for step in DAYS if fits(MEASURES[measure](step), demand)]
    if found is None:
        assert right == []
    else:
        assert (found.low in (None, right[0]), found.high in (None, right[-1])) == (True, True)


GROUPS: dict[str, Demands] = {
    "women": (("sex", "female"),),
    "new": (("new", True),),
    "minority": (("minority", True),),
    "heads": (("role", "head"),),
    "deputies": (("role", "deputy"),),
}


@FEWER
@example(
    rows=[("male", False, True), ("male", True, False), ("male", False, False)], needs={"deputies": 1, "minority": 2, "new": 2}
)
@given(
    rows=st.lists(st.tuples(st.sampled_from(["male", "female"]), st.booleans(), st.booleans()), min_size=1, max_size=4),
    needs=st.dictionaries(st.sampled_from(sorted(GROUPS)), st.integers(1, 3), min_size=1, max_size=3),
)
def test_no_fewer_seats_would_serve_every_group(rows: list[tuple[str, bool, bool]], needs: Mapping[str, int]) -> None:
    members = tuple(
        Member(id=f"m{n}", sex=sex, new=new, minority=minority, role="member") for n, (sex, new, minority) in enumerate(rows)
    )
    wanted = {GROUPS[group]: number for group, number in needs.items()}
    least = min(
        (
            sum(map(bool, seats))
            for seats in product(_people(list(wanted)), repeat=len(members))
            if _serve(seats, members, wanted)
        ),
        default=None,
    )
    found = [plan for plan in fewest_seats("members", wanted, members) if _made(plan.rows, members, wanted)]
    assert [len(plan.rows) for plan in found][:1] == ([] if least is None else [least])


def _people(groups: list[Demands]) -> list[dict[str, Any]]:
    """Whoever could be put in a seat: of some of the groups at once, or nobody new."""
    found: list[dict[str, Any]] = []
    for size in range(len(groups) + 1):
        for chosen in combinations(groups, size):
            who = dict(pair for group in chosen for pair in group)
            if sum(map(len, chosen)) == len(who):
                found.append(who)
    return found


def _serve(seats: Sequence[dict[str, Any]], members: Sequence[Member], needs: Mapping[Demands, int]) -> bool:
    after = [SimpleNamespace(**{**vars(member), **who}) for member, who in zip(members, seats, strict=True)]
    return all(_of(after, who) - _of(members, who) >= number for who, number in needs.items())


def _of(rows: Sequence[Any], who: Demands) -> int:
    return sum(all(fits(getattr(row, name), demand) for name, demand in who) for row in rows)


def _made(rows: Sequence[Any], members: tuple[Member, ...], needs: Mapping[Demands, int]) -> bool:
    body = Body(id="b", body="committee", members=members)
    try:
        for row in rows:
            body = amended(body, "members", {"seats": 1, "who": dict(row.who)})  # type: ignore[assignment]
    except ValueError:
        return False
    return all(_of(body.members or (), who) - _of(members, who) >= number for who, number in needs.items())


BROKEN: list[tuple[str, Any]] = [
    ("members", {"seats": 3, "who": {"sex": "female"}}),
    ("members", {"fewer": 2, "who": {"sex": "female"}}),
    ("members[]", {"sex": "neither"}),
    ("on", "no day"),
]


@pytest.mark.parametrize(("place", "value"), BROKEN)
def test_a_change_that_cannot_stand_there_is_refused(place: str, value: Any) -> None:
    body = read_dossier(BODY | {"members": [{"sex": "male"}, {"sex": "female"}]})
    with pytest.raises(ValueError, match=r"not so many|not a known code|not a date"):
        apply(Change("composition", "", place, value), body)
