"""The definition language: how a fact is derived from a dossier.

A closed set of frozen nodes. `rulebook` parses and kind-checks them, `facts` runs them;
neither needs the other. Unknown is None and spreads, except where an operation can
answer without it (`all`, `some`, `coalesce`, `any`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from cadre_rules.formula import Kind, Scalar, kept

ValueKind: TypeAlias = Kind | Literal["area", "list"]
Gather: TypeAlias = Literal["count", "any", "min", "max", "sum", "latest", "earliest", "distinct", "most"]


@kept
class Constant:
    """A value; yes is not 1, though Python calls them equal."""

    value: Scalar | tuple[Scalar, ...]
    kind: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", type(self.value).__name__)


@kept
class Field:
    """What the dossier states at `path`; a partly stated date is a span until an operation settles it."""

    path: tuple[str, ...]


@kept
class Item:
    """What the element at hand states at `path`."""

    path: tuple[str, ...]


@kept
class Fact:
    name: str


@kept
class Parameter:
    name: str


@kept
class Call:
    """One operation of OPERATIONS on scalars."""

    operation: str
    arguments: tuple["Expression", ...]


@kept
class Each:
    """Gather over the elements of a list, those for which `where` holds, `pick` of each.

    `latest` and `earliest` pick from the element whose `by` is greatest or least; `most` is the
    largest number of elements sharing one `pick`; `distinct` counts different `pick`s.
    """

    gather: Gather
    path: tuple[str, ...]
    where: "Expression | None" = None
    pick: "Expression | None" = None
    by: "Expression | None" = None
    silence_means_none: bool = False


@kept
class Lookup:
    """The `get` column of the table row in force `on` a day whose keys equal the given values."""

    table: str
    keys: tuple[tuple[str, "Expression"], ...]
    get: str
    on: "Expression | None" = None


@kept
class Within:
    """Whether two areas are the same at `level` (a level's name), as the map stood `on` a day."""

    area: "Expression"
    other: "Expression"
    level: "Expression"
    on: "Expression"


@kept
class Outcomes:
    """How many rules of the first pass came out so; only rules of the second pass may read it."""

    tags: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


@kept
class Exceptions:
    """How many recorded exceptions the gate found to be so."""

    state: str


Expression: TypeAlias = Constant | Field | Item | Fact | Parameter | Call | Each | Lookup | Within | Outcomes | Exceptions


@dataclass(frozen=True, slots=True)
class Signature:
    """Kinds an operation takes and gives; `same` binds to one kind; a last argument may repeat."""

    takes: tuple[str, ...]
    gives: str
    repeats: bool
    says: str


OPERATIONS: dict[str, Signature] = {
    "years_between": Signature(("date", "date"), "int", False, "whole years from the first day to the second"),
    "months_between": Signature(("date", "date"), "int", False, "whole months from the first day to the second"),
    "days_between": Signature(("date", "date"), "int", False, "days from the first day to the second"),
    "working_days_between": Signature(
        ("date", "date"), "int", False, "Monday to Friday after the first day up to the second, less listed holidays"
    ),
    "add_months": Signature(("date", "int"), "date", False, "the day so many months later, or the month's last"),
    "add_days": Signature(("date", "int"), "date", False, "the day so many days later"),
    "month_end": Signature(("date",), "date", False, "the last day of the month"),
    "year_of": Signature(("date",), "int", False, "the year"),
    "month_index": Signature(("date",), "int", False, "year times twelve plus month: months as one number"),
    "earliest": Signature(("date",), "date", False, "the first day a partly stated date can mean"),
    "latest_day": Signature(("date",), "date", False, "the last day a partly stated date can mean"),
    "add": Signature(("int",), "int", True, "the sum"),
    "subtract": Signature(("int", "int"), "int", False, "the first less the second"),
    "multiply": Signature(("int",), "int", True, "the product"),
    "least": Signature(("same",), "same", True, "the smallest"),
    "greatest": Signature(("same",), "same", True, "the largest"),
    "share": Signature(("int", "int"), "int", False, "part of whole in basis points, rounded down"),
    "share_up": Signature(("int", "int"), "int", False, "part of whole in basis points, rounded up"),
    "coalesce": Signature(("same",), "same", True, "the first that is stated"),
    "equal": Signature(("same", "same"), "bool", False, "whether both are the same; texts as names compare"),
    "less": Signature(("same", "same"), "bool", False, "whether the first is before or below the second"),
    "at_most": Signature(("same", "same"), "bool", False, "whether the first is not above the second"),
    "one_of": Signature(("str", "list"), "bool", False, "whether the text is in the list"),
    "all": Signature(("bool",), "bool", True, "whether every one holds"),
    "some": Signature(("bool",), "bool", True, "whether at least one holds"),
    "not": Signature(("bool",), "bool", False, "the opposite"),
    "stated": Signature(("any",), "bool", False, "whether the dossier states it; never unknown"),
    "choose": Signature(("bool", "same", "same"), "same", False, "the second if the first holds, else the third"),
}


def children(node: Expression) -> Iterator[Expression]:
    """Yield the expressions directly inside one."""
    match node:
        case Call(arguments=arguments):
            yield from arguments
        case Each(where=where, pick=pick, by=by):
            yield from (part for part in (where, pick, by) if part is not None)
        case Lookup(keys=keys, on=on):
            yield from (value for _, value in keys)
            if on is not None:
                yield on
        case Within(area, other, level, on):
            yield from (area, other, level, on)


def walk(node: Expression) -> Iterator[Expression]:
    """Yield an expression and everything inside it."""
    yield node
    for part in children(node):
        yield from walk(part)


def paths(node: Expression, inside: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the paths of the dossier that an expression reads; those of lists, and of what is read of their elements."""
    match node:
        case Field(path):
            yield path
        case Item(path):
            yield (*inside, *path)
        case Each(path=path):
            inside = path
            yield path
    for part in children(node):
        yield from paths(part, inside)
