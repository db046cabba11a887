"""The list of this week beside the last one: who is new, who is still on it and since when, and who left it and how."""

from datetime import date

import polars as pl


def with_status(listed: pl.DataFrame, previous: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Add ``status`` (snoozed, new or still_open) and ``since_week`` to this week's list.

    Parameters
    ----------
    listed
        This week's list, with ``customer_id`` and ``snoozed_until``, the day a team has put the customer off to.
    previous
        The last list, with ``customer_id`` and ``since_week``; empty if there is none.
    as_of
        The day of this week.

    Examples
    --------
    >>> previous = pl.DataFrame({"customer_id": ["a"], "since_week": [date(2018, 1, 1)]})
    >>> listed = pl.DataFrame({"customer_id": ["a", "b"], "snoozed_until": [None, date(2018, 1, 9)]})
    >>> with_status(listed, previous, date(2018, 1, 8)).select("customer_id", "status", "since_week").rows()
    [('a', 'still_open', datetime.date(2018, 1, 1)), ('b', 'snoozed', datetime.date(2018, 1, 8))]
    """
    before = previous.select("customer_id", "since_week")
    return listed.join(before, on="customer_id", how="left", maintain_order="left").with_columns(
        pl.when(pl.col("snoozed_until") > as_of).then(pl.lit("snoozed"))
        .when(pl.col("since_week").is_null()).then(pl.lit("new")).otherwise(pl.lit("still_open")).alias("status"),
        pl.col("since_week").fill_null(as_of),
    ).select(*listed.columns, "status", "since_week")  # fmt: skip


def left_the_list(listed: pl.DataFrame, previous: pl.DataFrame, scores: pl.DataFrame) -> dict[str, int]:
    """How many of the last list are no longer on this one: ``recovered`` bought since, ``dropped`` did not.

    Parameters
    ----------
    listed, previous
        The lists of this week and of the last; `previous` has ``customer_id`` and ``last_order_day``.
    scores
        Everyone scored this week, with ``customer_id`` and ``last_order_day``.
    """
    gone = previous.select("customer_id", pl.col("last_order_day").alias("then")).join(
        listed.select("customer_id"), on="customer_id", how="anti"
    )
    now = gone.join(scores.select("customer_id", "last_order_day"), on="customer_id", how="left")
    recovered = now.filter(pl.col("last_order_day") > pl.col("then")).height
    return {"recovered": recovered, "dropped": gone.height - recovered}
