"""Asking a leaver why and winning the same one back are two acts, with time between them."""

from datetime import timedelta

import polars as pl

from pipeline.playbooks.declared import Playbook
from pipeline.playbooks.declared_checks import EXIT_INTERVIEWS, WIN_BACKS
from pipeline.playbooks.ruling import Ruling, because


def held(name: str, playbook: Playbook, ruling: Ruling) -> pl.Expr | None:
    """Held where a list of the last days gave the other of the two."""
    days = ruling.guards.apart_days
    after = ruling.as_of - timedelta(days=days)
    if playbook.tactic in EXIT_INTERVIEWS:
        return because(pl.col("won_back_day") > after, f"{name} must not follow a win-back within {days} days")
    if playbook.tactic in WIN_BACKS:
        return because(
            pl.col("interviewed_day") > after, f"{name} must not follow an exit interview within {days} days"
        )
    return None
