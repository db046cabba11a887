"""What a customer is expected to pay from a day on, with an interval: BG/NBD times gamma-gamma, and their error."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.value.bg_nbd import BgNbd
from pipeline.value.gamma_gamma import GammaGamma

Array = npt.NDArray[np.float64]

NORMAL_95: Final = 1.959964
STEP: Final = 1e-3
"""Of the differences, along the logarithm of a parameter."""
SEED: Final = 0
DRAWS: Final = 20
MAX_CUSTOMERS: Final = 5000
"""So many, spread evenly, are enough to see how far the mean moves with a parameter."""


@dataclass(frozen=True)
class History:
    """What customers did until a day; one entry per customer.

    Attributes
    ----------
    frequency
        Days with a purchase after the first one.
    recency, age
        Days from the first purchase to the last one, and to the day.
    amount
        Mean paid on a day with a purchase and not given back, in currency units; 0 where all was given back.
    """

    frequency: Array
    recency: Array
    age: Array
    amount: Array

    def part(self) -> "History":
        """At most `MAX_CUSTOMERS` of them, spread evenly."""
        step = -(-len(self.frequency) // MAX_CUSTOMERS)
        return History(*(one[::step] for one in (self.frequency, self.recency, self.age, self.amount)))


@dataclass(frozen=True)
class LifetimeValue:
    """The mean of what customers are expected to pay, in currency units, and its 95 % interval."""

    customers: int
    mean: float
    low: float
    high: float


def expect(history: History, days: int) -> LifetimeValue:
    r"""The mean of what each customer will pay in the days to come, and how sure that is.

    Of each customer, former ones too, the purchases expected (BG/NBD) times what one of them is expected to bring
    (gamma-gamma). The interval is that of the mean to come. Its variance is :math:`g^T H^{-1} g`, where :math:`g`
    is the slope of the mean along the logarithms of all seven parameters and :math:`H` the curvature of what the fits
    made small (delta method), and :math:`\sum_i v_i / n^2`, where :math:`v_i` is how far customer :math:`i` lies by
    chance from what is expected, by drawing. It takes for granted that the two models are those of this company.

    Parameters
    ----------
    history
        What customers did; at least two paid, and one of them twice.
    days
        The days to come; more than 0.

    Raises
    ------
    NotEnoughData
        Nobody bought twice, fewer than two paid, or no fit was found.
    """
    number = history.frequency + 1
    paid = history.amount > 0
    rhythm = BgNbd.fit(history.frequency, history.recency, history.age)
    amounts = GammaGamma.fit(number[paid], history.amount[paid])
    mean = _mean(rhythm, amounts, history, days)
    part = history.part()
    parts = (
        (
            [*asdict(rhythm).values()],
            lambda logarithms: _mean(BgNbd(*np.exp(logarithms)), amounts, part, days),
            rhythm.curvature(history.frequency, history.recency, history.age),
        ),
        (
            [amounts.p, amounts.q - 1, amounts.v],
            lambda logarithms: _mean(rhythm, _gamma_gamma(*np.exp(logarithms)), part, days),
            amounts.curvature(number[paid], history.amount[paid]),
        ),
    )
    variance = math.fsum(_variance(function, np.log(values), curvature) for values, function, curvature in parts)
    variance += _chance(rhythm, amounts, part, days) * len(part.age) / len(number)
    factor = math.exp(NORMAL_95 * math.sqrt(variance) / _mean(rhythm, amounts, part, days)) if mean > 0 else 1.0
    return LifetimeValue(len(number), mean, mean / factor, mean * factor)


def _mean(rhythm: BgNbd, amounts: GammaGamma, history: History, days: int) -> float:
    often = rhythm.expected_purchases(history.frequency, history.recency, history.age, days)
    return float(np.mean(often * amounts.expected_amount(history.frequency + 1, history.amount)))


def _chance(rhythm: BgNbd, amounts: GammaGamma, history: History, days: int) -> float:
    """Variance of the mean of these customers, were the parameters known: their years to come are drawn."""
    dice, x, number = np.random.default_rng(SEED), history.frequency, history.frequency + 1
    often = rhythm.expected_purchases(x, history.recency, history.age, days)
    expected = often * amounts.expected_amount(number, history.amount)
    is_alive, squares = rhythm.alive(x, history.recency, history.age), []
    for _ in range(DRAWS):
        rate = dice.gamma(rhythm.r + x) / (rhythm.alpha + history.age)
        # Purchases come at the rate until one of them is the last.
        last = dice.geometric(np.clip(dice.beta(rhythm.a, rhythm.b + x), 1e-12, 1.0))
        purchases = np.minimum(dice.poisson(rate * days), last) * (dice.random(len(x)) < is_alive)
        scale = dice.gamma(amounts.q + amounts.p * number) / (amounts.v + number * history.amount)
        paid = dice.gamma(amounts.p * purchases) / scale
        squares.append(float(np.mean((paid - expected) ** 2)))
    return math.fsum(squares) / DRAWS / len(x)


def _gamma_gamma(p: float, above_one: float, v: float) -> GammaGamma:
    return GammaGamma(p, 1 + above_one, v)


def _variance(function: Callable[[Array], float], center: Array, curvature: Array) -> float:
    moves = STEP * np.eye(len(center))
    slope = np.array([function(center + move) - function(center - move) for move in moves]) / (2 * STEP)
    return float(slope @ np.linalg.pinv(curvature, hermitian=True) @ slope)
