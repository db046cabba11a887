"""How each table is fed, day by day, and whether a feed looks wrong on a snapshot: an outage is no disengagement.

Every figure is a sum over customers, so those of all buckets add up. A snapshot is judged by what came before it only.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from pipeline import sql
from pipeline.examples.aggregates import is_in_order
from pipeline.tables import schemas, storage

SCHEMA = {
    "table": pl.String,
    "day": pl.Date,
    "rows": pl.Int64,
    "customers": pl.Int64,
    "new_customers": pl.Int64,
    "amount_minor": pl.Int64,
    "content": pl.Int64,
}
IDS = {"table": pl.String, "day": pl.Date, "shape": pl.String, "rows": pl.Int64}
REFUSED = {"table": pl.String, "day": pl.Date, "rows": pl.Int64}
# What happens once in a while by nature, or is no feed at all, has no volume to watch.
UNWATCHED = frozenset({"customers", "outcomes"})
# The days something happens on are no feed's fault where it was told long before.
WATCHED = tuple(name for name in schemas.TABLES if name not in UNWATCHED)


@dataclass(frozen=True)
class Job:
    """What looking at one bucket needs."""

    bucket: int
    tables: Path
    threads: int
    memory_gb: float


@dataclass(frozen=True)
class Profile:
    """The feeds of all buckets.

    Attributes
    ----------
    days
        By table and day: rows, customers, customers never seen before in that table, sum of absolute amounts (minor
        units; 0 where the table has none) and a number that two days share only if they hold the same rows.
    ids
        By table, day and shape of the customer id (letters as ``a``, digits as ``9``): rows.
    refused
        By table and day: different rows that are in no bucket, since they are in another currency.
    """

    days: pl.DataFrame
    ids: pl.DataFrame
    refused: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=REFUSED))


def look(job: Job) -> Profile:
    """The feeds of one bucket."""
    days, ids = [pl.DataFrame(schema=SCHEMA)], [pl.DataFrame(schema=IDS)]
    with sql.connect(job.threads, job.memory_gb) as engine:
        for name in WATCHED:
            file = storage.bucket_file(job.tables / name, job.bucket)
            day = schemas.TABLES[name].sort_day
            if file.is_file() and day is not None:
                sums = sql.frame(engine, _sums_by_day(name, sql.parquet([file]), day, pl.read_parquet_schema(file)))
                whole = sums.join(_customers_by_day(file, day), on="day", how="left", nulls_equal=True)
                named = whole.with_columns(pl.lit(name).alias("table"), pl.col("new_customers").fill_null(0))
                days.append(named.select(list(SCHEMA)).cast(SCHEMA))  # type: ignore[arg-type]
                ids.append(_by_shape(engine, name, sql.parquet([file]), day).cast(IDS))  # type: ignore[arg-type]
    return Profile(pl.concat(days), pl.concat(ids))


def refused(file: Path, rule: str, threads: int, memory_gb: float) -> pl.DataFrame:
    """The transactions of each day that ingest refused by a rule, as `Profile.refused` has them.

    Parameters
    ----------
    file
        The refused transactions; none where the file is absent.
    rule
        The rule they broke.
    threads, memory_gb
        What the query engine may use.
    """
    if not file.is_file():
        return pl.DataFrame(schema=REFUSED)
    # Different rows, as the tables hold each row once: a file that is delivered twice is no more of another currency.
    query = f"""
        SELECT 'transactions' AS "table", day, count(DISTINCT "row") AS rows
        FROM {sql.parquet([file])} WHERE rule = {sql.text(rule)} AND day IS NOT NULL GROUP BY day ORDER BY day"""
    with sql.connect(threads, memory_gb) as engine:
        return sql.frame(engine, query).cast(REFUSED)  # type: ignore[arg-type]


def add_up(parts: list[Profile], refused: pl.DataFrame) -> Profile:
    """The feeds of all buckets, in an order that no bucket decides, beside what was refused of them."""
    days = pl.concat([part.days for part in parts]).group_by("table", "day").sum().sort("table", "day")
    ids = pl.concat([part.ids for part in parts]).group_by("table", "day", "shape").sum().sort("table", "day", "shape")
    return Profile(days, ids, refused)


def _sums_by_day(name: str, rows: str, day: str, columns: Iterable[str]) -> str:
    # Ids of rows differ on a day that was delivered twice; so do days. All else is the same.
    own = [sql.name(c) for c in columns if not c.endswith("_day") and c not in {"day", "transaction_id", "ticket_id"}]
    amount = "sum(abs(amount_minor))" if name == "transactions" else "0"
    # Hashes are cut to 31 bits so that their sum fits 64; a sum, since the order of rows says nothing.
    return f"""
        SELECT {day} AS day, count(*) AS rows, CAST({amount} AS BIGINT) AS amount_minor,
            CAST(sum(hash({", ".join(own)}) % 2147483647) AS BIGINT) AS content
        FROM {rows} GROUP BY ALL"""


def _customers_by_day(file: Path, day: str) -> pl.DataFrame:
    """How many customers each day has, and of how many of them it is the first one."""
    rows = pl.read_parquet(file, columns=["customer_key", day]).select("customer_key", pl.col(day).alias("day"))
    # As ingest writes them, a customer's rows of a day lie together; a table that was altered in between is sorted.
    days = rows["day"].to_physical().fill_null(np.iinfo(np.int32).max).to_numpy()
    if not is_in_order(rows["customer_key"].to_numpy(), days):
        rows = rows.sort("customer_key", "day", nulls_last=True)
    is_other = pl.col("customer_key").ne_missing(pl.col("customer_key").shift())
    is_new = is_other & pl.col("day").is_not_null()
    first = rows.with_columns(is_new.alias("is_new")).filter(is_other | pl.col("day").ne_missing(pl.col("day").shift()))
    return first.group_by("day").agg(
        pl.len().alias("customers"), pl.col("is_new").sum().cast(pl.Int64).alias("new_customers")
    )


def _by_shape(engine: duckdb.DuckDBPyConnection, name: str, rows: str, day: str) -> pl.DataFrame:
    """How many rows each day has by the shape of their customers' ids; where all have one shape, nothing is joined."""
    # Once per customer, and once for all ids that differ in their digits alone: patterns take longer than all else.
    form = "translate(any_value(customer_id), '012345678', '999999999')"
    engine.execute(
        f"CREATE OR REPLACE TEMP TABLE forms AS SELECT customer_key, {form} AS form FROM {rows} GROUP BY customer_key"
    )
    # Numbers grow by a digit in time; that is no other format.
    shape = "regexp_replace(regexp_replace(form, '9+', '9', 'g'), '[[:alpha:]]', 'a', 'g')"
    engine.execute(
        f"CREATE OR REPLACE TEMP TABLE shapes AS SELECT form, {shape} AS shape FROM (SELECT DISTINCT form FROM forms)"
    )
    kinds = [str(kind) for (kind,) in engine.execute("SELECT DISTINCT shape FROM shapes").fetchall()]
    of = f"{rows} JOIN forms USING (customer_key) JOIN shapes USING (form)" if len(kinds) > 1 else rows
    what = "shape" if len(kinds) > 1 else f"{sql.text(kinds[0] if kinds else '')} AS shape"
    return sql.frame(
        engine, f"""SELECT '{name}' AS "table", {day} AS day, {what}, count(*) AS rows FROM {of} GROUP BY ALL"""
    )
