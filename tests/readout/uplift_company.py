"""Companies whose playbooks keep whom a formula says: the trials that their lists make, and the truth behind them."""

from datetime import date, timedelta

import numpy as np
import polars as pl

from pipeline.readout.uplift_trials import TRIALS

FIRST = date(2024, 1, 1)
DECLARED = {"call": 0.3, "gift": 0.25, "mail": 0.2}
COSTS = {"call": 3.0, "gift": 2.0, "mail": 0.5}
TIERS = ("new", "one-time", "regular", "loyal")


def true_effect(kind: str, playbook: np.ndarray, tier: np.ndarray) -> np.ndarray:
    """The share of those who would have left, for what the playbook answers, who stay because of it."""
    declared = np.array([DECLARED[one] for one in playbook])
    if kind == "heterogeneous":
        return declared * np.where(tier == "one-time", 3.0, -0.1)
    return declared if kind == "homogeneous" else 0 * declared


def make(kind: str, customers: int, seed: int, alone: float = 0.5) -> tuple[pl.DataFrame, np.ndarray]:
    """Trials of four lists with a control group, of which a fifth are of a lot among two playbooks; and the truth."""
    dice = np.random.default_rng(seed)
    person = np.arange(customers)
    risk, value = dice.beta(1.5, 2.5, customers).round(4), dice.lognormal(3.7, 0.7, customers).round(2)
    answered, tier = dice.uniform(0.3, 1, customers).round(3), dice.choice(TIERS, customers)
    books = np.array(sorted(DECLARED))
    first = dice.integers(0, 3, customers)
    second = (first + 1) % 3
    is_lot = dice.random(customers) < 0.2
    draw, uniform, week = dice.random(customers), dice.random(customers), dice.integers(0, 4, customers)
    # A lot falls on either playbook or on nothing; else some are left alone, and all others are given the first.
    given = np.where(is_lot, np.digitize(draw, [1 / 3, 2 / 3]), np.where(draw < alone, 0, 1))
    what = np.where(given == 1, first, second)
    effect = true_effect(kind, books[what], tier) * (given > 0)
    stayed = (uniform > risk * (1 - effect * answered)).astype(float)
    parts, truths = [], []
    for arm, number in ((first, 1), (second, 2)):
        used = is_lot | (number == 1)
        parts.append(
            pl.DataFrame(
                {
                    "customer_id": [f"c{one}" for one in person[used]],
                    "as_of": [FIRST + timedelta(weeks=int(one)) for one in week[used]],
                    "playbook": books[arm][used],
                    "given": [str(books[one]) if some else None for one, some in zip(what[used], given[used] > 0, strict=True)],
                    "propensity": np.where(is_lot, 1 / 3, 1 - alone)[used],
                    "propensity_nothing": np.where(is_lot, 1 / 3, alone)[used],
                    "cost": [COSTS[one] for one in books[arm][used]], "stayed": stayed[used],
                    "churn_probability": risk[used], "value": value[used], "answered_share": answered[used],
                    "tier": tier[used],
                    "value_tier": np.where(value > 60, "top", "tail")[used], "lifecycle": None,
                    "reason_1_family": dice.choice(["price", "recency", "service"], customers)[used],
                },
                schema=TRIALS,
            )
        )  # fmt: skip
        truths.append((true_effect(kind, books[arm], tier) * risk * answered)[used])
    return pl.concat(parts), np.concatenate(truths)
