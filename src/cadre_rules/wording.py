"""Values and set phrases as people read them, in Vietnamese and English."""

import re
from collections.abc import Mapping
from datetime import date
from functools import cache, lru_cache
from typing import Literal, TypeAlias, get_args

from cadre_rules.formula import Scalar

Level: TypeAlias = Literal[
    "violation", "exception_needed", "target_missed", "information_missing", "judgement_needed", "indicator"
]
LEVELS: tuple[Level, ...] = get_args(Level)
"""The levels of findings, the gravest first."""

COUNTED = ("people", "times")
"""Units a message leaves out: the noun stands in the message itself."""

PHRASES: Mapping[str, tuple[str, str]] = {
    "violation": ("Vi phạm", "Violation"),
    "exception_needed": ("Cần quyết định trường hợp đặc biệt", "Exception decision needed"),
    "target_missed": ("Chưa đạt chỉ tiêu", "Target missed"),
    "information_missing": ("Chưa đủ thông tin", "Information missing"),
    "judgement_needed": ("Cần người có thẩm quyền đánh giá", "Judgement needed"),
    "indicator": ("Dấu hiệu cần xem xét", "Indicator"),
    "satisfied": ("đạt", "hold"),
    "violated": ("không đạt", "do not hold"),
    "excepted": ("đạt theo trường hợp đặc biệt", "excused by a recorded exception"),
    "not_applicable": ("không áp dụng", "do not apply"),
    "undetermined": ("chưa kết luận được", "undetermined"),
    "not_in_force": ("không có hiệu lực", "not in force"),
    "evidence": ("Căn cứ", "Evidence"),
    "article": ("Quy định", "Provision"),
    "do": ("Cần làm", "Remedy"),
    "answers": ("Trách nhiệm", "Responsible"),
    "provisional": ("tạm thời – chưa đối chiếu văn bản gốc", "provisional – not checked against the full text"),
    "law_of": ("theo quy định có hiệu lực ngày", "by the law of"),
    "not_stated": ("chưa nêu", "not stated"),
    "waiting": ("Chưa kết luận được – bổ sung để kết luận", "Could not be judged – what would settle it"),
    "row": ("dòng", "row"),
    "level": ("Mức", "Level"),
    "title": ("Quy tắc", "Rule"),
    "message": ("Nội dung", "Finding"),
    "where": ("Vị trí trong nguồn", "Place in the source"),
    "unit": ("Đơn vị", "Unit"),
    "as_of": ("Theo quy định ngày", "By the law of"),
    "provisional_column": ("Tạm thời", "Provisional"),
    "rule": ("Mã quy tắc", "Rule's id"),
    "rule_version": ("Phiên bản", "Version"),
    "fingerprint": ("Dấu nhận dạng", "Fingerprint"),
    "findings": ("Phát hiện", "Findings"),
    "audited": (
        "Đã rà soát {dossiers} hồ sơ: {findings} phát hiện, {rejected} chỗ không đọc được.",
        "{dossiers} dossier(s) judged: {findings} finding(s), {rejected} place(s) could not be read.",
    ),
    "provisional_short": ("tạm thời", "provisional"),
    "worst_rules": ("Quy tắc có nhiều phát hiện nặng nhất", "Rules with the gravest findings"),
    "worst_units": ("Đơn vị có nhiều phát hiện nặng nhất", "Units with the gravest findings"),
    "audit_files": (
        "Kết quả: {out} – summary/ (bảng tổng hợp), findings/ (Parquet), rejected.csv (chỗ không đọc được), manifest.json.",
        "Results: {out} – summary/ (tables), findings/ (Parquet), rejected.csv (what was not read), manifest.json.",
    ),
    "audits_differ": (
        "Hai lần rà soát khác nhau không chỉ ở dữ liệu; phát hiện mới hoặc hết có thể do đó:",
        "The two audits differ in more than their data; what is new or gone may come of that:",
    ),
    "state_new": ("mới", "new"),
    "state_gone": ("không còn", "gone"),
    "state_still": ("vẫn còn", "still there"),
    "elements": ("{n} mục", "{n} row(s)"),
    "no_elements": ("không có mục nào", "none"),
    "counts": ("Gồm", "Among them"),
    "namely": ("cụ thể", "namely"),
    "one_of_these": ("một trong", "one of"),
    "area_province": ("tỉnh", "province"),
    "area_district": ("huyện", "district"),
    "area_commune": ("xã", "commune"),
    "for_people": (
        "hồ sơ đã nêu mà chưa phân định được; cần người có thẩm quyền xác định",
        "what is stated leaves it open; for those with authority to determine",
    ),
    "settles": ("giải quyết {n} quy tắc", "helps to settle {n} rule(s)"),
    "or": ("hoặc", "or"),
    "questions": ("Câu hỏi cần trả lời", "Questions to answer"),
    "no_finding": ("Không có phát hiện nào.", "Nothing found."),
    "inform": (
        "Kết quả chỉ để tham khảo; người có thẩm quyền quyết định.",
        "Findings inform; people decide.",
    ),
    "reviewed": ("Văn bản được rà soát đến", "Law reviewed to"),
    "reviewed_state": ("Nhà nước", "state"),
    "reviewed_party": ("Đảng", "Party"),
    "reviewed_local": ("địa phương", "local"),
    "rulebook": ("Bộ quy tắc", "Rulebook"),
    "total": ("Đã xét {subjects} đối tượng theo {rules} quy tắc", "{subjects} subject(s) judged by {rules} rule(s)"),
    "provisional_part": (
        "PHÁT HIỆN TẠM THỜI: căn cứ chưa đối chiếu đầy đủ với văn bản gốc",
        "PROVISIONAL FINDINGS: their basis was not checked against the full text",
    ),
    "met": ("Chỉ tiêu đã đạt", "Targets met"),
    "about": ("Đối tượng", "About"),
    "note": ("Lưu ý", "Note"),
    "undetermined_rules": ("Quy tắc chưa kết luận", "Rules left open"),
    "article_word": ("Điều", "Art."),
    "clause_word": ("khoản", "clause"),
    "dated": ("ngày", "of"),
    "grade_confirmed": ("đã đối chiếu", "confirmed"),
    "grade_partial": ("đối chiếu một phần", "partly confirmed"),
    "grade_recalled": ("theo trí nhớ", "recalled"),
    "grade_inferred": ("suy luận", "inferred"),
    "beyond_state": (
        "Ngày xét {day} sau ngày rà soát văn bản Nhà nước ({reviewed}); quy định có thể đã thay đổi.",
        "The day judged, {day}, is later than state law was reviewed ({reviewed}); it may have changed.",
    ),
    "beyond_party": (
        "Ngày xét {day} sau ngày rà soát văn bản của Đảng ({reviewed}); quy định có thể đã thay đổi.",
        "The day judged, {day}, is later than Party texts were reviewed ({reviewed}); they may have changed.",
    ),
    "beyond_local": (
        "Ngày xét {day} sau ngày rà soát văn bản địa phương ({reviewed}); quy định có thể đã thay đổi.",
        "The day judged, {day}, is later than local texts were reviewed ({reviewed}); they may have changed.",
    ),
    "undated": (
        "{subject}: chưa nêu ngày quyết định; xét theo quy định ngày {day}.",
        "{subject}: no day of decision is stated; judged by the law of {day}.",
    ),
    "needs_exception": (
        "Có thể được chấp nhận nếu {by} quyết định trường hợp đặc biệt chậm nhất ngày {day}.",
        "May stand if {by} decides it as a special case by {day}.",
    ),
    "conflict": (
        "Hai quy định cùng có hiệu lực cho kết quả khác nhau ({rival}: {outcome}); cần cấp có thẩm quyền kết luận.",
        "Two provisions in force differ here ({rival}: {outcome}); the competent authority must settle which applies.",
    ),
    "not_encoded": ("Không xét được bằng dữ liệu", "Not judged from data"),
    "may_over_report": ("Có thể báo thừa", "May over-report"),
    "may_under_report": ("Có thể báo thiếu", "May under-report"),
    "exception_unused": ("Có quyết định trường hợp đặc biệt nhưng không cần đến.", "An exception on file was not needed."),
    "exception_expired": ("Quyết định trường hợp đặc biệt đã hết hiệu lực.", "The exception on file has expired."),
    "exception_misdated": (
        "Quyết định trường hợp đặc biệt ban hành muộn hơn quy định.",
        "The exception on file was decided too late.",
    ),
    "exception_wrong_level": (
        "Quyết định trường hợp đặc biệt không đúng cấp có thẩm quyền.",
        "The exception on file was not decided at the right level.",
    ),
    "exception_unreasoned": (
        "Quyết định trường hợp đặc biệt thiếu cấp quyết định, ngày hoặc lý do.",
        "The exception on file lacks its authority, day or reason.",
    ),
    "exception_not_allowed": (
        "Quy định này không cho phép trường hợp đặc biệt.",
        "This provision allows no special case.",
    ),
    "exception_used": ("Đã có quyết định trường hợp đặc biệt.", "A special case was decided."),
    "missing_title": ("Chưa đủ thông tin để kết luận", "Not enough is stated to judge"),
    "state": ("hãy nêu {fields}", "state {fields}"),
    "rejected": ("Không đọc được", "Could not be read"),
    "in_force": ("Hiệu lực", "In force"),
    "needs": ("Cần các dữ kiện", "Facts needed"),
    "total_rules": ("Tổng cộng {n} quy tắc có hiệu lực ngày {day}.", "{n} rule(s) in force on {day}."),
    "hangs_on": ("tính theo ngày", "by the day of"),
    "day_decided": ("quyết định", "decision"),
    "day_process_started": ("bắt đầu quy trình", "the start of the process"),
    "day_file_received": ("nhận hồ sơ", "receipt of the file"),
    "day_effective": ("quyết định có hiệu lực", "effect of the decision"),
    "force": ("Tính bắt buộc", "Force"),
    "force_must": ("bắt buộc", "must"),
    "force_must_not": ("không được", "must not"),
    "force_target": ("chỉ tiêu phấn đấu", "target"),
    "force_encouraged": ("khuyến khích", "encouraged"),
    "force_indicator": ("dấu hiệu để xem xét", "indicator"),
    "force_judgement": ("do người có thẩm quyền đánh giá", "assessed by people"),
    "applies_when": ("Áp dụng khi", "Applies when"),
    "requires": ("Yêu cầu", "Requires"),
    "special_case": ("Trường hợp đặc biệt", "Special case"),
    "every": ("tất cả các điều kiện sau:", "all of these:"),
    "some": ("ít nhất một trong các điều kiện sau:", "at least one of these:"),
    "not": ("không có điều sau:", "not this:"),
    "equals": ("=", "="),
    "at_least": ("từ", "at least"),
    "at_most": ("không quá", "at most"),
    "above": ("trên", "above"),
    "below": ("dưới", "below"),
    "one_of": ("thuộc", "one of"),
    "stated": ("đã được nêu", "is stated"),
    "yes": ("có", "yes"),
    "no": ("không", "no"),
    "unit_months": ("tháng", "months"),
    "unit_years": ("năm", "years"),
    "unit_days": ("ngày", "days"),
    "unit_people": ("người", "people"),
    "unit_times": ("lần", "times"),
    "unit_age": ("tuổi", "years of age"),
    "not_judged": (
        "Quy tắc không có hiệu lực vào ngày xét hoặc không dành cho loại hồ sơ này.",
        "The rule is not in force on the day judged, or is not about this kind of dossier.",
    ),
    "mended_by": ("Cách khắc phục cụ thể", "What would it take"),
    "mended_by_nothing": (
        "Không thay đổi nào cơ quan còn làm được trong hồ sơ này làm hết phát hiện; thực hiện theo mục “Cần làm”.",
        "Nothing an office can still change in this dossier makes the finding go; do what is said under “Remedy”.",
    ),
    "mend_wait": ("chờ đến ngày {day} ({field})", "wait until {day} ({field})"),
    "mend_date": ("{field}: {value}", "{field}: {value}"),
    "mend_state": ("{field}: {value}", "{field}: {value}"),
    "mend_post": ("chọn chức vụ khác – {field}: {value}", "choose another post – {field}: {value}"),
    "mend_composition": ("{field}: {value} (hiện nay: {now})", "{field}: {value} (now {now})"),
    "mend_paper_row": ("bổ sung vào hồ sơ, mục {list} – {who}", "put on file under {list} – {who}"),
    "mend_state_row": ("thực hiện và ghi vào mục {list} – {who}", "do it and state it under {list} – {who}"),
    "mend_seats": (
        "thêm {n} người ({who}) trong số {whole}, thay người ngoài nhóm này [{list}]",
        "{n} more ({who}) among {whole}, in place of others [{list}]",
    ),
    "mend_more": ("bổ sung {n} người ({who}), thành {whole} [{list}]", "{n} added ({who}), {whole} in all [{list}]"),
    "mend_fewer": ("bớt {n} người ({who}) trong số {whole} [{list}]", "{n} fewer ({who}) among {whole} [{list}]"),
    "mend_exception": (
        "quyết định trường hợp đặc biệt của {by}, không muộn hơn ngày {day}",
        "an exception decided by {by} no later than {day}",
    ),
    "mend_paper": ("bổ sung {field}: {value}", "state {field}: {value}"),
    "mended_together": ("Tính chung các quy định về thành phần", "All its rules on composition together"),
    "if_there_is": ("nếu đã có", "if there is one"),
    "whoever": ("không kể ai", "whoever"),
    "from_day": ("từ ngày {value}", "{value} or later"),
    "up_to_day": ("không muộn hơn {value}", "{value} or earlier"),
    "from_on": ("từ {value} trở lên", "{value} or more"),
    "up_to": ("không quá {value}", "{value} at most"),
    "between": ("từ {low} đến {high}", "from {low} to {high}"),
    "other_than": ("khác {value}", "other than {value}"),
    "is_stated": ("được nêu rõ", "stated"),
    "follow_up": ("Theo dõi", "Follow-up"),
    "followed_since": ("so với lần ghi trước, ngày {day}", "since the run recorded on {day}"),
    "followed_first": ("lần ghi đầu tiên", "the first run recorded"),
    "follow_new": ("mới", "new"),
    "follow_changed": ("vẫn còn, dữ kiện đã khác", "still there on other facts"),
    "follow_still": ("vẫn còn", "still there"),
    "follow_not_remedied": ("vẫn còn dù đã báo khắc phục", "still there though marked remedied"),
    "follow_reopened": ("tái diễn", "reopened"),
    "follow_exception_expired": ("trường hợp đặc biệt đã hết hiệu lực", "exception expired"),
    "follow_not_judged": ("lần này không xét đến", "not looked at this time"),
    "follow_remedied": ("đã khắc phục", "remedied"),
    "follow_excepted": ("được chấp nhận theo trường hợp đặc biệt", "excused by an exception"),
    "follow_replaced": ("thay bằng phát hiện với dữ kiện khác", "replaced by one on other facts"),
    "since": ("từ {day}", "since {day}"),
    "standing": ("CÒN TỒN TẠI ({count})", "STANDING ({count})"),
    "holds_until": ("có hiệu lực đến {day}", "until {day}"),
    "exceptions_on_file": ("Quyết định trường hợp đặc biệt", "Exceptions on file"),
    "exception_open": ("Chưa kết luận được quy tắc nên chưa xét đến.", "Its rule is left open, so it was not needed yet."),
    "exception_not_judged": ("Đối tượng không có trong lần xét này.", "Its subject was not looked at this time."),
    "register_head": ("Sổ theo dõi: {entries} mục, mã cuối {head}", "Register: {entries} entries, head {head}"),
    "said_check": ("ghi kết quả kiểm tra", "recorded a check"),
    "said_audit": ("ghi kết quả rà soát", "recorded an audit"),
    "said_acknowledge": ("Đã tiếp nhận", "Acknowledged"),
    "said_dispute": ("Có ý kiến khác", "Disputed"),
    "said_remedied": ("Đã báo khắc phục", "Marked remedied"),
    "said_grant": ("Ghi trường hợp đặc biệt", "Filed an exception"),
    "said_baseline": ("lấy mục {run} làm mốc", "set entry {run} as the baseline"),
    "said_withdraw": ("rút mục {entry}", "withdrew entry {entry}"),
    "became": ("Tình trạng", "State"),
    "since_column": ("Từ ngày", "Since"),
    "remarks": ("Ý kiến", "Remarks"),
    "baselined": (
        "{count} phát hiện đã có trong mốc, không tính là không đạt.",
        "{count} finding(s) stand in the baseline and fail nothing.",
    ),
    "sheet_guide": ("Hướng dẫn điền", "How to fill in"),
    "sheet_lists": ("Danh mục chọn", "Lists to choose from"),
    "sheet_titles": ("Bảng mã", "Codes and names"),
    "sheet_summary": ("Kết quả - tổng hợp", "Results - summary"),
    "sheet_findings": ("Kết quả - phát hiện", "Results - findings"),
    "sheet_follow_up": ("Kết quả - theo dõi", "Results - follow-up"),
    "sheet_missing": ("Kết quả - cần bổ sung", "Results - what is missing"),
    "template_title": ("MẪU NHẬP HỒ SƠ CÔNG TÁC CÁN BỘ", "PERSONNEL DOSSIERS TO FILL IN"),
    "template_one": (
        "Mỗi trang tính là một bảng; mỗi dòng là một hồ sơ, một người hoặc một mục. Bắt đầu từ trang: {roots}.",
        "Each sheet is a table; each row a dossier, a person or one thing on a list. Start with: {roots}.",
    ),
    "template_two": (
        "Các bảng nối với nhau bằng cột mã: ghi mã của hồ sơ ở trang đầu, rồi ghi lại đúng mã đó ở các trang khác.",
        "Tables are joined by the id: give a dossier an id on its first sheet, and the same id on the other sheets.",
    ),
    "template_three": (
        "Cột có nền đậm là bắt buộc. Cột khác: biết gì ghi nấy; để trống nghĩa là chưa biết, không phải là không có.",
        "Columns with a dark heading are required. State what you know; blank means unknown, not none.",
    ),
    "template_four": (
        "Danh sách không có mục nào (ví dụ chưa từng bị kỷ luật): ghi một dòng chỉ gồm mã và dấu x ở cột “Không có”.",
        "Where a list has nothing on it (never disciplined, say): one row with the id and an x under “None”, nothing else.",
    ),
    "template_five": (
        "Ngày ghi theo dd/mm/yyyy. Cột cho phép chỉ biết tháng, năm thì ghi 03/1980 hoặc 1980. Tỷ lệ ghi 24,01 % (dạng chữ).",
        "Days are typed dd/mm/yyyy. Where only a month or year may be known: 03/1980 or 1980. A share is typed 24,01 %.",
    ),
    "template_six": (
        "Ô có danh sách chọn nhận đúng chữ trong danh sách. Rê chuột lên tên cột để xem cột dùng làm gì và quy tắc nào cần đến.",
        "Cells with a list take its words. Point at a heading to see what the column is for and which rules need it.",
    ),
    "template_seven": (
        "Điền xong: cadre-rules check {file}, hoặc cadre-rules check {file} --format xlsx --output ket-qua.xlsx",
        "When done: cadre-rules check {file}, or cadre-rules check {file} --format xlsx --output results.xlsx",
    ),
    "table_word": ("Trang tính", "Sheet"),
    "required_word": ("Cột bắt buộc", "Required columns"),
    "columns_word": ("Số cột", "Columns"),
    "read_by": ("Quy tắc đọc", "Rules that read it"),
    "of_whom": ("Thuộc", "Belongs to"),
    "none_column": ("Không có", "None"),
    "about_none": (
        "Ghi x ở dòng chỉ có mã để nói rõ là không có mục nào. Để trống cả bảng nghĩa là chưa biết.",
        "Put an x in a row with the id alone to say there is none. No row at all means it is not known.",
    ),
    "about_key": ("Mã của dòng tương ứng ở trang “{sheet}”.", "The id of its row on the sheet “{sheet}”."),
    "required": ("Bắt buộc.", "Required."),
    "type_bool": ("Có hoặc không.", "Yes or no."),
    "type_int": ("Số nguyên từ 0.", "A whole number from 0 up."),
    "type_percent": ("Tỷ lệ phần trăm, ghi 24,01 %.", "A share in per cent, written 24,01 %."),
    "type_date": ("Ngày, ghi dd/mm/yyyy.", "A day, typed dd/mm/yyyy."),
    "type_loose": (
        "Ngày dd/mm/yyyy, hoặc tháng 03/1980, hoặc năm 1980.",
        "A day dd/mm/yyyy, or a month 03/1980, or a year 1980.",
    ),
    "type_list": ("Nhiều số cách nhau bằng dấu chấm phẩy.", "Numbers parted by semicolons."),
    "type_codes": ("Chọn trong danh sách.", "Choose from the list."),
    "type_str": ("Chữ.", "Text."),
    "needed_by": ("Quy tắc cần đến", "Rules that need it"),
    "needed_by_none": ("Chưa quy tắc nào cần đến.", "No rule needs it so far."),
    "and_more": ("… và {n} quy tắc nữa", "… and {n} more"),
    "wrong_cell": ("Giá trị chưa đúng", "Not a value of this column"),
    "code_word": ("Mã", "Code"),
    "name_word": ("Tên", "Name"),
    # the page
    "page_check": ("Kết quả xét hồ sơ nhân sự", "Personnel dossiers judged"),
    "page_audit": ("Kết quả rà soát quyết định nhân sự", "Personnel decisions audited"),
    "page_skip": ("Đến phần tóm tắt", "Skip to the summary"),
    "page_contents": ("Mục lục", "Contents"),
    "page_summary": ("Tóm tắt", "Summary"),
    "page_violation": ("có {n} vi phạm", "{n} violation(s) found"),
    "page_exception_needed": (
        "{n} việc chỉ được chấp nhận nếu có quyết định trường hợp đặc biệt",
        "{n} matter(s) stand only if decided as a special case",
    ),
    "page_target_missed": ("{n} chỉ tiêu chưa đạt", "{n} target(s) missed"),
    "page_nothing": (
        "không thấy vi phạm hoặc chỉ tiêu chưa đạt trong phạm vi dữ liệu đã nêu",
        "no violation and no missed target found in what is stated",
    ),
    "page_open": (
        "{n} điểm chưa kết luận được vì thiếu thông tin; chưa kết luận không có nghĩa là vi phạm hay đạt.",
        "{n} point(s) are open for want of information; open means neither a breach nor compliance.",
    ),
    "page_weak": (
        "Ngoài ra có {n} phát hiện tạm thời, căn cứ chưa đối chiếu đầy đủ với văn bản gốc.",
        "Besides, {n} finding(s) are provisional: their basis was not checked against the full text.",
    ),
    "page_unread": ("{n} chỗ không đọc được, chưa được xét.", "{n} place(s) could not be read and were not judged."),
    "page_by_level": ("Số phát hiện theo mức", "Findings by level"),
    "page_confirmed": ("Đã đối chiếu", "On confirmed texts"),
    "page_judged": ("Phạm vi", "Scope"),
    "page_subjects": ("Đối tượng đã xét", "What was judged"),
    "page_as_of_decision": ("từng quyết định (ngày ghi tại mỗi phát hiện)", "each decision (the day stands with each finding)"),
    "page_as_of_today": ("hôm nay (ngày ghi tại mỗi phát hiện)", "today (the day stands with each finding)"),
    "page_charts": ("Biểu đồ", "Charts"),
    "page_chart_level": ("Theo mức", "By level"),
    "page_chart_year": ("Theo năm", "By year"),
    "page_chart_unit": ("Theo đơn vị, nặng nhất trước", "By unit, gravest first"),
    "page_chart_rule": ("Theo quy tắc, nặng nhất trước", "By rule, gravest first"),
    "page_trends": ("Tỷ lệ so với chỉ tiêu", "Shares against targets"),
    "page_trends_how": (
        "Chấm: tỷ lệ ở giữa trong năm (rỗng là quá nửa chưa đạt); thanh: từ thấp nhất đến cao nhất; vạch đứng: chỉ tiêu.",
        "Dot: the middle share of a year (hollow: more than half missed); band: least to greatest; upright line: the target.",
    ),
    "page_middle": ("Ở giữa", "Middle"),
    "page_span": ("Từ – đến", "Range"),
    "page_target": ("Chỉ tiêu", "Target"),
    "page_reached": ("Đạt", "Met"),
    "page_listed": (
        "Trang liệt kê {n} phát hiện nặng nhất trong {all}; biểu đồ tính đủ, và mọi phát hiện có trong thư mục findings/.",
        "The page lists the gravest {n} of {all} findings; its charts count all, and the folder findings/ holds every one.",
    ),
    "page_source": ("Nguồn", "Source"),
    "page_state": ("Theo dõi", "Followed up"),
    "page_found": ("Phát hiện", "Found"),
    "page_total": ("Tổng", "Total"),
    "page_open_short": ("Chưa đủ thông tin", "Open"),
    "page_filters": ("Lọc và tìm phát hiện", "Filter and search the findings"),
    "page_search": ("Tìm trong phát hiện", "Search the findings"),
    "page_year": ("Năm", "Year"),
    "page_all": ("tất cả", "all"),
    "page_group": ("Xếp theo", "Group by"),
    "page_by_subject": ("đối tượng", "subject"),
    "page_by_rule": ("quy tắc", "rule"),
    "page_by_level_short": ("mức", "level"),
    "page_reset": ("Bỏ lọc", "Clear filters"),
    "page_shown": ("Đang hiện {n} / {all} phát hiện", "{n} of {all} findings shown"),
    "page_more": ("Hiện thêm {n} (còn {left})", "Show {n} more ({left} left)"),
    "page_no_match": ("Không có phát hiện nào khớp bộ lọc.", "No finding matches the filters."),
    "page_provisional": ("Phát hiện tạm thời", "Provisional findings"),
    "page_provisional_why": (
        "Căn cứ chưa đối chiếu đầy đủ với văn bản gốc; cần đối chiếu trước khi kết luận.",
        "Their basis was not checked against the full text; check it before concluding.",
    ),
    "page_open_why": (
        "Dữ liệu chưa đủ để kết luận đạt hay không đạt.",
        "What is stated shows neither compliance nor a breach.",
    ),
    "page_questions": ("Giấy tờ, thông tin cần bổ sung trước", "What to ask for first"),
    "page_paper": ("Thông tin", "Information"),
    "page_place": ("Nơi ghi trong hồ sơ", "Place in the dossier"),
    "page_settles": ("Giúp kết luận (quy tắc)", "Helps to settle (rules)"),
    "page_settle": ("Cần bổ sung", "Would settle it"),
    "page_rejected_why": ("Những chỗ này chưa được xét.", "These were not judged."),
    "page_static": (
        "Trình duyệt không chạy mã; trang chỉ hiện {n} phát hiện đầu.",
        "The browser runs no script; only the first {n} findings are shown.",
    ),
    "results_title": ("KẾT QUẢ XÉT HỒ SƠ THEO QUY ĐỊNH", "RESULTS OF THE CHECK"),
    "id_word": ("Mã", "Id"),
    "worst_level": ("Mức cao nhất", "Gravest level"),
    "why_word": ("Lý do", "Reason"),
    "more_findings": ("… và {n} phát hiện nữa", "… and {n} more"),
    "state_word": ("Cần bổ sung", "To be stated"),
    "place_word": ("Trường trong hồ sơ", "Field of the dossier"),
    "settles_word": ("Số quy tắc giải quyết được", "Rules it helps to settle"),
    "national_heading": ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "SOCIALIST REPUBLIC OF VIET NAM"),
    "national_motto": ("Độc lập - Tự do - Hạnh phúc", "Independence - Freedom - Happiness"),
    "party_heading": ("ĐẢNG CỘNG SẢN VIỆT NAM", "COMMUNIST PARTY OF VIET NAM"),
    "superior_office": ("TÊN CƠ QUAN CHỦ QUẢN", "NAME OF THE SUPERIOR BODY"),
    "own_office": ("TÊN CƠ QUAN, ĐƠN VỊ", "NAME OF THE ISSUING BODY"),
    "number_state": ("Số:        /{kind}-…", "No.        /{kind}-…"),
    "number_party": ("Số        -{kind}/…", "No.        -{kind}/…"),
    "place_and_day": ("…, ngày … tháng … năm 20…", "…, … 20…"),
    "to_whom": ("Kính gửi: ……………………………………………", "To: ……………………………………………"),
    "annexed_to": (
        "(Kèm theo …………… số …… ngày …/…/20… của ……………)",
        "(Annexed to …………… No. …… of … by ……………)",
    ),
    "recipients": ("Nơi nhận:", "Copies to:"),
    "recipients_listed": ("- Như trên;\n- …;\n- Lưu: VT, ….", "- As above;\n- …;\n- File."),
    "signed_state": ("THỦ TRƯỞNG CƠ QUAN, ĐƠN VỊ", "HEAD OF THE BODY"),
    "signed_party": ("T/M CƠ QUAN\nTHỦ TRƯỞNG", "FOR THE BODY\nHEAD"),
    "sign_here": ("(Chữ ký, dấu, họ và tên)", "(Signature, seal, full name)"),
    "number_column": ("TT", "No."),
    "remedy_and_answer": ("Cần làm, trách nhiệm", "Remedy, responsible"),
    "note_title": ("BÁO CÁO", "REPORT"),
    "note_abstract": ("Thẩm định nhân sự", "Appraisal of personnel"),
    "review_abstract": ("Kết quả đối chiếu với quy định", "Review against the rules"),
    "note_opening": (
        "Đã đối chiếu hồ sơ được cung cấp ({subjects} đối tượng) với {rules} quy tắc có hiệu lực tại thời điểm xét. Kết quả:",
        "The file provided ({subjects} subject(s)) was held against {rules} rule(s) in force at the time. The results:",
    ),
    "part_subjects": ("Hồ sơ được xem xét", "What was examined"),
    "part_outcome": ("Kết quả chung", "Results in sum"),
    "part_findings": (
        "Nội dung chưa đúng quy định, chưa đạt chỉ tiêu hoặc cần xem xét",
        "What is not in order, missed or to be looked at",
    ),
    "part_provisional": (
        "Nội dung tạm thời (căn cứ chưa đối chiếu đầy đủ với văn bản gốc)",
        "Provisional (their basis was not checked against the full text)",
    ),
    "part_missing": ("Nội dung chưa đủ thông tin để kết luận, cần bổ sung", "Not enough is stated; to be supplied"),
    "part_judgement": ("Nội dung cần người có thẩm quyền đánh giá", "To be assessed by those with authority"),
    "part_met": ("Chỉ tiêu đã đạt", "Targets met"),
    "part_conclusion": ("Nhận xét", "Remarks"),
    "part_levels": ("Phát hiện theo mức", "Findings by level"),
    "part_rules": ("Phát hiện theo quy tắc", "Findings by rule"),
    "part_units": ("Phát hiện theo đơn vị", "Findings by unit"),
    "part_rejected": ("Chỗ không đọc được", "What could not be read"),
    "outcome_line": ("Kết quả đối chiếu: {outcomes}. Phát hiện: {levels}.", "Rules: {outcomes}. Findings: {levels}."),
    "conclude_breaches": (
        "Có {n} nội dung chưa đúng quy định, cần khắc phục hoặc có quyết định trường hợp đặc biệt của cấp có thẩm quyền.",
        "{n} point(s) are not in order and call for a remedy, or for a special case decided by the competent authority.",
    ),
    "conclude_none": (
        "Trong phạm vi thông tin được cung cấp, chưa phát hiện nội dung trái quy định.",
        "As far as the information provided goes, nothing was found to be out of order.",
    ),
    "conclude_missing": (
        "Còn {n} thông tin cần bổ sung để kết luận đầy đủ.",
        "{n} piece(s) of information are still needed to judge the whole.",
    ),
    "conclude_judgement": (
        "Có {n} nội dung cần người có thẩm quyền đánh giá.",
        "{n} point(s) are for those with authority to assess.",
    ),
    "conclude_rejected": ("Có {n} chỗ trong nguồn không đọc được.", "{n} place(s) of the source could not be read."),
    "annex_title": ("PHỤ LỤC", "ANNEX"),
    "annex_abstract": ("Kết quả rà soát quyết định về công tác cán bộ", "Audit of personnel decisions"),
    "annex_more": (
        "Bảng trên nêu {shown} phát hiện nặng nhất trong tổng số {total}; toàn bộ có trong các bảng kết quả rà soát.",
        "The table tells the {shown} gravest of {total} findings; the tables of the audit hold all of them.",
    ),
}


def phrase(key: str, lang: str, **parts: object) -> str:
    """Return a set phrase in a language, with its parts put in."""
    return PHRASES[key][lang == "en"].format(**parts) if parts else PHRASES[key][lang == "en"]


_REASONS: Mapping[str, str] = {
    "; did you mean ": "; có phải là ",
    "; one of: ": "; một trong: ",
    "not a date; write ": "không phải ngày; viết ",
    " or 03/05/2021": " hoặc 03/05/2021",
    "not a day; write ": "không phải ngày; viết ",
    "neither yes nor no; write true/false or có/không": "không phải có hay không; viết có hoặc không",
    "not a percentage; write ": "không phải tỷ lệ phần trăm; viết ",
    "not a percentage between 0 and 100": "không phải tỷ lệ phần trăm từ 0 đến 100",
    "not a whole number from 0 up": "không phải số nguyên từ 0 trở lên",
    "is not a known code": "không phải mã đã biết",
    "a key is no text; put it in quotes": "có khóa không phải văn bản; đặt trong dấu nháy",
    "not a text; put it in quotes": "không phải văn bản; đặt trong dấu nháy",
    "not a list": "không phải danh sách",
    "not a mapping of fields": "không phải một nhóm trường",
    "is required": "là bắt buộc",
    "no such field": "không có trường này",
    "is no kind of dossier": "không phải loại hồ sơ",
    "nested too deep to be a dossier": "lồng quá sâu, không thể là hồ sơ",
    "has this id": "đã mang mã này",
    "the dossier at ": "hồ sơ tại ",
    "holds no dossier; fill in a row of its first sheet": "không có hồ sơ nào; hãy điền một dòng của trang tính đầu",
    "holds no dossier; a dossier is a mapping with `kind` and `id`": "không có hồ sơ nào; hồ sơ là nhóm trường có `kind` và `id`",
    "documents are not read by this version; write the dossier as YAML, JSON or a workbook": (
        "không đọc văn bản; hãy lập hồ sơ bằng YAML, JSON hoặc bảng tính"
    ),
    "; use `audit` for tables": "; với bảng lớn hãy dùng `audit`",
    "larger than ": "lớn hơn ",
    "cannot be read: ": "không đọc được: ",
    "cannot be read from here on: ": "từ đây không đọc được: ",
    "there is no such file": "không có tệp này",
    "No such file or directory": "không có tệp này",
    "Permission denied": "không có quyền đọc",
    "Is a directory": "là thư mục",
    "the file breaks off": "tệp bị đứt đoạn",
    "not UTF-8 text": "không phải văn bản UTF-8",
    "; save it as UTF-8 YAML or JSON": "; hãy lưu thành YAML hoặc JSON mã UTF-8",
    "; save it as UTF-8": "; hãy lưu bằng mã UTF-8",
    "not JSON": "không phải JSON",
    "not YAML": "không phải YAML",
    "not CSV": "không phải CSV",
    "the cell holds the number ": "ô chứa số ",
    ", which may mean as many per cent or a hundred times as many; write ": (
        ", có thể là bấy nhiêu phần trăm hoặc gấp trăm lần; viết "
    ),
    "the cell holds ": "ô chứa ",
    ", as a year does that was typed where a day is shown; write the day, or the year as text": (
        ", như khi gõ một năm vào ô hiện ngày; hãy ghi đủ ngày, hoặc ghi năm dưới dạng văn bản"
    ),
    "both the column for men and the one for women are filled": "cả cột nam và cột nữ đều được điền",
    "says there is none, yet a row states one; leave it blank, or the others out": (
        "ghi là không có, nhưng có dòng vẫn nêu; hãy để trống, hoặc bỏ các dòng kia"
    ),
    "no dossier has a row with this id": "không có hồ sơ nào mang mã này",
    "does not say whose row it is": "không nêu dòng này thuộc hồ sơ nào",
    "no heading that is known stands in its first ": "không thấy tiêu đề cột nào đã biết trong số dòng đầu là ",
    " rows; the sheet is not read": "; trang tính không được đọc",
    "no such table": "không có bảng này",
    "a second column with this heading": "cột thứ hai cùng tiêu đề này",
    " people are in no dossier": " người không thuộc hồ sơ nào",
    "; it is not read": "; không được đọc",
}


@cache
def _reason() -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(_REASONS, key=len, reverse=True))))


def reason_text(reason: str, lang: str) -> str:
    """Return why something could not be read, as people read it; what the library says of it is English.

    >>> reason_text("no such field; did you mean 'sex'?", "vi")
    "không có trường này; có phải là 'sex'?"
    """
    return reason if lang == "en" else _reason().sub(lambda found: _REASONS[found[0]], reason)


def day_text(day: date, lang: str) -> str:
    """Return a day as people write it: dd/mm/yyyy in Vietnamese, ISO in English.

    >>> day_text(date(2021, 5, 3), "vi")
    '03/05/2021'
    """
    return day.isoformat() if lang == "en" else day.strftime("%d/%m/%Y")


def article_text(article: str | None, lang: str) -> str:
    """Return an article as people name it; one that is no number (an annex) already has its name.

    >>> article_text("Annex 2", "vi"), article_text("6(5)", "en")
    ('Phụ lục 2', 'Art. 6(5)')
    """
    if not article:
        return ""
    if article[0].isdigit():
        return f"{phrase('article_word', lang)} {article}"
    return article if lang == "en" else article.replace("Annex", "Phụ lục").replace("Chapter", "Chương").replace("Part", "Phần")


_KINDS_OF_TEXT = {
    "qd": ("Quy định số", "Regulation"),
    "qdttg": ("Quyết định số", "Decision"),
    "nd": ("Nghị định số", "Decree"),
    "luat": ("Luật số", "Law"),
    "nq": ("Nghị quyết số", "Resolution"),
    "nqcp": ("Nghị quyết số", "Resolution"),
    "nqqh": ("Nghị quyết số", "Resolution"),
    "ct": ("Chỉ thị số", "Directive"),
    "kl": ("Kết luận số", "Conclusion"),
    "hd": ("Hướng dẫn số", "Guidance"),
    "tb": ("Thông báo số", "Notice"),
    "tt": ("Thông tư số", "Circular"),
    "cv": ("Công văn số", "Letter"),
}


def instrument_text(slug: str, number: str, lang: str) -> str:
    """Return a legal text as people name it, its kind before its number; the kind is the first word of its id.

    >>> instrument_text("qd-80-2022-08-18", "80-QĐ/TW", "vi")
    'Quy định số 80-QĐ/TW'
    """
    kind = _KINDS_OF_TEXT.get(slug.split("-", 1)[0])
    return f"{kind[lang == 'en']} {number}" if kind is not None else number


@lru_cache(maxsize=4_096, typed=True)
def value_text(value: Scalar | None, unit: str | None, lang: str) -> str:
    """Return a fact's value as people read it.

    >>> value_text(2401, "percent", "vi")
    '24,01 %'
    """
    match value:
        case None:
            return phrase("not_stated", lang)
        case bool():
            return phrase("yes" if value else "no", lang)
        case int() if unit == "percent":
            text = f"{value // 100}.{value % 100:02d}"
            return f"{text} %" if lang == "en" else f"{text.replace('.', ',')} %"
        case int() if unit is not None:
            return f"{value} {phrase('unit_' + unit, lang)}"
        case date():
            return day_text(value, lang)
        case _:
            return str(value)
