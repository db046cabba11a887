"""On which day an event has come with some chance, and with which chance by some day: a curve read both ways."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def day_reached(no_event: Array, days: tuple[int, ...], share: float) -> Array:
    """Days after the start of the window until the event has come with a probability of `share`; (rows,).

    Parameters
    ----------
    no_event
        Chances of no event until each of `days`, falling along a row; (rows, days).
    days
        As in `EventCurve`.
    share
        0-1, both excluded.

    Returns
    -------
    array
        Infinite where that is later than the last of `days`. Between two of `days` the rate of events is constant.

    Examples
    --------
    >>> curve = np.array([[0.5, 0.25], [0.9, 0.81]])
    >>> day_reached(curve, (10, 20), 0.5).round(2).tolist()
    [10.0, inf]
    >>> day_reached(curve, (10, 20), 0.1).round(2).tolist()
    [1.52, 10.0]
    """
    grid = np.array([0.0, *days])
    grown = _grown(no_event)
    wanted = -np.log1p(-share)
    after = np.argmax(grown >= wanted, axis=1)
    reached = grown[:, -1] >= wanted
    after = np.where(reached, np.maximum(after, 1), 1)
    every = np.arange(len(grown))
    low, high = grown[every, after - 1], grown[every, after]
    part = np.where(high > low, (wanted - low) / np.where(high > low, high - low, 1.0), 1.0)
    return np.where(reached, grid[after - 1] + part * (grid[after] - grid[after - 1]), np.inf)


def no_event_until(no_event: Array, days: tuple[int, ...], wanted: Array) -> Array:
    """The chance (0-1) of no event until a day of each row's own; (rows,). The opposite of `day_reached`.

    >>> no_event_until(np.array([[0.5, 0.25], [0.9, 0.81]]), (10, 20), np.array([10.0, 5.0])).round(4).tolist()
    [0.5, 0.9487]
    """
    grid, every = np.array([0.0, *days]), np.arange(len(no_event))
    grown = _grown(no_event)
    after = np.clip(np.searchsorted(grid, wanted), 1, len(days))
    part = np.clip((wanted - grid[after - 1]) / (grid[after] - grid[after - 1]), 0, 1)
    low, high = grown[every, after - 1], grown[every, after]
    return np.asarray(np.exp(-(low + part * (high - low))))


def _grown(no_event: Array) -> Array:
    """Minus the log of the chance, from the start on: it grows along a straight line where the rate is constant."""
    return np.asarray(-np.log(np.clip(np.column_stack([np.ones(len(no_event)), no_event]), 1e-300, 1.0)))
