"""Whether orders are still those of the customers they stand under: people buy where and what they bought before."""

from datetime import date, timedelta
from pathlib import Path
from typing import Final

import polars as pl

from pipeline.drift.profile import SAMPLED
from pipeline.tables import storage

# Not products: with each new season they are others.
HABITS: Final = ("store_id", "category")
WINDOW_DAYS: Final = 14
WINDOWS: Final = 4


def read(transactions: Path, day: date) -> dict[str, list[tuple[float, int]]]:
    """How familiar the orders of the last weeks are to the customers they stand under.

    Parameters
    ----------
    transactions
        The table.
    day
        The day of the list.

    Returns
    -------
    dict
        For each of `HABITS` that the table has, and each of the last `WINDOWS` times `WINDOW_DAYS` days, the latest
        first: the share (0-1) of the rows whose store or category the same customer had before that window,
        and the number of these rows. Of the customers with the smallest keys, as in `witness_sample`.
    """
    if not storage.bucket_files(transactions):
        return {}
    rows = storage.scan_buckets(transactions)
    there = [name for name in HABITS if name in rows.collect_schema().names()]
    if not there:
        return {}
    past = rows.select("customer_key", "day", *there).filter(pl.col("day") < day)
    few = past.select("customer_key").unique().sort("customer_key").head(SAMPLED)
    known = past.join(few, on="customer_key", how="semi").collect()
    return {name: _familiar(known.drop_nulls(name), name, day) for name in there}


def _familiar(rows: pl.DataFrame, habit: str, day: date) -> list[tuple[float, int]]:
    """Window by window: what was had before it is what the customer had for the first time before it."""
    first = pl.col("day").min()
    seen = rows.select("day", had=first.over("customer_key", habit), known=first.over("customer_key"))
    ends = [day - timedelta(days=WINDOW_DAYS * number) for number in range(WINDOWS)]
    return [_share(seen, end - timedelta(days=WINDOW_DAYS), end) for end in ends]


def _share(seen: pl.DataFrame, since: date, end: date) -> tuple[float, int]:
    of_known = seen.filter(pl.col("day") >= since, pl.col("day") < end, pl.col("known") < since)
    familiar = of_known.filter(pl.col("had") < since)
    return round(familiar.height / max(of_known.height, 1), 6), of_known.height
