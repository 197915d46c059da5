"""The bulk matcher: which formulas each row of a table makes true, with polars.

A test of a fact that is not stated is null here, and stays null through "and" and "or" unless the rest decides: what is
null in the end was never proved. As formulas negate nothing, that is the meaning the plain matcher gives them.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from operator import and_, eq, ge, gt, le, lt, ne, or_
from typing import Any, TypeAlias

import polars as pl

from cadre_rules.formula import Clause, FactTest, Formula, Relation, Scalar

_Compare: TypeAlias = Callable[[Any, Any], Any]

_ORDERINGS: Mapping[Relation, _Compare] = {"<": lt, "<=": le, ">": gt, ">=": ge}

_MANY = 8
"""Constants from which on looking each value up is quicker than comparing it with each."""


def match(frame: pl.DataFrame, formulas: Mapping[str, Formula]) -> pl.DataFrame:
    """Return a column for each formula, true where the row makes it true and else false; a fact without a column is not stated.

    >>> frame = pl.DataFrame({"age": [40, 60, None]})
    >>> match(frame, {"old": ((FactTest("age", ">", (50,)),),)})["old"].to_list()
    [False, True, False]
    """
    tests = dict.fromkeys(test for formula in formulas.values() for clause in formula for test in clause)
    names = {test: f"test {number}" for number, test in enumerate(tests)}
    tested = frame.select(_test(test, frame.schema).alias(name) for test, name in names.items())
    return tested.select(_formula(formula, names, frame.height).alias(name) for name, formula in formulas.items())


def _formula(formula: Formula, names: Mapping[FactTest, str], height: int) -> pl.Expr:
    if not all(formula):
        return pl.repeat(value=True, n=height, dtype=pl.Boolean)
    if not formula:
        return pl.repeat(value=False, n=height, dtype=pl.Boolean)
    return _joined(or_, (_clause(clause, names) for clause in formula)).fill_null(value=False)


def _clause(clause: Clause, names: Mapping[FactTest, str]) -> pl.Expr:
    return _joined(and_, (pl.col(names[test]) for test in clause))


def _test(test: FactTest, schema: pl.Schema) -> pl.Expr:
    kind = schema.get(test.fact, pl.Null())
    if kind == pl.Null:
        return pl.repeat(value=None, n=pl.len(), dtype=pl.Boolean)
    fact = pl.col(test.fact)
    match test.relation:
        case "stated":
            return fact.is_not_null()
        case "in":
            return _one_of(fact, test.constants, kind)
        case "not in":
            return ~_one_of(fact, test.constants, kind) if len(test.constants) > _MANY else _each(fact, ne, and_, test.constants)
        case ordering:
            compared: pl.Expr = _ORDERINGS[ordering](fact, pl.lit(test.constants[0]))
            return compared


def _one_of(fact: pl.Expr, constants: tuple[Scalar, ...], kind: pl.DataType) -> pl.Expr:
    if constants == (True,) and kind == pl.Boolean:
        return fact
    if len(constants) > _MANY:
        return fact.is_in(pl.Series(constants, dtype=kind).implode())
    return _each(fact, eq, or_, constants)


def _each(fact: pl.Expr, compare: _Compare, join: _Compare, constants: tuple[Scalar, ...]) -> pl.Expr:
    return _joined(join, (compare(fact, pl.lit(constant)) for constant in constants))


def _joined(join: _Compare, expressions: Iterable[pl.Expr]) -> pl.Expr:
    joined: pl.Expr = reduce(join, expressions)
    return joined
