"""The words that the script of the page shows, each under the name the script knows it by."""

from typing import Any, Final

from pipeline.i18n import MessageCatalog, date_words, plural_numbers

WORDS: Final[dict[str, str]] = {
    "percent": "{number}%",
    "comma": ", ",
    "semicolon": "; ",
    "was": "was {risk}",
    "details_of": "Details of {name}",
    "wrong_reason": "wrong reason",
    "snoozed": "snoozed",
    "note": "note",
    "not_kept": "{filled}; this browser does not keep them: save before you leave",
    "reason": "reason {number}",
    "what_came_of_it": "What came of it",
    "what_came_of": "What came of it: {name}",
    "outcome": "Outcome",
    "done_on": "Done on",
    "customers_answer": "The customer's answer",
    "not_true": "Not true",
    "leave_alone_until": "Leave alone until",
    "note_field": "Note",
    "why_at_risk": "Why at risk",
    "since_the_last_list": "Since the last list: {change}",
    "nothing_stands_out": "Nothing stands out; many small influences add up.",
    "kind_of_cause": "Kind of cause: {kind}",
    "can_be_acted_on": "The first reason can be acted on: {act}",
    "can_be_acted_on_by": "The first reason can be acted on: {act}, by {team}",
    "anybody": "anybody",
    "speaks_for_staying": "What speaks for staying",
    "value_at_stake": "Value at stake",
    "how": "How",
    "who": "Who",
    "due": "Due",
    "playbook": "Playbook",
    "status": "Status",
    "listed": "{status}, listed {day}",
    "listed_since": "{status}, listed since {day}",
    "last_order": "Last order",
    "usual_order": "Next order by the usual pause",
    "next_order": "Next order expected by",
    "cancellation": "Cancellation expected by",
    "and_overdue": "{day}, {overdue}",
    "last_contact": "Last contact",
    "none_known": "none known",
    "mind": "Mind:",
    "what_to_do": "What to do",
    "what_to_send": "What to send or say",
    "copy": "Copy",
    "copied": "Copied",
    "from_a_typical_customer": "From a typical customer to this one: {steps}. This customer's risk is {risk}.",
    "family_raises": "{family} raises the risk",
    "family_lowers": "{family} lowers the risk",
    "typical_customer": "Typical customer",
    "this_customer": "This customer",
    "stays": "← stays",
    "likely_to_stay": "← more likely to stay",
    "stops": "leaves →",
    "likely_to_stop": "more likely to stop →",
    "order_days": "Days with an order in each of {number} months, from {first} to {last}: {days}.",
    "order_days_by_month": "Days with an order, by month",
    "days_since_last_order": "Days since the last order",
    "orders_90d": "Orders in 90 days",
    "spend_90d": "Spent in 90 days, {currency}",
    "now": "Now",
    "usual_here": "Usual here",
    "others": "Others: {tier}",
    "beside_what_is_usual": "Beside what is usual",
    "usual_means": "Usual here: this customer's own mean pause, and the mean of 90 days in the year before. Others: "
    "the middle one of the same tier.",
    "how_the_risk_comes_about": "How the risk comes about",
    "raises": "raises the risk",
    "lowers": "lowers it",
    "call_risk": "risk {risk}",
    "call_by": "{where}, by {day}",
    "show_more": "Show more ({number} left)",
    "narrowed": "{shown} of {customers}, {amount} at stake",
    "filter": "Filter: {what}",
    "all_work": "All work",
    "all_risk_band": "All risk bands",
    "all_tier": "All tiers",
    "all_playbook": "All playbooks",
    "all_owner": "All owners",
    "all_status": "All statuses",
    "no_playbook": "(no playbook)",
    "no_owner": "(no owner)",
    "column_work": "work",
    "column_risk_band": "risk band",
    "column_playbook": "playbook",
    "column_rank": "rank",
    "column_value_at_stake": "value at stake",
    "column_churn_probability": "churn risk",
    "column_customer_id": "customer",
    "column_owner": "owner",
    "column_tier": "tier",
    "column_reason_1": "main reason",
    "column_action": "what to do",
    "column_due_day": "due day",
    "column_status": "status",
    "column_last_order_day": "last order",
}
"""A text each; ``{name}`` stands for what the script puts there."""

COUNTED: Final[dict[str, tuple[str, str]]] = {
    "rows_filled_in": ("{number} row filled in", "{number} rows filled in"),
    "smaller_influences": ("{number} smaller influence", "{number} smaller influences"),
    "customers": ("{number} customer", "{number} customers"),
    "overdue": ("overdue for {number} day", "overdue for {number} days"),
}
"""A text each for one and for many."""

TEXTS: Final[tuple[str | tuple[str, str], ...]] = (*WORDS.values(), *COUNTED.values())
"""All of them, for the catalogues."""


def page_words(catalog: MessageCatalog) -> dict[str, Any]:
    """All words in one language; of what is counted each plural form, by the name ``Intl.PluralRules`` gives it."""
    numbers = plural_numbers(catalog)
    forms = {
        name: {form: catalog.form(one, many, number) for form, number in numbers.items()}
        for name, (one, many) in COUNTED.items()
    }
    return {name: catalog.text(text) for name, text in WORDS.items()} | forms | {"dates": date_words(catalog)}
