"""A dossier with one thing in it changed, as an office could change it."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from typing import Any

from pydantic import BaseModel, TypeAdapter

from cadre_rules.dossier.demands import Bounds, Demand, Other, exactly, fits
from cadre_rules.dossier.fields import element_fields, element_of, steps
from cadre_rules.dossier.kinds import Dossier


def amended(dossier: Dossier, place: str, value: Any, *, postponed: bool = False) -> Dossier:
    """Return the dossier with another value at a place; raises `ValueError` if it cannot stand there.

    A place ending in `[]` takes a new row. A mapping with `seats`, `more` or `fewer` says how many, and `who`. A day
    postponed takes with it the days beside it that were to come no sooner.
    """

    def write(model: Any, name: str) -> Mapping[str, Any]:
        if place.endswith("[]"):
            return {name: (*(getattr(model, name) or ()), _row(_part(model, name), value))}
        if isinstance(value, Mapping) and "who" in value:
            return {name: _seated(model, name, value)}
        return _stated(model, name, value, postponed=postponed)

    changed: Dossier = _at(dossier, steps(place), write)
    return changed


def nearest(demand: Demand, held: Any) -> Any:
    """Return what is as demanded and nearest to what is held."""
    if isinstance(demand, Bounds):
        beyond = held is not None and demand.high is not None and held > demand.high
        return demand.high if demand.low is None or beyond else demand.low
    return "…" if isinstance(demand, Other) else demand


def _at(model: Any, way: list[Any], write: Callable[[Any, str], Mapping[str, Any]]) -> Any:
    name, *rest = way
    held = getattr(model, name)
    if not rest:
        changed = write(model, name)
    elif isinstance(rest[0], int):
        rows = list(held)
        rows[rest[0]] = _at(rows[rest[0]], rest[1:], write)
        changed = {name: tuple(rows)}
    else:
        part = held if held is not None else _part(model, name)()
        changed = {name: _at(part, rest, write)}
    return model.model_copy(update=changed)


def _stated(model: BaseModel, name: str, value: Any, *, postponed: bool) -> dict[str, Any]:
    before, after = getattr(model, name), _read(type(model), name, value)
    stated = {name: after}
    if postponed and before is not None:
        fields = element_fields(type(model))
        days = {other: held for other, held in vars(model).items() if isinstance(held, date) and other != name}
        later = {other: held for other, held in days.items() if held >= before and fields[other,].office == "date"}
        try:
            stated |= {other: held + (after - before) for other, held in later.items()}
        except OverflowError as error:
            raise ValueError(f"{name}: further off than the calendar goes") from error
    return stated


def _seated(model: BaseModel, name: str, value: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return a list with seats given to others, with more rows or with fewer."""
    rows, element = list(getattr(model, name) or ()), _part(model, name)
    if "more" in value:
        return (*rows, *(_row(element, value["who"], number) for number in range(value["more"])))
    who = {field: _demand(element, field, wanted) for field, wanted in value["who"].items()}
    lacking = [sum(not fits(getattr(row, field), demand) for field, demand in who.items()) for row in rows]
    leads = [getattr(row, "role", None) in ("head", "deputy") for row in rows]
    number, said = (value["seats"], "seats to give to others") if "seats" in value else (value["fewer"], "rows to let go")
    meant = [n for n, lacks in enumerate(lacking) if bool(lacks) == ("seats" in value)]
    chosen = sorted(meant, key=lambda n: (-lacking[n], leads[n], -n))[:number]
    if len(chosen) < number:
        raise ValueError(f"{name}: not so many {said}")
    if "fewer" in value:
        return tuple(row for n, row in enumerate(rows) if n not in chosen)
    for number in chosen:
        held = rows[number]
        anew = {"id": f"{held.id}*" if getattr(held, "id", None) else None, "name": None}
        told = {f: nearest(d, getattr(held, f)) for f, d in who.items() if not fits(getattr(held, f), d)}
        rows[number] = held.model_copy(update={f: v for f, v in anew.items() if f in type(held).model_fields} | told)
    return tuple(rows)


def _row(element: type[BaseModel], who: Mapping[str, Any], number: int = 0) -> Any:
    told = {field: nearest(_demand(element, field, wanted), None) for field, wanted in who.items()}
    needed = {field: f"*{number}" for field, about in element.model_fields.items() if about.is_required()}
    return element.model_validate(needed).model_copy(update=needed | told)


def _part(model: BaseModel, name: str) -> Any:
    return element_of(type(model).model_fields[name].annotation)


def _demand(model: type[BaseModel], name: str, wanted: Any) -> Demand:
    match wanted:
        case {"not": than}:
            return Other(frozenset(than))
        case {"from": _} | {"to": _}:
            return Bounds(*(_read(model, name, wanted[end]) if end in wanted else None for end in ("from", "to")))
        case _:
            return exactly(_read(model, name, wanted))


def _read(model: type[BaseModel], name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return nearest(_demand(model, name, value), None)
    return _adapter(model, name).validate_python(value)


@cache
def _adapter(model: type[BaseModel], name: str) -> TypeAdapter[Any]:
    return TypeAdapter(model.model_fields[name].rebuild_annotation())
