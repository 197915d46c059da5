"""What of a rule version is the same for all tables, found when first asked for."""

from collections.abc import Mapping
from functools import cache, cached_property
from typing import TypeAlias

from cadre_rules import expression as ex
from cadre_rules.formula import Clause, FactTest, Formula
from cadre_rules.judging import level_of
from cadre_rules.program import Program, Slice
from cadre_rules.reporting import version_of
from cadre_rules.rulebook.checking import PLACEHOLDER
from cadre_rules.rulebook.model import Rulebook
from cadre_rules.waiting import smallest_sets

MAX_SETS = 3

Waits: TypeAlias = tuple[tuple[str, ...], ...]
"""The smallest sets of facts any of which would settle a rule."""


class Matter:
    """What of a rule version is the same for all tables."""

    def __init__(self, program: Program, rulebook: Rulebook, piece: Slice) -> None:
        self._program, self._rulebook, self._piece = program, rulebook, piece
        self._waits: dict[tuple[int, ...], Waits | None] = {}

    @cached_property
    def version(self) -> str:
        """Return what it is called."""
        return version_of(self._piece.rule)

    @cached_property
    def level(self) -> str:
        """Return the level of its breach."""
        return level_of(self._piece)

    @cached_property
    def provisional(self) -> bool:
        """Tell whether it rests on less than confirmed texts."""
        return self._rulebook.grade(self._piece.rule) != "confirmed" or self._piece.rule.needs_review is not None

    @cached_property
    def formulas(self) -> tuple[Formula, ...]:
        """Return what proves it breached, kept and not applicable."""
        return tuple(formula for _, formula in self._piece.formulas())

    @cached_property
    def tests(self) -> tuple[FactTest, ...]:
        """Return the tests it asks, each once."""
        return tuple(dict.fromkeys(test for formula in self.formulas for clause in formula for test in clause))

    @cached_property
    def named(self) -> tuple[str, ...]:
        """Return the facts its message names."""
        return tuple(self._piece.facts[name] for name in PLACEHOLDER.findall(self._piece.rule.message.vi))

    @cached_property
    def counted(self) -> frozenset[ex.Outcomes]:
        """Return what its facts count of breaches."""
        nodes = (node for name in self._piece.facts.values() for node in ex.walk(self._program.facts[name]))
        return frozenset(node for node in nodes if isinstance(node, ex.Outcomes) and "violated" in node.outcomes)

    @cache  # noqa: B019  # as long as it is kept itself
    def also(self, *, breached: bool) -> tuple[str, ...]:
        """Return the facts that its words name beyond those of its message, or all if it is not breached."""
        rule = self._piece.rule
        texts = (rule.title, rule.remedy, rule.responsible, *(() if breached else (rule.message,)))
        names = (self._piece.facts[name] for words in texts if words is not None for name in PLACEHOLDER.findall(words.vi))
        return tuple(dict.fromkeys(names))

    def waits(self, pattern: tuple[int, ...]) -> Waits | None:
        """Return the smallest sets of facts that would settle it, as its tests come out; None if no answer could breach it."""
        if pattern not in self._waits:
            known = dict(zip(self.tests, pattern, strict=True))
            left = [_left(formula, known) for formula in self.formulas]
            sets = smallest_sets(tuple(clause for clauses in left for clause in clauses))[:MAX_SETS] if left[0] else ()
            told = tuple(tuple(self._program.defined[name].id for name in names) for names in sets)
            self._waits[pattern] = told if left[0] else None
        return self._waits[pattern]


class Matters(dict[str, Matter]):
    """What of the rules about one kind of subject is the same for all tables, by the keys of rule versions."""

    def __init__(self, program: Program, rulebook: Rulebook) -> None:
        super().__init__((piece.key, Matter(program, rulebook, piece)) for piece in program.slices)
        self.program = program


def _left(formula: Formula, known: Mapping[FactTest, int]) -> list[Clause]:
    """Return what is still to be shown of each clause that no stated fact rules out."""
    return [tuple(test for test in clause if known[test] == 2) for clause in formula if all(known[test] for test in clause)]
