"""Monetary: how much the customer spends, whether that changes, and what comes back as refunds."""

from pipeline.config.params import Features
from pipeline.examples.features.declare import Aggregate, Feature, Formula, part

QUANTITY = frozenset({"transactions.quantity"})
COST = frozenset({"transactions.cost"})


def features(settings: Features) -> list[Feature]:
    """Declare the family."""
    return [*_sums(settings), *_trend(), *_sizes(), *_quantity(), *_refunds(), *_margin()]


def _sums(settings: Features) -> list[Feature]:
    return [
        Feature(
            f"spend_{days}d",
            "currency",
            "monetary",
            Aggregate("sum", "purchase", "amount_minor", days),
            f"paid in the last {days} days, refunds not taken off",
            "down",
        )
        for days in settings.windows_days
    ]


def _trend() -> list[Feature]:
    return [
        Feature(
            "spend_31_to_120d",
            "currency",
            "monetary",
            Aggregate("sum", "purchase", "amount_minor", 120, skip=30),
            "paid in the 90 days before the last 30",
        ),
        Feature(
            "spend_trend_30d",
            "ratio",
            "monetary",
            Formula("spend_30d * 3.0 / nullif(spend_31_to_120d, 0)"),
            "spend per day in the last 30 days over spend per day in the 90 days before; 1 is no change",
            "down",
        ),
    ]


def _sizes() -> list[Feature]:
    return [
        Feature(
            f"spend_per_order_{days}d",
            "currency",
            "monetary",
            Formula(f"spend_{days}d / nullif(orders_{days}d, 0)"),
            f"mean paid per order in the last {days} days",
        )
        for days in (90, 365)
    ] + [
        Feature(
            "spend_per_order_trend_90d",
            "ratio",
            "order_size",
            Formula("CASE WHEN orders_90d >= 3 THEN spend_per_order_90d / nullif(spend_per_order_365d, 0) END"),
            "mean paid per order in the last 90 days over that of the last 365; missing with fewer than three orders",
            "down",
            causes=("C27",),
        ),
        Feature(
            "largest_day_spend_365d",
            "currency",
            "monetary",
            Aggregate("max", "purchase", "amount_minor", 365),
            "most paid on one day in the last 365 days",
        ),
    ]


def _quantity() -> list[Feature]:
    return [
        Feature(
            f"quantity_{days}d",
            "pieces",
            "monetary",
            Aggregate("sum", "purchase", "quantity", days),
            f"quantity bought in the last {days} days",
            "down",
            needs=QUANTITY,
            is_reason_only=days == 365,
        )
        for days in (30, 90, 365)
    ]


def _refunds() -> list[Feature]:
    return [
        part("refunded_365d", Aggregate("sum", "refund", "amount_minor", 365)),
        part("paid_minor_365d", Aggregate("sum", "purchase", "amount_minor", 365)),
        Feature(
            "refunds_365d",
            "refunds",
            "returns",
            Aggregate("sum", "refund", "orders", 365),
            "refunds in the last 365 days",
            "up",
            causes=("C09", "C17"),
        ),
        Feature(
            "refunds_90d",
            "refunds",
            "returns",
            Aggregate("sum", "refund", "orders", 90),
            "refunds in the last 90 days",
            "up",
            causes=("C09", "C17"),
        ),
        Feature(
            "refund_share_365d",
            "share",
            "returns",
            Formula("refunded_365d / nullif(paid_minor_365d, 0)"),
            "amount refunded over amount paid, in the last 365 days",
            "up",
            causes=("C09", "C17"),
        ),
    ]


def _margin() -> list[Feature]:
    """Refunds are taken off; the cost of a refunded line, negative where the goods came back, counts as it is given."""
    return [
        part("costed_minor_365d", Aggregate("sum", "margin", "amount_minor", 365), COST),
        part("margin_minor_365d", Aggregate("sum", "margin", "margin_minor", 365), COST),
        Feature(
            "margin_365d",
            "currency",
            "monetary",
            Aggregate("sum", "margin", "margin_minor", 365),
            "paid less refunds less cost in the last 365 days; lines of unknown cost are left out",
            needs=COST,
        ),
        Feature(
            "margin_share_365d",
            "share",
            "monetary",
            Formula("margin_minor_365d / nullif(costed_minor_365d, 0)"),
            "that margin over what was paid for the same lines; negative where they cost more than they brought",
            needs=COST,
        ),
    ]
