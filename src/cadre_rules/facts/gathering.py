"""What is made of the elements of a list that count: of each, what is picked and by what it is ordered."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from cadre_rules.dossier.values import bounds
from cadre_rules.facts.operations import STRICT, settled, span
from cadre_rules.names import fold


def _whole(compute: Callable[[list[tuple[Any, Any]]], Any]) -> Callable[[list[tuple[Any, Any]], int], Any]:
    """Answer only where every element is known to count or not, and is known itself."""

    def run(kept: list[tuple[Any, Any]], unsure: int) -> Any:
        if unsure:
            return None
        for value, by in kept:
            if value is None or by is None:
                return None
        return compute(kept)

    return run


def _operated(operation: str) -> Callable[[list[tuple[Any, Any]]], Any]:
    return lambda kept: STRICT[operation](*(value for value, _ in kept)) if kept else None


def _latest(kept: list[tuple[Any, Any]]) -> Any:
    """Take from the last element; where several may be the last, only what they agree on."""
    floor = max((bounds(by)[0] for _, by in kept), default=None)
    return _agreed([value for value, by in kept if bounds(by)[1] >= floor])


def _earliest(kept: list[tuple[Any, Any]]) -> Any:
    """Take from the first element; where several may be the first, only what they agree on."""
    ceiling = min((bounds(by)[1] for _, by in kept), default=None)
    return _agreed([value for value, by in kept if bounds(by)[0] <= ceiling])


def _agreed(values: list[Any]) -> Any:
    return values[0] if values and all(_same_name(value) == _same_name(values[0]) for value in values) else None


def _exact(compute: Callable[[list[Any]], Any]) -> Callable[[list[tuple[Any, Any]], int], Any]:
    """Answer only where every element is known exactly; texts count as names do."""

    def run(kept: list[tuple[Any, Any]]) -> Any:
        names = [_same_name(settled(value)) for value, _ in kept]
        return None if None in names else compute(names)

    return _whole(run)


def _same_name(value: Any) -> Any:
    return fold(value) if isinstance(value, str) else value


GATHER: dict[str, Callable[[Any, int], Any]] = {
    "any": lambda kept, unsure: True if kept else None if unsure else False,
    "count": lambda kept, unsure: span(len(kept), len(kept) + unsure),
    "sum": _whole(lambda kept: STRICT["add"](*(value for value, _ in kept))),
    "min": _whole(_operated("least")),
    "max": _whole(_operated("greatest")),
    "earliest": _whole(_earliest),
    "latest": _whole(_latest),
    "distinct": _exact(lambda names: len(set(names))),
    "most": _exact(lambda names: max(Counter(names).values(), default=0)),
}
"""Kept are pairs of what is picked and what orders it; for `any` and `count`, whatever has a length or is true."""
