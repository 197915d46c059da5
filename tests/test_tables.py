"""Normalised tables, wherever they are kept, say what the nested dossiers they were taken from say."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest

from cadre_rules.dossier.frames import frame_of, frame_schema
from cadre_rules.dossier.reading import read_dossier
from cadre_rules.errors import SourceError
from cadre_rules.sources.batches import read_batches
from cadre_rules.sources.mapping import Mapping
from cadre_rules.sources.rows import ROW, Batch
from drawn import drawn
from tabled import SOURCES, postgresql, stated, taken_apart


@pytest.fixture(scope="module", autouse=True)
def server() -> Iterator[None]:
    with postgresql():
        yield


def with_ids(value: Any, name: str) -> Any:
    """Give every part that has an id one of its own, as a table needs."""
    match value:
        case dict():
            given = {key: with_ids(inside, f"{name}.{key}") for key, inside in value.items()}
            needed = {key: given[key].strip() or "x" for key in ("rule", "criterion") if isinstance(given.get(key), str)}
            return given | needed | ({"id": name} if "id" in value else {})
        case list():
            return [with_ids(item, f"{name}[{at}]") for at, item in enumerate(value)]
        case _:
            return value


def unordered(value: Any) -> Any:
    match value:
        case dict():
            return {name: unordered(inside) for name, inside in value.items()}
        case list():
            return sorted(map(unordered, value), key=repr)
        case _:
            return value


def stated_by(batches: list[Batch]) -> dict[str, Any]:
    return {row["id"]: stated(row) for batch in batches for row in batch.frame.drop(ROW).to_dicts()}


@pytest.mark.parametrize(
    "source", [pytest.param(name, marks=() if name in ("csv", "sqlite") else pytest.mark.once) for name in SOURCES]
)
def test_tables_say_what_nested_dossiers_say(source: str, tmp_path: Path) -> None:
    dossiers = [with_ids(drawn(Random(seed), areas="areas as text"), f"d{seed:03}") for seed in range(120)]
    batches = list(read_batches(SOURCES[source](taken_apart(dossiers), tmp_path), size=17))
    assert [rejected for batch in batches for rejected in batch.rejected] == []
    for batch in batches:
        types = frame_schema(batch.kind) | {ROW: pl.UInt64()}
        assert dict(batch.frame.schema) == {name: types[name] for name in batch.frame.columns}
    expected: dict[str, Any] = {}
    for dossier in map(read_dossier, dossiers):
        (row,) = frame_of([dossier], dossier.kind).to_dicts()
        expected[dossier.id] = stated(row)
    in_order = source in ("csv", "parquet")  # the rows of a database have none
    assert stated_by(batches) == expected if in_order else unordered(stated_by(batches)) == unordered(expected)
    assert max(batch.frame.height for batch in batches) <= 17


def texts(**tables: str) -> Callable[[Path], str]:
    """Write CSV files; the first line of each is its heading."""

    def write(folder: Path) -> str:
        for name, text in tables.items():
            (folder / f"{name}.csv").write_text(text, "utf-8")
        return str(folder)

    return write


def told(source: Path | str, **options: Any) -> list[tuple[str, str]]:
    batches = list(read_batches(source, **options))
    return [(one.where.removeprefix(f"{source}/").removeprefix(str(source)), one.reason) for b in batches for one in b.rejected]


DECISIONS = "id,decision,person_id,Họ và tên\nd1,bổ nhiệm,p1,A\nd2,bổ nhiệm,p2,B\n"


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        ({"posts": "person_id,start\np1,hôm qua\n"}, [("posts.csv:2: p1: start", "not a date")]),
        ({"posts": "person_id,start\np1,2001\n\np9,2001\n"}, [("posts.csv:4: p9: person_id", "no dossier has a row with this id")]),
        ({"posts": "person_id,start\n,2001\n"}, [("posts.csv:2: ?: person_id", "does not say whose row it is")]),
        ({"decisions": "decision\nbổ nhiệm\n", "steps": "decision_id,number\nd1,1\n"}, [("steps.csv", "no column says whose rows these are")]),
        ({"posts": "start\n2001\n"}, [("posts.csv", "no column says whose rows these are")]),
        ({"posts": "person_id,strat\np1,2001\n"}, [("posts.csv: strat", "no such column; did you mean 'start'?; it is not read")]),
        ({"posts": "person_id,start,start\np1,2001,2002\n"}, [("posts.csv: start", "a second column with this heading")]),
        ({"posts": "person_id,start\np1,2001,x\n"}, [("posts.csv:2", "has 3 cells, its heading 2")]),
        ({"posts": "person_id,start\np1\n"}, [("posts.csv:2", "has 1 cells, its heading 2")]),
        ({"post": "person_id,start\np1,2001\n"}, [("post.csv", "no such table; did you mean 'posts'?; it is not read")]),
        ({"steps": "decision_id,votes_for\nd1,-1\nd2,x\n"}, [("steps.csv:2: d1: votes_for", ""), ("steps.csv:3: d2: votes_for", "")]),
        ({"exceptions": "decision_id,reason\nd1,x\n"}, [("exceptions.csv:2: d1: rule", "is required")]),
        ({"persons": "id,sex\np1,nữ\np1,nam\np2,femal\n"}, [("persons.csv:4: p2: sex", "did you mean 'female'?"), ("persons.csv:3: p1: id", "an earlier row has this id")]),
        ({"persons": "id,sex\np1,nữ\np7,nam\n"}, [("persons.csv", "1 people are in no dossier")]),
        ({"decisions": DECISIONS + "d1,bổ nhiệm,p3,C\n"}, [("decisions.csv:4: d1: id", "decisions.csv:2 has this id")]),
        ({"decisions": DECISIONS + ",bổ nhiệm,p3,C\n"}, [("decisions.csv:4: ?: id", "is required")]),
        ({"decisions": DECISIONS + "d3,thăng chức,p3,C\n"}, [("decisions.csv:4: d3: decision", "is not a known code")]),
        ({"decisions": DECISIONS + "d3,,p3,C\n"}, [("decisions.csv:4: d3: decision", "is required")]),
        ({"decisions": DECISIONS.replace("Họ và tên", "Cấp")}, [("decisions.csv: Cấp", "can mean 'authority.level' or 'post.level'")]),
        ({"decisions": DECISIONS.replace("Họ và tên", "Chức vụ hiện nay")}, [("decisions.csv: Chức vụ hiện nay", "no history of posts")]),
        ({"decisions": DECISIONS.replace("Họ và tên", "Ghi chú")}, []),
        ({"decisions": DECISIONS.replace(",", ";")}, []),
        ({"decisions": DECISIONS.replace(",", "\t")}, []),
        ({"decisions": DECISIONS.replace("\n", "\r\n")}, []),
        ({"ratings": "person_id;year;level\np1;2020;Hoàn thành tốt nhiệm vụ\n"}, []),
        ({"ratings": "decision_id,year\nd1,2020.0\n"}, []),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_read_is_told_by_its_file_and_line(
    tables: dict[str, str], expected: list[tuple[str, str]], tmp_path: Path
) -> None:
    found = told(texts(**{"decisions": DECISIONS, **tables})(tmp_path))
    assert [where for where, _ in found] == [where for where, _ in expected]
    for (_, reason), (_, wanted) in zip(found, expected, strict=True):
        assert wanted in reason


def test_a_bad_row_of_a_list_rejects_its_dossier_and_no_other(tmp_path: Path) -> None:
    source = texts(decisions=DECISIONS, posts="person_id,start\np1,hôm qua\np2,2001\n")(tmp_path)
    (batch,) = read_batches(source)
    assert batch.frame["id"].to_list() == ["d2"]
    assert len(batch.frame["person"][0]["posts"]) == 1


@pytest.mark.parametrize(("complete", "kin"), [([], [None, 1]), (["kin"], [0, 1])])
def test_a_list_without_rows_is_unknown_unless_said_to_be_complete(
    complete: list[str], kin: list[int | None], tmp_path: Path
) -> None:
    source = texts(decisions=DECISIONS, kin="person_id,relation\np2,con đẻ\n")(tmp_path)
    (batch,) = read_batches(source, mapping=Mapping(complete=complete))
    assert [None if person["kin"] is None else len(person["kin"]) for person in batch.frame["person"]] == kin


@pytest.mark.parametrize("link", ["person_id", "decision_id"])
def test_people_may_have_a_table_of_their_own(link: str, tmp_path: Path) -> None:
    decisions = DECISIONS if link == "person_id" else "id,decision\nd1,bổ nhiệm\nd2,bổ nhiệm\n"
    persons = "id,Giới tính\np1,nữ\np2,nam\n" if link == "person_id" else "id,decision_id,Giới tính\np1,d1,nữ\np2,d2,nam\n"
    source = texts(decisions=decisions, persons=persons, posts="person_id,title\np2,X\np1,Y\np2,Z\n")(tmp_path)
    (batch,) = read_batches(source)
    assert batch.rejected == ()
    people = batch.frame["person"].to_list()
    assert [(person["id"], person["sex"], [post["title"] for post in person["posts"]]) for person in people] == [
        ("p1", "female", ["Y"]),
        ("p2", "male", ["X", "Z"]),
    ]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("decisions.csv", b"id,decision\nd1,b\xf4 nhi\xeam\n", "not UTF-8 text"),
        ("other.csv", b"id,decision\n", "has no table of dossiers"),
        ("a.sqlite", b"this is no database, only a file with a name", "cannot be read"),
        ("a.duckdb", b"this is no database, only a file with a name", "cannot be read"),
        ("missing.db", None, "no such file"),
        ("a.xlsx", b"this is no workbook", "cannot be read as a workbook"),
    ],
)
def test_tables_that_cannot_be_read_say_so(name: str, content: bytes | None, reason: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=reason):
        list(read_batches(tmp_path / name))


def test_a_server_that_does_not_answer_is_told_without_its_password() -> None:
    with pytest.raises(SourceError, match="cannot be read") as raised:
        list(read_batches("postgresql://audit:secret@127.0.0.1:9/nothing"))
    assert "secret" not in str(raised.value)


def test_a_utf_16_file_of_a_spreadsheet_is_read(tmp_path: Path) -> None:
    (tmp_path / "decisions.csv").write_text(DECISIONS.replace(",", "\t"), "utf-16")
    (batch,) = read_batches(tmp_path / "decisions.csv")
    assert batch.frame["id"].to_list() == ["d1", "d2"]


MAPPING = """tables:
  QD:
    table: decisions
    columns: {SO_QD: id, MA_CB: person.id, LOAI: decision, CHUC: post.title}
    codes:
      decision: {1: bổ nhiệm, "02": transfer}
    set: {source: tại chỗ}
    ignore: [GHI]
  QT:
    table: posts
    columns: {MA_CB: person_id, TU: start}
  NHAT_KY: {ignored: true}
complete: [kin]
"""


def test_a_mapping_file_turns_foreign_tables_into_ours(tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text(MAPPING, "utf-8")
    folder = tmp_path / "in"
    folder.mkdir()
    tables = {
        "QD": "SO_QD,MA_CB,LOAI,CHUC,GHI\nq1,c1,1,Giám đốc,x\nq2,c2,02,,x\n",
        "QT": "MA_CB,TU\nc1,03/2001\n",
        "NHAT_KY": "a\n1\n",
    }
    (batch,) = read_batches(texts(**tables)(folder), mapping=tmp_path / "map.yaml")
    assert batch.rejected == ()
    rows = batch.frame.to_dicts()
    assert [(row["id"], row["decision"], row["source"], row["post"] and row["post"]["title"]) for row in rows] == [
        ("q1", "appointment", "internal", "Giám đốc"),
        ("q2", "transfer", "internal", None),
    ]
    assert [row["person"]["posts"] and len(row["person"]["posts"]) for row in rows] == [1, None]


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("table: decisions", "table: decisoins", 3, "no such table 'decisoins'; did you mean 'decisions'?"),
        ("CHUC: post.title", "CHUC: post.titel", 4, "'post.titel': no such column; did you mean 'post.title'?"),
        ("CHUC: post.title", "CHUC: level", 4, "can mean 'authority.level' or 'post.level'"),
        ("      decision:", "      decison:", 6, "no such field 'decison'; did you mean 'decision'?"),
        ('"02": transfer', '"02": transfr', 6, "did you mean 'transfer'?"),
        ("source: tại chỗ", "source: đâu đó", 7, "'đâu đó' is not a known code"),
        ("    ignore:", "    ignor:", 8, "no such word; did you mean 'ignore'?"),
        ("tables:", "table:", 1, "no such word; did you mean 'tables'?"),
        ("complete: [kin]", "complete: [kins]", 13, "'kins' is no list; did you mean 'kin'?"),
        ("    table: posts\n", "", 9, "'QT': say which of our tables it is"),
        ("ignored: true", "ignored: maybe", 12, "ignored"),
        ("  QT:", "  QD:", 9, "'QD' appears twice"),
        ("complete: [kin]", "complete: [kin", 13, "not YAML"),
    ],
)
def test_a_mistake_in_a_mapping_file_is_told_by_its_line(old: str, new: str, line: int, reason: str, tmp_path: Path) -> None:
    assert MAPPING.count(old) == 1
    path = tmp_path / "map.yaml"
    path.write_text(MAPPING.replace(old, new), "utf-8")
    with pytest.raises(SourceError) as raised:
        list(read_batches(tmp_path, mapping=path))
    assert reason in raised.value.reason
    assert raised.value.location in (f"{path}:{line}", f"{path}:{line + 1}") if "YAML" in reason else f"{path}:{line}"


def test_every_mistake_of_a_mapping_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(MAPPING.replace("post.title", "post.titel").replace("[kin]", "[kins]"), "utf-8")
    with pytest.raises(SourceError, match=r"post\.titel.*line 13: 'kins'"):
        list(read_batches(tmp_path, mapping=path))


@pytest.mark.parametrize("source", ["parquet", "duckdb", "sqlite", "postgresql"])
def test_columns_of_a_database_may_have_their_own_types(source: str, tmp_path: Path) -> None:
    decisions = pl.DataFrame(
        {
            "id": [10, 9, 2],
            "decision": ["bổ nhiệm"] * 3,
            "decided": [date(2021, 5, 3), None, date(2022, 1, 1)],
            "first_time": [1, 0, None] if source == "sqlite" else [True, False, None],
            "deputies_after": [1.0, 2.0, None],
        }
    )
    steps = pl.DataFrame({"decision_id": [2, 10, 10], "number": [1, 1, 2], "held_on": [datetime(2021, 1, 2, tzinfo=UTC)] * 3})
    held = steps.with_columns(pl.col("held_on").dt.replace_time_zone(None))
    batches = list(read_batches(SOURCES[source]({"decisions": decisions, "steps": held}, tmp_path), size=2))
    assert [rejected for batch in batches for rejected in batch.rejected] == []
    found = {row["id"]: stated(row) for batch in batches for row in batch.frame.to_dicts()}
    assert list(found) == (["10", "9", "2"] if source == "parquet" else ["2", "9", "10"])
    assert (found["10"]["days"], found["10"]["first_time"], found["9"]["deputies_after"]) == ({"decided": "2021-05-03"}, True, 2)
    assert [step["number"] for step in found["10"]["steps"]] == [1, 2]
    assert found["2"]["steps"] == [{"number": 1, "held_on": "2021-01-02"}]
