"""The kinds of dossier, and the parts of them that are judged on their own; a model is read when it is asked for."""

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from cadre_rules.dossier.collectives import Body, Planning, Statistics, Unit
    from cadre_rules.dossier.people import Appointment

    Dossier: TypeAlias = Appointment | Planning | Body | Unit | Statistics
else:
    Dossier = Any  # to say so takes no model

KINDS = ("appointment", "planning", "body", "unit", "statistics")
WHOLES = {"planning_entry": "planning", "leader": "unit", "figure": "statistics"}
"""Of each part that is judged on its own, the kind of dossier it stands in."""


@cache
def model_of(kind: str) -> Any:
    """Return the model of a kind of dossier, or of a part."""
    home = import_module(f"cadre_rules.dossier.{'people' if kind == 'appointment' else 'collectives'}")
    return getattr(home, kind.title().replace("_", ""))
