"""From which value on a feature is evidence of its causes, so that they are named before any symptom.

One page for whoever knows the customers: a number here changes what people are told, and no score. A feature that is
not named here counts in the score, and may be told as a reason like any other, but proves nothing by itself.
"""

from dataclasses import replace

from pipeline.config.slugs import plain
from pipeline.examples.features.declare import Feature

# At least this much where more is risk, at most this much where less is; a yes/no is evidence when it is yes.
FROM = {
    "disputes_open": 1,
    "complaints_90d": 1,
    "reopened_180d": 1,
    "longest_unanswered_days": 8,
    "answer_wait_mean_90d_days": 6,
    "oldest_open_ticket_days": 28,
    "repeated_tickets_180d": 3,
    "repeated_tickets_unanswered": 2,
    "refunds_90d": 2,
    "promises_overdue": 1,
    "promises_broken_365d": 1,
    "is_satisfied_but_unseen": 1,
    "is_satisfied_but_silent": 1,
    "is_newcomer_unseen": 1,
    "is_newcomer_refunded": 1,
    "is_newcomer_dissatisfied": 1,
    "is_tenured_without_reward": 1,
    "is_points_unused_expiring": 1,
    "points_lapsed_share_120d": 0.3,
    "reduced_order_days_share_90d": 0.5,
    "discount_share_90d": 0.1,
    "days_on_reductions_only": 21,
    "spend_per_order_trend_90d": 0.6,
    "is_tenured_single_category": 1,
    "is_range_stale": 1,
    "is_plan_stale": 1,
    "days_to_renewal": 45,
    "renewal_overdue_days": 2,
    "downgrades_365d": 1,
    "is_region_behind": 1,
    "contacts_30d": 8,
    "teams_on_one_day_90d": 3,
}
# Of event types and topics that a company names itself: how many within how many days.
WARNINGS, TOPICS = (3, 180), (1, 90)
# One of these is enough.
GRAVE_WARNINGS = frozenset({"unsubscribe", "spam_mark", "data_export", "integration_removed"})
# What the customer met or said, rather than what merely is so; topics of tickets are of this kind too.
EXPERIENCED_FAMILIES = frozenset({"disputes", "complaints", "answers", "requests", "commitments", "returns",
                                  "first_order", "warnings", "contact"})  # fmt: skip
# For how long it has been so: what has stood for years, and has driven nobody away, weighs less than what is new.
SINCE = {
    "disputes_open": "oldest_dispute_days",
    "promises_overdue": "oldest_overdue_promise_days",
    "is_plan_stale": "days_since_plan_change",
    "is_range_stale": "days_of_same_products",
    "is_tenured_without_reward": "days_since_first_order",
    "is_tenured_single_category": "days_since_first_order",
    "is_satisfied_but_unseen": "days_since_last_nps",
    "is_satisfied_but_silent": "days_since_last_nps",
}


def with_evidence(feature: Feature) -> Feature:
    """The feature with its threshold from this page, if it has one."""
    return replace(feature, evidence=_threshold(feature.name, feature.family, feature.own_name))


def _threshold(name: str, family: str, own_name: str) -> float | None:
    if family == "warnings":
        count, days = WARNINGS
        is_grave = plain(own_name) in GRAVE_WARNINGS
        return (1 if is_grave else count) if name.endswith(f"_{days}d") else None
    if family.startswith("about_"):
        return TOPICS[0] if name.endswith(f"_{TOPICS[1]}d") else None
    if family == "adoption":
        return 1 if name.startswith("is_newcomer_without_") else None
    return FROM.get(name)
