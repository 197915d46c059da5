"""Judge stretches of files in processes beside this one, each of which reads what it judges.

Where they can be, they are forked from this one, once it has read and compiled all that judging takes. Elsewhere each is an
interpreter that runs this module: it is told how to judge, then which stretches. Either ends when nobody is left to ask.
"""

import gc
import os
import pickle
import signal
import sys
import traceback
import warnings
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from ctypes import CDLL, c_size_t, c_void_p
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from subprocess import PIPE, Popen
from threading import Lock, Thread
from typing import IO, TYPE_CHECKING, NoReturn, TypeAlias

from cadre_rules.errors import SourceError
from cadre_rules.writing import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cadre_rules.audits.parts import Part, PartJudge
    from cadre_rules.sources.nesting import Stretch

WORTH = 50_000
"""Rows for which starting processes is worth while."""

_LARGE = 200 * WORTH
"""Bytes of a file that holds as many dossiers, about."""

_MEMORY = 3 * 2**30
"""Bytes of the machine's memory for each process: one takes half of that."""

_AHEAD = 2
"""Stretches of which the answers are waited for, for each process: what is answered early is held until it is its turn."""

_AT_ONCE = 1 << 24
"""Bytes of a file that a thread reads at once while another imports: it seldom waits for that one to let it."""

_SETTINGS = {
    "OPENBLAS_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
_KEEPING = {"_RJEM_MALLOC_CONF": "background_thread:false,dirty_decay_ms:-1,muzzy_decay_ms:-1"}  # polars adds to what it finds
"""Settings of libraries to be imported: they start no thread, and keep memory once touched."""

_ALONE = '{"environment": {"POLARS_MAX_THREADS": "1"}}'
"""A setting of polars: each process is one core's."""

_KEPT = {-3: 2**25, -1: -1}
"""Settings of glibc, `M_MMAP_THRESHOLD` and `M_TRIM_THRESHOLD`, that keep memory: touching it anew took a fifth of the time."""

_TAKEN, _AT_MOST = 10, 4096
"""Bytes of memory that judging takes: for each byte of a file, decompressed, and for each dossier at most, about."""

_BLOCK = 31 * 2**20
"""Bytes asked for at once: less than what the system is asked for by itself, and is given back."""

_POPULATE_WRITE = 23

_IDLE = {"polars-ooc-clea"}
"""Threads a fork may lose: the one of polars that removes what it put on a disk, before there is any."""

_Answer: TypeAlias = "tuple[list[Part], tuple[str, str] | None]"
"""What was judged, and where and why the file breaks off after that, if it does."""

_Asked: TypeAlias = "tuple[Future[_Answer], Stretch, bool]"
"""A stretch, whether it is judged, and where its answer is waited for."""


def worth_while(stretches: "Sequence[Stretch]") -> int:
    """Return how many processes judging is worth: one for each core that the machine has memory for; 0 if it is none."""
    count = min(_at_most(), len(stretches))
    return count if count > 1 and sum(stretch.rows for stretch in stretches) >= WORTH else 0


def _at_most() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    room = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // _MEMORY if hasattr(os, "sysconf") else cores
    return min(cores, room) if sys.executable else 0


def begun(source: str) -> "Processes | None":
    """Get ready to fork what judges a source that seems large enough, before anything is imported; None if it does not seem so.

    The program has to be one that audits: it takes settings of libraries for its own.
    """
    path, may_fork = Path(source), sys.platform == "linux" and _at_most() > 1
    with suppress(OSError):
        if may_fork and path.suffix.lower() == ".parquet" and path.is_file() and path.stat().st_size >= _LARGE:
            _set_up()
            gc.disable()  # what is made to get ready stays
            return Processes(source)
    return None


def _set_up() -> None:
    os.environ |= _SETTINGS | os.environ | _KEEPING


class Processes:
    """Processes that judge, and how they are reached; they end when this is closed, or its own process ends."""

    def __init__(self, source: str = "") -> None:
        """Take the digest of a source meanwhile, if one is named: they are then forked, if that may be."""
        self._processes: list[_Process] = []
        self._source, self._digest = source, _meanwhile(Path(source)) if source else None

    def digest_of(self, source: str) -> str | None:
        """Return the digest of the source these are for; None for any other; raises `SourceError` if it cannot be read."""
        return self._digest.result() if self._digest is not None and source == self._source else None

    def fork(self, judge: "PartJudge", count: int, path: Path) -> None:
        """Fork so many that judge as this one does, with what it has compiled for a file; none where that may not be."""
        if self._digest is None:
            return
        with suppress(Exception):  # what goes wrong goes wrong where it is judged, and is told from there
            judge.look(path)
        gc.freeze()
        gc.enable()
        with suppress(OSError):
            for _ in range(count if _may_fork() else 0):
                self._processes.append(_forked(judge))

    def judged(self, asked: "Iterable[tuple[Stretch, bool]]", judge: "PartJudge", count: int) -> "Iterator[Part]":
        """Yield the parts of stretches in their order, each judged if that is asked; raises `SourceError`."""
        if not self._processes:
            self._start(judge, count)
        waiting: SimpleQueue[_Asked | None] = SimpleQueue()
        for process in self._processes:  # a thread hears each, so that none waits until another has answered
            Thread(target=process.answer_all, args=(waiting,), daemon=True).start()
        coming: deque[Future[_Answer]] = deque()
        try:
            for stretch, judged in asked:
                if len(coming) == count * _AHEAD:
                    yield from _parts(coming.popleft().result())
                coming.append(Future())
                waiting.put((coming[-1], stretch, judged))
            for _ in self._processes:
                waiting.put(None)  # one that has answered all ends while others still judge
            while coming:
                yield from _parts(coming.popleft().result())
        finally:
            for future in coming:
                future.cancel()
            for _ in self._processes:
                waiting.put(None)

    def close(self) -> None:
        """End them."""
        if self._digest is not None:
            gc.enable()  # as it was before this got ready to fork
        for process in self._processes:
            process.child.terminate()  # whoever still hears from one hears no more
        for process in self._processes:
            for pipe in (process.asking, process.answers):
                with suppress(OSError):
                    pipe.close()
            process.child.wait()

    def _start(self, judge: "PartJudge", count: int) -> None:
        """Start so many interpreters, and tell them how to judge; each takes it whole before it imports what that takes."""
        brief = pickle.dumps(pickle.dumps((judge.judging, judge.size)))
        where = os.pathsep.join(filter(None, sys.path))
        for _ in range(count):
            command = [sys.executable, "-P", "-m", __name__]
            started = Popen(command, stdin=PIPE, stdout=PIPE, env=os.environ | {"PYTHONPATH": where})  # noqa: S603  # ourselves
            assert started.stdin is not None
            assert started.stdout is not None
            self._processes.append(_Process(started, started.stdin, started.stdout))
        for process in self._processes:
            process.say(brief)


def _meanwhile(path: Path) -> "Future[str]":
    """Take the digest of a file in a thread that ends with the program."""
    digest = Future[str]()

    def take() -> None:
        try:
            digest.set_result(digest_of(path, _AT_ONCE))
        except Exception as error:  # noqa: BLE001  # raised where the digest is asked for
            digest.set_exception(error)

    Thread(target=take, daemon=True).start()
    return digest


def _parts(answer: _Answer) -> "Iterator[Part]":
    parts, broken = answer
    yield from parts
    if broken is not None:
        raise SourceError(*broken)


class _Fork:
    """A process that was forked, as `Popen` is one that was started."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._ended: int | None = None
        self._one_waits = Lock()

    def terminate(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)

    def wait(self) -> int:
        with self._one_waits:
            if self._ended is None:
                self._ended = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            return self._ended


@dataclass(frozen=True, slots=True)
class _Process:
    """A process that judges, as who asks it sees it."""

    child: "Popen[bytes] | _Fork"
    asking: IO[bytes]
    answers: IO[bytes]

    def answer_all(self, waiting: "SimpleQueue[_Asked | None]") -> None:
        """Ask what waits to be asked, as one of several that do, and hear the answers, until nothing is left."""
        for future, stretch, judged in iter(waiting.get, None):
            if future.set_running_or_notify_cancel():
                try:
                    self.ask(stretch, judged=judged)
                    future.set_result(self.answer())
                except BaseException as error:  # noqa: BLE001  # raised where the answer is waited for
                    future.set_exception(error)
        with suppress(OSError):
            self.asking.close()

    def ask(self, stretch: "Stretch", *, judged: bool) -> None:
        self.say(pickle.dumps((stretch, judged)))

    def answer(self) -> _Answer:
        try:
            found: _Answer = pickle.load(self.answers)  # noqa: S301  # from a process of our own
        except (EOFError, pickle.UnpicklingError) as error:
            raise self._early() from error
        return found

    def say(self, said: bytes) -> None:
        try:
            self.asking.write(said)
            self.asking.flush()
        except OSError as error:
            raise self._early() from error

    def _early(self) -> SourceError:
        status = self.child.wait()
        why = f"signal {-status}; is there too little memory?" if status < 0 else f"exit status {status}"
        return SourceError("the audit", f"a process that judged a part of it ended early ({why})")


def _may_fork() -> bool:
    """Tell whether a fork has all that this process has: of threads it has only the one that forks."""
    try:
        names = [(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()]
    except OSError:
        return False
    return len([name for name in names if name not in _IDLE]) == 1


def _forked(judge: "PartJudge") -> _Process:
    """Fork a process that judges."""
    (asked, asking), (answers, answering) = os.pipe(), os.pipe()
    with warnings.catch_warnings(action="ignore"):  # that there are other threads was looked into
        pid = os.fork()
    if not pid:
        _judge_forked(judge, asked, answering)
    os.close(asked)
    os.close(answering)
    return _Process(_Fork(pid), os.fdopen(asking, "wb"), os.fdopen(answers, "rb"))


# What runs in a process


def _judge_forked(judge: "PartJudge", asked: int, answering: int) -> NoReturn:
    status = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        open_ones = [int(one.name) for one in Path("/proc/self/fd").iterdir()]  # the highest there may be can be a billion
        for held in open_ones:
            if held > 2 and held not in (asked, answering):
                with suppress(OSError):
                    os.close(held)  # a pipe that another holds open does not end, nor does the folder's lock
        with os.fdopen(asked, "rb") as asking, os.fdopen(answering, "wb") as telling:
            _judge_alone(judge, asking, telling)
        status = 0
    except BaseException:  # noqa: BLE001  # nothing of what forked it is to run in it
        traceback.print_exc()
    finally:
        os._exit(status)


def main() -> None:
    """Hear how to judge, and judge until there is nobody left to ask."""
    _set_up()
    asking, telling = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    with suppress(EOFError):
        brief = pickle.load(asking)  # noqa: S301  # from the process this one is of
        from cadre_rules.audits.parts import PartJudge  # noqa: PLC0415  # by settings that are set

        _judge_alone(PartJudge(*pickle.loads(brief)), asking, telling)  # noqa: S301


def _judge_alone(judge: "PartJudge", asking: IO[bytes], telling: IO[bytes]) -> None:
    """Judge what is asked until nobody asks; this is one core's process."""
    import polars as pl  # noqa: PLC0415  # by settings that are set

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is told to whoever asks
    os.dup2(2, 1)  # what is printed is no answer
    if "POLARS_MAX_THREADS" not in os.environ:
        pl.Config.load(_ALONE)
    with suppress(EOFError, BrokenPipeError):
        stretch, judged = pickle.load(asking)  # noqa: S301
        if sys.platform == "linux":
            _touch(min(stretch.weight * _TAKEN, judge.size * _AT_MOST))
        while True:
            pickle.dump(_answer(judge.parts(stretch, judged=judged)), telling)
            telling.flush()
            stretch, judged = pickle.load(asking)  # noqa: S301


def _touch(size: int) -> None:
    """Have so much memory handed over at once, and keep it for what comes: met page by page, it takes a third longer."""
    libc, page = CDLL(None), os.sysconf("SC_PAGE_SIZE")
    with suppress(AttributeError):  # another libc has no such settings
        for setting, value in _KEPT.items():
            libc.mallopt(setting, value)
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


if __name__ == "__main__":
    main()
