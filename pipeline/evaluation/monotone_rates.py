"""Churn rates by one number, kept apart where they are equal: what makes a rule of a spreadsheet a ranking."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
HAIR = 1e-9


def keep_ranking(rates: Array, values: Array) -> Array:
    """Move equal rates apart by a hair, so that the ranking by the values themselves stays whole.

    Parameters
    ----------
    rates
        Probabilities (0-1) that do not fall as the values rise.
    values
        By which the rates were found; rows without one (NaN) rank lowest among equals.

    Examples
    --------
    >>> moved = keep_ranking(np.array([0.5, 0.5, 0.5]), np.array([3.0, 1.0, float("nan")]))
    >>> np.argsort(moved).tolist(), moved.round(8).tolist()
    ([1, 2, 0], [0.5, 0.5, 0.5])
    """
    known = ~np.isnan(values)
    rank = np.zeros(len(values))
    rank[known] = np.unique(values[known], return_inverse=True)[1]
    return np.asarray(rates * (1 - HAIR) + rank * (HAIR / max(1, len(values))), dtype=np.float64)
