"""Buy till you die: the BG/NBD model of how often a customer buys and whether he or she still does.

While alive, a customer buys at random with a rate of his or her own, and after each purchase stops for good with a
probability of his or her own; the rates of all customers are gamma distributed, the probabilities beta distributed.
Fader, P. S., Hardie, B. G. S. and Lee, K. L. (2005), "Counting Your Customers the Easy Way: An Alternative to the
Pareto/NBD Model", Marketing Science 24(2).

All functions take three arrays of equal length, in any one unit of time:

* ``frequency``: purchases after the first one, counted in whatever is one purchase (an order, a day with an order);
* ``recency``: time from the first purchase to the last one, 0 without a repeat;
* ``age``: time from the first purchase to now.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.optimize import OptimizeResult
from scipy.special import expit

from pipeline.config.errors import NotEnoughData
from pipeline.newton import differences, polish, search
from pipeline.value.beta_mean import beta_mean

Array = npt.NDArray[np.float64]

# Where the search starts: r, alpha over the greatest age, a, b. A fit with hardly any drop-out and one with much of it
# can both be a hill of the likelihood; the best of these is taken.
STARTS = ((1.0, 0.1, 1.0, 1.0), (0.3, 0.1, 0.8, 2.5), (0.5, 1.0, 0.1, 5.0), (3.0, 0.3, 3.0, 3.0))
# Logarithms of the parameters stay within these, so that nothing overflows on the way.
BOUND = 14.0


@dataclass(frozen=True)
class BgNbd:
    """The fitted model.

    Attributes
    ----------
    r, alpha
        Purchase rates are gamma distributed with shape `r` and scale 1/`alpha`; `alpha` is in units of time.
    a, b
        Probabilities of stopping after a purchase are beta distributed.
    """

    r: float
    alpha: float
    a: float
    b: float

    @classmethod
    def fit(cls, frequency: Array, recency: Array, age: Array, *, penalty: float = 1e-4) -> Self:
        """Maximum likelihood, with a mild pull of all parameters to 1 (`alpha` to the greatest age).

        Parameters
        ----------
        frequency, recency, age
            One entry per customer; see the module.
        penalty
            Weight of the sum of squared logarithms of the parameters (`alpha` over the greatest age) against the mean
            log-likelihood of a customer. 0 gives the published estimates; a little keeps them finite where nobody
            seems ever to stop.

        Raises
        ------
        NotEnoughData
            Nobody bought twice, or no fit was found.

        Examples
        --------
        >>> model = BgNbd.fit(np.array([0.0, 2, 5, 0]), np.array([0.0, 20, 30, 0]), np.array([30.0, 30, 40, 40]))
        >>> 0 < model.alpha < 100
        True
        """
        if not np.any(frequency > 0):
            raise NotEnoughData(f"none of {len(frequency)} customers bought twice; BG/NBD learns from repeats only")
        assert np.all((recency >= 0) & (recency <= age)), "the last purchase lies between the first one and now"
        # In units of the greatest age, so that starts and penalty mean the same whatever the unit of time.
        scale = float(np.max(age))
        rows, counts = np.unique(np.column_stack([frequency, recency / scale, age / scale]), axis=0, return_counts=True)
        data = _Data.of(rows, counts.astype(np.float64))
        fits = [_climb(data, np.log(start), penalty) for start in STARTS]
        best = min((each for each in fits if np.isfinite(each.fun)), key=lambda each: float(each.fun), default=None)
        if best is None:
            raise NotEnoughData(f"BG/NBD found no fit for {len(frequency)} customers")
        optimum = polish(best.x, lambda logarithms: _loss(logarithms, data, penalty)[1])
        r, alpha, a, b = np.exp(optimum) * (1, scale, 1, 1)
        return cls(*(float(f"{value:.10g}") for value in (r, alpha, a, b)))

    def curvature(self, frequency: Array, recency: Array, age: Array, *, penalty: float = 1e-4) -> Array:
        """How steeply what `fit` makes small rises around this model, times the customers; (4, 4), along logarithms.

        Its inverse is the covariance of the logarithms of `r`, `alpha`, `a` and `b` (Laplace's approximation).
        """
        scale = float(np.max(age))
        rows, counts = np.unique(np.column_stack([frequency, recency / scale, age / scale]), axis=0, return_counts=True)
        data = _Data.of(rows, counts.astype(np.float64))
        center = np.log([self.r, self.alpha / scale, self.a, self.b])
        return len(frequency) * differences(lambda logarithms: _loss(logarithms, data, penalty)[1], center)

    def log_likelihood(self, frequency: Array, recency: Array, age: Array) -> float:
        """Of all these customers together, in natural logarithms."""
        data = _Data.of(np.column_stack([frequency, recency, age]), np.ones(len(frequency)))
        return _log_likelihood(np.log([self.r, self.alpha, self.a, self.b]), data)[0]

    def alive(self, frequency: Array, recency: Array, age: Array) -> Array:
        """Probability, 0-1, that a customer has not stopped; 1 by construction for whoever bought once.

        ``1 / (1 + a / (b + x - 1) * ((alpha + T) / (alpha + t_x)) ** (r + x))`` for ``x > 0``.

        >>> BgNbd(0.243, 4.414, 0.793, 2.426).alive(np.array([2.0]), np.array([30.43]), np.array([38.86])).round(2)
        array([0.73])
        """
        repeats = np.maximum(frequency, 1)
        longer = np.log1p((age - recency) / (self.alpha + recency))
        # As logarithms: the power overflows for long histories.
        odds_dead = np.log(self.a) - np.log(self.b + repeats - 1) + (self.r + frequency) * longer
        return np.where(frequency > 0, expit(-odds_dead), 1.0)

    def expected_purchases(self, frequency: Array, recency: Array, age: Array, horizon: float) -> Array:
        """Purchases expected in the next `horizon`, given everything seen so far.

        A customer who is alive, with rate l and probability p, makes ``(1 - exp(-l p t)) / p`` purchases. Given the
        past, l is gamma(r + x, alpha + T) and p is beta(a, b + x); the mean over l is closed, the mean over p is an
        integral, which the paper writes with 2F1 and which is done here by quadrature: 2F1 overflows for long
        histories and has a pole at a = 1 that the integral does not have.

        >>> model = BgNbd(0.243, 4.414, 0.793, 2.426)
        >>> model.expected_purchases(np.array([2.0]), np.array([30.43]), np.array([38.86]), 39).round(3)
        array([1.226])
        """
        return self.alive(frequency, recency, age) * self._purchases_alive(frequency, age, horizon)

    def no_purchase(self, frequency: Array, recency: Array, age: Array, start: float, end: float) -> Array:
        """Probability, 0-1, of no purchase from `start` to `end` from now.

        One minus P(alive) times the probability that somebody alive buys then: he or she outlives the gap with
        ``exp(-l p start)`` (stops come at the rate l p) and then buys with ``1 - exp(-l (end - start))``. The mean
        over the rate l is ``((alpha + T) / (alpha + T + p start)) ** (r + x) - ((alpha + T) / (alpha + T + p start +
        end - start)) ** (r + x)``, closed for `start` 0; the mean over p is done by quadrature.

        >>> model = BgNbd(0.243, 4.414, 0.793, 2.426)
        >>> model.no_purchase(np.array([2.0]), np.array([30.43]), np.array([38.86]), 0, 39).round(2)
        array([0.45])
        """
        buys = self.alive(frequency, recency, age) * self._buys_alive(frequency, age, start, end)
        return np.clip(1 - buys, 0.0, 1.0)

    def purchases_if_any(self, frequency: Array, age: Array, start: float, end: float) -> Array:
        """Purchases expected from `start` to `end` from now of a customer who makes at least one then; 1 or more.

        Expected purchases over the probability of any: P(alive) stands in both and cancels, and with it the silence.

        >>> model = BgNbd(0.243, 4.414, 0.793, 2.426)
        >>> model.purchases_if_any(np.array([0.0, 2]), np.array([38.86, 38.86]), 0, 39).round(2)
        array([1.35, 2.21])
        """
        later = self._purchases_alive(frequency, age, end)
        expected = later - self._purchases_alive(frequency, age, start) if start > 0 else later
        buys = self._buys_alive(frequency, age, start, end)
        # At least 1 by definition; a vanishing chance would leave 0 / 0, and rounding a little less than 1.
        return np.maximum(expected / np.maximum(buys, 1e-300), 1.0)

    def _purchases_alive(self, frequency: Array, age: Array, horizon: float) -> Array:
        """Purchases expected of somebody who is alive now."""
        shape, ahead = self.r + frequency, horizon / (self.alpha + age)

        def purchases(p: Array, rows: slice) -> Array:
            # expm1 and log1p keep the digits of a p next to 0; at 0 itself the fraction has the limit shape * ahead.
            none = -np.expm1(-shape[rows, None] * np.log1p(p * ahead[rows, None]))
            return np.where(p > 0, none / np.where(p > 0, p, 1.0), shape[rows, None] * ahead[rows, None])

        return beta_mean(purchases, self.a, self.b + frequency)

    def _buys_alive(self, frequency: Array, age: Array, start: float, end: float) -> Array:
        """Probability that somebody who is alive now buys from `start` to `end`."""
        assert 0 <= start <= end, "the window lies ahead"
        shape, since = self.r + frequency, self.alpha + age
        gap, window = start / since, (end - start) / since

        def buys(p: Array, rows: slice) -> Array:
            outlived = np.log1p(p * gap[rows, None])
            silent = np.log1p(window[rows, None] / (1 + p * gap[rows, None]))
            return np.exp(-shape[rows, None] * outlived) * -np.expm1(-shape[rows, None] * silent)

        at_once = buys(np.zeros((1, 1)), slice(None))[:, 0]
        return beta_mean(buys, self.a, self.b + frequency) if start > 0 else at_once


@dataclass(frozen=True)
class _Data:
    """Different customers, and how many there are of each."""

    repeats: npt.NDArray[np.int64]
    recency: Array
    age: Array
    counts: Array

    @classmethod
    def of(cls, rows: Array, counts: Array) -> "_Data":
        return cls(rows[:, 0].astype(np.int64), rows[:, 1], rows[:, 2], counts)


def _climb(data: _Data, start: Array, penalty: float) -> OptimizeResult:
    bounds, options = [(-BOUND, BOUND)] * 4, {"maxiter": 500, "ftol": 1e-13, "gtol": 1e-8}
    return search(_loss, start, args=(data, penalty), jac=True, method="L-BFGS-B", bounds=bounds, options=options)


def _loss(logarithms: Array, data: _Data, penalty: float) -> tuple[float, Array]:
    """What a fit makes small, and its slope along the logarithm of each parameter."""
    # Over logarithms the parameters stay positive without constraints, and the pull to 1 is as strong up as down.
    value, slope = _log_likelihood(logarithms, data)
    customers = float(data.counts.sum())
    pull, pull_slope = penalty * float(np.sum(logarithms**2)), 2 * penalty * logarithms
    return pull - value / customers, pull_slope - slope / customers


def _log_likelihood(logarithms: Array, data: _Data) -> tuple[float, Array]:
    """The log-likelihood, equation (6) of the paper, and its slope along the logarithm of each parameter.

    ``A1 A2 (A3 + A4)``: A3 for a customer who is alive, A4 for one who stopped at the last purchase.
    """
    r, alpha, a, b = np.exp(logarithms)
    x, n, step = data.repeats, data.counts, np.arange(data.repeats.max(initial=0))
    now, last = np.log1p(data.age / alpha), np.log1p(data.recency / alpha)
    # Of A4 to A3. Both underflow for long histories, so they are divided and added as logarithms.
    longer = np.log1p((data.age - data.recency) / (alpha + data.recency))
    odds = np.where(x > 0, np.log(a) - np.log(b + np.maximum(x, 1) - 1) + (r + x) * longer, -np.inf)
    stopped, alive = expit(odds), expit(-odds)
    # Gamma functions a whole number apart are products. Their differences would lose digits that a flat likelihood,
    # where hardly anybody stops, does not give back.
    shared = _sums(np.log(r + step) - np.log(alpha) + np.log1p(-a / (a + b + step)))[x]
    of_each = (
        r * (_sums(1 / (r + step))[x] - alive * now - stopped * last),
        r - (r + x) * alpha * (alive / (alpha + data.age) + stopped / (alpha + data.recency)),
        stopped - a * _sums(1 / (a + b + step))[x],
        b * (_sums(a / ((b + step) * (a + b + step)))[x] - stopped / (b + np.maximum(x, 1) - 1)),
    )
    value = np.sum(n * (shared - (r + x) * now + np.logaddexp(0, odds)))
    return float(value), np.array([np.sum(n * slope) for slope in of_each])


def _sums(terms: Array) -> Array:
    """Of no term, the first one, the first two ..."""
    return np.concatenate([[0.0], np.cumsum(terms)])
