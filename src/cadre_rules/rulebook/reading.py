"""Read rule files, blaming mistakes on the line that holds them."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeAlias, TypeVar

from pydantic import BaseModel, ValidationError

from cadre_rules.dossier.reading import NEEDED, words_at
from cadre_rules.errors import Problem, RulebookError
from cadre_rules.names import did_you_mean
from cadre_rules.rulebook.schema import CaseFile, RuleFile
from cadre_rules.rulebook.yaml import Document, read_yaml
from cadre_rules.writing import digest_of_all, files_in

Model = TypeVar("Model", bound=BaseModel)
Item = TypeVar("Item")
Location: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Read(Generic[Model]):
    """One file as read: what it says and where each part stands."""

    path: Path
    file: Model
    document: Document

    def problem(self, location: Location, code: str, message: str) -> Problem:
        """Blame the line a location stands on."""
        return Problem(self.path, self.document.line(location), code, message)


Source: TypeAlias = Read[RuleFile]
CaseSource: TypeAlias = Read[CaseFile]
"""One file of worked examples."""


@dataclass(frozen=True, slots=True)
class Placed(Generic[Item]):
    """An authored item with its place to blame, and where what is wrong with it is told."""

    item: Item
    source: Source
    at: Location
    problems: list[Problem]
    about: str = ""
    """What every message begins with."""

    @property
    def place(self) -> str:
        """The file and line where the item begins."""
        return f"{self.source.path}:{self.source.document.line(self.at)}"

    def tell(self, code: str, message: str, deeper: Location = ()) -> None:
        """Tell of a mistake in the item, or deeper in it."""
        self.problems.append(self.source.problem((*self.at, *deeper), code, self.about + message))

    def need(self, fulfilled: object, code: str, message: str, deeper: Location = ()) -> None:
        """Tell of an item that is not as it must be."""
        if not fulfilled:
            self.tell(code, message, deeper)

    def known(self, word: str, known: Collection[str], code: str, message: str, deeper: Location, *, listed: str = "") -> bool:
        """Tell of a word that is none of those known, with what was probably meant, or else what is `listed`."""
        if word not in known:
            self.tell(code, message + (did_you_mean(word, known) or listed), deeper)
        return word in known


@dataclass(frozen=True, slots=True)
class PackFiles:
    """Everything a folder of rule files says, with the digest of its bytes."""

    folder: Path
    sources: tuple[Source, ...]
    digest: str


def digest_of(folder: Path) -> str:
    """Return a digest of the rule files' names and bytes."""
    return digest_of_all(folder, _rule_files(folder))[:16]


def _rule_files(folder: Path) -> list[str]:
    """Return the names of the rule files of a pack in a stable order."""
    return [name for name in files_in(folder, ".yaml", ".yml", ".YAML", ".YML") if not name.endswith(".cases.yaml")]


def read_pack(folder: Path) -> tuple[PackFiles, list[Problem]]:
    """Read every rule file of a folder; the problems are of form only, meaning is `checking`'s."""
    sources, problems = _read_all([folder / name for name in _rule_files(folder)], RuleFile)
    if not sources and not problems:
        problems.append(Problem(folder, 1, "RB006", "no rule files here; a pack is a folder of .yaml files"))
    return PackFiles(folder, sources, digest_of(folder)), problems


def read_cases(folder: Path) -> tuple[tuple[CaseSource, ...], list[Problem]]:
    """Read the worked examples of a pack."""
    return _read_all(sorted(folder.rglob("*.cases.yaml")), CaseFile)


def _read_all(paths: Iterable[Path], model: type[Model]) -> tuple[tuple[Read[Model], ...], list[Problem]]:
    read = [_read(path, model) for path in paths]
    return tuple(source for source, _ in read if source is not None), [problem for _, found in read for problem in found]


def raise_if(problems: Iterable[Problem]) -> None:
    """Raise every problem at once, if there is any."""
    if found := list(problems):
        raise RulebookError(found)


def _read(path: Path, model: type[Model]) -> tuple[Read[Model] | None, list[Problem]]:
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        return None, [Problem(path, line, "RB006", f"not UTF-8 text (byte {error.object[error.start]:#04x}); save it as UTF-8")]
    except OSError as error:
        return None, [Problem(path, 1, "RB006", f"cannot be read: {error.strerror}")]
    if path.suffix != ".yaml":
        return None, [Problem(path, 1, "RB006", "not read by this name: the name of a rule file ends in .yaml")]
    document, problems = read_yaml(text, path)
    if document.value is None:
        return None, problems or [Problem(path, 1, "RB101", "the file is empty")]
    if not isinstance(document.value, dict):
        return None, [*problems, Problem(path, 1, "RB101", "a rule file is a mapping at its top")]
    try:
        read = Read(path, model.model_validate(document.value), document)
    except ValidationError as error:
        return None, [*problems, *_explained(error, model, document, path)]
    return None if problems else read, problems


def _explained(error: ValidationError, model: type[BaseModel], document: Document, path: Path) -> Iterator[Problem]:
    found = error.errors(include_url=False)
    inside = {detail["loc"][:depth] for detail in found for depth in range(len(detail["loc"]))}
    for detail in found:
        location, word = detail["loc"], str(detail["loc"][-1])
        match detail["type"]:
            case "too_short" if location in inside:  # what is there is told; it only does not count
                continue
            case "extra_forbidden":
                message = f"unknown key {word!r}{did_you_mean(word, words_at(model, location))}"
            case "missing":
                message = f"{word!r} is missing"
            case "literal_error":
                message = detail["msg"] + did_you_mean(str(detail["input"]), re.findall("'([^']*)'", detail["msg"]))
            case "model_type" | "model_attributes_type":
                message = f"not a mapping of {', '.join(sorted(words_at(model, (*location, ''))))}"
            case other:
                message = NEEDED.get(other) or detail["msg"].removeprefix("Value error, ")
        yield Problem(path, document.line(location), "RB101", message)
