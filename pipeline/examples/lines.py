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
from pipeline.examples.aggregates import Days, Positions, Values, different, firsts, is_in_order
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
    made = {"purchase": _purchases(_where(lines, IS_PAID))}
    bought = _where(lines, pl.col("amount_minor") >= 0)
    if "refund" in kinds:
        made["refund"] = _refunds(lines.filter(~IS_PAID))
    if "margin" in kinds and "cost_minor" in present:
        made["margin"] = _margins(lines.filter(pl.col("cost_minor").is_not_null()))
    for kind, column in items.items():
        needed = bought if kind == "product" else bought.select(*WHEN, column)
        rows = _where(needed, pl.col(column).is_not_null())
        made[kind] = products(rows) if kind == "product" else Items(rows, column).frame()
    return made


def purchase_days(file: Path) -> pl.DataFrame:
    """Of the purchases that `transactions` gives, only how many ``orders`` each customer placed on each day."""
    needed = {"amount_minor", "quantity"} & set(pl.read_parquet_schema(file))
    days = _Days(_where(_marked(file, sorted(needed)), IS_PAID))
    return days.frame(orders=days.orders())


def _marked(file: Path, columns: list[str]) -> pl.DataFrame:
    """The lines in order, with what an order is known by, and whether each line is a discount."""
    return discount_lines.mark(_in_order(pl.read_parquet(file, columns=[*WHEN, "transaction_id", *columns]).rechunk()))


def events(file: Path) -> pl.DataFrame:
    """The history rows that the events of a bucket give: how many of each type on each day."""
    items = Items(_in_order(pl.read_parquet(file, columns=[*WHEN, "event_type"]).rechunk()), "event_type")
    return items.frame(events=items.total(np.ones(len(items.rows), dtype=np.int64)))


def _in_order(lines: pl.DataFrame) -> pl.DataFrame:
    whole = [pl.col(name).to_physical().cast(pl.Int64) for name in THOUSANDTHS if name in lines.columns]
    # As ingest writes them; a table that was altered in between need not be.
    return (lines if is_in_order(*_when(lines)) else lines.sort(WHEN)).with_columns(whole)


def _when(lines: pl.DataFrame) -> tuple[Positions, Days]:
    return lines["customer_key"].to_numpy(), lines["day"].to_physical().to_numpy()


def _where(lines: pl.DataFrame, test: pl.Expr) -> pl.DataFrame:
    """The lines for which a test holds; all of them, where it does for all, are not copied."""
    holds = lines.select(test).to_series().fill_null(value=False)
    return lines if holds.all() else lines.filter(holds)


class _Days:
    """The lines of each customer and day, as ranges."""

    def __init__(self, lines: pl.DataFrame) -> None:
        self._lines = lines
        self._starts = np.flatnonzero(firsts(*_when(lines)))

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
        lengths = np.diff(self._starts, append=len(self._lines))
        orders, several = np.ones(len(lengths), dtype=np.int64), np.flatnonzero(lengths > 1)
        ends = np.cumsum(lengths[several])
        starts = ends - lengths[several]
        lines = np.repeat(self._starts[several] - starts, lengths[several]) + np.arange(ends[-1] if len(ends) else 0)
        # Of ids, their hashes of 64 bits: two orders of one customer and day share one once in 10^19.
        orders[several] = different(self._lines["transaction_id"].gather(lines).hash().to_numpy(), starts, ends)
        return orders


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
