"""Whom a playbook is for: its rule, and whether somebody who is no longer scored can be meant."""

import polars as pl

from pipeline.examples.population import CURRENT
from pipeline.playbooks.config.playbook import Playbook
from pipeline.playbooks.rules.matching import applies, columns

STATE = "state"


def names_a_state(playbook: Playbook) -> bool:
    """Whether the rule speaks of current, lapsed or lost customers."""
    return STATE in columns(playbook.when)


def is_for(playbook: Playbook, customers: pl.DataFrame) -> pl.Expr:
    """True for whom a playbook is; who is no longer scored is only meant where the rule says so, or by a duty.

    Parameters
    ----------
    playbook
        The playbook.
    customers
        With the columns of its rule; without ``state`` all are current.

    Examples
    --------
    >>> usual = {"tactic": "thank-you-email", "action": "Write", "channel": "e-mail", "who": "us", "due_in_days": 1,
    ...          "cost": 0}
    >>> table = pl.DataFrame({"state": ["current", "lapsed"]})
    >>> for when in ("everyone", "state = lapsed"):
    ...     table.select(is_for(Playbook(when=when, **usual), table)).to_series().to_list()
    [True, False]
    [False, True]
    """
    if playbook.duty or names_a_state(playbook) or STATE not in customers.columns:
        return applies(playbook.when)
    return applies(playbook.when) & (pl.col(STATE) == CURRENT)
