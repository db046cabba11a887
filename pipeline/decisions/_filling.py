"""The compiled loop that fills the room there is, customer by customer, at given prices."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.compiled import compiled

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

NOTHING: Final = -1
# Sums of costs are not exact; a budget is not exceeded by less than this share of it.
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Shares:
    """What each owner can do, beside what limits everybody together.

    Attributes
    ----------
    owner
        For each customer the number of the owner, or `NOTHING`; (customers,).
    room
        How much each owner can still do; (owners,).
    takes
        How much of it each playbook takes; (playbooks,).
    """

    owner: Places
    room: Array
    takes: Array

    def of(self, rows: Places | npt.NDArray[np.bool_]) -> "Shares":
        """Those of some of the customers."""
        return replace(self, owner=self.owner[rows])

    def less(self, places: Places) -> Array:
        """What is left once customers are given these playbooks."""
        given = (places != NOTHING) & (self.owner != NOTHING)
        taken = np.bincount(self.owner[given], weights=self.takes[places[given]], minlength=len(self.room))
        left: Array = self.room - taken
        return left

    def is_full(self, places: Places) -> pl.Series:
        """For each customer whether the owner has no hand free, once customers are given these playbooks."""
        # Who has no owner looks at the last one, whose hands never end.
        return pl.Series(np.append(self.less(places), np.inf)[self.owner] < 1)


def nobodys(customers: int, playbooks: int) -> Shares:
    """No owner is known, or none has a limit."""
    return Shares(np.full(customers, NOTHING, dtype=np.int64), np.zeros(0), np.zeros(playbooks))


def fill(worth: Array, priced: Array, uses: Array, room: Array, decided: Places, shares: Shares) -> Places:
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
    shares
        What each owner can do.

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
    taken = uses[decided[decided != NOTHING]].sum(axis=0)
    mine, all_uses, left = _with_owners(uses, room * (1 + TOLERANCE) - taken, shares, shares.less(decided))
    if not worth.size:
        return places
    # Nothing is an alternative too, and worth zero.
    ranked = np.maximum(priced, 0)
    ranked.sort(axis=1)
    regret = ranked[:, -1] - (ranked[:, -2] if ranked.shape[1] > 1 else 0)
    first = np.argsort(-regret, kind="stable")
    likes = first[(priced.max(axis=1)[first] >= 0) & (places[first] == NOTHING)]
    places[likes] = _serve(likes, mine, priced, worth, all_uses, left)
    largest = worth.max(axis=1)
    rest = np.flatnonzero((places == NOTHING) & (largest > 0))
    rest = rest[np.argsort(-largest[rest], kind="stable")]
    places[rest] = _serve(rest, mine, worth, worth, all_uses, left)
    return places


def in_order(worth: Array, uses: Array, room: Array, shares: Shares) -> Places:
    """Serve customers as they stand, each with what is worth most of what there is room for.

    Parameters
    ----------
    worth
        Of each playbook to each customer; zero where it cannot be given.
    uses, room, shares
        As in `fill`.

    Examples
    --------
    >>> worth, calls = np.array([[2.0, 1.0], [2.0, 1.0], [2.0, 0.0]]), np.array([[1.0], [0.0]])
    >>> in_order(worth, calls, np.array([1.0]), nobodys(3, 2)).tolist()
    [0, 1, -1]
    """
    if not worth.size:
        return np.full(len(worth), NOTHING, dtype=np.int64)
    mine, all_uses, left = _with_owners(uses, room * (1 + TOLERANCE), shares, shares.room)
    places: Places = _serve(np.arange(len(worth)), mine, worth, worth, all_uses, left)
    return places


def _with_owners(uses: Array, left: Array, shares: Shares, own_left: Array) -> tuple[Places, Array, Array]:
    """Owners as limits behind the others: where each customer's owner stands, what playbooks take, what is left."""
    mine = np.where(shares.owner == NOTHING, NOTHING, shares.owner + len(left))
    return mine, np.ascontiguousarray(np.column_stack([uses, shares.takes])), np.append(left, own_left)


@compiled
def _liked_most(worth: Array, liked: Array, uses: Array, left: Array, mine: int) -> int:
    best = NOTHING
    for playbook in range(len(worth)):
        if worth[playbook] > 0 and liked[playbook] >= 0 and (best == NOTHING or liked[playbook] > liked[best]):
            fits = mine == NOTHING or uses[playbook, -1] <= left[mine]
            for limit in range(uses.shape[1] - 1):
                fits = fits and uses[playbook, limit] <= left[limit]
            if fits:
                best = playbook
    return best


@compiled
def _serve(order: Places, mine: Places, liked: Array, worth: Array, uses: Array, left: Array) -> Places:
    """What each of `order` is given; takes it out of `left`, where the owners stand at `mine` behind the limits."""
    given = np.full(len(order), NOTHING)
    for place in range(len(order)):
        customer = order[place]
        best = _liked_most(worth[customer], liked[customer], uses, left, mine[customer])
        if best != NOTHING:
            given[place] = best
            if mine[customer] != NOTHING:
                left[mine[customer]] -= uses[best, -1]
            for limit in range(uses.shape[1] - 1):
                left[limit] -= uses[best, limit]
    return given
