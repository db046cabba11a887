"""What a file of playbooks gives to those for whom a lot decided, among what the lot could have fallen on."""

from datetime import date
from typing import Final

import polars as pl

from pipeline.decisions import assignment, cooldown
from pipeline.decisions.exploration import BETWEEN
from pipeline.playbooks.config.playbook import Playbook
from pipeline.playbooks.for_whom import is_for
from pipeline.playbooks.rules.matching import columns
from pipeline.reasons.columns import RISK_SHARES

CHOICE: Final = {"file_choice": pl.String(), "file_cost": pl.Float64()}
"""Which playbook the file gives without the lot, null for nothing; and what it costs, in currency units."""
HELD: Final = "held_playbooks"
"""The playbooks of the published file whose rules held for the customer, and that the lot could not fall on."""
DECIDED_BY: Final = frozenset(
    {
        *("customer_id", "value_at_stake", "churn_probability", "loss_making", "strategic", "tier", "risk_band"),
        "owner",
    }
)
"""What a decision looks at, whatever the rules do."""


def choose(explored: pl.DataFrame, playbooks: dict[str, Playbook], as_of: date, currency: str) -> pl.DataFrame:
    """The choice of a file for each customer, decided as a week is, with room for everybody.

    Only what could have been drawn for a customer is chosen among: of nothing else is it known what comes of it. A
    playbook is known by its name. Of those whose rule holds and that pay, that is the one which keeps most less its
    cost; of equals, the first of the file.

    Parameters
    ----------
    explored
        With ``explored_arms``, `HELD`, and the columns that `assignment.plan` and the rules look at.
    playbooks
        In the order of the file.
    as_of
        The day of the list.
    currency
        ISO code.

    Returns
    -------
    polars.DataFrame
        The columns of `CHOICE`, in the rows of `explored`; and ``is_beyond``, whether the file would give something
        else if all that was not held could have been drawn: a new playbook, or one whose rule did not hold then.

    Examples
    --------
    >>> usual = {"tactic": "thank-you-email", "action": "Write", "channel": "mail", "who": "us", "due_in_days": 1}
    >>> books = {"mail": Playbook(when="value > 20", cost=1, effect=0.5, **usual),
    ...          "gift": Playbook(when="everyone", cost=4, effect=0.9, **usual)}
    >>> customers = pl.DataFrame({"customer_id": list("abc"), "explored_arms": ["mail;gift", "mail", "mail"],
    ...     "held_playbooks": ["", "", "gift"],
    ...     "value": [50.0, 50.0, 10.0], "value_at_stake": 30.0, "churn_probability": 0.5, "loss_making": False,
    ...     "strategic": False, "tier": "loyal", "risk_band": "high", "owner": None})
    >>> choose(customers, books, date(2024, 3, 4), "EUR").rows()
    [('gift', 4.0, False), ('mail', 1.0, True), (None, 0.0, False)]
    """
    wanted = DECIDED_BY.union(RISK_SHARES, *(columns(book.when) for book in playbooks.values()))
    roomy = {name: book.model_copy(update={"capacity": None}) for name, book in playbooks.items()}
    # What was decided before must not stand in the way of what is decided now.
    known = explored.select("explored_arms", HELD, *(name for name in explored.columns if name in wanted))
    customers = known.with_columns(pl.lit(value=False).alias("is_control")).with_row_index("explored_row")
    parts = [_among(customers.clear(), {}, as_of, currency).with_columns(pl.lit(value=False).alias("is_beyond"))]
    for (arms, held), part in customers.partition_by("explored_arms", HELD, as_dict=True).items():
        drawable, out = str(arms).split(BETWEEN), str(held).split(BETWEEN)
        chosen = _among(part, {name: book for name, book in roomy.items() if name in drawable}, as_of, currency)
        free = _among(part, {name: book for name, book in roomy.items() if name not in out}, as_of, currency)
        parts.append(chosen.with_columns(is_beyond=chosen["file_choice"].ne_missing(free["file_choice"])))
    return pl.concat(parts).sort("explored_row").select(*CHOICE, "is_beyond")


def held(explored: pl.DataFrame, playbooks: dict[str, Playbook]) -> pl.Series:
    """For each customer the column `HELD`.

    Parameters
    ----------
    explored
        With ``explored_arms``, and what the rules look at.
    playbooks
        The published ones.
    """
    names = [
        pl.when(is_for(book, explored) & ~pl.col("explored_arms").str.split(BETWEEN).list.contains(name)).then(
            pl.lit(name)
        )
        for name, book in playbooks.items()
    ]
    return explored.with_columns(pl.concat_str(names, separator=BETWEEN, ignore_nulls=True).alias(HELD))[HELD]


def _among(customers: pl.DataFrame, arms: dict[str, Playbook], as_of: date, currency: str) -> pl.DataFrame:
    nothing = pl.lit(None, dtype=pl.String).alias("playbook"), pl.lit(0.0).alias("cost")
    if arms:
        # What rested or was held then could not be drawn, so nothing of earlier lists is looked at.
        decided = assignment.plan(customers, arms, as_of, currency, pl.DataFrame(schema=cooldown.EARLIER))[0]
    else:
        decided = customers.with_columns(nothing)
    return decided.select(
        "explored_row",
        pl.col("playbook").alias("file_choice"),
        pl.col("cost").cast(pl.Float64).fill_null(0.0).alias("file_cost"),
    )
