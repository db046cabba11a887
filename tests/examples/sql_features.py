"""The features once more, as one query of the database engine per snapshot: another engine for the same declarations.

`tests.oracle` says in plain Python what a feature means, for a handful of customers; this one is fast enough for whole
companies, and shares with the product nothing but the declarations and the rows of `records`.
"""

from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from pipeline import sql
from pipeline.examples import records, regional_orders
from pipeline.examples.features.declare import Aggregate, Feature, Formula
from pipeline.tables import schemas, storage
from tests.examples import sql_lines

THOUSANDTHS = ("quantity", "points")
LATER = ("answered", "resolved", "kept", "cancelled")
PLANNED = ("expires", "due", "renewal", "end")


def create(con: duckdb.DuckDBPyConnection, tables: Path, bucket: int, market: Path) -> None:
    """Make the tables ``history`` and ``market`` of one bucket, and ``regions``, where its customers live."""
    parts = []
    for table in schemas.TABLES:
        file = storage.bucket_file(tables / table, bucket)
        if file.is_file():
            rows, columns = sql.parquet([file]), set(pl.read_parquet_schema(file))
            made = sql_lines.queries(table, rows, columns) | records.queries(table, rows, columns)
            parts += [f"(SELECT '{kind}' AS kind, * FROM ({query}))" for kind, query in made.items()]
    days = ", ".join(f"NULL::DATE AS {name}_day" for name in (*LATER, *PLANNED))
    parts.append(f"(SELECT NULL::BIGINT AS reopened, NULL::VARCHAR AS item, {days} WHERE false)")
    con.execute(f"""
        CREATE OR REPLACE TABLE history AS
        SELECT *, CASE WHEN kind = 'purchase' THEN day - lag(day) OVER same END AS gap_days,
            lead(day) OVER same AS next_day
        FROM ({" UNION ALL BY NAME ".join(parts)})
        WINDOW same AS (PARTITION BY customer_key, kind, item ORDER BY day)""")
    con.execute(f"CREATE OR REPLACE TABLE market AS SELECT * FROM {sql.parquet([market])}")
    con.execute(f"""
        CREATE OR REPLACE TABLE regions AS SELECT customer_key, coalesce(segment, '') AS segment
        FROM (SELECT DISTINCT customer_key FROM history) LEFT JOIN ({regional_orders.segments(tables, bucket)})
        USING (customer_key)""")


def query(features: list[Feature], snapshot: date, customers: str, minor_digits: int) -> str:
    """The features of some customers at a snapshot, in declared order.

    Parameters
    ----------
    features
        Parts and features.
    snapshot
        The history is strictly before it.
    customers
        A query with ``customer_key``: who gets a row.
    minor_digits
        Digits of the currency.
    """
    aggregates = {f.name: f.how for f in features if isinstance(f.how, Aggregate)}
    joins = ""
    for kind in dict.fromkeys(how.kind for how in aggregates.values()):
        columns = ", ".join(
            f'{_aggregate(how)} AS "{name} raw"' for name, how in aggregates.items() if how.kind == kind
        )
        group, rows = "customer_key", f"{_before(snapshot)} WHERE kind = '{kind}'"
        if kind == "market":
            group, rows = "segment", f"(SELECT *, {_day(snapshot)} - day AS days_ago FROM market) WHERE days_ago > 0"
        made = f"SELECT {group}, {columns} FROM {rows} GROUP BY {group}"
        joins += f' LEFT JOIN ({made}) "{kind}" USING ({group})'
    values = ", ".join(f"{_value(feature, minor_digits)} AS {feature.name}" for feature in _in_order(features))
    listed = ", ".join(feature.name for feature in features if not feature.is_part)
    rows = f"FROM ({customers}) JOIN regions USING (customer_key){joins}"
    return f"SELECT customer_key, {listed} FROM (SELECT customer_key, {values} {rows}) ORDER BY customer_key"


def _day(day: date) -> str:
    return f"DATE '{day.isoformat()}'"


def _before(snapshot: date) -> str:
    day = _day(snapshot)
    later = [f"CASE WHEN {name}_day < {day} THEN {day} - {name}_day END AS {name}_days_ago" for name in LATER]
    planned = [f"{name}_day - {day} AS days_to_{name}" for name in PLANNED]
    return f"""(
        SELECT * REPLACE (CASE WHEN resolved_day < {day} THEN reopened END AS reopened), {day} - day AS days_ago,
            (next_day IS NULL OR next_day >= {day}) AS is_latest,
            CASE WHEN answered_day < {day} THEN answered_day - day END AS waited_days, {", ".join(later + planned)}
        FROM history WHERE day < {day})"""


def _aggregate(how: Aggregate) -> str:
    tests = [f"{how.column} IS NOT NULL", f"days_ago > {how.skip}"]
    tests += [f"days_ago <= {how.days}"] if how.days is not None else []
    tests += [f"item = {sql.text(how.item)}"] if how.item is not None else []
    tests += [f"({how.only})"] if how.only is not None else []
    tests += ["is_latest"] if how.function == "latest" else []
    made = {"sum_squares": f"sum({how.column} * {how.column})", "count": "count(*)", "latest": "count(*)"}
    return f"{made.get(how.function, f'{how.function}({how.column})')} FILTER ({' AND '.join(tests)})"


def _value(feature: Feature, minor_digits: int) -> str:
    how = feature.how
    if isinstance(how, Formula):
        return f"({how.expression})" if feature.unit == "yes/no" else f"CAST({how.expression} AS DOUBLE)"
    value = f'coalesce("{feature.name} raw", 0)' if feature.counts else f'"{feature.name} raw"'
    if feature.unit == "currency":
        return f"CAST({value} AS DOUBLE) / {10**minor_digits}"
    if how.column in THOUSANDTHS and how.function not in {"count", "latest"}:
        return f"CAST({value} AS DOUBLE) / 1000"
    return f"CAST({value} AS {'DOUBLE' if feature.is_part or feature.unit == 'score' else 'BIGINT'})"


def _in_order(features: list[Feature]) -> list[Feature]:
    names, done = {f.name for f in features}, [f for f in features if isinstance(f.how, Aggregate)]
    while len(done) < len(features):
        ready = {f.name for f in done}
        done += [f for f in features if f.name not in ready and not (set(f.how.inputs) & names) - ready]
    return done
