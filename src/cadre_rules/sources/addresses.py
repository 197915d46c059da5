"""Read free-text addresses, with the optional `vietnamadminunits` (extra `[areas]`)."""

from datetime import date

from cadre_rules.dossier.areas import Area
from cadre_rules.errors import SourceError

REFORM = date(2025, 7, 1)
"""From this day addresses have a province and a commune, and no district (Decision 19/2025/QĐ-TTg)."""


def read_address(text: str, written_on: date) -> Area:
    """Return the area an address names, by the map of the day it was written; raises `SourceError` if it names none.

    Unlike the dossier's own reader, which wants parts between commas, this one knows every unit's name.
    """
    try:
        from vietnamadminunits import parse_address  # noqa: PLC0415  # heavy, and only here
    except ImportError as error:
        raise SourceError("areas", "reading free-text addresses needs: pip install 'cadre-rules[areas]'") from error
    legacy = written_on < REFORM
    found = parse_address(text, mode="LEGACY" if legacy else "FROM_2025", level=3 if legacy else 2)
    if found is None or not found.province:
        raise SourceError(text[:80], "names no province that is known")
    return Area(province=found.province, district=found.district if legacy else None, commune=found.ward)
