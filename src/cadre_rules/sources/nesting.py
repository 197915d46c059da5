"""Dossiers nested as the schema nests them: Parquet files, and JSON Lines."""

import io
import json
import re
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias, get_args, get_origin

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.json as arrow_json
import pyarrow.parquet as pq
from pydantic import BaseModel

from cadre_rules.dossier.areas import Area
from cadre_rules.dossier.fields import element_of, members_of
from cadre_rules.dossier.frames import frame_of
from cadre_rules.dossier.kinds import Dossier
from cadre_rules.dossier.models import DOSSIERS
from cadre_rules.dossier.reading import read_dossier
from cadre_rules.dossier.values import parse_count, parse_day, parse_flag, parse_loose_day, parse_percent
from cadre_rules.errors import DossierError, SourceError, refused
from cadre_rules.sources.columns import parser_of
from cadre_rules.sources.files import MAX_BYTES, Rejected, strict_json
from cadre_rules.sources.leaves import Asked, Leaves, everything, leaves_of
from cadre_rules.sources.rows import ROW, Batch, nothing, read_rows

CANONICAL = {"cadre_rules": "dossiers/1"}
"""Metadata of a Parquet file that holds canonical tables: its percentages are basis points. `frame.write_parquet(metadata=…)`"""

_BLOCK = 8_000_000
"""Bytes of lines parsed at once."""

_KIND = re.compile(rb'"kind"\s*:\s*"([a-z]{1,20})"')


@dataclass(frozen=True, slots=True)
class Stretch:
    """Whole groups of rows of a nested Parquet file, next to each other: what can be read without the rest."""

    path: Path
    groups: range
    before: int
    """How many rows stand before it."""
    rows: int
    weight: int
    """How many bytes it takes, decompressed."""


def stretches_of(path: Path, size: int) -> list[Stretch]:
    """Return the stretches of a file, of as many groups as make at most `size` rows, or of one; raises `SourceError`."""
    try:
        metadata = pq.read_metadata(path)
    except (pa.ArrowException, OSError) as error:
        raise _broken(path, 0, error) from error
    groups = [metadata.row_group(group) for group in range(metadata.num_row_groups)]
    sizes, weights = [group.num_rows for group in groups], [group.total_byte_size for group in groups]
    found, first, before = [], 0, 0
    for group in range(1, len(sizes) + 1):
        if group == len(sizes) or sum(sizes[first : group + 1]) > size:
            rows, weight = sum(sizes[first:group]), sum(weights[first:group])
            found.append(Stretch(path, range(first, group), before, rows, weight))
            first, before = group, before + rows
    return found


def read_parquet(path: Path, size: int, asked: Asked = everything) -> Iterator[Batch]:
    """Yield the dossiers of a nested Parquet file, `size` at a time; raises `SourceError` where the file breaks off."""
    stretches = stretches_of(path, size)
    file = NestedParquet(path, asked)
    for stretch in stretches:
        yield from file.read(stretch, size)


class NestedParquet:
    """A nested Parquet file, and which of its columns are read."""

    def __init__(self, path: Path, asked: Asked = everything) -> None:
        """Look at what the file holds; raises `SourceError` if it holds no dossiers."""
        self._path, self._asked = path, asked
        try:
            with pq.ParquetFile(path) as file:
                self._metadata, schema = file.metadata, file.schema_arrow
            if "kind" not in schema.names:
                raise SourceError(str(path), f"has no column `kind`, which says what each row is: {', '.join(DOSSIERS)}")
            if twice := sorted({*_twice(pa.struct(list(schema)))}):
                raise SourceError(str(path), f"has more than one column `{'`, `'.join(twice)}`")
            self._leaves = leaves_of(self._metadata, schema, asked)
        except (pa.ArrowException, OSError) as error:
            raise _broken(path, 0, error) from error
        told = self._metadata.metadata or {}
        marked = told.items() >= {name.encode(): what.encode() for name, what in CANONICAL.items()}.items()
        self._options = {"in_basis_points": marked}

    def read(self, stretch: Stretch, size: int) -> Iterator[Batch]:
        """Yield the dossiers of a stretch, `size` at a time; raises `SourceError` where the file breaks off."""
        at, leaves = stretch.before, self._leaves
        try:
            with _opened(self._path, self._metadata, leaves.repeated) as file:
                for frame, known in _frames(file, leaves, stretch.groups, size):
                    numbered = frame.drop(ROW, strict=False).with_row_index(ROW, at + 1).cast({ROW: pl.UInt64})
                    told = {"words": known.words, "in_range": leaves.in_range | known.plain}
                    yield from _by_kind(numbered, str(self._path), self._asked, self._options | told)
                    at += frame.height
        except (pa.ArrowException, pl.exceptions.PolarsError, OSError) as error:
            raise _broken(self._path, at, error) from error


def _twice(dtype: pa.DataType) -> Iterator[str]:
    """Yield names that more than one field of the same whole has, as deep as they lie."""
    inside = [dtype.field(number) for number in range(dtype.num_fields)]
    names = [one.name for one in inside]
    yield from (name for name in names if names.count(name) > 1)
    for one in inside:
        yield from _twice(one.type)


def _broken(path: Path, at: int, error: Exception) -> SourceError:
    reason = str(error).splitlines()[0] or "the file breaks off"
    return SourceError(f"{path}:{at + 1}", f"cannot be read from here on: {reason}")


def _opened(path: Path, metadata: pq.FileMetaData, repeated: list[str]) -> pq.ParquetFile:
    """Open a file to be read into memory as the system gives it: Arrow's own asks for huge pages, which are slow to come."""
    usual = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())  # which a file takes as it is opened
    try:
        return pq.ParquetFile(path, metadata=metadata, read_dictionary=repeated, pre_buffer=False)
    finally:
        pa.set_memory_pool(usual)


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of the texts of rows: the different ones of fields that are categories, and fields with but plain ones."""

    words: dict[str, set[str]]
    plain: set[str]


def _frames(file: pq.ParquetFile, leaves: Leaves, groups: range, size: int) -> Iterator[tuple[pl.DataFrame, _Known]]:
    """Yield the rows of some groups of a file `size` at a time; some columns are read after others, to hold less at once."""
    total = sum(file.metadata.row_group(group).num_rows for group in groups)
    whole, unread = pa.struct(list(file.schema_arrow)), dict.fromkeys(leaves.empty.values())

    def batches(but: Container[str]) -> Iterator[pa.StructArray]:
        parts = [_rows(file, columns, groups, total, size) for columns in leaves.apart(file.schema_arrow, but=but)]
        return (_beside([next(rows) for rows in parts]) for _ in range(0, total, size))

    if leaves.alike and total <= size:
        rows = next(batches(leaves.alike))
        if all(_those_with(one.field, rows) == sum(one.counts[group] for group in groups) for one in leaves.alike.values()):
            yield _frame(_filled(rows, whole, "", unread | {one.field: one.value for one in leaves.alike.values()}))
            return
        leaves.alike.clear()
        del rows
    for rows in batches(()):
        yield _frame(_filled(rows, whole, "", unread))


def _those_with(field: str, rows: pa.StructArray) -> int:
    """Return how many there are of what has a field."""
    for name in field.split(".")[:-1]:
        inner = rows.field(name)
        rows = inner if isinstance(inner, pa.StructArray) else inner.values
    return len(rows) - int(rows.null_count)


def _beside(parts: list[pa.RecordBatch]) -> pa.StructArray:
    """Return what parts of the same rows hold together."""
    return _joined([part.to_struct_array() for part in parts])


def _joined(parts: list[pa.Array]) -> pa.Array:
    if len(parts) == 1 or not isinstance(parts[0], pa.StructArray):
        return parts[0]
    held: dict[str, list[pa.Array]] = {}
    for part in parts:
        for number, one in enumerate(part.type):
            held.setdefault(one.name, []).append(part.field(number))
    return _struct({name: _joined(found) for name, found in held.items()}, parts[0])


def _struct(fields: Mapping[str, pa.Array], like: pa.Array) -> pa.Array:
    """Return fields as structs, null where others are: given as a mask, that imports pyarrow.compute, a tenth of a second."""
    stated = like.buffers()[0] if like.null_count else None
    if stated is not None and like.offset:
        bits = np.unpackbits(np.frombuffer(stated, np.uint8), bitorder="little")[like.offset : like.offset + len(like)]
        stated = pa.py_buffer(np.packbits(bits, bitorder="little"))
    dtype = pa.struct({name: field.type for name, field in fields.items()})
    return pa.Array.from_buffers(dtype, len(like), [stated], children=[*fields.values()])


def _rows(file: pq.ParquetFile, columns: list[str], groups: range, left: int, size: int) -> Iterator[pa.RecordBatch]:
    """Yield columns of the rows of some groups `size` at a time; whoever reads them has ended before the last are judged."""
    held: list[pa.RecordBatch] = []
    for group in groups:  # a dictionary is one group's
        for piece in file.iter_batches(size, row_groups=[group], columns=columns, use_threads=pl.thread_pool_size() > 1):
            held.append(piece)
            left -= piece.num_rows
            del piece  # while another works with the rows, what they were made of is not kept
            while left and sum(rows.num_rows for rows in held) >= size:
                yield _first(held, size)
    if left:
        raise pa.ArrowInvalid(f"{left} rows are missing")
    while held:
        yield _first(held, size)


def _filled(array: pa.Array, whole: pa.DataType, path: str, unread: Mapping[str, bool | None]) -> pa.Array:
    """Return rows with fields that were not read, as all of them state the same or nothing, where the file has them."""
    if not any(one.startswith(path) for one in unread):
        return array
    if not isinstance(array, pa.StructArray):
        values = _filled(array.values, whole.value_type, path, unread)
        buffers = array.buffers()[: array.type.num_buffers]
        return pa.Array.from_buffers(_of(array.type, values.type), len(array), buffers, array.null_count, array.offset, [values])
    parts = {}
    for one in whole:
        if (below := f"{path}{one.name}") in unread:
            parts[one.name] = pa.nulls(len(array)) if unread[below] is None else _alike(array, value=unread[below] is True)
        elif (number := array.type.get_field_index(one.name)) >= 0:
            parts[one.name] = _filled(array.field(number), one.type, f"{below}.", unread)
    return _struct(parts, array)


def _alike(array: pa.StructArray, *, value: bool) -> pa.Array:
    """Return a field that states one yes or no of all there are."""
    held = pa.py_buffer((b"\xff" if value else b"\0") * (array.offset + len(array) + 7 >> 3))
    there = array.buffers()[0] if array.null_count else None
    return pa.Array.from_buffers(pa.bool_(), len(array), [there, held], offset=array.offset)


def _of(dtype: pa.DataType, inner: pa.DataType) -> pa.DataType:
    """Return the type of lists of something else."""
    if pa.types.is_fixed_size_list(dtype):
        return pa.list_(inner, dtype.list_size)
    return pa.large_list(inner) if pa.types.is_large_list(dtype) else pa.list_(inner)


def _first(held: list[pa.RecordBatch], size: int) -> pa.RecordBatch:
    """Take the first rows from what is held."""
    over = max(sum(rows.num_rows for rows in held) - size, 0)
    last = held.pop()
    taken = [*held, last.slice(0, last.num_rows - over)]
    held[:] = [last.slice(last.num_rows - over)] if over else []
    return pa.concat_batches(taken, memory_pool=pa.system_memory_pool()) if len(taken) > 1 else taken[0]


def _frame(rows: pa.StructArray) -> tuple[pl.DataFrame, _Known]:
    """Return rows as a table, and what is known of its texts; raises `ArrowInvalid` if one is not UTF-8."""
    words, plain = {}, set()
    for path, texts in _texts(rows, ""):
        held = texts.dictionary if isinstance(texts, pa.DictionaryArray) else texts
        held.validate(full=True)  # which polars takes for granted
        if held is not texts:
            words[path] = {*held.to_pylist()} - {None}
        elif _is_plain(held):
            plain.add(path)
    return pl.DataFrame(pl.from_arrow(pa.RecordBatch.from_struct_array(rows))), _Known(words, plain)


def _is_plain(texts: pa.Array) -> bool:
    """Tell whether texts hold but ASCII, and no space."""
    held = np.frombuffer(texts.buffers()[2] or b"", np.uint8)
    return bool(held.min(initial=0x7F - 1) > ord(" ") and held.max(initial=0) < 0x7F)


def _texts(array: pa.Array, path: str) -> Iterator[tuple[str, pa.Array]]:
    match array:
        case pa.StructArray():
            for number, one in enumerate(array.type):
                yield from _texts(array.field(number), f"{path}.{one.name}" if path else one.name)
        case pa.ListArray() | pa.LargeListArray() | pa.FixedSizeListArray():
            yield from _texts(array.values, path)
        case pa.DictionaryArray() | pa.StringArray() | pa.LargeStringArray():
            yield path, array
        case _:
            pass


def _by_kind(frame: pl.DataFrame, place: str, asked: Asked, options: dict[str, Any]) -> Iterator[Batch]:
    """Yield a batch for each kind among rows; columns that state nothing of it and belong to other kinds are left out."""
    found = frame["kind"].unique(maintain_order=True).cast(pl.String).to_list()
    kinds = [kind for kind in found if kind in DOSSIERS]
    if len(found) > 1:
        frame = frame.with_columns(pl.col("kind").cast(pl.String))
    for kind in kinds:
        rows = frame.filter(kind=kind) if len(found) > 1 else frame
        foreign = [c.name for c in rows.get_columns() if c.name in _OTHERS[kind] and c.null_count() == rows.height]
        read = read_rows(rows.drop(foreign) if foreign else rows, kind, place, asked=asked(kind), **options)
        yield Batch(kind, read.frame, place, tuple(told for _, told in read.rejected))
    if len(found) > len(kinds):
        strange = frame.filter(~pl.col("kind").cast(pl.String).is_in(DOSSIERS).fill_null(value=False))
        told = strange.select(ROW, id="id" if "id" in strange.columns else pl.lit(None), kind="kind")
        mistakes = (
            _slow({"id": "?" if name is None else name, "kind": kind}, f"{place}:{row}") for row, name, kind in told.iter_rows()
        )
        yield nothing(place, (one for found in mistakes if isinstance(found, list) for one in found))


_OTHERS = {
    kind: {name for other in DOSSIERS.values() for name in other.model_fields} - DOSSIERS[kind].model_fields.keys()
    for kind in DOSSIERS
}


def read_json_lines(path: Path, size: int, _asked: Asked = everything) -> Iterator[Batch]:
    """Yield the dossiers of a file with one on each line; a line that is none is rejected by its number and hides no other.

    Lines typed as plainly as the schema has them are parsed together; what is not, line by line as a single dossier is.
    """
    found = _Lines(str(path))
    with refused(path), path.open("rb") as file:
        for block in _blocks(file, size):
            found.take(block)
            if found.count >= size:
                yield from found.batches()
                found = _Lines(str(path))
    yield from found.batches()


_Line: TypeAlias = tuple[int, bytes]


def _blocks(file: BinaryIO, size: int) -> Iterator[list[_Line]]:
    """Yield numbered lines that are not blank, some megabytes or `size` at a time."""
    block: list[_Line] = []
    taken = held = 0
    number = 1
    for line in iter(lambda: file.readline(MAX_BYTES), b""):  # what of a line is longer is told as a line of its own
        text = (line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line).strip()
        if text:
            block.append((number, text))
            held += len(text)
        number += line.endswith(b"\n")
        if held >= _BLOCK or len(block) + taken >= size:
            yield block
            taken = (taken + len(block)) % size
            block, held = [], 0
    yield block


class _Lines:
    """Lines read so far: plain ones as tables not yet read, the others as dossiers or rejected."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.count = 0
        self._areas_as_text = True
        self._tables: dict[tuple[str, bool], list[pl.DataFrame]] = {}
        self._dossiers: dict[str, list[tuple[int, Dossier]]] = {}
        self._rejected: list[tuple[int, Rejected]] = []

    def take(self, block: list[_Line]) -> None:
        self.count += len(block)
        kinds = [(found[1].decode() if (found := _KIND.search(line)) else "") for _, line in block]
        for kind in dict.fromkeys(kinds):
            self._plainly([line for line, its in zip(block, kinds, strict=True) if its == kind], kind)

    def _plainly(self, lines: list[_Line], kind: str) -> None:
        """Parse lines together; where that fails, a few hundred at a time, and only those that fail again line by line."""
        if (table := self._table(lines, kind)) is not None:
            self._tables.setdefault((kind, self._areas_as_text), []).append(table)
        elif len(lines) > _FEW:
            for start in range(0, len(lines), _FEW):
                self._plainly(lines[start : start + _FEW], kind)
        else:
            self._singly(lines)

    def _table(self, lines: list[_Line], kind: str) -> pl.DataFrame | None:
        for _ in (1, 2) if kind in DOSSIERS else ():
            if (table := _table(lines, kind, areas_as_text=self._areas_as_text)) is not None:
                return table
            self._areas_as_text = not self._areas_as_text
        return None

    def _singly(self, lines: list[_Line]) -> None:
        for number, line in lines:
            read = _slow(line, f"{self.place}:{number}")
            if isinstance(read, list):
                self._rejected += [(number, told) for told in read]
            else:
                self._dossiers.setdefault(read.kind, []).append((number, read))

    def batches(self) -> Iterator[Batch]:
        """Yield a batch of each kind, its rows in the order of their lines; the first tells what was rejected in all."""
        frames: dict[str, list[pl.DataFrame]] = {}
        for (kind, _), tables in self._tables.items():
            rows = read_rows(pl.concat(tables), kind, self.place)
            frames.setdefault(kind, []).append(rows.frame)
            self._rejected += rows.rejected
        for kind, found in self._dossiers.items():
            numbers = pl.Series(ROW, [number for number, _ in found], dtype=pl.UInt64)
            frames.setdefault(kind, []).append(frame_of([dossier for _, dossier in found], kind).with_columns(numbers))
        rejected = tuple(told for _, told in sorted(self._rejected, key=lambda told: told[0]))
        yield nothing(self.place, rejected)
        for kind in sorted(frames):
            yield Batch(kind, pl.concat(frames[kind]).sort(ROW), self.place)


_FEW = 250
"""Lines read singly when one among them is not plain."""


def _slow(raw: Any, where: str) -> Dossier | list[Rejected]:
    """Read a line, or plain values, as `check` reads a dossier."""
    try:
        return read_dossier(_line_value(raw) if isinstance(raw, bytes) else raw)
    except DossierError as error:
        return [
            Rejected(f"{where}: {_printable(error.subject)}: {_printable(field)}", reason) for field, reason in error.mistakes
        ]
    except UnicodeDecodeError as error:
        return [Rejected(where, f"not UTF-8 text (byte {error.start})")]
    except (ValueError, RecursionError) as error:
        return [Rejected(where, f"not JSON: {_printable(str(error))}")]


def _line_value(line: bytes) -> Any:
    value = strict_json(line.decode("utf-8"))
    if _printable(whole := json.dumps(value, ensure_ascii=False, default=str)) != whole:
        raise ValueError("half of a character (a lone \\ud800 to \\udfff)")
    return value


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _table(lines: list[_Line], kind: str, *, areas_as_text: bool) -> pl.DataFrame | None:
    """Parse lines that hold texts where the schema has no part or list, one whole object of this kind each; None if not."""
    texts = [text for _, text in lines]
    if not all(text[:1] == b"{" and text[-1:] == b"}" for text in texts):
        return None
    body = b"\n".join(texts)
    longest = max(map(len, texts))
    try:
        body = _BARE.sub(_quoted, body.decode("utf-8")).encode()
        table = arrow_json.read_json(
            io.BytesIO(body),
            read_options=arrow_json.ReadOptions(block_size=max(1 << 20, 2 * longest)),
            parse_options=arrow_json.ParseOptions(
                explicit_schema=_plain_schema(kind, areas_as_text=areas_as_text), unexpected_field_behavior="error"
            ),
        )
    except (pa.ArrowException, UnicodeDecodeError):
        return None
    frame = pl.DataFrame(pl.from_arrow(table))
    if frame.height != len(lines) or not bool((frame["kind"] == kind).all()) or frame["kind"].null_count():
        return None
    return frame.with_columns(pl.Series(ROW, [number for number, _ in lines], dtype=pl.UInt64))


_BARE = re.compile(r'"(\w+)"(\s*:\s*)(true|false|[0-9]+(?:\.[0-9]+)?)(?=\s*[,}])')


def _quoted(found: re.Match[str]) -> str:
    """Put a bare number or truth value in quotes where the field reads both the same, so that its column is one of texts."""
    key, colon, value = found.groups()
    return f'"{key}"{colon}"{value}"' if (form := _bare().get(key)) is not None and form.fullmatch(value) else found[0]


@cache
def _bare() -> dict[str, re.Pattern[str]]:
    """Return, for names that mean one kind of value wherever they stand, the bare values they read as they read their text."""
    forms = {parse_flag: "true|false", parse_count: "[0-9]+", parse_percent: "[0-9.]+", parse_loose_day: "[0-9]{4}"}
    readers: dict[str, set[Any]] = {}
    for model in DOSSIERS.values():
        for name, reader in _readers(model):
            readers.setdefault(name, set()).add(reader)
    for read_by in readers.values():
        if parse_loose_day in read_by:
            read_by.discard(parse_day)  # which takes a year neither bare nor as text
    return {name: re.compile(forms[one]) for name, (one, *more) in readers.items() if not more and one in forms}


def _readers(model: type[BaseModel]) -> Iterator[tuple[str, Any]]:
    for name, about in model.model_fields.items():
        inner = element_of(about.annotation)
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _readers(inner)
        plain = inner in (bool, int, date) and get_origin(members_of(about.annotation)[0]) is not tuple
        yield name, parser_of(about.annotation, tuple(about.metadata)) if plain else inner


@cache
def _plain_schema(kind: str, *, areas_as_text: bool) -> pa.Schema:
    return pa.schema(_plain_fields(DOSSIERS[kind], areas_as_text=areas_as_text))


def _plain_fields(model: type[BaseModel], *, areas_as_text: bool) -> list[tuple[str, pa.DataType]]:
    return [
        (name, pa.string() if name in _bare() else _plain_type(about.annotation, areas_as_text=areas_as_text))
        for name, about in model.model_fields.items()
    ]


def _plain_type(annotation: Any, *, areas_as_text: bool) -> pa.DataType:
    inner = members_of(annotation)[0]
    if get_origin(inner) is tuple:
        return pa.list_(_plain_type(get_args(inner)[0], areas_as_text=areas_as_text))
    if isinstance(inner, type) and issubclass(inner, BaseModel) and not (inner is Area and areas_as_text):
        return pa.struct(_plain_fields(inner, areas_as_text=areas_as_text))
    return {bool: pa.bool_(), int: pa.int64()}.get(inner, pa.string())


READERS: dict[str, Callable[[Path, int, Asked], Iterator[Batch]]] = {
    ".parquet": read_parquet,
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
}
"""How a file of dossiers is read, by the ending of its name."""
