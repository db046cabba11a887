"""What churn means under the settings, in a sentence anyone understands."""

from datetime import date, timedelta

from pipeline.config.params import Label
from pipeline.examples.snapshots import outcome_window
from pipeline.messages import Field, Message, say

MEANING = {
    "inactivity": "No purchase",
    "cancellation": "A cancelled subscription, or one that ended and was not renewed,",
}


def definition(label: Label) -> str:
    """The label in words, for no day in particular.

    >>> definition(Label(kind="inactivity", gap_days=0, horizon_days=30))
    'No purchase in the 30 days that begin on the snapshot.'
    """
    begins = "on the snapshot" if label.gap_days == 0 else f"{label.gap_days} days after the snapshot"
    return f"{MEANING[label.kind]} in the {label.horizon_days} days that begin {begins}."


def definition_at(snapshot: date, label: Label) -> Message:
    """The label in words, for one snapshot.

    >>> print(definition_at(date(2018, 1, 1), Label(kind="inactivity", gap_days=0, horizon_days=30)))
    No purchase in the 30 days from 2018-01-01 to 2018-01-30.
    """
    window = outcome_window(snapshot, label)
    parts: dict[str, Field] = {
        "number": label.horizon_days,
        "first": window.start,
        "last": window.end - timedelta(days=1),
    }
    if label.kind == "inactivity":
        return say("No purchase in the {number} days from {first} to {last}.", **parts)
    return say(
        "A cancelled subscription, or one that ended and was not renewed, in the {number} days from {first} to {last}.",
        **parts,
    )
