"""Tenure: how long and how far the relation goes back."""

from pipeline.examples.features.declare import Aggregate, Feature, Formula
from pipeline.params import Features

EVENTS = frozenset({"events.event_type"})
SINCE = ("first order {days_since_first_order} ago, {orders_ever} since",)
CUTS = {
    "half_year": (183, "6 months"),
    "1_year": (365, "1 year"),
    "2_years": (730, "2 years"),
    "3_years": (1095, "3 years"),
}


def features(_settings: Features) -> list[Feature]:
    """Declare the family."""
    return [
        Feature(
            "days_since_first_order",
            "days",
            "tenure",
            Aggregate("max", "purchase"),
            "days from the first purchase day to the snapshot",
            "down",
            SINCE,
        ),
        Feature(
            "orders_ever",
            "orders",
            "tenure",
            Aggregate("sum", "purchase", "orders"),
            "orders in all history",
            "down",
            SINCE,
        ),
        Feature(
            "order_days_ever",
            "days",
            "tenure",
            Aggregate("count", "purchase"),
            "days with an order in all history",
            "down",
            SINCE,
        ),
        Feature(
            "is_one_time_buyer",
            "yes/no",
            "second_order",
            Formula("CAST(orders_ever = 1 AS INTEGER)"),
            "whether there was exactly one order so far",
            "up",
            ("{orders_ever} so far",),
            causes=("C16", "C14"),
        ),
        Feature(
            "is_first_order_forgotten",
            "yes/no",
            "second_order",
            Formula("CAST(orders_ever = 1 AND events_30d = 0 AND days_since_first_order >= 21 AS INTEGER)"),
            "whether there was exactly one order, three weeks ago or longer, and nothing was seen for 30 days",
            "up",
            ("{orders_ever} {days_since_first_order} ago, and not seen since",),
            EVENTS,
            causes=("C16", "C14"),
        ),
        Feature(
            "is_first_order_refunded",
            "yes/no",
            "first_order",
            Formula("CAST(orders_ever = 1 AND refunds_365d > 0 AS INTEGER)"),
            "whether there was exactly one order so far, and a refund",
            "up",
            ("{orders_ever} so far, and it was refunded",),
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
                SINCE,
            )
            for cut, (days, words) in CUTS.items()
        ),
    ]
