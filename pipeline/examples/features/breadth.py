"""Breadth: how many different products, categories, stores and channels the customer uses."""

from pipeline.config.params import Features
from pipeline.examples.features.declare import Aggregate, Feature, Formula

# kind of history row -> (canonical column, windows in days, plural)
KINDS = {
    "product": ("product_id", (30, 90, 365), "products"),
    "category": ("category", (30, 90, 365), "categories"),
    "store": ("store_id", (90, 365), "stores"),
    "channel": ("channel", (90, 365), "channels"),
}


def features(_settings: Features) -> list[Feature]:
    """Declare the family."""
    return [*(feature for kind in KINDS for feature in _different(kind)), _category_trend(), _single_line()]


def _different(kind: str) -> list[Feature]:
    column, windows, plural = KINDS[kind]
    return [
        Feature(
            f"{plural}_{days}d",
            "items",
            "breadth",
            Aggregate("latest", kind, "days_ago", days),
            f"different {plural} bought in the last {days} days"
            if kind in {"product", "category"}
            else f"different {plural} used in the last {days} days",
            "down",
            needs=frozenset({f"transactions.{column}"}),
        )
        for days in windows
    ]


def _category_trend() -> Feature:
    return Feature(
        "categories_share_30d",
        "share",
        "breadth",
        Formula("categories_30d / nullif(categories_365d, 0)"),
        "categories of the last 30 days over those of the last 365",
        "down",
        needs=frozenset({"transactions.category"}),
    )


def _single_line() -> Feature:
    return Feature(
        "is_tenured_single_category",
        "yes/no",
        "needs",
        Formula(
            "CAST(days_since_first_order >= 365 AND categories_365d <= 1 AND orders_365d >= 4 "
            "AND new_product_share_180d > 0.1 AS INTEGER)"
        ),
        "whether the first order is a year ago or more, and four or more orders within a year, of different products, "
        "were all of one category",
        "up",
        needs=frozenset({"transactions.category", "transactions.product_id"}),
        causes=("C30",),
    )
