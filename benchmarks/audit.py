"""Many rows at once: the flat rules on a million rows beside other ways to write them, and the whole audit of a population.

python benchmarks/audit.py flat [--rows 1000000] [--repeat 5] [--sample 2000]
python benchmarks/audit.py full FOLDER [--pack vn] [--times 1]
python benchmarks/audit.py sample FOLDER RESULTS [--of 10000]

`flat` runs the hundred rules of flat_rules.py. Every way must give the same answers, or nothing is printed: the tables on
every row, the engines called row by row on a sample, by which their time is scaled. Repetitions are interleaved and the
median is told. `full` audits the appointments that population.py wrote into a folder, by the command, and scores what it found.
`sample` judges some of them one by one and holds the findings against those that an audit of them left in its folder.
"""

import argparse
import json
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from functools import partial, reduce
from operator import and_
from pathlib import Path
from statistics import median
from typing import TypeAlias

import flat_rules
import numpy as np
import polars as pl
from population import score, shown, stated

from cadre_rules.checks import check
from cadre_rules.engine import bulk
from cadre_rules.formula import FactTest, Formula
from cadre_rules.rulebook.loading import load_rulebook
from cadre_rules.sources.nesting import CANONICAL

Table: TypeAlias = Callable[[], pl.DataFrame]
"""Judges all rows: a column for each rule."""

TODAY = date(2026, 11, 25)
OURS = "cadre_rules, bulk"
TABLES = ("Polars by hand", "Polars by hand, streaming")
ROW_BY_ROW = {
    "zen-engine, all rules in one expression": flat_rules.zen_at_once,
    "zen-engine, an expression a rule": flat_rules.zen_each,
    "rule-engine, a rule a rule": flat_rules.rule_engine_each,
    "rule-engine, all rules in one expression": flat_rules.rule_engine_at_once,
}
BY_HAND_BAR, ROW_BY_ROW_BAR = 2.0, 100.0
DOSSIERS_BAR, MEMORY_BAR = 100_000, 4.0
"""Dossiers a second, and GiB."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_subparsers(required=True)
    flat = what.add_parser("flat")
    flat.add_argument("--rows", type=int, default=1_000_000)
    flat.add_argument("--repeat", type=int, default=5)
    flat.add_argument("--sample", type=int, default=2000)
    flat.set_defaults(run=lambda options: run_flat(options.rows, options.repeat, options.sample))
    full = what.add_parser("full")
    full.add_argument("folder", type=Path)
    full.add_argument("--pack", default="vn")
    full.add_argument("--times", type=int, default=1, help="how often over, each with ids of its own, to be ten million of one")
    full.set_defaults(run=lambda options: run_full(options.folder, options.pack, options.times))
    sample = what.add_parser("sample")
    sample.add_argument("folder", type=Path)
    sample.add_argument("results", type=Path)
    sample.add_argument("--pack", default="vn")
    sample.add_argument("--of", type=int, default=10_000)
    sample.set_defaults(run=lambda options: run_sample(options.folder, options.results, options.pack, options.of))
    options = parser.parse_args()
    options.run(options)


# ------------------------------------------------------------------------------------------------ a hundred flat rules


def run_flat(rows: int, repeat: int, sample: int) -> None:
    rules = flat_rules.make_rules(random.Random(2026))
    frame = make_frame(np.random.default_rng(2026), rows)
    tables = {OURS: lambda: bulk.match(frame, rules)} | by_hand(rules, frame) | {"DuckDB SQL by hand": duckdb_table(rules, frame)}
    few = list(frame.head(sample).iter_rows(named=True))
    engines = {name: prepare(rules) for name, prepare in ROW_BY_ROW.items()}
    agree(tables, engines, few)
    taken: dict[str, list[float]] = {name: [] for name in (*tables, *engines)}
    for _ in range(repeat):
        for name, judge in tables.items():
            taken[name].append(_seconds(judge))
        for name, answer in engines.items():
            taken[name].append(_seconds(partial(_answers, answer, few)) * rows / len(few))
    print(f"{len(rules)} rules, {rows:,} rows, median of {repeat}; Python {platform.python_version()}, polars {pl.__version__}\n")
    _print_flat({name: median(times) for name, times in taken.items()}, rows, len(few))


def _answers(answer: flat_rules.Answer, rows: Sequence[flat_rules.Row]) -> list[object]:
    return [answer(row) for row in rows]


def make_frame(chance: np.random.Generator, rows: int) -> pl.DataFrame:
    """Return rows like those of flat_rules.py: sixty facts, a third each of numbers, texts and yes or no, some not stated."""
    draw: dict[str, Callable[[], pl.Series]] = {
        "int": lambda: pl.Series(chance.integers(0, 101, rows)),
        "str": lambda: pl.Series(flat_rules.POSTS).gather(chance.integers(0, len(flat_rules.POSTS), rows)),
        "bool": lambda: pl.Series(chance.random(rows) < 0.5),
    }
    facts = [f"fact_{number}" for number in range(flat_rules.FACTS)]
    stated = {fact: pl.Series(chance.random(rows) >= flat_rules.UNKNOWN) for fact in facts}
    values = {fact: draw[flat_rules.kind_of(fact)]() for fact in facts}
    return pl.select(pl.when(stated[fact]).then(values[fact]).alias(fact) for fact in facts)


def by_hand(rules: Mapping[str, Formula], frame: pl.DataFrame) -> dict[str, Table]:
    """Return the rules as one writes them with Polars, each an expression, judged at once or in a stream."""
    written = {name: _polars(rule) for name, rule in rules.items()}
    return {
        TABLES[0]: lambda: frame.select(**written),
        TABLES[1]: lambda: frame.lazy().select(**written).collect(engine="streaming"),
    }


def _polars(rule: Formula) -> pl.Expr:
    (clause,) = rule
    return reduce(and_, map(_polars_test, clause)).fill_null(value=False)


def _polars_test(test: FactTest) -> pl.Expr:
    fact, (first, *others) = pl.col(test.fact), test.constants
    match test.relation:
        case "in":
            return fact.is_in([first, *others]) if others else fact == first
        case "not in":
            return ~fact.is_in([first, *others]) if others else fact != first
        case "<":
            return fact < first
        case "<=":
            return fact <= first
        case ">":
            return fact > first
        case _:
            return fact >= first


def duckdb_table(rules: Mapping[str, Formula], frame: pl.DataFrame) -> Table:
    """Return the rules as SQL over a table of DuckDB's own, loaded beforehand; its answers come back as Arrow."""
    import duckdb

    connection = duckdb.connect()
    connection.register("given", frame.to_arrow())
    connection.execute("create table facts as select * from given")
    columns = ", ".join(f"coalesce({_sql(rule)}, false) as {name}" for name, rule in rules.items())

    def judge() -> pl.DataFrame:
        return pl.DataFrame(connection.sql(f"select {columns} from facts").to_arrow_table())

    return judge


def _sql(rule: Formula) -> str:
    (clause,) = rule
    return " and ".join(_sql_test(test) for test in clause)


def _sql_test(test: FactTest) -> str:
    constants = [f"'{constant}'" if isinstance(constant, str) else str(constant) for constant in test.constants]
    match test.relation:
        case "in" | "not in" if len(constants) > 1:
            return f"{test.fact} {test.relation} ({', '.join(constants)})"
        case "in":
            return f"{test.fact} = {constants[0]}"
        case "not in":
            return f"{test.fact} <> {constants[0]}"
        case ordering:
            return f"{test.fact} {ordering} {constants[0]}"


def agree(tables: Mapping[str, Table], engines: Mapping[str, flat_rules.Answer], few: Sequence[flat_rules.Row]) -> None:
    """Assert that every way gives the same answers."""
    ours = tables[OURS]()
    for name, judge in tables.items():
        assert judge().equals(ours), f"{name} differs from {OURS}"
    for number, (row, said) in enumerate(zip(few, ours.iter_rows(named=True), strict=False)):
        wanted = {rule for rule, holds in said.items() if holds}
        for name, answer in engines.items():
            assert set(answer(row)) == wanted, f"{name} differs from {OURS} on row {number}"


def _print_flat(taken: Mapping[str, float], rows: int, sample: int) -> None:
    ours = taken[OURS]
    print("| way | seconds | rows/s | time against ours |\n|---|---:|---:|---:|")
    for name, seconds in taken.items():
        scaled = f", scaled from {sample:,} rows" if name in ROW_BY_ROW else ""
        print(f"| {name}{scaled} | {seconds:,.2f} | {rows / seconds:,.0f} | {seconds / ours:,.2f} |")
    best = min(taken[name] for name in TABLES)
    print(f"\n{_met(ours <= BY_HAND_BAR * best)}: within {BY_HAND_BAR:.0f} times the faster Polars by hand ({ours / best:.2f})")
    for peer in ("zen-engine", "rule-engine"):
        fastest = min(seconds for name, seconds in taken.items() if name.startswith(peer))
        print(f"{_met(fastest >= ROW_BY_ROW_BAR * ours)}: {fastest / ours:,.0f} times as fast as the fastest way of {peer}")


def _met(holds: bool) -> str:  # noqa: FBT001
    return "met" if holds else "MISSED"


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


# ------------------------------------------------------------------------------------------------ the whole audit


def run_full(folder: Path, pack: str, times: int) -> None:
    """Audit a population's appointments, Parquet in, findings out; tell the rate, the memory and the score."""
    with tempfile.TemporaryDirectory() as place:
        source = _repeated(folder / "appointments.parquet", times, Path(place)) if times > 1 else folder / "appointments.parquet"
        out = Path(place) / "results"
        options = ["--out", str(out), "--rules", pack, "--today", str(TODAY)]
        start = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, "-m", "cadre_rules", "audit", source, *options], stdout=subprocess.DEVNULL
        ) as audit:
            peak = _peak(audit)
        seconds, summary = time.perf_counter() - start, json.loads((out / "summary.json").read_bytes())
        found = pl.read_parquet(out / "findings" / "*.parquet", columns=["subject", "kind", "rule", "outcome", "level"])
    count = summary["dossiers"]
    planted = pl.read_parquet(folder / "planted.parquet").filter(pl.col("subject").str.starts_with("hs-"))
    print("| dossiers | seconds | dossiers/s | peak memory |\n|---:|---:|---:|---:|")
    print(f"| {count:,} | {seconds:,.1f} | {count / seconds:,.0f} | {peak:.2f} GiB |\n")
    print(f"{_met(count / seconds >= DOSSIERS_BAR)}: {DOSSIERS_BAR:,} dossiers a second")
    print(f"{_met(peak <= MEMORY_BAR)}: at most {MEMORY_BAR:.0f} GiB\n")
    if times == 1:
        print(shown(score(planted, found.filter(pl.col("kind") != "head").drop("kind"))))


def run_sample(folder: Path, results: Path, pack: str, size: int) -> None:
    """Judge some dossiers one by one, drawn by a fixed seed, and say which findings only they have, and which only an audit."""
    table, rulebook = pl.read_parquet(folder / "appointments.parquet"), load_rulebook(pack)
    drawn = table.sample(min(size, table.height), seed=2026)
    told = ("subject", "rule", "rule_version", "outcome", "level", "provisional", "as_of", "fingerprint")
    alone = [
        tuple(getattr(finding, name) for name in told)
        for row in drawn.iter_rows(named=True)
        for finding in check(stated(row), rulebook, today=TODAY).findings
        if finding.subject == row["id"]  # what a head adds up to, only the whole table shows
    ]
    audited = pl.scan_parquet(results / "findings" / "*.parquet").filter(pl.col("kind") != "head").select(told)
    among = audited.join(drawn.lazy().select(subject="id"), on="subject", how="semi").collect()
    one_by_one = pl.DataFrame(alone, schema=among.schema, orient="row")
    only = {"check": one_by_one.join(among, on=told, how="anti"), "audit": among.join(one_by_one, on=told, how="anti")}
    print(f"{drawn.height:,} dossiers: {one_by_one.height:,} findings by check, {among.height:,} by audit")
    for name, findings in only.items():
        print(f"{_met(findings.is_empty())}: none by {name} only ({findings.height})")
        print(findings.head(10) if findings.height else "", end="")


def _repeated(source: Path, times: int, place: Path) -> Path:
    """Write the same dossiers several times over, each with an id of its own."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    file, target = pq.ParquetFile(source), place / "appointments.parquet"
    at = file.schema_arrow.get_field_index("id")
    with pq.ParquetWriter(target, file.schema_arrow, compression="zstd") as writer:
        for turn in range(times):
            for batch in file.iter_batches(100_000):
                own = (pa.scalar(text, batch.schema.field(at).type) for text in (f"-{turn}", ""))
                ids = pc.binary_join_element_wise(batch.column(at), *own)
                writer.write_batch(batch.set_column(at, batch.schema.field(at), ids))
        writer.add_key_value_metadata(CANONICAL)
    return target


def _peak(process: "subprocess.Popen[bytes]") -> float:
    """Wait for a process, and return the most memory that it and those it started have held together, in GiB (Linux)."""
    most = 0
    while process.poll() is None:
        most = max(most, sum(map(_held, _family(process.pid))))
        time.sleep(0.05)
    return most / 1024**2


def _family(pid: int) -> Iterator[int]:
    yield pid
    with suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            yield from _family(int(child))


def _held(pid: int) -> int:
    with suppress(OSError):
        return sum(
            int(line.split()[1]) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")
        )
    return 0


if __name__ == "__main__":
    main()
