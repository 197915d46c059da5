"""Whether two places are one, as the administrative map stood on a day."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from cadre_rules.dossier.areas import Area, bare


class AreaMap:
    """The provinces of both sides of a reform, from a dated table: code, name, successor code and name."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        known = [(bare(row[by]), row) for row in rows for by in ("code", "name", "alias") if row.get(by)]
        made = {bare(row[by]): row["successor"] for row in rows for by in ("successor", "successor_name")}
        self._before: dict[str, str] = {spelling: row["code"] for spelling, row in known}
        self._after: dict[str, str] = {spelling: row["successor"] for spelling, row in known} | made
        self.reform = min((row["merged_on"] for row in rows), default=date.max)

    def code_before(self, name: str) -> str | None:
        """Return the code of a province by its name or code before the reform."""
        return self._before.get(bare(name))

    def code_after(self, name: str) -> str | None:
        """Return the code of the province a name or code of either side stands for since the reform."""
        return self._after.get(bare(name))

    def same(self, one: Area, other: Area, level: str, on: date) -> bool | None:
        """Tell whether both lie in one province, district or commune; None if either does not say."""
        province = self._same_province(one.province, other.province, on)
        if level == "province" or province is not True:
            return province
        district = _same_name(one.district, other.district)
        if level == "district":
            return district
        commune = _same_name(one.commune, other.commune)
        return commune if district or commune is False or on >= self.reform else district

    def _same_province(self, one: str | None, other: str | None, on: date) -> bool | None:
        code = self.code_after if on >= self.reform else self.code_before
        codes = [code(name) for name in (one, other) if name is not None]
        return None if len(codes) < 2 or None in codes else codes[0] == codes[1]


def _same_name(one: str | None, other: str | None) -> bool | None:
    return None if one is None or other is None else bare(one) == bare(other)
