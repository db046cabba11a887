"""Price: how much of what the customer buys is bought at a discount."""

from pipeline.config.params import Features
from pipeline.examples.features.declare import Aggregate, Feature, Formula, part

DISCOUNT = frozenset({"transactions.discount"})
PRODUCT = frozenset({"transactions.product_id"})


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
                needs=DISCOUNT,
            ),
        ]
    return [
        *declared,
        *_waiting(),
        *_rises(),
        Feature(
            "discount_share_trend_90d",
            "ratio",
            "price",
            Formula("discount_share_90d / nullif(discount_share_365d, 0)"),
            "discount share of the last 90 days over that of the last 365; above 1 is more on discount",
            "up",
            needs=DISCOUNT,
        ),
    ]


def _waiting() -> list[Feature]:
    """Who only buys when something is reduced waits for the next promotion, and no longer for the need."""
    reduced = "discount_minor > 0"
    return [
        part("order_days_365d", Aggregate("count", "purchase", days=365), DISCOUNT),
        part("reduced_days_365d", Aggregate("count", "purchase", days=365, only=reduced), DISCOUNT),
        Feature(
            "reduced_order_days_share_365d",
            "share",
            "price",
            Formula("reduced_days_365d / nullif(order_days_365d, 0)"),
            "days with an order on which something was reduced, over all days with an order, in the last 365",
            "up",
            needs=DISCOUNT,
        ),
        part("order_days_90d", Aggregate("count", "purchase", days=90), DISCOUNT),
        part("reduced_days_90d", Aggregate("count", "purchase", days=90, only=reduced), DISCOUNT),
        Feature(
            "reduced_order_days_share_90d",
            "share",
            "price",
            Formula("CASE WHEN order_days_90d >= 3 THEN reduced_days_90d / order_days_90d END"),
            "the same share in the last 90 days; missing with fewer than three days with an order",
            "up",
            needs=DISCOUNT,
        ),
        part("last_full_price_order_days_ago", Aggregate("min", "purchase", only="discount_minor = 0"), DISCOUNT),
        Feature(
            "days_on_reductions_only",
            "days",
            "price",
            # Counted back from the last order, so that a long silence is not taken for waiting.
            Formula("last_full_price_order_days_ago - days_since_last_order"),
            "days from the last day of orders without a reduction to the last order; missing where there is none",
            "up",
            needs=DISCOUNT,
        ),
    ]


def _rises() -> list[Feature]:
    return [
        part("products_met_90d", Aggregate("count", "product", days=90), PRODUCT),
        part("dearer_products_90d", Aggregate("sum", "product", "is_dearer", 90), PRODUCT),
        Feature(
            "price_rise_share_90d",
            "share",
            "price_rises",
            Formula("dearer_products_90d / nullif(products_met_90d, 0)"),
            "products of the last 90 days that cost over 1 % more than when the customer last bought them",
            "up",
            needs=PRODUCT,
            causes=("C27", "C42"),
        ),
    ]
