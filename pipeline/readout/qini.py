"""What is kept, less its cost, as one contacts more customers in the order of a ranking: Qini curves under cost.

Radcliffe, N. J. (2007), "Using control groups to target on predicted lift"; of several playbooks with costs: Sverdrup,
E., Wu, H., Athey, S. and Wager, S. (2024), "Qini Curves for Multi-Armed Treatment Rules".
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]

DRAWS: Final = 1000
SEED: Final = 21
POINTS: Final = 50
REACH: Final = 1.96 + 0.84
"""Standard errors that a difference spans to be seen in 8 of 10 readouts."""


@dataclass(frozen=True)
class Interval:
    """A figure with what chance makes of it: the middle 95 % of draws of as many customers."""

    mean: float
    low: float
    high: float

    def as_json(self) -> dict[str, float]:
        """The same for programs, rounded to what can be read."""
        return {name: round(value, 6) for name, value in vars(self).items()}


@dataclass(frozen=True)
class Ranking:
    """Who comes first by one way of expecting, and what was measured of each.

    Attributes
    ----------
    promised
        For each decision (a customer on a list), what its best playbook is expected to keep less its cost, in currency
        units; who promises most is contacted first.
    kept, cost
        What was measured of that playbook (`uplift_trials.measured` times value), and its cost, in currency units.
    """

    promised: Array
    kept: Array
    cost: Array

    def order(self) -> tuple[Numbers, Numbers]:
        """The decisions from the highest promise on, and the number of each one's group of equal promises."""
        by = np.argsort(-self.promised, kind="stable")
        of = self.promised[by]
        return by, np.concatenate([[0], np.cumsum(of[1:] != of[:-1])]).astype(np.int64)


def best_of(uplift: Array, value: Array, cost: Array, measured: Array, decision: Numbers) -> Ranking:
    """For each decision the playbook that is expected to keep most less its cost.

    Parameters
    ----------
    uplift, value, cost, measured
        Of each trial: how much more often the customer is expected to stay, what he or she is worth and what the
        playbook costs, and what the lot showed.
    decision
        The number of the decision that a trial belongs to, from 0 on, without a gap.

    Examples
    --------
    >>> one = best_of(np.array([0.1, 0.2, 0.3]), np.array([50.0, 50.0, 10.0]), np.array([1.0, 8.0, 1.0]),
    ...               np.array([0.5, -1.0, 2.0]), np.array([0, 0, 1]))
    >>> one.promised.tolist(), one.kept.tolist(), one.cost.tolist()
    ([4.0, 2.0], [25.0, 20.0], [1.0, 1.0])
    """
    promised = uplift * value - cost
    by = np.lexsort((-promised, decision))
    best = by[np.concatenate([[True], decision[by][1:] != decision[by][:-1]])] if len(by) else by
    return Ranking(promised[best], (measured * value)[best], cost[best])


def curve(ranking: Ranking) -> tuple[Array, Array]:
    """What is kept less its cost, per customer of all, as more of them are contacted.

    Returns
    -------
    tuple of numpy.ndarray
        The shares contacted (0-1) and what each is worth, in currency units; among equal promises everybody counts in
        part, so their order does not matter.

    Examples
    --------
    >>> shares, worth = curve(Ranking(np.array([3.0, 2.0, 2.0]), np.array([6.0, 0.0, 4.0]), np.array([1.0, 1.0, 1.0])))
    >>> shares[[0, -1]].tolist(), round(float(worth[-1]), 3), round(float(np.interp(2 / 3, shares, worth)), 3)
    ([0.0, 1.0], 2.333, 2.0)
    """
    by, group = ranking.order()
    size, total = np.bincount(group), np.bincount(group, weights=(ranking.kept - ranking.cost)[by])
    shares, worth = (np.concatenate([[0.0], np.cumsum(one)]) / len(by) for one in (size, total))
    grid = np.linspace(0, 1, POINTS + 1)
    return grid, np.interp(grid, shares, worth)


def area(ranking: Ranking, *, chance: bool = False, cost: bool = True) -> float:
    r"""The area under the curve, in currency units per customer.

    With the decisions in the order of their promise, :math:`r_i` the middle rank of those who promise the same and
    :math:`n` their number, it is :math:`\frac{1}{n} \sum_i (k_i - c_i) (1 - (r_i - \frac12) / n)`.

    Parameters
    ----------
    ranking
        Who comes first.
    chance
        Whether the area of an order by lot is taken off, half of what all of them are worth.
    cost
        Whether the cost is taken off what is kept.

    Examples
    --------
    >>> one = Ranking(np.array([3.0, 2.0]), np.array([6.0, 1.0]), np.array([1.0, 1.0]))
    >>> area(one), area(one, chance=True), area(one, chance=True, cost=False)
    (1.875, 0.625, 0.625)
    """
    by, group = ranking.order()
    return _area(np.ones(len(by)), group, (ranking.kept - cost * ranking.cost)[by], 0.5 if chance else 0.0)


def _area(weight: Array, group: Numbers, worth: Array, off: float) -> float:
    size = np.bincount(group, weights=weight)
    number = size.sum()
    part = 1 - (np.cumsum(size) - size / 2) / number
    return float((np.bincount(group, weights=weight * worth) * (part - off)).sum() / number)


def compare(rankings: dict[str, Ranking], customer: Numbers) -> dict[str, dict[str, Interval]]:
    """The area, the worth and what is above chance of each ranking, with intervals; and the first less the second.

    Parameters
    ----------
    rankings
        Two of the same decisions.
    customer
        The number of the customer of each decision, from 0 on: whole customers are drawn anew, so that those decided on
        several lists count as one; both rankings are held against the same draws.

    Returns
    -------
    dict
        By the name of the ranking, and under ``difference``: ``area``, as of `area`; ``worth``, what is kept less its
        cost per customer of all, if those are contacted for whom that is expected to pay; and ``above_chance``, the
        area above that of an order by lot before cost, since to contact who costs least is no sign of an effect.
    """
    number = int(customer.max()) + 1
    dice = np.random.default_rng(SEED)
    draws = (np.bincount(dice.integers(0, number, number), minlength=number) for _ in range(DRAWS))
    weights = [np.ones(len(customer)), *(np.asarray(one[customer], dtype=np.float64) for one in draws)]
    figures = {name: _figures(of, weights) for name, of in rankings.items()}
    first, second = figures.values()
    return {name: _intervals(of) for name, of in {**figures, "difference": first - second}.items()}


MEASURES: Final = ("area", "worth", "above_chance")


def _figures(ranking: Ranking, weights: list[Array]) -> Array:
    """The `MEASURES` by each of the weights, (weights, measures)."""
    by, group = ranking.order()
    kept, less, pays = ranking.kept[by], (ranking.kept - ranking.cost)[by], (ranking.promised > 0)[by]
    sorted_weights = (weight[by] for weight in weights)
    return np.array(
        [
            (_area(one, group, less, 0.0), float((less * pays) @ one / one.sum()), _area(one, group, kept, 0.5))
            for one in sorted_weights
        ]
    )


def _intervals(of: Array) -> dict[str, Interval]:
    """The first row is the figure itself, the others are its draws."""
    low, high = np.quantile(of[1:], [0.025, 0.975], axis=0)
    ends = zip(MEASURES, of[0].tolist(), low.tolist(), high.tolist(), strict=True)
    return {name: Interval(mean, least, most) for name, mean, least, most in ends}


def smallest_seen(difference: Interval) -> float:
    """The size that a true difference must have to be seen in 8 of 10 readouts of as many customers.

    >>> round(smallest_seen(Interval(0.1, -0.096, 0.296)), 3)
    0.28
    """
    return REACH * (difference.high - difference.low) / (2 * 1.96)
