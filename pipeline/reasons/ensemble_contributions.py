"""Contributions of the whole model: exact for the trees, exact for the regression, so exact for their sum."""

import numpy as np
import numpy.typing as npt

from pipeline.model.ensemble import Ensemble
from pipeline.reasons.treeshap.explainer import Explainer

Array = npt.NDArray[np.float64]


def contributions(
    ensemble: Ensemble, features: Array, num_threads: int = 1, explainer: Explainer | None = None
) -> Array:
    """What each feature adds to the margin of each row.

    Parameters
    ----------
    ensemble
        Trees, and a regression beside them or none.
    features
        A `Ensemble.matrix`: (rows, features).
    num_threads
        Threads to use; the result does not depend on it.
    explainer
        Of the trees; made for this call if there is none yet.

    Returns
    -------
    numpy.ndarray
        Log-odds, (rows, features + 1), the base last; each row adds up to the margin.

    Notes
    -----
    Shapley values are linear: those of a weighted sum of two models are the weighted sum of theirs. Those of the
    regression are its lines themselves, each zero for the average training row (Lundberg and Lee, 2017, section 4).
    """
    trees = (explainer or Explainer(ensemble.trees)).contributions(features, num_threads=num_threads)
    if ensemble.additive_logistic is None:
        return trees
    return (1 - ensemble.additive_weight) * trees + ensemble.additive_weight * ensemble.additive_logistic.contributions(
        features
    )


def margins(contributions: Array) -> Array:
    """The margin of each row: its contributions and the base, added up in the order of the columns.

    >>> margins(np.array([[0.5, -0.25, 1.0]])).tolist()
    [1.25]
    """
    # One column after the other: a sum of a row may be rounded otherwise on another processor.
    total = np.zeros(len(contributions))
    for column in contributions.T:
        total += column
    return total
