"""How long until the next order, or a contract's end: what a curve of time is learnt from, and no feature ever sees."""

from typing import Final

import polars as pl

from pipeline.config.params import Label

DAYS_TO_EVENT: Final = "days_to_event"


def with_days_to_event(examples: pl.DataFrame, events: pl.DataFrame, label: Label) -> pl.DataFrame:
    """The examples and, for each, the days from the start of its outcome window to the first event from then on.

    Parameters
    ----------
    examples
        ``snapshot``, ``customer_key`` and anything else.
    events
        The days on which each customer bought, or lost the last contract, as ``customer_key, day``.
    label
        ``params.yaml: label``, for the gap between a snapshot and its outcome window.

    Returns
    -------
    DataFrame
        The same rows in the same order with ``days_to_event``: 0 is the first day of the window, null is no event
        so far. It is an outcome, and must never be a feature.

    Examples
    --------
    >>> from datetime import date
    >>> label = Label(kind="inactivity", gap_days=0, horizon_days=30)
    >>> two = pl.DataFrame({"snapshot": [date(2024, 1, 1), date(2024, 2, 1)], "customer_key": [7, 7]})
    >>> bought = pl.DataFrame({"customer_key": [7, 7], "day": [date(2023, 12, 31), date(2024, 1, 9)]})
    >>> with_days_to_event(two, bought, label)["days_to_event"].to_list()
    [8, None]
    """
    start = (pl.col("snapshot") + pl.duration(days=label.gap_days)).cast(pl.Date)
    looked_up = examples.select(
        pl.col("customer_key").cast(pl.Int64), start.alias("start"), pl.int_range(pl.len()).alias("place")
    )
    days = events.select(pl.col("customer_key").cast(pl.Int64), start="day", came="day").sort("start")
    nearest = looked_up.sort("start").join_asof(
        days, on="start", by="customer_key", strategy="forward", check_sortedness=False
    )
    waited = (pl.col("came") - pl.col("start")).dt.total_days().cast(pl.Int32)
    return examples.with_columns(nearest.sort("place").select(waited.alias(DAYS_TO_EVENT)).to_series())


def contract_ends(contracts: pl.DataFrame, label: Label) -> pl.DataFrame:
    """The days on which customers lost a contract that no other one followed, as ``customer_key, day``.

    By the same rule as the label (`labels.contracts`): a cancellation counts on its own day, an end that was not
    renewed on the day after, or where renewals come late, so many days later. The first of them from the start of an
    outcome window on lies in it if, and only if, the label says that the customer churned.

    Parameters
    ----------
    contracts
        The canonical table ``subscriptions``, of whole customers.
    label
        ``params.yaml: label``, for the days by which a renewal may be late.

    Examples
    --------
    >>> from datetime import date
    >>> two = pl.DataFrame({"customer_key": [7, 7], "start_day": [date(2024, 1, 1), date(2024, 3, 1)],
    ...     "end_day": [date(2024, 2, 29), date(2024, 4, 30)]})
    >>> label = Label(kind="cancellation", gap_days=0, horizon_days=30)
    >>> contract_ends(two, label)["day"].to_list()
    [datetime.date(2024, 5, 1)]
    """
    end, cancel = (
        pl.col(name) if name in contracts.columns else pl.lit(None, dtype=pl.Date) for name in ("end_day", "cancel_day")
    )
    known = contracts.select(pl.col("customer_key").cast(pl.Int64), "start_day", end=end, cancel=cancel)
    late = _known_not_renewed(known, label.renewal_wait_days)
    periods = late.select("customer_key", "start_day", day=pl.min_horizontal("cancel", "over")).with_row_index("number")
    others = periods.select("customer_key", later="number", begins="start_day", ends="day")
    followed = periods.join(others, on="customer_key").filter(
        pl.col("later") != pl.col("number"), pl.col("begins") <= pl.col("day"),
        pl.col("ends").is_null() | (pl.col("ends") > pl.col("day")),
    )  # fmt: skip
    gone = periods.filter(pl.col("day") >= pl.col("start_day")).join(followed, on="number", how="anti")
    return gone.select("customer_key", "day").unique().sort("day", "customer_key")


def _known_not_renewed(contracts: pl.DataFrame, wait_days: int) -> pl.DataFrame:
    """The contracts with ``over``: the day from which each is known not to run any more, as far as its end says."""
    ended = contracts.with_columns(after=(pl.col("end") + pl.duration(days=1)).cast(pl.Date))
    began = contracts.filter(pl.col("cancel").is_null() | (pl.col("cancel") >= pl.col("start_day")))
    renewed = ended.sort("after").join_asof(
        began.select("customer_key", next_start="start_day").sort("next_start"), left_on="after", right_on="next_start",
        by="customer_key", strategy="forward", tolerance=f"{wait_days}d", check_sortedness=False,
    )  # fmt: skip
    waited = (pl.col("after") + pl.duration(days=wait_days)).cast(pl.Date)
    return renewed.with_columns(over=pl.coalesce("next_start", waited))
