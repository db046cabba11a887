"""What was ordered and paid after a snapshot: counted by hand, and blind to what came before and after."""

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import params
from pipeline.config.params import Label
from pipeline.config.paths import REPRO
from pipeline.examples import labelled, spend_outcomes
from pipeline.examples.spend_outcomes import paid_days, with_outcomes
from pipeline.tables import storage

FIRST = date(2024, 1, 1)
SCHEMA = {"customer_key": pl.Int64, "day": pl.Date, "is_order": pl.Boolean, "paid": pl.Float64}


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 60), st.booleans(), st.integers(1, 99)), max_size=25),
    st.integers(0, 9),
    st.integers(1, 30),
)
def test_it_is_the_sum_by_hand(paid, gap, days):
    label = Label(kind="inactivity", gap_days=gap, horizon_days=30)
    seen = FIRST + timedelta(days=15)
    examples = pl.DataFrame({"snapshot": [seen] * 4, "customer_key": range(4)}, schema_overrides={"snapshot": pl.Date})
    rows = [
        (who, FIRST + timedelta(days=day), order, float(sum_) * (1 if order else -1)) for who, day, order, sum_ in paid
    ]
    made = with_outcomes(examples, pl.DataFrame(rows, schema=SCHEMA, orient="row"), label, days)
    assert made.select("snapshot", "customer_key").equals(examples)
    for who in range(4):
        own = [row for row in rows if row[0] == who and 0 <= (row[1] - seen).days - gap < days]
        assert made["order_days"][who] == len({day for _, day, order, _ in own if order})
        assert made["net_spend"][who] == max(0.0, sum(sum_ for *_, sum_ in own))


def test_the_days_of_a_bucket_are_those_of_its_lines(shop):
    settings, file = params.load(), storage.bucket_files(REPRO.tables / "transactions")[0]
    lines = pl.read_parquet(file).to_pandas()
    made = paid_days(file, settings.data.minor_digits).to_pandas()
    assert made["paid"].sum() == pytest.approx(lines["amount_minor"].sum() / 100)
    each = ["customer_key", "day"]
    # A discount in a line of its own is below zero too, and belongs to the order of that day.
    net = lines.groupby(each)["amount_minor"].sum() / 100
    assert made.groupby(each)["paid"].sum().to_list() == pytest.approx(net.to_list())
    ordered = set(lines[lines["amount_minor"] > 0].groupby(each).groups)
    assert set(made[made["is_order"]].groupby(each).groups) >= ordered
    assert (made[made["is_order"]]["paid"] >= 0).all()
    assert (made[~made["is_order"]]["paid"] <= 0).all()


def test_the_latest_snapshot_is_read_of_which_so_many_days_are_over(shop, monkeypatch):
    settings, days = params.load(), 40
    monkeypatch.setattr(spend_outcomes, "YEAR_DAYS", days)
    keys, until = labelled.Keys(0, 2**63 - 1), date(2024, 6, 20)
    read = labelled.read_with_spend(REPRO, ["orders_ever"], keys, until, settings.label, 2)
    assert read is not None
    gap = timedelta(days=settings.label.gap_days)
    known = storage.read_buckets(REPRO.examples, ["snapshot"])["snapshot"].unique()
    wanted = max(day for day in known if (until - day - gap).days >= days)
    assert read["snapshot"].unique().to_list() == [wanted]
    assert (until - wanted - gap).days < days + settings.snapshots.every_days, "and not an earlier one"
    lines = storage.read_buckets(REPRO.tables / "transactions").to_pandas()
    start = wanted + gap
    inside = lines[(lines["day"] >= str(start)) & (lines["day"] < str(start + timedelta(days=days)))]
    orders = inside[inside["amount_minor"] >= 0].groupby("customer_key")["day"].nunique()
    assert read["order_days"].to_list() == [int(orders.get(key, 0)) for key in read["customer_key"]]
    assert read["order_days"].max() > 1
    monkeypatch.setattr(spend_outcomes, "YEAR_DAYS", 365)
    assert labelled.read_with_spend(REPRO, [], keys, until, settings.label, 2) is None
