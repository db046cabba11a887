"""Looking ahead from a snapshot: the chance not to have left by each day, when traits and running episodes are known.

The causes come and work independently, so the chance is the product of what each leaves of it.
"""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from pipeline.simulate.causal.episodes import Episodes
from pipeline.simulate.causal.hazard_parameters import HazardParameters
from pipeline.simulate.causal.people import People
from pipeline.simulate.parameters import Array
from pipeline.simulate.trajectories import Flags, Integers


@dataclass(frozen=True)
class Pairs:
    """Episodes that run at a snapshot or are bound to come, one element per customer and cause.

    `row` is the place of the customer among those looked at.
    """

    row: Integers
    cause: Integers
    start: Integers
    hot: Integers
    end: Integers
    treated: Integers
    playbook: Integers
    control: Flags

    def select(self, place: Integers) -> Self:
        """The pairs at these places."""
        return type(self)(**{field.name: getattr(self, field.name)[place] for field in fields(self)})


def pairs_at(parameters: HazardParameters, trouble: Episodes, who: People, known: Integers, snapshot: int) -> Pairs:
    """The episodes of the `known` customers that run at the snapshot, or are bound to come before the window ends."""
    start, end = trouble.start[:, known], trouble.end[:, known]
    bound = ~parameters.by_chance[:, None] & (start < snapshot + parameters.plan.ahead_days)
    cause, row = np.nonzero((end > snapshot) & ((start < snapshot) | bound))
    index = (cause, known[row])
    return Pairs(
        row=row,
        cause=cause,
        start=trouble.start[index],
        hot=trouble.hot[index],
        end=trouble.end[index],
        treated=trouble.treated[index],
        playbook=trouble.playbook[index],
        control=who.control[known[row]],
    )


def staying_in_trouble(parameters: HazardParameters, pairs: Pairs, snapshot: int, factor: Array | float = 1.0) -> Array:
    """Chance that an episode has not made its customer leave within 0, 1, ... days; (days + 1, pairs).

    Parameters
    ----------
    parameters
        The company.
    pairs
        Episodes.
    snapshot
        From which day; what the company decides later is averaged over.
    factor
        On the hazard, from the snapshot on.
    """
    until = snapshot + np.arange(parameters.plan.ahead_days + 1)[:, None]
    hazard = parameters.hazards[pairs.cause] * factor
    turn = np.clip(pairs.treated, pairs.hot, pairs.end)
    before, after = (
        np.maximum(0, np.minimum(until, last) - np.maximum(first, snapshot))
        for first, last in ((pairs.hot, turn), (turn, pairs.end))
    )
    stays: Array = np.exp(-hazard * (before + parameters.factors[pairs.cause, pairs.playbook] * after))
    open_yet = np.flatnonzero((pairs.treated >= snapshot) & ~pairs.control)
    if len(open_yet):
        cause, first, then = (
            pairs.cause[open_yet],
            hazard[open_yet] * before[:, open_yet],
            hazard[open_yet] * after[:, open_yet],
        )
        # What will be sent is not known yet: a mean of chances, as the chance at the mean hazard is too low (Jensen).
        stays[:, open_yet] = sum(
            parameters.chances[cause, sent] * np.exp(-first - parameters.factors[cause, sent] * then)
            for sent in range(parameters.chances.shape[1])
        )
    return stays


def staying_calm(parameters: HazardParameters, trouble: Episodes, who: People, known: Integers, snapshot: int) -> Array:
    """Chance not to have left for no cause, nor for one that may still come by chance; (days + 1, customers)."""
    days = parameters.plan.ahead_days
    passed = parameters.clock[snapshot : snapshot + days + 1] - parameters.clock[snapshot]
    stays: Array = np.exp(-passed[:, None] * who.base_leaving[known])
    for cause in np.flatnonzero(parameters.by_chance):
        not_yet = np.exp(-parameters.rates[cause] * passed)
        may_come = trouble.open[cause, known] & (trouble.start[cause, known] >= snapshot)
        for control in (0, 1):
            # Days to the onset and days since it add up, so their chances are convolved.
            comes = np.convolve(-np.diff(not_yet), parameters.new[control, cause, 1:])[:days]
            rows = np.flatnonzero(may_come & (who.control[known] == control))
            stays[:, rows] *= (not_yet + np.append(0.0, comes))[:, None]
    return stays


@dataclass(frozen=True)
class Helped:
    """Chance of active customers not to have left within 0, 1, ... days, after a playbook on the snapshot's morning.

    Only where the playbook changes anything: `row` is the place of the customer, `staying` (days + 1, elements).
    """

    playbook: Integers
    row: Integers
    staying: Array


def staying(
    parameters: HazardParameters, trouble: Episodes, who: People, known: Integers, snapshot: int
) -> tuple[Array, Helped]:
    """Chance of active customers not to have left within 0, 1, ... days; as things are, and after each playbook."""
    stays = staying_calm(parameters, trouble, who, known, snapshot)
    pairs = pairs_at(parameters, trouble, who, known, snapshot)
    usual = staying_in_trouble(parameters, pairs, snapshot)
    for cause in range(len(parameters.hazards)):
        of_cause = np.flatnonzero(pairs.cause == cause)
        stays[:, pairs.row[of_cause]] *= usual[:, of_cause]
    effect = parameters.effects[:, pairs.cause]
    playbook, place = np.nonzero((pairs.start < snapshot) & (effect != 1.0))
    order = np.argsort(playbook * len(known) + pairs.row[place], kind="stable")
    playbook, place = playbook[order], place[order]
    keys, first = np.unique(playbook * len(known) + pairs.row[place], return_index=True)
    # Independent causes are a product, so one factor is exchanged by dividing it out.
    changed = staying_in_trouble(parameters, pairs.select(place), snapshot, effect[playbook, place]) / usual[:, place]
    row = keys % max(1, len(known))
    # A customer with several causes has several factors, one after the other.
    better = np.multiply.reduceat(changed, first, axis=1) * stays[:, row] if len(first) else changed
    return stays, Helped(playbook[first], row, better)
