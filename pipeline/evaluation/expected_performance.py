"""How well a list will do, before anybody knows who left: from its probabilities alone, if they mean what they say."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from pipeline.evaluation.expected_curve import AS_IT_IS, ExpectedCurve
from pipeline.messages import Figure, Sentence, say

Array = npt.NDArray[np.float64]

DRAWS: Final = 500
SEED: Final = 0
MAX_GROUPS: Final = 5000
"""From so many different probabilities on, neighbours are drawn together: memory and time then do not grow any more."""


@dataclass(frozen=True)
class ExpectedPerformance:
    """What is expected of a list, each with the range that holds it 19 times of 20.

    Attributes
    ----------
    customers
        How many were scored.
    churners, churners_low, churners_high
        How many of them will churn if nothing is done.
    auc, auc_low, auc_high
        The area under the ROC curve (0.5-1) that the probabilities will have; None where fewer than two customers were
        scored, or where in no draw some churned and some stayed.
    """

    customers: int
    churners: float
    churners_low: int
    churners_high: int
    auc: float | None
    auc_low: float | None
    auc_high: float | None

    def as_report(self) -> dict[str, Any]:
        """The same for ``run_report.json``."""
        return dict(vars(self))

    def words(self) -> Sentence:
        """The same as a sentence; empty where nothing is known of the order."""
        if self.auc is None or self.auc_low is None or self.auc_high is None:
            return ""
        return say(
            "Of this list an AUC of {auc} is expected ({low} to {high}), and that {churners} of the {customers} scored "
            "leave ({fewest} to {most}), if its probabilities hold and nothing is done.",
            auc=Figure(f"{self.auc:.3f}"),
            low=Figure(f"{self.auc_low:.3f}"),
            high=Figure(f"{self.auc_high:.3f}"),
            churners=round(self.churners),
            customers=self.customers,
            fewest=self.churners_low,
            most=self.churners_high,
        )


def expected_auc(probability: Array) -> float | None:
    r"""The AUC that probabilities will have if each customer churns as often as his or hers says.

    A churner stands above a customer who stays with the share :math:`\sum_{i \ne j} p_i (1 - p_j) (1[p_i > p_j] +
    \frac{1}{2} 1[p_i = p_j]) / \sum_{i \ne j} p_i (1 - p_j)` of such pairs, the expected number of pairs in the right
    order over the expected number of pairs. It is confidence-based performance estimation, applied to the AUC.

    NannyML, "Performance Estimation", nannyml.readthedocs.io, on confidence-based performance estimation (CBPE).

    Parameters
    ----------
    probability
        Calibrated probability of churn of each customer, 0-1, in any order.

    Returns
    -------
    float or None
        0.5-1; None where there cannot be both a churner and somebody who stays.

    Examples
    --------
    Of three customers the pairs (0.8, 0.5), (0.8, 0.2) and (0.5, 0.2) are in order with 0.4, 0.64 and 0.4, and the
    other way round with 0.1, 0.04 and 0.1.

    >>> round(expected_auc(np.array([0.5, 0.8, 0.2])), 4), round(1.44 / 1.68, 4)
    (0.8571, 0.8571)
    >>> expected_auc(np.full(10, 0.3)), expected_auc(np.array([0.3])), expected_auc(np.zeros(5))
    (0.5, None, None)
    """
    ordered = np.sort(probability)
    starts = np.flatnonzero(np.concatenate([[True], np.diff(ordered) > 0])) if len(ordered) else np.array([], dtype=int)
    if not len(starts):
        return None
    churn, stay, alone = (
        np.add.reduceat(each, starts) for each in (ordered, 1 - ordered, ordered * (1 - ordered))
    )  # fmt: skip
    pairs = float(churn.sum() * stay.sum() - alone.sum())
    if pairs <= 1e-12:
        return None
    below = np.cumsum(stay) - stay
    in_order = float((churn * below).sum() + ((churn * stay - alone) / 2).sum())
    # Sums of floating-point numbers: the share of all pairs can come out a hair above one.
    return min(in_order / pairs, 1.0)


def expect(
    probability: Array, level_error: float = 0.0, draws: int = DRAWS, curve: ExpectedCurve = AS_IT_IS
) -> ExpectedPerformance:
    r"""AUC and churners that probabilities will have, with 95 % intervals.

    The intervals hold chance and the error of the level: in each draw the log-odds of all are moved by one
    :math:`\delta \sim N(0, \text{level error}^2)`, and each customer then churns with his or her probability. The AUC
    is that of the probabilities by `curve`; its slope is drawn anew each time as well. The churners are those that
    the probabilities say, to which every list is held later.

    Parameters
    ----------
    probability
        Calibrated probability of churn of each customer, 0-1, in any order.
    level_error
        Standard error of the level of the probabilities, in log-odds; zero leaves chance alone.
    draws
        How often the outcomes are drawn.
    curve
        What is expected to make the probabilities right.

    Examples
    --------
    >>> calm = expect(np.linspace(0.01, 0.99, 1000))
    >>> round(calm.churners), calm.churners_low, calm.churners_high
    (500, 474, 526)
    >>> bolder = expect(np.linspace(0.01, 0.99, 1000), curve=ExpectedCurve(slope=1.3))
    >>> bolder.auc > calm.auc, bolder.churners_low == calm.churners_low
    (True, True)
    >>> round(calm.auc_low, 2), round(calm.auc, 2), round(calm.auc_high, 2)
    (0.8, 0.83, 0.85)
    >>> unsure = expect(np.linspace(0.01, 0.99, 1000), level_error=0.5)
    >>> unsure.churners_low < 400 < 600 < unsure.churners_high
    True
    """
    sizes, means = _groups(np.sort(probability))
    churners = [int(churned.sum()) for churned in _drawn(sizes, means, level_error, draws)]
    low, high = np.percentile(churners, [2.5, 97.5], method="inverted_cdf")
    whole = round(float(probability.sum()), 4)
    auc = expected_auc(_by(curve, probability))
    orders = [
        order
        for churned in _drawn(sizes, means, level_error, draws, curve)
        if (order := _order(sizes, churned)) is not None
    ]
    if not orders or auc is None:
        return ExpectedPerformance(len(probability), whole, int(low), int(high), None, None, None)
    least, most = (round(float(one), 4) for one in np.percentile(orders, [2.5, 97.5]))
    return ExpectedPerformance(len(probability), whole, int(low), int(high), round(auc, 4), least, most)


def _by(curve: ExpectedCurve, probability: Array, factor: float = 1.0) -> Array:
    """The probabilities by a curve whose slope is so many times its own; who is at 0 or 1 stays there."""
    if curve == AS_IT_IS:
        return probability
    result: Array = expit(curve.shift + curve.slope * factor * logit(probability))
    return result


def _drawn(
    sizes: npt.NDArray[np.int64], means: Array, level_error: float, draws: int, curve: ExpectedCurve = AS_IT_IS
) -> Iterator[npt.NDArray[np.int64]]:
    """How many of each group churn, again and again."""
    # Level and slope have streams of their own, so that the outcomes drawn are the same with their errors and without.
    dice, level, slope = (np.random.default_rng(SEED + number) for number in range(3))
    for _ in range(draws):
        factor = np.exp(level.normal(0, level_error))
        meant = _by(curve, means, float(np.exp(slope.normal(0, curve.log_slope_error))))
        yield dice.binomial(sizes, meant * factor / (1 + meant * (factor - 1)))


def _order(sizes: npt.NDArray[np.int64], churned: npt.NDArray[np.int64]) -> float | None:
    """The AUC of groups by rising probability; None where all did the same."""
    number, stayed = int(churned.sum()), sizes - churned
    if not 0 < number < sizes.sum():
        return None
    right = (churned * (np.cumsum(stayed) - stayed + stayed / 2)).sum()
    return float(right) / (number * (int(sizes.sum()) - number))


def _groups(ordered: Array) -> tuple[npt.NDArray[np.int64], Array]:
    """Customers of the same probability, or of nearly the same where there are very many: how many, and their mean."""
    values, counts = np.unique(ordered, return_counts=True)
    if len(values) <= MAX_GROUPS:
        return counts.astype(np.int64), values
    parts = np.array_split(ordered, MAX_GROUPS)
    return np.array([len(part) for part in parts], dtype=np.int64), np.array([part.mean() for part in parts])
