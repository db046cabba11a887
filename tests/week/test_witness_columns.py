"""How full columns are and what their numbers are on average: against sums over the rows made by hand."""

from datetime import date, timedelta

import polars as pl
import pytest

from pipeline.week import witness_columns

DAY = date(2024, 3, 4)


def test_columns_are_counted_and_averaged_by_hand():
    rows = pl.LazyFrame(
        {
            "made_day": [DAY - timedelta(days=ago) for ago in (100, 50, 28, 1)],
            "due_day": [DAY - timedelta(days=90), DAY - timedelta(days=43), None, DAY + timedelta(days=3)],
            "pieces": [1, 2, 3, None],
            "late": [True, None, False, False],
            "what": ["call", "call", None, "call"],
        }
    )
    total, found = witness_columns.profiled(rows, ["due_day", "pieces", "late", "what"], "made_day", DAY)
    assert total == 4
    # 10, 7 and 4 days after the rows; of the two recent rows one is filled.
    due, pieces, late, what = (found[name] for name in ("due_day", "pieces", "late", "what"))
    assert (due.all, due.recent, due.varies, due.mean, due.deviation) == (0.75, 0.5, True, 7.0, 3.0)
    assert (pieces.all, pieces.recent, pieces.varies, pieces.mean, pieces.deviation) == (0.75, 0.5, True, 2.0, 1.0)
    assert (late.mean, late.deviation) == (pytest.approx(1 / 3, abs=1e-5), pytest.approx((1 / 3) ** 0.5, abs=1e-5))
    assert (what.all, what.varies, what.mean, what.deviation) == (0.75, False, None, None)


def test_days_of_a_later_week_lie_as_long_after_their_rows():
    """The calendar goes on and the figure stays; a feed that shifts its days moves it."""
    made = [DAY - timedelta(days=ago) for ago in range(40, 0, -1)]
    for shift, mean in ((0, 14.0), (-30, -16.0)):
        due = [day + timedelta(days=14 + shift) for day in made]
        means = []
        for days in (33, 40):
            rows = pl.LazyFrame({"made_day": made[:days], "due_day": due[:days]})
            means.append(witness_columns.profiled(rows, ["due_day"], "made_day", DAY)[1]["due_day"].mean)
        assert means == [mean, mean]


def test_rows_without_a_day_have_no_recent_ones_and_no_days_between():
    total, found = witness_columns.profiled(pl.LazyFrame({"signup_day": [DAY, None]}), ["signup_day"], None, DAY)
    assert (total, found["signup_day"].recent, found["signup_day"].mean) == (2, None, None)
