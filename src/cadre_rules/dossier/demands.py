"""What a field is asked to be: one value, a stretch of numbers or days, or anything but some texts."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from cadre_rules.dossier.values import bounds
from cadre_rules.names import fold


@dataclass(frozen=True, slots=True)
class Bounds:
    """A number or a day from `low` to `high`, both included; an end that is None is open."""

    low: Any = None
    high: Any = None


@dataclass(frozen=True, slots=True)
class Other:
    """Whatever is stated and is none of these."""

    than: frozenset[str] = frozenset()


Demand: TypeAlias = bool | str | Bounds | Other
Demands: TypeAlias = tuple[tuple[str, Demand], ...]
STATED = Other()


def exactly(value: Any) -> Demand:
    """Return the demand that only this value meets."""
    return value if isinstance(value, (bool, str)) else Bounds(value, value)


def fits(value: Any, demand: Demand) -> bool:
    """Tell whether a value surely is as demanded; one known only within bounds is if all of them are."""
    if value is None:
        return False
    match demand:
        case Bounds(low, high):
            first, last = bounds(value)
            return (low is None or low <= first) and (high is None or last <= high)
        case Other(than):
            return not isinstance(value, str) or fold(value) not in map(fold, than)
        case str():
            return isinstance(value, str) and fold(value) == fold(demand)
        case _:
            return value is demand


def meet(one: Demand, other: Demand) -> Demand | None:
    """Return the demand that is both, if any value can be."""
    match one, other:
        case Bounds(), Bounds():
            low = max(_given(one.low, other.low), default=None)
            high = min(_given(one.high, other.high), default=None)
            return None if low is not None and high is not None and low > high else Bounds(low, high)
        case Other(), Other():
            return Other(one.than | other.than)
        case Other(), _:
            return other if fits(other, one) else None
        case _, Other():
            return meet(other, one)
        case _:
            return one if type(one) is type(other) and one == other else None


def met(one: Demands, other: Demands) -> Demands | None:
    """Return the demands of both on fields by name, if they can all be met."""
    found = dict(one)
    for name, demand in other:
        both = meet(found[name], demand) if name in found else demand
        if both is None:
            return None
        found[name] = both
    return tuple(sorted(found.items(), key=lambda pair: pair[0]))


def _given(*ends: Any) -> Iterable[Any]:
    return [end for end in ends if end is not None]
