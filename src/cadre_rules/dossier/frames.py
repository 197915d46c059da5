"""Dossiers as tables: the polars columns that hold what the models hold, so that a million are read as one is.

A field is a column of the same name; a part is a struct, a list a list of structs. A partly stated date is a
struct of the first and last day it can mean, a code its canonical text, a share basis points, all as in the models.
Null is "not stated"; an empty list is "none".
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from itertools import accumulate
from typing import Any, Literal, TypeAlias, get_args, get_origin

import polars as pl
from polars._typing import PolarsDataType
from pydantic import BaseModel

from cadre_rules.dossier.areas import Area
from cadre_rules.dossier.fields import members_of
from cadre_rules.dossier.models import DOSSIERS
from cadre_rules.dossier.people import ExceptionGranted
from cadre_rules.dossier.values import PartialDate, bounds

SPAN = pl.Struct({"earliest": pl.Date, "latest": pl.Date})
"""A day, or a month or year of which the day is not stated."""

_PLAIN: dict[Any, pl.DataType] = {bool: pl.Boolean(), int: pl.Int64(), str: pl.String(), date: pl.Date()}


Fields: TypeAlias = frozenset[str] | None
"""Which fields of a dossier are asked for, by their paths (`person.kin.relation`), each with all inside it; None for all."""


@cache
def frame_schema(kind: str, fields: Fields = None) -> dict[str, pl.DataType]:
    """Return the columns of a table of dossiers of one kind, in the order of the model's fields, as far as they are asked for."""
    return _columns(DOSSIERS[kind], "", fields)


def _columns(model: type[BaseModel], path: str, fields: Fields) -> dict[str, pl.DataType]:
    below = {name: f"{path}.{name}" if path else name for name in model.model_fields}
    return {
        name: type_of(field.annotation, below[name], fields)
        for name, field in model.model_fields.items()
        if asked_for(below[name], fields)
    }


@cache
def asked_for(path: str, fields: Fields) -> bool:
    """Tell whether a field, or something inside it, is among those asked for."""
    return fields is None or path in _above(fields) or any(whole in fields for whole in _wholes(path))


@cache
def _above(fields: frozenset[str]) -> frozenset[str]:
    return frozenset(whole for path in fields for whole in _wholes(path))


def _wholes(path: str) -> Iterator[str]:
    """Yield a path and what it lies in."""
    return accumulate(path.split("."), "{}.{}".format)


def type_of(annotation: Any, path: str = "", fields: Fields = None) -> pl.DataType:
    """Return the column that holds what a field of a model, at a path, is annotated to hold, as far as it is asked for."""
    return _type_of(annotation, path, fields)


@cache
def _type_of(annotation: Any, path: str, fields: Fields) -> pl.DataType:
    kinds = members_of(annotation)
    if PartialDate in kinds:
        return SPAN
    inner = kinds[0]
    if get_origin(inner) is Literal:
        return pl.String()
    if get_origin(inner) is tuple:
        return pl.List(type_of(get_args(inner)[0], path, fields))
    if inner is Area:
        return pl.Struct(dict.fromkeys(Area.model_fields, pl.String()))
    return _PLAIN.get(inner) or pl.Struct(_columns(inner, path, fields))


def holds(given: PolarsDataType, asked: PolarsDataType) -> bool:
    """Tell whether a column holds what is asked for, of the types it is read in; it may hold more.

    Texts may be categories, and of the type Null what nothing is stated of.
    """
    match given, asked:
        case pl.Struct(), pl.Struct():
            fields = given.to_schema()
            return all(one.name in fields and holds(fields[one.name], one.dtype) for one in asked.fields)
        case pl.List(), pl.List():
            return holds(given.inner, asked.inner)
        case pl.Null(), _:
            return not asked.is_nested()
        case _:
            return given == asked or (given == pl.Categorical and asked == pl.String)


def as_asked(column: pl.Expr, given: PolarsDataType, asked: PolarsDataType) -> pl.Expr:
    """Return a column as what is asked for, of the types it is read in, and no more; what it lacks is not stated."""
    match given, asked:
        case pl.Struct(), pl.Struct():
            fields = given.to_schema()
            parts = [
                (as_asked(column.struct.field(name), fields[name], dtype) if name in fields else pl.lit(None, dtype)).alias(name)
                for name, dtype in asked.to_schema().items()
            ]
            return pl.when(column.is_not_null()).then(pl.struct(parts))
        case pl.List(), pl.List():
            return column.list.eval(as_asked(pl.element(), given.inner, asked.inner))
        case _:
            return column.cast(asked)


def elements(lists: pl.Series, total: int | None = None) -> pl.Series:
    """Return the elements of lists one after another, as they lie in memory: `explode` copies all of them if one list is null.

    How many there are need not be told.
    """
    if lists.null_count():
        lying: list[pl.Series] = []

        def seen(inner: pl.Series) -> pl.Series:
            lying.append(inner)
            return inner

        lists.list.eval(pl.element().map_batches(seen, pl.self_dtype(), is_elementwise=True))
        total = int(lists.list.len().sum()) if total is None else total
        if lying and lying[-1].len() == total:  # none lies where a list is null
            return lying[-1].alias(lists.name)
    return lists.explode(empty_as_null=False, keep_nulls=False)


def frame_of(dossiers: list[Any], kind: str) -> pl.DataFrame:
    """Return dossiers of one kind, as the models hold them, as a table."""
    return pl.DataFrame([_plain(dossier) for dossier in dossiers], schema=frame_schema(kind), orient="row")


def filed_on(frame: pl.DataFrame, kind: str, granted: Mapping[str, Sequence[ExceptionGranted]]) -> pl.DataFrame:
    """Return a table of dossiers with exceptions granted elsewhere, by dossier, put on file after their own."""
    dtype = frame_schema(kind)["exceptions"]
    rows = [(name, [_plain(one) for one in exceptions]) for name, exceptions in granted.items()]
    added = pl.DataFrame(rows, schema={"id": pl.String, "·granted": dtype}, orient="row")
    joined = frame.join(added, on="id", how="left", maintain_order="left")
    own = pl.col("exceptions").cast(dtype) if "exceptions" in frame.columns else pl.lit(None, dtype)
    none = pl.lit(pl.Series([[]], dtype=dtype)).first()
    both = pl.concat_list(own.fill_null(none), "·granted")
    filed = pl.when(pl.col("·granted").is_null()).then(own).otherwise(both)
    return joined.with_columns(filed.alias("exceptions")).drop("·granted")


def models_of(frame: pl.DataFrame, kind: str) -> list[Any]:
    """Return the dossiers a table of one kind holds, as the models hold them."""
    return [_model(DOSSIERS[kind], row) for row in frame.iter_rows(named=True)]


def _model(model: type[BaseModel], row: dict[str, Any]) -> BaseModel:
    fields = model.model_fields.items()
    return model.model_construct(**{name: _held(row[name], about.annotation) for name, about in fields if name in row})


def _held(value: Any, annotation: Any) -> Any:
    inner = members_of(annotation)[0]
    match value:
        case {"earliest": earliest, "latest": latest}:
            return earliest if earliest == latest else PartialDate(earliest, latest)
        case dict():
            return _model(inner, value)
        case list():
            return tuple(_held(item, get_args(inner)[0]) for item in value)
        case _:
            return value


def span_of(day: date | PartialDate) -> dict[str, date]:
    """Return a day as SPAN holds it."""
    return dict(zip(("earliest", "latest"), bounds(day), strict=True))


def _plain(value: Any) -> Any:
    match value:
        case PartialDate():
            return span_of(value)
        case BaseModel():
            annotations = type(value).model_fields
            return {name: _loose(getattr(value, name), field.annotation) for name, field in annotations.items()}
        case tuple():
            return [_plain(item) for item in value]
        case _:
            return value


def _loose(value: Any, annotation: Any) -> Any:
    if isinstance(value, date) and PartialDate in members_of(annotation):
        return span_of(value)
    return _plain(value)
