"""Which lines of a customer are of the same item on the same day, and on which day that item came before."""

import numpy as np
import numpy.typing as npt

from pipeline.compiled import compiled
from pipeline.examples.aggregates import Days, Positions

Codes = npt.NDArray[np.uint32]
NOWHERE = -1
# From so many lines of one customer on, sorting by insertion costs more than it saves.
FEW_LINES = 48


@compiled
def item_days(codes: Codes, days: Days, starts: Positions, ends: Positions) -> tuple[Positions, Positions]:
    """The first line of each line's item and day, and that of the same item's day before.

    Parameters
    ----------
    codes, days
        Item and day of each line; those of a customer lie together, in order of days: (lines,).
    starts, ends
        The lines of each customer, from `starts` to before `ends`: (customers,).

    Returns
    -------
    first, before
        Positions of lines; `before` is `NOWHERE` where the customer met the item for the first time: (lines,) each.

    Examples
    --------
    >>> codes, days = np.array([7, 9, 7, 7], dtype=np.uint32), np.array([1, 1, 1, 4], dtype=np.int32)
    >>> first, before = item_days(codes, days, np.array([0]), np.array([4]))
    >>> first.tolist(), before.tolist()
    ([0, 1, 0, 3], [-1, -1, -1, 0])
    """
    first = np.empty(len(codes), dtype=np.int64)
    before = np.empty(len(codes), dtype=np.int64)
    for customer in range(len(starts)):
        start, end = starts[customer], ends[customer]
        order = _by_code(codes[start:end])
        earlier = NOWHERE
        for place in range(end - start):
            line = start + order[place]
            own = line
            if place == 0 or codes[line] != codes[start + order[place - 1]]:
                earlier = NOWHERE
            else:
                last = start + order[place - 1]
                if days[last] == days[line]:
                    own = first[last]
                else:
                    earlier = first[last]
            first[line] = own
            before[line] = earlier
    return first, before


@compiled
def _by_code(codes: Codes) -> Positions:
    """Positions in order of the codes, equal ones as they were."""
    if len(codes) > FEW_LINES:
        return np.argsort(codes, kind="mergesort")
    order = np.arange(len(codes))
    for place in range(1, len(codes)):
        moved = order[place]
        free = place
        while free > 0 and codes[order[free - 1]] > codes[moved]:
            order[free] = order[free - 1]
            free -= 1
        order[free] = moved
    return order
