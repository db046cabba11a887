"""The compiled loop that fills the room there is, customer by customer, at given prices."""

from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.compiled import compiled

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

NOTHING: Final = -1
# Sums of costs are not exact; a budget is not exceeded by less than this share of it.
TOLERANCE = 1e-9


def fill(worth: Array, priced: Array, uses: Array, room: Array, decided: Places) -> Places:
    """Give each customer the playbook that brings most at these prices and has room left; then fill what is left.

    Parameters
    ----------
    worth
        Profit of each playbook for each customer; minus infinity where it cannot be given.
    priced
        The same, less the price of what it takes.
    uses
        What each playbook takes of each limit; (playbooks, limits).
    room
        How much there is of each limit.
    decided
        Whom something has been decided for already, `NOTHING` for the others; it leaves no limit exceeded.

    Returns
    -------
    numpy.ndarray
        For each customer the number of the playbook, or `NOTHING`.

    Notes
    -----
    Those who would lose most by the second best are served first. Who is left with nothing, though something would
    bring a profit, is served in a second round from what is left, the largest profit first.
    """
    places = decided.copy()
    left = room * (1 + TOLERANCE) - uses[decided[decided != NOTHING]].sum(axis=0)
    if not worth.size:
        return places
    # Nothing is an alternative too, and worth zero.
    ranked = np.sort(np.maximum(priced, 0), axis=1)
    regret = ranked[:, -1] - (ranked[:, -2] if ranked.shape[1] > 1 else 0)
    first = np.argsort(-regret, kind="stable")
    _serve(first[(priced[first].max(axis=1) >= 0) & (places[first] == NOTHING)], priced, worth, uses, left, places)
    rest = np.flatnonzero((places == NOTHING) & (worth.max(axis=1) > 0))
    _serve(rest[np.argsort(-worth[rest].max(axis=1), kind="stable")], worth, worth, uses, left, places)
    return places


def in_order(worth: Array, uses: Array, room: Array) -> Places:
    """Serve customers as they stand, each with what is worth most of what there is room for.

    Parameters
    ----------
    worth
        Of each playbook to each customer; zero where it cannot be given.
    uses, room
        As in `fill`.

    Examples
    --------
    >>> in_order(np.array([[2.0, 1.0], [2.0, 1.0], [2.0, 0.0]]), np.array([[1.0], [0.0]]), np.array([1.0])).tolist()
    [0, 1, -1]
    """
    places = np.full(len(worth), NOTHING, dtype=np.int64)
    if worth.size:
        _serve(np.arange(len(worth)), worth, worth, uses, room * (1 + TOLERANCE), places)
    return places


@compiled
def _liked_most(worth: Array, liked: Array, uses: Array, left: Array) -> int:
    best = NOTHING
    for playbook in range(len(worth)):
        if worth[playbook] > 0 and liked[playbook] >= 0 and (best == NOTHING or liked[playbook] > liked[best]):
            fits = True
            for limit in range(len(left)):
                fits = fits and uses[playbook, limit] <= left[limit]
            if fits:
                best = playbook
    return best


@compiled
def _serve(order: Places, liked: Array, worth: Array, uses: Array, left: Array, places: Places) -> None:
    for customer in order:
        best = _liked_most(worth[customer], liked[customer], uses, left)
        if best != NOTHING:
            places[customer] = best
            for limit in range(len(left)):
                left[limit] -= uses[best, limit]
