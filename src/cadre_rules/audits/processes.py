"""Judge stretches of files in processes beside this one, each of which reads what it judges.

A process is an interpreter that runs this module: it is told how to judge, then which stretches; it ends when nobody is
left to ask. That needs nothing of the program that asks, as `multiprocessing` would.
"""

import os
import pickle
import signal
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from subprocess import PIPE, Popen
from typing import TypeAlias

from cadre_rules.audits.parts import Judging, Part, PartJudge
from cadre_rules.errors import SourceError
from cadre_rules.sources.nesting import Stretch

WORTH = 50_000
"""Rows for which starting processes is worth while."""

_MEMORY = 3 * 2**30
"""Bytes of the machine's memory for each process: one takes half of that."""

_AHEAD = 2
"""Stretches a process is told at once, so that it never waits to be asked."""

_ALONE = {
    "POLARS_MAX_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=33554432:glibc.malloc.trim_threshold=4294967296",
    "_RJEM_MALLOC_CONF": "dirty_decay_ms:-1,muzzy_decay_ms:-1",
}
"""Each process is one core's, and keeps the memory it has touched: touching it anew took a fifth of the time."""

_Answer: TypeAlias = tuple[list[Part], tuple[str, str] | None]
"""What was judged, and where and why the file breaks off after that, if it does."""


def worth_while(stretches: Sequence[Stretch]) -> int:
    """Return how many processes judging is worth: one for each core that the machine has memory for; 0 if it is none."""
    large = len(stretches) > 1 and sum(stretch.rows for stretch in stretches) >= WORTH
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    room = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // _MEMORY if hasattr(os, "sysconf") else cores
    count = min(cores, room, len(stretches))
    return count if large and count > 1 and sys.executable else 0


def judged_beside(asked: Iterable[tuple[Stretch, bool]], judging: Judging, size: int, count: int) -> Iterator[Part]:
    """Yield the parts of stretches in their order, each judged if that is asked; raises `SourceError`."""
    with ExitStack() as stack:
        processes = [stack.enter_context(closing(_Process())) for _ in range(count)]
        brief = pickle.dumps((judging, size))
        for process in processes:
            process.say(brief)
        busy: deque[_Process] = deque()
        for number, (stretch, judged) in enumerate(asked):
            answer = busy.popleft().answer() if len(busy) == count * _AHEAD else ([], None)
            processes[number % count].ask(stretch, judged=judged)
            busy.append(processes[number % count])
            yield from _told(answer)
        while busy:
            yield from _told(busy.popleft().answer())


def _told(answer: _Answer) -> Iterator[Part]:
    parts, broken = answer
    yield from parts
    if broken is not None:
        raise SourceError(*broken)


class _Process:
    """A process that judges, as who asks it sees it."""

    def __init__(self) -> None:
        where = os.pathsep.join(filter(None, sys.path))
        command = [sys.executable, "-P", "-m", __name__]
        self._process = Popen(command, stdin=PIPE, stdout=PIPE, env=_ALONE | os.environ | {"PYTHONPATH": where})  # noqa: S603  # ourselves

    def ask(self, stretch: Stretch, *, judged: bool) -> None:
        self.say(pickle.dumps((stretch, judged)))

    def answer(self) -> _Answer:
        assert self._process.stdout is not None
        try:
            answer: _Answer = pickle.load(self._process.stdout)  # noqa: S301  # from a process of our own
        except (EOFError, pickle.UnpicklingError) as error:
            raise self._ended() from error
        return answer

    def close(self) -> None:
        self._process.kill()
        with suppress(OSError), self._process:
            pass  # its pipes are closed, whatever they still hold, and it is waited for

    def say(self, said: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(said)
            self._process.stdin.flush()
        except OSError as error:
            raise self._ended() from error

    def _ended(self) -> SourceError:
        status = self._process.wait()
        why = f"signal {-status}; is there too little memory?" if status < 0 else f"exit status {status}"
        return SourceError("the audit", f"a process that judged a part of it ended early ({why})")


def main() -> None:
    """Judge what is asked for on the standard input until there is nobody left to ask."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is told to whoever asks
    asking, telling = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what is printed is no answer
    with suppress(EOFError, BrokenPipeError):
        judge = PartJudge(*pickle.load(asking))  # noqa: S301  # from the process this one is of
        while True:
            stretch, judged = pickle.load(asking)  # noqa: S301
            pickle.dump(_answer(judge.parts(stretch, judged=judged)), telling)
            telling.flush()


def _answer(parts: Iterator[Part]) -> _Answer:
    found: list[Part] = []
    try:
        found.extend(parts)
    except SourceError as error:
        return found, (error.location, error.reason)
    return found, None


if __name__ == "__main__":
    main()
