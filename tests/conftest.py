"""Property tests leave no files behind and never fail for being slow; `HYPOTHESIS_PROFILE` is quick, usual, full or mutants.

`mutants` draws the same few examples each time and stops at the first that fails: what notices is the change alone.
Rulebooks are kept for the one run, in a folder that all its processes share.
"""

import atexit
import os
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, settings

if TYPE_CHECKING:
    from xdist.scheduler.protocol import Scheduling

    from cadre_rules.rulebook.model import Rulebook

if "PYTEST_XDIST_WORKER" not in os.environ:
    kept = TemporaryDirectory(prefix="rulebooks-")
    os.environ["CADRE_RULES_CACHE"] = "off" if os.environ.get("HYPOTHESIS_PROFILE") == "mutants" else kept.name
    atexit.register(kept.cleanup)
for name, examples in {"quick": 25, "usual": 200, "full": 1000}.items():
    settings.register_profile(
        name, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=examples
    )
settings.register_profile(
    "mutants", settings.get_profile("quick"), max_examples=50, derandomize=True, phases=(Phase.explicit, Phase.generate)
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "usual"))


@pytest.fixture(scope="session")
def vn() -> "Rulebook":
    import small

    return small.vn()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config) -> "Scheduling | None":
    """Leave a file's tests to one process as far as can be, for what they share is made once; whoever is done first helps out."""
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config) if config.getoption("dist") == "load" else None
