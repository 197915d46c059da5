"""How every rule comes out for every subject of a table: a bit for each rule version and outcome.

A rule is a line of versions, each of which speaks for the subjects whose day it covers. What does not apply to a subject is
settled first, so that what only a rule asks that applies to nobody is never derived.
"""

import weakref
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property, partial, reduce
from itertools import pairwise

import numpy as np
import polars as pl
from polars import selectors

from cadre_rules import expression as ex
from cadre_rules.audits.matters import Matters
from cadre_rules.engine.bulk import BulkMatcher
from cadre_rules.facts.arrays import Array, Bits, Column, Numbers, Table, added, read_column, some, spread
from cadre_rules.facts.cells import number_of
from cadre_rules.facts.columns import FactColumns
from cadre_rules.facts.columnwise import year_of
from cadre_rules.program import Slice
from cadre_rules.rulebook.schema import Window

VIOLATED, SATISFIED, NOT_APPLICABLE, UNDETERMINED, AWAITING, EXCEPTED = range(1, 7)
OUTCOME = ("", "violated", "satisfied", "not_applicable", "undetermined", "undetermined", "excepted")
_CODES = {"violated": (VIOLATED,), "satisfied": (SATISFIED,), "not_applicable": (NOT_APPLICABLE,)} | {
    "undetermined": (UNDETERMINED, AWAITING),
    "excepted": (EXCEPTED,),
}
EVERY = (VIOLATED, SATISFIED, NOT_APPLICABLE, UNDETERMINED, AWAITING, EXCEPTED)

DAYS = selectors.starts_with("·") & selectors.date()
"""The columns of the days of subjects."""

_YEARS = 10_000
"""One more than the last year of the calendar."""

_WORDS = 1 << 17
"""Words of bits that are counted at once: as many as stay in a core's own memory."""


@dataclass(frozen=True, slots=True)
class Line:
    """The versions of one rule that hang on one day, oldest first."""

    number: int
    rule: str
    hangs_on: str
    pieces: tuple[Slice, ...]


class Hearing:
    """The outcomes of one table of subjects."""

    def __init__(
        self, matters: Matters, lines: Mapping[bool, Sequence[Line]], facts: FactColumns, subjects: pl.DataFrame
    ) -> None:
        self.matters, self.lines, self.subjects = matters, lines, subjects
        self.table = Table(subjects.height)
        self.given = _Given(self)
        self.facts = facts.of(subjects, self.given)
        self.matcher = BulkMatcher(self.table, self.facts.exact)
        self.rivalled: dict[int, Bits] = {}
        """Of each line that has a rival: where the rival text came out otherwise."""
        self._sides: dict[tuple[int, int], dict[int, Bits]] = defaultdict(dict)
        self._begun: dict[tuple[str, date], Bits] = {}
        self._stated_day = cache(partial(stated_day, subjects=subjects))

    # Outcomes

    def hear(self, *, late: bool) -> None:
        """Settle the outcome of every rule of one pass."""
        for line in self.lines[late]:
            _, stated = self.day(self._stated_day(line.hangs_on))
            for number, piece in enumerate(line.pieces):
                covers = stated & self._covers(line.hangs_on, piece)
                if some(covers):
                    self._add(line, number, self._sorted(piece, covers))
            unstated = self.table.all ^ stated
            if some(unstated):
                self._await(line, unstated)

    def weigh(self, *, late: bool) -> None:
        """Note, for each rule that has a rival, where the rival came out otherwise."""
        by_rule = {line.rule: line for line in self.lines[late]}
        for line in self.lines[late]:
            rivals = [by_rule.get(piece.rule.rival or "") for piece in line.pieces]
            differs = [
                self.bits(line, VIOLATED, number=number) & self.bits(rival, SATISFIED, UNDETERMINED, AWAITING, EXCEPTED)
                for number, rival in enumerate(rivals)
                if rival is not None
            ]
            if differs:
                self.rivalled[line.number] = reduce(np.bitwise_or, differs)

    def excuse(self, line: Line, rows: Bits) -> None:
        """Turn breaches into what an exception on file excuses."""
        for number in range(len(line.pieces)):
            sides = self._sides[line.number, number]
            excused = sides.get(VIOLATED, self.table.none) & rows
            if some(excused):
                sides[VIOLATED] = sides[VIOLATED] & ~excused
                self._add(line, number, {EXCEPTED: excused})

    def bits(self, line: Line, *codes: int, number: int | None = None) -> Bits:
        """Return where a line, or one version of it, came out as one of the codes."""
        numbers = range(len(line.pieces)) if number is None else (number,)
        sides = [self._sides[line.number, one] for one in numbers]
        found = [side[code] for side in sides for code in codes if code in side]
        return reduce(np.bitwise_or, found) if found else self.table.none

    def _add(self, line: Line, number: int, sides: Mapping[int, Bits]) -> None:
        held = self._sides[line.number, number]
        for code, bits in sides.items():
            held[code] = held[code] | bits if code in held else bits

    def _sorted(self, piece: Slice, among: Bits) -> dict[int, Bits]:
        """Part subjects by how one rule version comes out."""
        verdicts, sides, left = piece.verdicts, {}, among
        settled = (
            (NOT_APPLICABLE, verdicts.not_applicable),
            (SATISFIED, verdicts.satisfied),
            (VIOLATED, verdicts.violated),
        )
        for code, formula in settled:
            proved = self.matcher.proved(formula, left)
            if some(proved):
                sides[code] = proved
                left = left ^ proved
                if not some(left):
                    return sides
        return sides | {UNDETERMINED: left}

    def _await(self, line: Line, unstated: Bits) -> None:
        """Settle subjects whose day is not stated: by what every version that may govern agrees on."""
        forward, total = line.hangs_on == "effective", len(line.pieces)
        may = [unstated & self._may(piece.window, forward=forward) for piece in line.pieces]
        for size in range(1, total + 1):
            group = line.pieces[-size:] if forward else line.pieces[:size]
            inner, outer = (total - size, total - size - 1) if forward else (size - 1, size)
            among = may[inner] & ~may[outer] if 0 <= outer < total else may[inner]
            if some(among):
                told = [self._sorted(piece, among) for piece in group]
                kinds = EVERY[:4] if _always(group, forward=forward) else (NOT_APPLICABLE,)
                agreed = {kind: reduce(np.bitwise_and, (one.get(kind, self.table.none) for one in told)) for kind in kinds}
                rest = reduce(np.bitwise_xor, agreed.values(), among)
                self._add(line, total - 1 if forward else size - 1, {**agreed, AWAITING: rest})

    def _may(self, window: Window, *, forward: bool) -> Bits:
        """Return for whom a rule version may govern a day that is not stated, which comes after the day of law or before."""
        edge = window.until if forward else window.starts
        begun = self.table.all if edge is None else self._from("·day", edge)
        return self.table.all ^ begun if forward and edge is not None else begun

    # Days

    def day(self, name: str) -> tuple[Array, Bits]:
        """Return a column of days, and of whom it is stated."""
        return self._days[name]

    @cached_property
    def _days(self) -> dict[str, tuple[Array, Bits]]:
        found = {}
        for days in self.subjects.select(DAYS):
            column = read_column(days, self.table)
            none = np.zeros(self.table.height, np.int32), self.table.none
            found[days.name] = (column.low, column.stated) if isinstance(column, Numbers) else none
        return found

    def law_day(self, hangs_on: str) -> Array:
        """Return the day whose law each subject was judged by."""
        name = self._stated_day(hangs_on)
        if name not in self._law_days:
            (day, stated), (otherwise, _) = self.day(name), self.day("·day")
            self._law_days[name] = np.where(spread(stated, self.table.height), day, otherwise)
        return self._law_days[name]

    @cached_property
    def _law_days(self) -> dict[str, Array]:
        return {}

    def _covers(self, hangs_on: str, piece: Slice) -> Bits:
        """Return whose day lies in the window of a rule version, where it is stated."""
        name, window = self._stated_day(hangs_on), piece.window
        covers = self.table.all if window.starts is None else self._from(name, window.starts)
        return covers if window.until is None else covers & ~self._from(name, window.until)

    def _from(self, name: str, edge: date) -> Bits:
        """Return whose day is an edge of law or later."""
        if (name, edge) not in self._begun:
            self._begun[name, edge] = self.table.bits(self.day(name)[0] >= number_of(edge))
        return self._begun[name, edge]

    # Counting

    def by_year(self) -> tuple[list[tuple[Line, int, int]], Array, Array]:
        """Return each side (line, version, code) there is, the years of law there are, and how many of each come of each."""
        lines = [*self.lines[False], *self.lines[True]]
        versions = [(line, number) for line in lines for number in range(len(line.pieces))]
        sides = [(line, number, code) for line, number in versions for code in self._sides[line.number, number]]
        of_law = {hangs_on: year_of(self.law_day(hangs_on)) for hangs_on in {line.hangs_on for line in lines}}
        years = np.flatnonzero(sum(np.bincount(each, minlength=_YEARS) for each in of_law.values()))
        counts = np.zeros((len(sides), len(years)), np.int64)
        for hangs_on, each in of_law.items():
            own = [place for place, (line, _, _) in enumerate(sides) if line.hangs_on == hangs_on]
            held = [self._sides[line.number, number][code] for line, number, code in map(sides.__getitem__, own)]
            counts[own] = _in_common(held, np.array([self.table.bits(each == year) for year in years]))
        return sides, years, counts

    def counting(self, wanted: ex.Outcomes) -> tuple[Array, Array]:
        """Return how many outcomes of the first pass are as wanted, and how many of those are provisional."""
        tags, found = set(wanted.tags), defaultdict[bool, list[Bits]](list)
        codes = [code for outcome in wanted.outcomes for code in _CODES[outcome]] or EVERY
        for line in self.lines[False]:
            if wanted.rules and line.rule not in wanted.rules:
                continue
            for number, piece in enumerate(line.pieces):
                if tags and tags.isdisjoint(piece.tags):
                    continue
                right = self._at_level(line, number, wanted.levels) if wanted.levels else self.table.all
                if some(right):
                    found[self.matters[piece.key].provisional].append(right & self.bits(line, *codes, number=number))
        firm, weak = (added(found[provisional], self.table.height) for provisional in (False, True))
        return firm + weak, weak

    def _at_level(self, line: Line, number: int, levels: Sequence[str]) -> Bits:
        rivalled, found = self.rivalled.get(line.number), self.table.none
        if self.matters[line.pieces[number].key].level in levels:
            found = self.bits(line, VIOLATED, number=number)
            found = found if rivalled is None else found & ~rivalled
        if rivalled is not None and "judgement_needed" in levels:
            found = found | rivalled
        if "information_missing" in levels:
            found = found | self.bits(line, UNDETERMINED, AWAITING, number=number)
        return found


class _Given(dict[ex.Expression, Column]):
    """What is counted over the first pass, when it is asked for; the counts of exceptions are put in by the gate."""

    def __init__(self, hearing: Hearing) -> None:
        super().__init__()
        self._hearing = weakref.proxy(hearing)  # a circle would keep the whole table until Python looks for circles
        self.weak: dict[ex.Expression, Array] = {}
        """How many of what is counted are provisional."""
        self.counts: dict[ex.Expression, Array] = {}

    def __missing__(self, node: ex.Expression) -> Column:
        assert isinstance(node, ex.Outcomes)
        self.put(node, *self._hearing.counting(node))
        return self[node]

    def put(self, node: ex.Expression, counts: Array, weak: Array | None = None) -> None:
        self[node] = Numbers(counts, self._hearing.table.all)
        if weak is not None:
            self.counts[node], self.weak[node] = counts, weak


def _in_common(columns: Sequence[Bits], others: Array) -> Array:
    """Return how many bits each of the columns has in common with each of the others."""
    words, found = others.view(np.uint64), np.zeros((len(columns), len(others)), np.int64)
    at_once = max(1, _WORDS // max(1, words.size))
    for start in range(0, len(columns), at_once):
        block = slice(start, start + at_once)
        both = np.stack(columns[block]).view(np.uint64)[:, None] & words
        found[block] = np.bitwise_count(both).sum(axis=2, dtype=np.uint32)
    return found


def stated_day(hangs_on: str, subjects: pl.DataFrame) -> str:
    """Return the column of the day a rule hangs on, null where it is not stated; a day fixed for all is stated."""
    return "·day" if "·fixed" in subjects.columns or hangs_on == "decided" else f"·{hangs_on}"


def _always(pieces: Sequence[Slice], *, forward: bool) -> bool:
    edge = pieces[-1].window.until if forward else pieces[0].window.starts
    return edge is None and all(one.window.until == next_.window.starts for one, next_ in pairwise(pieces))
