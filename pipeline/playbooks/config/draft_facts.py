"""What is known of a customer that a playbook's draft may speak of."""

from typing import Final

from pipeline.config.problems import suggestion
from pipeline.i18n.catalogs import places

# What stands in braces in a draft, and the column it comes from.
FACTS: Final = {
    "name": "name",
    "owner": "owner",
    "last_order_day": "last_order_day",
    "promise": "promise_what",
    "promise_due_day": "promise_due_next",
    "dispute_day": "dispute_since",
    "dispute_topic": "dispute_topic",
    "ticket_topic": "ticket_topic",
    "last_category": "last_category",
    "last_product": "last_product",
}


def unknown_fact(draft: str) -> str:
    """What is wrong with the places of a draft, in words; empty where all are facts.

    Examples
    --------
    >>> unknown_fact("Good day {name}. We promised you {promis}.")
    "'{promis}' is no fact of a customer; did you mean 'promise'?"
    >>> unknown_fact("Good day {name}.")
    ''
    """
    wrong = sorted(places(draft) - FACTS.keys())
    return f"'{{{wrong[0]}}}' is no fact of a customer{suggestion(wrong[0], list(FACTS))}" if wrong else ""
