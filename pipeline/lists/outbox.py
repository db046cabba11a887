"""What this list gives for the first time, one message for each action, for a CRM or a system that sends."""

import io
from datetime import date
from typing import Final

import polars as pl

OUTBOX: Final[dict[str, str]] = {
    "id": "Of the message: the day of the list, the playbook and the customer. It never comes twice.",
    "as_of": "The day of the list. Leave it as it is: an outcome that is handed back belongs to it.",
    "customer_id": "The customer in your own systems.",
    "work": "duty or task for a person, or audience for a system that sends.",
    "playbook": "The playbook the action comes from.",
    "subject": "The action in short, for the title of a task.",
    "action": "What to do.",
    "draft": "Text to start from, where a person acts.",
    "caution": "What to mind.",
    "reason": "Why now, in a sentence; empty for whoever is no longer scored.",
    "channel": "How; the customer may be reached that way.",
    "team": "The team that answers for it.",
    "owner": "Who does it, where a person acts: the owner of the customer, else the team.",
    "due_day": "The day to do it by.",
    "churn_probability": "From 0 to 1; empty for whoever is no longer scored.",
    "value_at_stake": "In the currency of the list.",
}
"""The fields of a message, in order, and a sentence on each. People build imports on them."""
LONGEST_SUBJECT: Final = 80
READ: Final = ("given_day", "draft", "caution", "reason_1_text", "task_owner")
"""What a message is made of besides the columns that every week has."""


def messages(decided: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The actions that this list gives for the first time, by id.

    Parameters
    ----------
    decided
        The decisions, as ``actions`` of a week and ``former_actions`` hold them; of a week whose actions have no
        ``given_day`` there are no messages.
    as_of
        The day of the list.

    Returns
    -------
    polars.DataFrame
        The columns `OUTBOX`.
    """
    absent = [pl.lit(None).alias(name) for name in READ if name not in decided.columns]
    given = decided.with_columns(absent).filter(pl.col("playbook").is_not_null(), pl.col("given_day") == as_of)
    text = pl.col("action").str.split(". ").list.first().str.strip_chars_end(".")
    is_long = text.str.len_chars() > LONGEST_SUBJECT
    made = given.with_columns(
        pl.format("{}/{}/{}", pl.lit(as_of.isoformat()), "playbook", "customer_id").alias("id"),
        pl.lit(as_of).alias("as_of"),
        pl.when(is_long).then(text.str.slice(0, LONGEST_SUBJECT - 1) + "…").otherwise(text).alias("subject"),
        pl.col("reason_1_text").alias("reason"),
        pl.col("who").alias("team"),
        pl.col("task_owner").alias("owner"),
        pl.col("churn_probability").round(4),
        pl.col("value_at_stake").round(4),
    )
    return made.select(OUTBOX.keys()).sort("id")


def lines(rows: pl.DataFrame) -> bytes:
    r"""One JSON object for each message, one below the other.

    Examples
    --------
    >>> lines(pl.DataFrame({"id": ["2018-01-01/call/7"], "due_day": [date(2018, 1, 4)]})).decode()
    '{"id":"2018-01-01/call/7","due_day":"2018-01-04"}\n'
    """
    buffer = io.BytesIO()
    rows.write_ndjson(buffer)
    return buffer.getvalue()
