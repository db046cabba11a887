"""The last order of customers who were not scored, from the transactions."""

from datetime import date
from pathlib import Path

import polars as pl

from pipeline.config.paths import Paths
from pipeline.tables import storage


def add(who: pl.DataFrame, paths: Paths, as_of: date) -> pl.DataFrame:
    """Add ``last_order_day``, before the day, of customers that were not scored."""

    def last(file: Path) -> pl.DataFrame:
        bought = pl.scan_parquet(file).filter(pl.col("day") < as_of, pl.col("amount_minor") > 0)
        mine = bought.join(who.lazy(), on="customer_id", how="semi")
        return mine.group_by("customer_id").agg(pl.col("day").max().alias("last_order_day")).collect()

    days = [last(file) for file in storage.bucket_files(paths.tables / "transactions")]
    known = pl.concat([pl.DataFrame(schema={"customer_id": pl.String, "last_order_day": pl.Date}), *days])
    return who.join(known, on="customer_id", how="left")
