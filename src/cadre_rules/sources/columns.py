"""Columns as people have them, read into the canonical table by the very functions a single dossier is read by.

Each distinct cell of a column is read once, so a million rows cost little more than their distinct values; columns that
already hold what the models hold pass as they are, once their ranges are checked.
"""

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache, cached_property, lru_cache
from typing import Any, Literal, get_args, get_origin

import polars as pl
import pyarrow as pa
from polars._typing import PolarsDataType
from pydantic import AfterValidator, BaseModel

from cadre_rules.dossier.areas import Area, read_area
from cadre_rules.dossier.fields import marks_of, members_of
from cadre_rules.dossier.frames import SPAN, Fields, asked_for, elements, span_of, type_of
from cadre_rules.dossier.values import Codes, ReadBy, parse_count, parse_percent, understood
from cadre_rules.names import clean, did_you_mean

_SPACES = r"[\s\x1c-\x1f]+"
_UNCLEAN = r"^ | $|  |[^ -~\u{A1}-\u{2FF}\u{1E00}-\u{1EFF}\u{2010}-\u{2027}]"
"""What a text holds that may have to be cleaned; Vietnamese and its punctuation, in NFC and with single spaces, do not."""
NUMBERS: dict[Callable[[Any], Any], tuple[int, int]] = {parse_count: (0, 10**12 - 1), parse_percent: (0, 10_000)}
"""The least and the greatest that numbers stand for; percentages in basis points."""
_YES = pl.Series([True])
_TEXTS = (pl.String, pl.Categorical, pl.Enum)
NOT_TEXT, NOT_FIELDS, NOT_LIST, NEEDED = "not a text; put it in quotes", "not a mapping of fields", "not a list", "is required"


@dataclass(frozen=True, slots=True)
class Mistake:
    """A cell that cannot be read: the row it stands in, its path in the dossier, what is wrong and what would be right."""

    row: int
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Read:
    """A canonical table as high as what was given, its mistakes (null in the table), and fields that no dossier has."""

    frame: pl.DataFrame
    mistakes: list[Mistake]
    unknown: dict[str, str]


def read_columns(
    frame: pl.DataFrame,
    model: type[BaseModel],
    *,
    in_basis_points: bool = False,
    asked: Fields = None,
    in_range: Container[str] = (),
    words: Mapping[str, Collection[str]] | None = None,
) -> Read:
    """Return rows that each hold the fields of a model as the canonical table; columns not given stay absent.

    A whole number in a column of percentages means per cent, as in a dossier, unless the table is said to hold basis points.
    If only some fields are `asked` for, others are checked, but may be left out, or not; those in parts and lists that state
    nothing may be of type Null. What a source knows before is not looked for again: fields, by their paths, with nothing out
    of their range (of texts: nothing to be cleaned), and the `words` of which columns of categories hold no others; those
    that need no change stay categories.
    """
    reader = _Reader(in_basis_points, asked, in_range, words or {})
    columns = list(reader.fields(frame.get_columns(), model, _Place(), frame.height, None))
    return Read(pl.DataFrame([one for one in columns if asked_for(one.name, asked)]), reader.mistakes, reader.unknown)


@dataclass(frozen=True)
class _Place:
    """Where the values of a column stand: under which field of what, and for a list's elements, in which lists."""

    parent: "_Place | None" = None
    name: str = ""
    lists: pl.Series | None = None

    def at(self, position: int) -> tuple[int, str]:
        """Return the row of the table and the path in its dossier of one value of the column."""
        if self.parent is None:
            return position, ""
        if self.lists is not None:
            ends = self.ends
            owner = int(ends.search_sorted(position, side="right"))
            row, path = self.parent.at(owner)
            return row, f"{path}[{position - (int(ends[owner - 1]) if owner else 0)}]"
        row, path = self.parent.at(position)
        return row, f"{path}.{self.name}" if path else self.name

    @cached_property
    def ends(self) -> pl.Series:
        """Return where, among the elements of all lists, those of each end."""
        assert self.lists is not None
        return self.lists.list.len().fill_null(0).cum_sum().cast(pl.Int64)

    @cached_property
    def path(self) -> str:
        """Return the path without the places in lists."""
        before = self.parent.path if self.parent is not None else ""
        return f"{before}.{self.name}" if before and self.name else before or self.name


@dataclass(slots=True)
class _Reader:
    in_basis_points: bool
    asked: Fields
    in_range: Container[str]
    words: Mapping[str, Collection[str]]
    mistakes: list[Mistake] = field(default_factory=list)
    unknown: dict[str, str] = field(default_factory=dict)

    def fields(
        self, columns: Iterable[pl.Series], model: type[BaseModel], place: _Place, height: int, stated: pl.Series | None
    ) -> Iterator[pl.Series]:
        """Yield the columns of a model in its order; where `stated` is false the whole is not there, and needs nothing."""
        given = {column.name: column for column in columns}
        self._tell_unknown(given, model, place)
        for name, about in model.model_fields.items():
            below = _Place(place, name)
            if name in given:
                yield self._column(given[name], about.annotation, tuple(about.metadata), below)
            if about.is_required():
                absent = given[name].is_null() if name in given else pl.repeat(True, height, eager=True)
                self._tell(absent if stated is None else absent & stated, NEEDED, below)

    def _column(self, column: pl.Series, annotation: Any, marks: tuple[Any, ...], place: _Place) -> pl.Series:
        inner = members_of(annotation)[0]
        listed, part = get_origin(inner) is tuple, isinstance(inner, type) and issubclass(inner, BaseModel)
        if (listed or part) and column.null_count() == column.len() and column.dtype == pl.Null:
            column = column.cast(type_of(annotation, place.path, self.asked))
        if listed:
            return self._list(column, get_args(inner)[0], place)
        if part:
            return self._part(column, inner, place)
        return self._values(column, type_of(annotation), parser_of(annotation, marks), place)

    def _list(self, column: pl.Series, element: Any, place: _Place) -> pl.Series:
        wanted = pl.List(type_of(element, place.path, self.asked))
        if isinstance(column.dtype, pl.Array):
            column = column.cast(pl.List(column.dtype.inner))
        if not isinstance(column.dtype, pl.List):
            return self._refused(column, NOT_LIST, wanted, place)
        flat = elements(column)
        below = _Place(place, "", column)
        if flat.null_count():
            self._tell(flat.is_null(), _empty_element(element), below)
        read = self._column(flat, element, (), below)
        if read is flat or not asked_for(place.path, self.asked):
            return column
        return put_back(read, below.ends, column)

    def _part(self, column: pl.Series, model: type[BaseModel], place: _Place) -> pl.Series:
        wanted = type_of(model, place.path, self.asked)
        assert isinstance(wanted, pl.Struct)
        if model is Area and column.dtype in _TEXTS:
            return self._values(column, wanted, _parse_area, place)
        if not isinstance(column.dtype, pl.Struct):
            return self._refused(column, NOT_FIELDS, wanted, place)
        stated = column.is_not_null() if column.null_count() else None
        before = column.struct.unnest().get_columns()
        after = {read.name: read for read in self.fields(before, model, place, column.len(), stated)}
        names = [part.name for part in wanted.fields]
        unchanged = (
            all(after.get(old.name) is old for old in before) and [old.name for old in before if old.name in names] == names
        )
        if unchanged or not names:
            return column
        whole = [
            after[part.name] if part.name in after else _nulls(part.name, part.dtype, column.len()) for part in wanted.fields
        ]
        made = pl.DataFrame(whole).to_struct(column.name)
        return made if stated is None else made.zip_with(stated, pl.Series([None], dtype=made.dtype))

    def _values(self, column: pl.Series, wanted: pl.DataType, parse: Callable[[Any], Any], place: _Place) -> pl.Series:
        if column.null_count() == column.len() and column.dtype != pl.Categorical:  # it states nothing
            as_it_is = column.dtype == wanted or (column.dtype == pl.Null and "." in place.path and self.asked is not None)
            return column if as_it_is else _nulls(column.name, wanted, column.len())
        days = wanted in (pl.Date, SPAN)
        if days and isinstance(column.dtype, pl.Datetime):
            column = column.dt.date()
        if (passing := self._as_it_is(column, wanted, parse, place)) is not None:
            if not bool(passing.all()):
                self._tell(~passing, understood(parse, "-1")[1] or "", place)
                column = column.zip_with(passing, pl.Series([None], dtype=column.dtype))
            if column.dtype == pl.Date and wanted == SPAN:
                spans = pl.select(pl.struct(earliest=column, latest=column)).to_series()
                return spans.zip_with(column.is_not_null(), pl.Series([None], dtype=SPAN)).alias(column.name)
            return column
        plain = column.dtype.is_numeric() or column.dtype == pl.Boolean
        if column.dtype not in _TEXTS and (parse is parse_text or not plain):
            return self._refused(column, understood(parse, [])[1] or "", wanted, place)
        return self._distinct(column, wanted, parse, place)

    def _as_it_is(self, column: pl.Series, wanted: pl.DataType, parse: Callable[[Any], Any], place: _Place) -> pl.Series | None:
        """Tell which values of a column already hold what the models hold; None where its type does not show that."""
        match column.dtype:
            case pl.Boolean() if wanted == pl.Boolean:
                return _YES
            case pl.Int64() if wanted == pl.Int64 and (parse is parse_count or self.in_basis_points):
                return _YES if place.path in self.in_range else column.is_between(*NUMBERS[parse])
            case pl.Date() if wanted in (pl.Date, SPAN):
                return _YES if place.path in self.in_range else column.is_between(date.min, date.max)
            case pl.Struct() if column.dtype == SPAN and wanted == SPAN:
                first, last = column.struct.unnest().get_columns()
                ordered = first <= last
                if place.path not in self.in_range:
                    ordered &= (first >= date.min) & (last <= date.max)
                return ordered if ordered.null_count() == 0 else ordered.fill_null(value=False) | column.is_null()
            case _:
                return None

    def _distinct(self, column: pl.Series, wanted: pl.DataType, parse: Callable[[Any], Any], place: _Place) -> pl.Series:
        """Read each distinct value once and put what it means where it stood."""
        if parse is parse_text and column.dtype == pl.String and place.path in self.in_range:
            return column
        known = self.words.get(place.path) if column.dtype == pl.Categorical else None
        if known is not None and wanted == pl.String and all(_stays(word, parse) for word in known):
            return column
        distinct = column.unique().drop_nulls() if known is None else pl.Series([*known], dtype=pl.String)
        if known is None and column.dtype in (pl.Categorical, pl.Enum):
            column, distinct = column.cast(pl.String), distinct.cast(pl.String)
        values, wrong = _meant(distinct, wanted, parse)
        if wrong is None and distinct.dtype == wanted and bool((values == distinct).all()):
            return column
        meant = pl.DataFrame([distinct.alias("raw"), values.alias("value"), *(() if wrong is None else (wrong,))])
        if known is None:
            found = column.alias("raw").to_frame().join(meant, on="raw", how="left", maintain_order="left")
        else:
            found = _by_number(column, meant)
        if wrong is not None:
            for position in found["wrong"].is_not_null().arg_true():
                self.mistakes.append(Mistake(*place.at(position), found["wrong"][position]))
        return found["value"].alias(column.name)

    def _refused(self, column: pl.Series, reason: str, wanted: pl.DataType, place: _Place) -> pl.Series:
        self._tell(column.is_not_null(), reason, place)
        if not asked_for(place.path, self.asked):
            return column
        return _nulls(column.name, wanted, column.len())

    def _tell(self, where: pl.Series, reason: str, place: _Place) -> None:
        self.mistakes += [Mistake(*place.at(position), reason) for position in where.arg_true()]

    def _tell_unknown(self, given: Iterable[str], model: type[BaseModel], place: _Place) -> None:
        for name in given:
            if name not in model.model_fields:
                path = f"{place.path}.{name}" if place.path else name
                self.unknown[path] = f"no such field{did_you_mean(name, model.model_fields)}"


def _nulls(name: str, dtype: PolarsDataType, height: int) -> pl.Series:
    return pl.Series(name, [None], dtype=dtype).new_from_index(0, height)


def parse_text(raw: Any) -> str:
    """Accept a text."""
    if not isinstance(raw, str):
        raise ValueError(NOT_TEXT)  # noqa: TRY004  # told like every other mistake of a cell
    return clean(raw)


def _parse_area(text: str) -> dict[str, str | None]:
    return {**dict.fromkeys(Area.model_fields), **read_area(text)}


def parser_of(annotation: Any, marks: tuple[Any, ...]) -> Callable[[Any], Any]:
    """Return the function the models read this field by."""
    return _parser_of(annotation, marks)


@cache
def _parser_of(annotation: Any, marks: tuple[Any, ...]) -> Callable[[Any], Any]:
    for mark in (*marks, *marks_of(annotation)):
        if isinstance(mark, (Codes, ReadBy)):
            return mark.parse
        if isinstance(mark, AfterValidator) and mark.func is clean:
            return parse_text
    choices = get_args(members_of(annotation)[0])
    assert get_origin(members_of(annotation)[0]) is Literal, annotation
    return lambda raw: _choice(raw, choices)


def _choice(raw: Any, choices: tuple[str, ...]) -> str:
    if raw not in choices:
        raise ValueError(f"one of: {', '.join(choices)}")
    return str(raw)


@lru_cache(maxsize=16_384)
def _stays(word: str, parse: Callable[[Any], Any]) -> bool:
    return understood(parse, word) == (word, None)


def _meant(distinct: pl.Series, wanted: pl.DataType, parse: Callable[[Any], Any]) -> tuple[pl.Series, pl.Series | None]:
    """Return what each value means, and what is wrong with it, if with any."""
    if parse is parse_text:
        return _cleaned(distinct), None
    outcomes = [understood(parse, raw) for raw in distinct.to_list()]
    values = pl.Series(
        [span_of(value) if wanted == SPAN and value is not None else value for value, _ in outcomes], dtype=wanted, strict=True
    )
    wrong = pl.Series("wrong", [reason for _, reason in outcomes], dtype=pl.String)
    return values, wrong if wrong.null_count() < len(wrong) else None


def _cleaned(texts: pl.Series) -> pl.Series:
    """Do to each text what `names.clean` does; Python's spaces are those of the pattern."""
    if not bool(texts.str.contains(_UNCLEAN).any()):
        return texts
    return texts.str.normalize("NFC").str.replace_all(_SPACES, " ").str.strip_chars(" ")


def _by_number(column: pl.Series, meant: pl.DataFrame) -> pl.DataFrame:
    """Return what the values of a column of categories mean, found by the numbers it keeps them under."""
    numbers = column.to_physical()
    number = pl.col("raw").cast(pl.Categorical).to_physical()
    every = pl.select(number=pl.int_range(pl.lit(numbers.max() or 0) + 1, dtype=pl.UInt32))
    found = every.join(meant.with_columns(number=number), on="number", how="left", maintain_order="left").drop("number", "raw")
    return found.select(pl.all().gather(numbers))


def put_back(flat: pl.Series, ends: pl.Series, like: pl.Series) -> pl.Series:
    """Put elements back into the lists they came from; a list that was null is null again."""
    offsets = pa.array([0], pa.int64()) if ends.is_empty() else pa.concat_arrays([pa.array([0], pa.int64()), ends.to_arrow()])
    values = flat.to_arrow(compat_level=pl.CompatLevel.newest())
    arrow = pa.LargeListArray.from_arrays(offsets, values, mask=like.is_null().to_arrow())
    return pl.Series(like.name, pl.from_arrow(arrow), dtype=pl.List(flat.dtype))


def _empty_element(element: Any) -> str:
    inner = members_of(element)[0]
    if isinstance(inner, type) and issubclass(inner, BaseModel):
        return NOT_FIELDS
    return understood(parser_of(element, ()), None)[1] or ""
