"""What a ranking earns: the profit of contacting the top of a list with an offer, by length of the list.

A listed customer costs `contact_cost`. One who would have stayed takes the offer and costs `offer_cost` too. One who
would have churned takes it with the acceptance rate, and is then kept: that brings his or her value less the offer.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import betainc

from pipeline.config.params import Evaluate

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Terms:
    """What a contact and an offer cost, and how many would-be churners an offer keeps.

    Attributes
    ----------
    contact_cost, offer_cost
        In currency units per customer.
    acceptance_alpha, acceptance_beta
        The acceptance rate, 0-1, is beta distributed with these.
    """

    contact_cost: float
    offer_cost: float
    acceptance_alpha: float
    acceptance_beta: float

    @classmethod
    def of(cls, settings: Evaluate) -> Self:
        """As ``params.yaml: evaluate`` has them."""
        return cls(settings.contact_cost, settings.offer_cost, settings.acceptance_alpha, settings.acceptance_beta)

    @property
    def acceptance(self) -> float:
        """The mean acceptance rate, 0-1."""
        return self.acceptance_alpha / (self.acceptance_alpha + self.acceptance_beta)


@dataclass(frozen=True)
class ExpectedProfit:
    """The best a ranking can earn.

    Attributes
    ----------
    per_customer
        In currency units, over all customers, listed or not.
    share
        Share of the customers, 0-1, on the list that earns it.
    """

    per_customer: float
    share: float


def expected_maximum_profit(churned: Labels, score: Array, value: float, terms: Terms) -> ExpectedProfit:
    """Profit of the best list length, averaged over acceptance rates (EMPC).

    For each acceptance rate g the best list ends at a corner of the convex hull of the ROC curve; corner i, with the
    shares F0 of the churners and F1 of the others on the list and base rates p0, p1, earns per customer

    ``(g (value - offer) - contact) p0 F0 - (offer + contact) p1 F1``

    and is best between the rates at which it earns the same as its neighbours. Over the beta distribution of g both
    parts have a closed mean in the incomplete beta function.

    Parameters
    ----------
    churned
        What happened, 0 or 1; both must occur.
    score
        Higher means earlier on the list; equal scores are listed together.
    value
        What a kept customer brings, the same for all, in currency units.
    terms
        Costs and acceptance.

    Notes
    -----
    Verbraken, T., Verbeke, W. and Baesens, B. (2013), "A Novel Profit Maximizing Metric for Measuring Classification
    Performance of Customer Churn Prediction Models", IEEE TKDE 25(5). They take a value of 200, an offer of 10, a
    contact of 1 and acceptance rates beta(6, 14); class 1 is *churned* here, class 0 there.

    Examples
    --------
    >>> churned, score = np.array([1, 0, 1, 0], dtype=np.int8), np.array([0.9, 0.8, 0.3, 0.1])
    >>> found = expected_maximum_profit(churned, score, 200.0, Terms(1.0, 10.0, 6.0, 14.0))
    >>> round(found.per_customer, 4), round(found.share, 4)
    (25.2504, 0.7496)
    """
    if value <= terms.offer_cost:
        # An offer that costs more than it keeps is never made: nobody is contacted, and nothing is earned.
        return ExpectedProfit(0.0, 0.0)
    a, b = terms.acceptance_alpha, terms.acceptance_beta
    churners, others = _hull(churned, score)
    kept, wasted = value - terms.offer_cost, terms.offer_cost + terms.contact_cost
    # A step that lists none but those who stay pays at no rate.
    churners_added, cost = np.diff(churners), terms.contact_cost * np.diff(churners) + wasted * np.diff(others)
    rates = np.divide(cost, kept * churners_added, out=np.full(len(churners_added), np.inf), where=churners_added > 0)
    # No acceptance rate lies outside 0 to 1: corners that would be best only there get no weight.
    edges = np.clip(np.concatenate([[0.0], rates, [1.0]]), 0.0, 1.0)
    chance = np.diff(betainc(a, b, edges))
    # g times the density of beta(a, b) is its mean times the density of beta(a + 1, b).
    mean_rate = terms.acceptance * np.diff(betainc(a + 1, b, edges))
    profit = kept * churners * mean_rate - (terms.contact_cost * churners + wasted * others) * chance
    return ExpectedProfit(float(np.sum(profit)), float(np.sum((churners + others) * chance)))


def profit_curve(churned: Labels, score: Array, value: Array, terms: Terms) -> pl.DataFrame:
    """Profit by length of the list, each customer with his or her own value, at the mean acceptance rate.

    Parameters
    ----------
    churned
        What happened, 0 or 1.
    score
        Higher means earlier on the list; where a list ends among equal scores, they are taken in proportion.
    value
        What the customer brings if kept, in currency units.
    terms
        Costs and acceptance.

    Returns
    -------
    polars.DataFrame
        ``list_length_percent`` (1 to 100), ``customers`` (rounded up), ``profit`` (currency units, all together).

    Examples
    --------
    >>> churned, score = np.array([1, 0], dtype=np.int8), np.array([0.9, 0.1])
    >>> curve = profit_curve(churned, score, np.array([100.0, 50.0]), Terms(1.0, 10.0, 6.0, 14.0))
    >>> curve.filter(pl.col("list_length_percent").is_in([50, 100])).rows()
    [(50, 1, 26.0), (100, 2, 15.0)]
    """
    total = _running_profit(churned, score, value, terms)
    percent = np.arange(1, 101)
    length = -(-percent * len(score) // 100)
    return pl.DataFrame(
        {
            "list_length_percent": percent,
            "customers": length,
            "profit": [float(f"{each:.10g}") for each in total[length]],
        }
    )


@dataclass(frozen=True)
class BestLength:
    """How long a list should be, in customers, and what it earns, in currency units; 0 and 0 if none pays."""

    customers: int
    profit: float


def length_that_pays(churned: Labels, score: Array, value: Array, terms: Terms) -> BestLength:
    """The shortest list with the highest profit; for the arguments see `profit_curve`.

    Examples
    --------
    >>> churned, score = np.array([1, 0], dtype=np.int8), np.array([0.9, 0.1])
    >>> length_that_pays(churned, score, np.array([100.0, 50.0]), Terms(1.0, 10.0, 6.0, 14.0))
    BestLength(customers=1, profit=26.0)
    >>> length_that_pays(churned, score, np.array([10.0, 50.0]), Terms(1.0, 10.0, 6.0, 14.0))
    BestLength(customers=0, profit=0.0)
    """
    # Ten digits, so that lengths which earn the same but for the last bits are the same.
    total = np.array([float(f"{each:.10g}") for each in _running_profit(churned, score, value, terms)])
    best = int(np.argmax(total))
    return BestLength(best, float(total[best]))


def _running_profit(churned: Labels, score: Array, value: Array, terms: Terms) -> Array:
    """Profit of the lists of 0, 1, 2 ... customers; equal scores share what they bring equally."""
    kept = terms.acceptance * (value - terms.offer_cost)
    each = np.where(churned == 1, kept, -terms.offer_cost) - terms.contact_cost
    _, place, size = np.unique(-score, return_inverse=True, return_counts=True)
    mean = np.bincount(place, weights=each) / size
    return np.concatenate([[0.0], np.cumsum(np.repeat(mean, size))])


def _hull(churned: Labels, score: Array) -> tuple[Array, Array]:
    """Corners of the convex hull of the ROC curve, as shares of all customers: listed churners, listed others."""
    _, place = np.unique(-score, return_inverse=True)
    churners = np.concatenate([[0], np.cumsum(np.bincount(place, weights=churned))])
    others = np.concatenate([[0], np.cumsum(np.bincount(place, weights=1 - churned))])
    corners: list[int] = []
    for position in range(len(churners)):
        while len(corners) > 1 and _turns_left(churners, others, corners[-2], corners[-1], position):
            corners.pop()
        corners.append(position)
    return churners[corners] / len(churned), others[corners] / len(churned)


def _turns_left(up: Array, right: Array, first: int, middle: int, last: int) -> bool:
    """Whether the middle point lies on or below the straight line between the other two."""
    # Multiplied out, so that a step straight up needs no division by zero.
    return bool(
        (up[middle] - up[first]) * (right[last] - right[first])
        <= (up[last] - up[first]) * (right[middle] - right[first])
    )
