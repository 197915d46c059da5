"""What an undetermined rule waits for: the smallest sets of facts that settle it whatever they turn out to say."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import combinations, product
from math import prod
from typing import Any

from cadre_rules.formula import Clause, Formula, Scalar
from cadre_rules.lowering import Verdicts, passes, telling_values

MAX_TRIED = 20_000
"""Assignments tried before all unknown facts are named together."""


def settling_sets(verdicts: Verdicts, row: Mapping[str, Scalar | None]) -> tuple[tuple[str, ...], ...]:
    """Return every smallest set of unstated facts that, once stated, leaves the rule no longer undetermined."""
    return smallest_sets(
        tuple(
            rest
            for formula in (verdicts.violated, verdicts.satisfied, verdicts.not_applicable)
            for rest in _open_clauses(formula, row)
        )
    )


def can_be_violated(verdicts: Verdicts, row: Mapping[str, Scalar | None]) -> bool:
    """Tell whether some answer to what is not stated would make it a breach."""
    return any(True for _ in _open_clauses(verdicts.violated, row))


def _open_clauses(formula: Formula, row: Mapping[str, Scalar | None]) -> Iterable[Clause]:
    """Yield what is still to be shown of each clause that no stated fact rules out."""
    for clause in formula:
        stated = [(test, row[test.fact]) for test in clause]
        if all(value is None or passes(value, test) for test, value in stated):
            yield tuple(test for test, value in stated if value is None)


@lru_cache(maxsize=4096)
def smallest_sets(clauses: Formula) -> tuple[tuple[str, ...], ...]:
    facts = sorted({test.fact for clause in clauses for test in clause})
    values = {fact: telling_values([t for c in clauses for t in c if t.fact == fact]) for fact in facts}
    tried, first = 0, {fact: values[fact][0] for fact in facts}
    shown = [{test.fact for test in clause} for clause in clauses if all(passes(first[test.fact], test) for test in clause)]
    for size in range(1, len(facts)):
        found = []
        for chosen in combinations(facts, size):
            tried += prod(len(values[fact]) for fact in chosen)
            if tried > MAX_TRIED:
                return (tuple(facts),)
            if any(map(set(chosen).issuperset, shown)) and _settles(chosen, values, clauses):
                found.append(chosen)
        if found:
            return tuple(found)
    return (tuple(facts),)


def _settles(chosen: tuple[str, ...], values: Mapping[str, list[Any]], clauses: Formula) -> bool:
    within = [clause for clause in clauses if all(test.fact in chosen for test in clause)]
    return all(
        any(all(passes(said[test.fact], test) for test in clause) for clause in within)
        for said in (dict(zip(chosen, answer, strict=True)) for answer in product(*(values[fact] for fact in chosen)))
    )
