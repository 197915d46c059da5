"""A workbook to fill in is written from the tables and headings it is read back by, and reads back as it was filled in."""

import json
from collections.abc import Sequence
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.cell.cell import Cell

from cadre_rules import check
from cadre_rules.cli.outputs import CLEAN, MISUSED, UNREADABLE
from cadre_rules.dossier.kinds import Dossier
from cadre_rules.dossier.models import DOSSIERS
from cadre_rules.dossier.reading import read_dossier
from cadre_rules.dossier.values import CODES
from cadre_rules.errors import SourceError
from cadre_rules.names import fold
from cadre_rules.office.legend import rules_by_field
from cadre_rules.office.templates import render_template, sheets_of
from cadre_rules.rulebook.model import Rulebook
from cadre_rules.sources.batches import read_models
from cadre_rules.sources.files import Rejected, read_dossiers
from cadre_rules.sources.headings import meaning_of
from cadre_rules.sources.levels import SHEET_NAME
from command import run

FIXTURES = sorted((Path(__file__).parent.parent / "fixtures").glob("*.yaml"))
TODAY = date(2026, 8, 31)


def read(path: Path) -> list[Dossier]:
    found = list(read_models(path) if path.suffix == ".xlsx" else read_dossiers(str(path)))
    assert not [one for one in found if isinstance(one, Rejected)]
    return [one for one in found if not isinstance(one, Rejected)]


def filled(dossiers: Sequence[Dossier], rulebook: Rulebook, folder: Path, lang: str = "vi") -> Path:
    path = folder / "filled.xlsx"
    path.write_bytes(render_template([dossier.kind for dossier in dossiers], rulebook, lang, dossiers))
    return path


def told(dossiers: Sequence[Dossier], rulebook: Rulebook) -> Any:
    return json.loads(check(dossiers, rulebook, today=TODAY).to_json())


def disciplined(dossier: Dossier) -> Any:
    return getattr(getattr(dossier, "person", None), "discipline", None)


def appointment(**stated: Any) -> Dossier:
    return read_dossier({"kind": "appointment", "id": "q1", "decision": "appointment"} | stated)


@pytest.mark.parametrize("lang", ["vi", pytest.param("en", marks=pytest.mark.once)])
def test_a_template_filled_with_every_fixture_gives_the_same_findings(lang: str, vn: Rulebook, tmp_path: Path) -> None:
    dossiers = [dossier for path in FIXTURES for dossier in read(path)]
    by_kind = sorted(dossiers, key=lambda dossier: list(DOSSIERS).index(dossier.kind))
    again = read(filled(by_kind, vn, tmp_path, lang))
    assert {dossier.kind for dossier in again} == set(DOSSIERS)
    assert again == by_kind
    assert told(again, vn) == told(by_kind, vn)


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("kind", DOSSIERS)
def test_every_sheet_and_heading_of_a_template_means_what_it_is_over(kind: str, lang: str) -> None:
    for sheet in sheets_of([kind], lang):
        assert len(sheet.name) <= SHEET_NAME
        assert all(fold(sheet.name) in level.called for level in sheet.levels)
        assert len({fold(column.heading) for column in sheet.columns}) == len(sheet.columns)
        for column in sheet.columns:
            assert (meaning_of(column.heading, sheet.levels[0].model) or ()) == column.path
            if column.owner is not None:
                assert any(fold(column.heading) in names for level in sheet.levels for names, _ in level.links)


@pytest.mark.parametrize("name", CODES)
def test_every_code_is_read_back_from_its_words(name: str) -> None:
    for code, words in CODES[name].names.items():
        assert [CODES[name].parse(word) for word in words] == [code, code]


def test_of_a_post_its_regime_and_code_come_first() -> None:
    decisions = next(sheet for sheet in sheets_of(["appointment"], "vi") if not sheet.levels[0].path)
    posts = [column.path[1] for column in decisions.columns if column.group == "post"]
    assert posts[:2] == ["regime", "code"]


def test_a_template_has_lists_checks_comments_and_marks(vn: Rulebook) -> None:
    book = openpyxl.load_workbook(BytesIO(render_template(["appointment"], vn, "vi")))
    assert book["Danh mục chọn"].sheet_state == "hidden"
    assert book.sheetnames[0] == "Hướng dẫn điền"
    page = book["Quyết định"]
    assert page.freeze_panes == "B3"
    heads = {str(cell.value): cell for cell in page[2] if isinstance(cell, Cell)}
    comment = heads["Chế độ pháp lý của chức vụ"].comment
    assert comment is not None
    assert "Quy tắc cần đến:" in comment.text
    assert "quy tắc nữa" in comment.text
    assert heads["Loại quyết định"].fill.fgColor.rgb != heads["Tiêu đề"].fill.fgColor.rgb
    checks = {str(check.sqref).partition(":")[0]: check for check in page.data_validations.dataValidation}
    decision, day = (heads[name].column_letter for name in ("Loại quyết định", "Ngày quyết định"))
    assert checks[f"{decision}3"].formula1.startswith("'Danh mục chọn'!")
    assert checks[f"{day}3"].type == "date"
    assert page.column_dimensions[heads["Chức vụ"].column_letter].width > 10


def test_a_comment_counts_the_rules_that_read_a_column(vn: Rulebook) -> None:
    readers = rules_by_field(vn)
    for place in [("appointment", ("person", "kin", "relation")), ("figure", ("part",)), ("planning_entry", ("birth_date",))]:
        assert readers[place]
        assert all(place[0] in rule.subject for rule in readers[place])
    assert {rule.id for rule in readers["appointment", ("exceptions", "rule")]} == {
        rule.id for rule in vn.rules if rule.exception is not None and "appointment" in rule.subject
    }


HOSTILE = [
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2",
    "@SUM(A1)",
    "<script>alert(1)</script>",
    "{{ 7 * 7 }}{% for x in y %}",
    "\u202eABC\u200f",
    "A" * 10_000,
    "Ch\u01b0\u0303ng\x01\x0b\x1f_x0041_",
]  # fmt: skip


def hostile(text: str) -> Dossier:
    """Return a dossier that says a text wherever it can, and in which there is something to find."""
    stated = {"id": text[:200], "title": text, "authority": {"office": text, "head": text}, "post": {"title": text, "unit": text}}
    return appointment(**stated, deputies_allowed=1, deputies_after=2, person={"name": text, "kin": [{"name": text}]})


def test_a_hostile_text_is_a_text_and_reads_back(vn: Rulebook, tmp_path: Path) -> None:
    kin = [{"name": text, "relation": "spouse"} for text in HOSTILE]
    dossiers = [appointment(id=f"q{n}", title=text, person={"name": text, "kin": kin}) for n, text in enumerate(HOSTILE)]
    path = filled(dossiers, vn, tmp_path)
    assert read(path) == dossiers
    cells = [cell for page in openpyxl.load_workbook(path) for row in page.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]


@pytest.mark.parametrize(
    ("dossiers", "said"),
    [
        ([appointment(title="A" * 40_000)], "a cell of a workbook holds 32,767 characters, this text has 40,000"),
        ([appointment(), appointment()], "the id 'q1' is there twice"),
        (
            [read_dossier({"kind": "unit", "id": f"u{n}", "leaders": [{"id": "l1"}]}) for n in (1, 2)],
            "the id 'l1' is there twice",
        ),
    ],
)
def test_what_no_workbook_can_hold_is_told(dossiers: list[Dossier], said: str, vn: Rulebook, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=said):
        filled(dossiers, vn, tmp_path)


def test_none_and_unknown_and_a_contradiction_are_told_apart(vn: Rulebook, tmp_path: Path) -> None:
    dossiers = [appointment(person={"discipline": []}), appointment(id="q2", person={"discipline": [{"form": "cảnh cáo"}]})]
    path = filled([*dossiers, appointment(id="q3")], vn, tmp_path)
    assert [len(listed) if listed is not None else None for listed in map(disciplined, read(path))] == [0, 1, None]
    book = openpyxl.load_workbook(path)
    book["Kỷ luật"]["B3"] = "x"
    book.save(path)
    found = list(read_models(path))
    reasons = [one.reason for one in found if isinstance(one, Rejected)]
    assert reasons == ["says there is none, yet a row states one; leave it blank, or the others out"]
    assert [one.id for one in found if not isinstance(one, Rejected)] == ["q1", "q3"]


@pytest.mark.once
def test_the_command_writes_a_template_that_check_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blank, full = str(tmp_path / "blank.xlsx"), str(tmp_path / "full.xlsx")
    assert run(["template", "--output", blank], capsys) == (CLEAN, "")
    assert run(["check", blank], capsys) == (
        UNREADABLE,
        f"cadre-rules: {blank}: holds no dossier; fill in a row of its first sheet\n",
    )
    assert run(["template", "-o", full, "--from", str(FIXTURES[0])], capsys) == (CLEAN, "")
    assert run(["check", full], capsys)[0] == run(["check", str(FIXTURES[0])], capsys)[0]
    status, said = run(["template", "appointmen", "-o", full], capsys)
    assert (status, "'appointmen' is no kind of dossier" in said) == (MISUSED, True)
    assert run(["template", "-o", full, "--from", str(tmp_path / "absent.yaml")], capsys)[0] == UNREADABLE
    assert run(["template", "-o", str(tmp_path / "no" / "such.xlsx")], capsys)[0] == UNREADABLE
