"""Contracts that are renewed late are pointed at, with the setting that makes renewals of them; counted by hand."""

from datetime import date, timedelta

import duckdb
import polars as pl
import pytest

from pipeline.config.params import Label
from pipeline.tables import coherence, late_renewals

FIRST = date(2024, 1, 1)
SCHEMA = {"customer_key": pl.Int64, "start_day": pl.Date, "end_day": pl.Date, "cancel_day": pl.Date}


def lines(rows: list[tuple[int, int, int | None, int | None]], wait: int | None = None) -> list[str]:
    days = [(who, *(None if at is None else FIRST + timedelta(days=at) for at in own)) for who, *own in rows]
    label = Label(kind="cancellation", gap_days=0, horizon_days=30, late_renewal_days=wait)
    with duckdb.connect() as engine:
        engine.register("contracts", pl.DataFrame(days, schema=SCHEMA, orient="row"))
        return list(late_renewals.describe(engine, coherence.rows_of(engine, "contracts"), label))


def renewed_after(pauses: list[int]) -> list[tuple[int, int, int | None, int | None]]:
    """A customer for each pause, whose second contract begins so many days later than it should and runs on."""
    return [row for who, pause in enumerate(pauses) for row in ((who, 0, 30, None), (who, 31 + pause, None, None))]


def test_late_renewals_are_counted_and_the_days_proposed():
    pauses = [0] * 50 + [1, 2, 3, 4, 5, 6, 7, 8, 9, 31] + [32, 100]
    ahead = [(who, 100, 300, None) for who in range(1000, 1050)]
    (line,) = lines(renewed_after(pauses) + ahead)
    assert line == (
        "WARNING subscriptions: after 10 of 12 contracts that ended, the next one began 1 to 31 days too late (half of "
        "them at most 5, nine of ten at most 9), and the customer counts as lost in between; if these are renewals, "
        "write label.late_renewal_days: 9"
    )


@pytest.mark.parametrize(
    ("rows", "wait"),
    [
        (renewed_after([0] * 20), None),  # all in time
        (renewed_after([3] * 4), None),  # a handful
        (renewed_after([3] * 6), 3),  # the label waits for them
        ([(who, 0, 30, None) for who in range(5, 600)] + renewed_after([3] * 5), None),  # one in sixty
        ([(who, 0, 30, 30) for who in range(20)] + [(who, 40, None, None) for who in range(20)], None),  # cancelled
        ([row for who in range(20) for row in ((who, 0, 30, None), (who, 10, None, None), (who, 40, 50, None))], None),
    ],
)
def test_what_is_no_late_renewal_is_not_one(rows, wait):
    assert lines(rows, wait) == []


def test_without_the_last_day_nothing_is_late():
    contracts = pl.DataFrame({"customer_key": [1], "start_day": [FIRST]})
    label = Label(kind="cancellation", gap_days=0, horizon_days=30)
    with duckdb.connect() as engine:
        engine.register("contracts", contracts)
        assert not list(late_renewals.describe(engine, coherence.rows_of(engine, "contracts"), label))
