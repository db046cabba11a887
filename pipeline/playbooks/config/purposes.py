"""What a playbook is to the customer: an offer, something useful, thanks, an apology, a question, or nothing seen."""

from typing import Final, Literal, get_args

from pipeline.playbooks.config.tactics import Tactic, tactics

Purpose = Literal["offer", "useful", "thanks", "apology", "feedback", "internal"]
PURPOSES: Final[tuple[str, ...]] = get_args(Purpose)

BY_TACTIC: Final[dict[str, Purpose]] = {
    **dict.fromkeys(("bonus-expiry-reminder", "absence-reminder", "first-to-know"), "useful"),
    **dict.fromkeys(("sms-email-offer-alert", "messenger-broadcast", "post-order-recommendation"), "offer"),
    **dict.fromkeys(("referral-programme", "linkedin-recommendations", "ask-best-for-recommendation"), "feedback"),
    **dict.fromkeys(("post-order-review-prompt", "review-prize", "success-story"), "feedback"),
    **dict.fromkeys(("thank-you-email", "personal-thank-you-letter", "thank-large-purchase"), "thanks"),
    **dict.fromkeys(("holiday-congratulation", "client-manager-congratulation", "social-recognition"), "thanks"),
    **dict.fromkeys(("apology-email", "how-we-fixed-it-story", "conflict-resolution"), "apology"),
    **dict.fromkeys(("dissatisfied-outreach", "commitment-tracking"), "apology"),
    **dict.fromkeys(("contact-coordination", "customer-plan", "account-strategy", "health-review-team"), "internal"),
    **dict.fromkeys(("personalisation-profile", "break-data-silos", "daily-customer-analysis"), "internal"),
    **dict.fromkeys(("promotion-honesty", "promotion-feasibility", "promotion-availability"), "internal"),
    **dict.fromkeys(("client-staff-gifts", "subscriber-contest"), "offer"),
    "multi-channel-frequent-contact": "useful",
}  # fmt: skip
"""First: tactics whose group would say something else."""
BY_COST: Final[dict[str, Purpose]] = {"margin": "offer", "credit": "offer"}
"""Then: what gives price or credit away is an offer."""
BY_GROUP: Final[dict[str, Purpose]] = {
    "rewards": "offer",
    "communication": "useful",
    "feedback": "feedback",
    "trust": "useful",
    "accounts": "useful",
    "programme": "internal",
}
"""Last: what most tactics of the group are."""


def of_tactic(tactic: Tactic) -> Purpose:
    """The purpose of a tactic, by the first of the tables `BY_TACTIC`, `BY_COST` and `BY_GROUP` that knows it.

    >>> [of_tactic(tactics()[name]) for name in ("thank-you-email", "win-back-campaign", "points-programme")]
    ['thanks', 'offer', 'offer']
    """
    if tactic.id in BY_TACTIC:
        return BY_TACTIC[tactic.id]
    dear = [BY_COST[kind] for kind in tactic.cost if kind in BY_COST]
    return dear[0] if dear else BY_GROUP[tactic.group]


def offering_tactics() -> list[str]:
    """Ids of all tactics whose purpose is an offer, for the lists of earlier weeks.

    >>> "discount-promotion" in offering_tactics(), "thank-you-email" in offering_tactics()
    (True, False)
    """
    return [name for name, tactic in tactics().items() if of_tactic(tactic) == "offer"]
