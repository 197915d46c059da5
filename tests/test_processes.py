"""An audit judged by processes beside it: the same bytes, whatever happens to them."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

from apart import contents
from cadre_rules.audits import processes
from cadre_rules.audits.parts import Judging
from cadre_rules.audits.running import Audit, audit
from cadre_rules.cli import main
from cadre_rules.dossier.frames import frame_of
from cadre_rules.dossier.reading import read_dossier
from cadre_rules.errors import SourceError
from cadre_rules.sources.batches import read_apart
from cadre_rules.sources.nesting import CANONICAL
from small import SMALL, TODAY, appointment, small, vn

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
        asked.append(self.pid)
        ask(self, *stretch, **judged)
        if len(asked) == 4:
            slow.set()

    def heard(self: processes._Process) -> Any:
        if asked and self.pid == asked[0]:
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
            os.kill(self.pid, signal.SIGKILL)
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
    """Return a list that is to hold the numbers of the processes that are started, and of those they fork."""
    seen: list[int] = []
    tell = processes.Processes._told

    def told(self: processes.Processes, brief: bytes, count: int) -> list[processes._Process]:
        found = tell(self, brief, count)
        seen.extend({self._first.pid, *(process.pid for process in found)})
        return found

    monkeypatch.setattr(processes.Processes, "_told", told)
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
    anew = subprocess.check_output([sys.executable, "-c", TOUCHING], env=os.environ | processes._ALONE)
    assert float(anew) < 0.1


def test_processes_end_with_the_audit_that_asked_them(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = watched(monkeypatch)
    run(source, tmp_path / "out")
    assert len(seen) == (3 if sys.platform == "linux" else 2)  # one forks two
    for pid in seen:
        with suppress(ProcessLookupError):
            os.kill(pid, 0)
            pytest.fail("a process is still there")


@forks
def test_where_there_are_threads_nothing_is_forked_and_no_byte_changes(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = watched(monkeypatch)
    monkeypatch.setenv("JE_ARROW_MALLOC_CONF", "background_thread:true")
    beside = run(source, tmp_path / "beside")
    assert len(seen) == 2
    assert contents(beside.out) == contents(run(source, tmp_path / "here", processes=0).out)


@forks
def test_a_thread_that_a_fork_would_lose_is_seen() -> None:
    over = threading.Event()
    other = threading.Thread(target=over.wait)
    other.start()
    assert not processes._may_fork()
    over.set()
    other.join()


@forks
def test_processes_go_on_without_the_one_that_forked_them(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = watched(monkeypatch)
    ask = processes._Process.ask

    def orphaned(self: processes._Process, *stretch: Any, **judged: Any) -> None:
        for pid in set(seen) & set(children_of(os.getpid())):
            os.kill(pid, signal.SIGKILL)
        ask(self, *stretch, **judged)

    monkeypatch.setattr(processes._Process, "ask", orphaned)
    beside = run(source, tmp_path / "beside")
    assert contents(beside.out) == contents(run(source, tmp_path / "here", processes=0).out)
    wait_for(lambda: not left_of(seen))


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_one_that_dies_before_it_is_told_how_to_judge_is_told(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "WORTH", ROWS)
    monkeypatch.setattr(processes, "_at_most", lambda: 2)
    with closing(processes.Processes(2, str(source), (str(SMALL),))) as early:
        os.kill(early._first.pid, signal.SIGKILL)
        with pytest.raises(SourceError, match=r"ended early \(signal 9.*; 0 dossiers were judged before"):
            run(source, tmp_path / "out", processes=early)


CALLER = """
import sys, time
from cadre_rules.audits.parts import Judging
from cadre_rules.audits.processes import Processes
from cadre_rules.sources.batches import read_apart
from small import SMALL, TODAY, small

beside = Processes(2, sys.argv[1], (str(SMALL),))
print(beside._first.pid, flush=True)
if sys.argv[2] == "judging":
    asked = ((stretch, True) for stretch in read_apart(sys.argv[1], size=10))
    judged = beside.judged(asked, Judging(small(), "decision", TODAY, {}), 10, 2)
    next(judged)
    print("judging", flush=True)
time.sleep(600)
"""


@forks
@pytest.mark.parametrize("when", ["ready", "judging"])
def test_nothing_outlives_a_caller_that_is_killed(source: Path, when: str) -> None:
    where = os.pathsep.join(filter(None, [str(Path(__file__).parent), *sys.path]))
    command = [sys.executable, "-c", CALLER, str(source), when]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": where}) as caller:
        try:
            assert caller.stdout is not None
            first = int(caller.stdout.readline())
            if when == "judging":
                assert caller.stdout.readline() == b"judging\n"
            seen = [first, *children_of(first)]
            assert len(seen) == (3 if when == "judging" else 1)
        finally:
            caller.kill()
    wait_for(lambda: not left_of(seen))


def test_what_got_ready_for_a_rulebook_judges_by_that_and_no_other(source: Path) -> None:
    asked = Judging(small(), "decision", TODAY, {})
    ready = processes._ready(str(source), (str(SMALL),))
    assert ready is not None
    assert processes._judge(ready, asked, 10) is ready
    assert (ready.judging, ready.size) == (asked, 10)
    one = small().rules[0]
    for other in (
        replace(small(), rules=small().rules[1:]),
        replace(small(), rules=(one.model_copy(update={"revision": one.revision + 1}), *small().rules[1:])),
        vn(),
    ):
        judge = processes._judge(ready, replace(asked, rulebook=other), 10)
        assert judge is not ready
        assert judge.judging.rulebook is other


@pytest.mark.parametrize("packs", [(), ("none-such",)])
def test_what_cannot_get_ready_is_told_by_who_asks(source: Path, packs: tuple[str, ...]) -> None:
    assert processes._ready(str(source), packs) is None
    assert processes._ready(str(source.parent / "none.parquet"), (str(SMALL),)) is None


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


def test_the_command_leaves_none_where_it_judges_nothing(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[processes.Processes] = []
    begin = processes.Processes.__init__

    def started(self: processes.Processes, *given: Any) -> None:
        begin(self, *given)
        begun.append(self)

    monkeypatch.setattr(processes.Processes, "__init__", started)
    monkeypatch.setattr(processes, "_at_most", lambda: 2)
    monkeypatch.setattr(processes, "_LARGE", 0)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "other").touch()
    assert main(["audit", str(source), "--rules", str(SMALL), "--out", str(tmp_path / "out")]) == 3
    assert [one._first.ended() for one in begun] == [-signal.SIGTERM]


def test_they_begin_early_only_for_a_file_that_may_be_worth_it(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began: list[object] = []
    monkeypatch.setattr(processes, "Processes", lambda *given: began.append(given))
    monkeypatch.setattr(processes, "_at_most", lambda: 3)
    processes.begun(str(source), ("vn",))
    monkeypatch.setattr(processes, "_LARGE", source.stat().st_size)
    processes.begun(str(source), ("vn",))
    lines = tmp_path / "s.jsonl"
    lines.write_bytes(source.read_bytes())
    for other in (lines, tmp_path / "none.parquet"):
        processes.begun(str(other), ("vn",))
    monkeypatch.setattr(processes, "_at_most", lambda: 1)
    processes.begun(str(source), ("vn",))
    assert began == [(3, str(source), ("vn",))]


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
