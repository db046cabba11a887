r"""The contributions of a single leaf: Shapley values of a product game, in closed form.

A leaf with value ``w`` pays ``w`` if a row passes its whole path. Seen as a game of the features on that path it is a
product, with ``b_j`` = 1 if the row passes the path's tests on feature ``j`` and 0 if not, and ``r_j`` the share of
training rows that pass them:

.. math:: v(S) = w \prod_{j \in S} b_j \prod_{j \notin S} r_j

Its Shapley values are an integral over Owen's multilinear extension of that game,

.. math:: \phi_i = w (b_i - r_i) \int_0^1 \prod_{j \ne i} (r_j + t (b_j - r_j)) \, dt

of a polynomial of degree (features on the path - 1), which a Gauss-Legendre rule of half as many nodes integrates
exactly.

References
----------
.. [1] G. Owen (1972), Multilinear extensions of games, Management Science 18(5), 64-79.
.. [2] S. Lundberg, G. Erion, S. Lee (2018), Consistent individualized feature attribution for tree ensembles,
   arXiv:1802.03888: the game itself, "path-dependent TreeSHAP".
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.reasons.treeshap import _kernel


@cache
def quadrature(longest_path: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nodes and weights on [0, 1]; row ``q`` holds the rule of ``q`` nodes, enough for ``2 q`` features on a path."""
    most = (longest_path + 1) // 2
    nodes = np.zeros((most + 1, most))
    weights = np.zeros((most + 1, most))
    for q in range(1, most + 1):
        x, weight = np.polynomial.legendre.leggauss(q)
        nodes[q, :q], weights[q, :q] = (x + 1) / 2, weight / 2
    return nodes, weights


@cache
def patterns(path_length: int) -> NDArray[np.float64]:
    """All ways to pass or fail, shape (features, 2 ** features): column ``p`` passes the features of its set bits."""
    return (np.arange(1 << path_length) >> np.arange(path_length)[:, None] & 1).astype(np.float64)


def pattern_values(cover_ratio: NDArray[np.float64], leaf_value: float) -> NDArray[np.float64]:
    """Shapley values of one leaf for every way to pass or fail its path.

    Parameters
    ----------
    cover_ratio : ndarray of shape (features,)
        Share of training rows that pass the path's tests on each feature, in [0, 1].
    leaf_value : float
        What the leaf adds to the margin, in log-odds or units of the target.

    Returns
    -------
    ndarray of shape (features, 2 ** features)
        In the unit of ``leaf_value``; columns as in `patterns`.

    Examples
    --------
    A leaf of value 1 behind one test that a quarter of the rows pass: failing costs 0.25, passing earns 0.75.

    >>> pattern_values(np.array([0.25]), 1.0)
    array([[-0.25,  0.75]])
    """
    nodes, weights = quadrature(len(cover_ratio))
    phi = np.zeros((len(cover_ratio), 1 << len(cover_ratio)))
    _kernel.add_product_game(patterns(len(cover_ratio)), cover_ratio, leaf_value, nodes[-1], weights[-1], phi)
    return phi
