"""Judging for a long time holds memory flat."""

import gc
import os
from pathlib import Path

import pytest

from small import appointment, report_of, small

CHECKS = int(os.environ.get("CADRE_RULES_SOAK") or 0)
SPARE_MB = 8


def resident_mb() -> float:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.mark.skipif(not CHECKS, reason="CADRE_RULES_SOAK says how many checks to run, e.g. 300000")
def test_many_checks_hold_memory_flat() -> None:
    def judge(count: int) -> None:
        for number in range(count):
            report_of(appointment(deputies_after=number % 7, steps=[{"votes_for": number % 40}]), small())

    judge(max(CHECKS // 10, 2000))
    warm = resident_mb()
    judge(CHECKS)
    assert resident_mb() - warm < SPARE_MB
