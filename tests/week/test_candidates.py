"""Scores with what rules look at beside them: from examples, from the table customers, and worked out."""

from datetime import date

import polars as pl
import pytest

from pipeline.config.errors import BadData
from pipeline.config.paths import Paths
from pipeline.playbooks.rules.matching import applies
from pipeline.playbooks.rules.parser import read
from pipeline.tables import storage
from pipeline.week import candidates

DAY, EARLIER = date(2024, 7, 1), date(2024, 6, 1)


def read_all(paths: Paths, day: date, wanted: set[str]) -> pl.DataFrame:
    return candidates.read(paths, day, wanted, lambda rows: rows["spend_365d"] / 10)


@pytest.fixture
def at(tmp_path) -> Paths:
    """Three customers in two buckets; the second bucket has no table of customers."""
    found = Paths(tmp_path / "data", tmp_path / "models", tmp_path / "reports", tmp_path / "exports")
    for bucket, keys in enumerate([[3, 1], [2]]):
        scores = {"customer_id": [f"c{key}" for key in keys], "customer_key": keys, "as_of": [DAY] * len(keys),
                  "value": [float(key) for key in keys], "owner": ["Ann"] * len(keys)}  # fmt: skip
        storage.write_parquet(pl.DataFrame(scores), storage.bucket_file(found.scores, bucket))
        rows = [
            (day, key, 10 * key + shift, 365 - key) for day, shift in ((EARLIER, 500), (DAY, 0)) for key in sorted(keys)
        ]
        examples = pl.DataFrame(
            rows, schema=["snapshot", "customer_key", "orders_90d", "days_since_first_order"], orient="row"
        )
        storage.write_parquet(examples, storage.bucket_file(found.examples, bucket))
    known = pl.DataFrame({"customer_key": [1, 3, 3], "region": ["north", "south", "east"], "owner": ["x"] * 3,
                          "email_opt_in": [True, True, False]})  # fmt: skip
    storage.write_parquet(known, storage.bucket_file(found.tables / "customers", 0))
    return found


def test_what_is_wanted_is_beside_the_scores_and_nothing_else(at):
    found = read_all(at, DAY, {"orders_90d", "region", "owner", "email_opt_in", "days_to_anniversary"})
    assert found.select(
        "customer_id", "orders_90d", "region", "owner", "email_opt_in", "days_to_anniversary"
    ).rows() == [
        ("c1", 10, "north", "Ann", True, 2.0),
        ("c2", 20, None, "Ann", None, 3.0),
        ("c3", 30, "east", "Ann", False, 4.0),
    ]
    assert "days_since_first_order" not in found.columns, "what a number was worked out from is not kept"


def test_only_the_snapshot_of_the_day_counts(at):
    assert read_all(at, DAY, {"orders_90d"})["orders_90d"].max() == 30


def test_what_no_table_carries_is_a_column_without_values_and_fires_for_nobody(at):
    found = read_all(at, DAY, {"points_balance", "days_beyond_usual_gap", "market"})
    assert found["points_balance"].null_count() == found["days_beyond_usual_gap"].null_count() == 3
    for text in ("points_balance > 0", "not (points_balance > 0)", "market = b2c", "days_beyond_usual_gap > 0"):
        assert not found.select(applies(read(text)).alias("x"))["x"].any(), text
    assert found.select(applies(read("points_balance is unknown")).alias("x"))["x"].all()


def test_scores_of_another_day_are_refused(at):
    with pytest.raises(BadData, match="holds scores of 2024-07-01, not of 2024-06-01; run: dvc repro"):
        read_all(at, EARLIER, {"orders_90d"})


def test_without_scores_or_examples_the_earlier_stages_are_named(at):
    storage.remove(at.examples)
    assert len(read_all(at, DAY, {"value"})) == 3, "nothing is looked up that the scores hold"
    with pytest.raises(BadData, match="run the earlier stages first"):
        read_all(at, DAY, {"orders_90d"})
    storage.remove(at.scores)
    with pytest.raises(BadData, match="has no bucket; run the earlier stages first"):
        read_all(at, DAY, {"value"})


def test_who_is_not_scored_any_more_stands_beside_them_with_what_is_known(at):
    rows = pl.DataFrame(
        {"snapshot": [DAY, DAY, EARLIER], "state": ["lapsed", "lost", "lapsed"], "customer_key": [4, 3, 5], "customer_id": ["d", "c", "e"],
         "days_since_last_order": [100, 5, 9], "spend_365d": [50.0, 20.0, 1.0], "orders_90d": [7, 8, 9]}
    )  # fmt: skip
    storage.write_parquet(rows, storage.bucket_file(at.former, 0))
    found = read_all(at, DAY, {"orders_90d", "region", "email_opt_in", "state", "risk_band"})
    assert found["state"].to_list() == ["lost", "current", "current", "current", "lapsed"]
    kept = ("customer_id", "last_order_day", "value", "value_at_stake", "orders_90d", "region", "email_opt_in")
    assert found.filter(pl.col("state") != "current").select(kept).rows() == [
        ("c", date(2024, 6, 26), 2.0, 2.0, 8, "east", False),
        ("d", date(2024, 3, 23), 5.0, 5.0, 7, None, None),
    ]
    # A rule on risk is for nobody of whom no risk is known, whichever way it is put.
    for text in ("risk_band = high", "not (risk_band = low)"):
        assert not found.filter(pl.col("state") != "current").select(applies(read(text)).alias("x"))["x"].any()
