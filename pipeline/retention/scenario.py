"""What a point of churn is worth: a sum anybody can follow, and no promise that a point can be had."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Scenario:
    """A period as it was, and as it would have been with less churn.

    Attributes
    ----------
    points
        By how much less churn, in percentage points of the customers at the start.
    customers
        How many more would have been kept in one period.
    revenue_per_customer
        What each kept customer paid in the period, in currency units.
    revenue
        What those more pay in a period like this one, in currency units.
    margin
        The profit of it.
    lifetime, lifetime_then
        Periods a customer stays on average if every one is like this, now and then; None where nobody leaves.
    """

    points: float
    customers: float
    revenue_per_customer: float
    revenue: float
    margin: float
    lifetime: float | None
    lifetime_then: float | None

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        return asdict(self)


def less_churn(points: float, start: int, lost: int, revenue_per_customer: float, margin_share: float) -> Scenario:
    """What it is worth to lose fewer customers, if those who stay are like those who stayed.

    ``customers = start x points / 100``, at most those lost; ``revenue = customers x revenue_per_customer``;
    ``lifetime = 1 / churn`` in periods, the mean of a constant rate.

    Parameters
    ----------
    points
        Percentage points, above 0.
    start, lost
        Customers at the start, and those of them who were lost.
    revenue_per_customer
        In currency units a period.
    margin_share
        Share (0-1) of revenue that is profit.

    Examples
    --------
    Of 200 customers 20 leave, and each who stays pays 50: one point is two customers.

    >>> one = less_churn(1, 200, 20, 50.0, 0.25)
    >>> one.customers, one.revenue, one.margin, one.lifetime, round(one.lifetime_then, 2)
    (2.0, 100.0, 25.0, 10.0, 11.11)
    >>> less_churn(30, 200, 20, 50.0, 0.25).customers, less_churn(30, 200, 20, 50.0, 0.25).lifetime_then
    (20, None)
    """
    more = min(start * points / 100, lost)
    money = round(more * revenue_per_customer, 2)
    return Scenario(
        points=points,
        customers=more,
        revenue_per_customer=round(revenue_per_customer, 2),
        revenue=money,
        margin=round(money * margin_share, 2),
        lifetime=start / lost if lost else None,
        lifetime_then=start / (lost - more) if lost > more else None,
    )
