"""The core language: what every condition becomes, and all an engine must understand.

A formula is a flat "some clause, all of whose tests hold". Nothing nests, nothing is
negated and nothing is null: a test is false of a fact the dossier does not state.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar, dataclass_transform

Scalar: TypeAlias = bool | int | str | date
Kind: TypeAlias = Literal["bool", "int", "str", "date"]
Value = TypeVar("Value")
Relation: TypeAlias = Literal["stated", "in", "not in", "<", "<=", ">", ">="]


@dataclass_transform(frozen_default=True)
def kept(cls: type[Value]) -> type[Value]:
    """Make a class one of frozen values that are kept as class and arguments: thousands are found again at each start."""
    made = dataclass(frozen=True, slots=True)(cls)
    made.__reduce__ = _arguments  # type: ignore[assignment]
    return made


def _arguments(value: Any) -> tuple[type, tuple[Any, ...]]:
    return type(value), tuple([getattr(value, name) for name in value.__match_args__])


class FactTest(NamedTuple):
    """A stated fact stands in `relation` to the given constants."""

    fact: str
    relation: Relation
    constants: tuple[Scalar, ...] = ()


Clause: TypeAlias = tuple[FactTest, ...]
"""Holds when every test does."""

Formula: TypeAlias = tuple[Clause, ...]
"""Holds when some clause does; the clause that does is the reason."""

ALWAYS: Formula = ((),)
NEVER: Formula = ()
