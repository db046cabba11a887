"""No more is given of a playbook than its capacity of a week, and than there are pieces of what it promotes."""

import polars as pl

from pipeline.playbooks.config.playbook import Playbook


def pieces(book: Playbook) -> int | None:
    """How many pieces there are of what a playbook promotes; None where it promotes nothing."""
    return book.promotion.stock if book.promotion is not None else None


def room(book: Playbook, used: int) -> int | None:
    """For how many customers more there is room; None where nothing limits it."""
    limits = [limit for limit in (book.capacity, pieces(book)) if limit is not None]
    return max(min(limits) - used, 0) if limits else None


def beyond(goes_on: pl.Series, stock: int, customers: pl.DataFrame) -> pl.Series:
    """Whose open action there are no pieces for: the oldest are served first, then by the customer's id."""
    takes = goes_on & ~customers["is_control"]
    order = customers.select("customer_id", "open_given_day", takes=takes, row=pl.int_range(pl.len()))
    over = order.filter("takes").sort("open_given_day", "customer_id")["row"].slice(stock)
    return pl.select(pl.int_range(len(customers)).is_in(over.implode())).to_series()
