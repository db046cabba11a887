"""Courses of a year: the same distribution as of customers drawn one by one, and the same in whatever company."""

import numpy as np
import polars as pl
import pytest

from pipeline.value.bg_nbd import BgNbd
from pipeline.value.expected_spend import Spend
from pipeline.value.gamma_gamma import GammaGamma
from pipeline.value.possible_years import COURSES, possible

SPEND = Spend(BgNbd(1.2, 40.0, 0.6, 8.0), GammaGamma(3.2, 4.1, 90.0))


def customers(order_days: list[int], since: list[int], spend: list[float]) -> pl.DataFrame:
    return pl.DataFrame(
        {"order_days_ever": order_days, "days_since_first_order": since, "days_since_last_order": [5] * len(since),
         "orders_ever": order_days, "orders_365d": order_days, "spend_365d": spend,
         "refund_share_365d": [0.0] * len(since)}
    )  # fmt: skip


THREE = customers([1, 6, 40], [20, 200, 364], [30.0, 420.0, 900.0])


def test_they_are_spread_as_drawn_customers_are():
    courses, dice, draws = possible(SPEND, THREE, 365), np.random.default_rng(3), 60_000
    for row in range(3):
        x, age = THREE["order_days_ever"][row] - 1, THREE["days_since_first_order"][row]
        rate = dice.gamma(SPEND.purchases.r + x, 1 / (SPEND.purchases.alpha + age), draws)
        last = dice.geometric(dice.beta(SPEND.purchases.a, SPEND.purchases.b + x, draws))
        orders = np.minimum(dice.poisson(365 * rate), last)
        number, total = THREE["order_days_ever"][row], THREE["spend_365d"][row]
        scale = dice.gamma(SPEND.amounts.q + SPEND.amounts.p * number, 1 / (SPEND.amounts.v + total), draws)
        paid = dice.gamma(SPEND.amounts.p * np.maximum(orders, 1)) / scale
        some = orders > 0
        for share in (0.1, 0.25, 0.5, 0.75, 0.9):
            by_orders = np.mean(courses.order_days[row] <= np.quantile(orders[some], share))
            assert by_orders == pytest.approx(np.mean(orders[some] <= np.quantile(orders[some], share)), abs=0.015)
            assert np.mean(courses.spend[row] < np.quantile(paid[some], share)) == pytest.approx(share, abs=0.025)
        assert courses.order_days[row].mean() == pytest.approx(orders[some].mean(), rel=0.02)
        assert courses.spend[row].mean() == pytest.approx(paid[some].mean(), rel=0.04)
        # Orders alone, each at the customer's mean amount, would be too sure of what is paid.
        assert np.log(courses.spend[row]).std() > 1.02 * np.log(courses.order_days[row]).std()


def test_nobody_s_courses_hang_on_the_others_or_on_silence():
    whole = possible(SPEND, THREE, 365)
    for row in range(3):
        alone = possible(SPEND, THREE[row].with_columns(days_since_last_order=pl.lit(0)), 365)
        assert alone.order_days[0].tolist() == whole.order_days[row].tolist()
        assert alone.spend[0].tolist() == whole.spend[row].tolist()
    assert possible(SPEND, THREE.clear(), 365).spend.shape == (0, COURSES)


def test_a_company_that_is_paid_nothing_expects_nothing():
    free = Spend(SPEND.purchases, GammaGamma(p=1.0, q=2.0, v=0.0))
    assert possible(free, THREE.with_columns(spend_365d=pl.lit(0.0)), 365).spend.max() == 0.0


def test_nobody_orders_on_more_days_than_there_are():
    daily = Spend(BgNbd(50.0, 10.0, 0.01, 300.0), SPEND.amounts)
    few = possible(daily, THREE, 7).order_days
    assert few.min() >= 1
    assert few.max() == 7
