"""Findings of a table, as rows: built only for what was found, and put together once for all rules."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import polars as pl
import polars_hash  # noqa: F401  # gives columns of text their digests
import pyarrow as pa

from cadre_rules import expression as ex
from cadre_rules.audits.hearing import AWAITING, OUTCOME, UNDETERMINED, VIOLATED, Hearing, Line
from cadre_rules.dossier.models import DOSSIERS
from cadre_rules.facts.arrays import Array, Bits, Column, Truths, at, different, gathered, places, series_of, some, whereabouts
from cadre_rules.formula import Clause, FactTest, Formula
from cadre_rules.judging import level_of
from cadre_rules.program import Program, Slice
from cadre_rules.reporting import version_of
from cadre_rules.rulebook.checking import PLACEHOLDER
from cadre_rules.waiting import smallest_sets

MAX_SETS = 3
MAX_PATTERNS = 1 << 20
"""Ways tests can come out beyond which those that do are numbered anew."""
_NAMED = pl.List(pl.Struct({"fact": pl.String, "value": pl.String}))
FINDINGS: dict[str, pl.DataType] = {
    "row": pl.UInt64(),
    "subject": pl.String(),
    "kind": pl.String(),
    "rule": pl.String(),
    "rule_version": pl.String(),
    "outcome": pl.String(),
    "level": pl.String(),
    "provisional": pl.Boolean(),
    "as_of": pl.Date(),
    "unit": pl.String(),
    "head": pl.String(),
    "year": pl.Int32(),
    "evidence": _NAMED,
    "also": _NAMED,
    "waits_for": pl.List(pl.List(pl.String)),
    "fingerprint": pl.String(),
}


@dataclass(frozen=True, slots=True)
class _Group:
    """Findings of one rule version that are told alike."""

    piece: Slice
    rows: Array
    code: int
    level: str
    named: tuple[str, ...]
    waits: Array
    """Of each finding, which of the sets of facts waited for it waits for."""


class Matter:
    """What of the findings of a rule version is the same for all tables, found when first asked for."""

    def __init__(self, program: Program, piece: Slice) -> None:
        self._program, self._piece = program, piece
        self._waits: dict[tuple[int, ...], list[list[str]] | None] = {}

    @cached_property
    def version(self) -> str:
        """Return what it is called."""
        return version_of(self._piece.rule)

    @cached_property
    def formulas(self) -> tuple[Formula, ...]:
        """Return what proves it breached, kept and not applicable."""
        return tuple(formula for _, formula in self._piece.formulas())

    @cached_property
    def tests(self) -> tuple[FactTest, ...]:
        """Return the tests it asks, each once."""
        return tuple(dict.fromkeys(test for formula in self.formulas for clause in formula for test in clause))

    @cached_property
    def named(self) -> tuple[str, ...]:
        """Return the facts its message names."""
        return tuple(self._piece.facts[name] for name in PLACEHOLDER.findall(self._piece.rule.message.vi))

    @cached_property
    def counted(self) -> frozenset[ex.Outcomes]:
        """Return what its facts count of breaches."""
        nodes = (node for name in self._piece.facts.values() for node in ex.walk(self._program.facts[name]))
        return frozenset(node for node in nodes if isinstance(node, ex.Outcomes) and "violated" in node.outcomes)

    @cache  # noqa: B019  # as long as it is kept itself
    def also(self, *, breached: bool) -> tuple[str, ...]:
        """Return the facts that its words name beyond those of its message, or all if it is not breached."""
        rule = self._piece.rule
        texts = (rule.title, rule.remedy, rule.responsible, *(() if breached else (rule.message,)))
        names = (self._piece.facts[name] for words in texts if words is not None for name in PLACEHOLDER.findall(words.vi))
        return tuple(dict.fromkeys(names))

    def waits(self, pattern: Sequence[int]) -> list[list[str]] | None:
        """Return the smallest sets of facts that would settle it, as its tests come out; None if no answer could breach it."""
        key = tuple(pattern)
        if key not in self._waits:
            known = dict(zip(self.tests, pattern, strict=True))
            left = [_left(formula, known) for formula in self.formulas]
            sets = smallest_sets(tuple(clause for clauses in left for clause in clauses))[:MAX_SETS] if left[0] else ()
            self._waits[key] = [[self._program.defined[name].id for name in names] for names in sets] if left[0] else None
        return self._waits[key]


class Matters(dict[str, Matter]):
    """What of findings about one kind of subject is the same for all tables, by the keys of rule versions."""

    def __init__(self, program: Program) -> None:
        super().__init__((piece.key, Matter(program, piece)) for piece in program.slices)
        self.program = program


class Telling:
    """Tells what a hearing found about one kind of subject."""

    def __init__(self, hearing: Hearing, matters: Matters) -> None:
        self._hearing, self._program, self._matters = hearing, matters.program, matters
        self._sets: dict[tuple[tuple[str, ...], ...], int] = {(): 0}

    def findings(self) -> pl.DataFrame:
        """Return every finding, in the order of the rules."""
        lines = [*self._hearing.lines[False], *self._hearing.lines[True]]
        groups = [
            group
            for line in lines
            for number, piece in enumerate(line.pieces)
            for group in self._groups(line, number, piece)
            if len(group.rows)
        ]
        return self._together(groups) if groups else pl.DataFrame(schema=FINDINGS)

    # Which findings are told alike

    def _groups(self, line: Line, number: int, piece: Slice) -> Iterator[_Group]:
        breached, waiting, awaiting = (
            self._hearing.bits(line, code, number=number) for code in (VIOLATED, UNDETERMINED, AWAITING)
        )
        yield from self._breaches(line, piece, breached)
        if some(waiting):
            yield self._open(piece, waiting)
        if some(awaiting):
            kind, rows = self._program.subject, places(awaiting)
            place = DOSSIERS[kind].day_fields[line.hangs_on] if kind in DOSSIERS else line.hangs_on
            waits = np.full(len(rows), self._set([[place]]))
            yield _Group(piece, rows, AWAITING, "information_missing", (), waits)

    def _breaches(self, line: Line, piece: Slice, left: Bits) -> Iterator[_Group]:
        """Yield the findings of breaches, those of one clause and one level together."""
        for clause in piece.verdicts.violated:
            if not some(left):
                return
            holds = self._hearing.matcher.holding(clause, left)
            left = left & ~holds
            named = (*(test.fact for test in clause), *self._matters[piece.key].named)
            rivalled = self._hearing.rivalled.get(line.number, self._hearing.table.none)
            for level, bits in ((level_of(piece), holds & ~rivalled), ("judgement_needed", holds & rivalled)):
                rows = places(bits)
                yield _Group(piece, rows, VIOLATED, level, tuple(dict.fromkeys(named)), np.zeros(len(rows), np.int64))

    def _open(self, piece: Slice, waiting: Bits) -> _Group:
        """Return what could not be judged, with what each waits for; what no answer could make a breach is not told."""
        matter, rows = self._matters[piece.key], places(waiting)
        patterns, of_row = self._patterns(matter.tests, waiting, rows)
        told = map(matter.waits, patterns)
        sets = np.array([-1 if waits is None else self._set(waits) for waits in told])[of_row]
        return _Group(piece, rows[sets >= 0], UNDETERMINED, "information_missing", (), sets[sets >= 0])

    def _patterns(self, tests: Sequence[FactTest], waiting: Bits, rows: Array) -> tuple[list[list[int]], Array]:
        """Return each way tests come out (0 fails, 1 passes, 2 not stated), and which of them each row shows."""
        matcher = self._hearing.matcher
        states = np.full((len(tests), len(rows)), 2, np.int8)
        pattern, total = np.zeros(len(rows), np.int64), 1
        for number, test in enumerate(tests):
            column = matcher.stated(test.fact)
            if column is None or not some(stated := column.stated & waiting):
                continue
            states[number] -= 2 * at(stated, rows).view(np.int8) - at(matcher.passing(test), rows).view(np.int8)
            pattern, total = pattern * 3 + states[number], total * 3
            if total > MAX_PATTERNS:
                known, pattern = different(pattern, total)
                total = len(known)
        known, of_row = different(pattern, total)
        return states[:, whereabouts(of_row, len(known))].T.tolist(), of_row

    def _set(self, waits: Sequence[Sequence[str]]) -> int:
        return self._sets.setdefault(tuple(map(tuple, waits)), len(self._sets))

    # Putting together

    def _together(self, groups: Sequence[_Group]) -> pl.DataFrame:
        sizes = [len(group.rows) for group in groups]
        rows, waits = (np.concatenate([getattr(group, name) for group in groups]) for name in ("rows", "waits"))
        days = pl.Series(np.concatenate([self._hearing.law_day(group.piece.rule.hangs_on)[group.rows] for group in groups]))

        def each(say: Callable[[_Group], str]) -> pl.Series:
            texts = list(map(say, groups))
            known = list(dict.fromkeys(texts))
            return gathered(pl.Series(known), np.repeat([known.index(text) for text in texts], sizes))

        rule, subjects = each(lambda group: group.piece.rule.id), self._hearing.subjects
        subject = gathered(subjects.get_column("·subject"), rows)
        rests_on, also = self._values(groups, _named), self._values(groups, self._also)
        whole = pl.DataFrame({"rule": rule, "subject": subject, "said": self._said(groups, waits, rests_on)})
        columns = {
            "row": gathered(subjects.get_column("row"), rows),
            "subject": subject,
            "kind": pl.Series([self._program.subject]).new_from_index(0, len(rows)),
            "rule": rule,
            "rule_version": each(lambda group: self._matters[group.piece.key].version),
            "outcome": each(lambda group: OUTCOME[group.code]),
            "level": each(lambda group: group.level),
            "provisional": pl.Series(np.concatenate([self._provisional(group) for group in groups])),
            "as_of": days.cast(pl.Date),
            "unit": gathered(subjects.get_column("·unit"), rows),
            "head": gathered(subjects.get_column("·head"), rows),
            "year": days.cast(pl.Date).dt.year(),
            "evidence": self._listed(groups, _named, rests_on),
            "also": self._listed(groups, self._also, also),
            "waits_for": gathered(pl.Series([list(map(list, sets)) for sets in self._sets], dtype=FINDINGS["waits_for"]), waits),
            "fingerprint": whole.select(
                pl.concat_str(pl.col("rule") + "\x1f", "subject", "said").chash.sha2_256().str.slice(0, 16)  # type: ignore[attr-defined]
            ).to_series(),
        }
        return pl.DataFrame(columns, schema=FINDINGS)

    def _said(self, groups: Sequence[_Group], waits: Array, values: Mapping[str, pl.Series]) -> pl.Series:
        """Return the facts each finding rests on or waits for, as its digest reads them."""
        matcher = self._hearing.matcher
        read = {name: _digested(spelt, matcher.stated(name)) for name, spelt in values.items()}
        rested_on = self._listed(groups, lambda group: sorted(group.named, key=self._id), read)
        one = pl.element().struct
        parts = rested_on.list.eval("\x1f" + one.field("fact") + "=" + one.field("value").fill_null("None"))
        waited_for = pl.Series([_failing(sets) for sets in self._sets], dtype=pl.String)
        return gathered(waited_for, waits) + parts.list.join("")

    def _values(self, groups: Sequence[_Group], naming: Callable[[_Group], Sequence[str]]) -> dict[str, pl.Series]:
        """Return what each fact is for the findings that name it, in their order."""
        rows: dict[str, list[Array]] = defaultdict(list)
        for group in groups:
            for name in naming(group):
                rows[name].append(group.rows)
        stated = self._hearing.matcher.stated
        return {name: series_of(stated(name), np.concatenate(held)).cast(pl.String) for name, held in rows.items()}

    def _listed(
        self, groups: Sequence[_Group], naming: Callable[[_Group], Sequence[str]], values: Mapping[str, pl.Series]
    ) -> pl.Series:
        """Return the facts each finding names, in that order, with their values."""
        places: dict[str, list[Array]] = {name: [] for name in values}
        sizes, start = [np.zeros(1, np.int64)], 0
        for group in groups:
            names, height = naming(group), len(group.rows)
            for number, name in enumerate(names):
                places[name].append(start + number + np.arange(height) * len(names))
            sizes.append(np.full(height, len(names)))
            start += height * len(names)
        place = np.concatenate([np.zeros(0, np.int64), *(one for held in places.values() for one in held)])
        facts = pl.Series(list(map(self._id, values)), dtype=pl.String)
        fact = gathered(facts, np.repeat(np.arange(len(values)), [len(told) for told in values.values()]))
        told = pl.DataFrame({"fact": fact, "value": pl.concat([fact.clear(), *values.values()])}).to_struct()
        pairs = gathered(told, whereabouts(place, len(place)))
        offsets = pa.array(np.cumsum(np.concatenate(sizes)), pa.int64())
        listed = pa.LargeListArray.from_arrays(offsets, pairs.rechunk().to_arrow())
        return pl.DataFrame(
            pl.from_arrow(pa.record_batch([listed], ["facts"]))
        ).to_series()  # a column alone imports pyarrow.compute

    def _id(self, name: str) -> str:
        return self._program.defined[name].id

    def _also(self, group: _Group) -> list[str]:
        """Return the facts the words of a finding name, beyond those it rests on."""
        names = self._matters[group.piece.key].also(breached=group.code == VIOLATED)
        return [name for name in names if name not in group.named]

    def _provisional(self, group: _Group) -> Array:
        """Tell of which findings the rule, or all it counted, rests on less than confirmed texts."""
        if self._hearing.is_provisional(group.piece):
            return np.ones(len(group.rows), np.bool_)
        weak = self._hearing.given.weak
        read = [node for node in self._matters[group.piece.key].counted if node in weak]
        if not read:
            return np.zeros(len(group.rows), np.bool_)
        counted, provisional = (
            np.sum([held[node][group.rows] for node in read], axis=0) for held in (self._hearing.given.counts, weak)
        )
        found: Array = (counted > 0) & (counted == provisional)
        return found


def _left(formula: Formula, known: Mapping[FactTest, int]) -> list[Clause]:
    """Return what is still to be shown of each clause that no stated fact rules out."""
    return [tuple(test for test in clause if known[test] == 2) for clause in formula if all(known[test] for test in clause)]


def _failing(sets: Sequence[Sequence[str]]) -> str:
    """Return the facts waited for as a digest reads them."""
    return "".join(f"\x1f{fact}=None" for fact in sorted(fact for names in sets for fact in names))


def _named(group: _Group) -> Sequence[str]:
    return group.named


def _digested(spelt: pl.Series, column: Column | None) -> pl.Series:
    """Return the values of a fact as its digest reads them."""
    return spelt.str.to_titlecase() if isinstance(column, Truths) else spelt
