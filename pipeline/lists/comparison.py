"""A few figures of a customer beside what is usual for the customer, and for others of the same tier."""

from typing import Final

import polars as pl

FEATURES: Final = (
    *("days_since_last_order", "gap_mean_days", "days_since_first_order"),
    *("orders_90d", "orders_365d", "spend_90d", "spend_365d"),
)
"""The features that are compared; with windows of other lengths some of them do not exist, nor do their figures."""
WINDOW_DAYS: Final = 90
YEAR_DAYS: Final = 365
MIN_KNOWN_DAYS: Final = 180
"""Of whom is known for a shorter time nobody can say what is usual."""
MIN_OTHERS: Final = 20
"""The median of fewer customers says more of chance than of the tier."""
MEASURES: Final = ("days_since_last_order", "orders_90d", "spend_90d")
"""What is compared. Each has a column of its own, one ``usual_...`` and one ``tier_...``."""


def compare(features: pl.DataFrame) -> pl.DataFrame:
    """The figures of each customer.

    Parameters
    ----------
    features
        ``customer_id``, ``tier``, and those of `FEATURES` that there are, of everybody who is scored.

    Returns
    -------
    polars.DataFrame
        ``customer_id`` and for each of `MEASURES` that can be said three columns: the customer's own; what was usual in
        the year before these 90 days, for as many days; the median of the tier. Null where nobody can say.

    Examples
    --------
    >>> one = {"customer_id": "a", "tier": "loyal", "days_since_last_order": 40, "gap_mean_days": 12.0,
    ...        "days_since_first_order": 800, "orders_90d": 2, "orders_365d": 24}
    >>> compare(pl.DataFrame([one])).row(0)
    ('a', 40, 12.0, None, 2, 7.2, None)
    """
    measures = [name for name in MEASURES if _inputs(name) <= {*features.columns}]
    return features.select(
        "customer_id",
        *(column for name in measures for column in (pl.col(name), _usual(name), _of_tier(name))),
    )


def _inputs(name: str) -> set[str]:
    if name == "days_since_last_order":
        return {name, "gap_mean_days"}
    return {name, name.replace("_90d", "_365d"), "days_since_first_order"}


def _usual(name: str) -> pl.Expr:
    if name == "days_since_last_order":
        return pl.col("gap_mean_days").alias(f"usual_{name}")
    known = pl.min_horizontal("days_since_first_order", YEAR_DAYS)
    before = pl.col(name.replace("_90d", "_365d")) - pl.col(name)
    usual = before * WINDOW_DAYS / (known - WINDOW_DAYS)
    return pl.when(pl.col("days_since_first_order") >= MIN_KNOWN_DAYS).then(usual).alias(f"usual_{name}")


def _of_tier(name: str) -> pl.Expr:
    median = pl.col(name).median().over("tier")
    return pl.when(pl.col(name).count().over("tier") >= MIN_OTHERS).then(median).alias(f"tier_{name}")
