"""How long the tests with random examples search: a moment by default, a night where ``HYPOTHESIS_PROFILE=nightly``."""

import os

from hypothesis import HealthCheck, settings

NIGHTLY = 10_000


def examples(number: int, *, nightly: int = NIGHTLY) -> settings:
    """So many examples; in the nightly run 10,000, or fewer where each takes long."""
    is_nightly = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=nightly if is_nightly else number, deadline=None, suppress_health_check=slow)
