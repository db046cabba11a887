"""Asking a leaver why and winning the same one back are two acts, with time between them."""

from datetime import timedelta

import polars as pl

from pipeline.decisions.context import DecisionContext, because
from pipeline.i18n import Part
from pipeline.playbooks.config.playbook import Playbook
from pipeline.playbooks.config.restrictions import EXIT_INTERVIEWS, WIN_BACKS
from pipeline.reasons.units import number_of


def held(name: str, playbook: Playbook, context: DecisionContext) -> pl.Expr | None:
    """Held where a list of the last days gave the other of the two."""
    after = context.as_of - timedelta(days=context.guards.apart_days)
    parts: dict[str, Part] = {"playbook": name, "days": number_of("days", context.guards.apart_days)}
    if playbook.tactic in EXIT_INTERVIEWS:
        return because(
            context, pl.col("won_back_day") > after, "{playbook} must not follow a win-back within {days}", **parts
        )
    if playbook.tactic in WIN_BACKS:
        return because(
            context,
            pl.col("interviewed_day") > after,
            "{playbook} must not follow an exit interview within {days}",
            **parts,
        )
    return None
