"""What a person is born with moves no rule but those the law lets read it."""

from datetime import date, timedelta
from functools import cache
from random import Random
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from cadre_rules.cases import _dossiers
from cadre_rules.dossier.areas import Area
from cadre_rules.dossier.fields import PROTECTED
from cadre_rules.dossier.kinds import Dossier
from cadre_rules.dossier.models import DOSSIERS
from cadre_rules.dossier.reading import read_dossier
from cadre_rules.dossier.subjects import subjects_of
from cadre_rules.dossier.values import Codes, PartialDate
from cadre_rules.errors import CadreRulesError
from cadre_rules.judging import judge_of
from cadre_rules.rulebook.loading import pack_folder
from cadre_rules.rulebook.model import Rulebook
from cadre_rules.rulebook.reading import read_cases
from small import SMALL, TODAY, small, vn

if TYPE_CHECKING:
    from collections.abc import Mapping


@cache
def dossiers_of(pack: str) -> list[list[Dossier]]:
    """The dossiers of every worked example of a pack."""
    book = small() if pack == "small" else vn()
    sources, _ = read_cases(SMALL if pack == "small" else pack_folder(pack))
    found = []
    for source in sources:
        for case in source.file.cases:
            try:
                found.append([read_dossier(raw) for raw in _dossiers(source, case, None, book)])
            except (CadreRulesError, LookupError, TypeError):
                continue  # the case itself is told wrong by `lint` and `test`
    return found


def other(annotation: Any, value: Any, random: Random) -> Any:
    """Something else a field of this type could state."""
    if get_origin(annotation) is Annotated:
        codes = [part for part in get_args(annotation) if isinstance(part, Codes)]
        return random.choice(list(codes[0].names)) if codes else other(get_args(annotation)[0], value, random)
    if get_origin(annotation) in (Union, UnionType):
        return other(random.choice(get_args(annotation)), value, random)
    if get_origin(annotation) is tuple:
        inner = get_args(annotation)[0]
        return tuple(other(inner, None, random) for _ in range(random.randrange(3)))
    if get_origin(annotation) is Literal:
        return random.choice(get_args(annotation))
    if annotation is Area:
        return Area(province=random.choice(["Thanh Hóa", "Hải Phòng"]), district=random.choice(["Yên Định", None]))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation.model_construct(
            **{name: other(field.annotation, None, random) for name, field in annotation.model_fields.items()}
        )
    start = date(1950, 1, 1) + timedelta(days=random.randrange(25_000))
    samples: Mapping[Any, Any] = {
        bool: random.random() < 0.5,
        int: random.randrange(100),
        str: random.choice(["Kinh", "Mường", "Công giáo"]),
        date: start,
        PartialDate: PartialDate(start, start + timedelta(days=364)),
    }
    return samples.get(annotation)


def changed(model: BaseModel, ground: str, random: Random) -> Any:
    """The same dossier with everything that tells of one ground said otherwise."""
    update: dict[str, Any] = {}
    for name, field in type(model).model_fields.items():
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        value = getattr(model, name)
        if extra.get("protected") == ground:
            update[name] = None if random.random() < 0.2 else other(field.annotation, value, random)
        elif isinstance(value, BaseModel):
            update[name] = changed(value, ground, random)
        elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
            update[name] = tuple(changed(one, ground, random) for one in value)
    return model.model_copy(update=update)


def came_out(dossiers: list[Any], book: Rulebook, ground: str) -> dict[tuple[str, str, Any], str]:
    """Outcomes of the rules of the first pass that may not read the ground."""
    subjects = [subject for dossier in dossiers for subject in subjects_of(dossier)]
    return {
        (judgement.subject.id, judgement.piece.rule.id, judgement.day): judgement.outcome
        for judgement in judge_of(book).judgements(subjects, "decision", TODAY, "plain")
        if ground not in judgement.piece.rule.protected and not judgement.piece.second_pass
    }


@pytest.mark.parametrize("pack", ["small", "vn"])
def test_a_protected_fact_moves_no_rule_that_is_not_licensed_to_read_it(pack: str) -> None:
    book = small() if pack == "small" else vn()

    @given(st.sampled_from(range(len(dossiers_of(pack)))), st.sampled_from(PROTECTED), st.integers(0, 2**32))
    def holds(position: int, ground: str, seed: int) -> None:
        dossiers = dossiers_of(pack)[position]
        random = Random(seed)
        altered = [changed(dossier, ground, random) for dossier in dossiers]
        assert came_out(altered, book, ground) == came_out(list(dossiers), book, ground)

    holds()


def test_the_change_is_one_a_licensed_rule_does_see() -> None:
    body = next(found[0] for found in dossiers_of("small") if found[0].kind == "body")
    seen: set[str] = set()
    for seed in range(200):
        seen |= set(came_out([changed(body, "sex", Random(seed))], small(), "none").values())
    assert seen == {"satisfied", "violated", "undetermined"}


def test_every_ground_is_told_by_some_field_and_every_field_tells_a_known_ground() -> None:
    told: set[str] = set()
    waiting: list[type[BaseModel]] = list(DOSSIERS.values())
    seen: set[type[BaseModel]] = set()
    while waiting:
        model = waiting.pop()
        if model in seen:
            continue
        seen.add(model)
        for field in model.model_fields.values():
            extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
            told |= {str(extra["protected"])} if "protected" in extra else set()
            waiting += [part for part in _classes(field.annotation) if issubclass(part, BaseModel)]
    assert told == set(PROTECTED)


def _classes(annotation: Any) -> list[type]:
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return [annotation]
    return [found for part in get_args(annotation) for found in _classes(part)]
