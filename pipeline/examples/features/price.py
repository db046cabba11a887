"""Price: how much of what the customer buys is bought at a discount."""

from pipeline.examples.features.declare import Aggregate, Feature, Formula, part
from pipeline.params import Features

DISCOUNT = frozenset({"transactions.discount"})


def features(_settings: Features) -> list[Feature]:
    """Declare the family."""
    declared: list[Feature] = []
    for days in (90, 365):
        declared += [
            part(f"discount_minor_{days}d", Aggregate("sum", "purchase", "discount_minor", days), DISCOUNT),
            part(f"full_price_minor_{days}d", Aggregate("sum", "purchase", "amount_minor", days), DISCOUNT),
            Feature(
                f"discount_share_{days}d",
                "share",
                "price",
                Formula(f"discount_minor_{days}d / nullif(discount_minor_{days}d + full_price_minor_{days}d, 0)"),
                f"discounts over the price before discounts, in the last {days} days",
                "up",
                (f"saved {{discount_share_{days}d}} through discounts over {days} days",),
                needs=DISCOUNT,
            ),
        ]
    return [
        *declared,
        Feature(
            "discount_share_trend_90d",
            "ratio",
            "price",
            Formula("discount_share_90d / nullif(discount_share_365d, 0)"),
            "discount share of the last 90 days over that of the last 365; above 1 is more on discount",
            "up",
            ("saved {discount_share_90d} through discounts over 90 days, {discount_share_365d} over a year",),
            needs=DISCOUNT,
        ),
    ]
