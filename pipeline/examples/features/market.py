"""Market: whether everybody in the region buys less, so that a fall of all is not taken for the customer's own."""

from dataclasses import replace

from pipeline.config.params import Features
from pipeline.examples.features.declare import Aggregate, Feature, Formula, part

REGION = frozenset({"customers.region"})


def features(_settings: Features) -> list[Feature]:
    """Declare the family."""
    ratio = "market_orders_30d * 3.0 / nullif(market_orders_31_to_120d, 0)"
    before = part("market_orders_31_to_120d", Aggregate("sum", "market", "orders", 120, skip=30))
    return [
        part("market_orders_30d", Aggregate("sum", "market", "orders", 30)),
        before,
        replace(before, name="market_ratio_30d", unit="ratio", how=Formula(ratio)),
        *(part(f"market_orders_{d}d", Aggregate("sum", "market", "orders", d)) for d in (90, 365)),
        *(part(f"all_orders_{d}d", Aggregate("sum", "market", "all_orders", d)) for d in (90, 365)),
        Feature(
            "market_share_trend_90d",
            "ratio",
            "market",
            # Season and growth move all regions alike, and so drop out.
            Formula("market_orders_90d * all_orders_365d / nullif(all_orders_90d * market_orders_365d, 0)"),
            "the region's share of all orders in the last 90 days over that in the last 365; below 1 it falls behind",
            "down",
            REGION,
            causes=("C51",),
        ),
        Feature(
            "market_trend_30d",
            "ratio",
            "market",
            Formula("market_ratio_30d"),
            "orders per day of everybody in the customer's region in the last 30 days over those in the 90 days before",
            "down",
            REGION,
            causes=("C51",),
        ),
        Feature(
            "orders_trend_against_market_30d",
            "ratio",
            "frequency",
            Formula("orders_trend_30d / nullif(market_ratio_30d, 0)"),
            "the customer's `orders_trend_30d` over that of everybody in the region; below 1 is worse than the market",
            "down",
        ),
    ]
