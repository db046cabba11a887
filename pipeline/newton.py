"""Fits: a search, and the last digits of it by Newton's steps from where a search stopped, until only rounding is left.

A search such as L-BFGS stops where a further step gains next to nothing. That is some way from the optimum, and which
way depends on the last bits of every sum before: on the processor, for whose instructions BLAS adds up in an order of
its own. The optimum itself depends on none of it. Newton's steps double the digits each, so a few of them reach it
to about twelve digits anywhere, and a file that holds fewer is the same everywhere.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import OptimizeResult, minimize
from threadpoolctl import ThreadpoolController

# Made once, after the libraries it looks for are there: to find them takes as long as a small fit.
THREADS = ThreadpoolController()
Array = npt.NDArray[np.float64]

# Steps double the digits: after one of 1e-9 the next would be lost in rounding.
STEPS, SETTLED = 20, 1e-9
# Parameters are logarithms or log-odds, of order one. The truncation of a central difference, about the square of
# this, and rounding, about 1e-16 over it, are both too small to slow Newton's steps down.
DIFFERENCE = 1e-4


def search(loss: Callable[..., Any], start: Array, **options: Any) -> OptimizeResult:
    """What `scipy.optimize.minimize` finds, with one thread for the algebra.

    On matrices as small as those of a few parameters the threads of BLAS wait for one another ten times as long as they
    compute, and the longer the more else the machine does.

    Parameters
    ----------
    loss, start, options
        As there.

    Examples
    --------
    >>> search(lambda x: (x[0] - 3) ** 2, np.zeros(1), method="BFGS").x.round(4).tolist()
    [3.0]
    """
    with THREADS.limit(limits=1, user_api="blas"):
        return minimize(loss, start, **options)


def polish(point: Array, slope: Callable[[Array], Array], curvature: Callable[[Array], Array] | None = None) -> Array:
    """Minimum of a smooth function next to a point: ``x - H(x)^-1 g(x)`` until steps no longer matter.

    Parameters
    ----------
    point
        Where a search stopped, in logarithms or log-odds.
    slope
        The gradient g of the function.
    curvature
        Its Hessian H; differences of the gradient where there is none. The minimum is where the gradient vanishes, so
        a Hessian that is right to some digits costs a step, and no digit of the result.

    Returns
    -------
    numpy.ndarray
        The point itself where it is next to no minimum: the Hessian is not positive definite, or steps do not settle.

    Notes
    -----
    Nocedal, J. and Wright, S. (2006), "Numerical Optimization", theorem 3.5: convergence is quadratic.

    Examples
    --------
    >>> polish(np.array([0.9, 0.1]), lambda x: np.array([np.exp(x[0]) - 2, 4 * x[1]])).round(12).tolist()
    [0.69314718056, 0.0]
    """
    curvature = curvature or (lambda x: differences(slope, x))
    moved = np.array(point, dtype=np.float64)
    for _ in range(STEPS):
        hessian = curvature(moved)
        # By the eigenvalues, since a saddle has a Newton step as well.
        if not np.isfinite(hessian).all() or np.linalg.eigvalsh(hessian)[0] <= 0:
            break
        step = np.linalg.solve(hessian, slope(moved))
        moved = moved - step
        if np.abs(step).max(initial=0) <= SETTLED:
            return moved
    return point


def differences(slope: Callable[[Array], Array], point: Array) -> Array:
    """The Hessian of a function at a point, by central differences of its gradient.

    >>> differences(lambda x: np.array([np.exp(x[0]), 4 * x[1]]), np.zeros(2)).round(6).tolist()
    [[1.0, 0.0], [0.0, 4.0]]
    """
    rows = [slope(point + move) - slope(point - move) for move in DIFFERENCE * np.eye(len(point))]
    hessian = np.array(rows) / (2 * DIFFERENCE)
    return np.asarray((hessian + hessian.T) / 2, dtype=np.float64)
