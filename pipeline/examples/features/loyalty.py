"""Loyalty: the points a customer holds, those about to lapse, and whether there was ever a reward."""

from pipeline.config.params import Features
from pipeline.examples.features.declare import Aggregate, Feature, Formula, part

POINTS = frozenset({"loyalty.kind", "loyalty.points"})
EXPIRES = POINTS | {"loyalty.expires_day"}
KIND = frozenset({"loyalty.kind"})


def features(_settings: Features) -> list[Feature]:
    """Declare the family."""
    return [*_balance(), *_expiry(), *_rewards()]


def _balance() -> list[Feature]:
    moved = {kind: f"points_{kind}_ever" for kind in ("earn", "spend", "expire")}
    return [
        *(part(name, Aggregate("sum", "loyalty", "points", item=kind), POINTS) for kind, name in moved.items()),
        Feature(
            "points_balance",
            "points",
            "loyalty",
            Formula("greatest(points_earn_ever - points_spend_ever - points_expire_ever, 0)"),
            "points earned, less those spent and lapsed",
            "down",
            POINTS,
        ),
        Feature(
            "days_since_last_points_spent",
            "days",
            "loyalty",
            Aggregate("min", "loyalty", item="spend"),
            "days since points were last spent; missing where they never were",
            "up",
            POINTS,
        ),
        Feature(
            "points_earned_90d",
            "points",
            "engagement",
            Aggregate("sum", "loyalty", "points", 90, item="earn"),
            "points earned in the last 90 days",
            "down",
            POINTS,
        ),
    ]


def _expiry() -> list[Feature]:
    soon = "days_to_expires BETWEEN 0 AND 59"
    return [
        part("points_lapsing_60d", Aggregate("sum", "points", "points", only=soon), EXPIRES),
        part("days_to_next_lapse", Aggregate("min", "points", "days_to_expires", only="days_to_expires >= 0"), EXPIRES),
        Feature(
            "points_expiring_60d",
            "points",
            "points_expiry",
            Formula("least(points_lapsing_60d, points_balance)"),
            "points that lapse within the next 60 days, at most the balance",
            "up",
            EXPIRES,
            causes=("C54",),
        ),
        Feature(
            "days_to_points_expiry",
            "days",
            "points_expiry",
            Formula("CASE WHEN points_balance > 0 THEN days_to_next_lapse END"),
            "days until the next points lapse; missing where there are none",
            "down",
            EXPIRES,
            causes=("C54",),
        ),
        part("points_lapsed_120d", Aggregate("sum", "loyalty", "points", 120, item="expire"), POINTS),
        Feature(
            "points_lapsed_share_120d",
            "share",
            "points_expiry",
            Formula("points_lapsed_120d / nullif(points_earn_ever, 0)"),
            "points that lapsed unused in the last 120 days, over all points ever earned",
            "up",
            POINTS,
            causes=("C54",),
        ),
        Feature(
            "is_points_unused_expiring",
            "yes/no",
            "points_expiry",
            Formula("CAST(points_spend_ever = 0 AND coalesce(days_to_points_expiry <= 60, false) AS INTEGER)"),
            "whether points lapse within 60 days, and none were ever spent",
            "up",
            EXPIRES,
            causes=("C54",),
        ),
    ]


def _rewards() -> list[Feature]:
    return [
        Feature(
            "rewards_ever",
            "items",
            "reward",
            Aggregate("count", "loyalty", item="reward"),
            "days with a reward, in all history",
            "down",
            KIND,
            causes=("C03",),
        ),
        Feature(
            "is_tenured_without_reward",
            "yes/no",
            "reward",
            Formula("CAST(days_since_first_order >= 365 AND rewards_ever = 0 AS INTEGER)"),
            "whether the first order is a year ago or more, and there was never a reward",
            "up",
            KIND,
            causes=("C03",),
        ),
        Feature(
            "days_since_last_reward",
            "days",
            "loyalty",
            Aggregate("min", "loyalty", item="reward"),
            "days from the last reward to the snapshot; missing without one",
            "up",
            KIND,
        ),
    ]
