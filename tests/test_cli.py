"""The command: what it prints, where, and the status it ends with."""

import io
import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from cadre_rules.cli import main
from cadre_rules.cli.outputs import CLEAN, FOUND, MISUSED, UNREADABLE
from cadre_rules.rulebook import loading
from cadre_rules.wording import _REASONS, LEVELS

ROOT = Path(__file__).parent.parent
PACKS = Path(__file__).parent / "packs"
DAY = "--today=2026-11-23"


def fixture(name: str) -> str:
    return str(ROOT / "fixtures" / f"{name}.yaml")


load = cache(loading.load_rulebook)
CLEAN_FILE, BREACH, TARGET, OPEN, PROVISIONAL, SPECIAL = map(
    fixture,
    (
        "clean-appointment",
        "five-breaches",
        "report-figures",
        "district-secretary-home-town-unstated",
        "leap-frog-without-papers",
        "kin-under-114-in-2024",
    ),
)
UNKNOWN_FIELD = "kind: appointment\nid: hs-1\ndecision: bổ nhiệm\ndayz: {decided: 2021-05-03}\n"
JSON = '{"kind": "appointment", "id": "j", "decision": "appointment"}'
GOOD = "kind: appointment\nid: hs-2\ndecision: bổ nhiệm\ndays: {decided: 2021-05-03}\n"


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["check", CLEAN_FILE], CLEAN),
        (["check", BREACH], FOUND),
        (["check", SPECIAL], FOUND),
        (["check", TARGET], CLEAN),
        (["check", TARGET, "--fail-on", "target_missed"], FOUND),
        (["check", OPEN], CLEAN),
        (["check", OPEN, "--fail-on", "target_missed"], CLEAN),
        (["check", OPEN, "--fail-on", "information_missing"], CLEAN),
        (["check", OPEN, "--fail-on", "information_missing", "--strict"], FOUND),
        (["check", SPECIAL, "--fail-on", "violation"], CLEAN),
        (["check", PROVISIONAL], CLEAN),
        (["check", PROVISIONAL, "--strict"], FOUND),
        (["check", BREACH, "--as-of", "2015-01-01"], CLEAN),
        (["check", CLEAN_FILE, BREACH], FOUND),
        (["check", BREACH, "--engine", "plain"], FOUND),
        (["check", CLEAN_FILE, "--rules", str(PACKS / "missing")], MISUSED),
        (["check", "missing.yaml"], UNREADABLE),
        (["check", "book.xlsx"], UNREADABLE),
        (["rules"], CLEAN),
        (["rules", "--on", "2021-05-03", "--format", "json"], CLEAN),
        (["explain", "district-secretary-not-local"], CLEAN),
        (["explain", "district-secretary-not-local", "--for", BREACH], CLEAN),
        (["explain", "district-secretary-not-local", "--for", "missing.yaml"], UNREADABLE),
        (["explain", "no-such-rule"], MISUSED),
        (["lint", str(PACKS / "small")], CLEAN),
        (["lint", str(PACKS / "missing")], MISUSED),
        (["test", str(PACKS / "small")], CLEAN),
        (["test", str(PACKS / "small"), str(PACKS / "local")], CLEAN),  # small's cases hold by small's law
        (["test", str(PACKS / "missing")], MISUSED),
        (["schema"], CLEAN),
        (["schema", "rules"], CLEAN),
        (["schema", "rules", "--rules", "vn"], CLEAN),
        (["schema", "cases"], CLEAN),
    ],
    ids=lambda value: " ".join(Path(word).stem for word in value) if isinstance(value, list) else str(value),
)
def test_the_status_says_what_was_found(arguments: list[str], status: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == status
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    if status in (MISUSED, UNREADABLE):
        assert err
    else:
        assert out or arguments[0] == "lint"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["frobnicate"],
        ["check"],
        ["check", CLEAN_FILE, "--lang", "fr"],
        ["check", CLEAN_FILE, "--format", "papyrus"],
        ["check", CLEAN_FILE, "--as-of", "03/05/2021"],
        ["check", CLEAN_FILE, "--fail-on", "disaster"],
        ["rules", "--on", "yesterday"],
        ["explain"],
        ["lint"],
        ["schema", "everything"],
    ],
    ids=lambda words: " ".join(Path(word).stem for word in words) or "nothing",
)
def test_wrong_usage_is_told_and_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == MISUSED
    out, err = capsys.readouterr()
    assert out == ""
    assert "usage: cadre-rules" in err


def test_results_go_to_stdout_and_nothing_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", BREACH, DAY])
    out, err = capsys.readouterr()
    assert "VI PHẠM" in out
    assert err == ""
    main(["check", BREACH, DAY, "--lang", "en"])
    assert "VIOLATION" in capsys.readouterr().out


@pytest.fixture(autouse=True)
def _loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "load_rulebook", load)


def report(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    main(["check", *arguments, "--format", "json", DAY])
    read: dict[str, Any] = json.loads(capsys.readouterr().out)
    return read


def test_the_json_report_has_the_fixed_shape(capsys: pytest.CaptureFixture[str]) -> None:
    read = report(capsys, BREACH, OPEN, TARGET)
    assert list(read) == ["format", "rulebook", "as_of", "subjects", "findings", "rejected", "summary"]
    assert (read["format"], read["as_of"], read["rejected"]) == ("cadre-rules/report/1", "decision", [])
    assert {"pack", "version", "digest", "reviewed_to"} <= set(read["rulebook"][0])
    for subject in read["subjects"]:
        assert {"id", "kind", "title", "as_of"} <= set(subject)
    wanted = {"rule", "rule_version", "title", "level", "outcome", "provisional", "subject", "as_of", "message", "evidence"}
    wanted |= {"waits_for", "remedy", "responsible", "provisions", "fingerprint"}
    for finding in read["findings"]:
        assert wanted <= set(finding)
        assert finding["level"] in LEVELS
        assert finding["outcome"] in {"violated", "undetermined"}
        for piece in finding["evidence"]:
            assert set(piece) == {"fact", "label", "value", "text", "from"}
        for cited in finding["provisions"]:
            assert {"instrument", "number", "date", "article", "clause", "link", "grade"} <= set(cited)
    assert {"subjects", "rules_in_force", "by_outcome", "by_level"} <= set(read["summary"])
    assert read["summary"]["subjects"] == len(read["subjects"])
    assert sum(read["summary"]["by_level"].values()) == len(read["findings"])


def test_the_same_input_gives_the_same_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    texts = []
    for _ in range(2):
        main(["check", BREACH, TARGET, "--format", "json", DAY])
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]


WRONG = (
    "person: {sexx: nu}",
    "person: {sex: nux}",
    "person: {sex: 'khác hẳn'}",
    "person: {birth_date: mai}",
    "days: {decided: 2021}",
    "person: {fit: maybe}",
    "person: {name: 7}",
    "person: {posts: 7}",
    "person: [7]",
    "deputies_after: -1",
    "person: {ratings: [{points: x}, {points: 101}]}",
    "kind: person",
    "documents: [{number: {a: 1}}]",
)


def test_what_could_not_be_read_is_told_in_the_language_of_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number, wrong in enumerate(WRONG):
        kind = "" if wrong.startswith("kind") else "kind: appointment\n"
        (tmp_path / f"{number}.yaml").write_text(f"{kind}id: d{number}\ndecision: appointment\n{wrong}\n", "utf-8")
    (tmp_path / "latin.yaml").write_bytes(b"kind: \xff")
    (tmp_path / "empty.yaml").write_text("", "utf-8")
    files = [
        str(tmp_path / name) for name in (*(f"{number}.yaml" for number in range(len(WRONG))), "latin.yaml", "empty.yaml", "none")
    ]
    told = {lang: (main(["check", *files, "--lang", lang]), capsys.readouterr().out)[1].splitlines() for lang in ("vi", "en")}
    in_vi = [line for line in told["vi"] if line.startswith("Không đọc được")]
    assert len(in_vi) == len([line for line in told["en"] if line.startswith("Could not be read")]) > len(WRONG)
    english = re.compile(r"\b(not|is|no|such|did|mean|one of|write|cannot|save|required|text|holds|known|or)\b")
    assert [line for line in in_vi if english.search(line.split(": ", 2)[2].replace(str(tmp_path), ""))] == []


def test_each_reason_that_is_translated_is_one_the_library_gives() -> None:
    sources = [path for path in (ROOT / "src").rglob("*.py") if path.name != "wording.py"]
    said = "".join(path.read_text("utf-8") for path in sources) + " ".join(map(os.strerror, (2, 13, 21)))
    assert [reason for reason in _REASONS if reason not in said] == []


def test_a_fingerprint_does_not_depend_on_the_language(capsys: pytest.CaptureFixture[str]) -> None:
    prints = [[f["fingerprint"] for f in report(capsys, BREACH, "--lang", lang)["findings"]] for lang in ("vi", "en")]
    assert prints[0] == prints[1]
    assert len(set(prints[0])) == len(prints[0])


@pytest.mark.parametrize(
    ("text", "status"),
    [(GOOD, CLEAN), (JSON, CLEAN)],
    ids=["yaml", "json"],
)
def test_a_dash_reads_standard_input(
    text: str, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert main(["check", "-", DAY]) == status
    assert "Đã xét 1 đối tượng" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("kind: [", "hs.yaml:2: not YAML"),
        ("", "holds no dossier"),
        ("kind: appointment\nkind: body\nid: x\n", "hs.yaml:2: key 'kind' appears twice"),
        ("id: &a x\nkind: *a\n", "hs.yaml:1: "),
        (UNKNOWN_FIELD, "hs.yaml:4: hs-1: dayz: no such field; did you mean 'days'?"),
        ("kind: apointment\nid: x\n", "did you mean 'appointment'?"),
        ("kind: appointment\nid: x\ndecision: bo nhim\n", "hs.yaml:3: x: decision: 'bo nhim' is not a known code"),
        ("kind: appointment\nid: x\ndecision: bổ nhiệm\ndays: {decided: 31/02/2021}\n", "hs.yaml:4: x: days.decided: not a date"),
        ("kind: appointment\n", "decision: is required"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(
    content: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "hs.yaml"
    path.write_text(content, "utf-8")
    assert main(["check", str(path)]) == UNREADABLE
    assert told in capsys.readouterr().err


def test_text_that_is_not_utf_8_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "hs.yaml"
    path.write_bytes("id: Nguyễn".encode("utf-16"))
    assert main(["check", str(path)]) == UNREADABLE
    assert "not UTF-8 text" in capsys.readouterr().err


def test_one_bad_dossier_hides_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "hs.yaml"
    bodies = (UNKNOWN_FIELD, GOOD)
    path.write_text("dossiers:\n" + "".join("  - " + body.strip().replace("\n", "\n    ") + "\n" for body in bodies), "utf-8")
    assert main(["check", str(path), CLEAN_FILE, "--format", "json", DAY]) == UNREADABLE
    out, err = capsys.readouterr()
    read = json.loads(out)
    assert [subject["id"] for subject in read["subjects"]] == ["hs-2", "hs-2024-116"]
    (rejected,) = read["rejected"]
    assert set(rejected) == {"where", "reason"}
    assert rejected["where"].endswith("hs.yaml:5: hs-1: dayz")
    assert "did you mean 'days'" in err
    main(["check", str(path), DAY])
    assert "Không đọc được" in capsys.readouterr().out


def test_what_no_field_would_settle_is_left_to_people(capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", fixture("walkthrough"), "--lang", "en"])
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  ○")]
    assert [line.partition("[hs-2024-119]")[2] for line in lines] == [
        " – what is stated leaves it open; for those with authority to determine"
    ] * 2


def test_of_no_dossier_there_is_nothing_to_count(capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", "missing.yaml"])
    assert "Đã xét 0 đối tượng theo 0 quy tắc.\n" in capsys.readouterr().out


def test_an_unknown_rule_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "district-secretary-not-loca"]) == MISUSED
    out, err = capsys.readouterr()
    assert out == ""
    assert "did you mean 'district-secretary-not-local'?" in err


def test_explain_says_what_is_missing_in_a_file_and_what_fired(capsys: pytest.CaptureFixture[str]) -> None:
    main(["explain", "district-secretary-not-local", "--for", OPEN])
    out = capsys.readouterr().out
    assert "01/01/2020 → 01/07/2025" in out
    assert "quê quán (nhân sự) [person.home_town]" in out.rpartition("Chỉ định Bí thư Huyện ủy Lương Tài: chưa kết luận được")[2]
    main(["explain", "district-secretary-not-local", "--for", fixture("district-secretary-from-the-next-commune")])
    fired = capsys.readouterr().out.rpartition("Chỉ định Bí thư")[2]
    assert "  Cấp của chức vụ: cấp huyện  [post.level = cấp huyện]\n" in fired
    assert "huyện Lương Tài" in fired
    main(["explain", "rotation-lasts-three-years", "--for", fixture("rotation-of-twenty-months")])
    assert "  Thời gian luân chuyển: 20 tháng (< 36 tháng)  [rotation.started_on = 01/08/2022; " in capsys.readouterr().out
    main(["explain", "district-secretary-not-local", "--for", "missing.yaml"])
    assert "không có hiệu lực" not in capsys.readouterr().out
    main(["explain", "district-secretary-not-local", "--for", fixture("district-secretary-after-the-district-ended")])
    assert "không có hiệu lực" in capsys.readouterr().out.rpartition("\n\n")[2]


def test_rules_lists_only_what_is_in_force_on_the_day(capsys: pytest.CaptureFixture[str]) -> None:
    def listed(day: str) -> set[str]:
        main(["rules", "--on", day, "--format", "json"])
        return {rule["id"] for rule in json.loads(capsys.readouterr().out)}

    assert "district-secretary-not-local" in listed("2025-06-30")
    assert "district-secretary-not-local" not in listed("2025-07-01")


def test_lint_tells_every_mistake_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pack.yaml").write_text('pack: {name: bad, version: "1"}\n', "utf-8")
    (tmp_path / "rules.yaml").write_text("rules:\n  - id: one\n    forse: must\n  - id: two\n    topik: kin\n", "utf-8")
    assert main(["lint", str(tmp_path)]) == MISUSED
    out, err = capsys.readouterr()
    assert f"{tmp_path}/rules.yaml:3: RB101" in out
    assert f"{tmp_path}/rules.yaml:5: RB101" in out
    assert "problem(s)" in err
    assert main(["check", CLEAN_FILE, "--rules", str(tmp_path)]) == MISUSED
    assert "rules.yaml:3: RB101" in capsys.readouterr().err


def test_a_failing_case_fails_the_test(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in (PACKS / "small").rglob("*.yaml"):
        copy = tmp_path / path.relative_to(PACKS / "small")
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(path.read_text("utf-8").replace("equals: appointment", "equals: dismissal"), "utf-8")
    assert main(["test", str(tmp_path)]) == FOUND
    out = capsys.readouterr().out
    told = {engine: out.count(f"[{engine}]") for engine in ("durable", "plain", "bulk")}
    assert all(f"{engine}: {46 - many} passed, {many} failed" in out for engine, many in told.items())
    assert set(told.values()) == {told["durable"]}
    assert told["durable"] > 3


@pytest.mark.parametrize("what", ["dossier", "rules", "cases", "register"])
def test_a_printed_schema_is_a_json_schema(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["schema", what])
    Draft202012Validator.check_schema(json.loads(capsys.readouterr().out))


def test_the_schema_of_rules_knows_the_facts_of_a_pack(capsys: pytest.CaptureFixture[str]) -> None:
    main(["schema", "rules", "--rules", "vn"])
    assert '"person_is_local"' in capsys.readouterr().out


def run(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "cadre_rules", *arguments]
    return subprocess.Popen(command, stderr=subprocess.PIPE, env=environment, **options)


def test_a_reader_that_goes_away_is_no_error() -> None:
    reads, writes = os.pipe()
    os.close(reads)
    process = run("rules", stdout=writes)
    os.close(writes)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (CLEAN, b"")


def test_the_package_runs_as_a_command() -> None:
    process = run("check", BREACH, "--format", "json", stdout=subprocess.PIPE)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (FOUND, b"")
    assert json.loads(out)["summary"]["by_level"]["violation"] >= 5
