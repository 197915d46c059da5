"""Dossiers about many: a planning list, a body, a unit and its leaders, a set of totals."""

from typing import Annotated, ClassVar, Literal

from cadre_rules.dossier.areas import Area
from cadre_rules.dossier.people import Complaint, Measure, Person, Post, Rating, Stated, Step, Suspension, Whole, named
from cadre_rules.dossier.values import CODES, Count, Day, Flag, LooseDay, Percent, Text


class PlanningEntry(Person):
    """One person planned for one title."""

    id: Text = named("mã", "identifier", required=True, identifies=True)
    planned_title: Text | None = named("chức danh quy hoạch", "planned title")
    planned_code: Text | None = named("mã chức danh quy hoạch", "code of the planned title")
    planned_rank: Count | None = named("bậc chức danh quy hoạch", "rank of the planned title")
    planned_level: Annotated[str, CODES["level"]] | None = named("cấp chức danh quy hoạch", "level of the planned title")
    current_rank: Count | None = named("bậc chức danh hiện giữ", "rank of the post held")
    source: Annotated[str, CODES["source"]] | None = named("nguồn", "internal or external source")
    planned_on: LooseDay | None = named("ngày đưa vào quy hoạch", "day planned")
    planned_object: Count | None = named("đối tượng quy hoạch (1 hoặc 2)", "object 1 or 2 of the planning")
    titles_at_level: Count | None = named(
        "số chức danh quy hoạch cùng cấp (không tính cấp ủy)", "titles planned for at this level, committees left out"
    )
    theory_needed: Annotated[str, CODES["theory"]] | None = named(
        "lý luận chính trị chức danh yêu cầu", "theory the title asks for"
    )
    in_appointment_process: Flag | None = named(
        "đang làm quy trình bổ nhiệm khi đưa vào quy hoạch", "under an appointment process when planned"
    )
    meets_standard: Flag | None = named("còn đủ tiêu chuẩn, điều kiện", "still meets the standards")


class TitlePlanned(Stated):
    """How many people a title has in the plan."""

    title: Text | None = named("chức danh", "title")
    posts: Count | None = named("số vị trí của chức danh", "posts under the title")
    people: Count | None = named("số người quy hoạch", "people planned", office="composition")


class Planning(Whole):
    """A planning list of a committee or for a set of titles."""

    day_fields: ClassVar[dict[str, str]] = {"decided": "approved_on"}
    children: ClassVar[tuple[str, str] | None] = ("entries", "planning_entry")

    kind: Literal["planning"] = "planning"
    committee: Text | None = named("cấp ủy", "committee")
    level: Annotated[str, CODES["level"]] | None = named("cấp", "level")
    file_received: Day | None = named("ngày nhận đủ hồ sơ", "day the full file was received")
    approved_on: Day | None = named("ngày phê duyệt", "day approved", office="date")
    reviewed_on: Day | None = named("ngày rà soát gần nhất", "day last reviewed", office="date")
    checked_on: Day | None = named("ngày kiểm tra", "day of this check")
    term: Text | None = named("nhiệm kỳ", "term")
    term_starts: Day | None = named("ngày bắt đầu nhiệm kỳ", "first day of the planned term")
    age_counted_on: LooseDay | None = named("thời điểm tính tuổi", "month age is counted at")
    planning_body: Annotated[str, CODES["body"]] | None = named("loại quy hoạch", "what is planned")
    seats: Count | None = named("số lượng cấp ủy viên", "seats of the committee")
    training_plan_on: Day | None = named("ngày có kế hoạch đào tạo", "day of the training plan", office="date")
    titles: tuple[TitlePlanned, ...] | None = named("các chức danh", "titles", office="rows")
    entries: tuple[PlanningEntry, ...] | None = named("danh sách quy hoạch", "entries", office="composition")


class Member(Stated):
    """One member of a body."""

    id: Text | None = named("mã", "identifier", identifies=True)
    name: Text | None = named("họ và tên", "name", identifies=True)
    sex: Annotated[str, CODES["sex"]] | None = named("giới tính", "sex", protected="sex")
    birth_date: LooseDay | None = named("ngày sinh", "birth date", protected="birth")
    minority: Flag | None = named("là người dân tộc thiểu số", "of an ethnic minority", protected="ethnicity")
    role: Annotated[str, CODES["role"]] | None = named("vai trò", "role")
    title: Text | None = named("chức vụ", "title")
    code: Text | None = named("mã chức danh", "code of the title")
    new: Flag | None = named("tham gia lần đầu", "new to the body")
    science: Flag | None = named("có chuyên môn khoa học, công nghệ", "qualified in science or technology")
    local: Flag | None = named("là người địa phương", "local", protected="origin")
    rotated: Flag | None = named("do Trung ương luân chuyển về", "rotated in by the centre")


class KinTie(Stated):
    """Two members who are kin."""

    one: Text | None = named("người thứ nhất", "first member", protected="kin", identifies=True)
    other: Text | None = named("người thứ hai", "second member", protected="kin", identifies=True)
    relation: Annotated[str, CODES["kinship"]] | None = named("quan hệ", "relation", protected="kin")
    one_role: Annotated[str, CODES["role"]] | None = named("vai trò người thứ nhất", "role of the first", protected="kin")
    other_role: Annotated[str, CODES["role"]] | None = named("vai trò người thứ hai", "role of the second", protected="kin")


class Body(Whole):
    """A committee, standing committee, leadership or council, as it stood on a day."""

    kind: Literal["body"] = "body"
    body: Annotated[str, CODES["body"]] = named("loại tập thể", "kind of body", required=True)
    unit: Text | None = named("đơn vị", "unit")
    level: Annotated[str, CODES["level"]] | None = named("cấp", "level")
    area: Area | None = named("địa bàn", "area")
    on: Day | None = named("ngày chốt số liệu", "day it stood so")
    term: Text | None = named("nhiệm kỳ", "term")
    merged: Flag | None = named("hợp nhất, sáp nhập", "formed by merger")
    seats_allowed: Count | None = named("số lượng tối đa", "members allowed")
    seats_before: Count | None = named("số lượng tối đa nhiệm kỳ trước", "members allowed in the term before")
    place: Annotated[str, CODES["place"]] | None = named("loại địa phương cấp tỉnh", "kind of province or city")
    deputies_allowed: Count | None = named("số cấp phó tối đa", "deputies allowed")
    members: tuple[Member, ...] | None = named("thành viên", "members", office="composition")
    kin_ties: tuple[KinTie, ...] | None = named("quan hệ gia đình giữa các thành viên", "kin among members", protected="kin")
    structure_vote: Step | None = named("biểu quyết điều chỉnh cơ cấu giữa nhiệm kỳ", "vote to change its structure mid-term")


class Plan(Stated):
    """A programme or plan of a unit."""

    group: Annotated[str, CODES["group"]] | None = named("đối tượng", "group it serves")
    approved_on: Day | None = named("ngày ban hành", "day approved")
    has_targets: Flag | None = named("có chỉ tiêu", "sets targets", office="state")
    names_who_answers: Flag | None = named("giao trách nhiệm", "names who answers", office="state")


class Leader(Person):
    """A person in a leading post of the unit, and what was done when something called for it."""

    id: Text = named("mã", "identifier", required=True, identifies=True)
    post: Post | None = named("chức vụ", "post")
    in_post_since: Day | None = named("ngày giữ chức vụ", "day the post was taken")
    term_started: Day | None = named("ngày bắt đầu nhiệm kỳ", "day the term began")
    measures: tuple[Measure, ...] | None = named("biện pháp đã thực hiện", "measures taken", office="state")
    unit_target_percent: Percent | None = named("tỷ lệ hoàn thành chỉ tiêu của đơn vị", "share of the unit's targets met")
    unit_target_year: Count | None = named("năm của tỷ lệ hoàn thành chỉ tiêu", "year that share is of")
    force_majeure: Flag | None = named("do bất khả kháng", "for force majeure")
    terms_in_place: Count | None = named("số nhiệm kỳ liên tiếp tại nơi này", "consecutive terms in this place")
    months_in_area_duty: Count | None = named("số tháng theo dõi một địa bàn", "months following one area")
    concerns: tuple[Complaint, ...] | None = named(
        "kiến nghị đối với người này", "recommendations about this person", office="rows"
    )
    suspensions: tuple[Suspension, ...] | None = named("tạm đình chỉ công tác", "suspensions")
    declares_yearly: Flag | None = named("thuộc diện kê khai tài sản hằng năm", "declares assets every year")
    assets_changed: Count | None = named("biến động tài sản năm trước (triệu đồng)", "change of assets last year, million VND")


class SubUnit(Stated):
    """A unit below, and how many deputies it has."""

    name: Text | None = named("tên đơn vị", "name")
    form: Annotated[str, CODES["unit"]] | None = named("loại đơn vị", "kind of unit")
    deputies: Count | None = named("số cấp phó", "deputies", office="composition")
    extra_deputies: Count | None = named("số cấp phó được giao thêm", "deputies granted on top")
    merged_from: Count | None = named("số đơn vị hợp thành", "units it was merged from")


class RatingCount(Stated):
    """How many of a group got which rating."""

    year: Count | None = named("năm", "year")
    group: Text | None = named("nhóm đối tượng", "group with like duties")
    excellent: Count | None = named("số người hoàn thành xuất sắc", "rated excellent")
    good: Count | None = named("số người hoàn thành tốt", "rated good")


class Unit(Whole):
    """An agency, committee or unit and its leaders, as it stood on a day."""

    children: ClassVar[tuple[str, str] | None] = ("leaders", "leader")

    kind: Literal["unit"] = "unit"
    unit: Text | None = named("đơn vị", "unit")
    level: Annotated[str, CODES["level"]] | None = named("cấp", "level")
    sector: Annotated[str, CODES["sector"]] | None = named("ngành, lĩnh vực", "sector")
    area: Area | None = named("địa bàn", "area")
    on: Day | None = named("ngày chốt số liệu", "day it stood so")
    staff_quota: Count | None = named("biên chế được giao", "staff quota")
    deputies: Count | None = named("số cấp phó", "deputies", office="composition")
    deputies_allowed: Count | None = named("số cấp phó tối đa", "deputies allowed")
    form: Annotated[str, CODES["unit"]] | None = named("loại đơn vị", "kind of unit")
    place: Annotated[str, CODES["place"]] | None = named("loại địa phương cấp tỉnh", "kind of province or city")
    area_class: Count | None = named("loại đơn vị hành chính (1, 2, 3)", "class of the administrative unit (1, 2, 3)")
    merged_from: Count | None = named("số đơn vị hợp thành", "units it was merged from")
    merged_class_one: Flag | None = named("có đơn vị loại I hợp thành", "one of the merged units was of class I")
    reorganised: Flag | None = named("thuộc diện sắp xếp tổ chức", "was reorganised")
    reorganised_on: Day | None = named("ngày quyết định sắp xếp có hiệu lực", "day the reorganisation took effect")
    divisions: Count | None = named("số phòng", "divisions")
    rotated_deputies: Count | None = named("số cấp phó do luân chuyển về", "deputies rotated in")
    self_financing: Flag | None = named("tự bảo đảm toàn bộ chi", "fully self-financing")
    minority_area: Flag | None = named("vùng dân tộc thiểu số", "in an ethnic-minority area")
    subunits: tuple[SubUnit, ...] | None = named("các đơn vị cấu thành", "units below", office="rows")
    plans: tuple[Plan, ...] | None = named("chương trình, kế hoạch", "programmes and plans", office="state")
    consulted_front: Flag | None = named(
        "phối hợp Mặt trận giám sát, phản biện", "works with the Front on supervision", office="state"
    )
    inspected_on: Day | None = named(
        "ngày kiểm tra công tác cán bộ gần nhất", "day personnel work was last inspected", office="date"
    )
    concerns: tuple[Complaint, ...] | None = named(
        "kiến nghị của Mặt trận, đoàn thể", "recommendations of the Front", office="rows"
    )
    ratings: tuple[Rating, ...] | None = named("xếp loại hằng năm của đơn vị", "the unit's own yearly ratings")
    rating_counts: tuple[RatingCount, ...] | None = named("số người theo mức xếp loại", "people by rating")
    leaders: tuple[Leader, ...] | None = named("lãnh đạo, quản lý", "leaders", office="composition")


class Figure(Stated):
    """One reported total: how many of a group there are in a body, or only their share."""

    id: Text = named("mã", "identifier", required=True, identifies=True)
    title: Text | None = named("tiêu đề", "title", identifies=True)
    group: Annotated[str, CODES["group"]] | None = named("nhóm", "group counted")
    body: Annotated[str, CODES["body"]] | None = named("tập thể", "body counted")
    level: Annotated[str, CODES["level"]] | None = named("cấp", "level")
    area: Area | None = named("địa bàn", "area")
    on: LooseDay | None = named("ngày chốt số liệu", "day counted")
    term: Text | None = named("nhiệm kỳ", "term")
    part: Count | None = named("số người thuộc nhóm", "members of the group", office="composition")
    whole: Count | None = named("tổng số", "total")
    percent: Percent | None = named("tỷ lệ đã công bố", "share as published", office="composition")
    age_basis: Literal["exact", "year"] | None = named("cách tính tuổi", "how age was counted")
    district_key: Flag | None = named("cán bộ chủ chốt cấp huyện", "key cadres of the district level")
    merged: Flag | None = named("hợp nhất, sáp nhập", "formed by merger")
    parts: tuple[Count, ...] | None = named("số theo từng loại", "counts by kind")


class Statistics(Whole):
    """Reported statistics, each judged on its own."""

    children: ClassVar[tuple[str, str] | None] = ("figures", "figure")

    kind: Literal["statistics"] = "statistics"
    on: Day | None = named("ngày báo cáo", "day of the report")
    unit: Text | None = named("đơn vị báo cáo", "reporting unit")
    source: Text | None = named("nguồn", "where it was published")
    figures: tuple[Figure, ...] | None = named("số liệu", "figures", office="rows")
