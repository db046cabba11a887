"""What a year brings: an interval that holds as many as it says, on companies whose truth is drawn here."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import params
from pipeline.value.expected_spend import Spend
from pipeline.value.possible_years import possible
from pipeline.value.year_ahead import COLUMNS, MIN_BUYERS, ORDER_DAYS, STEPS, VALUE, Correction, YearAhead, unknown

SCORE = params.load().score
AS_IT_IS = Correction(1.0, STEPS)
NO_MORE, MIDDLE = 0.1, STEPS.index(0.5)


def company(seed: int, customers: int = 3000, swing: float = 0.9) -> pl.DataFrame:
    """Two years of customers whose rate changes between them by a factor of its own: wider than BG/NBD knows of."""
    dice = np.random.default_rng(seed)
    since = dice.integers(60, 365, customers)
    rate = dice.gamma(1.3, 1 / 60, customers)
    before = 1 + dice.poisson(rate * since)
    mean = 20 * dice.gamma(4.0, 1 / 4.0, customers)
    paid = dice.gamma(2.0 * before) / 2.0 * mean
    later = dice.poisson(365 * rate * np.exp(swing * dice.standard_normal(customers) - 0.2))
    later *= dice.random(customers) >= NO_MORE
    swings = np.exp(swing * dice.standard_normal((1, 400)) - 0.2)
    silent = NO_MORE + (1 - NO_MORE) * np.exp(-365 * rate[:, None] * swings).mean(axis=1)
    spent = dice.gamma(2.0 * np.maximum(later, 1)) / 2.0 * mean * (later > 0)
    return pl.DataFrame(
        {"snapshot": ["2023-01-01"] * customers, "order_days_ever": before, "days_since_first_order": since,
         "days_since_last_order": (since / (before + 1)).astype(int) * (before > 1) + since * (before == 1),
         "orders_ever": before, "orders_365d": before, "spend_365d": paid, "refund_share_365d": np.zeros(customers),
         "order_days": later, "net_spend": spent,
         "silent": silent}
    )  # fmt: skip


@pytest.fixture(scope="module")
def fitted() -> YearAhead:
    made = YearAhead.fit(company(1))
    assert made is not None
    return made


def within(correction: Correction, courses: np.ndarray, no_order: np.ndarray, came: np.ndarray) -> float:
    """The share within 10 and 90 %, by places drawn evenly where what came has a chance of its own."""
    low, high = correction.chances(courses.astype(float), no_order, came)
    drawn = low + (high - low) * np.random.default_rng(5).random(len(came))
    return float(np.mean((drawn >= 0.1) & (drawn <= 0.9)))


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_the_interval_holds_as_many_as_it_says_among_customers_drawn_anew(fitted, seed):
    new = company(seed)
    spend = Spend.fit(new)
    courses = possible(spend, new, 365)
    silent = new["silent"].to_numpy()
    for name, own, came in (
        ("order_days", courses.order_days, new["order_days"]), ("spend", courses.spend, new["net_spend"]),
    ):  # fmt: skip
        actual = came.cast(pl.Float64).to_numpy()
        assert 0.77 <= within(getattr(fitted, name), own, silent, actual) <= 0.83
        assert within(AS_IT_IS, own, silent, actual) < 0.75, "the models alone are too sure, and this test would see it"
    scored = fitted.expected(spend, new, silent, SCORE)
    assert scored[ORDER_DAYS].sum() == pytest.approx(new["order_days"].sum(), rel=0.05)
    assert scored[VALUE].sum() == pytest.approx(new["net_spend"].sum() * SCORE.margin_share, rel=0.05)
    # As printed: whole days at the ends, and nothing at all with a chance of its own, so more than 80 %.
    shown = pl.concat([new.select("order_days"), scored], how="horizontal")
    inside = pl.col("order_days").is_between(f"{ORDER_DAYS}_from", f"{ORDER_DAYS}_until")
    assert 0.78 <= shown.select(inside.mean()).item() <= 0.93


def test_a_year_that_is_worse_than_what_was_known_lowers_what_is_expected(fitted):
    poor = company(1).with_columns(order_days=(pl.col("order_days") / 2).ceil().cast(pl.Int64))
    other = YearAhead.fit(poor.with_columns(net_spend=pl.col("net_spend") / 2))
    assert other is not None
    assert other.spend.level == pytest.approx(fitted.spend.level / 2, rel=0.05)
    assert other.spend.below[MIDDLE] > fitted.spend.below[MIDDLE] + 0.1


@given(
    st.floats(0, 0.999),
    st.floats(0.01, 0.99),
    st.lists(st.floats(0.2, 5), min_size=len(STEPS) - 1, max_size=len(STEPS) - 1),
)
def test_a_quantile_is_where_the_chance_is_reached(no_order, share, weights):
    below = np.append(0.0, np.cumsum(weights)) / np.sum(weights)
    correction = Correction(1.0, tuple(below.tolist()))
    courses = np.sort(np.random.default_rng(1).gamma(2.0, 30.0, (1, 200)), axis=1)
    found = correction.quantile(courses, np.array([no_order]), share)
    if share <= no_order:
        assert found.tolist() == [0.0]
        return
    low, high = correction.chances(courses, np.array([no_order]), found)
    assert low[0] - 1e-9 <= share or found[0] == courses[0, 0]
    assert high[0] + 0.05 >= share


def test_who_costs_more_than_is_paid_costs_the_most_who_orders_the_most(fitted):
    rows = company(7, customers=200)
    no_order, spend = np.full(200, 0.05), Spend.fit(rows)
    usual = fitted.expected(spend, rows.with_columns(margin_share_365d=pl.lit(0.3)), no_order, SCORE)
    loss = fitted.expected(spend, rows.with_columns(margin_share_365d=pl.lit(-0.3)), no_order, SCORE)
    assert loss[VALUE].to_list() == (-usual[VALUE]).to_list()
    assert loss[f"{VALUE}_from"].to_list() == (-usual[f"{VALUE}_until"]).to_list()
    assert loss[f"{VALUE}_until"].to_list() == (-usual[f"{VALUE}_from"]).to_list()
    assert loss[ORDER_DAYS].to_list() == usual[ORDER_DAYS].to_list()
    unknown_cost = fitted.expected(spend, rows, no_order, SCORE)
    assert unknown_cost[VALUE].to_numpy() == pytest.approx(usual[VALUE] * SCORE.margin_share / 0.3, abs=0.02)


def test_who_surely_orders_no_more_brings_nothing(fitted):
    rows = company(7, customers=200)
    scored = fitted.expected(Spend.fit(rows), rows, np.ones(200), SCORE)
    assert {name: scored[name].max() for name in COLUMNS} == dict.fromkeys(COLUMNS, 0)
    likely = fitted.expected(Spend.fit(rows), rows, np.full(200, 0.2), SCORE)
    assert likely[f"{ORDER_DAYS}_from"].max() == 0, "one of five orders nothing, so the lowest tenth is among them"
    assert likely[f"{VALUE}_until"].min() > 0


def test_with_few_buyers_or_none_who_came_twice_nothing_is_known():
    few = company(1).with_columns(order_days=pl.when(pl.int_range(pl.len()) < MIN_BUYERS - 1).then(3).otherwise(0))
    assert YearAhead.fit(few) is None
    assert YearAhead.fit(few.with_columns(order_days=pl.lit(3))) is not None
    assert YearAhead.fit(company(1).with_columns(order_days_ever=pl.lit(1))) is None
    assert unknown(3).null_count().row(0) == (3,) * len(COLUMNS)


def test_it_is_read_back_as_it_was(fitted):
    assert YearAhead.of_card(fitted.as_card()) == fitted
    assert YearAhead.of_card(None) is None
    assert YearAhead.of_card(fitted.as_card()) != replace(fitted, buyers=1)
    rows = company(9, customers=50)
    schema = fitted.expected(Spend.fit(rows), rows, np.full(50, 0.3), SCORE).schema
    assert schema == unknown(0).schema
