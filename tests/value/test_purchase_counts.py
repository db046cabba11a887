"""How many purchases somebody makes who makes any: the closed form beside customers who are drawn one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.value.bg_nbd import BgNbd
from pipeline.value.purchase_counts import LEFT_OUT, at_most

MODELS = {
    "few and faithful": BgNbd(0.243, 120.0, 0.793, 12.426),
    "many who stop": BgNbd(1.6, 20.0, 2.0, 3.0),
    "hardly anybody stops": BgNbd(1.633, 10.8, 0.0649, 327.9),
}
CUSTOMERS = 40_000


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(("frequency", "age", "days"), [(0, 30, 90), (4, 200, 365), (25, 365, 30)])
def test_it_is_what_drawn_customers_do(name, frequency, age, days):
    model, dice = MODELS[name], np.random.default_rng(11)
    counts = []
    rates = dice.gamma(model.r + frequency, 1 / (model.alpha + age), CUSTOMERS)
    stops = dice.beta(model.a, model.b + frequency, CUSTOMERS)
    # One purchase after the other: the waiting time, then whether it was the last.
    bought, clock, alive = np.zeros(CUSTOMERS, int), np.zeros(CUSTOMERS), np.ones(CUSTOMERS, bool)
    while alive.any():
        clock += dice.exponential(1 / rates)
        buys = alive & (clock < days)
        bought += buys
        alive = buys & (dice.random(CUSTOMERS) >= stops)
    counts = bought[bought > 0]
    chances = at_most(model, np.array([float(frequency)]), np.array([float(age)]), days)[0]
    error = 3.5 * np.sqrt(0.25 / len(counts))
    for number in {1, 2, 3, 5, 8, 13, 21} & set(range(1, len(chances) + 1)):
        assert chances[number - 1] == pytest.approx(np.mean(counts <= number), abs=error), number


@given(st.sampled_from(sorted(MODELS)), st.integers(0, 60), st.integers(1, 900), st.integers(1, 366))
def test_it_rises_to_one_and_has_the_mean_known_by_quadrature(name, frequency, age, days):
    model, one = MODELS[name], (np.array([float(frequency)]), np.array([float(age)]))
    chances = at_most(model, *one, days)[0]
    assert np.all(np.diff(chances) >= -1e-12)
    assert np.all((chances >= 0) & (chances <= 1))
    if len(chances) == days:
        return  # More than one a day is left out here, and counted by the mean.
    assert chances[-1] >= 1 - LEFT_OUT
    mean = float(np.sum(np.append(1.0, 1 - chances[:-1])))
    left_out = 40 * LEFT_OUT * len(chances)
    assert mean == pytest.approx(float(model.purchases_if_any(*one, 0, days)[0]), abs=left_out)
