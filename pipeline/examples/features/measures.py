"""The aggregates of one kind of rows, at any snapshot."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from typing import Any

import numpy.typing as npt
import polars as pl

from pipeline.examples import aggregates, history
from pipeline.examples.aggregates import Positions
from pipeline.examples.features.declare import Aggregate
from pipeline.examples.features.prefix_sums import DAYS_AGO, Numbers, Window, condition, is_by_row, measure


class Measures:
    """The aggregates of one kind of rows.

    Parameters
    ----------
    rows
        The rows of the kind.
    hows
        What to make of them.
    """

    def __init__(self, rows: history.Rows, hows: Sequence[Aggregate]) -> None:
        self._rows = rows
        changing = history.changing(rows)
        columns = {name: column for how in hows for name, column in _columns(how).items()}
        changes = {name for name, column in columns.items() if changing & {*column.meta.root_names()}}
        lasting = _arrays(history.lasting(rows), {name: columns[name] for name in columns.keys() - changes})
        # Windows of different lengths look up the same sums.
        ready = {one: measure(one, lasting) for one in dict.fromkeys(map(_without_window, hows))}
        self._measures = [(how, ready[_without_window(how)]) for how in hows]
        # The others are in sums by now.
        by_row = {name for how, make in self._measures if is_by_row(make) for name in _columns(how)}
        self._lasting = {name: column for name, column in lasting.items() if name in by_row}
        self._changing = {name: columns[name] for name in changes & by_row}

    def compute(self, snapshot: date, groups: Positions, threads: int) -> list[Numbers]:
        """The aggregates of some groups of rows at a snapshot, in the order in which they were asked for.

        Parameters
        ----------
        snapshot
            Only what was known on its morning counts.
        groups
            Positions of the customers, or regions, that get a number.
        threads
            How many aggregates are made at once.
        """
        known = history.before(self._rows, snapshot)
        columns = self._lasting | _arrays(known.columns, self._changing)
        starts, ends = known.rows.starts[groups], known.rows.ends[groups]
        every = Window(starts, ends, history.physical(known.snapshot), known.rows.days, columns)
        lengths = {days for how, _ in self._measures for days in (how.days, how.skip) if days}
        first = {days: _first_within(every, days) for days in lengths} | {None: starts, 0: ends}
        windows = [replace(every, starts=first[how.days], ends=first[how.skip]) for how, _ in self._measures]
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(lambda make, window: make(window), (make for _, make in self._measures), windows))


def _without_window(how: Aggregate) -> Aggregate:
    return replace(how, days=None, skip=0)


def _columns(how: Aggregate) -> dict[str, pl.Expr]:
    """What an aggregate needs to know of each row."""
    # What is null does not count anyway.
    value = {} if how.function in {"count", "latest"} else {how.column: pl.col(how.column).fill_null(0)}
    return {condition(how): _counts(how)} | value


def _counts(how: Aggregate) -> pl.Expr:
    """Whether a row counts, whatever day it is of."""
    # Every row has a day, so this much lasts.
    tests = [pl.col("day" if how.column == DAYS_AGO else how.column).is_not_null()]
    tests += [pl.col("item") == how.item] if how.item is not None else []
    tests += [pl.sql_expr(how.only)] if how.only is not None else []
    tests += [pl.col("is_latest")] if how.function == "latest" else []
    return pl.all_horizontal(tests).fill_null(value=False)


def _arrays(rows: pl.LazyFrame, columns: dict[str, pl.Expr]) -> dict[str, npt.NDArray[Any]]:
    return {column.name: column.rechunk().to_numpy() for column in rows.select(**columns).collect()} if columns else {}


def _first_within(every: Window, days: int) -> Positions:
    """The first row of each group of the last so many days."""
    return aggregates.first_from(every.days, every.starts, every.ends, every.morning - days)
