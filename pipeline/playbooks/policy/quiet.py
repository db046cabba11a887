"""Who has had enough is sold nothing for a while."""

from datetime import timedelta

import polars as pl

from pipeline.playbooks.declared import Playbook
from pipeline.playbooks.ruling import Ruling, because


def held(name: str, playbook: Playbook, ruling: Ruling) -> pl.Expr | None:
    """Held where the customer unsubscribed or complained of spam lately, or has long answered nothing."""
    if not (playbook.sells and playbook.reaches):
        return None
    contact = ruling.contact
    after = ruling.as_of - timedelta(days=contact.quiet_days)
    silent = (pl.col("unanswered") >= contact.most_unanswered) & (pl.col("last_sent_day") > after)
    return pl.coalesce(
        because(pl.col("fatigued_day") > after, f"this customer has had enough of messages, and {name} sells"),
        because(
            silent, f"{contact.most_unanswered} contacts or more went without an order or an answer, and {name} sells"
        ),
    )
