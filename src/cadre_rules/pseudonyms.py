"""Pseudonyms for all that could say who is meant: put in place of a dossier's texts before anything is judged.

What is judged then holds no name, so nothing that comes of it can tell one. A pseudonym is a keyed digest (HMAC-SHA256): the
same text has the same one in every run with the same key, and without the key nobody can try names on it.

- A text that says who or which dossier is meant (`identifies` in `dossier.models`) is always replaced.
- Any other free text is replaced unless it is a word of the law: one the rulebook itself compares with, such as a title's code.
- Of a place, the province stays where the rulebook's map knows it; district and commune are replaced.
- Codes of closed lists, days and numbers stay: rules are about them.

Two texts that names compare equal (`names.fold`; places by `areas.bare`) have pseudonyms that compare equal, and two that are
written alike have the very same: the letters of a pseudonym are the digest of what is compared, their case that of what is
written. So findings come out as they would without.
"""

import hmac
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

from pydantic import BaseModel

from cadre_rules.dossier.areas import Area, bare
from cadre_rules.dossier.fields import element_of, mark_of
from cadre_rules.dossier.models import DOSSIERS
from cadre_rules.dossier.reading import NEEDED
from cadre_rules.dossier.values import parse_count, parse_flag, parse_loose_day, parse_percent, understood
from cadre_rules.errors import SourceError, refused
from cadre_rules.expression import Constant, walk
from cadre_rules.facts.maps import AreaMap
from cadre_rules.names import fold
from cadre_rules.rulebook.checking import tests_in
from cadre_rules.rulebook.model import Rulebook

SHORTEST_KEY = 32
"""Bytes: as many as the digest has."""

How: TypeAlias = Literal["identity", "text", "province", "place"]
"""What a text is, and so whether it may stay."""

_LETTERS = 20
_Model = TypeVar("_Model", bound=BaseModel)


def read_key(path: str) -> bytes:
    """Return the bytes of a key file; raises `SourceError` if there is none, or it could be guessed."""
    made = f"make one, and keep it where the results do not go: head -c {SHORTEST_KEY} /dev/urandom > FILE"
    with refused(path, "cannot be read as a key", f"; {made}"), Path(path).open("rb") as file:
        key = file.read(1_000_001)
    if len(key) < SHORTEST_KEY:
        raise SourceError(path, f"is too short for a key: it has {len(key)} bytes, {SHORTEST_KEY} are needed; {made}")
    if len(key) > 1_000_000:
        raise SourceError(path, f"is larger than a million bytes, and hardly a key; {made}")
    if len(set(key)) < SHORTEST_KEY // 4:
        raise SourceError(path, f"repeats a few bytes, and could be guessed; {made}")
    return key


class Pseudonyms:
    """The pseudonyms of one key, for dossiers judged by one rulebook."""

    def __init__(self, key: bytes, rulebook: Rulebook) -> None:
        self._key = key
        self._words = words_of_law(rulebook)
        self._map = AreaMap(rulebook.rows.get("provinces", ()))
        self.of = lru_cache(maxsize=65_536)(self._of)
        """Return what stands for a text: `of(text, how)`."""

    @property
    def key_id(self) -> str:
        """Return what tells one key from another, and nothing else about it."""
        return self._digest("key", "").hex()[:16]

    def digest(self, digest: str) -> str:
        """Return what stands for a digest of the input, which could be compared with that of a file one has."""
        return self._digest("digest", digest).hex()

    def dossier(self, dossier: _Model) -> _Model:
        """Return a dossier, or a part of one, with pseudonyms for its texts."""
        told: dict[str, Any] = {}
        for name, how in plan(type(dossier)).items():
            match getattr(dossier, name, None):
                case str(text) if isinstance(how, str):
                    told[name] = self.of(text, how)
                case tuple(parts):
                    told[name] = tuple(map(self.dossier, parts))
                case BaseModel() as part:
                    told[name] = self.dossier(part)
        return dossier.model_copy(update=told)

    def told(self, where: str, reason: str) -> tuple[str, str]:
        """Return where something could not be read, and why, without what was read: its row, its field, the kind of mistake."""
        found = _WHERE.fullmatch(where)
        if found is None:
            return self.of(where, "identity"), _kept_reason(reason)
        place, row, name, field = found.groups()
        parts = [f"{self.of(place, 'identity')}:{row}"]
        parts += [self.of(name, "identity"), _kept_field(field)] if name is not None else []
        return ": ".join(parts), _kept_reason(reason)

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Let no error say what was read."""
        try:
            yield
        except SourceError as error:
            where, reason = self.told(error.location, error.reason)
        else:
            return
        raise SourceError(where, reason)

    def _of(self, text: str, how: How) -> str:
        if not text.strip() or self._stays(text, how):
            return text
        meant = bare(text) if how in ("province", "place") else fold(text)
        letters, cases = self._digest("meant", meant), int.from_bytes(self._digest("written", text), "big")
        digits = (chr(ord("a") + (letters[at // 2] >> 4 * (at % 2) & 15)) for at in range(_LETTERS))
        return "p-" + "".join(digit.upper() if cases >> at & 1 else digit for at, digit in enumerate(digits))

    def _stays(self, text: str, how: How) -> bool:
        if how == "province":
            return self._map.code_before(text) is not None or self._map.code_after(text) is not None
        return how == "text" and fold(text) in self._words

    def _digest(self, purpose: str, text: str) -> bytes:
        return hmac.digest(self._key, f"{purpose}\0{text}".encode("utf-8", "surrogatepass"), "sha256")


def words_of_law(rulebook: Rulebook) -> frozenset[str]:
    """Return, folded, every text a rulebook compares those of dossiers with; made once and kept with it."""
    if "words of law" not in rulebook.compiled:
        rulebook.compiled["words of law"] = frozenset(map(fold, _words_of_law(rulebook)))
    kept: frozenset[str] = rulebook.compiled["words of law"]
    return kept


def _words_of_law(rulebook: Rulebook) -> Iterator[str]:
    yield from (rule.id for rule in rulebook.rules)
    bound = chain.from_iterable(rulebook.definitions.values())
    constants = (node.value for each in bound for node in walk(each.value) if isinstance(node, Constant))
    tested = (test.comparison[1] for rule in rulebook.rules for _, test in tests_in(rule))
    parameters = (parameter.value for versions in rulebook.parameters.values() for parameter in versions)
    cells = (cell for rows in rulebook.rows.values() for row in rows for cell in row.values())
    for value in chain(constants, tested, parameters, cells):
        yield from (text for text in (value if isinstance(value, tuple) else (value,)) if isinstance(text, str))


@cache
def plan(model: type[BaseModel]) -> Mapping[str, How | type[BaseModel]]:
    """Return the fields of a model that hold free text, with what it is, and those that hold models, with which."""
    if model is Area:
        return {"province": "province", "district": "place", "commune": "place"}
    found: dict[str, How | type[BaseModel]] = {}
    for name, field in model.model_fields.items():
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        inner = element_of(field.annotation)
        if inner is str and mark_of(field) is None:
            found[name] = "identity" if extra.get("identifies") else "text"
        elif isinstance(inner, type) and issubclass(inner, BaseModel):
            found[name] = inner
    return found


# What of an error may be told

_WHERE = re.compile(r"(.*?):(\d+)(?:: (.*): ([^:]*))?", re.DOTALL | re.ASCII)
_NOT_TOLD = "cannot be read; why, without pseudonyms, is told with the input quoted"


def _kept_reason(reason: str) -> str:
    if reason in _reasons():
        return reason
    known = next((known for known in _KNOWN if known in reason), None)
    return known or _NOT_TOLD


_KNOWN = (
    "is not a known code", "is no kind of dossier", "is required", "no such field", "has this id", "not UTF-8 text", "not JSON"
)  # fmt: skip
"""What a reason begins or ends with that goes on to quote the input."""


@cache
def _reasons() -> frozenset[str]:
    """Return the reasons that quote nothing: what each reader says of what nobody would write."""
    readers: tuple[Callable[[object], object], ...] = (parse_count, parse_flag, parse_loose_day, parse_percent)
    said = (understood(read, probe)[1] for read in readers for probe in ("?", "101"))
    return frozenset((*filter(None, said), *NEEDED.values()))


def _kept_field(field: str) -> str:
    """Return the path of a field with only the names dossiers know; another is not told."""
    return ".".join(part if part.partition("[")[0] in _names() and _PART.fullmatch(part) else "…" for part in field.split("."))


_PART = re.compile(r"\w+(\[\d+\])?", re.ASCII)


@cache
def _names() -> frozenset[str]:
    return frozenset(name for model in DOSSIERS.values() for name in _names_in(model))


def _names_in(model: type[BaseModel]) -> Iterator[str]:
    yield from model.model_fields
    for part in plan(model).values():
        if isinstance(part, type):
            yield from _names_in(part)
