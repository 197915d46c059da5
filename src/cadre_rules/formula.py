"""The core language: what every condition becomes, and all an engine must understand.

A formula is a flat "some clause, all of whose tests hold". Nothing nests, nothing is
negated and nothing is null: a test is false of a fact the dossier does not state.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypeAlias

Scalar: TypeAlias = bool | int | str | date
Kind: TypeAlias = Literal["bool", "int", "str", "date"]
Relation: TypeAlias = Literal["stated", "in", "not in", "<", "<=", ">", ">="]


def whole(value: Any) -> tuple[type, tuple[Any, ...]]:
    """Keep a frozen value as its class and arguments (its `__reduce__`): thousands are found again at each start."""
    return type(value), tuple([getattr(value, name) for name in value.__match_args__])


@dataclass(frozen=True, slots=True)
class FactTest:
    """A stated fact stands in `relation` to the given constants."""

    fact: str
    relation: Relation
    constants: tuple[Scalar, ...] = ()
    __reduce__ = whole


Clause: TypeAlias = tuple[FactTest, ...]
"""Holds when every test does."""

Formula: TypeAlias = tuple[Clause, ...]
"""Holds when some clause does; the clause that does is the reason."""

ALWAYS: Formula = ((),)
NEVER: Formula = ()
