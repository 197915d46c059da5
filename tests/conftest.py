"""Property tests leave no files behind and never fail for being slow."""

from hypothesis import HealthCheck, settings

settings.register_profile("quiet", database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("quiet")
