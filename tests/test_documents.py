"""Documents to sign: the appraisal note of a check and the annex of an audit, from our templates or a unit's own."""

from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import pytest
from docx import Document
from docx.shared import Mm

from cadre_rules import check
from cadre_rules.cli.outputs import CLEAN, FOUND, MISUSED, UNREADABLE
from cadre_rules.errors import SourceError
from cadre_rules.findings import Report
from cadre_rules.names import clean
from cadre_rules.office.documents import LONGEST, annex_words, note_words, render_annex, render_note, write_template
from cadre_rules.rulebook.model import Rulebook
from cadre_rules.sources.files import Rejected, read_dossiers
from command import run
from test_templates import HOSTILE, hostile

pytestmark = pytest.mark.once
FIXTURES = Path(__file__).parent.parent / "fixtures"
TODAY = date(2026, 8, 31)


def report_of(rulebook: Rulebook, *names: str, lang: Literal["vi", "en"] = "vi") -> Report:
    read = (one for name in names for one in read_dossiers(str(FIXTURES / f"{name}.yaml")))
    return check([one for one in read if not isinstance(one, Rejected)], rulebook, today=TODAY, lang=lang)


def texts(written: bytes) -> list[str]:
    """Return every paragraph of a document, those in tables too, in the order of the page."""
    body = Document(BytesIO(written)).element.body
    word = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
    lines = (
        "".join("\n" if part.tag == f"{word}br" else part.text or "" for part in line.iter(f"{word}t", f"{word}br"))
        for line in body.iter(f"{word}p")
    )
    return [line for line in lines if line]


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_a_note_tells_every_finding_and_what_is_missing(lang: Literal["vi", "en"], vn: Rulebook) -> None:
    report = report_of(vn, "five-breaches", "district-secretary-home-town-unstated", "unit-and-its-leaders", lang=lang)
    said = "\n".join(texts(render_note(report)))
    for finding in report.findings:
        if finding.level != "information_missing":
            assert finding.message in said
            assert finding.remedy in said
            assert all(f"{evidence.label}: {evidence.text}" in said for evidence in finding.evidence)
            assert all(citation.number in said for citation in finding.provisions)
    assert all(ask in said for _, ask, _ in report.questions())
    assert all(met.title in said for met in report.met)
    assert all(line.title in said and line.id in said for line in report.subjects)


def test_provisional_findings_stand_apart_and_are_not_counted_among_breaches(vn: Rulebook) -> None:
    words = note_words(report_of(vn, "five-breaches"))
    assert (len(words["findings"]), len(words["provisional"])) == (4, 2)
    assert words["conclusion"].startswith("Có 4 nội dung chưa đúng quy định")
    clean = note_words(report_of(vn, "clean-appointment"))
    assert clean["conclusion"].startswith("Trong phạm vi thông tin được cung cấp, chưa phát hiện")


@pytest.mark.parametrize(
    ("letterhead", "said"),
    [
        ("state", ["CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc", "Số:        /BC-…"]),
        ("party", ["ĐẢNG CỘNG SẢN VIỆT NAM", "*", "Số        -BC/…"]),
    ],
)
def test_a_document_is_laid_out_as_offices_lay_them_out(letterhead: str, said: list[str], vn: Rulebook) -> None:
    written = render_note(report_of(vn, "five-breaches"), letterhead)
    lines = texts(written)
    assert [line for line in lines if line in said] == said or set(said) <= set(lines)
    assert lines.index("BÁO CÁO") > lines.index(said[0])
    assert "Nơi nhận:" in lines
    document = Document(BytesIO(written))
    section = document.sections[0]
    sides = [section.top_margin, section.bottom_margin, section.left_margin, section.right_margin]
    assert [round((side or 0) / Mm(1)) for side in sides] == [20, 20, 30, 15]
    assert [round((side or 0) / Mm(1)) for side in (section.page_width, section.page_height)] == [210, 297]
    assert document.styles["Normal"].font.name == "Times New Roman"


def test_the_same_report_gives_the_same_document(vn: Rulebook) -> None:
    report = report_of(vn, "five-breaches")
    assert render_note(report) == render_note(report)


def test_a_hostile_text_is_a_text_in_a_document(vn: Rulebook) -> None:
    said = "\n".join(texts(render_note(check([hostile(text) for text in HOSTILE], vn, today=TODAY))))
    assert not set(said) & set("\u202e\u2066\x01\x0b\x1f")
    letters = "".join(letter for letter in said if letter.isalnum())
    assert [text for text in HOSTILE if "".join(letter for letter in clean(text)[:100] if letter.isalnum()) not in letters] == []
    assert max(map(len, said.split("\n"))) <= LONGEST + 200
    assert all(text in said for text in ("{{ 7 * 7 }}{% for x in y %}", "<script>alert(1)</script>"))


def own_template(*paragraphs: str) -> bytes:
    document = Document()
    for text in paragraphs:
        document.add_paragraph(text)
    written = BytesIO()
    document.save(written)
    return written.getvalue()


def test_a_units_own_template_is_filled_in(vn: Rulebook, tmp_path: Path) -> None:
    path = tmp_path / "own.docx"
    path.write_bytes(
        own_template("Sở Nội vụ: {{ abstract }}", "{%p for f in findings %}", "{{ f.number }}) {{ f.message }}", "{%p endfor %}")
    )
    report = report_of(vn, "five-breaches")
    lines = texts(render_note(report, str(path)))
    assert lines[0].startswith("Sở Nội vụ: Thẩm định nhân sự: Bổ nhiệm")
    assert lines[1:] == [f"{n}) {f.message}" for n, f in enumerate((f for f in report.findings if not f.provisional), 1)]


@pytest.mark.parametrize("letterhead", ["state", "party"])
def test_our_template_written_out_fills_in_as_ours(letterhead: str, vn: Rulebook, tmp_path: Path) -> None:
    path = tmp_path / "ours.docx"
    path.write_bytes(write_template("note", letterhead, "vi"))
    report = report_of(vn, "five-breaches")
    assert texts(render_note(report, str(path))) == texts(render_note(report, letterhead))


@pytest.mark.parametrize(
    ("template", "said"),
    [
        (own_template("{{ findngs }}"), r"\{\{ findngs \}\}: no such word; did you mean \{\{ findings \}\}\?"),
        (own_template("{{ quite_another }}"), r"\{\{ quite_another \}\}: no such word; one of: abstract, "),
        (own_template("{%p for f in findings %}", "{{ f.mesage }}", "{%p endfor %}"), "has no attribute 'mesage'"),
        (own_template("Đầu", "{{ title"), "a tag is not well formed: .*; near: .*title"),
        (own_template("{%p for f in findings %}", "x"), "a tag is not well formed: .*endfor"),
        (own_template("{{ title | nofilter }}"), "a tag is not well formed: .*nofilter"),
        (own_template("{{ title.__class__.__mro__ }}"), "a tag names what is not there|not well formed|unsafe"),
        (own_template("{%tr for f in findings %}", "{%tr endfor %}"), "well formed|broken"),
        (b"no document", "is no Word document"),
        (None, "cannot be read: No such file or directory; or one of ours: state, party"),
    ],
)
def test_a_broken_template_is_told_with_its_tag(template: bytes | None, said: str, vn: Rulebook, tmp_path: Path) -> None:
    path = tmp_path / "own.docx"
    if template is not None:
        path.write_bytes(template)
    with pytest.raises(SourceError, match=said) as raised:
        render_note(report_of(vn, "five-breaches"), str(path))
    assert raised.value.location == str(path)


COUNTS: dict[str, Any] = dict.fromkeys(
    ("violation", "exception_needed", "target_missed", "information_missing", "judgement_needed", "indicator"), 0
)
SUMMARY: dict[str, Any] = {
    "dossiers": 3,
    "findings": 9,
    "rejected": 1,
    "by_level": COUNTS | {f"{level}_provisional": 0 for level in COUNTS} | {"violation": 7, "violation_provisional": 2},
    "by_outcome": {"satisfied": 20, "violated": 9},
    "by_rule": [{**COUNTS, "violation": 7, "provisional": 2, "findings": 9, "rule": "a", "title_vi": "Tên quy tắc"}],
    "worst_units": [{**COUNTS, "violation": 7, "provisional": 0, "findings": 7, "unit": "Sở A"}],
}
MANIFEST = {"inputs": {"rulebook": [{"pack": "vn", "version": "1", "digest": "0123"}]}}
ROW = {
    "level": "Vi phạm",
    "message": "Sai",
    "about": "q1",
    "unit": "Sở A",
    "evidence": "a: b",
    "article": "Điều 1 Luật số 1 [đã đối chiếu] https://a.example/b; Điều 2",
    "do": "Sửa",
    "answers": "Sở A",
    "rule": "a",
}


@pytest.mark.parametrize("letterhead", ["state", "party"])
def test_an_annex_tells_counts_and_the_gravest_and_how_many_it_leaves_out(letterhead: str) -> None:
    words = annex_words(SUMMARY, MANIFEST, [ROW], [("a.csv:3", "không phải ngày")], "vi")
    lines = texts(render_annex(words, "vi", letterhead))
    assert "Bảng trên nêu 1 phát hiện nặng nhất trong tổng số 7; toàn bộ có trong các bảng kết quả rà soát." in lines
    assert {"Tên quy tắc", "Sở A", "Vi phạm: Sai", "a.csv:3", "Điều 1 Luật số 1 [đã đối chiếu]\nĐiều 2", "Sửa\nSở A"} <= set(
        lines
    )


def test_the_command_writes_notes_annexes_and_templates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, out, own = str(FIXTURES / "five-breaches.yaml"), str(tmp_path / "a.docx"), str(tmp_path / "own.docx")
    assert run(["check", one, "--format", "docx", "-o", out], capsys) == (FOUND, "")
    assert "BÁO CÁO" in texts(Path(out).read_bytes())
    assert run(["template", "--document", "annex", "--letterhead", "party", "-o", own], capsys) == (CLEAN, "")
    book, results = str(tmp_path / "a.xlsx"), tmp_path / "results"
    assert run(["template", "--from", one, "-o", book], capsys) == (CLEAN, "")
    arguments = ["audit", book, "--out", str(results), "--tables", "docx", "--today", "2026-08-31"]
    assert run([*arguments, "--template", own], capsys)[0] == FOUND
    lines = texts((results / "annex.docx").read_bytes())
    assert {"ĐẢNG CỘNG SẢN VIỆT NAM", "PHỤ LỤC"} <= set(lines)
    assert any(line.startswith("Vi phạm: Trình độ lý luận chính trị") for line in lines)
    status, said = run([*arguments, "--template", str(tmp_path / "none.docx")], capsys)
    assert (status, "cannot be read" in said) == (UNREADABLE, True)
    assert run(["template", "--document", "letter", "-o", own], capsys)[0] == MISUSED


def test_the_words_of_templates_are_told_in_the_docs(vn: Rulebook) -> None:
    page = (Path(__file__).parent.parent / "docs/offices.md").read_text("utf-8")
    note = note_words(report_of(vn, "five-breaches", "district-secretary-home-town-unstated", "unit-and-its-leaders"))
    annex = annex_words(SUMMARY, MANIFEST, [ROW], [("a", "b")], "vi")
    rows = [row for words in (note, annex) for listed in words.values() if isinstance(listed, list) for row in listed[:1]]
    inner = {name for row in rows if isinstance(row, dict) for name in row} - {"unit", "fingerprint"}
    assert [name for name in {*note, *annex, *inner} if f"`{name}`" not in page] == []
