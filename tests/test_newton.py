"""Newton's steps reach the optimum to its last digits, and never leave a search worse off than it was."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit

from pipeline import newton
from tests.profiles import examples

SEEDS = st.integers(0, 2**32 - 1)


def regression(seed):
    """The gradient of a penalised logistic regression on a few hundred random rows, its Hessian and its loss."""
    dice = np.random.default_rng(seed)
    x = dice.normal(size=(300, dice.integers(1, 7))) * dice.uniform(0.1, 3)
    y = dice.random(300) < expit(x @ dice.normal(size=x.shape[1]))

    def loss(w):
        return float(np.mean(np.logaddexp(0, x @ w) - y * (x @ w))) + 1e-4 * float(w @ w)

    def slope(w):
        return x.T @ (expit(x @ w) - y) / len(y) + 2e-4 * w

    def curvature(w):
        weight = expit(x @ w) * expit(-x @ w) / len(y)
        return x.T @ (weight[:, None] * x) + 2e-4 * np.eye(len(w))

    return loss, slope, curvature, x.shape[1]


@given(SEEDS)
@examples(30)
def test_the_gradient_vanishes_where_a_rough_search_had_stopped(seed):
    loss, slope, curvature, size = regression(seed)
    rough = minimize(loss, np.zeros(size), jac=slope, method="L-BFGS-B", options={"ftol": 1e-6}).x
    by_differences, by_formula = newton.polish(rough, slope), newton.polish(rough, slope, curvature)
    assert np.abs(slope(by_differences)).max() < 1e-14
    assert by_differences == pytest.approx(by_formula, rel=1e-10, abs=1e-10)


@given(SEEDS)
@examples(30)
def test_wherever_a_search_stops_the_same_digits_come_out(seed):
    loss, slope, _, size = regression(seed)
    stops = [
        minimize(loss, np.full(size, start), jac=slope, method="L-BFGS-B", options={"ftol": 1e-6}).x
        for start in (0.0, 0.3)
    ]
    first, second = (newton.polish(stop, slope) for stop in stops)
    assert np.abs(first - second).max() < 1e-11


@pytest.mark.parametrize(
    ("slope", "point"),
    [
        (lambda x: np.array([2 * x[0], -2 * x[1]]), [0.1, 0.1]),  # a saddle
        (lambda x: np.exp(-x) * -1, [0.0]),  # a slope that only flattens out
        (lambda x: x * np.nan, [1.0]),  # no number
    ],
)
def test_a_point_next_to_no_minimum_stays_as_it_is(slope, point):
    assert newton.polish(np.array(point), slope).tolist() == point
