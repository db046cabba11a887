"""Whom a team has put off, or has just looked after, is left in peace."""

from datetime import timedelta

import polars as pl

from pipeline.decisions.context import DecisionContext, because
from pipeline.decisions.facts import playbook_since
from pipeline.playbooks.config.playbook import Playbook
from pipeline.reasons.units import number_of


def snoozed(_name: str, _playbook: Playbook, context: DecisionContext) -> pl.Expr | None:
    """Held until the day a team has put the customer off to."""
    return because(context, pl.col("snoozed_until") > context.as_of, "a team has put this customer off to a later day")


def rested(name: str, playbook: Playbook, context: DecisionContext) -> pl.Expr | None:
    """Held for some days after an action was done, unless the customer does not notice; a duty, after that duty."""
    days = context.contact.rest_days
    if not playbook.reaches or days == 0:
        return None
    after = context.as_of - timedelta(days=days)
    return because(
        context,
        playbook_since("done_playbooks", name, after) if playbook.duty else pl.col("done_day") > after,
        "an action was done for this customer fewer than {days} ago",
        days=number_of("days", days),
    )
