"""The lines of one customer, item and day as one history row, beside the day the item came before and the next."""

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.examples.aggregates import Flags, Values
from pipeline.examples.item_days import NOWHERE, item_days, total_by


class Items:
    """The item days of each customer: all its lines of one item and day are one.

    Parameters
    ----------
    rows
        Lines in order of customer and day, each with an item.
    column
        What the item is.
    """

    def __init__(self, rows: pl.DataFrame, column: str) -> None:
        self.rows = rows.with_columns(pl.col(column).cast(pl.Categorical).alias("item"))
        codes = self.rows["item"].to_physical().to_numpy()
        key, days = rows["customer_key"].to_numpy(), rows["day"].to_physical().to_numpy()
        items = int(codes.max(initial=0)) + 1
        self._item_day, self._lines, self.before, self._next = item_days(codes, key, days, items)

    def __len__(self) -> int:
        return len(self._lines)

    def total(self, values: Values) -> Values:
        """The sum of the lines of each item day."""
        return total_by(self._item_day, values, len(self))

    def frame(self, **columns: Values) -> pl.DataFrame:
        """A row per item day, with the next day of the same customer and item, and these columns: (item days,) each."""
        rows = self.rows.select("customer_key", "day", "item")[self._lines]
        following = rows["day"].gather(np.maximum(self._next, 0)).set(pl.Series(self._next == NOWHERE), None)
        return rows.with_columns(following.alias("next_day"), **{name: pl.Series(one) for name, one in columns.items()})


def products(bought: pl.DataFrame) -> pl.DataFrame:
    """The rows of the kind ``product``: what is new to its customer, and what costs more than when bought last."""
    items = Items(bought, "product_id")
    price = "list_amount_minor" if "list_amount_minor" in bought.columns else "amount_minor"
    paid, is_priced = _sum_of_known(items, price)
    pieces, is_counted = (
        _sum_of_known(items, "quantity")
        if "quantity" in bought.columns
        else (items.total(np.ones(len(bought), dtype=np.int64)), np.ones(len(items), dtype=np.bool_))
    )
    own = np.flatnonzero(items.before != NOWHERE)
    before = items.before[own]
    is_priced &= is_counted
    is_known = is_priced[own] & is_priced[before] & (paid[before] > 0)
    is_dearer = np.zeros(len(items), dtype=np.int64)
    is_dearer[own] = is_known & _rose(paid[own], pieces[own], paid[before], pieces[before])
    return items.frame(is_new=(items.before == NOWHERE).astype(np.int64), is_dearer=is_dearer)


def _sum_of_known(items: Items, column: str) -> tuple[Values, Flags]:
    values = items.rows[column]
    if not values.null_count():
        return items.total(values.to_numpy()), np.ones(len(items), dtype=np.bool_)
    known = items.total(values.is_not_null().cast(pl.Int64).to_numpy())
    return items.total(values.fill_null(0).to_numpy()), known > 0


def _rose(paid: Values, pieces: Values, paid_before: Values, pieces_before: Values) -> npt.NDArray[np.bool_]:
    """Whether a piece costs over a hundredth more than before; exactly so, for rises of just a hundredth are common."""
    now = 100.0 * paid * pieces_before
    limit = 101.0 * paid_before * pieces
    rose: npt.NDArray[np.bool_] = now > limit
    # Multiplied out there is nothing to round but the product itself, which may have more digits than a float.
    close = np.flatnonzero(np.abs(now - limit) <= 1e-9 * (np.abs(now) + np.abs(limit)))
    numbers = (values[close].tolist() for values in (paid, pieces, paid_before, pieces_before))
    rose[close] = [100 * p * n_before > 101 * p_before * n for p, n, p_before, n_before in zip(*numbers, strict=True)]
    return rose
