"""What one purchase of a customer is worth: the gamma-gamma model.

The amounts of a customer are gamma distributed with shape `p` and a scale of his or her own, the scales of all
customers are gamma distributed. Fader, P. S. and Hardie, B. G. S. (2013), "The Gamma-Gamma Model of Monetary Value".
It takes the amount and the number of purchases of a customer as unrelated.
"""

from dataclasses import dataclass
from functools import partial
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import betaln, digamma

from pipeline.config.errors import NotEnoughData
from pipeline.newton import differences, polish, search

Array = npt.NDArray[np.float64]

# Where the search starts: p, q - 1, v over the mean amount.
STARTS = ((1.0, 2.0, 3.0), (6.0, 3.0, 0.4), (0.5, 0.5, 1.0))
# Logarithms stay within these, so that nothing overflows on the way.
BOUND = 14.0
SEARCH = {"bounds": [(-BOUND, BOUND)] * 3, "options": {"maxiter": 500, "ftol": 1e-13, "gtol": 1e-8}}


@dataclass(frozen=True)
class GammaGamma:
    """The fitted model.

    Attributes
    ----------
    p
        Shape of the amounts of one customer.
    q, v
        Shape, above 1, and rate of the scales of all customers; `v` is in currency units.
    """

    p: float
    q: float
    v: float

    @classmethod
    def fit(cls, purchases: Array, mean_amount: Array, *, penalty: float = 1e-4) -> Self:
        """Maximum likelihood, with a mild pull of `p`, `q` - 1 and `v` over the mean amount to 1.

        Parameters
        ----------
        purchases
            Number of purchases of each customer, at least 1.
        mean_amount
            Their mean amount, above 0, in currency units.
        penalty
            Weight of the sum of squared logarithms against the mean log-likelihood of a customer.

        Raises
        ------
        NotEnoughData
            Fewer than two customers, or no fit was found.

        Examples
        --------
        >>> model = GammaGamma.fit(np.array([1.0, 4, 9]), np.array([10.0, 30, 12]))
        >>> bool(10 < model.expected_amount(np.array([1.0]), np.array([10.0]))[0] < 30)
        True
        """
        if len(purchases) < 2:
            raise NotEnoughData(f"{len(purchases)} customers with an amount are too few for the gamma-gamma model")
        scale = float(mean_amount.mean())
        loss = partial(_loss, purchases=purchases, amount=mean_amount / scale, penalty=penalty)
        fits = [search(loss, np.log(start), jac=True, method="L-BFGS-B", **SEARCH) for start in STARTS]
        best = min((each for each in fits if np.isfinite(each.fun)), key=lambda each: float(each.fun), default=None)
        if best is None:
            raise NotEnoughData(f"the gamma-gamma model found no fit for {len(purchases)} customers")
        p, above_one, v = np.exp(polish(best.x, lambda logarithms: loss(logarithms)[1]))
        return cls(*(float(f"{value:.10g}") for value in (p, 1 + above_one, v * scale)))

    def curvature(self, purchases: Array, mean_amount: Array, *, penalty: float = 1e-4) -> Array:
        """How steeply what `fit` makes small rises around this model, times the customers; (3, 3), along logarithms.

        Its inverse is the covariance of the logarithms of `p`, `q` - 1 and `v` (Laplace's approximation).
        """
        scale = float(mean_amount.mean())
        center = np.log([self.p, self.q - 1, self.v / scale])
        loss = partial(_loss, purchases=purchases, amount=mean_amount / scale, penalty=penalty)
        return len(purchases) * differences(lambda logarithms: loss(logarithms)[1], center)

    def expected_amount(self, purchases: Array, mean_amount: Array) -> Array:
        """Mean amount of a purchase to come: between that of the customer and that of all customers.

        ``p (v + n m) / (p n + q - 1)`` for n purchases of mean m.

        >>> GammaGamma(p=6.25, q=3.74, v=15.44).expected_amount(np.array([2.0]), np.array([22.35])).round(2)
        array([24.66])
        """
        expected: Array = self.p * (self.v + purchases * mean_amount) / (self.p * purchases + self.q - 1)
        return expected


def _loss(logarithms: Array, *, purchases: Array, amount: Array, penalty: float) -> tuple[float, Array]:
    """What a fit makes small, and its slope; amounts over their mean."""
    # Searched as q - 1: with q at 1 or below, the amounts of all customers have no mean.
    p, above_one, v = np.exp(logarithms)
    value, slope = _log_likelihood(p, 1 + above_one, v, purchases, amount)
    pull, pull_slope = penalty * float(np.sum(logarithms**2)), 2 * penalty * logarithms
    return pull - value, pull_slope - slope * (p, above_one, v)


def _log_likelihood(p: float, q: float, v: float, n: Array, mean: Array) -> tuple[float, Array]:
    """Equation (1a) of the note, of the mean of n amounts, and its slope along each parameter; means over customers."""
    total = v + n * mean
    value = (
        -betaln(p * n, q) + q * np.log(v) + (p * n - 1) * np.log(mean) + p * n * np.log(n) - (p * n + q) * np.log(total)
    )
    of_sum = digamma(p * n + q)
    slopes = (
        n * (of_sum - digamma(p * n) + np.log(n * mean / total)),
        of_sum - digamma(q) + np.log(v / total),
        q / v - (p * n + q) / total,
    )
    return float(value.mean()), np.array([slope.mean() for slope in slopes])
