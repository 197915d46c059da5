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
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import repeat
from typing import Any, TypeAlias

from cadre_rules.engine.plain import Clauses, Part, PlainMatcher
from cadre_rules.errors import EngineDisagreementWarning, EngineUnavailableWarning
from cadre_rules.formula import Clause, FactTest, Formula, Scalar

Pattern: TypeAlias = dict[str, Any]

MAX_CLAUSES = 48
"""Clauses a ruleset; past 64 siblings true for one row durable_rules loses all its findings."""
MAX_PROPERTIES = 200
"""Facts a ruleset; past 255 properties it reads none right."""
MAX_FACTS = 2**16
"""Facts in all: so many short names are known not to collide in durable_rules' hash."""
MAX_NUMBER = 2**62
"""durable_rules counts in 64 bits; constants have at most 18 digits, so a number beyond this compares as this does."""

_GUARD: Pattern = {"g": 1}
_RETRACTED = '{"id":"row"}'
"""A fact is found again by its id alone."""
_ORDERINGS = {"<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}


class SingleMatcher:
    """Tells which clauses of named formulas a row makes true; safe to call from several threads.

    Driven below `Host`: its dispatcher serialises the state once per firing, which cost five times the matching.
    """

    def __init__(self, formulas: Mapping[str, Formula]) -> None:
        self.plain = PlainMatcher(formulas)
        self._wire = _Wire(self.plain.bits)
        self._rulesets = tuple(_rulesets(self.plain.bits))
        self._idle: list[dict[int, Any]] = []
        """Sessions nobody uses at the time: by their numbers, the rulesets each needed so far. None is ever dropped."""

    def part(self, names: Iterable[str]) -> "SinglePart":
        """Return the formulas of these names, to be matched together again and again."""
        plain = self.plain.part(names)
        rulesets = []
        for number, clauses in enumerate(self._rulesets):
            bits = {_called(at): plain.every & bit for at, bit in enumerate(clauses.values())}
            if any(bits.values()):
                facts = dict.fromkeys(test.fact for clause in clauses for test in clause)
                rulesets.append((number, tuple(facts), bits, sum(bits.values())))
        keys = {fact: self._wire.keys[fact] for _, asked, _, _ in rulesets for fact in asked}
        return SinglePart(plain, self, keys, tuple(rulesets))

    def hear(self, row: Mapping[str, Scalar | None], part: "SinglePart", among: Clauses) -> Clauses:
        """Return the clauses sought that durable_rules finds true; a ruleset without one is not troubled."""
        session: dict[int, Any] = {}
        with suppress(IndexError):
            session = self._idle.pop()  # nobody else is given it
        plain, keys = self._wire.plain, part.keys
        written = {
            fact: key + "1" if value is True else key + "0" if value is False else f"{key}{plain(value)}"
            for fact, value in row.items()
            if value is not None and (key := keys.get(fact)) is not None
        }
        heard = 0
        for number, facts, bits, every in part.rulesets:
            if every & among:
                if number not in session:
                    session[number] = self._made(number)
                stated = "".join(map(written.get, facts, repeat("")))
                for called in _fired(session[number], f'{{"g":1,"id":"row"{stated}}}'):
                    heard |= bits[called]
        self._idle.append(session)
        return heard & among

    def _made(self, number: int) -> Any:
        """Return a ruleset made anew."""
        clauses = enumerate(self._rulesets[number])
        rules = {_called(position): {"all": [{"m": _pattern(clause, self._wire)}]} for position, clause in clauses}
        return load_engine().create_ruleset(f"b{number}", json.dumps(rules))


@dataclass(frozen=True, slots=True)
class SinglePart:
    """Formulas matched together: the facts they test with their keys, and the rulesets that hold them."""

    plain: Part
    """The oracle, to be asked alone where that is wanted."""
    matcher: SingleMatcher
    keys: Mapping[str, str]
    rulesets: tuple[tuple[int, tuple[str, ...], Mapping[str, Clauses], Clauses], ...]
    """Number, facts, the bit of each clause by what its rule is called, 0 where it is not asked for, and all of them together."""

    def standing(self, row: Mapping[str, Scalar | None], among: Clauses = -1) -> Clauses:
        """Return the clauses the row makes true, as both matchers say."""
        standing = self.plain.standing(row, among)
        if load_engine() is not None:
            differing = self.matcher.hear(row, self, among) ^ standing
            if differing:
                plain = self.matcher.plain
                names = sorted(name for name in plain.named if plain.clauses_of([name]) & differing)
                message = f"durable_rules differs on {', '.join(names)}; the plain matcher is believed"
                warnings.warn(message, EngineDisagreementWarning, stacklevel=2)
        return standing


@cache
def load_engine() -> Any:
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
    return durable_rules_engine


class _Wire:
    """How facts and values travel: facts under short names, everything as a number."""

    def __init__(self, clauses: Iterable[Clause]) -> None:
        tests = [test for clause in clauses for test in clause]
        self.short = {fact: f"f{position}" for position, fact in enumerate(dict.fromkeys(test.fact for test in tests))}
        self.keys = {fact: f',"{short}":' for fact, short in self.short.items()}
        assert len(self.short) <= MAX_FACTS
        texts = dict.fromkeys(c for test in tests for c in test.constants if isinstance(c, str))
        self._numbers = {text: number for number, text in enumerate(texts, 1)}

    def plain(self, value: Scalar) -> int:
        """Return the number a value travels as: a text no test names is 0, a day its ordinal, yes 1."""
        if isinstance(value, bool):
            return int(value)
        if isinstance(value, str):
            return self._numbers.get(value, 0)
        return value.toordinal() if isinstance(value, date) else max(-MAX_NUMBER, min(value, MAX_NUMBER))


def _rulesets(every: Mapping[Clause, Clauses]) -> Iterator[dict[Clause, Clauses]]:
    """Yield the clauses in their order, as many together as are safe, each with its bit."""
    clauses: dict[Clause, Clauses] = {}
    facts: set[str] = set()
    for clause, bit in every.items():
        asked = {test.fact for test in clause}
        if clauses and (len(clauses) >= MAX_CLAUSES or len(facts | asked) > MAX_PROPERTIES):
            yield clauses
            clauses, facts = {}, set()
        clauses[clause] = bit
        facts |= asked
    if clauses:
        yield clauses


def _fired(ruleset: Any, message: str) -> list[str]:
    """Assert the row, take every rule that fires, and retract it, so that nothing is left behind."""
    engine = load_engine()
    fired: list[str] = []
    code, state = engine.assert_fact(ruleset, message)
    if code == 0:
        started = engine.start_action_for_state(ruleset, state)
        firing = started[1] if started else None
        while firing:
            fired.append(firing[2:4])  # {"12":{…
            firing = engine.complete_and_start_action(ruleset, state)
    engine.retract_fact(ruleset, _RETRACTED)
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
