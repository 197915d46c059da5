"""The plain matcher: the executable meaning of a formula, and the check on every other engine."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from cadre_rules.formula import Clause, FactTest, Formula, Scalar

Fired: TypeAlias = dict[str, Clause]
"""The first clause that holds of each formula that is true."""

_Check: TypeAlias = Callable[[Mapping[str, Any]], bool]


class PlainMatcher:
    """Tests clause after clause, in order."""

    def __init__(self, formulas: Mapping[str, Formula]) -> None:
        known: dict[FactTest, _Check] = {}
        self._formulas = {
            name: [(clause, [known.setdefault(test, _check(test)) for test in clause]) for clause in formula]
            for name, formula in formulas.items()
        }

    def match(self, row: Mapping[str, Scalar | None], names: Iterable[str] | None = None) -> Fired:
        """Return the first true clause of every formula, of those named, that the row makes true."""
        fired: Fired = {}
        formulas = self._formulas
        for name in formulas if names is None else names:
            for clause, checks in formulas[name]:
                for check in checks:
                    if not check(row):
                        break
                else:
                    fired[name] = clause
                    break
        return fired


def _check(test: FactTest) -> _Check:
    fact = test.fact
    match test.relation:
        case "stated":
            return lambda row: row[fact] is not None
        case "in" if len(test.constants) == 1:
            (only,) = test.constants
            return lambda row: row[fact] == only
        case "in":
            some = frozenset(test.constants)
            return lambda row: row[fact] in some
        case "not in":
            none = frozenset(test.constants)
            return lambda row: (value := row[fact]) is not None and value not in none
        case _:
            return _ordering(test)


def _ordering(test: FactTest) -> _Check:
    fact = test.fact
    bound: Any = test.constants[0]
    match test.relation:
        case "<":
            return lambda row: (value := row[fact]) is not None and value < bound
        case "<=":
            return lambda row: (value := row[fact]) is not None and value <= bound
        case ">":
            return lambda row: (value := row[fact]) is not None and value > bound
        case _:
            return lambda row: (value := row[fact]) is not None and value >= bound
