"""One bucket of tables written from rows, and the real function of one bucket run on it."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl

from pipeline.examples import build
from pipeline.examples.features import Feature, available, declared
from pipeline.params import Features, Label, Snapshots
from pipeline.tables.buckets import customer_key
from tests.oracle import Event, Line

FEATURES = Features(windows_days=[7, 30, 90, 180, 365], event_types=["visit"])
LABEL = Label(kind="inactivity", gap_days=0, horizon_days=30)
OPTIONAL = ("product_id", "category", "store_id", "channel")


def snapshots(as_of: date, observed_until: date | None = None, active_days: int = 3650, new: int = 0) -> Snapshots:
    return Snapshots(as_of=as_of.isoformat(), observed_until=(observed_until or as_of).isoformat(),
                     first=as_of.isoformat(), every_days=1, active_days=active_days, min_tenure_days=new)  # fmt: skip


def write(folder: Path, lines: list[Line], events: list[Event] = (), contracts: pl.DataFrame | None = None) -> None:
    """Write the tables of bucket 0."""
    rows = pl.DataFrame(
        [
            (customer_key(x.customer), x.customer, x.order, x.day, x.amount, Decimal(x.quantity), x.discount, x.cost, x.product,
             x.category, x.store, x.channel)
            for x in lines
        ],
        schema={"customer_key": pl.Int64, "customer_id": pl.String, "transaction_id": pl.String, "day": pl.Date,
                "amount_minor": pl.Int64, "quantity": pl.Decimal(18, 3), "discount_minor": pl.Int64, "cost_minor": pl.Int64,
                "product_id": pl.String, "category": pl.String, "store_id": pl.String, "channel": pl.String},
        orient="row",
    )  # fmt: skip
    happened = pl.DataFrame(
        [(customer_key(x.customer), x.customer, x.day, x.kind) for x in events],
        schema={"customer_key": pl.Int64, "customer_id": pl.String, "day": pl.Date, "event_type": pl.String},
        orient="row",
    )
    tables = {"transactions": rows, "events": happened, "subscriptions": contracts}
    for name, table in tables.items():
        if table is not None:
            (folder / name).mkdir(parents=True, exist_ok=True)
            table.write_parquet(folder / name / "bucket-00000.parquet")


def run(
    folder: Path, days: list[date], settings: Snapshots, label: Label = LABEL, features: list[Feature] | None = None
) -> tuple[pl.DataFrame, dict[str, dict[str, int]]]:
    """The examples of the given days, and the counts of the ledger."""
    out = folder.parent / "examples"
    out.mkdir(exist_ok=True)
    job = build.Job(0, folder, out, days, settings, label, features or declared(FEATURES), 2, 1, 1.0)
    counts = build.build(job)
    return pl.read_parquet(out / "bucket-00000.parquet"), counts


__all__ = ["FEATURES", "LABEL", "available", "customer_key", "run", "snapshots", "write"]
