"""Places as a personal file writes them."""

from functools import lru_cache
from itertools import chain
from typing import Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, ModelWrapValidatorHandler, model_validator
from pydantic_core import CoreSchema

from cadre_rules.dossier.values import Text
from cadre_rules.names import clean, fold

_PREFIXES = {
    level: tuple(f"{fold(word)} " for word in words)
    for level, words in (
        ("province", ("tỉnh",)),
        ("district", ("huyện", "quận", "thị xã", "tp.", "tp", "thành phố")),
        ("commune", ("xã", "phường", "thị trấn", "đặc khu")),
    )
}
"""How the names of places begin, by their level."""


class Area(BaseModel):
    """A province, district and commune by name or code; a text "xã …, huyện …, tỉnh …" is taken apart."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    province: Text | None = None
    district: Text | None = None
    commune: Text | None = None

    @model_validator(mode="wrap")
    @classmethod
    def _from_text(cls, raw: Any, read: ModelWrapValidatorHandler["Area"]) -> "Area":
        return _area(raw) if isinstance(raw, str) else read(raw)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        text = {"type": "string", "description": "xã …, huyện …, tỉnh …"}
        return {"anyOf": [handler(schema), text]}

    def __str__(self) -> str:
        return ", ".join(part for part in (self.commune, self.district, self.province) if part)


@lru_cache(maxsize=16_384)
def _area(text: str) -> Area:
    return Area(**read_area(text))


def read_area(text: str) -> dict[str, str]:
    """Take a written address apart from its end: province last, then district and commune by their prefix."""
    parts = [clean(part) for part in text.split(",") if clean(part)]
    levels = [_level(part, last=place == len(parts)) for place, part in enumerate(parts, 1)]
    return {level: part for level, part in zip(levels, parts, strict=True) if level is not None}


@lru_cache(maxsize=16_384)
def bare(name: str) -> str:
    """Return the folded name without the word for its rank: `Huyện Yên Định` and `yên định` compare equal."""
    folded = fold(name)
    return folded.removeprefix(next(filter(folded.startswith, chain(*_PREFIXES.values())), ""))


def _level(part: str, *, last: bool) -> str | None:
    folded = fold(part)
    if last and not folded.startswith(_PREFIXES["commune"]):
        return "district" if folded.startswith(_PREFIXES["district"][:3]) else "province"
    return next((level for level, prefixes in _PREFIXES.items() if folded.startswith(prefixes)), None)
