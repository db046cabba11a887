"""A group that nobody stays in: the trace of an event that is written back to the past once a customer has left."""

import math

import polars as pl

from pipeline.examples.features import Feature
from pipeline.leakage import ranks
from pipeline.model import training

# Silence explains high churn honestly, so a group is measured against customers who were silent as long.
SILENCE = "days_since_last_order"
MIN_CUSTOMERS = 30
MIN_PURITY = 0.95
# How many times the odds of the silent ones, at the careful end of the interval. Strongest honest group seen: 3 times
# (CDNOW: 70 customers who paid nothing for all they got in a year). An account that is closed gives hundreds.
MIN_ODDS = 10.0


def too_pure(examples: pl.DataFrame, features: list[Feature]) -> list[str]:
    """One sentence for each feature with a group (present, missing, one value) of practically nothing but churners.

    That a group holds nothing but customers who stayed is no trace: whoever buys daily goes on doing so. It is one
    only where it is the missing value that knows it.
    """
    if SILENCE not in examples.columns:
        return []
    silence, churned = ranks.values(examples, SILENCE), training.outcomes(examples)
    with_expected = examples.with_columns(pl.Series("expected", ranks.rates(silence, churned, silence)))
    sentences = (_purest(with_expected, feature) for feature in features if feature.name != SILENCE)
    return [sentence for sentence in sentences if sentence]


def _purest(examples: pl.DataFrame, feature: Feature) -> str | None:
    """The largest suspicious group of one feature in words."""
    value = pl.col(feature.name).cast(pl.Float64)
    single = pl.when(value.is_null()).then(pl.lit("missing")).otherwise(pl.lit("= ") + value.cast(pl.String))
    present = pl.when(value > 0).then(pl.lit("above 0"))
    suspicious = [
        row
        for group in (single, present)
        for row in _groups(examples, group).iter_rows(named=True)
        if _suspicious(row, row["rate"], row["expected"])
        or (row["group"] == "missing" and _suspicious(row, 1 - row["rate"], 1 - row["expected"]))
    ]
    if not suspicious:
        return None
    row = max(suspicious, key=lambda row: (row["customers"], row["group"]))
    return (
        f"{feature.name} {row['group']}: {row['rate']:.1%} of {row['customers']:,} customers churned, where "
        f"{row['expected']:.1%} is usual after the same silence: is it written back to the past once somebody has left?"
    )


def _groups(examples: pl.DataFrame, group: pl.Expr) -> pl.DataFrame:
    grouped = examples.select("customer_key", "churned", "expected", group=group).drop_nulls("group")
    return (
        grouped.group_by("group", maintain_order=True)
        .agg(pl.col("customer_key").n_unique().alias("customers"), pl.col("churned").mean().alias("rate"),
             pl.col("expected").mean())
        .filter(pl.col("customers") >= MIN_CUSTOMERS)
    )  # fmt: skip


def _suspicious(row: dict[str, float], rate: float, expected: float) -> bool:
    return rate >= MIN_PURITY and odds(_careful(rate, int(row["customers"]))) >= MIN_ODDS * odds(expected)


def _careful(rate: float, rows: int) -> float:
    """Lower end of the 95 % interval of a rate (Wilson 1927).

    >>> round(_careful(1.0, 100), 3)
    0.962
    """
    # Not the plain interval, which has no width at a rate of 1, where the groups looked for lie; z is 2 for 1.96.
    spread = math.sqrt(rate * (1 - rate) / rows + 1 / rows**2)
    return (rate + 2 / rows - 2 * spread) / (1 + 4 / rows)


def odds(rate: float) -> float:
    """Chances for over chances against."""
    return rate / (1 - rate) if rate < 1 else math.inf
