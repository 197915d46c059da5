"""Columns of a table as arrays: what holds of each row is a bit, a number or day stands in a plain array.

A yes or no of a hundred thousand rows is twelve kilobytes of bits, and "and" takes a microsecond. A value means something
only where its column says it is stated; a column of which nothing is stated is None. Arrays are taken from polars as they lie.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache, reduce
from threading import Lock
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cadre_rules.names import fold

Bits: TypeAlias = NDArray[np.uint8]
"""A bit for each row, the first in the lowest place of the first byte; what is beyond the last row is clear."""

Array: TypeAlias = NDArray[Any]

_CLEAR = np.zeros(1, np.uint8)

_SPARSE = 8
"""Numbers there may be for each there is, beyond which putting them in order is quicker than a list of all."""

FEW = 8
"""Texts beyond which looking each value up is quicker than comparing it with each."""


class Table:
    """How many rows there are, and, if they are elements of a list, how many each subject has."""

    def __init__(self, height: int, sizes: Array | None = None) -> None:
        self.height = height
        self._sizes: Array = sizes if sizes is not None else np.arange(0)
        self.all = np.full(-(-height // 64) * 8, 255, np.uint8)
        self.all[height // 8 :] = 0
        self.all[height // 8 : height // 8 + 1] = (1 << height % 8) - 1
        self.none = np.zeros_like(self.all)
        self._chosen: dict[bytes, Chosen] = {}

    @cached_property
    def rows(self) -> Array:
        """Return the row of the subject each element belongs to, rising."""
        return np.repeat(np.arange(len(self._sizes)), self._sizes)

    def counts(self, bits: Bits) -> Array:
        """Return of how many of its elements each subject has the bit set: what is set up to its end, less what is before."""
        before, at, of_those = self._bounds
        held = np.concatenate([_CLEAR, bits, _CLEAR])
        up_to = picked(np.cumsum(np.bitwise_count(held), dtype=np.int32), before)
        up_to += np.bitwise_count(picked(held, at) & of_those)
        return up_to[1:] - up_to[:-1]

    def chosen(self, bits: Bits) -> "Chosen":
        """Return the elements whose bit is set, as many gatherings of a list want the same."""
        key = bits.tobytes()
        if key not in self._chosen:
            self._chosen[key] = Chosen.of(places(bits), self)
        return self._chosen[key]

    def inherited(self, bits: Bits) -> Bits:
        """Return the bits of subjects as those of their elements."""
        if np.array_equal(bits, self._every):
            return self.all
        return packed(at(bits, self.rows)) if some(bits) else self.none

    @cached_property
    def _every(self) -> Bits:
        return Table(len(self._sizes)).all

    @cached_property
    def _bounds(self) -> tuple[Array, Array, Array]:
        """Return of each bound between subjects the byte before, its own and which of its bits are earlier."""
        bounds = np.concatenate([np.zeros(1, np.int64), np.cumsum(self._sizes)])
        before = bounds >> 3
        return before, before + 1, ((1 << (bounds & 7)) - 1).astype(np.uint8)

    def bits(self, holds: Any) -> Bits:
        """Return the bits of what holds of each row, or of all."""
        if np.ndim(holds) == 0:
            return self.all if holds else self.none
        return packed(holds)

    def full(self, value: Any) -> Array:
        """Return an array of a value for each row."""
        return np.broadcast_to(value, self.height) if np.ndim(value) == 0 else value


class Chosen(NamedTuple):
    """Some elements of lists, in their order, and whose they are."""

    kept: Array
    rows: Array
    """Of each its subject."""
    starts: Array | None
    """Where those of each subject begin; None if no subject has several."""

    @classmethod
    def of(cls, kept: Array, elements: Table) -> "Chosen":
        """Return the elements that stand at some places."""
        rows = picked(elements.rows, kept)
        begins = rows[1:] != rows[:-1]
        return cls(kept, rows, None if begins.all() else np.flatnonzero(np.concatenate([[True], begins])))

    @property
    def subjects(self) -> Array:
        """Return the subjects that have one, rising."""
        return self.rows if self.starts is None else self.rows[self.starts]

    def values(self, values: Array) -> Array:
        """Return the values of these, of all elements or of one for all."""
        return picked(values, self.kept) if np.ndim(values) else np.broadcast_to(values, len(self.kept))


@dataclass(frozen=True, slots=True)
class Truths:
    """Where something is known to hold, and where not to."""

    yes: Bits
    no: Bits

    @property
    def stated(self) -> Bits:
        """Return where it is known."""
        return self.yes | self.no


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers, or days counted from 1970: the least and, where any is less than exact, the greatest each can be."""

    low: Array
    stated: Bits
    top: Array | None = None
    days: bool = False

    @property
    def high(self) -> Array:
        """Return the greatest each can be."""
        return self.low if self.top is None else self.top


@dataclass(frozen=True)
class Texts:
    """Texts, or one text for all; codes of a closed list compare as they are, others as names do."""

    source: "pl.Series | tuple[Texts, Array]"
    """The texts themselves, or whose rows they are, and which."""
    stated: Bits
    coded: bool = False
    own: "Codes | None" = None
    """Of texts that are categories, and many."""

    @property
    def is_one(self) -> bool:
        """Tell whether it is one text for all."""
        return isinstance(self.source, pl.Series) and len(self.source) == 1

    @cached_property
    def values(self) -> pl.Series:
        """Return the texts."""
        return self.source if isinstance(self.source, pl.Series) else gathered(self.source[0].values, self.source[1])

    @cached_property
    def codes(self) -> "Codes | None":
        """Return the codes of categories; what they are where none is stated means nothing."""
        if isinstance(self.source, pl.Series):
            return self.own
        whole, rows = self.source
        return None if whole.codes is None else whole.codes._replace(numbers=picked(whole.codes.numbers, rows))

    def being(self, text: str) -> Bits:
        """Return where it is just this text."""
        if self.codes is not None:
            return self._kept_by([_code(text)], self.codes)
        if not isinstance(self.source, pl.Series):
            whole, rows = self.source
            return packed(at(whole.being(text), rows)) & self.stated
        if self.is_one:
            return self.stated if self.values.cast(pl.String).item() == text else np.zeros_like(self.stated)
        return set_bits(self.values == text) & self.stated

    def among(self, texts: Sequence[str]) -> Bits:
        """Return where it is one of some texts, just as they are."""
        if len(texts) <= FEW:
            return reduce(np.bitwise_or, map(self.being, texts))
        if self.is_one:
            return self.stated if self.values.cast(pl.String).item() in texts else np.zeros_like(self.stated)
        return set_bits(self.values.cast(pl.String).is_in(texts)) & self.stated

    def named(self, name: str) -> Bits:
        """Return where it is this name, which is folded."""
        if name not in self._asked:
            if self.codes is not None:
                self._asked[name] = self._kept_by(self._all.codes(name, self.codes.most), self.codes)
            else:
                places, words = self.words
                right = picked(np.array([word == name for word in words], np.bool_), places)
                self._asked[name] = self.stated & (packed(right) if len(right) > 1 else np.full_like(self.stated, 255 * right[0]))
        return self._asked[name]

    def _kept_by(self, numbers: Sequence[int], codes: "Codes") -> Bits:
        """Return where it is one of the texts polars keeps by some numbers."""
        right = [codes.numbers == number for number in numbers if number <= codes.most]
        return packed(reduce(np.logical_or, right)) & self.stated if right else np.zeros_like(self.stated)

    @cached_property
    def _asked(self) -> dict[str, Bits]:
        return {}

    @property
    def _all(self) -> "_Names":
        return _AS_THEY_ARE if self.coded else _NAMES

    @cached_property
    def words(self) -> tuple[Array, list[str | None]]:
        """Return different names, as they compare, and for each row which it is."""
        if self.is_one:
            text = self.values.cast(pl.String).item()
            return np.zeros(1, np.intp), [text if self.coded else fold(text)]
        if self.codes is not None:
            known, place = different(self.codes.numbers, self.codes.most + 1)
            names = self._all.of_codes(self.codes.most)
            return place, [names[code] for code in known.tolist()]
        if not isinstance(self.source, pl.Series):
            places, words = self.source[0].words
            return picked(places, self.source[1]), words
        places, texts = words_of(self.source)
        return places, [text if text is None or self.coded else fold(text) for text in texts]

    def classes(self, names: dict[str | None, int]) -> Array:
        """Return a number for each row, the same for what names the same; `names` keeps which is which."""
        places, words = self.words
        return picked(np.array([names.setdefault(word, len(names)) for word in words], np.int32), places)

    @cached_property
    def names(self) -> Array:
        """Return a number for each row, the same for what names the same, in all columns of categories that compare alike."""
        if self.codes is None:
            return self.classes({})
        return self.codes.numbers if self.coded else picked(self._all.firsts(self.codes.most), self.codes.numbers)

    def numbered(self, numbers: Mapping[str, int]) -> Array:
        """Return the number of each name, which are folded; 0 for another."""
        if self.codes is not None:
            of_code = np.zeros(self.codes.most + 1, np.int16)
            for name, number in numbers.items():
                of_code[self._all.codes(name, self.codes.most)] = number
            return picked(of_code, self.codes.numbers)
        places, words = self.words
        return picked(np.array([0 if word is None else numbers.get(word, 0) for word in words], np.int16), places)


class Codes(NamedTuple):
    """By which numbers polars keeps some categories, in a small type."""

    numbers: Array
    most: int
    """The greatest."""
    there: Bits | None
    """Where there is one; None if everywhere."""


class _Names:
    """The names of all categories, as they compare, by the numbers polars keeps these by; each text is looked at once."""

    def __init__(self, compared: Callable[[str], str]) -> None:
        self._compared, self._lock = compared, Lock()
        self._names: list[str | None] = []
        self._codes: dict[str, list[int]] = {}
        self._firsts = np.zeros(0, np.int32)
        self._left: list[int] = []
        """Numbers that were of no text yet."""

    def of_codes(self, most: int) -> Sequence[str | None]:
        """Return the name of each number, up to one at least."""
        if most >= len(self._firsts) or self._left:
            self._learn(most)
        return self._names

    def codes(self, name: str, most: int) -> list[int]:
        """Return the numbers of a name, up to one."""
        self.of_codes(most)
        return [code for code in self._codes.get(name, ()) if code <= most]

    def firsts(self, most: int) -> Array:
        """Return for each number, up to one at least, the first of its name."""
        self.of_codes(most)
        return self._firsts

    def _learn(self, most: int) -> None:
        _kept()
        every = pl.Categories()
        with self._lock:
            left: list[int] = []
            self._names += [None] * (most + 1 - len(self._names))
            for code in (*self._left, *range(len(self._firsts), most + 1)):
                text: Any = every[code]
                if text is None:  # another thread is about to keep one by it
                    left.append(code)
                else:
                    name = self._names[code] = self._compared(text)
                    self._codes.setdefault(name, []).append(code)
            firsts = [0 if name is None else self._codes[name][0] for name in self._names]
            self._firsts, self._left = np.array(firsts, np.int32), left


@dataclass(frozen=True, slots=True)
class Areas:
    """Places: structs of province, district and commune."""

    values: pl.Series
    stated: Bits


Column: TypeAlias = Truths | Numbers | Texts | Areas


# Bits


def packed(holds: Array) -> Bits:
    """Return the bits of an array of yes and no, in whole words of 64."""
    bits = np.packbits(holds, bitorder="little")
    return bits if len(bits) % 8 == 0 else np.concatenate([bits, np.zeros(-len(bits) % 8, np.uint8)])


def spread(bits: Bits, height: int) -> Array:
    """Return bits as an array of yes and no."""
    return np.unpackbits(bits, count=height, bitorder="little").view(np.bool_)


def some(bits: Bits) -> bool:
    """Tell whether any bit is set: of a few thousand bytes, Python tells sooner than numpy."""
    return bits.tobytes() != _clear(len(bits))


_clear = lru_cache(maxsize=64)(bytes)


def places(bits: Bits) -> Array:
    """Return the rows whose bit is set, rising: of few words only these are spread."""
    words = bits.view(np.uint64)
    filled = words.nonzero()[0]
    few = len(filled) * 16 <= len(words)
    found: Array = np.unpackbits(words[filled].view(np.uint8) if few else bits, bitorder="little").view(np.bool_).nonzero()[0]
    return picked(filled, found >> 6) * 64 + (found & 63) if few else found


def few_places(bits: Bits) -> Array | None:
    """Return the rows whose bit is set, rising, if they stand in few of the bytes."""
    return None if np.count_nonzero(bits) * 4 > len(bits) else places(bits)


def placed(rows: Array, height: int) -> Bits:
    """Return bits set in the given rows."""
    holds = np.zeros(height, np.bool_)
    holds[rows] = True
    return packed(holds)


def at(bits: Bits, rows: Array) -> Array:
    """Return whether the bit of each of the given rows is set."""
    if len(rows) * 2 + 4096 > len(bits):
        return picked(np.unpackbits(bits, bitorder="little").view(np.bool_), rows)
    found: Array = (bits[rows >> 3] >> (rows & 7).astype(np.uint8) & 1).view(np.bool_)
    return found


def added(columns: Iterable[Bits], height: int) -> Array:
    """Return how many of the columns have each row's bit set: a sum kept in bits, twos carried from place to place."""
    digits: list[Bits] = []
    for column in columns:
        carry = column
        for place, digit in enumerate(digits):
            digits[place], carry = digit ^ carry, digit & carry
            if not some(carry):
                break
        else:
            digits.append(carry)
    found = np.zeros(height, np.min_scalar_type((1 << len(digits)) - 1))
    for place, digit in enumerate(digits):
        found |= np.unpackbits(digit, count=height, bitorder="little").astype(found.dtype, copy=False) << place
    return found.astype(np.int64)


def picked(values: Array, rows: Array) -> Array:
    """Return the values of the given rows, all of which there are: numpy takes twice as long where it must see to that."""
    return values.take(rows, mode="clip")


def different(numbers: Array, total: int) -> tuple[Array, Array]:
    """Return which numbers from 0 up to a total there are, rising, and for each row which of those it is."""
    if total > _SPARSE * len(numbers):
        known, place = np.unique(numbers, return_inverse=True)
        return known, place
    numbers = numbers.astype(np.intp, copy=False)
    known = np.flatnonzero(np.bincount(numbers, minlength=total))
    return known, picked(whereabouts(known, total), numbers)


def whereabouts(numbers: Array, total: int) -> Array:
    """Return where each number up to a total stands, for the last time; 0 for one that does not."""
    found = np.zeros(total, np.intp)
    found[numbers] = np.arange(len(numbers))
    return found


def each_once(compute: Callable[[Array], Array], numbers: Array) -> Array:
    """Return what a function makes of numbers; of many that lie close together, it is asked once for each there may be."""
    if np.ndim(numbers) and len(numbers):
        least, most = int(numbers.min()), int(numbers.max())
        if (most - least) * 4 < len(numbers):
            return picked(compute(np.arange(least, most + 1, dtype=numbers.dtype)), numbers - least)
    return compute(numbers)


# Out of polars and back


def read_column(series: pl.Series, table: Table, *, coded: bool = False) -> Column | None:
    """Return a column of the dossier as arrays, None if nothing of it is stated."""
    if series.null_count() == len(series):
        return None
    series = series.rechunk()
    match series.dtype:
        case pl.Categorical:
            codes = codes_of(series)
            return Texts(series, table.all if codes.there is None else codes.there, coded, codes)
        case pl.String:
            return Texts(series, _there(series, table), coded)
        case pl.Struct() as dtype if dtype.fields[0].name == "earliest":
            return _read_span(series.struct.unnest(), table)
        case pl.Struct():
            return Areas(series, _there(series, table))
        case dtype:
            array, stated = series.to_arrow(), _there(series, table)
            if dtype == pl.Boolean:
                yes = _aligned(array.buffers()[1], array.offset, len(array)) & stated
                return Truths(yes, stated ^ yes)
            held = _held(array)
            return Numbers(held if dtype == pl.Date else held.astype(np.int64, copy=False), stated, days=dtype == pl.Date)


def _read_span(ends: pl.DataFrame, table: Table) -> Numbers | None:
    first, last = (read_column(ends.get_column(name), table) for name in ("earliest", "latest"))
    if first is None or last is None:
        return None
    assert isinstance(first, Numbers)
    assert isinstance(last, Numbers)
    stated = first.stated & last.stated
    exact = not some(table.bits(first.low != last.low) & stated)
    return Numbers(first.low, stated, None if exact else last.low, days=True)


def set_bits(series: pl.Series) -> Bits:
    """Return where a column of yes and no says yes."""
    array = series.rechunk().to_arrow()
    valid, data = array.buffers()
    holds = _aligned(data, array.offset, len(array))
    return holds if valid is None or not array.null_count else holds & _aligned(valid, array.offset, len(array))


def _there(series: pl.Series, table: Table) -> Bits:
    """Return where a column that is no list and no category states something."""
    if not series.null_count():
        return table.all
    array = series.to_arrow(compat_level=pl.CompatLevel.newest())
    return _aligned(array.buffers()[0], array.offset, len(array))


def _aligned(buffer: Any, offset: int, height: int) -> Bits:
    bits = np.frombuffer(buffer, np.uint8) if buffer is not None else np.zeros(0, np.uint8)
    if offset % 8 or height % 64:
        return packed(np.unpackbits(bits, count=offset + height, bitorder="little")[offset:])
    return bits[offset // 8 : (offset + height) // 8]


def _held(array: Any) -> Array:
    """Return the numbers of an Arrow array, of which those of unknown places mean nothing."""
    dtype = np.dtype(str(array.type)) if not str(array.type).startswith("date") else np.dtype(np.int32)
    return np.frombuffer(array.buffers()[1], dtype)[array.offset : array.offset + len(array)]


@cache
def _kept() -> pl.Series:
    """Keep polars from numbering categories anew, as it does once no column has any; not before: it starts threads for it."""
    return pl.Series([""], dtype=pl.Categorical)


def _code(text: str) -> int:
    """Return the number polars keeps a text by."""
    if text not in _CODES:
        keep_codes([text])
    return _CODES[text]


def keep_codes(texts: Sequence[str]) -> None:
    """Have polars number texts that are to be looked for: all at once, which takes it no longer than one."""
    _kept()
    _CODES.update(zip(texts, pl.Series(texts, dtype=pl.Categorical).to_physical().to_list(), strict=True))


_CODES: dict[str, int] = {}


def series_of(column: Column | None, rows: Array) -> pl.Series:
    """Return what a column says of the given rows, null where it is not stated or not exact."""
    match column:
        case None:
            return pl.Series([None], dtype=pl.String).new_from_index(0, len(rows))
        case Truths(yes, no):
            values, stated = pl.Series(at(yes, rows)), at(yes | no, rows)
        case Numbers():
            values = pl.Series(np.full(len(rows), column.low) if np.ndim(column.low) == 0 else picked(column.low, rows))
            values = values.cast(pl.Int32).cast(pl.Date) if column.days else values.cast(pl.Int64)
            stated = at(exact(column).stated, rows)
        case _:
            values, stated = spelt(column.values, rows), at(column.stated, rows)
            values = values.cast(pl.String) if isinstance(column, Texts) else values
    return values if stated.all() else values.zip_with(pl.Series(stated), values.clear(1))


def spelt(values: pl.Series, rows: Array) -> pl.Series:
    """Return the values of the given rows; a single one is that of all."""
    return values.new_from_index(0, len(rows)) if len(values) == 1 else gathered(values, rows)


def gathered(values: pl.Series, rows: Array) -> pl.Series:
    """Return the values of the given rows, as `gather` does, without its tenth of a millisecond."""
    return values[pl.Series(rows.astype(np.uint32))]


def codes_of(values: pl.Series) -> Codes:
    """Return the codes of categories."""
    array = values.to_physical().rechunk().to_arrow()
    held, there = _held(array), None
    most = int(held.max(initial=0))
    if array.null_count:
        there = _aligned(array.buffers()[0], array.offset, len(array))
    return Codes(held.astype(np.min_scalar_type(most), copy=False), most, there)


def words_of(values: pl.Series) -> tuple[Array, list[str | None]]:
    """Return the different texts of a column, and for each row which it is."""
    codes, most, there = codes_of(values.cast(pl.Categorical(pl.Categories.random())))  # numbered apart: names come and go
    if there is not None:
        codes = np.where(spread(there, len(codes)), np.add(codes, 1, dtype=np.intp), 0)
    known, place = different(codes, most + 2)
    return place, gathered(values, whereabouts(place, len(known))).cast(pl.String).to_list()


_NAMES, _AS_THEY_ARE = _Names(fold), _Names(str)


def _alike(one: pl.Series, other: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return texts of both columns in one type."""
    return (one, other) if one.dtype == other.dtype else (one.cast(pl.String), other.cast(pl.String))


# What is done to a column of any kind


def exact(column: Numbers) -> Numbers:
    """Return the numbers that can be but one."""
    if column.top is None:
        return column
    return Numbers(column.low, column.stated & packed(column.low == column.top), days=column.days)


def within(column: Column | None, bits: Bits) -> Column | None:
    """Return the column where the bits are set, and nothing elsewhere."""
    match column:
        case None:
            return None
        case Truths(yes, no):
            return Truths(yes & bits, no & bits)
        case _:
            return replace(column, stated=column.stated & bits)


def inherited(column: Column | None, elements: Table) -> Column | None:
    """Return what a column says of the subjects of elements."""
    return _taken(column, elements.rows, elements.inherited)


def taken(column: Column | None, rows: Array) -> Column | None:
    """Return what a column says of the given rows, in their order."""
    return _taken(column, rows, lambda bits: packed(at(bits, rows)))


def _taken(column: Column | None, rows: Array, bits: Callable[[Bits], Bits]) -> Column | None:
    match column:
        case None:
            return None
        case Truths(yes, no):
            return Truths(bits(yes), bits(no))
        case Numbers(low, stated, top, days):
            ends = [None if end is None else end if np.ndim(end) == 0 else picked(end, rows) for end in (low, top)]
            return Numbers(ends[0], bits(stated), ends[1], days)  # type: ignore[arg-type]
        case _:
            stated = bits(column.stated)
            if isinstance(column, Areas):
                return Areas(spelt(column.values, rows) if len(column.values) > 1 else column.values, stated)
            return Texts(column.source if column.is_one else (column, rows), stated, column.coded)


def either(bits: Bits, one: Column | None, other: Column | None, table: Table) -> Column | None:
    """Return the one where the bits are set, the other elsewhere."""
    if one is None or other is None:
        return within(one, bits) if other is None else within(other, ~bits)
    stated = (one.stated & bits) | (other.stated & ~bits)
    holds = spread(bits, table.height)
    match one, other:
        case Truths(), Truths():
            return Truths((one.yes & bits) | (other.yes & ~bits), (one.no & bits) | (other.no & ~bits))
        case Numbers(), Numbers():
            low = np.where(holds, one.low, other.low)
            top = None if one.top is None and other.top is None else np.where(holds, one.high, other.high)
            return Numbers(low, stated, top, one.days)
        case Texts(), Texts():
            mixed = _mixed(holds, one.values, other.values)
            return Texts(mixed, stated, one.coded and other.coded, codes_of(mixed) if mixed.dtype == pl.Categorical else None)
        case Areas(), Areas():
            return Areas(_mixed(holds, one.values, other.values), stated)
        case _:
            raise AssertionError("columns of two kinds")


def _mixed(holds: Array, one: pl.Series, other: pl.Series) -> pl.Series:
    full = (values if len(values) == len(holds) else values.new_from_index(0, len(holds)) for values in (one, other))
    first, second = _alike(*full)
    return first.zip_with(pl.Series(holds), second)


def alike(one: Column | None, other: Column | None, table: Table) -> Bits:
    """Return where both are known to be the same, letter for letter."""
    match one, other:
        case Truths(), Truths():
            return (one.yes & other.yes) | (one.no & other.no)
        case Numbers(), Numbers():
            same = table.bits(one.low == other.low)
            if one.top is not None or other.top is not None:
                same = same & table.bits(one.high == other.high)
            return one.stated & other.stated & same
        case ((Texts() | Areas()), (Texts() | Areas())):
            both = one.stated & other.stated
            rows = places(both)
            first, second = _alike(spelt(one.values, rows), spelt(other.values, rows))
            return placed(rows[first.eq_missing(second).to_numpy()], table.height)
        case _:
            return table.none


def named_alike(one: Texts, other: Texts) -> Array:
    """Return where two texts name the same, as names compare."""
    if one.coded == other.coded and one.codes is not None and other.codes is not None:
        alike: Array = one.names == other.names
        return alike
    names: dict[str | None, int] = {}
    return one.classes(names) == other.classes(names)  # type: ignore[no-any-return]


def differing(column: Column, rows: Array, pairs: Array) -> Array:
    """Return at which pairs (places in `rows`, each with the next) a column does not say the same; names as they compare."""
    first, second = rows[pairs], rows[pairs + 1]
    match column:
        case Truths(yes, _):
            changed: Array = at(yes, first) != at(yes, second)
            return changed
        case Numbers(low, _, top, _):
            apart: Sequence[Array] = [end[first] != end[second] for end in (low, top) if end is not None and np.ndim(end)]
            return reduce(np.logical_or, apart, np.zeros(len(pairs), np.bool_))
        case Texts():
            names = column.names
            return np.zeros(len(pairs), np.bool_) if len(names) == 1 else names[first] != names[second]
        case _:
            return spelt(column.values, first).ne_missing(spelt(column.values, second)).to_numpy()
