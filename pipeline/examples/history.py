"""Day-level history of one bucket: a row per customer, day and kind, in exact integers, and the one place it is cut."""

from datetime import date
from pathlib import Path

import duckdb

from pipeline import sql
from pipeline.tables import storage

# Each kind is a set of rows about the customer and the day:
#   purchase  what was bought that day; `gap_days` since the purchase day before
#   refund    what was given back
#   margin    what was paid, less refunds, less cost: of the lines whose cost is known
#   product, category, store, channel   one row per item bought that day
#   event     one row per event type
# `next_day` is the next day of the same customer, kind and item.
ITEM_COLUMNS = {"product": "product_id", "category": "category", "store": "store_id", "channel": "channel"}
PURCHASE_SUMS = ("quantity", "amount_minor", "list_amount_minor", "discount_minor", "cost_minor")


def create(engine: duckdb.DuckDBPyConnection, tables: Path, bucket: int) -> None:
    """Make the table ``history`` of one bucket in the engine."""
    found = storage.bucket_file(tables / "transactions", bucket)
    lines = sql.parquet([found])
    columns = {row[0] for row in engine.execute(f"DESCRIBE SELECT * FROM {lines}").fetchall()}
    parts = [_purchases(lines, columns), _refunds(lines)]
    parts += [_margins(lines)] if "cost_minor" in columns else []
    parts += [_items(lines, kind, column) for kind, column in ITEM_COLUMNS.items() if column in columns]
    events = storage.bucket_file(tables / "events", bucket)
    if events.is_file():
        parts.append(_events(sql.parquet([events])))
    rows = " UNION ALL BY NAME ".join(f"({part})" for part in parts)
    engine.execute(f"""
        CREATE OR REPLACE TABLE history AS
        SELECT * REPLACE (CASE WHEN kind = 'purchase' THEN gap_days END AS gap_days) FROM (
            SELECT *,
                day - lag(day) OVER same AS gap_days,
                lead(day) OVER same AS next_day
            FROM ({rows})
            WINDOW same AS (PARTITION BY customer_key, kind, item ORDER BY day)
        ) ORDER BY kind, customer_key, day""")


def _purchases(lines: str, columns: set[str]) -> str:
    sums = ", ".join(
        f"CAST(sum({column}) AS {'DECIMAL(38,3)' if column == 'quantity' else 'BIGINT'}) AS {column}"
        for column in PURCHASE_SUMS
        if column in columns
    )
    return f"""
        SELECT 'purchase' AS kind, customer_key, NULL::VARCHAR AS item, day,
            CAST(count(DISTINCT transaction_id) AS BIGINT) AS orders, {sums}
        FROM {lines} WHERE amount_minor >= 0 GROUP BY customer_key, day"""


def _refunds(lines: str) -> str:
    return f"""
        SELECT 'refund' AS kind, customer_key, NULL::VARCHAR AS item, day,
            CAST(count(DISTINCT transaction_id) AS BIGINT) AS orders, CAST(-sum(amount_minor) AS BIGINT) AS amount_minor
        FROM {lines} WHERE amount_minor < 0 GROUP BY customer_key, day"""


def _margins(lines: str) -> str:
    return f"""
        SELECT 'margin' AS kind, customer_key, NULL::VARCHAR AS item, day,
            CAST(sum(amount_minor - cost_minor) AS BIGINT) AS margin_minor,
            CAST(coalesce(sum(amount_minor) FILTER (amount_minor >= 0), 0) AS BIGINT) AS amount_minor
        FROM {lines} WHERE cost_minor IS NOT NULL GROUP BY customer_key, day"""


def _items(lines: str, kind: str, column: str) -> str:
    return f"""
        SELECT DISTINCT '{kind}' AS kind, customer_key, {column} AS item, day
        FROM {lines} WHERE amount_minor >= 0 AND {column} IS NOT NULL"""


def _events(rows: str) -> str:
    return f"""
        SELECT 'event' AS kind, customer_key, event_type AS item, day, count(*) AS events
        FROM {rows} GROUP BY customer_key, event_type, day"""


def before(snapshot: date) -> str:
    """The history as it was known on the morning of the snapshot: the only place where time is cut.

    Adds ``days_ago`` (1 is the day before the snapshot) and ``is_latest`` (no later row of the same customer, kind and
    item was known). ``next_day`` itself is not handed on, for it may lie ahead.
    """
    day = f"DATE '{snapshot.isoformat()}'"
    return f"""(
        SELECT * EXCLUDE (next_day), {day} - day AS days_ago, (next_day IS NULL OR next_day >= {day}) AS is_latest
        FROM history WHERE day < {day})"""
