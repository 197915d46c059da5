"""Property tests leave no files behind and never fail for being slow; `HYPOTHESIS_PROFILE` is quick, usual or full."""

import os

from hypothesis import HealthCheck, settings

os.environ["CADRE_RULES_CACHE"] = "off"
for name, examples in {"quick": 50, "usual": 250, "full": 1000}.items():
    settings.register_profile(
        name, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=examples
    )
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "usual"))
