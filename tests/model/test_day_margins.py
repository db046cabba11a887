"""Margins of all days in one walk are those that LightGBM gives of each day, to the last bit."""

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.model import gbm
from pipeline.model.day_margins import MAX_DAYS, day_margins

# Values that trees part by, that lie on their thresholds, that LightGBM reads as zero, and that are not there.
VALUES = np.array([np.nan, -np.inf, -2.0, -1.0, -1e-36, 0.0, 1e-36, 5e-36, 1.0, 2.0, 7.0, np.inf])


def grown(seed: int, *, missing: bool, leaves: int) -> lightgbm.Booster:
    """Trees on two columns that stay and two of the day; where nothing is missing in training, NaN is read as zero."""
    dice = np.random.default_rng(seed)
    rows = dice.normal(size=(600, 4)).round(1)
    if missing:
        rows[dice.random(rows.shape) < 0.2] = np.nan
    known = np.nan_to_num(rows)
    churned = known[:, 0] * known[:, 2] + known[:, 3] + dice.normal(size=600) > 0
    fixed = {"objective": "binary", "verbose": -1, "num_threads": 1, "min_data_in_leaf": 1, "num_leaves": leaves}
    return lightgbm.train(fixed | {"seed": seed}, lightgbm.Dataset(rows, churned), num_boost_round=12)


BOOSTERS = [grown(1, missing=True, leaves=31), grown(2, missing=False, leaves=31), grown(3, missing=True, leaves=2)]
ALONE = gbm.no_trees(["a", "b", "c", "d"])


def by_lightgbm(booster: lightgbm.Booster, same: np.ndarray, by_day: np.ndarray) -> np.ndarray:
    days = [np.hstack([same, by_day[:, day]]) for day in range(by_day.shape[1])]
    return np.column_stack([gbm.log_odds(booster, each) for each in days])


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([*BOOSTERS, ALONE]), st.integers(0, 2**32), st.integers(1, 40), st.integers(1, MAX_DAYS))
def test_margins_are_those_of_lightgbm(booster, seed, rows, days):
    dice = np.random.default_rng(seed)
    same = np.where(dice.random((rows, 2)) < 0.5, dice.choice(VALUES, (rows, 2)), dice.normal(size=(rows, 2)).round(1))
    shape = (rows, days, 2)
    by_day = np.where(dice.random(shape) < 0.5, dice.choice(VALUES, shape), dice.normal(size=shape).round(1))
    expected = by_lightgbm(booster, same, by_day)
    np.testing.assert_array_equal(day_margins(booster, same, by_day), expected, strict=True)


def test_threads_and_blocks_change_nothing():
    dice = np.random.default_rng(5)
    same, by_day = dice.normal(size=(9_000, 2)), dice.normal(size=(9_000, 4, 2))
    expected = by_lightgbm(BOOSTERS[0], same, by_day)
    for threads in (1, 3):
        np.testing.assert_array_equal(day_margins(BOOSTERS[0], same, by_day, threads), expected)
    assert day_margins(BOOSTERS[0], same[:0], by_day[:0]).shape == (0, 4)


def test_more_days_than_bits_are_refused():
    with pytest.raises(AssertionError, match="one bit a day"):
        day_margins(BOOSTERS[0], np.zeros((1, 2)), np.zeros((1, MAX_DAYS + 1, 2)))
