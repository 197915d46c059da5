"""Property tests leave no files behind and never fail for being slow; `HYPOTHESIS_PROFILE` is quick, usual, full or mutants.

`mutants` draws the same few examples each time and stops at the first that fails: what notices is the change alone.
"""

import os

from hypothesis import HealthCheck, Phase, settings

os.environ["CADRE_RULES_CACHE"] = "off"
for name, examples in {"quick": 50, "usual": 250, "full": 1000}.items():
    settings.register_profile(
        name, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=examples
    )
settings.register_profile("mutants", settings.get_profile("quick"), derandomize=True, phases=(Phase.explicit, Phase.generate))
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "usual"))
