"""A promotion is told only to whom it can be kept: while it lasts, while there is stock, and within their own reach."""

import polars as pl

from pipeline.decisions.context import DecisionContext, because
from pipeline.decisions.due_days import due_day
from pipeline.i18n import figure, named
from pipeline.playbooks.config.playbook import Playbook


def held(name: str, playbook: Playbook, context: DecisionContext) -> pl.Expr | None:
    """Held where it is over or sold out, would be over by the day it is due, or needs more than the customer spends.

    An action of an earlier week is due when that week said; it is held all the same once the promotion is over.
    """
    terms = playbook.promotion
    if terms is None:
        return None
    reasons = []
    if terms.stock == 0:
        reasons.append(
            because(context, pl.lit(value=True), "what {playbook} promotes is out of stock", playbook=named(name))
        )
    if terms.ends_day is not None:
        given = pl.when(pl.col("open_playbook") == name).then("open_given_day").otherwise(None)
        due = due_day(playbook, pl.coalesce(given, pl.lit(context.as_of)), context.as_of)
        late = (due > terms.ends_day) | pl.lit(terms.is_over(context.as_of))
        reasons.append(
            because(
                context,
                late,
                "{playbook} ends on {day}, before it could be done",
                playbook=named(name),
                day=lambda catalog: catalog.day(pl.lit(terms.ends_day)),
            )
        )
    if terms.needs_order_of is not None:
        short = pl.col("largest_day_spend_365d").fill_null(0.0) < terms.needs_order_of
        reasons.append(
            because(
                context,
                short,
                "{playbook} needs an order of {amount}, more than this customer's largest",
                playbook=named(name),
                amount=figure(f"{terms.needs_order_of:g}"),
            )
        )
    return pl.coalesce(reasons) if reasons else None
