"""Contract: renewals, changes of price and plan, and how long everything has stayed as it is."""

from pipeline.config.data_sections import MAX_LATE_RENEWAL_DAYS
from pipeline.config.params import Features
from pipeline.examples.features.declare import Aggregate, Feature, Formula, part

START = frozenset({"subscriptions.start_day"})
RENEWAL = START | {"subscriptions.renewal_day"}
PRICE = START | {"subscriptions.price_per_month"}
PLAN = START | {"subscriptions.plan"}
END = START | {"subscriptions.end_day"}
KEPT = "cancelled_days_ago IS NULL"
AHEAD = f"days_to_renewal >= 0 AND {KEPT}"
# What ended yesterday may be renewed today.
RUNNING = f"{KEPT} AND (days_to_end IS NULL OR days_to_end >= -1)"


def features(_settings: Features) -> list[Feature]:
    """Declare the family."""
    return [*_renewal(), *_late_renewal(), *_price(), *_plan(), *_products()]


def _renewal() -> list[Feature]:
    return [
        Feature(
            "days_to_renewal",
            "days",
            "contract",
            Aggregate("min", "contract", "days_to_renewal", only=AHEAD),
            "days until the next renewal of a running contract; missing without one",
            "down",
            RENEWAL,
            causes=("C26",),
        ),
        Feature(
            "renewals_ever",
            "items",
            "contract",
            Aggregate("count", "contract"),
            "contract periods so far",
            "down",
            START,
            causes=("C26",),
        ),
    ]


def _late_renewal() -> list[Feature]:
    return [
        part("days_to_last_end", Aggregate("max", "contract", "days_to_end", only=KEPT), END),
        Feature(
            "renewal_overdue_days",
            "days",
            "contract",
            # Whose contract ended before that is a customer without one, and late with nothing.
            Formula(
                f"CASE WHEN contracts_running > 0 OR -days_to_last_end > {1 + MAX_LATE_RENEWAL_DAYS} THEN 0 "
                "ELSE greatest(-days_to_last_end, 0) END"
            ),
            "days since the last contract ended, neither cancelled nor renewed so far; 0 while one runs, where none "
            f"ever did, and after {1 + MAX_LATE_RENEWAL_DAYS} days",
            "up",
            END,
            causes=("C26",),
        ),
    ]


def _price() -> list[Feature]:
    return [
        Feature(
            "contract_price_change_365d",
            "currency",
            "contract_price",
            Aggregate("sum", "contract", "price_change_minor", 365),
            "change of the price per month over the last 365 days",
            "up",
            PRICE,
            causes=("C27",),
        ),
        Feature(
            "downgrades_365d",
            "items",
            "contract_price",
            Aggregate("count", "contract", days=365, only="price_change_minor < 0"),
            "changes to a lower price in the last 365 days",
            "up",
            PRICE,
            causes=("C24", "C27"),
        ),
    ]


def _plan() -> list[Feature]:
    return [
        part("contracts_running", Aggregate("count", "contract", only=RUNNING), START),
        part("plan_changed_days_ago", Aggregate("min", "contract", only="is_change = 1"), PLAN),
        Feature(
            "days_since_plan_change",
            "days",
            "staleness",
            Formula("CASE WHEN contracts_running > 0 THEN plan_changed_days_ago END"),
            "days since the plan last changed, or since the first one began; unknown where no contract runs",
            "up",
            PLAN,
            causes=("C31",),
        ),
        Feature(
            "is_plan_stale",
            "yes/no",
            "staleness",
            # Fourteen months, after which customers forget what was promised.
            Formula("CAST(days_since_plan_change >= 426 AS INTEGER)"),
            "whether the plan has been the same for 14 months (426 days) or more",
            "up",
            PLAN,
            causes=("C31",),
        ),
    ]


def _products() -> list[Feature]:
    bought = frozenset({"transactions.product_id"})
    return [
        part("last_new_product_days_ago", Aggregate("min", "product", only="is_new = 1"), bought),
        part("new_products_180d", Aggregate("sum", "product", "is_new", 180), bought),
        part("products_met_180d", Aggregate("count", "product", days=180), bought),
        Feature(
            "days_of_same_products",
            "days",
            "staleness",
            # Counted back from the last order, so that a long silence is not taken for a stale range.
            Formula("last_new_product_days_ago - days_since_last_order"),
            "days from the last time something was bought for the first time to the last order",
            "up",
            bought,
            causes=("C31", "C30"),
        ),
        Feature(
            "new_product_share_180d",
            "share",
            "staleness",
            Formula("new_products_180d / nullif(products_met_180d, 0)"),
            "products of the last 180 days that were never bought before",
            "down",
            bought,
            causes=("C31", "C30"),
        ),
        Feature(
            "is_range_stale",
            "yes/no",
            "staleness",
            Formula("CAST(days_of_same_products >= 90 AND new_product_share_180d <= 0.1 AS INTEGER)"),
            "whether for 90 days up to the last order nothing was bought for the first time, and little in half a year",
            "up",
            bought,
            causes=("C31", "C30"),
        ),
    ]
