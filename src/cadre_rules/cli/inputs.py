"""What a command is handed: rulebook, dossiers, the key of pseudonyms."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cadre_rules.errors import SourceError

if TYPE_CHECKING:
    from cadre_rules.dossier.kinds import Dossier
    from cadre_rules.pseudonyms import Pseudonyms
    from cadre_rules.rulebook.model import Rulebook
    from cadre_rules.sources.files import Rejected


def rulebook_of(options: argparse.Namespace) -> "Rulebook":
    from cadre_rules.rulebook.loading import load_rulebook

    return load_rulebook(*(options.rules or ("vn",)))


def pseudonyms_of(options: argparse.Namespace, rulebook: "Rulebook") -> "Pseudonyms | None":
    if options.pseudonymise is None:
        return None
    from cadre_rules.pseudonyms import Pseudonyms, read_key

    return Pseudonyms(read_key(options.pseudonymise), rulebook)


def dossiers_of(
    files: Sequence[str], pseudonyms: "Pseudonyms | None" = None
) -> "tuple[list[Dossier], list[dict[str, str]], dict[str, str]]":
    """Return the dossiers of some files, what could not be read, and the file of each dossier that stands in one, by its id."""
    from cadre_rules.sources.files import WORKBOOKS, Rejected, read_dossiers

    dossiers: list[Dossier] = []
    rejected: list[dict[str, str]] = []
    sources: dict[str, str] = {}
    for name in files:
        try:
            found = list(_of_workbook(name) if name.lower().endswith(WORKBOOKS) else read_dossiers(name))
            found = found or [Rejected(name, "holds no dossier; fill in a row of its first sheet")]
        except SourceError as error:
            found = [Rejected(error.location, error.reason)]
        for read in found:
            if isinstance(read, Rejected):
                told = (read.where, read.reason) if pseudonyms is None else pseudonyms.told(read.where, read.reason)
                rejected.append(dict(zip(("where", "reason"), told, strict=True)))
                print(f"cadre-rules: {': '.join(told)}", file=sys.stderr)
            else:
                dossiers.append(read if pseudonyms is None else pseudonyms.dossier(read))
                if name != "-":
                    sources[dossiers[-1].id] = name if pseudonyms is None else pseudonyms.of(name, "identity")
    return dossiers, rejected, sources


def _of_workbook(name: str) -> "Iterator[Dossier | Rejected]":
    from cadre_rules.sources.batches import read_models

    return read_models(name)
