"""Days to the end of a contract: counted by hand, and in the window if, and only if, the label says so.

Where renewals come late, by hand once more, day by day; and what is known on a day says nothing else once more is known.
"""

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
PROMPT = Label(kind="cancellation", gap_days=0, horizon_days=30)
LATE = PROMPT.model_copy(update={"late_renewal_days": 14})
SCHEMA = {"customer_key": pl.Int64, "start_day": pl.Date, "end_day": pl.Date, "cancel_day": pl.Date}


def day(number: int | None) -> date | None:
    return None if number is None else FIRST + timedelta(days=number)


def table(rows: list[tuple[int, int, int | None, int | None]]) -> pl.DataFrame:
    return pl.DataFrame([(who, *map(day, days)) for who, *days in rows], schema=SCHEMA, orient="row")


def asked(known: pl.DataFrame, label: Label, query: str) -> dict[int, tuple]:
    """The answers of a query over contracts, by customer."""
    with duckdb.connect() as engine:
        engine.register("given", known)
        engine.execute(labels.contracts("given", set(known.columns), label))
        return {who: tuple(rest) for who, *rest in engine.execute(query).fetchall()}


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
    assert contract_ends(table(contracts), PROMPT)["day"].to_list() == [day(number) for number in expected]


@pytest.mark.parametrize(
    ("contracts", "expected"),
    [
        ([(1, 0, None, None)], []),  # runs on
        ([(1, 0, 30, None)], [45]),  # 14 days are over, and the day after
        ([(1, 0, 30, 12)], [12]),  # a cancellation on its own day
        ([(1, 0, 30, None), (1, 31, None, None)], []),  # renewed at once
        ([(1, 0, 30, None), (1, 45, None, None)], []),  # renewed on the last day that counts
        ([(1, 0, 30, None), (1, 46, None, None)], [45]),  # a day too late
        ([(1, 0, 30, None), (1, 40, 60, 42)], [42]),  # renewed late, then cancelled
        ([(1, 0, 30, None), (1, 40, 42, None)], [57]),  # and again not renewed
        ([(1, 0, 30, None), (1, 40, 50, 38)], [45]),  # what was given up before it began is no renewal
        ([(1, 0, 30, None), (2, 40, None, None)], [45]),  # nor is that of another customer
    ],
)
def test_which_ends_count_where_renewals_come_late(contracts, expected):
    assert contract_ends(table(contracts), LATE)["day"].to_list() == [day(number) for number in expected]


NUMBER = st.one_of(st.none(), st.integers(0, 80))
WAIT = st.one_of(st.none(), st.integers(1, 20))
CONTRACTS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 60), NUMBER, NUMBER), min_size=1, max_size=8)


@settings(max_examples=40)
@given(CONTRACTS, st.integers(10, 50), st.integers(0, 9), st.integers(1, 30), WAIT)
def test_the_event_lies_in_the_window_just_where_the_label_says_churned(contracts, seen, gap, horizon, wait):
    label = Label(kind="cancellation", gap_days=gap, horizon_days=horizon, late_renewal_days=wait)
    known, snapshot = table(contracts), day(seen)
    churned = {who: row[0] for who, row in asked(known, label, labels.cancelled(snapshot, label)).items()}
    examples = pl.DataFrame({"snapshot": [snapshot] * 3, "customer_key": [0, 1, 2]})
    waited = with_days_to_event(examples, contract_ends(known, label), label)["days_to_event"]
    for who, days in enumerate(waited):
        assert (days is not None and days < horizon) == bool(churned.get(who, 0)), (who, days)


def test_without_the_columns_nobody_s_contract_ends():
    assert contract_ends(table([(1, 0, 30, None)]).drop("end_day", "cancel_day"), LATE).is_empty()


def is_customer(rows: list[tuple[int, int, int | None, None]], today: int, wait: int) -> bool:
    """On the morning of a day, by the contracts that began before it: one ran yesterday, or ended so few days earlier."""
    known = [end for _, start, end, _ in rows if start < today]
    return any(end is None or today - 1 - end <= wait for end in known)


@settings(max_examples=60)
@given(CONTRACTS, st.integers(1, 100), WAIT)
def test_who_is_a_customer_on_a_day_is_who_runs_or_is_waited_for(contracts, today, wait):
    """Of contracts that nobody cancels: walked through by hand, whatever was renewed when."""
    plain = [(who, start, end, None) for who, start, end, _ in contracts if end is None or end >= start]
    label = PROMPT.model_copy(update={"late_renewal_days": wait})
    running = asked(table(plain), label, labels.running(day(today)))
    for who in {one[0] for one in plain if one[1] < today}:
        own = [one for one in plain if one[0] == who]
        runs, gone_on = running[who]
        assert bool(runs) == is_customer(own, today, wait or 0), (who, own)
        assert (gone_on is None) == bool(runs)
        # Since the day after the last end, and after the days on which it could still be renewed.
        ends = [end for _, start, end, _ in own if start < today]
        assert runs or gone_on == day(max(ends) + 1 + (wait or 0)), (who, own)


@settings(max_examples=60)
@given(CONTRACTS, st.integers(10, 50), st.integers(0, 9), st.integers(1, 30), WAIT)
def test_contracts_that_begin_later_change_nothing(contracts, seen, gap, horizon, wait):
    """Who is a customer rests on what began before the snapshot, and who churned on what began within the window."""
    label = Label(kind="cancellation", gap_days=gap, horizon_days=horizon, late_renewal_days=wait)
    every, snapshot, end = table(contracts), day(seen), day(seen + gap + horizon)
    for query, known_until in ((labels.running(snapshot), snapshot), (labels.cancelled(snapshot, label), end)):
        known = every.filter(pl.col("start_day") < known_until)
        assert asked(known, label, query) == asked(every, label, query)
