"""The mean of a function over a beta distribution, by quadrature that is exact to about ten digits."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.special import betaln, expit

Array = npt.NDArray[np.float64]

NODES = 200
ROWS_AT_ONCE = 20_000
# Density left out at either end, as a logarithm: beyond double precision.
NEGLIGIBLE = 40.0


def beta_mean(function: Callable[[Array, slice], Array], a: float, b: Array) -> Array:
    """Mean of a smooth function of p in [0, 1] where p is beta(a, b), for each entry of `b`.

    Parameters
    ----------
    function
        Takes values of p, shape (rows or 1, nodes), and which rows; gives the same shape.
    a, b
        Of the beta distributions, above 0; `b` has shape (rows,).

    Returns
    -------
    numpy.ndarray
        The means, shape (rows,).

    Examples
    --------
    >>> beta_mean(lambda p, rows: p**2, 2.0, np.array([2.0, 3.0])).round(6)
    array([0.3, 0.2])

    Notes
    -----
    The straight line between the ends has a closed mean; what is left of the function vanishes at both ends. Over the
    log-odds of p it is analytic and falls off exponentially, and there the trapezoid rule converges exponentially
    (Trefethen and Weideman 2014, "The Exponentially Convergent Trapezoidal Rule", SIAM Review 56(3)).
    """
    # Many entries of b are equal, being a constant plus a count of purchases: each density is made once.
    different, which = np.unique(b, return_inverse=True)
    log_odds, step = _nodes(a, different)
    p, q = expit(log_odds), expit(-log_odds)
    density = np.exp(a * np.log(p) + different[:, None] * np.log(q) - betaln(a, different)[:, None]) * step[:, None]
    mean = np.empty(len(b))
    for start in range(0, len(b), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        of = which[rows]
        low, high = function(np.zeros((1, 1)), rows), function(np.ones((1, 1)), rows)
        rest = function(p[of], rows) - low * q[of] - high * p[of]
        line = (low[:, 0] * b[rows] + high[:, 0] * a) / (a + b[rows])
        mean[rows] = line + np.einsum("ij,ij->i", density[of], rest)
    return mean


def _nodes(a: float, b: Array) -> tuple[Array, Array]:
    """Log-odds at even steps over all that matters of each beta(a + 1, b + 1), and the steps."""
    # What is integrated vanishes like p (1 - p), and times the density of beta(a, b) falls off as beta(a + 1, b + 1).
    left, right = a + 1, b + 1
    mode = np.log(left) - np.log(right)

    def below_top(log_odds: Array) -> Array:
        drop = left * (mode - log_odds) + (left + right) * (np.logaddexp(0, log_odds) - np.logaddexp(0, mode))
        return np.asarray(drop - NEGLIGIBLE)

    ends = []
    for sign in (-1.0, 1.0):
        near, far = np.zeros_like(b), np.full_like(b, 2 * NEGLIGIBLE)
        # Bisection needs no good start; the density falls off at a rate above 1, so the far end is surely outside.
        for _ in range(50):
            middle = (near + far) / 2
            outside = below_top(mode + sign * middle) > 0
            near, far = np.where(outside, near, middle), np.where(outside, middle, far)
        ends.append(mode + sign * far)
    step = (ends[1] - ends[0]) / (NODES - 1)
    return ends[0][:, None] + step[:, None] * np.arange(NODES), step
