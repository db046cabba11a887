"""By how much a curve missed what happened after earlier snapshots."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import expit

Array = npt.NDArray[np.float64]
FURTHEST = 20.0


@dataclass(frozen=True)
class CalibrationResidual:
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


def miss(day: date, log_odds: Array, churned: npt.NDArray[np.int8]) -> CalibrationResidual | None:
    """What a curve misses at a snapshot; None where everybody or nobody churned, which no shift can tell.

    Parameters
    ----------
    day
        The snapshot.
    log_odds
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
        return float(expit(log_odds + shift).sum()) - churners

    # At either end everybody is all but sure to stay or to churn, so the root lies between.
    reach = FURTHEST + float(np.abs(log_odds).max())
    shift = float(brentq(beyond, -reach, reach, xtol=1e-14))
    # The variance of the churners is the Fisher information of the shift; its inverse root is the standard error.
    spread = expit(log_odds + shift)
    return CalibrationResidual(day, shift, 1 / math.sqrt(float((spread * (1 - spread)).sum())))
