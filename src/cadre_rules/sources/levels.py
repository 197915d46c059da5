"""The tables there can be: derived from the models, one for each kind of dossier, for people, and for each list of parts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from pydantic import BaseModel

from cadre_rules.dossier.fields import element_fields
from cadre_rules.dossier.kinds import WHOLES, model_of
from cadre_rules.dossier.models import DOSSIERS
from cadre_rules.dossier.people import Person
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
_SHORT = {
    "exceptions": "trường hợp đặc biệt",
    "kin_ties": "quan hệ giữa các thành viên",
    "concerns": "kiến nghị của Mặt trận",
}
"""What a sheet is called whose list has a name longer than a sheet's name may be."""

SHEET_NAME = 31
"""Characters a sheet's name holds."""


About: TypeAlias = tuple[tuple[str, Path], ...]
"""What rules about a row can be about, and the path at which they read it there."""


@dataclass(frozen=True, slots=True)
class Level:
    """A table there can be: what its rows are, where they go in a row of the table above, and how they say whose they are.

    `vi` is what people call it; `whose` heads, in Vietnamese and English, the column that says whose row it is.
    """

    name: str
    called: frozenset[str]
    model: type[BaseModel]
    path: Path
    vi: str
    about: About
    links: tuple[tuple[frozenset[str], Path], ...] = ()
    whose: tuple[str, str] = ("", "")
    below: tuple["Level", ...] = ()

    def sheet(self, lang: str) -> str:
        """Return what a sheet of such rows is called."""
        return self.name if lang == "en" else f"{self.vi[:1].upper()}{self.vi[1:]}"


@cache
def tree(kind: str) -> Level:
    """Return the tables of a kind of dossier, as its model has them."""
    name, _, vi = _WORDS[kind]
    about = ((kind, ()), *((part, (whole,)) for part, whole in WHOLES.items() if whole == kind))
    below = tuple(_below(DOSSIERS[kind], kind, about))
    return Level(name, _called(name, *_WORDS[kind]), DOSSIERS[kind], (), vi, about, below=below)


def _below(model: type[BaseModel], word: str, about: About) -> Iterator[Level]:
    own = (_refs(word) | ({fold("dossier_id")} if word in DOSSIERS else set()), ("id",))
    of_person = (_refs("person") | {fold("mã hồ sơ"), fold("mã cán bộ")}, ("person", "id"))
    whose = own_key(word)
    if "person" in model.model_fields:
        vi = _WORDS["person"][2]
        yield Level("persons", _called("persons", vi), Person, ("person",), vi, _read_at(about, ("person",)), (own,), whose)
    for path, info in element_fields(model).items():
        if info.kind == "list" and isinstance(info.element, type):
            judged = tuple((part, ()) for part in WHOLES if model_of(part) is info.element)
            read_as = (*_read_at(about, path), *judged)
            below = tuple(_below(info.element, path[-1], read_as)) if path[-1] in _WORDS else ()
            links = (of_person, own) if path[0] == "person" else (own,)
            label = info.vi.removesuffix(" (nhân sự)")
            vi = label if len(label) <= SHEET_NAME else _SHORT[path[-1]]
            called = _called(path[-1], label, vi, info.en)
            yield Level(path[-1], called, info.element, path, vi, read_as, links, whose, below)


def _read_at(about: About, path: Path) -> About:
    return tuple((subject, (*before, *path)) for subject, before in about)


def own_key(word: str) -> tuple[str, str]:
    """Return the headings, in Vietnamese and English, of a column that says of which such row something is."""
    _, singular, vi = _WORDS[word]
    return f"Mã {vi}", f"{singular}_id"


def _called(*names: str) -> frozenset[str]:
    return frozenset(map(fold, (*names, *_ALSO.get(names[0], ()))))


def _refs(word: str) -> frozenset[str]:
    _, singular, vi = _WORDS.get(word, ("", word, word))
    return frozenset(map(fold, (f"{singular}_id", f"{word}_id", f"mã {vi}")))


def levels_of(level: Level) -> Iterator[Level]:
    yield level
    for below in level.below:
        yield from levels_of(below)


def all_levels() -> Iterator[Level]:
    """Yield every table there can be."""
    return (level for kind in DOSSIERS for level in levels_of(tree(kind)))


def levels_called(name: str) -> list[Level]:
    """Return the tables that can be called so: by their own name, or folded by any other."""
    return [level for level in all_levels() if name == level.name or name in level.called]


def title(table: str) -> str:
    """Return what a table is called, folded, without the year or number after it."""
    return re.sub(r"[ _-]*[0-9]+$", "", fold(table))
