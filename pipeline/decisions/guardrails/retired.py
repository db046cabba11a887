"""What a readout calls harmful or worthless is given to nobody, where ``learning.withhold_retired`` asks for it."""

import polars as pl

from pipeline.decisions.context import DecisionContext, because
from pipeline.i18n import named
from pipeline.playbooks.config.playbook import Playbook


def held(name: str, playbook: Playbook, context: DecisionContext) -> pl.Expr | None:
    """Held from everybody; a duty is owed, whatever came of it."""
    day = context.retired.get(name)
    if day is None or playbook.duty:
        return None
    return because(
        context,
        pl.lit(value=True),
        "the readout of {day} says to stop {playbook} (learning.withhold_retired)",
        playbook=named(name),
        day=lambda catalog: catalog.day(pl.lit(day)),
    )
