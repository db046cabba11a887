"""What whole companies write: canonical, honest, unique, and the same bytes always."""

import hashlib
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipeline import simulate
from pipeline.commands import simulate as job
from pipeline.simulate.causal import COMPANIES, names, whole_block
from pipeline.simulate.trajectories import BLOCK
from pipeline.tables.schemas import TABLES
from tests.simulate.causal.causal_plans import plan, tables

KEYS = {
    "transactions": ["customer_id", "transaction_id"],
    "events": ["customer_id", "ts", "event_type"],
    "contacts": ["customer_id", "ts"],
    "tickets": ["customer_id", "ticket_id"],
    "surveys": ["customer_id", "ts", "kind"],
    "customers": ["customer_id"],
    "subscriptions": ["customer_id", "start_day"],
    "loyalty": ["customer_id", "ts", "kind"],
    "commitments": ["customer_id", "made_ts"],
    "truth": ["customer_id", "snapshot"],
}
# What is planned may lie beyond the calendar; what happened may not.
PLANNED = {"end_day", "renewal_day", "expires_day", "due_day"}
DTYPES = {"id": pl.String, "text": pl.String, "day": pl.Date, "money": pl.Float64, "flag": pl.Boolean,
          "decimal": pl.Int64, "integer": pl.Int64, "number": pl.Float64}  # fmt: skip
SMALL = {"days": 120, "every_days": 60, "horizon_days": 20}


@pytest.mark.parametrize("name", COMPANIES)
def test_tables_are_canonical_and_their_keys_unique(name):
    for table, frame in tables(name).items():
        assert len(frame) > 100, table
        assert frame.select(KEYS[table]).is_duplicated().sum() == 0, table
        assert frame["customer_id"].is_sorted(), table
        if table != "truth":
            known = {column.name: column for column in TABLES[table].columns}
            assert set(frame.columns) <= set(known)
            assert {column.name for column in known.values() if column.required} <= set(frame.columns)
            for column in frame.columns:
                assert frame.schema[column] == DTYPES[known[column].kind], (table, column)
                assert not known[column].required or frame[column].null_count() == 0, (table, column)
                assert not known[column].not_negative or frame[column].min() >= 0, (table, column)


@pytest.mark.parametrize("name", COMPANIES)
def test_nothing_is_written_that_was_not_known_on_the_last_day(name):
    made, found = plan(name), tables(name)
    for table in set(found) - {"truth"}:
        for column in set(found[table].columns) - PLANNED:
            if found[table].schema[column] == pl.Date:
                days = found[table][column].drop_nulls()
                if column == "cancel_day" and made.company.outcome == "inactivity":
                    assert len(days) == 0, "nobody says so"
                    continue
                assert days.min() >= simulate.FIRST_DAY, (table, column)
                assert days.max() < made.as_of, (table, column)


@pytest.mark.parametrize("name", COMPANIES)
def test_days_follow_one_another(name):
    found = tables(name)
    tickets, promises = found["tickets"], found["commitments"]
    assert (tickets["opened_ts"] <= tickets["first_answer_ts"]).all()
    assert (tickets["first_answer_ts"] <= tickets["resolved_ts"]).all()
    assert (
        tickets.filter(pl.col("first_answer_ts").is_null())["resolved_ts"].null_count()
        == tickets["first_answer_ts"].null_count()
    )
    assert (promises["made_ts"] <= promises["due_day"]).all()
    first = found["transactions"].group_by("customer_id").agg(first=pl.col("ts").min())
    assert len(first) == BLOCK
    for table, day in (("events", "ts"), ("contacts", "ts"), ("tickets", "opened_ts"), ("surveys", "ts")):
        both = found[table].join(first, on="customer_id")
        assert (both[day] >= both["first"]).all(), table
    assert (
        found["customers"].join(first, on="customer_id").select((pl.col("signup_day") <= pl.col("first")).all())
    ).item()


def test_money_adds_up_and_refunds_are_negative():
    lines = tables("retailer")["transactions"]
    bought, back = lines.filter(pl.col("amount") > 0), lines.filter(pl.col("amount") <= 0)
    left = bought["list_amount"] - bought["discount"] - bought["personal_discount"]
    assert ((bought["amount"] - left).abs() < 1e-9).all()
    assert (back["transaction_id"].str.ends_with("-r")).all()
    assert 0.01 < len(back) / len(bought) < 0.06
    personal = bought.filter(pl.col("personal_discount") > 0)
    offers = (
        tables("retailer")["contacts"].filter(pl.col("playbook") == "discount-promotion").select("customer_id", "ts")
    )
    near = personal.join(offers, on="customer_id", suffix="_offer")
    reached = near.filter((pl.col("ts") - pl.col("ts_offer")).dt.total_days().is_between(0, 21))["transaction_id"]
    assert len(personal) > 20
    assert set(personal["transaction_id"]) <= set(reached), "only after an offer to this customer alone"


def test_points_are_never_spent_twice():
    points = tables("retailer")["loyalty"]
    signed = (
        pl.when(pl.col("kind") == "earn")
        .then("points")
        .when(pl.col("kind") == "reward")
        .then(0)
        .otherwise(-pl.col("points"))
    )
    balance = points.with_columns(balance=signed.cum_sum().over("customer_id"))
    assert balance["balance"].min() >= 0
    assert (points["points"] > 0).all()
    assert set(points["kind"]) == {"earn", "spend", "expire", "reward"}
    assert points.filter(pl.col("kind") == "earn")["expires_day"].null_count() == 0


def test_contracts_follow_one_another_without_a_hole():
    periods = tables("subscription")["subscriptions"]
    yearly = periods.filter(pl.col("end_day").is_not_null())
    assert ((yearly["end_day"] - yearly["start_day"]).dt.total_days() == 364).all()
    following = yearly.with_columns(before=pl.col("end_day").shift(1).over("customer_id")).drop_nulls("before")
    assert ((following["start_day"] - following["before"]).dt.total_days() == 1).all()
    cancelled = periods.filter(pl.col("cancel_day").is_not_null())
    assert len(cancelled) > 500
    assert (cancelled["cancel_day"] > cancelled["start_day"]).all()
    assert cancelled["customer_id"].is_unique().all()


@pytest.mark.parametrize("name", COMPANIES)
def test_the_control_group_never_gets_a_playbook(name):
    found = tables(name)
    control = found["truth"].filter("control")["customer_id"].unique()
    played = found["contacts"].filter(pl.col("playbook").is_not_null())
    assert 0.07 < len(control) / BLOCK < 0.13
    assert set(played["playbook"]) == set(COMPANIES[name].playbooks)
    assert not set(control) & set(played["customer_id"])


def test_whoever_unsubscribes_gets_no_further_message():
    found = tables("retailer")
    enough = found["events"].filter(pl.col("event_type") == "unsubscribe").select("customer_id", enough="ts")
    after = found["contacts"].filter(pl.col("playbook").is_null()).join(enough, on="customer_id")
    assert len(enough) > 50
    assert (after["ts"] <= after["enough"]).all()


@pytest.mark.parametrize("name", COMPANIES)
def test_churned_is_what_the_tables_say(name):
    found, made = tables(name), plan(name)
    horizon = timedelta(days=made.label.horizon_days)
    truth = found["truth"].filter(pl.col("snapshot") + horizon <= made.as_of)
    if made.company.outcome == "cancellation":
        ends = (
            found["subscriptions"]
            .group_by("customer_id")
            .agg(
                pl.col("cancel_day").max(),
                last=(pl.col("end_day") + timedelta(days=1)).max(),
                open=pl.col("end_day").is_null().any(),
            )
        )
        gone = pl.min_horizontal("cancel_day", pl.when(pl.col("last") < made.as_of).then("last"))
        days = ends.select("customer_id", day=gone).drop_nulls()
    else:
        days = found["transactions"].filter(pl.col("amount") > 0).select("customer_id", day="ts")
    inside = truth.select("customer_id", "snapshot").join(days, on="customer_id").filter(
        (pl.col("day") >= pl.col("snapshot")) & (pl.col("day") < pl.col("snapshot") + horizon)
    ).select("customer_id", "snapshot").unique().with_columns(inside=pl.lit(1, dtype=pl.Int8))  # fmt: skip
    both = truth.join(inside, on=["customer_id", "snapshot"], how="left").with_columns(pl.col("inside").fill_null(0))
    expected = both["inside"] if made.company.outcome == "cancellation" else 1 - both["inside"]
    assert (both["churned"] == expected).all()


# ------------------------------------------------------------------------------------------------- same bytes always


def fingerprints(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}


def test_the_same_arguments_give_the_same_bytes_with_any_number_of_workers(tmp_path):
    made = plan("b2b", customers=BLOCK + 30, **SMALL)
    for name, workers in (("once", 1), ("two", 2)):
        job.run("b2b", made, tmp_path / name, workers)
    assert fingerprints(tmp_path / "once") == fingerprints(tmp_path / "two")
    written = {f"{name}.parquet" for name in (*names(made.company), "effects")} | {"settings.json"}
    assert set(fingerprints(tmp_path / "once")) == written <= job.WHOLE_FILES
    assert set(pl.read_parquet(tmp_path / "once/effects.parquet")["playbook"]) == set(made.company.playbooks)


@pytest.mark.parametrize("name", COMPANIES)
def test_more_customers_leave_the_first_ones_as_they_were(name):
    few, many, other = (
        whole_block(plan(name, customers=count, seed=seed, **SMALL), 0) for count, seed in ((50, 1), (2000, 1), (50, 2))
    )
    for table in names(COMPANIES[name]):
        assert_frame_equal(few[table], many[table].filter(pl.col("customer_id") <= "c0000050"))
    assert not few["transactions"].equals(other["transactions"])
    assert set(few["customers"]["customer_id"]) == {f"c{number:07d}" for number in range(1, 51)}
