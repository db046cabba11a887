"""Features by pandas, each by the shortest way that it has, under the names that the pipeline gives them."""

from datetime import date
from pathlib import Path

import pandas as pd

WINDOWS = (7, 30, 90, 180, 365)
# What the files of ``company_files`` call a column, and the tables of the pipeline.
NEEDED = {
    "transactions": [
        *("customer_key", "day", "transaction_id", "amount_minor", "discount_minor", "product_id"),
        *("category", "store_id"),
    ],
    "events": ["customer_key", "day", "event_type"],
}
IN_FILES = {
    "lines": {
        **{"customer": "customer_key", "day": "day", "order": "transaction_id", "paid": "amount_minor"},
        **{"saved": "discount_minor", "item": "product_id", "kind": "category", "shop": "store_id"},
    },
    "events": {"customer": "customer_key", "day": "day", "what": "event_type"},
}


def of_tables(tables: Path, day: date) -> pd.DataFrame:
    """Features of all customers who bought before a day, of the canonical tables; see `features`."""
    lines, events = (_read(sorted((tables / name).glob("*.parquet")), NEEDED[name]) for name in NEEDED)
    return features(lines, events, day)


def names() -> list[str]:
    """What `features` makes, whatever the tables hold."""
    day = pd.Timestamp(2024, 1, 1)
    line, event = ({name: [day if name == "day" else 1] for name in columns} for columns in NEEDED.values())
    made = features(pd.DataFrame(line), pd.DataFrame(event | {"event_type": ["visit"]}), date(2024, 1, 2))
    return list(made.columns)


def of_files(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The order lines and the events of a company as its files have them, in the columns of the tables."""
    lines, events = (
        _read(sorted(folder.glob(f"{name}-*.parquet")), list(columns)).rename(columns=columns)
        for name, columns in IN_FILES.items()
    )
    for money in ("amount_minor", "discount_minor"):
        lines[money] = (lines[money] * 100).round().astype("int64")
    return lines, events


def _read(files: list[Path], columns: list[str]) -> pd.DataFrame:
    rows = pd.concat([pd.read_parquet(file, columns=columns) for file in files])
    rows["day"] = pd.to_datetime(rows["day"])
    return rows


def features(lines: pd.DataFrame, events: pd.DataFrame, day: date) -> pd.DataFrame:
    """Features of all customers who bought before a day.

    Parameters
    ----------
    lines, events
        The columns of `NEEDED`.
    day
        The snapshot; only earlier rows count.

    Returns
    -------
    pandas.DataFrame
        One row per customer, by ``customer_key``; money in currency units, of two digits.
    """
    bought, events = _before(lines[lines["amount_minor"] >= 0], day), _before(events, day)
    made = _of_orders_and_windows(bought, events)
    more = {**_orders_and_visits_by_window(bought, events), **_of_a_year(bought), **_gaps_lately(bought)}
    every = made.join(pd.DataFrame(more), how="left")
    counted = [name for name in more if name.endswith("_31_to_120d") or name.startswith(("stores_", "events_visit_"))]
    every[counted] = every[counted].fillna(0)
    for what in ("orders", "spend", "events"):
        before = every[f"{what}_31_to_120d"]
        every[f"{what}_trend_30d"] = every[f"{what}_30d"] * 3 / before.where(before != 0)
    for window in (90, 365):
        every[f"spend_per_order_{window}d"] = every[f"spend_{window}d"] / every[f"orders_{window}d"]
    for part in ("weekend", "month_start"):
        every[f"{part}_share_365d"] = every.pop(f"{part}_orders_365d").fillna(0) / every["orders_365d"]
    every["gap_spread_per_mean"] = every["gap_spread_days"] / every["gap_mean_days"]
    every["gap_trend_90d"] = every["gap_mean_90d_days"] / every["gap_mean_days"]
    return every


def _of_orders_and_windows(bought: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
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


def _orders_and_visits_by_window(bought: pd.DataFrame, events: pd.DataFrame) -> dict[str, pd.Series]:
    earlier, happened = (rows[rows["days_ago"].between(31, 120)].groupby("customer_key") for rows in (bought, events))
    visits = events[events["event_type"] == "visit"]
    days = visits.groupby("customer_key")["days_ago"]
    made = {
        "orders_31_to_120d": earlier["transaction_id"].nunique(),
        "spend_31_to_120d": earlier["amount_minor"].sum() / 100,
        "events_31_to_120d": happened.size(),
        "days_since_last_event": events.groupby("customer_key")["days_ago"].min(),
        "days_since_last_event_visit": days.min(),
        "event_visit_gap_mean_days": (days.max() - days.min()) / (days.nunique() - 1).where(days.nunique() > 1),
    }
    for window in (30, 90, 365):
        made[f"events_visit_{window}d"] = visits[visits["days_ago"] <= window].groupby("customer_key").size()
    return made


def _of_a_year(bought: pd.DataFrame) -> dict[str, pd.Series]:
    made = {}
    for window in (90, 365):
        recent = bought[bought["days_ago"] <= window]
        sums = recent.groupby("customer_key")[["discount_minor", "amount_minor"]].sum()
        whole = sums.sum(axis=1)
        made[f"discount_share_{window}d"] = sums["discount_minor"] / whole.where(whole != 0)
        made[f"stores_{window}d"] = recent.groupby("customer_key")["store_id"].nunique()
    year = bought[bought["days_ago"] <= 365]
    on_a_day = year.groupby(["customer_key", "day"])["amount_minor"].sum()
    made["largest_day_spend_365d"] = on_a_day.groupby("customer_key").max() / 100
    for part, holds in (("weekend", year["day"].dt.day_of_week >= 5), ("month_start", year["day"].dt.day <= 10)):
        made[f"{part}_orders_365d"] = year[holds].groupby("customer_key")["transaction_id"].nunique()
    return made


def _gaps_lately(bought: pd.DataFrame) -> dict[str, pd.Series]:
    days = bought[["customer_key", "days_ago"]].drop_duplicates().sort_values(["customer_key", "days_ago"])
    gaps = -days.groupby("customer_key")["days_ago"].diff(-1)
    lately = days["days_ago"] <= 90
    return {"gap_mean_90d_days": gaps[lately].groupby(days["customer_key"][lately]).mean()}


def _before(rows: pd.DataFrame, day: date) -> pd.DataFrame:
    rows = rows.assign(days_ago=(pd.Timestamp(day) - rows["day"]).dt.days)
    return rows[rows["days_ago"] > 0]
