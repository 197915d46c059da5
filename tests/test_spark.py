"""On Spark the same kernel finds the same, heads included; run where pyspark and Java are."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cadre_rules.audits.kernel import BulkJudge
from cadre_rules.audits.telling import FINDINGS
from cadre_rules.dossier.frames import frame_of
from cadre_rules.dossier.reading import read_dossier
from small import TODAY, small
from test_audits import HEADS, dossiers

pyspark = pytest.importorskip("pyspark", reason="pyspark is not installed: pip install 'cadre-rules[spark]'")
pytestmark = [
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java"),
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    options: dict[str, bool | float | int | str | None] = {
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "40",
    }
    session = SparkSession.builder.master("local[2]").config(map=options).getOrCreate()
    yield session
    session.stop()


def tables() -> dict[str, pl.DataFrame]:
    """Appointments, and committees whose heads answer for some of them too."""
    bodies = [
        {"kind": "body", "id": f"tt-{n}", "body": "committee", "authority": {"head": head}} for n, head in enumerate(HEADS[:2])
    ]
    models = [read_dossier(raw) for raw in (*dossiers(120), *bodies)]
    return {
        kind: frame_of([m for m in models if m.kind == kind], kind).with_row_index("_row", 1).cast({"_row": pl.Int64})
        for kind in ("appointment", "body")
    }


def test_spark_finds_what_the_kernel_finds_by_itself(spark: Any, tmp_path: Path) -> None:
    from cadre_rules.spark import find

    judge, given = BulkJudge(small()), tables()
    own, heads, frames = [], [], {}
    for kind, frame in given.items():
        frame.write_parquet(tmp_path / f"{kind}.parquet")
        frames[kind] = spark.read.parquet(str(tmp_path / f"{kind}.parquet")).repartition(2)
        judged = judge.judge(kind, frame, today=TODAY)
        own.append(judged.findings)
        heads.append(judged.heads)
    of_heads = judge.judge_heads(pl.concat(heads, how="diagonal").fill_null(0), today=TODAY).findings
    assert of_heads.height > 0
    found = pl.DataFrame(find(frames, small(), today=TODAY).toArrow()).cast({"row": pl.UInt64})
    order = ["subject", "rule"]
    assert_frame_equal(found.sort(order), pl.concat([*own, of_heads]).select(*FINDINGS).sort(order))
