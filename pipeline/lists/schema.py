"""The columns of the risk list, and the words that stand in them."""

from typing import Final

import polars as pl

RISK_LIST: Final[dict[str, pl.DataType]] = {
    "rank": pl.Int64(),
    "customer_id": pl.String(),
    "name": pl.String(),
    "owner": pl.String(),
    "tier": pl.String(),
    "lifecycle": pl.String(),
    "churn_probability": pl.Float64(),
    "risk_band": pl.String(),
    "value": pl.Float64(),
    "value_at_stake": pl.Float64(),
    "reason_1": pl.String(),
    "reason_2": pl.String(),
    "reason_3": pl.String(),
    "reason_1_kind": pl.String(),
    "reason_1_act": pl.String(),
    "reason_1_team": pl.String(),
    "protects": pl.String(),
    "work": pl.String(),
    "playbook": pl.String(),
    "action": pl.String(),
    "channel": pl.String(),
    "who": pl.String(),
    "due_day": pl.Date(),
    "status": pl.String(),
    "since_week": pl.Date(),
    "previous_probability": pl.Float64(),
    "change": pl.String(),
    "caution": pl.String(),
    "draft": pl.String(),
    "last_order_day": pl.Date(),
    "usual_order_day": pl.Date(),
    "next_order_day": pl.Date(),
    "cancellation_day": pl.Date(),
    "last_contact_day": pl.Date(),
    "outcome": pl.String(),
    "done_day": pl.String(),
    "answer": pl.String(),
    "wrong_reason": pl.String(),
    "snooze_until_day": pl.String(),
    "note": pl.String(),
    "as_of": pl.Date(),
}
"""The columns of the risk list, in order. People script against them."""

FILLED_IN: Final = ("outcome", "done_day", "answer", "wrong_reason", "snooze_until_day", "note")
"""The columns that teams fill in; the list holds an empty text in each."""

NEVER_NULL: Final = frozenset(
    {
        *("rank", "customer_id", "tier", "lifecycle", "churn_probability", "risk_band", "value", "value_at_stake"),
        *("work", "action", "status", "since_week", "last_order_day", "as_of"),
        *FILLED_IN,
    }
)
"""The columns of the risk list that hold something in every row; those to fill in hold an empty text."""
_DECIDED: Final = (
    *("customer_id", "churn_probability", "risk_band", "value_at_stake"),
    *("work", "playbook", "action", "channel", "who", "due_day"),
)
ACTIONS: Final[dict[str, pl.DataType]] = {name: RISK_LIST[name] for name in _DECIDED} | {"why_not": pl.String()}
"""The columns that ``actions`` must have, in any order; it may carry more."""

FAMILY_PREFIX: Final = "family_"
"""A column of ``waterfalls`` that starts so holds the log-odds one family of features adds."""

WORK: Final = ("duty", "task", "watch")
"""What a row of the list asks of its reader."""

STATUSES: Final = ("new", "still_open", "snoozed", "recovered", "dropped")
"""What a customer on the list can be since last week."""

OUTCOMES: Final = ("done", "not_done", "wrong_reason")
"""What a team may write into ``outcome``."""

ANSWERS: Final = ("accepted", "declined", "unreachable", "complaint")
"""What a team may write into ``answer``: how the customer took it."""

REASONS: Final = ("1", "2", "3")
"""What a team may write into ``wrong_reason``: which of the reasons is wrong."""
