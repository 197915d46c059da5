"""Counts of small groups cannot be read from a summary, nor computed from what else it shows."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadre_rules.audits.running import audit
from cadre_rules.audits.summing import by_level, count_by
from cadre_rules.audits.suppressing import OTHER, suppressed
from cadre_rules.cli import main
from cadre_rules.wording import LEVELS
from planting import raw_fixtures
from small import vn

pytestmark = pytest.mark.once
PARTS = (*LEVELS, "provisional")
CAME_OUT = ("satisfied", "violated", "excepted", "not_applicable", "undetermined")
FINDING = st.tuples(
    st.sampled_from(("r1", "r2", "r3")),
    st.sampled_from(("u1", "u2", None)),
    st.sampled_from(("h1", "h2")),
    st.sampled_from((2020, 2021)),
    st.sampled_from((LEVELS[0], LEVELS[2], LEVELS[3])),
    st.booleans(),
)


def summed(findings: list[tuple[Any, ...]], held: dict[str, int]) -> tuple[dict[str, Any], dict[str, pl.DataFrame]]:
    """Return a summary and its tables, as `summing` makes them, of made-up findings and of rules that held so often."""
    frame = pl.DataFrame(findings, ["rule", "unit", "head", "year", "level", "provisional"], orient="row")
    tables = by_level([count_by(frame.to_arrow())])
    open_ones = dict(frame.filter(pl.col("level") == "information_missing").group_by("rule").len().iter_rows())
    rows = []
    for row in tables["by-rule"].iter_rows(named=True):
        undetermined = open_ones.get(row["rule"], 0)
        came_out = {"satisfied": held.get(row["rule"], 0), "violated": row["findings"] - undetermined, "excepted": 0}
        rows.append({"rule": row["rule"], **came_out, "not_applicable": 0, "undetermined": undetermined} | row)
    tables["by-rule"] = pl.DataFrame(rows)
    by_outcome = {name: int(tables["by-rule"][name].sum()) for name in CAME_OUT}
    return {"findings": len(findings), "by_outcome": by_outcome, "worst_units": [], "worst_heads": []}, tables


Bounds = dict[Any, tuple[float, float]]
Sums = list[tuple[list[Any], Any]]


def known(cell: Any, below: int) -> tuple[float, float]:
    """Return between what bounds a shown count says it is."""
    if cell == f"<{below}":
        return 0, below - 1
    return (below, float("inf")) if cell == OTHER else (int(cell), int(cell))


def cells_of(told: dict[str, Any], tables: dict[str, pl.DataFrame]) -> dict[Any, Any]:
    """Return every count that is shown, by table, row and column."""
    cells: dict[Any, Any] = {("all", level): told["by_level"][level] for level in LEVELS} | {
        ("all", "findings"): told["findings"]
    }
    cells |= {("all", name): count for name, count in told["by_outcome"].items()}
    for name, table in tables.items():
        for row in table.iter_rows(named=True):
            cells |= {(name, row[table.columns[0]], c): row[c] for c in row if c in (*PARTS, "findings", *CAME_OUT)}
    return cells


def sums_of(tables: dict[str, pl.DataFrame]) -> Sums:
    """Return what adds up among the counts shown; how often a rule was judged is what a reader may know besides."""
    found: Sums = []
    for name, table in tables.items():
        keys = table[table.columns[0]].to_list()
        found += [([(name, key, part) for part in PARTS], (name, key, "findings")) for key in keys]
        columns = (*PARTS, "findings", *(CAME_OUT if name == "by-rule" else ()))
        found += [([(name, key, column) for key in keys], ("all", column)) for column in columns]
    found += [([("by-rule", rule, name) for name in CAME_OUT], ("judged", rule)) for rule in tables["by-rule"]["rule"]]
    return found


def narrowed(bounds: Bounds, sums: Sums) -> Bounds:
    """Return what can be worked out: a count lies between its sum less the most, and less the least, the others can be."""
    for _ in range(100):
        before = dict(bounds)
        for parts, whole in sums:
            low, high = sum(bounds[part][0] for part in parts), sum(bounds[part][1] for part in parts)
            bounds[whole] = max(low, bounds[whole][0]), min(high, bounds[whole][1])
            for part in (part for part in parts if bounds[part][0] < bounds[part][1]):
                others = [bounds[other] for other in parts if other != part]
                least, most = sum(other[0] for other in others), sum(other[1] for other in others)
                bounds[part] = max(bounds[part][0], bounds[whole][0] - most), min(bounds[part][1], bounds[whole][1] - least)
        if bounds == before:
            break
    return bounds


@pytest.mark.parametrize("below", [3, 5])
@given(
    findings=st.lists(FINDING, min_size=1, max_size=80), held=st.dictionaries(st.sampled_from(("r1", "r2")), st.integers(0, 9))
)
def test_no_small_count_can_be_worked_out_from_what_is_shown(
    below: int, findings: list[tuple[Any, ...]], held: dict[str, int]
) -> None:
    summary, tables = summed(findings, held)
    told, shown = suppressed(summary, tables, below)
    cells, sums = cells_of(told, shown), sums_of(shown)
    bounds: Bounds = {cell: known(count, below) for cell, count in cells.items()}
    for row in tables["by-rule"].iter_rows(named=True):
        judged = sum(row[name] for name in CAME_OUT)
        bounds["judged", row["rule"]] = (judged, judged) if judged >= below else (0, below - 1)
    bounds["all", "provisional"] = 0, float("inf")  # shown by level only
    counts = cells_of(summary | {"by_level": {level: tables["by-level"][level].sum() for level in LEVELS}}, tables)
    small = [cell for cell, count in cells.items() if count == f"<{below}" and counts[cell]]
    after = narrowed(dict(bounds), sums)
    worked_out = [cell for cell in small if after[cell][0] == after[cell][1]]
    for cell in worked_out:  # only where nothing is left to leave out: then not one count beside it is shown
        beside = {other for parts, whole in sums if cell in (*parts, whole) for other in (*parts, whole) if other in cells}
        assert not [other for other in beside if not isinstance(cells[other], str) or cells[other].isdigit()], cell


@given(findings=st.lists(FINDING, min_size=1, max_size=60))
def test_what_is_shown_is_so(findings: list[tuple[Any, ...]]) -> None:
    summary, tables = summed(findings, {})
    _, shown = suppressed(summary, tables, 5)
    for name, table in tables.items():
        counts = {row[0]: row for row in table.iter_rows()}
        assert len(shown[name]) == len(table)
        for row in shown[name].iter_rows():
            for cell, count in zip(row[1:], counts[row[0]][1:], strict=True):
                low, high = known(cell, 5)
                assert low <= count <= high


def source_of(tmp_path: Path) -> Path:
    raw = {dossier["id"]: dossier for dossier in raw_fixtures()}
    path = tmp_path / "dossiers.jsonl"
    path.write_text("".join(json.dumps(one, default=str) + "\n" for one in raw.values()), "utf-8")
    return path


def test_an_audit_tells_no_small_count_and_fails_as_it_would(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = source_of(tmp_path)
    plain = audit(source, vn(), out=tmp_path / "plain")
    arguments = ["audit", str(source), "--out", str(tmp_path / "told"), "--suppress-below", "5", "--format", "json"]
    assert main(arguments) == 1
    told = json.loads(capsys.readouterr().out)
    assert (plain.summary["by_level"]["exception_needed"], told["by_level"]["exception_needed"]) == (3, "<5")
    assert told["suppressed_below"] == 5
    manifest = json.loads((tmp_path / "told/manifest.json").read_text("utf-8"))
    assert manifest["inputs"]["suppress_below"] == 5
    assert manifest["counts"]["findings"] == told["findings"]
    for path in (tmp_path / "told/summary").glob("by-*.csv"):
        table = pl.read_csv(path, infer_schema=False)
        cells = {cell for name in table.columns if name in (*PARTS, *CAME_OUT, "findings") for cell in table[name]}
        assert not cells & {"1", "2", "3", "4"}


@pytest.mark.parametrize("size", ["1", "0", "-3", "many", "1001"])
def test_a_size_of_group_that_protects_nobody_is_refused(size: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["audit", "x.jsonl", "--out", "o", "--suppress-below", size])
    assert "write a whole number from 2 to 1000" in capsys.readouterr().err
