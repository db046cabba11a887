"""How well one column ranks, whichever way round, with missing values as a group of their own."""

import math

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.stats import rankdata

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]

GROUPS = 20


def values(examples: pl.DataFrame, name: str) -> Array:
    """One column as floats, missing values as NaN."""
    return examples[name].cast(pl.Float64).fill_null(math.nan).to_numpy()


def auc(column: Array, churned: Labels) -> float:
    """Area under the curve by the column itself: up or down, missing at the bottom or at the top, what serves best.

    >>> auc(np.array([3.0, 2.0, 1.0, math.nan]), np.array([0, 0, 1, 1], dtype=np.int8))
    1.0
    """
    positive = int(churned.sum())
    pairs = positive * (len(churned) - positive)
    if pairs == 0:
        return 0.5
    ends = [np.nan_to_num(column, nan=end) for end in (-np.finfo(np.float64).max, np.finfo(np.float64).max)]
    # By sums of ranks (Mann and Whitney), which count ties as half and need no pairs.
    sums = [float(rankdata(filled)[churned == 1].sum()) - positive * (positive + 1) / 2 for filled in ends]
    return max(max(right, pairs - right) / pairs for right in sums)


def rates(train_examples: Array, churned: Labels, column: Array) -> Array:
    """For each value the churn rate of its group among the rows that teach: twenty equally full groups, and missing."""
    there = train_examples[~np.isnan(train_examples)]
    cuts = np.unique(np.quantile(there, np.linspace(0, 1, GROUPS + 1)[1:-1])) if len(there) else np.empty(0)
    own, other = (_group(part, cuts) for part in (train_examples, column))
    base, size = float(churned.mean()), len(cuts) + 2
    rows = np.bincount(own, minlength=size)
    # Ten rows of the average keep an empty or a tiny group from saying more than it knows.
    rate = (np.bincount(own, weights=churned, minlength=size) + 10 * base) / (rows + 10)
    return np.asarray(rate[other], dtype=np.float64)


def _group(column: Array, cuts: Array) -> npt.NDArray[np.int64]:
    return np.where(np.isnan(column), len(cuts) + 1, np.searchsorted(cuts, np.nan_to_num(column), side="right"))


def error(auc: float, churners: int, stayed: int) -> float:
    """Standard error of an AUC (Hanley and McNeil 1982).

    >>> round(error(0.8, 100, 900), 3)
    0.027
    """
    first, second = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    spread = auc * (1 - auc) + (churners - 1) * (first - auc**2) + (stayed - 1) * (second - auc**2)
    return math.sqrt(max(spread, 0.0) / max(1, churners * stayed))
