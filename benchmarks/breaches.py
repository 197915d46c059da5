"""What is planted: breaches, each made by a small change of a clean dossier, so that it and nothing else is to be found."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypeAlias

import polars as pl
from people import FIRST_DAY, FREEZE, LAST_DAY, NO_DISTRICTS, Draft

Change: TypeAlias = Callable[[Draft], Draft]

decided, started = pl.col("days.decided"), pl.col("days.process_started")


@dataclass(frozen=True, slots=True)
class Breach:
    """One way to breach one rule: in which decision, taken from which day up to (not including) which, by which changes."""

    rule: str
    scenario: str
    changes: tuple[Change, ...]
    since: date = FIRST_DAY
    until: date = LAST_DAY
    level: str = "violation"
    also: tuple[tuple[str, str], ...] = ()
    """Rules and levels of what cannot but come with it."""
    excused: bool = False
    """A special case was decided as the text lets it be, and is on file: nothing is to be found."""
    part: str = ""
    """The entry, leader or figure that is in breach, if not the whole."""

    def told(self, dossier: str) -> list[tuple[str, str, str]]:
        """Return the subject, rule and level of what is found in a dossier it is planted in."""
        if self.excused:
            return []
        subject = f"{dossier}/{self.part}" if self.part else dossier
        return [(subject, rule, level) for rule, level in ((self.rule, self.level), *self.also)]

    def planted(self, draft: Draft) -> Draft:
        """Return the dossiers with the breach in each."""
        for change in self.changes:
            draft = change(draft)
        return draft


def stating(**values: Any) -> Change:
    """Say something else of the whole dossier; `__` stands for the dot of a path."""

    def change(draft: Draft) -> Draft:
        named = {_path(name): _value(value) for name, value in values.items()}
        return replace(draft, flat=draft.flat.with_columns(**named))

    return change


def among(of: str, where: pl.Expr, **values: Any) -> Change:
    """Say something else of the rows of a list where it holds."""

    def change(draft: Draft) -> Draft:
        table = draft.lists[of]
        wide = table.join(draft.flat, on="row", how="left", suffix="_of", maintain_order="left")
        said = {_path(name): pl.when(where).then(_value(value)).otherwise(pl.col(_path(name))) for name, value in values.items()}
        return _with(draft, of, wide.with_columns(**said).select(table.columns))

    return change


def without(of: str, where: pl.Expr) -> Change:
    """Leave out the rows of a list where it holds."""
    return lambda draft: _with(draft, of, draft.lists[of].filter(~where))


def plus(of: str, **values: Any) -> Change:
    """Add one row to a list of each dossier."""

    def change(draft: Draft) -> Draft:
        added = draft.flat.select("row", **{_path(name): _value(value) for name, value in values.items()})
        return _with(draft, of, pl.concat([draft.lists[of], added], how="diagonal_relaxed").sort("row", maintain_order=True))

    return change


def _with(draft: Draft, of: str, table: pl.DataFrame) -> Draft:
    return replace(draft, lists={**draft.lists, of: table})


def _path(name: str) -> str:
    return name.replace("__", ".")


def _value(value: Any) -> pl.Expr:
    return value if isinstance(value, pl.Expr) else pl.lit(value)


def _kin(**values: Any) -> Change:
    """Add a relative at work in the very unit of the post."""
    said: dict[str, Any] = {
        "name": "Nguyễn Văn Bà Con",
        "relation": "sibling",
        "title": "Người thân cùng đơn vị",
        "unit": pl.col("post.unit"),
        "level": pl.col("post.level"),
        "sector": pl.col("post.sector"),
        "area.province": pl.col("post.area.province"),
        "area.district": pl.col("post.area.district"),
        "current": True,
        "in_process": False,
        "recused": False,
        "reported": True,
        "decides": False,
        "start": decided.dt.offset_by("-9y"),
        "start~": 0,
    }
    return plus("person.kin", **(said | values))


def _disciplined(months: int, **values: Any) -> Change:
    """Add a discipline of some months ago, borne in the post held before."""
    day = decided.dt.offset_by(f"-{months}mo")
    said: dict[str, Any] = {
        "form": "warning",
        "track": "party",
        "decided_on": day,
        "effective_on": day,
        "rank_then": pl.col("post.rank") - 1,
        "power_control": False,
        "corruption": False,
        "with_dismissal": False,
        "progress_found_on": decided.dt.offset_by("-1mo"),
    }
    return plus("person.discipline", **(said | values))


def _case(kind: str) -> Change:
    return plus("person.open_cases", kind=kind, opened_on=decided.dt.offset_by("-2mo"), open=True)


def _aged(years: int) -> Change:
    """Make the person older; so far back that service began where it may."""
    return stating(**{"person__birth_date": decided.dt.offset_by(f"-{years}y").dt.offset_by("-3mo"), "person__birth_date~": 0})


_ALL = pl.lit(value=True)
_kind, _number = pl.col("kind"), pl.col("number")
_lower_vote = (pl.col("convened") - 1) // 2
_calm = without("person.discipline", _ALL)
_no_cases = without("person.open_cases", _ALL)
_level_skipped = (
    stating(post__rank=pl.col("post.rank") + 1),
    among("person.planning", _ALL, rank=pl.col("rank") + 1),
)
_record = plus("documents", kind="achievement_record", issued_on=started, verified=True)


def _granted(rule: str, **values: Any) -> Change:
    """Put a special case on file, decided before the process began."""
    said: dict[str, Any] = {
        "rule": rule,
        "decided_by": "Ban Thường vụ cấp ủy",
        "level": "province",
        "decided_on": started.dt.offset_by("-5d"),
        "reason": "Trường hợp đặc biệt do yêu cầu công tác",
        "document": "12-QĐ/TU",
    }
    return plus("exceptions", **(said | values))


_short = among("person.posts", pl.col("current"), **{"start": decided.dt.offset_by("-5mo"), "start~": 0})
_unplanned = without("person.planning", _ALL)
_skipped = (("skipped-level", "exception_needed"),)

APPOINTMENT_BREACHES = (
    # kin
    Breach("kin-in-linked-posts", "civil:Phó Giám đốc Sở Y tế", (_kin(role="head"),), date(2019, 10, 1), date(2023, 7, 11)),
    Breach(
        "wider-kin-in-linked-posts",
        "civil:Phó Giám đốc Sở Tư pháp",
        (_kin(role="head", relation="parent_in_law"),),
        date(2019, 10, 1),
        date(2023, 7, 11),
    ),
    Breach(
        "kin-in-the-process-reported",
        "cadre",
        (_kin(role="staff", unit="Văn phòng cấp ủy cấp trên", in_process=True, reported=False),),
        date(2019, 10, 1),
        date(2023, 7, 11),
    ),
    Breach(
        "kin-head-and-deputy", "civil:Phó Giám đốc Sở Y tế", (_kin(role="head"),), date(2023, 7, 11), level="exception_needed"
    ),
    Breach(
        "kin-in-one-collective",
        "civil:Phó Giám đốc Sở Thuế vụ",
        (_kin(role="deputy", body="leadership"),),
        date(2023, 7, 11),
        level="exception_needed",
    ),
    Breach("no-kin-over-people-or-money", "cadre:Phó Trưởng Ban Tổ chức", (_kin(role="deputy"),), date(2019, 7, 1)),
    # local origin
    Breach(
        "district-secretary-not-local",
        "candidature:Bí thư Huyện ủy",
        (
            stating(
                person__home_town__province=pl.col("post.area.province"), person__home_town__district=pl.col("post.area.district")
            ),
        ),
        date(2020, 1, 1),
        date(2025, 3, 6),
    ),
    Breach(
        "provincial-secretary-not-local",
        "candidature:Bí thư Tỉnh ủy",
        (stating(person__home_town__province=pl.col("post.area.province")),),
        date(2025, 4, 14),
        level="target_missed",
    ),
    Breach(
        "commune-secretary-not-local",
        "candidature:Bí thư Đảng ủy",
        (
            stating(
                person__home_town__province=pl.col("post.area.province"),
                person__home_town__district=None,
                person__home_town__commune=pl.col("post.area.commune"),
            ),
        ),
        date(2025, 7, 1),
        level="target_missed",
    ),
    # the freeze of 2025
    Breach(
        "placement-freeze",
        "candidature:Phó Chủ tịch Ủy ban nhân dân tỉnh",
        (stating(post__new_unit=False),),
        FREEZE,
        NO_DISTRICTS,
        level="exception_needed",
    ),
    # discipline and open cases
    Breach(
        "no-higher-post-after-discipline",
        "cadre",
        (_calm, stating(post__new_unit=False), _disciplined(6)),
        date(2018, 8, 1),
        date(2022, 8, 1),
    ),
    Breach(
        "no-higher-post-after-discipline",
        "cadre",
        (_calm, stating(post__new_unit=False), _disciplined(9)),
        date(2023, 9, 1),
        date(2025, 10, 1),
    ),
    Breach(
        "no-higher-post-after-discipline", "cadre", (_calm, stating(post__new_unit=False), _disciplined(8)), date(2025, 11, 1)
    ),
    Breach(
        "progress-found-after-discipline",
        "cadre",
        (_calm, stating(post__new_unit=False), _disciplined(40, form="reprimand", progress_found_on=None)),
        date(2025, 11, 1),
    ),
    Breach(
        "state-discipline-bars-appointment", "civil", (_calm, _disciplined(5, track="state")), date(2018, 2, 1), date(2020, 6, 1)
    ),
    Breach("no-move-with-an-open-case", "transfer", (_no_cases, _case("investigation")), date(2020, 8, 1), date(2025, 7, 1)),
    Breach(
        "no-post-while-discipline-is-considered",
        "civil",
        (_no_cases, _case("discipline")),
        date(2022, 8, 18),
        date(2025, 7, 1),
        also=(("no-move-with-an-open-case", "violation"),),
    ),
    Breach("training-while-case-open", "training", (_no_cases, _case("investigation")), date(2020, 8, 1)),
    # age and time
    Breach(
        "full-term",
        "cadre",
        (_aged(57), stating(person__sex="male")),
        date(2018, 2, 1),
        date(2025, 10, 1),
        level="exception_needed",
    ),
    Breach("first-appointment-age-district", "civil:Trưởng phòng Tư pháp", (_aged(47),), date(2018, 2, 1), date(2020, 11, 1)),
    Breach("postgraduate-study-age", "training", (_aged(47),), date(2018, 2, 1)),
    Breach(
        "time-in-post",
        "cadre",
        (_short,),
        date(2022, 10, 1),
        level="exception_needed",
    ),
    # standards
    Breach("university-degree-state", "civil", (stating(person__degree="college"),), date(2024, 5, 1), date(2025, 8, 29)),
    Breach("university-degree", "cadre", (stating(person__degree="college"),), date(2025, 8, 30)),
    Breach(
        "political-theory-state",
        "civil:Phó Giám đốc Sở Y tế",
        (stating(person__theory="primary"),),
        date(2024, 6, 20),
        date(2025, 12, 1),
    ),
    Breach(
        "planned-before-promotion",
        "cadre",
        (_unplanned,),
        date(2018, 2, 1),
        level="exception_needed",
    ),
    Breach("fit-for-post", "cadre", (stating(person__fit=False),), date(2022, 10, 1), date(2025, 10, 1)),
    Breach(
        "leadership-certificate",
        "civil",
        (without("person.courses", _kind.is_in(["leadership", "title_specific"])),),
        date(2018, 3, 1),
        date(2021, 12, 1),
    ),
    Breach("one-nationality", "cadre:Phó Trưởng Ban Tổ chức", (stating(person__only_vietnamese=False),), date(2025, 7, 1)),
    # evaluation
    Breach(
        "recent-ratings-completed",
        "cadre",
        (among("person.ratings", pl.col("year") == started.dt.year() - 2, level="failed"),),
        date(2026, 1, 5),
    ),
    Breach(
        "recent-ratings-good",
        "civil",
        (among("person.ratings", pl.col("year") == started.dt.year() - 2, level="completed"),),
        date(2026, 9, 25),
    ),
    # the process
    Breach(
        "party-policy-before-process",
        "cadre",
        (stating(days__policy_approved=started.dt.offset_by("6d")),),
        date(2018, 2, 1),
        date(2022, 8, 1),
    ),
    Breach(
        "policy-before-process",
        "civil",
        (stating(days__policy_requested=started, days__policy_approved=started.dt.offset_by("6d")),),
        date(2024, 11, 20),
        date(2026, 7, 1),
    ),
    Breach(
        "policy-answer-in-time",
        "civil",
        (stating(days__policy_requested=pl.col("days.policy_approved").dt.offset_by("-60d")),),
        date(2025, 4, 1),  # asked since the limit is there
        date(2026, 7, 1),
    ),
    Breach("process-five-steps", "civil", (without("steps", _number == 3),), date(2021, 2, 1), date(2022, 8, 1)),
    Breach(
        "process-final-vote", "civil", (among("steps", _number == 5, votes_for=_lower_vote),), date(2021, 2, 1), date(2022, 8, 1)
    ),
    Breach("process-ballots-secret", "civil", (among("steps", _number == 2, secret=False),), date(2021, 2, 1), date(2024, 9, 1)),
    Breach(
        "process-quorum",
        "civil",
        (
            among(
                "steps",
                _number == 2,
                present=pl.col("convened") // 2,
                ballots=pl.col("convened") // 2,
                votes_for=pl.col("convened") // 2,
            ),
        ),
        date(2025, 12, 1),
        date(2026, 7, 1),
    ),
    Breach(
        "party-final-vote", "cadre", (among("steps", _number == 5, votes_for=_lower_vote),), date(2022, 10, 1), date(2025, 10, 1)
    ),
    Breach(
        "party-counts-announced", "cadre", (among("steps", _number == 3, announced=False),), date(2022, 10, 1), date(2025, 10, 1)
    ),
    Breach(
        "process-key-officials-majority",
        "civil:Phó Giám đốc Sở Tư pháp",
        (among("steps", _number == 3, votes_for=pl.col("present") // 2),),
        date(2026, 9, 25),
    ),
    Breach(
        "vertical-body-asks-the-locality",
        "civil:Phó Cục trưởng Cục Thuế",
        (without("consultations", pl.col("sector") == "party_committee"),),
        date(2025, 10, 8),
    ),
    Breach("decided-by-competent-authority", "cadre", (stating(authority__competent=False),), date(2023, 7, 11)),
    Breach(
        "petitions-handled",
        "civil",
        (plus("complaints", source="front", received_on=decided.dt.offset_by("-20d"), resolved=False),),
        date(2019, 10, 1),
    ),
    Breach("untrue-file", "cadre", (stating(person__file_untrue=True),), date(2023, 7, 11)),
    Breach(
        "deputies-within-ceiling",
        "civil:Phó Giám đốc Sở Tài chính",
        (stating(deputies_after=pl.col("deputies_allowed") + 1),),
        date(2020, 12, 1),
        date(2025, 3, 1),
    ),
    Breach("term-at-most-five-years", "civil", (stating(post__term_months=72),), date(2018, 2, 1)),
    # papers and assets
    Breach(
        "appointment-file-complete",
        "civil",
        (without("documents", _kind == "unit_assessment"),),
        date(2021, 2, 1),
        date(2026, 7, 1),  # since then units of health and education have a decree of their own
    ),
    Breach(
        "health-certificate-fresh",
        "civil",
        (among("documents", _kind == "health_certificate", issued_on=pl.col("days.file_received").dt.offset_by("-8mo")),),
        date(2021, 2, 1),
        date(2026, 7, 1),
    ),
    Breach(
        "asset-declaration-ten-days-before",
        "civil",
        (among("person.asset_declarations", _kind == "personnel", declared_on=decided.dt.offset_by("-4d")),),
        date(2019, 7, 1),
    ),
    Breach(
        "asset-declaration-public-at-meeting",
        "civil",
        (among("person.asset_declarations", _kind == "personnel", published=False),),
        date(2020, 12, 20),
    ),
    # leap-frog
    Breach(
        "skipped-level",
        "cadre",
        (*_level_skipped, _record),
        date(2020, 1, 1),
        level="exception_needed",
    ),
    Breach("skipped-level-achievements", "cadre", (*_level_skipped, _granted("skipped-level")), date(2020, 1, 1)),
    # rotation, the end of a term, exams, recruitment
    Breach(
        "rotation-lasts-three-years",
        "rotation",
        (stating(rotation__planned_months=24),),
        date(2022, 5, 1),
        level="exception_needed",
    ),
    Breach(
        "rotated-from-planning",
        "rotation",
        (_unplanned,),
        date(2018, 2, 1),
        level="exception_needed",
    ),
    Breach(
        "no-post-added-for-rotation",
        "rotation",
        (stating(rotation__extra_post=True),),
        date(2022, 5, 1),
        level="exception_needed",
    ),
    Breach(
        "reappointment-notice",
        "reappointment:Phó Giám đốc Sở Y tế",
        (stating(days__notified=pl.col("days.term_ends").dt.offset_by("-70d")),),
        date(2021, 6, 1),
        date(2025, 10, 1),
    ),
    Breach("exam-has-competition", "exam", (stating(exam__candidates=1),), date(2020, 1, 1)),
    Breach("exam-winner-appointed", "exam", (stating(exam__appointee_won=False),), date(2020, 1, 1)),
    Breach("recruitment-into-vacant-position", "recruitment", (stating(post__vacant=False),), date(2020, 1, 1)),
    Breach("recruitment-degree-fits", "recruitment", (stating(person__degree_fits=False),), date(2020, 1, 1)),
    Breach(
        "removal-decided-in-time",
        "dismissal",
        (stating(days__proposed=decided.dt.offset_by("-60d"), days__grounds_found=decided.dt.offset_by("-64d")),),
        date(2021, 2, 1),
        date(2024, 9, 1),
    ),
    # what an exception on file must be
    Breach(
        "exception-unreasoned",
        "cadre",
        (*_level_skipped, _record, _granted("skipped-level", reason=None)),
        date(2020, 1, 1),
        also=_skipped,
    ),
    Breach(
        "exception-misdated",
        "cadre",
        (*_level_skipped, _record, _granted("skipped-level", decided_on=decided.dt.offset_by("9d"))),
        date(2020, 1, 1),
        also=_skipped,
    ),
    Breach(
        "exception-expired",
        "cadre",
        (*_level_skipped, _record, _granted("skipped-level", expires_on=started)),
        date(2020, 1, 1),
        also=_skipped,
    ),
    Breach(
        "exception-wrong-level",
        "rotation",
        (stating(rotation__extra_post=True), _granted("no-post-added-for-rotation")),
        date(2022, 5, 1),
        also=(("no-post-added-for-rotation", "exception_needed"),),
    ),
    # special cases decided in time
    Breach("skipped-level", "cadre", (*_level_skipped, _record, _granted("skipped-level")), date(2020, 1, 1), excused=True),
    Breach("time-in-post", "cadre", (_short, _granted("time-in-post")), date(2022, 10, 1), excused=True),
    Breach(
        "planned-before-promotion", "cadre", (_unplanned, _granted("planned-before-promotion")), date(2018, 2, 1), excused=True
    ),
    Breach(
        "rotation-lasts-three-years",
        "rotation",
        (stating(rotation__planned_months=24), _granted("rotation-lasts-three-years")),
        date(2022, 5, 1),
        excused=True,
    ),
)
