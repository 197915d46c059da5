"""The register: a chain that shows any change, what became of findings, exceptions through the one gate."""

import subprocess
import sys
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadre_rules.cli import main
from cadre_rules.cli.outputs import CLEAN, FOUND, UNREADABLE
from cadre_rules.dossier.people import ExceptionGranted
from cadre_rules.errors import SourceError
from cadre_rules.register.book import Known, Register
from cadre_rules.register.entries import Baseline, Grant, Recorded, Remark, Said, Withdrawal, canonical, examine, seal
from cadre_rules.register.verifying import verify

DAY = date(2026, 11, 23)
OFFICE = "Ban Tổ chức Tỉnh ủy"


def remark(finding: str = "ab12", kind: str = "acknowledge", reason: str | None = "đã xem") -> Remark:
    return Remark.model_validate({"kind": kind, "finding": finding, "reason": reason})


def granted(**fields: str) -> ExceptionGranted:
    stated = {
        "rule": "vacant-post",
        "decided_by": "Tỉnh ủy",
        "decided_on": "03/05/2021",
        "reason": "cần thiết",
        "document": "7-QĐ/TU",
    }
    return ExceptionGranted.model_validate(stated | fields)


SAID: tuple[Said, ...] = (
    Recorded(run="check", rulebook=("vn 1 ab",), as_of="decision", today=DAY, ledger="0" * 64, counts={"new": 2}),
    remark(),
    remark(kind="dispute", reason='Căn cứ chưa đúng: "Uỷ ban" \u2028 đã xem\tlại'),
    Grant(subject="hs-1/n-2", exception=granted()),
    remark(kind="remedied", reason=None),
    Baseline(run=1),
    Withdrawal(entry=2, reason="nhầm"),
)


@cache
def chain() -> tuple[bytes, ...]:
    """Return the lines of a register in which everything was said once."""
    entry, lines = None, []
    for said in SAID:
        entry, line = seal(said, entry, by=OFFICE, day=DAY)
        lines.append(line)
    return tuple(lines)


def faults(lines: list[bytes] | tuple[bytes, ...] | bytes) -> list[str]:
    return [str(fault) for fault in examine(lines if isinstance(lines, bytes) else b"".join(lines))[1]]


def test_a_chain_as_written_has_no_fault_and_reads_back_as_it_was_said() -> None:
    entries, found = examine(b"".join(chain()))
    assert found == []
    assert tuple(entry.said for entry in entries) == SAID


@given(st.data())
def test_any_byte_changed_is_detected(data: st.DataObject) -> None:
    raw = b"".join(chain())
    place = data.draw(st.integers(0, len(raw) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda one: one != raw[place]))
    assert faults(raw[:place] + bytes([byte]) + raw[place + 1 :])


@given(st.data())
def test_any_byte_left_out_or_put_in_is_detected(data: st.DataObject) -> None:
    raw = b"".join(chain())
    place = data.draw(st.integers(0, len(raw) - 1))
    put = data.draw(st.binary(max_size=1))
    assert faults(raw[:place] + put + raw[place + (not put) :])


@given(st.data())
def test_any_line_left_out_repeated_or_moved_is_detected(data: st.DataObject) -> None:
    lines = list(chain())
    order = data.draw(st.lists(st.sampled_from(range(len(lines))), max_size=len(lines) + 1))
    moved = [lines[number] for number in order]
    found = faults(moved)
    assert bool(found) == (order != list(range(len(order))))  # the beginning of a register is a register: see --head


@given(st.integers(0, len(SAID) - 1), st.integers(0, len(SAID) - 1), st.booleans())
def test_a_line_of_another_register_is_detected(place: int, taken: int, instead: bool) -> None:  # noqa: FBT001
    entry, others = None, []
    for said in SAID:
        entry, line = seal(said, entry, by="Thanh tra", day=DAY)
        others.append(line)
    lines = list(chain())
    lines[place : place + instead] = [others[taken]]
    assert faults(lines)


TAMPERED = [
    ("a word was changed", lambda text: text.replace('đã xem"', 'đã xét"'), "line 2 was changed: what it says has the digest"),
    ("an accent was decomposed", lambda text: text.replace("nhầm", "nh\u00e2\u0300m"), "line 7 was changed: it is not in"),
    ("a space was added", lambda text: text.replace('"number":3,', '"number": 3,'), "line 3 was changed: it is not in the form"),
    ("a line is no JSON", lambda text: text.replace('{"before":null', '"before":null'), "line 1 was changed: it is no JSON"),
    ("a field is gone", lambda text: text.replace(',"number":4', ""), "line 4 was changed: it is no entry of a register"),
    ("line ends of Windows", lambda text: text.replace("\n", "\r\n"), "line 1 was changed: it is not in the form"),
    ("a line was left out", lambda text: "".join(text.splitlines(True)[:2] + text.splitlines(True)[3:]), "line 3 holds entry 4 "),
    ("the end was cut off", lambda text: text[:-9], "line 7 is cut off"),
    ("an empty line", lambda text: text + "\n", "line 8 was changed: it is no JSON"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "told"), [case[1:] for case in TAMPERED], ids=[case[0] for case in TAMPERED])
def test_what_was_changed_is_told_by_its_line(
    change: Callable[[str], str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "register.jsonl"
    path.write_bytes(change(b"".join(chain()).decode()).encode())
    assert main(["verify", str(path)]) == 1
    assert f"{path}: {told}" in capsys.readouterr().out


def test_an_end_cut_off_shows_by_the_digest_noted_before(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "register.jsonl"
    register = Register(path)
    for number in range(3):
        register = register.append(remark(str(number)), by=OFFICE, day=DAY)
    assert main(["verify", str(path), "--head", str(register.head)[:16]]) == CLEAN
    assert f"3 entries, head {register.head}" in capsys.readouterr().out
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    assert main(["verify", str(path)]) == CLEAN
    assert main(["verify", str(path), "--head", str(register.head)]) == FOUND
    assert "the end was cut off" in capsys.readouterr().out


def test_nothing_is_appended_to_a_register_that_is_broken_and_nothing_of_it_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "register.jsonl"
    torn = b"".join(chain())[:-9]
    path.write_bytes(torn)
    with pytest.raises(SourceError, match=r"line 7 is cut off.*The 6 entries before it.*nothing was written"):
        Register(path).append(remark(), by=OFFICE, day=DAY)
    assert path.read_bytes() == torn


def test_two_processes_appending_at_once_leave_a_whole_chain(tmp_path: Path) -> None:
    path = tmp_path / "register.jsonl"
    code = (
        "import sys; from datetime import date; from cadre_rules.register.book import Register;"
        "from cadre_rules.register.entries import Remark\n"
        "for number in range(40): Register.read(sys.argv[1]).append("
        "Remark(kind='acknowledge', finding=f'{sys.argv[2]}{number}'), by=sys.argv[2], day=date(2026, 1, 1))"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(path), name]) for name in "ab"]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0]
    said = [entry.said for entry in Register.read(path).entries]
    assert sorted(one.finding for one in said if isinstance(one, Remark)) == sorted(f"{w}{n}" for w in "ab" for n in range(40))
    assert verify(path)[1] == []


def test_the_same_said_on_the_same_day_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        register = Register(tmp_path / name)
        register.append(remark(), by=OFFICE, day=DAY).append(Grant(subject="hs", exception=granted()), by=OFFICE, day=DAY)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_ledger_changed_or_gone_is_detected(tmp_path: Path) -> None:
    register = Register(tmp_path / "r.jsonl")
    digest = register.keep_ledger([Known("ab", "appointment", "r", "hs", "violation", False, "new", 1, 1)])
    run = Recorded(run="check", rulebook=(), as_of="today", today=DAY, ledger=digest, counts={})
    register = register.append(run, by=OFFICE, day=DAY)
    assert verify(register.path) == (f"{register.path}: 1 entries, head {register.head}", [])
    ledger = register.ledger_path(digest)
    for body in (b"", ledger.read_bytes()[:-3], register.ledger_path(register.keep_ledger([])).read_bytes()):
        ledger.write_bytes(body)
        assert str(ledger) in verify(register.path)[1][0]
    ledger.unlink()
    assert str(ledger) in verify(register.path)[1][0]


def test_what_was_withdrawn_counts_no_more_and_stays(tmp_path: Path) -> None:
    register = Register(tmp_path / "r.jsonl").append(Grant(subject="hs", exception=granted()), by=OFFICE, day=DAY)
    assert [one.subject for one in register.granted()] == ["hs"]
    register = register.append(Withdrawal(entry=1, reason="sai ngày"), by=OFFICE, day=DAY)
    assert (register.granted(), len(register.entries)) == ([], 2)


def test_a_dispute_gives_its_reason() -> None:
    with pytest.raises(ValueError, match="a dispute gives its reason"):
        remark(kind="dispute", reason=None)


def test_a_file_that_is_no_register_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(tmp_path / "none")]) == UNREADABLE
    assert "cannot be read" in capsys.readouterr().err


def test_canonical_json_is_one_form() -> None:
    assert canonical({"b": "u\u031b\u0309", "a": None}) == '{"a":null,"b":"ử"}'.encode()
