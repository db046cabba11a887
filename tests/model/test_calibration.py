"""The curve from log-odds to probability has arrived at its optimum, on whatever rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from pipeline.config.params import AdditiveLogisticSettings
from pipeline.model import additive_logistic, calibration
from tests.profiles import examples


@given(st.integers(0, 2**32 - 1), st.integers(10, 3000), st.floats(0.3, 4))
@examples(30)
def test_every_curve_arrives_to_more_digits_than_it_is_rounded_to(seed, rows, spread):
    dice = np.random.default_rng(seed)
    log_odds = dice.normal(size=rows) * spread
    churned = (dice.random(rows) < expit(log_odds)).astype(np.int8)
    churned[:2] = 0, 1
    curve = calibration.fit(log_odds, churned)
    if curve.slope == 1e-6:
        return
    positives, negatives = churned.sum(), (1 - churned).sum()
    off = curve.probability(log_odds) - np.where(churned == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    assert abs(np.mean(off)) < 1e-9
    assert abs(np.mean(off * log_odds)) < 1e-8, "ten digits are kept"


@pytest.mark.parametrize("seed", range(3))
def test_the_regression_expects_as_many_churners_as_there_were(seed):
    """Its base is not penalised, so at the optimum its slope is the difference of the two."""
    dice = np.random.default_rng(seed)
    features = dice.normal(size=(2000, 5))
    churned = (dice.random(2000) < expit(features[:, 0] - 1)).astype(np.int8)
    settings = AdditiveLogisticSettings(share=0.5, cuts=5, l2=10.0, max_rows=100_000)
    fitted = additive_logistic.fit(features, churned, settings)
    assert expit(fitted.log_odds(features)).mean() == pytest.approx(churned.mean(), abs=3e-7), "seven digits are kept"
