"""What customers answered to earlier actions, as teams have handed it back, decides what they are asked next."""

from datetime import timedelta

import polars as pl

from pipeline.decisions.context import DecisionContext, because
from pipeline.decisions.facts import playbook_since
from pipeline.i18n import named
from pipeline.playbooks.config.playbook import Playbook
from pipeline.reasons.units import number_of


def declined(name: str, playbook: Playbook, context: DecisionContext) -> pl.Expr | None:
    """Held for some days from who has declined something: everything that sells, and that very playbook."""
    days = context.contact.declined_days
    if days == 0:
        return None
    lately = pl.col("declined_day") > context.as_of - timedelta(days=days)
    if playbook.sells:
        return because(
            context, lately, "the customer declined an offer fewer than {days} ago", days=number_of("days", days)
        )
    return because(
        context,
        playbook_since("declined_playbooks", name, context.as_of - timedelta(days=days)),
        "the customer declined {playbook} fewer than {days} ago",
        playbook=named(name),
        days=number_of("days", days),
    )


def complained(_name: str, playbook: Playbook, context: DecisionContext) -> pl.Expr | None:
    """Whoever complained when a team got in touch is sold nothing for some days."""
    days = context.contact.complaint_days
    if days == 0 or not playbook.sells:
        return None
    return because(
        context,
        pl.col("complained_day") > context.as_of - timedelta(days=days),
        "the customer complained to a team fewer than {days} ago",
        days=number_of("days", days),
    )


def wrong_reason(name: str, playbook: Playbook, context: DecisionContext) -> pl.Expr | None:
    """A playbook that was given for a wrong reason is not given again for some days; a duty rests on no reason."""
    days = context.contact.wrong_reason_days
    if days == 0 or playbook.duty:
        return None
    return because(
        context,
        playbook_since("wrong_playbooks", name, context.as_of - timedelta(days=days)),
        "a team called the reason for {playbook} wrong fewer than {days} ago",
        playbook=named(name),
        days=number_of("days", days),
    )
