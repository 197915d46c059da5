"""The packs that are shipped, the example of a province among them, and the readings of "a local" a province may choose."""

from pathlib import Path

import pytest

from cadre_rules.cli import main
from cadre_rules.cli.outputs import CLEAN
from cadre_rules.rulebook.loading import load_rulebook

PACKS = Path(__file__).parent / "packs"
SHIPPED = sorted(folder.name for folder in (Path(__file__).parent.parent / "rules").iterdir() if folder.is_dir())


@pytest.mark.once
@pytest.mark.parametrize("pack", [*SHIPPED, str(PACKS / "by-birthplace")])
@pytest.mark.parametrize("command", ["lint", "test"])
def test_a_pack_is_without_mistakes_and_its_cases_hold(pack: str, command: str) -> None:
    assert main([command, pack]) == CLEAN


def test_the_example_tightens_chooses_and_switches_off() -> None:
    book = load_rulebook("province-example")
    assert [loaded.pack.name for loaded in book.packs] == ["vn", "province-example"]
    assert [(held.value, held.provision) for held in book.parameters["people_per_planned_title"]] == [
        (3, "P377-02"),
        (2, "EX-02"),
    ]
    assert [(off.rule, off.provision) for off in book.switched_off] == [("planning-structure", "EX-04")]
