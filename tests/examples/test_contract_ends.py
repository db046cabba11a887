"""Days to the end of a contract: counted by hand, and in the window if, and only if, the label says so."""

from datetime import date, timedelta

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config.params import Label
from pipeline.examples import labels
from pipeline.examples.next_events import contract_ends, with_days_to_event

FIRST = date(2024, 1, 1)
SCHEMA = {"customer_key": pl.Int64, "start_day": pl.Date, "end_day": pl.Date, "cancel_day": pl.Date}


def day(number: int | None) -> date | None:
    return None if number is None else FIRST + timedelta(days=number)


def table(rows: list[tuple[int, int, int | None, int | None]]) -> pl.DataFrame:
    return pl.DataFrame([(who, *map(day, days)) for who, *days in rows], schema=SCHEMA, orient="row")


@pytest.mark.parametrize(
    ("contracts", "expected"),
    [
        ([(1, 0, None, None)], []),  # runs on
        ([(1, 0, 30, None)], [31]),  # an end counts on the day after
        ([(1, 0, 30, 12)], [12]),  # a cancellation on its own day
        ([(1, 0, 30, None), (1, 31, None, None)], []),  # renewed at once
        ([(1, 0, 30, None), (1, 32, None, None)], [31]),  # a day too late
        ([(1, 0, 30, None), (1, 10, 20, None)], [31]),  # the shorter one ends within the longer one
        ([(1, 20, 30, 10)], []),  # given up before it began
        ([(1, 0, 30, None), (1, 31, 60, 50)], [50]),  # renewed, then cancelled
        ([(1, 0, 30, None), (2, 0, 20, None)], [21, 31]),  # of another customer
    ],
)
def test_which_ends_count(contracts, expected):
    assert contract_ends(table(contracts))["day"].to_list() == [day(number) for number in expected]


NUMBER = st.one_of(st.none(), st.integers(0, 80))
CONTRACTS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 60), NUMBER, NUMBER), min_size=1, max_size=8)


@settings(max_examples=40)
@given(CONTRACTS, st.integers(10, 50), st.integers(0, 9), st.integers(1, 30))
def test_the_event_lies_in_the_window_just_where_the_label_says_churned(contracts, seen, gap, horizon):
    label = Label(kind="cancellation", gap_days=gap, horizon_days=horizon)
    known, snapshot = table(contracts), day(seen)
    with duckdb.connect() as engine:
        engine.register("given", known)
        engine.execute(labels.contracts("given", set(known.columns)))
        churned = dict(engine.execute(labels.cancelled(snapshot, label)).fetchall())
    examples = pl.DataFrame({"snapshot": [snapshot] * 3, "customer_key": [0, 1, 2]})
    waited = with_days_to_event(examples, contract_ends(known), label)["days_to_event"]
    for who, days in enumerate(waited):
        assert (days is not None and days < horizon) == bool(churned.get(who, 0)), (who, days)


def test_without_the_columns_nobody_s_contract_ends():
    assert contract_ends(table([(1, 0, 30, None)]).drop("end_day", "cancel_day")).is_empty()
