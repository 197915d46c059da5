"""Dossiers drawn at random over every field of the models, rightly and wrongly typed."""

import unicodedata
from decimal import Decimal
from random import Random
from typing import Any, NamedTuple, get_args, get_origin

from pydantic import BaseModel

from cadre_rules.dossier.areas import Area
from cadre_rules.dossier.fields import members_of
from cadre_rules.dossier.models import DOSSIERS
from cadre_rules.dossier.values import parse_count, parse_day, parse_flag, parse_loose_day, parse_percent
from cadre_rules.sources.columns import parser_of

_DAYS = ["2021-05-03", "3/5/2021", "03.05.2021", "ngày 3 tháng 5 năm 2021"]
_DAYS += [unicodedata.normalize("NFD", "Ngày 3 tháng 5 năm 2021")]
_GOOD: dict[Any, list[Any]] = {
    parse_day: _DAYS,
    parse_loose_day: [*_DAYS, "1975", 1975, "03/1976", "năm 1975", "1976-02", "tháng 12 năm 1976"],
    parse_flag: [True, False, "có", "Không ", "x", "1", "0", unicodedata.normalize("NFD", "có")],
    parse_count: [0, 3, 10**12 - 1, "12", " 7 "],
    parse_percent: ["24,01 %", "24.01", 24, 0, Decimal("24.01"), Decimal("99.999"), "100"],
    Area: ["Xã Định Long, huyện Yên Định, Thanh Hoá", "tỉnh Hà Tây", "", {"province": " Hà  Nội", "commune": None}, {}],
    "areas as text": ["Xã Định Long, huyện Yên Định, Thanh Hoá", "tỉnh Hà Tây", ""],
    "areas as fields": [{"province": " Hà  Nội", "commune": None}, {}],
    str: ["Bí thư", unicodedata.normalize("NFD", "  Bí  thư\n"), "", "a\x1cb", "12", "có", "1975"],
}
_BAD: dict[Any, list[Any]] = {
    parse_day: ["31/02/2021", "1975", 1975, 20210503, "hôm qua", True, ""],
    parse_loose_day: ["13/2021", "hôm qua", 20210503, 0, "0000", True, ""],
    parse_flag: ["maybe", 1, 0, "", []],
    parse_count: [-1, "-1", Decimal("1.5"), "một", True, 10**12, "9" * 13, ""],
    parse_percent: ["101", -1, "một nửa", True, ""],
    Area: [3, True, {"ward": "x"}, {"province": 3}, []],
    str: [3, True, Decimal("1.5"), {}],
}


def drawn(random: Random, *, wrong: float = 0.0, areas: Any = Area) -> dict[str, Any]:
    """A dossier of some kind; each field is there by chance, and wrongly typed by a smaller one.

    `areas` says how places are written: as "areas as text", "areas as fields", or mixed.
    """
    kind = random.choice(list(DOSSIERS))
    return {"kind": kind, **_model(DOSSIERS[kind], _Chance(random, wrong, areas), 0.3)} | {"kind": kind}


class _Chance(NamedTuple):
    random: Random
    wrong: float
    areas: Any


def _model(model: type[BaseModel], chance: _Chance, fields: float) -> dict[str, Any]:
    random, wrong, _ = chance
    found = {}
    for name, about in model.model_fields.items():
        if random.random() < (1 - wrong if about.is_required() else fields):
            found[name] = _value(about.annotation, tuple(about.metadata), chance, fields)
    if random.random() < wrong / 10:
        found[random.choice(["brith_date", "²", "x"])] = 1
    return found


def _value(annotation: Any, marks: tuple[Any, ...], chance: _Chance, fields: float) -> Any:
    random, wrong, areas = chance
    inner = members_of(annotation)[0]
    if random.random() < wrong:
        return None
    if get_origin(inner) is tuple:
        if random.random() < wrong:
            return random.choice([{}, "x", [None], [3]])
        return [_value(get_args(inner)[0], (), chance, fields / 2) for _ in range(random.choice([0, 1, 1, 2]))]
    if inner is not Area and isinstance(inner, type) and issubclass(inner, BaseModel):
        return random.choice([[], "x", 3]) if random.random() < wrong else _model(inner, chance, fields / 2)
    read_by = inner if inner is Area else parser_of(annotation, marks)
    names = getattr(getattr(read_by, "__self__", None), "names", None)
    if names is not None:
        good = [word for code, both in names.items() for word in (code, *both, both[0].upper())]
        return random.choice(["femal", 3, "", True] if random.random() < wrong else good)
    if choices := get_args(inner):
        return random.choice(["x", 3] if random.random() < wrong else choices)
    if random.random() < wrong:
        return random.choice(_BAD.get(read_by, _BAD[str]))
    return random.choice(_GOOD[areas] if inner is Area else _GOOD.get(read_by, _GOOD[str]))
