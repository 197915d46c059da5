"""Fictional decisions, drawn by the chunk: what a careful office would have on file, so that nothing in it is in breach.

Everything is drawn from a seeded generator; no name, unit or number is anybody's. A chunk is a `Draft`: one table of what a
dossier states once, by dotted path, and one table for each of its lists, whose rows name their dossier. A dotted column
left out is not stated; a dossier without rows in a list states that there are none, unless the list is withheld from it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, TypeAlias

import numpy as np
import polars as pl
import pyarrow as pa

from cadre_rules.dossier.frames import SPAN, frame_schema

Ints: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
Marks: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]

FIRST_DAY, LAST_DAY = date(2018, 1, 15), date(2026, 10, 30)
FREEZE, NO_DISTRICTS = date(2025, 3, 7), date(2025, 7, 1)
FOUR_STEPS = date(2026, 8, 1)

SCENARIOS = {
    "civil": 40,
    "public": 12,
    "cadre": 12,
    "candidature": 8,
    "exam": 2,
    "external": 3,
    "transfer": 4,
    "rotation": 4,
    "secondment": 1,
    "reappointment": 7,
    "recruitment": 4,
    "relief": 1,
    "dismissal": 1,
    "training": 1,
}
"""What is decided, and how often in a hundred."""


_TITLES = """\
scenario,title,unit,level,sector,role,rank,regime,code,body,era,vertical
civil,Phó Giám đốc Sở Nội vụ,Sở Nội vụ,province,home_affairs,deputy,4,civil_servant,province_department_deputy,leadership
civil,Giám đốc Sở Nội vụ,Sở Nội vụ,province,home_affairs,head,5,civil_servant,province_department_head,leadership
civil,Phó Giám đốc Sở Tài chính,Sở Tài chính,province,finance,deputy,4,civil_servant,province_department_deputy,leadership
civil,Giám đốc Sở Tài chính,Sở Tài chính,province,finance,head,5,civil_servant,province_department_head,leadership
civil,Phó Giám đốc Sở Thuế vụ,Sở Thuế vụ,province,industry_trade,deputy,4,civil_servant,province_department_deputy,leadership
civil,Giám đốc Sở Thuế vụ,Sở Thuế vụ,province,industry_trade,head,5,civil_servant,province_department_head,leadership
civil,Phó Giám đốc Sở Y tế,Sở Y tế,province,health,deputy,4,civil_servant,province_department_deputy,leadership
civil,Giám đốc Sở Y tế,Sở Y tế,province,health,head,5,civil_servant,province_department_head,leadership
civil,Phó Giám đốc Sở Giáo dục,Sở Giáo dục,province,education,deputy,4,civil_servant,province_department_deputy,leadership
civil,Giám đốc Sở Giáo dục,Sở Giáo dục,province,education,head,5,civil_servant,province_department_head,leadership
civil,Phó Giám đốc Sở Tư pháp,Sở Tư pháp,province,other,deputy,4,civil_servant,province_department_deputy,leadership
civil,Giám đốc Sở Tư pháp,Sở Tư pháp,province,other,head,5,civil_servant,province_department_head,leadership
civil,Phó Giám đốc Sở Dân tộc,Sở Dân tộc,province,other,deputy,4,civil_servant,province_department_deputy,leadership
civil,Giám đốc Sở Dân tộc,Sở Dân tộc,province,other,head,5,civil_servant,province_department_head,leadership
civil,Trưởng Phòng Tổ chức,Phòng Tổ chức - Sở Tư pháp,unit,other,head,3,civil_servant
civil,Phó Trưởng Phòng Tổ chức,Phòng Tổ chức - Sở Tư pháp,unit,other,deputy,2,civil_servant
civil,Trưởng Phòng Kế hoạch,Phòng Kế hoạch - Sở Tư pháp,unit,other,head,3,civil_servant
civil,Phó Trưởng Phòng Kế hoạch,Phòng Kế hoạch - Sở Tư pháp,unit,other,deputy,2,civil_servant
civil,Trưởng Phòng Nghiệp vụ,Phòng Nghiệp vụ - Sở Tư pháp,unit,other,head,3,civil_servant
civil,Phó Trưởng Phòng Nghiệp vụ,Phòng Nghiệp vụ - Sở Tư pháp,unit,other,deputy,2,civil_servant
civil,Trưởng Phòng Hành chính,Phòng Hành chính - Sở Tư pháp,unit,other,head,3,civil_servant
civil,Phó Trưởng Phòng Hành chính,Phòng Hành chính - Sở Tư pháp,unit,other,deputy,2,civil_servant
civil,Trưởng Phòng Pháp chế,Phòng Pháp chế - Sở Tư pháp,unit,other,head,3,civil_servant
civil,Phó Trưởng Phòng Pháp chế,Phòng Pháp chế - Sở Tư pháp,unit,other,deputy,2,civil_servant
civil,Phó Trưởng phòng Nội vụ,Phòng Nội vụ,district,home_affairs,deputy,2,civil_servant,,,districts
civil,Trưởng phòng Tư pháp,Phòng Tư pháp,district,other,head,3,civil_servant,,,districts
civil,Trưởng phòng Văn hóa - Xã hội,Ủy ban nhân dân,commune,other,head,3,civil_servant,commune_division_head,,communes
civil,Phó Trưởng phòng Kinh tế,Ủy ban nhân dân,commune,other,deputy,2,civil_servant,commune_division_deputy,,communes
civil,Phó Cục trưởng Cục Thuế,Cục Thuế,province,tax,deputy,4,civil_servant,,,,vertical
civil,Phó Cục trưởng Cục Hải quan,Cục Hải quan,province,customs,deputy,4,civil_servant,,,,vertical
public,Phó Giám đốc Bệnh viện Đa khoa,Bệnh viện Đa khoa,province,health,deputy,3,public_employee,,leadership
public,Trưởng khoa,Trung tâm Y tế,unit,health,head,2,public_employee
public,Hiệu trưởng,Trường Trung học phổ thông số 1,unit,education,head,3,public_employee
public,Phó Hiệu trưởng,Trường Trung học cơ sở số 2,unit,education,deputy,2,public_employee
cadre,Phó Trưởng Ban Tổ chức,Ban Tổ chức cấp ủy,province,organisation,deputy,4,cadre,,leadership
cadre,Phó Chủ nhiệm Ủy ban Kiểm tra,Ủy ban Kiểm tra cấp ủy,province,inspection_committee,deputy,4,cadre,,inspection_committee
cadre,Phó Chủ tịch Mặt trận Tổ quốc,Ủy ban Mặt trận Tổ quốc,province,front,deputy,4,cadre,,leadership
cadre,Phó Chủ tịch Hội Nông dân,Hội Nông dân,district,front,deputy,3,cadre,,,districts
cadre,Phó Chánh Văn phòng cấp ủy,Văn phòng cấp ủy,province,party_committee,deputy,4,cadre
candidature,Bí thư Huyện ủy,Huyện ủy,district,party_committee,head,5,cadre,,standing_committee,districts
candidature,Phó Bí thư Huyện ủy,Huyện ủy,district,party_committee,deputy,4,cadre,,standing_committee,districts
candidature,Chủ tịch Ủy ban nhân dân huyện,Ủy ban nhân dân huyện,district,government,head,5,cadre,,,districts
candidature,Bí thư Đảng ủy,Đảng ủy,commune,party_committee,head,4,cadre,,standing_committee,communes
candidature,Phó Chủ tịch Hội đồng nhân dân,Hội đồng nhân dân,commune,council,deputy,3,cadre,,peoples_council,communes
candidature,Bí thư Tỉnh ủy,Tỉnh ủy,province,party_committee,head,8,cadre,province_secretary,standing_committee
candidature,Phó Chủ tịch Ủy ban nhân dân tỉnh,Ủy ban nhân dân,province,government,deputy,6,cadre
recruitment,Chuyên viên,Sở Tư pháp,province,other,staff,1,civil_servant
"""
TITLES = pl.read_csv(_TITLES.encode(), truncate_ragged_lines=True)
"""Kinds of post: where one stands, the body it sits in, and the era it existed in, if not ever."""

_DISTRICTS, _COMMUNES = (pl.col("era").eq_missing(era) for era in ("districts", "communes"))
_HIGH = pl.col("role").is_in(["head", "deputy"]) & pl.col("sector").is_in(["council", "government", "front"])
_FROZEN = (
    pl.col("level").is_in(["district", "commune"])
    | ((pl.col("level") == "province") & _HIGH)
    | ((pl.col("level") == "province") & (pl.col("sector") == "party_committee") & (pl.col("role") != "head"))
)
"""Posts nobody was placed in while the machinery was reorganised, from `FREEZE` until `NO_DISTRICTS`."""

_POSTS_OF = {"exam": "civil", "external": "civil", "secondment": "civil", "dismissal": "civil", "relief": "civil",
             "reappointment": "civil", "rotation": "cadre", "transfer": "cadre", "training": "civil"}  # fmt: skip
_DECISIONS = {"civil": "appointment", "public": "appointment", "cadre": "appointment", "exam": "appointment",
              "external": "appointment"}  # fmt: skip
SAME_RANK = ("transfer", "rotation", "secondment", "reappointment", "relief", "dismissal", "training")
PROMOTED = ("civil", "public", "cadre", "candidature", "exam", "external")
WITH_STEPS = ("civil", "public", "cadre", "candidature", "external", "reappointment", "dismissal")

FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Huỳnh", "Phan", "Vũ", "Võ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô", "Dương", "Lò",
           "Vàng", "Giàng", "Nông", "Y", "Thạch")  # fmt: skip
MIDDLE = (("Văn", "Đức", "Hữu", "Quang", "Minh", "Xuân"), ("Thị", "Thu", "Ngọc", "Thanh", "Kim", "Hồng"))
GIVEN = (("An", "Bình", "Cường", "Dũng", "Hải", "Hùng", "Khoa", "Long", "Nam", "Sơn", "Tùng", "Việt"),
          ("Anh", "Chi", "Dung", "Hà", "Hạnh", "Hoa", "Lan", "Mai", "Nga", "Thủy", "Trang", "Yến"))  # fmt: skip
OLD = ("Hà Giang", "Cao Bằng", "Bắc Kạn", "Tuyên Quang", "Lào Cai", "Điện Biên", "Sơn La", "Yên Bái", "Hòa Bình", "Thái Nguyên",
        "Lạng Sơn", "Quảng Ninh", "Bắc Giang", "Phú Thọ", "Vĩnh Phúc", "Bắc Ninh", "Hải Dương", "Hưng Yên", "Thái Bình", "Hà Nam",
        "Nam Định", "Ninh Bình", "Thanh Hóa", "Nghệ An", "Hà Tĩnh", "Quảng Bình", "Quảng Trị", "Quảng Nam", "Quảng Ngãi",
        "Bình Định", "Phú Yên", "Khánh Hòa", "Ninh Thuận", "Kon Tum", "Gia Lai", "Đắk Lắk", "Lâm Đồng", "Bình Phước", "Tây Ninh",
        "Đồng Nai", "Long An", "Tiền Giang", "Bến Tre", "Vĩnh Long", "Đồng Tháp", "An Giang", "Sóc Trăng", "Cà Mau")  # fmt: skip
NEW = ("Tuyên Quang", "Cao Bằng", "Lào Cai", "Điện Biên", "Sơn La", "Thái Nguyên", "Lạng Sơn", "Quảng Ninh", "Phú Thọ",
        "Bắc Ninh", "Hưng Yên", "Ninh Bình", "Thanh Hóa", "Nghệ An", "Hà Tĩnh", "Quảng Trị", "Quảng Ngãi", "Gia Lai", "Khánh Hòa",
        "Đắk Lắk", "Lâm Đồng", "Tây Ninh", "Đồng Nai", "Vĩnh Long", "Đồng Tháp", "An Giang", "Cà Mau")  # fmt: skip
_CITIES = ("Hà Nội", "Hải Phòng", "Huế", "Đà Nẵng")
"""Nobody of this population serves there, so that a person drawn from one is from another province than the post's."""
PLACES = ("Yên Phong", "Đông Sơn", "Tân Lập", "Bình Minh", "Vĩnh Thạnh", "Phú Lộc", "Hòa An", "Thạch Hà", "Quế Võ", "Long Mỹ",
           "Mường Ảng", "Kỳ Sơn", "Tam Nông", "An Lão", "Đức Trọng", "Krông Pa")  # fmt: skip
_GROUPS = ("Kinh", "Tày", "Thái", "Mường", "Khmer", "Mông", "Ê Đê")
_KIN = ("spouse", "parent", "sibling", "child", "parent_in_law", "sibling_of_spouse", "aunt_uncle")
_KIN_WORK = (
    ("Giáo viên", "Trường Tiểu học", "education", "staff", "unit"),
    ("Y tá", "Trạm Y tế", "health", "staff", "unit"),
    ("Công nhân", "Công ty Cổ phần May", "other", "staff", "unit"),
    ("Nông dân", "Hợp tác xã Nông nghiệp", "other", "staff", "unit"),
    ("Nguyên Chủ tịch Hội Cựu chiến binh", "Hội Cựu chiến binh xã", "front", "head", "commune"),
    ("Công chức địa chính", "Bộ phận Địa chính xã", "natural_resources", "staff", "commune"),
)
_PAPERS = (
    ("policy_request", "days.policy_requested", 0, 0),
    ("policy_approval", "days.policy_approved", 0, 0),
    ("submission", "days.file_received", -3, 0),
    ("cv", "days.process_started", -20, 5),
    ("photo", "days.process_started", -20, 5),
    ("self_review", "days.process_started", -10, 0),
    ("unit_assessment", "days.process_ended", 0, 3),
    ("residence_assessment", "days.process_ended", -3, 3),
    ("political_standard", "days.process_started", -40, -5),
    ("asset_declaration", "days.process_started", -10, 0),
    ("degrees", "days.process_started", -20, 5),
    ("health_certificate", "days.process_started", -50, 0),
    ("minutes", "days.process_ended", 0, 0),
    ("ballot_record", "days.process_ended", 0, 0),
    ("planning_decision", "days.process_started", -900, -200),
    ("appraisal", "days.decided", -6, -1),
    ("recruitment_decision", "days.process_started", -6000, -3000),
)
"""Each paper of a file: the day it is reckoned from, and how many days before or after it may be issued."""


@dataclass(slots=True)
class Draft:
    """Dossiers while they are drawn; `row` tells whose a row of a list is."""

    flat: pl.DataFrame
    lists: dict[str, pl.DataFrame]
    withheld: dict[str, pl.Series] = field(default_factory=dict)
    """The rows that say nothing of a list, by list."""

    def of(self, rows: pl.Series) -> "Draft":
        """Return the draft of these dossiers alone."""
        return Draft(
            self.flat.filter(pl.col("row").is_in(rows.implode())),
            {name: table.filter(pl.col("row").is_in(rows.implode())) for name, table in self.lists.items()},
            self.withheld,
        )


def joined(drafts: Iterable[Draft]) -> Draft:
    """Return several drafts as one, in the order of their dossiers."""
    drafts = list(drafts)
    names = drafts[0].lists
    flat = pl.concat([draft.flat for draft in drafts], how="diagonal_relaxed").sort("row")
    lists = {n: pl.concat([d.lists[n] for d in drafts], how="diagonal_relaxed").sort("row", maintain_order=True) for n in names}
    return Draft(flat, lists, drafts[0].withheld)


# ------------------------------------------------------------------------------------------------ a chunk of clean dossiers


def draw(chance: np.random.Generator, first: int, scenarios: Iterable[str], since: Ints, until: Ints) -> Draft:
    """Return one clean dossier for each scenario, decided from the day `since` to the day before `until` (day numbers).

    A scenario may name the post after a colon: `candidature:Bí thư Tỉnh ủy`.
    """
    asked = [name.partition(":") for name in scenarios]
    scenario = np.array([name for name, _, _ in asked])
    n = len(scenario)
    decided = _weekday(chance.integers(since, np.maximum(until, since + 1)))
    flat = Columns(chance, n)
    flat.put(row=np.arange(n), scenario=scenario, id=[f"hs-{number:07d}" for number in range(first, first + n)])
    flat.put(decision=[_DECISIONS.get(name, name) for name in scenario])
    _put_days(flat, scenario, decided)
    _put_post(flat, scenario, np.array([title for _, _, title in asked]), decided)
    _put_person(flat, scenario)
    _put_rest(flat, scenario)
    table = flat.frame()
    return Draft(table, _lists(chance, table))


def day(value: date) -> int:
    """Return the number of a day, counted from 1970-01-01."""
    return (value - date(1970, 1, 1)).days


def _weekday(days: Ints) -> Ints:
    """Return the days, those of a weekend moved to the Friday before."""
    return days - np.maximum((days + 3) % 7 - 4, 0)


class Columns:
    """Columns of a chunk as they are drawn."""

    def __init__(self, chance: np.random.Generator, n: int) -> None:
        self.chance, self.n = chance, n
        self._columns: dict[str, pl.Series] = {}

    def put(self, **columns: Any) -> None:
        """Add columns: a series, an array, or one value for every row."""
        self.of(columns)

    def of(self, columns: Mapping[str, Any]) -> None:
        """Add columns whose names are paths."""
        self._columns |= {name: _series(name, values, self.n) for name, values in columns.items()}

    def days(self, columns: Mapping[str, Any]) -> None:
        """Add columns of days, given by their numbers."""
        for name, values in columns.items():
            self._columns[name] = pl.Series(name, np.asarray(values, dtype=np.int32)).cast(pl.Date)

    def numbers(self, name: str) -> Ints:
        return self._columns[name].to_physical().to_numpy().astype(np.int64)

    def texts(self, name: str) -> pl.Series:
        return self._columns[name]

    def between(self, low: Any, high: Any) -> Ints:
        """Return numbers drawn from `low` to `high`, both included."""
        return self.chance.integers(low, np.asarray(high) + 1, self.n)

    def one_of(self, words: Iterable[Any], share: Iterable[float] | None = None) -> pl.Series:
        words = list(words)
        weights = None if share is None else np.array(list(share)) / sum(share)
        return pl.Series(words).gather(self.chance.choice(len(words), self.n, p=weights))

    def odds(self, share: float) -> Marks:
        return self.chance.random(self.n) < share

    def where(self, name: str, mask: Marks) -> None:
        """Leave a column unstated where the mask is not true."""
        self._columns[name] = _masked(self._columns[name], mask)

    def frame(self) -> pl.DataFrame:
        return pl.DataFrame(list(self._columns.values()))


def _series(name: str, values: Any, n: int) -> pl.Series:
    if isinstance(values, pl.Series):
        return values.alias(name)
    if isinstance(values, (list, np.ndarray)):
        return pl.Series(name, values)
    return pl.repeat(values, n, eager=True).alias(name)


def _masked(values: pl.Series, mask: Marks) -> pl.Series:
    return pl.select(pl.when(pl.Series(mask)).then(values)).to_series().alias(values.name)


def _either(mask: Any, yes: Any, no: Any) -> pl.Series:
    return pl.select(pl.when(pl.Series(mask)).then(pl.lit(yes)).otherwise(pl.lit(no))).to_series()


def text(*parts: Any, between: str = " ") -> pl.Series:
    """Return texts put together, without the parts that are not there."""
    return pl.select(pl.concat_str([pl.lit(part) for part in parts], separator=between, ignore_nulls=True)).to_series()


def _put_days(flat: Columns, scenario: Any, decided: Ints) -> None:
    renewed = scenario == "reappointment"
    removed = np.isin(scenario, ["relief", "dismissal"])
    started = decided - np.where(renewed, flat.between(115, 125), np.where(removed, flat.between(4, 9), flat.between(34, 46)))
    ended = np.where(removed, started + 2, started + flat.between(10, 14))
    received = np.where(removed, ended + 1, ended + flat.between(3, 7))
    approved = started - flat.between(2, 6)
    requested = approved - flat.between(5, 9)
    notified = started - flat.between(36, 42)
    ends = decided + flat.between(20, 40)
    flat.days(
        {
            "days.decided": decided,
            "days.effective": decided + flat.between(0, 10),
            "days.process_started": started,
            "days.process_ended": ended,
            "days.file_received": received,
            "days.policy_approved": approved,
            "days.policy_requested": requested,
            "days.vacancy": requested - flat.between(20, 150),
            "days.notified": notified,
            "days.term_ends": ends,
            "days.term_started": ends - 1826,
            "days.proposed": started,
            "days.grounds_found": started - flat.between(3, 9),
        }
    )
    for name in ("notified", "term_ends", "term_started"):
        flat.where(f"days.{name}", renewed)
    for name in ("proposed", "grounds_found"):
        flat.where(f"days.{name}", removed)


def _put_post(flat: Columns, scenario: Any, asked: Any, decided: Ints) -> None:
    late = decided >= day(NO_DISTRICTS)
    frozen = (decided >= day(FREEZE)) & ~late
    chosen = np.zeros(flat.n, dtype=np.int64)
    for name in SCENARIOS:
        for era, gone in ((~frozen & ~late, _COMMUNES), (frozen, _COMMUNES | _FROZEN), (late, _DISTRICTS)):
            mask = (scenario == name) & era
            fits = TITLES.select((pl.col("scenario") == _POSTS_OF.get(name, name)) & ~gone).to_series()
            chosen[mask] = flat.chance.choice(np.flatnonzero(fits), int(mask.sum()))
    for name in set(asked) - {""}:
        chosen[asked == name] = TITLES["title"].to_list().index(name)
    titles = TITLES[chosen]
    old, new = (flat.one_of([f"tỉnh {name}" for name in names]) for names in (OLD, NEW))
    province = _either(late, new, old)
    low = titles["level"].is_in(["district", "commune", "unit"]).to_numpy()
    district = _masked(flat.one_of([f"huyện {name}" for name in PLACES]), low & ~late)
    commune = _masked(flat.one_of([f"xã {name}" for name in PLACES]), titles["level"].is_in(["commune"]).to_numpy())
    place = text(commune, district, province, between=", ")
    flat.of(
        {
            "post.title": titles["title"],
            "post.code": titles["code"],
            "post.unit": titles["unit"] + " " + place,
            "post.level": titles["level"],
            "post.sector": titles["sector"],
            "post.role": titles["role"],
            "post.rank": titles["rank"].cast(pl.Int64),
            "post.regime": titles["regime"],
            "post.body": titles["body"],
            "post.area.province": province,
            "post.area.district": district,
            "post.area.commune": commune,
            "post.leading": scenario != "recruitment",
            "post.term_months": np.where(scenario == "secondment", 24, 60),
            "post.managed_by": _either(titles["level"] == "unit", "province", titles["level"]),
            "post.created_for_person": False,
            "post.vacant": True,
            "post.reports_to_kin": False,
            "post.vertical": titles["vertical"].is_not_null(),
            "post.new_unit": late & flat.odds(0.1),
            "place": place,
        }
    )


def _put_person(flat: Columns, scenario: Any) -> None:
    decided = flat.numbers("days.decided")
    woman = flat.odds(0.35)
    young = np.isin(scenario, ["rotation", "training"]) | (flat.texts("post.level") == "district").to_numpy()
    fresh = scenario == "recruitment"
    oldest = np.where(young, 38, np.where(woman, 46, 50))
    years = np.where(fresh, flat.between(23, 29), flat.between(33, oldest))
    born = decided - (years * 365.25).astype(np.int64) - flat.between(0, 364)
    recruited = born + flat.between(8300, 9100)
    head, sector = (flat.texts("post.role") == "head").to_numpy(), flat.texts("post.sector")
    from_afar = head & sector.is_in(["party_committee", "government", "inspectorate"]).to_numpy()
    city, elsewhere = (
        flat.one_of([f"{kind} {name}" for name in names]) for kind, names in (("thành phố", _CITIES), ("tỉnh", OLD))
    )
    home = _either(from_afar, city, _either(flat.odds(0.5), flat.texts("post.area.province"), elsewhere))
    home = _either(
        flat.odds(0.1), home.str.replace("tỉnh ", "Tỉnh "), _either(flat.odds(0.1), home.str.replace("tỉnh ", ""), home)
    )
    group = flat.one_of(_GROUPS, (80, 5, 4, 4, 3, 2, 2))
    sex = pl.Series(np.where(woman, "female", "male"))
    middle = _either(woman, flat.one_of(MIDDLE[1]), flat.one_of(MIDDLE[0]))
    name = text(flat.one_of(FAMILY), middle, _either(woman, flat.one_of(GIVEN[1]), flat.one_of(GIVEN[0])))
    rank = flat.numbers("post.rank")
    flat.of(
        {
            "person.id": text("CB-", flat.texts("id").str.slice(3), between=""),
            "person.name": name,
            "person.sex": sex,
            "person.birth_date~": flat.one_of([0, 1, 2], (85, 5, 10)),
            "person.home_town.province": home,
            "person.home_town.district": flat.one_of([f"huyện {name}" for name in PLACES]),
            "person.home_town.commune": flat.one_of([f"xã {name}" for name in PLACES]),
            "person.birthplace.province": home,
            "person.ethnicity": group,
            "person.minority": group != "Kinh",
            "person.religion": flat.one_of(("Không", "Phật giáo", "Công giáo"), (90, 6, 4)),
            "person.fit": True,
            "person.schooling": "12/12",
            "person.degree": flat.one_of(("university", "master", "doctor"), (65, 32, 3)),
            "person.degree_fits": True,
            "person.theory": np.where(rank >= 4, "advanced", np.where(rank >= 2, "intermediate", "primary")),
            "person.state_management": np.where(rank >= 5, "senior", np.where(rank >= 2, "principal", "expert")),
            "person.language": "Tiếng Anh B1",
            "person.it": "Ứng dụng công nghệ thông tin cơ bản",
            "person.party_member": ~fresh,
            "person.public_employee": ~fresh,
            "person.party_joined_on~": flat.one_of([0, 1], (80, 20)),
            "person.recruited_on~": flat.one_of([0, 1], (80, 20)),
            "person.file_untrue": False,
            "person.later_retirement": False,
            "person.only_vietnamese": True,
            "person.lives_in_vietnam": True,
        }
    )
    flat.days(
        {
            "person.birth_date": born,
            "person.recruited_on": recruited,
            "person.party_joined_on": recruited + flat.between(300, 1500),
        }
    )
    flat.where("person.recruited_on", ~fresh)
    flat.where("person.party_joined_on", ~fresh)


def _put_rest(flat: Columns, scenario: Any) -> None:
    promoted = np.isin(scenario, PROMOTED)
    exam = scenario == "exam"
    rotated = scenario == "rotation"
    trained = scenario == "training"
    fresh = scenario == "recruitment"
    decided = flat.numbers("days.decided")
    level, place = flat.texts("post.level"), flat.texts("place")
    head = text(_either(level == "commune", "Chủ tịch Ủy ban nhân dân", "Người đứng đầu"), place)
    allowed = flat.between(2, 4)
    studied = flat.between(18, 24)
    flat.of(
        {
            "title": text(flat.texts("post.title"), place, between=", "),
            "kind": "appointment",
            "source": np.where(scenario == "external", "external", "internal"),
            "selection": np.where(exam | fresh, "exam", "process"),
            "first_time": promoted | fresh,
            "equals_or_lower": ~(promoted | fresh),
            "deputies_allowed": allowed,
            "deputies_after": allowed - flat.between(0, 1),
            "age_confirmed": True,
            "term_rating": flat.one_of(("good", "excellent")),
            "dismissal_due": scenario == "dismissal",
            "exam.in_pilot": exam,
            "exam.candidates": flat.between(2, 9),
            "exam.criteria_published": True,
            "exam.board_established": True,
            "exam.appointee_won": True,
            "rotation.purpose": flat.one_of(("training", "need")),
            "rotation.from_sector": flat.texts("post.sector"),
            "rotation.to_sector": flat.one_of(("front", "party_committee")),
            "rotation.planned_months": flat.one_of((36, 48, 60)),
            "rotation.extra_post": False,
            "rotation.justified_higher": True,
            "training.kind": "professional",
            "training.name": "Thạc sĩ Quản lý công",
            "training.degree": "master",
            "training.ordered": True,
            "training.committed_months": studied * 3 + 6,
            "authority.office": text("Cơ quan có thẩm quyền", place),
            "authority.head": head,
            "authority.level": flat.texts("post.managed_by"),
            "authority.competent": True,
            "authority.leaving": False,
            "authority.reports_to": text("Ban Thường vụ cấp ủy cấp trên của", place),
        }
    )
    flat.days(
        {
            "exam.results_on": decided - flat.between(3, 12),
            "rotation.started_on": decided + flat.between(0, 20),
            "training.started_on": decided + 30,
            "training.finished_on": decided + 30 + studied * 30,
        }
    )
    flat.where("term_rating", scenario == "reappointment")
    for name in ("candidates", "criteria_published", "board_established", "appointee_won", "results_on"):
        flat.where(f"exam.{name}", exam | fresh)
    for name in ("purpose", "from_sector", "to_sector", "planned_months", "extra_post", "justified_higher", "started_on"):
        flat.where(f"rotation.{name}", rotated)
    for name in ("kind", "name", "degree", "ordered", "committed_months", "started_on", "finished_on"):
        flat.where(f"training.{name}", trained)


# ------------------------------------------------------------------------------------------------ the lists of a chunk


def _lists(chance: np.random.Generator, flat: pl.DataFrame) -> dict[str, pl.DataFrame]:
    makers: dict[str, Callable[[np.random.Generator, pl.DataFrame], pl.DataFrame]] = {
        "person.posts": _posts,
        "person.residences": _residences,
        "person.ratings": _ratings,
        "person.discipline": _discipline,
        "person.open_cases": _open_cases,
        "person.kin": _kin,
        "person.planning": _planning,
        "person.courses": _courses,
        "person.asset_declarations": _declarations,
        "person.confidence_votes": _votes,
        "steps": _steps,
        "documents": _documents,
        "consultations": _consultations,
        "complaints": _complaints,
    }
    empty = {name: pl.DataFrame(schema={"row": pl.Int64}) for name in ("person.measures", "exceptions", "assessments")}
    return {name: make(chance, flat) for name, make in makers.items()} | empty


def repeated(chance: np.random.Generator, flat: pl.DataFrame, counts: Ints) -> tuple[Columns, pl.DataFrame, Ints]:
    """Return columns for the rows of a list, the dossier of each, and its place in the list from 0."""
    whose = np.repeat(np.arange(flat.height), counts)
    place = np.arange(len(whose)) - np.repeat(np.cumsum(counts) - counts, counts)
    columns = Columns(chance, len(whose))
    columns.put(row=whose)
    return columns, flat[whose], place


def day_of(owner: pl.DataFrame, name: str) -> Ints:
    """Return the numbers of a column of days, 0 where there is none."""
    return owner[name].to_physical().fill_null(0).to_numpy().astype(np.int64)


def _posts(chance: np.random.Generator, flat: pl.DataFrame) -> pl.DataFrame:
    fresh = (flat["scenario"] == "recruitment").to_numpy()
    same = flat["scenario"].is_in(SAME_RANK).to_numpy()
    held = flat["post.rank"].to_numpy() - np.where(same, 0, 1)
    counts = np.where(fresh, 0, np.clip(held, 1, 3))
    rows, owner, place = repeated(chance, flat, counts)
    last = np.repeat(counts, counts) - 1
    current = place == last
    rank = np.repeat(held, counts) - (last - place)
    began = day_of(owner, "person.recruited_on")
    now = np.where(
        (owner["scenario"] == "reappointment").to_numpy(),
        day_of(owner, "days.term_started"),
        day_of(owner, "days.decided") - np.repeat(chance.integers(1100, 2400, flat.height), counts),
    )
    now = np.maximum(now, began + 700)
    each = (now - began) // np.maximum(last, 1)
    leading = rank >= 2
    rows.of(
        {
            "title": _either(leading, _either(current, "Trưởng bộ phận", "Phó Trưởng bộ phận"), "Chuyên viên"),
            "unit": text("Phòng Tổng hợp", owner["post.unit"], between=", "),
            "level": owner["post.level"],
            "sector": _either(owner["scenario"] == "candidature", "party_committee", owner["post.sector"]),
            "role": np.where(~leading, "staff", np.where(current, "head", "deputy")),
            "rank": rank,
            "area.province": owner["post.area.province"],
            "leading": leading,
            "regime": owner["post.regime"],
            "managed_by": owner["post.managed_by"],
            "current": current,
            "term_months": 60,
            "years_in_field": (place + 1) * 3,
            "start~": rows.one_of([0, 1], (60, 40)),
            "end~": rows.one_of([0, 1], (80, 20)),
        }
    )
    rows.days({"start": np.where(current, now, began + each * place), "end": began + each * (place + 1) - 1})
    rows.where("end", ~current)
    rows.where("term_months", leading)
    return rows.frame()


def _residences(chance: np.random.Generator, flat: pl.DataFrame) -> pl.DataFrame:
    rows, owner, place = repeated(chance, flat, np.full(flat.height, 2))
    born = day_of(owner, "person.birth_date")
    rows.of(
        {
            "area.province": _either(place == 0, owner["person.home_town.province"], owner["post.area.province"]),
            "years": np.where(place == 0, 18, 15),
            "start~": 1,
        }
    )
    rows.days({"start": born + place * 6600})
    return rows.frame()


def _ratings(chance: np.random.Generator, flat: pl.DataFrame) -> pl.DataFrame:
    fresh = (flat["scenario"] == "recruitment").to_numpy()
    rows, owner, place = repeated(chance, flat, np.where(fresh, 0, 6))
    level = np.where(rows.odds(0.2), "excellent", "good")
    rows.of(
        {
            "year": owner["days.decided"].dt.year().to_numpy().astype(np.int64) - 1 - place,
            "level": np.where((place >= 4) & rows.odds(0.1), "completed", level),
            "linked_to_duties": True,
        }
    )
    return rows.frame()


def _discipline(chance: np.random.Generator, flat: pl.DataFrame) -> pl.DataFrame:
    """A few have one of long ago, with its progress found: over under every text."""
    calm = flat["scenario"].is_in(PROMOTED).to_numpy() & ~flat["post.new_unit"].to_numpy()
    rows, owner, _ = repeated(chance, flat, (calm & (chance.random(flat.height) < 0.03)).astype(np.int64))
    decided = day_of(owner, "days.decided") - rows.between(1500, 1800)
    party = rows.odds(0.5)
    rows.of(
        {
            "form": rows.one_of(("reprimand", "warning")),
            "track": np.where(party, "party", "state"),
            "rank_then": owner["post.rank"] - 1,
            "ground": "Thiếu trách nhiệm trong công tác quản lý",
            "power_control": False,
            "corruption": False,
            "with_dismissal": False,
        }
    )
    rows.days({"decided_on": decided, "effective_on": decided, "progress_found_on": decided + 500})
    return rows.frame()


def _open_cases(chance: np.random.Generator, flat: pl.DataFrame) -> pl.DataFrame:
    rows, owner, _ = repeated(chance, flat, (chance.random(flat.height) < 0.04).astype(np.int64))
    opened = day_of(owner, "days.decided") - rows.between(400, 900)
    rows.of({"kind": rows.one_of(("denunciation", "inspection", "audit")), "open": False})
    rows.days({"opened_on": opened, "closed_on": opened + rows.between(60, 200)})
    return rows.frame()


def _kin(chance: np.random.Generator, flat: pl.DataFrame) -> pl.DataFrame:
    rows, owner, place = repeated(chance, flat, chance.integers(1, 5, flat.height))
    work = pl.DataFrame(_KIN_WORK, schema=["title", "unit", "sector", "role", "level"], orient="row")[
        chance.choice(len(_KIN_WORK), rows.n)
    ]
    commune = rows.one_of([f"xã {name}" for name in PLACES])
    former = (work["role"] == "head").to_numpy()
    rows.of(
        {
            "name": text(rows.one_of(FAMILY), rows.one_of(MIDDLE[0] + MIDDLE[1]), rows.one_of(GIVEN[0] + GIVEN[1])),
            "relation": pl.Series(_KIN).gather(place),
            "title": work["title"],
            "unit": text(work["unit"], commune),
            "sector": work["sector"],
            "role": work["role"],
            "level": work["level"],
            "body": pl.Series([None] * rows.n, dtype=pl.String),
            "area.province": owner["person.home_town.province"],
            "area.commune": commune,
            "current": ~former,
            "in_process": False,
            "recused": False,
            "reported": True,
            "decides": False,
            "start~": rows.one_of([0, 1, 2], (20, 30, 50)),
            "end~": 2,
        }
    )
    start = day_of(owner, "days.decided") - rows.between(4000, 7000)
    rows.days({"start": start, "end": start + 1500})
    rows.where("end", former)
    return rows.frame()


def _planning(chance: np.random.Generator, flat: pl.DataFrame) -> pl.DataFrame:
    fresh = (flat["scenario"] == "recruitment").to_numpy()
    rows, owner, place = repeated(chance, flat, np.where(fresh, 0, chance.integers(1, 3, flat.height)))
    rows.of(
        {
            "title": owner["post.title"],
            "code": owner["post.code"],
            "rank": owner["post.rank"] + place,
            "level": owner["post.level"],
            "active": True,
            "approved_on~": rows.one_of([0, 1], (90, 10)),
        }
    )
    rows.days({"approved_on": day_of(owner, "days.process_started") - rows.between(200, 900)})
    return rows.frame()


def _courses(chance: np.random.Generator, flat: pl.DataFrame) -> pl.DataFrame:
    kinds = ("political_theory", "state_management", "leadership", "title_specific", "defence")
    fresh = (flat["scenario"] == "recruitment").to_numpy()
    rows, owner, place = repeated(chance, flat, np.where(fresh, 0, 5))
    start = day_of(owner, "days.decided") - rows.between(600, 2500)
    theory = place == 0
    rows.of(
        {
            "kind": pl.Series(kinds).gather(place),
            "name": pl.Series(
                (
                    "Lý luận chính trị",
                    "Ngạch chuyên viên chính",
                    "Lãnh đạo, quản lý",
                    "Bồi dưỡng theo chức danh",
                    "Quốc phòng an ninh",
                )
            ).gather(place),
            "theory": owner["person.theory"],
            "enrolled": False,
            "ordered": True,
            "periods": rows.between(20, 90),
            "started_on~": rows.one_of([0, 1], (50, 50)),
        }
    )
    rows.days({"started_on": start, "finished_on": start + 90, "certified_on": start + 110})
    rows.where("theory", theory)
    return rows.frame()


def _declarations(chance: np.random.Generator, flat: pl.DataFrame) -> pl.DataFrame:
    rows, owner, place = repeated(chance, flat, np.full(flat.height, 3))
    decided = day_of(owner, "days.decided")
    year = owner["days.decided"].dt.year().to_numpy()
    yearly = np.array([day(date(y, 12, 10)) for y in range(2010, 2030)])[year - 2010 - 1 - place]
    personal = place == 2
    rows.of({"kind": np.where(personal, "personnel", "yearly"), "verified": True, "published": True})
    rows.days({"declared_on": np.where(personal, decided - rows.between(20, 34), yearly)})
    return rows.frame()


def _votes(chance: np.random.Generator, flat: pl.DataFrame) -> pl.DataFrame:
    rows, owner, _ = repeated(chance, flat, (chance.random(flat.height) < 0.2).astype(np.int64))
    convened = rows.between(30, 60)
    rows.of({"convened": convened, "present": convened - 1, "ballots": convened - 1, "low": rows.between(0, 3)})
    rows.days({"held_on": day_of(owner, "days.decided") - rows.between(200, 700)})
    return rows.frame()


def _steps(chance: np.random.Generator, flat: pl.DataFrame) -> pl.DataFrame:
    held = flat["scenario"].is_in(WITH_STEPS).to_numpy()
    four = (flat["days.process_started"] >= FOUR_STEPS).to_numpy()
    short = (flat["scenario"] == "dismissal").to_numpy()
    counts = np.where(held, np.where(short, 1, np.where(four, 4, 5)), 0)
    rows, owner, place = repeated(chance, flat, counts)
    four, short, number = np.repeat(four, counts), np.repeat(short, counts), place + 1
    names = (
        "tập thể lãnh đạo (lần 1)",
        "tập thể lãnh đạo mở rộng",
        "tập thể lãnh đạo (lần 2)",
        "cán bộ chủ chốt",
        "tập thể lãnh đạo (lần 3)",
    )
    large = np.where(four, number == 3, number == 4)
    middle = number == 2
    convened = np.where(large, rows.between(40, 80), np.where(middle, rows.between(12, 30), rows.between(3, 9)))
    excused = np.where(large, rows.between(0, 2), 0)
    present = convened - excused
    told = np.where(four, number != 3, ~np.isin(number, [2, 4]))
    rows.of(
        {
            "number": number,
            "name": text("Hội nghị", pl.Series(names).gather(place + (four & (place >= 2)))),
            "convened": convened,
            "excused": excused,
            "present": present,
            "ballots": present,
            "votes_for": present - (present * chance.uniform(0, 0.12, rows.n)).astype(np.int64),
            "secret": np.where(short, True, number > 1),
            "announced": told,
            "head_decided": False,
        }
    )
    start, end = day_of(owner, "days.process_started"), day_of(owner, "days.process_ended")
    rows.days({"held_on": start + (end - start) * place // np.maximum(np.repeat(counts, counts) - 1, 1)})
    return rows.frame()


def _documents(chance: np.random.Generator, flat: pl.DataFrame) -> pl.DataFrame:
    fresh = (flat["scenario"] == "recruitment").to_numpy()
    parts = []
    for kind, from_day, low, high in _PAPERS:
        due = ~fresh if kind != "recruitment_decision" else np.ones(flat.height, dtype=bool)
        rows, owner, _ = repeated(chance, flat, due.astype(np.int64))
        notified = (owner["scenario"] == "reappointment").to_numpy() & (kind == "self_review")
        soon = day_of(owner, "days.notified") + rows.between(3, 14)
        issued = np.where(notified, soon, day_of(owner, from_day) + rows.between(low, high))
        rows.of(
            {
                "kind": kind,
                "number": text(pl.Series(rows.between(1, 999)), "/QĐ-UB", between=""),
                "verified": True,
            }
        )
        rows.days({"issued_on": issued})
        parts.append(rows.frame())
    return pl.concat(parts).sort("row", maintain_order=True)


def _consultations(chance: np.random.Generator, flat: pl.DataFrame) -> pl.DataFrame:
    rows, owner, place = repeated(chance, flat, np.full(flat.height, 3))
    asked = day_of(owner, "days.decided") - rows.between(15, 25)
    rows.of(
        {
            "body": pl.Series(("Ban Thường vụ cấp ủy", "Ủy ban Kiểm tra", "Công an")).gather(place),
            "sector": pl.Series(("party_committee", "inspection_committee", "police")).gather(place),
            "agrees": True,
        }
    )
    rows.days({"asked_on": asked, "answered_on": asked + rows.between(3, 10)})
    return rows.frame()


def _complaints(chance: np.random.Generator, flat: pl.DataFrame) -> pl.DataFrame:
    rows, owner, _ = repeated(chance, flat, (chance.random(flat.height) < 0.08).astype(np.int64))
    received = day_of(owner, "days.decided") - rows.between(60, 200)
    rows.of({"source": rows.one_of(("front", "other")), "resolved": True})
    rows.days({"received_on": received, "resolved_on": received + rows.between(5, 50)})
    return rows.frame()


# ------------------------------------------------------------------------------------------------ what is left unstated

_MAY_BE_UNSTATED = (
    "person.birth_date", "person.sex", "person.home_town.province", "person.theory", "person.degree", "person.degree_fits",
    "person.fit", "person.recruited_on", "person.file_untrue", "person.only_vietnamese", "post.rank", "post.regime",
    "post.term_months", "post.code", "post.body", "post.managed_by", "days.process_started", "days.file_received",
    "days.policy_requested", "days.policy_approved", "days.effective", "source", "selection", "first_time", "age_confirmed",
    "authority.competent", "authority.leaving",
)  # fmt: skip
_MAY_BE_WITHHELD = (
    "person.posts", "person.ratings", "person.discipline", "person.open_cases", "person.kin", "person.planning", "person.courses",
    "person.asset_declarations", "person.residences", "steps", "documents", "consultations", "complaints", "assessments",
)  # fmt: skip


def blurred(chance: np.random.Generator, draft: Draft, keep: pl.Series, share: float = 0.015) -> Draft:
    """Return the draft with a field or list here and there left unstated, except in the dossiers to keep whole."""
    whole = draft.flat["row"].is_in(keep.implode()).to_numpy()
    flat = draft.flat.with_columns(
        _masked(draft.flat[name], whole | (chance.random(draft.flat.height) >= share)) for name in _MAY_BE_UNSTATED
    )
    withheld, lists = {}, dict(draft.lists)
    for name in _MAY_BE_WITHHELD:
        gone = draft.flat["row"].filter(pl.Series(~whole & (chance.random(draft.flat.height) < share)))
        withheld[name] = gone
        lists[name] = lists[name].filter(~pl.col("row").is_in(gone.implode()))
    return Draft(flat, lists, withheld)


# ------------------------------------------------------------------------------------------------ the canonical table


def table_of(draft: Draft, kind: str = "appointment") -> pl.DataFrame:
    """Return a draft as the canonical nested table of dossiers of its kind."""
    schema = frame_schema(kind)
    frame = draft.flat
    for name, kind_of in schema.items():
        frame = frame.with_columns(_list_columns(name, kind_of, draft, draft.flat["row"]))
    return frame.select(_expression(name, kind_of, frame.columns).alias(name) for name, kind_of in schema.items())


def _list_columns(path: str, kind: pl.DataType, draft: Draft, rows: pl.Series) -> list[pl.Series]:
    if isinstance(kind, pl.List) and path in draft.lists:
        return [_listed(path, kind, draft, rows).alias(path)]
    if isinstance(kind, pl.Struct):
        return [made for part in kind.fields for made in _list_columns(f"{path}.{part.name}", _instance(part.dtype), draft, rows)]
    return []


def _listed(path: str, kind: pl.List, draft: Draft, rows: pl.Series) -> pl.Series:
    inner, elements, withheld = _instance(kind.inner), draft.lists[path], draft.withheld.get(path)
    assert isinstance(inner, pl.Struct)
    for part in inner.fields:
        if f"{path}.{part.name}" in draft.lists:
            elements = elements.with_columns(_within(f"{path}.{part.name}", _instance(part.dtype), draft, elements))
    parts = [_expression(part.name, _instance(part.dtype), elements.columns).alias(part.name) for part in inner.fields]
    items = elements.select(pl.struct(parts)).to_series()
    counts = np.bincount(elements["row"].to_numpy().astype(np.int64) - int(rows[0]), minlength=rows.len())
    offsets = pa.array(np.concatenate(([0], np.cumsum(counts))), pa.int64())
    unstated = None if withheld is None else pa.array(rows.is_in(withheld.implode()).to_numpy())
    listed = pa.LargeListArray.from_arrays(offsets, items.to_arrow(), mask=unstated)
    return pl.DataFrame({"items": listed})["items"].cast(kind)


def _within(path: str, kind: pl.DataType, draft: Draft, elements: pl.DataFrame) -> pl.Series:
    """Return the column of a list within a list."""
    assert isinstance(kind, pl.List)
    keys = elements.select("row", nth=_NTH, place=pl.int_range(pl.len()))
    table = draft.lists[path].cast({"row": pl.Int64, "nth": pl.Int64}).join(keys, on=["row", "nth"])
    table = table.drop("row").rename({"place": "row"}).sort("row", maintain_order=True)
    column = _listed(path, kind, replace(draft, lists={**draft.lists, path: table}), keys["place"])
    return column.alias(path.rpartition(".")[2])


_NTH = pl.int_range(pl.len(), dtype=pl.Int64).over("row")
"""The place of an element in its list, from 0."""


def within(elements: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    """Return the table of a list within a list, its rows naming dossier and element where they counted all elements."""
    keys = elements.select("row", nth=_NTH)[table["row"]]
    return table.drop("row").hstack(keys)


def _expression(path: str, kind: pl.DataType, columns: list[str]) -> pl.Expr:
    if path in columns and kind != SPAN:
        return pl.col(path).cast(kind)
    if path in columns:
        return _span(path, exact=f"{path}~" not in columns)
    if isinstance(kind, pl.Struct) and any(name.startswith(f"{path}.") for name in columns):
        parts = [_expression(f"{path}.{part.name}", _instance(part.dtype), columns).alias(part.name) for part in kind.fields]
        stated = pl.any_horizontal(
            pl.col(name).is_not_null() for name in columns if name.startswith(f"{path}.") and "~" not in name
        )
        return pl.when(stated).then(pl.struct(parts))
    return pl.lit(None, dtype=kind)


def _span(path: str, *, exact: bool) -> pl.Expr:
    """Return a day as the span it can mean; `path~` tells what is stated: 0 the day, 1 the month, 2 the year alone."""
    stated = pl.col(path)
    first = last = stated
    if not exact:
        loose = pl.col(f"{path}~")
        first = (
            pl.when(loose == 2).then(stated.dt.truncate("1y")).when(loose == 1).then(stated.dt.month_start()).otherwise(stated)
        )
        year_end = stated.dt.truncate("1y").dt.offset_by("1y").dt.offset_by("-1d")
        last = pl.when(loose == 2).then(year_end).when(loose == 1).then(stated.dt.month_end()).otherwise(stated)
    return (
        pl.when(stated.is_not_null())
        .then(pl.struct(first.alias("earliest"), last.alias("latest")))
        .otherwise(pl.lit(None, dtype=SPAN))
    )


def _instance(kind: Any) -> pl.DataType:
    made = kind() if isinstance(kind, type) else kind
    assert isinstance(made, pl.DataType)
    return made
