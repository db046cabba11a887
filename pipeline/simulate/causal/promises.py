"""The table of promises: kept as a rule, and broken where that drives customers away."""

import numpy as np
import polars as pl

from pipeline.simulate.causal.company_history import DAY_BASE, History, days, known_days, repeated, scattered, words
from pipeline.simulate.causal.episodes import NEVER, YEAR_DAYS
from pipeline.simulate.causal.people import PROMISES

WHAT, BY = ("delivery", "call back", "offer", "repair"), ("sales", "service", "success")
LATE_SHARE, NEVER_KEPT_SHARE, BROKEN_EVERY_DAYS = 0.05, 0.6, 35


def commitments(past: History) -> pl.DataFrame:
    """One row per customer and day on which something was promised."""
    dice, rate = past.dice(PROMISES), past.plan.company.rates.promises_per_year / YEAR_DAYS
    customer, made = scattered(dice, rate, past.who.arrival, past.last)
    due = made + dice.integers(3, 22, len(made))
    late = dice.random(len(made)) < LATE_SHARE
    kept = np.where(late, due + dice.integers(1, 8, len(made)), due - dice.integers(0, 4, len(made)))
    broken, start, end = past.trouble.of("C10", past.plan.days)
    episode, broken_due = repeated(start, np.full(len(start), BROKEN_EVERY_DAYS), np.minimum(end, past.last[broken]))
    broken = broken[episode]
    broken_made = np.maximum(broken_due - dice.integers(5, 15, len(episode)), past.who.arrival[broken])
    never = dice.random(len(episode)) < NEVER_KEPT_SHARE
    broken_kept = np.where(never, NEVER, broken_due + dice.integers(20, 50, len(episode)))
    broken_kept = np.where(broken_kept < past.ends.gone[broken], broken_kept, NEVER)
    columns = ((broken, customer), (broken_made, made), (broken_due, due), (broken_kept, kept))
    customer, made, due, kept = (np.concatenate(parts) for parts in columns)
    # Of two on one day, the broken one stands.
    _, first = np.unique(customer * DAY_BASE + made, return_index=True)
    customer, made, due, kept = customer[first], made[first], due[first], kept[first]
    return pl.DataFrame(
        {
            "customer_id": past.ids.gather(customer),
            "made_ts": days(made),
            "promised_by": words(BY, made % 3),
            "what": words(WHAT, due % 4),
            "due_day": days(due),
            "kept_day": known_days(kept, past.plan.days),
        }
    )
