"""Findings of an audit, told in tables in the words of a report."""

from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from cadre_rules.audits.kernel import BulkJudge
from cadre_rules.audits.parts import placed
from cadre_rules.audits.telling import FINDINGS
from cadre_rules.checks import check
from cadre_rules.dossier.frames import frame_of
from cadre_rules.dossier.reading import read_dossier
from cadre_rules.errors import SourceError
from cadre_rules.findings import Finding
from cadre_rules.reports import tables
from cadre_rules.reports.tables import COLUMNS, guarded, tell, write_findings
from cadre_rules.reports.text import cite
from cadre_rules.rulebook.model import Rulebook
from cadre_rules.sources.batches import Batch
from cadre_rules.sources.files import Rejected, read_dossiers
from cadre_rules.wording import day_text, phrase
from small import TODAY, appointment, small, vn

ROOT = Path(__file__).parent.parent
FIXTURES = sorted(ROOT.glob("fixtures/*.yaml"))


def judged(given: list[Any], rulebook: Rulebook, as_of: Any = "decision") -> pl.DataFrame:
    """What the kernel finds in dossiers, with where they stood and who decides."""
    models = [read_dossier(raw) for raw in given]
    judge: BulkJudge = rulebook.compiled.setdefault("bulk", BulkJudge(rulebook))
    found = []
    for kind in dict.fromkeys(model.kind for model in models):
        frame = frame_of([model for model in models if model.kind == kind], kind).with_row_index("_row", 2)
        batch = Batch(kind, frame.cast({"_row": pl.UInt64}), "nguồn.xlsx")
        found.append(placed(judge.judge(kind, batch.frame, as_of=as_of, today=TODAY).findings, batch))
    return pl.concat(found) if found else pl.DataFrame(schema=FINDINGS | {"place": pl.String, "office": pl.String})


def said(finding: Finding, lang: str) -> dict[str, str]:
    """A finding of a report in the columns both tell in the same words."""
    told = {
        "title": finding.title,
        "level": phrase(finding.level, lang),
        "message": finding.message,
        "about": finding.subject,
        "evidence": "; ".join(f"{evidence.label}: {evidence.text}" for evidence in finding.evidence),
        "do": finding.remedy,
        "answers": finding.responsible,
        "article": "; ".join(dict.fromkeys(cite(citation, lang) for citation in finding.provisions)),
        "as_of": day_text(finding.as_of, lang),
        "rule": finding.rule,
        "rule_version": finding.rule_version,
        "fingerprint": finding.fingerprint,
    }
    return told if finding.outcome != "undetermined" else {name: text for name, text in told.items() if name != "do"}


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: str(path.stem))
def test_a_table_tells_a_finding_in_the_words_of_its_report(path: Path, lang: Any) -> None:
    given = [dossier for dossier in read_dossiers(str(path)) if not isinstance(dossier, Rejected)]
    rulebook = vn()
    told = tell(judged(given, rulebook), rulebook, lang).to_dicts()
    findings = {f.fingerprint: said(f, lang) for f in check(given, rulebook, today=TODAY, lang=lang).findings}
    heads = {dossier.authority.answering for dossier in given if dossier.authority is not None}
    findings = {mark: told for mark, told in findings.items() if told["about"] not in heads}
    assert {line["fingerprint"]: {name: line[name] for name in findings[line["fingerprint"]]} for line in told} == findings


def test_what_is_not_known_is_asked_for_by_the_names_of_the_facts() -> None:
    told = tell(judged([appointment(deputies_after=None)], small()), small(), "en")
    (asked,) = told.filter(pl.col("rule") == "deputies-limit")["do"]
    assert asked == "state Deputies"


def test_a_finding_stands_where_its_dossier_stood() -> None:
    assert tell(judged([appointment(deputies_after=9)], small()), small(), "vi")["where"].unique().to_list() == ["nguồn.xlsx:2"]


def test_a_csv_file_begins_as_excel_wants_utf_8(tmp_path: Path) -> None:
    path = write_findings([judged([appointment(id="=1+1", deputies_after=9)], small())], small(), tmp_path / "f.csv", "vi")
    body = path.read_bytes()
    assert body.startswith(b"\xef\xbb\xbfM\xe1\xbb\xa9c,")
    assert pl.read_csv(path)["Đối tượng"].to_list()[0] == "'=1+1"


def test_a_workbook_holds_texts_and_no_formula(tmp_path: Path) -> None:
    findings = judged([appointment(id="=1+1", deputies_after=9)], small())
    path = write_findings([findings], small(), tmp_path / "f.xlsx", "vi")
    (sheet,) = openpyxl.load_workbook(path)
    heading, *rows = sheet.iter_rows()
    assert [cell.value for cell in heading] == [phrase(column, "vi") for column in COLUMNS]
    assert len(rows) == findings.height
    assert {cell.data_type for row in rows for cell in row} <= {"s", "n", "inlineStr"}
    assert rows[0][COLUMNS.index("about")].value == "=1+1"


def test_the_same_findings_give_the_same_workbook(tmp_path: Path) -> None:
    findings = judged([appointment(deputies_after=9)], small())
    one, two = (write_findings([findings], small(), tmp_path / name, "vi").read_bytes() for name in ("a.xlsx", "b.xlsx"))
    assert one == two


def test_a_full_sheet_is_followed_by_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "SHEET_ROWS", 4)
    findings = judged([appointment(id=f"hs-{number}", deputies_after=9) for number in range(5)], small())
    book = openpyxl.load_workbook(write_findings([findings], small(), tmp_path / "f.xlsx", "vi"))
    sizes = [sheet.max_row - 1 for sheet in book]
    assert sum(sizes) == findings.height
    assert set(sizes[:-1]) == {3}
    assert book.sheetnames[:2] == ["Phát hiện 1", "Phát hiện 2"]


def test_a_text_longer_than_a_cell_is_cut_and_shows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "CELL", 10)
    path = write_findings([judged([appointment(deputies_after=9)], small())], small(), tmp_path / "f.xlsx", "en")
    (sheet,) = openpyxl.load_workbook(path)
    assert str(sheet.cell(2, COLUMNS.index("fingerprint") + 1).value).endswith("…")


@pytest.mark.parametrize("name", ["f.csv", "f.xlsx"])
def test_nothing_found_still_gives_a_table(tmp_path: Path, name: str) -> None:
    write_findings([judged([], small())], small(), tmp_path / name, "vi")
    assert (tmp_path / name).stat().st_size > 0


@pytest.mark.parametrize("name", ["f.csv", "f.xlsx"])
def test_a_table_that_cannot_be_written_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError, match=r"cannot be written"):
        write_findings([judged([], small())], small(), tmp_path / "missing" / name, "vi")


def test_a_version_of_a_definition_words_its_own_days() -> None:
    findings = judged([appointment(deputies_after=9, days={"process_started": "2020-02-01", "decided": "2020-06-01"})], small())
    assert findings["as_of"].to_list()[0] <= date(2020, 6, 1)
    assert "…" not in "".join(tell(findings, small(), "vi")["message"])


@pytest.mark.parametrize(
    ("cell", "safe"), [("=1", "'=1"), ("+1", "'+1"), ("-a", "'-a"), ("@x", "'@x"), ("a=1", "a=1"), (None, None)]
)
def test_a_cell_is_never_a_formula(cell: str | None, safe: str | None) -> None:
    table = guarded(pl.DataFrame({"cell": [cell], "count": [-1]}, schema={"cell": pl.String, "count": pl.Int64}))
    assert table.row(0) == (safe, -1)
