"""Looking ahead from a snapshot: the chance of the outcome, given the day on which the customer leaves.

Given that day, purchases depend on no cause. So the probability of the outcome is a sum over the day of leaving: its
chance, which `ahead` tells, times the chance of the outcome from there. All by recursion, exactly.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.simulate.causal.episodes import YEAR_DAYS
from pipeline.simulate.causal.hazard_parameters import HazardParameters
from pipeline.simulate.causal.people import People
from pipeline.simulate.parameters import CLOCK_DAYS, Array
from pipeline.simulate.trajectories import Integers


@dataclass(frozen=True)
class Lookahead:
    """Chance of the outcome for customers who leave on each day from the snapshot on, and for those who do not.

    Attributes
    ----------
    leaves
        By day of leaving; (days, customers).
    stays
        For those who have not left when the window ends; (customers,).
    fading
        For those who are fading on the morning of the snapshot; (customers,).
    """

    leaves: Array
    stays: Array
    fading: Array

    def probability(self, staying: Array, of: Integers) -> Array:
        """Chance of the outcome for active customers, from the chance not to have left within 0, 1, ... days."""
        chances: Array = -np.diff(staying, axis=0)
        chances *= self.leaves[:, of]
        outcome: Array = chances.sum(axis=0) + staying[-1] * self.stays[of]
        return outcome


def lookahead(
    parameters: HazardParameters, who: People, known: Integers, snapshot: int, clock_days: Integers
) -> Lookahead:
    """The chances of the outcome that depend on no cause.

    Parameters
    ----------
    parameters, who
        The company and the block.
    known
        The customers looked at.
    snapshot
        From which day.
    clock_days
        Days since the last purchase of each.
    """
    label = parameters.plan.label
    if parameters.plan.company.outcome == "cancellation":
        return _cancels(parameters, who, known, snapshot)
    if label.gap_days == 0:
        return _silent(parameters, who, known, snapshot, clock_days)
    return _silent_after_gap(parameters, who, known, snapshot, clock_days)


def _ending(parameters: HazardParameters, who: People, known: Integers, day: int, days: int) -> Array:
    """Chance that a fading customer is gone in the morning, from `day` on; certain when a yearly contract ends."""
    ahead = day + np.arange(days)[:, None]
    renews = ((ahead - who.arrival[known]) % YEAR_DAYS == 0) & who.yearly[known]
    return np.where(renews, 1.0, 1 / parameters.plan.company.fading.days)


def _cancels(parameters: HazardParameters, who: People, known: Integers, snapshot: int) -> Lookahead:
    """The contract ends in the window when the customer is gone in it."""
    days = parameters.plan.ahead_days
    ending, fading = _ending(parameters, who, known, snapshot, days), np.zeros((days + 1, len(known)))
    for day in range(days - 1, -1, -1):
        counts = float(day >= parameters.plan.label.gap_days)
        fading[day] = ending[day] * counts + (1 - ending[day]) * fading[day + 1]
    return Lookahead(fading[1:], np.zeros(len(known)), fading[0])


def _silence(
    parameters: HazardParameters, who: People, known: Integers, day: int, days: int, clock_days: Integers
) -> tuple[Array, Array]:
    """Chance of no purchase on each day from `day` on if none comes before, active and fading; (days, customers)."""
    clock = np.minimum(clock_days + np.arange(days)[:, None], CLOCK_DAYS)
    intensity = parameters.hazard_of_buying.ravel()[who.rhythm[known] * (CLOCK_DAYS + 1) + clock]
    intensity *= parameters.beat.T[day : day + days, who.region[known]]
    return np.exp(-intensity), np.exp(-intensity * parameters.plan.company.fading.purchase_factor)


def _silent(parameters: HazardParameters, who: People, known: Integers, start: int, clock_days: Integers) -> Lookahead:
    """No purchase in the window, looked at from its first day."""
    days = parameters.plan.label.horizon_days
    ending = _ending(parameters, who, known, start, days)
    silent, quiet = _silence(parameters, who, known, start, days, clock_days)
    fading = np.ones((days + 1, len(known)))
    for day in range(days - 1, -1, -1):
        # In the evening before `day`: the customer is gone in the morning, or fades through the day.
        fading[day] = ending[day] + (1 - ending[day]) * quiet[day] * fading[day + 1]
    active = np.cumprod(np.vstack([np.ones(len(known)), silent]), axis=0)
    return Lookahead(active[:-1] * quiet * fading[1:], active[-1], fading[0])


def _silent_after_gap(
    parameters: HazardParameters, who: People, known: Integers, snapshot: int, clock_days: Integers
) -> Lookahead:
    """No purchase in the window after a gap in which there may be some, each of which starts the clock anew.

    The last purchase was before the snapshot, place 0, or on day `place` - 1 of the gap.
    """
    gap = parameters.plan.label.gap_days
    clocks = [clock_days + gap, *(np.full(len(known), gap - day) for day in range(gap))]
    windows = [_silent(parameters, who, known, snapshot + gap, clock) for clock in clocks]
    ending = _ending(parameters, who, known, snapshot, gap)
    on = [[clock_days + day, *(np.full(len(known), day - bought) for bought in range(day))] for day in range(gap)]

    def silence(day: int) -> tuple[Array, Array]:
        pairs = [_silence(parameters, who, known, snapshot + day, 1, clock) for clock in on[day]]
        active, fading = (np.vstack(part) for part in zip(*pairs, strict=True))
        return active, fading

    silences = [silence(day) for day in range(gap)]
    active = _last_purchase(silences, len(known))
    fading = _through_gap(silences, ending, np.stack([window.fading for window in windows]))
    leaves = [(active[day] * _fades(silences[day][1], fading[day + 1])).sum(axis=0) for day in range(gap)]
    late = sum(active[gap][place] * window.leaves for place, window in enumerate(windows))
    stays = sum(active[gap][place] * window.stays for place, window in enumerate(windows))
    return Lookahead(np.vstack([*leaves, late]), stays + np.zeros(len(known)), fading[0][0])


def _last_purchase(silences: list[tuple[Array, Array]], customers: int) -> list[Array]:
    """Chance of each place of the last purchase on each morning of the gap and after it, for who stays active."""
    mornings = [np.ones((1, customers))]
    for silent, _ in silences:
        stays = mornings[-1] * silent
        mornings.append(np.vstack([stays, (mornings[-1] - stays).sum(axis=0)]))
    return mornings


def _through_gap(silences: list[tuple[Array, Array]], ending: Array, after: Array) -> list[Array]:
    """Chance of the outcome in the evening before each day of the gap, for who fades, by place of the last purchase."""
    evenings = [after]
    for day in range(len(silences) - 1, -1, -1):
        evenings.insert(0, ending[day] + (1 - ending[day]) * _fades(silences[day][1], evenings[0]))
    return evenings


def _fades(quiet: Array, tomorrow: Array) -> Array:
    """Chance of the outcome through a day on which a fading customer may buy, by place of the last purchase."""
    evening: Array = quiet * tomorrow[: len(quiet)] + (1 - quiet) * tomorrow[len(quiet)]
    return evening
