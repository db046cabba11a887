"""What the register and the orders say of each customer, by which figures are shown apart."""

from datetime import date
from pathlib import Path

import polars as pl

from pipeline.config.paths import Paths
from pipeline.retention import breakdown
from pipeline.tables import storage


def with_register(customers: pl.DataFrame, transactions: Path, end: date) -> pl.DataFrame:
    """Add market, region and seller as the register says, and the source of the first order, as far as there is either.

    Parameters
    ----------
    customers
        With ``customer_key``, of one bucket.
    transactions
        The bucket of transactions; that of the customers lies in the folder beside it.
    end
        The first day of which nothing is known.
    """
    file = transactions.parent.parent / "customers" / transactions.name
    if file.is_file():
        rows = pl.scan_parquet(file)
        there = [name for name in rows.collect_schema().names() if name in breakdown.OF_THE_REGISTER]
        # Of several rows of a customer the least value, as no order of files may decide.
        each = rows.group_by("customer_key").agg(pl.col(there).min()).rename(breakdown.OF_THE_REGISTER, strict=False)
        customers = customers.join(each.collect(), on="customer_key", how="left", maintain_order="left")
    lines = pl.scan_parquet(transactions)
    if "channel" not in lines.collect_schema():
        return customers
    bought = lines.filter(pl.col("amount_minor") >= 0, pl.col("day") < end)
    first = bought.filter(pl.col("day") == pl.col("day").min().over("customer_key"))
    source = first.group_by("customer_key").agg(pl.col("channel").min().alias(breakdown.SOURCE)).collect()
    return customers.join(source, on="customer_key", how="left", maintain_order="left")


def read(place: Paths, end: date, kind: str) -> pl.DataFrame:
    """Everybody in the orders: ``customer_key``, ``customer_id``, ``first_day`` and what else is known on a day.

    Parameters
    ----------
    place
        Where the tables lie.
    end
        The first day of which nothing is known.
    kind
        ``params.yaml: label.kind``; where it is ``cancellation``, the first day is that of the first contract.
    """
    parts = []
    for file in storage.bucket_files(place.tables / "transactions"):
        lines = pl.scan_parquet(file)
        bought = pl.col("day").filter(pl.col("amount_minor") >= 0, pl.col("day") < end).min().alias("first_day")
        ids = [pl.col("customer_id").first()] if "customer_id" in lines.collect_schema() else []
        customers = lines.group_by("customer_key").agg(bought, *ids).sort("customer_key").collect()
        contracts = place.tables / "subscriptions" / file.name
        if kind == "cancellation" and contracts.is_file():
            began = pl.scan_parquet(contracts).filter(pl.col("start_day") < end)
            days = began.group_by("customer_key").agg(pl.col("start_day").min().alias("first_day")).collect()
            customers = customers.drop("first_day").join(days, on="customer_key", how="left")
        parts.append(with_register(customers, file, end))
    return pl.concat(parts, how="diagonal_relaxed")
