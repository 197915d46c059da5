"""A fictional population of personnel decisions with planted breaches, by which an audit can be scored.

python benchmarks/population.py --seed 1 --count 1000000 --out FOLDER [--planted 0.02]
python benchmarks/population.py check FOLDER FINDINGS
python benchmarks/population.py score PLANTED FINDINGS

The first writes appointments.parquet and planted.parquet into a folder, and smaller shares of other dossiers into
planning.parquet, bodies.parquet, units.parquet and statistics.parquet. The same seed and count give the same dossiers.
The second judges a (small) population dossier by dossier with `cadre_rules.check` and writes what it found.
The third compares an audit's findings with what was planted: found, missed, false. A false one is a finding of a breach
(violated, at level violation, exception_needed or target_missed) that nobody planted. Exit 1 when one is missed or false.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from breaches import APPOINTMENT_BREACHES, Breach
from collectives import BREACHES, SINCE, UNTIL, draw_collectives
from people import FIRST_DAY, LAST_DAY, SCENARIOS, Draft, Ints, blurred, day, draw, joined, table_of

from cadre_rules.checks import check
from cadre_rules.dossier.values import PartialDate
from cadre_rules.rulebook.loading import load_rulebook
from cadre_rules.rulebook.model import Rulebook
from cadre_rules.sources.nesting import CANONICAL

CHUNK = 25_000
"""Dossiers drawn together; with it and the seed, a population is fixed."""

GROUP = 100_000
"""Dossiers written together: fewer than Arrow and Polars put into a row group unless told."""

BREACH_LEVELS = ("violation", "exception_needed", "target_missed")
OTHERS = {"planning": "planning", "body": "bodies", "unit": "units", "statistics": "statistics"}
"""The file of each other kind of dossier; there is one for every `APPOINTMENTS_EACH` appointments, and ten at least."""
FILES = ("appointments", *OTHERS.values())
APPOINTMENTS_EACH = 200
TODAY = date(2026, 11, 25)
FOUND = {"subject": pl.String, "rule": pl.String, "outcome": pl.String, "level": pl.String}
PLANTED = {"subject": pl.String, "rule": pl.String, "level": pl.String}


def main(arguments: list[str] | None = None) -> int:
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == ["score"]:
        return _score(given[1:])
    if given[:1] == ["check"]:
        return _check(given[1:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=1_000_000, help="appointments")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--planted", type=float, default=0.02, help="share of the dossiers with a breach")
    options = parser.parse_args(given)
    write(options.out, options.seed, options.count, options.planted)
    return 0


def write(folder: Path, seed: int, count: int, share: float) -> None:
    """Write a population into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    planted, held, writer, start = [], [], None, time.perf_counter()
    for done, (table, breaches) in enumerate(chunks(seed, count, share), 1):
        held.append(table)
        planted.append(breaches)
        if done * CHUNK % GROUP == 0 or done * CHUNK >= count:
            arrow = pl.concat(held).to_arrow()
            writer = writer or pq.ParquetWriter(folder / "appointments.parquet", arrow.schema, compression="zstd")
            writer.write_table(arrow)
            held = []
        print(f"{sum(map(len, planted)):>9,} planted  {time.perf_counter() - start:6.1f} s", file=sys.stderr)
    if writer is not None:
        writer.add_key_value_metadata(CANONICAL)
        writer.close()
    for number, (kind, name) in enumerate(OTHERS.items()):
        table, breaches = collectives(kind, np.random.default_rng([seed, 0, number]), max(10, count // APPOINTMENTS_EACH), share)
        table.write_parquet(folder / f"{name}.parquet", compression="zstd", metadata=CANONICAL)
        planted.append(breaches)
    pl.concat(planted).write_parquet(folder / "planted.parquet")


def chunks(seed: int, count: int, share: float) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Yield the appointments of a population chunk by chunk, each with what is planted in it."""
    for number, first in enumerate(range(0, count, CHUNK)):
        yield appointments(np.random.default_rng([seed, number]), first, min(CHUNK, count - first), share)


def appointments(chance: np.random.Generator, first: int, count: int, share: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return appointments, and the breaches planted in them; each kind of breach comes by turns."""
    spots, planted = _spots(chance, count, share, APPOINTMENT_BREACHES, first)
    scenarios = chance.choice(list(SCENARIOS), count, p=np.array([*SCENARIOS.values()]) / 100.0).tolist()
    for spot, breach in zip(spots, planted, strict=True):
        scenarios[spot] = breach.scenario
    draft = draw(chance, first, scenarios, *_windows(count, (FIRST_DAY, LAST_DAY), spots, planted))
    return _told(blurred(chance, draft, keep=spots), "appointment", spots, planted)


def collectives(kind: str, chance: np.random.Generator, count: int, share: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return dossiers of another kind, and the breaches planted in them."""
    spots, planted = _spots(chance, count, share, BREACHES[kind], 0)
    draft = draw_collectives(kind, chance, count, *_windows(count, (SINCE, UNTIL), spots, planted))
    return _told(draft, kind, spots, planted)


def _spots(
    chance: np.random.Generator, count: int, share: float, breaches: Sequence[Breach], first: int
) -> tuple[pl.Series, list[Breach]]:
    """Return the dossiers to plant breaches in, and which breach in each."""
    spots = pl.Series(chance.permutation(count)[: round(count * share)]).sort()
    return spots, [breaches[(first + turn) % len(breaches)] for turn in range(len(spots))]


def _windows(count: int, whole: tuple[date, date], spots: pl.Series, planted: Sequence[Breach]) -> tuple[Ints, Ints]:
    """Return between which days each dossier is decided: where its breach is one."""
    since, until = (np.full(count, day(edge)) for edge in whole)
    for spot, breach in zip(spots, planted, strict=True):
        since[spot] = max(since[spot], day(breach.since) + 2)
        until[spot] = min(until[spot], day(breach.until))
    return since, until


def _told(draft: Draft, kind: str, spots: pl.Series, planted: Sequence[Breach]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return a draft with its breaches as a table, and the table of them."""
    ids = draft.flat["id"]
    told = [line for spot, breach in zip(spots, planted, strict=True) for line in breach.told(ids[int(spot)])]
    sound, chosen = draft.of(draft.flat["row"].filter(~draft.flat["row"].is_in(spots.implode()))), draft.of(spots)
    parts = [
        breach.planted(chosen.of(spots.filter(pl.Series([one is breach for one in planted]))))
        for breach in dict.fromkeys(planted)
    ]
    return table_of(joined([sound, *parts]), kind), pl.DataFrame(told, schema=PLANTED, orient="row")


def _check(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="population.py check", description="Judge a population dossier by dossier.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("findings", type=Path, help="Parquet file to write")
    options = parser.parse_args(arguments)
    tables = [pl.read_parquet(path) for path in sorted(options.folder.glob("*.parquet")) if path.stem in FILES]
    pl.concat([checked(table, load_rulebook("vn")) for table in tables]).write_parquet(options.findings)
    return 0


def checked(table: pl.DataFrame, rulebook: Rulebook) -> pl.DataFrame:
    """Return what `check` finds in each dossier of a table, alone."""
    found = [
        (finding.subject, finding.rule, finding.outcome, finding.level)
        for row in table.iter_rows(named=True)
        for finding in check(stated(row), rulebook, today=TODAY).findings
    ]
    return pl.DataFrame(found, schema=FOUND, orient="row")


def stated(value: Any) -> Any:
    """Return a row of a table as the plain values a file would hold: what is null is left out, a span is written short."""
    match value:
        case {"earliest": date() as earliest, "latest": date() as latest}:
            return str(earliest if earliest == latest else PartialDate(earliest, latest))
        case dict():
            return {name: stated(part) for name, part in value.items() if not _silent(part)}
        case list():
            return [stated(part) for part in value]
        case _:
            return value


def _silent(value: Any) -> bool:
    return value is None or (isinstance(value, dict) and all(map(_silent, value.values())))


def _score(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="population.py score", description="Compare an audit's findings with what was planted.")
    parser.add_argument("planted", type=Path)
    parser.add_argument("findings", type=Path, help="Parquet file, or a folder of parts")
    options = parser.parse_args(arguments)
    findings = pl.read_parquet(options.findings / "*.parquet" if options.findings.is_dir() else options.findings)
    scores = score(pl.read_parquet(options.planted), findings)
    print(shown(scores))
    return int(scores.filter((pl.col("missed") > 0) | (pl.col("false") > 0)).height > 0)


def score(planted: pl.DataFrame, findings: pl.DataFrame) -> pl.DataFrame:
    """Return, by rule and level, how many breaches were planted, found, missed, and found where nobody planted one."""
    key = list(PLANTED)
    found = findings.filter((pl.col("outcome") == "violated") & pl.col("level").is_in(BREACH_LEVELS)).select(key).unique()
    planted = planted.select(key)
    counts = {
        "planted": planted,
        "found": planted.join(found, on=key, how="semi"),
        "missed": planted.join(found, on=key, how="anti"),
        "false": found.join(planted, on=key, how="anti"),
    }
    told = [table.group_by("rule", "level").len().with_columns(pl.lit(name).alias("what")) for name, table in counts.items()]
    wide = pl.concat(told).pivot("what", on_columns=list(counts), index=["rule", "level"], values="len").fill_null(0)
    return wide.select("rule", "level", *counts).sort("rule", "level")


def shown(scores: pl.DataFrame) -> str:
    """Return scores as a table for people."""
    lines = ["| rule | level | planted | found | missed | false |", "|---|---|---:|---:|---:|---:|"]
    lines += [f"| {rule} | {level} | {p:,} | {f:,} | {m:,} | {x:,} |" for rule, level, p, f, m, x in scores.iter_rows()]
    total = scores.select("planted", "found", "missed", "false").sum().row(0)
    return "\n".join([*lines, "| **all** | | " + " | ".join(f"{number:,}" for number in total) + " |"])


if __name__ == "__main__":
    sys.exit(main())
