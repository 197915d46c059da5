"""The closed lists a dossier's cells choose from, with their Vietnamese and English names (codes.json beside this)."""

import json
from pathlib import Path

from cadre_rules.dossier.values import Codes

_LISTS = json.loads((Path(__file__).parent / "codes.json").read_text("utf-8"))


def _named(name: str) -> Codes:
    return Codes({code: (vi, en) for code, (vi, en) in _LISTS[name].items()})


SEX = _named("sex")
LEVEL = _named("level")
DECISION = _named("decision")
SOURCE = _named("source")
SELECTION = _named("selection")
ROLE = _named("role")
SECTOR = _named("sector")
KINSHIP = _named("kinship")
THEORY = _named("theory")
DEGREE = _named("degree")
STATE_MANAGEMENT = _named("state_management")
RATING = _named("rating")
DISCIPLINE = _named("discipline")
TRACK = _named("track")
CASE = _named("case")
COURSE = _named("course")
DOCUMENT = _named("document")
BODY = _named("body")
GROUP = _named("group")
CONCLUSION = _named("conclusion")
MEASURE = _named("measure")
ROTATION_PURPOSE = _named("rotation_purpose")
REGIME = _named("regime")
PLACE = _named("place")
UNIT = _named("unit")
DECLARATION = _named("declaration")
