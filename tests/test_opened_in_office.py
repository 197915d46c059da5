"""Workbooks and documents open in LibreOffice, where it is installed, and come out as pages that say what they say."""

import shutil
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from cadre_rules import check
from cadre_rules.findings import Report
from cadre_rules.office.documents import render_note
from cadre_rules.office.results import render_workbook
from cadre_rules.office.templates import render_template
from cadre_rules.rulebook.model import Rulebook
from cadre_rules.sources.files import Rejected, read_dossiers
from small import vn

SOFFICE, PDFTOTEXT = shutil.which("soffice"), shutil.which("pdftotext")
pytestmark = pytest.mark.skipif(not (SOFFICE and PDFTOTEXT), reason="needs soffice (LibreOffice) and pdftotext (poppler)")

WRITTEN: dict[str, tuple[Callable[[Report, Rulebook, bytes], bytes], tuple[str, ...]]] = {
    "template.xlsx": (lambda report, rulebook, filled: filled, ("MẪU NHẬP HỒ SƠ", "hs-2024-117", "ministry_department_head")),
    "results.xlsx": (
        lambda report, rulebook, filled: render_workbook(report, filled),
        ("KẾT QUẢ XÉT HỒ SƠ", "Số cấp phó sau quyết định là 4"),
    ),
    "state.docx": (
        lambda report, rulebook, filled: render_note(report),
        ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Nơi nhận:", "Nhận xét"),
    ),
    "party.docx": (lambda report, rulebook, filled: render_note(report, "party"), ("ĐẢNG CỘNG SẢN VIỆT NAM", "T/M CƠ QUAN")),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_it_opens_and_prints(name: str, tmp_path: Path) -> None:
    write, said = WRITTEN[name]
    rulebook = vn()
    fixture = Path(__file__).parent.parent / "fixtures/five-breaches.yaml"
    dossiers = [one for one in read_dossiers(str(fixture)) if not isinstance(one, Rejected)]
    report = check(dossiers, rulebook, today=date(2026, 8, 31))
    path = tmp_path / name
    path.write_bytes(write(report, rulebook, render_template(["appointment"], rulebook, "vi", dossiers)))
    settings = f"-env:UserInstallation={(tmp_path / 'settings').as_uri()}"
    convert = [str(SOFFICE), settings, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), str(path)]
    subprocess.run(convert, check=True, capture_output=True, timeout=300)
    printed = subprocess.run([str(PDFTOTEXT), "-layout", str(path.with_suffix(".pdf")), "-"], check=True, capture_output=True)
    pages = "".join(printed.stdout.decode().split())
    assert [text for text in said if "".join(text.split()) not in pages] == []
