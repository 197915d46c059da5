"""The one gate every exception passes: what the law lets an authority decide, and what was decided."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from cadre_rules.dossier.people import ExceptionGranted
from cadre_rules.rulebook.schema import Rule


@dataclass(frozen=True, slots=True)
class Passage:
    """What the gate said of one exception on file: `used`, or why it excuses nothing."""

    exception: ExceptionGranted
    state: str


def excuse(rule: Rule, on_file: Iterable[ExceptionGranted], before: date | None) -> list[Passage]:
    """Return what the gate says of each exception that names the rule; the rule is excused if one is `used`.

    `before` is the day by which the text wants the special case decided.
    """
    return [Passage(granted, _state(rule, granted, before)) for granted in on_file if granted.rule == rule.id]


def _state(rule: Rule, granted: ExceptionGranted, before: date | None) -> str:
    if rule.exception is None:
        return "not_allowed"
    if granted.reason is None or granted.decided_on is None or granted.decided_by is None:
        return "unreasoned"
    if rule.exception.levels and granted.level is None:
        return "unreasoned"
    if rule.exception.levels and granted.level not in rule.exception.levels:
        return "wrong_level"
    if before is None or granted.decided_on > before:
        return "misdated"
    if granted.expires_on is not None and granted.expires_on < before:
        return "expired"
    return "used"
