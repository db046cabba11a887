"""What is known of each customer's contacts, consents and open matters when a week is decided; nothing of it is needed.

A company without the tables behind a fact has it empty, and what rests on it holds nobody back.
"""

from datetime import date
from typing import Final

import polars as pl

# Each playbook of which something is known, and when that was last.
OF_PLAYBOOKS: Final = pl.List(pl.Struct({"playbook": pl.String(), "day": pl.Date()}))
FACTS: Final[dict[str, pl.DataType]] = {
    "sent_7d": pl.Int64(),
    "sent_in_window": pl.Int64(),
    "offers_in_window": pl.Int64(),
    "unanswered": pl.Int64(),
    "last_sent_day": pl.Date(),
    "fatigued_day": pl.Date(),
    "email_opt_in": pl.Boolean(),
    "phone_opt_in": pl.Boolean(),
    "sms_opt_in": pl.Boolean(),
    "home_country": pl.String(),
    "preferred_channel": pl.String(),
    "responded_channel": pl.String(),
    "unreached_channel": pl.String(),
    "declined_day": pl.Date(),
    "declined_playbooks": OF_PLAYBOOKS,
    "complained_day": pl.Date(),
    "wrong_playbooks": OF_PLAYBOOKS,
    "snoozed_until": pl.Date(),
    "done_day": pl.Date(),
    "done_playbooks": OF_PLAYBOOKS,
    "disputes_open": pl.Int64(),
    "complaints_open": pl.Int64(),
    "promises_open": pl.Int64(),
    "promise_due_next": pl.Date(),
    "promise_what": pl.String(),
    "dispute_since": pl.Date(),
    "dispute_topic": pl.String(),
    "ticket_topic": pl.String(),
    "renewed_from": pl.Date(),
    "last_category": pl.String(),
    "last_product": pl.String(),
    "margin_share_365d": pl.Float64(),
    "largest_day_spend_365d": pl.Float64(),
    "nps_latest": pl.Float64(),
    "csat_latest": pl.Float64(),
    "open_playbook": pl.String(),
    "open_given_day": pl.Date(),
    "interviewed_day": pl.Date(),
    "won_back_day": pl.Date(),
}
"""The facts and their types: `sent_7d` are contacts that lie within 7 days together with the day of the list;
`promise_what` is the open promise that is due first, `dispute_since` when the oldest open dispute began and
`dispute_topic` what it is about; `ticket_topic` is what the open request is about that waits longest for an answer;
`renewed_from` is when the next contract period begins that is in the table already;
`last_category` and `last_product` are what most of the last order went to, read only where a draft speaks of them;
`home_country` is read only where `unknown_consent` differs by country;
`unanswered` are those since the customer last ordered or did anything; `last_sent_day` is the last one that surely took
place; `done_day` is when an action was last done; `unreached_channel` is the one on which a team last tried in vain;
`declined_day` and `complained_day` are when a customer last declined something or complained to a team;
`done_playbooks`, `declined_playbooks` and `wrong_playbooks` are all that were done, declined or given for a wrong
reason, each with the day it last was, which of a wrong reason is the day of the list;
`interviewed_day` and `won_back_day` are the lists that last gave an exit interview and a win-back."""
COUNTS: Final = ("sent_7d", "sent_in_window", "offers_in_window", "unanswered", "disputes_open", "complaints_open",
                 "promises_open")  # fmt: skip


def playbook_since(fact: str, playbook: str, after: date) -> pl.Expr:
    """Whether one of the facts `OF_PLAYBOOKS` names a playbook on a later day than `after`.

    Examples
    --------
    >>> known = [[{"playbook": "call", "day": date(2024, 1, 9)}], [{"playbook": "call", "day": date(2024, 1, 2)}], None]
    >>> table = pl.DataFrame({"done_playbooks": known}, schema={"done_playbooks": OF_PLAYBOOKS})
    >>> table.select(playbook_since("done_playbooks", "call", date(2024, 1, 2))).to_series().to_list()
    [True, False, None]
    """
    return last_day_of(fact, playbook) > after


def last_day_of(fact: str, playbook: str) -> pl.Expr:
    """The day on which one of the facts `OF_PLAYBOOKS` names a playbook; null where it does not."""
    each = pl.element().struct
    return pl.col(fact).list.eval(each.field("day").filter(each.field("playbook") == playbook)).list.max()


def beside(scores: pl.DataFrame, parts: list[pl.DataFrame]) -> pl.DataFrame:
    """The customers in their order, each with all facts; counts of what nobody knows of are 0, all else is null.

    Parameters
    ----------
    scores
        One row per customer, with ``customer_id``.
    parts
        Tables with ``customer_id``, each customer at most once, and some of the facts.

    Examples
    --------
    >>> known = pl.DataFrame({"customer_id": ["b"], "sent_7d": [2]})
    >>> found = beside(pl.DataFrame({"customer_id": ["a", "b"]}), [known])
    >>> found.select("customer_id", "sent_7d", "snoozed_until").rows()
    [('a', 0, None), ('b', 2, None)]
    """
    brought = {name for part in parts for name in part.columns if name in FACTS}
    table = scores.drop(name for name in brought if name in scores.columns)
    for part in parts:
        table = table.join(part, on="customer_id", how="left", maintain_order="left")
    absent = [pl.lit(None).alias(name) for name in FACTS if name not in table.columns]
    table = table.with_columns(absent).with_columns(pl.col(name).cast(kind) for name, kind in FACTS.items())
    return table.with_columns(pl.col(name).fill_null(0) for name in COUNTS)
