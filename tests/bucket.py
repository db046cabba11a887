"""One bucket of tables written from rows, and the real function of one bucket run on it."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl

from pipeline.config.params import Features, Label, Snapshots
from pipeline.config.paths import Paths
from pipeline.examples import build, regional_orders
from pipeline.examples.features import Feature, available, declared
from pipeline.tables import storage
from pipeline.tables.buckets import customer_key
from pipeline.tables.schemas import TABLES
from tests.oracle import Event, Line
from tests.oracle_records import Records

FEATURES = Features(
    windows_days=[7, 30, 90, 180, 365],
    event_types=["visit"],
    warning_types=["click"],
    usage_types=["click"],
    ticket_topics={"x": "C09"},
    allow_treatment=False,
)
LABEL = Label(kind="inactivity", gap_days=0, horizon_days=30)
OPTIONAL = ("product_id", "category", "store_id", "channel")


def snapshots(as_of: date, observed_until: date | None = None, active_days: int = 3650, new: int = 0) -> Snapshots:
    return Snapshots(as_of=as_of.isoformat(), observed_until=(observed_until or as_of).isoformat(),
                     first=as_of.isoformat(), every_days=1, active_days=active_days, min_tenure_days=new, former_days=365)  # fmt: skip


def write(
    folder: Path,
    lines: list[Line],
    events: list[Event] = (),
    contracts: pl.DataFrame | None = None,
    records: Records | None = None,
) -> None:
    """Write the tables of bucket 0."""
    rows = pl.DataFrame(
        [
            (customer_key(x.customer), x.customer, x.order, x.day, x.amount, Decimal(x.quantity), x.discount, x.cost, x.product,
             x.category, x.store, x.channel, x.list_amount, x.granted)
            for x in lines
        ],
        schema={"customer_key": pl.Int64, "customer_id": pl.String, "transaction_id": pl.String, "day": pl.Date,
                "amount_minor": pl.Int64, "quantity": pl.Decimal(18, 3), "discount_minor": pl.Int64, "cost_minor": pl.Int64,
                "product_id": pl.String, "category": pl.String, "store_id": pl.String, "channel": pl.String,
                "list_amount_minor": pl.Int64, "personal_discount_minor": pl.Int64},
        orient="row",
    )  # fmt: skip
    happened = pl.DataFrame(
        [(customer_key(x.customer), x.customer, x.day, x.kind) for x in events],
        schema={"customer_key": pl.Int64, "customer_id": pl.String, "day": pl.Date, "event_type": pl.String},
        orient="row",
    )
    tables = {"transactions": rows, "events": happened} | record_tables(records or Records())
    if contracts is not None:
        tables["subscriptions"] = contracts
    # A contract takes its customer out of the game once it is over: where there are none, the table is absent.
    elif records is None:
        del tables["subscriptions"]
    for name, table in tables.items():
        if table is not None:
            (folder / name).mkdir(parents=True, exist_ok=True)
            table.write_parquet(folder / name / "bucket-00000.parquet")


RECORDS = {
    "tickets": ("tickets", {"ticket_id": pl.String, "opened_day": pl.Date, "first_answer_day": pl.Date,
                            "resolved_day": pl.Date, "reopened": pl.Int64, "topic": pl.String,
                            "is_complaint": pl.Boolean, "is_dispute": pl.Boolean}),
    "surveys": ("surveys", {"day": pl.Date, "kind": pl.String, "score": pl.Float64}),
    "moves": ("loyalty", {"day": pl.Date, "kind": pl.String, "points": pl.Decimal(18, 3), "expires_day": pl.Date}),
    "promises": ("commitments", {"made_day": pl.Date, "due_day": pl.Date, "kept_day": pl.Date}),
    "periods": ("subscriptions", {"start_day": pl.Date, "end_day": pl.Date, "cancel_day": pl.Date,
                                  "renewal_day": pl.Date, "plan": pl.String, "price_per_month_minor": pl.Int64}),
    "contacts": ("contacts", {"day": pl.Date, "team": pl.String, "purpose": pl.String, "has_value": pl.Boolean}),
}  # fmt: skip


def record_tables(records: Records) -> dict[str, pl.DataFrame]:
    """The optional tables, each with all of its columns, with or without rows."""
    found = {}
    for name, (table, columns) in RECORDS.items():
        rows = [(customer_key(row.customer), *list(vars(row).values())[1:]) for row in getattr(records, name)]
        found[table] = pl.DataFrame(rows, schema={"customer_key": pl.Int64, **columns}, orient="row")
    return found


def carried(folder: Path) -> list[Feature]:
    """All features whose tables are there."""
    gone = {name for name in TABLES if not (folder / name).is_dir()}
    return [f for f in declared(FEATURES) if not gone & {column.split(".")[0] for column in f.needs}]


def run(
    folder: Path, days: list[date], settings: Snapshots, label: Label = LABEL, features: list[Feature] | None = None
) -> tuple[pl.DataFrame, dict[str, dict[str, int]]]:
    """The examples of the given days, and the counts of the ledger."""
    out = folder.parent / "examples"
    out.mkdir(exist_ok=True)
    all_orders = folder.parent / "market.parquet"
    regional_orders.add_up([regional_orders.count(regional_orders.Job(0, folder, 1, 1.0))]).write_parquet(all_orders)
    job = build.Job(0, folder, out, days, settings, label, features or carried(folder), 2, 1, 1.0, all_orders)
    counts = build.build(job)
    return pl.read_parquet(out / "bucket-00000.parquet"), counts


def write_former(paths: Paths, rows: list[dict]) -> None:
    """Who is not scored any more, in bucket 0."""
    schema = {"customer_id": pl.String, "customer_key": pl.Int64, "snapshot": pl.Date, "state": pl.String,
              "days_since_last_order": pl.Int64}  # fmt: skip
    storage.write_parquet(pl.DataFrame(rows, schema=schema), storage.bucket_file(paths.former, 0))


__all__ = ["FEATURES", "LABEL", "available", "customer_key", "run", "snapshots", "write", "write_former"]
