"""Check personnel decisions against written, dated, cited rules.

The names below are looked up when first used, so that importing the package stays quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cadre_rules.audits.comparing import compare
    from cadre_rules.audits.running import Audit, audit
    from cadre_rules.checks import check
    from cadre_rules.dossier.collectives import Body, Planning, Statistics, Unit
    from cadre_rules.dossier.people import Appointment
    from cadre_rules.errors import CadreRulesError, DossierError, RulebookError, SourceError
    from cadre_rules.findings import Finding, Report
    from cadre_rules.register.book import Register
    from cadre_rules.rulebook.loading import load_rulebook
    from cadre_rules.rulebook.model import Rulebook

_HOMES = {
    "check": "checks",
    "compare": "audits.comparing",
    **dict.fromkeys(("Audit", "audit"), "audits.running"),
    "load_rulebook": "rulebook.loading",
    "Register": "register.book",
    "Rulebook": "rulebook.model",
    "Report": "findings",
    "Finding": "findings",
    **dict.fromkeys(("CadreRulesError", "DossierError", "RulebookError", "SourceError"), "errors"),
    "Appointment": "dossier.people",
    **dict.fromkeys(("Body", "Planning", "Statistics", "Unit"), "dossier.collectives"),
}

__all__ = [
    "Appointment",
    "Audit",
    "Body",
    "CadreRulesError",
    "DossierError",
    "Finding",
    "Planning",
    "Register",
    "Report",
    "Rulebook",
    "RulebookError",
    "SourceError",
    "Statistics",
    "Unit",
    "audit",
    "check",
    "compare",
    "load_rulebook",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
