"""What findings add up to: counts, findings that come together, and what of each head is kept for the whole table."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from cadre_rules.audits.kernel import HEADS, OUTCOMES
from cadre_rules.facts.arrays import Array
from cadre_rules.rulebook.model import Rulebook
from cadre_rules.wording import LEVELS

CAME_OUT = ("satisfied", "violated", "excepted", "not_applicable", "undetermined")
WORST_SHOWN = 20
"""Units and heads told in the summary; the tables beside it have all."""


_KEYS = ("rule", "unit", "head", "year")
_COUNTED = (*_KEYS, "level", "provisional")

_FEW = 20
"""Parts whose findings are counted at once."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What some findings add up to."""

    by: Mapping[str, pl.DataFrame]
    """How many there are of each level (`at`) and `provisional`, by what each of the keys says."""
    sets: pl.DataFrame
    """In how many subjects the same rules were found together; what is only not known is left out."""


def total_outcomes(outcomes: Iterable[pl.LazyFrame]) -> pl.DataFrame:
    """Return how often each rule came out how, by kind and year, each such line once."""
    key = [name for name in OUTCOMES if name != "count"]
    return pl.concat(outcomes).group_by(key).agg(pl.col("count").sum()).sort(key).collect(engine="streaming")


def total_heads(heads: Iterable[pl.LazyFrame]) -> pl.DataFrame:
    """Return what tables left of each head in no more than two rows, of its first and last dossier by id.

    That is enough to see whether there are several, and such totals can be totalled again.
    """
    given = pl.concat(heads, how="diagonal")
    counts = [pl.col(name) for name in given.collect_schema() if name not in HEADS]
    ends = pl.col("dossier").min().alias("first"), pl.col("dossier").max().alias("last")
    whole = given.group_by("head").agg(*ends, pl.col("day").max(), *(count.sum() for count in counts)).collect(engine="streaming")
    first = whole.select("head", pl.col("first").alias("dossier"), "day", *counts)
    last = whole.filter(pl.col("first") != pl.col("last")).select(
        "head", pl.col("last").alias("dossier"), "day", *(count * 0 for count in counts)
    )
    return pl.concat([first, last]).sort("head", "dossier")


def count_findings(parts: Sequence[Path]) -> list[Counts]:
    """Return what the findings in some files add up to, a few files at a time."""
    few = (parts[first : first + _FEW] for first in range(0, len(parts), _FEW))
    return [_counts(some) for some in few]


def _counts(parts: Sequence[Path]) -> Counts:
    with ThreadPoolExecutor(1) as other:
        sets = other.submit(_sets, parts)
        return Counts(count_by(_read(parts)), sets.result())


def summarise(
    counts: Sequence[Counts], outcomes: pl.DataFrame, rulebook: Rulebook
) -> tuple[dict[str, Any], dict[str, pl.DataFrame]]:
    """Return the summary of findings counted and its tables: by rule, unit, head, year, level, and together."""
    tables = by_level([one.by for one in counts])
    by_outcome = {name: pl.col("count").filter(pl.col("outcome") == name).sum() for name in CAME_OUT}
    came_out = outcomes.group_by("rule").agg(**by_outcome)
    titles = {rule.id: rule.title for rule in rulebook.rules}
    by_rule = came_out.join(tables["by-rule"], on="rule", how="left").with_columns(_levels().fill_null(0))
    title = {f"title_{lang}": {name: words.of(lang) for name, words in titles.items()} for lang in ("vi", "en")}
    named = {name: pl.col("rule").replace_strict(words, default=None) for name, words in title.items()}
    tables["by-rule"] = _worst_first(by_rule, "rule").with_columns(**named)
    tables["together"] = _together(pl.concat(one.sets for one in counts))
    level = {name: (firm, provisional) for name, firm, provisional in _level_rows(tables["by-level"])}
    summary = {
        "format": "cadre-rules/audit-summary/1",
        "findings": int(tables["by-level"]["findings"].sum()),
        "by_level": {
            key: count
            for name in LEVELS
            for key, count in zip((name, f"{name}_provisional"), level.get(name, (0, 0)), strict=True)
        },
        "by_outcome": outcomes.select(**by_outcome).row(0, named=True),
        **{f"by_{key}": tables[f"by-{key}"].to_dicts() for key in ("rule", "year")},
        **{f"worst_{key}s": tables[f"by-{key}"].head(WORST_SHOWN).to_dicts() for key in ("unit", "head")},
    }
    return summary, tables


def _level_rows(by_level: pl.DataFrame) -> Iterable[tuple[str, int, int]]:
    return by_level.select("level", pl.col("findings") - pl.col("provisional"), "provisional").iter_rows()


def _levels() -> pl.Expr:
    return pl.col(*LEVELS, "provisional", "findings")


def _read(parts: Sequence[Path]) -> pa.Table:
    """Return what is counted of the findings in some files; texts as the numbers they are kept as."""
    files = [pq.ParquetFile(part, read_dictionary=_COUNTED) for part in parts]
    return pa.concat_tables([file.read([*_COUNTED], use_threads=False) for file in files])


def count_by(findings: pa.Table) -> dict[str, pl.DataFrame]:
    """Return how many findings of each level there are, by what each of the keys says; provisional ones are counted apart."""
    levels, level = _numbered(findings["level"])
    at, sorts = level * 2 + findings["provisional"].to_numpy(), 2 * len(levels)
    return {key: _count(*_numbered(findings[key]), levels, at, sorts) for key in _KEYS}


def _numbered(column: pa.ChunkedArray) -> tuple[pl.Series, Array]:
    """Return the different values of a column, and which of them each is."""
    whole = column.dictionary_encode().unify_dictionaries().combine_chunks()
    return pl.Series(whole.dictionary).extend_constant(None, 1), whole.indices.fill_null(len(whole.dictionary)).to_numpy()


def _count(said: pl.Series, which: Array, levels: pl.Series, at: Array, sorts: int) -> pl.DataFrame:
    counts = np.bincount(which * sorts + at, minlength=len(said) * sorts)
    there = np.flatnonzero(counts)
    value, level, provisional = there // sorts, there % sorts // 2, there % 2 == 1
    told = {"key": said.gather(value), "at": levels.gather(level), "provisional": provisional}
    return pl.DataFrame(told).with_columns(findings=pl.Series(counts[there], dtype=pl.UInt32))


def by_level(counts: Sequence[Mapping[str, pl.DataFrame]]) -> dict[str, pl.DataFrame]:
    """Return a table for each key, a line for what it says and a column for each level, and one of the levels."""
    told = {key: pl.concat(one[key] for one in counts) for key in _KEYS}
    told["level"] = told["rule"].with_columns(key="at")
    return {f"by-{key}": _worst_first(_by_level(table).rename({"key": key}), key) for key, table in told.items()}


def _by_level(counts: pl.DataFrame) -> pl.DataFrame:
    count, provisional = pl.col("findings"), pl.col("provisional")
    levels = {level: count.filter(pl.col("at") == level, ~provisional).sum() for level in LEVELS}
    return counts.group_by("key").agg(**levels, provisional=count.filter(provisional).sum(), findings=count.sum())


def _worst_first(table: pl.DataFrame, key: str) -> pl.DataFrame:
    return table.sort(*LEVELS, "provisional", key, descending=[True] * (len(LEVELS) + 1) + [False])


def _sets(parts: Sequence[Path]) -> pl.DataFrame:
    told = pl.scan_parquet(list(parts), include_file_paths="part").filter(pl.col("level") != "information_missing")
    several = told.filter(pl.struct("part", "subject").is_duplicated()).group_by("part", "subject")
    rules = several.agg(rules=pl.col("rule").unique().sort()).filter(pl.col("rules").list.len() > 1)
    return rules.group_by("rules").agg(subjects=pl.len().cast(pl.UInt64)).collect(engine="streaming")


def _together(sets: pl.DataFrame) -> pl.DataFrame:
    """Return how many subjects each pair of rules was found in.

    Subjects with the same rules are counted before they are paired: there are far fewer such sets than subjects.
    """
    each = sets.with_row_index("set").explode("rules")
    pairs = each.join(each.select("set", other="rules"), on="set").filter(pl.col("rules") < pl.col("other"))
    total = pairs.group_by(pl.col("rules").alias("rule"), "other").agg(pl.col("subjects").sum())
    return total.sort("subjects", "rule", "other", descending=[True, False, False])
