"""``SnapshotSplit``: no label of a training row was unknown on the morning of the test."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import SnapshotSplit
from pipeline.config.params import Label
from pipeline.model import split

FIRST = date(2024, 1, 1)


@given(
    st.lists(st.integers(0, 200), min_size=8, max_size=60),
    st.integers(0, 10),
    st.integers(1, 40),
    st.integers(1, 4),
    st.integers(1, 3),
)
def test_every_outcome_window_is_over_before_the_test_snapshot(steps, gap, horizon, n_splits, least):
    days = np.array([FIRST + timedelta(days=step) for step in steps], dtype="datetime64[D]")
    splitter = SnapshotSplit(n_splits, gap_days=gap, horizon_days=horizon, min_train_snapshots=least)
    try:
        parts = list(splitter.split(np.zeros((len(days), 1)), groups=days))
    except ValueError as error:
        assert "ask for fewer splits" in str(error)
        return
    assert len(parts) == splitter.get_n_splits() == n_splits
    tests = [days[test][0] for _, test in parts]
    assert tests == sorted(tests) and len(set(tests)) == n_splits
    for train, test in parts:
        assert np.array_equal(test, np.flatnonzero(days == days[test][0]))
        assert (days[train] + gap + horizon <= days[test][0]).all()
        assert len(set(days[train])) >= least
        left_out = np.setdiff1d(np.arange(len(days)), train)
        assert (days[left_out] + gap + horizon > days[test][0]).all(), "nothing is wasted that was known"


def test_it_is_the_split_of_the_pipeline():
    label = Label(kind="inactivity", gap_days=5, horizon_days=20)
    days = [FIRST + timedelta(days=15 * step) for step in range(12)]
    wanted = split.by_time(days, label)
    known = [day for day in days if day <= wanted.validation]
    ((train, test),) = SnapshotSplit(1, gap_days=5, horizon_days=20).split(known, groups=[str(day) for day in known])
    assert known[test[0]] == wanted.validation
    assert [known[row] for row in train] == wanted.train


@pytest.mark.parametrize(
    "kind",
    [
        list,
        np.array,
        pl.Series,
        pd.Series,
        lambda days: pl.Series(days).to_arrow(),
        lambda days: pl.Series(days).to_pandas(use_pyarrow_extension_array=True),
        lambda days: pd.to_datetime(pd.Series(days)),
    ],
)
def test_days_of_any_library(kind):
    days = [FIRST] * 2 + [FIRST + timedelta(days=40)] * 2
    ((train, test),) = SnapshotSplit(1).split(np.zeros(4), groups=kind(days))
    assert (train.tolist(), test.tolist()) == ([0, 1], [2, 3])


def test_a_frame_may_hold_its_days():
    frame = pl.DataFrame({"snapshot": [FIRST, FIRST + timedelta(days=30)], "orders": [1, 2]})
    for one in (frame, frame.to_pandas(use_pyarrow_extension_array=True)):
        assert [part.tolist() for part in next(SnapshotSplit(1).split(one))] == [[0], [1]]


@pytest.mark.parametrize(
    ("settings", "days", "message"),
    [
        ({}, None, "groups: pass the snapshot of each row"),
        ({"n_splits": 0}, [FIRST] * 3, "n_splits must be 1 or more"),
        ({}, [FIRST] * 3, "n_splits=3: of 1 snapshots, 0 have 1 before them that are 30 days apart"),
        ({}, [FIRST, None, FIRST], "without missing values"),
        ({}, ["spring"] * 3, "snapshots must be days"),
        ({}, [FIRST] * 2, "inconsistent numbers of samples"),
    ],
)
def test_what_cannot_be_split_is_said(settings, days, message):
    with pytest.raises(ValueError, match=message):
        list(SnapshotSplit(**settings).split(np.zeros((3, 1)), groups=days))
