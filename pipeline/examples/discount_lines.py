"""Lines below zero inside an order that was bought: they take something off its price, and give nothing back.

A line is such a discount where its order, by the order's own id and on the same day, has lines that were bought, comes
to no less than nothing in all, and where no pieces came back with the line. Everything else below zero is a refund.
"""

import numpy as np
import polars as pl

from pipeline.examples.aggregates import Positions, firsts

LESS = pl.col("amount_minor") < 0


def mark(lines: pl.DataFrame) -> pl.DataFrame:
    """The lines with ``is_discount``, whether a line takes something off the order it stands in.

    What a discount line says of pieces and prices is not about goods: it counts no pieces, its reduction is what it
    takes off, and its cost is nothing where that of its order is known.

    Parameters
    ----------
    lines
        In order of customer and day, with ``customer_key``, ``day``, ``transaction_id``, ``amount_minor``, and of
        ``quantity``, ``discount_minor``, ``personal_discount_minor``, ``list_amount_minor`` and ``cost_minor`` those
        there are.

    Examples
    --------
    >>> order = {"customer_key": [1, 1], "day": [5, 5], "transaction_id": ["a", "a"], "amount_minor": [900, -100]}
    >>> mark(pl.DataFrame(order))["is_discount"].to_list()
    [False, True]
    """
    below = np.flatnonzero(lines.select(LESS & _no_pieces_back(lines)).to_series().to_numpy())
    discounts = _in_purchases(lines, below)
    if discounts.is_empty():
        return lines.with_columns(is_discount=pl.lit(value=False))
    is_discount = np.zeros(len(lines), dtype=np.bool_)
    is_discount[discounts["line"].to_numpy()] = True
    is_costed = np.zeros(len(lines), dtype=np.bool_)
    is_costed[discounts.filter("is_costed")["line"].to_numpy()] = True
    marked = lines.with_columns(is_discount=pl.Series(is_discount), is_costed=pl.Series(is_costed))
    return marked.with_columns(**_values(lines)).drop("is_costed")


def _no_pieces_back(lines: pl.DataFrame) -> pl.Expr:
    return pl.col("quantity").fill_null(0) >= 0 if "quantity" in lines.columns else pl.lit(value=True)


def _in_purchases(lines: pl.DataFrame, below: Positions) -> pl.DataFrame:
    """Those of the lines below zero whose order was bought, with whether the cost of any of it is known."""
    order = ["customer_key", "day", "transaction_id"]
    is_costed = pl.col("cost_minor").is_not_null() if "cost_minor" in lines.columns else pl.lit(value=False)
    orders = (
        lines[_of_their_days(lines, below)]
        .group_by(order)
        .agg(is_bought=(pl.col("amount_minor").sum() >= 0) & (~LESS).any(), is_costed=(~LESS & is_costed).any())
    )
    discounts = lines[below].select(order).with_columns(line=pl.Series(below))
    return discounts.join(orders.filter("is_bought"), on=order)


def _of_their_days(lines: pl.DataFrame, chosen: Positions) -> Positions:
    """All lines of the customers and days that some lines are of; few days have any below zero."""
    key, day = lines["customer_key"].to_numpy(), lines["day"].to_physical().to_numpy()
    number = np.cumsum(firsts(key, day))
    is_theirs = np.zeros(len(lines) + 1, dtype=np.bool_)
    is_theirs[number[chosen]] = True
    return np.flatnonzero(is_theirs[number])


def _values(lines: pl.DataFrame) -> dict[str, pl.Expr]:
    """What the columns of a discount line mean, by name; other lines keep theirs."""
    is_discount, there = pl.col("is_discount"), set(lines.columns)
    values: dict[str, pl.Expr] = {
        name: pl.when(~is_discount).then(pl.col(name)) for name in {"quantity", "list_amount_minor"} & there
    }
    if "cost_minor" in there:
        cost = pl.col("cost_minor")
        values["cost_minor"] = pl.when("is_costed").then(cost.fill_null(0)).otherwise(cost)
    if "discount_minor" in there:
        own = pl.col("personal_discount_minor").fill_null(0) if "personal_discount_minor" in there else pl.lit(0)
        taken_off = pl.max_horizontal("discount_minor", -pl.col("amount_minor"))
        values["discount_minor"] = pl.when(is_discount & (own == 0)).then(taken_off).otherwise(pl.col("discount_minor"))
    return values
