"""Recency: how long ago the customer last bought, and whether that is long for this customer."""

from pipeline.config.params import Features
from pipeline.examples.features.declare import Aggregate, Feature, Formula


def features(_settings: Features) -> list[Feature]:
    """Declare the family."""
    return [
        Feature(
            "days_since_last_order",
            "days",
            "recency",
            Aggregate("min", "purchase"),
            "days from the last purchase day to the snapshot",
            "up",
            is_sure=True,
        ),
        Feature(
            "days_since_last_order_per_usual_gap",
            "ratio",
            "recency",
            Formula("days_since_last_order / gap_mean_days"),
            "days since the last order over the customer's own mean gap between purchase days",
            "up",
            is_sure=True,
        ),
        Feature(
            "days_since_last_order_per_longest_gap",
            "ratio",
            "recency",
            Formula("days_since_last_order / gap_longest_days"),
            "days since the last order over the longest gap the customer ever made",
            "up",
            is_sure=True,
        ),
        Feature(
            "days_since_last_refund",
            "days",
            "recency",
            Aggregate("min", "refund"),
            "days from the last refund to the snapshot; missing without one",
            "down",
        ),
    ]
