"""Sums by family are those of LightGBM's own contributions, whichever way they are made."""

import lightgbm as lgb
import numpy as np
import pytest

from pipeline.reasons.treeshap.explainer import Explainer
from pipeline.reasons.treeshap.family_sums import family_sums

QUIET = {"verbose": -1, "num_threads": 1, "deterministic": True, "seed": 1}
FAMILIES = [2, 0, 1, 0, 2]


@pytest.fixture(scope="module")
def booster():
    random = np.random.default_rng(1)
    X = random.normal(size=(800, 5))
    X[random.random(X.shape) < 0.1] = np.nan
    y = np.nan_to_num(X[:, 0] * X[:, 1] - X[:, 2]) > 0
    return lgb.train(QUIET | {"objective": "binary", "num_leaves": 12}, lgb.Dataset(X, y), 20)


@pytest.fixture(scope="module")
def rows():
    random = np.random.default_rng(2)
    X = random.normal(size=(301, 5))
    X[random.random(X.shape) < 0.1] = np.nan
    return X


@pytest.mark.parametrize("method", ["fast", "reference"])
@pytest.mark.parametrize("threads", [1, 2])
def test_rows_are_added_up_by_family(booster, rows, method, threads):
    made = family_sums(Explainer(booster, method), rows, FAMILIES, 2, num_threads=threads)
    own = booster.predict(rows, pred_contrib=True)
    expected = np.column_stack([own[:, [1, 3]].sum(axis=1), own[:, 2], own[:, [0, 4]].sum(axis=1)])
    assert made.sums == pytest.approx(expected, abs=1e-12)
    assert made.margins == pytest.approx(booster.predict(rows, raw_score=True), abs=1e-12)
    assert np.array_equal(made.strongest, np.argsort(-made.sums, axis=1, kind="stable")[:, :2])


def test_threads_and_blocks_change_no_bit(booster, rows):
    many = np.tile(rows, (120, 1))
    explainer = Explainer(booster, "fast")
    one, two = (family_sums(explainer, many, FAMILIES, 3, num_threads=number) for number in (1, 2))
    for name in ("margins", "sums", "strongest"):
        assert np.array_equal(getattr(one, name), getattr(two, name))
        assert np.array_equal(getattr(one, name)[:301], getattr(one, name)[-301:])


def test_of_equal_families_the_first_is_named_first(booster):
    constant = lgb.train(QUIET | {"objective": "binary"}, lgb.Dataset(np.zeros((50, 3)), np.arange(50) % 2), 2)
    made = family_sums(Explainer(constant), np.zeros((2, 3)), [1, 0, 2], 3)
    assert made.strongest.tolist() == [[0, 1, 2]] * 2
    assert made.sums.tolist() == [[0.0] * 3] * 2


def test_no_rows_and_no_reasons_are_an_answer(booster, rows):
    assert family_sums(Explainer(booster), rows[:0], FAMILIES, 2).sums.shape == (0, 3)
    assert family_sums(Explainer(booster), rows, FAMILIES, 0).strongest.shape == (301, 0)


@pytest.mark.parametrize(
    ("families", "strongest", "expected"),
    [
        ([0, 0, 1, 0], 1, r"families are \[0, 0, 1, 0\], expected a number for each feature"),
        ([0, 0, 2, 0, 0], 1, "without a gap"),
        ([0, -1, 1, 0, 0], 1, "without a gap"),
        (FAMILIES, 4, "strongest is 4, expected a number from 0 to 3, of all families"),
        (FAMILIES, -1, "strongest is -1"),
    ],
)
def test_what_makes_no_sense_is_refused(booster, rows, families, strongest, expected):
    with pytest.raises(ValueError, match=expected):
        family_sums(Explainer(booster), rows, families, strongest)
