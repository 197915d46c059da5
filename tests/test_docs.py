"""The documentation says what is so."""

import importlib.util
import re
import shlex
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

from cadre_rules import check
from cadre_rules.cli import main
from cadre_rules.rulebook.loading import examine
from cadre_rules.rulebook.reading import read_cases
from cadre_rules.rulebook.yaml import read_yaml
from small import vn

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.once
def test_generated_pages_are_current() -> None:
    for name, text in generator().pages().items():
        if name == "command-line.md" and sys.version_info[:2] != (3, 11):
            continue  # argparse words its help a little differently in every version
        assert (ROOT / "docs/reference" / name).read_text("utf-8") == text, f"{name}: run docs/generate.py"


def test_every_problem_code_is_documented_and_used() -> None:
    used = {code for path in ROOT.glob("src/**/*.py") for code in re.findall(r"\bRB\d{3}\b", path.read_text("utf-8"))}
    told = set(re.findall(r"^\| (RB\d{3}) ", (ROOT / "docs/reference/problems.md").read_text("utf-8"), re.MULTILINE))
    assert used == told


@pytest.mark.once
def test_every_row_of_the_criteria_has_rules() -> None:
    assert "**none**" not in generator().pages()["coverage.md"]


def test_the_tutorials_dossier_is_judged_as_it_says() -> None:
    text = (ROOT / "docs/tutorial.md").read_text("utf-8")
    block = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)[0]
    document, problems = read_yaml(block, Path("tutorial"))
    assert problems == []
    report = check(document.value, vn())
    asked = {place for place, _, _ in report.questions()}
    assert "hs-2021-014: person.home_town" in asked


def test_what_the_guide_shows_of_rule_files_lacks_nothing_but_what_it_names(tmp_path: Path) -> None:
    page = (ROOT / "docs/writing-rules.md").read_text("utf-8")
    _tree, text, left_out, *blocks = (block for block in re.findall(r"(?:^(?: {4}.*)?\n)+", page, re.MULTILINE) if block.strip())
    blocks.append(text.rstrip("\n") + left_out)
    for number, block in enumerate(blocks):
        name = "pack.yaml" if "extends:" in block else f"{number}.cases.yaml" if "cases:" in block else f"{number}.yaml"
        (tmp_path / name).write_text(block.replace("extends: vn", ""), "utf-8")
    assert len(blocks) == 6
    _, problems = examine(tmp_path)
    assert {problem.code for problem in problems} <= {"RB201", "RB301", "RB307", "RB308", "RB502", "RB503"}
    assert read_cases(tmp_path)[1] == []


def test_every_decision_has_its_page_in_the_index() -> None:
    folder = ROOT / "docs/decisions"
    index = (folder / "README.md").read_text("utf-8")
    assert {page.name for page in folder.glob("0*.md")} == set(re.findall(r"\((0[^)]+\.md)\)", index))


def test_the_readme_says_up_to_which_day_the_law_was_reviewed() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    for day in vn().reviewed_to.values():
        assert day.isoformat() in readme
        assert day.strftime("%d/%m/%Y") in readme


def test_the_walk_through_a_register_says_what_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (ROOT / "docs/follow-up.md").read_text("utf-8")
    shutil.copy(ROOT / "fixtures/leap-frog-without-papers.yaml", tmp_path / "proposal.yaml")
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```console\n(.*?)```", page, re.DOTALL)
    steps = [step.partition("\n") for block in blocks for step in block.split("$ cadre-rules ")[1:]]
    for command, _, told in steps:
        main(shlex.split(command))
        pattern = re.escape(told).replace("…\\\n", "(?:.*\n)*?").replace("…", ".*")
        printed = capsys.readouterr().out
        assert re.fullmatch(pattern, printed), f"{command}\n{printed}"
    assert len(steps) > 5
