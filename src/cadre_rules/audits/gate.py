"""The gate of exceptions over a table: what each on file is worth, as `exceptions.excuse` says of one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from cadre_rules.audits.hearing import DAYS, NOT_APPLICABLE, SATISFIED, VIOLATED, Hearing, Line, stated_day
from cadre_rules.facts.arrays import Array, at, placed
from cadre_rules.program import Slice

_STATES = ("used", "not_allowed", "unreasoned", "wrong_level", "misdated", "expired", "unused")


ON_FILE: dict[str, pl.DataType] = {
    "subject": pl.String(),
    "rule": pl.String(),
    "state": pl.String(),
    "decided_by": pl.String(),
    "decided_on": pl.Date(),
    "document": pl.String(),
    "expires_on": pl.Date(),
}
"""Exceptions on file and what the gate says of each, as `findings.OnFile` holds one."""


class Gate:
    """What is on file for the subjects of one table."""

    def __init__(self, subjects: pl.DataFrame) -> None:
        some = subjects.select(pl.int_range(pl.len()).alias("·i"), "·entry", "·exceptions", DAYS)
        some = some.filter(pl.col("·exceptions").list.len() > 0)
        listed = some.explode("·exceptions", empty_as_null=False, keep_nulls=False).unnest("·exceptions")
        whole = pl.col("·entry").is_null()
        listed = listed.filter(pl.when(whole).then(pl.col("entry").is_null()).otherwise(pl.col("entry") == pl.col("·entry")))
        self._listed = listed.with_columns(pl.lit(None, pl.String).alias("state"), pl.col("rule", "level").cast(pl.String))
        self._subjects = subjects

    def excuse(self, hearing: Hearing, lines: Sequence[Line]) -> None:
        """Excuse the breaches an exception on file excuses."""
        named = set(self._listed.get_column("rule"))
        for line in lines:
            if line.rule in named:
                rows = self._listed.get_column("·i").to_numpy()
                chain: Any = pl
                for number, piece in enumerate(line.pieces):
                    breached = at(hearing.bits(line, VIOLATED, number=number), rows)
                    governs = (pl.col("rule") == line.rule) & pl.lit(pl.Series(breached))
                    chain = chain.when(governs).then(_worth(piece, self._subjects))
                self._listed = self._listed.with_columns(chain.otherwise(None).alias("worth")).with_columns(
                    pl.coalesce("worth", "state").alias("state")
                )
                used = self._listed.get_column("·i").filter(self._listed.get_column("worth").eq_missing("used"))
                hearing.excuse(line, placed(used.to_numpy(), hearing.table.height))

    def counts(self, hearing: Hearing, lines: Sequence[Line], allowed: frozenset[str]) -> dict[str, Array]:
        """Return how many exceptions on file for each subject are in which state."""
        counts = {state: np.zeros(hearing.table.height, np.int64) for state in _STATES}
        if not self._listed.height:
            return counts
        rows, states = self._listed.get_column("·i").to_numpy(), self._states(hearing, lines, allowed)
        for name, held in counts.items():
            np.add.at(held, rows[states.eq_missing(name).to_numpy()], 1)
        return counts

    def told(self, hearing: Hearing, lines: Sequence[Line], allowed: frozenset[str]) -> pl.DataFrame:
        """Return every exception on file and its state, `open` where its rule is not settled."""
        if not self._listed.height:
            return pl.DataFrame(schema=ON_FILE)
        subject = hearing.subjects.get_column("·subject").gather(self._listed.get_column("·i"))
        state = self._states(hearing, lines, allowed).fill_null("open")
        return self._listed.with_columns(subject.alias("subject"), state.alias("state")).select(
            pl.col(name).cast(dtype) for name, dtype in ON_FILE.items()
        )

    def _states(self, hearing: Hearing, lines: Sequence[Line], allowed: frozenset[str]) -> pl.Series:
        """Return the state of each exception on file, null where its rule is not settled."""
        rows, rules = self._listed.get_column("·i").to_numpy(), self._listed.get_column("rule")
        met, named = np.zeros(len(rows), np.bool_), set(rules)
        for line in lines:
            if line.rule in named:
                met |= (rules == line.rule).fill_null(value=False).to_numpy() & at(
                    hearing.bits(line, SATISFIED, NOT_APPLICABLE), rows
                )
        state = (
            pl.when(pl.col("state").is_not_null())
            .then("state")
            .when(~pl.col("rule").is_in(list(allowed)))
            .then(pl.lit("not_allowed"))
            .when(pl.lit(pl.Series(met)))
            .then(pl.lit("unused"))
        )
        return self._listed.select(state.alias("state")).to_series()


def _worth(piece: Slice, subjects: pl.DataFrame) -> pl.Expr:
    """Return what the gate says of exceptions for a rule version that was breached."""
    escape = piece.rule.exception
    if escape is None:
        return pl.lit("not_allowed")
    before = pl.coalesce(f"·{escape.before}", stated_day(piece.rule.hangs_on, subjects), "·day")
    missing = pl.any_horizontal(pl.col(name).is_null() for name in ("reason", "decided_on", "decided_by"))
    level = pl.col("level")
    return (
        pl.when(missing | (level.is_null() if escape.levels else pl.lit(value=False)))
        .then(pl.lit("unreasoned"))
        .when(~level.is_in(escape.levels) if escape.levels else pl.lit(value=False))
        .then(pl.lit("wrong_level"))
        .when(pl.col("decided_on") > before)
        .then(pl.lit("misdated"))
        .when(pl.col("expires_on") < before)
        .then(pl.lit("expired"))
        .otherwise(pl.lit("used"))
    )
