"""Contact policy: how often, how and when a customer hears from all teams together; one module per rule.

`ALWAYS` are the rules that new actions and open ones of earlier lists have to keep; `NEW_ONLY` those that count
contacts, which an open action has been counted as already. `consent` also chooses the channel, `open_action` finds what
is still open, `floor` says who has been left alone too long, and `calendar` holds the plans of all teams to the rules.
"""

from typing import Final

from pipeline.decisions.contact_policy import answers, consent, fatigue, frequency_cap, offer_mix, snooze
from pipeline.decisions.context import Rule

ALWAYS: Final[tuple[Rule, ...]] = (
    snooze.snoozed,
    answers.declined,
    answers.complained,
    answers.wrong_reason,
    consent.held,
    fatigue.held,
)
NEW_ONLY: Final[tuple[Rule, ...]] = (frequency_cap.held, snooze.rested, offer_mix.held)

__all__ = ["ALWAYS", "NEW_ONLY"]
