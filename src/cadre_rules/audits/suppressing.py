"""Counts of small groups left out of a summary, and with them those that would give them away.

A count from 1 to below N is shown as `<N`. It could still be computed where it is the only gap in a sum that is shown, or where
so little is left for the gaps that one way to fill them remains. So in every sum (a row to its findings, a column to the count
for the whole audit, how a rule came out to how often it was judged) more counts are left out, the smallest first, and at last
the sum itself, until by that sum each small count may be anything from 1 to N-1, even for a reader who knows how they were
chosen. Those left out besides are shown as `…`; they are N or more.

Nought is shown, for nobody is in it; but where a sum is small itself and several make it up, its noughts are shown as `<N` too:
two counts below 3 that make less than 3 are one and one. Last, all sums are put together as a reader could put them, and more
is left out until no small count follows, or not one count beside it is still shown.

What rests on counts without adding up to them goes with them: where a rule's findings have a gap, how often it was violated and
undetermined is left out too. Rows are sorted by what is shown.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import polars as pl

from cadre_rules.wording import LEVELS

OTHER = "…"
"""What is shown for a count left out so that another cannot be computed."""

_PARTS = (*LEVELS, "provisional")
_JUDGED = "judged"
_CAME_OUT = ("satisfied", "violated", "excepted", "not_applicable", "undetermined")
_Cell: TypeAlias = tuple[str, Any, str]
"""A count: of which table, row and column."""


@dataclass(frozen=True, slots=True)
class _Sum:
    """Counts that add up to another."""

    parts: Sequence[_Cell]
    whole: _Cell


def suppressed(
    summary: Mapping[str, Any], tables: Mapping[str, pl.DataFrame], below: int
) -> tuple[dict[str, Any], dict[str, pl.DataFrame]]:
    """Return the summary of an audit and its tables without counts from 1 to below `below`, nor those that would tell them."""
    counts = _counts(summary, tables)
    hidden = _hidden(counts, [*_sums(tables)], below)

    def shown(cell: _Cell) -> Any:
        count = counts[cell]
        return count if cell not in hidden else f"<{below}" if count < below else OTHER

    told = {name: _table(name, table, shown, below) for name, table in tables.items()}
    there = {*tables["by-level"]["level"]}
    levels: dict[str, Any] = {}
    for level in LEVELS:
        levels[level] = shown(("all", None, level))
        levels[f"{level}_provisional"] = shown(("by-level", level, "provisional")) if level in there else 0
    whole = {
        "findings": shown(("all", None, "findings")),
        "by_level": levels,
        "by_outcome": {name: shown(("all", None, name)) for name in summary["by_outcome"]},
        **{f"by_{key}": told[f"by-{key}"].to_dicts() for key in ("rule", "year")},
        **{key: told[f"by-{key[6:-1]}"].head(len(summary[key])).to_dicts() for key in summary if key.startswith("worst_")},
    }
    return {**summary, **whole, "suppressed_below": below}, told


def _counts(summary: Mapping[str, Any], tables: Mapping[str, pl.DataFrame]) -> dict[_Cell, int]:
    counts: dict[_Cell, int] = {}
    for name, table in tables.items():
        keys, columns = _keys(table), _counted(table)
        for row in table.iter_rows(named=True):
            counts |= {(name, tuple(row[key] for key in keys) if len(keys) > 1 else row[keys[0]], c): row[c] for c in columns}
    came_out = tables["by-rule"].select("rule", judged=pl.sum_horizontal(_CAME_OUT))
    counts |= {(_JUDGED, rule, ""): count for rule, count in came_out.iter_rows()}
    whole = {c: int(tables["by-level"][c].sum()) for c in (*_PARTS, "findings")} | dict(summary["by_outcome"])
    return counts | {("all", None, column): count for column, count in whole.items()}


def _sums(tables: Mapping[str, pl.DataFrame]) -> Iterator[_Sum]:
    """Yield everything that adds up: rows to their findings, columns to the whole, the whole's parts to its findings.

    How a rule came out adds up to how often it was judged, which is not shown, but is the same for many rules.
    """
    yield _Sum([("all", None, part) for part in _PARTS], ("all", None, "findings"))
    for rule in tables["by-rule"]["rule"]:
        yield _Sum([("by-rule", rule, name) for name in _CAME_OUT], (_JUDGED, rule, ""))
    for name, table in tables.items():
        if "findings" in table.columns:
            keys = table[_keys(table)[0]].to_list()
            yield from (_Sum([(name, key, part) for part in _PARTS], (name, key, "findings")) for key in keys)
            yield from (
                _Sum([(name, key, column) for key in keys], ("all", None, column))
                for column in (*_PARTS, "findings", *(_CAME_OUT if "violated" in table.columns else ()))
            )


def _hidden(counts: Mapping[_Cell, int], sums: Sequence[_Sum], below: int) -> set[_Cell]:
    """Choose what is left out: every small count, then what of each sum, and of all of them together, would tell one."""
    hidden = {cell for cell, count in counts.items() if 0 < count < below and cell[0] != _JUDGED}
    size = -1
    while size != len(hidden):
        size = len(hidden)
        for told in sums:
            while not _safe(told, counts, hidden, below) and (more := _next(told, counts, hidden)) is not None:
                hidden.add(more)
        hidden.update([*_beside(counts, hidden)])
        if size == len(hidden):
            hidden.update([*_against(counts, sums, hidden, below)])
    return hidden


def _safe(told: _Sum, counts: Mapping[_Cell, int], hidden: set[_Cell], below: int) -> bool:
    """Tell whether each small count of a sum may, by that sum, be anything below the bound, and no gap is the only one."""
    gaps = [counts[part] for part in told.parts if part in hidden]
    if told.whole in hidden:
        several = sum(counts[part] > 0 for part in told.parts) > 1
        return len(gaps) == len(told.parts) if counts[told.whole] < below and several else bool(gaps)
    small = [count for count in gaps if count < below]
    large = [count for count in gaps if count >= below]
    if len(gaps) < 2 or not small:
        return len(gaps) != 1
    room = sum(count - below for count in large) + sum(max(count - 1, 0) for count in small)
    return room >= below - 2 and (bool(large) or sum(small) <= 1 + (len(small) - 1) * (below - 1))


def _next(told: _Sum, counts: Mapping[_Cell, int], hidden: set[_Cell]) -> _Cell | None:
    """Return the smallest count of a sum that is still shown; with none left, the sum itself, then what is nought.

    How often a rule was judged is not shown, so cannot be left out; unless that is a small count too, a reader may know it.
    """
    shown = [part for part in told.parts if part not in hidden]
    whole = [told.whole] if told.whole not in hidden and told.whole[0] != _JUDGED else []
    noughts = [part for part in shown if not counts[part]]
    return next(iter(sorted((p for p in shown if counts[p]), key=lambda p: (counts[p], str(p))) or whole or noughts), None)


def _against(counts: Mapping[_Cell, int], sums: Sequence[_Sum], hidden: set[_Cell], below: int) -> Iterator[_Cell]:
    """Work out from all sums together what a reader could, and yield what to leave out besides where that is a small count."""
    holding: dict[_Cell, list[_Sum]] = defaultdict(list)
    for told in sums:
        for cell in (*told.parts, told.whole):
            if cell in hidden:
                holding[cell].append(told)
    bounds = _bounds(counts, holding, hidden, below)
    waiting = {id(told): told for held in holding.values() for told in held}
    for _ in range(_PASSES):
        moved = {cell for told in waiting.values() for cell in _narrow(told, bounds)}
        waiting = {id(told): told for cell in moved for told in holding[cell]}
    for cell, held in holding.items():
        if 0 < counts[cell] < below and bounds[cell][0] == bounds[cell][1]:
            yield from (more for told in held if (more := _next(told, counts, hidden)) is not None)


_PASSES = 50
"""How often what is worked out from one sum is put into the others."""


def _bounds(
    counts: Mapping[_Cell, int], holding: Mapping[_Cell, Sequence[_Sum]], hidden: set[_Cell], below: int
) -> dict[_Cell, tuple[int, int]]:
    """Return between what bounds each count is known to be; a small one is known not to be nought where no nought is left out."""
    few = {cell for cell, count in counts.items() if cell[0] == _JUDGED and count < below}
    bounds = {cell: (0, below - 1) if cell in few else (count, count) for cell, count in counts.items()}
    for cell, held in holding.items():
        noughts = any(part in hidden and not counts[part] for told in held for part in told.parts)
        bounds[cell] = (below, _MOST) if counts[cell] >= below else (0 if noughts else 1, below - 1)
    return bounds


_MOST = 10**15


def _narrow(told: _Sum, bounds: dict[_Cell, tuple[int, int]]) -> Iterator[_Cell]:
    """Narrow the bounds of a sum and its parts by each other, and yield whose moved."""
    low, high = sum(bounds[part][0] for part in told.parts), sum(bounds[part][1] for part in told.parts)
    least, most = bounds[told.whole]
    found = {part: (least - high + bounds[part][1], most - low + bounds[part][0]) for part in told.parts}
    found[told.whole] = low, high
    for cell, (lower, upper) in found.items():
        tighter = max(lower, bounds[cell][0]), min(upper, bounds[cell][1])
        if tighter != bounds[cell]:
            bounds[cell] = tighter
            yield cell


def _beside(counts: Mapping[_Cell, int], hidden: Iterable[_Cell]) -> Iterator[_Cell]:
    """Yield what rests on gaps: how often a rule whose findings have one was violated and undetermined."""
    for name, key, column in hidden:
        if name == "by-rule" and column in (*_PARTS, "findings"):
            yield from (cell for c in ("violated", "undetermined") if counts[cell := (name, key, c)])


def _table(name: str, table: pl.DataFrame, shown: Any, below: int) -> pl.DataFrame:
    """Return a table as it is shown, sorted by what is shown."""
    keys, columns = _keys(table), _counted(table)
    rows = []
    for row in table.iter_rows(named=True):
        key = tuple(row[name] for name in keys) if len(keys) > 1 else row[keys[0]]
        rows.append(row | {column: shown((name, key, column)) for column in columns})
    order = (*LEVELS, "provisional") if "findings" in columns else columns
    rows.sort(key=lambda row: ([-_at_least(row[column], below) for column in order], [str(row[name]) for name in keys]))
    schema = {column: pl.String if column in columns else dtype for column, dtype in table.schema.items()}
    texts = [{name: str(cell) if name in columns else cell for name, cell in row.items()} for row in rows]
    return pl.DataFrame(texts, schema=schema, orient="row")


def _at_least(cell: Any, below: int) -> int:
    return cell if isinstance(cell, int) else below if cell == OTHER else 1


def _keys(table: pl.DataFrame) -> list[str]:
    return ["rule", "other"] if "other" in table.columns else [table.columns[0]]


def _counted(table: pl.DataFrame) -> list[str]:
    return [name for name, dtype in table.schema.items() if dtype.is_integer() and name not in _keys(table)]
