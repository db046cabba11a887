"""Whom we want to keep must not be forgotten: how long nobody has been in touch, and by when somebody should be."""

from datetime import date, timedelta
from typing import Any

import polars as pl

from pipeline.config.params import Contact


def columns(contact: Contact, as_of: date, *, is_known: bool) -> list[pl.Expr]:
    """``silent_since``, the last contact of any team, and ``contact_due_day``, by when the next one is due.

    Only customers to keep have a day: those of the value tier top or of the tier loyal. Where a company keeps record
    and knows of no contact at all, it is due on the day of the list; where it keeps none, nothing is known.

    Parameters
    ----------
    contact, as_of
        ``params.yaml: contact``; the day of the list.
    is_known
        Whether the company records its contacts.
    """
    to_keep = (pl.col("value_tier") == "top") | (pl.col("tier") == "loyal")
    due = pl.col("last_sent_day") + timedelta(days=contact.longest_silence_days)
    if is_known:
        due = due.fill_null(as_of)
    return [
        pl.col("last_sent_day").alias("silent_since"),
        pl.when(to_keep).then(due).otherwise(None).cast(pl.Date).alias("contact_due_day"),
    ]


def report(decided: pl.DataFrame, as_of: date) -> dict[str, Any]:
    """How many customers to keep have been left alone too long, and how many of them are given something now.

    Examples
    --------
    >>> day = date(2024, 2, 1)
    >>> table = pl.DataFrame({"contact_due_day": [day, date(2024, 2, 2), None], "playbook": ["call", None, None]})
    >>> report(table, day)
    {'silent_too_long': 1, 'given_something': 1, 'due_within_7_days': 1}
    """
    too_long = decided.filter(pl.col("contact_due_day") <= as_of)
    soon = pl.col("contact_due_day").is_between(as_of, as_of + timedelta(days=7), closed="right")
    return {
        "silent_too_long": too_long.height,
        "given_something": too_long["playbook"].count(),
        "due_within_7_days": decided.filter(soon).height,
    }
