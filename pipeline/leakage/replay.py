"""The same snapshot built again from tables with another future: nothing known before it may come out differently.

Truncation cuts every table at a day; corruption replaces what comes from that day on by garbage. What has no day of its
own, the register of customers, stays as it is: what it says of the past is a question only its keeper can answer.
"""

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Literal

import duckdb
import polars as pl

from pipeline import sql
from pipeline.examples import build
from pipeline.tables import schemas, storage

How = Literal["truncation", "corruption"]
LABEL = "churned"
KEYS = ("snapshot", "customer_key")
# Days within a row that are not known when the row is: what happened later to the same contract, ticket or promise.
KNOWN_LATER = {
    "subscriptions": ("cancel_day",),
    "tickets": ("first_answer_day", "resolved_day"),
    "commitments": ("kept_day",),
    "outcomes": ("done_day",),
}
# Numbers that are known only with such a day: how often a ticket was opened again, once it is resolved.
KNOWN_WITH = {"tickets": {"reopened": "resolved_day"}}
EXTRA_DAYS = 30  # the last ones before the cut, told once more after it


@dataclass(frozen=True)
class Replay:
    """One bucket at one snapshot, from altered tables.

    Attributes
    ----------
    how
        What is done to the tables.
    cut
        The first day that is altered: the snapshot, or the end of its outcome window.
    what
        What must not differ: the features, or the label.
    job
        The build as it was, with the snapshot alone among its days and a folder of its own for the examples.
    as_is
        The examples of the unaltered tables.
    """

    how: How
    cut: date
    what: Literal["features", "label"]
    job: build.Job
    as_is: Path


@dataclass(frozen=True)
class Difference:
    """A column that came out differently, for how many customers, and one of them."""

    replay: str
    snapshot: date
    column: str
    customers: int
    such_as: str


def run(replay: Replay) -> list[Difference]:
    """Alter the tables of the bucket, build the snapshot again, and say what differs."""
    job = replay.job
    work = job.examples / f"work-{job.bucket:05d}"
    try:
        with sql.connect(job.threads, job.memory_gb) as engine:
            for table in schemas.TABLES.values():
                file = storage.bucket_file(job.tables / table.name, job.bucket)
                if file.is_file():
                    _write(engine, table, file, work / "tables" / table.name, replay)
            storage.copy_to(engine, _market(job.market, replay), work / "market.parquet")
        with storage.new_folder(work / "examples") as folder:
            build.build(
                replace(job, tables=work / "tables", examples=folder, market=work / "market.parquet", former=None)
            )
        again = storage.read_parquet(storage.bucket_file(work / "examples", job.bucket))
    finally:
        storage.remove(work)
    before = storage.read_parquet(storage.bucket_file(replay.as_is, job.bucket))
    by_column = differences(before.filter(pl.col("snapshot") == job.days[0]), again, replay.what)
    return [
        Difference(replay.how, job.days[0], column, len(keys), _customer_id(job, keys[0]))
        for column, keys in by_column.items()
    ]


def differences(before: pl.DataFrame, after: pl.DataFrame, what: str) -> dict[str, list[int]]:
    """The keys of the customers, by column, whose value is another one; who has a row at all comes first.

    Examples
    --------
    >>> day = date(2024, 1, 1)
    >>> one = pl.DataFrame({"snapshot": [day, day], "customer_key": [1, 2], "orders": [3, None], "churned": [0, 1]})
    >>> two = pl.DataFrame({"snapshot": [day], "customer_key": [2], "orders": [7], "churned": [1]})
    >>> differences(one, two, "features")
    {'eligible': [1], 'orders': [2]}
    """
    columns = [LABEL] if what == "label" else [name for name in before.columns if name not in {*KEYS, LABEL}]
    keys = before["customer_key"].to_list(), after["customer_key"].to_list()
    by_column = {"eligible": sorted(set(keys[0]) ^ set(keys[1]))}
    both = before.join(after, on="customer_key", how="inner", suffix=" again").sort("customer_key")
    for name in columns:
        same = both[name].eq_missing(both[f"{name} again"])
        by_column[name] = both.filter(~same)["customer_key"].to_list()
    return {name: customers for name, customers in by_column.items() if customers}


def _customer_id(job: build.Job, key: int) -> str:
    file = storage.bucket_file(job.tables / "transactions", job.bucket)
    ids = storage.read_parquet(file, ["customer_key", "customer_id"])
    return str(ids.filter(pl.col("customer_key") == key)["customer_id"][0])


def _write(engine: duckdb.DuckDBPyConnection, table: schemas.Table, file: Path, folder: Path, replay: Replay) -> None:
    rows = sql.parquet([file])
    types = {str(row[0]): str(row[1]) for row in engine.execute(f"DESCRIBE SELECT * FROM {rows}").fetchall()}
    change = truncated if replay.how == "truncation" else corrupted
    with storage.new_folder(folder) as partial:
        storage.copy_to(engine, change(table, rows, types, replay.cut), partial / file.name)


def _market(file: Path, replay: Replay) -> str:
    """A query of the orders of everybody, of which those from the cut on are gone or garbage."""
    rows, day = sql.parquet([file]), _day(replay.cut)
    if replay.how == "truncation":
        return f"SELECT * FROM {rows} WHERE day < {day}"
    garbage = ", ".join(
        f"CASE WHEN day < {day} THEN {name} ELSE {name} * -7 END AS {name}" for name in ("orders", "all_orders")
    )
    return f"SELECT * REPLACE ({garbage}) FROM {rows}"


def truncated(table: schemas.Table, rows: str, types: dict[str, str], cut: date) -> str:
    """A query of the rows known before a day, without what was to happen to them later."""
    if table.sort_day is None:
        return f"SELECT * FROM {rows}"
    day = _day(cut)
    changes = {name: f"CASE WHEN {name} < {day} THEN {name} END" for name in _known_later(table, types)}
    changes |= {name: f"CASE WHEN {known_day} < {day} THEN {name} END" for name, known_day in _known_with(table, types)}
    return f"SELECT {_all_but(changes)} FROM {rows} WHERE {table.sort_day} < {day}"


def corrupted(table: schemas.Table, rows: str, types: dict[str, str], cut: date) -> str:
    """A query of all rows, with garbage from a day on: amounts times -7, days and items mixed up, rows added."""
    if table.sort_day is None:
        return f"SELECT * FROM {rows}"
    day, sort_day = _day(cut), table.sort_day
    later = {name: f"CASE WHEN {name} < {day} THEN {name} ELSE {day} + 3 END" for name in _known_later(table, types)}
    later |= {
        name: f"CASE WHEN {when} < {day} THEN {name} ELSE {name} * 7 + 3 END"
        for name, when in _known_with(table, types)
    }
    kept = ("customer_key", "customer_id", sort_day)
    garbage = {name: _garbage(name, kind, day) for name, kind in types.items() if name not in kept}
    garbage[sort_day] = _mixed(sort_day, day)
    return f"""
        SELECT {_all_but(later)} FROM {rows} WHERE {sort_day} < {day}
        UNION ALL SELECT {_all_but(garbage)} FROM {rows} WHERE {sort_day} >= {day}
        UNION ALL SELECT {_all_but({sort_day: f"{sort_day} + {EXTRA_DAYS}"})} FROM {rows}
            WHERE {sort_day} < {day} AND {sort_day} >= {day} - {EXTRA_DAYS}"""


def _garbage(name: str, kind: str, day: str) -> str:
    column = sql.name(name)
    if kind == "VARCHAR":
        return f"reverse({column})"
    if kind == "BOOLEAN":
        return f"NOT {column}"
    if kind == "DATE":
        return f"CASE WHEN {column} < {day} THEN {column} ELSE {_mixed(column, day)} END"
    return f"TRY_CAST(CAST({column} AS DOUBLE) * -7 AS {kind})"


def _mixed(column: str, day: str) -> str:
    """Another day of the six weeks after the cut; 41 is a prime, so neighbours are torn apart."""
    return f"{day} + CAST((({column} - {day}) * 7 + 3) % 41 AS INTEGER)"


def _known_later(table: schemas.Table, types: dict[str, str]) -> list[str]:
    return [name for name in KNOWN_LATER.get(table.name, ()) if name in types]


def _known_with(table: schemas.Table, types: dict[str, str]) -> list[tuple[str, str]]:
    day_columns = KNOWN_WITH.get(table.name, {})
    return [(name, day) for name, day in day_columns.items() if {name, day} <= set(types)]


def _all_but(changes: dict[str, str]) -> str:
    replacements = ", ".join(f"{change} AS {sql.name(name)}" for name, change in changes.items())
    return f"* REPLACE ({replacements})" if replacements else "*"


def _day(day: date) -> str:
    return f"DATE '{day.isoformat()}'"
