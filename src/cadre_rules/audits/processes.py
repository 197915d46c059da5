"""Judge stretches of files in processes beside this one, each of which reads what it judges.

A process is an interpreter that runs this module: it gets ready, is told how to judge, then which stretches, and ends when
nobody is left to ask. That needs nothing of the program that asks, as `multiprocessing` would. Where it can, the first of
them gets ready for all: it forks those that judge, and only tells how they end.
"""

import gc
import os
import pickle
import signal
import sys
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from subprocess import PIPE, Popen
from threading import Lock
from typing import IO, TYPE_CHECKING, Any, NoReturn, TypeAlias

from cadre_rules.errors import SourceError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from cadre_rules.audits.parts import Judging, Part, PartJudge
    from cadre_rules.sources.nesting import Stretch

WORTH = 50_000
"""Rows for which starting processes is worth while."""

_LARGE = 200 * WORTH
"""Bytes of a file that holds as many dossiers, about."""

_MEMORY = 3 * 2**30
"""Bytes of the machine's memory for each process: one takes half of that."""

_AHEAD = 2
"""Stretches of which the answers are waited for, for each process: what is answered early is held until it is its turn."""

_ALONE = {
    "POLARS_MAX_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=33554432:glibc.malloc.trim_threshold=4294967296",
}
_KEEPING = {"_RJEM_MALLOC_CONF": "background_thread:false,dirty_decay_ms:-1,muzzy_decay_ms:-1"}  # polars overwrites it here
"""Each process is one core's, and keeps the memory it has touched: touching it anew took a fifth of the time."""

_TAKEN, _AT_MOST = 10, 4096
"""Bytes of memory that judging takes: for each byte of a file, decompressed, and for each dossier at most, about."""

_BLOCK = 31 * 2**20
"""Bytes asked for at once: less than what the system is asked for by itself, and is given back."""

_POPULATE_WRITE = 23

_IDLE = {"polars-ooc-clea"}
"""Threads a fork may lose: the one of polars that removes what it put on a disk, before there is any."""

_Answer: TypeAlias = "tuple[list[Part], tuple[str, str] | None]"
"""What was judged, and where and why the file breaks off after that, if it does."""


def worth_while(stretches: "Sequence[Stretch]") -> int:
    """Return how many processes judging is worth: one for each core that the machine has memory for; 0 if it is none."""
    count = min(_at_most(), len(stretches))
    return count if count > 1 and sum(stretch.rows for stretch in stretches) >= WORTH else 0


def _at_most() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    room = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // _MEMORY if hasattr(os, "sysconf") else cores
    return min(cores, room) if sys.executable else 0


def begun(source: str, packs: Sequence[str]) -> "Processes | None":
    """Start the processes for a source that seems large enough, before anything is read of it; None if it does not."""
    with suppress(OSError):
        if source.lower().endswith(".parquet") and Path(source).stat().st_size >= _LARGE and _at_most() > 1:
            return Processes(_at_most(), source, packs)
    return None


class Processes:
    """At most so many processes that judge, and how they are reached; they end when this is closed, or its own process ends.

    They get ready at once: for a file and rule packs, if these are named, so that little is left to do once they are told.
    """

    def __init__(self, most: int, source: str = "", packs: Sequence[str] = ()) -> None:
        self._started: list[Popen[bytes]] = []
        self._ends: dict[int, int] = {}
        """How processes that were forked have ended, by their numbers."""
        self._one_hears = Lock()
        pipes = [(os.pipe(), os.pipe()) for _ in range(most if sys.platform == "linux" else 0)]
        self._pairs = [(os.fdopen(asking, "wb"), os.fdopen(answers, "rb")) for (_, asking), (answers, _) in pipes]
        theirs = [end for (asked, _), (_, answering) in pipes for end in (asked, answering)]
        try:
            self._first = self._start(theirs, source, packs)
        finally:
            for end in theirs:
                os.close(end)

    def judged(self, asked: "Iterable[tuple[Stretch, bool]]", judging: "Judging", size: int, count: int) -> "Iterator[Part]":
        """Yield the parts of stretches in their order, each judged if that is asked; raises `SourceError`."""
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  # not before the processes are started

        processes = self._told(pickle.dumps((judging, size, count)), count)
        free = SimpleQueue[_Process]()
        for process in processes:
            free.put(process)

        def answer(stretch: "Stretch", judged: bool) -> _Answer:  # noqa: FBT001  # of whichever process is free first
            process = free.get()
            try:
                process.ask(stretch, judged=judged)
                found: _Answer = process.answer()
            finally:
                free.put(process)
            return found

        def end() -> None:
            free.get().asking.close()

        hearing = ThreadPoolExecutor(count)  # no process waits until another has answered
        try:
            coming: deque[Future[_Answer]] = deque()
            for stretch, judged in asked:
                if len(coming) == count * _AHEAD:
                    yield from _parts(coming.popleft().result())
                coming.append(hearing.submit(answer, stretch, judged))
            for _ in processes:
                hearing.submit(end)  # one that has answered all ends while others still judge
            while coming:
                yield from _parts(coming.popleft().result())
        finally:
            hearing.shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        """End them."""
        for started in self._started:
            started.terminate()  # whoever still hears from one hears no more
        for pipe in (pipe for pair in self._pairs for pipe in pair):
            with suppress(OSError):
                pipe.close()
        for started in self._started:
            with suppress(OSError), started:
                pass  # its pipes are closed, whatever they still hold, and it is waited for

    def _told(self, brief: bytes, count: int) -> "list[_Process]":
        """Tell processes how to judge, and return as many as are to do so."""
        self._first.say(brief)
        forked = self._first.answer()
        if forked:
            return [_Process(pid, *pair, partial(self._end_of, pid)) for pid, pair in zip(forked, self._pairs, strict=False)]
        others = [self._start() for _ in range(count - 1)]
        for process in others:
            process.say(brief)
        for process in others:
            process.answer()
        return [self._first, *others]

    def _start(self, ends: Sequence[int] = (), source: str = "", packs: Sequence[str] = ()) -> "_Process":
        where = os.pathsep.join(filter(None, sys.path))
        command = [sys.executable, "-P", "-m", __name__, ",".join(map(str, ends)), source, *packs]
        environment = _ALONE | os.environ | _KEEPING | {"PYTHONPATH": where}
        started = Popen(command, stdin=PIPE, stdout=PIPE, env=environment, pass_fds=ends)  # noqa: S603  # ourselves
        self._started.append(started)
        assert started.stdin is not None
        assert started.stdout is not None
        return _Process(started.pid, started.stdin, started.stdout, started.wait)

    def _end_of(self, pid: int) -> int:
        """Return how a process has ended that was forked; if who forked it is no more, how that has."""
        with self._one_hears, suppress(EOFError, pickle.UnpicklingError):
            while pid not in self._ends:
                self._ends |= pickle.load(self._first.answers)  # noqa: S301  # from a process of our own
        return self._ends[pid] if pid in self._ends else self._first.ended()


def _parts(answer: _Answer) -> "Iterator[Part]":
    parts, broken = answer
    yield from parts
    if broken is not None:
        raise SourceError(*broken)


@dataclass(frozen=True, slots=True)
class _Process:
    """A process that judges, as who asks it sees it."""

    pid: int
    asking: IO[bytes]
    answers: IO[bytes]
    ended: Callable[[], int]
    """Waits for it to end, and returns how it did."""

    def ask(self, stretch: "Stretch", *, judged: bool) -> None:
        self.say(pickle.dumps((stretch, judged)))

    def answer(self) -> Any:
        try:
            return pickle.load(self.answers)  # noqa: S301  # from a process of our own
        except (EOFError, pickle.UnpicklingError) as error:
            raise self._early() from error

    def say(self, said: bytes) -> None:
        try:
            self.asking.write(said)
            self.asking.flush()
        except OSError as error:
            raise self._early() from error

    def _early(self) -> SourceError:
        status = self.ended()
        why = f"signal {-status}; is there too little memory?" if status < 0 else f"exit status {status}"
        return SourceError("the audit", f"a process that judged a part of it ended early ({why})")


# What runs in a process


def main() -> None:
    """Get ready, hear how to judge, and judge, or fork those that do, until there is nobody left to ask."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is told to whoever asks
    gc.disable()  # what is made to get ready stays
    asking, telling = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what is printed is no answer
    ends, source, *packs = sys.argv[1:]
    with suppress(EOFError, BrokenPipeError):
        ready = _ready(source, packs)
        judging, size, count = pickle.load(asking)  # noqa: S301  # from the process this one is of
        judge = _judge(ready, judging, size)
        gc.freeze()
        gc.enable()
        if ends and count > 1 and _may_fork():
            numbers = [int(end) for end in ends.split(",")]
            _fork(judge, list(zip(numbers[::2], numbers[1::2], strict=True))[:count], telling)
        else:
            _tell(telling, [])
            _answer_all(judge, asking, telling)


def _ready(source: str, packs: Sequence[str]) -> "PartJudge | None":
    """Compile what is the same for all parts; what goes wrong goes wrong for who asks, and is told there."""
    with suppress(Exception), warnings.catch_warnings(action="ignore"):
        from cadre_rules.audits.parts import Judging, PartJudge  # noqa: PLC0415  # who asks is here long before it needs them
        from cadre_rules.rulebook.loading import load_rulebook  # noqa: PLC0415

        if packs:
            judge = PartJudge(Judging(load_rulebook(*packs), "decision", date.min, {}), 0)
            judge.look(Path(source))
            return judge
    return None


def _judge(ready: "PartJudge | None", judging: "Judging", size: int) -> "PartJudge":
    """Return what judges as it is told to, with what is compiled already if that is of the very same rulebook."""
    if ready is None or ready.judging.rulebook.__getstate__() != judging.rulebook.__getstate__():
        from cadre_rules.audits.parts import PartJudge  # noqa: PLC0415

        return PartJudge(judging, size)
    ready.judging, ready.size = replace(judging, rulebook=ready.judging.rulebook), size
    return ready


def _may_fork() -> bool:
    """Tell whether a fork has all that this process has: of threads it has only the one that forks."""
    try:
        names = [(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()]
    except OSError:
        return False
    return len([name for name in names if name not in _IDLE]) == 1


def _fork(judge: "PartJudge", pairs: Sequence[tuple[int, int]], telling: IO[bytes]) -> NoReturn:
    """Fork a process for each pair of pipes, tell how each ends, and end; when this one is told to end, they are to end."""
    left: list[int] = []

    def end(*_: object) -> None:
        for pid in left:
            os.kill(pid, signal.SIGKILL)

    signal.signal(signal.SIGTERM, end)
    for pair in pairs:
        with warnings.catch_warnings(action="ignore"):  # that there are other threads was looked into
            pid = os.fork()
        if not pid:
            _forked(judge, pair, [telling.fileno(), *(one for other in pairs for one in other if other != pair)])
        left.append(pid)
    for one in (one for pair in pairs for one in pair):
        os.close(one)
    _tell(telling, left)
    while left:
        pid, status = os.wait()
        left.remove(pid)
        with suppress(BrokenPipeError):  # whoever asked waits for this one, and this one for all it forked
            _tell(telling, {pid: os.waitstatus_to_exitcode(status)})
    os._exit(0)


def _forked(judge: "PartJudge", pair: tuple[int, int], others: Iterable[int]) -> NoReturn:
    status = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        for end in others:
            os.close(end)  # or one process would keep the pipes of another open
        with suppress(EOFError, BrokenPipeError):
            _answer_all(judge, os.fdopen(pair[0], "rb"), os.fdopen(pair[1], "wb"))
        status = 0
    except BaseException:  # noqa: BLE001  # nothing of what forked it is to run in it
        traceback.print_exc()
    finally:
        os._exit(status)


def _answer_all(judge: "PartJudge", asking: IO[bytes], telling: IO[bytes]) -> None:
    stretch, judged = pickle.load(asking)  # noqa: S301
    if sys.platform == "linux":
        _touch(min(stretch.weight * _TAKEN, judge.size * _AT_MOST))
    while True:
        _tell(telling, _answer(judge.parts(stretch, judged=judged)))
        stretch, judged = pickle.load(asking)  # noqa: S301


def _touch(size: int) -> None:
    """Have so much memory handed over at once, and keep it for what comes: met page by page, it takes three times as long."""
    from ctypes import CDLL, c_size_t, c_void_p  # noqa: PLC0415  # nobody but these processes needs it

    libc, page = CDLL(None), os.sysconf("SC_PAGE_SIZE")
    libc.malloc.restype = c_void_p
    blocks = [block for block in (libc.malloc(c_size_t(_BLOCK)) for _ in range(size // _BLOCK)) if block]
    for block in blocks:
        first = -(-block // page) * page
        libc.madvise(c_void_p(first), c_size_t(_BLOCK - page), _POPULATE_WRITE)  # before Linux 5.14 of no use, nor in the way
    for block in blocks:
        libc.free(c_void_p(block))


def _answer(parts: "Iterator[Part]") -> _Answer:
    found: list[Part] = []
    try:
        found.extend(parts)
    except SourceError as error:
        return found, (error.location, error.reason)
    return found, None


def _tell(telling: IO[bytes], what: Any) -> None:
    pickle.dump(what, telling)
    telling.flush()


if __name__ == "__main__":
    main()
