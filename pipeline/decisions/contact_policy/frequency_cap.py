"""Nobody hears from all teams together more often than the cap."""

import polars as pl

from pipeline.decisions.context import DecisionContext, because
from pipeline.playbooks.config.playbook import Playbook
from pipeline.reasons.units import number_of


def held(_name: str, playbook: Playbook, context: DecisionContext) -> pl.Expr | None:
    """Held where one contact more would exceed the cap of any 7 days; what the customer does not notice is free.

    What a person owes a customer is free too: an answer is no contact too many.

    The cap of a day holds by itself: a list gives a customer one action at most, and earlier ones are of earlier days.
    """
    if not playbook.reaches or playbook.work == "duty":
        return None
    most = context.contact.max_per_week
    return because(
        context,
        pl.col("sent_7d") >= most,
        "all teams together have been in touch {times} or more within 7 days (contact.max_per_week)",
        times=number_of("times", most),
    )
