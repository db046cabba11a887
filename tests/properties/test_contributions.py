"""Contributions, whatever the model and the rows: equal to LightGBM's own, and to the definition of a Shapley value."""

from itertools import combinations
from math import factorial, prod

import lightgbm as lgb
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.reasons.treeshap._codes import make_codebook
from pipeline.reasons.treeshap._product_game import pattern_values
from pipeline.reasons.treeshap.explainer import Explainer
from pipeline.reasons.treeshap.regions import build_regions
from pipeline.trees import parse_trees

FEATURES = 5
SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-36, -1e-36, 1e-35, -1e-35, 1e300, -1e300, -1.0, 7.5, 2.0**31, 1e12]

seeds = st.integers(0, 2**32 - 1)
training = st.fixed_dictionaries(
    {
        "objective": st.sampled_from(["binary", "regression", "poisson"]),
        "boosting": st.sampled_from(["gbdt", "dart"]),
        "num_leaves": st.integers(2, 40),
        "max_depth": st.sampled_from([-1, 2, 3, 6]),
        "min_data_in_leaf": st.sampled_from([1, 5, 60]),
        "max_bin": st.sampled_from([4, 63, 255]),
        "use_missing": st.booleans(),
        "boost_from_average": st.booleans(),
        "feature_fraction_bynode": st.sampled_from([0.4, 1.0]),
        "max_cat_to_onehot": st.sampled_from([1, 4, 50]),
        "learning_rate": st.sampled_from([0.05, 0.5]),
        "seed": st.integers(0, 1000),
    }
)


def table(seed: int, rows: int, missing: float, special: float) -> np.ndarray:
    """Normal, rounded, skewed and two integer columns, with missing and awkward values here and there."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(rows, FEATURES))
    values[:, 1] = np.round(values[:, 1])
    values[:, 2] = np.maximum(values[:, 2], 0.0) ** 3
    values[:, 3] = random.integers(0, 4, rows)
    values[:, 4] = random.integers(0, 40, rows)
    values[random.random(values.shape) < missing] = np.nan
    awkward = random.random(values.shape) < special
    values[awkward] = random.choice(SPECIAL, awkward.sum())
    return values


def train(seed: int, missing: float, categorical: list[int], rounds: int, params: dict) -> lgb.Booster:
    values = table(seed, 150, missing, 0.0)
    signal = np.nan_to_num(values)
    y = np.abs(signal[:, 0] * signal[:, 1] + signal[:, 4] % 3 + signal[:, 3])
    y = (y > np.median(y)).astype(float) if params["objective"] == "binary" else y
    fixed = {"verbose": -1, "num_threads": 1, "deterministic": True, "min_data_in_bin": 1, "min_data_per_group": 2}
    return lgb.train(fixed | params, lgb.Dataset(values, y, categorical_feature=categorical), rounds)


@settings(max_examples=60, deadline=None)
@given(
    seed=seeds,
    missing=st.sampled_from([0.0, 0.1, 0.5]),
    categorical=st.sampled_from([[], [4], [3, 4]]),
    rounds=st.integers(1, 6),
    params=training,
    cells=st.sampled_from([(1024, 4096), (8, 8), (2, 64), (1, 1)]),
)
def test_equal_to_the_reference(seed, missing, categorical, rounds, params, cells) -> None:
    booster = train(seed, missing, categorical, rounds, params)
    trees = parse_trees(booster.model_to_string())
    model = build_regions(trees, make_codebook(trees, FEATURES), cell_budget=cells[0], leaf_cell_budget=cells[1])
    rows = table(seed + 1, 80, missing, 0.2)
    rows[:40] = on_thresholds(trees, rows[:40], seed)
    expected = booster.predict(rows, pred_contrib=True, num_threads=1)
    found = model.contributions(np.ascontiguousarray(rows.T)).T
    assert np.abs(found - expected[:, :-1]).max() <= 1e-10
    assert np.abs(model.base - expected[:, -1]).max() <= 1e-10
    log_odds = booster.predict(rows, raw_score=True, num_threads=1)
    assert np.abs(found.sum(axis=1) + model.base - log_odds).max() <= 1e-9


def on_thresholds(trees: list, rows: np.ndarray, seed: int) -> np.ndarray:
    """The rows with some values moved onto thresholds of the model, or to the next double beside one."""
    random = np.random.default_rng(seed)
    moved = rows.copy()
    for tree in trees:
        for node in range(len(tree.feature)):
            if not tree.is_categorical(node):
                beside = random.choice([-np.inf, np.inf, tree.threshold[node]])
                moved[random.integers(len(rows)), tree.feature[node]] = np.nextafter(tree.threshold[node], beside)
    return moved


@settings(max_examples=15, deadline=None)
@given(seed=seeds, params=training, num_threads=st.integers(1, 3), block_rows=st.integers(1, 90))
def test_no_bit_depends_on_blocks_threads_or_order(seed, params, num_threads, block_rows) -> None:
    explainer = Explainer(train(seed, 0.1, [4], 3, params), method="fast")
    rows = table(seed + 1, 80, 0.1, 0.1)
    order = np.random.default_rng(seed).permutation(len(rows))
    whole = explainer.contributions(rows)
    found = explainer.contributions(rows[order], num_threads=num_threads, block_rows=block_rows)
    assert np.array_equal(found, whole[order])


@settings(max_examples=30, deadline=None)
@given(
    cover_ratio=st.lists(st.sampled_from([0.0, 1.0]) | st.floats(0.0, 1.0), min_size=1, max_size=6),
    leaf_value=st.floats(-10.0, 10.0),
)
def test_a_leaf_by_the_definition_of_shapley(cover_ratio: list[float], leaf_value: float) -> None:
    count = len(cover_ratio)
    found = pattern_values(np.array(cover_ratio), leaf_value)
    for pattern in range(1 << count):

        def worth(known: tuple[int, ...], pattern: int = pattern) -> float:
            return leaf_value * prod(pattern >> j & 1 if j in known else r for j, r in enumerate(cover_ratio))

        for i in range(count):
            others = [j for j in range(count) if j != i]
            expected = sum(
                factorial(size) * factorial(count - size - 1) / factorial(count) * (worth((*known, i)) - worth(known))
                for size in range(count)
                for known in combinations(others, size)
            )
            assert abs(found[i, pattern] - expected) <= 1e-12
