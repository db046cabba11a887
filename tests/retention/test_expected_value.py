"""What ``churn retention`` expects of the year to come: its histories counted by hand, and no forecast of contracts."""

from datetime import date

import pandas as pd
import pytest

from pipeline.commands import retention_value
from pipeline.config import params
from pipeline.config.paths import REPRO
from pipeline.tables import storage
from pipeline.value import lifetime_value

END = date(2024, 5, 1)


def test_histories_are_those_of_the_orders_before_the_day(shop):
    settings = params.load()
    history = retention_value._histories(settings, REPRO, END)
    rows = storage.read_buckets(REPRO.tables / "transactions").to_pandas()
    rows["day"] = pd.to_datetime(rows.day).dt.date
    known = rows[rows.day < END]
    expected = []
    for _, own in sorted(known.groupby("customer_key"), key=lambda group: group[0]):
        days = sorted(set(own[own.amount_minor >= 0].day))
        if days:
            paid = max(own.amount_minor.sum(), 0) / 100 / len(days)
            expected.append((len(days) - 1, (days[-1] - days[0]).days, (END - days[0]).days, paid))
    assert len(expected) > 200
    columns = (history.frequency, history.recency, history.age, history.amount)
    for column, by_hand in zip(columns, zip(*expected, strict=True), strict=True):
        assert column.tolist() == pytest.approx(by_hand)


def test_the_measure_is_that_mean_with_its_interval_and_margin(shop):
    settings = params.load()
    revenue, margin = retention_value.measures(settings, REPRO, END)
    found = lifetime_value.expect(retention_value._histories(settings, REPRO, END), 365)
    assert (revenue.value, revenue.low, revenue.high) == pytest.approx((found.mean, found.low, found.high), abs=0.01)
    assert margin.value == pytest.approx(found.mean * settings.score.margin_share, abs=0.01)
    assert revenue.low < revenue.value < revenue.high
    assert f"{revenue.low:,.2f} to {revenue.high:,.2f}" in revenue.definition
    assert {"low", "high"} <= set(revenue.as_json())


def test_contracts_are_no_rhythm(shop):
    settings = params.load()
    by_contract = settings.model_copy(update={"label": settings.label.model_copy(update={"kind": "cancellation"})})
    both = list(retention_value.measures(by_contract, REPRO, END))
    assert [one.value for one in both] == [None, None]
    assert all(one.missing == retention_value.BY_CONTRACT for one in both)


def test_before_anybody_bought_twice_nothing_is_expected(shop):
    first = date(2023, 7, 2)
    both = list(retention_value.measures(params.load(), REPRO, first))
    assert all(one.value is None and one.missing for one in both)
