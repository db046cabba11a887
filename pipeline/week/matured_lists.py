"""The earlier lists whose outcome windows are over, joined with what came; by the data as they are known now."""

from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from pipeline import lists, sql
from pipeline.config.params import Label
from pipeline.config.paths import Paths
from pipeline.examples import labels
from pipeline.examples.history import Rows
from pipeline.examples.snapshots import is_complete, outcome_window
from pipeline.outcomes import maturity
from pipeline.outcomes.maturity import OldList
from pipeline.tables import storage

MAX_LISTS: Final = 13
"""How many lists are looked back at: a quarter of weeks."""
CHURNED: Final = {"customer_id": pl.String(), "churned": pl.Int64()}


def read(paths: Paths, company: str, day: date) -> pl.DataFrame:
    """What became of everybody on the last lists whose outcome windows were over on the day.

    Parameters
    ----------
    paths
        Where tables and published weeks lie.
    company
        Weeks of other companies are none of them.
    day
        The day of the new list. Of a window that ends later nothing is looked at.

    Returns
    -------
    polars.DataFrame
        The columns of `pipeline.outcomes.maturity.SCHEMA`, the earliest list first; no row where no window is over.
    """
    old = list(islice(_old_lists(paths.exports, company, day), MAX_LISTS))
    churned = outcomes(paths, old)
    parts = [maturity.compare(one, churned[one.as_of]) for one in reversed(old)]
    return pl.concat([pl.DataFrame(schema=maturity.SCHEMA), *parts])


def last_over(paths: Paths, company: str, day: date) -> tuple[OldList, pl.DataFrame] | None:
    """The last list whose outcome window was over on a day, and who churned (the columns `CHURNED`); None without one.

    Parameters
    ----------
    paths, company, day
        See `read`.
    """
    old = list(islice(_old_lists(paths.exports, company, day), 1))
    return (old[0], outcomes(paths, old)[old[0].as_of]) if old else None


def _old_lists(exports: Path, company: str, day: date) -> Iterator[OldList]:
    """Those of the same meaning of churn as they say themselves, the latest first."""
    for folder in lists.weeks_before(exports, company, day):
        label, as_of = label_of(folder), date.fromisoformat(folder.name)
        if label is not None and is_complete(as_of, label, day):
            expected = storage.read_json(folder / "run_report.json").get("expected", {})
            yield OldList(as_of, label, _decided(folder), expected)


def label_of(folder: Path) -> Label | None:
    """What churn meant to a published list; None where it does not say."""
    report = folder / "run_report.json"
    meant = storage.read_json(report).get("model", {}).get("label") if report.is_file() else None
    return None if meant is None else Label(**{name: meant[name] for name in Label.model_fields if name in meant})


def _decided(folder: Path) -> pl.DataFrame:
    """The decisions on everybody scored; weeks of older versions lack some of the columns."""
    actions = pl.scan_parquet(folder / "actions.parquet")
    there = [name for name in actions.collect_schema().names() if name in maturity.DECIDED]
    decided = pl.concat(
        [pl.DataFrame(schema=maturity.DECIDED), actions.select(there).collect()], how="diagonal_relaxed"
    )
    listed = storage.read_parquet(folder / "risk_list.parquet", ["customer_id"])
    return decided.with_columns(pl.col("customer_id").is_in(listed["customer_id"].implode()).alias("is_listed"))


def outcomes(paths: Paths, old: list[OldList]) -> dict[date, pl.DataFrame]:
    """Who churned in the window of each list, by its day; of the columns `CHURNED`.

    Who is in none of them, such as a customer without a contract where those count, had no outcome.
    """
    parts: dict[date, list[pl.DataFrame]] = {one.as_of: [pl.DataFrame(schema=CHURNED)] for one in old}
    by_purchase = [one for one in old if one.label.kind != "cancellation"]
    for file in storage.bucket_files(paths.tables / "transactions") if by_purchase else []:
        for one, bought in _bought(file, by_purchase):
            parts[one.as_of].append(bought)
    by_contract = [one for one in old if one.label.kind == "cancellation"]
    for file in storage.bucket_files(paths.tables / "subscriptions") if by_contract else []:
        for one, ended in _ended(file, by_contract):
            parts[one.as_of].append(ended)
    joined = {as_of: pl.concat(tables) for as_of, tables in parts.items()}
    for one in by_purchase:
        joined[one.as_of] = _with_silent(one.decided, joined[one.as_of])
    return joined


def _bought(file: Path, old: list[OldList]) -> Iterator[tuple[OldList, pl.DataFrame]]:
    """Of a bucket, who bought something in the window of each list; a refund is no purchase."""
    windows = [outcome_window(one.as_of, one.label) for one in old]
    first, end = min(window.start for window in windows), max(window.end for window in windows)
    bought = pl.scan_parquet(file).filter(pl.col("day") >= first, pl.col("day") < end, pl.col("amount_minor") >= 0)
    days = bought.select("customer_id", "day").unique().collect()
    for one, window in zip(old, windows, strict=True):
        if one.label.kind == "overdue":
            yield one, _overdue(file, one)
            continue
        inside = days.filter(pl.col("day") >= window.start, pl.col("day") < window.end)
        who = inside.select("customer_id").unique()
        yield one, who.with_columns(pl.lit(0, dtype=pl.Int64).alias("churned"))


def _overdue(file: Path, old: OldList) -> pl.DataFrame:
    """Of a bucket, who was overdue by the end of the window of a list and who was not, by all purchases before."""
    end = outcome_window(old.as_of, old.label).end
    rows = pl.scan_parquet(file).filter(pl.col("amount_minor") >= 0, pl.col("day") < end)
    days = rows.select("customer_id", "day").unique().sort("customer_id", "day").collect()
    lengths = days.group_by("customer_id", maintain_order=True).len()
    ends = lengths["len"].cast(pl.Int64).cum_sum().to_numpy()
    purchases = Rows(days, np.concatenate([[0], ends[:-1]]), ends)
    churned = labels.overdue(purchases, old.as_of, old.label)
    return lengths.select("customer_id", pl.Series("churned", churned, dtype=pl.Int64))


def _with_silent(decided: pl.DataFrame, bought: pl.DataFrame) -> pl.DataFrame:
    """Who was scored and bought nothing has churned."""
    both = decided.select("customer_id").join(bought, on="customer_id", how="left", maintain_order="left")
    return both.with_columns(pl.col("churned").fill_null(1))


def _ended(file: Path, old: list[OldList]) -> Iterator[tuple[OldList, pl.DataFrame]]:
    """Of a bucket, whose contract ended in the window of each list and whose did not."""
    source = sql.parquet([file])
    with sql.connect(1, 1.0) as engine:
        columns = {row[0] for row in engine.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}
        ids = f"SELECT customer_key, any_value(customer_id) AS customer_id FROM {source} GROUP BY customer_key"
        waited_days = None
        for one in old:
            # Hardly ever is a list of another mind than the one before it about when a contract is over.
            if one.label.renewal_wait_days != waited_days:
                waited_days = one.label.renewal_wait_days
                engine.execute(labels.contracts(source, columns, one.label))
            ended = labels.cancelled(one.as_of, one.label)
            rows = sql.frame(engine, f"SELECT customer_id, churned FROM ({ended}) JOIN ({ids}) USING (customer_key)")
            yield one, rows.cast(CHURNED)  # type: ignore[arg-type]
