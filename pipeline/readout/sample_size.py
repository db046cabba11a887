"""How many customers it takes to see an effect of a given size, and in how many weeks they come."""

import math
from dataclasses import dataclass
from typing import Final

from scipy.stats import norm

from pipeline.readout.estimates import MIN_CONTROLS

POWER: Final = 0.8
"""How often (0-1) an effect of that size is then seen."""
LEVEL: Final = 0.05


@dataclass(frozen=True)
class Needed:
    """What a readout still lacks.

    Attributes
    ----------
    effect
        The size that is to be seen, in the units of the outcome.
    customers
        Customers of both arms together that it takes.
    more_weeks
        Weeks until there are so many, at the pace of those who come new; None where nobody does, 0 where they are.
    """

    effect: float
    customers: int
    more_weeks: int | None


def customers_needed(effect: float, spread: float, share: float) -> int:
    r"""Customers of both arms together that show an effect of this size in 8 of 10 readouts.

    :math:`n = (z_{0.975} + z_{0.8})^2 \sigma^2 (\frac{1}{c} + \frac{1}{1 - c}) / \delta^2`, where the share
    :math:`c` is left alone (Cohen, J. (1988), "Statistical Power Analysis for the Behavioral
    Sciences", for arms of unequal size).

    Parameters
    ----------
    effect
        Difference of the means, not 0.
    spread
        Standard deviation of the outcome among customers alike before.
    share
        Share (0-1) of the customers who are left alone.

    Examples
    --------
    60 % against 50 % who stay takes 385 in each of two equal arms; far more in all if only a tenth is left alone.

    >>> customers_needed(0.1, (0.6 * 0.4 / 2 + 0.5 * 0.5 / 2) ** 0.5, 0.5), customers_needed(0.1, 0.495, 0.1)
    (770, 2137)
    """
    reach = float(norm.ppf(1 - LEVEL / 2) + norm.ppf(POWER))
    return math.ceil(reach**2 * spread**2 * (1 / share + 1 / (1 - share)) / effect**2)


def needed(effect: float, spread: float, share: float, have: int, pace: float) -> Needed:
    """What is lacking, if customers go on coming as they do.

    Parameters
    ----------
    effect, spread, share
        See `customers_needed`.
    have
        Customers of both arms so far.
    pace
        How many come in a week; 0 where nobody knows.

    Examples
    --------
    >>> needed(0.1, 0.5, 0.5, 400, 50)
    Needed(effect=0.1, customers=785, more_weeks=8)
    """
    # So few are not read at all, however large the effect.
    number = max(customers_needed(effect, spread, share), math.ceil(MIN_CONTROLS / min(share, 1 - share)))
    more = 0 if have >= number else math.ceil((number - have) / pace) if pace > 0 else None
    return Needed(effect, number, more)
