"""Fictional planning lists, bodies, units and reports: in breach of nothing but what is planted in them."""

from collections.abc import Mapping
from datetime import date

import numpy as np
import polars as pl
from breaches import Breach, among, plus, stating
from people import FAMILY, GIVEN, MIDDLE, OLD, Columns, Draft, Ints, day, day_of, repeated, text, within

SINCE, UNTIL = date(2020, 3, 1), date(2026, 10, 30)
_ALL = pl.lit(value=True)


def draw_collectives(kind: str, chance: np.random.Generator, count: int, since: Ints, until: Ints) -> Draft:
    """Return clean dossiers of one kind, as they stood on a day from `since` to the day before `until`."""
    flat = Columns(chance, count)
    flat.put(row=np.arange(count), id=[f"{_PREFIXES[kind]}-{number:06d}" for number in range(count)], kind=kind)
    place = flat.one_of([f"tỉnh {name}" for name in OLD])
    flat.of(
        {
            "title": text(_TITLES[kind], place),
            "place": place,
            "authority.office": text("Tỉnh ủy", place),
            "authority.head": text("Bí thư Tỉnh ủy", place),
            "authority.level": "province",
            "authority.reports_to": "Ban Tổ chức Trung ương",
        }
    )
    flat.days({"day": chance.integers(since, until)})
    return _DRAWN[kind](chance, flat)


def _planning(chance: np.random.Generator, flat: Columns) -> Draft:
    approved = flat.numbers("day")
    flat.of({"committee": text("Tỉnh ủy", flat.texts("place")), "level": "province", "term": "2025-2030"})
    flat.of({"planning_body": flat.one_of(("committee", "standing_committee"))})
    starts = np.where(approved < day(date(2025, 10, 1)), day(date(2025, 10, 20)), day(date(2030, 10, 20)))
    flat.days(
        {
            "approved_on": approved,
            "file_received": approved - flat.between(10, 30),
            "reviewed_on": approved + 30,
            "checked_on": approved + 60,
            "training_plan_on": approved + 10,
            "term_starts": starts,
            "age_counted_on": starts,
        }
    )
    people = flat.between(10, 30)
    flat.put(seats=(people * 10) // 12)
    table = flat.frame()
    entries, owner, place = repeated(chance, table, people)
    planned, term = day_of(owner, "approved_on"), day_of(owner, "term_starts")
    _put_people(entries, place)
    entries.of(
        {
            "planned_title": "Tỉnh ủy viên",
            "planned_rank": 5,
            "planned_level": "province",
            "current_rank": entries.between(3, 4),
            "source": "internal",
            "planned_object": 2,
            "titles_at_level": entries.between(1, 3),
            "theory_needed": "advanced",
            "theory": "advanced",
            "degree": "master",
            "fit": True,
            "file_untrue": False,
            "in_appointment_process": False,
            "meets_standard": True,
            "birth_date~": 0,
        }
    )
    entries.days({"planned_on": planned, "birth_date": term - np.where(place % 5 < 3, 35, 43) * 365 - entries.between(0, 300)})
    listed = entries.frame()
    courses, of, _ = repeated(chance, listed, np.full(listed.height, 2))
    update = np.arange(courses.n) % 2 == 1
    courses.of({"kind": np.where(update, "knowledge_update", "leadership"), "ordered": True, "enrolled": False})
    finished = day_of(of, "planned_on") + courses.between(10, 40)
    courses.days({"started_on": finished - 5, "finished_on": finished, "certified_on": finished})
    titles = table.select("row", title=pl.lit("Tỉnh ủy viên"), posts="seats", people=pl.Series(people))
    empty = {f"entries.{name}": _none_within() for name in ("discipline", "measures")}
    return Draft(
        table,
        {"titles": titles, "entries": listed, "entries.courses": within(listed, courses.frame()), "exceptions": _none(), **empty},
    )


def _bodies(chance: np.random.Generator, flat: Columns) -> Draft:
    flat.of({"body": flat.one_of(("committee", "standing_committee", "leadership"), (50, 30, 20)), "level": "province"})
    flat.of({"unit": text("Tỉnh ủy", flat.texts("place")), "area.province": flat.texts("place"), "merged": False})
    flat.days({"on": flat.numbers("day")})
    flat.put(place="province")
    committee = (flat.texts("body") == "committee").to_numpy()
    size = np.where(committee, flat.between(40, 50), flat.between(5, 13))
    flat.put(seats_allowed=size + 5, seats_before=size + 10, deputies_allowed=3)
    table = flat.frame()
    members, owner, place = repeated(chance, table, size)
    _put_people(members, place)
    members.of(
        {
            "role": np.where(place == 0, "head", np.where(place < 3, "deputy", "member")),
            "new": place % 5 >= 3,
            "science": place % 4 == 0,
            "local": place > 0,
            "rotated": False,
        }
    )
    members.days({"birth_date": day_of(owner, "on") - np.where(place % 5 < 3, 36, 50) * 365})
    return Draft(table, {"members": members.frame(), "kin_ties": _none(), "exceptions": _none()})


def _units(chance: np.random.Generator, flat: Columns) -> Draft:
    on = flat.numbers("day")
    flat.of(
        {
            "unit": text("Sở Tư pháp", flat.texts("place")),
            "area.province": flat.texts("place"),
            "level": "province",
            "sector": "other",
            "form": "department",
            "consulted_front": True,
            "staff_quota": flat.between(40, 80),
            "deputies": 2,
            "deputies_allowed": 3,
            "reorganised": False,
        }
    )
    flat.put(place="province")
    flat.days({"on": on, "inspected_on": on - flat.between(30, 300)})
    table = flat.frame()
    plans, _, number = repeated(chance, table, np.full(flat.n, 3))
    plans.of({"group": pl.Series(("young", "women", "minority")).gather(number), "has_targets": True, "names_who_answers": True})
    plans.days({"approved_on": np.repeat(on, 3) - 400})
    concerns, of, _ = repeated(chance, table, (chance.random(flat.n) < 0.4).astype(np.int64))
    received = day_of(of, "on") - concerns.between(100, 400)
    concerns.of({"source": "front", "resolved": True})
    concerns.days({"received_on": received, "resolved_on": received + concerns.between(5, 40)})
    leaders, of, number = repeated(chance, table, np.full(flat.n, 3))
    _put_people(leaders, number)
    since = day_of(of, "on") - leaders.between(500, 700)
    leaders.of(
        {
            "post.title": pl.Series(("Giám đốc", "Phó Giám đốc", "Phó Giám đốc")).gather(number),
            "post.role": pl.Series(("head", "deputy", "deputy")).gather(number),
            "post.regime": "civil_servant",
            "post.level": "province",
            "post.sector": "other",
            "post.term_months": 60,
            "terms_in_place": 1,
            "declares_yearly": True,
            "assets_changed": leaders.between(0, 200),
            "birth_date~": leaders.one_of((0, 2), (90, 10)),
        }
    )
    leaders.days({"in_post_since": since, "term_started": since, "birth_date": day_of(of, "on") - leaders.between(38, 48) * 365})
    listed = leaders.frame()
    years = np.repeat(table["on"].dt.year().to_numpy(), 3)
    ratings, _, back = repeated(chance, listed, np.full(listed.height, 4))
    ratings.of({"year": np.repeat(years, 4) - 1 - back, "level": "good", "linked_to_duties": True})
    declared, _, back = repeated(chance, listed, np.full(listed.height, 3))
    declared.of({"kind": "yearly", "verified": True})
    ends = np.array([day(date(year, 12, 5)) for year in range(2010, 2030)])
    declared.days({"declared_on": ends[np.repeat(years, 3) - 2010 - 1 - back]})
    courses, _, back = repeated(chance, listed, np.full(listed.height, 2))
    courses.of({"kind": "knowledge_update", "periods": 48, "enrolled": False})
    done = ends[np.repeat(years, 2) - 2010 - 1 - back] - 200
    courses.days({"started_on": done - 4, "finished_on": done})
    made = {"ratings": ratings, "asset_declarations": declared, "courses": courses}
    held = {f"leaders.{name}": within(listed, columns.frame()) for name, columns in made.items()}
    empty = {
        f"leaders.{name}": _none_within() for name in ("discipline", "measures", "confidence_votes", "suspensions", "concerns")
    }
    lists = {"plans": plans.frame(), "concerns": concerns.frame(), "leaders": listed, "exceptions": _none()}
    return Draft(table, {**lists, **held, **empty})


def _statistics(chance: np.random.Generator, flat: Columns) -> Draft:
    flat.days({"on": flat.numbers("day")})
    flat.put(unit=text("Ban Tổ chức Tỉnh ủy", flat.texts("place")), source="Báo cáo tổng kết")
    table = flat.frame()
    figures, owner, place = repeated(chance, table, np.full(flat.n, 4))
    whole = figures.between(40, 60)
    figures.of(
        {
            "id": text("f", pl.Series(place), between=""),
            "group": pl.Series(("women", "young", "new", "women")).gather(place),
            "body": pl.Series(("committee", "committee", "committee", "peoples_council")).gather(place),
            "level": "province",
            "part": (whole * 2) // 5,
            "whole": whole,
            "age_basis": "exact",
            "merged": False,
            "on~": 0,
        }
    )
    figures.days({"on": day_of(owner, "on")})
    return Draft(table, {"figures": figures.frame(), "exceptions": _none()})


def _put_people(columns: Columns, place: Ints) -> None:
    """Name people; of each five, two are women and one of an ethnic minority."""
    woman = place % 5 < 2
    columns.of(
        {
            "id": text("e", pl.Series(place), between=""),
            "name": text(columns.one_of(FAMILY), columns.one_of(MIDDLE[0] + MIDDLE[1]), columns.one_of(GIVEN[0] + GIVEN[1])),
            "sex": np.where(woman, "female", "male"),
            "minority": place % 5 == 1,
        }
    )


def _none() -> pl.DataFrame:
    return pl.DataFrame(schema={"row": pl.Int64})


def _none_within() -> pl.DataFrame:
    return pl.DataFrame(schema={"row": pl.Int64, "nth": pl.Int64})


_DRAWN = {"planning": _planning, "body": _bodies, "unit": _units, "statistics": _statistics}
_PREFIXES = {"planning": "qh", "body": "tt", "unit": "dv", "statistics": "sl"}
_TITLES = {"planning": "Quy hoạch", "body": "Tập thể", "unit": "Đơn vị", "statistics": "Số liệu"}

_unanswered = plus("concerns", received_on=pl.col("day").dt.offset_by("-6mo"), source="front", resolved=False)
_first = pl.col("id") == "e0"
BREACHES: Mapping[str, tuple[Breach, ...]] = {
    "planning": (
        Breach("planning-people-per-title", "", (among("titles", _ALL, posts=2, people=9),), date(2021, 12, 27)),
        Breach("planning-coefficient", "", (stating(seats=60),), date(2021, 12, 27)),
        Breach("planning-titles-per-person", "", (among("entries", _first, titles_at_level=5),), date(2021, 12, 27), part="e0"),
        Breach("planning-only-higher-title", "", (among("entries", _first, current_rank=6),), date(2025, 10, 8), part="e0"),
    ),
    "body": (
        Breach("woman-in-leadership", "", (stating(body="leadership"), among("members", _ALL, sex="male")), date(2020, 3, 1)),
    ),
    "unit": (
        Breach("group-plans-set-targets", "", (among("plans", pl.col("group") == "women", has_targets=False),)),
        Breach("recommendations-answered", "", (_unanswered,)),
    ),
    "statistics": (
        Breach("women-deputies", "", (among("figures", pl.col("id") == "f3", part=2),), level="target_missed", part="f3"),
    ),
}  # fmt: skip
