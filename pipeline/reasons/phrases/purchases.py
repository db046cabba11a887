"""Sentences about what a customer buys: how often, for how much, at which price, what, and since when."""

from typing import Final

from pipeline.reasons.phrases.lookup import Phrasebook

LAST_ORDER = (
    "last order {days_since_last_order} ago; usually {gap_mean_days} between orders",
    "last order {days_since_last_order} ago, and no second one yet",
)
ORDERS_TREND = "{orders_30d} in the last 30 days, {orders_31_to_120d} in the 90 days before"
GAPS = (
    "on average {gap_mean_days} between orders, {gap_mean_90d_days} of late",
    "on average {gap_mean_days} between orders",
)
SPREAD = "the pause between orders is {gap_mean_days}, give or take {gap_spread_days}"
SPEND_TREND = "spent {spend_30d} in the last 30 days, {spend_31_to_120d} in the 90 days before"
SINCE = "first order {days_since_first_order} ago, {orders_ever} in all"

RECENCY: Phrasebook = {
    "days_since_last_order": LAST_ORDER,
    "days_since_last_order_per_usual_gap": LAST_ORDER,
    "days_since_last_order_per_longest_gap": (
        "last order {days_since_last_order} ago; the longest pause before was {gap_longest_days}"
    ),
    "days_since_last_refund": "last refund {days_since_last_refund} ago",
}

FREQUENCY: Phrasebook = {
    "orders_{window}d": (
        "{number} in the last {window}, {before=orders_365d} within a year",
        "{number} in the last {window}",
    ),
    "orders_30d": ORDERS_TREND,
    "orders_31_to_120d": ORDERS_TREND,
    "orders_trend_30d": ORDERS_TREND,
    "gap_mean_days": GAPS,
    "gap_mean_90d_days": GAPS,
    "gap_trend_90d": GAPS,
    "gap_spread_days": SPREAD,
    "gap_spread_per_mean": SPREAD,
    "gap_longest_days": "the longest pause between orders was {gap_longest_days}",
    "weekend_share_365d": "{weekend_share_365d} of orders at weekends",
    "month_start_share_365d": "{month_start_share_365d} of orders in the first ten days of a month",
    "p_no_purchase": (
        "on average {gap_mean_days} between orders, the last one {days_since_last_order} ago",
        "{orders_ever} so far, {days_since_last_order} ago",
    ),
}

MONETARY: Phrasebook = {
    "spend_{window}d": (
        "spent {number} in the last {window}, {before=spend_365d} within a year",
        "spent {number} in the last {window}",
    ),
    "spend_30d": SPEND_TREND,
    "spend_31_to_120d": SPEND_TREND,
    "spend_trend_30d": SPEND_TREND,
    "spend_per_order_{window}d": "{number} per order over {window}",
    "spend_per_order_trend_90d": "{spend_per_order_90d} per order over 90 days, {spend_per_order_365d} over a year",
    "largest_day_spend_365d": "spent at most {largest_day_spend_365d} on one day within a year",
    "quantity_{window}d": (
        "bought {number} in the last {window}, {before=quantity_365d} within a year",
        "bought {number} in the last {window}",
    ),
    "refunds_90d": "{number} in the last {window=90}",
    "refunds_365d": "{refunds_365d} within a year",
    "refund_share_365d": "{refund_share_365d} of what was paid within a year was refunded",
    "margin_365d": "brought a margin of {margin_365d} within a year",
    "margin_share_365d": "{margin_share_365d} of what was paid within a year was margin",
}

PRICE: Phrasebook = {
    "discount_share_{window}d": "saved {number} through discounts over {window}",
    "discount_share_trend_90d": (
        "saved {discount_share_90d} through discounts over 90 days, {discount_share_365d} over a year"
    ),
    "reduced_order_days_share_90d": (
        "{reduced_order_days_share_90d} of the orders of the last 90 days held something reduced"
    ),
    "reduced_order_days_share_365d": "{reduced_order_days_share_365d} of the orders held something reduced",
    "days_on_reductions_only": (
        "for {days_on_reductions_only} up to the last order, something reduced on every day with an order"
    ),
    "price_rise_share_90d": "{price_rise_share_90d} of what was bought in 90 days was dearer than the time before",
}

BREADTH: Phrasebook = {
    "products_{window}d": (
        "{number} different products in the last {window}, {before=products_365d} within a year",
        "{number} different products in the last {window}",
    ),
    "categories_{window}d": "{number} different categories in the last {window}",
    "categories_share_30d": (
        "{number=categories_30d} different categories in the last {window=30}, {before=categories_365d} within a year"
    ),
    "stores_{window}d": "{number} different stores in the last {window}",
    "channels_{window}d": "{number} different channels in the last {window}",
    "is_tenured_single_category": "{orders_365d} within a year, all of one category",
}

TENURE: Phrasebook = {
    "days_since_first_order": SINCE,
    "orders_ever": SINCE,
    "order_days_ever": SINCE,
    "is_tenured_half_year": SINCE,
    "is_tenured_1_year": SINCE,
    "is_tenured_2_years": SINCE,
    "is_tenured_3_years": SINCE,
    "is_one_time_buyer": "{orders_ever} so far",
    "is_newcomer_unseen": (
        "first order {days_since_first_order} ago, the last one {days_since_last_order} ago, "
        "and no other event for 30 days",
        "first order {days_since_first_order} ago, none since, and no other event for 30 days",
    ),
    "is_newcomer_refunded": (
        "first order {days_since_first_order} ago, and {refund_share_365d} of what was paid was refunded"
    ),
}

MARKET: Phrasebook = {
    "market_share_trend_{window}d": "the region falls behind the others: {number} of its usual share of all orders",
    "is_region_behind": (
        "the region falls behind the others: {number=market_share_trend_30d} of its usual share of all orders"
    ),
    "market_trend_30d": "orders of all customers in the region are at {market_trend_30d} of what they were",
    "orders_trend_against_market_30d": f"{ORDERS_TREND}, worse than the market",
}

PHRASES: Final[Phrasebook] = {**RECENCY, **FREQUENCY, **MONETARY, **PRICE, **BREADTH, **TENURE, **MARKET}
