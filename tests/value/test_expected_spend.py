"""What a purchase is worth, and what a customer who stays will spend."""

import csv
import dataclasses
import importlib.util
import json
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import params
from pipeline.config.errors import NotEnoughData
from pipeline.config.paths import REPRO
from pipeline.tables import storage
from pipeline.value import gamma_gamma
from pipeline.value.expected_spend import NEEDS, Spend
from pipeline.value.gamma_gamma import GammaGamma
from tests.profiles import examples

DAY = date(2024, 1, 1)


def test_the_published_amounts_come_out():
    """Fader and Hardie (2013), CDNOW, customers with a repeat purchase: p 6.25, q 3.74, v 15.44."""
    folder = importlib.util.find_spec("lifetimes").submodule_search_locations[0]
    text = (Path(folder) / "datasets" / "cdnow_customers_summary_with_transactions.csv").read_text()
    rows = [row for row in csv.DictReader(text.splitlines()) if float(row["x"]) > 0]
    assert len(rows) == 946
    number = np.array([float(row["x"]) for row in rows])
    found = GammaGamma.fit(number, np.array([float(row["zbar"]) for row in rows]), penalty=0)
    assert (found.p, found.q, found.v) == pytest.approx((6.25, 3.74, 15.44), rel=5e-3)


def test_the_unit_of_money_does_not_matter():
    random = np.random.default_rng(1)
    number = random.integers(1, 20, 300).astype(float)
    mean = random.gamma(5, 1 / random.gamma(4, 1 / 60, 300)) + 0.01
    euros, cents = GammaGamma.fit(number, mean), GammaGamma.fit(number, mean * 100)
    assert (cents.p, cents.q, cents.v / 100) == pytest.approx((euros.p, euros.q, euros.v), rel=1e-3)


@given(st.floats(0.01, 1e3), st.floats(1.001, 1e3), st.floats(0.01, 1e5), st.floats(0, 1e4), st.floats(0, 1e6))
def test_the_expected_amount_lies_between_the_customer_and_everybody(p, q, v, number, mean):
    everybody = p * v / (q - 1)
    found = GammaGamma(p, q, v).expected_amount(np.array([number]), np.array([mean]))[0]
    assert min(everybody, mean) * (1 - 1e-9) <= found <= max(everybody, mean) * (1 + 1e-9)


def test_one_customer_is_too_few():
    with pytest.raises(NotEnoughData, match="1 customers with an amount are too few"):
        GammaGamma.fit(np.array([1.0]), np.array([10.0]))


def customers(number: int, seed: int = 1, price: float = 30.0) -> pl.DataFrame:
    """Examples of customers with rates of their own."""
    random = np.random.default_rng(seed)
    first = random.integers(30, 400, number)
    days = 1 + random.poisson(random.gamma(2, 0.02, number) * first)
    last = np.where(days > 1, random.integers(1, 30, number), first)
    orders = days + random.poisson(0.1 * days)
    table = {
        "snapshot": [DAY] * number,
        "order_days_ever": days,
        "days_since_first_order": first,
        "days_since_last_order": last,
        "orders_ever": orders,
        "orders_365d": orders,
        "spend_365d": orders * price * random.gamma(8, 1 / 8, number),
        "refund_share_365d": np.zeros(number),
    }
    return pl.DataFrame(table)


@pytest.fixture(scope="module")
def fitted() -> Spend:
    return Spend.fit(customers(800))


def test_only_the_latest_snapshot_teaches(fitted):
    earlier = customers(50, seed=9, price=900.0).with_columns(pl.lit(date(2023, 1, 1)).alias("snapshot"))
    assert Spend.fit(pl.concat([earlier, customers(800)])) == fitted


def test_more_of_everything_is_worth_more(fitted):
    base = customers(50, seed=2)
    before = fitted.expected(base, 0, 30)
    assert (before > 0).all()
    assert (fitted.expected(base.with_columns(pl.col("spend_365d") * 2), 0, 30) > before).all()
    longer, paid = fitted.expected(base, 0, 60), base["spend_365d"].to_numpy()
    assert ((longer > before) | np.isclose(before, paid)).all(), "but never more than was ever paid"
    assert fitted.expected(base, 10, 30) == pytest.approx(before, rel=0.2), "the gap moves the window, not its length"


def test_silence_changes_the_risk_and_not_what_staying_is_worth(fitted):
    base = customers(50, seed=3)
    silent = base.with_columns(pl.col("days_since_first_order").alias("days_since_last_order"))
    assert (fitted.expected(silent, 0, 30) == fitted.expected(base, 0, 30)).all()


@given(st.floats(0, 1), st.floats(0.01, 50_000))
@examples(40)
def test_what_was_given_back_was_never_spent(fitted, share, paid):
    """Held to the same customer with only the rest paid: whatever the one order was, its refund undoes it."""
    row = customers(1).with_columns(pl.lit(paid).alias("spend_365d"), pl.lit(share).alias("refund_share_365d"))
    rest = row.with_columns(pl.lit(paid * (1 - share)).alias("spend_365d"), pl.lit(0.0).alias("refund_share_365d"))
    assert fitted.expected(row, 0, 30) == pytest.approx(fitted.expected(rest, 0, 30), rel=1e-9)


@given(st.integers(1, 40), st.floats(0, 1), st.floats(0, 50_000))
@examples(60)
def test_nobody_is_expected_to_spend_more_than_was_ever_kept(fitted, days, share, paid):
    row = customers(1).with_columns(
        pl.lit(days).alias("order_days_ever"), pl.lit(days).alias("orders_ever"), pl.lit(days).alias("orders_365d"),
        pl.lit(paid).alias("spend_365d"), pl.lit(share).alias("refund_share_365d"),
    )  # fmt: skip
    assert fitted.expected(row, 0, 365)[0] <= paid * (1 - share) * (1 + 1e-9)


def test_values_of_a_list_are_within_what_the_customers_paid(shop):
    """Added up from the accepted lines: nobody brings in a horizon more than in all time before, refunds taken off."""
    lines = storage.read_buckets(REPRO.tables / "transactions", ["customer_id", "day", "amount_minor"]).to_pandas()
    known = lines[lines["day"].astype(str) < "2024-07-01"]
    net = (known.groupby("customer_id")["amount_minor"].sum() / 100).clip(lower=0)
    actions = pl.read_parquet("exports/2024-07-01/actions.parquet").to_pandas().set_index("customer_id")
    share = params.load().score.margin_share
    above = actions["value"] > share * net.reindex(actions.index) + 0.01
    assert not above.any(), actions[above]
    assert (actions["value"] > 0).mean() > 0.9


@pytest.mark.parametrize("share", [None, float("nan"), 0.0, 1.0, 3.0])
def test_a_refund_of_more_than_was_paid_makes_nobody_worth_less_than_nothing(share):
    base = customers(300)
    row = base.head(1).with_columns(pl.lit(share, dtype=pl.Float64).alias("refund_share_365d"))
    assert np.isfinite(Spend.fit(base).expected(row, 0, 30)).all() and (Spend.fit(base).expected(row, 0, 30) >= 0).all()


def test_whoever_never_pays_is_worth_nothing():
    free = customers(100).with_columns(pl.lit(0.0).alias("spend_365d"))
    assert Spend.fit(free).expected(free, 0, 30).tolist() == [0.0] * 100


def test_a_year_without_an_order_is_no_division_by_zero(fitted):
    gone = customers(3).with_columns(pl.lit(0).alias("orders_365d"), pl.lit(0.0).alias("spend_365d"))
    assert np.isfinite(fitted.expected(gone, 0, 30)).all()


def test_the_card_holds_plain_numbers_and_gives_the_same_back(fitted):
    card = json.loads(json.dumps(fitted.as_card()))
    assert Spend.of_card(card) == fitted
    for value in (*dataclasses.astuple(fitted.purchases), *dataclasses.astuple(fitted.amounts)):
        assert value == float(f"{value:.6g}"), "the last digits differ between processors"


def test_what_it_needs_is_said(fitted):
    with pytest.raises(pl.exceptions.ColumnNotFoundError):
        fitted.expected(customers(3).drop(NEEDS[0]), 0, 30)


def payments(seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    number = random.integers(1, 30, 300).astype(float)
    return number, random.gamma(random.uniform(0.5, 8), 1 / random.gamma(random.uniform(1.5, 6), 0.1, 300)) + 0.01


@given(st.integers(0, 1000), st.floats(-2, 2), st.floats(-2, 2), st.floats(-2, 2))
@examples(30)
def test_the_slope_is_that_of_the_likelihood(seed, p, above_one, v):
    number, mean = payments(seed)
    point, moves = np.array([np.exp(p), 1 + np.exp(above_one), np.exp(v)]), 1e-6 * np.eye(3)

    def value(parameters: np.ndarray) -> float:
        return gamma_gamma._log_likelihood(*parameters, number, mean)[0]

    by_difference = [(value(point + move) - value(point - move)) / 2e-6 for move in moves]
    assert gamma_gamma._log_likelihood(*point, number, mean)[1] == pytest.approx(by_difference, rel=1e-4, abs=1e-4)


@given(st.integers(0, 1000))
@examples(10)
def test_every_fit_of_amounts_arrives_to_more_digits_than_it_is_rounded_to(seed):
    number, mean = payments(seed)
    fitted = GammaGamma.fit(number, mean / mean.mean())
    parameters = np.array([fitted.p, fitted.q - 1, fitted.v])
    slope = gamma_gamma._log_likelihood(fitted.p, fitted.q, fitted.v, number, mean / mean.mean())[1] * parameters
    assert np.abs(2e-4 * np.log(parameters) - slope).max() < 1e-8, "ten digits are kept"
