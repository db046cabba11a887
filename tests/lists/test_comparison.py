"""Figures beside what is usual: held to sums over days worked out another way, and silent where nobody can say."""

from datetime import date, timedelta
from itertools import pairwise
from random import Random
from statistics import median

import polars as pl
import pytest

from pipeline.lists.comparison import MIN_KNOWN_DAYS, MIN_OTHERS, compare

DAY = date(2024, 7, 1)


def customer(number: int, draw: Random) -> dict[str, object]:
    """A customer who buys for 10 each time, and the features of it."""
    first = DAY - timedelta(days=draw.randrange(20, 900))
    days = sorted(
        {first, *(first + timedelta(days=draw.randrange((DAY - first).days)) for _ in range(draw.randrange(30)))}
    )
    gaps = [(after - before).days for before, after in pairwise(days)]
    recent, year = ([day for day in days if (DAY - day).days <= back] for back in (90, 365))
    return {
        "customer_id": f"c{number}", "tier": "loyal" if number % 3 else "new", "days": days,
        "days_since_last_order": (DAY - days[-1]).days, "days_since_first_order": (DAY - first).days,
        "gap_mean_days": sum(gaps) / len(gaps) if gaps else None,
        "orders_90d": len(recent), "orders_365d": len(year), "spend_90d": 10.0 * len(recent), "spend_365d": 10.0 * len(year),
    }  # fmt: skip


@pytest.fixture(scope="module")
def customers() -> list[dict[str, object]]:
    draw = Random(3)
    return [customer(number, draw) for number in range(90)]


def test_usual_is_what_the_days_before_say(customers):
    rows = {row["customer_id"]: row for row in compare(pl.DataFrame(customers).drop("days")).to_dicts()}
    for one in customers:
        row = rows[one["customer_id"]]
        known = min(365, one["days_since_first_order"])
        before = [day for day in one["days"] if 90 < (DAY - day).days <= 365]
        per_90_days = len(before) / (known - 90) * 90 if one["days_since_first_order"] >= MIN_KNOWN_DAYS else None
        assert row["usual_orders_90d"] == pytest.approx(per_90_days)
        assert row["usual_spend_90d"] == pytest.approx(per_90_days and 10 * per_90_days)
        assert row["usual_days_since_last_order"] == one["gap_mean_days"]
        for name in ("days_since_last_order", "orders_90d", "spend_90d"):
            assert row[name] == one[name]
            assert row[f"tier_{name}"] == median(other[name] for other in customers if other["tier"] == one["tier"])


def test_few_others_are_no_tier_and_absent_features_no_figure(customers):
    few = pl.DataFrame(customers[: MIN_OTHERS - 1]).drop("days")
    assert compare(few)["tier_orders_90d"].null_count() == len(few)
    assert compare(few.drop("orders_365d", "gap_mean_days")).columns == [
        "customer_id", "spend_90d", "usual_spend_90d", "tier_spend_90d",
    ]  # fmt: skip
