"""While money is disputed, nothing is sold."""

import polars as pl

from pipeline.decisions.context import DecisionContext, because
from pipeline.i18n import named
from pipeline.playbooks.config.playbook import Playbook


def held(name: str, playbook: Playbook, context: DecisionContext) -> pl.Expr | None:
    """Held where a dispute is open: offers, rewards, discounts and promotions wait until it is settled."""
    if not playbook.sells:
        return None
    return because(
        context, pl.col("disputes_open") > 0, "{playbook} waits until the open dispute is settled", playbook=named(name)
    )
