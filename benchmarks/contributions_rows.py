"""The rows that are explained, and what a list needs of each."""

import numpy as np
from numpy.typing import NDArray

from pipeline.reasons import families
from pipeline.reasons.ensemble_contributions import margins
from pipeline.reasons.treeshap.explainer import Explainer

Array = NDArray[np.float64]
FEATURES, MISSING, FAMILIES, REASONS, THREADS = 60, 0.05, 15, 3, 2


def synthetic(rows: int, seed: int) -> tuple[Array, Array]:
    """Normal features, 5 % of the values missing; log-odds linear in all of them, with one interaction."""
    random = np.random.default_rng(seed)
    weights = np.random.default_rng(0).normal(scale=0.3, size=FEATURES)
    X = random.normal(size=(rows, FEATURES))  # noqa: N806
    log_odds = X @ weights + X[:, 0] * X[:, 1]
    X[random.random(X.shape) < MISSING] = np.nan
    return X, (log_odds + random.logistic(size=rows) > 0).astype(float)


def summarised(explainer: Explainer, X: Array) -> tuple[Array, Array, NDArray[np.intp]]:  # noqa: N803
    """What a list needs of every row: its log-odds, the sums by family, and the strongest families."""
    values = explainer.contributions(X, num_threads=THREADS)
    by_family = families.by_family(values[:, :-1], [f"family {number % FAMILIES}" for number in range(FEATURES)])
    return margins(values), by_family, np.argpartition(-by_family, REASONS, axis=1)[:, :REASONS]
