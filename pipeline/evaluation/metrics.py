"""How good a ranking and its probabilities are; class 1 is *churned* everywhere."""

import math

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]


def top(churned: Labels, score: Array, share: float) -> tuple[int, float]:
    """Length of a list of the highest scores, and the churners in it.

    Where the end of the list falls among equal scores, they are taken in proportion, so no order of rows matters.

    Parameters
    ----------
    churned
        What happened, 0 or 1.
    score
        Higher means more likely to churn.
    share
        Length of the list as a share of all rows, 0-1; rounded up to a customer.

    Examples
    --------
    >>> top(np.array([1, 0, 1, 0], dtype=np.int8), np.array([0.9, 0.5, 0.5, 0.1]), 0.5)
    (2, 1.5)
    """
    # Less a hair: in floating point 0.07 * 100 is above 7, and would list an eighth customer.
    length = max(1, math.ceil(share * len(score) - 1e-9))
    last = np.sort(score)[-length]
    surely, maybe = score > last, score == last
    taken = (length - surely.sum()) / maybe.sum()
    return length, float(churned[surely].sum() + taken * churned[maybe].sum())


def lift(churned: Labels, score: Array, share: float) -> float:
    """Churn rate in the top of the list over the churn rate of all.

    >>> lift(np.array([1, 0, 0, 0], dtype=np.int8), np.array([0.9, 0.5, 0.4, 0.1]), 0.25)
    4.0
    """
    length, churners = top(churned, score, share)
    return churners / length / float(churned.mean())


def capture(churned: Labels, score: Array, share: float) -> float:
    """Share of all churners who are in the top of the list.

    >>> capture(np.array([1, 0, 1, 0], dtype=np.int8), np.array([0.9, 0.5, 0.4, 0.1]), 0.25)
    0.5
    """
    return top(churned, score, share)[1] / float(churned.sum())


def percent(share: float) -> str:
    """A share as it appears in the name of a figure.

    >>> percent(0.05), percent(0.125)
    ('5', '12.5')
    """
    return f"{share * 100:g}"


def auc(churned: Labels, probability: Array) -> float:
    """Chance that a churner is ranked above somebody who stayed (area under the ROC curve).

    >>> auc(np.array([1, 0, 0], dtype=np.int8), np.array([0.6, 0.2, 0.9]))
    0.5
    """
    return float(roc_auc_score(churned, probability))


def brier(churned: Labels, probability: Array) -> float:
    """Mean squared distance of the probability from what happened; the base rate p alone gives p (1 - p).

    >>> brier(np.array([1, 0], dtype=np.int8), np.array([0.5, 0.0]))
    0.125
    """
    return float(brier_score_loss(churned, probability))


def summary(churned: Labels, probability: Array, shares: list[float]) -> dict[str, float]:
    """All headline figures of one model on one set of rows, rounded to 6 decimals."""
    figures = {
        "auc": auc(churned, probability),
        "average_precision": float(average_precision_score(churned, probability)),
        "brier": brier(churned, probability),
    }
    for share in shares:
        figures[f"lift_at_{percent(share)}_percent"] = lift(churned, probability, share)
        figures[f"capture_at_{percent(share)}_percent"] = capture(churned, probability, share)
    return {name: round(value, 6) for name, value in figures.items()}


def calibration_table(churned: Labels, probability: Array, groups: int) -> pl.DataFrame:
    """Expected beside observed churn in equally full groups, from the lowest probabilities to the highest.

    Returns
    -------
    polars.DataFrame
        ``group, customers, expected_churners, churners, mean_probability, churn_rate``.
    """
    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, groups) if len(part)]
    return pl.DataFrame(
        {
            "group": list(range(1, len(parts) + 1)),
            "customers": [len(part) for part in parts],
            "expected_churners": [round(float(probability[part].sum()), 3) for part in parts],
            "churners": [int(churned[part].sum()) for part in parts],
            "mean_probability": [round(float(probability[part].mean()), 6) for part in parts],
            "churn_rate": [round(float(churned[part].mean()), 6) for part in parts],
        }
    )
