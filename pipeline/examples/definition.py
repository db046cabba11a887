"""What churn means under the settings, in a sentence anyone understands."""

from datetime import date, timedelta

from pipeline.config.params import Label
from pipeline.examples.snapshots import outcome_window
from pipeline.messages import Field, Figure, Message, say

MEANING = {
    "inactivity": "No purchase",
    "overdue": "No purchase",
    "cancellation": "A cancelled subscription, or one that ended and was not renewed{late},",
}


def definition(label: Label) -> str:
    """The label in words, for no day in particular.

    >>> definition(Label(kind="inactivity", gap_days=0, horizon_days=30))
    'No purchase in the 30 days that begin on the snapshot.'
    >>> late = {"times": 2.0, "min_days": 30, "max_days": 365, "one_time_days": 90}
    >>> words = definition(Label(kind="overdue", gap_days=0, horizon_days=30, overdue=late))
    >>> words.removeprefix("No purchase in the 30 days that begin on the snapshot, and by their end a ")[:62]
    "silence of more than 2 times the customer's usual pause (at le"
    >>> definition(Label(kind="cancellation", gap_days=0, horizon_days=30, late_renewal_days=14)).split(", in ")[0]
    'A cancelled subscription, or one that ended and was not renewed within 14 days'
    """
    begins = "on the snapshot" if label.gap_days == 0 else f"{label.gap_days} days after the snapshot"
    late = f" within {label.late_renewal_days} days" if label.late_renewal_days else ""
    sentence = f"{MEANING[label.kind].format(late=late)} in the {label.horizon_days} days that begin {begins}"
    overdue = label.overdue
    if label.kind != "overdue" or overdue is None:
        return f"{sentence}."
    return (
        f"{sentence}, and by their end a silence of more than {overdue.times:g} times the customer's usual pause "
        f"(at least {overdue.min_days}, at most {overdue.max_days} days; {overdue.one_time_days} after a single "
        "purchase day)."
    )


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
    overdue = label.overdue
    if label.kind == "overdue" and overdue is not None:
        return say(
            "Overdue: no purchase in the {number} days from {first} to {last}, and by then silent for more than "
            "{times} times the customer's usual pause (at least {least}, at most {most} days; {once} after a single "
            "purchase day).",
            **parts,
            times=Figure(f"{overdue.times:g}"),
            least=overdue.min_days,
            most=overdue.max_days,
            once=overdue.one_time_days,
        )
    if label.late_renewal_days:
        return say(
            "A cancelled subscription, or one that ended and was not renewed within {late} days, in the {number} days "
            "from {first} to {last}.",
            **parts,
            late=label.late_renewal_days,
        )
    return say(
        "A cancelled subscription, or one that ended and was not renewed, in the {number} days from {first} to {last}.",
        **parts,
    )
