"""Documents to be filled in, laid out as administrative documents are; a unit can replace them with its own (extra `[word]`).

Layout only, no rule of ours: for the state as Decree 30/2020/NĐ-CP lays documents out, for the Party as guidance 36-HD/VPTW.
A4, margins 20, 20, 30 and 15 mm, Times New Roman; page numbers at the top from the second page on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Literal, TypeAlias

from docx import Document
from docx.document import Document as DocumentObject
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph

from cadre_rules.wording import phrase

Letterhead: TypeAlias = Literal["state", "party"]
LETTERHEADS: tuple[Letterhead, ...] = ("state", "party")

_FONT = "Times New Roman"
_WIDTH = 165
"""Millimetres between the margins."""


@dataclass(frozen=True, slots=True)
class _Listed:
    """A table over a list: its heading, the list, and for each column its heading, its cell and its width in millimetres."""

    title: str
    over: str
    columns: tuple[tuple[str, str, int], ...]


_FINDINGS = (
    ("number_column", "{{ row.number }}", 10),
    ("message", "{{ row.content }}", 47),
    ("evidence", "{{ row.evidence }}", 39),
    ("article", "{{ row.article }}", 32),
    ("remedy_and_answer", "{{ row.remedy }}", 37),
)
_NOTE = (
    _Listed("part_findings", "findings", _FINDINGS),
    _Listed("part_provisional", "provisional", _FINDINGS),
    _Listed(
        "part_missing",
        "missing",
        (
            ("number_column", "{{ row.number }}", 10),
            ("state_word", "{{ row.ask }}", 75),
            ("about", "{{ row.about }}", 60),
            ("settles_word", "{{ row.settles }}", 20),
        ),
    ),
    _Listed(
        "part_judgement",
        "judgement",
        (
            ("number_column", "{{ row.number }}", 10),
            ("title", "{{ row.title }}", 60),
            ("questions", "{{ row.questions }}", 55),
            ("article", "{{ row.article }}", 40),
        ),
    ),
    _Listed(
        "part_met",
        "met",
        (("number_column", "{{ row.number }}", 10), ("title", "{{ row.title }}", 95), ("evidence", "{{ row.text }}", 60)),
    ),
)
_ANNEX = (
    _Listed(
        "part_levels",
        "levels",
        (
            ("level", "{{ row.level }}", 85),
            ("findings", "{{ row.firm }}", 40),
            ("provisional_column", "{{ row.provisional }}", 40),
        ),
    ),
    _Listed(
        "part_rules",
        "rules",
        (("number_column", "{{ row.number }}", 10), ("title", "{{ row.title }}", 115), ("findings", "{{ row.counts }}", 40)),
    ),
    _Listed(
        "part_units",
        "units",
        (("number_column", "{{ row.number }}", 10), ("unit", "{{ row.title }}", 115), ("findings", "{{ row.counts }}", 40)),
    ),
    _Listed(
        "part_findings",
        "findings",
        (
            ("number_column", "{{ row.number }}", 10),
            ("about", "{{ row.about }}", 35),
            ("message", "{{ row.content }}", 48),
            ("article", "{{ row.article }}", 36),
            ("remedy_and_answer", "{{ row.remedy }}", 36),
        ),
    ),
    _Listed("part_rejected", "rejected", (("where", "{{ row.where }}", 65), ("why_word", "{{ row.reason }}", 100))),
)


def note_template(letterhead: Letterhead, lang: str) -> bytes:
    """Return the appraisal note to be filled in: letterhead, what was judged and found, conclusion, signature, recipients."""
    document = _blank()
    _head(document, letterhead, lang, "BC")
    _title(document, "{{ title }}", "{{ abstract }}")
    _line(document, phrase("to_whom", lang), align="center")
    _line(document, "{{ opening }}")
    _heading(document, phrase("part_subjects", lang))
    columns = (("about", "{{ row.title }}", 85), ("id_word", "{{ row.id }}", 45), ("as_of", "{{ row.as_of }}", 35))
    _table(document, "subjects", columns, lang)
    _heading(document, phrase("part_outcome", lang))
    _line(document, "{{ outcome }}")
    _lists(document, _NOTE, lang)
    _heading(document, phrase("part_conclusion", lang))
    _line(document, "{{ conclusion }}")
    _notices(document)
    _signed(document, letterhead, lang)
    return _saved(document)


def annex_template(letterhead: Letterhead, lang: str) -> bytes:
    """Return the annex of an audit to be filled in: counts, by rule and unit, and the gravest findings."""
    document = _blank()
    _head(document, letterhead, lang, "KL")
    _title(document, "{{ title }}", "{{ abstract }}")
    _line(document, phrase("annexed_to", lang), align="center", italic=True)
    _line(document, "{{ opening }}")
    _line(document, "{{ outcome }}")
    _lists(document, _ANNEX, lang)
    _notices(document)
    _signed(document, letterhead, lang)
    return _saved(document)


def _blank() -> DocumentObject:
    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin = section.bottom_margin = Mm(20)
    section.left_margin, section.right_margin = Mm(30), Mm(15)
    section.header_distance = Mm(10)
    section.different_first_page_header_footer = True
    style = document.styles["Normal"]
    style.font.name, style.font.size = _FONT, Pt(14)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), _FONT)
    style.paragraph_format.space_after = Pt(0)
    parts = document.styles["List Number"]
    parts.font.name, parts.font.size, parts.font.bold = _FONT, Pt(14), True
    number = section.header.paragraphs[0]
    number.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for kind, text in (("begin", None), (None, "PAGE"), ("end", None)):
        run = number.add_run()
        part = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            part.set(qn("w:fldCharType"), kind)
        else:
            part.text = text
        run._r.append(part)  # noqa: SLF001  # python-docx has no fields of its own
    return document


def _saved(document: DocumentObject) -> bytes:
    written = BytesIO()
    document.save(written)
    return written.getvalue()


def _head(document: DocumentObject, letterhead: Letterhead, lang: str, kind: str) -> None:
    """Write who issues the document beside the national heading, or the Party's; number, place and day."""
    left, right = _side_by_side(document, 62, 103)
    _text(left, phrase("superior_office", lang), size=12)
    _text(left, phrase("own_office", lang), size=12, bold=True)
    if letterhead == "party":
        _text(left, "*", size=12)
        _text(right, phrase("party_heading", lang), size=15, bold=True)
        _rule(right, 14)
    else:
        _rule(left, 20)
        _text(right, phrase("national_heading", lang), size=12, bold=True)
        _text(right, phrase("national_motto", lang), size=13, bold=True)
        _rule(right, 23)
    number = phrase("number_party" if letterhead == "party" else "number_state", lang, kind=kind)
    _text(left, number, size=13)
    _text(right, phrase("place_and_day", lang), size=13, italic=True)
    document.add_paragraph()


def _title(document: DocumentObject, title: str, abstract: str) -> None:
    _line(document, title, align="center", bold=True, first=0)
    _line(document, abstract, align="center", bold=True, first=0)
    _bordered(document.add_paragraph(), 62)


def _heading(document: DocumentObject, text: str) -> None:
    line = document.add_paragraph(text, style="List Number")
    line.paragraph_format.keep_with_next, line.paragraph_format.space_after = True, Pt(6)


def _lists(document: DocumentObject, lists: Sequence[_Listed], lang: str) -> None:
    """Write a heading and a table for each list that is not empty."""
    for listed in lists:
        document.add_paragraph(f"{{%p if {listed.over} %}}")
        _heading(document, phrase(listed.title, lang))
        _table(document, listed.over, listed.columns, lang)
        document.add_paragraph("{%p endif %}")


def _notices(document: DocumentObject) -> None:
    document.add_paragraph("{%p for notice in notices %}")
    _line(document, "{{ notice }}", italic=True)
    document.add_paragraph("{%p endfor %}")


def _signed(document: DocumentObject, letterhead: Letterhead, lang: str) -> None:
    document.add_paragraph()
    left, right = _side_by_side(document, 68, 97)
    copies = _text(left, phrase("recipients", lang), size=14 if letterhead == "party" else 12, align="left")
    copies.runs[0].underline = letterhead == "party"
    copies.runs[0].bold = copies.runs[0].italic = letterhead == "state"
    for copy in phrase("recipients_listed", lang).split("\n"):
        _text(left, copy, size=11, align="left")
    for text in phrase("signed_party" if letterhead == "party" else "signed_state", lang).split("\n"):
        _text(right, text, size=14, bold=True)
    _text(right, phrase("sign_here", lang), size=13, italic=True)
    for _ in range(4):
        _text(right, "", size=14)


_ALIGN = {
    "center": WD_ALIGN_PARAGRAPH.CENTER,
    "left": WD_ALIGN_PARAGRAPH.LEFT,
    "justify": WD_ALIGN_PARAGRAPH.JUSTIFY,
}


def _line(
    document: DocumentObject, text: str, *, align: str = "justify", bold: bool = False, italic: bool = False, first: int = 10
) -> Paragraph:
    """Write a paragraph of the body: its first line set in, 6 points below it."""
    line: Paragraph = document.add_paragraph()
    run = line.add_run(text)
    run.bold, run.italic = bold, italic
    line.alignment = _ALIGN[align]
    if align == "justify":
        line.paragraph_format.first_line_indent = Mm(first)
    line.paragraph_format.space_after = Pt(6)
    return line


def _text(cell: _Cell, text: str, *, size: int, align: str = "center", bold: bool = False, italic: bool = False) -> Paragraph:
    """Write a line into a cell: its first, where it is still blank."""
    line: Paragraph = cell.paragraphs[0] if cell.paragraphs[0].text == "" and len(cell.paragraphs) == 1 else cell.add_paragraph()
    line.alignment = _ALIGN[align]
    run = line.add_run(text)
    run.font.size, run.bold, run.italic = Pt(size), bold, italic
    return line


def _rule(cell: _Cell, indent: int) -> None:
    _bordered(cell.add_paragraph(), indent)


def _bordered(line: Paragraph, indent: int) -> None:
    """Draw a line under what stands above, set in from both sides."""
    line.paragraph_format.left_indent = line.paragraph_format.right_indent = Mm(indent)
    line.paragraph_format.line_spacing = Pt(4)
    line.paragraph_format.space_after = Pt(6)
    borders, top = OxmlElement("w:pBdr"), OxmlElement("w:top")
    for name, value in (("val", "single"), ("sz", "6"), ("space", "1"), ("color", "000000")):
        top.set(qn(f"w:{name}"), value)
    borders.append(top)
    line._p.get_or_add_pPr().insert_element_before(borders, "w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc")  # noqa: SLF001


def _side_by_side(document: DocumentObject, left: int, right: int) -> tuple[_Cell, _Cell]:
    table = document.add_table(rows=1, cols=2)
    table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))  # noqa: SLF001
    _fixed(table, (left, right))
    return table.cell(0, 0), table.cell(0, 1)


def _table(document: DocumentObject, over: str, columns: Sequence[tuple[str, str, int]], lang: str) -> None:
    """Write a table with a row for each of a list; its heading is repeated on every page."""
    table = document.add_table(rows=4, cols=len(columns))
    table.style = "Table Grid"
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    _fixed(table, [width for *_, width in columns])
    for at, (heading, cell, _) in enumerate(columns):
        _text(table.cell(0, at), phrase(heading, lang), size=12, bold=True)
        _text(table.cell(2, at), cell, size=12, align="center" if cell in _NUMBERS else "left")
    table.cell(1, 0).text = f"{{%tr for row in {over} %}}"
    table.cell(3, 0).text = "{%tr endfor %}"
    for row, mark in ((0, "w:tblHeader"), (2, "w:cantSplit")):
        table.rows[row]._tr.get_or_add_trPr().append(OxmlElement(mark))  # noqa: SLF001
    document.add_paragraph().paragraph_format.space_after = Pt(0)


_NUMBERS = tuple(f"{{{{ row.{name} }}}}" for name in ("number", "settles", "firm", "provisional", "counts"))


def _fixed(table: Table, widths: Sequence[int]) -> None:
    """Give a table the widths it is to have, whatever its cells hold."""
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Mm(width)
        for cell in column.cells:
            cell.width = Mm(width)
