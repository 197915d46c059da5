"""The bulk matcher: which formulas each row of a table makes true, as bits.

A test is a bit where a stated fact passes it; what is not stated is never proved. As formulas negate nothing but "in",
which is kept to what is stated, that is the meaning the plain matcher gives them. Each test is made once, and only for
a clause of which something is left to prove.
"""

from collections.abc import Callable, Mapping
from datetime import date
from functools import reduce
from operator import ge, gt, le, lt
from typing import Any

import numpy as np
import polars as pl

from cadre_rules.facts.arrays import FEW, Bits, Column, Numbers, Table, Texts, Truths, read_column, set_bits, some, spread
from cadre_rules.facts.cells import number_of
from cadre_rules.formula import Clause, FactTest, Formula, Relation

_ORDERINGS: Mapping[Relation, Callable[[Any, Any], Any]] = {"<": lt, "<=": le, ">": gt, ">=": ge}


class BulkMatcher:
    """Matches formulas against the facts of one table; a fact that is None is nowhere stated."""

    def __init__(self, table: Table, fact: Callable[[str], Column | None]) -> None:
        self._table, self._fact = table, fact
        self._facts: dict[str, Column | None] = {}
        self._passed: dict[FactTest, Bits] = {}
        self._being: dict[tuple[str, str], Bits] = {}
        """Where a fact is just one text, for whichever tests ask."""

    def known(self, being: Mapping[tuple[str, str], Bits]) -> None:
        """Take where facts are just some texts from who found out."""
        self._being.update(being)

    def proved(self, formula: Formula, among: Bits) -> Bits:
        """Return which of the rows `among` make a formula true."""
        if len(formula) == 1:
            return self.holding(formula[0], among)
        proved, left = self._table.none, among
        for clause in formula:
            holds = self.holding(clause, left)
            proved, left = proved | holds, left ^ holds
            if not some(left):
                break
        return proved

    def holding(self, clause: Clause, among: Bits) -> Bits:
        """Return for which of the rows `among` every test of a clause holds."""
        for test in clause:
            if test not in self._passed and not some(among):
                break
            among = among & self.passing(test)
        return among

    def passing(self, test: FactTest) -> Bits:
        """Return the rows whose fact is stated and passes a test."""
        passed = self._passed.get(test)
        if passed is None:
            column = self.stated(test.fact)
            passed = self._passed[test] = self._table.none if column is None else self._tested(test, column)
        return passed

    def stated(self, fact: str) -> Column | None:
        """Return a fact."""
        if fact not in self._facts:
            self._facts[fact] = self._fact(fact)
        return self._facts[fact]

    def _tested(self, test: FactTest, column: Column) -> Bits:
        match test.relation:
            case "stated":
                return column.stated
            case "in":
                return self._among(test.fact, column, test.constants)
            case "not in":
                return column.stated & ~self._among(test.fact, column, test.constants)
            case ordering:
                assert isinstance(column, Numbers)
                return column.stated & self._table.bits(_ORDERINGS[ordering](column.low, _number(test.constants[0])))

    def _among(self, fact: str, column: Column, constants: tuple[Any, ...]) -> Bits:
        match column:
            case Truths(yes, no):
                kinds = {True: yes, False: no}
                return reduce(np.bitwise_or, (kinds[constant] for constant in constants))
            case Texts() if len(constants) <= FEW:
                for text in constants:
                    if (fact, text) not in self._being:
                        self._being[fact, text] = column.being(text)
                return reduce(np.bitwise_or, (self._being[fact, text] for text in constants))
            case Texts():
                return column.among(constants)
            case Numbers(low, stated):
                numbers = list(map(_number, constants))
                return stated & self._table.bits(low == numbers[0] if len(numbers) == 1 else np.isin(low, numbers))
            case _:
                raise AssertionError("rules see no areas")


def _number(constant: Any) -> int:
    return number_of(constant) if isinstance(constant, date) else int(constant)


def match(frame: pl.DataFrame, formulas: Mapping[str, Formula]) -> pl.DataFrame:
    """Return a column for each formula, true where the row makes it true and else false; a fact without a column is not stated.

    >>> frame = pl.DataFrame({"age": [40, 60, None]})
    >>> match(frame, {"old": ((FactTest("age", ">", (50,)),),)})["old"].to_list()
    [False, True, False]
    """
    table = Table(frame.height)
    matcher = BulkMatcher(table, lambda fact: read_column(frame.get_column(fact), table) if fact in frame.columns else None)
    matcher.known(_compared(frame, formulas))
    found = {name: spread(matcher.proved(formula, table.all), table.height) for name, formula in formulas.items()}
    return pl.DataFrame(found, schema=dict.fromkeys(found, pl.Boolean))


def _compared(frame: pl.DataFrame, formulas: Mapping[str, Formula]) -> dict[tuple[str, str], Bits]:
    """Return where each text is each of the few it is compared with, found on every core."""
    tests = {test for formula in formulas.values() for clause in formula for test in clause if len(test.constants) <= FEW}
    texts = {test for test in tests if frame.schema.get(test.fact) == pl.String}
    asked = sorted({(test.fact, text) for test in texts for text in test.constants if isinstance(text, str)})
    equal = frame.select((pl.col(fact) == text).alias(str(number)) for number, (fact, text) in enumerate(asked))
    return dict(zip(asked, map(set_bits, equal), strict=True))
