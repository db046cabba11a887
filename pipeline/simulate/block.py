"""One block of customers as tables: transactions, events, and the truth at each snapshot."""

from datetime import date
from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.simulate.belief import best_probability
from pipeline.simulate.law import ACTIVE, CLOCK_DAYS, FADING, GONE, Array, Law, law_of
from pipeline.simulate.lives import BLOCK, Integers, Lives, amounts, live
from pipeline.simulate.outlook import Outlook, outlooks, probability
from pipeline.simulate.settings import FIRST_DAY, Plan

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
    lives = live(plan, number)
    ids = customer_ids(lives.numbers)
    return {
        "transactions": _transactions(plan, number, lives, ids),
        "events": _events(plan, lives, ids),
        "truth": _truth(plan, lives, ids),
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


def _transactions(plan: Plan, number: int, lives: Lives, ids: pl.Series) -> pl.DataFrame:
    customer, day = np.nonzero(lives.bought[:, : plan.days])
    bought = pl.DataFrame({"customer_id": ids.gather(customer), "day": day, "ts": _days(day)})
    order = pl.col("day").cast(pl.String).str.zfill(4)
    return bought.select(
        "customer_id",
        pl.concat_str("customer_id", pl.lit("-"), order).alias("transaction_id"),
        "ts",
        pl.Series("amount", amounts(plan, number, lives, customer, day) / 100),
    )


def _events(plan: Plan, lives: Lives, ids: pl.Series) -> pl.DataFrame:
    customer, day = np.nonzero(lives.visited[:, : plan.days])
    visited = pl.DataFrame({"customer_id": ids.gather(customer), "ts": _days(day)})
    return visited.with_columns(event_type=pl.lit(EVENT_TYPE))


def _truth(plan: Plan, lives: Lives, ids: pl.Series) -> pl.DataFrame:
    law, ahead = law_of(plan.company), outlooks(plan.company, tuple(plan.snapshots), plan.label)
    best = best_probability(law, lives.bought, lives.visited, plan.snapshots, ahead)
    parts = [
        _truth_at(plan, law, lives, ids, snapshot, outlook, best[:, column])
        for column, (snapshot, outlook) in enumerate(zip(plan.snapshots, ahead, strict=True))
    ]
    return pl.concat(parts).sort("customer_id", "snapshot")


def _truth_at(
    plan: Plan, law: Law, lives: Lives, ids: pl.Series, snapshot: int, outlook: Outlook, best: Array
) -> pl.DataFrame:
    known = np.flatnonzero(lives.arrival < snapshot)
    state, rhythm, leaving = lives.state[known, snapshot - 1], lives.rhythm[known], lives.leaving[known]
    # Looking back from the snapshot, the first purchase found is the last one made.
    clock = 1 + lives.bought[known, snapshot - 1 :: -1].argmax(axis=1)
    true = probability(outlook, state, np.minimum(clock, CLOCK_DAYS), rhythm, leaving)
    start = snapshot + plan.label.gap_days
    in_window = lives.bought[known, start : start + plan.label.horizon_days].any(axis=1)
    return pl.DataFrame(
        {
            "customer_id": ids.gather(known),
            "snapshot": _days(np.full(len(known), snapshot)),
            "mean_gap_days": law.rhythms[rhythm, 0],
            "rhythm_shape": law.rhythms[rhythm, 1].astype(np.int8),
            "leaving_per_day": law.leaving_levels[leaving],
            "visits_per_day": law.habits[lives.habit[known]],
            "state": pl.Series(np.array(STATES)[state].tolist(), dtype=pl.String),
            "hazard_per_day": pl.Series(_hazard(law, state, law.leaving(snapshot)[leaving]), nan_to_null=True),
            "true_probability": true.round(DIGITS),
            "best_probability": best[known].round(DIGITS),
            "churned": (~in_window).astype(np.int8),
        }
    )


def _hazard(law: Law, state: npt.NDArray[np.int8], leaving: Array) -> Array:
    """Probability of the next step of leaving on the day; NaN for those who are gone, who cannot leave again."""
    return np.select(
        [state == ACTIVE, state == FADING, state == GONE], [leaving, np.full_like(leaving, law.ending), np.nan]
    )
