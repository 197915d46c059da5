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
pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(not (SOFFICE and PDFTOTEXT), reason="needs soffice (LibreOffice) and pdftotext (poppler)"),
]

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


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Print all in one start of the office, which takes longer than what it prints."""
    folder, rulebook = tmp_path_factory.mktemp("printed"), vn()
    fixture = Path(__file__).parent.parent / "fixtures/five-breaches.yaml"
    dossiers = [one for one in read_dossiers(str(fixture)) if not isinstance(one, Rejected)]
    report = check(dossiers, rulebook, today=date(2026, 8, 31))
    filled = render_template(["appointment"], rulebook, "vi", dossiers)
    for name, (write, _) in WRITTEN.items():
        (folder / name).write_bytes(write(report, rulebook, filled))
    settings = f"-env:UserInstallation={(folder / 'settings').as_uri()}"
    files = [str(folder / name) for name in WRITTEN]
    convert = [str(SOFFICE), settings, "--headless", "--convert-to", "pdf", "--outdir", str(folder), *files]
    subprocess.run(convert, check=True, capture_output=True, timeout=300)
    return folder


@pytest.mark.parametrize("name", WRITTEN)
def test_it_opens_and_prints(name: str, printed: Path) -> None:
    page = (printed / name).with_suffix(".pdf")
    told = subprocess.run([str(PDFTOTEXT), "-layout", str(page), "-"], check=True, capture_output=True)
    text = "".join(told.stdout.decode().split())
    assert [said for said in WRITTEN[name][1] if "".join(said.split()) not in text] == []
