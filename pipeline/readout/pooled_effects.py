"""The effects of all playbooks together: what happens without one is learnt from everybody who was left alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import softmax

Array = npt.NDArray[np.float64]

MIN_GIVEN: Final = 30
"""Customers given a playbook below which nothing is measured of it."""
LEVEL_ERROR: Final = 0.5
"""Standard deviation, in log-odds, of what probabilities miss of everybody left alone, before that is seen."""
OWN_ERROR: Final = 0.2
"""Scale, in log-odds, of what they may miss of the customers of one playbook beside that (half-normal)."""
OWN_ERRORS: Final = np.arange(0.0, 0.5, 0.02)


@dataclass(frozen=True)
class Measured:
    """The effect of one playbook in the units of ``playbooks.yaml``.

    Attributes
    ----------
    effect
        Share of those who would have left, for what the playbook answers, who stay because it was given.
    standard_error
        Of the effect.
    customers, controls
        Of both arms, and of those left alone.
    """

    effect: float
    standard_error: float
    customers: int
    controls: int


@dataclass(frozen=True)
class _Arm:
    """Sums over the customers of one arm of a playbook: who left beyond the probability, and what that hangs on."""

    number: int
    beyond: float
    spread: float
    variance: float
    exposure: float

    @classmethod
    def of(cls, rows: pl.DataFrame) -> "_Arm":
        """Sums of left less probability, of p (1 - p), of the first squared, and of p times the part answered."""
        p, left = pl.col("churn_probability"), 1 - pl.col("stayed")
        terms = rows.select(
            (left - p).alias("beyond"), (p * (1 - p)).alias("spread"), ((left - p) ** 2).alias("variance"),
            (p * pl.col("answered_share")).alias("exposure"),
        )  # fmt: skip
        # Sorted: sums of floating point must not hang on the order of the files.
        beyond, spread, variance, exposure = (float(terms[name].sort().sum()) for name in terms.columns)
        # A handful who all did as expected would else pass for certainty; nobody at all says nothing.
        return cls(rows.height, beyond, spread, max(variance, spread) or 1.0, exposure)


def measure(rows: pl.DataFrame, names: Sequence[str]) -> tuple[dict[str, Measured], Array]:
    r"""The effect of each playbook as ``playbooks.yaml`` declares it, by intention to treat, and how they err together.

    A customer of churn probability :math:`p`, of whose risk playbook :math:`k` answers the part :math:`a`, leaves with
    :math:`p + c_k p (1 - p)` if left alone, where :math:`c_k` is what the probabilities of its customers miss in
    log-odds, and :math:`\theta_k p a` less often if it is given. So

    .. math:: \hat\theta_k = \frac{\hat c_k \sum p (1 - p) - \sum (y - p)}{\sum p a},

    over those it was given to, whether it was done or not, because a list decides what is given; :math:`y` is 1 for who
    left. By its own controls alone :math:`\hat c_k` would be :math:`\sum (y - p) / \sum p (1 - p)`, and the effect
    nearly the difference of both arms. But these are few, while those of all playbooks were left alone alike: with
    :math:`c_k \sim N(c, \tau^2)`, each :math:`\hat c_k` lies between its own and that of all, the nearer to that the
    more alike they turn out to be; :math:`\tau` is averaged over, each value as probable as it makes what was seen.

    Gelman, A. et al. (2013), "Bayesian Data Analysis", ch. 5 (partial pooling); Efron, B. and Morris, C. (1975).

    Parameters
    ----------
    rows
        Customers with the columns of `pipeline.readout.comparison.ROWS`.
    names
        The playbooks, all of which were drawn by lot.

    Returns
    -------
    tuple
        What is measured, by playbook; those given to fewer than `MIN_GIVEN` customers, and those of lists that do not
        say what part was answered, are not in it. And the covariance of the errors, (measured, measured).

    Examples
    --------
    A quarter fewer leave; of risks of 0.8, of which the playbook answers 0.625, that is half.

    >>> rows = pl.DataFrame({"playbook": "call", "is_control": [True] * 400 + [False] * 400,
    ...     "stayed": [0.0] * 320 + [1.0] * 80 + [0.0] * 220 + [1.0] * 180, "churn_probability": 0.8,
    ...     "answered_share": 0.625})
    >>> measured, covariance = measure(rows, ["call"])
    >>> one = measured["call"]
    >>> round(one.effect, 6), round(one.standard_error, 3), one.customers, one.controls
    (0.5, 0.068, 800, 400)
    """
    known = rows.filter(pl.col("answered_share").is_not_null())
    arms = {name: _arms(known.filter(pl.col("playbook") == name)) for name in names}
    enough = {name: both for name, both in arms.items() if both[1].number >= MIN_GIVEN and both[1].exposure > 0}
    if not any(control.number for control, _ in enough.values()):
        return {}, np.zeros((0, 0))
    missed, shared = _missed([control for control, _ in enough.values()])
    given = [both[1] for both in enough.values()]
    exposure = np.array([one.exposure for one in given])
    scale = np.array([one.spread for one in given]) / exposure
    effect = scale * missed - np.array([one.beyond for one in given]) / exposure
    covariance = np.outer(scale, scale) * shared + np.diag([one.variance for one in given] / exposure**2)
    errors = np.sqrt(np.diag(covariance))
    measured = {
        name: Measured(float(value), float(error), sum(arm.number for arm in both), both[0].number)
        for (name, both), value, error in zip(enough.items(), effect, errors, strict=True)
    }
    return measured, covariance


def _arms(rows: pl.DataFrame) -> tuple[_Arm, _Arm]:
    return _Arm.of(rows.filter("is_control")), _Arm.of(rows.filter(~pl.col("is_control")))


def _missed(controls: Sequence[_Arm]) -> tuple[Array, Array]:
    """What the probabilities miss of the customers of each playbook, in log-odds, and the covariance of its error."""
    seen, spread, variance = (
        np.array([getattr(one, name) for one in controls]) for name in ("beyond", "spread", "variance")
    )
    evidence, means, covariances = [], [], []
    for own in OWN_ERRORS:
        prior = LEVEL_ERROR**2 + own**2 * np.eye(len(controls))
        of_seen = prior * np.outer(spread, spread) + np.diag(variance)
        gain = np.linalg.solve(of_seen, spread[:, None] * prior).T
        means.append(gain @ seen)
        covariances.append(prior - gain @ (spread[:, None] * prior))
        likelihood = seen @ np.linalg.solve(of_seen, seen) + np.linalg.slogdet(of_seen)[1]
        evidence.append(-(likelihood + (own / OWN_ERROR) ** 2) / 2)
    weight = softmax(evidence)
    mean = weight @ np.array(means)
    apart = [covariance + np.outer(one - mean, one - mean) for one, covariance in zip(means, covariances, strict=True)]
    return mean, np.tensordot(weight, np.array(apart), axes=1)
