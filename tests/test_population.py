"""What a generated population has planted in it is found, all of it, and nothing else."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

from cadre_rules.dossier.frames import frame_schema
from small import vn

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture(scope="module")
def population() -> Iterator[ModuleType]:
    sys.path.insert(0, str(BENCHMARKS))
    try:
        import population

        yield population
    finally:
        sys.path.remove(str(BENCHMARKS))


@pytest.mark.once
def test_every_planted_breach_is_found_and_none_is_invented(population: ModuleType, tmp_path: Path) -> None:
    population.write(tmp_path, seed=5, count=220, share=0.35)
    planted = pl.read_parquet(tmp_path / "planted.parquet")
    tables = [pl.read_parquet(tmp_path / f"{name}.parquet") for name in population.FILES]
    scores = population.score(planted, pl.concat([population.checked(table, vn()) for table in tables]))
    assert scores.filter((pl.col("missed") > 0) | (pl.col("false") > 0)).to_dicts() == []
    assert scores.height > 65


def test_a_seed_gives_the_same_population_each_time(population: ModuleType) -> None:
    (one, planted), (other, again) = (next(population.chunks(seed=3, count=50, share=0.2)) for _ in range(2))
    assert one.equals(other)
    assert planted.equals(again)


def test_a_population_is_written_in_the_columns_of_dossiers(population: ModuleType) -> None:
    table, _ = next(population.chunks(seed=3, count=50, share=0.2))
    assert dict(table.schema) == frame_schema("appointment")
    assert table["id"].n_unique() == 50


def test_a_score_tells_found_missed_and_false_apart(population: ModuleType, tmp_path: Path) -> None:
    planted = pl.DataFrame({"subject": ["a", "b"], "rule": ["r", "r"], "level": ["violation", "violation"]})
    findings = pl.DataFrame(
        [
            ("a", "r", "violated", "violation"),
            ("b", "r", "undetermined", "information_missing"),
            ("c", "r", "violated", "violation"),
            ("c", "s", "violated", "indicator"),
        ],
        schema=population.FOUND,
        orient="row",
    )
    planted.write_parquet(tmp_path / "planted.parquet")
    for name, found, status in (("all", findings, 1), ("right", planted.with_columns(outcome=pl.lit("violated")), 0)):
        found.write_parquet(tmp_path / f"{name}.parquet")
        assert population.main(["score", str(tmp_path / "planted.parquet"), str(tmp_path / f"{name}.parquet")]) == status
    assert population.score(planted, findings).to_dicts() == [
        {"rule": "r", "level": "violation", "planted": 2, "found": 1, "missed": 1, "false": 1}
    ]
