"""How far features and scores have moved from one published week to the next."""

import math
from collections.abc import Iterator
from typing import Final

from pipeline.drift.kinds import Effect
from pipeline.drift.profile import BINS, Profile
from pipeline.i18n import in_percent, say

# A share of nothing among the scores counts as half a customer of a thousand, or one empty part would decide all.
FLOOR: Final = 0.0005
LARGEST: Final = 1000.0
# Features that say the same of everybody in a region: how far apart regions are is no measure of how far all move.
OF_A_REGION: Final = ("market_", "is_region_")


def of_scores(then: Profile, now: Profile) -> Iterator[Effect]:
    """The features one by one, how many customers were scored, and how their probabilities lie."""
    for name, before in then.features.items():
        after = now.features.get(name)
        missing = 1.0 if after is None else after.missing
        words = f"feature {name}: missing of {before.missing:.0%} of customers last time, of {missing:.0%} now"
        yield Effect("feature_missing", name, abs(missing - before.missing), words)
        if name.startswith(OF_A_REGION):
            continue
        if after is not None and before.mean is not None and after.mean is not None and before.deviation:
            moved = abs(after.mean - before.mean) / before.deviation
            words = f"feature {name}: {before.mean:.3g} on average last time, {after.mean:.3g} now"
            yield Effect("feature_moved", name, moved, words)
    old, new = then.scores, now.scores
    if old.customers and new.customers:
        scored = say("{before} customers were scored last time, {now} now", before=old.customers, now=new.customers)
        yield Effect("customers_moved", "", _times(old.customers, new.customers), scored)
    if old.customers and new.customers and old.model == new.model:
        words = "the churn probabilities lie differently from last time"
        # What the index of two samples of one and the same population comes to by chance.
        by_chance = (BINS - 1) * (1 / old.customers + 1 / new.customers)
        moved = max(0.0, stability_index(old.shares, new.shares) - by_chance)
        yield Effect("scores_moved", "", moved, words)
        rates = old.expected_churners / old.customers, new.expected_churners / new.customers
        first, last = (in_percent(rate, 1) for rate in rates)
        expected = say("{before} of customers were expected to churn last time, {now} now", before=first, now=last)
        yield Effect("churners_moved", "", _times(*rates), expected)


def _times(before: float, after: float) -> float:
    """How many times more or less, less one: 0 for no change, 1 for twice or half."""
    return LARGEST if min(before, after) <= 0 else min(LARGEST, max(before, after) / min(before, after) - 1)


def stability_index(then: list[float], now: list[float]) -> float:
    r"""The population stability index, :math:`\sum (q - p) \ln (q / p)`; above 0.25 is usually called a large change.

    Parameters
    ----------
    then, now
        The share of customers in each part of the probability, `BINS` of them.

    Examples
    --------
    >>> stability_index([0.5] * 2 + [0.0] * 8, [0.5] * 2 + [0.0] * 8)
    0.0
    >>> round(stability_index([0.5] * 2 + [0.0] * 8, [0.2, 0.8] + [0.0] * 8), 3)
    0.416
    """
    assert len(then) == len(now) == BINS, "both are counted alike"
    pairs = [(max(p, FLOOR), max(q, FLOOR)) for p, q in zip(then, now, strict=True)]
    return math.fsum((q - p) * math.log(q / p) for p, q in pairs)
