"""What the page shows of a listed customer is what the raw rows say, before the day of the list and not after."""

from collections import Counter
from datetime import date

import polars as pl
import pytest

from pipeline.config.paths import REPRO
from pipeline.tables import storage
from pipeline.week import listed_history
from pipeline.week.listed_history import MONTHS

pytestmark = pytest.mark.end_to_end
DAY = date(2024, 6, 15)


def test_months_count_days_on_which_something_was_bought(shop):
    rows = storage.read_buckets(REPRO.tables / "transactions")
    listed = rows.select("customer_id").unique().sort("customer_id").sample(60, seed=1)
    shown = listed_history.order_days(listed, REPRO, rows["day"].min(), DAY)
    bought = {
        (row["customer_id"], row["day"]) for row in rows.to_dicts() if row["amount_minor"] > 0 and row["day"] < DAY
    }
    counts = Counter((customer, f"{day:%Y-%m}") for customer, day in bought)
    assert shown.columns[-1] == "2024-06" and shown.columns[1] == f"{rows['day'].min():%Y-%m}"
    assert shown["customer_id"].to_list() == listed["customer_id"].to_list()
    for row in shown.to_dicts():
        customer = row.pop("customer_id")
        assert row == {month: counts[customer, month] for month in row}
    assert sum(map(sum, shown.drop("customer_id").rows())) == sum(
        number for (customer, _), number in counts.items() if customer in set(listed["customer_id"])
    )


def test_nobody_and_a_long_history(shop):
    nobody = pl.DataFrame(schema={"customer_id": pl.String})
    assert listed_history.order_days(nobody, REPRO, date(2001, 1, 1), DAY).shape == (0, MONTHS + 1)
    stranger = pl.DataFrame({"customer_id": ["never seen"]})
    assert sum(listed_history.order_days(stranger, REPRO, date(2001, 1, 1), DAY).row(0)[1:]) == 0
