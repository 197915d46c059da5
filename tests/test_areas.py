"""Places: one province by the map of the day, one commune in two spellings."""

from datetime import date

import pytest

from cadre_rules.dossier.areas import Area
from cadre_rules.facts.maps import AreaMap
from small import vn

BEFORE, AFTER = date(2025, 6, 30), date(2025, 7, 1)


@pytest.fixture(scope="module")
def areas() -> AreaMap:
    return AreaMap(vn().rows["provinces"])


@pytest.mark.parametrize(
    ("one", "other", "on", "same"),
    [
        ("Tỉnh Bắc Giang", "tỉnh Bắc Ninh", BEFORE, False),
        ("Tỉnh Bắc Giang", "tỉnh Bắc Ninh", AFTER, True),
        ("Hoà Bình", "tỉnh Hòa Bình", BEFORE, True),
        ("Hòa Bình", "Phú Thọ", AFTER, True),
        ("Thừa Thiên Huế", "Huế", BEFORE, True),
        ("TP. Hồ Chí Minh", "Thành phố Hồ Chí Minh", AFTER, True),
        ("Bình Dương", "TP.HCM", AFTER, True),
        ("24", "Bắc Ninh", AFTER, True),
        ("Hà Tây", "Hà Nội", BEFORE, None),
        (None, "Hà Nội", BEFORE, None),
    ],
)
def test_a_merged_province_stays_home(areas: AreaMap, one: str | None, other: str, on: date, same: bool | None) -> None:  # noqa: FBT001
    assert areas.same(Area(province=one), Area(province=other), "province", on) is same


@pytest.mark.parametrize(
    ("one", "other", "level", "same"),
    [
        ("xã Phú Thủy, huyện Lệ Thủy, tỉnh Quảng Bình", "Xã Phú Thuỷ, Huyện Lệ Thuỷ, Quảng Bình", "commune", True),
        ("xã Phú Thủy, huyện Lệ Thủy, tỉnh Quảng Bình", "xã Mai Thủy, huyện Lệ Thủy, tỉnh Quảng Bình", "district", True),
        ("xã Phú Thủy, huyện Lệ Thủy, tỉnh Quảng Bình", "xã Mai Thủy, huyện Lệ Thủy, tỉnh Quảng Bình", "commune", False),
        ("huyện Lệ Thủy, tỉnh Quảng Bình", "tỉnh Quảng Bình", "district", None),
        ("huyện Lệ Thủy, tỉnh Quảng Bình", "tỉnh Quảng Trị", "district", False),
        ("xã A, huyện B, tỉnh Quảng Bình", "xã A, huyện C, tỉnh Quảng Bình", "commune", False),
    ],
)
def test_two_spellings_of_one_commune_are_one(areas: AreaMap, one: str, other: str, level: str, same: bool | None) -> None:  # noqa: FBT001
    assert areas.same(Area.model_validate(one), Area.model_validate(other), level, BEFORE) is same


def test_the_province_table_agrees_with_vietnamadminunits() -> None:
    package = pytest.importorskip("vietnamadminunits")
    rows = vn().rows["provinces"]
    assert len(rows) == 63
    assert len({row["successor"] for row in rows}) == 34
    for row in rows:
        found = package.convert_address(row["name"], mode="CONVERT_2025")
        assert (found.province_code, found.short_province) == (row["successor"], row["successor_name"])


def test_free_text_addresses_are_read_where_the_extra_is_installed() -> None:
    pytest.importorskip("vietnamadminunits")
    from cadre_rules.errors import SourceError
    from cadre_rules.sources.addresses import read_address

    area = read_address("Phú Hòa, Lương Tài Bắc Ninh", date(2021, 1, 1))
    assert (area.province, area.district, area.commune) == ("Tỉnh Bắc Ninh", "Huyện Lương Tài", "Xã Phú Hòa")
    assert read_address("xã Lương Tài tỉnh Bắc Ninh", date(2026, 1, 1)).district is None
    with pytest.raises(SourceError, match="no province"):
        read_address("zzz", date(2026, 1, 1))
