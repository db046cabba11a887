"""The lines of one customer, item and day as one history row, beside the day the item came before and the next."""

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.examples.aggregates import Flags, Values, firsts
from pipeline.examples.item_days import NOWHERE, item_days


class Items:
    """The lines of each customer, item and day; the first of them stands for all.

    Parameters
    ----------
    rows
        Lines in order of customer and day, each with an item.
    column
        What the item is.
    """

    def __init__(self, rows: pl.DataFrame, column: str) -> None:
        self.rows = rows.with_columns(pl.col(column).cast(pl.Categorical).alias("item"))
        key, days = rows["customer_key"].to_numpy(), rows["day"].to_physical().to_numpy()
        starts = np.flatnonzero(firsts(key))
        codes = self.rows["item"].to_physical().to_numpy()
        self._first, self._before = item_days(codes, days, starts, np.append(starts[1:], len(rows)))
        self.own = np.flatnonzero(self._first == np.arange(len(rows)))
        self.before = self._before[self.own]

    def total(self, values: Values) -> Values:
        """The sum of each customer, item and day."""
        sums = np.zeros(len(self.rows), dtype=np.int64)
        np.add.at(sums, self._first, values)
        return sums

    def frame(self, **columns: Values) -> pl.DataFrame:
        """A row per customer, item and day, with the next day of the item and these columns of all lines."""
        next_line = np.full(len(self.rows), NOWHERE)
        has_before = self.before != NOWHERE
        next_line[self.before[has_before]] = self.own[has_before]
        following = next_line[self.own]
        next_day = self.rows["day"].gather(np.maximum(following, 0)).set(pl.Series(following == NOWHERE), None)
        own = {name: pl.Series(values[self.own]) for name, values in columns.items()}
        rows = self.rows.select("customer_key", "day", "item")[self.own]
        return rows.with_columns(next_day.alias("next_day"), **own)


def products(bought: pl.DataFrame) -> pl.DataFrame:
    """The rows of the kind ``product``: what is new to its customer, and what costs more than when bought last."""
    items = Items(bought, "product_id")
    price = "list_amount_minor" if "list_amount_minor" in bought.columns else "amount_minor"
    paid, is_priced = _sum_of_known(items, price)
    pieces, is_counted = (
        _sum_of_known(items, "quantity")
        if "quantity" in bought.columns
        else (items.total(np.ones(len(bought), dtype=np.int64)), np.ones(len(bought), dtype=np.bool_))
    )
    has_before = items.before != NOWHERE
    own, before = items.own[has_before], items.before[has_before]
    is_known = (is_priced & is_counted)[own] & (is_priced & is_counted)[before] & (paid[before] > 0)
    is_dearer, is_new = np.zeros(len(bought), dtype=np.int64), np.zeros(len(bought), dtype=np.int64)
    is_dearer[own] = is_known & _rose(paid[own], pieces[own], paid[before], pieces[before])
    is_new[items.own[~has_before]] = 1
    return items.frame(is_new=is_new, is_dearer=is_dearer)


def _sum_of_known(items: Items, column: str) -> tuple[Values, Flags]:
    values = items.rows[column]
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
