"""One aggregate as a function of a window of rows.

What lasts, whatever the snapshot, is added up once over all rows: a window then costs two look-ups per group, however
long it is. What changes with the snapshot is gone through row by row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from pipeline.examples import aggregates
from pipeline.examples.aggregates import Days, Flags, Positions, Values
from pipeline.examples.features.declare import Aggregate

DAYS_AGO = "days_ago"


@dataclass(frozen=True)
class Numbers:
    """One number per group, and whether there is any: not where no row counts in a least or a largest value."""

    values: Values
    is_known: Flags


@dataclass(frozen=True)
class Window:
    """The rows of each group between two days.

    Attributes
    ----------
    starts, ends
        The rows of a group, from `starts` to before `ends`: (groups,).
    morning
        The snapshot, in days since 1970-01-01, and `days`, the day of each row likewise: (rows,).
    columns
        What is said of each row at this snapshot: values by their names, and whether it counts by `condition`.
    """

    starts: Positions
    ends: Positions
    morning: int
    days: Days
    columns: dict[str, Values]


Measure = Callable[[Window], Numbers]


def none(groups: int) -> Numbers:
    """What no row gives: zero where it is counted, unknown elsewhere."""
    return Numbers(np.zeros(groups, dtype=np.int64), np.zeros(groups, dtype=np.bool_))


def condition(how: Aggregate) -> str:
    """The name of the column that says whether a row counts; the same for all aggregates of the same rows."""
    return f"{how.column} | {how.item} | {how.only} | {how.function == 'latest'}"


def measure(how: Aggregate, lasting: dict[str, Values]) -> Measure:
    """The aggregate, made ready.

    Parameters
    ----------
    how
        What to make.
    lasting
        The columns that say the same at every snapshot, by the names of `Window.columns`.
    """
    counts, values = lasting.get(condition(how)), lasting.get(how.column)
    if counts is None:
        return partial(row_by_row, how)
    if how.function == "count":
        return _total(aggregates.counted_up_to(counts))
    if how.column == DAYS_AGO and how.function in {"min", "max"}:
        return _outermost(aggregates.counted_up_to(counts), np.flatnonzero(counts), is_first=how.function == "max")
    # Sums of fractions would depend on what comes before the window.
    if how.function in {"sum", "sum_squares"} and values is not None and values.dtype == np.int64:
        each = values * values if how.function == "sum_squares" else values
        return _total(aggregates.total_up_to(each, counts))
    return partial(row_by_row, how)


def is_by_row(make: Measure) -> bool:
    """Whether an aggregate needs the columns of its window."""
    return isinstance(make, partial) and make.func is row_by_row


def _total(up_to: Positions) -> Measure:
    return lambda window: Numbers(
        up_to[window.ends] - up_to[window.starts], np.ones(len(window.starts), dtype=np.bool_)
    )


def _outermost(counted_up_to: Positions, counted: Positions, *, is_first: bool) -> Measure:
    """How long ago the first, or the last, of the rows that count is; rows are in order of days."""

    def ago(window: Window) -> Numbers:
        first, behind = counted_up_to[window.starts], counted_up_to[window.ends]
        is_known = behind > first
        rows = counted[(first if is_first else behind - 1)[is_known]]
        days = np.zeros(len(is_known), dtype=np.int64)
        days[is_known] = window.morning - window.days[rows].astype(np.int64)
        return Numbers(days, is_known)

    return ago


def _everywhere(numbers: Values) -> Numbers:
    return Numbers(numbers, np.ones(len(numbers), dtype=np.bool_))


def row_by_row(how: Aggregate, window: Window) -> Numbers:
    """The aggregate of rows of which something changes with the snapshot."""
    counts = window.columns[condition(how)]
    if how.function in {"count", "latest"}:
        return _everywhere(aggregates.counted(counts, window.starts, window.ends))
    values = window.columns[how.column]
    if how.function in {"sum", "sum_squares"}:
        each = values * values if how.function == "sum_squares" else values
        return _everywhere(aggregates.total(each, counts, window.starts, window.ends))
    if how.function == "max":
        return Numbers(*aggregates.largest(values, counts, window.starts, window.ends))
    opposite, is_known = aggregates.largest(-values, counts, window.starts, window.ends)
    return Numbers(-opposite, is_known)
