"""Tenure: how long and how far the relation goes back."""

from pipeline.config.params import Features
from pipeline.examples.features.declare import Aggregate, Feature, Formula

NEWCOMER_DAYS = 120
EVENTS = frozenset({"events.event_type"})
CUTS = {
    "half_year": (183, "6 months"),
    "1_year": (365, "1 year"),
    "2_years": (730, "2 years"),
    "3_years": (1095, "3 years"),
}


def features(settings: Features) -> list[Feature]:
    """Declare the family."""
    return [
        Feature(
            "days_since_first_order",
            "days",
            "tenure",
            Aggregate("max", "purchase"),
            "days from the first purchase day to the snapshot",
            "down",
        ),
        Feature(
            "orders_ever",
            "orders",
            "tenure",
            Aggregate("sum", "purchase", "orders"),
            "orders in all history",
            "down",
        ),
        Feature(
            "order_days_ever",
            "days",
            "tenure",
            Aggregate("count", "purchase"),
            "days with an order in all history",
            "down",
        ),
        Feature(
            "is_one_time_buyer",
            "yes/no",
            "second_order",
            Formula("CAST(orders_ever = 1 AS INTEGER)"),
            "whether there was exactly one order so far",
            "up",
            causes=("C16", "C14"),
        ),
        Feature(
            "is_newcomer_unseen",
            "yes/no",
            "second_order",
            Formula(f"CAST(days_since_first_order BETWEEN 14 AND {NEWCOMER_DAYS} AND events_30d = 0 AS INTEGER)"),
            f"whether the first order was 14 to {NEWCOMER_DAYS} days ago, and nothing was seen for 30 days",
            "up",
            EVENTS,
            # Where use can be seen, nothing seen is nothing used.
            causes=("C18", "C16", "C14") if settings.usage_types else ("C16", "C14"),
        ),
        Feature(
            "is_newcomer_refunded",
            "yes/no",
            "first_order",
            Formula(
                f"CAST(days_since_first_order <= {NEWCOMER_DAYS} AND coalesce(refund_share_365d, 0) >= 0.15 AS INTEGER)"
            ),
            f"whether the first order was at most {NEWCOMER_DAYS} days ago, and 15 % of all paid since was refunded",
            "up",
            causes=("C17", "C11"),
        ),
        *(
            Feature(
                f"is_tenured_{cut}",
                "yes/no",
                "tenure",
                Formula(f"CAST(days_since_first_order >= {days} AS INTEGER)"),
                f"whether the first order is at least {words} ({days} days) ago",
                "down",
            )
            for cut, (days, words) in CUTS.items()
        ),
    ]
