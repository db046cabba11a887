"""The function of one bucket: its tables -> a row per customer and snapshot, with features and, where due, a label."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb

from pipeline import sql
from pipeline.config.params import Label, Snapshots
from pipeline.examples import history, labels, population, regional_orders, snapshots
from pipeline.examples.features import Feature, engine
from pipeline.tables import storage


@dataclass(frozen=True)
class Job:
    """Everything one bucket needs; small, so that it can be sent to another process or machine."""

    bucket: int
    tables: Path
    examples: Path
    days: list[date]
    snapshots: Snapshots
    label: Label
    features: list[Feature]
    minor_digits: int
    threads: int
    memory_gb: float
    market: Path
    # Tables of which nothing came at a snapshot: features made of them are missing there.
    outages: dict[date, frozenset[str]] = field(default_factory=dict)


def build(job: Job) -> dict[str, dict[str, int]]:
    """Write the examples of one bucket.

    Returns
    -------
    dict
        By snapshot: how many customers have which status, and how many carry which label.
    """
    with sql.connect(job.threads, job.memory_gb) as con:
        history.create(con, job.tables, job.bucket)
        has_contracts = _load_contracts(con, job)
        customers = _load_everyone(con, job)
        _load_market(con, job)
        counts, parts = {}, []
        for number, day in enumerate(job.days):
            line = _one_snapshot(con, job, day, f"at_{number}", has_contracts=has_contracts)
            counts[day.isoformat()] = {"customers": customers} | line
            parts.append(f"SELECT * FROM at_{number}")
        query = f"SELECT * FROM ({' UNION ALL '.join(parts)}) ORDER BY snapshot, customer_key"
        storage.copy_to(con, query, storage.bucket_file(job.examples, job.bucket))
    return counts


def _load_everyone(con: duckdb.DuckDBPyConnection, job: Job) -> int:
    """Every customer any table of the bucket knows, whether they bought or not; the ledger must hold them all."""
    files = [storage.bucket_file(folder, job.bucket) for folder in sorted(job.tables.iterdir()) if folder.is_dir()]
    keys = " UNION ALL ".join(f"SELECT customer_key FROM {sql.parquet([file])}" for file in files if file.is_file())
    con.execute(f"CREATE OR REPLACE TABLE everyone AS SELECT DISTINCT customer_key FROM ({keys})")
    counted = con.execute("SELECT count(*) FROM everyone").fetchone()
    assert counted is not None, "a count has one row"
    return int(counted[0])


def _load_market(con: duckdb.DuckDBPyConnection, job: Job) -> None:
    """The orders of every region, and the region of every customer of the bucket."""
    con.execute(f"CREATE OR REPLACE TABLE market AS SELECT * FROM {sql.parquet([job.market])}")
    customers = f"SELECT customer_key, coalesce(segment, '{regional_orders.EVERYWHERE}') AS segment FROM everyone"
    known = regional_orders.segments(job.tables, job.bucket)
    con.execute(f"CREATE OR REPLACE TABLE regions AS {customers} LEFT JOIN ({known}) USING (customer_key)")


def _load_contracts(con: duckdb.DuckDBPyConnection, job: Job) -> bool:
    file = storage.bucket_file(job.tables / "subscriptions", job.bucket)
    if not file.is_file():
        return False
    rows = sql.parquet([file])
    columns = {row[0] for row in con.execute(f"DESCRIBE SELECT * FROM {rows}").fetchall()}
    con.execute(labels.contracts(rows, columns))
    return True


def _one_snapshot(
    con: duckdb.DuckDBPyConnection, job: Job, day: date, table: str, *, has_contracts: bool
) -> dict[str, int]:
    statuses = population.query(day, job.snapshots, job.label, has_contracts=has_contracts)
    con.execute(f"CREATE OR REPLACE TABLE statuses AS {statuses}")
    spine = "SELECT customer_key FROM statuses WHERE status = 'eligible'"
    rows = engine.query(job.features, day, spine, job.minor_digits, job.outages.get(day, frozenset()))
    complete = snapshots.is_complete(day, job.label, job.snapshots.observed_until)
    outcome = (
        f"SELECT features.*, outcome.churned FROM ({rows}) features "
        f"LEFT JOIN ({labels.churned(day, job.label)}) outcome USING (customer_key)"
        if complete
        else f"SELECT *, NULL::TINYINT AS churned FROM ({rows})"
    )
    con.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT DATE '{day.isoformat()}' AS snapshot, * FROM ({outcome})")
    return _count(con, table)


def _count(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, int]:
    by_status = dict(con.execute("SELECT status, count(*) FROM statuses GROUP BY status").fetchall())
    labelled = dict(con.execute(f"SELECT churned, count(*) FROM {table} GROUP BY churned").fetchall())
    return {
        **{status: by_status.get(status, 0) for status in population.STATUSES},
        "labelled_0": labelled.get(0, 0),
        "labelled_1": labelled.get(1, 0),
        "unlabelled": labelled.get(None, 0),
    }
