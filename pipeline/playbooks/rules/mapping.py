"""A rule written as a mapping of lists and bounds, said as the text to write in its place."""

from typing import Final

# key -> what is said of which name with several words, and with one.
LISTS: Final = {
    "bands": ("risk_band in ({})", "risk_band = {}"),
    "tiers": ("tier in ({})", "tier = {}"),
    "reasons": ("reasons has any ({})", "reasons has {}"),
    "first_reason": ("first_reason in ({})", "first_reason = {}"),
    "causes": ("first_causes has any ({})", "first_causes has {}"),
    "without_causes": ("not causes has any ({})", "not causes has {}"),
}
BOUNDS: Final = {
    "probability_at_least": "churn_probability >= {}",
    "probability_below": "churn_probability < {}",
    "value_at_least": "value >= {}",
    "value_at_stake_at_least": "value_at_stake >= {}",
}


def of_mapping(written: dict[str, object]) -> str:
    """The text that says what a mapping means; of keys nobody knows, ``...``.

    Examples
    --------
    >>> of_mapping({"bands": ["high", "medium"], "causes": ["C38"], "probability_below": 0.9})
    'risk_band in (high, medium) and first_causes has C38 and churn_probability < 0.9'
    >>> of_mapping({})
    'everyone'
    """
    return " and ".join(_part(key, value) for key, value in written.items()) or "everyone"


def _part(key: str, value: object) -> str:
    if key in BOUNDS:
        return BOUNDS[key].format(value)
    if key not in LISTS:
        return "..."
    words = [str(word) for word in value] if isinstance(value, list) else [str(value)]
    many, one = LISTS[key]
    return one.format(words[0]) if len(words) == 1 else many.format(", ".join(words))
