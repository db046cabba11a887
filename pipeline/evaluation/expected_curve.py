"""How cautious the probabilities of a day will turn out to be, by those of a year before and of lists that are over."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from pipeline.model.past_curves import PastCurve, PastCurves, part_of_season

YEAR: Final = timedelta(days=364)
"""Whole weeks, so that a list is held against one of the same weekday."""
NEAR: Final = timedelta(days=28)
"""How far beyond the snapshots known a day may lie and still be taken for the nearest of them."""
YEAR_ERROR: Final = 0.06
"""Standard error of the logarithm of a slope that is taken from the year before (`benchmarks.early_performance`)."""
NO_CORRECTION: Final = 1
"""How many lists that are over it takes to move what is expected half of the way by which they were off."""


@dataclass(frozen=True)
class ExpectedCurve:
    """What is expected to make the probabilities of a day right.

    Attributes
    ----------
    shift
        Log-odds to add.
    slope
        What log-odds are multiplied by; above 1 the probabilities are too cautious.
    log_slope_error
        Standard error of the logarithm of the slope.
    """

    shift: float = 0.0
    slope: float = 1.0
    log_slope_error: float = 0.0


AS_IT_IS: Final = ExpectedCurve()


def expect(day: date, past: PastCurves, over: Sequence[PastCurve] = ()) -> ExpectedCurve:
    r"""The curve to expect of the probabilities of a day.

    How well silence tells who has left hangs on the time of the year: where everybody buys before Christmas, whoever
    does not stands out. So the curve of a year before is expected, between the two snapshots around it, as far as
    curves differ by more than chance makes of them: the part `past_curves.part_of_season` of its way from the mean of
    all. That is moved by the mean error :math:`\bar d` of the :math:`n` last lists that are over:
    :math:`\frac{n}{n + 1} \bar d`. While no year is known it is the mean of all curves, as unsure as these differ.

    Parameters
    ----------
    day
        The day of the list.
    past
        The curves known when the model was trained; none leaves the probabilities as they are.
    over
        The curves of lists of the same model whose windows are over.

    Examples
    --------
    Winters are clear and summers are not; the last list was clearer than the one of the year before it.

    >>> winter, summer = (PastCurve(date(2023, month, 2), 0.0, slope) for month, slope in ((1, 0.3), (7, -0.1)))
    >>> past = PastCurves((winter, summer))
    >>> round(expect(date(2024, 1, 1), past).slope, 3), round(math.exp(0.3), 3)
    (1.35, 1.35)
    >>> round(expect(date(2024, 6, 30), past, [PastCurve(date(2024, 1, 1), 0.2, 0.4)]).slope, 3)  # exp(-0.1 + 0.1 / 2)
    0.951
    >>> expect(date(2024, 1, 1), PastCurves())
    ExpectedCurve(shift=0.0, slope=1.0, log_slope_error=0.0)
    """
    if not past.curves:
        return AS_IT_IS
    shift, log_slope, spread = _a_year_before(day, past)
    if over:
        before = [_a_year_before(one.day, past) for one in over]
        weight = 1 / (len(over) + NO_CORRECTION)
        shift += weight * math.fsum(one.shift - then[0] for one, then in zip(over, before, strict=True))
        log_slope += weight * math.fsum(one.log_slope - then[1] for one, then in zip(over, before, strict=True))
    # Between the slope of rows seen and that of rows unseen any value is as likely.
    error = math.sqrt(spread**2 + past.optimism**2 / 12)
    return ExpectedCurve(round(shift, 6), round(math.exp(log_slope), 6), round(error, 6))


def _a_year_before(day: date, past: PastCurves) -> tuple[float, float, float]:
    """Shift, logarithm of the slope and its error, by the last year in which they are known; else by all curves."""
    then, curves = day - YEAR, past.curves
    while then > curves[-1].day + NEAR:
        then -= YEAR
    shifts, slopes = [one.shift for one in curves], [one.log_slope for one in curves]
    mean_shift, mean_slope = float(np.mean(shifts)), float(np.mean(slopes))
    if then < curves[0].day - NEAR:
        return mean_shift, mean_slope, math.hypot(YEAR_ERROR, float(np.std(slopes)))
    season = part_of_season(curves)
    days = [one.day.toordinal() for one in curves]
    at_day = [float(np.interp(then.toordinal(), days, values)) for values in (shifts, slopes)]
    return mean_shift + season * (at_day[0] - mean_shift), mean_slope + season * (at_day[1] - mean_slope), YEAR_ERROR
