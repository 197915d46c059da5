"""Judge one dossier with durable_rules, and believe it only where the plain matcher agrees.

durable_rules is fast within limits that were measured on 2.0.28: no timer threads, one
fixed fact asserted and retracted under the default session, no bare absence, definite
typed values under short names, few properties and few siblings a ruleset. Everything is
sent as whole numbers (texts by their number among the constants), for it compares texts
with numbers as texts and knows names by a 32-bit hash only.
"""

import json
import os
import sys
import threading
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import repeat
from typing import Any, TypeAlias

from cadre_rules.engine.plain import Clauses, Fired, Part, PlainMatcher
from cadre_rules.errors import EngineDisagreementWarning, EngineUnavailableWarning
from cadre_rules.formula import Clause, FactTest, Formula, Scalar

Pattern: TypeAlias = dict[str, Any]

MAX_CLAUSES = 48
"""Clauses a ruleset; past 64 siblings true for one row durable_rules loses all its findings."""
MAX_PROPERTIES = 200
"""Facts a ruleset; past 255 properties it reads none right."""
MAX_NUMBER = 2**62
"""durable_rules counts in 64 bits; constants have at most 18 digits, so a number beyond this compares as this does."""

_GUARD: Pattern = {"g": 1}
_RETRACTED = '{"id":"row"}'
"""A fact is found again by its id alone."""
_ORDERINGS = {"<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}


class SingleMatcher:
    """Tells which named formulas a row makes true; safe to call from several threads."""

    def __init__(self, formulas: Mapping[str, Formula]) -> None:
        self._formulas = formulas
        self.plain = PlainMatcher(formulas)
        self._wire = _Wire(self.plain.bits)
        self._batches = _batches(self.plain.bits)
        self._idle: list[_Session] = []
        self._lock = threading.Lock()

    def match(self, row: Mapping[str, Scalar | None], names: Iterable[str] | None = None) -> Fired:
        """Return the first true clause of every formula, of those named, that the row makes true."""
        part = self.part(self._formulas if names is None else names)
        return part.plain.fired(part.standing(row))

    def part(self, names: Iterable[str]) -> "SinglePart":
        """Return the formulas of these names, to be matched together again and again."""
        plain = self.plain.part(names)
        batches = []
        for number, batch in enumerate(self._batches):
            bits = {_called(at): plain.every & 1 << batch.first + at for at in range(len(batch.clauses))}
            if any(bits.values()):
                batches.append((number, batch.facts, bits, sum(bits.values())))
        facts = {fact: self._wire.keys[fact] for _, of_batch, _, _ in batches for fact in of_batch}
        return SinglePart(plain, self, facts, tuple(batches))

    def hear(self, row: Mapping[str, Scalar | None], part: "SinglePart", among: Clauses) -> Clauses:
        """Return the clauses sought that durable_rules finds true, by a session nobody else has at the time."""
        with self._lock:
            session = self._idle.pop() if self._idle else None
        session = session or _Session(self._batches, self._wire)
        heard = session.run(row, part, among)
        with self._lock:
            self._idle.append(session)
        return heard


@dataclass(frozen=True, slots=True)
class SinglePart:
    """Formulas matched together: the facts they test with their keys, and the rulesets that hold them."""

    plain: Part
    """The oracle, to be asked alone where that is wanted."""
    matcher: SingleMatcher
    keys: Mapping[str, str]
    batches: tuple[tuple[int, tuple[str, ...], Mapping[str, Clauses], Clauses], ...]
    """Number, facts, the bit of each clause by what its rule is called, 0 where it is not asked for, and all of them together."""

    def standing(self, row: Mapping[str, Scalar | None], among: Clauses = -1) -> Clauses:
        """Return the clauses the row makes true, as both matchers say."""
        standing = self.plain.standing(row, among)
        if load_engine() is not None:
            differing = self.matcher.hear(row, self, among) ^ standing
            if differing:
                names = sorted({name for name, bit, _ in self.plain.clauses if bit & differing})
                message = f"durable_rules differs on {', '.join(names)}; the plain matcher is believed"
                warnings.warn(message, EngineDisagreementWarning, stacklevel=2)
        return standing


@cache
def load_engine() -> Any | None:
    """Return durable_rules' engine module, or None with a notice where it cannot be had.

    On Python 3.13 its extension refers to symbols that are gone, and loads only if they are bound when called.
    """
    flags = sys.getdlopenflags() if hasattr(sys, "getdlopenflags") else None
    try:
        if flags is not None:
            sys.setdlopenflags(os.RTLD_LAZY)
        import durable_rules_engine  # noqa: PLC0415  # its one door, opened only when a dossier is judged
    except ImportError as error:
        message = f"durable_rules is not to be had here ({error}); the plain matcher judges alone"
        warnings.warn(message, EngineUnavailableWarning, stacklevel=3)
        return None
    finally:
        if flags is not None:
            sys.setdlopenflags(flags)
    engine: Any = durable_rules_engine
    return engine


class _Wire:
    """How facts and values travel: facts under short names, everything as a number."""

    def __init__(self, clauses: Iterable[Clause]) -> None:
        tests = [test for clause in clauses for test in clause]
        self.short = {fact: f"f{position}" for position, fact in enumerate(dict.fromkeys(test.fact for test in tests))}
        self.keys = {fact: f',"{short}":' for fact, short in self.short.items()}
        taken = {_hash(name) for name in (*self.short.values(), "g", "id", "sid")}
        assert len(taken) == len(self.short) + 3, "short names collide in durable_rules' hash"
        texts = dict.fromkeys(c for test in tests for c in test.constants if isinstance(c, str))
        self._numbers = {text: number for number, text in enumerate(texts, 1)}

    def plain(self, value: Scalar) -> int:
        """Return the number a value travels as: a text no test names is 0, a day its ordinal, yes 1."""
        if isinstance(value, bool):
            return int(value)
        if isinstance(value, str):
            return self._numbers.get(value, 0)
        return value.toordinal() if isinstance(value, date) else max(-MAX_NUMBER, min(value, MAX_NUMBER))


@dataclass(frozen=True, slots=True)
class _Batch:
    """Clauses that share a ruleset, the number of the first, and the facts they test."""

    first: int
    clauses: tuple[Clause, ...]
    facts: tuple[str, ...]


def _batches(every: Iterable[Clause]) -> list[_Batch]:
    batches: list[_Batch] = []
    clauses: list[Clause] = []
    facts: dict[str, None] = {}
    first = 0
    for number, clause in enumerate(every):
        added = [test.fact for test in clause if test.fact not in facts]
        if clauses and (len(clauses) >= MAX_CLAUSES or len(facts) + len(added) > MAX_PROPERTIES):
            batches.append(_Batch(first, tuple(clauses), tuple(facts)))
            first, clauses, facts = number, [], {}
        clauses.append(clause)
        facts.update(dict.fromkeys(test.fact for test in clause))
    if clauses:
        batches.append(_Batch(first, tuple(clauses), tuple(facts)))
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

    def run(self, row: Mapping[str, Scalar | None], part: SinglePart, among: Clauses) -> Clauses:
        """Return every true clause of those asked for; a ruleset without one is not troubled."""
        plain, keys = self._wire.plain, part.keys
        written = {
            fact: key + "1" if value is True else key + "0" if value is False else f"{key}{plain(value)}"
            for fact, value in row.items()
            if value is not None and (key := keys.get(fact)) is not None
        }
        heard = 0
        for number, facts, bits, every in part.batches:
            if not every & among:
                continue
            stated = "".join(map(written.get, facts, repeat("")))
            for called in self._fire(self._handle(number), f'{{"g":1,"id":"row"{stated}}}'):
                heard |= bits[called]
        return heard & among

    def _handle(self, number: int) -> Any:
        if number not in self._rulesets:
            clauses = enumerate(self._batches[number].clauses)
            rules = {_called(position): {"all": [{"m": _pattern(clause, self._wire)}]} for position, clause in clauses}
            self._rulesets[number] = self._engine.create_ruleset(f"b{number}", json.dumps(rules))
        return self._rulesets[number]

    def _fire(self, handle: Any, message: str) -> list[str]:
        """Assert the row, take every rule that fires, and retract it, so that nothing is left behind."""
        rules = self._engine
        fired: list[str] = []
        code, state = rules.assert_fact(handle, message)
        if code == 0:
            started = rules.start_action_for_state(handle, state)
            firing = started[1] if started else None
            while firing:
                fired.append(firing[2:4])  # {"12":{…
                firing = rules.complete_and_start_action(handle, state)
        rules.retract_fact(handle, _RETRACTED)
        return fired


def _called(position: int) -> str:
    return f"{position:02}"


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
