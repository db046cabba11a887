"""What a lot gave, as trials of one playbook each: the earlier lists to fit on, the later ones to hold it against."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.readout.estimates import MIN_CONTROLS
from pipeline.readout.learning import shrink
from pipeline.readout.pooled_effects import Measured

Array = npt.NDArray[np.float64]

FIFTHS: Final = 5
NEEDED: Final = FIFTHS * MIN_CONTROLS
"""Customers left alone, and customers given something, that either half of the lists holds: each fifth is estimated."""
NUMBERS: Final = ("churn_probability", "value", "answered_share")
WORDS: Final = ("playbook", "tier", "value_tier", "lifecycle", "reason_1_family")
"""What is known of a customer on the day of a list, of everybody scored and whatever the lot fell on.

The last contact is no part of it: those left alone are sent less, so it would give away who they are.
"""
TRIALS: Final[dict[str, pl.DataType]] = {
    "customer_id": pl.String(), "as_of": pl.Date(), "playbook": pl.String(), "given": pl.String(),
    "propensity": pl.Float64(), "propensity_nothing": pl.Float64(), "cost": pl.Float64(), "stayed": pl.Float64(),
    **dict.fromkeys(NUMBERS, pl.Float64()), **dict.fromkeys(WORDS[1:], pl.String()),
}  # fmt: skip
"""One row per customer, list and playbook that the lot could have fallen on.

``given`` is what it fell on, null for nothing; ``propensity`` and ``propensity_nothing`` are the probabilities (0-1) of
``playbook`` and of nothing. ``cost`` and ``value`` are in currency units, ``stayed`` is 0 or 1.
"""


@dataclass(frozen=True)
class Split:
    """Trials in two halves without a common customer.

    Attributes
    ----------
    cut
        The last list that is fitted on; None where there is one list only.
    fit, held_out
        The trials up to it, and those after it of customers who are in none before; the columns `TRIALS`.
    """

    cut: date | None
    fit: pl.DataFrame
    held_out: pl.DataFrame

    @property
    def is_enough(self) -> bool:
        """Whether both halves hold `NEEDED` customers of each arm."""
        return min(*arms(self.fit), *arms(self.held_out)) >= NEEDED


def arms(trials: pl.DataFrame) -> tuple[int, int]:
    """How many customers a lot left alone, and to how many it gave the playbook in question.

    >>> trials = pl.DataFrame({"customer_id": ["a", "a", "b", "c"], "playbook": ["call", "mail", "call", "call"],
    ...                        "given": [None, None, "call", "mail"]})
    >>> arms(trials)
    (1, 1)
    """
    alone = trials.filter(pl.col("given").is_null())["customer_id"].n_unique()
    return alone, trials.filter(pl.col("given") == pl.col("playbook"))["customer_id"].n_unique()


def split(trials: pl.DataFrame) -> Split:
    """Cut the lists where the smaller arm of the smaller half is largest.

    Parameters
    ----------
    trials
        The columns of `TRIALS`.

    Examples
    --------
    >>> days = [date(2024, 1, 1), date(2024, 1, 1), date(2024, 1, 8), date(2024, 1, 8), date(2024, 1, 15)]
    >>> trials = pl.DataFrame({"customer_id": list("abacd"), "as_of": days, "playbook": "call",
    ...                        "given": [None, "call", "call", None, "call"]})
    >>> one = split(trials)
    >>> one.cut, one.fit["customer_id"].to_list(), one.held_out["customer_id"].to_list()
    (datetime.date(2024, 1, 1), ['a', 'b'], ['c', 'd'])
    """
    ordered = trials.sort("as_of", "customer_id", "playbook")
    first = pl.col("as_of").min().over("customer_id")
    halves = [
        Split(day, ordered.filter(pl.col("as_of") <= day), ordered.filter(first > day))
        for day in ordered["as_of"].unique().sort().to_list()[:-1]
    ]
    whole = Split(None, ordered, ordered.clear())
    return max(halves, key=lambda one: min(*arms(one.fit), *arms(one.held_out)), default=whole)


def measured(trials: pl.DataFrame) -> Array:
    r"""What each trial shows of its playbook: an unbiased estimate of how much more often such a customer stays.

    With :math:`p` the churn probability, :math:`y` whether the customer stayed, :math:`\pi_k` and :math:`\pi_0` the
    probabilities of the playbook and of nothing, it is :math:`(1\{k\} / \pi_k - 1\{0\} / \pi_0) (y - (1 - p))`: inverse
    propensity by known probabilities, with what the score already said taken away, which narrows it and moves nothing.

    >>> trials = pl.DataFrame({"playbook": "call", "given": ["call", None, "mail"], "propensity": 0.8,
    ...     "propensity_nothing": 0.2, "churn_probability": 0.4, "stayed": [1.0, 0.0, 1.0]})
    >>> measured(trials).round(6).tolist()
    [0.5, 3.0, 0.0]
    """
    weight = (
        pl.when(pl.col("given").is_null())
        .then(-1 / pl.col("propensity_nothing"))
        .when(pl.col("given") == pl.col("playbook"))
        .then(1 / pl.col("propensity"))
        .otherwise(0.0)
    )
    return trials.select((weight * (pl.col("stayed") - 1 + pl.col("churn_probability"))).alias("one"))["one"].to_numpy()


def exposure(trials: pl.DataFrame) -> Array:
    """Churn probability times the part of it that the playbook answers (0-1)."""
    return (trials["churn_probability"] * trials["answered_share"]).to_numpy()


def simple_effects(trials: pl.DataFrame, declared: Mapping[str, float], declared_error: float) -> dict[str, float]:
    """One effect per playbook: the declared one, moved by what the trials measure of it as `learning` does.

    Parameters
    ----------
    trials
        Those to fit on.
    declared
        The effects of ``playbooks.yaml``, above 0.
    declared_error
        ``params.yaml: learning.declared_error``.
    """
    parts = {name: trials.filter(pl.col("playbook") == name) for name in sorted(declared)}
    known = {name: one for name, part in parts.items() if (one := _measured_effect(part)) is not None}
    if not known:
        return dict(declared)
    effects, _ = shrink(np.array([declared[name] for name in known]), [*known.values()], declared_error)
    return {**declared, **dict(zip(known, effects.tolist(), strict=True))}


def _measured_effect(trials: pl.DataFrame) -> Measured | None:
    """The effect as ``playbooks.yaml`` declares it, its error by customer; None where few are known."""
    alone, given = arms(trials)
    answered = exposure(trials)
    if min(alone, given) < MIN_CONTROLS or answered.sum() <= 0:
        return None
    shown = measured(trials)
    effect = float(shown.sum() / answered.sum())
    by_customer = np.bincount(trials["customer_id"].rank("dense").to_numpy() - 1, weights=shown - effect * answered)
    error = float(np.sqrt((by_customer**2).sum()) / answered.sum())
    return Measured(effect, error, alone + given, alone)


def by_simple_effects(trials: pl.DataFrame, effects: Mapping[str, float]) -> Array:
    """How much more often each customer is expected to stay: effect times churn probability times what is answered.

    Parameters
    ----------
    trials
        The columns of `TRIALS`.
    effects
        One for each playbook of them.
    """
    own = trials["playbook"].replace_strict(dict(effects), return_dtype=pl.Float64)
    return np.asarray(exposure(trials) * own.to_numpy(), dtype=np.float64)
