"""What is judged: a dossier, and each entry, leader or figure inside it."""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import date
from types import SimpleNamespace
from typing import Any

from cadre_rules.dossier.kinds import KINDS, WHOLES, Dossier
from cadre_rules.dossier.people import ExceptionGranted
from cadre_rules.dossier.values import PartialDate


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing to judge: where its fields are read from and where they stand in the dossier.

    The root of an entry, leader or figure holds its own fields and, under the whole's name, the whole.
    """

    kind: str
    id: str
    title: str
    root: Any
    dossier: Dossier | None
    prefix: str = ""

    def day(self, hangs_on: str) -> date | None:
        """Return the day a rule hangs on, if stated; a figure hangs on its own day."""
        if self.kind == "figure" and self.root.on is not None:
            return self.root.on.high if isinstance(self.root.on, PartialDate) else self.root.on
        return self.dossier.day(hangs_on) if self.dossier is not None else None

    @property
    def exceptions(self) -> tuple[ExceptionGranted, ...]:
        """Return the special cases on file for this very subject: an entry's name it, the whole's name none."""
        on_file = (self.dossier.exceptions or ()) if self.dossier is not None else ()
        own = self.root.id if self.prefix else None
        return tuple(granted for granted in on_file if granted.entry == own)

    def place(self, path: str) -> str:
        """Return where in the dossier a path of the subject stands."""
        if not self.prefix:
            return path
        head, _, rest = path.partition(".")
        return rest if head in KINDS and rest else f"{self.prefix}{path}"


def subjects_of(dossier: Dossier, only: Container[str] | None = None) -> Iterator[Subject]:
    """Yield the dossier itself, then each part of it that is judged on its own; or `only` those of these ids."""
    if only is None or dossier.id in only:
        yield Subject(dossier.kind, dossier.id, dossier.title or dossier.id, dossier, dossier)
    if dossier.children is not None:
        field, kind = dossier.children
        for position, part in enumerate(getattr(dossier, field) or ()):
            name = f"{dossier.id}/{part.id}"
            if only is None or name in only:
                title = getattr(part, "name", None) or getattr(part, "title", None) or part.id
                root = SimpleNamespace(**vars(part) | {WHOLES[kind]: dossier})
                yield Subject(kind, name, title, root, dossier, f"{field}[{position}].")
