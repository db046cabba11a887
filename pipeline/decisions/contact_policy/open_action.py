"""One open action per customer: what an earlier list gave and nobody has handed back goes on, and nothing beside it."""

from datetime import date, timedelta

import polars as pl

from pipeline.config.params import Contact
from pipeline.examples.population import CURRENT
from pipeline.playbooks.config.playbook import Playbook
from pipeline.playbooks.for_whom import STATE, names_a_state
from pipeline.playbooks.rules.matching import applies

GIVEN: dict[str, pl.DataType] = {
    "customer_id": pl.String(),
    "as_of": pl.Date(),
    "given_day": pl.Date(),
    "playbook": pl.String(),
    "would_have_been": pl.String(),
    "channel": pl.String(),
    "tactic": pl.String(),
}
"""The decisions of earlier lists: of which day each list is, and which list gave the action first."""


def still_open(
    given: pl.LazyFrame, feedback: pl.DataFrame, made: pl.DataFrame, as_of: date, contact: Contact
) -> pl.DataFrame:
    """The open action of each customer who has one.

    What the last list before gave, if it was first given fewer than ``open_days`` ago, no team has said how it went,
    and no contact on record names its playbook: what is done must not be done again. What a control would have been
    given is open in thought, so that controls go through the same weeks as the others.

    Parameters
    ----------
    given
        The decisions of earlier lists, also those for nothing, with the columns `GIVEN`.
    feedback
        ``customer_id``, ``as_of``, the list that an outcome speaks of, and ``answer``: an action goes on where the
        customer could not be reached, until that was tried ``max_tries`` times.
    made
        Contacts on record: ``customer_id``, ``playbook`` and ``day``.
    as_of, contact
        The day of this list; ``params.yaml: contact``.

    Returns
    -------
    polars.DataFrame
        ``customer_id``, ``open_playbook`` and ``open_given_day``.
    """
    before = given.filter(pl.col("as_of") < as_of, pl.col("as_of") > as_of - timedelta(days=contact.open_days))
    last = before.group_by("customer_id").agg(
        pl.col("given_day", "playbook", "would_have_been").sort_by("as_of").last()
    )  # fmt: skip
    candidates = last.select(
        "customer_id", pl.coalesce("playbook", "would_have_been").alias("open_playbook"),
        pl.col("given_day").alias("open_given_day"),
    ).filter(
        pl.col("open_playbook").is_not_null(),
        (pl.lit(as_of) - pl.col("open_given_day")).dt.total_days() < contact.open_days,
    ).collect()  # fmt: skip
    outcomes = candidates.join(
        feedback.select("customer_id", "answer", pl.col("as_of").alias("of")), on="customer_id"
    ).filter(pl.col("of").is_between("open_given_day", as_of, closed="left"))
    in_vain = pl.col("answer").eq_missing(pl.lit("unreachable"))
    answered = outcomes.group_by("customer_id").agg(
        pl.any_horizontal((~in_vain).any(), in_vain.sum() >= contact.max_tries).alias("is_closed")
    ).filter("is_closed")  # fmt: skip
    carried_out = candidates.join(
        made.select("customer_id", "day", open_playbook="playbook"), on=["customer_id", "open_playbook"]
    )
    closed = pl.concat(
        [
            answered.select("customer_id"),
            carried_out.filter(pl.col("day") >= pl.col("open_given_day")).select("customer_id"),
        ]
    )
    return candidates.join(closed.unique(), on="customer_id", how="anti").sort("customer_id")


def is_settled(playbook: Playbook) -> pl.Expr:
    """Whether an open action of a playbook has nothing left to do, because its rule no longer holds.

    That alone settles what is owed, whoever did it, and thanks for a good relation. All else also needs an order since
    the list that gave it, on its day or later, for rules waver from week to week; or that somebody it was not for any
    more is a customer again, also by an order that was reported late: nobody is asked why they left who has come back.

    Parameters
    ----------
    playbook
        The playbook that is open.

    Returns
    -------
    polars.Expr
        Of customers with ``last_order_day``, ``open_given_day`` and the columns of the rule, such as ``state``.
    """
    no_longer = ~applies(playbook.when)
    if playbook.duty or playbook.aim == "thanks":
        return no_longer
    has_ordered = (pl.col("last_order_day") >= pl.col("open_given_day")).fill_null(value=False)
    is_back = pl.col(STATE) == CURRENT if names_a_state(playbook) else pl.lit(value=False)
    return no_longer & (has_ordered | is_back)
