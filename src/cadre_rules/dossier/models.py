"""The dossier: what somebody knows about a decision, a planning list, a body, a unit or a set of totals.

Fields follow the official CV form 2C (Decision 02/2008/QĐ-BNV) and what the provisions ask for.
Everything but identity is optional: what is absent is unknown, and an empty list says "none".
"""

from datetime import date
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from cadre_rules.dossier.areas import Area
from cadre_rules.dossier.codes import CODES
from cadre_rules.dossier.values import Count, Day, Flag, LooseDay, PartialDate, Percent, Text

Office: TypeAlias = Literal["state", "paper", "date", "post", "composition", "rows"]
"""How an office can still change a field. A field inside another, or inside a list, needs both to be marked.

`paper`: a record that may be put on file, or what a paper says where it is not stated; `state`: what can still be done,
`date`: a day that can still be set, `post`: a part of the choice of the post, all three only while the decision is to come;
`composition`: who sits there, or how many; `rows`: the rows stay, what is marked in them does not. What is not marked has
happened, or is nobody's to choose.
"""


def _is(
    vi: str,
    en: str,
    *,
    protected: str | None = None,
    office: Office | None = None,
    required: bool = False,
    identifies: bool = False,
) -> Any:
    """Describe a field: its names for people, the protected ground it tells of, how an office can change it.

    What `identifies` says who or which dossier is meant, and never leaves where pseudonyms are asked for.
    """
    extra: dict[str, Any] = {"vi": vi} | ({"protected": protected} if protected else {}) | ({"office": office} if office else {})
    extra |= {"identifies": True} if identifies else {}
    default: Any = ... if required else None
    return Field(default=default, description=en, json_schema_extra=extra)


class _Stated(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Post(_Stated):
    """A post: what it is, where it stands and how high."""

    title: Text | None = _is("chức vụ", "title as written")
    code: Text | None = _is("mã chức danh", "code in the table of titles")
    unit: Text | None = _is("đơn vị", "unit of the post", office="post")
    level: Annotated[str, CODES["level"]] | None = _is("cấp", "level")
    sector: Annotated[str, CODES["sector"]] | None = _is("ngành, lĩnh vực", "sector")
    role: Annotated[str, CODES["role"]] | None = _is("vai trò", "head, deputy, member or staff")
    rank: Count | None = _is("bậc chức danh", "rank in the table of titles; higher is more senior", office="post")
    area: Area | None = _is("địa bàn", "area the post serves", office="post")
    leading: Flag | None = _is("là chức vụ lãnh đạo, quản lý", "a leading or managing post")
    term_months: Count | None = _is("thời hạn bổ nhiệm (tháng)", "term in months", office="post")
    managed_by: Annotated[str, CODES["level"]] | None = _is("cấp quản lý", "level that manages the post")
    created_for_person: Flag | None = _is("chức vụ đặt thêm cho nhân sự", "post created to place this person", office="post")
    vacant: Flag | None = _is("vị trí còn khuyết", "position exists and is vacant", office="post")
    regime: Annotated[str, CODES["regime"]] | None = _is("chế độ pháp lý của chức vụ", "law the post falls under")
    reports_to_kin: Flag | None = _is("chịu quản lý trực tiếp của người thân", "answers directly to kin", office="post")
    body: Annotated[str, CODES["body"]] | None = _is("tập thể tham gia", "body the post sits in")
    vertical: Flag | None = _is("thuộc ngành dọc", "in a vertically managed body")
    new_unit: Flag | None = _is("đơn vị mới sau hợp nhất, sáp nhập", "in a body newly formed by merger")
    acting: Flag | None = _is("được giao quyền cấp trưởng", "acting head")


class PostHeld(Post):
    """A post held for a time."""

    start: LooseDay | None = _is("từ ngày", "first day")
    end: LooseDay | None = _is("đến ngày", "last day")
    current: Flag | None = _is("đang giữ", "still held")
    years_in_field: Count | None = _is("số năm trong lĩnh vực", "years in the field")


class Rating(_Stated):
    """The yearly rating."""

    year: Count | None = _is("năm", "year")
    level: Annotated[str, CODES["rating"]] | None = _is("mức xếp loại", "rating")
    linked_to_duties: Flag | None = _is("gắn với nhiệm vụ được giao", "linked to duties")
    points: Percent | None = _is("điểm (thang 100)", "points out of 100")
    late_tasks: Percent | None = _is("tỷ lệ nhiệm vụ chậm tiến độ", "share of tasks done late")
    tasks_beyond: Percent | None = _is("tỷ lệ nhiệm vụ vượt yêu cầu", "share of tasks beyond what was asked")
    months_worked: Count | None = _is("số tháng công tác trong năm", "months worked in the year")
    rated_on: Day | None = _is("ngày xếp loại", "day rated")


class Discipline(_Stated):
    """A disciplinary decision."""

    form: Annotated[str, CODES["discipline"]] | None = _is("hình thức kỷ luật", "form")
    track: Annotated[str, CODES["track"]] | None = _is("kỷ luật đảng hay chính quyền", "Party or state")
    decided_on: Day | None = _is("ngày ký quyết định kỷ luật", "day signed")
    effective_on: Day | None = _is("ngày quyết định kỷ luật có hiệu lực", "day in effect")
    rank_then: Count | None = _is("bậc chức danh khi bị kỷ luật", "rank of the post held then")
    ground: Text | None = _is("lý do", "ground")
    power_control: Flag | None = _is("vi phạm về kiểm soát quyền lực, chạy chức", "for running for office or abetting it")
    corruption: Flag | None = _is("do tham nhũng", "for corruption")
    with_dismissal: Flag | None = _is("kèm miễn nhiệm hoặc cho thôi chức", "with dismissal or relief")
    linked_to_duties: Flag | None = _is("gắn với nhiệm vụ được giao", "linked to duties")
    progress_found_on: Day | None = _is("ngày kết luận có tiến bộ", "day real progress was found")
    act_on: Day | None = _is("ngày chấm dứt hành vi vi phạm", "day the act ended")
    found_on: Day | None = _is("ngày phát hiện vi phạm", "day the act was found")
    opened_on: Day | None = _is("ngày bắt đầu xem xét kỷ luật", "day the procedure began")
    party_published_on: Day | None = _is("ngày công bố kỷ luật đảng về cùng hành vi", "day its Party discipline was published")
    extended: Flag | None = _is("thời hạn xử lý được kéo dài", "the time to handle it was extended")
    time_excused: Flag | None = _is("có thời gian không tính vào thời hạn", "some time does not count")
    no_limitation: Flag | None = _is("không áp dụng thời hiệu", "an act without limitation")
    kin_on_council: Flag | None = _is("người thân dự hội đồng, chủ trì kỷ luật", "kin sat on or chaired it", protected="kin")


class OpenCase(_Stated):
    """A case that may stand in the way."""

    kind: Annotated[str, CODES["case"]] | None = _is("loại vụ việc", "kind")
    opened_on: Day | None = _is("ngày bắt đầu", "day opened")
    closed_on: Day | None = _is("ngày kết thúc", "day closed")
    open: Flag | None = _is("chưa kết thúc", "still open")


class Kin(_Stated):
    """A relative and one post of theirs; a relative with several posts takes several rows."""

    name: Text | None = _is("họ tên", "name", identifies=True)
    relation: Annotated[str, CODES["kinship"]] | None = _is("quan hệ", "relation", protected="kin")
    title: Text | None = _is("chức vụ", "title", protected="kin")
    unit: Text | None = _is("đơn vị", "unit", protected="kin")
    body: Annotated[str, CODES["body"]] | None = _is("tập thể tham gia", "body they sit in", protected="kin")
    level: Annotated[str, CODES["level"]] | None = _is("cấp", "level", protected="kin")
    sector: Annotated[str, CODES["sector"]] | None = _is("ngành, lĩnh vực", "sector", protected="kin")
    role: Annotated[str, CODES["role"]] | None = _is("vai trò", "role", protected="kin")
    area: Area | None = _is("địa bàn", "area", protected="kin")
    start: LooseDay | None = _is("từ ngày", "first day", protected="kin")
    end: LooseDay | None = _is("đến ngày", "last day", protected="kin")
    current: Flag | None = _is("đang giữ", "still held", protected="kin")
    in_process: Flag | None = _is("tham gia quy trình nhân sự này", "takes part in this process", protected="kin")
    recused: Flag | None = _is("đã báo cáo, không tham gia", "reported it and stood aside", protected="kin")
    reported: Flag | None = _is("đã báo cáo quan hệ", "reported the kinship", protected="kin")
    decides: Flag | None = _is("là người có thẩm quyền quyết định", "decides this placement", protected="kin")


class Course(_Stated):
    """A course finished, under way or ordered."""

    kind: Annotated[str, CODES["course"]] | None = _is("loại đào tạo, bồi dưỡng", "kind")
    name: Text | None = _is("tên lớp", "name")
    theory: Annotated[str, CODES["theory"]] | None = _is("trình độ lý luận chính trị", "political-theory level it leads to")
    started_on: LooseDay | None = _is("ngày bắt đầu", "first day")
    finished_on: LooseDay | None = _is("ngày kết thúc", "last day")
    certified_on: LooseDay | None = _is("ngày cấp chứng chỉ", "day of the certificate")
    enrolled: Flag | None = _is("đang học", "under way")
    for_title: Text | None = _is("phục vụ chức danh quy hoạch", "planned title it serves")
    ordered: Flag | None = _is("có quyết định cử đi học", "ordered by a decision")
    degree: Annotated[str, CODES["degree"]] | None = _is("trình độ đào tạo", "degree it leads to")
    committed_months: Count | None = _is("thời gian cam kết phục vụ (tháng)", "months of service committed to")
    periods: Count | None = _is("số tiết", "periods taught")


class PlanEntry(_Stated):
    """A planning decision about the person."""

    title: Text | None = _is("chức danh quy hoạch", "planned title")
    code: Text | None = _is("mã chức danh quy hoạch", "code of the planned title")
    rank: Count | None = _is("bậc chức danh quy hoạch", "rank of the planned title")
    level: Annotated[str, CODES["level"]] | None = _is("cấp", "level")
    approved_on: LooseDay | None = _is("ngày phê duyệt quy hoạch", "day approved")
    removed_on: LooseDay | None = _is("ngày đưa ra khỏi quy hoạch", "day taken out")
    active: Flag | None = _is("còn trong quy hoạch", "still planned")


class Residence(_Stated):
    """A place lived, studied or worked in for long."""

    area: Area | None = _is("nơi ở", "area", protected="origin")
    start: LooseDay | None = _is("từ ngày", "first day", protected="origin")
    end: LooseDay | None = _is("đến ngày", "last day", protected="origin")
    years: Count | None = _is("số năm", "years", protected="origin")


class AssetDeclaration(_Stated):
    """A declaration of assets and income."""

    kind: Annotated[str, CODES["declaration"]] | None = _is("loại kê khai", "kind")
    declared_on: Day | None = _is("ngày kê khai", "day declared")
    verified: Flag | None = _is("đã được thẩm tra, xác minh", "verified", office="state")
    published: Flag | None = _is("đã công khai tại hội nghị", "made public at the meeting", office="state")


class ConfidenceVote(_Stated):
    """A confidence vote."""

    held_on: Day | None = _is("ngày lấy phiếu", "day held")
    convened: Count | None = _is("số người triệu tập", "people convened")
    present: Count | None = _is("số người có mặt", "people present")
    ballots: Count | None = _is("tổng số phiếu", "ballots")
    low: Count | None = _is("số phiếu tín nhiệm thấp", "ballots of low confidence")
    by_council: Flag | None = _is("do Quốc hội, hội đồng nhân dân lấy phiếu", "taken by the Assembly or a people's council")


class Measure(_Stated):
    """What was done about a person in post."""

    kind: Annotated[str, CODES["measure"]] | None = _is("hình thức xử lý", "kind")
    decided_on: Day | None = _is("ngày quyết định", "day decided")
    rank_then: Count | None = _is("bậc chức danh khi đó", "rank of the post held then")


class Suspension(_Stated):
    """A suspension from the post."""

    ground_found_on: Day | None = _is("ngày xác định có căn cứ", "day the ground was found")
    advised_on: Day | None = _is("ngày cơ quan tổ chức tham mưu", "day the personnel body advised")
    started_on: Day | None = _is("ngày bắt đầu tạm đình chỉ", "first day")
    ended_on: Day | None = _is("ngày kết thúc tạm đình chỉ", "last day")
    extended: Flag | None = _is("đã gia hạn", "extended")
    on_request: Flag | None = _is("theo yêu cầu của cơ quan có thẩm quyền", "at the request of an inspecting or judicial body")
    head_under_notice: Flag | None = _is("người ra quyết định sắp nghỉ, chuyển, bị xem xét", "head leaving or under review")
    superior_agreed: Flag | None = _is("cấp ủy cấp trên đã đồng ý", "its superior agreed")


class Person(_Stated):
    """A person, by the fields of CV form 2C."""

    id: Text | None = _is("mã hồ sơ", "file identifier", identifies=True)
    name: Text | None = _is("họ và tên", "name", identifies=True)
    sex: Annotated[str, CODES["sex"]] | None = _is("giới tính", "sex", protected="sex")
    birth_date: LooseDay | None = _is("ngày sinh", "birth date", protected="birth")
    birthplace: Area | None = _is("nơi sinh", "birthplace", protected="origin")
    home_town: Area | None = _is("quê quán", "home town", protected="origin")
    residences: tuple[Residence, ...] | None = _is("nơi cư trú, công tác lâu năm", "long residences", protected="origin")
    ethnicity: Text | None = _is("dân tộc", "ethnic group", protected="ethnicity")
    minority: Flag | None = _is("là người dân tộc thiểu số", "of an ethnic minority", protected="ethnicity")
    religion: Text | None = _is("tôn giáo", "religion", protected="religion")
    fit: Flag | None = _is("đủ sức khỏe", "fit for the post", protected="health")
    schooling: Text | None = _is("giáo dục phổ thông", "general schooling")
    degree: Annotated[str, CODES["degree"]] | None = _is("trình độ chuyên môn cao nhất", "highest degree")
    degree_on: LooseDay | None = _is("ngày cấp bằng", "day of the degree")
    degree_fits: Flag | None = _is("chuyên ngành phù hợp", "field of the degree fits the post")
    theory: Annotated[str, CODES["theory"]] | None = _is("trình độ lý luận chính trị", "political theory")
    state_management: Annotated[str, CODES["state_management"]] | None = _is("quản lý nhà nước", "state management")
    language: Text | None = _is("ngoại ngữ", "foreign language")
    it: Text | None = _is("tin học", "information technology")
    party_joined_on: LooseDay | None = _is("ngày vào Đảng", "day of joining the Party")
    party_member: Flag | None = _is("là đảng viên", "Party member")
    recruited_on: LooseDay | None = _is("ngày tuyển dụng", "day recruited")
    public_employee: Flag | None = _is("là công chức, viên chức", "civil servant or public employee")
    posts: tuple[PostHeld, ...] | None = _is("quá trình công tác", "posts held")
    ratings: tuple[Rating, ...] | None = _is("xếp loại hằng năm", "yearly ratings")
    discipline: tuple[Discipline, ...] | None = _is("kỷ luật", "discipline")
    open_cases: tuple[OpenCase, ...] | None = _is("vụ việc đang xem xét", "open cases")
    kin: tuple[Kin, ...] | None = _is("quan hệ gia đình", "kin and their posts", protected="kin")
    planning: tuple[PlanEntry, ...] | None = _is("quy hoạch", "planning entries", office="state")
    courses: tuple[Course, ...] | None = _is("đào tạo, bồi dưỡng", "courses", office="paper")
    asset_declarations: tuple[AssetDeclaration, ...] | None = _is("kê khai tài sản", "asset declarations", office="paper")
    confidence_votes: tuple[ConfidenceVote, ...] | None = _is("lấy phiếu tín nhiệm", "confidence votes")
    measures: tuple[Measure, ...] | None = _is("biện pháp đã thực hiện", "measures taken")
    file_untrue: Flag | None = _is("hồ sơ khai không trung thực", "file found to be untrue")
    retirement_notice_on: Day | None = _is("ngày thông báo nghỉ hưu", "day of the retirement notice")
    retires_later_by_decision: Day | None = _is("ngày nghỉ hưu theo quyết định kéo dài", "later retirement day by decision")
    later_retirement: Flag | None = _is("thuộc diện nghỉ hưu ở tuổi cao hơn", "in the list that may retire later")
    only_vietnamese: Flag | None = _is("chỉ có quốc tịch Việt Nam", "holds Vietnamese nationality only")
    lives_in_vietnam: Flag | None = _is("thường trú tại Việt Nam", "resides permanently in Viet Nam")


class Step(_Stated):
    """One meeting of the personnel process."""

    number: Count | None = _is("bước", "step number")
    name: Text | None = _is("tên hội nghị", "meeting")
    held_on: Day | None = _is("ngày họp", "day held")
    convened: Count | None = _is("số người triệu tập", "people convened")
    excused: Count | None = _is("vắng vì bất khả kháng", "absent by force majeure")
    present: Count | None = _is("số người có mặt", "people present")
    ballots: Count | None = _is("số phiếu", "ballots")
    votes_for: Count | None = _is("số phiếu đồng ý", "votes for the person")
    secret: Flag | None = _is("bỏ phiếu kín", "secret ballot")
    announced: Flag | None = _is("công bố kết quả", "count announced")
    head_decided: Flag | None = _is("người đứng đầu quyết định khi ngang phiếu", "head decided a tie")


class Document(_Stated):
    """A paper on file."""

    kind: Annotated[str, CODES["document"]] | None = _is("loại giấy tờ", "kind")
    issued_on: Day | None = _is("ngày ban hành", "day issued")
    number: Text | None = _is("số, ký hiệu", "number", identifies=True)
    verified: Flag | None = _is("đã thẩm định", "appraised", office="state")


class Consultation(_Stated):
    """An opinion asked of another body."""

    body: Text | None = _is("cơ quan được lấy ý kiến", "body consulted")
    sector: Annotated[str, CODES["sector"]] | None = _is("lĩnh vực", "sector")
    asked_on: Day | None = _is("ngày hỏi ý kiến", "day asked")
    answered_on: Day | None = _is("ngày trả lời", "day answered")
    agrees: Flag | None = _is("đồng ý", "agrees")


class Complaint(_Stated):
    """A complaint, denunciation, petition or recommendation about the person or the process."""

    received_on: Day | None = _is("ngày nhận", "day received")
    source: Annotated[str, CODES["sector"]] | None = _is("nguồn", "sector it came from")
    resolved_on: Day | None = _is("ngày giải quyết", "day resolved", office="date")
    resolved: Flag | None = _is("đã giải quyết", "resolved", office="state")


class ExceptionGranted(_Stated):
    """A special case decided by a competent authority."""

    rule: Text = _is("quy tắc", "rule it excuses", required=True)
    entry: Text | None = _is("mã dòng", "entry, leader or figure it is about; none means the whole", identifies=True)
    decided_by: Text | None = _is("cấp quyết định", "authority", office="paper", identifies=True)
    level: Annotated[str, CODES["level"]] | None = _is("cấp của cơ quan quyết định", "level of the authority", office="paper")
    decided_on: Day | None = _is("ngày quyết định", "day decided", office="paper")
    reason: Text | None = _is("lý do", "reason", office="paper")
    document: Text | None = _is("số văn bản", "number of the paper", identifies=True)
    expires_on: Day | None = _is("hết hiệu lực", "last day it holds")


class Assessment(_Stated):
    """What a named assessor found of a criterion only people can judge."""

    criterion: Text = _is("tiêu chí", "rule it answers", required=True)
    entry: Text | None = _is("mã dòng", "leader it is about, where the unit has several", identifies=True)
    assessor: Text | None = _is("người đánh giá", "assessor", identifies=True)
    assessed_on: Day | None = _is("ngày đánh giá", "day assessed")
    conclusion: Annotated[str, CODES["conclusion"]] | None = _is("kết luận", "conclusion")


class Authority(_Stated):
    """Who decides, and what stands in the way of their deciding."""

    office: Text | None = _is("cơ quan quyết định", "office that decides")
    head: Text | None = _is("người đứng đầu", "head who answers", office="paper", identifies=True)
    level: Annotated[str, CODES["level"]] | None = _is("cấp", "level")
    competent: Flag | None = _is("đúng thẩm quyền", "has the authority", office="state")
    leaving: Flag | None = _is("đã có thông báo nghỉ hưu, chuyển công tác", "head has notice to leave")
    retirement_notice_on: Day | None = _is("ngày có thông báo nghỉ hưu, chuyển công tác", "day of notice to leave")
    superior_consent_on: Day | None = _is("ngày cấp trên đồng ý", "day the superior body agreed", office="date")
    superior_consented: Flag | None = _is("cấp trên đã đồng ý", "the superior body agreed", office="state")
    reports_to: Text | None = _is("cơ quan cấp trên trực tiếp", "body directly above", office="state", identifies=True)


class Days(_Stated):
    """The days of a decision."""

    vacancy: Day | None = _is("ngày khuyết vị trí", "post fell vacant")
    policy_requested: Day | None = _is("ngày xin chủ trương", "policy requested", office="date")
    policy_approved: Day | None = _is("ngày đồng ý chủ trương", "policy approved", office="date")
    process_started: Day | None = _is("ngày bắt đầu quy trình", "process started", office="date")
    process_ended: Day | None = _is("ngày kết thúc quy trình", "process ended", office="date")
    file_received: Day | None = _is("ngày nhận hồ sơ", "file received", office="date")
    decided: Day | None = _is("ngày quyết định", "decided", office="date")
    effective: Day | None = _is("ngày có hiệu lực", "in effect", office="date")
    notified: Day | None = _is("ngày thông báo xem xét", "person notified", office="date")
    term_started: Day | None = _is("ngày bắt đầu thời hạn giữ chức", "term in the post began", office="date")
    term_ends: Day | None = _is("ngày hết thời hạn giữ chức", "term in the post ends")
    grounds_found: Day | None = _is("ngày có đủ căn cứ", "day the grounds were complete")
    proposed: Day | None = _is("ngày đề xuất", "day it was proposed")


class Exam(_Stated):
    """A competitive exam for a post."""

    in_pilot: Flag | None = _is("thuộc diện thí điểm", "unit is in the pilot")
    candidates: Count | None = _is("số người dự thi", "candidates")
    criteria_published: Flag | None = _is("công khai tiêu chuẩn", "criteria published", office="state")
    board_established: Flag | None = _is("có hội đồng thi tuyển", "exam board set up", office="state")
    results_on: Day | None = _is("ngày công bố kết quả", "results announced", office="date")
    winner: Text | None = _is("người trúng tuyển", "winner", identifies=True)
    appointee_won: Flag | None = _is("người được bổ nhiệm là người trúng tuyển", "the appointee won")


class Rotation(_Stated):
    """A rotation's terms."""

    purpose: Annotated[str, CODES["rotation_purpose"]] | None = _is("mục đích luân chuyển", "purpose")
    from_area: Area | None = _is("nơi đi", "area left")
    to_area: Area | None = _is("nơi đến", "area entered")
    from_sector: Annotated[str, CODES["sector"]] | None = _is("lĩnh vực nơi đi", "sector left")
    to_sector: Annotated[str, CODES["sector"]] | None = _is("lĩnh vực nơi đến", "sector entered")
    started_on: Day | None = _is("ngày bắt đầu luân chuyển", "first day", office="date")
    ended_on: Day | None = _is("ngày kết thúc luân chuyển", "last day")
    planned_months: Count | None = _is("thời hạn luân chuyển (tháng)", "planned months", office="state")
    extra_post: Flag | None = _is("đặt thêm chức vụ để luân chuyển", "post added for the rotation", office="state")
    justified_higher: Flag | None = _is("thuyết minh bố trí chức vụ cao hơn", "a higher post was justified", office="state")


class _Dossier(_Stated):
    id: Text = _is("mã", "identifier", required=True, identifies=True)
    title: Text | None = _is("tiêu đề", "title", identifies=True)
    exceptions: tuple[ExceptionGranted, ...] | None = _is(
        "trường hợp đặc biệt đã quyết định", "exceptions granted", office="rows"
    )
    assessments: tuple[Assessment, ...] | None = _is("đánh giá tiêu chí", "assessments")
    authority: Authority | None = _is("thẩm quyền", "authority", office="state")

    day_fields: ClassVar[dict[str, str]] = {}
    children: ClassVar[tuple[str, str] | None] = None
    is_decision: ClassVar[bool] = False
    """A decision, once its day has come, is taken: only papers can still be put on file. The others stand on and can change."""

    def day(self, hangs_on: str) -> date | None:
        """Return the day a rule hangs on, if it is stated."""
        value: Any = self
        for name in self.day_fields.get(hangs_on, self.day_fields["decided"]).split("."):
            value = getattr(value, name, None)
        return value.latest if isinstance(value, PartialDate) else value

    def heading(self) -> str:
        """Return what people would call this dossier."""
        return self.title or self.id


class Appointment(_Dossier):
    """One decision about a person's post: appointment, candidature, transfer, rotation, recruitment or relief."""

    day_fields: ClassVar[dict[str, str]] = {
        "process_started": "days.process_started",
        "file_received": "days.file_received",
        "decided": "days.decided",
        "effective": "days.effective",
    }

    is_decision: ClassVar[bool] = True

    kind: Literal["appointment"] = "appointment"
    decision: Annotated[str, CODES["decision"]] = _is("loại quyết định", "kind of decision", required=True)
    person: Person | None = _is("nhân sự", "person", office="rows")
    post: Post | None = _is("chức vụ dự kiến", "post to be filled", office="post")
    days: Days | None = _is("các ngày", "days", office="date")
    source: Annotated[str, CODES["source"]] | None = _is("nguồn nhân sự", "internal or external source")
    selection: Annotated[str, CODES["selection"]] | None = _is("hình thức lựa chọn", "way of choosing")
    first_time: Flag | None = _is("giữ chức vụ lần đầu", "first time in a post of this height")
    deputies_allowed: Count | None = _is("số cấp phó tối đa", "deputies allowed")
    deputies_after: Count | None = _is("số cấp phó sau quyết định", "deputies after the decision", office="composition")
    steps: tuple[Step, ...] | None = _is("các bước quy trình", "steps of the process", office="state")
    documents: tuple[Document, ...] | None = _is("giấy tờ trong hồ sơ", "papers on file", office="paper")
    consultations: tuple[Consultation, ...] | None = _is("lấy ý kiến", "consultations", office="paper")
    complaints: tuple[Complaint, ...] | None = _is("đơn thư, kiến nghị", "complaints and recommendations", office="rows")
    exam: Exam | None = _is("thi tuyển", "competitive exam", office="state")
    rotation: Rotation | None = _is("luân chuyển", "rotation", office="state")
    exemption_ground: Text | None = _is("căn cứ không qua thi tuyển", "lawful ground for no exam")
    training: Course | None = _is("khóa đào tạo được cử đi", "course the person is sent to", office="state")
    equals_or_lower: Flag | None = _is("chức vụ tương đương hoặc thấp hơn", "the post is equivalent or lower")
    term_rating: Annotated[str, CODES["rating"]] | None = _is(
        "đánh giá cả thời hạn giữ chức vụ", "rating of the whole term in the post"
    )
    dismissal_due: Flag | None = _is("thuộc trường hợp phải miễn nhiệm", "the case calls for dismissal")
    age_confirmed: Flag | None = _is(
        "cơ quan tổ chức xác nhận đủ tuổi ở mốc sát ngày", "personnel body confirms the age at the limit"
    )


class PlanningEntry(Person):
    """One person planned for one title."""

    id: Text = _is("mã", "identifier", required=True, identifies=True)
    planned_title: Text | None = _is("chức danh quy hoạch", "planned title")
    planned_code: Text | None = _is("mã chức danh quy hoạch", "code of the planned title")
    planned_rank: Count | None = _is("bậc chức danh quy hoạch", "rank of the planned title")
    planned_level: Annotated[str, CODES["level"]] | None = _is("cấp chức danh quy hoạch", "level of the planned title")
    current_rank: Count | None = _is("bậc chức danh hiện giữ", "rank of the post held")
    source: Annotated[str, CODES["source"]] | None = _is("nguồn", "internal or external source")
    planned_on: LooseDay | None = _is("ngày đưa vào quy hoạch", "day planned")
    planned_object: Count | None = _is("đối tượng quy hoạch (1 hoặc 2)", "object 1 or 2 of the planning")
    titles_at_level: Count | None = _is(
        "số chức danh quy hoạch cùng cấp (không tính cấp ủy)", "titles planned for at this level, committees left out"
    )
    theory_needed: Annotated[str, CODES["theory"]] | None = _is(
        "lý luận chính trị chức danh yêu cầu", "theory the title asks for"
    )
    in_appointment_process: Flag | None = _is(
        "đang làm quy trình bổ nhiệm khi đưa vào quy hoạch", "under an appointment process when planned"
    )
    meets_standard: Flag | None = _is("còn đủ tiêu chuẩn, điều kiện", "still meets the standards")


class TitlePlanned(_Stated):
    """How many people a title has in the plan."""

    title: Text | None = _is("chức danh", "title")
    posts: Count | None = _is("số vị trí của chức danh", "posts under the title")
    people: Count | None = _is("số người quy hoạch", "people planned", office="composition")


class Planning(_Dossier):
    """A planning list of a committee or for a set of titles."""

    day_fields: ClassVar[dict[str, str]] = {"decided": "approved_on"}
    children: ClassVar[tuple[str, str] | None] = ("entries", "planning_entry")

    kind: Literal["planning"] = "planning"
    committee: Text | None = _is("cấp ủy", "committee")
    level: Annotated[str, CODES["level"]] | None = _is("cấp", "level")
    file_received: Day | None = _is("ngày nhận đủ hồ sơ", "day the full file was received")
    approved_on: Day | None = _is("ngày phê duyệt", "day approved", office="date")
    reviewed_on: Day | None = _is("ngày rà soát gần nhất", "day last reviewed", office="date")
    checked_on: Day | None = _is("ngày kiểm tra", "day of this check")
    term: Text | None = _is("nhiệm kỳ", "term")
    term_starts: Day | None = _is("ngày bắt đầu nhiệm kỳ", "first day of the planned term")
    age_counted_on: LooseDay | None = _is("thời điểm tính tuổi", "month age is counted at")
    planning_body: Annotated[str, CODES["body"]] | None = _is("loại quy hoạch", "what is planned")
    seats: Count | None = _is("số lượng cấp ủy viên", "seats of the committee")
    training_plan_on: Day | None = _is("ngày có kế hoạch đào tạo", "day of the training plan", office="date")
    titles: tuple[TitlePlanned, ...] | None = _is("các chức danh", "titles", office="rows")
    entries: tuple[PlanningEntry, ...] | None = _is("danh sách quy hoạch", "entries", office="composition")


class Member(_Stated):
    """One member of a body."""

    id: Text | None = _is("mã", "identifier", identifies=True)
    name: Text | None = _is("họ và tên", "name", identifies=True)
    sex: Annotated[str, CODES["sex"]] | None = _is("giới tính", "sex", protected="sex")
    birth_date: LooseDay | None = _is("ngày sinh", "birth date", protected="birth")
    minority: Flag | None = _is("là người dân tộc thiểu số", "of an ethnic minority", protected="ethnicity")
    role: Annotated[str, CODES["role"]] | None = _is("vai trò", "role")
    title: Text | None = _is("chức vụ", "title")
    code: Text | None = _is("mã chức danh", "code of the title")
    new: Flag | None = _is("tham gia lần đầu", "new to the body")
    science: Flag | None = _is("có chuyên môn khoa học, công nghệ", "qualified in science or technology")
    local: Flag | None = _is("là người địa phương", "local", protected="origin")
    rotated: Flag | None = _is("do Trung ương luân chuyển về", "rotated in by the centre")


class KinTie(_Stated):
    """Two members who are kin."""

    one: Text | None = _is("người thứ nhất", "first member", protected="kin", identifies=True)
    other: Text | None = _is("người thứ hai", "second member", protected="kin", identifies=True)
    relation: Annotated[str, CODES["kinship"]] | None = _is("quan hệ", "relation", protected="kin")
    one_role: Annotated[str, CODES["role"]] | None = _is("vai trò người thứ nhất", "role of the first", protected="kin")
    other_role: Annotated[str, CODES["role"]] | None = _is("vai trò người thứ hai", "role of the second", protected="kin")


class Body(_Dossier):
    """A committee, standing committee, leadership or council, as it stood on a day."""

    day_fields: ClassVar[dict[str, str]] = {"decided": "on"}

    kind: Literal["body"] = "body"
    body: Annotated[str, CODES["body"]] = _is("loại tập thể", "kind of body", required=True)
    unit: Text | None = _is("đơn vị", "unit")
    level: Annotated[str, CODES["level"]] | None = _is("cấp", "level")
    area: Area | None = _is("địa bàn", "area")
    on: Day | None = _is("ngày chốt số liệu", "day it stood so")
    term: Text | None = _is("nhiệm kỳ", "term")
    merged: Flag | None = _is("hợp nhất, sáp nhập", "formed by merger")
    seats_allowed: Count | None = _is("số lượng tối đa", "members allowed")
    seats_before: Count | None = _is("số lượng tối đa nhiệm kỳ trước", "members allowed in the term before")
    place: Annotated[str, CODES["place"]] | None = _is("loại địa phương cấp tỉnh", "kind of province or city")
    deputies_allowed: Count | None = _is("số cấp phó tối đa", "deputies allowed")
    members: tuple[Member, ...] | None = _is("thành viên", "members", office="composition")
    kin_ties: tuple[KinTie, ...] | None = _is("quan hệ gia đình giữa các thành viên", "kin among members", protected="kin")
    structure_vote: Step | None = _is("biểu quyết điều chỉnh cơ cấu giữa nhiệm kỳ", "vote to change its structure mid-term")


class Plan(_Stated):
    """A programme or plan of a unit."""

    group: Annotated[str, CODES["group"]] | None = _is("đối tượng", "group it serves")
    approved_on: Day | None = _is("ngày ban hành", "day approved")
    has_targets: Flag | None = _is("có chỉ tiêu", "sets targets", office="state")
    names_who_answers: Flag | None = _is("giao trách nhiệm", "names who answers", office="state")


class Leader(Person):
    """A person in a leading post of the unit, and what was done when something called for it."""

    id: Text = _is("mã", "identifier", required=True, identifies=True)
    post: Post | None = _is("chức vụ", "post")
    in_post_since: Day | None = _is("ngày giữ chức vụ", "day the post was taken")
    term_started: Day | None = _is("ngày bắt đầu nhiệm kỳ", "day the term began")
    measures: tuple[Measure, ...] | None = _is("biện pháp đã thực hiện", "measures taken", office="state")
    unit_target_percent: Percent | None = _is("tỷ lệ hoàn thành chỉ tiêu của đơn vị", "share of the unit's targets met")
    unit_target_year: Count | None = _is("năm của tỷ lệ hoàn thành chỉ tiêu", "year that share is of")
    force_majeure: Flag | None = _is("do bất khả kháng", "for force majeure")
    terms_in_place: Count | None = _is("số nhiệm kỳ liên tiếp tại nơi này", "consecutive terms in this place")
    months_in_area_duty: Count | None = _is("số tháng theo dõi một địa bàn", "months following one area")
    concerns: tuple[Complaint, ...] | None = _is(
        "kiến nghị đối với người này", "recommendations about this person", office="rows"
    )
    suspensions: tuple[Suspension, ...] | None = _is("tạm đình chỉ công tác", "suspensions")
    declares_yearly: Flag | None = _is("thuộc diện kê khai tài sản hằng năm", "declares assets every year")
    assets_changed: Count | None = _is("biến động tài sản năm trước (triệu đồng)", "change of assets last year, million VND")


class SubUnit(_Stated):
    """A unit below, and how many deputies it has."""

    name: Text | None = _is("tên đơn vị", "name")
    form: Annotated[str, CODES["unit"]] | None = _is("loại đơn vị", "kind of unit")
    deputies: Count | None = _is("số cấp phó", "deputies", office="composition")
    extra_deputies: Count | None = _is("số cấp phó được giao thêm", "deputies granted on top")
    merged_from: Count | None = _is("số đơn vị hợp thành", "units it was merged from")


class RatingCount(_Stated):
    """How many of a group got which rating."""

    year: Count | None = _is("năm", "year")
    group: Text | None = _is("nhóm đối tượng", "group with like duties")
    excellent: Count | None = _is("số người hoàn thành xuất sắc", "rated excellent")
    good: Count | None = _is("số người hoàn thành tốt", "rated good")


class Unit(_Dossier):
    """An agency, committee or unit and its leaders, as it stood on a day."""

    day_fields: ClassVar[dict[str, str]] = {"decided": "on"}
    children: ClassVar[tuple[str, str] | None] = ("leaders", "leader")

    kind: Literal["unit"] = "unit"
    unit: Text | None = _is("đơn vị", "unit")
    level: Annotated[str, CODES["level"]] | None = _is("cấp", "level")
    sector: Annotated[str, CODES["sector"]] | None = _is("ngành, lĩnh vực", "sector")
    area: Area | None = _is("địa bàn", "area")
    on: Day | None = _is("ngày chốt số liệu", "day it stood so")
    staff_quota: Count | None = _is("biên chế được giao", "staff quota")
    deputies: Count | None = _is("số cấp phó", "deputies", office="composition")
    deputies_allowed: Count | None = _is("số cấp phó tối đa", "deputies allowed")
    form: Annotated[str, CODES["unit"]] | None = _is("loại đơn vị", "kind of unit")
    place: Annotated[str, CODES["place"]] | None = _is("loại địa phương cấp tỉnh", "kind of province or city")
    area_class: Count | None = _is("loại đơn vị hành chính (1, 2, 3)", "class of the administrative unit (1, 2, 3)")
    merged_from: Count | None = _is("số đơn vị hợp thành", "units it was merged from")
    merged_class_one: Flag | None = _is("có đơn vị loại I hợp thành", "one of the merged units was of class I")
    reorganised: Flag | None = _is("thuộc diện sắp xếp tổ chức", "was reorganised")
    reorganised_on: Day | None = _is("ngày quyết định sắp xếp có hiệu lực", "day the reorganisation took effect")
    divisions: Count | None = _is("số phòng", "divisions")
    rotated_deputies: Count | None = _is("số cấp phó do luân chuyển về", "deputies rotated in")
    self_financing: Flag | None = _is("tự bảo đảm toàn bộ chi", "fully self-financing")
    minority_area: Flag | None = _is("vùng dân tộc thiểu số", "in an ethnic-minority area")
    subunits: tuple[SubUnit, ...] | None = _is("các đơn vị cấu thành", "units below", office="rows")
    plans: tuple[Plan, ...] | None = _is("chương trình, kế hoạch", "programmes and plans", office="state")
    consulted_front: Flag | None = _is(
        "phối hợp Mặt trận giám sát, phản biện", "works with the Front on supervision", office="state"
    )
    inspected_on: Day | None = _is(
        "ngày kiểm tra công tác cán bộ gần nhất", "day personnel work was last inspected", office="date"
    )
    concerns: tuple[Complaint, ...] | None = _is(
        "kiến nghị của Mặt trận, đoàn thể", "recommendations of the Front", office="rows"
    )
    ratings: tuple[Rating, ...] | None = _is("xếp loại hằng năm của đơn vị", "the unit's own yearly ratings")
    rating_counts: tuple[RatingCount, ...] | None = _is("số người theo mức xếp loại", "people by rating")
    leaders: tuple[Leader, ...] | None = _is("lãnh đạo, quản lý", "leaders", office="composition")


class Figure(_Stated):
    """One reported total: how many of a group there are in a body, or only their share."""

    id: Text = _is("mã", "identifier", required=True, identifies=True)
    title: Text | None = _is("tiêu đề", "title", identifies=True)
    group: Annotated[str, CODES["group"]] | None = _is("nhóm", "group counted")
    body: Annotated[str, CODES["body"]] | None = _is("tập thể", "body counted")
    level: Annotated[str, CODES["level"]] | None = _is("cấp", "level")
    area: Area | None = _is("địa bàn", "area")
    on: LooseDay | None = _is("ngày chốt số liệu", "day counted")
    term: Text | None = _is("nhiệm kỳ", "term")
    part: Count | None = _is("số người thuộc nhóm", "members of the group", office="composition")
    whole: Count | None = _is("tổng số", "total")
    percent: Percent | None = _is("tỷ lệ đã công bố", "share as published", office="composition")
    age_basis: Literal["exact", "year"] | None = _is("cách tính tuổi", "how age was counted")
    district_key: Flag | None = _is("cán bộ chủ chốt cấp huyện", "key cadres of the district level")
    merged: Flag | None = _is("hợp nhất, sáp nhập", "formed by merger")
    parts: tuple[Count, ...] | None = _is("số theo từng loại", "counts by kind")


class Statistics(_Dossier):
    """Reported statistics, each judged on its own."""

    day_fields: ClassVar[dict[str, str]] = {"decided": "on"}
    children: ClassVar[tuple[str, str] | None] = ("figures", "figure")

    kind: Literal["statistics"] = "statistics"
    on: Day | None = _is("ngày báo cáo", "day of the report")
    unit: Text | None = _is("đơn vị báo cáo", "reporting unit")
    source: Text | None = _is("nguồn", "where it was published")
    figures: tuple[Figure, ...] | None = _is("số liệu", "figures", office="rows")


Dossier: TypeAlias = Appointment | Planning | Body | Unit | Statistics
AnyDossier: TypeAlias = Annotated[Dossier, Field(discriminator="kind")]

DOSSIERS: dict[str, type[Dossier]] = {
    "appointment": Appointment,
    "planning": Planning,
    "body": Body,
    "unit": Unit,
    "statistics": Statistics,
}
PARTS: dict[str, tuple[str, type[BaseModel]]] = {
    "planning_entry": ("planning", PlanningEntry),
    "leader": ("unit", Leader),
    "figure": ("statistics", Figure),
}


class DossierFile(_Stated):
    """Several dossiers in one file."""

    dossiers: tuple[AnyDossier, ...]
