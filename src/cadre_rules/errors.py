"""Everything this library raises on purpose."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in a rule file, told the way a compiler would tell it."""

    path: Path
    line: int
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.code} {self.message}"


class CadreRulesError(Exception):
    """Base of every error a caller may want to catch."""


class RulebookError(CadreRulesError):
    """The rule files cannot be used; carries every problem, not just the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


class DossierError(CadreRulesError):
    """A dossier says something that cannot be: which dossier, which field, what and what would be right."""

    def __init__(self, subject: str, mistakes: Sequence[tuple[str, str]]) -> None:
        self.subject = subject
        self.mistakes = tuple(mistakes)
        self.field, self.reason = self.mistakes[0]
        super().__init__("\n".join(f"{subject}: {field}: {reason}" for field, reason in self.mistakes))


class SourceError(CadreRulesError):
    """Something outside cannot be read: where, and why."""

    def __init__(self, location: str, reason: str) -> None:
        self.location = location
        self.reason = reason
        super().__init__(f"{location}: {reason}")


@contextmanager
def refused(place: object, what: str = "cannot be read", then: str = "") -> Iterator[None]:
    """Raise what the system refuses at a place as a `SourceError` that says so."""
    try:
        yield
    except OSError as error:
        raise SourceError(str(place), f"{what}: {error.strerror or error}{then}") from error


class EngineDisagreementWarning(UserWarning):
    """durable_rules and the plain matcher differed about a row; the plain matcher was believed."""


class EngineUnavailableWarning(UserWarning):
    """durable_rules cannot be imported here; the plain matcher judges alone."""
