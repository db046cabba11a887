"""A model made ready to explain is kept: made once, the same to the last bit, and never that of another model."""

import lightgbm
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.paths import REPRO, weekly
from pipeline.reasons.treeshap import explainer as explaining
from pipeline.scoring import explainer_cache
from pipeline.tables import storage
from tests.end_to_end.helpers import WEEK
from tests.profiles import examples

VALUES = np.random.default_rng(1).normal(size=(600, 4))
VALUES[::7, 2] = np.nan


def trained(seed: int = 1, **changes: object) -> lightgbm.Booster:
    bought = VALUES @ [1, -1, 0.5, 0] + np.random.default_rng(seed).normal(size=600)
    churned = (np.nan_to_num(bought) > 0).astype(float)
    fixed = {"objective": "binary", "num_leaves": 5, "verbose": -1, "num_threads": 1, **changes}
    return lightgbm.train(fixed, lightgbm.Dataset(VALUES, churned, params=fixed), 10)


@pytest.fixture
def made(monkeypatch):
    """Counts the models that are made ready."""
    calls, build = [], explaining.build_regions
    monkeypatch.setattr(explaining, "build_regions", lambda *parts: calls.append(1) or build(*parts))
    return calls


def test_a_model_is_made_ready_once_and_explains_the_same(tmp_path, made):
    booster = trained()
    anew = explainer_cache.explainer(booster, tmp_path).contributions(VALUES)
    kept = explainer_cache.explainer(booster, tmp_path).contributions(VALUES)
    assert len(made) == 1 and len(list(tmp_path.iterdir())) == 1
    assert anew.tobytes() == kept.tobytes()
    assert np.allclose(kept, booster.predict(VALUES, pred_contrib=True), rtol=0, atol=1e-12)


@given(st.floats(0, 1, exclude_max=True), st.integers(1, 255))
@examples(20)
def test_a_changed_byte_is_never_used(tmp_path_factory, place, change):
    folder, booster = tmp_path_factory.mktemp("kept"), trained()
    expected = explainer_cache.explainer(booster, folder).contributions(VALUES)
    (file,) = folder.iterdir()
    content = bytearray(file.read_bytes())
    content[int(place * len(content))] ^= change
    file.write_bytes(content)
    assert explainer_cache.explainer(booster, folder).contributions(VALUES).tobytes() == expected.tobytes()
    assert explainer_cache._read(file) is not None, "and what was changed is made anew"


@pytest.mark.parametrize("bytes_left", [0, 1, 32, 33, 1000])
def test_a_file_cut_short_is_made_anew(tmp_path, made, bytes_left):
    booster = trained()
    expected = explainer_cache.explainer(booster, tmp_path).contributions(VALUES)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:bytes_left])
    assert explainer_cache.explainer(booster, tmp_path).contributions(VALUES).tobytes() == expected.tobytes()
    assert len(made) == 2


def test_another_model_and_other_code_are_made_anew_and_the_oldest_go(tmp_path, made, monkeypatch):
    for seed in range(explainer_cache.MAX_KEPT + 2):
        explainer_cache.explainer(trained(seed), tmp_path)
    assert len(made) == explainer_cache.MAX_KEPT + 2 and len(list(tmp_path.iterdir())) == explainer_cache.MAX_KEPT
    explainer_cache.explainer(trained(seed), tmp_path)
    assert len(made) == explainer_cache.MAX_KEPT + 2, "the newest is there"
    monkeypatch.setattr(storage, "fingerprint", lambda files: "other code")
    explainer_cache.explainer(trained(seed), tmp_path)
    assert len(made) == explainer_cache.MAX_KEPT + 3


def test_of_a_model_that_only_lightgbm_explains_nothing_is_kept(tmp_path):
    booster = trained(boosting="rf", bagging_freq=1, bagging_fraction=0.5)
    explainer = explainer_cache.explainer(booster, tmp_path / "none")
    assert explainer.refusal and not (tmp_path / "none").exists()
    assert explainer.contributions(VALUES).shape == (600, 5)


def test_the_weekly_job_uses_what_repro_has_kept():
    assert weekly(WEEK).explainers == REPRO.explainers
