"""Which playbooks rest for whom: nobody is given the same one again before its days of rest are over."""

from datetime import date, timedelta
from typing import Final

import polars as pl

from pipeline.playbooks.config.playbook import Playbook

EARLIER: Final[dict[str, pl.DataType]] = {
    "customer_id": pl.String(),
    "as_of": pl.Date(),
    "playbook": pl.String(),
    "would_have_been": pl.String(),
}
"""What has to be known of earlier weeks: who was given what on the list of which day."""


def first_day(playbooks: dict[str, Playbook], as_of: date) -> date:
    """The first day whose list still matters for this one; `as_of` itself where no playbook rests.

    >>> first_day({}, date(2024, 1, 8))
    datetime.date(2024, 1, 8)
    """
    longest = max((playbook.cooldown_days or 0 for playbook in playbooks.values()), default=0)
    return as_of - timedelta(days=max(longest - 1, 0))


def matters(playbooks: dict[str, Playbook], as_of: date) -> pl.Expr:
    """Over `EARLIER`: the decisions that make a playbook rest on that day, so that no others need be kept in memory."""
    tests = [
        ((pl.col("playbook") == name) | (pl.col("would_have_been") == name)).fill_null(value=False)
        & pl.col("as_of").is_between(as_of - timedelta(days=playbook.cooldown_days), as_of, closed="none")
        for name, playbook in playbooks.items()
        if playbook.cooldown_days is not None
    ]
    return pl.any_horizontal(pl.lit(value=False), *tests)


def rests(name: str, playbook: Playbook, scores: pl.DataFrame, earlier: pl.DataFrame, as_of: date) -> pl.Series:
    """For each customer, whether the playbook was given fewer days ago than it has to rest.

    A control was given nothing; what he or she would have been given counts, so that controls go through the same
    weeks as the others.

    Parameters
    ----------
    name, playbook
        Whose rest it is.
    scores
        One row per customer, with ``customer_id`` and ``is_control``.
    earlier
        The decisions of earlier weeks, with the columns `EARLIER`.
    as_of
        The day of this list.
    """
    if playbook.cooldown_days is None:
        return pl.repeat(value=False, n=len(scores), eager=True)
    after = as_of - timedelta(days=playbook.cooldown_days)
    recent = earlier.filter(pl.col("as_of") > after, pl.col("as_of") < as_of)
    given, imagined = (
        recent.filter(pl.col(column) == name)["customer_id"].unique().implode()
        for column in ("playbook", "would_have_been")
    )
    who = pl.col("customer_id")
    return scores.select(rests=who.is_in(given) | (pl.col("is_control") & who.is_in(imagined)))["rests"]
