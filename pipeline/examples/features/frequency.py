"""Frequency: how often the customer buys, whether that changes, and how regular it is."""

from pipeline.config.params import Features
from pipeline.examples.features.declare import Aggregate, Feature, Formula, part


def features(settings: Features) -> list[Feature]:
    """Declare the family."""
    return [*_counts(settings), *_trends(), *_gaps(), *_calendar()]


def _counts(settings: Features) -> list[Feature]:
    return [
        Feature(
            f"orders_{days}d",
            "orders",
            "frequency",
            Aggregate("sum", "purchase", "orders", days),
            f"orders in the last {days} days",
            "down",
        )
        for days in settings.windows_days
    ]


def _trends() -> list[Feature]:
    return [
        Feature(
            "orders_31_to_120d",
            "orders",
            "frequency",
            Aggregate("sum", "purchase", "orders", 120, skip=30),
            "orders in the 90 days before the last 30",
        ),
        Feature(
            "orders_trend_30d",
            "ratio",
            "frequency",
            Formula("orders_30d * 3.0 / nullif(orders_31_to_120d, 0)"),
            "orders per day in the last 30 days over orders per day in the 90 days before; 1 is no change",
            "down",
        ),
    ]


def _gaps() -> list[Feature]:
    return [
        part("gap_count", Aggregate("count", "purchase", "gap_days")),
        part("gap_sum", Aggregate("sum", "purchase", "gap_days")),
        part("gap_sum_squares", Aggregate("sum_squares", "purchase", "gap_days")),
        part("gap_count_90d", Aggregate("count", "purchase", "gap_days", 90)),
        part("gap_sum_90d", Aggregate("sum", "purchase", "gap_days", 90)),
        Feature(
            "gap_mean_days",
            "days",
            "frequency",
            Formula("gap_sum / nullif(gap_count, 0)"),
            "mean gap between purchase days",
            "up",
        ),
        Feature(
            "gap_spread_days",
            "days",
            "frequency",
            # The sums are whole numbers, so the textbook formula cancels no digits, and no order of rows matters.
            Formula("sqrt((gap_count * gap_sum_squares - gap_sum * gap_sum) / nullif(gap_count * (gap_count - 1), 0))"),
            "standard deviation of the gaps between purchase days, from two gaps on",
            "up",
        ),
        Feature(
            "gap_spread_per_mean",
            "ratio",
            "frequency",
            Formula("gap_spread_days / gap_mean_days"),
            "spread of the gaps over their mean: 0 is clockwork, 1 is chance",
            "up",
        ),
        Feature(
            "gap_longest_days",
            "days",
            "frequency",
            Aggregate("max", "purchase", "gap_days"),
            "longest gap between two purchase days",
        ),
        Feature(
            "gap_mean_90d_days",
            "days",
            "frequency",
            Formula("gap_sum_90d / nullif(gap_count_90d, 0)"),
            "mean gap that ended in the last 90 days",
            "up",
        ),
        Feature(
            "gap_trend_90d",
            "ratio",
            "frequency",
            Formula("gap_mean_90d_days / gap_mean_days"),
            "mean gap of the last 90 days over the mean gap of all history; above 1 is slowing down",
            "up",
        ),
    ]


def _calendar() -> list[Feature]:
    weekend = part(
        "weekend_orders_365d", Aggregate("sum", "purchase", "orders", 365, only="extract(isodow FROM day) >= 6")
    )
    early = part(
        "month_start_orders_365d", Aggregate("sum", "purchase", "orders", 365, only="extract(day FROM day) <= 10")
    )
    return [
        weekend,
        early,
        Feature(
            "weekend_share_365d",
            "share",
            "frequency",
            Formula("weekend_orders_365d / nullif(orders_365d, 0)"),
            "share of the orders of a year that fell on Saturday or Sunday",
        ),
        Feature(
            "month_start_share_365d",
            "share",
            "frequency",
            Formula("month_start_orders_365d / nullif(orders_365d, 0)"),
            "share of the orders of a year that fell on the first ten days of a month",
        ),
    ]
