"""The past of some customers, by which the next week sees whether they are still the same people."""

from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from pipeline.drift.profile import SAMPLE, SAMPLED
from pipeline.tables import storage

KEYS: Final = ("customer_key", "customer_id")


def read(tables: Path, before: date, of: pl.Series | None = None) -> pl.DataFrame:
    """The transactions of some customers before a day, in the columns `SAMPLE`; those of `of`, or of a random few.

    Keys are hashes of ids, so the customers with the smallest ones are a random sample, and the same one each week.
    """
    rows = storage.scan_buckets(tables / "transactions", [*KEYS, "day", "amount_minor"]).filter(pl.col("day") < before)
    known = rows if of is None else rows.filter(pl.col("customer_id").is_in(of.implode()))
    sums = pl.len().alias("rows"), pl.col("amount_minor").sum(), pl.col("day").min().alias("first_day")
    counted = known.group_by(KEYS).agg(*sums).sort("customer_key")
    few = (counted if of is not None else counted.head(SAMPLED)).collect()
    named = few.join(_names(tables / "customers"), on="customer_key", how="left")
    return named.select(pl.col(name).cast(kind) for name, kind in SAMPLE.items()).sort("customer_id")


def _names(folder: Path) -> pl.DataFrame:
    """A hash of what each customer is called, and of who looks after each: whether they are the same is all to know."""
    files = storage.bucket_files(folder)
    there = [name for name in ("name", "owner") if files and name in pl.read_parquet_schema(files[0])]
    hashed = pl.DataFrame(schema={"customer_key": pl.Int64, "name_hash": pl.UInt64, "owner_hash": pl.UInt64})
    if there:
        # Of several rows of a customer the first by the alphabet, as no order of files may decide.
        known = storage.scan_buckets(folder, ["customer_key", *there]).group_by("customer_key").agg(pl.col(there).min())
        hashes = known.collect().select("customer_key", *(_hashed(name) for name in there))
        hashed = pl.concat([hashed, hashes], how="diagonal")
    return hashed


def _hashed(name: str) -> pl.Expr:
    digest = pl.col(name).map_elements(lambda text: int(storage.digest(text)[:16], 16), return_dtype=pl.UInt64)
    return digest.alias(f"{name}_hash")
