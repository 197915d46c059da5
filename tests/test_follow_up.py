"""What became of findings: three runs a month apart, and what offices said between them."""

import json
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cadre_rules.audits.following import run_of_audit
from cadre_rules.audits.running import audit
from cadre_rules.checks import check
from cadre_rules.cli import main
from cadre_rules.cli.outputs import CLEAN, FOUND, MISUSED, UNREADABLE
from cadre_rules.dossier.reading import read_dossier
from cadre_rules.errors import SourceError
from cadre_rules.findings import OPEN, FollowUp
from cadre_rules.register.book import Register
from cadre_rules.register.following import Run, Standing, follow, run_of
from cadre_rules.register.saying import said
from cadre_rules.register.verifying import verify
from small import SMALL, appointment, small

OFFICE = "Ban Tổ chức Tỉnh ủy"
DAYS = (date(2026, 9, 23), date(2026, 10, 23), date(2026, 11, 23))
RULE = "deputies-limit"
Command = Callable[..., tuple[int, str, str]]
Runner = Callable[[Register, list[dict[str, Any]], date, Path], FollowUp]


def singly(register: Register, raws: list[dict[str, Any]], day: date, _folder: Path) -> FollowUp:
    register = Register.read(register.path)
    dossiers = [read_dossier(raw) for raw in raws]
    report = check([register.file_on(one) for one in dossiers], small(), today=day)
    return follow(register, run_of(report, dossiers, day), {RULE: "Số cấp phó"}, by=OFFICE, day=day)


def in_tables(register: Register, raws: list[dict[str, Any]], day: date, folder: Path) -> FollowUp:
    register, source = Register.read(register.path), folder / f"{day}.jsonl"
    source.write_text("".join(f"{json.dumps(raw)}\n" for raw in raws), "utf-8")
    found = audit(source, small(), out=folder / f"out-{day}", today=day, granted=register.on_file())
    assert verify(found.out)[1] == []
    return follow(register, run_of_audit(found), {RULE: "Số cấp phó"}, by=OFFICE, day=day)


RUNNERS = pytest.mark.parametrize("runner", [singly, pytest.param(in_tables, marks=pytest.mark.once)])


def say(register: Register, action: str, **given: Any) -> None:
    blank = dict.fromkeys(("finding", "reason", "paper", "rule", "subject", "level", "expires_on"))
    register.append(lambda now: said(now, action, blank | given), by=OFFICE, day=DAYS[0])


def finding(register: Register, rule: str = RULE) -> str:
    return next(line.fingerprint for line in Register.read(register.path).ledger().values() if line.rule == rule)


def grant(**given: Any) -> Callable[[Register], None]:
    decision = {"rule": RULE, "subject": "hs-1", "decided_by": "Tỉnh ủy", "level": "province", "decided_on": date(2021, 5, 1)}
    return lambda register: say(register, "grant", **(decision | {"reason": "cần", "paper": "7-QĐ/TU"} | given))


def mark(register: Register) -> None:
    say(register, "remedied", finding=finding(register)[:8], paper="9/BC")


def dispute(register: Register) -> None:
    say(register, "dispute", finding=finding(register), reason="đếm cả cấp phó kiêm nhiệm")


def withdraw(register: Register) -> None:
    last = Register.read(register.path).entries
    say(register, "withdraw", entry=next(one.number for one in last if one.said.kind == "grant"), reason="ghi nhầm")


def has(deputies: int | None, **fields: Any) -> dict[str, Any]:
    return appointment(id="hs-1", deputies_after=deputies, **fields)


AWAY = appointment(id="hs-2")
LATER = {"days": {"process_started": "2021-02-01", "decided": "2022-06-01", "effective": "2022-07-01"}}
LIFE = [
    ("it stays", [has(9)] * 3, {}, ["new", "still", "still"], [""] * 3),
    ("it is mended", [has(9), has(1), has(1)], {}, ["new", "remedied", ""], [""] * 3),
    ("it comes back", [has(9), has(1), has(9)], {}, ["new", "remedied", "reopened"], [""] * 3),
    (
        "it stands on other facts and on the first again",
        [has(9), has(8), has(9)],
        {},
        ["new"] + ["changed replaced"] * 2,
        [""] * 3,
    ),
    ("it stands on other facts", [has(9), has(8), has(8)], {}, ["new", "changed replaced", "still"], [""] * 3),
    ("what was stated is left out", [has(9), has(None), has(None)], {}, ["new", "changed replaced", "still"], [""] * 3),
    ("nobody looks at it", [has(9), AWAY, has(9)], {}, ["new", "not_judged", "still"], [""] * 3),
    ("nobody looks at it twice", [has(9), AWAY, AWAY], {}, ["new", "not_judged", "not_judged"], [""] * 3),
    ("it is marked remedied and is not", [has(9)] * 3, {1: mark}, ["new", "not_remedied", "not_remedied"], [""] * 3),
    ("it is marked remedied and is", [has(9), has(1), has(9)], {1: mark}, ["new", "remedied", "reopened"], [""] * 3),
    ("it is disputed", [has(9)] * 3, {1: dispute}, ["new", "still", "still"], [""] * 3),
    ("it is excused", [has(9)] * 3, {1: grant()}, ["new", "excepted", ""], ["", "used", "used"]),
    (
        "by the wrong level",
        [has(9)] * 3,
        {1: grant(level="commune")},
        ["new", "still", "still"],
        ["", "wrong_level", "wrong_level"],
    ),
    ("too late", [has(9)] * 2, {1: grant(decided_on=DAYS[0])}, ["new", "still"], ["", "misdated"]),
    ("without need", [has(1)] * 2, {1: grant()}, ["", ""], ["", "unused"]),
    ("of another", [has(9)] * 2, {1: grant(subject="hs-9")}, ["new", "still"], ["", "not_judged"]),
    ("where the text knows none", [has(9)] * 2, {1: grant(rule="votes-enough")}, ["new", "still"], ["", "not_allowed"]),
    (
        "and the exception is withdrawn",
        [has(9)] * 3,
        {1: grant(), 2: withdraw},
        ["new", "excepted", "reopened"],
        ["", "used", ""],
    ),
    (
        "and the exception expires",
        [has(9), has(9), has(9, **LATER)],
        {1: grant(expires_on=date(2021, 12, 31))},
        ["new", "excepted", "exception_expired"],
        ["", "used", "expired"],
    ),
    (
        "from the first run, and the exception expires",
        [has(9), has(9, **LATER), has(9, **LATER)],
        {0: grant(expires_on=date(2021, 12, 31))},
        ["", "exception_expired", "still"],
        ["used", "expired", "expired"],
    ),
]


@RUNNERS
@pytest.mark.parametrize(
    ("dossiers", "acts", "states", "exceptions"), [case[1:] for case in LIFE], ids=[case[0] for case in LIFE]
)
def test_a_finding_lives(
    runner: Runner,
    dossiers: list[dict[str, Any]],
    acts: dict[int, Callable[[Register], None]],
    states: list[str],
    exceptions: list[str],
    tmp_path: Path,
) -> None:
    path = tmp_path / "register.jsonl"
    for number, raw in enumerate(dossiers):
        if number in acts:
            acts[number](Register.read(path))
        told = runner(Register(path), [raw, appointment(id="hs-3")], DAYS[number], tmp_path)
        assert " ".join(sorted(one.state for one in told.findings if one.rule == RULE)) == states[number], number
        assert " ".join(one.state for one in told.exceptions) == exceptions[number], number
        assert told.before == (DAYS[number - 1] if number else None)
        assert (told.head, told.entries) == (Register.read(path).head, len(Register.read(path).entries))
    assert verify(path)[1] == []


def test_a_disputed_finding_says_so_and_since_when_it_stands(tmp_path: Path) -> None:
    register = Register(tmp_path / "r.jsonl")
    singly(register, [has(9)], DAYS[0], tmp_path)
    dispute(register)
    told = singly(register, [has(9)], DAYS[1], tmp_path)
    (one,) = (one for one in told.findings if one.rule == RULE)
    assert (one.title, one.since) == ("Số cấp phó", DAYS[0])
    assert [(remark.kind, remark.by, remark.reason) for remark in one.remarks] == [
        ("dispute", OFFICE, "đếm cả cấp phó kiêm nhiệm")
    ]


@RUNNERS
def test_a_head_is_looked_at_where_several_dossiers_are(runner: Runner, tmp_path: Path) -> None:
    def two(second: int, *, both: bool = True) -> list[dict[str, Any]]:
        under = {"authority": {"head": "Nguyễn Văn A"}}
        return [appointment(id="a", deputies_after=9, **under), appointment(id="b", deputies_after=second, **under)][: 1 + both]

    register = Register(tmp_path / "r.jsonl")
    runs = [two(9), two(9, both=False), two(1)]
    found = [runner(register, raws, day, tmp_path) for raws, day in zip(runs, DAYS, strict=True)]
    states = [[one.state for one in told.findings if one.rule == "head-breaches"] for told in found]
    assert states == [["new"], ["not_judged"], ["remedied"]]


@RUNNERS
def test_an_entry_of_a_list_is_followed_and_excused_by_itself(runner: Runner, tmp_path: Path) -> None:
    def plan(*births: str) -> dict[str, Any]:
        entries = [{"id": f"n-{number}", "birth_date": born} for number, born in enumerate(births)]
        return {"kind": "planning", "id": "12/QH", "approved_on": "2021-06-01", "entries": entries}

    register = Register(tmp_path / "r.jsonl")
    told = runner(register, [plan("1950-01-01", "1951-01-01", "1952-01-01")], DAYS[0], tmp_path)
    assert [(one.subject, one.state) for one in told.findings if one.rule == "entry-age"] == [
        (f"12/QH/n-{number}", "new") for number in range(3)
    ]
    grant(rule="entry-age", subject="12/QH/n-1")(register)
    told = runner(register, [plan("1950-01-01", "1951-01-01")], DAYS[1], tmp_path)
    states = {one.subject: one.state for one in told.findings if one.rule == "entry-age"}
    assert states == {"12/QH/n-0": "still", "12/QH/n-1": "excepted", "12/QH/n-2": "remedied"}
    assert [(one.subject, one.state) for one in told.exceptions] == [("12/QH/n-1", "used")]


def test_a_run_under_other_law_says_so(tmp_path: Path) -> None:
    register = Register(tmp_path / "r.jsonl")
    singly(register, [has(9)], DAYS[0], tmp_path)
    report = check([has(9)], small(), as_of="today", today=DAYS[1])
    told = follow(register, run_of(report, [read_dossier(has(9))], DAYS[1]), {}, by=OFFICE, day=DAYS[1])
    assert told.differences == ("as_of (decision; now today)",)


def test_an_audit_is_recorded_once(tmp_path: Path) -> None:
    register = Register(tmp_path / "r.jsonl")
    first = in_tables(register, [has(9)], DAYS[0], tmp_path)
    again = in_tables(register, [has(9)], DAYS[0], tmp_path)
    assert first == again
    assert len(Register.read(register.path).entries) == 1


def test_an_audit_goes_on_only_with_the_same_exceptions(tmp_path: Path) -> None:
    register = Register(tmp_path / "r.jsonl")
    in_tables(register, [has(9)], DAYS[0], tmp_path)
    grant()(register)
    with pytest.raises(SourceError, match="holds an audit of another exceptions"):
        in_tables(register, [has(9)], DAYS[0], tmp_path)


@pytest.mark.once
def test_two_hundred_thousand_findings_are_one_entry_and_one_file(tmp_path: Path) -> None:
    def run(first: int) -> Run:
        found = [
            Standing(f"{n * 7919:016x}", "appointment", "r", f"hs-{n}", "violation", False) for n in range(first, first + 200_000)
        ]
        return Run("check", ("vn 1 ab",), "decision", DAYS[0], None, found, lambda _, ids: ids - {"hs-7"}, ())

    register = Register(tmp_path / "r.jsonl")
    follow(register, run(0), {}, by=OFFICE, day=DAYS[0])
    told = follow(register, run(1_000), {}, by=OFFICE, day=DAYS[1])
    assert told.counts() == {"new": 1_000, "still": 199_000, "not_judged": 1, "remedied": 999}
    assert register.path.stat().st_size < 2_000
    assert len(list((tmp_path / "r.jsonl.ledgers").iterdir())) == 2
    assert verify(register.path)[1] == []


def only(judged: set[str], _what: str, ids: set[str]) -> set[str]:
    return ids & judged


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sets(st.sampled_from("abcdefgh")), st.sets(st.sampled_from("0123"))), min_size=1, max_size=5))
def test_nothing_found_is_ever_lost_and_nothing_that_stands_is_settled(runs: list[tuple[set[str], set[str]]]) -> None:
    places = {name: (f"rule-{number % 2}", str(number % 4)) for number, name in enumerate("abcdefgh")}
    with TemporaryDirectory() as folder:
        register, ever = Register(Path(folder) / "r.jsonl"), set[str]()
        for number, (names, looked_at) in enumerate(runs):
            found = [Standing(name, "appointment", *places[name], "violation", False) for name in names]
            judged = looked_at | {places[name][1] for name in names}
            run = Run("check", (), "decision", DAYS[0], None, found, partial(only, judged), ())
            before, told = Register.read(register.path).ledger(), follow(register, run, {}, by=OFFICE, day=DAYS[0])
            ever |= names
            after = Register.read(register.path).ledger()
            assert after.keys() == ever
            assert {one.fingerprint for one in told.findings if one.state in OPEN and one.state != "not_judged"} == names
            for name, line in after.items():
                if line.state == "remedied" and line.at == number + 1:
                    assert places[name][1] in judged
                    assert places[name] not in {places[other] for other in names}
                if line.state == "not_judged":
                    assert places[name][1] not in judged
                if name in before and before[name].state in OPEN:
                    assert line.since == before[name].since
                elif name not in before:
                    assert line.state in {"new", "changed"}


# The command


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            status = main(arguments)
        except SystemExit as stop:
            status = int(stop.code or 0)
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def write(name: str, *raws: dict[str, Any]) -> str:
    Path(name).write_text(
        "".join(f"{json.dumps(raw)}\n" for raw in raws) if name.endswith("l") else json.dumps(list(raws)), "utf-8"
    )
    return name


RECORDING = ("--rules", str(SMALL), "--register", "r.jsonl", "--by", OFFICE)


def test_the_command_fails_only_on_what_the_baseline_does_not_know(run: Command) -> None:
    before, after = write("a.json", has(9)), write("b.json", has(9), appointment(id="hs-2", deputies_after=9))
    assert run("check", before, *RECORDING, f"--today={DAYS[0]}")[0] == FOUND
    assert run("register", "r.jsonl", "baseline", "--by", OFFICE)[0] == CLEAN
    status, out, err = run("check", before, *RECORDING, f"--today={DAYS[1]}")
    assert (status, "1 phát hiện đã có trong mốc" in err) == (CLEAN, True)
    assert "vẫn còn" in out
    assert run("check", after, *RECORDING, f"--today={DAYS[1]}")[0] == FOUND
    assert run("check", write("c.json", has(1)), *RECORDING, f"--today={DAYS[2]}")[0] == CLEAN
    assert run("check", before, *RECORDING, f"--today={DAYS[2]}")[0] == FOUND  # it came back


def test_a_baseline_may_be_a_report_a_register_or_an_audit(run: Command) -> None:
    rules = ("--rules", str(SMALL), f"--today={DAYS[0]}")
    old, new = has(9), appointment(id="hs-2", deputies_after=9)
    run("check", write("a.json", old), *rules, "--format", "json", "-o", "report.json")
    run("check", "a.json", *RECORDING)
    run("audit", write("a.jsonl", old), *rules, "--out", "out")
    write("b.json", old, new)
    write("b.jsonl", old, new)
    for number, baseline in enumerate(("report.json", "r.jsonl", "out")):
        assert run("check", "a.json", *rules, "--baseline", baseline)[0] == CLEAN, baseline
        assert run("check", "b.json", *rules, "--baseline", baseline)[0] == FOUND, baseline
        assert run("audit", "a.jsonl", *rules, "--baseline", baseline, "--out", "out")[0] == CLEAN, baseline
        assert run("audit", "b.jsonl", *rules, "--baseline", baseline, "--out", f"out-{number}")[0] == FOUND, baseline
    assert run("check", "a.json", *rules, "--baseline", "nothing")[0] == UNREADABLE


def test_two_audits_a_month_apart_show_what_is_new_still_there_and_remedied(run: Command) -> None:
    first = [appointment(id=f"hs-{n}", deputies_after=9) for n in range(3)]
    second = [first[0], first[1] | {"deputies_after": 1}, appointment(id="hs-7", deputies_after=9)]
    for number, (name, raws) in enumerate((("a", first), ("b", second))):
        source = write(f"{name}.jsonl", *raws)
        status, out, _ = run("audit", source, *RECORDING, "--format", "json", "--out", name, f"--today={DAYS[number]}")
        assert status == FOUND
    told = json.loads(out)["follow_up"]
    assert told["counts"] == {"new": 1, "still": 1, "not_judged": 1, "remedied": 1}
    assert told["before"] == DAYS[0].isoformat()
    rows = Path("b/follow-up.csv").read_text("utf-8-sig").splitlines()
    assert sorted((row.split(",")[0], row.split(",")[3]) for row in rows[1:]) == [
        ("lần này không xét đến", "hs-2"),
        ("mới", "hs-7"),
        ("vẫn còn", "hs-0"),
        ("đã khắc phục", "hs-1"),
    ]
    status, out, _ = run("compare", "a", "b", "--register", "other.jsonl", "--by", OFFICE)
    assert "1 mới, 1 vẫn còn, 1 lần này không xét đến, 1 đã khắc phục" in out
    assert run("verify", "b")[:2] == (CLEAN, run("verify", "b")[1])
    manifest = run("verify", "b")[1].rsplit(" ", 1)[1].strip()
    assert run("verify", "b", "--head", manifest)[0] == CLEAN
    assert run("verify", "b", "--head", "0" * 64)[0] == FOUND


@pytest.mark.parametrize("tampered", ["findings/part-00001.parquet", "summary.json", "rejected.csv", "judged.parquet"])
@pytest.mark.parametrize("how", ["was changed", "is missing", "was added"])
def test_a_file_of_an_audit_changed_taken_or_added_is_told(tampered: str, how: str, run: Command) -> None:
    run("audit", write("a.jsonl", has(9)), "--rules", str(SMALL), "--out", "out", "--tables", "csv", f"--today={DAYS[0]}")
    assert run("verify", "out")[0] == CLEAN
    place = Path("out") / tampered
    if how == "was changed":
        place.write_bytes(place.read_bytes()[:-1] + b"\0")
    elif how == "is missing":
        place.unlink()
    else:
        place = place.with_name(f"x-{place.name}")
        place.write_bytes(b"")
    status, out, _ = run("verify", "out")
    assert (status, f"{place}: {how}" in out) == (FOUND, True)


GRANT = (
    "grant",
    "--rule",
    RULE,
    "--subject",
    "hs-1",
    "--decided-by",
    "Tỉnh ủy",
    "--decided-on",
    "2021-05-01",
    "--expires-on",
    "none",
)
FOR = ("--by", "x", "--reason", "x")
WRONG = [
    (("check", "a.json", "--register", "r.jsonl"), MISUSED, "--register needs --by OFFICE"),
    (("register", "r.jsonl", "acknowledge", "ffff", "--by", "x"), UNREADABLE, "ffff: no run recorded such a finding"),
    (("register", "none.jsonl", "baseline", "--by", "x"), UNREADABLE, "record a check or an audit first"),
    (("register", "r.jsonl", "withdraw", "9", "--reason", "x", "--by", "x"), UNREADABLE, "has no entry 9; its last is 1"),
    (("register", "r.jsonl", "withdraw", "1", "--reason", "x", "--by", "x"), UNREADABLE, "cannot be withdrawn"),
    (("register", "r.jsonl", "dispute", "ffff", "--by", "x"), MISUSED, "--reason"),
    (("register", "r.jsonl", *GRANT, *FOR, "--paper", "1", "--level", "tinh"), UNREADABLE, "--level: 'tinh'"),
    (("register", "r.jsonl", *GRANT, *FOR), MISUSED, "--paper"),
    (("register", "r.jsonl", *GRANT[:1], *GRANT[5:], *FOR, "--paper", "1"), UNREADABLE, "--rule and a --subject"),
    (("register", "none.jsonl", "show"), UNREADABLE, "holds no entry"),
    (("register", "r.jsonl", *GRANT, "--by", "x", "--reason", "\udcff", "--paper", "1"), UNREADABLE, "no text in Unicode"),
    (("verify", "r.jsonl", "--head", "ab"), MISUSED, "'ab' is no digest"),
    (("verify", "empty"), UNREADABLE, "is no manifest of an audit"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "status", "told"), WRONG, ids=[case[2] for case in WRONG])
def test_what_cannot_be_entered_is_told(arguments: tuple[str, ...], status: int, told: str, run: Command) -> None:
    Path("empty").mkdir()
    run("check", write("a.json", has(9)), *RECORDING, f"--today={DAYS[0]}")
    before = Path("r.jsonl").read_bytes()
    found, _, err = run(*arguments)
    assert (found, told in err) == (status, True), err
    assert Path("r.jsonl").read_bytes() == before
    assert not Path("none.jsonl").exists()


def test_a_register_shows_what_was_said_and_what_stands(run: Command) -> None:
    run("check", write("a.json", has(9)), *RECORDING, f"--today={DAYS[0]}")
    name = finding(Register(Path("r.jsonl")))
    run("register", "r.jsonl", "acknowledge", name[:6], "--by", "Sở Nội vụ", "--on", "2026-10-01")
    run("register", "r.jsonl", *GRANT, "--by", "Sở Nội vụ", "--paper", "7-QĐ/TU", "--reason", "cần")
    run("register", "r.jsonl", "withdraw", "3", "--reason", "nhầm", "--by", "Sở Nội vụ")
    run("register", "r.jsonl", "baseline", "--by", "Sở Nội vụ")
    told = run("register", "r.jsonl", "show")[1].splitlines()
    assert told[1] == f"   2  01/10/2026  Sở Nội vụ: Đã tiếp nhận {name}"
    assert f"Ghi trường hợp đặc biệt {RULE} – hs-1 (Tỉnh ủy, 7-QĐ/TU, 01/05/2021, cần)" in told[2]
    assert [line.split(": ")[1] for line in told[3:5]] == ["rút mục 3 (nhầm)", "lấy mục 1 làm mốc"]
    assert any(name in line and "đã tiếp nhận" in line for line in told[5:])
    plain = json.loads(run("register", "r.jsonl", "show", "--format", "json")[1])
    assert [entry["said"]["kind"] for entry in plain["entries"]] == ["recorded", "acknowledge", "grant", "withdraw", "baseline"]
    assert name in {line["fingerprint"] for line in plain["findings"]}
