"""Judge tables of dossiers, each by the law of its own day, to the same outcomes, levels and evidence as `check`.

Subjects whose days fall under the same law are judged together. Formulas are columns, a rule is a column of outcomes, and
findings are built only for rows that have one; nothing runs Python for each row.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, reduce
from itertools import accumulate

import numpy as np
import polars as pl

from cadre_rules import expression as ex
from cadre_rules.audits.gate import ON_FILE, Gate
from cadre_rules.audits.hearing import EVERY, EXCEPTED, OUTCOME, SATISFIED, VIOLATED, Hearing, Line, stated_day
from cadre_rules.audits.matters import Matters
from cadre_rules.audits.telling import FINDINGS, Telling
from cadre_rules.dossier.frames import Fields, as_asked, frame_schema, holds
from cadre_rules.dossier.kinds import WHOLES
from cadre_rules.dossier.models import DOSSIERS
from cadre_rules.facts.arrays import at, gathered, keep_codes, places, series_of, set_bits, some, spread
from cadre_rules.facts.columns import FactColumns
from cadre_rules.facts.deriving import Tables
from cadre_rules.facts.maps import AreaMap
from cadre_rules.judging import AsOf
from cadre_rules.program import Slice, program_of, share_judged
from cadre_rules.rulebook.model import Rulebook

OUTCOMES: dict[str, pl.DataType] = {
    "rule": pl.String(),
    "rule_version": pl.String(),
    "kind": pl.String(),
    "year": pl.Int32(),
    "outcome": pl.String(),
    "count": pl.UInt64(),
}

SHARES: dict[str, pl.DataType] = {
    "subject": pl.String(),
    "kind": pl.String(),
    "unit": pl.String(),
    "rule": pl.String(),
    "as_of": pl.Date(),
    "share": pl.Int64(),
    "target": pl.Int64(),
    "met": pl.Boolean(),
}
"""Shares judged against a target, met or missed; share and target in basis points."""

HEADS: dict[str, pl.DataType] = {"head": pl.String(), "dossier": pl.String(), "day": pl.Date()}
"""And a column for each count over outcomes that rules about heads read."""

VERDICTS: dict[str, pl.DataType] = {"subject": pl.String(), "rule": pl.String(), "outcome": pl.String()}


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found in one table: findings, how often each rule came out how, and what is known of each head's decisions."""

    findings: pl.DataFrame
    outcomes: pl.DataFrame
    heads: pl.DataFrame
    verdicts: pl.DataFrame
    """How every rule came out for every subject, if that is kept."""
    exceptions: pl.DataFrame
    shares: pl.DataFrame


class BulkJudge:
    """A rulebook compiled for tables; safe to share between threads once it has judged one table of a kind."""

    def __init__(self, rulebook: Rulebook, *, keep_verdicts: bool = False) -> None:
        self.rulebook, self.keep_verdicts = rulebook, keep_verdicts
        self._tables = Tables(rulebook.rows, AreaMap(rulebook.rows.get("provinces", ())))
        self._courts: dict[str, _Court] = {}
        self._asked: dict[str, Fields] = {}

    def judge(self, kind: str, frame: pl.DataFrame, *, as_of: AsOf = "decision", today: date) -> Judged:
        """Judge every dossier of a table, and every entry, leader or figure inside them.

        `frame` has columns of `frame_schema(kind)`, `id` at least; a column that is absent states nothing. `_row` numbers
        the rows as people count them.
        """
        frame = _whole(frame, kind, self.asked(kind))
        found = list(self._court(kind).judged(_subjects(kind, frame, as_of, today)))
        children = DOSSIERS[kind].children
        if children is not None and frame.get_column(children[0]).dtype != pl.Null:
            court = self._court(children[1])
            parts = _parts(court, children[0], frame, as_of, today)
            found += court.judged(parts) if parts.height else []
        return _put_together(found)

    def asked(self, kind: str) -> Fields:
        """Return which fields of a dossier the rules can ask for; a table may leave out the others, in parts and lists too."""
        if DOSSIERS[kind].children is not None:
            return None
        if kind not in self._asked:
            self._asked[kind] = self._asked_of(kind)
        return self._asked[kind]

    def _asked_of(self, kind: str) -> Fields:
        read = {".".join(path) for fact in self._court(kind).program.facts.values() for path in ex.paths(fact)}
        lists = {one for path in read for one in accumulate(path.split(".")[:-1], "{}.{}".format)}
        of_all = {"id", "kind", "exceptions", "authority.head", "authority.office", ".".join(_UNIT.get(kind, ("unit",)))}
        return frozenset((read - lists) | of_all | {*DOSSIERS[kind].day_fields.values()})

    def judge_heads(self, heads: pl.DataFrame, *, as_of: AsOf = "decision", today: date) -> Judged:
        """Judge what several dossiers of one head add up to; `heads` is all that the tables left, put together."""
        counts = [name for name in heads.columns if name not in HEADS]
        several = (
            heads.group_by("head", maintain_order=True)
            .agg(pl.col("dossier").n_unique(), pl.col("day").max(), *(pl.col(name).sum() for name in counts))
            .filter(pl.col("dossier") > 1)
            .sort("head")
        )
        day = pl.col("day") if as_of == "decision" else pl.lit(today if as_of == "today" else as_of)
        none = pl.lit(None, pl.String)
        subjects = several.select(
            pl.lit(0, pl.UInt64).alias("row"),
            pl.col("head").alias("·subject"),
            pl.col("head").alias("·head"),
            *(none.alias(name) for name in ("·unit", "·entry", "·dossier")),
            pl.lit(None, frame_schema("appointment")["exceptions"]).alias("·exceptions"),
            *(pl.lit(None, pl.Date).alias(f"·{name}") for name in _ORDER),
            day.alias("·day"),
            pl.lit(value=True).alias("·fixed"),
            *(pl.col(name).alias(f"·{name}") for name in counts),
        )
        return _put_together(self._court("head").judged(subjects) if subjects.height else ())

    def _court(self, kind: str) -> "_Court":
        if kind not in self._courts:
            whole = self._court("head") if kind != "head" else None
            self._courts[kind] = _Court(self, kind, self._tables, whole.counts if whole is not None else {})
        return self._courts[kind]


def _put_together(found: Iterable[Judged]) -> Judged:
    found = list(found)
    if len(found) == 1:
        return found[0]
    return Judged(
        pl.concat([pl.DataFrame(schema=FINDINGS), *(one.findings for one in found)]).sort(
            "row", "subject", "rule", maintain_order=True
        ),
        pl.concat([pl.DataFrame(schema=OUTCOMES), *(one.outcomes for one in found)]),
        pl.concat([pl.DataFrame(schema=HEADS), *(one.heads for one in found)], how="diagonal"),
        pl.concat([pl.DataFrame(schema=VERDICTS), *(one.verdicts for one in found)]),
        pl.concat([pl.DataFrame(schema=ON_FILE), *(one.exceptions for one in found)]),
        pl.concat([pl.DataFrame(schema=SHARES), *(one.shares for one in found)]).sort("subject", "rule"),
    )


# Tables of subjects

_ORDER = ("process_started", "file_received", "decided", "effective", "rotation_ends", "term_ends")


def _whole(frame: pl.DataFrame, kind: str, asked: Fields) -> pl.DataFrame:
    """Return the table with every column of its kind, and with all in it that is asked for."""
    schema, least, given = frame_schema(kind), frame_schema(kind, asked), frame.schema
    columns = [
        pl.lit(None, dtype).alias(name) if name not in given
        else pl.col(name) if name not in least or holds(given[name], least[name])
        else as_asked(pl.col(name), given[name], least[name]).alias(name)
        for name, dtype in schema.items()
    ]  # fmt: skip
    number = pl.col("_row").cast(pl.UInt64) if "_row" in frame.columns else pl.int_range(1, pl.len() + 1, dtype=pl.UInt64)
    return frame.select(number.alias("row"), *columns)


def _path(path: Sequence[str]) -> pl.Expr:
    return reduce(lambda outer, name: outer.struct.field(name), path[1:], pl.col(path[0]))


_UNIT = {"appointment": ("post", "unit"), "planning": ("committee",)}


def _subjects(kind: str, frame: pl.DataFrame, as_of: AsOf, today: date) -> pl.DataFrame:
    """Return the dossiers as subjects: their fields, and beside them who, where and when."""
    unit = _path(_UNIT.get(kind, ("unit",)))
    head, office = _path(("authority", "head")), _path(("authority", "office"))
    of_office = pl.when((head != "") & (office != "")).then(pl.format("{} ({})", office, head)).when(head != "").then(head)
    named = {"·head": of_office, "·unit": unit, "·subject": pl.col("id")}
    own = [expr.cast(pl.String).alias(name) for name, expr in named.items()]
    days = {name: DOSSIERS[kind].day_fields.get(name, DOSSIERS[kind].day_fields["decided"]).split(".") for name in _ORDER}
    listed = frame.with_columns(
        *own,
        pl.lit(None, pl.String).alias("·entry"),
        pl.col("id").cast(pl.String).alias("·dossier"),
        pl.col("exceptions").alias("·exceptions"),
    )
    return _dated(listed, {name: _path(path).cast(pl.Date) for name, path in days.items()}, as_of, today)


def _parts(court: "_Court", listed_in: str, frame: pl.DataFrame, as_of: AsOf, today: date) -> pl.DataFrame:
    """Return the parts of dossiers as subjects: their own fields and, under the whole's name, what is read of the whole."""
    whole = WHOLES[court.kind]
    listed = _subjects(whole, frame, as_of, today).rename({"row": "·row"})
    names = frame_schema(whole)
    read = [name for name in names if (whole, name) in court.read]
    kept = [pl.struct(read).alias(whole)] if read else []
    rest = [name for name in listed.columns if name not in names]
    rows = listed.select(*rest, *kept, pl.col(listed_in).alias("·part"))
    rows = rows.explode("·part", empty_as_null=False, keep_nulls=False)
    inner = rows.get_column("·part").struct.unnest()
    rows = rows.drop("·part").with_columns(*(column for column in inner.get_columns() if column.name != whole))
    rows = rows.with_columns(pl.col("id").cast(pl.String).alias("·entry")).rename({"·row": "row"})
    rows = rows.with_columns(pl.concat_str("·subject", "·entry", separator="/").alias("·subject"))
    if court.kind != "figure":
        return rows
    on = _path(("on", "latest"))
    decided = {name: pl.coalesce(on, pl.col(f"·{name}")) for name in _ORDER}
    return _dated(
        rows.with_columns(**{f"·{name}": expr for name, expr in decided.items()}),
        {n: pl.col(f"·{n}") for n in _ORDER},
        as_of,
        today,
    )


def _dated(frame: pl.DataFrame, days: Mapping[str, pl.Expr], as_of: AsOf, today: date) -> pl.DataFrame:
    """Add the stated days rules hang on, and the day of law."""
    frame = frame.with_columns(**{f"·{name}": expr for name, expr in days.items()})
    law = pl.col("·decided").fill_null(today) if as_of == "decision" else pl.lit(today if as_of == "today" else as_of)
    frame = frame.with_columns(law.alias("·day"))
    if as_of != "decision":
        frame = frame.with_columns(pl.lit(value=True).alias("·fixed"))
    return frame


# What is compiled about one kind of subject


class _Court:
    """Everything compiled about one kind of subject."""

    def __init__(self, judge: BulkJudge, kind: str, tables: Tables, for_heads: Mapping[str, ex.Outcomes]) -> None:
        rulebook = judge.rulebook
        self.program = program_of(rulebook, kind)
        self.matters = Matters(self.program, rulebook)
        self.kind, self.for_heads = kind, for_heads
        self.keep_verdicts = judge.keep_verdicts
        self.facts = FactColumns(kind, self.program.facts, tables)
        for fact in dict.fromkeys(test.fact for matter in self.matters.values() for test in matter.tests):
            self.facts.fact(fact)  # all before the first table: what several read is kept from then on
        nodes = [node for fact in self.program.facts.values() for node in ex.walk(fact)]
        self.read = {node.path[:2] for node in nodes if isinstance(node, ex.Field | ex.Each)}
        self.counts = {f"count{n}": node for n, node in enumerate(dict.fromkeys(n for n in nodes if isinstance(n, ex.Outcomes)))}
        """The counts over outcomes that this kind's rules read, under the names of their columns."""
        judged = ((piece.key, share_judged(self.program, piece)) for piece in self.program.slices)
        self.targets = {key: share for key, share in judged if share is not None}
        self.exceptions = {node for node in nodes if isinstance(node, ex.Exceptions)}
        self.allowed = rulebook.excusable
        self.texts = list(dict.fromkeys(text for text in self._compared(nodes) if isinstance(text, str)))
        grouped: dict[tuple[bool, str, str], list[Slice]] = defaultdict(list)
        for piece in self.program.slices:
            grouped[piece.second_pass, piece.rule.id, piece.rule.hangs_on].append(piece)
        self.lines: dict[bool, list[Line]] = {False: [], True: []}
        for number, ((late, rule, hangs_on), pieces) in enumerate(sorted(grouped.items())):
            ordered = sorted(pieces, key=lambda piece: piece.window.starts or date.min)
            self.lines[late].append(Line(number, rule, hangs_on, tuple(ordered)))

    def _compared(self, nodes: Iterable[ex.Expression]) -> Iterator[object]:
        """Yield what is compared with, in definitions and by rules."""
        for node in nodes:
            if isinstance(node, ex.Constant):
                yield from node.value if isinstance(node.value, tuple) else (node.value,)
        formulas = (formula for piece in self.program.slices for _, formula in piece.formulas())
        yield from (constant for formula in formulas for clause in formula for test in clause for constant in test.constants)

    def judged(self, subjects: pl.DataFrame) -> Iterator[Judged]:
        """Yield what is found of the subjects, if any rule governs one."""
        self._number_texts()
        hung_on = {line.hangs_on for lines in self.lines.values() for line in lines}
        days = {hangs_on: _days_of(hangs_on, subjects) for hangs_on in hung_on}
        lines = {late: [_governing(line, *days[line.hangs_on]) for line in self.lines[late]] for late in (False, True)}
        kept = {late: [line for line in lines[late] if line.pieces] for late in (False, True)}
        if kept[False] or kept[True]:
            yield self._judged(Hearing(self.matters, kept, self.facts, subjects))

    @cache  # noqa: B019  # once, and not before: polars starts threads for it
    def _number_texts(self) -> None:
        keep_codes(self.texts)

    def _judged(self, hearing: Hearing) -> Judged:
        gate = Gate(hearing.subjects)
        for late in (False, True):
            if late and hearing.lines[late]:
                self._give(hearing, gate)
            hearing.hear(late=late)
            gate.excuse(hearing, hearing.lines[late])
            hearing.weigh(late=late)
        found = Telling(hearing).findings()
        on_file = gate.told(hearing, [*hearing.lines[False], *hearing.lines[True]], self.allowed)
        counted = self._outcomes(hearing), self._heads(hearing), self._verdicts(hearing)
        return Judged(found, *counted, on_file, self._shares(hearing))

    def _give(self, hearing: Hearing, gate: Gate) -> None:
        """Give the second pass what is counted of the first."""
        if self.exceptions:
            states = gate.counts(hearing, hearing.lines[False], self.allowed)
            for exceptions in self.exceptions:
                hearing.given.put(exceptions, states[exceptions.state])
        if self.kind == "head":
            for name, node in self.counts.items():
                counts, weak = (hearing.subjects.get_column(f"·{column}").to_numpy() for column in (name, f"{name}.weak"))
                hearing.given.put(node, counts, weak)

    def _outcomes(self, hearing: Hearing) -> pl.DataFrame:
        """Return how often each rule came out how, by year."""
        sides, years, counts = hearing.by_year()
        side, year = np.nonzero(counts)
        columns = {
            "rule": [line.rule for line, _, _ in sides],
            "rule_version": [self.matters[line.pieces[number].key].version for line, number, _ in sides],
            "kind": [self.kind for _ in sides],
            "outcome": [OUTCOME[code] for _, _, code in sides],
        }
        named = {name: gathered(pl.Series(texts, dtype=pl.String), side) for name, texts in columns.items()}
        return pl.DataFrame(named | {"year": years[year], "count": counts[side, year]}).select(
            pl.col(name).cast(dtype) for name, dtype in OUTCOMES.items()
        )

    def _verdicts(self, hearing: Hearing) -> pl.DataFrame:
        """Return how every rule came out for every subject it governs."""
        found = [pl.DataFrame(schema=VERDICTS)]
        for line in (*hearing.lines[False], *hearing.lines[True]) if self.keep_verdicts else ():
            codes = np.zeros(hearing.table.height, np.int64)
            for code in EVERY:
                codes[places(hearing.bits(line, code))] = code
            rows = np.flatnonzero(codes)
            columns = {
                "subject": gathered(hearing.subjects.get_column("·subject"), rows),
                "rule": pl.Series([line.rule]).new_from_index(0, len(rows)),
                "outcome": gathered(pl.Series(OUTCOME), codes[rows]),
            }
            found.append(pl.DataFrame(columns, schema=VERDICTS))
        return pl.concat(found)

    def _shares(self, hearing: Hearing) -> pl.DataFrame:
        """Return the shares judged against a target."""
        found = [pl.DataFrame(schema=SHARES)]
        for line in (*hearing.lines[False], *hearing.lines[True]):
            for number, piece in enumerate(line.pieces):
                if (judged := self.targets.get(piece.key)) is not None:
                    rows = places(hearing.bits(line, VIOLATED, SATISFIED, EXCEPTED, number=number))
                    columns = {
                        "subject": gathered(hearing.subjects.get_column("·subject"), rows),
                        "kind": pl.Series([self.kind]).new_from_index(0, len(rows)),
                        "unit": gathered(hearing.subjects.get_column("·unit"), rows),
                        "rule": pl.Series([line.rule]).new_from_index(0, len(rows)),
                        "as_of": pl.Series(hearing.law_day(line.hangs_on)[rows]).cast(pl.Date),
                        "share": series_of(hearing.matcher.stated(judged[0]), rows).cast(pl.Int64),
                        "target": pl.Series([judged[1]], dtype=pl.Int64).new_from_index(0, len(rows)),
                        "met": pl.Series(at(hearing.bits(line, SATISFIED, number=number), rows)),
                    }
                    found.append(pl.DataFrame(columns, schema=SHARES).drop_nulls("share"))
        return pl.concat(found).sort("subject", "rule")

    def _heads(self, hearing: Hearing) -> pl.DataFrame:
        """Return what rules about heads will count of each dossier a head answers for."""
        if self.kind == "head" or not hearing.lines[False]:
            return pl.DataFrame(schema=HEADS)
        none = np.iinfo(np.int32).min
        days = np.full(hearing.table.height, none, np.int32)
        for hangs_on in {line.hangs_on for line in hearing.lines[False]}:
            heard = hearing.table.none
            for line in hearing.lines[False]:
                if line.hangs_on == hangs_on and some(hearing.table.all ^ heard):
                    heard = heard | hearing.bits(line, *EVERY)
            days = np.maximum(days, np.where(spread(heard, len(days)), hearing.law_day(hangs_on), none))
        heads = hearing.subjects.get_column("·head")
        rows = places(set_bits(heads != "") & hearing.table.bits(days > none))
        who = {
            "head": gathered(heads, rows),
            "dossier": gathered(hearing.subjects.get_column("·dossier"), rows),
            "day": pl.Series(days[rows]).cast(pl.Date),
        }
        counts = {
            column: counted[rows]
            for name, node in self.for_heads.items()
            for column, counted in zip((name, f"{name}.weak"), hearing.counting(node), strict=True)
        }
        return pl.DataFrame({**who, **counts})


def _days_of(hangs_on: str, subjects: pl.DataFrame) -> tuple[date, date]:
    """Return the first and the last day whose law may govern what hangs on it."""
    days = subjects.get_column(stated_day(hangs_on, subjects))
    stated = _ends(days)
    ends = list(stated or ())
    if stated is None or days.null_count():
        first, last = _ends(subjects.get_column("·day")) or (date.max, date.min)
        ends += [first, date.max] if hangs_on == "effective" else [date.min, last]
    return min(ends), max(ends)


def _governing(line: Line, first: date, last: date) -> Line:
    """Return a line with the versions that may govern any of the days."""
    pieces = [
        piece
        for piece in line.pieces
        if (piece.window.starts or date.min) <= last and (piece.window.until is None or first < piece.window.until)
    ]
    return Line(line.number, line.rule, line.hangs_on, tuple(pieces))


def _ends(days: pl.Series) -> tuple[date, date] | None:
    first, last = days.min(), days.max()
    return (first, last) if isinstance(first, date) and isinstance(last, date) else None
