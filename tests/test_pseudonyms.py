"""With pseudonyms nothing that leaves says who is meant, and what is found is found all the same."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from cadre_rules import check
from cadre_rules import expression as ex
from cadre_rules.audits.running import audit
from cadre_rules.audits.veiling import veiled_frame
from cadre_rules.cli import main
from cadre_rules.cli.outputs import RENDERERS
from cadre_rules.dossier.fields import element_fields, fields_of
from cadre_rules.dossier.frames import frame_of
from cadre_rules.dossier.kinds import WHOLES, model_of
from cadre_rules.dossier.models import DOSSIERS
from cadre_rules.dossier.reading import read_dossier
from cadre_rules.errors import SourceError
from cadre_rules.names import fold
from cadre_rules.pseudonyms import Pseudonyms, plan, read_key
from planting import planted, raw_fixtures
from small import vn

KEY = bytes(range(32))
PLANT = "zxq"
"""What no pseudonym can hold: their letters end at p."""


@cache
def pseudonyms() -> Pseudonyms:
    return Pseudonyms(KEY, vn())


@cache
def fixtures() -> tuple[dict[str, Any], ...]:
    return tuple({raw["id"]: raw for raw in raw_fixtures()}.values())


def full_of_names(raw: dict[str, Any], number: int) -> dict[str, Any]:
    paths: dict[str, int] = {}
    return planted(raw, lambda path: f"Zxq {number}-{paths.setdefault(path, len(paths))} ZXQ")


def of_each_kind() -> list[dict[str, Any]]:
    """Return a few fixtures of every kind, full of names."""
    chosen = {raw["kind"]: raw for raw in fixtures()} | {f"{raw['kind']} again": raw for raw in reversed(fixtures())}
    return [full_of_names(raw, number) for number, raw in enumerate(chosen.values())]


BAD: tuple[dict[str, Any], ...] = (
    {"kind": "zxq", "id": "zxq1"},
    {"kind": "appointment", "id": "zxq2", "decision": "zxq"},
    {"kind": "appointment", "id": "zxq3", "decision": "appointment", "zxq": "zxq"},
    {"kind": "appointment", "id": "zxq4", "decision": "appointment", "person": {"birth_date": "zxq", "fit": "zxq", "zxq": 1}},
    {"kind": "unit", "id": "zxq5", "staff_quota": "zxq", "leaders": [{"id": "zxq: 5:3: zxq"}, {"zxq": 1}]},
    {"kind": "body", "body": "zxq", "members": "zxq"},
)


def everything_in(path: Path) -> Iterator[str]:
    """Yield every text of a file a tool of ours may write, whatever it is packed in."""
    body = path.read_bytes()
    if path.suffix == ".parquet":
        frame = pl.read_parquet(path)
        yield frame.write_ndjson() + repr(frame.schema)
    elif body[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            yield from (packed.read(name).decode("utf-8", "replace") for name in packed.namelist())
    else:
        yield body.decode("utf-8")


def names_in(paths: list[Path]) -> list[str]:
    return [
        f"{path.name}: …{text[max(0, at - 80) : at + 40]}…"
        for path in paths
        for text in everything_in(path)
        for at in found(text)
    ]


def found(text: str) -> list[int]:
    at = fold(text).replace(" ", "").find(PLANT)
    return [at] if at >= 0 else []


@pytest.fixture
def key(tmp_path: Path) -> str:
    path = tmp_path / "key"
    path.write_bytes(KEY)
    return str(path)


@pytest.mark.once
@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("kind", RENDERERS)
def test_no_name_of_the_input_is_in_a_report(
    kind: str, lang: str, key: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    folder = tmp_path / "zxq"
    folder.mkdir()
    (folder / "zxq.json").write_text(json.dumps({"dossiers": of_each_kind()}, default=str), "utf-8")
    (folder / "zxq bad.json").write_text(json.dumps(BAD), "utf-8")
    (folder / "zxq broken.yaml").write_text("zxq: [zxq", "utf-8")
    (folder / "zxq.csv.yaml").write_text("zxq", "utf-8")
    files = [*map(str, sorted(folder.iterdir())), str(tmp_path / "zxq not there.yaml"), str(tmp_path / "zxq.docx")]
    output = tmp_path / "report"
    arguments = ["check", *files, "--pseudonymise", key, "--format", kind, "--lang", lang, "--output", str(output)]
    assert main(arguments) == 3
    out, err = capfdbinary.readouterr()
    assert out == b""
    assert err.count(b"\n") >= 9
    assert not found(err.decode())
    assert names_in([output]) == []


def test_what_could_not_be_read_is_told_by_its_row_and_field(
    key: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "dossiers.yaml"
    path.write_text(
        "dossiers:\n"
        "  - {kind: appointment, id: Nguyễn Văn Zxq, decision: zxq}\n"
        "  - {kind: appointment, id: b, decision: appointment, person: {birth_date: zxq, posts: [{leading: zxq}]}}\n",
        "utf-8",
    )
    assert main(["check", str(path), "--pseudonymise", key, "--format", "json"]) == 3
    told = json.loads(capsys.readouterr().out)["rejected"]
    place, first, second = (pseudonyms().of(text, "identity") for text in (str(path), "Nguyễn Văn Zxq", "b"))
    assert [(one["where"], one["reason"]) for one in told] == [
        (f"{place}:2: {first}: decision", "is not a known code"),
        (f"{place}:3: {second}: person.birth_date", "not a date; write 2021-05-03 or 03/05/2021"),
        (f"{place}:3: {second}: person.posts[0].leading", "neither yes nor no; write true/false or có/không"),
    ]


def jsonl(folder: Path) -> Path:
    path = folder / "zxq.jsonl"
    lines = [json.dumps(raw, default=str) for raw in (*of_each_kind(), *BAD)]
    path.write_text("\n".join([*lines, "zxq", '{"zxq": zxq}', '{"kind": "body", "zxq": 1, "zxq": 2}']), "utf-8")
    return path


def parquet(folder: Path) -> Path:
    path = folder / "zxq.parquet"
    bad = pl.DataFrame({"kind": ["zxq", "appointment"], "id": ["zxq1", "zxq2"], "decision": "zxq", "zxq": "zxq"})
    good = [frame_of([read_dossier(raw)], raw["kind"]) for raw in of_each_kind() if raw["kind"] == "appointment"]
    pl.concat([*good, bad], how="diagonal").write_parquet(path)
    return path


TABLES = {
    "decisions": [
        {"id": "zxq1", "decision": "bổ nhiệm", "post_title": "Zxq a", "office": "Zxq b", "person.name": "Zxq c", "zxq": "x"},
        {"id": "zxq2", "decision": "zxq", "post_title": "Zxq d", "office": "Zxq e", "person.name": "Zxq f", "zxq": "x"},
        {"id": "zxq1", "decision": "bổ nhiệm", "post_title": "", "office": "", "person.name": "", "zxq": ""},
    ],
    "posts": [{"decision_id": "zxq1", "title": "Zxq g", "unit": "Zxq h"}, {"decision_id": "zxq9", "title": "zxq", "unit": "zxq"}],
    "zxq": [{"zxq": "zxq"}],
}


def folder_of_tables(folder: Path) -> Path:
    for name, rows in TABLES.items():
        pl.DataFrame(rows).write_csv(folder / f"{name}.csv")
    return folder


def workbook(folder: Path) -> Path:
    path = folder / "zxq.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        for name, rows in TABLES.items():
            sheet = book.add_worksheet(name)
            for at, row in enumerate([list(rows[0]), *(list(row.values()) for row in rows)]):
                sheet.write_row(at, 0, row)
    return path


def database(folder: Path) -> Path:
    import sqlite3

    path = folder / "zxq.sqlite"
    with sqlite3.connect(path) as connection:
        for name, rows in TABLES.items():
            columns = ", ".join(f'"{column}" TEXT' for column in rows[0])
            connection.execute(f'CREATE TABLE "{name}" ({columns})')
            marks = ", ".join("?" for _ in rows[0])
            connection.executemany(f'INSERT INTO "{name}" VALUES ({marks})', [tuple(row.values()) for row in rows])
    connection.close()
    return path


@pytest.mark.parametrize(
    "made", [jsonl, *(pytest.param(made, marks=pytest.mark.once) for made in (parquet, folder_of_tables, workbook, database))]
)
def test_no_name_of_the_input_is_left_by_an_audit(
    made: Callable[[Path], Path], key: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "zxq"
    source.mkdir()
    out = tmp_path / "out"
    arguments = ["audit", str(made(source)), "--out", str(out), "--pseudonymise", key]
    assert main([*arguments, "--tables", "csv", "--tables", "xlsx", "--tables", "docx"]) in (1, 3)
    assert main([*arguments, "--format", "json"]) in (1, 3)
    assert main([*arguments, "--format", "html", "--output", str(out / "page.html")]) in (1, 3)
    told = capsys.readouterr()
    assert not found(told.out)
    assert not found(told.err)
    assert audit_of(out).manifest["counts"]["dossiers"] >= 1
    assert names_in([path for path in out.rglob("*") if path.is_file()]) == []


def audit_of(out: Path) -> Any:
    from cadre_rules.audits.running import read_audit

    return read_audit(out)


def test_a_workbook_that_is_checked_is_not_handed_back_as_it_was(key: str, tmp_path: Path) -> None:
    marked = tmp_path / "marked.xlsx"
    asked = ["check", str(workbook(tmp_path)), "--pseudonymise", key, "--format", "xlsx", "--output", str(marked)]
    assert main(asked) == 3
    assert names_in([marked]) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["check", "x.yaml", "--pseudonymise", "key", "--register", "r.jsonl", "--by", "o"], "do not go together"),
        (["audit", "x.jsonl", "--out", "o", "--suppress-below", "5", "--format", "html"], "tells every finding"),
    ],
)
def test_what_would_tell_after_all_is_refused(options: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(options)
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("name", ["zxq not there.parquet", "zxq.jsonl", "zxq.zxq", "zxq.parquet", "zxq.xlsx", "zxq.sqlite"])
def test_a_source_that_cannot_be_read_is_not_named(
    name: str, key: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "zxq"
    source.mkdir()
    if "not there" not in name:
        (source / name).write_bytes(b"" if name == "zxq.jsonl" else b"zxq")
    assert main(["audit", str(source / name), "--out", str(tmp_path / "out"), "--pseudonymise", key]) == 3
    told = capsys.readouterr()
    assert not found(told.out + told.err)
    assert told.err.startswith("cadre-rules: p-")


def test_findings_are_the_same_with_pseudonyms() -> None:
    rulebook = vn()
    dossiers = [read_dossier(raw) for raw in fixtures()]
    unnamed = [pseudonyms().dossier(dossier) for dossier in dossiers]
    plain, veiled = check(dossiers, rulebook), check(unnamed, rulebook)
    pairs = zip(dossiers, unnamed, strict=True)
    heads = {one.authority.answering: other.authority.answering for one, other in pairs if one.authority and other.authority}

    def said(report: Any, name: Callable[[str], str]) -> list[tuple[Any, ...]]:
        return sorted(
            (f.rule, f.rule_version, f.level, f.outcome, f.provisional, f.as_of, name(f.subject)) for f in report.findings
        )

    def name(subject: str) -> str:
        return heads.get(subject) or "/".join(pseudonyms().of(part, "identity") for part in subject.split("/"))

    assert said(plain, name) == said(veiled, str)
    assert plain.by_outcome == veiled.by_outcome
    assert [one.as_of for one in plain.subjects] == [one.as_of for one in veiled.subjects]


@pytest.mark.once
def test_an_audit_finds_the_same_with_pseudonyms(key: str, tmp_path: Path) -> None:
    source = tmp_path / "dossiers.jsonl"
    source.write_text("".join(json.dumps(raw, default=str) + "\n" for raw in fixtures()), "utf-8")
    plain, veiled, again = (
        audit(source, vn(), out=tmp_path / out, pseudonymise=with_key)
        for out, with_key in (("plain", None), ("veiled", key), ("again", key))
    )
    told = ["row", "rule", "rule_version", "level", "outcome", "provisional", "as_of", "kind"]
    assert sorted(plain.findings.select(told).collect().rows(), key=repr) == sorted(
        veiled.findings.select(told).collect().rows(), key=repr
    )
    assert veiled.findings.collect().equals(again.findings.collect())
    assert plain.summary["by_level"] == veiled.summary["by_level"]
    assert veiled.manifest["inputs"]["source_digest"] != plain.manifest["inputs"]["source_digest"]


@pytest.mark.parametrize("kind", DOSSIERS)
def test_tables_and_single_dossiers_have_the_same_pseudonyms(kind: str) -> None:
    dossiers = [read_dossier(raw) for raw in (*fixtures(), *of_each_kind()) if raw["kind"] == kind]
    veiled = [pseudonyms().dossier(dossier) for dossier in dossiers]
    assert veiled_frame(frame_of(dossiers, kind), kind, pseudonyms()).equals(frame_of(veiled, kind))


NAMES = st.text(st.sampled_from("aAàÀ áăâĂBbuUủỷ oòa"), max_size=8)


@given(one=NAMES, other=NAMES)
def test_pseudonyms_compare_as_what_they_stand_for(one: str, other: str) -> None:
    mine, yours = (pseudonyms().of(text, "identity") for text in (one, other))
    assert (fold(mine) == fold(yours)) == (fold(one) == fold(other))
    assert (mine == yours) == (one == other)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Uỷ ban nhân dân", "ủy  ban nhân dân", True),
        ("Nguyễn Văn A", "Nguyễn Văn Á", False),
        ("Nguyễn Văn A", "NGUYỄN VĂN A", True),
    ],
)
def test_two_spellings_of_a_name_are_one(one: str, other: str, same: bool) -> None:  # noqa: FBT001  # a column of the table
    mine, yours = (fold(pseudonyms().of(text, "identity")) for text in (one, other))
    assert (mine == yours) is same


@pytest.mark.parametrize(
    ("text", "how", "stays"),
    [
        ("Thanh Hóa", "province", True),
        ("tỉnh Thanh Hoá", "province", True),
        ("Zanh Hóa", "province", False),
        ("Yên Định", "place", False),
        ("Thanh Hóa", "identity", False),
        ("minister", "text", True),
        ("thủ  quỹ", "text", True),
        ("Ủy ban nhân dân huyện Yên Định", "text", False),
        ("", "identity", True),
    ],
)
def test_words_of_the_law_stay_and_no_others(text: str, how: Any, stays: bool) -> None:  # noqa: FBT001  # a column of the table
    assert (pseudonyms().of(text, how) == text) is stays


def test_two_ranks_of_one_place_are_one() -> None:
    assert fold(pseudonyms().of("Huyện Yên Định", "place")) == fold(pseudonyms().of("yên định", "place"))


def test_another_key_gives_other_pseudonyms() -> None:
    other = Pseudonyms(KEY[::-1], vn())
    assert other.of("Nguyễn Văn A", "identity") != pseudonyms().of("Nguyễn Văn A", "identity")
    assert other.key_id != pseudonyms().key_id


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (None, "cannot be read as a key"),
        (b"", "has 0 bytes, 32 are needed"),
        (b"secret", "has 6 bytes, 32 are needed"),
        (b"\0" * 64, "could be guessed"),
        (bytes(range(256)) * 4000, "hardly a key"),
    ],
)
def test_a_key_that_protects_nobody_is_refused(
    body: bytes | None, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "key"
    if body is not None:
        path.write_bytes(body)
    with pytest.raises(SourceError, match=said):
        read_key(str(path))
    assert main(["check", "fixtures/five-breaches.yaml", "--pseudonymise", str(path)]) == 3
    assert "head -c 32 /dev/urandom" in capsys.readouterr().err


def test_an_audit_does_not_go_on_with_another_key(key: str, tmp_path: Path) -> None:
    source = tmp_path / "dossiers.jsonl"
    source.write_text(json.dumps(fixtures()[0], default=str), "utf-8")
    audit(source, vn(), out=tmp_path / "out", pseudonymise=key)
    (tmp_path / "other").write_bytes(KEY[::-1])
    with pytest.raises(SourceError, match="holds an audit of another source"):
        audit(source, vn(), out=tmp_path / "out", pseudonymise=tmp_path / "other")


def free_texts(subject: str) -> dict[tuple[str, ...], str]:
    """Return how each free text outside lists of a kind of subject is treated."""
    if subject in WHOLES:
        whole, model = WHOLES[subject], model_of(subject)
        return {**{(whole, *path): how for path, how in texts_of(DOSSIERS[whole])}, **dict(texts_of(model))}
    return dict(texts_of(DOSSIERS[subject])) if subject in DOSSIERS else {}


def texts_of(model: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    for name, how in plan(model).items():
        if isinstance(how, str):
            yield (name,), how
        elif not str(model.model_fields[name].annotation).startswith("tuple"):
            yield from (((name, *path), inner) for path, inner in texts_of(how))


def compared(node: ex.Expression, subject: str, element: Any) -> Iterator[tuple[str, list[str], bool]]:
    """Yield every comparison of texts: which operation, how its fields are treated, whether the law's words are among it."""
    if isinstance(node, ex.Each):
        info = fields_of(subject).get(node.path) or (element_fields(element).get(node.path) if element is not None else None)
        inside = info.element if info is not None and isinstance(info.element, type) else None
        for child in ex.children(node):
            yield from compared(child, subject, inside)
        return
    if isinstance(node, ex.Call | ex.Lookup):
        of_elements = dict(texts_of(element)) if isinstance(element, type) and issubclass(element, BaseModel) else {}
        nodes = list(ex.children(node))
        hows = [free_texts(subject).get(n.path) for n in nodes if isinstance(n, ex.Field)]
        hows += [of_elements.get(n.path) for n in nodes if isinstance(n, ex.Item)]
        law = isinstance(node, ex.Lookup) or any(isinstance(n, ex.Constant | ex.Parameter) for n in nodes)
        yield (node.operation if isinstance(node, ex.Call) else "lookup"), [how for how in hows if how], law
    for child in ex.children(node):
        yield from compared(child, subject, element)


def test_what_the_pack_compares_is_treated_alike() -> None:
    """An identity compared with another text, or with a word of the law, would differ from it with pseudonyms."""
    seen = []
    for (subject, _), versions in vn().definitions.items():
        for version in versions:
            for operation, hows, law in compared(version.value, subject, None):
                if operation in ("stated", "coalesce", "choose") or not hows:
                    continue
                seen.append(operation)
                assert len({*hows, *(["text"] if law else [])}) == 1, (subject, version.id, operation, hows)
                assert operation in ("equal", "one_of", "lookup"), "an order of texts is not kept"
    assert len(seen) > 20
