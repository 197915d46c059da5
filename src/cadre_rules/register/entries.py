"""An entry of a register: one line of canonical JSON, sealed by its own digest and that of the line before."""

import hashlib
import json
import unicodedata
from collections.abc import Iterator
from datetime import date
from itertools import chain, pairwise
from typing import Annotated, Any, Literal, NamedTuple, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cadre_rules.dossier.people import ExceptionGranted
from cadre_rules.dossier.values import Text
from cadre_rules.names import clean


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Recorded(_Said):
    """A check or an audit was made: by what law, and, by digest, the ledger of every finding known after it."""

    kind: Literal["recorded"] = "recorded"
    run: Literal["check", "audit"]
    rulebook: tuple[str, ...]
    as_of: str
    today: date
    manifest: str | None = Field(default=None, description="digest of the audit's manifest")
    ledger: str = Field(description="digest of the ledger, a file beside the register")
    counts: dict[str, int] = Field(description="findings by what became of them")


class Remark(_Said):
    """An office acknowledges a finding, disputes it, or says it is remedied."""

    kind: Literal["acknowledge", "dispute", "remedied"]
    finding: str = Field(description="fingerprint")
    reason: Text | None = None
    paper: Text | None = None

    @model_validator(mode="after")
    def _reasoned(self) -> Self:
        if self.kind == "dispute" and not self.reason:
            raise ValueError("a dispute gives its reason")
        return self


class Grant(_Said):
    """A special case was decided; what it is worth, the gate of exceptions says at the next check."""

    kind: Literal["grant"] = "grant"
    subject: Text
    exception: ExceptionGranted


class Baseline(_Said):
    """What stood after a recorded run fails no later one."""

    kind: Literal["baseline"] = "baseline"
    run: int = Field(description="number of the entry that recorded it")


class Withdrawal(_Said):
    """An earlier entry was a mistake and counts no more; it stays where it is."""

    kind: Literal["withdraw"] = "withdraw"
    entry: int
    reason: Text


Said: TypeAlias = Recorded | Remark | Grant | Baseline | Withdrawal


class Entry(_Said):
    """Who said what on which day, as the line of a register."""

    number: int
    before: str | None = Field(description="digest of the entry before; none for the first")
    day: date
    by: Text
    said: Annotated[Said, Field(discriminator="kind")]
    digest: str = Field(description="SHA-256 of the canonical JSON of all the rest")


class Fault(NamedTuple):
    """A line that is not as it was written: its number, what is wrong and what would be right."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line} {self.reason}"


def seal(said: Said, after: Entry | None, *, by: str, day: date) -> tuple[Entry, bytes]:
    """Return the entry that follows another, and its line."""
    plain = {
        "number": after.number + 1 if after is not None else 1,
        "before": after.digest if after is not None else None,
        "day": day.isoformat(),
        "by": clean(by),
        "said": said.model_dump(mode="json", exclude_none=True),
    }
    whole = json.loads(canonical(plain))
    whole["digest"] = _digest(whole)
    return Entry.model_validate(whole), canonical(whole) + b"\n"


def canonical(value: Any) -> bytes:
    """Return the one form in which a value is written: keys in order, no spaces, NFC text in UTF-8."""
    return unicodedata.normalize("NFC", _CANONICAL.encode(value)).encode()


_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def examine(raw: bytes) -> tuple[list[Entry], list[Fault]]:
    """Return the entries a register's bytes hold and every line that is not as it was written or not in its place."""
    *lines, rest = raw.split(b"\n")
    read = [_read(line, number) for number, line in enumerate(lines, 1)]
    entries = [one for one in read if isinstance(one, Entry)]
    changed = [one for one in read if isinstance(one, Fault)]
    changed += [
        fault for number, (line, one) in enumerate(zip(lines, read, strict=True), 1) for fault in _seal(line, one, number)
    ]
    moved = [fault for number, pair in enumerate(pairwise(chain([None], read)), 1) for fault in _link(*pair, number)]
    cut = [Fault(len(lines) + 1, _cut(len(lines), len(rest)))] if rest else []
    return entries, sorted([*changed, *moved, *cut])


def _read(line: bytes, number: int) -> Entry | Fault:
    try:
        return Entry.model_validate(json.loads(line))
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        return Fault(number, f"was changed: it is no entry of a register ({where}: {error.errors()[0]['msg']}); restore it")
    except (ValueError, RecursionError):
        return Fault(number, "was changed: it is no JSON; restore it")


def _seal(line: bytes, read: Entry | Fault, number: int) -> Iterator[Fault]:
    if isinstance(read, Entry):
        plain = json.loads(line)
        try:
            same_form, found = canonical(plain) == line, _digest(plain)
        except UnicodeEncodeError:
            same_form, found = False, read.digest
        if found != read.digest:
            yield Fault(
                number, f"was changed: what it says has the digest {found[:12]}, written is {read.digest[:12]}; restore it"
            )
        elif not same_form:
            yield Fault(number, "was changed: it is not in the form entries are written in (spaces, order, accents); restore it")


def _link(before: Entry | Fault | None, read: Entry | Fault | None, number: int) -> Iterator[Fault]:
    if not isinstance(read, Entry) or isinstance(before, Fault):
        return
    if read.number != number:
        told = "lines before it are missing" if read.number > number else "lines were inserted, repeated or moved"
        yield Fault(number, f"holds entry {read.number} where entry {number} belongs: {told}; put the lines back as they were")
    elif read.before != (before.digest if before is not None else None):
        yield Fault(number, "does not follow the line before it: one of them was replaced; put the lines back as they were")


def _cut(whole: int, size: int) -> str:
    return (
        f"is cut off: its {size} bytes have no end, its writing was interrupted. The {whole} entries before it are "
        "not touched by that; keep a copy of the file, remove this line, and say again what it was to say"
    )


def _digest(plain: dict[str, Any]) -> str:
    return hashlib.sha256(canonical({name: value for name, value in plain.items() if name != "digest"})).hexdigest()
