"""The past of some customers, by which the next week sees whether they are still the same people."""

from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from pipeline.drift.profile import SAMPLE, SAMPLED
from pipeline.playbooks.config.channels import CONSENTS
from pipeline.tables import storage

KEYS: Final = ("customer_key", "customer_id")
HASHED: Final = ("name", "owner")
OF_REGISTER: Final = (*(f"{name}_hash" for name in HASHED), *CONSENTS)


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


def published(file: Path) -> pl.DataFrame:
    """What an earlier week kept; of columns that its release did not know, nothing."""
    kept = storage.read_parquet(file)
    absent = [pl.lit(None, kind).alias(name) for name, kind in SAMPLE.items() if name not in kept.columns]
    return kept.with_columns(absent).select(*SAMPLE)


def _names(folder: Path) -> pl.DataFrame:
    """A hash of each customer's name and owner, for all to know is whether they are the same; and the consents."""
    files = storage.bucket_files(folder)
    present = pl.read_parquet_schema(files[0]) if files else {}
    there = [name for name in (*HASHED, *CONSENTS) if name in present]
    nobody = pl.DataFrame(
        schema={"customer_key": pl.Int64, **{name: kind for name, kind in SAMPLE.items() if name in OF_REGISTER}}
    )
    if not there:
        return nobody
    # Of several rows of a customer the first by the alphabet, as no order of files may decide; the stricter consent.
    known = storage.scan_buckets(folder, ["customer_key", *there]).group_by("customer_key").agg(pl.col(there).min())
    hashes = [_hashed(name) for name in HASHED if name in there]
    answers = [name for name in CONSENTS if name in there]
    return pl.concat([nobody, known.collect().select("customer_key", *hashes, *answers)], how="diagonal")


def _hashed(name: str) -> pl.Expr:
    digest = pl.col(name).map_elements(lambda text: int(storage.digest(text)[:16], 16), return_dtype=pl.UInt64)
    return digest.alias(f"{name}_hash")
