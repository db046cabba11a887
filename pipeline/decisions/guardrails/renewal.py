"""Nobody is asked to renew what is renewed already."""

from typing import Final

import polars as pl

from pipeline.decisions.context import DecisionContext, because
from pipeline.playbooks.config.playbook import Playbook

RENEWAL: Final = "days_to_renewal"


def held(_name: str, playbook: Playbook, context: DecisionContext) -> pl.Expr | None:
    """Held where what has to be done before the renewal comes too late: the next period is in the table already."""
    if playbook.due_before != RENEWAL:
        return None
    return because(
        context,
        pl.col("renewed_from").is_not_null(),
        "the contract is renewed already, from {day} on",
        day=lambda catalog: catalog.day(pl.col("renewed_from")),
    )
