"""A value that never moves while the customer does, as if it were read today and copied to the past."""

import polars as pl

from pipeline.examples.features import Feature
from pipeline.leakage import ranks
from pipeline.model import training

# Pairs of successive snapshots between which the customer bought; fewer show nothing.
MIN_PAIRS = 100
# An attribute known at sign-up rarely ranks better than this, and what it knows fades: AUC at older snapshots is
# compared with that at newer ones, give or take what chance does.
MIN_AUC = 0.60
FADING = 0.03
# Better than this, no attribute of a whole relation is, whether it fades or not.
SURELY = 0.75


def as_of_today(examples: pl.DataFrame, features: list[Feature]) -> list[str]:
    """One sentence for each feature that stays the same though its customers go on, and ranks the past as the present.

    Parameters
    ----------
    examples
        Labelled examples of all complete snapshots.
    features
        What is looked at.
    """
    ordered = examples.sort("customer_key", "snapshot")
    same = pl.col("customer_key") == pl.col("customer_key").shift()
    bought = pl.col("order_days_ever") > pl.col("order_days_ever").shift()
    pairs = ordered.select(
        *(pl.col(f.name).eq_missing(pl.col(f.name).shift()).alias(f.name) for f in features), moved=same & bought
    ).filter("moved")
    if len(pairs) < MIN_PAIRS:
        return []
    still = [f for f in features if pairs[f.name].all() and examples[f.name].n_unique() > 1]
    sentences = (_verdict(examples, feature.name, len(pairs)) for feature in still)
    return [sentence for sentence in sentences if sentence]


def _verdict(examples: pl.DataFrame, name: str, pairs: int) -> str | None:
    days = examples["snapshot"].unique().sort().to_list()
    by_day = [_auc(examples.filter(pl.col("snapshot") == day), name) for day in days]
    middle = len(by_day) // 2
    older, newer = (sum(part) / max(1, len(part)) for part in (by_day[:middle], by_day[middle:]))
    keeps = older >= MIN_AUC and older >= newer - FADING
    if not keeps and max(older, newer) < SURELY:
        return None
    return (
        f"{name} never changes in {pairs:,} pairs of snapshots between which its customer bought, and ranks older "
        f"snapshots with AUC {older:.3f}, newer ones with {newer:.3f}: is it known as of today only?"
    )


def _auc(examples: pl.DataFrame, name: str) -> float:
    return ranks.auc(ranks.values(examples, name), training.outcomes(examples))
