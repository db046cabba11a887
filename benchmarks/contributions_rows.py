"""The rows that are explained, and what a list needs of each."""

import numpy as np
from numpy.typing import NDArray

from pipeline.reasons.treeshap.explainer import Explainer
from pipeline.reasons.treeshap.family_sums import FamilySums, family_sums

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


def summarised(explainer: Explainer, X: Array) -> FamilySums:  # noqa: N803
    """What a list needs of every row: its log-odds, the sums by family, and the strongest families."""
    families = [number % FAMILIES for number in range(FEATURES)]
    return family_sums(explainer, X, families, REASONS, num_threads=THREADS)
