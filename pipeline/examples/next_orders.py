"""How long until the next order: what a curve of time is learnt from, and no feature ever sees."""

from typing import Final

import polars as pl

from pipeline.config.params import Label

DAYS_TO_ORDER: Final = "days_to_order"


def with_days_to_order(examples: pl.DataFrame, purchases: pl.DataFrame, label: Label) -> pl.DataFrame:
    """The examples and, for each, the days from the start of its outcome window to the first order from then on.

    Parameters
    ----------
    examples
        ``snapshot``, ``customer_key`` and anything else.
    purchases
        The days on which each customer bought, as ``customer_key, day``.
    label
        ``params.yaml: label``, for the gap between a snapshot and its outcome window.

    Returns
    -------
    DataFrame
        The same rows in the same order with ``days_to_order``: 0 is an order on the first day of the window, null is no
        order so far. It is an outcome, and must never be a feature.

    Examples
    --------
    >>> from datetime import date
    >>> label = Label(kind="inactivity", gap_days=0, horizon_days=30)
    >>> two = pl.DataFrame({"snapshot": [date(2024, 1, 1), date(2024, 2, 1)], "customer_key": [7, 7]})
    >>> bought = pl.DataFrame({"customer_key": [7, 7], "day": [date(2023, 12, 31), date(2024, 1, 9)]})
    >>> with_days_to_order(two, bought, label)["days_to_order"].to_list()
    [8, None]
    """
    start = (pl.col("snapshot") + pl.duration(days=label.gap_days)).cast(pl.Date)
    looked_up = examples.select(
        pl.col("customer_key").cast(pl.Int64), start.alias("start"), pl.int_range(pl.len()).alias("place")
    )
    days = purchases.select(pl.col("customer_key").cast(pl.Int64), start="day", came="day").sort("start")
    nearest = looked_up.sort("start").join_asof(
        days, on="start", by="customer_key", strategy="forward", check_sortedness=False
    )
    waited = (pl.col("came") - pl.col("start")).dt.total_days().cast(pl.Int32)
    return examples.with_columns(nearest.sort("place").select(waited.alias(DAYS_TO_ORDER)).to_series())
