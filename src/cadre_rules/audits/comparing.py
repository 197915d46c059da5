"""Two audits side by side: which findings are new, which are gone, which still stand."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from cadre_rules.audits.running import Audit, differences, read_audit
from cadre_rules.findings import LEVELS, Level

STATES = ("new", "gone", "still")
_TOLD = ("rule", "level", "provisional", "subject", "kind", "unit", "head", "as_of", "fingerprint")
_OF_THE_DATA = ("source", "source_digest", "rows_digest", "size")
"""Inputs two audits are expected to differ in."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What became of the findings of one audit in another, and in what else than data the two differ."""

    old: Audit
    new: Audit
    findings: pl.DataFrame
    """Every finding of either, once: `state` (one of STATES), what it is about, its `level` (of the newer) and `old_level`."""
    differences: tuple[str, ...]
    """Each other input that differs, with both values: what is new or gone may then be the law's doing, or the day's."""

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how many findings are new, gone and still there, by rule."""
        by_rule = self.findings.group_by("rule", "state").len().sort("rule")
        counts: dict[str, dict[str, int]] = {rule: dict.fromkeys(STATES, 0) for rule in by_rule["rule"]}
        for rule, state, count in by_rule.iter_rows():
            counts[rule][state] = count
        return counts

    def worst_new(self, *, strict: bool = False) -> Level | None:
        """Return the gravest level of what is new; provisional findings count only when asked to."""
        new = self.findings.filter((pl.col("state") == "new") & (pl.lit(strict) | ~pl.col("provisional")))
        levels = set(new["level"])
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
    before, now = (a.findings.select(_TOLD).unique("fingerprint", keep="first", maintain_order=True) for a in (older, newer))
    joined = before.join(now, on="fingerprint", how="full", suffix="_new", coalesce=True)
    gone, fresh = pl.col("rule_new").is_null(), pl.col("rule").is_null()
    told = [pl.coalesce(f"{column}_new", column).alias(column) for column in _TOLD if column != "fingerprint"]
    findings = joined.select(
        pl.when(gone).then(pl.lit("gone")).when(fresh).then(pl.lit("new")).otherwise(pl.lit("still")).alias("state"),
        *told,
        old_level=pl.col("level"),
        fingerprint="fingerprint",
    )
    inputs = [{k: v for k, v in a.manifest["inputs"].items() if k not in _OF_THE_DATA} for a in (older, newer)]
    ordered = findings.sort("state", "rule", "subject", "fingerprint").collect(engine="streaming")
    return Comparison(older, newer, ordered, tuple(differences(*inputs)))
