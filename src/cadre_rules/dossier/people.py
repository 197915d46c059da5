"""The dossier of one decision about a person: what somebody knows about them, the post and how it was decided.

Fields follow the official CV form 2C (Decision 02/2008/QĐ-BNV) and what the provisions ask for.
Everything but identity is optional: what is absent is unknown, and an empty list says "none".
"""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from cadre_rules.dossier.areas import Area
from cadre_rules.dossier.values import CODES, Count, Day, Flag, LooseDay, PartialDate, Percent, Text

Office: TypeAlias = Literal["state", "paper", "date", "post", "composition", "rows"]
"""How an office can still change a field. A field inside another, or inside a list, needs both to be marked.

`paper`: a record that may be put on file, or what a paper says where it is not stated; `state`: what can still be done,
`date`: a day that can still be set, `post`: a part of the choice of the post, all three only while the decision is to come;
`composition`: who sits there, or how many; `rows`: the rows stay, what is marked in them does not. What is not marked has
happened, or is nobody's to choose.
"""


def named(
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
    told = {"vi": vi, "protected": protected, "office": office, "identifies": identifies}
    extra: Any = {name: said for name, said in told.items() if said}
    return Field(default=... if required else None, description=en, json_schema_extra=extra)


def reached(value: Any, path: Iterable[str]) -> Any:
    """Return what stands at a path, None where a part of the way does."""
    for name in path:
        if value is None:
            return None
        value = getattr(value, name)
    return value


class Stated(BaseModel):
    """Some things stated together."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Post(Stated):
    """A post: what it is, where it stands and how high."""

    title: Text | None = named("chức vụ", "title as written")
    code: Text | None = named("mã chức danh", "code in the table of titles")
    unit: Text | None = named("đơn vị", "unit of the post", office="post")
    level: Annotated[str, CODES["level"]] | None = named("cấp", "level")
    sector: Annotated[str, CODES["sector"]] | None = named("ngành, lĩnh vực", "sector")
    role: Annotated[str, CODES["role"]] | None = named("vai trò", "head, deputy, member or staff")
    rank: Count | None = named("bậc chức danh", "rank in the table of titles; higher is more senior", office="post")
    area: Area | None = named("địa bàn", "area the post serves", office="post")
    leading: Flag | None = named("là chức vụ lãnh đạo, quản lý", "a leading or managing post")
    term_months: Count | None = named("thời hạn bổ nhiệm (tháng)", "term in months", office="post")
    managed_by: Annotated[str, CODES["level"]] | None = named("cấp quản lý", "level that manages the post")
    created_for_person: Flag | None = named("chức vụ đặt thêm cho nhân sự", "post created to place this person", office="post")
    vacant: Flag | None = named("vị trí còn khuyết", "position exists and is vacant", office="post")
    regime: Annotated[str, CODES["regime"]] | None = named("chế độ pháp lý của chức vụ", "law the post falls under")
    reports_to_kin: Flag | None = named("chịu quản lý trực tiếp của người thân", "answers directly to kin", office="post")
    body: Annotated[str, CODES["body"]] | None = named("tập thể tham gia", "body the post sits in")
    vertical: Flag | None = named("thuộc ngành dọc", "in a vertically managed body")
    new_unit: Flag | None = named("đơn vị mới sau hợp nhất, sáp nhập", "in a body newly formed by merger")
    acting: Flag | None = named("được giao quyền cấp trưởng", "acting head")


class PostHeld(Post):
    """A post held for a time."""

    start: LooseDay | None = named("từ ngày", "first day")
    end: LooseDay | None = named("đến ngày", "last day")
    current: Flag | None = named("đang giữ", "still held")
    years_in_field: Count | None = named("số năm trong lĩnh vực", "years in the field")


class Rating(Stated):
    """The yearly rating."""

    year: Count | None = named("năm", "year")
    level: Annotated[str, CODES["rating"]] | None = named("mức xếp loại", "rating")
    linked_to_duties: Flag | None = named("gắn với nhiệm vụ được giao", "linked to duties")
    points: Percent | None = named("điểm (thang 100)", "points out of 100")
    late_tasks: Percent | None = named("tỷ lệ nhiệm vụ chậm tiến độ", "share of tasks done late")
    tasks_beyond: Percent | None = named("tỷ lệ nhiệm vụ vượt yêu cầu", "share of tasks beyond what was asked")
    months_worked: Count | None = named("số tháng công tác trong năm", "months worked in the year")
    rated_on: Day | None = named("ngày xếp loại", "day rated")


class Discipline(Stated):
    """A disciplinary decision."""

    form: Annotated[str, CODES["discipline"]] | None = named("hình thức kỷ luật", "form")
    track: Annotated[str, CODES["track"]] | None = named("kỷ luật đảng hay chính quyền", "Party or state")
    decided_on: Day | None = named("ngày ký quyết định kỷ luật", "day signed")
    effective_on: Day | None = named("ngày quyết định kỷ luật có hiệu lực", "day in effect")
    rank_then: Count | None = named("bậc chức danh khi bị kỷ luật", "rank of the post held then")
    ground: Text | None = named("lý do", "ground")
    power_control: Flag | None = named("vi phạm về kiểm soát quyền lực, chạy chức", "for running for office or abetting it")
    corruption: Flag | None = named("do tham nhũng", "for corruption")
    with_dismissal: Flag | None = named("kèm miễn nhiệm hoặc cho thôi chức", "with dismissal or relief")
    linked_to_duties: Flag | None = named("gắn với nhiệm vụ được giao", "linked to duties")
    progress_found_on: Day | None = named("ngày kết luận có tiến bộ", "day real progress was found")
    act_on: Day | None = named("ngày chấm dứt hành vi vi phạm", "day the act ended")
    found_on: Day | None = named("ngày phát hiện vi phạm", "day the act was found")
    opened_on: Day | None = named("ngày bắt đầu xem xét kỷ luật", "day the procedure began")
    party_published_on: Day | None = named("ngày công bố kỷ luật đảng về cùng hành vi", "day its Party discipline was published")
    extended: Flag | None = named("thời hạn xử lý được kéo dài", "the time to handle it was extended")
    time_excused: Flag | None = named("có thời gian không tính vào thời hạn", "some time does not count")
    no_limitation: Flag | None = named("không áp dụng thời hiệu", "an act without limitation")
    kin_on_council: Flag | None = named("người thân dự hội đồng, chủ trì kỷ luật", "kin sat on or chaired it", protected="kin")


class OpenCase(Stated):
    """A case that may stand in the way."""

    kind: Annotated[str, CODES["case"]] | None = named("loại vụ việc", "kind")
    opened_on: Day | None = named("ngày bắt đầu", "day opened")
    closed_on: Day | None = named("ngày kết thúc", "day closed")
    open: Flag | None = named("chưa kết thúc", "still open")


class Kin(Stated):
    """A relative and one post of theirs; a relative with several posts takes several rows."""

    name: Text | None = named("họ tên", "name", identifies=True)
    relation: Annotated[str, CODES["kinship"]] | None = named("quan hệ", "relation", protected="kin")
    title: Text | None = named("chức vụ", "title", protected="kin")
    unit: Text | None = named("đơn vị", "unit", protected="kin")
    body: Annotated[str, CODES["body"]] | None = named("tập thể tham gia", "body they sit in", protected="kin")
    level: Annotated[str, CODES["level"]] | None = named("cấp", "level", protected="kin")
    sector: Annotated[str, CODES["sector"]] | None = named("ngành, lĩnh vực", "sector", protected="kin")
    role: Annotated[str, CODES["role"]] | None = named("vai trò", "role", protected="kin")
    area: Area | None = named("địa bàn", "area", protected="kin")
    start: LooseDay | None = named("từ ngày", "first day", protected="kin")
    end: LooseDay | None = named("đến ngày", "last day", protected="kin")
    current: Flag | None = named("đang giữ", "still held", protected="kin")
    in_process: Flag | None = named("tham gia quy trình nhân sự này", "takes part in this process", protected="kin")
    recused: Flag | None = named("đã báo cáo, không tham gia", "reported it and stood aside", protected="kin")
    reported: Flag | None = named("đã báo cáo quan hệ", "reported the kinship", protected="kin")
    decides: Flag | None = named("là người có thẩm quyền quyết định", "decides this placement", protected="kin")


class Course(Stated):
    """A course finished, under way or ordered."""

    kind: Annotated[str, CODES["course"]] | None = named("loại đào tạo, bồi dưỡng", "kind")
    name: Text | None = named("tên lớp", "name")
    theory: Annotated[str, CODES["theory"]] | None = named("trình độ lý luận chính trị", "political-theory level it leads to")
    started_on: LooseDay | None = named("ngày bắt đầu", "first day")
    finished_on: LooseDay | None = named("ngày kết thúc", "last day")
    certified_on: LooseDay | None = named("ngày cấp chứng chỉ", "day of the certificate")
    enrolled: Flag | None = named("đang học", "under way")
    for_title: Text | None = named("phục vụ chức danh quy hoạch", "planned title it serves")
    ordered: Flag | None = named("có quyết định cử đi học", "ordered by a decision")
    degree: Annotated[str, CODES["degree"]] | None = named("trình độ đào tạo", "degree it leads to")
    committed_months: Count | None = named("thời gian cam kết phục vụ (tháng)", "months of service committed to")
    periods: Count | None = named("số tiết", "periods taught")


class PlanEntry(Stated):
    """A planning decision about the person."""

    title: Text | None = named("chức danh quy hoạch", "planned title")
    code: Text | None = named("mã chức danh quy hoạch", "code of the planned title")
    rank: Count | None = named("bậc chức danh quy hoạch", "rank of the planned title")
    level: Annotated[str, CODES["level"]] | None = named("cấp", "level")
    approved_on: LooseDay | None = named("ngày phê duyệt quy hoạch", "day approved")
    removed_on: LooseDay | None = named("ngày đưa ra khỏi quy hoạch", "day taken out")
    active: Flag | None = named("còn trong quy hoạch", "still planned")


class Residence(Stated):
    """A place lived, studied or worked in for long."""

    area: Area | None = named("nơi ở", "area", protected="origin")
    start: LooseDay | None = named("từ ngày", "first day", protected="origin")
    end: LooseDay | None = named("đến ngày", "last day", protected="origin")
    years: Count | None = named("số năm", "years", protected="origin")


class AssetDeclaration(Stated):
    """A declaration of assets and income."""

    kind: Annotated[str, CODES["declaration"]] | None = named("loại kê khai", "kind")
    declared_on: Day | None = named("ngày kê khai", "day declared")
    verified: Flag | None = named("đã được thẩm tra, xác minh", "verified", office="state")
    published: Flag | None = named("đã công khai tại hội nghị", "made public at the meeting", office="state")


class ConfidenceVote(Stated):
    """A confidence vote."""

    held_on: Day | None = named("ngày lấy phiếu", "day held")
    convened: Count | None = named("số người triệu tập", "people convened")
    present: Count | None = named("số người có mặt", "people present")
    ballots: Count | None = named("tổng số phiếu", "ballots")
    low: Count | None = named("số phiếu tín nhiệm thấp", "ballots of low confidence")
    by_council: Flag | None = named("do Quốc hội, hội đồng nhân dân lấy phiếu", "taken by the Assembly or a people's council")


class Measure(Stated):
    """What was done about a person in post."""

    kind: Annotated[str, CODES["measure"]] | None = named("hình thức xử lý", "kind")
    decided_on: Day | None = named("ngày quyết định", "day decided")
    rank_then: Count | None = named("bậc chức danh khi đó", "rank of the post held then")


class Suspension(Stated):
    """A suspension from the post."""

    ground_found_on: Day | None = named("ngày xác định có căn cứ", "day the ground was found")
    advised_on: Day | None = named("ngày cơ quan tổ chức tham mưu", "day the personnel body advised")
    started_on: Day | None = named("ngày bắt đầu tạm đình chỉ", "first day")
    ended_on: Day | None = named("ngày kết thúc tạm đình chỉ", "last day")
    extended: Flag | None = named("đã gia hạn", "extended")
    on_request: Flag | None = named("theo yêu cầu của cơ quan có thẩm quyền", "at the request of an inspecting or judicial body")
    head_under_notice: Flag | None = named("người ra quyết định sắp nghỉ, chuyển, bị xem xét", "head leaving or under review")
    superior_agreed: Flag | None = named("cấp ủy cấp trên đã đồng ý", "its superior agreed")


class Person(Stated):
    """A person, by the fields of CV form 2C."""

    id: Text | None = named("mã hồ sơ", "file identifier", identifies=True)
    name: Text | None = named("họ và tên", "name", identifies=True)
    sex: Annotated[str, CODES["sex"]] | None = named("giới tính", "sex", protected="sex")
    birth_date: LooseDay | None = named("ngày sinh", "birth date", protected="birth")
    birthplace: Area | None = named("nơi sinh", "birthplace", protected="origin")
    home_town: Area | None = named("quê quán", "home town", protected="origin")
    residences: tuple[Residence, ...] | None = named("nơi cư trú, công tác lâu năm", "long residences", protected="origin")
    ethnicity: Text | None = named("dân tộc", "ethnic group", protected="ethnicity")
    minority: Flag | None = named("là người dân tộc thiểu số", "of an ethnic minority", protected="ethnicity")
    religion: Text | None = named("tôn giáo", "religion", protected="religion")
    fit: Flag | None = named("đủ sức khỏe", "fit for the post", protected="health")
    schooling: Text | None = named("giáo dục phổ thông", "general schooling")
    degree: Annotated[str, CODES["degree"]] | None = named("trình độ chuyên môn cao nhất", "highest degree")
    degree_on: LooseDay | None = named("ngày cấp bằng", "day of the degree")
    degree_fits: Flag | None = named("chuyên ngành phù hợp", "field of the degree fits the post")
    theory: Annotated[str, CODES["theory"]] | None = named("trình độ lý luận chính trị", "political theory")
    state_management: Annotated[str, CODES["state_management"]] | None = named("quản lý nhà nước", "state management")
    language: Text | None = named("ngoại ngữ", "foreign language")
    it: Text | None = named("tin học", "information technology")
    party_joined_on: LooseDay | None = named("ngày vào Đảng", "day of joining the Party")
    party_member: Flag | None = named("là đảng viên", "Party member")
    recruited_on: LooseDay | None = named("ngày tuyển dụng", "day recruited")
    public_employee: Flag | None = named("là công chức, viên chức", "civil servant or public employee")
    posts: tuple[PostHeld, ...] | None = named("quá trình công tác", "posts held")
    ratings: tuple[Rating, ...] | None = named("xếp loại hằng năm", "yearly ratings")
    discipline: tuple[Discipline, ...] | None = named("kỷ luật", "discipline")
    open_cases: tuple[OpenCase, ...] | None = named("vụ việc đang xem xét", "open cases")
    kin: tuple[Kin, ...] | None = named("quan hệ gia đình", "kin and their posts", protected="kin")
    planning: tuple[PlanEntry, ...] | None = named("quy hoạch", "planning entries", office="state")
    courses: tuple[Course, ...] | None = named("đào tạo, bồi dưỡng", "courses", office="paper")
    asset_declarations: tuple[AssetDeclaration, ...] | None = named("kê khai tài sản", "asset declarations", office="paper")
    confidence_votes: tuple[ConfidenceVote, ...] | None = named("lấy phiếu tín nhiệm", "confidence votes")
    measures: tuple[Measure, ...] | None = named("biện pháp đã thực hiện", "measures taken")
    file_untrue: Flag | None = named("hồ sơ khai không trung thực", "file found to be untrue")
    retirement_notice_on: Day | None = named("ngày thông báo nghỉ hưu", "day of the retirement notice")
    retires_later_by_decision: Day | None = named("ngày nghỉ hưu theo quyết định kéo dài", "later retirement day by decision")
    later_retirement: Flag | None = named("thuộc diện nghỉ hưu ở tuổi cao hơn", "in the list that may retire later")
    only_vietnamese: Flag | None = named("chỉ có quốc tịch Việt Nam", "holds Vietnamese nationality only")
    lives_in_vietnam: Flag | None = named("thường trú tại Việt Nam", "resides permanently in Viet Nam")


class Step(Stated):
    """One meeting of the personnel process."""

    number: Count | None = named("bước", "step number")
    name: Text | None = named("tên hội nghị", "meeting")
    held_on: Day | None = named("ngày họp", "day held")
    convened: Count | None = named("số người triệu tập", "people convened")
    excused: Count | None = named("vắng vì bất khả kháng", "absent by force majeure")
    present: Count | None = named("số người có mặt", "people present")
    ballots: Count | None = named("số phiếu", "ballots")
    votes_for: Count | None = named("số phiếu đồng ý", "votes for the person")
    secret: Flag | None = named("bỏ phiếu kín", "secret ballot")
    announced: Flag | None = named("công bố kết quả", "count announced")
    head_decided: Flag | None = named("người đứng đầu quyết định khi ngang phiếu", "head decided a tie")


class Document(Stated):
    """A paper on file."""

    kind: Annotated[str, CODES["document"]] | None = named("loại giấy tờ", "kind")
    issued_on: Day | None = named("ngày ban hành", "day issued")
    number: Text | None = named("số, ký hiệu", "number", identifies=True)
    verified: Flag | None = named("đã thẩm định", "appraised", office="state")


class Consultation(Stated):
    """An opinion asked of another body."""

    body: Text | None = named("cơ quan được lấy ý kiến", "body consulted")
    sector: Annotated[str, CODES["sector"]] | None = named("lĩnh vực", "sector")
    asked_on: Day | None = named("ngày hỏi ý kiến", "day asked")
    answered_on: Day | None = named("ngày trả lời", "day answered")
    agrees: Flag | None = named("đồng ý", "agrees")


class Complaint(Stated):
    """A complaint, denunciation, petition or recommendation about the person or the process."""

    received_on: Day | None = named("ngày nhận", "day received")
    source: Annotated[str, CODES["sector"]] | None = named("nguồn", "sector it came from")
    resolved_on: Day | None = named("ngày giải quyết", "day resolved", office="date")
    resolved: Flag | None = named("đã giải quyết", "resolved", office="state")


class ExceptionGranted(Stated):
    """A special case decided by a competent authority."""

    rule: Text = named("quy tắc", "rule it excuses", required=True)
    entry: Text | None = named("mã dòng", "entry, leader or figure it is about; none means the whole", identifies=True)
    decided_by: Text | None = named("cấp quyết định", "authority", office="paper", identifies=True)
    level: Annotated[str, CODES["level"]] | None = named("cấp của cơ quan quyết định", "level of the authority", office="paper")
    decided_on: Day | None = named("ngày quyết định", "day decided", office="paper")
    reason: Text | None = named("lý do", "reason", office="paper")
    document: Text | None = named("số văn bản", "number of the paper", identifies=True)
    expires_on: Day | None = named("hết hiệu lực", "last day it holds")


class Assessment(Stated):
    """What a named assessor found of a criterion only people can judge."""

    criterion: Text = named("tiêu chí", "rule it answers", required=True)
    entry: Text | None = named("mã dòng", "leader it is about, where the unit has several", identifies=True)
    assessor: Text | None = named("người đánh giá", "assessor", identifies=True)
    assessed_on: Day | None = named("ngày đánh giá", "day assessed")
    conclusion: Annotated[str, CODES["conclusion"]] | None = named("kết luận", "conclusion")


class Authority(Stated):
    """Who decides, and what stands in the way of their deciding."""

    office: Text | None = named("cơ quan quyết định", "office that decides")
    head: Text | None = named("người đứng đầu", "head who answers", office="paper", identifies=True)
    level: Annotated[str, CODES["level"]] | None = named("cấp", "level")
    competent: Flag | None = named("đúng thẩm quyền", "has the authority", office="state")
    leaving: Flag | None = named("đã có thông báo nghỉ hưu, chuyển công tác", "head has notice to leave")
    retirement_notice_on: Day | None = named("ngày có thông báo nghỉ hưu, chuyển công tác", "day of notice to leave")
    superior_consent_on: Day | None = named("ngày cấp trên đồng ý", "day the superior body agreed", office="date")
    superior_consented: Flag | None = named("cấp trên đã đồng ý", "the superior body agreed", office="state")
    reports_to: Text | None = named("cơ quan cấp trên trực tiếp", "body directly above", office="state", identifies=True)

    @property
    def answering(self) -> str | None:
        """Return the head who answers, of what office: a head is often told by a title, which every province has."""
        return f"{self.office} ({self.head})" if self.office and self.head else self.head


class Days(Stated):
    """The days of a decision."""

    vacancy: Day | None = named("ngày khuyết vị trí", "post fell vacant")
    policy_requested: Day | None = named("ngày xin chủ trương", "policy requested", office="date")
    policy_approved: Day | None = named("ngày đồng ý chủ trương", "policy approved", office="date")
    process_started: Day | None = named("ngày bắt đầu quy trình", "process started", office="date")
    process_ended: Day | None = named("ngày kết thúc quy trình", "process ended", office="date")
    file_received: Day | None = named("ngày nhận hồ sơ", "file received", office="date")
    decided: Day | None = named("ngày quyết định", "decided", office="date")
    effective: Day | None = named("ngày có hiệu lực", "in effect", office="date")
    notified: Day | None = named("ngày thông báo xem xét", "person notified", office="date")
    term_started: Day | None = named("ngày bắt đầu thời hạn giữ chức", "term in the post began", office="date")
    term_ends: Day | None = named("ngày hết thời hạn giữ chức", "term in the post ends")
    grounds_found: Day | None = named("ngày có đủ căn cứ", "day the grounds were complete")
    proposed: Day | None = named("ngày đề xuất", "day it was proposed")


class Exam(Stated):
    """A competitive exam for a post."""

    in_pilot: Flag | None = named("thuộc diện thí điểm", "unit is in the pilot")
    candidates: Count | None = named("số người dự thi", "candidates")
    criteria_published: Flag | None = named("công khai tiêu chuẩn", "criteria published", office="state")
    board_established: Flag | None = named("có hội đồng thi tuyển", "exam board set up", office="state")
    results_on: Day | None = named("ngày công bố kết quả", "results announced", office="date")
    winner: Text | None = named("người trúng tuyển", "winner", identifies=True)
    appointee_won: Flag | None = named("người được bổ nhiệm là người trúng tuyển", "the appointee won")


class Rotation(Stated):
    """A rotation's terms."""

    purpose: Annotated[str, CODES["rotation_purpose"]] | None = named("mục đích luân chuyển", "purpose")
    from_area: Area | None = named("nơi đi", "area left")
    to_area: Area | None = named("nơi đến", "area entered")
    from_sector: Annotated[str, CODES["sector"]] | None = named("lĩnh vực nơi đi", "sector left")
    to_sector: Annotated[str, CODES["sector"]] | None = named("lĩnh vực nơi đến", "sector entered")
    started_on: Day | None = named("ngày bắt đầu luân chuyển", "first day", office="date")
    ended_on: Day | None = named("ngày kết thúc luân chuyển", "last day")
    planned_months: Count | None = named("thời hạn luân chuyển (tháng)", "planned months", office="state")
    extra_post: Flag | None = named("đặt thêm chức vụ để luân chuyển", "post added for the rotation", office="state")
    justified_higher: Flag | None = named("thuyết minh bố trí chức vụ cao hơn", "a higher post was justified", office="state")


class Whole(Stated):
    """A dossier, of whatever kind."""

    id: Text = named("mã", "identifier", required=True, identifies=True)
    title: Text | None = named("tiêu đề", "title", identifies=True)
    exceptions: tuple[ExceptionGranted, ...] | None = named(
        "trường hợp đặc biệt đã quyết định", "exceptions granted", office="rows"
    )
    assessments: tuple[Assessment, ...] | None = named("đánh giá tiêu chí", "assessments")
    authority: Authority | None = named("thẩm quyền", "authority", office="state")

    day_fields: ClassVar[dict[str, str]] = {"decided": "on"}
    children: ClassVar[tuple[str, str] | None] = None
    is_decision: ClassVar[bool] = False
    """A decision, once its day has come, is taken: only papers can still be put on file. The others stand on and can change."""

    def day(self, hangs_on: str) -> date | None:
        """Return the day a rule hangs on, if it is stated."""
        value = reached(self, self.day_fields.get(hangs_on, self.day_fields["decided"]).split("."))
        return value.high if isinstance(value, PartialDate) else value


class Appointment(Whole):
    """One decision about a person's post: appointment, candidature, transfer, rotation, recruitment or relief."""

    day_fields: ClassVar[dict[str, str]] = {
        "process_started": "days.process_started",
        "file_received": "days.file_received",
        "decided": "days.decided",
        "effective": "days.effective",
        "rotation_ends": "rotation.ended_on",
        "term_ends": "days.term_ends",
    }

    is_decision: ClassVar[bool] = True

    kind: Literal["appointment"] = "appointment"
    decision: Annotated[str, CODES["decision"]] = named("loại quyết định", "kind of decision", required=True)
    person: Person | None = named("nhân sự", "person", office="rows")
    post: Post | None = named("chức vụ dự kiến", "post to be filled", office="post")
    days: Days | None = named("các ngày", "days", office="date")
    source: Annotated[str, CODES["source"]] | None = named("nguồn nhân sự", "internal or external source")
    selection: Annotated[str, CODES["selection"]] | None = named("hình thức lựa chọn", "way of choosing")
    first_time: Flag | None = named("giữ chức vụ lần đầu", "first time in a post of this height")
    deputies_allowed: Count | None = named("số cấp phó tối đa", "deputies allowed")
    deputies_after: Count | None = named("số cấp phó sau quyết định", "deputies after the decision", office="composition")
    steps: tuple[Step, ...] | None = named("các bước quy trình", "steps of the process", office="state")
    documents: tuple[Document, ...] | None = named("giấy tờ trong hồ sơ", "papers on file", office="paper")
    consultations: tuple[Consultation, ...] | None = named("lấy ý kiến", "consultations", office="paper")
    complaints: tuple[Complaint, ...] | None = named("đơn thư, kiến nghị", "complaints and recommendations", office="rows")
    exam: Exam | None = named("thi tuyển", "competitive exam", office="state")
    rotation: Rotation | None = named("luân chuyển", "rotation", office="state")
    exemption_ground: Text | None = named("căn cứ không qua thi tuyển", "lawful ground for no exam")
    training: Course | None = named("khóa đào tạo được cử đi", "course the person is sent to", office="state")
    equals_or_lower: Flag | None = named("chức vụ tương đương hoặc thấp hơn", "the post is equivalent or lower")
    term_rating: Annotated[str, CODES["rating"]] | None = named(
        "đánh giá cả thời hạn giữ chức vụ", "rating of the whole term in the post"
    )
    dismissal_due: Flag | None = named("thuộc trường hợp phải miễn nhiệm", "the case calls for dismissal")
    age_confirmed: Flag | None = named(
        "cơ quan tổ chức xác nhận đủ tuổi ở mốc sát ngày", "personnel body confirms the age at the limit"
    )
