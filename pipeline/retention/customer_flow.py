"""Who was a customer at the start of a period, who at its end, and what each of them paid around it.

One rule says who is a customer on a day; it is that of the pipeline's eligible customers, but for the newest:

- where ``label.kind`` is ``inactivity`` or ``overdue``: who bought something in the ``snapshots.active_days`` before
  the day (a refund is no purchase), and has not cancelled, where contracts are known, or bought long after it;
- where it is ``cancellation``: who has a running contract on the day.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import duckdb
import polars as pl

from pipeline import sql
from pipeline.config.params import Label
from pipeline.examples import labels
from pipeline.retention.periods import Period
from pipeline.tables.coherence_checks import SETTLING_DAYS

SCHEMA: Final[dict[str, pl.DataType]] = {
    "customer_key": pl.Int64(), "first_day": pl.Date(), "is_start": pl.Boolean(), "is_end": pl.Boolean(),
    "is_inside": pl.Boolean(), "orders": pl.Int64(), "order_days": pl.Int64(), "revenue_minor": pl.Int64(),
    "before_minor": pl.Int64(), "ever_minor": pl.Int64(), "orders_before": pl.Int64(),
    "orders_year_before": pl.Int64(), "fee_start_minor": pl.Int64(), "fee_end_minor": pl.Int64(),
}  # fmt: skip
"""One row per customer known by the end of the period.

``first_day`` is that of the first purchase, or of the first contract where those count. ``is_inside`` is who became a
customer in the period and was none at either end. ``orders``, ``order_days`` and ``revenue_minor`` are of the period,
``before_minor`` of the one before it, ``ever_minor`` of all time until its end, ``orders_before`` of all time until its
start and ``orders_year_before`` of the last 365 days of that. ``fee_start_minor`` and ``fee_end_minor`` are the prices
per month of the contracts that run at either end; null where no contract says one.
"""


@dataclass(frozen=True)
class Rule:
    """Who counts as a customer on a day.

    Attributes
    ----------
    label
        What churn means to the company, ``params.yaml: label``.
    active_days
        Days before a day in which a customer bought; of no account where churn is a cancellation.
    """

    label: Label
    active_days: int

    @property
    def kind(self) -> str:
        """``inactivity``, ``overdue`` or ``cancellation``."""
        return self.label.kind

    @property
    def observed_days(self) -> int:
        """Days that have to lie before a day for the rule to be answered on it."""
        return 0 if self.kind == "cancellation" else self.active_days

    def __str__(self) -> str:
        """The rule in a sentence."""
        if self.kind == "cancellation":
            return "A customer on a day is who has a running contract on it."
        days = self.active_days
        return f"A customer on a day is who bought something in the {days} days before it and has not cancelled."


@dataclass(frozen=True)
class Job:
    """One bucket, and the days that are asked of it."""

    transactions: Path
    subscriptions: Path | None
    rule: Rule
    period: Period
    threads: int
    memory_gb: float


def count_bucket(job: Job) -> pl.DataFrame:
    """What each customer of a bucket was, did and paid; the columns of `SCHEMA`, by ``customer_key``."""
    with sql.connect(job.threads, job.memory_gb) as engine:
        load(engine, job)
        return sql.frame(engine, _query(job)).cast(SCHEMA).select(SCHEMA.keys())  # type: ignore[arg-type]


def load(engine: duckdb.DuckDBPyConnection, job: Job) -> None:
    """Make ``lines``, ``bought`` (days with a purchase) and ``contracts`` of what is known by the end of the period."""
    end = sql_day(job.period.end)
    engine.execute(f"CREATE OR REPLACE VIEW lines AS SELECT * FROM {sql.parquet([job.transactions])} WHERE day < {end}")
    engine.execute(
        "CREATE OR REPLACE TABLE bought AS SELECT DISTINCT customer_key, day FROM lines WHERE amount_minor >= 0"
    )
    source = sql.parquet([job.subscriptions]) if job.subscriptions is not None else labels.NO_CONTRACTS
    columns = {row[0] for row in engine.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}
    price = "price_per_month_minor" if "price_per_month_minor" in columns else "NULL::BIGINT"
    # What happens after the period is not known in it: a contract that begins later is none yet.
    known = f"(SELECT * FROM {source} WHERE start_day < {end})"
    engine.execute(labels.contracts(known, columns, job.rule.label, f"{price} AS price_minor"))
    # Where the last day of a contract is also the first of the next one, it is paid for once.
    starts = "SELECT start_day FROM contracts WHERE customer_key = row.customer_key"
    engine.execute(f"""
        CREATE OR REPLACE TABLE fees AS
        SELECT customer_key, start_day, price_minor,
            CASE WHEN end_day IN ({starts}) THEN least(cancel_day, end_day) ELSE gone_on END AS gone_on
        FROM contracts row""")


# A contract that was given up before its second day ran on none.
RAN: Final = "coalesce(gone_on > start_day, true)"
# Who buys long after a contract that has `ended` is a customer again, where what is bought decides.
BOUGHT_AGAIN: Final = (
    f"FROM bought again WHERE again.customer_key = ended.customer_key AND again.day > ended.gone_on + {SETTLING_DAYS}"
)


def active(rule: Rule, day: date) -> str:
    """A query of the customers on a day, as ``customer_key``; over ``bought`` and ``contracts``."""
    running = labels.running(day)
    if rule.kind == "cancellation":
        return f"SELECT customer_key FROM ({running}) WHERE running"
    return f"""
        SELECT DISTINCT customer_key FROM bought
        WHERE day >= {sql_day(day)} - {rule.active_days} AND day < {sql_day(day)}
            AND customer_key NOT IN (
                SELECT customer_key FROM ({running}) ended WHERE NOT running AND NOT EXISTS (
                    SELECT 1 {BOUGHT_AGAIN} AND again.day < {sql_day(day)}))"""


def first_days(rule: Rule) -> str:
    """A query of the day on which each customer became one, as ``customer_key, first_day``."""
    if rule.kind == "cancellation":
        return f"SELECT customer_key, min(start_day) AS first_day FROM contracts WHERE {RAN} GROUP BY customer_key"
    return "SELECT customer_key, min(day) AS first_day FROM bought GROUP BY customer_key"


def _query(job: Job) -> str:
    period, rule = job.period, job.rule
    start, end, before = sql_day(period.start), sql_day(period.end), sql_day(period.before)
    became = (
        f"SELECT customer_key FROM contracts WHERE start_day >= {start} AND {RAN}"
        if rule.kind == "cancellation"
        else f"SELECT customer_key FROM bought WHERE day >= {start}"
    )
    return f"""
        WITH first_days AS ({first_days(rule)}), starting AS ({active(rule, period.start)}),
        ending AS ({active(rule, period.end)}), became AS ({became}),
        paid AS (
            SELECT customer_key,
                count(DISTINCT transaction_id) FILTER (amount_minor >= 0 AND day >= {start}) AS orders,
                count(DISTINCT day) FILTER (amount_minor >= 0 AND day >= {start}) AS order_days,
                coalesce(sum(amount_minor) FILTER (day >= {start}), 0) AS revenue_minor,
                coalesce(sum(amount_minor) FILTER (day >= {before} AND day < {start}), 0) AS before_minor,
                sum(amount_minor) AS ever_minor,
                count(DISTINCT transaction_id) FILTER (amount_minor >= 0 AND day < {start}) AS orders_before,
                count(DISTINCT transaction_id) FILTER (
                    amount_minor >= 0 AND day < {start} AND day >= {start} - 365) AS orders_year_before
            FROM lines GROUP BY customer_key),
        fee AS (
            SELECT customer_key, {_fees(start)} AS fee_start_minor, {_fees(end)} AS fee_end_minor
            FROM fees GROUP BY customer_key)
        SELECT customer_key, first_day, is_start, is_end, NOT is_start AND NOT is_end AND is_active AS is_inside,
            * EXCLUDE (customer_key, first_day, is_start, is_end, is_active)
        FROM (
            SELECT customer_key, first_day, customer_key IN (FROM starting) AS is_start,
                customer_key IN (FROM ending) AS is_end, customer_key IN (FROM became) AS is_active,
                coalesce(orders, 0) AS orders, coalesce(order_days, 0) AS order_days,
                coalesce(revenue_minor, 0) AS revenue_minor, coalesce(before_minor, 0) AS before_minor,
                coalesce(ever_minor, 0) AS ever_minor, coalesce(orders_before, 0) AS orders_before,
                coalesce(orders_year_before, 0) AS orders_year_before, fee_start_minor, fee_end_minor
            FROM first_days LEFT JOIN paid USING (customer_key) LEFT JOIN fee USING (customer_key))
        ORDER BY customer_key"""


def _fees(day: str) -> str:
    return f"sum(price_minor) FILTER (start_day < {day} AND {labels.runs_on(day)})"


def sql_day(day: date) -> str:
    """A day as the query engine writes it."""
    return f"DATE '{day.isoformat()}'"
