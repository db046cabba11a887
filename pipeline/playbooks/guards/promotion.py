"""A promotion is told only to whom it can be kept: while it lasts, while there is stock, and within their own reach."""

from datetime import timedelta

import polars as pl

from pipeline.playbooks.declared import Playbook
from pipeline.playbooks.ruling import Ruling, because


def held(name: str, playbook: Playbook, ruling: Ruling) -> pl.Expr | None:
    """Held where it is over or sold out, would be over by the day it is due, or needs more than the customer spends.

    An action of an earlier week is due when that week said; it is held all the same once the promotion is over.
    """
    terms = playbook.promotion
    if terms is None:
        return None
    reasons = []
    if terms.stock == 0:
        reasons.append(because(pl.lit(value=True), f"what {name} promotes is out of stock"))
    if terms.ends_day is not None:
        given = pl.when(pl.col("open_playbook") == name).then("open_given_day").otherwise(None)
        due = pl.coalesce(given, pl.lit(ruling.as_of)) + timedelta(days=playbook.due_in_days)
        late = (due > terms.ends_day) | pl.lit(terms.is_over(ruling.as_of))
        reasons.append(because(late, f"{name} ends on {terms.ends_day}, before it could be done"))
    if terms.needs_order_of is not None:
        short = pl.col("largest_day_spend_365d").fill_null(0.0) < terms.needs_order_of
        reasons.append(
            because(short, f"{name} needs an order of {terms.needs_order_of:g}, more than this customer's largest")
        )
    return pl.coalesce(reasons) if reasons else None
