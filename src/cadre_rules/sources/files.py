"""Read dossiers from YAML and JSON files, or from standard input."""

import json
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from cadre_rules.dossier.fields import steps
from cadre_rules.dossier.kinds import Dossier
from cadre_rules.dossier.reading import read_dossier
from cadre_rules.errors import DossierError, SourceError, refused
from cadre_rules.rulebook.yaml import Document, read_yaml

MAX_BYTES = 50_000_000
WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
"""Endings of files that `sources.workbooks` reads."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A dossier that cannot be judged: where it stands, and why."""

    where: str
    reason: str


def read_dossiers(name: str) -> Iterator[Dossier | Rejected]:
    """Yield every dossier of a file (`-` for standard input); a bad one is yielded rejected and hides no other.

    A file holds one dossier, a list of them, or a mapping with `dossiers`. Raises `SourceError` if it cannot be read at all.
    """
    if name.lower().endswith((".docx", ".doc", ".pdf")):
        raise SourceError(name, "documents are not read by this version; write the dossier as YAML, JSON or a workbook")
    document = _document(name)
    listed, at = _listed(document.value)
    if not listed:
        raise SourceError(name, "holds no dossier; a dossier is a mapping with `kind` and `id`")
    seen: set[str] = set()
    for position, raw in enumerate(listed):
        where: tuple[str | int, ...] = (*at, position) if at is not None else ()
        try:
            dossier = read_dossier(raw)
        except DossierError as error:
            for field, reason in error.mistakes:
                yield Rejected(f"{name}:{document.line((*where, *steps(field)))}: {error.subject}: {field}", reason)
            continue
        if dossier.id in seen:
            yield Rejected(f"{name}:{document.line(where)}: {dossier.id}: id", "another dossier of the file has this id")
            continue
        seen.add(dossier.id)
        yield dossier


def _listed(value: Any) -> tuple[list[Any], tuple[str, ...] | None]:
    match value:
        case {"dossiers": list(listed)}:
            return listed, ("dossiers",)
        case list():
            return value, ()
        case dict() if value:
            return [value], None
        case _:
            return [], None


def _text(name: str) -> str:
    with refused(name), nullcontext(sys.stdin.buffer) if name == "-" else Path(name).open("rb") as file:
        raw = file.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise SourceError(name, f"larger than {MAX_BYTES:,} bytes; use `audit` for tables")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise SourceError(f"{name}:{line}", f"not UTF-8 text (byte {error.start}); save it as UTF-8 YAML or JSON") from error


def _document(name: str) -> Document:
    text = _text(name)
    if name.endswith(".json") or (name == "-" and text.lstrip()[:1] in ("{", "[")):
        return _parse_json(name, text)
    document, problems = read_yaml(text, Path(name))
    if problems:
        first, *others = sorted(problems)
        told = [first.message, *(f"line {problem.line}: {problem.message}" for problem in others)]
        raise SourceError(f"{name}:{first.line}", "; ".join(told))
    return document


def _parse_json(name: str, text: str) -> Document:
    try:
        value = strict_json(text)
    except json.JSONDecodeError as error:
        raise SourceError(f"{name}:{error.lineno}", f"not JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise SourceError(name, f"not JSON: {error}") from error
    return Document(value, {})


def strict_json(text: str) -> Any:
    """Return what JSON says, numbers with a fraction as Decimal; raises `ValueError` or `RecursionError`."""
    return json.loads(text, parse_float=Decimal, parse_constant=_refuse, object_pairs_hook=_once)


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"key {next(name for name in names if names.count(name) > 1)!r} appears twice")
    return found
