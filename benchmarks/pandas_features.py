"""Features by pandas, each by the shortest way that it has, under the names that the pipeline gives them."""

from datetime import date
from pathlib import Path

import pandas as pd

WINDOWS = (7, 30, 90, 180, 365)
# What the files of ``company_files`` call a column, and the tables of the pipeline.
RENAMED = {"customer": "customer_key", "order": "transaction_id", "item": "product_id", "kind": "category"}


def of_tables(tables: Path, day: date) -> pd.DataFrame:
    """Features of all customers who bought before a day, of the canonical tables; see `features`."""
    lines, events = (_read(sorted((tables / name).glob("*.parquet"))) for name in ("transactions", "events"))
    return features(lines, events, day)


def of_files(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The order lines and the events of a company as its files have them, in the columns of the tables."""
    lines, events = (
        _read(sorted(folder.glob(f"{name}-*.parquet"))).rename(columns=RENAMED) for name in ("lines", "events")
    )
    lines["amount_minor"] = (lines["paid"] * 100).round().astype("int64")
    return lines, events


def _read(files: list[Path]) -> pd.DataFrame:
    rows = pd.concat([pd.read_parquet(file) for file in files])
    rows["day"] = pd.to_datetime(rows["day"])
    return rows


def features(lines: pd.DataFrame, events: pd.DataFrame, day: date) -> pd.DataFrame:
    """Features of all customers who bought before a day.

    Parameters
    ----------
    lines, events
        ``customer_key`` and ``day``, and of lines ``transaction_id``, ``amount_minor``, ``product_id``, ``category``.
    day
        The snapshot; only earlier rows count.

    Returns
    -------
    pandas.DataFrame
        One row per customer, by ``customer_key``; money in currency units, of two digits.
    """
    lines, events = (_before(rows, day) for rows in (lines, events))
    bought = lines[lines["amount_minor"] >= 0]
    by_customer = bought.groupby("customer_key")
    days = bought[["customer_key", "day", "days_ago"]].drop_duplicates(["customer_key", "day"])
    days = days.sort_values(["customer_key", "day"])
    gaps = (-days.groupby("customer_key")["days_ago"].diff()).groupby(days["customer_key"])
    columns = {
        "days_since_last_order": by_customer["days_ago"].min(),
        "days_since_first_order": by_customer["days_ago"].max(),
        "orders_ever": by_customer["transaction_id"].nunique(),
        "order_days_ever": days.groupby("customer_key").size(),
        "gap_mean_days": gaps.mean(),
        "gap_spread_days": gaps.std(),
        "gap_longest_days": gaps.max(),
    }
    for window in WINDOWS:
        recent = bought[bought["days_ago"] <= window].groupby("customer_key")
        columns[f"orders_{window}d"] = recent["transaction_id"].nunique()
        columns[f"spend_{window}d"] = recent["amount_minor"].sum() / 100
    for window in (30, 90, 365):
        recent = bought[bought["days_ago"] <= window].groupby("customer_key")
        seen = events[events["days_ago"] <= window].groupby("customer_key")
        columns[f"products_{window}d"] = recent["product_id"].nunique()
        columns[f"categories_{window}d"] = recent["category"].nunique()
        columns[f"events_{window}d"] = seen.size()
    counted = [
        name for name in columns if name.startswith(("orders_", "spend_", "products_", "categories_", "events_"))
    ]
    made = pd.DataFrame(columns)
    made[counted] = made[counted].fillna(0)
    return made[made["days_since_first_order"].notna()]


def _before(rows: pd.DataFrame, day: date) -> pd.DataFrame:
    rows = rows.assign(days_ago=(pd.Timestamp(day) - rows["day"]).dt.days)
    return rows[rows["days_ago"] > 0]
