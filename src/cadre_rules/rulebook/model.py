"""The rulebook: packs layered, checked and ready to be compiled."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cadre_rules.expression import Fact, walk
from cadre_rules.rulebook.keeping import Apart
from cadre_rules.rulebook.schema import (
    GRADES,
    Definition,
    Instrument,
    Pack,
    Parameter,
    Provision,
    Rule,
    SwitchOff,
    Table,
)


@dataclass(frozen=True, slots=True)
class LoadedPack:
    """A pack and the digest of the files it was read from."""

    pack: Pack
    digest: str


_LATER = ("instruments", "provisions", "definitions", "rules", "places")
"""What is kept apart, to be read when it is first asked for: judging by a kept program asks for little of it."""


@dataclass(frozen=True)
class Rulebook:
    """Every layered, checked rule with what it rests on; immutable, safe to share between threads."""

    packs: tuple[LoadedPack, ...]
    instruments: Mapping[str, Instrument]
    provisions: Mapping[str, Provision]
    parameters: Mapping[str, tuple[Parameter, ...]]
    tables: Mapping[str, Table]
    rows: Mapping[str, tuple[Mapping[str, Any], ...]]
    definitions: Mapping[tuple[str, str], tuple[Definition, ...]]
    """By subject and fact, oldest first, each with its value as the expression it is for that subject."""
    rules: tuple[Rule, ...]
    switched_off: tuple[SwitchOff, ...]
    places: Mapping[tuple[str, date | None], tuple[Path, int]]
    digests: tuple[str, ...] = field(default=(), compare=False, repr=False)
    """Of the folders it was loaded from, if it was: what it and what is compiled of it are kept under."""
    compiled: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """What was made of this rulebook once, for those who judge by it."""

    def __getstate__(self) -> dict[str, Any]:
        """Return what is kept of it; what was compiled is kept elsewhere."""
        told = vars(self).get("_apart", {})  # as it was read, which need not be put in writing again
        apart = {name: told.get(name) or Apart(getattr(self, name)) for name in _LATER}
        rest = {name: part for name, part in vars(self).items() if name not in (*_LATER, "behind", "excusable")}
        return rest | {"compiled": {}, "_apart": apart}

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            apart = vars(self).get("_apart", {})
            if name not in apart:
                raise AttributeError(name)
            part = vars(self)[name] = apart[name]()
            return part

    @cached_property
    def behind(self) -> Mapping[tuple[str, str], frozenset[str]]:
        """The facts each fact comes from, in whatever version, itself among them; raises `CycleError` if they go in a circle."""
        reads = {
            (subject, name): {
                (subject, part.name)
                for version in versions
                for part in walk(version.value)
                if isinstance(part, Fact) and (subject, part.name) in self.definitions
            }
            for (subject, name), versions in self.definitions.items()
        }
        found: dict[tuple[str, str], frozenset[str]] = {}
        for key in TopologicalSorter(reads).static_order():
            found[key] = frozenset({key[1]}).union(*(found[read] for read in reads[key]))
        return found

    @property
    def reviewed_to(self) -> dict[str, date]:
        """Return up to which day each kind of law was reviewed: the earliest of the packs."""
        days = [(kind, day) for loaded in self.packs for kind, day in loaded.pack.reviewed_to.items()]
        return {kind: min(day for one, day in days if one == kind) for kind, _ in days}

    def grade(self, rule: Rule) -> str:
        """Return the weakest evidence among the provisions a rule rests on."""
        return max((self.provisions[name].evidence for name in rule.provisions), key=GRADES.index)

    @cached_property
    def excusable(self) -> frozenset[str]:
        """Return the rules from which somebody may except."""
        return frozenset(rule.id for rule in self.rules if rule.exception is not None)

    def instrument_of(self, provision: Provision) -> Instrument:
        """Return the legal text a provision stands in."""
        assert provision.instrument is not None
        return self.instruments[provision.instrument]

    def rules_named(self, name: str) -> tuple[Rule, ...]:
        """Return every version of a rule, oldest first."""
        return tuple(sorted((r for r in self.rules if r.id == name), key=lambda rule: rule.in_force.first))
