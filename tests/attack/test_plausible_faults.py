"""Plausible wrong input never makes a plausible wrong list: weeks that go wrong are seen, weeks that do not are let be."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.attack.companies import NAMES
from tests.attack.faults import FAMILIES
from tests.attack.injected import Attacked, attacked, clean_weeks

pytestmark = [pytest.mark.end_to_end, pytest.mark.nightly]
INJECTED, CLEAN = 54, 67


@pytest.fixture(scope="module", params=NAMES)
def target(request, tmp_path_factory) -> Attacked:
    folder, before = tmp_path_factory.mktemp(request.param), Path.cwd()
    os.chdir(folder)
    yield attacked(request.param, folder)
    os.chdir(before)


@settings(max_examples=INJECTED, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(sorted(FAMILIES)), st.floats(0.05, 1.0), st.integers(0, 2**32 - 1))
def test_nothing_that_makes_another_list_passes_in_silence(target, family, strength, seed):
    outcome = target.inject(family, strength, seed)
    assert not outcome.is_silent, outcome
    assert outcome.broken == 0 or outcome.new_words, outcome


@pytest.mark.parametrize("name", NAMES)
def test_a_clean_week_is_let_be(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stopped = [(day, week.says) for day, week in clean_weeks(name, tmp_path, CLEAN) if week.code]
    assert not stopped
