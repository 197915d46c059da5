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
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
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

MAX_ASKS = 1_024
"""Sets of formulas asked for together whose rulesets are remembered."""

_GUARD: Pattern = {"g": 1}
_ORDERINGS = {"<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}


class SingleMatcher:
    """Tells which named formulas a row makes true; safe to call from several threads."""

    def __init__(self, formulas: Mapping[str, Formula]) -> None:
        self.plain = PlainMatcher(formulas)
        """The oracle, to be asked alone where that is wanted."""
        self._names = tuple(formulas)
        self._wire = _Wire(formulas)
        self._batches = _batches(formulas)
        self._asks: dict[tuple[str, ...], _Ask] = {}
        self._idle: list[_Session] = []
        self._lock = threading.Lock()

    def match(self, row: Mapping[str, Scalar | None], names: Iterable[str] | None = None) -> Fired:
        """Return the first true clause of every formula, of those named, that the row makes true."""
        ask = self._ask(self._names if names is None else tuple(names))
        fired = self.plain.match(row, ask.names)
        if load_engine() is None:
            return fired
        heard = self._hear(row, ask)
        if heard.keys() != fired.keys() or any(fired[name] not in clauses for name, clauses in heard.items()):
            differing = sorted(heard.keys() ^ fired.keys()) or sorted(fired)
            message = f"durable_rules differs on {', '.join(differing)}; the plain matcher is believed"
            warnings.warn(message, EngineDisagreementWarning, stacklevel=2)
        return fired

    def _ask(self, names: tuple[str, ...]) -> "_Ask":
        if names not in self._asks:
            if len(self._asks) >= MAX_ASKS:
                self._asks.clear()
            wanted = frozenset(names)
            batches = [n for n, batch in enumerate(self._batches) if any(name in wanted for name, _ in batch.clauses)]
            self._asks[names] = _Ask(names, wanted, tuple(batches))
        return self._asks[names]

    def _hear(self, row: Mapping[str, Scalar | None], ask: "_Ask") -> Heard:
        with self._lock:
            session = self._idle.pop() if self._idle else None
        session = session or _Session(self._batches, self._wire)
        said = session.run(self._wire.written(row), ask)
        with self._lock:
            self._idle.append(session)
        return said


@dataclass(frozen=True, slots=True)
class _Ask:
    """Formulas asked for together, and the rulesets that hold them."""

    names: tuple[str, ...]
    wanted: frozenset[str]
    batches: tuple[int, ...]


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


class _Wire:
    """How facts and values travel: facts under short names, everything as a number."""

    def __init__(self, formulas: Mapping[str, Formula]) -> None:
        tests = [test for formula in formulas.values() for clause in formula for test in clause]
        self.short = {fact: f"f{position}" for position, fact in enumerate(dict.fromkeys(test.fact for test in tests))}
        self._keys = {fact: f',"{short}":' for fact, short in self.short.items()}
        taken = {_hash(name) for name in (*self.short.values(), "g", "id", "sid")}
        assert len(taken) == len(self.short) + 3, "short names collide in durable_rules' hash"
        texts = dict.fromkeys(c for test in tests for c in test.constants if isinstance(c, str))
        self._numbers = {text: number for number, text in enumerate(texts, 1)}

    def written(self, row: Mapping[str, Scalar | None]) -> dict[str, str]:
        """Return each stated fact as it stands in a message."""
        keys, plain = self._keys, self.plain
        return {fact: f"{keys[fact]}{plain(value)}" for fact, value in row.items() if value is not None and fact in keys}

    def plain(self, value: Scalar) -> int:
        """Return the number a value travels as: a text no test names is 0, a day its ordinal, yes 1."""
        if isinstance(value, bool):
            return int(value)
        if isinstance(value, str):
            return self._numbers.get(value, 0)
        return value.toordinal() if isinstance(value, date) else max(-MAX_NUMBER, min(value, MAX_NUMBER))


@dataclass(frozen=True, slots=True)
class _Batch:
    """Clauses that share a ruleset, and the facts they test."""

    clauses: tuple[tuple[str, Clause], ...]
    facts: tuple[str, ...]


def _batches(formulas: Mapping[str, Formula]) -> list[_Batch]:
    batches: list[_Batch] = []
    clauses: list[tuple[str, Clause]] = []
    facts: dict[str, None] = {}
    for name, formula in formulas.items():
        for clause in formula:
            added = [test.fact for test in clause if test.fact not in facts]
            if clauses and (len(clauses) >= MAX_CLAUSES or len(facts) + len(added) > MAX_PROPERTIES):
                batches.append(_Batch(tuple(clauses), tuple(facts)))
                clauses, facts = [], {}
            clauses.append((name, clause))
            facts.update(dict.fromkeys(test.fact for test in clause))
    if clauses:
        batches.append(_Batch(tuple(clauses), tuple(facts)))
    return batches


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

    def __init__(self, batches: list[_Batch], wire: _Wire) -> None:
        self._batches, self._wire = batches, wire
        self._engine: Any = load_engine()
        self._rulesets: dict[int, Any] = {}

    def run(self, written: Mapping[str, str], ask: _Ask) -> Heard:
        """Return every true clause of the formulas asked for."""
        heard: Heard = {}
        for number in ask.batches:
            batch = self._batches[number]
            stated = "".join([written[fact] for fact in batch.facts if fact in written])
            for position in self._fire(self._handle(number), f'{{"g":1,"id":"row"{stated}}}'):
                name, clause = batch.clauses[position]
                if name in ask.wanted:
                    heard.setdefault(name, []).append(clause)
        return heard

    def _handle(self, number: int) -> Any:
        if number not in self._rulesets:
            rules = {
                f"c{position}": {"all": [{"m": _pattern(clause, self._wire)}], "run": _never_run}
                for position, (_, clause) in enumerate(self._batches[number].clauses)
            }
            self._rulesets[number] = self._engine.Ruleset(f"b{number}", None, rules)
        return self._rulesets[number]._handle  # noqa: SLF001  # the C handle, which has no public name

    def _fire(self, handle: Any, message: str) -> list[int]:
        """Assert the row, take every rule that fires, and retract it, so that nothing is left behind."""
        rules = self._engine.durable_rules_engine
        fired: list[int] = []
        code, state = rules.assert_fact(handle, message)
        if code == 0:
            started = rules.start_action_for_state(handle, state)
            firing = started[1] if started else None
            while firing:
                fired.append(int(firing[3 : firing.index('"', 3)]))  # {"c12":{…
                firing = rules.complete_and_start_action(handle, state)
        rules.retract_fact(handle, message)
        return fired


def _never_run(_context: object) -> None:
    """Stand where durable_rules wants an action; which rule fired is read off without running it."""


def _pattern(clause: Clause, wire: _Wire) -> Pattern:
    patterns = [pattern for test in clause for pattern in _patterns(test, wire)]
    return {"$and": [_GUARD, *patterns]} if patterns else _GUARD


def _patterns(test: FactTest, wire: _Wire) -> list[Pattern]:
    """Write one test as patterns that must all match."""
    name = wire.short[test.fact]
    constants = [wire.plain(constant) for constant in test.constants]
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
