"""Who has had enough is sold nothing for a while."""

from datetime import timedelta

import polars as pl

from pipeline.decisions.context import Ruling, because
from pipeline.playbooks.config.playbook import Playbook
from pipeline.reasons.units import number_of


def held(name: str, playbook: Playbook, ruling: Ruling) -> pl.Expr | None:
    """Held where the customer unsubscribed or complained of spam lately, or has long answered nothing."""
    if not (playbook.sells and playbook.reaches):
        return None
    contact = ruling.contact
    after = ruling.as_of - timedelta(days=contact.quiet_days)
    silent = (pl.col("unanswered") >= contact.most_unanswered) & (pl.col("last_sent_day") > after)
    return pl.coalesce(
        because(
            ruling,
            pl.col("fatigued_day") > after,
            "this customer has had enough of messages, and {playbook} sells",
            playbook=name,
        ),
        because(
            ruling,
            silent,
            "{contacts} or more went without an order or an answer, and {playbook} sells",
            contacts=number_of("contacts", contact.most_unanswered),
            playbook=name,
        ),
    )
