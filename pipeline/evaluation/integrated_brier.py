"""The integrated Brier score of a curve of no event: how far it was from what came, over all days ahead."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def row_scores(no_event: Array, came: npt.NDArray[np.int64], days: Sequence[int]) -> Array:
    """The score of each row: the mean over the days of its Brier score, each weighted by the days before it.

    Parameters
    ----------
    no_event
        The chance (0-1) of no event until each of `days`; (rows, days).
    came
        Days until the event; (rows,). A day counts as without event where it is no later than that.
    days
        Rising, in days; the first one counts from 0.

    Returns
    -------
    array
        0-1, less is better; (rows,).

    Notes
    -----
    Graf, E. et al. (1999), "Assessment and comparison of prognostic classification schemes for survival data"; without
    censored rows, since only days that are over are asked for.

    Examples
    --------
    >>> row_scores(np.array([[0.5, 0.0], [1.0, 1.0]]), np.array([3, 4]), [2, 4]).tolist()
    [0.125, 0.0]
    """
    silent = came[:, None] >= np.array(days)
    return np.asarray(np.average((no_event - silent) ** 2, axis=1, weights=np.diff(days, prepend=0)))


def mean_score(no_event: Array, came: npt.NDArray[np.int64], days: Sequence[int]) -> float:
    """The mean of `row_scores` over the rows, by the same parameters.

    >>> mean_score(np.array([[0.5, 0.0], [1.0, 1.0]]), np.array([3, 4]), [2, 4])
    0.0625
    """
    return float(np.mean(row_scores(no_event, came, days)))
