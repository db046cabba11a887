"""How long the tests with random examples search: a moment by default, a night where ``HYPOTHESIS_PROFILE=nightly``."""

import os
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

NIGHTLY = 10_000


def some_by_day(cases: Iterable[Any], *, every: int = 2) -> list[Any]:
    """Every second case of a long table, and all of them in the nightly run; for `pytest.mark.parametrize`."""
    return [
        pytest.param(case, marks=[pytest.mark.nightly] if place % every else []) for place, case in enumerate(cases)
    ]


def examples(number: int, *, nightly: int = NIGHTLY) -> settings:
    """So many examples; in the nightly run 10,000, or fewer where each takes long."""
    is_nightly = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=nightly if is_nightly else number, deadline=None, suppress_health_check=slow)
