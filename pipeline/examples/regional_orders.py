"""The market a customer is part of: orders of everybody in the region, day by day, so that no one is blamed for all."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipeline import sql
from pipeline.examples import lines
from pipeline.tables import storage

EVERYWHERE = ""
SCHEMA = {"segment": pl.String, "day": pl.Date, "orders": pl.Int64, "all_orders": pl.Int64}


@dataclass(frozen=True)
class Job:
    """What counting one bucket needs."""

    bucket: int
    tables: Path
    threads: int
    memory_gb: float


def segments(tables: Path, bucket: int) -> str:
    """A query of every customer in the register with a region, as ``customer_key, segment``."""
    file = storage.bucket_file(tables / "customers", bucket)
    if not file.is_file() or "region" not in pl.read_parquet_schema(file):
        return "SELECT NULL::BIGINT AS customer_key, NULL::VARCHAR AS segment WHERE false"
    # Of several rows of a customer, the first region in the alphabet: no order of files decides.
    return (
        f"SELECT customer_key, min(region) AS segment FROM {sql.parquet([file])} "
        "WHERE region IS NOT NULL GROUP BY customer_key"
    )


def count(job: Job) -> pl.DataFrame:
    """Orders per region and day of one bucket; those of all buckets add up."""
    purchases = lines.purchase_days(storage.bucket_file(job.tables / "transactions", job.bucket))
    with sql.connect(job.threads, job.memory_gb) as engine:
        known = sql.frame(engine, segments(job.tables, job.bucket))
    if known.is_empty():
        orders = purchases.group_by("day").agg(pl.col("orders").sum())
        return orders.select(pl.lit(EVERYWHERE).alias("segment"), "day", "orders")
    placed = purchases.join(known, on="customer_key", how="left").with_columns(pl.col("segment").fill_null(EVERYWHERE))
    return placed.group_by("segment", "day").agg(pl.col("orders").sum())


def add_up(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """The orders of all buckets, in an order that no bucket decides."""
    rows = pl.concat(parts).group_by("segment", "day").agg(pl.col("orders").sum())
    days = rows.group_by("day").agg(pl.col("orders").sum().alias("all_orders"))
    # Every region has a row on every day, so that the days on which nobody there bought count as well.
    every = rows.select("segment").unique().join(days, how="cross")
    complete = every.join(rows, on=["segment", "day"], how="left").with_columns(pl.col("orders").fill_null(0))
    return complete.select(list(SCHEMA)).cast(SCHEMA).sort("segment", "day")  # type: ignore[arg-type]
