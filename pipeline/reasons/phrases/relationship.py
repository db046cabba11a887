"""Sentences about all there is besides buying: visits, service, satisfaction, points, promises, contracts, contacts."""

from typing import Final

from pipeline.reasons.phrases.lookup import Phrasebook

EVENTS_TREND = "{number=events_30d} events in the last {window=30}, {before=events_31_to_120d} in the 90 days before"
TYPE_TREND = (
    "{number=events_{told}_30d} {told} events in the last {window=30}, "
    "{before=events_{told}_31_to_120d} in the 90 days before"
)
WAITED_OF_LATE = "waited {answer_wait_mean_90d_days} on average for an answer of late, {answer_wait_mean_days} over all"
SAME_PRODUCTS = "for {days_of_same_products} up to the last order, nothing that was not bought before"
SAME_PLAN = "the same plan for {days_since_plan_change}"
UNANSWERED_SURVEYS = "left {surveys_unanswered_365d} unanswered within a year"

ENGAGEMENT: Phrasebook = {
    "events_{window}d": "{number} events in the last {window}",
    "events_31_to_120d": EVENTS_TREND,
    "events_trend_30d": EVENTS_TREND,
    "days_since_last_event": "last event {number} ago",
    "events_{told}_{window}d": "{number} {told} events in the last {window}",
    "events_{told}_31_to_120d": TYPE_TREND,
    "events_{told}_trend_30d": TYPE_TREND,
    "days_since_last_event_{told}": "last {told} {number} ago",
    "days_since_last_event_{told}_per_usual_gap": (
        "last {told} {number=days_since_last_event_{told}} ago; usually {usual=event_{told}_gap_mean_days} in between"
    ),
    "event_{told}_gap_mean_days": "on average {number} between one {told} and the next",
    "warnings_{told}_{window}d": "{told} events in the last {window}: {number}",
    "uses_{told}_{window}d": "{told} events in the last {window}: {number}",
    "is_newcomer_without_{told}": "first order {days_since_first_order} ago, and no {told} events for {window=30}",
}

SERVICE: Phrasebook = {
    "tickets_{window}d": "{number} in the last {window}",
    "days_since_last_ticket": "last request for help {days_since_last_ticket} ago",
    "complaints_{window}d": "general complaints in the last {window}: {number}",
    "reopened_180d": "requests opened again {number} times in half a year",
    "tickets_open": "requests not yet resolved, not counting disputes: {tickets_open}",
    "oldest_open_ticket_days": "a request still open after {oldest_open_ticket_days}",
    "tickets_unanswered": "requests nobody has answered yet, not counting disputes: {tickets_unanswered}",
    "longest_unanswered_days": "a request unanswered for {longest_unanswered_days}",
    "disputes_open": "disputes not yet settled: {disputes_open}",
    "oldest_dispute_days": "a dispute open for {oldest_dispute_days}",
    "answer_wait_mean_days": "waited {answer_wait_mean_days} on average for an answer",
    "answer_wait_mean_90d_days": "waited {answer_wait_mean_90d_days} on average for an answer of late",
    "answer_wait_90d_per_usual": WAITED_OF_LATE,
    "repeated_tickets_180d": "raised the same request again: {repeated_tickets_180d} in half a year",
    "repeated_tickets_unanswered": (
        "raised the same request again, and nobody has answered: {repeated_tickets_unanswered}"
    ),
    "is_silent": "last order {days_since_last_order} ago, and not a word: silence is no sign of health",
    "tickets_{told}_{window}d": "asked for help about {told} in the last {window}: {number}",
}

SATISFACTION: Phrasebook = {
    "nps_latest": "latest NPS answer {nps_latest} of 10",
    "nps_change": "latest NPS answer {nps_latest} of 10, less than before",
    "days_since_last_nps": "last asked for NPS answer {days_since_last_nps} ago",
    "csat_latest": "latest satisfaction {csat_latest} of 5",
    "csat_change": "latest satisfaction {csat_latest} of 5, less than before",
    "days_since_last_csat": "last asked for satisfaction {days_since_last_csat} ago",
    "surveys_unanswered_365d": UNANSWERED_SURVEYS,
    "surveys_unanswered_share_365d": UNANSWERED_SURVEYS,
    "is_satisfied_but_silent": "said to be satisfied, yet last ordered {days_since_last_order} ago",
    "is_satisfied_but_unseen": (
        "said to be satisfied, yet hardly seen of late: events in the last 30 days {events_30d}"
    ),
    "is_newcomer_dissatisfied": "first order {days_since_first_order} ago, satisfaction {csat_latest} of 5",
}

LOYALTY: Phrasebook = {
    "points_balance": "{points_balance} on the account",
    "days_since_last_points_spent": "points last spent {days_since_last_points_spent} ago",
    "points_earned_90d": "{points_earned_90d} earned in the last 90 days",
    "points_expiring_60d": "{points_expiring_60d} lapse within 60 days, the first in {days_to_points_expiry}",
    "days_to_points_expiry": "points lapse in {days_to_points_expiry}",
    "points_lapsed_share_120d": "{points_lapsed_share_120d} of all points lapsed unused in the last 120 days",
    "is_points_unused_expiring": "never used a point, and {points_balance} lapse in {days_to_points_expiry}",
    "rewards_ever": "rewards so far: {rewards_ever}",
    "is_tenured_without_reward": (
        "customer for {days_since_first_order}; points last spent {days_since_last_points_spent} ago, and never a "
        "reward beside them",
        "customer for {days_since_first_order}, and never a reward",
    ),
    "days_since_last_reward": "last reward {days_since_last_reward} ago",
}

COMMITMENTS: Phrasebook = {
    "promises_overdue": "{promises_overdue} overdue, the oldest made {oldest_overdue_promise_days} ago",
    "oldest_overdue_promise_days": "a promise made {oldest_overdue_promise_days} ago is still not kept",
    "promises_broken_365d": "{promises_broken_365d} not kept in time within a year",
    "promises_365d": "{promises_365d} within a year",
}

SUBSCRIPTION_TERMS: Phrasebook = {
    "days_to_renewal": "renewal in {days_to_renewal}",
    "renewal_overdue_days": "time since the contract ended without a renewal: {renewal_overdue_days}",
    "renewals_ever": "contract periods so far: {renewals_ever}",
    "contract_price_change_365d": "price per month changed by {contract_price_change_365d} within a year",
    "downgrades_365d": "changes to a cheaper plan within a year: {downgrades_365d}",
    "days_since_plan_change": SAME_PLAN,
    "is_plan_stale": SAME_PLAN,
    "days_of_same_products": SAME_PRODUCTS,
    "is_range_stale": SAME_PRODUCTS,
    "new_product_share_180d": "{new_product_share_180d} of what was bought in half a year was new to the customer",
}

CONTACT: Phrasebook = {
    "contacts_{window}d": "{number} in the last {window}",
    "contacts_on_one_day_90d": "{contacts_on_one_day_90d} on one day",
    "teams_on_one_day_90d": "{number} teams got in touch on the same day",
    "offer_share_90d": "{offer_share_90d} of the messages only ask to buy",
    "valuable_share_90d": "{valuable_share_90d} of the messages gave something useful",
    "days_since_last_contact": "nobody has got in touch for {days_since_last_contact}",
    "personal_discount_365d": "{personal_discount_365d} granted within a year",
}

PHRASES: Final[Phrasebook] = {
    **ENGAGEMENT, **SERVICE, **SATISFACTION, **LOYALTY, **COMMITMENTS, **SUBSCRIPTION_TERMS, **CONTACT,
}  # fmt: skip
