"""What a check found, as a workbook: a summary, the findings, what is missing, and the dossiers' own sheets, marked.

The door of openpyxl (extra `[excel]`), which alone can write into somebody's own workbook.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import BadZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import Cell as SheetCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from cadre_rules.errors import SourceError
from cadre_rules.findings import Finding, Report
from cadre_rules.names import fold
from cadre_rules.office.packing import timeless
from cadre_rules.reports.follow_up import follow_up_lines
from cadre_rules.reports.text import cite
from cadre_rules.sources.locating import Cell, Located, locate
from cadre_rules.wording import LEVELS, PHRASES, Level, day_text, phrase, reason_text, value_text

CELL = 32_767
"""Characters a cell of a workbook holds."""

TOLD = 5
"""Findings told in the comment of one cell; more are counted."""

COLOURS: Mapping[Level, str] = {
    "violation": "FFC7CE",
    "exception_needed": "F8CBAD",
    "target_missed": "FFE699",
    "information_missing": "BDD7EE",
    "judgement_needed": "D9D2E9",
    "indicator": "E2EFDA",
}

COLUMNS = (
    *("level", "title", "message", "about", "where", "evidence", "article", "do", "mended_by", "answers", "as_of", "follow_up"),
    *("provisional_column", "note", "questions", "rule", "rule_version", "fingerprint"),
)

_AUTHOR = "cadre-rules"
_RESULTS = frozenset(fold(name) for key in ("summary", "findings", "missing", "follow_up") for name in PHRASES[f"sheet_{key}"])


def render_workbook(report: Report, source: bytes | None = None) -> bytes:
    """Return a report as a workbook; with `source`, a workbook that holds its dossiers, that one with its cells marked.

    What the source computes is kept as the values that were judged; nothing in the workbook is a formula. Raises `SourceError`
    if the source is no workbook that can be written into.
    """
    marked = _Marked.of(source) if source is not None else None
    book = marked.book if marked is not None else Workbook()
    own = list(book.worksheets)
    places = marked.marked(report) if marked is not None else {}
    sheets = (("summary", _summary), ("findings", _findings), ("missing", _missing), ("follow_up", _follow_up))
    for at, (key, rows) in enumerate(sheets if report.follow_up is not None else sheets[:-1]):
        page = book.create_sheet(phrase(f"sheet_{key}", report.lang), at)
        rows(page, report, places)
    if marked is None:
        for page in own:
            book.remove(page)
    book.active = 0
    for page in book.worksheets[1:]:
        page.sheet_view.tabSelected = False
    written = BytesIO()
    book.save(written)
    return timeless(written.getvalue())


@dataclass(frozen=True, slots=True)
class _Marked:
    """A workbook to be marked, and where it states what."""

    book: Workbook
    located: Located

    @classmethod
    def of(cls, source: bytes) -> "_Marked":
        try:
            book = load_workbook(BytesIO(source), data_only=True, keep_links=False)
        except (BadZipFile, InvalidFileException, KeyError, ValueError, TypeError) as error:
            raise SourceError("workbook", f"cannot be written into: {error}") from error
        for page in [page for page in book.worksheets if fold(page.title) in _RESULTS]:
            book.remove(page)
        for page in book.worksheets:
            _without_marks(page)
        with TemporaryDirectory() as folder:
            path = Path(folder, "source.xlsx")
            path.write_bytes(source)
            return cls(book, locate(path))

    def marked(self, report: Report) -> dict[str, Cell]:
        """Mark the cells findings rest on or wait for, and return by its fingerprint the last of each finding.

        Last stands what its message names; what it applies to comes before.
        """
        told: dict[Cell, list[tuple[Finding, str]]] = {}
        last: dict[str, Cell] = {}
        for finding in report.findings:
            dossier = self.located.dossier_of(finding.subject)
            for path, said in _pointed_at(finding) if dossier is not None else ():
                cell = self.located.cell(str(dossier), path)
                told.setdefault(cell, []).append((finding, "" if cell.exact else said))
                last[finding.fingerprint] = cell
        for cell, findings in told.items():
            target = self.book[cell.sheet].cell(cell.row, cell.column)
            _mark(target, findings, report.lang)
        return last


def _pointed_at(finding: Finding) -> Iterator[tuple[str, str]]:
    """Yield the places a finding rests on or waits for, with what is to be told where they have no cell of their own."""
    for evidence in finding.evidence:
        for path in evidence.paths:
            yield path, evidence.label
    for wait in (wait for way in finding.waits_for for wait in way):
        yield from zip(wait.missing, wait.ask, strict=True)


def _mark(target: Any, findings: Sequence[tuple[Finding, str]], lang: str) -> None:
    """Colour a cell by the gravest of its findings, and tell them in its comment."""
    worst = min((finding.level for finding, _ in findings), key=LEVELS.index)
    lines = dict.fromkeys(
        f"{phrase(finding.level, lang)}: {finding.title if finding.level == 'information_missing' else finding.message}"
        + (f" ({said})" if said else "")
        for finding, said in sorted(findings, key=lambda told: LEVELS.index(told[0].level))
    )
    text = "\n".join(list(lines)[:TOLD])
    more = f"\n{phrase('more_findings', lang, n=len(lines) - TOLD)}" if len(lines) > TOLD else ""
    before = f"{target.comment.text}\n" if getattr(target, "comment", None) is not None else ""
    if isinstance(target, SheetCell):
        target.comment = Comment(inert(f"{before}{text}{more}")[:8_000], _AUTHOR, height=180, width=380)
    target.fill = PatternFill("solid", fgColor=COLOURS[worst])


def _without_marks(page: Worksheet) -> None:
    """Take away what an earlier check has marked, and let no text become a formula when it is edited."""
    for row in page.iter_rows():
        for cell in row:
            if cell.comment is not None and cell.comment.author == _AUTHOR:
                cell.comment = None
                cell.fill = PatternFill()
            if isinstance(cell, SheetCell) and isinstance(cell.value, str):
                _as_text(cell, cell.value)


_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def inert(text: str) -> str:
    """Return a text as a cell can hold it: what XML cannot hold is shown as a mark, what is too long ends in an ellipsis."""
    text = _ILLEGAL.sub("\ufffd", text)
    return text if len(text) <= CELL else f"{text[: CELL - 1]}…"


def _as_text(cell: SheetCell, text: str) -> None:
    """Put a text into a cell as a text, whatever it begins with."""
    cell.value = inert(text)
    cell.data_type = "s"
    if text.startswith(_FORMULA):
        cell.quotePrefix = True


_FONT = "Times New Roman"
_LINE = Side(style="thin", color="999999")
_BOX = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)


def _put(
    page: Worksheet, row: int, values: Iterable[str | int], *, bold: bool = False, fill: str | None = None, boxed: bool = True
) -> None:
    for column, value in enumerate(values, 1):
        cell = page.cell(row, column)
        assert isinstance(cell, SheetCell), "sheets of our own have no merged cells"
        if isinstance(value, int):
            cell.value = value
        else:
            _as_text(cell, value)
        cell.font = Font(name=_FONT, size=12, bold=bold)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        if boxed:
            cell.border = _BOX
        if fill is not None:
            cell.fill = PatternFill("solid", fgColor=fill)


def _laid_out(page: Worksheet, widths: Sequence[int], heading: int | None = None) -> None:
    for column, width in enumerate(widths, 1):
        page.column_dimensions[get_column_letter(column)].width = width
    merged = {row for area in page.merged_cells.ranges for row in range(area.min_row, area.max_row + 1)}
    for row, values in enumerate(page.iter_rows(values_only=True), 1):
        if row not in merged:
            lines = (_lines(value, width) for value, width in zip(values, widths, strict=False))
            page.row_dimensions[row].height = min(max(lines, default=1), _MOST_LINES) * _LINE_HEIGHT
    page.page_setup.orientation, page.page_setup.paperSize = "landscape", 9
    page.page_setup.fitToWidth, page.page_setup.fitToHeight = 1, 0
    page.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    if heading is not None:
        page.freeze_panes = page.cell(heading + 1, 1).coordinate
        page.print_title_rows = f"{heading}:{heading}"


_LINE_HEIGHT, _MOST_LINES = 16, 25
"""Points a line takes, and the lines a row can show: spreadsheets end at 409 points."""


def _lines(value: Any, width: int) -> int:
    """Return how many lines a text takes in a column of some characters: programs do not fit rows they have not typed."""
    return sum(1 + len(line) // width for line in str(value).split("\n")) if isinstance(value, str) else 1


def _summary(page: Worksheet, report: Report, _places: Mapping[str, Cell]) -> None:
    lang = report.lang
    _put(page, 1, [phrase("results_title", lang)], bold=True, boxed=False)
    page.cell(1, 1).font = Font(name=_FONT, size=16, bold=True)
    total = phrase("total", lang, subjects=len(report.subjects), rules=report.rules_in_force)
    outcomes = ", ".join(f"{count} {phrase(name, lang)}" for name, count in report.by_outcome.items())
    packs = ", ".join(f"{pack['pack']} {pack['version']} ({pack['digest']})" for pack in report.rulebook)
    texts = [f"{total}: {outcomes}.", f"{phrase('rulebook', lang)}: {packs}", *report.notices, phrase("inform", lang)]
    for row, text in enumerate(texts, 2):
        _put(page, row, [text], boxed=False)
        page.merge_cells(start_row=row, end_row=row, start_column=1, end_column=5)
    firm = Counter(finding.level for finding in report.findings if not finding.provisional)
    provisional = Counter(finding.level for finding in report.findings if finding.provisional)
    top = len(texts) + 3
    levels: list[list[str | int]] = [[phrase(level, lang), firm[level], provisional[level]] for level in LEVELS]
    _table(page, top, ("level", "findings", "provisional_column"), levels, lang)
    for row, level in enumerate(LEVELS, top + 1):
        page.cell(row, 1).fill = PatternFill("solid", fgColor=COLOURS[level])
    _table(page, top := top + len(levels) + 2, ("about", "id_word", "as_of", "findings", "worst_level"), _subjects(report), lang)
    if report.rejected:
        rejected = [[place["where"], reason_text(place["reason"], lang)] for place in report.rejected]
        _table(page, top + len(report.subjects) + 2, ("rejected", "why_word"), rejected, lang)
    _laid_out(page, (52, 34, 20, 14, 30))


def _table(page: Worksheet, top: int, headings: Iterable[str], rows: Iterable[Sequence[str | int]], lang: str) -> None:
    _put(page, top, [phrase(heading, lang) for heading in headings], bold=True, fill="DDEBF7")
    for row, values in enumerate(rows, top + 1):
        _put(page, row, values)


def _subjects(report: Report) -> Iterator[list[str | int]]:
    of_subject: dict[str, list[Level]] = {}
    for finding in report.findings:
        of_subject.setdefault(finding.subject, []).append(finding.level)
    for line in report.subjects:
        levels = of_subject.get(line.id, [])
        worst = phrase(min(levels, key=LEVELS.index), report.lang) if levels else "–"
        yield [line.title, line.id, day_text(line.as_of, report.lang), len(levels), worst]


def _findings(page: Worksheet, report: Report, places: Mapping[str, Cell]) -> None:
    lang = report.lang
    titles = {line.id: line.title for line in report.subjects}
    states = {one.fingerprint: one.state for one in report.follow_up.findings} if report.follow_up is not None else {}
    _put(page, 1, [phrase(column, lang) for column in COLUMNS], bold=True, fill="DDEBF7")
    for row, finding in enumerate(report.findings, 2):
        told = _told(finding, titles.get(finding.subject, finding.subject), lang)
        state = states.get(finding.fingerprint)
        told["follow_up"] = phrase(f"follow_{state}", lang) if state is not None else ""
        place = places.get(finding.fingerprint)
        told["where"] = f"{place.sheet}!{get_column_letter(place.column)}{place.row}" if place is not None else ""
        _put(page, row, [told[column] for column in COLUMNS])
        page.cell(row, 1).fill = PatternFill("solid", fgColor=COLOURS[finding.level])
        if place is not None:
            _linked(page, row, COLUMNS.index("where") + 1, place)
    _laid_out(page, (16, 26, 36, 24, 18, 36, 32, 32, 28, 22, 14, 16, 12, 36, 36, 22, 16, 20), heading=1)
    page.page_setup.paperSize, page.print_area = (
        8,
        f"A1:{get_column_letter(COLUMNS.index('answers') + 1)}{len(report.findings) + 1}",
    )
    page.auto_filter.ref = f"A1:{get_column_letter(len(COLUMNS))}{max(len(report.findings) + 1, 2)}"


def _told(finding: Finding, about: str, lang: str) -> dict[str, str]:
    ways = ("; ".join(change.text for change in way) for way in finding.mended_by)
    return {
        "level": phrase(finding.level, lang),
        "title": finding.title,
        "message": finding.message,
        "about": about if about == finding.subject else f"{about} [{finding.subject}]",
        "evidence": "\n".join(f"{evidence.label}: {evidence.text}" for evidence in finding.evidence),
        "article": "\n".join(dict.fromkeys(cite(citation, lang) for citation in finding.provisions)),
        "do": finding.remedy,
        "mended_by": f"\n{phrase('or', lang)}\n".join(ways),
        "answers": finding.responsible,
        "as_of": day_text(finding.as_of, lang),
        "provisional_column": value_text(True, None, lang) if finding.provisional else "",
        "note": "\n".join(finding.notes),
        "questions": "\n".join(finding.questions),
        "rule": finding.rule,
        "rule_version": finding.rule_version,
        "fingerprint": finding.fingerprint,
    }


def _linked(page: Worksheet, row: int, column: int, place: Cell) -> None:
    cell = page.cell(row, column)
    sheet = place.sheet.replace("'", "''")
    cell.hyperlink = f"#'{sheet}'!{get_column_letter(place.column)}{place.row}"
    cell.font = Font(name=_FONT, size=12, underline="single", color="0563C1")


def _missing(page: Worksheet, report: Report, _places: Mapping[str, Cell]) -> None:
    lang = report.lang
    heads = ("state_word", "about", "place_word", "settles_word", "title")
    _put(page, 1, [phrase(head, lang) for head in heads], bold=True, fill="DDEBF7")
    rules: dict[str, dict[str, None]] = {}
    for finding in report.findings:
        for wait in (finding.waits_for or ((),))[0]:
            for path in wait.missing:
                rules.setdefault(f"{finding.subject}: {path}", {})[finding.title] = None
    subjects = {line.id: line.title for line in report.subjects}
    for row, (place, ask, count) in enumerate(report.questions(), 2):
        subject = next((name for name in subjects if place.startswith(f"{name}: ")), "")
        titles = "\n".join(rules.get(place, ()))
        _put(page, row, [ask or place, subjects.get(subject, ""), place.removeprefix(f"{subject}: "), count, titles])
    _laid_out(page, (44, 40, 34, 14, 70), heading=1)


def _follow_up(page: Worksheet, report: Report, _places: Mapping[str, Cell]) -> None:
    """Write what became of the findings of earlier runs, of those that are gone too."""
    assert report.follow_up is not None, "the sheet is made only where there is one"
    for row, line in enumerate(follow_up_lines(report.follow_up, report.lang), 1):
        _put(page, row, [line], bold=row == 1, boxed=False)
    _laid_out(page, (150,))
