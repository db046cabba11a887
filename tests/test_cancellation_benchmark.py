"""The benchmark of the curve of the contract's end: its rivals by hand, the committed figures, one company end to end."""

import json
from datetime import date, timedelta

import numpy as np
import pandas as pd
import polars as pl
import pytest

from benchmarks import cancellation_curve, cancellation_curve_table, quality
from benchmarks.cancellation_curve import YEAR, interval, kaplan_meier
from pipeline.config.params import Label

RESULTS = quality.ROOT / "benchmarks" / "results" / "cancellation_curve.json"
LABEL = Label(kind="cancellation", gap_days=2, horizon_days=30)
DAY = date(2024, 6, 1)


@pytest.fixture(scope="module")
def found() -> dict:
    """The committed figures."""
    return json.loads(RESULTS.read_text(encoding="utf-8"))


def test_the_curve_is_better_than_what_is_known_of_contracts_alone(found):
    """By the committed figures; whoever measures anew must not fall below them."""
    assert list(found) == list(cancellation_curve.CONTRACTS), "run: make bench-quality"
    for name, origins in found.items():
        assert len(origins) == 2, name
        mean = {key: np.mean([one[key] for one in origins]) for key in cancellation_curve_table.SCORES}
        assert mean["curve"] < min(mean["by_age"], mean["by_renewal"]), name
        assert mean["curve"] < mean["hazard"], name
        assert 0.7 < np.mean([one["within"] for one in origins]) < 0.9, name
    page = cancellation_curve_table.markdown(found)
    assert page.count("| `") == len(found)
    assert "nan" not in page


def by_hand(seen: pd.DataFrame, days: list[int]) -> list[float]:
    """Kaplan and Meier's product over the days, counted one by one; an event on day 0 is gone by day 1."""
    chances, chance = {}, 1.0
    for day in range(max(days) + 1):
        chances[day] = chance
        at_risk = (seen["until"] >= day).sum()
        ended = ((seen["until"] == day) & seen["ended"]).sum()
        chance *= 1 - ended / at_risk if at_risk else 1.0
    return [chances[day] for day in days]


def test_kaplan_and_meier_know_nothing_that_came_later():
    """Against a count by hand, with the examples cut at the origin before it begins."""
    dice = np.random.default_rng(3)
    days = [DAY - timedelta(days=int(back)) for back in dice.integers(1, 200, 400)]
    came = [None if left > 250 else int(left) for left in dice.integers(0, 300, 400)]
    renewal = dice.choice([5.0, 40.0, None], 400)
    before = pl.DataFrame({"snapshot": days, "days_to_event": came, "renewal": renewal.tolist()}, strict=False)
    rows = pl.DataFrame({"renewal": [None, 7.0, 39.0, 14.9]})
    ahead = [1, 20, 60, 120]
    found = kaplan_meier(before, rows, DAY, LABEL, ahead, ("renewal", (15, 45)))
    table = before.to_pandas()
    over = (pd.Timestamp(DAY) - pd.to_datetime(table["snapshot"])).dt.days - 2
    # Its window begins on the day itself, or after it: nothing is known of it yet.
    table = table.assign(over=over)[over > 0]
    table["ended"] = table["days_to_event"].notna() & (table["days_to_event"] < table["over"])
    table["until"] = table["days_to_event"].where(table["ended"], table["over"])
    groups = [table["renewal"].isna(), table["renewal"] == 5, table["renewal"] == 40, table["renewal"] == 5]
    for row, group in enumerate(groups):
        assert found[row] == pytest.approx(by_hand(table[group], ahead))
    later = before.with_columns(pl.col("days_to_event").fill_null(10**5))
    assert (kaplan_meier(later, rows, DAY, LABEL, ahead, ("renewal", (15, 45))) == found).all()


def test_a_group_that_nobody_was_in_is_like_all_others_together():
    before = pl.DataFrame({"snapshot": [DAY - timedelta(days=99)] * 4, "days_to_event": [3, 9, None, None],
                           "renewal": [20.0] * 4})  # fmt: skip
    found = kaplan_meier(before, pl.DataFrame({"renewal": [90.0]}), DAY, LABEL, [4, 10], ("renewal", (15, 45)))
    assert found.tolist() == [[0.75, 0.5]]


@pytest.mark.parametrize(("factor", "first", "half"), [(1.0, 0.1, 0.5), (2.0, 0.19, 0.75)])
def test_by_the_days_of_a_list_as_many_have_ended_as_they_say(factor, first, half):
    """Contracts that end at a constant rate, by a curve that knows it or takes it for half of what it is."""
    dice = np.random.default_rng(5)
    rates = dice.choice([0.001, 0.004, 0.01], 20_000)
    came = np.minimum(np.floor(dice.exponential(1 / (factor * rates))), YEAR).astype(int)
    days = (30, 90, 200, 365)
    found = interval(np.exp(-np.outer(rates, days)), days, came)
    assert found["with_first_day"] == pytest.approx(1.0)
    assert found["with_day"] == pytest.approx(2 / 3, abs=0.02)
    assert found["by_first_day"] == pytest.approx(first, abs=0.01)
    assert found["by_day"] == pytest.approx(half, abs=0.015)
    assert found["earlier"] + found["within"] + found["later"] == pytest.approx(1, abs=2e-4)
    assert (found["within"] == pytest.approx(0.8, abs=0.01)) == (factor == 1)


def test_where_nobody_has_a_day_nothing_is_counted():
    found = interval(np.full((3, 2), 0.99), (180, 365), np.array([1, YEAR, YEAR]))
    assert (found["with_day"], found["by_day"], found["by_first_day"]) == (0.0, None, None)


def test_a_table_says_how_far_the_curve_is_from_each():
    one = {"customers": 100, "ended_in_a_year": 0.4, "days": [30, 90], "curve": 0.1, "one_per_horizon": 0.08,
           "hazard": 0.125, "by_renewal": 0.2, "by_age": 0.25, "within": 0.8, "by_first_day": 0.1, "by_day": None,
           "with_first_day": 1.0, "with_day": 0.0}  # fmt: skip
    page = cancellation_curve_table.markdown({"here": [one, one | {"by_day": 0.6, "with_day": 0.5}]})
    row = "| `here` | 100 | 40 % | 90 | 0.1000 | 0.0800 | 0.1250 | 0.2000 | 0.2500 | 80 % | 10 % | 60 % | 25 % |"
    assert row in page
    assert (
        "Beside one model per horizon, its score is 25.0 % more on average; it is worse on `here` (25.0 % more)" in page
    )
    assert "Beside Kaplan-Meier by age, its score is 60.0 % less on average, and nowhere worse." in page
    assert "of 50 with one of 50 %, 60.0 %" in page


@pytest.mark.nightly
def test_a_company_with_contracts_end_to_end(monkeypatch):
    monkeypatch.setattr(cancellation_curve, "DAYS", 1200)
    origins = cancellation_curve.run_company("b2b", customers=300)
    assert len(origins) == 2
    for one in origins:
        assert 90 in one["days"]
        assert one["one_per_horizon"] < one["by_age"], "a model that takes the end for its opposite is far behind"
        assert max(one[name] for name in cancellation_curve_table.SCORES) < 0.25
