"""An audit judged by processes beside it: the same bytes, whatever happens to them."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

from apart import contents
from cadre_rules.audits import processes
from cadre_rules.audits.parts import PartJudge
from cadre_rules.audits.running import Audit, audit
from cadre_rules.cli import main
from cadre_rules.dossier.frames import frame_of
from cadre_rules.dossier.reading import read_dossier
from cadre_rules.errors import SourceError
from cadre_rules.sources.batches import read_apart
from cadre_rules.sources.nesting import CANONICAL
from small import SMALL, TODAY, appointment, small

ROWS = 60


def table(ids: Iterable[object] = range(ROWS)) -> pl.DataFrame:
    """Appointments every third of which leaves a deputy, too many, or says nothing of them."""
    said = [
        appointment(id=f"hs-{name}", deputies_after=[1, 9, None][number % 3], authority={"head": f"A{number % 4}"})
        for number, name in enumerate(ids)
    ]
    return frame_of([read_dossier(one) for one in said], "appointment")


def write(path: Path, frame: pl.DataFrame, group: int = 10) -> Path:
    frame.write_parquet(path, row_group_size=group, metadata=CANONICAL)
    return path


def run(source: Path, out: Path, **options: Any) -> Audit:
    return audit(source, small(), out=out, **{"today": TODAY, "size": 10, "processes": 2, **options})


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write(tmp_path / "s.parquet", table())


@pytest.mark.parametrize("size", [10, *(pytest.param(size, marks=pytest.mark.once) for size in (7, 25, 100))])
def test_processes_change_no_byte(tmp_path: Path, source: Path, size: int) -> None:
    beside, here = run(source, tmp_path / "beside", size=size), run(source, tmp_path / "here", size=size, processes=0)
    assert beside.summary["dossiers"] == ROWS
    assert beside.summary["findings"] > 0
    assert contents(beside.out) == contents(here.out)


def test_a_folder_is_read_file_by_file(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(3):
        write(folder / f"{number}.parquet", table(range(20 * number, 20 * number + 20)))
    assert [stretch.path.name for stretch in read_apart(folder, size=10)] == ["0.parquet"] * 2 + ["1.parquet"] * 2 + [
        "2.parquet"
    ] * 2
    assert contents(run(folder, tmp_path / "beside").out) == contents(run(folder, tmp_path / "here", processes=0).out)


@pytest.mark.parametrize(
    "twins", [(5, 45), *(pytest.param(twins, marks=pytest.mark.once) for twins in ((15, 16), (20, 30, 40)))], ids=str
)
def test_of_dossiers_with_one_id_the_first_counts_wherever_they_stand(tmp_path: Path, twins: tuple[int, ...]) -> None:
    source = write(tmp_path / "s.parquet", table(["one" if number in twins else str(number) for number in range(ROWS)]))
    beside, here = run(source, tmp_path / "beside"), run(source, tmp_path / "here", processes=0)
    assert beside.rejected.height == len(twins) - 1
    assert contents(beside.out) == contents(here.out)


def test_a_stretch_all_of_whose_ids_stood_before_leaves_only_what_is_rejected(tmp_path: Path) -> None:
    source = write(tmp_path / "s.parquet", table([str(number % 20) for number in range(ROWS)]))
    beside, here = run(source, tmp_path / "beside"), run(source, tmp_path / "here", processes=0)
    assert beside.rejected.height == ROWS - 20
    assert contents(beside.out) == contents(here.out)


def test_whoever_has_answered_takes_the_next_stretch(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ask, answer, asked, slow = processes._Process.ask, processes._Process.answer, list[int](), threading.Event()

    def told(self: processes._Process, *stretch: Any, **judged: Any) -> None:
        asked.append(self.child.pid)
        ask(self, *stretch, **judged)
        if len(asked) == 4:
            slow.set()

    def heard(self: processes._Process) -> Any:
        if asked and self.child.pid == asked[0]:
            assert slow.wait(60)
        return answer(self)

    monkeypatch.setattr(processes._Process, "ask", told)
    monkeypatch.setattr(processes._Process, "answer", heard)
    beside = run(source, tmp_path / "beside")
    assert asked[:4].count(asked[0]) == 1
    assert contents(beside.out) == contents(run(source, tmp_path / "here", processes=0).out)


def test_a_process_that_is_killed_is_told_and_what_was_judged_is_kept(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, asked = processes._Process.ask, iter(range(ROWS))

    def killed(self: processes._Process, *stretch: Any, **judged: Any) -> None:
        if next(asked) == 5:
            os.kill(self.child.pid, signal.SIGKILL)
        ask(self, *stretch, **judged)

    monkeypatch.setattr(processes._Process, "ask", killed)
    with pytest.raises(SourceError, match=r"ended early \(signal 9.*dossiers were judged before"):
        run(source, tmp_path / "out")
    monkeypatch.undo()
    assert contents(run(source, tmp_path / "out").out) == contents(run(source, tmp_path / "whole", processes=0).out)


@pytest.mark.parametrize("then", [pytest.param(0, marks=pytest.mark.once), 2], ids=["here", "beside"])
def test_an_audit_that_was_stopped_goes_on(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch, then: int) -> None:
    answer, told, seen = processes._Process.answer, iter(range(ROWS)), watched(monkeypatch)

    def stopped(self: processes._Process) -> Any:
        if next(told) == 3:
            raise KeyboardInterrupt
        return answer(self)

    monkeypatch.setattr(processes._Process, "answer", stopped)
    with pytest.raises(KeyboardInterrupt):
        run(source, tmp_path / "out")
    assert not left_of(seen)
    monkeypatch.undo()
    whole = run(source, tmp_path / "whole", processes=0)
    assert contents(run(source, tmp_path / "out", processes=then).out) == contents(whole.out)


def test_a_file_that_breaks_off_says_where_and_keeps_what_stood_before(tmp_path: Path, source: Path) -> None:
    groups = read_apart(source, size=10)
    body = bytearray(source.read_bytes())
    chunk = pq.read_metadata(source).row_group(3).column(0)
    start = chunk.dictionary_page_offset or chunk.data_page_offset
    body[start : start + chunk.total_compressed_size] = b"\xff" * chunk.total_compressed_size
    source.write_bytes(body)
    for count in (2, 0):
        with pytest.raises(
            SourceError, match=rf"s\.parquet:{groups[3].before + 1}: cannot be read from here on.*20 dossiers were judged"
        ):
            run(source, tmp_path / f"out-{count}", processes=count)


def watched(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that is to hold the numbers of the processes that are started."""
    seen: list[int] = []
    start = processes.Processes._start

    def started(self: processes.Processes, judge: PartJudge, count: int) -> None:
        start(self, judge, count)
        seen.extend(process.child.pid for process in self._processes)

    monkeypatch.setattr(processes.Processes, "_start", started)
    return seen


def left_of(seen: Iterable[int]) -> list[int]:
    """Return those that still run."""
    return [
        pid
        for pid in seen
        if (there := Path(f"/proc/{pid}/stat")).exists() and there.read_text().rsplit(")")[1].split()[0] != "Z"
    ]


def wait_for(come: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not come():
        assert time.monotonic() < until
        time.sleep(0.01)


forks = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux")


TOUCHING = """
from resource import RUSAGE_SELF, getrusage
from cadre_rules.audits.processes import _BLOCK, _touch
_touch(4 * _BLOCK)
before = getrusage(RUSAGE_SELF).ru_minflt
held = [bytearray(_BLOCK) for _ in range(3)]
print((getrusage(RUSAGE_SELF).ru_minflt - before) * 4096 / sum(map(len, held)))
"""


@forks
def test_memory_touched_at_once_stays_and_is_met_no_page_anew() -> None:
    anew = subprocess.check_output([sys.executable, "-c", TOUCHING])
    assert float(anew) < 0.1


def test_processes_end_with_the_audit_that_asked_them(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = watched(monkeypatch)
    run(source, tmp_path / "out")
    assert len(seen) == 2
    for pid in seen:
        with suppress(ProcessLookupError):
            os.kill(pid, 0)
            pytest.fail("a process is still there")


@forks
def test_a_thread_that_a_fork_would_lose_is_seen() -> None:
    over = threading.Event()
    other = threading.Thread(target=over.wait)
    other.start()
    assert not processes._may_fork()
    over.set()
    other.join()


CALLER = """
import os, signal, sys, threading, time
from cadre_rules.audits import processes

processes._LARGE, processes.WORTH, processes._at_most = 0, 10, lambda: 2
source, out, what = sys.argv[1:]
early = processes.begun(source)
from cadre_rules.audits.running import audit
from small import TODAY, small

if what == "threads":
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
ask, asked = processes._Process.ask, iter(range(60))

def told(self, *stretch, **judged):
    number = next(asked)
    os.write(1, f"{type(self.child).__name__} {self.child.pid}\\n".encode())  # at once, whoever else asks
    if what == "killed" and number == 3:
        os.kill(self.child.pid, signal.SIGKILL)
    if what == "sleeping" and number == 3:
        time.sleep(600)
    ask(self, *stretch, **judged)

processes._Process.ask = told
try:
    audit(source, small(), out=out, today=TODAY, size=10, processes=early)
except Exception as error:
    sys.exit(str(error))
"""


def calling(source: Path, out: Path, what: str) -> "subprocess.Popen[str]":
    """Start a program that audits as the command does, and prints what it asks."""
    where = os.pathsep.join(filter(None, [str(Path(__file__).parent), *sys.path]))
    command = [sys.executable, "-W", "always", "-c", CALLER, str(source), str(out), what]
    environment = os.environ | {"PYTHONPATH": where}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True)


@forks
@pytest.mark.parametrize(("what", "kind"), [("plain", "_Fork"), ("threads", "Popen")])
def test_a_program_that_begins_forks_them_unless_a_thread_would_be_lost_and_no_byte_changes(
    tmp_path: Path, source: Path, what: str, kind: str
) -> None:
    with calling(source, tmp_path / "out", what) as caller:
        asked, told = caller.communicate()
    assert (caller.returncode, told) == (0, "")
    assert [line.split()[0] for line in asked.splitlines()] == [kind] * (ROWS // 10)
    assert contents(tmp_path / "out") == contents(run(source, tmp_path / "here", processes=0).out)


@forks
def test_one_that_was_forked_and_is_killed_is_told(tmp_path: Path, source: Path) -> None:
    with calling(source, tmp_path / "out", "killed") as caller:
        _, told = caller.communicate()
    assert "ended early (signal 9" in told
    assert "dossiers were judged before" in told


@forks
def test_nothing_outlives_a_caller_that_is_killed_nor_holds_its_folder(tmp_path: Path, source: Path) -> None:
    with calling(source, tmp_path / "out", "sleeping") as caller:
        try:
            assert caller.stdout is not None
            seen = {int(caller.stdout.readline().split()[1]) for _ in range(4)}
        finally:
            caller.kill()
    assert len(seen) == 2
    assert contents(run(source, tmp_path / "out").out) == contents(run(source, tmp_path / "here", processes=0).out)
    wait_for(lambda: not left_of(seen))


def test_a_file_that_cannot_be_read_is_told_by_who_waits_for_its_digest(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="none"):
        processes.Processes(str(tmp_path / "none.parquet")).digest_of(str(tmp_path / "none.parquet"))


def test_one_that_dies_before_it_is_told_how_to_judge_is_told(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "__name__", "none_such")
    with pytest.raises(SourceError, match=r"ended early \(exit status 1\); 0 dossiers were judged before"):
        run(source, tmp_path / "out")


def test_the_command_begins_with_them_where_the_file_is_large(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    seen = watched(monkeypatch)
    monkeypatch.setattr(processes, "_at_most", lambda: 2)
    command = ["audit", str(source), "--rules", str(SMALL), "--today", str(TODAY), "--format", "json", "--out"]
    told = {}
    for name, large in (("here", 10**9), ("beside", 0)):
        monkeypatch.setattr(processes, "_LARGE", large)
        monkeypatch.setattr(processes, "WORTH", 10 + large)
        monkeypatch.setattr(audit, "__kwdefaults__", (audit.__kwdefaults__ or {}) | {"size": 10})
        assert main([*command, str(tmp_path / name)]) == 1
        told[name] = capfd.readouterr()
    assert len(seen) >= 2
    assert not left_of(seen)
    assert told["here"] == told["beside"]
    assert contents(tmp_path / "here") == contents(tmp_path / "beside")


@forks
def test_they_begin_early_only_for_a_file_that_may_be_worth_it(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    monkeypatch.setattr(processes, "Processes", begun.append)
    monkeypatch.setattr(processes, "_set_up", dict)
    monkeypatch.setattr(processes, "_at_most", lambda: 3)
    processes.begun(str(source))
    monkeypatch.setattr(processes, "_LARGE", source.stat().st_size)
    processes.begun(str(source))
    lines = tmp_path / "s.jsonl"
    lines.write_bytes(source.read_bytes())
    (tmp_path / "folder.parquet").mkdir()
    for other in (lines, tmp_path / "none.parquet", tmp_path / "folder.parquet"):
        processes.begun(str(other))
    monkeypatch.setattr(processes, "_at_most", lambda: 1)
    processes.begun(str(source))
    gc.enable()
    assert begun == [str(source)]


def test_few_rows_are_judged_here_and_many_by_a_process_a_core(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stretches = read_apart(source, size=10)
    assert len(stretches) == 6
    assert processes.worth_while(stretches) == 0
    monkeypatch.setattr(processes, "WORTH", 20)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2}, raising=False)
    monkeypatch.setattr(os, "sysconf", lambda name: 2**40 if name == "SC_PHYS_PAGES" else 4096)
    assert processes.worth_while(stretches) == 3
    assert processes.worth_while(stretches[:2]) == 2
    assert processes.worth_while(stretches[:1]) == 0
    monkeypatch.setattr(os, "sysconf", lambda name: 2**20 if name == "SC_PHYS_PAGES" else 4096)
    assert processes.worth_while(stretches) == 0
    assert read_apart(Path("s.jsonl"), size=10) == []
