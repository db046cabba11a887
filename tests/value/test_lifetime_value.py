"""What customers are expected to pay: against companies whose customers go on buying, and whose parameters are known."""

import numpy as np
import pytest

from pipeline.config.errors import NotEnoughData
from pipeline.value.bg_nbd import BgNbd
from pipeline.value.gamma_gamma import GammaGamma
from pipeline.value.lifetime_value import MAX_CUSTOMERS, History, expect

RHYTHM, AMOUNTS = BgNbd(0.8, 20.0, 0.9, 4.0), GammaGamma(4.0, 4.0, 60.0)
DAYS = 180


def company(seed: int, customers: int) -> tuple[History, np.ndarray]:
    """Customers who buy and stop as the models say, until a day; and what each of them paid in the 180 days after it."""
    dice = np.random.default_rng(seed)
    rates = dice.gamma(RHYTHM.r, 1 / RHYTHM.alpha, customers)
    stops = dice.beta(RHYTHM.a, RHYTHM.b, customers)
    scales = dice.gamma(AMOUNTS.q, 1 / AMOUNTS.v, customers)
    ages = dice.uniform(60, 500, customers)
    rows, later = [], np.zeros(customers)
    for number in range(customers):
        days, day = [0.0], 0.0
        while dice.random() >= stops[number] or len(days) == 1:
            # Whoever bought once has not stopped, by the model.
            day += dice.exponential(1 / rates[number])
            if day > ages[number] + DAYS:
                break
            days.append(day)
        paid = dice.gamma(AMOUNTS.p, 1 / scales[number], len(days))
        before = np.array(days) <= ages[number]
        rows.append(
            (before.sum() - 1, max(one for one in days if one <= ages[number]), ages[number], paid[before].mean())
        )
        later[number] = paid[~before].sum()
    return History(*(np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))), later


def true_mean(history: History) -> float:
    often = RHYTHM.expected_purchases(history.frequency, history.recency, history.age, DAYS)
    return float(np.mean(often * AMOUNTS.expected_amount(history.frequency + 1, history.amount)))


def test_it_is_what_customers_then_paid():
    history, later = company(1, 2000)
    found = expect(history, DAYS)
    error = later.std() / len(later) ** 0.5
    assert found.mean == pytest.approx(later.mean(), abs=4 * error)
    assert found.mean == pytest.approx(true_mean(history), rel=0.15)
    assert found.low < found.mean < found.high and found.customers == 2000


def coverage(companies: int) -> int:
    held = 0
    for seed in range(companies):
        history, later = company(seed, 400)
        found = expect(history, DAYS)
        held += found.low <= later.mean() <= found.high
    return held


def test_the_interval_holds_what_they_then_paid():
    """Of 12 companies 11 are expected; fewer than 8 would be chance less than once in a thousand times."""
    assert coverage(12) >= 8


def test_200_companies():
    """As above; fewer than 180 of 200 would be chance once in a thousand times. Nightly."""
    assert coverage(200) >= 180


def test_more_customers_make_it_surer_and_a_part_of_them_says_how_sure(monkeypatch):
    few, many = expect(company(2, 300)[0], DAYS), expect(company(2, 3000)[0], DAYS)
    assert (many.high - many.low) / many.mean < 0.6 * (few.high - few.low) / few.mean
    history, _ = company(2, 3000)
    monkeypatch.setattr("pipeline.value.lifetime_value.MAX_CUSTOMERS", 600)
    part = expect(history, DAYS)
    assert part.mean == many.mean
    assert (part.low, part.high) == pytest.approx((many.low, many.high), rel=0.03)
    assert MAX_CUSTOMERS > 600


def test_longer_is_more():
    history, _ = company(3, 500)
    year, half = expect(history, 365), expect(history, 180)
    assert half.mean < year.mean < 365 / 180 * half.mean, "some of them stop"


def test_nobody_who_bought_twice_says_nothing():
    once = History(np.zeros(9), np.zeros(9), np.full(9, 100.0), np.full(9, 5.0))
    with pytest.raises(NotEnoughData, match="none of 9 customers bought twice"):
        expect(once, 365)
