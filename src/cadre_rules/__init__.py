"""Check personnel decisions against written, dated, cited rules.

The names below are looked up when first used, so that importing the package stays quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cadre_rules.audits.comparing import compare as compare
    from cadre_rules.audits.running import Audit as Audit
    from cadre_rules.audits.running import audit as audit
    from cadre_rules.checks import check as check
    from cadre_rules.dossier.collectives import Body as Body
    from cadre_rules.dossier.collectives import Planning as Planning
    from cadre_rules.dossier.collectives import Statistics as Statistics
    from cadre_rules.dossier.collectives import Unit as Unit
    from cadre_rules.dossier.people import Appointment as Appointment
    from cadre_rules.errors import CadreRulesError as CadreRulesError
    from cadre_rules.errors import DossierError as DossierError
    from cadre_rules.errors import RulebookError as RulebookError
    from cadre_rules.errors import SourceError as SourceError
    from cadre_rules.findings import Finding as Finding
    from cadre_rules.findings import Report as Report
    from cadre_rules.register.book import Register as Register
    from cadre_rules.rulebook.loading import load_rulebook as load_rulebook
    from cadre_rules.rulebook.model import Rulebook as Rulebook

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
