"""Who has had enough is sold nothing for a while."""

from datetime import timedelta

import polars as pl

from pipeline.decisions.context import DecisionContext, because
from pipeline.i18n import named
from pipeline.playbooks.config.playbook import Playbook
from pipeline.reasons.units import number_of


def held(name: str, playbook: Playbook, context: DecisionContext) -> pl.Expr | None:
    """Held where the customer unsubscribed or complained of spam lately, or has long answered nothing."""
    if not (playbook.sells and playbook.reaches):
        return None
    contact = context.contact
    after = context.as_of - timedelta(days=contact.quiet_days)
    silent = (pl.col("unanswered") >= contact.max_unanswered) & (pl.col("last_sent_day") > after)
    return pl.coalesce(
        because(
            context,
            pl.col("fatigued_day") > after,
            "this customer has had enough of messages, and {playbook} sells",
            playbook=named(name),
        ),
        because(
            context,
            silent,
            "{contacts} or more went without an order or an answer, and {playbook} sells",
            contacts=number_of("contacts", contact.max_unanswered),
            playbook=named(name),
        ),
    )
