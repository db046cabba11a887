"""The level a curve will have next: the season that its misses show, and how sure anybody can be of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit, logsumexp, softmax

from pipeline.config.params import Label
from pipeline.examples.snapshots import outcome_window
from pipeline.model.calibration_residual import CalibrationResidual, covers_a_year
from pipeline.model.seasonality import YEAR_DAYS, Season, terms

Array = npt.NDArray[np.float64]
# Before anything is seen, in log-odds: spread of the level, and of the waves of one turn a year and of two; what a
# single snapshot misses beside chance; by how much the level may wander away, as a variance; and after how many years
# 37 % of that are left.
LEVEL, WAVES, BESIDE = 1.0, (0.3, 0.15), 0.02
DRIFTS, BACK_YEARS = (0.0, 0.003, 0.01, 0.03, 0.1), 1.0
# Nothing is searched for here: processors differ by 1e-12 or so, and in the sixth digit once in 100,000 fits.
DIGITS = 6
# How many companies have a season for one that has none, and the weight below which a season is not worth a line.
SEASONS_TO_NONE, MIN_WEIGHT = 7.0, 0.1
# While no whole year has been seen: spread of the waves that may lie ahead, flatter than of those seen. Chosen on the
# snapshots of 26 young companies drawn anew, and held to those of others; see docs/quality-benchmark.md.
UNSEEN_WAVES = (0.2, 0.1)


@dataclass(frozen=True)
class Level:
    """What is known of the level on the morning on which the last outcome became known.

    Attributes
    ----------
    season
        What to add to the curve; None where no whole year has been seen, or next to nothing speaks for a season.
    error
        Standard error of the level with it on that morning, in log-odds.
    shift
        What to add to the intercept of a curve without a season, in log-odds.
    """

    season: Season | None
    error: float
    shift: float = 0.0


@dataclass(frozen=True)
class _Process:
    """The misses as a Gaussian process: its season on a morning, the standard error of that, and the log evidence."""

    season: Season
    error: float
    evidence: float


def learn(residuals: Sequence[CalibrationResidual], label: Label, *, seasons: bool = True) -> Level:
    """The waves of the misses, with as much weight as the past gives them against the level that was known last.

    Parameters
    ----------
    residuals
        Of all snapshots whose outcome windows are over, by the same curve, in the order of time.
    label
        ``params.yaml: label``: what lies between a snapshot and the day on which its outcome is known.
    seasons
        Whether to look for a season at all.

    Returns
    -------
    Level
        Without a season where less than a year has been seen, or next to nothing speaks for one. In the first case the
        curve is moved to the level to expect on that morning, see `_before_a_year`; in the second it keeps the level
        of the latest outcomes.

    Notes
    -----
    The misses are taken for waves of one and two turns a year upon a level that may wander off and comes back (Ornstein
    and Uhlenbeck), which makes them a Gaussian process; each way of wandering counts as much as it makes the misses
    that were seen probable. The level of the season is the one to expect on the morning on which the last outcome
    became known, and its error is what that process leaves open.

    The weight is the mean of two witnesses. One goes back to each earlier snapshot with what was known on its morning,
    and finds the part of the way from the last level to the waves that would have predicted best. The other is the
    probability that there are waves at all, by the evidence of the process with them and without. The first is robust
    and slow to believe, the second quick and trusts the process; either alone is worse where the other one is good.

    Examples
    --------
    >>> label = Label(kind="inactivity", gap_days=0, horizon_days=90)
    >>> from datetime import timedelta
    >>> days = [date(2022, 1, 1) + timedelta(days=30 * step) for step in range(30)]
    >>> wave = Season(0.0, ((0.0, 0.25),))
    >>> found = learn([CalibrationResidual(day, wave.shift(day), 0.05) for day in days], label)
    >>> round(found.season.waves[0][1], 1), round(found.season.waves[1][1], 1), round(found.error, 2)
    (0.2, 0.0, 0.03)
    >>> learn([CalibrationResidual(day, 0.0, 0.05) for day in days], label).season is None
    True
    """
    if not residuals:
        return Level(None, LEVEL)
    morning = outcome_window(residuals[-1].day, label).end
    without = _process(residuals, morning, ())
    if not seasons:
        return Level(None, _error([(1.0, without)], morning, 0.0))
    if not covers_a_year([one.day for one in residuals]):
        return _before_a_year(residuals, morning, without)
    with_waves = _process(residuals, morning, WAVES)
    # Bayes' rule: the difference of the log evidences, on top of the log of the prior odds.
    there_are = float(expit(with_waves.evidence - without.evidence + math.log(SEASONS_TO_NONE)))
    weight = (_predicted(residuals, label) + there_are) / 2
    season = with_waves.season.weighted(weight, residuals[-1].shift, DIGITS) if weight >= MIN_WEIGHT else None
    both = [(weight, with_waves), (1 - weight, without)]
    return Level(season, _error(both, morning, season.shift(morning) if season else 0.0))


def _before_a_year(residuals: Sequence[CalibrationResidual], morning: date, without: _Process) -> Level:
    """The level to expect while nobody has seen the season: there may be one, and its next part lies ahead.

    The latest outcomes alone are no good guide: of what they are above or below the others, a season takes back a part
    and chance another. What both processes expect, with waves and without, each as probable as the misses make it,
    follows a season early and a company without one astray; half of the mean of all misses, so that the latest ones
    count as much as all others together, does neither. The curve is moved half way between the two (measured on young
    companies drawn anew and on real ones; see docs/quality-benchmark.md). No season is named.

    For the level to expect, waves and none have even odds: it must not follow a season that may not be there. How
    unsure it is counts as many companies with a season as wherever one is looked for (`SEASONS_TO_NONE`): a few quiet
    months are no proof that the rest of the year is quiet as well.
    """
    unseen = _process(residuals, morning, UNSEEN_WAVES)
    evidence = unseen.evidence - without.evidence
    both, possible = (
        [(share, unseen), (1 - share, without)]
        for share in (float(expit(evidence)), float(expit(evidence + math.log(SEASONS_TO_NONE))))
    )
    sure = [1 / (one.error**2 + BESIDE**2) for one in residuals]
    middle = float(np.average([one.shift for one in residuals], weights=sure))
    expected = (middle / 2 + sum(weight * part.season.shift(morning) for weight, part in both)) / 2
    # + 0.0 turns -0.0 into 0.0, so that no file differs by the sign of nothing.
    return Level(None, _error(possible, morning, expected), round(expected, DIGITS) + 0.0)


def _error(parts: Sequence[tuple[float, _Process]], day: date, expected: float) -> float:
    """Root of the mean square by which the level may be off what is told, each process with its weight."""
    square = sum(weight * (part.error**2 + (part.season.shift(day) - expected) ** 2) for weight, part in parts)
    return round(math.sqrt(square), DIGITS)


def _predicted(residuals: Sequence[CalibrationResidual], label: Label) -> float:
    """The part of the way from the last known level to the waves that would have predicted best; 0 to 1."""
    apart, missed = [], []
    for one in residuals:
        known = [other for other in residuals if outcome_window(other.day, label).end <= one.day]
        if covers_a_year([other.day for other in known]):
            last = known[-1].shift
            apart.append(_process(known, one.day, WAVES).season.shift(one.day) - last)
            missed.append(one.shift - last)
    way = float(np.square(apart).sum())
    # Least squares through the origin; below 0 it would believe the opposite of the waves, above 1 more than they say.
    return float(np.clip(np.dot(apart, missed) / way, 0, 1)) if way > 0 else 0.0


def _process(residuals: Sequence[CalibrationResidual], morning: date, waves: tuple[float, ...]) -> _Process:
    """The waves and the level to expect on a morning, over all ways of wandering."""
    spread = np.array([LEVEL, *np.repeat(waves, 2)]) ** 2
    means, spreads, evidence = zip(*(_wandering(residuals, morning, spread, drift) for drift in DRIFTS), strict=True)
    share = softmax(evidence)
    mean = share @ np.array(means)
    level, *parts = (float(number) for number in mean)
    turn = terms(np.array([morning.timetuple().tm_yday]), len(waves))[0]
    apart = (np.array(means) - mean) @ turn
    # The law of total variance: what each way of wandering leaves open, and how far apart they are.
    error = math.sqrt(float(share @ (np.array(spreads) @ turn @ turn + apart**2)) + BESIDE**2)
    season = Season(level, tuple(zip(parts[::2], parts[1::2], strict=True)))
    return _Process(season, error, float(logsumexp(evidence)))


def _wandering(
    residuals: Sequence[CalibrationResidual], morning: date, spread: Array, drift: float
) -> tuple[Array, Array, float]:
    """Mean and covariance of the level on a morning and of the waves, if the level wanders so far; log evidence."""
    turns = terms(np.array([one.day.timetuple().tm_yday for one in residuals]), len(spread) // 2)
    ago = np.array([(morning - one.day).days for one in residuals]) / YEAR_DAYS
    apart, left = np.exp(-np.abs(np.subtract.outer(ago, ago)) / BACK_YEARS), np.exp(-ago / BACK_YEARS)
    chance = np.diag([one.error**2 + BESIDE**2 for one in residuals])
    shifts, level = np.array([one.shift for one in residuals]), np.eye(1, len(spread))[0]
    factor = cho_factor((turns * spread) @ turns.T + drift * apart + chance)
    solved = cho_solve(factor, shifts)
    shared = (turns * spread).T + drift * np.outer(level, left)
    before = np.diag(spread + drift * level)
    # The sum of the logs on Cholesky's diagonal is half the log determinant; the constant is the same for all.
    evidence = -float(shifts @ solved) / 2 - float(np.log(np.diag(factor[0])).sum())
    return shared @ solved, before - shared @ cho_solve(factor, shared.T), evidence
