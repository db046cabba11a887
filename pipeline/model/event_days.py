"""On which day an event has come with some chance, and with which chance by some day: a curve read both ways.

Between two days of the curve the rate of events is constant, but for the day on which a contract would be renewed.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.config.params import Label

Array = npt.NDArray[np.float64]
Days = npt.NDArray[np.int64]

RENEWAL: Final = "days_to_renewal"


@dataclass(frozen=True)
class Renewal:
    """A day of each customer's own on which a part of the events of the days around it come at once.

    Attributes
    ----------
    day
        Days after the start of the window, whole ones; NaN where there is none. (rows,)
    share
        0-1: of what comes between the two days of the curve around it, what comes on that day.
    """

    day: Array
    share: float


def day_reached(no_event: Array, days: tuple[int, ...], share: float, renewal: Renewal | None = None) -> Array:
    """Days after the start of the window until the event has come with a probability of `share`; (rows,).

    Parameters
    ----------
    no_event
        Chances of no event until each of `days`, falling along a row; (rows, days).
    days
        As in `EventCurve`.
    share
        0-1, both excluded.
    renewal
        Where the rate of events is not constant between two of `days`.

    Returns
    -------
    array
        Infinite where that is later than the last of `days`.

    Examples
    --------
    >>> curve = np.array([[0.5, 0.25], [0.9, 0.81]])
    >>> day_reached(curve, (10, 20), 0.5).round(2).tolist()
    [10.0, inf]
    >>> day_reached(curve, (10, 20), 0.1).round(2).tolist()
    [1.52, 10.0]
    >>> day_reached(curve, (10, 20), 0.15, Renewal(np.array([4.0, 17.0]), 1.0)).round(2).tolist()
    [4.23, 17.54]
    """
    grid, grown = _course(no_event, days, renewal)
    wanted = -np.log1p(-share)
    after = np.argmax(grown >= wanted, axis=1)
    reached = grown[:, -1] >= wanted
    after = np.where(reached, np.maximum(after, 1), 1)
    every = np.arange(len(grown))
    low, high = grown[every, after - 1], grown[every, after]
    part = np.where(high > low, (wanted - low) / np.where(high > low, high - low, 1.0), 1.0)
    start, end = grid[every, after - 1], grid[every, after]
    return np.where(reached, start + part * (end - start), np.inf)


def no_event_until(no_event: Array, days: tuple[int, ...], wanted: Array, renewal: Renewal | None = None) -> Array:
    """The chance (0-1) of no event until a day of each row's own; (rows,). The opposite of `day_reached`.

    >>> no_event_until(np.array([[0.5, 0.25], [0.9, 0.81]]), (10, 20), np.array([10.0, 5.0])).round(4).tolist()
    [0.5, 0.9487]
    """
    grid, grown = _course(no_event, days, renewal)
    every, after = np.arange(len(grid)), np.clip((grid < wanted[:, None]).sum(axis=1), 1, grid.shape[1] - 1)
    start, end = grid[every, after - 1], grid[every, after]
    part = np.clip((wanted - start) / np.where(end > start, end - start, 1.0), 0, 1)
    low, high = grown[every, after - 1], grown[every, after]
    return np.asarray(np.exp(-(low + part * (high - low))))


def share_at_renewal(examples: pl.DataFrame, came: Days, days: tuple[int, ...], label: Label) -> float:
    """Of the ends that are known and between the same two days as the renewal, the share on its very day.

    Parameters
    ----------
    examples
        Rows, with the days to the next renewal if these are known.
    came
        Days from the start of the window to the end of each contract, below 0 where it is not known; (rows,).
    days
        As in `EventCurve`.
    label
        ``params.yaml: label``.

    Examples
    --------
    >>> five = pl.DataFrame({RENEWAL: [12, 12, 15, 3, None]})
    >>> label = Label(kind="cancellation", gap_days=0, horizon_days=30)
    >>> share_at_renewal(five, np.array([12, 19, 15, 12, 12]), (10, 20, 30), label)
    0.666667
    """
    if RENEWAL not in examples.columns:
        return 0.0
    renewal = ends_unless_renewed(examples, label)
    known = (came >= 0) & (came < days[-1]) & (renewal >= 0)
    around = known & (np.searchsorted(days, came, side="right") == np.searchsorted(days, renewal, side="right"))
    return round(float(np.mean(came[around] == renewal[around])), 6) if around.any() else 0.0


def ends_unless_renewed(rows: pl.DataFrame, label: Label) -> Array:
    """Days from the start of the outcome window to that on which a contract not renewed counts as ended, or NaN."""
    days = rows[RENEWAL].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return np.asarray(days + label.renewal_wait_days - label.gap_days)


def _course(no_event: Array, days: tuple[int, ...], renewal: Renewal | None) -> tuple[Array, Array]:
    """Days, rising along a row, and minus the log of the chance on each: it grows along a line between two of them."""
    grown = -np.log(np.clip(np.column_stack([np.ones(len(no_event)), no_event]), 1e-300, 1.0))
    grid = np.broadcast_to(np.array([0.0, *days]), grown.shape)
    if renewal is None:
        return grid, grown
    # The day before it is over and the day after: where there is none, the start once more, which changes nothing.
    known = (renewal.day >= 0) & (renewal.day < days[-1])
    day = np.where(known, renewal.day, 0.0)
    every, after = np.arange(len(grid)), (grid <= day[:, None]).sum(axis=1)
    start, low = grid[every, after - 1], grown[every, after - 1]
    all_of_it = grown[every, after] - low
    evenly = (1 - renewal.share) * all_of_it / (grid[every, after] - start)
    before = np.where(known, low + evenly * (day - start), 0.0)
    behind = np.where(known, low + evenly * (day + 1 - start) + renewal.share * all_of_it, 0.0)
    grid = np.column_stack([grid, day, np.where(known, day + 1, 0.0)])
    order = np.argsort(grid, axis=1, kind="stable")
    both = grid, np.column_stack([grown, before, behind])
    return np.take_along_axis(both[0], order, axis=1), np.take_along_axis(both[1], order, axis=1)
