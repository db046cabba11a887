"""When, not only whether: the chance that a customer has not ordered until each day of the year to come.

One learner for all days: trees on the features of the model, the days ahead and what BG/NBD makes of them, fitted to
whether an order had come by then. From the end of the outcome window on, only how the log-odds move with the days is
taken from it; the level is that of churn. Before that end, the level of churn counts for as much as of the window is
over: what a customer does within a few days hangs on other things. So the curve meets the graded probability exactly,
and what explains that probability explains the curve: its log-odds are a part of the same contributions and one number
for the day.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import expit, logit

from pipeline.config.params import Label, Model
from pipeline.examples.next_orders import DAYS_TO_ORDER
from pipeline.examples.snapshots import outcome_window
from pipeline.model import gbm
from pipeline.model.ensemble import Ensemble
from pipeline.value import purchase_process

Array = npt.NDArray[np.float64]
Days = npt.NDArray[np.int64]

DAYS: Final = (3, 7, 14, 21, 30, 45, 60, 75, 90, 120, 150, 180, 240, 300, 365)
"""From the start of the outcome window on; between two of them the rate of orders is taken for constant."""
TREES: Final = 200
MAX_EXAMPLES: Final = 100_000
"""Examples the curve is learnt from at most."""
MAX_ROWS: Final = 100_000
"""Pairs of an example and a day that the trees see at most; of more, so many are drawn."""
SURE: Final = 1e-4
"""No chance of BG/NBD counts as nearer to 0 or 1."""


@dataclass(frozen=True)
class OrderCurve:
    """A fitted curve; see the module.

    Attributes
    ----------
    days
        Days after the start of the outcome window, rising; the last one is as far as outcomes reach.
    horizon
        The one of `days` that is the end of the outcome window.
    level
        Log-odds of no order until each of `days`, of all customers together.
    trees
        What a customer adds to that, by the columns of the model, the day, and BG/NBD where the model has it.
    """

    days: tuple[int, ...]
    horizon: int
    level: tuple[float, ...]
    trees: gbm.Booster

    @classmethod
    def from_dict(cls, saved: dict[str, Any] | None) -> Self | None:
        """Read a curve back from JSON; None where there was none, as in models of older versions."""
        if saved is None:
            return None
        return cls(tuple(saved["days"]), saved["horizon"], tuple(saved["level"]), gbm.from_text(saved["trees"]))

    def as_dict(self) -> dict[str, Any]:
        """For a JSON file beside the model."""
        return {
            "days": list(self.days), "horizon": self.horizon, "level": list(self.level),
            "trees": gbm.to_text(self.trees),
        }  # fmt: skip

    def no_order(self, ensemble: Ensemble, rows: pl.DataFrame, log_odds: Array, num_threads: int = 1) -> Array:
        """The chance (0-1) of no order from the start of the outcome window until each of `days`; (rows, days).

        Parameters
        ----------
        ensemble
            The model that gives the log-odds of churn, which `fit` was given too.
        rows
            Examples, with the columns it needs.
        log_odds
            Calibrated log-odds of churn of each row.
        num_threads
            Of the prediction.
        """
        matrix = ensemble.matrix(rows)
        columns = [_columns(ensemble, rows, matrix, day) for day in self.days]
        margins = np.column_stack([gbm.log_odds(self.trees, part, num_threads) for part in columns]) + self.level
        place = self.days.index(self.horizon)
        over = np.minimum(np.array(self.days) / self.horizon, 1.0)
        # The difference first: at the horizon it is 0, and the chance is that of churn to the last digit.
        chances: Array = expit(over * log_odds[:, None] + (margins - over * margins[:, [place]]))
        # A level that is higher than that of the trees may lift a later day above an earlier one.
        before = np.maximum.accumulate(chances[:, place::-1], axis=1)[:, ::-1]
        return np.hstack([before, chances[:, place + 1 :]])


def fit(examples: pl.DataFrame, ensemble: Ensemble, until: date, label: Label, settings: Model) -> OrderCurve | None:
    """Fit the curve to the orders before a day.

    Parameters
    ----------
    examples
        Rows with the columns of the model, ``snapshot`` and ``days_to_order``, labelled or not.
    ensemble
        The model whose log-odds the curve starts from.
    until
        No order on this day or later is looked at: one of these counts as not yet come.
    label, settings
        ``params.yaml: label, model``.

    Returns
    -------
    OrderCurve or None
        None where churn is no silence from the start of the window to its end, so that no day of the curve is churn;
        and where no outcome reaches as far as the window.

    Notes
    -----
    An example says of each day before `until` whether an order had come by then, and nothing of later days: so the
    trees see the latest snapshots too, for the days that are over (independent censoring). Both the days ahead and
    BG/NBD's chance are held to their direction, and so the chance never rises with the days.
    """
    ahead = np.array([(until - outcome_window(day, label).start).days for day in examples["snapshot"]], dtype=np.int64)
    farthest = int(ahead.max(initial=0))
    if label.kind != "inactivity" or farthest < label.horizon_days:
        return None
    days = tuple(sorted({day for day in DAYS if day <= farthest} | {label.horizon_days}))
    came = examples[DAYS_TO_ORDER].fill_null(farthest + 1).to_numpy().astype(np.int64)
    chosen = _drawn([np.flatnonzero(ahead >= day) for day in days], settings.seed)
    matrix = ensemble.matrix(examples)
    parts = [
        (_columns(ensemble, examples[who], matrix[who], day), (came[who] >= day).astype(np.int8))
        for day, who in zip(days, chosen, strict=True)
    ]
    columns, silent = (np.concatenate(each) for each in zip(*parts, strict=True))
    directions = [0] * len(ensemble.features) + [-1, 1][: columns.shape[1] - len(ensemble.features)]
    level = _level(came, ahead, days)
    upon = np.repeat(level, [len(who) for who in chosen])
    trees = gbm.grow_upon(upon, (columns, silent), TREES, directions, settings)
    return OrderCurve(days, label.horizon_days, level, trees)


def _level(came: Days, ahead: Days, days: tuple[int, ...]) -> tuple[float, ...]:
    """Log-odds of no order until each day, of all examples together: what Kaplan and Meier make of those that are over.

    >>> level = _level(np.array([2, 9, 9, 99]), np.array([20, 20, 20, 20]), (5, 10))
    >>> [round(float(expit(each)), 3) for each in level]
    [0.75, 0.25]
    """
    chance, previous, levels = 1.0, 0, []
    for day in days:
        at_risk = (ahead >= day) & (came >= previous)
        chance *= float(np.mean(came[at_risk] >= day)) if at_risk.any() else 1.0
        levels.append(float(f"{logit(min(max(chance, SURE), 1 - SURE)):.10g}"))
        previous = day
    return tuple(levels)


def _drawn(rows: list[Days], seed: int) -> list[Days]:
    """Of the rows of each day, the same share at each, so that all together are no more than `MAX_ROWS`."""
    share = min(1.0, MAX_ROWS / max(1, sum(len(one) for one in rows)))
    dice = np.random.default_rng(seed)
    return rows if share == 1 else [one[dice.random(len(one)) < share] for one in rows]


def _columns(ensemble: Ensemble, rows: pl.DataFrame, matrix: Array, day: int) -> Array:
    """The columns of the trees for one day: those of the model, the day, and the log-odds of BG/NBD."""
    parts = [matrix, np.full((len(matrix), 1), float(day))]
    if ensemble.purchase_process is not None:
        chance = purchase_process.p_no_purchase(ensemble.purchase_process, rows, ensemble.window[0], day)
        parts.append(logit(np.clip(chance, SURE, 1 - SURE))[:, None])
    return np.hstack(parts)


def order_day(no_order: Array, days: tuple[int, ...], share: float) -> Array:
    """Days after the start of the window until an order has come with a probability of `share`; (rows,).

    Parameters
    ----------
    no_order
        Chances of no order until each of `days`, falling along a row; (rows, days).
    days
        As in `OrderCurve`.
    share
        0-1, both excluded.

    Returns
    -------
    array
        Infinite where that is later than the last of `days`. Between two of `days` the rate of orders is constant.

    Examples
    --------
    >>> curve = np.array([[0.5, 0.25], [0.9, 0.81]])
    >>> order_day(curve, (10, 20), 0.5).round(2).tolist()
    [10.0, inf]
    >>> order_day(curve, (10, 20), 0.1).round(2).tolist()
    [1.52, 10.0]
    """
    grid = np.array([0.0, *days])
    # Minus the log of the chance grows along a straight line where the rate is constant.
    grown = -np.log(np.clip(np.column_stack([np.ones(len(no_order)), no_order]), 1e-300, 1.0))
    wanted = -np.log1p(-share)
    after = np.argmax(grown >= wanted, axis=1)
    reached = grown[:, -1] >= wanted
    after = np.where(reached, np.maximum(after, 1), 1)
    every = np.arange(len(grown))
    low, high = grown[every, after - 1], grown[every, after]
    part = np.where(high > low, (wanted - low) / np.where(high > low, high - low, 1.0), 1.0)
    return np.where(reached, grid[after - 1] + part * (grid[after] - grid[after - 1]), np.inf)
