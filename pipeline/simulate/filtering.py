"""What a company can know: the belief over type and hidden state given purchases and visits, by forward filtering.

Rabiner, L. (1989), "A tutorial on hidden Markov models", section III, with the type as a part of the state that never
changes. Nothing is fitted: the law of the company is known, so no forecast from the same tables can do better.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.simulate.parameters import CLOCK_DAYS, Array, Parameters
from pipeline.simulate.true_probability import Lookahead

Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

# Days between two scalings of the belief: its mass falls with every day observed, and must not vanish.
SCALE_EVERY_DAYS = 16


def best_probability(
    parameters: Parameters,
    bought: Flags,
    visited: Flags,
    snapshots: Sequence[int],
    lookaheads: Sequence[Lookahead],
    *,
    use_visits: bool = True,
) -> Array:
    """Probability of no purchase in the outcome window, given purchases and visits strictly before the snapshot.

    Parameters
    ----------
    parameters
        The company.
    bought, visited
        Whether there was a purchase, a visit; (customers, days). Each customer has a purchase on some day.
    snapshots
        Days from which to look, rising, each at most the number of days.
    lookaheads
        One per snapshot.
    use_visits
        Whether visits may be looked at.

    Returns
    -------
    array
        (customers, snapshots), 0-1; NaN where the first purchase is not before the snapshot.

    Examples
    --------
    >>> from pipeline.config.params import Label
    >>> from pipeline.simulate.parameters import parameters_of
    >>> from pipeline.simulate.true_probability import lookaheads
    >>> from pipeline.simulate.presets import named
    >>> bought = np.zeros((2, 100), dtype=bool)
    >>> bought[0, ::7] = bought[1, :30:7] = True  # every week; the second stops after a month
    >>> label = Label(kind="inactivity", gap_days=0, horizon_days=30)
    >>> ahead = lookaheads(named("engagement_silent"), (100,), label)
    >>> best_probability(parameters_of(named("engagement_silent")), bought, ~bought, [100], ahead).round(2).tolist()
    [[0.01], [0.99]]
    """
    arrival, eyes = bought.argmax(axis=1), _eyes(parameters, use_visits=use_visits)
    # Sorted by first day, those who are there already stand in front.
    order = np.argsort(arrival, kind="stable")
    beliefs = _Belief(parameters, eyes, bought[order], visited[order], arrival[order])
    looks = {
        snapshot: (column, ahead) for column, (snapshot, ahead) in enumerate(zip(snapshots, lookaheads, strict=True))
    }
    probability = np.full((len(bought), len(snapshots)), np.nan)
    for day in range(int(arrival.min()), max(looks) + 1):
        if day in looks:
            column, lookahead = looks[day]
            probability[order, column] = beliefs.look(day, lookahead)
        if day < max(looks):
            beliefs.observe(day)
    return probability


@dataclass(frozen=True)
class _Eyes:
    """What of the visits is looked at. A *bond* is a leaving level and a visit habit; without visits, the level alone.

    `prior` is the share of customers by rhythm and bond, `visits` the probability of a visit per day, active, fading
    and gone, by bond.
    """

    habits: int
    prior: Array
    visits: Array | None


def _eyes(parameters: Parameters, *, use_visits: bool) -> _Eyes:
    # Visits of the other kinds depend on nothing hidden once purchases are known, so their likelihood cancels.
    if not use_visits or parameters.company.visits.kind != "leads":
        return _Eyes(1, np.outer(parameters.rhythm_shares, parameters.leaving_shares), None)
    bonds = np.outer(parameters.leaving_shares, parameters.habit_shares).ravel()
    habit = np.tile(parameters.habits, len(parameters.leaving_shares))
    since_purchase = np.zeros(len(habit), dtype=np.int64)
    return _Eyes(
        len(parameters.habits), np.outer(parameters.rhythm_shares, bonds), parameters.visits(since_purchase, habit)
    )


class _Belief:
    """The belief about customers, sorted by first day, moved on from day to day.

    It is a mass, by rhythm and bond, that the customer is active or fading, (customers, rhythms, bonds) each; and, by
    bond only, gone, (customers, bonds): a rhythm says nothing of those who will never buy again.
    """

    def __init__(self, parameters: Parameters, eyes: _Eyes, bought: Flags, visited: Flags, arrival: Integers) -> None:
        self.parameters, self.eyes, self.bought, self.visited, self.arrival = parameters, eyes, bought, visited, arrival
        self.active = np.zeros((len(arrival), *eyes.prior.shape))
        self.fading = np.zeros_like(self.active)
        self.gone = np.zeros((len(arrival), eyes.prior.shape[1]))
        self.last_purchase = arrival.copy()

    def look(self, day: int, lookahead: Lookahead) -> Array:
        """Probability of no purchase in the window, by what was observed before `day`; NaN for who is yet to come."""
        probability, here = np.full(len(self.arrival), np.nan), int(np.searchsorted(self.arrival, day))
        clock = np.minimum(day - self.last_purchase[:here], CLOCK_DAYS)
        expected = self.gone[:here].sum(axis=1)
        mass = expected.copy()
        for beliefs, ahead in ((self.active, lookahead.active), (self.fading, lookahead.fading)):
            by_bond = np.repeat(ahead, self.eyes.habits, axis=2)
            expected += np.einsum("crb,crb->c", beliefs[:here], by_bond[clock])
            mass += beliefs[:here].sum(axis=(1, 2))
        probability[:here] = expected / mass
        return probability

    def observe(self, day: int) -> None:
        """Take in what happened on `day`."""
        here, arrived = (int(position) for position in np.searchsorted(self.arrival, [day, day + 1]))
        if here:
            self._move(day, here)
        if arrived > here:
            self._welcome(day, slice(here, arrived))
        self.last_purchase[self.bought[:, day]] = day
        if day % SCALE_EVERY_DAYS == 0 and here:
            self._scale(here)

    def _move(self, day: int, here: int) -> None:
        """Let those who were there before live one more day: first they may leave, then they buy and visit, or not."""
        active, fading, gone = self.active[:here], self.fading[:here], self.gone[:here]
        bought, clock = self.bought[:here, day, None], np.minimum(day - self.last_purchase[:here], CLOCK_DAYS)
        buys, buys_fading = (_of_purchase(bought, silent[clock])[:, :, None] for silent in self.parameters.silence(day))
        sees, sees_fading, sees_gone = self._of_visit(day, slice(here))
        leaving, ending = np.repeat(self.parameters.leaving(day), self.eyes.habits), self.parameters.ending
        if self.parameters.fades:
            # Gone first, then fading: who begins to fade tonight takes no second step, as in `trajectories`.
            gone += ending * fading.sum(axis=1)
            begun = active * (leaving * sees_fading)[:, None, :]
            fading *= ((1 - ending) * sees_fading)[:, None, :]
            fading += begun
            fading *= buys_fading
        else:
            gone += leaving * active.sum(axis=1)
        gone *= ~bought * sees_gone
        active *= ((1 - leaving) * sees)[:, None, :]
        active *= buys

    def _welcome(self, day: int, new: slice) -> None:
        """On the day of the first purchase everybody is active; some are gone when it is over."""
        sees, once = self._of_visit(day, new)[0], self.parameters.company.one_time_share
        mass = self.eyes.prior * sees[:, None, :]
        self.active[new] = (1 - once) * mass
        self.gone[new] = once * mass.sum(axis=1)

    def _of_visit(self, day: int, rows: slice) -> Array:
        """Likelihood of the visit, or none, on a day: active, fading and gone; (3, customers, bonds)."""
        visited = self.visited[rows, day, None]
        if self.eyes.visits is None:
            return np.ones((3, *visited.shape))
        return np.where(visited, self.eyes.visits[:, None, :], 1 - self.eyes.visits[:, None, :])

    def _scale(self, here: int) -> None:
        mass = self.active[:here].sum(axis=(1, 2)) + self.fading[:here].sum(axis=(1, 2)) + self.gone[:here].sum(axis=1)
        self.active[:here] /= mass[:, None, None]
        self.fading[:here] /= mass[:, None, None]
        self.gone[:here] /= mass[:, None]


def _of_purchase(bought: Flags, silence: Array) -> Array:
    """Likelihood of the purchase, or none, on a day; (customers, rhythms)."""
    return np.where(bought, 1 - silence, silence)
