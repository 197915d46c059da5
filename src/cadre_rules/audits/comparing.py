"""Two audits side by side: which findings are new, which are gone, which still stand."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from cadre_rules.audits.running import Audit, differences, read_audit
from cadre_rules.wording import LEVELS, Level

STATES = ("new", "gone", "still")
_TOLD = ("rule", "level", "provisional", "subject", "kind", "unit", "head", "as_of", "fingerprint")
_OF_THE_DATA = ("source", "source_digest", "rows_digest", "size")
"""Inputs two audits are expected to differ in."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What became of the findings of one audit in another, and in what else than data the two differ."""

    old: Audit
    new: Audit
    findings: pl.LazyFrame
    """Every finding of either, once: `state` (one of STATES), what it is about, its `level` (of the newer) and `old_level`."""
    counted: pl.DataFrame
    """How many there are by `state`, `rule`, `level` and whether `provisional`."""
    differences: tuple[str, ...]
    """Each other input that differs, with both values: what is new or gone may then be the law's doing, or the day's."""

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how many findings are new, gone and still there, by rule."""
        counts: dict[str, dict[str, int]] = {rule: dict.fromkeys(STATES, 0) for rule in self.counted["rule"].unique().sort()}
        for rule, state, count in self.counted.select("rule", "state", "count").iter_rows():
            counts[rule][state] += count
        return counts

    def worst_new(self, *, strict: bool = False) -> Level | None:
        """Return the gravest level of what is new; provisional findings count only when asked to."""
        levels = set(self.counted.filter((pl.col("state") == "new") & (pl.lit(strict) | ~pl.col("provisional")))["level"])
        return next((level for level in LEVELS if level in levels), None)

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as plain values, without the findings themselves."""
        counts = self.counts()
        return {
            "format": "cadre-rules/audit-comparison/1",
            "differences": list(self.differences),
            "findings": {state: sum(of_rule[state] for of_rule in counts.values()) for state in STATES},
            "by_rule": counts,
        }


def compare(old: str | Path, new: str | Path) -> Comparison:
    """Compare the findings of two finished audits by fingerprint: same rule, same subject, same failing facts.

    Raises `SourceError` if a folder holds no finished audit. Differences of rulebook, code, day or mapping are told.
    """
    older, newer = read_audit(old), read_audit(new)
    inputs = [{k: v for k, v in a.manifest["inputs"].items() if k not in _OF_THE_DATA} for a in (older, newer)]
    findings = _compared(older.findings, newer.findings)
    key = ("state", "rule", "level", "provisional")
    counted = findings.group_by(key).agg(count=pl.len()).sort(key).collect(engine="streaming")
    return Comparison(older, newer, findings, counted, tuple(differences(*inputs)))


def _compared(older: pl.LazyFrame, newer: pl.LazyFrame) -> pl.LazyFrame:
    """Return the findings of both, with their state; fingerprints are matched as the numbers they are."""
    key = pl.col("fingerprint").str.to_integer(base=16, dtype=pl.UInt64).alias("key")
    before, now = (findings.select(*_TOLD, key) for findings in (older, newer))
    levels = before.select("key", old_level="level").unique("key")
    told = {
        "new": now.join(before, on="key", how="anti", maintain_order="left").with_columns(old_level=pl.lit(None, pl.String)),
        "gone": before.join(now, on="key", how="anti", maintain_order="left").with_columns(old_level=pl.col("level")),
        "still": now.join(levels, on="key", how="inner", maintain_order="left"),
    }
    return pl.concat(frame.select(pl.lit(state).alias("state"), *_TOLD, "old_level") for state, frame in told.items())
