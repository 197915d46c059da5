"""Whether two places are one, as the administrative map stood on a day."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from cadre_rules.dossier.areas import Area, bare
from cadre_rules.names import fold


class AreaMap:
    """The provinces of both sides of a reform, from a dated table: code, name, successor code and name."""

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self._before: dict[str, str] = {}
        self._after: dict[str, str] = {}
        self.reform = date.max
        for row in rows:
            old, new = str(row["code"]), str(row["successor"])
            self.reform = min(self.reform, row["merged_on"])
            self._after[new] = self._after[bare(row["successor_name"])] = new
            for spelling in (row["name"], *filter(None, (row.get("alias"),))):
                self._before[bare(spelling)] = old
            self._before[old] = old
        for row in rows:
            for spelling in (row["name"], *filter(None, (row.get("alias"),))):
                self._after.setdefault(bare(spelling), str(row["successor"]))
            self._after.setdefault(str(row["code"]), str(row["successor"]))

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
        district = self._same_name(one.district, other.district)
        if level == "district":
            return district
        commune = self._same_name(one.commune, other.commune)
        if on >= self.reform or commune is False:
            return commune
        return False if district is False else None if district is None else commune

    def _same_province(self, one: str | None, other: str | None, on: date) -> bool | None:
        code = self.code_after if on >= self.reform else self.code_before
        codes = [code(name) for name in (one, other) if name is not None]
        return None if len(codes) < 2 or None in codes else codes[0] == codes[1]

    @staticmethod
    def _same_name(one: str | None, other: str | None) -> bool | None:
        if one is None or other is None:
            return None
        return fold(one) == fold(other) or bare(one) == bare(other)
