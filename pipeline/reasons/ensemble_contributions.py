"""Contributions of the whole model: exact for the trees, exact for the regression, so exact for their sum."""

import numpy as np
import numpy.typing as npt

from pipeline.model.ensemble import Ranker
from pipeline.reasons.treeshap.explainer import Explainer

Array = npt.NDArray[np.float64]


def contributions(ranker: Ranker, features: Array, num_threads: int = 1) -> Array:
    """What each feature adds to the margin of each row.

    Parameters
    ----------
    ranker
        Trees, and a regression beside them or none.
    features
        A `Ranker.matrix`: (rows, features).
    num_threads
        Threads to use; the result does not depend on it.

    Returns
    -------
    numpy.ndarray
        Log-odds, (rows, features + 1), the base last; each row adds up to the margin.

    Notes
    -----
    Shapley values are linear: those of a weighted sum of two models are the weighted sum of theirs. Those of the
    regression are its lines themselves, each nought for the average training row (Lundberg and Lee, 2017, section 4).
    """
    trees = Explainer(ranker.trees).contributions(features, num_threads=num_threads)
    if ranker.wide is None:
        return trees
    return (1 - ranker.wide_share) * trees + ranker.wide_share * ranker.wide.contributions(features)
