"""Who leaves, on which day, and for which cause."""

from dataclasses import dataclass

import numpy as np

from pipeline.simulate.causal.company_settings import Whole, WholePlan
from pipeline.simulate.causal.episodes import NEVER, YEAR_DAYS, Episodes, drift_clock, exponential, treatments, waited
from pipeline.simulate.causal.people import LEAVING, People, stream
from pipeline.simulate.parameters import DIGITS, Array
from pipeline.simulate.trajectories import BLOCK, Flags, Integers

NO_CAUSE, STAYS = -1, -2


@dataclass(frozen=True)
class Leaving:
    """The end of each customer; (BLOCK,) each.

    Attributes
    ----------
    leave, gone
        First day of fading, first day of being gone; NEVER where it lies beyond all days lived.
    cause
        Index of the cause of leaving; NO_CAUSE, or STAYS.
    """

    leave: Integers
    gone: Integers
    cause: Integers


def hazards(company: Whole) -> Array:
    """Intensity per day of leaving in a hot episode, by cause: minus the log of the chance to stay; (causes,)."""
    intensity: Array = -np.log1p(-np.array([cause.hazard_per_day for cause in company.causes.values()]))
    return intensity.round(DIGITS)


def factor_of_playbook(company: Whole) -> Array:
    """Factor on the hazard, by cause and playbook sent; the last column is that of none, index UNTREATED."""
    rows = [np.roll(treatments(company, cause)[1], -1) for cause in company.causes]
    return np.stack(rows)


def leaving(plan: WholePlan, block: int, who: People, trouble: Episodes) -> Leaving:
    """Let every customer leave by the first of the competing causes, or by none of them."""
    company, dice = plan.company, stream(plan, block, LEAVING)
    clock = drift_clock(company, plan.lived_days)
    patience, base_patience, tie = (exponential(dice, *shape) for shape in (trouble.start.shape, (BLOCK,), (BLOCK,)))
    steps, once = dice.random(BLOCK), who.once
    by_cause = _by_cause(company, trouble, patience)
    # Who never leaves without a cause waits beyond any calendar, instead of dividing by zero.
    base = waited(clock, who.arrival, base_patience / np.maximum(who.base_leaving, 1e-12))
    days = np.vstack([base, by_cause])
    leave = np.where(once, who.arrival + 1, np.minimum(days.min(axis=0), NEVER))
    leave[leave >= plan.lived_days] = NEVER
    cause = _first(days, tie) - 1
    cause[once] = NO_CAUSE
    cause[leave == NEVER] = STAYS
    # A geometric wait by inversion; rounded first, since a last digit of a logarithm must not cost a day.
    faded = np.ceil((-np.log1p(-steps) / -np.log1p(-1 / company.fading.days)).round(9)).astype(np.int64)
    gone = np.where(once, leave, leave + np.maximum(faded, 1))
    ends = next_renewal(who, leave + 1)
    gone = np.where(who.yearly, np.minimum(gone, ends), gone)
    return Leaving(leave, np.where(leave == NEVER, NEVER, gone), cause)


def next_renewal(who: People, day: Integers) -> Integers:
    """The first day from `day` on with which a new year since the first purchase begins."""
    return day + (who.arrival - day) % YEAR_DAYS


def _by_cause(company: Whole, trouble: Episodes, patience: Array) -> Integers:
    """The day on which each episode would make its customer leave; NEVER where it ends before."""
    hazard = np.broadcast_to(hazards(company)[:, None], patience.shape)
    factor = np.take_along_axis(factor_of_playbook(company), trouble.playbook, axis=1)
    untreated_days = np.clip(trouble.treated - trouble.hot, 0, trouble.end - trouble.hot)
    before = hazard * untreated_days
    first = np.ceil((patience / hazard).round(9))
    later = untreated_days + np.ceil(((patience - before) / (hazard * factor)).round(9))
    hot_days = np.where(patience <= before, first, later)
    day = trouble.hot + np.maximum(hot_days, 1).astype(np.int64) - 1
    return np.where((trouble.start < NEVER) & (day < trouble.end), day, NEVER)


def _first(days: Integers, tie: Array) -> Integers:
    """Row of the earliest day of each column; of several, each is as likely."""
    earliest: Flags = days == days.min(axis=0)
    # exp(-tie) of a standard exponential is uniform; the hair keeps a 1 from pointing behind the last.
    pick = np.floor(np.exp(-tie) * earliest.sum(axis=0) * (1 - 1e-12)).astype(np.int64)
    row: Integers = ((np.cumsum(earliest, axis=0) - 1 == pick) & earliest).argmax(axis=0)
    return row
