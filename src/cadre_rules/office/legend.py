"""What a field of a workbook is for: the rules that read it, and what people call the rulebook's own codes in it."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from cadre_rules.catalogue import Path, paths_of, paths_read
from cadre_rules.dossier.kinds import WHOLES
from cadre_rules.dossier.models import DOSSIERS
from cadre_rules.dossier.people import ExceptionGranted
from cadre_rules.expression import Lookup, walk
from cadre_rules.rulebook.model import Rulebook
from cadre_rules.rulebook.schema import Rule


def rules_by_field(rulebook: Rulebook) -> dict[tuple[str, Path], tuple[Rule, ...]]:
    """Return, for what rules are about and each path read there, into lists too, the rules that read it, the newest of each.

    A rule reads what its facts are derived from, the day it hangs on, and where it has an exception, the exceptions on file.
    """
    readers: dict[tuple[str, Path], dict[str, Rule]] = defaultdict(dict)
    for rule in sorted(rulebook.rules, key=lambda rule: (rule.id, rule.in_force.starts or date.min)):
        for subject in rule.subject:
            for path in (*paths_read(rulebook, rule, subject), *_looked_at(rule, subject)):
                readers[subject, path][rule.id] = rule
    return {place: tuple(rules.values()) for place, rules in readers.items()}


def names_by_field(rulebook: Rulebook, lang: str) -> dict[tuple[str, Path], dict[str, str]]:
    """Return, for each path that holds a code of the rulebook's own, the codes and what people call them.

    Such are codes looked up in a table that names them, and the rules an exception or an assessment can be about.
    """
    found: dict[tuple[str, Path], dict[str, str]] = defaultdict(dict)
    for (subject, _), versions in rulebook.definitions.items():
        for node in (node for version in versions for node in walk(version.value) if isinstance(node, Lookup)):
            if "name" in rulebook.tables[node.table].columns:
                named = {row["code"]: row["name"] for row in rulebook.rows[node.table]}
                for path in (path for column, key in node.keys if column == "code" for path in paths_of(rulebook, subject, key)):
                    found[subject, path] |= named
    for rule in sorted(rulebook.rules, key=lambda rule: rule.id):
        path = ("exceptions", "rule") if rule.exception is not None else ("assessments", "criterion")
        if rule.exception is not None or rule.force == "judgement":
            for subject in rule.subject:
                found[WHOLES.get(subject, subject), path][rule.id] = rule.title.of(lang)
    return found


def _looked_at(rule: Rule, subject: str) -> Iterator[Path]:
    """Yield where a rule finds the day it hangs on, and the exceptions that may excuse it."""
    whole = WHOLES.get(subject, subject)
    prefix = (whole,) if subject in WHOLES else ()
    if whole in DOSSIERS:
        days = DOSSIERS[whole].day_fields
        yield (*prefix, *days.get(rule.hangs_on, days["decided"]).split("."))
        if rule.exception is not None:
            yield from ((*prefix, "exceptions", name) for name in ExceptionGranted.model_fields)
