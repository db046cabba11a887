"""What each playbook truly does: the factor it puts on the hazard of a cause; what is not named stays as it is."""

# Named as in playbooks.yaml where it has them, and as the tactics they come from otherwise.
EFFECTS: dict[str, dict[str, float]] = {
    "friendly-call-best-customers": {"C02": 0.35, "C16": 0.7, "C26": 0.7, "C38": 0.85},
    "conflict-resolution": {"C38": 0.25, "C08": 0.35, "C09": 0.45, "C36": 0.4, "C06": 0.6, "C17": 0.5},
    "commitment-tracking": {"C10": 0.25, "C06": 0.3},
    "loyalty-benefit": {"C03": 0.3, "C54": 0.8, "C27": 0.85},
    "bonus-expiry-reminder": {"C54": 0.3, "C33": 1.3},
    "points-instead-of-discount": {"C47": 0.5, "C27": 0.8, "C33": 1.3},
    "widen-the-basket": {"C30": 0.35, "C48": 0.75, "C33": 1.3},
    "product-novelty": {"C31": 0.3, "C30": 0.8, "C33": 1.3},
    "welcome-and-tips": {"C18": 0.35, "C16": 0.4, "C33": 1.3},
    "contact-rest": {"C33": 0.25},
    "value-demonstration": {"C26": 0.35, "C18": 0.8, "C51": 0.8},
    # A little for many, and the wrong lesson for those who have learnt to wait for it.
    "discount-promotion": {"C27": 0.55, "C51": 0.65, "C03": 0.9, "C08": 0.95, "C09": 0.95, "C16": 0.85, "C17": 0.9,
                           "C31": 0.9, "C48": 0.95, "C47": 1.5, "C33": 1.3},
}  # fmt: skip


def effects_on(causes: set[str]) -> dict[str, dict[str, float]]:
    """The playbooks that help with one of the causes, each with its factors on them.

    >>> effects_on({"C38", "C33"})["friendly-call-best-customers"], "welcome-and-tips" in effects_on({"C38", "C33"})
    ({'C38': 0.85}, False)
    """
    by_playbook = {
        name: {cause: effects[cause] for cause in sorted(causes & set(effects))} for name, effects in EFFECTS.items()
    }
    return {name: effects for name, effects in by_playbook.items() if any(factor < 1 for factor in effects.values())}
