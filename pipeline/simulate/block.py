"""One block of customers as tables: transactions, events, and the truth at each snapshot."""

from datetime import date
from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.simulate.filtering import best_probability
from pipeline.simulate.parameters import ACTIVE, CLOCK_DAYS, FADING, GONE, Array, Parameters, parameters_of
from pipeline.simulate.settings import FIRST_DAY, Plan
from pipeline.simulate.trajectories import BLOCK, Integers, Trajectories, amounts, simulate_trajectories
from pipeline.simulate.true_probability import Lookahead, lookaheads, probability

NAMES = ("transactions", "events", "truth")
STATES = ("active", "fading", "gone")
EVENT_TYPE = "app_visit"
EPOCH_DAY = (FIRST_DAY - date(1970, 1, 1)).days
# The last digits of a sum differ between processors; nine are exact everywhere.
DIGITS = 9


class HasCustomers(Protocol):
    """Any plan."""

    @property
    def customers(self) -> int:
        """How many customers are simulated."""


def number_of_blocks(plan: HasCustomers) -> int:
    """How many blocks the customers fill.

    >>> from pipeline.config.params import Label
    >>> from pipeline.simulate.presets import named
    >>> label = Label(kind="inactivity", gap_days=0, horizon_days=30)
    >>> number_of_blocks(Plan(company=named("default"), customers=4097, days=60, seed=1, arrival_days=60,
    ...                       every_days=30, label=label))
    2
    """
    return -(-plan.customers // BLOCK)


def block(plan: Plan, number: int) -> dict[str, pl.DataFrame]:
    """Simulate one block of customers and tell the truth about them; a pure function that runs anywhere.

    Parameters
    ----------
    plan
        What is simulated.
    number
        Which block, from 0.

    Returns
    -------
    dict of polars.DataFrame
        One table for each of `NAMES`, sorted by customer and day.
    """
    trajectories = simulate_trajectories(plan, number)
    ids = customer_ids(trajectories.numbers)
    return {
        "transactions": _transactions(plan, number, trajectories, ids),
        "events": _events(plan, trajectories, ids),
        "truth": _truth(plan, trajectories, ids),
    }


def customer_ids(numbers: Integers) -> pl.Series:
    """What customers are called; numbers are given in no order of coming, rhythm or loyalty.

    >>> customer_ids(np.array([0, 41])).to_list()
    ['c0000001', 'c0000042']
    """
    padded = pl.DataFrame({"number": numbers + 1}).select(pl.col("number").cast(pl.String).str.zfill(7))
    return padded.select(customer_id=pl.concat_str(pl.lit("c"), "number"))["customer_id"]


def _days(numbers: Integers) -> pl.Series:
    return pl.Series((numbers + EPOCH_DAY).astype(np.int32)).cast(pl.Date)


def _transactions(plan: Plan, number: int, trajectories: Trajectories, ids: pl.Series) -> pl.DataFrame:
    customer, day = np.nonzero(trajectories.bought[:, : plan.days])
    bought = pl.DataFrame({"customer_id": ids.gather(customer), "day": day, "ts": _days(day)})
    order = pl.col("day").cast(pl.String).str.zfill(4)
    return bought.select(
        "customer_id",
        pl.concat_str("customer_id", pl.lit("-"), order).alias("transaction_id"),
        "ts",
        pl.Series("amount", amounts(plan, number, trajectories, customer, day) / 100),
    )


def _events(plan: Plan, trajectories: Trajectories, ids: pl.Series) -> pl.DataFrame:
    customer, day = np.nonzero(trajectories.visited[:, : plan.days])
    visited = pl.DataFrame({"customer_id": ids.gather(customer), "ts": _days(day)})
    return visited.with_columns(event_type=pl.lit(EVENT_TYPE))


def _truth(plan: Plan, trajectories: Trajectories, ids: pl.Series) -> pl.DataFrame:
    parameters, ahead = parameters_of(plan.company), lookaheads(plan.company, tuple(plan.snapshots), plan.label)
    best = best_probability(parameters, trajectories.bought, trajectories.visited, plan.snapshots, ahead)
    parts = [
        _truth_at(plan, trajectories, ids, snapshot, (lookahead, best[:, column]))
        for column, (snapshot, lookahead) in enumerate(zip(plan.snapshots, ahead, strict=True))
    ]
    return pl.concat(parts).sort("customer_id", "snapshot")


def _truth_at(
    plan: Plan, trajectories: Trajectories, ids: pl.Series, snapshot: int, ahead: tuple[Lookahead, Array]
) -> pl.DataFrame:
    parameters, (lookahead, best) = parameters_of(plan.company), ahead
    known = np.flatnonzero(trajectories.arrival < snapshot)
    state, rhythm, leaving = (
        trajectories.state[known, snapshot - 1],
        trajectories.rhythm[known],
        trajectories.leaving[known],
    )
    # Looking back from the snapshot, the first purchase found is the last one made.
    clock = 1 + trajectories.bought[known, snapshot - 1 :: -1].argmax(axis=1)
    true = probability(lookahead, state, np.minimum(clock, CLOCK_DAYS), rhythm, leaving)
    start = snapshot + plan.label.gap_days
    in_window = trajectories.bought[known, start : start + plan.label.horizon_days].any(axis=1)
    return pl.DataFrame(
        {
            "customer_id": ids.gather(known),
            "snapshot": _days(np.full(len(known), snapshot)),
            "mean_gap_days": parameters.rhythms[rhythm, 0],
            "rhythm_shape": parameters.rhythms[rhythm, 1].astype(np.int8),
            "leaving_per_day": parameters.leaving_levels[leaving],
            "visits_per_day": parameters.habits[trajectories.habit[known]],
            "state": pl.Series(np.array(STATES)[state].tolist(), dtype=pl.String),
            "hazard_per_day": pl.Series(
                _hazard(parameters, state, parameters.leaving(snapshot)[leaving]), nan_to_null=True
            ),
            "true_probability": true.round(DIGITS),
            "best_probability": best[known].round(DIGITS),
            "churned": (~in_window).astype(np.int8),
        }
    )


def _hazard(parameters: Parameters, state: npt.NDArray[np.int8], leaving: Array) -> Array:
    """Probability of the next step of leaving on the day; NaN for those who are gone, who cannot leave again."""
    return np.select(
        [state == ACTIVE, state == FADING, state == GONE], [leaving, np.full_like(leaving, parameters.ending), np.nan]
    )
