"""Which lines of a customer are of the same item on the same day, and on which days that item came before and next."""

import numpy as np
import numpy.typing as npt

from pipeline.compiled import compiled
from pipeline.examples.aggregates import Days, Positions, Values

Codes = npt.NDArray[np.uint32]
NOWHERE = -1


@compiled
def item_days(
    codes: Codes, keys: Positions, days: Days, items: int
) -> tuple[Positions, Positions, Positions, Positions]:
    """The item days of all customers: a customer, an item and a day on which it came, in order of their first lines.

    Parameters
    ----------
    codes, keys, days
        Item, customer and day of each line; those of a customer lie together, in order of days: (lines,).
    items
        Every code is below it.

    Returns
    -------
    item_day
        Which item day each line belongs to: (lines,).
    lines, before, following
        The first line of each item day, and the positions of the same customer's and item's day before and of the next
        one, `NOWHERE` where there is none: (item days,) each.

    Examples
    --------
    >>> codes, days = np.array([1, 0, 1, 1], dtype=np.uint32), np.array([1, 1, 1, 4], dtype=np.int32)
    >>> item_day, lines, before, following = item_days(codes, np.array([5, 5, 5, 5]), days, 2)
    >>> item_day.tolist(), lines.tolist(), before.tolist(), following.tolist()
    ([0, 1, 0, 2], [0, 1, 3], [-1, -1, 0], [2, -1, -1])
    """
    item_day = np.empty(len(codes), dtype=np.int64)
    lines = np.empty(len(codes), dtype=np.int64)
    before = np.empty(len(codes), dtype=np.int64)
    following = np.empty(len(codes), dtype=np.int64)
    # The latest item day of each item; those before `own` are of other customers.
    latest = np.full(items, NOWHERE, dtype=np.int64)
    number, own = 0, 0
    for line in range(len(codes)):
        if line > 0 and keys[line] != keys[line - 1]:
            own = number
        last = latest[codes[line]]
        is_known = last >= own
        if is_known and days[lines[last]] == days[line]:
            item_day[line] = last
            continue
        item_day[line] = number
        lines[number] = line
        before[number] = last if is_known else NOWHERE
        following[number] = NOWHERE
        if is_known:
            following[last] = number
        latest[codes[line]] = number
        number += 1
    return item_day, lines[:number].copy(), before[:number].copy(), following[:number].copy()


@compiled
def total_by(places: Positions, values: Values, number: int) -> Values:
    """The sum of the values of each of so many places.

    >>> total_by(np.array([0, 1, 0]), np.array([5, 7, 9]), 2)
    array([14,  7])
    """
    sums = np.zeros(number, dtype=values.dtype)
    for line in range(len(places)):
        sums[places[line]] += values[line]
    return sums
