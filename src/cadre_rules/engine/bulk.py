"""The bulk matcher: which formulas each row of a table makes true, with polars.

A test of a fact that is not stated is null here, and stays null through "and" and "or" unless the rest decides: what is
null in the end was never proved. As formulas negate nothing but "in", that is the meaning the plain matcher gives them.
Each comparison of a fact with a constant is made once, whichever tests ask for it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import reduce
from operator import and_, ge, gt, le, lt, or_
from typing import Any, TypeAlias

import polars as pl

from cadre_rules.formula import Clause, FactTest, Formula, Relation

_Names: TypeAlias = Mapping[FactTest, str]
"""The column of each comparison."""

_ORDERINGS: Mapping[Relation, Callable[[Any, Any], Any]] = {"<": lt, "<=": le, ">": gt, ">=": ge}

_MANY = 8
"""Constants beyond which looking each value up is quicker than comparing it with each."""


def match(frame: pl.DataFrame, formulas: Mapping[str, Formula]) -> pl.DataFrame:
    """Return a column for each formula, true where the row makes it true and else false; a fact without a column is not stated.

    >>> frame = pl.DataFrame({"age": [40, 60, None]})
    >>> match(frame, {"old": ((FactTest("age", ">", (50,)),),)})["old"].to_list()
    [False, True, False]
    """
    tests = dict.fromkeys(test for formula in formulas.values() for clause in formula for test in clause)
    compared = dict.fromkeys(comparison for test in tests for comparison in _comparisons(test))
    names = {comparison: f"comparison {number}" for number, comparison in enumerate(compared)}
    table = frame.select(_comparison(comparison, frame.schema).alias(name) for comparison, name in names.items())
    return table.select(_formula(formula, names, frame.height).alias(name) for name, formula in formulas.items())


def _comparisons(test: FactTest) -> Iterator[FactTest]:
    """Yield what a test is made of: one equality for each constant, or one look-up among many."""
    match test.relation:
        case "in" | "not in" if len(test.constants) <= _MANY:
            yield from (FactTest(test.fact, "in", (constant,)) for constant in test.constants)
        case "in" | "not in":
            yield FactTest(test.fact, "in", test.constants)
        case _:
            yield test


def _comparison(test: FactTest, schema: pl.Schema) -> pl.Expr:
    kind = schema.get(test.fact, pl.Null())
    if kind == pl.Null:
        return pl.repeat(value=None, n=pl.len(), dtype=pl.Boolean)
    fact = pl.col(test.fact)
    match test.relation:
        case "stated":
            return fact.is_not_null()
        case "in" if len(test.constants) > 1:
            return fact.is_in(pl.Series(test.constants, dtype=kind).implode())
        case "in":
            return fact if test.constants[0] is True else fact == pl.lit(test.constants[0])
        case ordering:
            ordered: pl.Expr = _ORDERINGS[ordering](fact, pl.lit(test.constants[0]))
            return ordered


def _formula(formula: Formula, names: _Names, height: int) -> pl.Expr:
    if not formula or not all(formula):
        return pl.repeat(value=bool(formula), n=height, dtype=pl.Boolean)
    return _joined(or_, (_clause(clause, names) for clause in formula)).fill_null(value=False)


def _clause(clause: Clause, names: _Names) -> pl.Expr:
    return _joined(and_, (_test(test, names) for test in clause))


def _test(test: FactTest, names: _Names) -> pl.Expr:
    told = _joined(or_, (pl.col(names[comparison]) for comparison in _comparisons(test)))
    return ~told if test.relation == "not in" else told


def _joined(join: Callable[[Any, Any], Any], expressions: Iterable[pl.Expr]) -> pl.Expr:
    joined: pl.Expr = reduce(join, expressions)
    return joined
