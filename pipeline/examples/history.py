"""Day-level history of one bucket: a row per customer, day and kind, in exact integers, and the one place it is cut."""

from datetime import date
from pathlib import Path

import duckdb

from pipeline import sql
from pipeline.examples import records
from pipeline.tables import storage

# Each kind is a set of rows about the customer and the day:
#   purchase  what was bought that day; `gap_days` since the purchase day before
#   refund    what was given back
#   margin    what was paid, less refunds, less cost: of the lines whose cost is known
#   product, category, store, channel   one row per item bought that day
#   event     one row per event type
# and those of `records`, from the other tables. `next_day` is the next day of the same customer, kind and item.
# A row of a product is `is_new` when it was never bought before, and `is_dearer` when its price before discounts has
# risen by more than RISE since this customer bought it last.
RISE = "1.01"
ITEM_COLUMNS = {"category": "category", "store": "store_id", "channel": "channel"}
PURCHASE_SUMS = (
    "quantity",
    "amount_minor",
    "list_amount_minor",
    "discount_minor",
    "personal_discount_minor",
    "cost_minor",
)


def create(engine: duckdb.DuckDBPyConnection, tables: Path, bucket: int) -> None:
    """Make the table ``history`` of one bucket in the engine."""
    transactions = storage.bucket_file(tables / "transactions", bucket)
    lines = sql.parquet([transactions])
    columns = {row[0] for row in engine.execute(f"DESCRIBE SELECT * FROM {lines}").fetchall()}
    parts = [_purchases(lines, columns), _refunds(lines)]
    parts += [_margins(lines)] if "cost_minor" in columns else []
    parts += [_items(lines, kind, column) for kind, column in ITEM_COLUMNS.items() if column in columns]
    parts += [_products(lines, columns)] if "product_id" in columns else []
    events = storage.bucket_file(tables / "events", bucket)
    if events.is_file():
        parts.append(_events(sql.parquet([events])))
    parts += [records.shape(), *_records(engine, tables, bucket)]
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


def _records(engine: duckdb.DuckDBPyConnection, tables: Path, bucket: int) -> list[str]:
    queries = []
    for table in records.BY_TABLE:
        file = storage.bucket_file(tables / table, bucket)
        if file.is_file():
            rows = sql.parquet([file])
            columns = {row[0] for row in engine.execute(f"DESCRIBE SELECT * FROM {rows}").fetchall()}
            queries += records.queries(table, rows, columns)
    return queries


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


def _products(lines: str, columns: set[str]) -> str:
    """One row per product and day: whether it is new to the customer, and dearer than when it was bought last."""
    price = "list_amount_minor" if "list_amount_minor" in columns else "amount_minor"
    pieces = "quantity" if "quantity" in columns else "1"
    # Multiplied out, decimals stay exact; a price per piece would be rounded.
    dearer = f"paid * before_pieces > {RISE} * before_paid * pieces AND before_paid > 0"
    return f"""
        SELECT 'product' AS kind, customer_key, item, day,
            CAST(before IS NULL AS BIGINT) AS is_new, CAST(coalesce({dearer}, false) AS BIGINT) AS is_dearer
        FROM (
            SELECT *, lag(day) OVER same AS before, lag(paid) OVER same AS before_paid,
                lag(pieces) OVER same AS before_pieces
            FROM (
                SELECT customer_key, product_id AS item, day,
                    TRY_CAST(sum({price}) AS DECIMAL(18,0)) AS paid,
                    TRY_CAST(sum({pieces}) AS DECIMAL(15,3)) AS pieces
                FROM {lines} WHERE amount_minor >= 0 AND product_id IS NOT NULL GROUP BY customer_key, product_id, day
            ) WINDOW same AS (PARTITION BY customer_key, item ORDER BY day)
        )"""


def _events(rows: str) -> str:
    return f"""
        SELECT 'event' AS kind, customer_key, event_type AS item, day, count(*) AS events
        FROM {rows} GROUP BY customer_key, event_type, day"""


def before(snapshot: date) -> str:
    """The history as it was known on the morning of the snapshot: the only place where time is cut.

    Adds ``days_ago`` (1 is the day before the snapshot) and ``is_latest`` (no later row of the same customer, kind and
    item was known). ``next_day`` itself is not handed on, for it may lie ahead. Of `records.LATER` days it says how
    long ago they were (``resolved_days_ago``), null while they lie ahead, and what came with them likewise; of
    `records.PLANNED` ones, how many days are left (``days_to_due``), below zero once they are over.
    """
    day = f"DATE '{snapshot.isoformat()}'"
    days = ", ".join(["next_day", *records.LATER, *records.PLANNED])
    later = [
        f"CASE WHEN {name} < {day} THEN {day} - {name} END AS {name.removesuffix('_day')}_days_ago"
        for name in records.LATER
    ]
    planned = [f"{name} - {day} AS days_to_{name.removesuffix('_day')}" for name in records.PLANNED]
    return f"""(
        SELECT * EXCLUDE ({days}) REPLACE (CASE WHEN resolved_day < {day} THEN reopened END AS reopened),
            {day} - day AS days_ago, (next_day IS NULL OR next_day >= {day}) AS is_latest,
            CASE WHEN answered_day < {day} THEN answered_day - day END AS waited_days,
            {", ".join([*later, *planned])}
        FROM history WHERE day < {day})"""


def market_before(snapshot: date) -> str:
    """The orders of every region as they were known on the morning of the snapshot, cut as in `before`."""
    day = f"DATE '{snapshot.isoformat()}'"
    return f"(SELECT *, {day} - day AS days_ago FROM market WHERE day < {day})"
