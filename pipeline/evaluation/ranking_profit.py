"""What contacting those earns for whom it is expected to pay, and what of that is owed to the ranking."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.evaluation.bootstrap import Interval
from pipeline.evaluation.profit import Terms
from pipeline.messages import Message, say

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]
HARDLY_ANY = 0.01
"""Share of the customers (0-1) below which those worth a contact are hardly any."""


@dataclass(frozen=True)
class Expected:
    """The customers whom contacting is expected to pay for, by their own probabilities and values.

    Attributes
    ----------
    customers
        How many there are.
    profit
        What contacting them earned, with its 95 % interval, in currency units.
    gain
        How much more that is than contacting those for whom it would pay if everybody churned with the mean
        probability: what the ranking itself earns.
    """

    customers: int
    profit: Interval
    gain: Interval

    def notice(self, customers: int) -> Message | None:
        """What people must know where a contact pays for hardly any of so many customers; None where it does.

        >>> nothing = Interval(0.0, 0.0, 0.0)
        >>> str(Expected(4, nothing, nothing).notice(2320)).split(". ")[0]
        'At the costs assumed for this check, a contact is expected to pay for 4 of 2,320 customers only'
        >>> Expected(40, nothing, nothing).notice(2320) is None
        True
        """
        if self.customers >= HARDLY_ANY * customers:
            return None
        return say(
            "At the costs assumed for this check, a contact is expected to pay for {number} of {customers} customers "
            "only. The tasks on a list go by the costs of each playbook instead.",
            number=self.customers,
            customers=customers,
        )


def gain_by_ranking(churned: Labels, probability: Array, value: Array, terms: Terms) -> Expected:
    """What comes of contacting everyone for whom it is expected to pay, and how much of that is owed to the ranking.

    Somebody is contacted if ``p g (value - offer) - (1 - p) offer - contact > 0``, with the mean acceptance rate g.
    Nothing is chosen with hindsight, as the length that pays is: a ranking without a signal gains nothing here on
    average, and loses the cost of its contacts.

    Parameters
    ----------
    churned
        What happened, 0 or 1.
    probability
        Of churn, 0-1.
    value
        What the customer brings if kept, in currency units.
    terms
        Costs and acceptance.

    Notes
    -----
    The intervals are those of a sum of independent customers: 1.96 standard errors to both sides.

    Examples
    --------
    >>> churned, probability = np.array([1, 0, 0], dtype=np.int8), np.array([0.8, 0.3, 0.1])
    >>> found = gain_by_ranking(churned, probability, np.array([100.0, 60.0, 50.0]), Terms(1.0, 10.0, 6.0, 14.0))
    >>> found.customers, round(found.profit.value, 2), round(found.gain.value, 2)
    (1, 26.0, 0.0)
    """
    earned = np.where(churned == 1, terms.acceptance * (value - terms.offer_cost), -terms.offer_cost)
    earned = earned - terms.contact_cost
    own = expected_profit(probability, value, terms) > 0
    alike = expected_profit(np.full(len(probability), probability.mean()), value, terms) > 0
    profit = _of_sum(np.where(own, earned, 0.0))
    return Expected(int(own.sum()), profit, _of_sum(earned * (own.astype(float) - alike)))


def expected_profit(probability: Array, value: Array, terms: Terms) -> Array:
    """Expected profit of contacting each customer, in currency units; for the arguments see `gain_by_ranking`.

    >>> expected_profit(np.array([0.5]), np.array([100.0]), Terms(1.0, 10.0, 6.0, 14.0)).round(4)
    array([7.5])
    """
    kept = probability * terms.acceptance * (value - terms.offer_cost)
    return np.asarray(kept - (1 - probability) * terms.offer_cost - terms.contact_cost, dtype=np.float64)


def _of_sum(each: Array) -> Interval:
    """The sum over customers with its interval; ten digits, so that no order of rows shows."""
    error = 1.96 * float(np.std(each)) * len(each) ** 0.5
    total = float(f"{float(each.sum()):.10g}")
    return Interval(total, total - error, total + error)
