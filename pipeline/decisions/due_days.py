"""By when an action is due: some days after the list that gave it, and before the day that it has to come before."""

from datetime import date, timedelta

import polars as pl

from pipeline.playbooks.config.playbook import Playbook


def due_day(playbook: Playbook, given: pl.Expr, as_of: date) -> pl.Expr:
    """The day by which an action of a playbook is due.

    ``due_in_days`` after the list that gave it, or the day before what ``due_before`` counts down to, whichever comes
    first; but never before the list that gave it. An unknown day ahead sets no limit.

    Parameters
    ----------
    playbook
        The playbook.
    given
        The day of the list that gave the action first.
    as_of
        The day of this list, from which ``due_before`` counts.

    Returns
    -------
    polars.Expr
        Of dates; over customers with the column that ``due_before`` names.

    Examples
    --------
    >>> call = Playbook(tactic="value-demonstration", when="days_to_renewal <= 30", action="Call", channel="phone",
    ...                 who="sales", due_in_days=7, cost=4, due_before="days_to_renewal")
    >>> table = pl.DataFrame({"days_to_renewal": [20, 3, 0, None]}).with_columns(given=date(2024, 7, 1))
    >>> [str(day) for day in table.select(due_day(call, pl.col("given"), date(2024, 7, 1))).to_series()]
    ['2024-07-08', '2024-07-03', '2024-07-01', '2024-07-08']
    """
    usual = given + timedelta(days=playbook.due_in_days)
    if playbook.due_before is None:
        return usual
    ahead = pl.col(playbook.due_before).cast(pl.Int64)
    before = pl.lit(as_of) + pl.duration(days=ahead - 1)
    return pl.max_horizontal(given, pl.min_horizontal(usual, before)).cast(pl.Date)


def each(playbooks: dict[str, Playbook], given: pl.Expr, as_of: date) -> pl.Expr:
    """``due_day`` of each customer's playbook, the number of which is ``chosen``; null without one."""
    days = [
        pl.when(pl.col("chosen") == position).then(due_day(book, given, as_of))
        for position, book in enumerate(playbooks.values())
    ]
    return pl.coalesce(*days, pl.lit(None, dtype=pl.Date)).alias("due_day")
