"""Columns are read as single dossiers are: the same are accepted, they come out the same, the same mistakes are told."""

import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cadre_rules.dossier.areas import Area
from cadre_rules.dossier.frames import frame_of, frame_schema
from cadre_rules.dossier.kinds import Dossier
from cadre_rules.dossier.models import DOSSIERS
from cadre_rules.dossier.reading import read_dossier
from cadre_rules.errors import DossierError, SourceError
from cadre_rules.sources import nesting
from cadre_rules.sources.batches import read_batches
from cadre_rules.sources.columns import read_columns
from cadre_rules.sources.rows import ROW, Batch
from drawn import drawn

FEWER = settings(max_examples=max(8, settings().max_examples // 20))
AREAS = st.sampled_from(["areas as text", "areas as fields", Area])


class _Plain(json.JSONEncoder):
    def default(self, o: Any) -> Any:
        return float(o) if isinstance(o, Decimal) else str(o)


def as_lines(dossiers: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(dossier, cls=_Plain, ensure_ascii=False) + "\n" for dossier in dossiers)


def singly(dossiers: list[dict[str, Any]]) -> tuple[dict[int, Dossier], set[tuple[int, str]]]:
    """Read each as `check` does: the good ones by line, and the line and field of every mistake."""
    good, mistakes = {}, set()
    for line, raw in enumerate(dossiers, 1):
        try:
            good[line] = read_dossier(raw)
        except DossierError as error:
            mistakes |= {(line, field) for field, _ in error.mistakes}
    return good, mistakes


def told(batches: list[Batch]) -> set[tuple[int, str]]:
    places = [re.search(r":(\d+): [^:]*: (.*)$", rejected.where) for batch in batches for rejected in batch.rejected]
    return {(int(found[1]), found[2]) for found in places if found is not None}


def same(batches: list[Batch], good: dict[int, Dossier]) -> None:
    rows = {int(row): batch.kind for batch in batches for row in batch.frame[ROW]}
    assert rows == {line: dossier.kind for line, dossier in good.items()}
    for batch in batches:
        if batch.frame.height:
            expected = frame_of([good[int(row)] for row in batch.frame[ROW]], batch.kind)
            frame = batch.frame.drop(ROW)
            assert frame.equals(expected.select(frame.columns)), batch.kind
            assert frame.schema == {name: frame_schema(batch.kind)[name] for name in frame.columns}


@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.002, 0.05]), AREAS)
@FEWER
def test_lines_are_accepted_and_read_as_single_dossiers_are(seed: int, wrong: float, areas: Any) -> None:
    random = Random(seed)
    dossiers = [drawn(random, wrong=wrong, areas=areas) | {"id": f"d{number}"} for number in range(12)]
    good, mistakes = singly(dossiers)
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(nesting, "_FEW", 2)
        path = Path(folder) / "a.jsonl"
        path.write_text(as_lines(dossiers), "utf-8")
        batches = list(read_batches(path))
    same(batches, good)
    assert told(batches) == mistakes


def as_parquet(dossiers: list[dict[str, Any]], kind: str, path: Path) -> bool:
    """Write dossiers as a table of the types they are typed in; False if one column would need two."""
    lines = [(number, line.encode()) for number, line in enumerate(as_lines(dossiers).splitlines(), 1)]
    for areas_as_text in (True, False):
        table = nesting._table(lines, kind, areas_as_text=areas_as_text)
        if table is not None:
            table.drop(ROW).write_parquet(path)
            return True
    return False


def test_lines_typed_as_the_schema_has_them_are_parsed_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nesting, "_slow", None)
    path = tmp_path / "a.jsonl"
    dossiers = [drawn(Random(seed), areas="areas as text") | {"id": f"d{seed}"} for seed in range(100)]
    path.write_text(as_lines([_with_plain_counts(dossier) for dossier in dossiers]), "utf-8")
    assert sum(batch.frame.height for batch in read_batches(path)) == 100


def _with_plain_counts(value: Any) -> Any:
    """Counts whose name means something else elsewhere must be typed as numbers: `number`, `posts`."""
    match value:
        case dict():
            return {
                name: int(inside)
                if name in ("number", "posts", "parts") and str(inside).strip().isdigit()
                else _with_plain_counts(inside)
                for name, inside in value.items()
            }
        case list():
            return [int(item) if isinstance(item, str) else _with_plain_counts(item) for item in value]
        case _:
            return value


@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.002, 0.02]), AREAS)
@FEWER
def test_a_parquet_file_is_read_as_single_dossiers_are(seed: int, wrong: float, areas: Any) -> None:
    random = Random(seed)
    dossiers = [drawn(random, wrong=wrong, areas=areas) | {"id": f"d{number}"} for number in range(12)]
    with TemporaryDirectory() as folder:
        for kind in DOSSIERS:
            of_kind = [dossier for dossier in dossiers if dossier["kind"] == kind]
            if of_kind and as_parquet(of_kind, kind, path := Path(folder) / f"{kind}.parquet"):
                good, mistakes = singly(of_kind)
                batches = list(read_batches(path, size=5))
                same(batches, good)
                assert told(batches) == mistakes


@pytest.mark.parametrize("kind", DOSSIERS)
def test_a_canonical_table_passes_as_it_is(kind: str, tmp_path: Path) -> None:
    dossiers = [drawn(Random(seed)) for seed in range(400)]
    good, _ = singly([dossier | {"id": f"d{number}"} for number, dossier in enumerate(dossiers) if dossier["kind"] == kind])
    frame = frame_of(list(good.values()), kind)
    assert read_columns(frame, DOSSIERS[kind], in_basis_points=True).frame.equals(frame)
    frame.write_parquet(tmp_path / "a.parquet", metadata=nesting.CANONICAL)
    (batch,) = read_batches(tmp_path / "a.parquet")
    assert batch.frame.drop(ROW).equals(frame)
    assert (batch.rejected, batch.frame[ROW].to_list()) == ((), list(range(1, len(good) + 1)))


ONE = {"kind": "statistics", "id": "s"}


@pytest.mark.parametrize(
    ("figure", "field"),
    [
        (pl.Series("percent", [10_001]), "percent"),
        (pl.Series("percent", [-1]), "percent"),
        (pl.Series("whole", [-1]), "whole"),
        (pl.Series("whole", [10**12]), "whole"),
        (pl.Series("whole", [1.0]), "whole"),
        (pl.Series("group", ["wmen"]), "group"),
        (pl.Series("title", [3]), "title"),
        (pl.Series("area", [3]), "area"),
        (pl.Series("parts", [3]), "parts"),
        (pl.Series("parts", [[3, None]]), "parts[1]"),
        (pl.Series("on", [{"earliest": date(2021, 2, 1), "latest": date(2021, 1, 1)}]), "on"),
        (pl.Series("on", [{"earliest": date(2021, 2, 1), "latest": None}]), "on"),
        (pl.Series("on", [10_000_000], dtype=pl.Int32).cast(pl.Date), "on"),
        (pl.Series("merged", [1]), "merged"),
        (pl.Series("age_basis", ["exactly"]), "age_basis"),
        (pl.Series("id", [None], dtype=pl.String), "id"),
    ],
)
def test_a_typed_column_is_checked_for_what_the_models_allow(figure: pl.Series, field: str) -> None:
    figures = pl.DataFrame([pl.Series("id", ["f"]), figure] if figure.name != "id" else [figure]).to_struct("figures")
    frame = pl.DataFrame(ONE).with_columns(figures.implode())
    read = read_columns(frame, DOSSIERS["statistics"], in_basis_points=True)
    assert [(wrong.row, wrong.field) for wrong in read.mistakes] == [(0, f"figures[0].{field}")]


def test_files_of_whole_dossiers_are_no_tables_though_they_are_called_so(tmp_path: Path) -> None:
    for name, kind in (("planning", "planning"), ("units", "unit")):
        dossier = read_dossier({"kind": kind, "id": name, "exceptions": []})
        frame_of([dossier], kind).write_parquet(tmp_path / f"{name}.parquet", metadata=nesting.CANONICAL)
    read = list(read_batches(tmp_path))
    assert [(batch.kind, batch.frame["id"].to_list(), batch.rejected) for batch in read] == [
        ("planning", ["planning"], ()),
        ("unit", ["units"], ()),
    ]


def test_a_whole_percentage_means_per_cent_unless_the_file_holds_canonical_tables(tmp_path: Path) -> None:
    frame = frame_of([read_dossier({**ONE, "figures": [{"id": "f", "percent": 24}]})], "statistics")
    for number, (metadata, percent) in enumerate([(nesting.CANONICAL, 24), (None, 24 * 100)]):
        given = frame.with_columns(
            pl.col("figures").list.eval(pl.element().struct.with_fields(pl.lit(24, pl.Int64).alias("percent")))
        )
        given.write_parquet(tmp_path / f"{number}.parquet", metadata=metadata)
        (batch,) = read_batches(tmp_path / f"{number}.parquet")
        assert batch.frame["figures"][0].struct.field("percent").to_list() == [percent]


GOOD = json.dumps({"kind": "body", "id": "b", "body": "committee", "members": [{"sex": "nữ"}]}, ensure_ascii=False)


@pytest.mark.parametrize(
    ("line", "where", "reason"),
    [
        (b"{", "2", "not JSON"),
        (b"3", "2: ?: kind", "is no kind of dossier"),
        (b"[]", "2: ?: kind", "is no kind of dossier"),
        (b'{"kind": "bodi", "id": "x"}', "2: x: kind", "did you mean 'body'?"),
        (b'{"kind": "body", "id": "x"}', "2: x: body", "is required"),
        (b'{"kind": "body", "id": "x", "body": "committee", "id": "y"}', "2", "key 'id' appears twice"),
        (b'{"kind": "body", "id": "x", "body": "committee", "memers": []}', "2: x: memers", "did you mean 'members'?"),
        (b'{"kind": "body", "id": "x", "body": "committee", "members": [{}, {"sex": "nu"}]}', "2: x: members[1].sex", "'nu'"),
        (b'{"kind": "body", "id": "x", "body": "committee", "seats_allowed": NaN}', "2", "NaN is no number"),
        (b'{"kind": "body", "id": "x", "body": "committee", "title": 3}', "2: x: title", "put it in quotes"),
        (b'{"kind": "body", "id": "x", "body": "committee", "title": "\xff"}', "2", "not UTF-8 text "),
        (b'{"kind": "body", "id": "x", "body": "committee", "title": "\\ud800"}', "2", "half of a character"),
        (b'{"kind": "body", "id": "\\ud800", "body": "x"}', "2", "half of a character"),
        (b'{"kind": "body", "id": "x", "body": "committee"} {"kind": "body", "id": "y", "body": "committee"}', "2", "not JSON"),
        (GOOD.encode(), "2: b: id", "a.jsonl:1 has this id"),
        (b'{"a":' * 5000, "2", "not JSON"),
        (GOOD.encode("utf-16")[2:].replace(b"\n", b""), "2", "not "),
    ],
)
def test_a_bad_line_is_told_by_its_number_and_hides_no_other(line: bytes, where: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    last = GOOD.replace('"id": "b"', '"id": "last"')
    path.write_bytes(b"\n".join([b"\xef\xbb\xbf" + GOOD.encode(), line, b"", last.encode() + b"\r\n"]))
    (batch,) = read_batches(path)
    assert batch.frame.select("id", ROW).rows() == [("b", 1), ("last", 4)]
    (rejected,) = batch.rejected
    assert rejected.where == f"{path}:{where}"
    assert reason in rejected.reason
    assert rejected.where.encode()


def test_several_kinds_are_read_from_one_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join([GOOD, json.dumps({**ONE}), GOOD.replace('"b"', '"c"'), json.dumps(ONE | {"id": "t"})]))
    found = [(batch.kind, batch.frame[ROW].to_list()) for batch in read_batches(path)]
    assert found == [("body", [1, 3]), ("statistics", [2, 4])]


def numbered(tmp_path: Path, ids: list[str]) -> Path:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(GOOD.replace('"b"', f'"{name}"') + "\n" for name in ids), "utf-8")
    return path


@pytest.mark.parametrize("skip", range(9))
def test_what_is_skipped_is_the_beginning_of_the_same_batches(skip: int, tmp_path: Path) -> None:
    ids = ["a", "b", "c", "a", "a", "a", "d", "e", "b", "f", "g"]
    path = numbered(tmp_path, ids)
    whole = list(read_batches(path, size=3))
    assert [name for batch in whole for name in batch.frame["id"]] == ["a", "b", "c", "d", "e", "f", "g"]
    assert [rejected.where for batch in whole for rejected in batch.rejected] == [
        f"{path}:{line}: {name}: id" for line, name in [(4, "a"), (5, "a"), (6, "a"), (9, "b")]
    ]
    rest = list(read_batches(path, size=3, skip=skip))
    assert [name for batch in rest for name in batch.frame["id"]] == ["a", "b", "c", "d", "e", "f", "g"][skip:]
    ends = [sum(batch.frame.height for batch in whole[:number]) for number in range(len(whole) + 1)]
    if skip in ends:
        kept = [(batch.frame.rows(), batch.rejected) for batch in whole[ends.index(skip) :]]
        assert [(batch.frame.rows(), batch.rejected) for batch in rest] == kept


def test_a_column_no_dossier_has_is_told_once_and_the_rest_is_read(tmp_path: Path) -> None:
    frame = pl.DataFrame({"kind": "statistics", "id": ["a", "b", "c"], "unti": "Sở A", "figures": [[{"id": "f", "hole": 3}]] * 3})
    frame.write_parquet(tmp_path / "a.parquet")
    batches = list(read_batches(tmp_path / "a.parquet", size=1))
    assert [batch.frame.height for batch in batches] == [1, 1, 1]
    assert [(told.where.rsplit(": ")[-1], told.reason) for batch in batches for told in batch.rejected] == [
        ("unti", "no such field; did you mean 'unit'?; it is not read"),
        ("figures.hole", "no such field; did you mean 'whole'?; it is not read"),
    ]


def test_a_table_may_hold_several_kinds(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"kind": ["body", "statistics", "bodi", None], "id": ["a", "b", "c", None], "body": ["committee", None, None, None]}
    )
    frame.write_parquet(tmp_path / "a.parquet")
    batches = list(read_batches(tmp_path / "a.parquet"))
    assert [(batch.kind, batch.frame.select("id", ROW).rows()) for batch in batches] == [
        ("body", [("a", 1)]),
        ("statistics", [("b", 2)]),
    ]
    assert [told.where.removeprefix(f"{tmp_path}/") for batch in batches for told in batch.rejected] == [
        "a.parquet:3: c: kind",
        "a.parquet:4: ?: kind",
    ]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.parquet", b"", "cannot be read"),
        ("a.parquet", b"PAR1 and no more", "cannot be read"),
        ("a.txt", b"", "is none of"),
        ("missing.parquet", None, "cannot be read"),
        ("missing.jsonl", None, "cannot be read"),
    ],
)
def test_a_source_that_cannot_be_read_says_so(name: str, content: bytes | None, reason: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=reason) as raised:
        list(read_batches(tmp_path / name))
    assert name in raised.value.location


def test_a_table_without_ids_has_no_row_that_is_a_dossier(tmp_path: Path) -> None:
    pl.DataFrame({"kind": ["statistics"] * 2, ROW: [7, 8]}).write_parquet(tmp_path / "a.parquet")
    (batch,) = read_batches(tmp_path / "a.parquet")
    assert (batch.frame.height, batch.frame.columns) == (0, ["kind", "id", ROW])
    assert [told.where.removeprefix(f"{tmp_path}/") for told in batch.rejected] == ["a.parquet:1: ?: id", "a.parquet:2: ?: id"]


def test_a_parquet_file_without_kinds_says_so(tmp_path: Path) -> None:
    pl.DataFrame({"id": ["a"]}).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(SourceError, match="no column `kind`"):
        list(read_batches(tmp_path / "a.parquet"))


@pytest.mark.parametrize(
    ("field", "twice"),
    [
        (pa.field("kind", pa.string()), "kind"),
        (pa.field("person", pa.struct([("name", pa.string()), ("name", pa.string())])), "name"),
        (pa.field("documents", pa.list_(pa.struct([("kind", pa.string()), ("kind", pa.int64())]))), "kind"),
    ],
)
def test_a_parquet_file_with_two_columns_of_a_name_says_so(field: pa.Field, twice: str, tmp_path: Path) -> None:
    schema = pa.schema([("id", pa.string()), ("kind", pa.string()), field])
    pq.write_table(schema.empty_table(), tmp_path / "a.parquet")
    with pytest.raises(SourceError, match=f"has more than one column `{twice}`"):
        list(read_batches(tmp_path / "a.parquet"))


def test_a_file_that_breaks_off_is_told_after_what_was_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"kind": "statistics", "id": [f"s{n}" for n in range(2000)]}).write_parquet(path, row_group_size=1000)
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2 - 200 : len(whole) // 2 + 200] = bytes(400)
    path.write_bytes(bytes(whole))
    with pytest.raises(SourceError, match="cannot be read from here on"):
        list(read_batches(path, size=500))
