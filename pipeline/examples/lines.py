"""Transactions and events as history rows: a row per customer and day, or per customer, day and item, by kind.

purchase  what was bought that day, less discounts in lines of their own; `gap_days` since the purchase day before
refund    what was given back
margin    what was paid, less refunds, less cost: of the lines whose cost is known
product, category, store, channel   one row per item bought that day
event     one row per event type

A row of a product is `is_new` when it was never bought before, and `is_dearer` when its price before discounts has
risen by more than a hundredth since this customer bought it last. `next_day` is the next day of the same customer and
item. Lines come sorted by customer and day, so that each row is made of lines that lie together.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl

from pipeline.examples import discount_lines
from pipeline.examples.aggregates import Positions, Values, different
from pipeline.examples.history import THOUSANDTHS
from pipeline.examples.items import Items, products

WHEN = ["customer_key", "day"]
ITEM_COLUMNS = {"product": "product_id", "category": "category", "store": "store_id", "channel": "channel"}
PURCHASE_SUMS = (
    "quantity",
    "amount_minor",
    "list_amount_minor",
    "discount_minor",
    "personal_discount_minor",
    "cost_minor",
)
IS_PAID = (pl.col("amount_minor") >= 0) | pl.col("is_discount")


def transactions(file: Path, kinds: set[str]) -> dict[str, pl.DataFrame]:
    """The history rows that the transactions of a bucket give, by kind.

    Parameters
    ----------
    file
        The canonical table.
    kinds
        The kinds that are needed; purchases come in any case, and none without its column.
    """
    present = set(pl.read_parquet_schema(file))
    items = {kind: column for kind, column in ITEM_COLUMNS.items() if kind in kinds and column in present}
    lines = _marked(file, [*(name for name in PURCHASE_SUMS if name in present), *items.values()])
    made = {"purchase": _purchases(lines.filter(IS_PAID))}
    bought = lines.filter(pl.col("amount_minor") >= 0)
    if "refund" in kinds:
        made["refund"] = _refunds(lines.filter(~IS_PAID))
    if "margin" in kinds and "cost_minor" in present:
        made["margin"] = _margins(lines.filter(pl.col("cost_minor").is_not_null()))
    for kind, column in items.items():
        rows = bought.filter(pl.col(column).is_not_null())
        made[kind] = products(rows) if kind == "product" else Items(rows, column).frame()
    return made


def purchase_days(file: Path) -> pl.DataFrame:
    """Of the purchases that `transactions` gives, only how many ``orders`` each customer placed on each day."""
    needed = {"amount_minor", "quantity"} & set(pl.read_parquet_schema(file))
    days = _Days(_marked(file, sorted(needed)).filter(IS_PAID))
    return days.frame(orders=days.orders())


def _marked(file: Path, columns: list[str]) -> pl.DataFrame:
    """The lines in order, with what an order is known by, and whether each line is a discount."""
    return discount_lines.mark(_in_order(pl.read_parquet(file, columns=[*WHEN, "transaction_id", *columns])))


def events(file: Path) -> pl.DataFrame:
    """The history rows that the events of a bucket give: how many of each type on each day."""
    items = Items(_in_order(pl.read_parquet(file, columns=[*WHEN, "event_type"])), "event_type")
    return items.frame(events=items.total(np.ones(len(items.rows), dtype=np.int64)))


def _in_order(lines: pl.DataFrame) -> pl.DataFrame:
    whole = [pl.col(name).to_physical().cast(pl.Int64) for name in THOUSANDTHS if name in lines.columns]
    # As ingest writes them; a table that was altered in between need not be.
    is_sorted = lines.select(pl.struct(WHEN).is_sorted()).item() if len(lines) else True
    return (lines if is_sorted else lines.sort(WHEN)).with_columns(whole).rechunk()


class _Days:
    """The lines of each customer and day, as ranges."""

    def __init__(self, lines: pl.DataFrame) -> None:
        self._lines = lines
        key, day = lines["customer_key"].to_numpy(), lines["day"].to_physical().to_numpy()
        is_first = np.ones(len(lines), dtype=np.bool_)
        is_first[1:] = (key[1:] != key[:-1]) | (day[1:] != day[:-1])
        self._starts = np.flatnonzero(is_first)

    def frame(self, **columns: Values | pl.Series) -> pl.DataFrame:
        """A row per customer and day, with these columns."""
        return self._lines.select(WHEN)[self._starts].with_columns(**_series(columns))

    def total(self, values: Values) -> Values:
        """The sum of each day."""
        return np.add.reduceat(values, self._starts) if len(self._starts) else values

    def known_total(self, column: str) -> pl.Series:
        """The sum of what is known of a column, null where nothing is."""
        values = self._lines[column]
        total = pl.Series(self.total(values.fill_null(0).to_numpy()))
        is_known = self.total(values.is_not_null().cast(pl.Int64).to_numpy()) > 0
        return total if is_known.all() else total.set(pl.Series(~is_known), None)

    def orders(self) -> Positions:
        """How many different orders each day has."""
        # Of ids, their hashes of 64 bits: two orders of one customer and day share one once in 10^19.
        ids = self._lines["transaction_id"].hash().to_numpy()
        return different(ids, self._starts, np.append(self._starts[1:], len(ids)))


def _series(columns: Mapping[str, Values | pl.Series]) -> dict[str, pl.Series]:
    return {name: pl.Series(values) for name, values in columns.items()}


def _purchases(bought: pl.DataFrame) -> pl.DataFrame:
    days = _Days(bought)
    sums = {name: days.known_total(name) for name in PURCHASE_SUMS if name in bought.columns}
    is_same_customer = pl.col("customer_key") == pl.col("customer_key").shift()
    gap = pl.when(is_same_customer).then(pl.col("day").diff().dt.total_days())
    return days.frame(orders=days.orders(), **sums).with_columns(gap.alias("gap_days"))


def _refunds(refunded: pl.DataFrame) -> pl.DataFrame:
    days = _Days(refunded)
    return days.frame(orders=days.orders(), amount_minor=days.total(-refunded["amount_minor"].to_numpy()))


def _margins(costed: pl.DataFrame) -> pl.DataFrame:
    days = _Days(costed)
    amount, cost = costed["amount_minor"].to_numpy(), costed["cost_minor"].to_numpy()
    is_paid = (amount >= 0) | costed["is_discount"].to_numpy()
    return days.frame(margin_minor=days.total(amount - cost), amount_minor=days.total(np.where(is_paid, amount, 0)))
