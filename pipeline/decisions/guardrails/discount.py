"""A discount must leave a margin, and is nothing for who has learnt to wait for one."""

import polars as pl

from pipeline.decisions.context import DecisionContext, because, speaks_for
from pipeline.i18n import named
from pipeline.i18n import share as format_share
from pipeline.playbooks.config.playbook import Playbook

WAITS_FOR_REDUCTIONS = "C47"


def held(name: str, playbook: Playbook, context: DecisionContext) -> pl.Expr | None:
    """Held where the margin would fall below the floor, or where a told reason speaks for a habit of discounts."""
    if playbook.discount is None:
        return None
    share, floor = playbook.discount.share, context.guards.min_margin_share
    margin = pl.col("margin_share_365d").fill_nan(None).fill_null(context.score.margin_share)
    # Of 100 paid before, 100 less the discount is paid, and the cost stays. The last step back takes out rounding.
    left = (margin - share) / (1 - share)
    return pl.coalesce(
        because(
            context,
            speaks_for((1, 2, 3), [WAITS_FOR_REDUCTIONS]),
            "{playbook} is a discount, and this customer waits for them",
            playbook=named(name),
        ),
        because(
            context,
            left < floor - 1e-9,
            "the discount of {playbook} would leave less than {share} of an order as margin",
            playbook=named(name),
            share=format_share(floor),
        ),
    )
