"""Market: whether everybody in the region buys less, so that a fall of all is not taken for the customer's own."""

from dataclasses import replace

from pipeline.config.params import Features
from pipeline.examples.features.declare import Aggregate, Feature, Formula, part

REGION = frozenset({"customers.region"})
# What the region would have ordered in the last 30 days, had it kept its share of the year.
KEPT = "all_orders_30d * market_orders_365d / nullif(all_orders_365d, 0)"
# A fall of 8 %, of 5 % beside the region's own past as well, and three times what chance moves as many orders by.
BEHIND = (
    f"market_orders_30d <= 0.92 * {KEPT} AND {KEPT} - market_orders_30d >= 3 * sqrt({KEPT}) "
    "AND (market_orders_30d * 365 <= 0.95 * market_orders_365d * 30 OR market_ratio_30d <= 0.95)"
)


def features(_settings: Features) -> list[Feature]:
    """Declare the family."""
    ratio = "market_orders_30d * 3.0 / nullif(market_orders_31_to_120d, 0)"
    before = part("market_orders_31_to_120d", Aggregate("sum", "market", "orders", 120, skip=30))
    return [
        part("market_orders_30d", Aggregate("sum", "market", "orders", 30)),
        before,
        replace(before, name="market_ratio_30d", unit="ratio", how=Formula(ratio)),
        *(part(f"market_orders_{d}d", Aggregate("sum", "market", "orders", d)) for d in (90, 365)),
        *(part(f"all_orders_{d}d", Aggregate("sum", "market", "all_orders", d)) for d in (30, 90, 365)),
        *map(_share_trend, (90, 30)),
        Feature(
            "is_region_behind",
            "yes/no",
            "market",
            Formula(f"CAST({BEHIND} AS INTEGER)"),
            "whether the region's orders of the last 30 days are 8 % or more below its usual share of all, below those "
            "of its own past, and further below than chance explains",
            "up",
            REGION,
            causes=("C51",),
            is_reason_only=True,
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


def _share_trend(days: int) -> Feature:
    """What the region has of all orders, beside the year; of the shorter window only reasons speak."""
    return Feature(
        f"market_share_trend_{days}d",
        "ratio",
        "market",
        # Season and growth move all regions alike, and so drop out.
        Formula(f"market_orders_{days}d * all_orders_365d / nullif(all_orders_{days}d * market_orders_365d, 0)"),
        f"the region's share of all orders in the last {days} days over that in the last 365; below 1 it falls behind",
        "down",
        REGION,
        causes=("C51",),
        is_reason_only=days == 30,
    )
