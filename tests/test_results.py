"""The results of a check come back as a workbook: what was found, what is missing, and the rows that were read, marked."""

from collections.abc import Sequence
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import openpyxl
import pytest
import xlsxwriter
from openpyxl.workbook import Workbook

from cadre_rules import check
from cadre_rules.cli import main
from cadre_rules.cli.outputs import FOUND, UNREADABLE
from cadre_rules.dossier.kinds import Dossier
from cadre_rules.dossier.reading import read_dossier
from cadre_rules.errors import SourceError
from cadre_rules.findings import Report
from cadre_rules.office.results import CELL, COLOURS, COLUMNS, inert, render_workbook
from cadre_rules.office.templates import render_template
from cadre_rules.rulebook.model import Rulebook
from cadre_rules.sources.batches import read_models
from cadre_rules.sources.files import Rejected, read_dossiers
from cadre_rules.sources.locating import locate
from cadre_rules.wording import phrase
from test_templates import HOSTILE, hostile
from test_workbooks import MERGED, TITLE, TWO_ROWS, book

pytestmark = pytest.mark.once
FIXTURES = Path(__file__).parent.parent / "fixtures"
TODAY = date(2026, 8, 31)


def read(path: Path) -> list[Dossier]:
    found = read_models(path) if path.suffix == ".xlsx" else read_dossiers(str(path))
    return [one for one in found if not isinstance(one, Rejected)]


def judged(dossiers: Sequence[Dossier], rulebook: Rulebook, lang: Literal["vi", "en"] = "vi") -> Report:
    return check(dossiers, rulebook, today=TODAY, lang=lang)


def opened(written: bytes) -> Workbook:
    return openpyxl.load_workbook(BytesIO(written))


def rows(page: Any) -> list[list[Any]]:
    return [[cell.value for cell in row] for row in page.iter_rows()]


def marked(workbook: Workbook) -> dict[str, str]:
    """Return the comment of every cell that has one of ours."""
    cells = (cell for page in workbook for row in page.iter_rows() for cell in row)
    return {
        f"{cell.parent.title}!{cell.coordinate}": cell.comment.text
        for cell in cells
        if cell.comment is not None and cell.comment.author == "cadre-rules"
    }


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_each_finding_is_a_row_and_each_cell_it_rests_on_is_marked(lang: Literal["vi", "en"], vn: Rulebook) -> None:
    dossiers = read(FIXTURES / "five-breaches.yaml")
    report = judged(dossiers, vn, lang)
    workbook = opened(render_workbook(report, render_template(["appointment"], vn, lang, dossiers)))
    findings = rows(workbook["Kết quả - phát hiện" if lang == "vi" else "Results - findings"])
    assert [row[COLUMNS.index("fingerprint")] for row in findings[1:]] == [finding.fingerprint for finding in report.findings]
    assert [row[COLUMNS.index("message")] for row in findings[1:]] == [finding.message for finding in report.findings]
    marks = marked(workbook)
    sheet = "Các bước quy trình" if lang == "vi" else "steps"
    (meeting,) = (finding for finding in report.findings if finding.rule == "party-process-quorum")
    assert any(meeting.message in told for place, told in marks.items() if place.startswith(f"{sheet}!") and place.endswith("5"))
    people = workbook["Nhân sự" if lang == "vi" else "persons"]
    heads = {str(cell.value): cell.column or 0 for cell in people[1]}
    cell = people.cell(2, heads["Trình độ lý luận chính trị" if lang == "vi" else "Political theory"])
    assert cell.fill.fgColor.rgb == f"00{COLOURS['violation']}"
    links = [row[COLUMNS.index("where")] for row in workbook[workbook.sheetnames[1]].iter_rows(min_row=2)]
    assert all(link.hyperlink is not None for link in links)


def test_what_is_missing_is_a_row_and_marked_where_it_would_stand(vn: Rulebook) -> None:
    dossiers = read(FIXTURES / "district-secretary-home-town-unstated.yaml")
    report = judged(dossiers, vn)
    workbook = opened(render_workbook(report, render_template(["appointment"], vn, "vi", dossiers)))
    missing = rows(workbook["Kết quả - cần bổ sung"])[1:]
    assert [(row[2], row[3]) for row in missing] == [(place.split(": ", 1)[1], count) for place, _, count in report.questions()]
    heads = {str(cell.value): cell.column or 0 for cell in workbook["Nhân sự"][1]}
    cell = workbook["Nhân sự"].cell(2, heads["Quê quán tỉnh"])
    assert cell.fill.fgColor.rgb == f"00{COLOURS['information_missing']}"


def test_a_workbook_of_results_can_be_mended_and_checked_again(vn: Rulebook, tmp_path: Path) -> None:
    dossiers = read(FIXTURES / "five-breaches.yaml")
    first, path = judged(dossiers, vn), tmp_path / "a.xlsx"
    path.write_bytes(render_workbook(first, render_template(["appointment"], vn, "vi", dossiers)))
    assert list(read_models(path)) == dossiers
    again = render_workbook(judged(read(path), vn), path.read_bytes())
    assert marked(opened(again)) == marked(opened(path.read_bytes()))
    workbook = opened(again)
    heads = {str(cell.value): cell.column or 0 for cell in workbook["Quyết định"][2]}
    workbook["Quyết định"].cell(3, heads["Số cấp phó sau quyết định"]).value = 3
    workbook.save(path)
    second = judged(read(path), vn)
    assert {f.rule for f in first.findings} - {f.rule for f in second.findings} == {"deputies-within-ceiling"}
    mended = opened(render_workbook(second, path.read_bytes()))
    assert mended.sheetnames.count("Kết quả - phát hiện") == 1
    cell = mended["Quyết định"].cell(3, heads["Số cấp phó sau quyết định"])
    assert cell.comment is None
    assert cell.fill.fill_type is None


def test_a_workbook_as_offices_keep_it_is_marked_in_its_own_cells(vn: Rulebook, tmp_path: Path) -> None:
    path = book(tmp_path, {"Danh sách bổ nhiệm": TITLE + TWO_ROWS}, {"Danh sách bổ nhiệm": MERGED})
    located = locate(path)
    assert list(located.dossiers)[:2] == ["q1", "q2"]
    assert (located.cell("q1", "person.theory").row, located.cell("q1", "person.theory").column) == (8, 7)
    assert (located.cell("q2", "person.birth_date").row, located.cell("q2", "person.birth_date").exact) == (9, True)
    nowhere = located.cell("q2", "person.kin[0].relation")
    assert (nowhere.row, nowhere.column, nowhere.exact) == (9, 2, False)
    report = judged(read(path), vn)
    marks = marked(opened(render_workbook(report, path.read_bytes())))
    assert {place.partition("!")[0] for place in marks} == {"Danh sách bổ nhiệm"}
    assert {place.partition("!")[2].lstrip("ABCDEFGH") for place in marks} <= {"8", "9"}


def test_ids_with_a_stroke_are_told_from_parts_of_a_dossier(vn: Rulebook, tmp_path: Path) -> None:
    unit = read_dossier({"kind": "unit", "id": "12/QĐ", "leaders": [{"id": "l/1", "posts": [{"title": "A"}, {"title": "B"}]}]})
    path = tmp_path / "a.xlsx"
    path.write_bytes(render_template(["unit"], vn, "vi", [unit]))
    located = locate(path)
    assert [located.dossier_of(subject) for subject in ("12/QĐ", "12/QĐ/l/1", "12")] == ["12/QĐ", "12/QĐ", None]
    second = located.cell("12/QĐ", "leaders[0].posts[1].title")
    assert (second.sheet, second.row, second.exact) == ("Quá trình công tác", 3, True)


def test_a_hostile_text_is_shown_as_a_text_in_the_results(vn: Rulebook) -> None:
    dossiers = [hostile(text) for text in HOSTILE]
    workbook = opened(render_workbook(judged(dossiers, vn), render_template(["appointment"], vn, "vi", dossiers)))
    cells = [cell for page in workbook for row in page.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert all(cell.quotePrefix for cell in cells if isinstance(cell.value, str) and cell.value[:1] in tuple("=+-@"))


def test_what_a_workbook_computes_is_kept_as_the_value_that_was_judged(vn: Rulebook, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as written:
        page = written.add_worksheet("Quyết định")
        for at, heading in enumerate(("Số QĐ", "Loại quyết định", "Số cấp phó tối đa", "Số cấp phó sau quyết định")):
            page.write_string(0, at, heading)
        page.write_formula("A2", '=HYPERLINK("http://a.example")', value="q1")
        page.write_string("B2", "bổ nhiệm")
        page.write_formula("C2", "=1+1", value=2)
        page.write_formula("D2", "=1+2", value=3)
    workbook = opened(render_workbook(judged(read(path), vn), path.read_bytes()))
    assert [cell.value for cell in workbook["Quyết định"][2]] == ["q1", "bổ nhiệm", 2, 3]
    assert not [cell for page in workbook for row in page.iter_rows() for cell in row if cell.data_type == "f"]


def test_no_workbook_to_mark_leaves_the_results_alone(vn: Rulebook) -> None:
    report = judged(read(FIXTURES / "five-breaches.yaml"), vn)
    assert opened(render_workbook(report)).sheetnames == ["Kết quả - tổng hợp", "Kết quả - phát hiện", "Kết quả - cần bổ sung"]
    assert render_workbook(report) == render_workbook(report)
    with pytest.raises(SourceError, match="cannot be written into"):
        render_workbook(report, b"no workbook")


def test_a_long_text_ends_in_an_ellipsis_and_what_xml_cannot_hold_in_a_mark() -> None:
    assert inert("a\x00b\x1f\ufffe") == "a\ufffdb\ufffd\ufffd"
    assert len(inert("a" * 40_000)) == CELL


def run(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    return main(arguments), capsys.readouterr().err


def test_the_command_writes_results_for_files_of_any_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, out = str(FIXTURES / "five-breaches.yaml"), tmp_path / "out.xlsx"
    two = str(FIXTURES / "unit-and-its-leaders.yaml")
    assert run(["check", one, two, "--format", "xlsx", "--output", str(out)], capsys) == (FOUND, "")
    assert {"Quyết định", "Đơn vị"} <= set(openpyxl.load_workbook(out).sheetnames)
    status, said = run(["check", one, one, "--format", "xlsx", "--output", str(out)], capsys)
    assert (status, "the dossiers are not in the workbook" in said) == (FOUND, True)
    assert "Quyết định" not in openpyxl.load_workbook(out).sheetnames
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(b"PK")
    assert run(["check", str(broken), "--format", "xlsx", "--output", str(out)], capsys)[0] == UNREADABLE
    summary = rows(openpyxl.load_workbook(out)["Kết quả - tổng hợp"])
    assert any(str(broken) in str(row[0]) for row in summary)


def test_a_workbook_is_not_written_to_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    status, said = run(["check", str(FIXTURES / "five-breaches.yaml"), "--format", "xlsx"], capsys)
    assert (status, "say --output FILE" in said) == (UNREADABLE, True)


def test_what_became_of_findings_is_told_where_a_register_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, note, register = tmp_path / "out.xlsx", tmp_path / "out.docx", str(tmp_path / "register.jsonl")
    kept = ["check", str(FIXTURES / "five-breaches.yaml"), "--register", register, "--by", "Sở Nội vụ"]
    assert run([*kept, "--format", "xlsx", "--output", str(out)], capsys)[0] == FOUND
    workbook = openpyxl.load_workbook(out)
    findings = rows(workbook["Kết quả - phát hiện"])
    assert {row[COLUMNS.index("follow_up")] for row in findings[1:]} == {phrase("follow_new", "vi")}
    assert rows(workbook["Kết quả - theo dõi"])
    assert run([*kept, "--format", "docx", "--output", str(note)], capsys)[0] == FOUND
    assert list(read_models(out)) == read(FIXTURES / "five-breaches.yaml")
