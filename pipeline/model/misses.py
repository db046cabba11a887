"""By how much a curve missed what happened after earlier snapshots, and the season that is learnt from it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import brentq
from scipy.special import expit

from pipeline.examples.snapshots import outcome_window
from pipeline.model.season import YEAR_DAYS, Season, terms
from pipeline.params import Label

Array = npt.NDArray[np.float64]
# Before anything is seen, in log-odds: spread of the level, and of the waves of one turn a year and of two; what a
# single snapshot misses beside chance; by how much the level may wander away, as a variance; and after how many years
# 37 % of that are left.
LEVEL, WAVES, BESIDE, DIGITS = 1.0, (0.3, 0.15), 0.02, 6
DRIFTS, BACK_YEARS = (0.0, 0.003, 0.01, 0.03, 0.1), 1.0
# How many companies have a season for one that has none, and the weight below which a season is not worth a line.
SEASONS_TO_NONE, LEAST_WEIGHT = 7.0, 0.1
FURTHEST = 20.0


@dataclass(frozen=True)
class Miss:
    """By how much a curve missed what happened after a snapshot.

    Attributes
    ----------
    day
        The snapshot.
    shift
        Log-odds to add to everybody so that as many churners are expected as came.
    error
        Its standard error by chance.
    """

    day: date
    shift: float
    error: float


def covers_a_year(days: Sequence[date]) -> bool:
    """Whether snapshots, in the order of time, have seen every time of the year.

    >>> covers_a_year([date(2023, 1, 1), date(2023, 12, 1)]), covers_a_year([date(2023, 1, 1), date(2024, 1, 1)])
    (False, True)
    """
    return len(days) > 0 and days[-1] - days[0] >= timedelta(days=365)


def miss(day: date, margin: Array, churned: npt.NDArray[np.int8]) -> Miss | None:
    """What a curve misses at a snapshot; None where everybody or nobody churned, which no shift can tell.

    Parameters
    ----------
    day
        The snapshot.
    margin
        Calibrated log-odds, one per row.
    churned
        What happened, 0 or 1.

    Examples
    --------
    >>> found = miss(date(2024, 1, 1), np.zeros(400), np.repeat(np.array([0, 1], dtype=np.int8), [100, 300]))
    >>> round(found.shift, 3), round(found.error, 3)  # as many as 75 % churned where half were expected
    (1.099, 0.115)
    """
    churners = int(churned.sum())
    if churners in {0, len(churned)}:
        return None

    def beyond(shift: float) -> float:
        return float(expit(margin + shift).sum()) - churners

    reach = FURTHEST + float(np.abs(margin).max())
    shift = float(brentq(beyond, -reach, reach))
    spread = expit(margin + shift)
    return Miss(day, shift, 1 / math.sqrt(float((spread * (1 - spread)).sum())))


def learn(misses: Sequence[Miss], label: Label) -> Season | None:
    """The waves of the misses, with as much weight as the past gives them against the level that was known last.

    Parameters
    ----------
    misses
        Of all snapshots whose outcome windows are over, by the same curve, in the order of time.
    label
        ``params.yaml: label``: what lies between a snapshot and the day on which its outcome is known.

    Returns
    -------
    Season or None
        None where less than a year has been seen, or next to nothing speaks for a season; the curve stays as it is.

    Notes
    -----
    The misses are taken for waves of one and two turns a year upon a level that may wander off and comes back (Ornstein
    and Uhlenbeck), which makes them a Gaussian process; how far it wanders is what makes the misses that were seen the
    most probable. The level of the season is the one to expect on the morning on which the last outcome became known.

    The weight is the mean of two witnesses. One goes back to each earlier snapshot with what was known on its morning,
    and finds the part of the way from the last level to the waves that would have foretold best. The other is the
    probability that there are waves at all, by the evidence of the process with them and without. The first is robust
    and slow to believe, the second quick and trusts the process; either alone is worse where the other one is good.

    Examples
    --------
    >>> label = Label(kind="inactivity", gap_days=0, horizon_days=90)
    >>> days = [date(2022, 1, 1) + timedelta(days=30 * step) for step in range(30)]
    >>> wave = Season(0.0, ((0.0, 0.25),))
    >>> found = learn([Miss(day, wave.shift(day), 0.05) for day in days], label)
    >>> round(found.waves[0][1], 1), round(found.waves[1][1], 1)
    (0.2, 0.0)
    >>> learn([Miss(day, 0.0, 0.05) for day in days], label) is None
    True
    """
    if not covers_a_year([one.day for one in misses]):
        return None
    morning = outcome_window(misses[-1].day, label).end
    season, with_waves = _fit(misses, morning, WAVES)
    without = _fit(misses, morning, ())[1]
    weight = (_foretold(misses, label) + float(expit(with_waves - without + math.log(SEASONS_TO_NONE)))) / 2
    return None if weight < LEAST_WEIGHT else season.weighted(weight, misses[-1].shift, DIGITS)


def _foretold(misses: Sequence[Miss], label: Label) -> float:
    """The part of the way from the last known level to the waves that would have foretold best; 0 to 1."""
    apart, missed = [], []
    for one in misses:
        known = [other for other in misses if outcome_window(other.day, label).end <= one.day]
        if covers_a_year([other.day for other in known]):
            last = known[-1].shift
            apart.append(_fit(known, one.day, WAVES)[0].shift(one.day) - last)
            missed.append(one.shift - last)
    way = float(np.square(apart).sum())
    return float(np.clip(np.dot(apart, missed) / way, 0, 1)) if way > 0 else 0.0


def _fit(misses: Sequence[Miss], morning: date, waves: tuple[float, ...]) -> tuple[Season, float]:
    """The most probable waves, and the level on a morning, by the drift that explains most; and the log evidence."""
    turns = terms(np.array([one.day.timetuple().tm_yday for one in misses]), len(waves))
    ago = np.array([(morning - one.day).days for one in misses]) / YEAR_DAYS
    shifts = np.array([one.shift for one in misses])
    chance = np.diag([one.error**2 + BESIDE**2 for one in misses])
    spread = np.array([LEVEL, *np.repeat(waves, 2)]) ** 2
    apart, left = np.exp(-np.abs(np.subtract.outer(ago, ago)) / BACK_YEARS), np.exp(-ago / BACK_YEARS)
    found, best = np.zeros(len(spread)), -math.inf
    for drift in DRIFTS:
        factor = cho_factor((turns * spread) @ turns.T + drift * apart + chance)
        solved = cho_solve(factor, shifts)
        evidence = -float(shifts @ solved) / 2 - float(np.log(np.diag(factor[0])).sum())
        if evidence > best:
            best, found = evidence, spread * (turns.T @ solved)
            found[0] += drift * float(left @ solved)
    level, *parts = (float(number) for number in found)
    return Season(level, tuple(zip(parts[::2], parts[1::2], strict=True))), best
