"""The closed lists a dossier's cells choose from, with their Vietnamese and English names (codes.json beside this)."""

import json
from pathlib import Path

from cadre_rules.dossier.values import Codes

_LISTS = json.loads((Path(__file__).parent / "codes.json").read_text("utf-8"))
CODES = {name: Codes({code: (vi, en) for code, (vi, en) in listed.items()}) for name, listed in _LISTS.items()}
"""Every list by its name in the file."""
