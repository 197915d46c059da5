"""Workbooks are read as offices keep them, and what cannot be read is told by its sheet and row."""

import os
import unicodedata
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from cadre_rules.dossier.people import Appointment
from cadre_rules.dossier.reading import read_dossier
from cadre_rules.sources.batches import read_batches, read_models
from cadre_rules.sources.files import Rejected
from tabled import stated

Sheet = list[list[Any]]
ROWS = int(os.environ.get("CADRE_RULES_ROWS") or 2_000)
"""Rows of the large workbook; 200,000 where all is shown."""


def book(folder: Path, sheets: Mapping[str, Sheet], merged: Mapping[str, list[tuple[int, int, int, int]]] | None = None) -> Path:
    """Write a workbook; merged ranges are (top, left, bottom, right) from 0 and hold the value of their first cell."""
    path = folder / "a.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        day = workbook.add_format({"num_format": "dd/mm/yyyy"})
        percent = workbook.add_format({"num_format": "0.00%"})
        for name, rows in sheets.items():
            sheet = workbook.add_worksheet(name)
            for top, left, bottom, right in (merged or {}).get(name, []):
                sheet.merge_range(top, left, bottom, right, "")
            for at, row in enumerate(rows):
                for column, cell in enumerate(row):
                    if isinstance(cell, date):
                        sheet.write_datetime(at, column, cell, day)
                    elif isinstance(cell, float):
                        sheet.write_number(at, column, cell, percent)
                    elif cell is not None:
                        sheet.write(at, column, cell)
    return path


def rows_of(path: Path, **options: Any) -> list[dict[str, Any]]:
    return [stated(row) for batch in read_batches(path, **options) for row in batch.frame.to_dicts()]


def told(path: Path) -> list[tuple[str, str]]:
    rejected = [one for batch in read_batches(path) for one in batch.rejected]
    return [(one.where.removeprefix(f"{path}: "), one.reason) for one in rejected]


HEADING = ["Số QĐ", "Loại quyết định"]


@pytest.mark.parametrize(
    ("heading", "cell", "field", "value"),
    [
        ("Họ và tên", "  Nguyễn   Thị A ", "name", "Nguyễn Thị A"),
        ("HỌ TÊN", unicodedata.normalize("NFD", "Nguyễn Thị Ấn"), "name", "Nguyễn Thị Ấn"),
        (unicodedata.normalize("NFD", "Ngày tháng năm sinh"), "12/03/1980", "birth_date", date(1980, 3, 12)),
        ("Ngày, tháng, năm sinh", date(1980, 3, 12), "birth_date", date(1980, 3, 12)),
        ("Ngày sinh", 29292, "birth_date", date(1980, 3, 12)),
        ("Năm sinh", 1980, "birth_date", 1980),
        ("Năm sinh", "1980", "birth_date", 1980),
        ("Giới tính", "Nữ", "sex", "female"),
        ("Quê quán", "xã Yên Trung, huyện Yên Phong, tỉnh Hà Bắc", "home_town", {"province": "tỉnh Hà Bắc", "district": "huyện Yên Phong", "commune": "xã Yên Trung"}),
        ("Quê quán tỉnh", "Hà Bắc", "home_town", {"province": "Hà Bắc"}),
        ("Dân tộc", "Tày", "ethnicity", "Tày"),
        ("Tôn giáo", "Không", "religion", "Không"),
        ("Trình độ chuyên môn", "Thạc sĩ", "degree", "master"),
        ("Trình độ LLCT", "Cao cấp", "theory", "advanced"),
        ("Lý luận chính trị", "Cử nhân chính trị", "theory", "bachelor"),
        ("QLNN", "Chuyên viên chính", "state_management", "principal"),
        ("Ngày vào Đảng", "19/5/2006", "party_joined_on", date(2006, 5, 19)),
        ("Mã cán bộ", 417, "id", "417"),
        ("Là đảng viên", "x", "party_member", True),
        ("Là đảng viên", True, "party_member", True),
    ],
)  # fmt: skip
def test_headings_as_commonly_written_are_known(heading: str, cell: Any, field: str, value: Any, tmp_path: Path) -> None:
    path = book(tmp_path, {"Quyết định": [[*HEADING, heading], ["1", "bổ nhiệm", cell]]})
    person = {"id": value} if field == "id" else {field: value}
    raw = {"kind": "appointment", "id": "1", "decision": "appointment", "person": person}
    (dossier,) = (one for one in read_models(path) if isinstance(one, Appointment))
    assert stated(dossier.model_dump()) == stated(read_dossier(raw).model_dump())


TITLE = [["TỈNH ỦY …"], ["DANH SÁCH BỔ NHIỆM NĂM 2024"], []]
TWO_ROWS: Sheet = [
    ["STT", "Số QĐ", "Loại quyết định", "Ngày tháng năm sinh", None, "Trình độ", None, "Đơn vị"],
    [None, None, None, "Nam", "Nữ", "Chuyên môn", "LLCT", None],
    [1, 2, 3, 4, 5, 6, 7, 8],
    ["I. KHỐI ĐẢNG"],
    [1, "q1", "bổ nhiệm", "12/03/1980", None, "Đại học", "Cao cấp", "Sở A"],
    [2, "q2", "bổ nhiệm", None, 1975, "Thạc sĩ", None, None],
    [],
    [3, "q3", "bổ nhiệm", "1970", 1975, "Thạc sĩ", None, "Sở B"],
    [4, "q4", "bổ nhiệm", None, "02/1976", "Đại hok", None, "Sở B"],
    ["Tổng cộng", None, None, 2, 1],
]
MERGED = [(1, 0, 1, 7), (3, 3, 3, 4), (3, 5, 3, 6), (6, 0, 6, 7), (7, 7, 8, 7)]
MERGED += [(3, column, 4, column) for column in (0, 1, 2, 7)]


def test_titles_two_rows_of_headings_and_merged_cells_are_understood(tmp_path: Path) -> None:
    path = book(tmp_path, {"Danh sách bổ nhiệm": TITLE + TWO_ROWS}, {"Danh sách bổ nhiệm": MERGED})
    first, second = rows_of(path)
    assert (first["_row"], first["id"], first["person"]["sex"], first["person"]["theory"]) == (8, "q1", "male", "advanced")
    assert (second["_row"], second["id"], second["person"]["sex"], second["person"]["degree"]) == (9, "q2", "female", "master")
    assert [row["post"]["unit"] for row in (first, second)] == ["Sở A", "Sở A"]
    assert second["person"]["birth_date"] == {"earliest": "1975-01-01", "latest": "1975-12-31"}
    assert told(path) == [
        ("Danh sách bổ nhiệm:11", "both the column for men and the one for women are filled"),
        ("Danh sách bổ nhiệm:13", "both the column for men and the one for women are filled"),
        ("Danh sách bổ nhiệm:12: q4: person.degree", "'Đại hok' is not a known code; did you mean 'university'?"),
    ]


def test_men_and_women_may_be_marked_by_a_cross(tmp_path: Path) -> None:
    rows: Sheet = [["Số QĐ", "Loại quyết định", "Giới tính", None], [None, None, "Nam", "Nữ"], ["1", "bổ nhiệm", None, "x"]]
    path = book(tmp_path, {"Quyết định": rows}, {"Quyết định": [(0, 2, 0, 3)]})
    assert rows_of(path)[0]["person"] == {"sex": "female"}


@pytest.mark.parametrize("serial", [1900, 1980, 2006, 2100])
def test_a_year_that_a_sheet_took_for_a_day_is_asked_for_rather_than_read_as_that_day(serial: int, tmp_path: Path) -> None:
    day = date(1899, 12, 30) + timedelta(days=serial)
    path = book(tmp_path, {"Quyết định": [[*HEADING, "Ngày sinh", "Ngày quyết định"], ["1", "bổ nhiệm", day, date(2024, 3, 5)]]})
    ((where, reason),) = told(path)
    assert (where, f"the cell holds {day}, as a year does" in reason) == ("Quyết định:2: 1: person.birth_date", True)


@pytest.mark.parametrize(
    ("cell", "percent"),
    [("24,01 %", 2401), (24, 2400), ("24.01", 2401), (0, 0), (0.2401, None), (1, None), ("0.5", None)],
)
def test_a_percentage_a_sheet_stores_as_a_fraction_is_refused_not_guessed(cell: Any, percent: int | None, tmp_path: Path) -> None:
    sheets = {"statistics": [["id", "unit"], ["s", "Tỉnh A"]], "figures": [["statistics_id", "id", "percent"], ["s", "f", cell]]}
    path = book(tmp_path, sheets)
    if percent is None:
        ((where, reason),) = told(path)
        assert (where, "write 24,01 %" in reason) == ("figures:2: s: percent", True)
    else:
        assert rows_of(path)[0]["figures"][0].get("percent", 0) == percent


def test_sheets_are_joined_by_id_and_rows_of_nobody_are_told(tmp_path: Path) -> None:
    sheets: dict[str, Sheet] = {
        "Quyết định": [[*HEADING, "Mã cán bộ"], ["q1", "bổ nhiệm", "c1"]],
        "Quá trình công tác": [
            ["Mã cán bộ", "Từ tháng năm", "Đến tháng/năm", "Chức danh"],
            ["c1", "03/2001", 2010, "Chuyên viên"],
        ],
        "Kỷ luật": [["Mã cán bộ", "Hình thức"], ["c2", "khiển trách"]],
        "Ghi chú chung": [["bất kỳ"]],
        "Trống": [],
    }
    path = book(tmp_path, sheets)
    (row,) = rows_of(path)
    assert row["person"]["posts"][0]["end"] == {"earliest": "2010-01-01", "latest": "2010-12-31"}
    assert told(path) == [
        ("Ghi chú chung", "no such table; it is not read"),
        ("Kỷ luật:2: c2: Mã cán bộ", "no dossier has a row with this id"),
    ]


@pytest.mark.parametrize(
    ("sheets", "where", "reason"),
    [
        ({"Quyết định": [HEADING, ["1", "thăng chức"]]}, "Quyết định:2: 1: decision", "is not a known code"),
        ({"Quyết định": [[*HEADING, "Ngày sinh"], ["1", "bổ nhiệm", "31/02/1980"]]}, "Quyết định:2: 1: person.birth_date", "not a date"),
        ({"Quyết định": [[*HEADING, "Ngày sin"], ["1", "bổ nhiệm", "1980"]]}, "Quyết định: Ngày sin", "did you mean 'person.birth_date'?"),
        ({"Quyết định": [[*HEADING, "Cấp"], ["1", "bổ nhiệm", "1980"]]}, "Quyết định: Cấp", "can mean"),
        ({"Quyết định": [HEADING, ["1", "bổ nhiệm"]], "Kỷ luật": [["x"], ["y"]]}, "Kỷ luật", "no heading that is known"),
        ({"Quyết định": [HEADING, ["1", "bổ nhiệm"], ["1", "bổ nhiệm"]]}, "Quyết định:3: 1: id", "has this id"),
        ({"Quyết định": [HEADING, [None, "bổ nhiệm"]]}, "Quyết định:2: ?: id", "is required"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_by_sheet_and_row(
    sheets: Mapping[str, Sheet], where: str, reason: str, tmp_path: Path
) -> None:
    ((place, why),) = told(book(tmp_path, sheets))
    assert place == where
    assert reason in why


def test_a_sheet_by_another_name_is_known_by_its_headings_and_its_rows_by_their_number(tmp_path: Path) -> None:
    path = book(tmp_path, {"Sheet1": [["STT", "Họ và tên", "Loại quyết định"], [1, "A", "bổ nhiệm"], [2, "B", "bổ nhiệm"]]})
    assert [row["id"] for row in rows_of(path)] == ["decisions:2", "decisions:3"]


def test_a_workbook_gives_check_the_dossiers_that_yaml_would(tmp_path: Path) -> None:
    path = book(tmp_path, {"Quyết định": [[*HEADING, "Năm sinh"], ["1", "bổ nhiệm", 1980], ["2", "x", 1980]]})
    rejected, dossier = sorted(read_models(path), key=lambda found: isinstance(found, Appointment))
    assert dossier == read_dossier({"kind": "appointment", "id": "1", "decision": "appointment", "person": {"birth_date": 1980}})
    assert isinstance(rejected, Rejected)


def test_a_large_workbook_is_read_and_every_row_that_cannot_be_is_named(tmp_path: Path) -> None:
    births = [
        "12/03/1980",
        "1975",
        date(1980, 3, 12),
        unicodedata.normalize("NFD", "Tháng 5 năm 1976"),
        None,
        "03/1976",
        " 1.2.1971 ",
    ]
    bad = {97: ("31/02/1980", "bổ nhiệm", "person.birth_date"), 101: ("1975", "thăng chức", "decision")}
    wrong: list[str] = []
    with xlsxwriter.Workbook(
        path := tmp_path / "a.xlsx", {"constant_memory": True, "default_date_format": "dd/mm/yyyy"}
    ) as workbook:
        sheet = workbook.add_worksheet("Quyết định")
        sheet.write_row(0, 0, [*HEADING, "Ngày sinh", "Họ và tên"])
        for row in range(1, ROWS + 1):
            born, decision, field = next(
                (told for every, told in bad.items() if row % every == 0), (births[row % 7], "Bổ nhiệm ", "")
            )
            wrong += [f"Quyết định:{row + 1}: q{row}: {field}"] if field else []
            sheet.write_row(row, 0, [f"q{row}", decision, born, f"Nguyễn Thị {row % 1000}"])
    batches = list(read_batches(path))
    assert [one.where.removeprefix(f"{path}: ") for batch in batches for one in batch.rejected] == wrong
    assert sum(batch.frame.height for batch in batches) == ROWS - len(wrong) > len(wrong) > 0
