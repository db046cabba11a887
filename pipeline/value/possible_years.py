"""What a customer who orders at all may order and pay within some days: so many possible courses of it.

The courses are the same for everybody: evenly spread places on the three scales of how often one orders, how one's own
amounts lie, and how dear one is. Each customer's course follows from these places and his or her history alone, so it
hangs neither on the other rows nor on a machine's dice.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import gammaincinv

from pipeline.value.expected_spend import Spend, paid_per_day, rhythm_of
from pipeline.value.purchase_counts import at_most

Array = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

COURSES = 200
ROWS_AT_ONCE = 4096
# Reciprocal powers of the plastic number: multiples of both fill a square evenly (Roberts 2018, "The Unreasonable
# Effectiveness of Quasirandom Sequences").
SPREAD = (0.7548776662466927, 0.5698402909980532)
# Of the shape of a gamma distribution: amounts and dearness are looked up by it, and many customers share one.
DIGITS = 2


@dataclass(frozen=True)
class Possible:
    """Courses of customers who order at least once.

    Attributes
    ----------
    order_days
        Days with an order, 1 or more, rising along a row; (rows, `COURSES`).
    spend
        What is paid and not given back, in currency units, rising along a row; (rows, `COURSES`).
    """

    order_days: Counts
    spend: Array


def possible(spend: Spend, examples: pl.DataFrame, days: int) -> Possible:
    """Courses of the days to come, all equally likely.

    Parameters
    ----------
    spend
        How often customers buy and how much they pay, as fitted.
    examples
        One row per customer, with the features that `Spend` needs.
    days
        From now on; 1-366.

    Notes
    -----
    The days with an order are those of `purchase_counts.at_most`. Given n of them, what is paid is
    ``gamma(p n) / gamma(q + p x) (v + x m)``, after x days in the last year on which m was paid on average: the
    gamma-gamma model, given the past.
    """
    amount_places, scale_places = (np.modf((np.arange(COURSES) + 0.5) * step)[0] for step in SPREAD)
    order_days = _order_days(spend, examples, days)
    number, amount = paid_per_day(examples)
    p, q, v = spend.amounts.p, spend.amounts.q, spend.amounts.v
    by_number = gammaincinv(p * np.arange(1, order_days.max(initial=1) + 1)[:, None], amount_places)
    shapes, which = np.unique((q + p * number).round(DIGITS), return_inverse=True)
    scales = gammaincinv(np.maximum(shapes, 10.0**-DIGITS)[:, None], scale_places)[which]
    paid = (v + number * amount)[:, None] * by_number[order_days - 1, np.arange(COURSES)]
    paid = np.divide(paid, scales, out=np.zeros_like(paid), where=scales > 0)
    return Possible(order_days, np.sort(paid, axis=1))


def _order_days(spend: Spend, examples: pl.DataFrame, days: int) -> Counts:
    frequency, age = rhythm_of(examples)
    parts = [np.empty((0, COURSES), dtype=np.int64)]
    for start in range(0, len(age), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        chances = at_most(spend.purchases, frequency[part], age[part], days)
        chances[:, -1] = 1.0
        # Places lie evenly, so that the chance of at most n says how many of them have at most n.
        up_to = np.floor(chances * COURSES + 0.5).astype(np.int64)
        numbers = np.tile(np.arange(1, chances.shape[1] + 1), len(chances))
        parts.append(np.repeat(numbers, np.diff(up_to, prepend=0).ravel()).reshape(len(chances), COURSES))
    return np.concatenate(parts)
