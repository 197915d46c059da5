"""Findings of a table, as rows: built only for what was found, and put together once for all rules."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import polars_hash  # noqa: F401  # gives columns of text their digests
import pyarrow as pa

from cadre_rules.audits.hearing import AWAITING, OUTCOME, UNDETERMINED, VIOLATED, Hearing, Line
from cadre_rules.audits.matters import Waits
from cadre_rules.dossier.models import DOSSIERS
from cadre_rules.facts.arrays import Array, Bits, Truths, at, different, gathered, picked, places, series_of, some, whereabouts
from cadre_rules.formula import FactTest
from cadre_rules.program import Slice

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


class Telling:
    """Tells what a hearing found about one kind of subject."""

    def __init__(self, hearing: Hearing) -> None:
        self._hearing, self._matcher, self._matters = hearing, hearing.matcher, hearing.matters
        self._program = hearing.matters.program
        self._sets: dict[Waits, int] = {(): 0}

    def findings(self) -> pl.DataFrame:
        """Return every finding, in the order of rows, subjects and rules."""
        lines = [*self._hearing.lines[False], *self._hearing.lines[True]]
        groups = [
            group for line in lines for number, piece in enumerate(line.pieces) for group in self._groups(line, number, piece)
        ]
        return self._together(groups) if groups else pl.DataFrame(schema=FINDINGS)

    # Which findings are told alike

    def _groups(self, line: Line, number: int, piece: Slice) -> Iterator[_Group]:
        breached, waiting, awaiting = (
            self._hearing.bits(line, code, number=number) for code in (VIOLATED, UNDETERMINED, AWAITING)
        )
        if some(breached):
            yield from self._breaches(line, piece, breached)
        if some(waiting):
            yield from self._open(piece, waiting)
        if some(awaiting):
            kind, rows = self._program.subject, places(awaiting)
            place = DOSSIERS[kind].day_fields[line.hangs_on] if kind in DOSSIERS else line.hangs_on
            yield _Group(piece, rows, AWAITING, "information_missing", (), np.full(len(rows), self._set(((place,),))))

    def _breaches(self, line: Line, piece: Slice, left: Bits) -> Iterator[_Group]:
        """Yield the findings of breaches, those of one clause and one level together."""
        matter, rivalled = self._matters[piece.key], self._hearing.rivalled.get(line.number, self._hearing.table.none)
        for clause in piece.verdicts.violated:
            holds = self._matcher.holding(clause, left)
            named = tuple(dict.fromkeys((*(test.fact for test in clause), *matter.named)))
            for level, bits in ((matter.level, holds & ~rivalled), ("judgement_needed", holds & rivalled)):
                if some(bits):
                    rows = places(bits)
                    yield _Group(piece, rows, VIOLATED, level, named, np.zeros(len(rows), np.int64))
            left = left ^ holds
            if not some(left):
                return

    def _open(self, piece: Slice, waiting: Bits) -> Iterator[_Group]:
        """Yield what could not be judged, with what each waits for; what no answer could make a breach is not told."""
        matter, rows = self._matters[piece.key], places(waiting)
        patterns, of_row = self._patterns(matter.tests, waiting, rows)
        told = map(matter.waits, patterns)
        sets = np.array([-1 if waits is None else self._set(waits) for waits in told])[of_row]
        if len(rows := rows[sets >= 0]):
            yield _Group(piece, rows, UNDETERMINED, "information_missing", (), sets[sets >= 0])

    def _patterns(self, tests: Sequence[FactTest], waiting: Bits, rows: Array) -> tuple[list[tuple[int, ...]], Array]:
        """Return each way tests come out (0 fails, 1 passes, 2 not stated), and which of them each row shows."""
        marks, sides = [self._hearing.table.none.tobytes(), waiting.tobytes()], []
        for test in tests:
            column = self._matcher.stated(test.fact)
            stated = _mark(marks, column.stated & waiting) if column is not None else 0
            sides.append((stated, _mark(marks, self._matcher.passing(test) & waiting) if stated else 0))
        held = [at(np.frombuffer(mark, np.uint8), rows).view(np.uint8) for mark in marks[2:]]
        pattern, total = np.zeros(len(rows), np.int64), 1
        for one in held:
            pattern, total = pattern * 2 + one, total * 2
            if total > MAX_PATTERNS:
                known, pattern = different(pattern, total)
                total = len(known)
        known, of_row = different(pattern, total)
        shown = np.array(held).reshape(len(held), len(rows))[:, whereabouts(of_row, len(known))].T.tolist()
        return [
            tuple(2 - 2 * set_[stated] + set_[passed] for stated, passed in sides) for set_ in ([0, 1, *one] for one in shown)
        ], of_row

    def _set(self, waits: Waits) -> int:
        return self._sets.setdefault(waits, len(self._sets))

    # Putting together

    def _together(self, groups: Sequence[_Group]) -> pl.DataFrame:
        of = np.repeat(np.arange(len(groups)), [len(group.rows) for group in groups])
        rows, waits = (np.concatenate([getattr(group, name) for group in groups]) for name in ("rows", "waits"))
        provisional = np.concatenate([self._provisional(group) for group in groups])
        order = self._order(groups, of, rows)
        of, rows, waits, provisional = (picked(held, order) for held in (of, rows, waits, provisional))

        def each(say: Callable[[_Group], str]) -> pl.Series:
            return gathered(pl.Series(list(map(say, groups))), of)

        def own(column: str) -> pl.Series:
            return gathered(self._hearing.subjects.get_column(column), rows)

        rule, subject, days = each(_rule), own("·subject"), pl.Series(self._days(groups, of, rows)).cast(pl.Date)
        evidence, also, said = self._told(groups, of, rows, waits)
        whole = pl.DataFrame({"rule": each(lambda group: f"{group.piece.rule_id}\x1f"), "subject": subject, "said": said})
        columns = {
            "row": own("row"),
            "subject": subject,
            "kind": pl.Series([self._program.subject]).new_from_index(0, len(rows)),
            "rule": rule,
            "rule_version": each(lambda group: self._matters[group.piece.key].version),
            "outcome": each(lambda group: OUTCOME[group.code]),
            "level": each(lambda group: group.level),
            "provisional": pl.Series(provisional),
            "as_of": days,
            "unit": own("·unit"),
            "head": own("·head"),
            "year": days.dt.year(),
            "evidence": evidence,
            "also": also,
            "waits_for": gathered(self._waited_for(), waits),
            "fingerprint": whole.select(
                pl.concat_str("rule", "subject", "said").chash.sha2_256().str.slice(0, 16)  # type: ignore[attr-defined]
            ).to_series(),
        }
        return pl.DataFrame(columns, schema=FINDINGS)

    def _order(self, groups: Sequence[_Group], of: Array, rows: Array) -> Array:
        """Return the findings in the order of rows, subjects and rules."""
        number, subjects = self._hearing.subjects.get_column("row").to_numpy(), self._hearing.subjects
        rules = sorted({_rule(group) for group in groups})
        rule = np.array([rules.index(_rule(group)) for group in groups])[of]
        if (number[1:] > number[:-1]).all():
            return np.argsort(rows * len(rules) + rule, kind="stable")
        keys = {name: gathered(subjects.get_column(name), rows) for name in ("row", "·subject")} | {"rule": pl.Series(rule)}
        order: Array = pl.DataFrame(keys).select(pl.arg_sort_by(*keys, maintain_order=True)).to_series().to_numpy()
        return order

    def _days(self, groups: Sequence[_Group], of: Array, rows: Array) -> Array:
        """Return the day of law of each finding."""
        hung_on = list(dict.fromkeys(group.piece.hangs_on for group in groups))
        of_law = np.stack([self._hearing.law_day(hangs_on) for hangs_on in hung_on])
        days: Array = of_law[np.array([hung_on.index(group.piece.hangs_on) for group in groups])[of], rows]
        return days

    def _told(self, groups: Sequence[_Group], of: Array, rows: Array, waits: Array) -> tuple[pl.Series, pl.Series, pl.Series]:
        """Return the facts findings rest on, those their words name besides, and what their digests read of them."""
        told: list[list[Sequence[str]]] = [
            [group.named for group in groups],
            [self._also(group) for group in groups],
            [sorted(group.named, key=self._id) for group in groups],
        ]
        names = list(dict.fromkeys(name for lists in told for names in lists for name in names))
        number = {name: place for place, name in enumerate(names)}
        entries = [_entries([[number[name] for name in names] for names in lists], of) for lists in told]
        ends, finding, fact = zip(*entries, strict=True)
        texts, text = self._values(names, np.concatenate(fact), rows[np.concatenate(finding)])
        spelt = gathered(pl.Series(list(map(self._id, names)), dtype=pl.String), np.concatenate(fact))
        first, second = len(fact[0]), len(fact[0]) + len(fact[1])
        values = gathered(pl.concat([pl.Series([None, "true", "false"]), *texts]), text[:second])
        pairs = pl.DataFrame({"fact": spelt[:second], "value": values}).to_struct()
        read = gathered(pl.concat([pl.Series(["None", "True", "False"]), *texts]), text[second:])
        resting = np.flatnonzero(np.diff(ends[2]))
        said = _listed("\x1f" + spelt[second:] + "=" + read, ends[2][np.append(resting, len(of))]).list.join("")
        waits = waits.copy()
        waits[resting] = len(self._sets) + np.arange(len(resting))
        said = gathered(pl.concat([pl.Series(list(map(_failing, self._sets)), dtype=pl.String), said]), waits)
        return _listed(pairs[:first], ends[0]), _listed(pairs[first:], ends[1]), said

    def _values(self, names: Sequence[str], facts: Array, rows: Array) -> tuple[list[pl.Series], Array]:
        """Return texts, and which of them each fact of a row is, where those of nothing, yes and no come before all."""
        texts: list[pl.Series] = []
        text, total = np.zeros(len(facts), np.int64), 3
        asked = np.split(np.argsort(facts, kind="stable"), np.cumsum(np.bincount(facts, minlength=len(names))))[:-1]
        for name, own in zip(names, asked, strict=True):
            match self._matcher.stated(name):
                case None:
                    continue
                case Truths(yes, no):
                    text[own] = at(yes, rows[own]) + 2 * at(no, rows[own])
                case column:
                    known = own[at(column.stated, rows[own])]
                    texts.append(series_of(column, rows[known]).cast(pl.String))
                    text[known] = total + np.arange(len(known))
                    total += len(known)
        return texts, text

    def _waited_for(self) -> pl.Series:
        """Return what may be waited for, by its number."""
        sets = [names for waits in self._sets for names in waits]
        facts = pl.Series([fact for names in sets for fact in names], dtype=pl.String)
        return _listed(_listed(facts, _ends(list(map(len, sets)))), _ends(list(map(len, self._sets))))

    def _id(self, name: str) -> str:
        return self._program.defined[name].id

    def _also(self, group: _Group) -> list[str]:
        """Return the facts the words of a finding name, beyond those it rests on."""
        names = self._matters[group.piece.key].also(breached=group.code == VIOLATED)
        return [name for name in names if name not in group.named]

    def _provisional(self, group: _Group) -> Array:
        """Tell of which findings the rule, or all it counted, rests on less than confirmed texts."""
        matter, weak = self._matters[group.piece.key], self._hearing.given.weak
        read = [node for node in matter.counted if node in weak]
        if matter.provisional or not read:
            return np.full(len(group.rows), matter.provisional)
        counted, provisional = (
            np.sum([held[node][group.rows] for node in read], axis=0) for held in (self._hearing.given.counts, weak)
        )
        found: Array = (counted > 0) & (counted == provisional)
        return found


def _mark(marks: list[bytes], bits: Bits) -> int:
    """Return which of the marks there are bits are, the last if it is new."""
    mark = bits.tobytes()
    if mark not in marks:
        marks.append(mark)
    return marks.index(mark)


def _entries(told: Sequence[Sequence[int]], of: Array) -> tuple[Array, Array, Array]:
    """Return where the entries of each finding end, whose list is told `of` it, and of each entry its finding and what it is."""
    sizes = np.array(list(map(len, told)))
    entries, ends = np.array([one for listed in told for one in listed], np.uint16), _ends(sizes[of])
    finding = np.repeat(np.arange(len(of)), sizes[of])
    return ends, finding, entries[np.arange(len(finding)) + (_ends(sizes)[of] - ends[:-1])[finding]]


def _ends(sizes: Sequence[int] | Array) -> Array:
    """Return where lists of these sizes end, and before them where the first begins."""
    return np.cumsum(np.concatenate([np.zeros(1, np.int64), np.asarray(sizes, np.int64)]))


def _listed(values: pl.Series, ends: Array) -> pl.Series:
    """Return values as lists that end there."""
    listed = pa.LargeListArray.from_arrays(pa.array(ends), values.rechunk().to_arrow())
    return pl.DataFrame(pl.from_arrow(pa.record_batch([listed], ["facts"]))).to_series()  # alone it imports pyarrow.compute


def _failing(sets: Sequence[Sequence[str]]) -> str:
    """Return the facts waited for as a digest reads them."""
    return "".join(f"\x1f{fact}=None" for fact in sorted(fact for names in sets for fact in names))


def _rule(group: _Group) -> str:
    return group.piece.rule_id
