"""How long the tests with random examples search: a moment by default, a night where ``HYPOTHESIS_PROFILE=nightly``."""

import os

from hypothesis import HealthCheck, settings

NIGHTLY = 10_000


def examples(number: int) -> settings:
    """So many examples; 10,000 in the nightly run."""
    is_nightly = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=NIGHTLY if is_nightly else number, deadline=None, suppress_health_check=slow)
