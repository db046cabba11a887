"""The function of one bucket: its tables -> a row per customer and snapshot, with features and, where due, a label."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline import sql
from pipeline.config.params import Label, Snapshots
from pipeline.examples import day_rows, history, labels, population, snapshots
from pipeline.examples.features import Aggregate, Feature
from pipeline.examples.features.engine import Eligible, FeatureEngine
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
    # Where those go who were customers and are not scored any more, on the last of the days; None writes nobody.
    former: Path | None = None


def build(job: Job) -> dict[str, dict[str, int]]:
    """Write the examples of one bucket.

    Returns
    -------
    dict
        By snapshot: how many customers have which status, and how many carry which label.
    """
    counts = {}
    with sql.connect(job.threads, job.memory_gb) as con, storage.replacing(_file(job)) as partial:
        bucket = _Bucket(con, job)
        with storage.parquet_in_parts(partial) as write:
            # One part per snapshot: they need not all be held at once, and one is read without the others.
            for day in sorted(job.days):
                examples, counts[day.isoformat()] = bucket.examples(day)
                write(examples)
        if job.former is not None:
            with (
                storage.replacing(storage.bucket_file(job.former, job.bucket)) as former,
                storage.parquet_in_parts(former) as write,
            ):
                write(bucket.former(max(job.days)))
    return counts


def _file(job: Job) -> Path:
    return storage.bucket_file(job.examples, job.bucket)


class _Bucket:
    """What is read once for all snapshots."""

    def __init__(self, con: duckdb.DuckDBPyConnection, job: Job) -> None:
        self._con = con
        self._job = job
        self._known = _load_history(con, job)
        self._everyone = pl.DataFrame({"customer_key": self._known.customers})
        self._engine = FeatureEngine(self._known, job.features, job.minor_digits, job.threads)
        _load_contracts(con, job)

    def examples(self, day: date) -> tuple[pl.DataFrame, dict[str, int]]:
        """The rows of one snapshot, and how many customers have which status and label."""
        status = self._population(day).statuses
        eligible = np.flatnonzero(status == population.ELIGIBLE)
        features = self._features(day, eligible)
        churned = self._churned(day).gather(eligible)
        rows = features.select(pl.lit(day).alias("snapshot"), pl.all(), churned.alias("churned"))
        return rows, _count(status, churned)

    def former(self, day: date) -> pl.DataFrame:
        """Who was a customer and is not scored any more: ``customer_id``, ``state`` (lapsed or lost), the features."""
        states = self._population(day).former()
        who = np.flatnonzero(states != "")
        state = pl.Series("state", states[who], dtype=pl.String)
        rows = self._features(day, who).select(pl.lit(day).alias("snapshot"), pl.lit(state), pl.all())
        lines = sql.parquet([storage.bucket_file(self._job.tables / "transactions", self._job.bucket)])
        query = (
            f"SELECT customer_key, any_value(customer_id)::VARCHAR AS customer_id FROM {lines} GROUP BY customer_key"
        )
        ids = sql.frame(self._con, query)
        return ids.join(rows, on="customer_key").sort("customer_key")

    def _features(self, day: date, who: npt.NDArray[np.int64]) -> pl.DataFrame:
        return self._engine.compute(Eligible(day, who, self._job.outages.get(day, frozenset())))

    def _population(self, day: date) -> population.Population:
        job, contracts = self._job, self._of_each(labels.running(day))
        return population.Population(self._known.kinds["purchase"], contracts, day, job.snapshots, job.label)

    def _churned(self, day: date) -> pl.Series:
        label = self._job.label
        if not snapshots.is_complete(day, label, self._job.snapshots.observed_until):
            return self._nothing(pl.Int8)
        if label.kind == "cancellation":
            return self._of_each(labels.cancelled(day, label))["churned"]
        by_purchase = labels.overdue if label.kind == "overdue" else labels.inactive
        return pl.Series(by_purchase(self._known.kinds["purchase"], day, label))

    def _of_each(self, query: str) -> pl.DataFrame:
        """What a query by customer says, null where it says nothing."""
        known = sql.frame(self._con, query)
        return self._everyone.join(known, on="customer_key", how="left", maintain_order="left")

    def _nothing(self, kind: type[pl.DataType]) -> pl.Series:
        return pl.Series([None], dtype=kind).new_from_index(0, len(self._everyone))


def _load_history(con: duckdb.DuckDBPyConnection, job: Job) -> history.History:
    aggregates = [feature.how for feature in job.features if isinstance(feature.how, Aggregate)]
    latest = {how.kind for how in aggregates if how.function == "latest" or "is_latest" in (how.only or "")}
    return day_rows.load(con, job.tables, job.bucket, job.market, {how.kind for how in aggregates}, latest)


def _load_contracts(con: duckdb.DuckDBPyConnection, job: Job) -> None:
    file = storage.bucket_file(job.tables / "subscriptions", job.bucket)
    there = file.is_file()
    rows, columns = (sql.parquet([file]), set(pl.read_parquet_schema(file))) if there else (labels.NO_CONTRACTS, set())
    con.execute(labels.contracts(rows, columns, job.label))


def _count(status: npt.NDArray[np.int64], churned: pl.Series) -> dict[str, int]:
    numbers = np.bincount(status, minlength=len(population.STATUSES)).tolist()
    return {
        "customers": len(status),
        **dict(zip(population.STATUSES, numbers, strict=True)),
        "labelled_0": int((churned == 0).sum()),
        "labelled_1": int((churned == 1).sum()),
        "unlabelled": churned.null_count(),
    }
