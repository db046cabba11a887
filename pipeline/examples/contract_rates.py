"""How often contracts end: what a company of contracts chooses its horizon by, counted in one bucket of its tables."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from pipeline import sql
from pipeline.config.params import Label
from pipeline.examples import labels, pauses

YEAR_DAYS = 365


@dataclass(frozen=True)
class ContractCounts:
    """What one bucket says; all of it adds up.

    Attributes
    ----------
    buyers, with_contract
        Customers who bought within the last year, and those among them who ever had a contract.
    last_order
        By days since the last order: the customers whose contract runs.
    ran, lost
        By horizon in days: customers whose contract ran at past snapshots, and those of them who lost it within the
        horizon.
    """

    buyers: int = 0
    with_contract: int = 0
    last_order: Counter[int] = field(default_factory=Counter)
    ran: Counter[int] = field(default_factory=Counter)
    lost: Counter[int] = field(default_factory=Counter)

    def __add__(self, other: "ContractCounts") -> "ContractCounts":
        """The counts of both buckets."""
        return ContractCounts(
            self.buyers + other.buyers,
            self.with_contract + other.with_contract,
            self.last_order + other.last_order,
            self.ran + other.ran,
            self.lost + other.lost,
        )

    def rate(self, horizon_days: int) -> float:
        """The share of those with a running contract who lost it within the horizon (0-1); 0 where none ran."""
        return self.lost[horizon_days] / self.ran[horizon_days] if self.ran[horizon_days] else 0.0

    def days_covering(self, share: float) -> int:
        """Within how many days this share (0-1) of the customers with a running contract bought last; 0 without any.

        >>> counts = ContractCounts(last_order=Counter({20: 98, 300: 2}))
        >>> counts.days_covering(0.98), counts.days_covering(0.99)
        (20, 300)
        """
        covered = 0
        for days, customers in sorted(self.last_order.items()):
            covered += customers
            if covered >= share * self.last_order.total():
                return days
        return 0


def count(
    engine: duckdb.DuckDBPyConnection,
    files: tuple[Path, Path | None],
    until: date,
    horizons: Sequence[int],
    label: Label,
) -> ContractCounts:
    """Count one bucket.

    Parameters
    ----------
    engine
        Runs the queries.
    files
        The transactions and the contracts of the bucket; no contracts where nobody of it has one.
    until
        The day after the last one that is observed.
    horizons
        Lengths in days.
    label
        For ``gap_days``, and how late a renewal may be.
    """
    transactions, contracts = files
    pauses.load(engine, sql.parquet([transactions]))
    columns = set(pl.read_parquet_schema(contracts)) if contracts else set[str]()
    engine.execute(labels.contracts(sql.parquet([contracts]) if contracts else labels.NO_CONTRACTS, columns, label))
    end = f"DATE '{until.isoformat()}'"
    latest = f"(SELECT customer_key, max(day) AS day FROM bought WHERE day < {end} GROUP BY customer_key)"
    ((buyers, with_contract),) = engine.execute(f"""
        SELECT count(*), count(*) FILTER (customer_key IN (SELECT customer_key FROM contracts WHERE start_day < {end}))
        FROM {latest} WHERE day >= {end} - {YEAR_DAYS}""").fetchall()
    last_order = engine.execute(f"""
        SELECT {end} - day AS days, count(*) FROM {latest} JOIN ({labels.running(until)}) USING (customer_key)
        WHERE running GROUP BY ALL""").fetchall()
    ran, lost = Counter[int](), Counter[int]()
    for days in horizons:
        meant = label.model_copy(update={"kind": "cancellation", "horizon_days": days})
        for day in pauses.looks(days, label.gap_days, until):
            ((running, churned),) = engine.execute(f"""
                SELECT count(*), coalesce(sum(churned), 0)
                FROM ({labels.running(day)}) JOIN ({labels.cancelled(day, meant)}) USING (customer_key) WHERE running
                """).fetchall()
            ran[days], lost[days] = ran[days] + int(running), lost[days] + int(churned)
    return ContractCounts(int(buyers), int(with_contract), Counter(dict(last_order)), ran, lost)
