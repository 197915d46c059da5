"""An audit judged by processes beside it: the same bytes, whatever happens to them."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

from apart import contents
from cadre_rules.audits import processes
from cadre_rules.audits.running import Audit, audit
from cadre_rules.dossier.frames import frame_of
from cadre_rules.dossier.reading import read_dossier
from cadre_rules.errors import SourceError
from cadre_rules.sources.batches import read_apart
from cadre_rules.sources.nesting import CANONICAL
from small import TODAY, appointment, small

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


def test_a_process_that_is_killed_is_told_and_what_was_judged_is_kept(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, asked = processes._Process.ask, iter(range(ROWS))

    def killed(self: processes._Process, *stretch: Any, **judged: Any) -> None:
        if next(asked) == 5:
            self._process.kill()
            self._process.wait()
        ask(self, *stretch, **judged)

    monkeypatch.setattr(processes._Process, "ask", killed)
    with pytest.raises(SourceError, match=r"ended early \(signal 9.*dossiers were judged before"):
        run(source, tmp_path / "out")
    monkeypatch.undo()
    assert contents(run(source, tmp_path / "out").out) == contents(run(source, tmp_path / "whole", processes=0).out)


@pytest.mark.parametrize("then", [0, 2], ids=["here", "beside"])
def test_an_audit_that_was_stopped_goes_on(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch, then: int) -> None:
    answer, told = processes._Process.answer, iter(range(ROWS))

    def stopped(self: processes._Process) -> Any:
        if next(told) == 3:
            raise KeyboardInterrupt
        return answer(self)

    monkeypatch.setattr(processes._Process, "answer", stopped)
    with pytest.raises(KeyboardInterrupt):
        run(source, tmp_path / "out")
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


def test_processes_end_with_the_audit_that_asked_them(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []
    begin = processes._Process.__init__

    def begun(self: processes._Process) -> None:
        begin(self)
        started.append(self._process.pid)

    monkeypatch.setattr(processes._Process, "__init__", begun)
    run(source, tmp_path / "out")
    assert len(started) == 2
    for pid in started:
        with suppress(ProcessLookupError):
            os.kill(pid, 0)
            pytest.fail("a process is still there")


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
