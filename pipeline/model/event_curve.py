"""When, not only whether: the chance that the event has not come until each day of the year to come.

The event is the next order, whose absence is churn, or the end of the contract, which is churn itself. One learner for
all days: trees on the features of the model, the days ahead and what BG/NBD or the next renewal makes of them. Of
contracts it learns the chance of no end until a day; of orders that of none since the day before on the curve, where
there was none until then, and the product of these. At the end of the outcome window the level is that of churn; the
farther a day is from it, on either side, the less of the difference counts. So the curve meets the graded probability
exactly, and what explains that explains the curve: its log-odds are a part of the same contributions and one number for
the day. Of contracts past the window it is the chance to run until its end, times one factor for the day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import expit, logit

from pipeline.config.params import Label, Model
from pipeline.examples.next_events import DAYS_TO_EVENT
from pipeline.examples.snapshots import outcome_window
from pipeline.model import gbm
from pipeline.model.day_margins import churn_weight, day_margins, none_until
from pipeline.model.ensemble import Ensemble
from pipeline.model.event_days import RENEWAL, Renewal, ends_unless_renewed, share_at_renewal
from pipeline.value import purchase_process

Array = npt.NDArray[np.float64]
Days = npt.NDArray[np.int64]

DAYS: Final = (3, 7, 14, 21, 30, 45, 60, 75, 90, 120, 150, 180, 240, 300, 365)
"""From the start of the outcome window on; between two of them the rate of events is constant, but for a renewal."""
TREES: Final = 200
"""At most; of contracts, so many."""
PATIENCE: Final = 20
"""Trees that bring no better log-loss of the customers held back, after which no more are tried."""
ONE_IN: Final = 8
"""One customer in so many is held back to say how many trees there are: of few examples, few are sure."""
OF_ORDERS: Final = {"learning_rate": 0.06, "num_leaves": 32, "max_depth": 8, "feature_fraction": 0.6}
"""Larger trees than those of churn: what a feature says of the next order changes with the days ahead."""
MAX_EXAMPLES: Final = 100_000
"""Examples the curve is learnt from at most."""
MAX_ROWS: Final = 100_000
"""Pairs of an example and a day that the trees see at most; of more, so many are drawn."""
SURE: Final = 1e-4
"""No chance of BG/NBD counts as nearer to 0 or 1."""


@dataclass(frozen=True)
class EventCurve:
    """A fitted curve; see the module.

    Attributes
    ----------
    days
        Days after the start of the outcome window, rising; the last one is as far as outcomes reach.
    horizon
        The one of `days` that is the end of the outcome window.
    level
        Log-odds of no event until each of `days`, of all customers together; of hazards, where none came before.
    trees
        What a customer adds to that, by the columns of the model, the day, and BG/NBD or the renewal where it has them.
    is_churn
        Whether the event is churn itself, the end of a contract, and not the order that keeps from it.
    at_renewal
        Of the ends between two of `days` around a renewal, the share (0-1) that come on the very day of it.
    by_hazard
        Whether `level` and `trees` are of each day where nothing came until the one before.
    """

    days: tuple[int, ...]
    horizon: int
    level: tuple[float, ...]
    trees: gbm.Booster
    is_churn: bool = False
    at_renewal: float = 0.0
    by_hazard: bool = False

    @classmethod
    def from_dict(cls, saved: dict[str, Any] | None) -> Self | None:
        """Read a curve back from JSON; None where there was none, as in models of older versions."""
        if saved is None:
            return None
        return cls(tuple(saved["days"]), saved["horizon"], tuple(saved["level"]), gbm.from_text(saved["trees"]),
                   saved.get("is_churn", False), saved.get("at_renewal", 0.0),
                   saved.get("by_hazard", False))  # fmt: skip

    def as_dict(self) -> dict[str, Any]:
        """For a JSON file beside the model."""
        return {"days": list(self.days), "horizon": self.horizon, "level": list(self.level),
                "trees": gbm.to_text(self.trees), "is_churn": self.is_churn,
                "at_renewal": self.at_renewal, "by_hazard": self.by_hazard}  # fmt: skip

    def no_event(self, ensemble: Ensemble, rows: pl.DataFrame, log_odds: Array, num_threads: int = 1) -> Array:
        """The chance (0-1) of no event from the start of the outcome window until each of `days`; (rows, days).

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
        matrix = ensemble.values(rows)  # True ones: the level at the end of the window is that of churn all the same.
        by_day = _of_days(ensemble, rows, matrix, self.days, is_churn=self.is_churn, by_hazard=self.by_hazard)
        margins = day_margins(self.trees, matrix, by_day, num_threads) + self.level
        margins = none_until(margins) if self.by_hazard else margins
        place = self.days.index(self.horizon)
        over = churn_weight(self.days, self.horizon, by_hazard=self.by_hazard)
        own = -log_odds if self.is_churn else log_odds
        # The difference first: at the horizon it is 0, and the chance is that of churn, or of none, to the last digit.
        chances: Array = expit(over * own[:, None] + (margins - over * margins[:, [place]]))
        if self.is_churn:
            # That a contract cannot end within the window says nothing of later days; the trees alone speak for them.
            alone = expit(margins[:, place:])
            chances[:, place:] = chances[:, [place]] * (alone / alone[:, [0]])
        # A level that is higher than that of the trees may lift a later day above an earlier one.
        before = np.maximum.accumulate(chances[:, place::-1], axis=1)[:, ::-1]
        # Of what has come, nothing comes back: the last digit of a logarithm is no chance.
        return np.minimum.accumulate(np.hstack([before, chances[:, place + 1 :]]), axis=1)

    def renewal(self, rows: pl.DataFrame, label: Label) -> Renewal | None:
        """The day on which each contract ends if it is not renewed, for the reading of the curve between its days."""
        if not self.at_renewal or RENEWAL not in rows.columns:
            return None
        return Renewal(ends_unless_renewed(rows, label), self.at_renewal)


def fit(examples: pl.DataFrame, ensemble: Ensemble, until: date, label: Label, settings: Model) -> EventCurve | None:
    """Fit the curve to the events before a day.

    Parameters
    ----------
    examples
        Rows with the columns of the model, ``snapshot``, ``customer_key`` and ``days_to_event``, labelled or not.
    ensemble
        The model whose log-odds the curve starts from.
    until
        No event on this day or later is looked at: one of these counts as not yet come.
    label, settings
        ``params.yaml: label, model``.

    Returns
    -------
    EventCurve or None
        None where churn means to be overdue, so that no day of it is churn, and where no outcome reaches to its end.

    Notes
    -----
    An example says of each day before `until` whether the event had come by then, and nothing of later days: so the
    trees see the latest snapshots too, for the days that are over (independent censoring). BG/NBD's chance is held to
    its direction, as are, where no product keeps the chance from rising, the days ahead and those past the renewal.
    """
    ahead = np.array([(until - outcome_window(day, label).start).days for day in examples["snapshot"]], dtype=np.int64)
    farthest = int(ahead.max(initial=0))
    if label.kind == "overdue" or farthest < label.horizon_days:
        return None
    days = tuple(sorted({day for day in DAYS if day <= farthest} | {label.horizon_days}))
    came = examples[DAYS_TO_EVENT].fill_null(farthest + 1).to_numpy().astype(np.int64)
    matrix, is_churn = ensemble.values(examples), label.kind == "cancellation"
    before = [0] * len(days) if is_churn else [0, *days[:-1]]
    still = [(ahead >= day) & (came >= none) for day, none in zip(days, before, strict=True)]
    chosen = _drawn([np.flatnonzero(each) for each in still], settings.seed)

    def seen(who: Days, *since: int) -> Array:
        of_days = _of_days(ensemble, examples[who], matrix[who], since, is_churn=is_churn, by_hazard=not is_churn)
        return np.hstack([matrix[who], of_days[:, -1]])

    parts = [
        (seen(who, *([none] if none else []), day), (came[who] >= day).astype(np.int8))
        for day, none, who in zip(days, before, chosen, strict=True)
    ]
    columns, silent = (np.concatenate(each) for each in zip(*parts, strict=True))
    directions = [*[0] * len(ensemble.features), *([-1, -1] if is_churn else [0, 1, 0])][: columns.shape[1]]
    level = _level(came, ahead, days, by_hazard=not is_churn)
    upon = np.repeat(level, [len(who) for who in chosen])
    # Whole customers: the same one at the next snapshot would be no stranger. Contracts that end are too few for it.
    strangers = (examples["customer_key"].cast(pl.Int64).to_numpy() % ONE_IN == 0)[np.concatenate(chosen)]
    learner = ({} if is_churn else OF_ORDERS) | {"monotone_constraints": directions}
    held_back = np.zeros_like(strangers) if is_churn else strangers
    trees = gbm.grow_upon(upon, (columns, silent), held_back, (TREES, PATIENCE), settings, learner)
    at_renewal = share_at_renewal(examples, np.where(came < ahead, came, -1), days, label) if is_churn else 0.0
    return EventCurve(days, label.horizon_days, level, trees, is_churn, at_renewal, by_hazard=not is_churn)


def _level(came: Days, ahead: Days, days: tuple[int, ...], *, by_hazard: bool = False) -> tuple[float, ...]:
    """Log-odds of no event until each day, of all examples together: what Kaplan and Meier make of those that are over.

    >>> came, ahead = np.array([2, 9, 9, 99]), np.array([20, 20, 20, 20])
    >>> [expit(_level(came, ahead, (5, 10), by_hazard=each)).round(3).tolist() for each in (False, True)]
    [[0.75, 0.25], [0.75, 0.333]]
    """
    chance, previous, levels = 1.0, 0, []
    for day in days:
        at_risk = (ahead >= day) & (came >= previous)
        chance = (1.0 if by_hazard else chance) * (float(np.mean(came[at_risk] >= day)) if at_risk.any() else 1.0)
        levels.append(float(f"{logit(min(max(chance, SURE), 1 - SURE)):.10g}"))
        previous = day
    return tuple(levels)


def _drawn(rows: list[Days], seed: int) -> list[Days]:
    """Of the rows of each day, the same share at each, so that all together are no more than `MAX_ROWS`."""
    share = min(1.0, MAX_ROWS / max(1, sum(len(one) for one in rows)))
    dice = np.random.default_rng(seed)
    return rows if share == 1 else [one[dice.random(len(one)) < share] for one in rows]


def _of_days(
    ensemble: Ensemble, rows: pl.DataFrame, matrix: Array, days: Sequence[int], *, is_churn: bool, by_hazard: bool
) -> Array:
    """What the trees see beside the columns of the model: days, and what is usual by then; (rows, days, columns).

    Of contracts, the days the next renewal is past; of orders, BG/NBD's log-odds of none, since the day before too.
    """
    parts = [np.broadcast_to(np.array(days, dtype=np.float64), (len(matrix), len(days)))]
    if is_churn:
        if RENEWAL in ensemble.features:
            parts.append(ensemble.window[0] + parts[0] - matrix[:, [ensemble.features.index(RENEWAL)]])
    elif ensemble.purchase_process is not None:
        rhythm, gap = ensemble.purchase_process, ensemble.window[0]
        chance = np.column_stack([purchase_process.p_no_purchase(rhythm, rows, gap, day) for day in days])
        chance = np.clip(chance, SURE, 1 - SURE)
        since = chance / np.column_stack([np.ones(len(rows)), chance[:, :-1]])
        parts += [logit(np.clip(each, SURE, 1 - SURE)) for each in ([since, chance] if by_hazard else [chance])]
    return np.stack(parts, axis=2)
