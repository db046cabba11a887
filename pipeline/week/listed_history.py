"""What the page shows of each listed customer besides the row: days with an order by month, and a few figures."""

from datetime import date, timedelta
from typing import Final

import polars as pl

from pipeline.config.paths import Paths
from pipeline.examples import labelled
from pipeline.lists import comparison
from pipeline.tables import storage

MONTHS: Final = 24
"""How many months are shown, the one in which the day before the list falls being the last."""


def order_days(listed: pl.DataFrame, paths: Paths, first: date, day: date) -> pl.DataFrame:
    """On how many days of each month each customer bought something.

    Parameters
    ----------
    listed
        With ``customer_id``.
    paths
        Where the tables are.
    first, day
        The first day on which anybody bought anything: months before it would look like silence. And the day of the
        list: nothing of it or later is looked at.

    Returns
    -------
    polars.DataFrame
        ``customer_id`` in the order of `listed`, and a column for each month, such as ``2017-12``. A day counts once,
        and not at all if something was only given back.
    """
    months = _months(first, day)
    wanted = listed["customer_id"].implode()
    bought = (
        storage.scan_buckets(paths.tables / "transactions", ["customer_id", "day", "amount_minor"])
        .filter(pl.col("day") >= months[0], pl.col("day") < day, pl.col("amount_minor") > 0)
        .filter(pl.col("customer_id").is_in(wanted))
        .select("customer_id", "day")
        .unique()
    )
    counts = bought.group_by("customer_id", pl.col("day").dt.strftime("%Y-%m").alias("month")).len().collect()
    names = [f"{month:%Y-%m}" for month in months]
    by_month = counts.pivot("month", index="customer_id", values="len") if len(counts) else counts.select("customer_id")
    full = by_month.with_columns(pl.lit(0).alias(name) for name in names if name not in by_month.columns)
    return (
        listed.select("customer_id")
        .join(full.select("customer_id", *names), on="customer_id", how="left", maintain_order="left")
        .with_columns(pl.col(names).fill_null(0).cast(pl.Int64))
    )


def figures(listed: pl.DataFrame, scored: pl.DataFrame, paths: Paths, day: date) -> pl.DataFrame:
    """The figures of `pipeline.lists.comparison.compare` of those listed, among everybody scored, in their order.

    Where all orders have one amount, none is of money.
    """
    wanted = [name for name in comparison.FEATURES if labelled.amounts_vary(paths) or "spend" not in name]
    parts = []
    for file in storage.bucket_files(paths.examples):
        there = [name for name in wanted if name in pl.read_parquet_schema(file)]
        rows = pl.scan_parquet(file).filter(pl.col("snapshot") == day).select("customer_key", *there)
        parts.append(rows.collect())
    known = scored.select("customer_id", "customer_key", "tier").join(pl.concat(parts), on="customer_key", how="inner")
    return listed.select("customer_id").join(
        comparison.compare(known), on="customer_id", how="left", maintain_order="left"
    )


def _months(first: date, day: date) -> list[date]:
    """The first days of the months, the earliest first.

    >>> [f"{month}" for month in _months(date(2001, 1, 1), date(2018, 1, 1))[:: MONTHS - 1]]
    ['2016-01-01', '2017-12-01']
    >>> [f"{month}" for month in _months(date(2017, 11, 20), date(2018, 1, 2))]
    ['2017-11-01', '2017-12-01', '2018-01-01']
    """
    last = (day - timedelta(days=1)).replace(day=1)
    until = last.year * 12 + last.month
    numbers = range(max(until - MONTHS, first.year * 12 + first.month - 1), until)
    return [date(number // 12, number % 12 + 1, 1) for number in numbers]
