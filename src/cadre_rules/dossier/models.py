"""Every model of a dossier, by its kind."""

from typing import Annotated, TypeAlias

from pydantic import BaseModel, Field

from cadre_rules.dossier.collectives import Body, Planning, Statistics, Unit
from cadre_rules.dossier.kinds import KINDS, WHOLES, Dossier, model_of
from cadre_rules.dossier.people import Appointment, Stated

AnyDossier: TypeAlias = Annotated[Appointment | Planning | Body | Unit | Statistics, Field(discriminator="kind")]

DOSSIERS: dict[str, type[Dossier]] = {kind: model_of(kind) for kind in KINDS}
PARTS: dict[str, tuple[str, type[BaseModel]]] = {part: (whole, model_of(part)) for part, whole in WHOLES.items()}


class DossierFile(Stated):
    """Several dossiers in one file."""

    dossiers: tuple[AnyDossier, ...]
