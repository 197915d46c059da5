"""Every model of a dossier, by its kind."""

from typing import Annotated, TypeAlias

from pydantic import Field

from cadre_rules.dossier.collectives import Body, Planning, Statistics, Unit
from cadre_rules.dossier.kinds import KINDS, Dossier, model_of
from cadre_rules.dossier.people import Appointment, Stated

AnyDossier: TypeAlias = Annotated[Appointment | Planning | Body | Unit | Statistics, Field(discriminator="kind")]

DOSSIERS: dict[str, type[Dossier]] = {kind: model_of(kind) for kind in KINDS}


class DossierFile(Stated):
    """Several dossiers in one file."""

    dossiers: tuple[AnyDossier, ...]
