"""The closed lists a dossier's cells choose from, with their Vietnamese and English names."""

from cadre_rules.dossier.values import Codes

SEX = Codes({"female": ("nữ", "female"), "male": ("nam", "male")})
LEVEL = Codes(
    {
        "central": ("trung ương", "central"),
        "province": ("cấp tỉnh", "province"),
        "district": ("cấp huyện", "district"),
        "commune": ("cấp xã", "commune"),
        "unit": ("cơ sở", "grassroots unit"),
    }
)
DECISION = Codes(
    {
        "appointment": ("bổ nhiệm", "appointment"),
        "reappointment": ("bổ nhiệm lại", "reappointment"),
        "extension": ("kéo dài thời gian giữ chức vụ", "extension of term"),
        "candidature": ("giới thiệu ứng cử", "candidature"),
        "transfer": ("điều động", "transfer"),
        "rotation": ("luân chuyển", "rotation"),
        "secondment": ("biệt phái", "secondment"),
        "recruitment": ("tuyển dụng", "recruitment"),
        "relief": ("cho thôi giữ chức vụ", "relief"),
        "resignation": ("từ chức", "resignation"),
        "dismissal": ("miễn nhiệm", "dismissal"),
        "training": ("cử đi đào tạo, bồi dưỡng", "sending to training"),
        "position_change": ("thay đổi vị trí việc làm", "change of job position"),
    }
)
SOURCE = Codes({"internal": ("tại chỗ", "internal"), "external": ("từ nơi khác", "external")})
SELECTION = Codes(
    {
        "process": ("quy trình nhân sự", "personnel process"),
        "exam": ("thi tuyển", "competitive exam"),
        "designation": ("chỉ định", "designation"),
        "election": ("bầu cử", "election"),
        "exemption": ("xét tuyển, tiếp nhận", "exempt from the exam"),
    }
)
ROLE = Codes(
    {
        "head": ("cấp trưởng", "head"),
        "deputy": ("cấp phó", "deputy"),
        "member": ("thành viên", "member"),
        "staff": ("nhân viên", "staff"),
    }
)
SECTOR = Codes(
    {
        "party_committee": ("cấp ủy", "party committee"),
        "government": ("ủy ban nhân dân", "people's committee"),
        "council": ("hội đồng nhân dân", "people's council"),
        "organisation": ("tổ chức", "organisation and personnel"),
        "inspection_committee": ("kiểm tra đảng", "party inspection"),
        "home_affairs": ("nội vụ", "home affairs"),
        "inspectorate": ("thanh tra", "inspectorate"),
        "finance": ("tài chính", "finance"),
        "banking": ("ngân hàng", "banking"),
        "tax": ("thuế", "tax"),
        "customs": ("hải quan", "customs"),
        "industry_trade": ("công thương", "industry and trade"),
        "planning_investment": ("kế hoạch và đầu tư", "planning and investment"),
        "natural_resources": ("tài nguyên và môi trường", "natural resources and environment"),
        "agriculture_environment": ("nông nghiệp và môi trường", "agriculture and environment"),
        "military": ("quân đội", "military"),
        "police": ("công an", "police"),
        "court": ("tòa án", "court"),
        "procuracy": ("viện kiểm sát", "procuracy"),
        "front": ("mặt trận, đoàn thể", "Fatherland Front and mass organisations"),
        "health": ("y tế", "health"),
        "education": ("giáo dục", "education"),
        "accounting": ("kế toán, thủ quỹ", "accounting, treasury, stores"),
        "other": ("khác", "other"),
    }
)
KINSHIP = Codes(
    {
        "spouse": ("vợ hoặc chồng", "spouse"),
        "parent": ("cha, mẹ đẻ", "parent"),
        "adoptive_parent": ("cha, mẹ nuôi", "adoptive parent"),
        "raiser": ("người trực tiếp nuôi dưỡng", "person who raised them"),
        "parent_in_law": ("cha, mẹ của vợ hoặc chồng", "parent of the spouse"),
        "raiser_in_law": ("người nuôi dưỡng vợ hoặc chồng", "person who raised the spouse"),
        "child": ("con đẻ", "child"),
        "adopted_child": ("con nuôi", "adopted child"),
        "child_in_law": ("con dâu, con rể", "child-in-law"),
        "sibling": ("anh, chị, em ruột", "full sibling"),
        "sibling_of_spouse": ("anh, chị, em ruột của vợ hoặc chồng", "full sibling of the spouse"),
        "spouse_of_sibling": ("anh rể, chị dâu, em rể, em dâu", "spouse of a sibling"),
        "aunt_uncle": ("cô, dì, chú, bác, cậu", "aunt or uncle"),
        "other": ("họ hàng khác", "other kin"),
    }
)
THEORY = Codes(
    {
        "none": ("chưa qua đào tạo", "none"),
        "primary": ("sơ cấp", "primary"),
        "intermediate": ("trung cấp", "intermediate"),
        "advanced": ("cao cấp", "advanced"),
        "bachelor": ("cử nhân chính trị", "bachelor of politics"),
    }
)
DEGREE = Codes(
    {
        "none": ("chưa qua đào tạo", "none"),
        "secondary": ("trung học phổ thông", "upper secondary"),
        "vocational": ("trung cấp chuyên nghiệp", "vocational"),
        "college": ("cao đẳng", "college"),
        "university": ("đại học", "university"),
        "master": ("thạc sĩ", "master"),
        "doctor": ("tiến sĩ", "doctor"),
    }
)
STATE_MANAGEMENT = Codes(
    {
        "none": ("chưa qua bồi dưỡng", "none"),
        "officer": ("cán sự", "officer"),
        "expert": ("chuyên viên", "expert"),
        "principal": ("chuyên viên chính", "principal expert"),
        "senior": ("chuyên viên cao cấp", "senior expert"),
    }
)
RATING = Codes(
    {
        "excellent": ("hoàn thành xuất sắc nhiệm vụ", "excellent"),
        "good": ("hoàn thành tốt nhiệm vụ", "good"),
        "completed": ("hoàn thành nhiệm vụ", "completed"),
        "failed": ("không hoàn thành nhiệm vụ", "not completed"),
        "not_rated": ("không xếp loại", "not rated"),
    }
)
DISCIPLINE = Codes(
    {
        "reprimand": ("khiển trách", "reprimand"),
        "warning": ("cảnh cáo", "warning"),
        "pay_cut": ("hạ bậc lương", "salary-step reduction"),
        "demotion": ("giáng chức", "demotion"),
        "removal": ("cách chức", "removal from post"),
        "recall": ("bãi nhiệm", "recall"),
        "expulsion": ("khai trừ", "expulsion"),
        "forced_leaving": ("buộc thôi việc", "forced leaving"),
    }
)
TRACK = Codes({"party": ("đảng", "party"), "state": ("chính quyền", "state"), "organisation": ("đoàn thể", "organisation")})
CASE = Codes(
    {
        "discipline": ("đang xem xét kỷ luật", "discipline under consideration"),
        "denunciation": ("đang giải quyết tố cáo", "denunciation under handling"),
        "inspection": ("đang kiểm tra, thanh tra", "under inspection"),
        "audit": ("đang kiểm toán", "under audit"),
        "investigation": ("đang điều tra", "under investigation"),
        "prosecution": ("đang truy tố", "under prosecution"),
        "trial": ("đang xét xử", "on trial"),
        "suspension": ("đang tạm đình chỉ", "suspended"),
    }
)
COURSE = Codes(
    {
        "professional": ("chuyên môn, nghiệp vụ", "professional"),
        "political_theory": ("lý luận chính trị", "political theory"),
        "state_management": ("quản lý nhà nước", "state management"),
        "title_specific": ("bồi dưỡng theo chức danh", "title-specific"),
        "knowledge_update": ("cập nhật kiến thức", "knowledge update"),
        "leadership": ("lãnh đạo, quản lý", "leadership"),
        "language": ("ngoại ngữ", "language"),
        "it": ("tin học", "information technology"),
        "defence": ("quốc phòng, an ninh", "defence and security"),
    }
)
DOCUMENT = Codes(
    {
        "policy_request": ("tờ trình xin chủ trương", "request for the policy decision"),
        "policy_approval": ("văn bản đồng ý chủ trương", "approval of the policy"),
        "submission": ("tờ trình bổ nhiệm", "submission"),
        "recruitment_decision": ("quyết định tuyển dụng", "recruitment decision"),
        "cv": ("sơ yếu lý lịch 2C", "CV form 2C"),
        "photo": ("ảnh", "photograph"),
        "self_review": ("bản tự kiểm điểm 3 năm", "self-review of three years"),
        "unit_assessment": ("nhận xét của đơn vị", "assessment by the unit"),
        "residence_assessment": ("nhận xét nơi cư trú", "assessment by the place of residence"),
        "political_standard": ("kết luận tiêu chuẩn chính trị", "political-standard conclusion"),
        "asset_declaration": ("bản kê khai tài sản, thu nhập", "asset and income declaration"),
        "degrees": ("bản sao văn bằng, chứng chỉ", "copies of degrees and certificates"),
        "health_certificate": ("giấy khám sức khỏe", "health certificate"),
        "minutes": ("biên bản các hội nghị", "minutes of the meetings"),
        "ballot_record": ("biên bản kiểm phiếu", "ballot count record"),
        "planning_decision": ("quyết định quy hoạch", "planning decision"),
        "appraisal": ("thẩm định nhân sự", "personnel appraisal"),
        "achievement_record": ("hồ sơ thành tích nổi trội", "record of outstanding results"),
        "exam_plan": ("đề án thi tuyển", "exam plan"),
        "exam_result": ("kết quả thi tuyển", "exam result"),
        "rotation_plan": ("kế hoạch luân chuyển", "rotation plan"),
        "term_notice": ("thông báo xem xét bổ nhiệm lại", "notice of reappointment review"),
        "overrun_report": ("báo cáo quá hạn quy trình", "report on a late process"),
        "progress_finding": ("kết luận có tiến bộ rõ rệt", "finding of real progress"),
        "consultation_opinion": ("ý kiến tham gia", "opinion of a consulted body"),
        "other": ("giấy tờ khác", "other paper"),
    }
)
BODY = Codes(
    {
        "committee": ("ban chấp hành", "party committee"),
        "standing_committee": ("ban thường vụ", "standing committee"),
        "inspection_committee": ("ủy ban kiểm tra", "inspection committee"),
        "leadership": ("tập thể lãnh đạo", "leadership of an agency or unit"),
        "party_group": ("ban cán sự đảng, đảng đoàn", "party civil affairs committee or party group"),
        "peoples_council": ("hội đồng nhân dân", "people's council"),
        "national_assembly": ("quốc hội", "national assembly"),
        "candidate_list": ("danh sách ứng cử", "candidate list"),
        "managed_cadres": ("cán bộ thuộc diện quản lý", "cadres under management"),
        "planning_list": ("danh sách quy hoạch", "planning list"),
        "women_led_bodies": ("cơ quan có lãnh đạo chủ chốt là nữ", "bodies with a woman key leader"),
        "secretaries": ("bí thư cấp ủy", "party secretaries"),
        "course_attendances": ("lượt người đi đào tạo, bồi dưỡng", "course attendances"),
    }
)
GROUP = Codes(
    {
        "women": ("nữ", "women"),
        "young": ("trẻ", "young"),
        "under_40": ("dưới 40 tuổi", "under 40"),
        "minority": ("dân tộc thiểu số", "ethnic minority"),
        "non_local": ("không phải người địa phương", "not local"),
        "science": ("khoa học, công nghệ", "science and technology"),
        "new": ("tham gia lần đầu", "new members"),
        "counted": ("theo loại hình", "by kind"),
    }
)
CONCLUSION = Codes({"met": ("đạt", "met"), "not_met": ("không đạt", "not met")})
MEASURE = Codes(
    {
        "relief": ("cho thôi giữ chức vụ", "relief"),
        "dismissal": ("miễn nhiệm", "dismissal"),
        "resignation": ("từ chức", "resignation"),
        "reassignment": ("bố trí công tác khác", "other work"),
        "trust_vote": ("bỏ phiếu tín nhiệm", "trust vote"),
        "kept": ("xem xét và quyết định giữ", "considered and kept"),
    }
)
ROTATION_PURPOSE = Codes(
    {
        "training": ("đào tạo, rèn luyện", "training through practice"),
        "non_local": ("bố trí không là người địa phương", "non-local placement"),
        "two_terms": ("thay người giữ hai nhiệm kỳ", "two-term limit"),
        "need": ("tăng cường theo nhu cầu", "strengthening"),
    }
)
REGIME = Codes(
    {
        "cadre": ("cán bộ", "elected or designated cadre"),
        "civil_servant": ("công chức", "civil servant"),
        "public_employee": ("viên chức", "public employee"),
    }
)
PLACE = Codes(
    {
        "ha_noi": ("Hà Nội", "Ha Noi"),
        "ho_chi_minh_city": ("Thành phố Hồ Chí Minh", "Ho Chi Minh City"),
        "central_city": ("thành phố trực thuộc Trung ương khác", "other city under the centre"),
        "province": ("tỉnh", "province"),
    }
)
UNIT = Codes(
    {
        "peoples_committee": ("ủy ban nhân dân", "people's committee"),
        "department": ("sở và tương đương", "provincial department"),
        "department_division": ("phòng thuộc sở", "division of a provincial department"),
        "department_inspectorate": ("thanh tra sở", "inspectorate of a provincial department"),
        "department_branch": ("chi cục thuộc sở", "branch of a provincial department"),
        "district_division": ("phòng thuộc ủy ban nhân dân cấp huyện", "division of a district people's committee"),
        "commune_division": ("phòng, trung tâm phục vụ hành chính công cấp xã", "commune division or public-service centre"),
        "ministry_department": ("vụ thuộc bộ", "department of a ministry"),
        "ministry_division": ("phòng thuộc cục thuộc bộ", "division of a ministry's bureau"),
        "ministry_branch": ("chi cục thuộc cục thuộc bộ", "branch of a ministry's bureau"),
        "busy_branch": ("chi cục thường xuyên làm thủ tục 24/7", "ministry branch with procedures around the clock"),
        "ministry_branch_division": ("phòng thuộc chi cục của bộ", "division of a ministry's branch"),
        "service_division": ("phòng thuộc đơn vị sự nghiệp công lập", "division of a public service unit"),
        "other": ("khác", "other"),
    }
)
DECLARATION = Codes(
    {
        "first": ("kê khai lần đầu", "first"),
        "supplementary": ("kê khai bổ sung", "supplementary"),
        "yearly": ("kê khai hằng năm", "yearly"),
        "personnel": ("kê khai phục vụ công tác cán bộ", "for personnel work"),
    }
)
