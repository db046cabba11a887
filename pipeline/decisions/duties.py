"""Duties: what is owed to a customer comes first, whatever the risk, the cost and the control group say."""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import polars as pl

from pipeline.decisions import _filling, due_days
from pipeline.decisions.optimizer import Limit, Shares, as_arrays
from pipeline.playbooks.config.playbook import Playbook


@dataclass(frozen=True)
class Duties:
    """Who is given which duty, and who is not for want of room.

    Attributes
    ----------
    placed
        For each customer the number of the playbook; null without one.
    waiting
        For each customer the number of the first duty that there are no hands for; null where there is none.
    """

    placed: pl.Series
    waiting: pl.Series

    def is_settled(self) -> pl.Series:
        """Whether a customer takes no part in what is given for profit: a duty is done for them, or waits for hands."""
        return self.placed.is_not_null() | self.waiting.is_not_null()

    def left_of(self, limits: list[Limit]) -> list[Limit]:
        """What the duties leave of each limit."""
        given = self.placed.drop_nulls().to_numpy()
        taken = [float(np.asarray(limit.uses)[given].sum()) for limit in limits]
        return [replace(limit, room=max(limit.room - used, 0.0)) for limit, used in zip(limits, taken, strict=True)]


def place(
    tests: pl.DataFrame,
    scores: pl.DataFrame,
    playbooks: dict[str, Playbook],
    as_of: date,
    limits: list[Limit],
    shares: Shares,
) -> Duties:
    """Give each customer the first duty of the file that is for them, as far as there is room.

    The nearest due day is served first; of equals, who has more at stake.

    Parameters
    ----------
    tests
        With ``wanted_0``, ``rests_0`` and so on for each playbook.
    scores
        The same customers, with ``customer_id``, ``value_at_stake`` and what ``due_before`` of a duty counts.
    playbooks, as_of
        In order of preference; the day of the list.
    limits, shares
        What there is only so much of, for everybody together and for each owner.
    """
    owed = _owed(tests, playbooks)
    first = pl.select(pl.coalesce(pl.repeat(None, len(scores), dtype=pl.Int64), *(
        pl.when(flags).then(pl.lit(position, dtype=pl.Int64)) for position, flags in owed.items()
    ))).to_series()  # fmt: skip
    rows = _most_pressing_first(scores, first, playbooks, as_of)
    worth = np.zeros((len(rows), len(playbooks)))
    for position, flags in owed.items():
        # The earlier in the file, the rather.
        worth[flags.to_numpy()[rows], position] = len(playbooks) - position
    uses, room = as_arrays(limits, len(playbooks))
    places = np.full(len(scores), _filling.NOTHING, dtype=np.int64)
    places[rows] = _filling.in_order(worth, np.ascontiguousarray(uses.T), room, shares.of(rows))
    placed = pl.Series("placed", places).replace(_filling.NOTHING, None)
    # A capacity of its own is the pace a company has chosen; whoever it leaves out is in nobody's debt yet.
    paced = [position for position, book in enumerate(playbooks.values()) if book.capacity is not None]
    waits = placed.is_null() & ~first.is_in(paced)
    return Duties(placed, pl.select(pl.when(waits).then(first).alias("waiting")).to_series())


def _owed(tests: pl.DataFrame, playbooks: dict[str, Playbook]) -> dict[int, pl.Series]:
    """For each duty, by its number, to whom it is owed now."""
    return {
        position: tests[f"wanted_{position}"] & ~tests[f"rests_{position}"]
        for position, book in enumerate(playbooks.values())
        if book.duty
    }


def _most_pressing_first(
    scores: pl.DataFrame, first: pl.Series, playbooks: dict[str, Playbook], as_of: date
) -> _filling.Places:
    """The rows of those to whom something is owed."""
    counted_down = {book.due_before for book in playbooks.values() if book.due_before is not None}
    order = scores.select("customer_id", "value_at_stake", *counted_down, chosen=first, row=pl.int_range(pl.len()))
    pressing = order.filter(pl.col("chosen").is_not_null()).with_columns(due_days.each(playbooks, pl.lit(as_of), as_of))
    rows = pressing.sort("due_day", "value_at_stake", "customer_id", descending=[False, True, False])["row"]
    return rows.to_numpy().astype(np.int64)
