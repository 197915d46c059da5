"""Of a Parquet file what is asked for is read, and what may be wrong: the same is accepted, the same mistakes are told."""

import gc
from datetime import date
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadre_rules.audits.hearing import Hearing
from cadre_rules.audits.kernel import BulkJudge
from cadre_rules.dossier.areas import Area
from cadre_rules.dossier.frames import SPAN, Fields, as_asked, frame_of, frame_schema
from cadre_rules.dossier.models import DOSSIERS
from cadre_rules.dossier.reading import read_dossier
from cadre_rules.errors import SourceError
from cadre_rules.expression import Call, Each, Field, Item, paths
from cadre_rules.rulebook.loading import load_rulebook
from cadre_rules.sources import leaves
from cadre_rules.sources.batches import read_batches
from cadre_rules.sources.leaves import leaves_of
from cadre_rules.sources.nesting import CANONICAL, NestedParquet, stretches_of
from cadre_rules.sources.rows import ROW
from drawn import drawn
from small import SMALL, appointment, copy_pack, small, vn
from test_columns import AREAS, FEWER, as_parquet, singly, told

AREA = pl.Struct(dict.fromkeys(Area.model_fields, pl.String))


def asked_of_all(kind: str) -> list[str]:
    """Return the paths of everything a kind of dossier states."""
    return sorted(_paths(frame_schema(kind), ""))


def _paths(schema: Any, before: str) -> set[str]:
    found = set()
    for name, dtype in schema.items():
        inner = dtype.inner if isinstance(dtype, pl.List) else dtype
        found.add(path := f"{before}{name}")
        if isinstance(inner, pl.Struct) and inner not in (SPAN, AREA):
            found |= _paths(inner.to_schema(), f"{path}.")
    return found


def only(frame: pl.DataFrame, kind: str, asked: Fields) -> pl.DataFrame:
    given = frame.schema
    columns = {name: dtype for name, dtype in frame_schema(kind, asked).items() if name in given}
    return frame.select(as_asked(pl.col(name), given[name], dtype).alias(name) for name, dtype in columns.items())


@given(
    st.integers(0, 2**32),
    st.sampled_from([0.0, 0.002, 0.02]),
    AREAS,
    st.sampled_from([0, 4, 10**6]),
    st.sampled_from([1, 3, 32]),
    st.integers(2, 7),
)
@FEWER
def test_what_is_asked_for_is_read_as_all_is_and_no_mistake_is_missed(
    seed: int, wrong: float, areas: Any, repeated: int, together: int, size: int
) -> None:
    random = Random(seed)
    dossiers = [drawn(random, wrong=wrong, areas=areas) | {"id": f"d{number}"} for number in range(16)]
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(leaves, "_REPEATED", repeated)
        patch.setattr(leaves, "_TOGETHER", together)
        for kind in DOSSIERS:
            of_kind = [dossier for dossier in dossiers if dossier["kind"] == kind]
            path = Path(folder) / f"{kind}.parquet"
            if of_kind and as_parquet(of_kind, kind, path):
                pq.write_table(pq.read_table(path), path, row_group_size=3)
                good, mistakes = singly(of_kind)
                every = asked_of_all(kind)
                asked = frozenset({"id", *random.sample(every, random.randint(0, len(every) // 2))})
                batches = list(read_batches(path, size=size, asked={kind: asked}.get))
                assert told(batches) == mistakes
                assert {int(row) for batch in batches for row in batch.frame[ROW]} == good.keys()
                for batch in batches:
                    expected = frame_of([good[int(row)] for row in batch.frame[ROW]], kind)
                    assert only(batch.frame, kind, asked).equals(only(expected.select(batch.frame.columns[:-1]), kind, asked))


BODY = {"kind": "body", "id": "b", "body": "committee"}


@pytest.mark.parametrize(
    ("stated", "read"),
    [
        ({"unit": "Sở A"}, []),
        ({"merged": True}, []),
        ({"seats_allowed": 3}, []),
        ({"seats_allowed": -1}, ["seats_allowed"]),
        ({"seats_allowed": 10**12}, ["seats_allowed"]),
        ({"seats_allowed": "3"}, ["seats_allowed"]),
        ({"on": date(2021, 5, 3)}, []),
        ({"on": "2021-05-03"}, ["on"]),
        ({"level": "province"}, ["level"]),
        ({"level": None}, []),
        ({"unti": "Sở A"}, ["unti"]),
        ({"area": "Hà Nội"}, ["area"]),
        ({"area": {"province": "Hà Nội"}}, []),
        ({"members": [{"name": "An", "new": True}]}, ["members.list.element.name"]),
        ({"members": [{"name": "An", "sex": "female"}]}, ["members.list.element.sex"]),
        ({"exceptions": [{"rule": "r", "entry": "e"}]}, ["exceptions.list.element.rule"]),
        ({"members": ["An"]}, ["members.list.element"]),
        (
            {"members": [{"birth_date": {"earliest": date(1970, 1, 1), "latest": date(1970, 12, 31)}}]},
            ["members.list.element.birth_date.earliest", "members.list.element.birth_date.latest"],
        ),
    ],
    ids=str,
)
def test_what_cannot_be_wrong_is_not_read_unless_it_is_asked_for(stated: dict[str, Any], read: list[str], tmp_path: Path) -> None:
    columns = {name: pl.Series([value, None], dtype=pl.Int64 if value is None else None) for name, value in stated.items()}
    pl.DataFrame({name: [value] * 2 for name, value in BODY.items()}).with_columns(**columns).write_parquet(
        tmp_path / "a.parquet"
    )
    with pq.ParquetFile(tmp_path / "a.parquet") as file:
        found = leaves_of(file.metadata, file.schema_arrow, lambda _: frozenset({"id"}))
    assert [column for column in found.read if column not in BODY] == read


@pytest.mark.parametrize(("name", "held"), [("on", pl.Date), ("seats_allowed", pl.Int64), ("merged", pl.Boolean)])
def test_a_column_of_texts_that_states_nothing_is_read_as_its_field_is(name: str, held: pl.DataType, tmp_path: Path) -> None:
    silent = pl.Series(name, [None] * 99, dtype=pl.String)
    pl.DataFrame({key: [value] * 99 for key, value in BODY.items()}).with_columns(silent).write_parquet(tmp_path / "a.parquet")
    (batch,) = read_batches(tmp_path / "a.parquet", asked=lambda _: frozenset({"id", name}))
    assert batch.frame[name].dtype == held


def test_a_file_of_several_kinds_is_read_whole(tmp_path: Path) -> None:
    pl.DataFrame({"kind": ["body", "unit"], "id": ["a", "b"], "title": ["A", "B"]}).write_parquet(tmp_path / "a.parquet")
    with pq.ParquetFile(tmp_path / "a.parquet") as file:
        assert leaves_of(file.metadata, file.schema_arrow, lambda _: frozenset({"id"})).read == ["kind", "id", "title"]


@pytest.mark.parametrize("form", [pa.string(), pa.dictionary(pa.int32(), pa.string())], ids=str)
def test_a_text_that_is_not_utf_8_breaks_a_file_off(form: pa.DataType, tmp_path: Path) -> None:
    broken = pa.array([b"\xff\xfe", b"A"], pa.binary()).view(pa.string()).cast(form)
    units = pa.StructArray.from_arrays([broken], ["unit"])
    table = pa.table({"kind": ["body"] * 2, "id": ["a", "b"], "body": ["committee"] * 2, "unit": broken, "area": units})
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(SourceError, match=r"cannot be read from here on: .*UTF8"):
        list(read_batches(tmp_path / "a.parquet"))


def test_the_paths_of_an_expression_are_those_it_reads() -> None:
    where = Call("equal", (Item(("kind",)), Field(("post", "title"))))
    counted = Each("count", ("person", "kin"), where)
    assert list(paths(Call("add", (counted, Each("any", ("steps",)))))) == [
        ("person", "kin"),
        ("person", "kin", "kind"),
        ("post", "title"),
        ("steps",),
    ]


@pytest.mark.parametrize("kind", ["appointment", "body"])
def test_a_judge_asks_for_what_its_rules_read_and_needs_no_more(kind: str) -> None:
    judge, today = BulkJudge(vn(), keep_verdicts=True), date(2026, 11, 25)
    random = Random(7)
    drawn_ones = [drawn(random) | {"id": f"d{number}"} for number in range(120)]
    good, _ = singly([one for one in drawn_ones if one["kind"] == kind])
    whole = frame_of(list(good.values()), kind)
    asked = judge.asked(kind)
    least = only(whole, kind, asked)
    assert least.estimated_size() < whole.estimated_size()
    full, lean = (judge.judge(kind, frame, today=today) for frame in (whole, least))
    assert full.verdicts.equals(lean.verdicts)
    assert full.findings.equals(lean.findings)
    assert full.findings.height > 0


@pytest.mark.parametrize("name", ["process_started", "effective", "term_ends"])
def test_a_day_nobody_states_is_none_though_its_column_was_not_read(name: str, tmp_path: Path) -> None:
    rulebook = load_rulebook(copy_pack(SMALL, tmp_path, [("rules.yaml", "before: decided", f"before: {name}")]))
    granted = {"rule": "deputies-limit", "decided_by": "T", "level": "province", "decided_on": "2021-05-01", "reason": "r"}
    dossier = appointment(deputies_after=9, exceptions=[granted], days={"decided": "2021-06-01"})
    frame = frame_of([read_dossier(dossier)], "appointment")
    unread = frame.with_columns(pl.col("days").struct.with_fields(pl.lit(None).alias(name)))
    assert unread["days"].struct.field(name).dtype == pl.Null
    for table in (frame, unread):
        found = BulkJudge(rulebook).judge("appointment", table, today=date(2026, 11, 25))
        assert found.exceptions["state"].to_list() == ["used"]


def test_a_table_that_was_judged_is_let_go_without_a_search_for_circles() -> None:
    judge, today = BulkJudge(small()), date(2026, 11, 25)
    frame = frame_of([read_dossier(appointment())], "appointment")
    judge.judge("appointment", frame, today=today)
    gc.collect()
    gc.disable()
    try:
        judge.judge("appointment", frame, today=today)
        assert [one for one in gc.get_objects() if isinstance(one, Hearing)] == []
    finally:
        gc.enable()


def test_what_states_nothing_in_a_part_or_a_list_is_not_read_but_is_there(tmp_path: Path) -> None:
    posts = [[{"title": None, "role": "head"}, {"title": None, "role": None}], None]
    dtype = pl.List(pl.Struct({"title": pl.String, "role": pl.String}))
    frame = pl.DataFrame({"kind": ["appointment"] * 2, "id": ["a", "b"], "person": [{"posts": one} for one in posts]})
    frame.cast({"person": pl.Struct({"posts": dtype})}).write_parquet(tmp_path / "a.parquet")
    (batch,) = read_batches(tmp_path / "a.parquet", asked=lambda _: frozenset({"id", "person.posts.title", "person.posts.role"}))
    (whole,) = read_batches(tmp_path / "a.parquet")
    held = batch.frame["person"].struct.field("posts")
    assert held.explode().struct.field("title").dtype == pl.Null
    assert held.to_list() == whole.frame["person"].struct.field("posts").to_list()
    assert batch.rejected == whole.rejected


@pytest.mark.parametrize(
    ("documents", "unread"),
    [
        pytest.param([("cv", True), ("photo", True)], True, id="all state it"),
        pytest.param([("cv", None), (None, True)], True, id="one seems not to, and is read after all"),
        pytest.param([("cv", True), ("photo", None)], False, id="one does not"),
        pytest.param([("cv", True), ("photo", False)], False, id="they state different ones"),
    ],
)
def test_a_yes_or_no_that_all_state_is_not_read_but_is_there(documents: list[Any], unread: bool, tmp_path: Path) -> None:  # noqa: FBT001  # a column of the table
    listed = [[{"kind": kind, "verified": yes} for kind, yes in documents], None, []]
    dtype = pl.List(pl.Struct({"kind": pl.String, "verified": pl.Boolean}))
    frame = pl.DataFrame({"id": ["a", "b", "c"], "documents": pl.Series(listed, dtype=dtype)})
    same = {"kind": pl.lit("appointment"), "decision": pl.lit("appointment")}
    frame.with_columns(**same).write_parquet(tmp_path / "a.parquet")

    def asked(_: str) -> Fields:
        return frozenset({"id", "documents.kind", "documents.verified"})

    schema = pq.read_schema(tmp_path / "a.parquet")
    chosen = leaves_of(pq.read_metadata(tmp_path / "a.parquet"), schema, asked)
    assert [one.field for one in chosen.alike.values()] == ["documents.verified"] * unread
    for size in (1, 100):
        read = pl.concat(batch.frame for batch in read_batches(tmp_path / "a.parquet", asked=asked, size=size))
        assert read["documents"].to_list() == listed


def test_a_part_that_is_not_stated_stays_so_wherever_a_batch_begins(tmp_path: Path) -> None:
    trainings: list[dict[str, Any] | None] = [None, {}, None, {}, {}, None, {}, None]
    dossiers = [read_dossier(appointment(id=str(number), training=training)) for number, training in enumerate(trainings)]
    frame_of(dossiers, "appointment").write_parquet(tmp_path / "a.parquet", row_group_size=4, metadata=CANONICAL)
    (stretch,) = stretches_of(tmp_path / "a.parquet", 8)
    batches = [batch.frame for batch in NestedParquet(stretch.path).read(stretch, 5)]
    assert [frame.height for frame in batches] == [5, 3]
    assert [training for frame in batches for training in frame["training"].is_null()] == [
        training is None for training in trainings
    ]
