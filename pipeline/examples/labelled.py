"""What training and evaluation both read: the labelled examples, in an order that no bucket decides."""

from datetime import date

import polars as pl

from pipeline.config.errors import NotEnoughData
from pipeline.config.paths import Paths
from pipeline.tables import storage


def complete_days(paths: Paths) -> list[date]:
    """The complete snapshots, as the examples' ledger names them."""
    return [date.fromisoformat(day) for day in storage.read_json(paths.examples_report)["complete"]]


def read(paths: Paths, names: list[str]) -> pl.DataFrame:
    """All labelled examples in an order that no bucket decides."""
    examples = storage.read_buckets(paths.examples, ["snapshot", "customer_key", "churned", *names])
    return examples.filter(pl.col("churned").is_not_null()).sort("snapshot", "customer_key")


def read_snapshot(paths: Paths, day: date) -> pl.DataFrame:
    """The labelled examples of one snapshot with all of their columns, in the same order; the others are not kept."""
    is_wanted = (pl.col("snapshot") == day) & pl.col("churned").is_not_null()
    parts = [storage.read_parquet(file).filter(is_wanted) for file in storage.bucket_files(paths.examples)]
    return pl.concat(parts).sort("customer_key")


def select_days(examples: pl.DataFrame, days: list[date]) -> pl.DataFrame:
    """The examples of some snapshots."""
    return examples.filter(pl.col("snapshot").is_in(days))


def refuse_one_sided(parts: dict[str, pl.DataFrame]) -> None:
    """Where all churned, or nobody did, there is nothing to learn and nothing to judge."""
    for name, examples in parts.items():
        churners = int(examples["churned"].sum())
        if churners == 0 or churners == len(examples):
            raise NotEnoughData(
                f"the {name} snapshots hold {len(examples)} customers, {churners} of them churned; both kinds are "
                "needed: change label.horizon_days or snapshots.active_days"
            )
