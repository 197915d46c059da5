"""Judge tables of dossiers, each by the law of its own day, to the same outcomes, levels and evidence as `check`.

Subjects whose days fall under the same law are judged together. Formulas are columns, a rule is a column of outcomes, and
findings are built only for rows that have one; nothing runs Python for each row.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from itertools import accumulate, pairwise
from typing import Any

import polars as pl
import polars_hash  # noqa: F401  # gives columns of text their digests

from cadre_rules import expression as ex
from cadre_rules.dossier.frames import Fields, as_asked, frame_schema, holds
from cadre_rules.dossier.models import DOSSIERS, PARTS
from cadre_rules.engine.bulk import match
from cadre_rules.errors import RulebookError
from cadre_rules.facts.columns import ROW, FactColumns, added, column_of
from cadre_rules.facts.deriving import Tables
from cadre_rules.facts.maps import AreaMap
from cadre_rules.formula import Clause, FactTest, Formula
from cadre_rules.judging import AsOf, level_of
from cadre_rules.program import Slice, compile_program, share_judged
from cadre_rules.rulebook.checking import PLACEHOLDER
from cadre_rules.rulebook.model import Rulebook
from cadre_rules.waiting import smallest_sets

_SETS = pl.List(pl.List(pl.String))
_NO_SETS = pl.lit(pl.Series([[]], dtype=_SETS)).first()
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

VERDICTS: dict[str, pl.DataType] = {"subject": pl.String(), "rule": pl.String(), "outcome": pl.String()}

NONE, VIOLATED, SATISFIED, NOT_APPLICABLE, UNDETERMINED, AWAITING, EXCEPTED = range(7)
_OUTCOME = ("", "violated", "satisfied", "not_applicable", "undetermined", "undetermined", "excepted")
_CODES = {"violated": (VIOLATED,), "satisfied": (SATISFIED,), "not_applicable": (NOT_APPLICABLE,)} | {
    "undetermined": (UNDETERMINED, AWAITING),
    "excepted": (EXCEPTED,),
}
MAX_SETS = 3


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
        read = {".".join(path) for fact in self._court(kind).program.facts.values() for path in ex.paths(fact)}
        lists = {one for path in read for one in accumulate(path.split(".")[:-1], "{}.{}".format)}
        of_all = {"id", "kind", "exceptions", "authority.head", ".".join(_UNIT.get(kind, ("unit",)))}
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
    return Judged(
        pl.concat([pl.DataFrame(schema=FINDINGS), *(one.findings for one in found)]).sort("row", "subject", "rule"),
        pl.concat([pl.DataFrame(schema=OUTCOMES), *(one.outcomes for one in found)]),
        pl.concat([pl.DataFrame(schema=HEADS), *(one.heads for one in found)], how="diagonal"),
        pl.concat([pl.DataFrame(schema=VERDICTS), *(one.verdicts for one in found)]),
        pl.concat([pl.DataFrame(schema=ON_FILE), *(one.exceptions for one in found)]),
        pl.concat([pl.DataFrame(schema=SHARES), *(one.shares for one in found)]).sort("subject", "rule"),
    )


# Tables of subjects

_ORDER = ("process_started", "file_received", "decided", "effective")


def _whole(frame: pl.DataFrame, kind: str, asked: Fields) -> pl.DataFrame:
    """Return the table with every column of its kind, and with all in it that is asked for."""
    schema, least = frame_schema(kind), frame_schema(kind, asked)
    columns = [
        pl.lit(None, dtype).alias(name) if name not in frame.columns
        else pl.col(name) if name not in least or holds(frame.schema[name], least[name])
        else as_asked(pl.col(name), frame.schema[name], least[name]).alias(name)
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
    own = [_path(("authority", "head")).alias("·head"), unit.alias("·unit"), pl.col("id").alias("·subject")]
    days = {name: DOSSIERS[kind].day_fields.get(name, DOSSIERS[kind].day_fields["decided"]).split(".") for name in _ORDER}
    listed = frame.with_columns(
        *own, pl.lit(None, pl.String).alias("·entry"), pl.col("id").alias("·dossier"), pl.col("exceptions").alias("·exceptions")
    )
    return _dated(listed, {name: _path(path) for name, path in days.items()}, as_of, today)


def _parts(court: "_Court", listed_in: str, frame: pl.DataFrame, as_of: AsOf, today: date) -> pl.DataFrame:
    """Return the parts of dossiers as subjects: their own fields and, under the whole's name, what is read of the whole."""
    whole = PARTS[court.kind][0]
    listed = _subjects(whole, frame, as_of, today).rename({"row": "·row"})
    names = frame_schema(whole)
    read = [name for name in names if (whole, name) in court.read]
    kept = [pl.struct(read).alias(whole)] if read else []
    rest = [name for name in listed.columns if name not in names]
    rows = listed.select(*rest, *kept, pl.col(listed_in).alias("·part"))
    rows = rows.explode("·part", empty_as_null=False, keep_nulls=False)
    inner = rows.get_column("·part").struct.unnest()
    rows = rows.drop("·part").with_columns(*(column for column in inner.get_columns() if column.name != whole))
    rows = rows.with_columns(pl.col("id").alias("·entry")).rename({"·row": "row"})
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


@dataclass(frozen=True, slots=True)
class _Line:
    """The versions of one rule, oldest first: a column of outcomes."""

    number: int
    rule: str
    hangs_on: str
    pieces: tuple[Slice, ...]

    @property
    def outcome(self) -> str:
        """Return the column of its outcome codes."""
        return f"o{self.number}"

    @property
    def version(self) -> str:
        """Return the column of the number of the version that governs."""
        return f"v{self.number}"

    @property
    def rivalled(self) -> str:
        """Return the column that tells whether a rival text differs."""
        return f"r{self.number}"


class _Court:
    """Everything compiled about one kind of subject."""

    def __init__(self, judge: BulkJudge, kind: str, tables: Tables, for_heads: Mapping[str, ex.Outcomes]) -> None:
        rulebook = judge.rulebook
        self.program, problems = compile_program(rulebook, kind)
        if problems:
            raise RulebookError(problems)
        self.kind, self.rulebook, self.tables, self.for_heads = kind, rulebook, tables, for_heads
        self.keep_verdicts = judge.keep_verdicts
        nodes = [node for fact in self.program.facts.values() for node in ex.walk(fact)]
        self.read = {node.path[:2] for node in nodes if isinstance(node, ex.Field | ex.Each)}
        self.counts = {f"count{n}": node for n, node in enumerate(dict.fromkeys(n for n in nodes if isinstance(n, ex.Outcomes)))}
        """The counts over outcomes that this kind's rules read, under the names of their columns."""
        self.allowed = frozenset(rule.id for rule in rulebook.rules if rule.exception is not None)
        grouped: dict[tuple[bool, str, str], list[Slice]] = defaultdict(list)
        for piece in self.program.slices:
            grouped[piece.second_pass, piece.rule.id, piece.rule.hangs_on].append(piece)
        self.lines: dict[bool, list[_Line]] = {False: [], True: []}
        for number, ((late, rule, hangs_on), pieces) in enumerate(sorted(grouped.items())):
            ordered = sorted(pieces, key=lambda piece: piece.window.starts or date.min)
            self.lines[late].append(_Line(number, rule, hangs_on, tuple(ordered)))
        self._laws: dict[tuple[str, ...], _Law] = {}

    def judged(self, subjects: pl.DataFrame) -> Iterator[Judged]:
        """Yield what is found of the subjects, if any rule governs one."""
        subjects = subjects.with_columns(pl.int_range(pl.len(), dtype=pl.UInt32).alias(ROW))
        law = self._law(subjects)
        if law.lines[False] or law.lines[True]:
            yield law.judged(subjects)

    def _law(self, subjects: pl.DataFrame) -> "_Law":
        """Return the law of all rule versions that may govern these subjects."""
        lines = {late: [self._governing(line, subjects) for line in self.lines[late]] for late in (False, True)}
        kept = {late: [line for line in lines[late] if line.pieces] for late in (False, True)}
        key = tuple(piece.key for late in (False, True) for line in kept[late] for piece in line.pieces)
        if key not in self._laws:
            self._laws[key] = _Law(self, kept)
        return self._laws[key]

    def _governing(self, line: _Line, subjects: pl.DataFrame) -> _Line:
        days = subjects.get_column(_stated(line.hangs_on, subjects))
        stated = _ends(days)
        ends = list(stated or ())
        if stated is None or days.null_count():
            first, last = _ends(subjects.get_column("·day")) or (date.max, date.min)
            ends += [first, date.max] if line.hangs_on == "effective" else [date.min, last]
        pieces = [
            piece
            for piece in line.pieces
            if (piece.window.starts or date.min) <= max(ends) and (piece.window.until is None or min(ends) < piece.window.until)
        ]
        return _Line(line.number, line.rule, line.hangs_on, tuple(pieces))


class _Law:
    """Rule versions judged together: how their facts are derived, and what of them each formula asks."""

    def __init__(self, court: _Court, lines: dict[bool, list[_Line]]) -> None:
        self.court, self.lines = court, lines
        pieces = [piece for late in (False, True) for line in lines[late] for piece in line.pieces]
        program = court.program
        wanted = dict.fromkeys(fact for piece in pieces for fact in piece.facts.values())
        self.facts = FactColumns(court.kind, program.facts, wanted, court.tables)

    def judged(self, subjects: pl.DataFrame) -> Judged:
        """Judge subjects that fall under this law."""
        leaves = [_path(path).alias(name) for name, path in self.facts.leaves.items()]
        kept = [name for name in subjects.columns if name.startswith("·") and name != "·exceptions"]
        on_file = subjects.select(ROW, "·entry", "·exceptions")
        table = subjects.select(ROW, "row", *kept, *leaves)
        table = self._lean(self.facts.derive(table))
        table = self._heard(table, late=False)
        gate = _Gate(self.court, on_file)
        table = self._weighed(gate.excused(table, self.lines[False]), late=False)
        if self.lines[True]:
            table = gate.counted(table, self.lines[False])
            table = added(table, [column for name, node in self.facts.given.items() for column in self._count(name, node, table)])
            table = self._heard(self.facts.derive(table, late=True), late=True)
            table = self._weighed(gate.excused(table, self.lines[True]), late=True)
        found = self._findings(table), self._outcomes(table), self._heads(table), self._verdicts(table)
        return Judged(*found, gate.told(table, [*self.lines[False], *self.lines[True]]), self._shares(table))

    def _lean(self, table: pl.DataFrame) -> pl.DataFrame:
        """Leave out what only led to the facts."""
        late = [name for name in table.columns if name.startswith(("row", ROW, "·", "="))]
        return table[late]

    # Outcomes

    def _heard(self, table: pl.DataFrame, *, late: bool) -> pl.DataFrame:
        """Add the outcome of every rule of one pass, and which version governs."""
        formulas = {name: formula for line in self.lines[late] for piece in line.pieces for name, formula in piece.formulas()}
        table = table.hstack(_matched(table, formulas))
        return added(table, [column for line in self.lines[late] for column in self._line(line, table)])

    def _line(self, line: _Line, table: pl.DataFrame) -> Iterator[pl.Expr]:
        name = _stated(line.hangs_on, table)
        codes = [self._code(piece) for piece in line.pieces]
        covered = [_covers(piece, pl.col(name)) for piece in line.pieces]
        chain: Any = pl
        numbers: Any = pl
        for number, (covers, code) in enumerate(zip(covered, codes, strict=True)):
            chain, numbers = chain.when(covers).then(code), numbers.when(covers).then(pl.lit(number, pl.UInt8))
        if table.get_column(name).null_count():
            unstated, (code, last) = pl.col(name).is_null(), self._awaiting(line)
            chain, numbers = chain.when(unstated).then(code), numbers.when(unstated).then(last)
        yield chain.otherwise(pl.lit(NONE, pl.UInt8)).alias(line.outcome)
        if len(line.pieces) > 1:
            yield numbers.otherwise(pl.lit(0, pl.UInt8)).alias(line.version)

    @staticmethod
    def _code(piece: Slice) -> pl.Expr:
        violated, satisfied, apart = (pl.col(name) for name in piece.names)
        return (
            pl.when(violated)
            .then(pl.lit(VIOLATED, pl.UInt8))
            .when(satisfied)
            .then(pl.lit(SATISFIED, pl.UInt8))
            .when(apart)
            .then(pl.lit(NOT_APPLICABLE, pl.UInt8))
            .otherwise(pl.lit(UNDETERMINED, pl.UInt8))
        )

    def _awaiting(self, line: _Line) -> tuple[pl.Expr, pl.Expr]:
        """Return the outcome where the day is not stated: what every version that may govern agrees on."""
        forward = line.hangs_on == "effective"
        day = pl.col("·day")
        may = [_before(piece.window.until, day) if forward else _at_most(piece.window.starts, day) for piece in line.pieces]
        count = reduce(lambda one, other: one + other, (one.cast(pl.UInt8) for one in may))
        last = pl.lit(len(line.pieces) - 1, pl.UInt8) if forward else count - 1
        groups = [line.pieces[-k:] if forward else line.pieces[:k] for k in range(1, len(line.pieces) + 1)]
        settled = [k for k, group in enumerate(groups, 1) if _always(group, forward=forward)]
        always = count.is_in(settled) if settled else pl.lit(value=False)
        codes = [self._code(piece) for piece in line.pieces]

        def all_are(outcome: int) -> pl.Expr:
            return _every(~one | (code == outcome) for one, code in zip(may, codes, strict=True))

        code = (
            pl.when(count == 0)
            .then(pl.lit(NONE, pl.UInt8))
            .when(all_are(NOT_APPLICABLE))
            .then(pl.lit(NOT_APPLICABLE, pl.UInt8))
            .when(always & all_are(VIOLATED))
            .then(pl.lit(VIOLATED, pl.UInt8))
            .when(always & all_are(SATISFIED))
            .then(pl.lit(SATISFIED, pl.UInt8))
            .when(always & all_are(UNDETERMINED))
            .then(pl.lit(UNDETERMINED, pl.UInt8))
            .otherwise(pl.lit(AWAITING, pl.UInt8))
        )
        return code, last

    def _weighed(self, table: pl.DataFrame, *, late: bool) -> pl.DataFrame:
        """Add, for each rule that has a rival, whether the rival came out otherwise."""
        by_rule = {line.rule: line for line in self.lines[late]}
        columns = []
        for line in self.lines[late]:
            differs = []
            for number, piece in enumerate(line.pieces):
                rival = by_rule.get(piece.rule.rival or "")
                if rival is not None:
                    other = pl.col(rival.outcome).is_in((SATISFIED, UNDETERMINED, AWAITING, EXCEPTED))
                    differs.append(self._governed(line, number) & (pl.col(line.outcome) == VIOLATED) & other)
            if differs:
                columns.append(_some(differs).alias(line.rivalled))
        return added(table, columns)

    @staticmethod
    def _governed(line: _Line, number: int) -> pl.Expr:
        return pl.col(line.version) == number if len(line.pieces) > 1 else pl.lit(value=True)

    # The second pass

    def _count(self, name: str, node: ex.Outcomes | ex.Exceptions, table: pl.DataFrame) -> Iterator[pl.Expr]:
        """Yield a count over the first pass that facts of the second read, and how much of it is provisional."""
        match node:
            case ex.Outcomes() if self.court.kind == "head":
                column = next(column for column, counted in self.court.counts.items() if counted == node)
                yield pl.col(f"·{column}").alias(name)
                yield pl.col(f"·{column}.weak").alias(f"{name}.weak")
            case ex.Outcomes():
                yield self.matching(node, table).alias(name)
                yield self.matching(node, table, provisional=True).alias(f"{name}.weak")
            case ex.Exceptions(state):
                yield pl.col(f"·{state}").alias(name)

    def matching(self, wanted: ex.Outcomes, table: pl.DataFrame, *, provisional: bool = False) -> pl.Expr:
        """Return how many outcomes of the first pass are as wanted, or how many of those are provisional."""
        tags = set(wanted.tags)
        codes = [code for outcome in wanted.outcomes for code in _CODES[outcome]]
        terms = []
        for line in self.lines[False]:
            if wanted.rules and line.rule not in wanted.rules:
                continue
            code = pl.col(line.outcome)
            right = _some(code == one for one in codes) if codes else code != NONE
            meant = [
                not (tags and tags.isdisjoint(piece.rule.tags)) and (not provisional or self.provisional(piece))
                for piece in line.pieces
            ]
            alike = all(meant) and len({level_of(piece) for piece in line.pieces} if wanted.levels else "1") == 1
            for number, piece in enumerate(line.pieces[:1] if alike else line.pieces):
                if meant[number]:
                    governed = right if alike else right & self._governed(line, number)
                    terms.append(governed & self._level_in(line, piece, wanted.levels, table) if wanted.levels else governed)
        return pl.sum_horizontal(term.cast(pl.UInt16) for term in terms).cast(pl.Int64) if terms else pl.lit(0, pl.Int64)

    @staticmethod
    def _level_in(line: _Line, piece: Slice, levels: Sequence[str], table: pl.DataFrame) -> pl.Expr:
        rivalled = pl.col(line.rivalled) if line.rivalled in table.columns else pl.lit(value=False)
        code = pl.col(line.outcome)
        plain = (code == VIOLATED) & ~rivalled if level_of(piece) in levels else pl.lit(value=False)
        judgement = rivalled if "judgement_needed" in levels else pl.lit(value=False)
        missing = code.is_in((UNDETERMINED, AWAITING)) if "information_missing" in levels else pl.lit(value=False)
        return plain | judgement | missing

    def provisional(self, piece: Slice) -> bool:
        """Tell whether a rule version rests on less than confirmed texts."""
        return self.court.rulebook.grade(piece.rule) != "confirmed" or piece.rule.needs_review is not None

    # Findings

    def _findings(self, table: pl.DataFrame) -> pl.DataFrame:
        lines = [*self.lines[False], *self.lines[True]]
        found = [
            one
            for line in lines
            if (table.get_column(line.outcome).is_in((VIOLATED, UNDETERMINED, AWAITING))).any()
            for number, piece in enumerate(line.pieces)
            for one in self._findings_of(line, number, piece, table)
        ]
        return pl.concat(found) if found else pl.DataFrame(schema=FINDINGS)

    def _findings_of(self, line: _Line, number: int, piece: Slice, table: pl.DataFrame) -> Iterator[pl.DataFrame]:
        facts = {column_of(name) for name in piece.facts.values()}
        read = {line.outcome, line.version, line.rivalled, "row", ROW, *facts}
        code = pl.col(line.outcome)
        governed = table[[name for name in table.columns if name in read or name.startswith(("·", "given"))]].filter(
            code.is_in((VIOLATED, UNDETERMINED, AWAITING)) & self._governed(line, number)
        )
        breached = governed.filter(code == VIOLATED)
        if breached.height:
            yield from self._breaches(line, piece, breached)
        waiting = governed.filter(code == UNDETERMINED)
        if waiting.height:
            yield from self._open(piece, waiting)
        awaiting = governed.filter(code == AWAITING)
        if awaiting.height:
            place = DOSSIERS[self.court.kind].day_fields[line.hangs_on] if self.court.kind in DOSSIERS else line.hangs_on
            waits = pl.lit(pl.Series([[[place]]], dtype=_SETS)).first()
            awaiting = awaiting.with_columns(pl.lit(_failing([[place]])).alias("·failing"))
            yield self._told(piece, awaiting, "undetermined", "information_missing", [], waits)

    def _breaches(self, line: _Line, piece: Slice, breached: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Yield the findings of breaches, those of one clause and one level together."""
        clauses = piece.verdicts.violated
        holds = _matched(breached, {str(number): (clause,) for number, clause in enumerate(clauses)})
        first = pl.coalesce(pl.when(str(number)).then(pl.lit(number, pl.UInt16)) for number in range(len(clauses)))
        breached = breached.with_columns(holds.select(first).to_series().alias("·clause"))
        rivalled = line.rivalled in breached.columns
        for number, clause in enumerate(clauses):
            rows = breached.filter(pl.col("·clause") == number)
            named = [test.fact for test in clause]
            named += [piece.facts[name] for name in PLACEHOLDER.findall(piece.rule.message.vi)]
            for differs in (False, True) if rivalled else (False,):
                some = rows.filter(pl.col(line.rivalled) == differs) if rivalled else rows
                level = "judgement_needed" if differs else level_of(piece)
                if some.height:
                    yield self._told(piece, some, "violated", level, list(dict.fromkeys(named)))

    def _open(self, piece: Slice, waiting: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Yield the findings of what could not be judged, those that wait for the same facts together."""
        formulas = [formula for _, formula in piece.formulas()]
        tests = list(dict.fromkeys(test for formula in formulas for clause in formula for test in clause))
        passed = _matched(waiting, {str(number): ((test,),) for number, test in enumerate(tests)}).cast(pl.UInt8)
        unknown = waiting.select(pl.col(column_of(test.fact)).is_null().alias(str(n)) for n, test in enumerate(tests))
        state = [
            pl.select(pl.when(unknown[name]).then(pl.lit(2, pl.UInt8)).otherwise(passed[name]).alias(name)).to_series()
            for name in passed.columns
        ]
        waiting = waiting.with_columns(pl.DataFrame(state).to_struct("·state"))
        patterns = waiting.select("·state").unique()
        told = [self._waits(formulas, dict(zip(tests, values.values(), strict=True))) for values in patterns.to_series()]
        failing = [_failing(sets) for sets in told]
        sets = patterns.with_columns(pl.Series("·waits", told, dtype=_SETS), pl.Series("·failing", failing, dtype=pl.String))
        sets = sets.filter(pl.col("·waits").is_not_null())
        rows = waiting.join(sets, on="·state", how="inner", maintain_order="left")
        if rows.height:
            yield self._told(piece, rows, "undetermined", "information_missing", [], pl.col("·waits"))

    def _waits(self, formulas: Sequence[Formula], known: Mapping[FactTest, int]) -> list[list[str]] | None:
        """Return the smallest sets of facts that would settle a rule; None if no answer could make it a breach."""
        left = [_left(formula, known) for formula in formulas]
        if not left[0]:
            return None
        sets = smallest_sets(tuple(clause for clauses in left for clause in clauses))[:MAX_SETS]
        return [[self.court.program.defined[name].id for name in names] for names in sets]

    def _told(
        self,
        piece: Slice,
        rows: pl.DataFrame,
        outcome: str,
        level: str,
        named: Sequence[str],
        waits_for: pl.Expr = _NO_SETS,
    ) -> pl.DataFrame:
        rule, defined = piece.rule, self.court.program.defined
        texts = (rule.title, rule.remedy, rule.responsible, *((rule.message,) if outcome != "violated" else ()))
        also = dict.fromkeys(piece.facts[n] for words in texts if words is not None for n in PLACEHOLDER.findall(words.vi))
        also = {name: None for name in also if name not in named}
        day = _law_day(rule.hangs_on, rows)
        failing = sorted([(defined[name].id, name) for name in named], key=lambda pair: pair[0])
        said = [pl.concat_str(pl.lit(f"\x1f{fact}="), _plain(name, rows)) for fact, name in failing]
        if outcome == "undetermined":
            said = [pl.col("·failing")]
        whole = pl.concat_str(pl.lit(rule.id + "\x1f"), "·subject", *said)
        return rows.select(
            pl.col("row"),
            pl.col("·subject").alias("subject"),
            pl.lit(self.court.kind).alias("kind"),
            pl.lit(rule.id).alias("rule"),
            pl.lit(_version(piece)).alias("rule_version"),
            pl.lit(outcome).alias("outcome"),
            pl.lit(level).alias("level"),
            self._provisional(piece).alias("provisional"),
            day.alias("as_of"),
            pl.col("·unit").alias("unit"),
            pl.col("·head").alias("head"),
            day.dt.year().alias("year"),
            _named([(defined[name].id, name) for name in named]).alias("evidence"),
            _named([(defined[name].id, name) for name in also]).alias("also"),
            waits_for.alias("waits_for"),
            whole.chash.sha2_256().str.slice(0, 16).alias("fingerprint"),  # type: ignore[attr-defined]
        )

    def _provisional(self, piece: Slice) -> pl.Expr:
        if self.provisional(piece):
            return pl.lit(value=True)
        nodes = [node for name in piece.facts.values() for node in ex.walk(self.court.program.facts[name])]
        given = [name for name, node in self.facts.given.items() if node in nodes and "violated" in getattr(node, "outcomes", ())]
        if not given:
            return pl.lit(value=False)
        counted = pl.sum_horizontal(given)
        return (counted > 0) & (counted == pl.sum_horizontal(f"{name}.weak" for name in given))

    def _outcomes(self, table: pl.DataFrame) -> pl.DataFrame:
        """Return how often each rule came out how, by year."""
        lines = [*self.lines[False], *self.lines[True]]
        coded = [
            (_year(_law_day(line.hangs_on, table)) * 1024 + self._version(line) * 8 + pl.col(line.outcome)).alias(line.outcome)
            for line in lines
        ]
        read = {name for column in coded for name in column.meta.root_names()}
        counted = table[list(read)].select(column.value_counts().implode() for column in coded) if lines else pl.DataFrame()
        found = [
            (line, *divmod(code // 8, 128), code % 8, entry["count"])
            for line in lines
            for entry in counted.get_column(line.outcome).item()
            if (code := entry[line.outcome]) % 8
        ]
        return pl.DataFrame(
            [
                (line.rule, _version(line.pieces[piece]), self.court.kind, year, _OUTCOME[code], count)
                for line, year, piece, code, count in found
            ],
            schema=OUTCOMES,
            orient="row",
        )

    def _verdicts(self, table: pl.DataFrame) -> pl.DataFrame:
        """Return how every rule came out for every subject it governs."""
        lines = [*self.lines[False], *self.lines[True]] if self.court.keep_verdicts else []
        each = [
            table.filter(pl.col(line.outcome) != NONE).select(
                pl.col("·subject").alias("subject"),
                pl.lit(line.rule).alias("rule"),
                pl.col(line.outcome).replace_strict(range(len(_OUTCOME)), _OUTCOME, return_dtype=pl.String).alias("outcome"),
            )
            for line in lines
        ]
        return pl.concat([pl.DataFrame(schema=VERDICTS), *each])

    def _shares(self, table: pl.DataFrame) -> pl.DataFrame:
        """Return the shares judged against a target."""
        found = [pl.DataFrame(schema=SHARES)]
        for line in (*self.lines[False], *self.lines[True]):
            for number, piece in enumerate(line.pieces):
                judged = share_judged(self.court.program, piece)
                if judged is not None:
                    rows = table.filter(pl.col(line.outcome).is_in((VIOLATED, SATISFIED, EXCEPTED)), self._governed(line, number))
                    found.append(
                        rows.select(
                            *(pl.col(f"·{name}").alias(name) for name in ("subject", "unit")),
                            kind=pl.lit(self.court.kind),
                            rule=pl.lit(line.rule),
                            as_of=_law_day(line.hangs_on, table),
                            share=pl.col(column_of(judged[0])).cast(pl.Int64),
                            target=pl.lit(judged[1], pl.Int64),
                            met=pl.col(line.outcome) == SATISFIED,
                        )
                        .select(*SHARES)
                        .drop_nulls("share")
                    )
        return pl.concat(found)

    def _heads(self, table: pl.DataFrame) -> pl.DataFrame:
        """Return what rules about heads will count of each dossier a head answers for."""
        lines = self.lines[False]
        if self.court.kind == "head" or not lines:
            return pl.DataFrame(schema=HEADS)
        by_day: dict[str, list[_Line]] = defaultdict(list)
        for line in lines:
            by_day[line.hangs_on].append(line)
        days = [
            pl.when(pl.any_horizontal(pl.col(line.outcome) != NONE for line in together)).then(
                _law_day(together[0].hangs_on, table)
            )
            for together in by_day.values()
        ]
        counts = [
            self.matching(node, table, provisional=weak).alias(f"{name}.weak" if weak else name)
            for name, node in self.court.for_heads.items()
            for weak in (False, True)
        ]
        who = [pl.col("·head").alias("head"), pl.col("·dossier").alias("dossier"), pl.max_horizontal(days).alias("day")]
        left = added(table[[ROW, *(name for name in table.columns if name[0] in "·ovr")]], [*who, *counts])
        kept = left.filter((pl.col("head").str.len_bytes() > 0) & pl.col("day").is_not_null())
        return kept[["head", "dossier", "day", *(column.meta.output_name() for column in counts)]]

    @staticmethod
    def _version(line: _Line) -> pl.Expr:
        return pl.col(line.version).cast(pl.Int64) if len(line.pieces) > 1 else pl.lit(0, pl.Int64)


_STATES = ("used", "not_allowed", "unreasoned", "wrong_level", "misdated", "expired", "unused")


class _Gate:
    """The gate of exceptions over a table: what each on file is worth, as `exceptions.excuse` says of one."""

    def __init__(self, court: _Court, on_file: pl.DataFrame) -> None:
        self._court = court
        whole = pl.col("·entry").is_null()
        listed = on_file.explode("·exceptions", empty_as_null=False, keep_nulls=False).unnest("·exceptions")
        listed = listed.filter(pl.when(whole).then(pl.col("entry").is_null()).otherwise(pl.col("entry") == pl.col("·entry")))
        self._whole = listed.filter(whole).height == listed.height
        self._listed = listed.with_row_index("·n").with_columns(pl.lit(None, pl.String).alias("state"))

    def excused(self, table: pl.DataFrame, lines: Sequence[_Line]) -> pl.DataFrame:
        """Return the table with breaches excused that an exception on file excuses."""
        named = set(self._listed.get_column("rule"))
        for line in lines:
            if line.rule in named:
                days = [name for name in table.columns if name.startswith("·") and table.schema[name] == pl.Date]
                versions = [line.version] if len(line.pieces) > 1 else []
                judged = table[[ROW, *days, *versions, line.outcome]].filter(pl.col(line.outcome) == VIOLATED)
                granted = self._listed.filter(pl.col("rule") == line.rule).join(judged, on=ROW, how="inner")
                if granted.height:
                    worth = granted.with_columns(_worth(line, table).alias("worth"))
                    self._listed = self._listed.join(worth.select("·n", "worth"), on="·n", how="left").with_columns(
                        pl.coalesce("worth", "state").alias("state")
                    ).drop("worth")  # fmt: skip
                    used = worth.filter(pl.col("worth") == "used").get_column(ROW)
                    excepted = pl.col(ROW).is_in(used.implode())
                    table = table.with_columns(
                        pl.when(excepted).then(pl.lit(EXCEPTED, pl.UInt8)).otherwise(pl.col(line.outcome)).alias(line.outcome)
                    )
        return table

    def counted(self, table: pl.DataFrame, lines: Sequence[_Line]) -> pl.DataFrame:
        """Return the table with how many exceptions on file for the whole are in which state."""
        none = pl.lit(0, pl.Int64)
        if not self._listed.height or not self._whole:
            return table.with_columns(none.alias(f"·{state}") for state in _STATES)
        counts = self._states(table, lines)
        sums = counts.group_by(ROW).agg((pl.col("state") == one).sum().cast(pl.Int64).alias(f"·{one}") for one in _STATES)
        joined = table.join(sums, on=ROW, how="left", maintain_order="left")
        return joined.with_columns(pl.col(f"·{one}").fill_null(0) for one in _STATES)

    def told(self, table: pl.DataFrame, lines: Sequence[_Line]) -> pl.DataFrame:
        """Return every exception on file and its state, `open` where its rule is not settled."""
        if not self._listed.height:
            return pl.DataFrame(schema=ON_FILE)
        stated = self._states(table, lines).join(table[[ROW, "·subject"]], on=ROW, how="inner", maintain_order="left")
        return stated.sort("·n").rename({"·subject": "subject"}).with_columns(pl.col("state").fill_null("open")).select(*ON_FILE)

    def _states(self, table: pl.DataFrame, lines: Sequence[_Line]) -> pl.DataFrame:
        """Return the exceptions on file with the state of each, null where its rule is not settled."""
        named = set(self._listed.get_column("rule"))
        met = [
            table[[ROW, line.outcome]]
            .filter(pl.col(line.outcome).is_in((SATISFIED, NOT_APPLICABLE)))
            .select(ROW, pl.lit(line.rule).alias("rule"))
            for line in lines
            if line.rule in named
        ]
        rows = pl.concat([self._listed.select(ROW, "rule").clear(), *met]).unique().with_columns(pl.lit(value=True).alias("met"))
        state = (
            pl.when(pl.col("state").is_not_null())
            .then("state")
            .when(~pl.col("rule").is_in(list(self._court.allowed)))
            .then(pl.lit("not_allowed"))
            .when("met")
            .then(pl.lit("unused"))
        )
        joined = self._listed.join(rows, on=[ROW, "rule"], how="left", maintain_order="left")
        return joined.with_columns(state.alias("state"))


def _worth(line: _Line, table: pl.DataFrame) -> pl.Expr:
    """Return what the gate says of exceptions for a rule that was breached, by the version that governs."""
    chain: Any = pl
    for number, piece in enumerate(line.pieces):
        governs = pl.col(line.version) == number if len(line.pieces) > 1 else pl.lit(value=True)
        chain = chain.when(governs).then(_worth_under(piece, table))
    worth: pl.Expr = chain.otherwise(pl.lit(None, pl.String))
    return worth


def _worth_under(piece: Slice, table: pl.DataFrame) -> pl.Expr:
    escape = piece.rule.exception
    if escape is None:
        return pl.lit("not_allowed")
    before = pl.coalesce(f"·{escape.before}", _law_day(piece.rule.hangs_on, table))
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


# Small expressions


def _stated(hangs_on: str, table: pl.DataFrame) -> str:
    """Return the column of the day a rule hangs on, null where it is not stated; a day fixed for all is stated."""
    return "·day" if "·fixed" in table.columns or hangs_on == "decided" else f"·{hangs_on}"


def _law_day(hangs_on: str, table: pl.DataFrame) -> pl.Expr:
    """Return the day whose law a rule was judged by."""
    return pl.coalesce(_stated(hangs_on, table), "·day")


def _version(piece: Slice) -> str:
    return f"{piece.rule.in_force.starts or 'always'}.r{piece.rule.revision}"


def _year(day: pl.Expr) -> pl.Expr:
    return day.dt.year().cast(pl.Int64)


def _every(exprs: Iterable[pl.Expr]) -> pl.Expr:
    return _joined(exprs, lambda one, other: one & other, start=True)


def _some(exprs: Iterable[pl.Expr]) -> pl.Expr:
    return _joined(exprs, lambda one, other: one | other, start=False)


def _joined(exprs: Iterable[pl.Expr], join: Any, *, start: bool) -> pl.Expr:
    exprs = list(exprs)
    return reduce(join, exprs) if exprs else pl.lit(value=start)


def _ends(days: pl.Series) -> tuple[date, date] | None:
    first, last = days.min(), days.max()
    return (first, last) if isinstance(first, date) and isinstance(last, date) else None


def _matched(table: pl.DataFrame, formulas: Mapping[str, Formula]) -> pl.DataFrame:
    """Return which formulas the facts of a table make true."""
    facts = list(dict.fromkeys(test.fact for formula in formulas.values() for clause in formula for test in clause))
    stated = table[[ROW, *map(column_of, facts)]]
    stated.columns = [ROW, *facts]
    return match(stated, formulas)


def _at_most(edge: date | None, day: pl.Expr) -> pl.Expr:
    return pl.lit(value=True) if edge is None else day >= edge


def _before(edge: date | None, day: pl.Expr) -> pl.Expr:
    return pl.lit(value=True) if edge is None else day < edge


def _covers(piece: Slice, day: pl.Expr) -> pl.Expr:
    return day.is_not_null() & _at_most(piece.window.starts, day) & _before(piece.window.until, day)


def _always(pieces: Sequence[Slice], *, forward: bool) -> bool:
    edge = pieces[-1].window.until if forward else pieces[0].window.starts
    return edge is None and all(one.window.until == next_.window.starts for one, next_ in pairwise(pieces))


def _left(formula: Formula, known: Mapping[FactTest, int]) -> list[Clause]:
    """Return what is still to be shown of each clause that no stated fact rules out."""
    return [tuple(test for test in clause if known[test] == 2) for clause in formula if all(known[test] for test in clause)]


def _failing(sets: Sequence[Sequence[str]] | None) -> str:
    """Return the facts waited for as a digest reads them."""
    return "".join(f"\x1f{fact}=None" for fact in sorted(fact for names in sets or () for fact in names))


def _plain(name: str, rows: pl.DataFrame) -> pl.Expr:
    """Return a fact as its digest reads it."""
    column = pl.col(column_of(name))
    if rows.get_column(column_of(name)).dtype == pl.Boolean:
        return pl.when(column).then(pl.lit("True")).when(~column).then(pl.lit("False")).otherwise(pl.lit("None"))
    return column.cast(pl.String).fill_null("None")


def _named(facts: Sequence[tuple[str, str]]) -> pl.Expr:
    """Return facts with their values as a list."""
    if not facts:
        return pl.lit(pl.Series([[]], dtype=_NAMED)).first()
    return pl.concat_list(
        pl.struct(pl.lit(fact).alias("fact"), pl.col(column_of(name)).cast(pl.String).alias("value")) for fact, name in facts
    )
