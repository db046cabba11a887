"""A few hundred customers at many snapshots, straight as examples: quick to make, with or without a signal."""

from datetime import date, timedelta

import numpy as np
import polars as pl

from pipeline.config.params import Label
from pipeline.examples.features import Feature, Formula

LABEL = Label(kind="inactivity", gap_days=0, horizon_days=30)
FIRST = date(2024, 1, 1)
NONE = Formula("0")
FEATURES = [
    Feature("days_since_last_order", "days", "recency", NONE, "", "up", is_sure=True),
    Feature("days_since_last_order_per_usual_gap", "ratio", "recency", NONE, "", "up", is_sure=True),
    Feature("days_since_last_order_per_longest_gap", "ratio", "recency", NONE, "", "up", is_sure=True),
    Feature("orders_365d", "orders", "frequency", NONE, "", "down"),
    Feature("spend_365d", "currency", "monetary", NONE, "", "down"),
    Feature("days_since_first_order", "days", "tenure", NONE, "", "none"),
    Feature("order_days_ever", "days", "tenure", NONE, "", "down"),
    Feature("mood", "ratio", "engagement", NONE, "", "down"),
]


def make_examples(customers: int = 400, snapshots: int = 8, *, seed: int = 1, signal: bool = True,
                  wave: float = 0.0) -> pl.DataFrame:  # fmt: skip
    """One row per customer and snapshot, 30 days apart; silence, rarity and a mood that nobody's rule knows drive churn."""
    dice = np.random.default_rng(seed)
    parts = []
    for at in range(snapshots):
        gap = dice.gamma(2, 8, customers)
        silent = dice.integers(1, 90, customers)
        mood = dice.normal(size=customers)
        odds = -1.5 + 0.03 * silent + 0.05 * gap - 1.0 * mood
        # The level turns once a year; no column says so.
        odds += wave * np.cos(2 * np.pi * (FIRST + timedelta(days=30 * at)).timetuple().tm_yday / 365.25)
        chance = 1 / (1 + np.exp(-odds)) if signal else np.full(customers, 0.3)
        churned = (dice.random(customers) < chance).astype(np.int8)
        usual = np.where(dice.random(customers) < 0.1, np.nan, silent / gap)
        parts.append(
            pl.DataFrame(
                {
                    "snapshot": [FIRST + timedelta(days=30 * at)] * customers,
                    "customer_key": np.arange(customers, dtype=np.int64),
                    "churned": churned,
                    "days_since_last_order": silent,
                    "days_since_last_order_per_usual_gap": usual,
                    "days_since_last_order_per_longest_gap": silent / gap / 2,
                    "orders_365d": np.ceil(365 / gap).astype(np.int64),
                    "spend_365d": np.round(365 / gap * 20, 2),
                    "days_since_first_order": silent + 365,
                    "order_days_ever": np.ceil(365 / gap).astype(np.int64) + 1,
                    "mood": mood,
                }
            ).with_columns(pl.col("days_since_last_order_per_usual_gap").fill_nan(None))
        )
    return pl.concat(parts)
