"""The tables there can be: derived from the models, one for each kind of dossier, for people, and for each list of parts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from pydantic import BaseModel

from cadre_rules.dossier.fields import element_fields
from cadre_rules.dossier.models import DOSSIERS, Person
from cadre_rules.names import fold
from cadre_rules.sources.headings import Path

_WORDS = {
    "appointment": ("decisions", "decision", "quyết định"),
    "planning": ("planning_lists", "planning_list", "phê duyệt quy hoạch"),
    "body": ("bodies", "body", "tập thể"),
    "unit": ("units", "unit", "đơn vị"),
    "statistics": ("statistics", "statistics", "báo cáo số liệu"),
    "person": ("persons", "person", "nhân sự"),
    "entries": ("entries", "entry", "dòng quy hoạch"),
    "leaders": ("leaders", "leader", "lãnh đạo"),
}
_ALSO = {
    "decisions": ("appointments", "bổ nhiệm", "quyết định bổ nhiệm", "danh sách bổ nhiệm"),
    "persons": ("people", "person", "cán bộ", "hồ sơ cán bộ", "danh sách cán bộ", "lý lịch"),
    "posts": ("quá trình công tác", "công tác"),
    "kin": ("gia đình", "thân nhân", "quan hệ gia đình"),
    "courses": ("đào tạo", "bồi dưỡng", "đào tạo bồi dưỡng"),
    "ratings": ("xếp loại", "đánh giá", "đánh giá xếp loại"),
    "steps": ("quy trình", "các bước"),
    "documents": ("giấy tờ", "hồ sơ kèm theo"),
}


@dataclass(frozen=True, slots=True)
class Level:
    """A table there can be: what its rows are, where they go in a row of the table above, and how they say whose they are."""

    name: str
    called: frozenset[str]
    model: type[BaseModel]
    path: Path
    links: tuple[tuple[frozenset[str], Path], ...] = ()
    below: tuple["Level", ...] = ()


@cache
def tree(kind: str) -> Level:
    """Return the tables of a kind of dossier, as its model has them."""
    name, *_ = _WORDS[kind]
    return Level(name, _called(name, *_WORDS[kind]), DOSSIERS[kind], (), (), tuple(_below(DOSSIERS[kind], kind)))


def _below(model: type[BaseModel], word: str) -> Iterator[Level]:
    own = (_refs(word) | ({fold("dossier_id")} if word in DOSSIERS else set()), ("id",))
    of_person = (_refs("person") | {fold("mã hồ sơ"), fold("mã cán bộ")}, ("person", "id"))
    if "person" in model.model_fields:
        yield Level("persons", _called("persons", "nhân sự"), Person, ("person",), (own,))
    for path, info in element_fields(model).items():
        if info.kind == "list" and isinstance(info.element, type):
            below = tuple(_below(info.element, path[-1])) if path[-1] in _WORDS else ()
            links = (of_person, own) if path[0] == "person" else (own,)
            yield Level(
                path[-1], _called(path[-1], info.vi.removesuffix(" (nhân sự)"), info.en), info.element, path, links, below
            )


def _called(*names: str) -> frozenset[str]:
    return frozenset(map(fold, (*names, *_ALSO.get(names[0], ()))))


def _refs(word: str) -> frozenset[str]:
    _, singular, vi = _WORDS.get(word, ("", word, word))
    return frozenset(map(fold, (f"{singular}_id", f"{word}_id", f"mã {vi}")))


def levels_of(level: Level) -> Iterator[Level]:
    yield level
    for below in level.below:
        yield from levels_of(below)


def title(table: str) -> str:
    """Return what a table is called, folded, without the year or number after it."""
    return re.sub(r"[ _-]*[0-9]+$", "", fold(table))
