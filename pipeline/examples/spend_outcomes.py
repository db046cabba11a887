"""What customers ordered and paid after a snapshot: what an expected value is held to, and no feature ever sees."""

from datetime import timedelta
from pathlib import Path
from typing import Final

import polars as pl

from pipeline.config.params import Label
from pipeline.examples import lines
from pipeline.examples.snapshots import outcome_window

YEAR_DAYS: Final = 365
ORDER_DAYS: Final = "order_days"
NET_SPEND: Final = "net_spend"


def paid_days(file: Path, minor_digits: int) -> pl.DataFrame:
    """Of one bucket, what each customer paid and what was given back on each day.

    Returns
    -------
    DataFrame
        ``customer_key, day, is_order``, and ``paid`` in currency units; what was given back is below zero.
    """
    made = lines.transactions(file, {"refund"})
    unit = float(10**minor_digits)
    bought, refunded = (
        made[kind].select(
            "customer_key", "day", is_order=pl.lit(kind == "purchase"), paid=sign * pl.col("amount_minor")
        )
        for kind, sign in (("purchase", 1), ("refund", -1))
    )
    return pl.concat([bought, refunded]).with_columns(pl.col("paid") / unit)


def with_outcomes(examples: pl.DataFrame, paid: pl.DataFrame, label: Label, days: int) -> pl.DataFrame:
    """The examples of one snapshot, and what each customer ordered and paid from the start of its window on.

    Parameters
    ----------
    examples
        ``snapshot``, the same in all rows, ``customer_key`` and anything else.
    paid
        As `paid_days` gives it, of these customers at least.
    label
        ``params.yaml: label``, for the gap between the snapshot and its outcome window.
    days
        How many count.

    Returns
    -------
    DataFrame
        The same rows with ``order_days`` (days with an order) and ``net_spend`` (paid and not given back, never below
        0, in currency units).

    Examples
    --------
    >>> from datetime import date
    >>> label = Label(kind="inactivity", gap_days=0, horizon_days=30)
    >>> one = pl.DataFrame({"snapshot": [date(2024, 1, 1)], "customer_key": [7]})
    >>> paid = pl.DataFrame({"customer_key": [7, 7, 7], "day": [date(2024, 1, 1), date(2024, 1, 9), date(2024, 3, 1)],
    ...     "is_order": [True, False, True], "paid": [20.0, -5.0, 99.0]})
    >>> with_outcomes(one, paid, label, 30).select("order_days", "net_spend").row(0)
    (1, 15.0)
    """
    start = outcome_window(examples["snapshot"][0], label).start
    inside = paid.filter(pl.col("day").is_between(start, start + timedelta(days=days - 1)))
    sums = inside.group_by(pl.col("customer_key").cast(pl.Int64)).agg(
        pl.col("day").filter("is_order").n_unique().cast(pl.Int64).alias(ORDER_DAYS),
        # Sorted first: a sum of floats hangs on their order.
        pl.col("paid").sort().sum().clip(lower_bound=0).alias(NET_SPEND),
    )
    own = examples.select(pl.col("customer_key").cast(pl.Int64)).join(
        sums, on="customer_key", how="left", maintain_order="left"
    )
    return examples.with_columns(own[ORDER_DAYS].fill_null(0), own[NET_SPEND].fill_null(0.0))
