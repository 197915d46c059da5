"""Dossiers are read the way people type them, and every mistake in one is told at once."""

import io
import json
import sys
import unicodedata
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from cadre_rules.dossier.collectives import Body
from cadre_rules.dossier.fields import field_at, field_name
from cadre_rules.dossier.people import Appointment
from cadre_rules.dossier.reading import read_dossier
from cadre_rules.dossier.subjects import subjects_of
from cadre_rules.dossier.values import PartialDate, parse_count, parse_day, parse_flag, parse_loose_day, parse_percent
from cadre_rules.errors import DossierError, SourceError
from cadre_rules.findings import Report
from cadre_rules.names import clean, fold
from cadre_rules.sources.files import Rejected, read_dossiers
from small import appointment, outcomes, report_of

FIXTURES = Path(__file__).parent.parent / "fixtures"

NESTED: list[Any] = []
for _ in range(5_000):
    NESTED = [NESTED]


def partial(first: str, last: str) -> PartialDate:
    return PartialDate(date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("2021-05-03", date(2021, 5, 3)),
        ("03/05/2021", date(2021, 5, 3)),
        ("3/5/2021", date(2021, 5, 3)),
        ("3.5.2021", date(2021, 5, 3)),
        ("3-5-2021", date(2021, 5, 3)),
        ("ngày 3 tháng 5 năm 2021", date(2021, 5, 3)),
        ("Ngày  03 tháng 05 năm 2021 ", date(2021, 5, 3)),
        (unicodedata.normalize("NFD", "ngày 3 tháng 5 năm 2021"), date(2021, 5, 3)),
        (date(2021, 5, 3), date(2021, 5, 3)),
        ("1975", partial("1975-01-01", "1975-12-31")),
        (1975, partial("1975-01-01", "1975-12-31")),
        ("năm 1975", partial("1975-01-01", "1975-12-31")),
        ("02/1976", partial("1976-02-01", "1976-02-29")),
        ("2/1976", partial("1976-02-01", "1976-02-29")),
        ("1976-02", partial("1976-02-01", "1976-02-29")),
        ("tháng 12 năm 1976", partial("1976-12-01", "1976-12-31")),
        ("9999-12", partial("9999-12-01", "9999-12-31")),
        ("12/9999", partial("9999-12-01", "9999-12-31")),
        ("9999", partial("9999-01-01", "9999-12-31")),
    ],
)
def test_a_day_is_read_as_people_type_it(typed: object, expected: object) -> None:
    assert parse_loose_day(typed) == expected
    if isinstance(expected, date):
        assert parse_day(typed) == expected


@pytest.mark.parametrize(
    "typed",
    ["31/02/2021", "2021-02-29", "13/2021", "0/2021", "0000", "", "hôm qua", True, 1.5, None, [], "2021-13", "99999", 20210503.0],
)
def test_what_is_no_day_is_refused(typed: object) -> None:
    with pytest.raises(ValueError, match="not a date"):
        parse_loose_day(typed)


@pytest.mark.parametrize("typed", ["1975", "02/1976", 1975])
def test_a_decision_has_a_whole_day(typed: object) -> None:
    with pytest.raises(ValueError, match="not a date"):
        parse_day(typed)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("24,01 %", 2401), ("24.01", 2401), (24, 2400), ("24", 2400), (0, 0), ("100", 10_000), ("33,339", 3333), (0.5, 50)],
)
def test_a_percentage_becomes_basis_points(typed: object, expected: int) -> None:
    assert parse_percent(typed) == expected


@pytest.mark.parametrize("typed", ["101", -1, "một nửa", True, "NaN", "Infinity", "sNaN", "1e999999999", None, ""])
def test_what_is_no_percentage_is_refused(typed: object) -> None:
    with pytest.raises(ValueError, match="not a percentage"):
        parse_percent(typed)


@pytest.mark.parametrize(("typed", "expected"), [("12", 12), (12, 12), (" 7 ", 7), (0, 0), (10**12 - 1, 10**12 - 1)])
def test_a_count_is_read(typed: object, expected: int) -> None:
    assert parse_count(typed) == expected


@pytest.mark.parametrize("typed", [-1, "-1", 1.5, "1.5", "²", "١٢", True, None, 10**12, "9" * 13, "một"])
def test_what_is_no_count_is_refused(typed: object) -> None:
    with pytest.raises(ValueError, match="not a whole number"):
        parse_count(typed)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        *((typed, True) for typed in (True, "có", "CÓ", "co", "x", "1", "yes", "đúng")),
        *((typed, False) for typed in (False, "không", "Không ", "khong", "no", "0", "sai")),
    ],
)
def test_yes_and_no_are_read(typed: object, *, expected: bool) -> None:
    assert parse_flag(typed) is expected
    if isinstance(typed, str):
        assert parse_flag(unicodedata.normalize("NFD", typed)) is expected


@pytest.mark.parametrize("typed", ["maybe", 1, 0, None, "", []])
def test_what_is_neither_yes_nor_no_is_refused(typed: object) -> None:
    with pytest.raises(ValueError, match="neither yes nor no"):
        parse_flag(typed)


@pytest.mark.parametrize(
    ("field", "typed", "code"),
    [
        ("sex", "Nữ", "female"),
        ("sex", unicodedata.normalize("NFD", "nữ"), "female"),
        ("sex", "female", "female"),
        ("degree", "Thạc sĩ", "master"),
        ("degree", "ĐẠI HỌC", "university"),
        ("theory", "cao cấp", "advanced"),
        ("theory", "bachelor of politics", "bachelor"),
    ],
)
def test_a_code_may_be_given_by_its_name(field: str, typed: str, code: str) -> None:
    dossier = read_dossier(appointment(person={field: typed}))
    assert isinstance(dossier, Appointment)
    assert getattr(dossier.person, field) == code


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("ủy ban", "uỷ ban", True),
        ("Hoà Bình", "hòa  bình", True),
        ("Thanh Hoá", "THANH HÓA", True),
        ("thuỳ", "thùy", True),
        ("ủy ban", "ụy ban", False),
        ("bí thư", "bi thu", False),
        ("Đà", "Da", False),
        ("tổ", "tô", False),
    ],
)
def test_names_compare_by_what_is_meant(one: str, other: str, *, same: bool) -> None:
    for form in ("NFC", "NFD", "NFKC"):
        assert (fold(unicodedata.normalize(form, one)) == fold(other)) is same


def test_text_is_kept_in_one_form() -> None:
    assert clean(unicodedata.normalize("NFD", " Bí   thư\n")) == "Bí thư"
    dossier = read_dossier(appointment(title=unicodedata.normalize("NFD", "  Bí  thư ")))
    assert next(subjects_of(dossier)).title == "Bí thư"


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_title_typed_with_loose_accents_meets_the_rule(form: Any) -> None:
    raw = appointment(person={"planning": []}, post={"title": unicodedata.normalize(form, "Bí thư")})
    assert outcomes(raw)["planned-before"] == "satisfied"


@pytest.mark.parametrize(
    ("changes", "mistakes"),
    [
        ({"persons": {}}, [("persons", "no such field; did you mean 'person'?")]),
        ({"person": {"brith_date": 1975}}, [("person.brith_date", "no such field; did you mean 'birth_date'?")]),
        ({"person": {"sex": "femal"}}, [("person.sex", "'femal' is not a known code; did you mean 'female'?")]),
        ({"person": {"sex": 3}}, [("person.sex", "'3' is not a known code; one of: female, male")]),
        ({"days": {"decided": "31/02/2021"}}, [("days.decided", "not a date; write 2021-05-03 or 03/05/2021")]),
        ({"steps": [{}, {"votes_for": -1}]}, [("steps[1].votes_for", "not a whole number from 0 up")]),
        ({"decision": "promote"}, [("decision", None)]),
        ({"exceptions": [{}]}, [("exceptions[0].rule", "is required")]),
        ({"post": {"area": {"ward": "x"}}}, [("post.area.ward", None)]),
        ({"id": 5}, [("id", "not a text; put it in quotes")]),
        ({"person": []}, [("person", "not a mapping of fields")]),
        ({"steps": {}}, [("steps", "not a list")]),
    ],
)
def test_a_mistake_names_its_field_and_what_was_meant(changes: Any, mistakes: list[tuple[str, str | None]]) -> None:
    with pytest.raises(DossierError) as raised:
        read_dossier(appointment(**changes))
    for (field, reason), (wanted_field, wanted) in zip(raised.value.mistakes, mistakes, strict=True):
        assert (field, reason if wanted else None) == (wanted_field, wanted)
    assert raised.value.field == mistakes[0][0]


def test_every_mistake_is_told_at_once() -> None:
    raw = appointment(persons={}, steps=[{"votes_for": "x"}], days={"decided": "soon"}, title=3, deputies_after=-1)
    with pytest.raises(DossierError) as raised:
        read_dossier(raw)
    assert {field for field, _ in raised.value.mistakes} == {
        "persons",
        "steps[0].votes_for",
        "days.decided",
        "title",
        "deputies_after",
    }
    assert str(raised.value).count("\n") == 4


@pytest.mark.parametrize(
    ("raw", "hint"),
    [
        ({"kind": "apointment"}, "did you mean 'appointment'?"),
        ({"kind": 3}, "one of: appointment"),
        ({}, "one of: appointment"),
        ([], "one of: appointment"),
        ("text", "one of: appointment"),
        (None, "one of: appointment"),
        ({"kind": ["appointment"]}, "is no kind of dossier"),
        ({"kind": NESTED, "id": NESTED}, "is no kind of dossier"),
        ({"id": "d"}, "is required; one of: appointment"),
    ],
)
def test_a_dossier_says_what_kind_it_is(raw: Any, hint: str) -> None:
    with pytest.raises(DossierError) as raised:
        read_dossier(raw)
    assert raised.value.field == "kind"
    assert hint in raised.value.reason


def test_what_pyyaml_makes_of_the_word_on_is_read_as_the_word() -> None:
    plain = yaml.safe_load((FIXTURES / "report-figures.yaml").read_text("utf-8"))
    assert True in plain
    (same,) = read_dossiers(str(FIXTURES / "report-figures.yaml"))
    assert read_dossier(plain) == same
    with pytest.raises(DossierError, match="put it in quotes"):
        read_dossier({"kind": "body", "id": "b", "body": "committee", "members": [{1: "x"}]})


def test_an_area_is_taken_apart_from_its_end() -> None:
    where = "Xã Định Long, huyện Yên Định, Thanh Hoá"
    dossier = read_dossier({"kind": "body", "id": "b", "body": "ban chấp hành", "area": where})
    assert isinstance(dossier, Body)
    assert dossier.area is not None
    assert (dossier.area.province, dossier.area.district, dossier.area.commune) == ("Thanh Hoá", "huyện Yên Định", "Xã Định Long")


def read(tmp_path: Path, name: str, text: str | bytes) -> list[Any]:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(read_dossiers(str(path)))


GOOD = json.dumps(appointment())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", GOOD),
        ("a.json", f"[{GOOD}]"),
        ("a.json", f'{{"dossiers": [{GOOD}]}}'),
        ("a.yaml", GOOD),
        ("a.yaml", "kind: appointment\nid: d\ndecision: bổ nhiệm\ndeputies_after: 1\n"),
        ("a.json", b"\xef\xbb\xbf" + GOOD.encode()),
        ("a.yaml", b"\xef\xbb\xbfkind: appointment\nid: d\ndecision: appointment\n"),
        ("a.yaml", "kind: appointment\r\nid: d\r\ndecision: appointment\r\n"),
        ("a.yaml", unicodedata.normalize("NFD", "kind: appointment\nid: d\ndecision: bổ nhiệm\n")),
    ],
)
def test_a_file_holds_one_dossier_or_several(name: str, text: str | bytes, tmp_path: Path) -> None:
    assert [dossier.id for dossier in read(tmp_path, name, text)] == ["d"]


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("a.json", "", "not JSON"),
        ("a.yaml", "", "holds no dossier"),
        ("a.yaml", "- ", "is no kind of dossier"),
        ("a.json", "[]", "holds no dossier"),
        ("a.json", "{}", "holds no dossier"),
        ("a.json", "3", "holds no dossier"),
        ("a.json", '{"kind": 1, "kind": 2}', "key 'kind' appears twice"),
        ("a.json", '[{"a": {"b": 1, "b": 1}}]', "key 'b' appears twice"),
        ("a.json", '{"deputies_after": NaN}', "NaN is no number"),
        ("a.json", '{"deputies_after": -Infinity}', "-Infinity is no number"),
        ("a.json", "[" * 100_000, "not JSON"),
        ("a.json", "{" + '"a":{' * 5000, "not JSON"),
        ("a.json", '{"a": ' + "9" * 5000 + "}", "not JSON"),
        ("a.json", '{"kind": "body",', "a.json:1"),
        ("a.json", b'{"kind": "\xff"}', "not UTF-8 text (byte 10)"),
        ("a.json", GOOD.encode("utf-16"), "not UTF-8"),
        ("a.yaml", "kind: x\nkind: y\n", "'kind' appears twice"),
        ("a.yaml", "a: &x 1\nb: *x\n", "anchors are not allowed"),
        ("a.yaml", "[" * 5000, "nest"),  # by us, or by a libyaml that counts too
        ("a.yaml", "a: 2021-02-29", "is not a date"),
        ("a.yaml", b"a: \xff", "not UTF-8"),
        ("a.yaml", b"a: \x00", "not YAML"),
        ("a.yaml", "\tkind: body", "not YAML"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(name: str, text: str | bytes, reason: str, tmp_path: Path) -> None:
    if reason == "is no kind of dossier":
        (rejected,) = read(tmp_path, name, text)
        assert reason in rejected.reason
        return
    with pytest.raises(SourceError) as raised:
        read(tmp_path, name, text)
    assert reason in str(raised.value)
    assert str(tmp_path) in raised.value.location


@pytest.mark.parametrize("name", ["missing.yaml", "missing.json", "."])
def test_a_file_that_is_not_there_is_told(name: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        list(read_dossiers(str(tmp_path / name)))


def test_a_file_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cadre_rules.sources.files.MAX_BYTES", 50)
    with pytest.raises(SourceError, match="larger than 50 bytes"):
        read(tmp_path, "a.json", GOOD)


@pytest.mark.parametrize("text", [GOOD, "kind: appointment\nid: d\ndecision: appointment\n"])
def test_standard_input_is_read_as_json_or_yaml(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert [dossier.id for dossier in read_dossiers("-") if not isinstance(dossier, Rejected)] == ["d"]


def test_a_bad_dossier_hides_no_good_one_and_is_told_with_its_line(tmp_path: Path) -> None:
    text = """dossiers:
  - {kind: body, id: one, body: committee}
  - kind: body
    id: two
    body: committee
    members:
      - {sex: nữ}
      - {sex: khác}
    ²: 1
  - {kind: body, id: one, body: committee}
  - 3
  - {kind: body, id: three, body: committee}
"""
    found = read(tmp_path, "a.yaml", text)
    assert [dossier.id for dossier in found if not isinstance(dossier, Rejected)] == ["one", "three"]
    told = [(one.where.removeprefix(f"{tmp_path}/"), one.reason) for one in found if isinstance(one, Rejected)]
    assert [where for where, _ in told] == [
        "a.yaml:8: two: members[1].sex",
        "a.yaml:9: two: ²",
        "a.yaml:10: one: id",
        "a.yaml:11: ?: kind",
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"days": {"decided": "9999-12-31", "process_started": "9999-12-31", "effective": "9999-12-31"}},
        {"days": {"decided": "0001-01-01", "process_started": "0001-01-01", "effective": "0001-01-01"}},
        {"person": {"discipline": [{"form": "reprimand", "decided_on": "31/12/9999"}]}},
        {"person": {"birth_date": "9999-12", "planning": [], "kin": []}},
        {"steps": [{"votes_for": 10**12 - 1}] * 50},
        {"person": None, "post": None, "days": None, "steps": None},
        {"person": {}, "post": {}, "days": {}, "steps": []},
    ],
)
def test_values_at_the_edge_are_judged_without_a_fault(changes: Any) -> None:
    assert isinstance(report_of(appointment(**changes)), Report)
    entry = {"id": "e", "birth_date": changes.get("days", {}) and "0001"}
    if entry["birth_date"]:
        plan = {"kind": "planning", "id": "p", "approved_on": changes["days"]["decided"], "entries": [entry]}
        assert isinstance(report_of(plan), Report)


@pytest.mark.parametrize("path", ["unit_target_percent", "ratings[0].late_tasks", "ratings[2].points"])
def test_a_percentage_is_told_as_one_whatever_its_field_is_called(path: str) -> None:
    info = field_at("leader", path)
    assert info is not None
    assert info.text(2401, "vi") == "24,01 %"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("post.area", "area the post serves (post to be filled)"),
        ("post.area.province", "area the post serves (post to be filled): province"),
        ("person.posts", "posts held (person)"),
        ("person.posts[1].end", "last day (posts held (person), row 2)"),
        ("person.posts[0].area.commune", "area the post serves (posts held (person), row 1): commune"),
        ("nothing", "nothing"),
    ],
)
def test_a_field_is_named_by_its_label_its_list_and_its_row(path: str, name: str) -> None:
    assert field_name("appointment", path, "en") == name
