"""Commitments: promises made to the customer that are overdue, or were broken."""

from pipeline.config.params import Features
from pipeline.examples.features.declare import Aggregate, Feature

DUE = frozenset({"commitments.due_day", "commitments.kept_day"})
OVERDUE = "days_to_due < 0 AND kept_days_ago IS NULL"
# Kept, but later than promised: the day it was kept lies nearer to the snapshot than the day it was due.
LATE = "days_to_due < 0 AND kept_days_ago < -days_to_due"


def features(_settings: Features) -> list[Feature]:
    """Declare the family."""
    return [
        Feature(
            "promises_overdue",
            "promises",
            "commitments",
            Aggregate("count", "promise", only=OVERDUE),
            "promises past their day and not kept so far",
            "up",
            DUE,
            causes=("C10",),
        ),
        Feature(
            "oldest_overdue_promise_days",
            "days",
            "commitments",
            Aggregate("max", "promise", only=OVERDUE),
            "days since the oldest promise that is overdue was made; missing without one",
            "up",
            DUE,
            causes=("C10",),
        ),
        Feature(
            "promises_broken_365d",
            "promises",
            "commitments",
            Aggregate("count", "promise", days=365, only=f"(({OVERDUE}) OR ({LATE}))"),
            "promises of the last 365 days that were not kept in time",
            "up",
            DUE,
            causes=("C10",),
        ),
        Feature(
            "promises_365d",
            "promises",
            "commitments",
            Aggregate("count", "promise", days=365),
            "promises made in the last 365 days",
            "none",
            frozenset({"commitments.made_ts"}),
        ),
    ]
