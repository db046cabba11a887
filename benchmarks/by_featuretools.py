"""Features of a snapshot by featuretools, which has libraries of its own: run by `benchmarks.features`, never imported.

Deep feature synthesis over order lines and events, with the aggregates it takes by default for numbers and categories.
It prints, as JSON, what that took.
"""

import json
import sys
import time
import warnings
from pathlib import Path

import featuretools
import pandas as pd

LINES = {"product_id": "Categorical", "category": "Categorical", "transaction_id": "Categorical"}
AGGREGATES = ["count", "sum", "mean", "std", "max", "min", "skew", "num_unique", "trend"]


def read(tables: Path, customers: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Order lines and events of the first customers."""
    lines = _rows(tables / "transactions", ["customer_key", "day", "amount_minor", "quantity", *LINES])
    events = _rows(tables / "events", ["customer_key", "day", "event_type"])
    chosen = lines["customer_key"].drop_duplicates().iloc[:customers]
    lines, events = (rows[rows["customer_key"].isin(chosen)].reset_index(drop=True) for rows in (lines, events))
    return lines.astype({"quantity": float}), events


def _rows(folder: Path, columns: list[str]) -> pd.DataFrame:
    rows = pd.concat([pd.read_parquet(file, columns=columns) for file in sorted(folder.glob("*.parquet"))])
    return rows.assign(day=pd.to_datetime(rows["day"]))


def features(lines: pd.DataFrame, events: pd.DataFrame, day: str) -> pd.DataFrame:
    """One row per customer, of what came before the day."""
    known = featuretools.EntitySet("company")
    customers = lines[["customer_key"]].drop_duplicates()
    known.add_dataframe(dataframe_name="customers", dataframe=customers, index="customer_key")
    for name, rows, kinds in (("lines", lines, LINES), ("events", events, {"event_type": "Categorical"})):
        known.add_dataframe(
            dataframe_name=name, dataframe=rows, index=f"{name}_row", make_index=True, time_index="day",
            logical_types=kinds,
        )  # fmt: skip
        known.add_relationship("customers", "customer_key", name, "customer_key")
    made, _ = featuretools.dfs(
        entityset=known, target_dataframe_name="customers", cutoff_time=pd.Timestamp(day), include_cutoff_time=False,
        agg_primitives=AGGREGATES, trans_primitives=[],
    )  # fmt: skip
    return made


def main() -> None:
    """Make the features of as many customers and print what it took; arguments: project, customers, day."""
    warnings.simplefilter("ignore")
    lines, events = read(Path(sys.argv[1]) / "data" / "tables", int(sys.argv[2]))
    # Most of reading goes into the rows of customers it is not asked for.
    start = time.perf_counter()
    made = features(lines, events, sys.argv[3])
    seconds = time.perf_counter() - start
    known = lines[lines["day"] < sys.argv[3]]
    assert made["COUNT(lines)"].sum() == len(known), "every line before the day, and no other"
    assert made["SUM(lines.amount_minor)"].sum() == known["amount_minor"].sum(), "all of their money"
    print(json.dumps({"seconds": seconds, "features": made.shape[1], "customers": len(made)}))


if __name__ == "__main__":
    main()
