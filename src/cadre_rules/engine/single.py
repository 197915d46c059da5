"""Judge one dossier with durable_rules, and believe it only where the plain matcher agrees.

durable_rules is fast within limits that were measured on 2.0.28: no timer threads, one
fixed fact asserted and retracted under the default session, no bare absence, definite
typed values under short names, few properties and few siblings a ruleset. Everything is
sent as whole numbers (texts by their number among the constants), for it compares texts
with numbers as texts and knows names by a 32-bit hash only.
"""

import os
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from json import dumps
from typing import Any, TypeAlias

from cadre_rules.engine.plain import Fired, PlainMatcher
from cadre_rules.errors import EngineDisagreementWarning, EngineUnavailableWarning
from cadre_rules.formula import Clause, FactTest, Formula, Scalar

Pattern: TypeAlias = dict[str, Any]
Heard: TypeAlias = dict[str, list[Clause]]

MAX_CLAUSES = 48
"""Clauses a ruleset; past 64 siblings true for one row durable_rules loses all its findings."""
MAX_PROPERTIES = 200
"""Facts a ruleset; past 255 properties it reads none right."""
MAX_NUMBER = 2**62
"""durable_rules counts in 64 bits; constants have at most 18 digits, so a number beyond this compares as this does."""

_GUARD: Pattern = {"g": 1}
_ORDERINGS = {"<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}


class SingleMatcher:
    """Tells which named formulas a row makes true; safe to call from several threads."""

    def __init__(self, formulas: Mapping[str, Formula]) -> None:
        self.plain = PlainMatcher(formulas)
        """The oracle, to be asked alone where that is wanted."""
        self._batches = _batches(formulas)
        self._batch_of: dict[str, set[int]] = {}
        for number, batch in enumerate(self._batches):
            for name, _ in batch.clauses:
                self._batch_of.setdefault(name, set()).add(number)
        self._idle: list[_Session] = []
        self._lock = threading.Lock()

    def match(self, row: Mapping[str, Scalar | None], names: Iterable[str] | None = None) -> Fired:
        """Return the first true clause of every formula, of those named, that the row makes true."""
        asked = set(self._batch_of if names is None else names)
        fired = self.plain.match(row, sorted(asked))
        if load_engine() is None:
            return fired
        heard = self._hear(row, asked)
        if heard.keys() != fired.keys() or any(fired[name] not in clauses for name, clauses in heard.items()):
            differing = sorted(heard.keys() ^ fired.keys()) or sorted(fired)
            message = f"durable_rules differs on {', '.join(differing)}; the plain matcher is believed"
            warnings.warn(message, EngineDisagreementWarning, stacklevel=2)
        return fired

    def _hear(self, row: Mapping[str, Scalar | None], asked: set[str]) -> Heard:
        with self._lock:
            session = self._idle.pop() if self._idle else None
        session = session or _Session(self._batches)
        needed = sorted({number for name in asked for number in self._batch_of.get(name, ())})
        said = session.run(row, needed)
        with self._lock:
            self._idle.append(session)
        return {name: clauses for name, clauses in said.items() if name in asked}


@cache
def load_engine() -> Any | None:
    """Return durable_rules' engine module, or None with a notice where it cannot be had.

    On Python 3.13 its extension refers to symbols that are gone, and loads only if they are bound when called.
    """
    flags = sys.getdlopenflags() if hasattr(sys, "getdlopenflags") else None
    try:
        if flags is not None:
            sys.setdlopenflags(os.RTLD_LAZY)
        import durable.engine  # noqa: PLC0415  # its one door, opened only when a dossier is judged
    except ImportError as error:
        message = f"durable_rules is not to be had here ({error}); the plain matcher judges alone"
        warnings.warn(message, EngineUnavailableWarning, stacklevel=3)
        return None
    finally:
        if flags is not None:
            sys.setdlopenflags(flags)
    return durable.engine


@dataclass(frozen=True, slots=True)
class _Batch:
    """Clauses that share a ruleset, the short names of their facts and the numbers of their texts."""

    clauses: tuple[tuple[str, Clause], ...]
    short: Mapping[str, str]
    numbers: Mapping[str, int]

    def message(self, row: Mapping[str, Scalar | None]) -> dict[str, Any]:
        sent: dict[str, Any] = {"g": 1, "id": "row"}
        for fact, name in self.short.items():
            value = row.get(fact)
            if value is not None:
                sent[name] = self.plain(value)
        return sent

    def plain(self, value: Scalar) -> int:
        """Everything travels as a number: a text no test names is 0, a day its ordinal, yes 1."""
        if isinstance(value, str):
            return self.numbers.get(value, 0)
        return value.toordinal() if isinstance(value, date) else max(-MAX_NUMBER, min(int(value), MAX_NUMBER))


def _batches(formulas: Mapping[str, Formula]) -> list[_Batch]:
    batches: list[_Batch] = []
    clauses: list[tuple[str, Clause]] = []
    facts: dict[str, None] = {}
    for name, formula in formulas.items():
        for clause in formula:
            added = [test.fact for test in clause if test.fact not in facts]
            if clauses and (len(clauses) >= MAX_CLAUSES or len(facts) + len(added) > MAX_PROPERTIES):
                batches.append(_batch(clauses, facts))
                clauses, facts = [], {}
            clauses.append((name, clause))
            facts.update(dict.fromkeys(test.fact for test in clause))
    if clauses:
        batches.append(_batch(clauses, facts))
    return batches


def _batch(clauses: list[tuple[str, Clause]], facts: Iterable[str]) -> _Batch:
    texts = {c for _, clause in clauses for test in clause for c in test.constants if isinstance(c, str)}
    short = {fact: f"f{position}" for position, fact in enumerate(facts)}
    taken = {_hash(name) for name in (*short.values(), "g", "id", "sid")}
    assert len(taken) == len(short) + 3, "short names collide in durable_rules' hash"
    return _Batch(tuple(clauses), short, {text: number for number, text in enumerate(sorted(texts), 1)})


def _hash(name: str) -> int:
    """FNV-1a in 32 bits, by which durable_rules tells names apart."""
    value = 0x811C9DC5
    for byte in name.encode():
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    return value


class _Session:
    """The rulesets of one caller at a time, built as they are first needed and never dropped.

    Driven below `Host`: its dispatcher serialises the state once per firing, which cost five times the matching.
    """

    def __init__(self, batches: list[_Batch]) -> None:
        self._batches = batches
        self._engine: Any = load_engine()
        self._rulesets: dict[int, Any] = {}

    def run(self, row: Mapping[str, Scalar | None], numbers: Iterable[int]) -> Heard:
        heard: Heard = {}
        for number in numbers:
            batch = self._batches[number]
            message = dumps(batch.message(row))
            for position in self._fire(self._handle(number), message):
                name, clause = batch.clauses[position]
                heard.setdefault(name, []).append(clause)
        return heard

    def _handle(self, number: int) -> Any:
        if number not in self._rulesets:
            clauses = self._batches[number].clauses
            rules = {
                f"c{position}": {"all": [{"m": _pattern(clause, self._batches[number])}], "run": _never_run}
                for position, (_, clause) in enumerate(clauses)
            }
            self._rulesets[number] = self._engine.Ruleset(f"b{number}", None, rules)
        return self._rulesets[number]._handle  # noqa: SLF001  # the C handle, which has no public name

    def _fire(self, handle: Any, message: str) -> Iterator[int]:
        """Assert the row, take every rule that fires, and retract it, so that nothing is left behind."""
        rules = self._engine.durable_rules_engine
        code, state = rules.assert_fact(handle, message)
        if code == 0:
            started = rules.start_action_for_state(handle, state)
            firing = started[1] if started else None
            while firing:
                yield int(firing[3 : firing.index('"', 3)])  # {"c12":{…
                firing = rules.complete_and_start_action(handle, state)
        code, state = rules.retract_fact(handle, message)
        if code == 0:
            rules.start_action_for_state(handle, state)


def _never_run(_context: object) -> None:
    """Stand where durable_rules wants an action; which rule fired is read off without running it."""


def _pattern(clause: Clause, batch: _Batch) -> Pattern:
    patterns = [pattern for test in clause for pattern in _patterns(test, batch)]
    return {"$and": [_GUARD, *patterns]} if patterns else _GUARD


def _patterns(test: FactTest, batch: _Batch) -> list[Pattern]:
    """Write one test as patterns that must all match."""
    name = batch.short[test.fact]
    constants = [batch.plain(constant) for constant in test.constants]
    match test.relation:
        case "stated":
            return [{"$ex": {name: 1}}]
        case "in" if len(constants) == 1:
            return [{name: constants[0]}]
        case "in":
            return [{"$or": [{name: constant} for constant in constants]}]
        case "not in":
            return [{"$ex": {name: 1}}, *({"$neq": {name: constant}} for constant in constants)]
        case ordering:
            return [{_ORDERINGS[ordering]: {name: constants[0]}}]
