"""From margin to probability: a logistic curve fitted on a later snapshot than the trees saw."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from pipeline.model.seasonality import Season
from pipeline.newton import polish

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """``probability = 1 / (1 + exp(-(intercept + slope * margin + season)))``.

    Attributes
    ----------
    slope
        Above zero, so ranks are kept.
    intercept
        The level.
    season
        What the time of the year adds, as far as the past speaks for it; see `pipeline.model.seasonality`.
    level_error
        Standard error of the level, in log-odds, on the first morning of its use; see
        `pipeline.model.seasonal_intercept`. Zero where it was not measured.
    """

    slope: float
    intercept: float
    season: Season | None = None
    level_error: float = 0.0

    @classmethod
    def from_dict(cls, saved: dict[str, Any]) -> "Calibration":
        """Read a curve back from JSON; one of an older version knows no season and no error."""
        season = saved.get("season")
        known = Season.from_dict(season) if season else None
        return cls(saved["slope"], saved["intercept"], known, saved.get("level_error", 0.0))

    def log_odds(self, log_odds: Array, rows: pl.DataFrame | None = None) -> Array:
        """Calibrated log-odds of each margin; a curve with a season needs the rows they are of, for their day."""
        shift: Array | float = 0.0
        if self.season is not None:
            assert rows is not None, "a season needs the day of each row"
            shift = self.season.shifts(rows)
        result: Array = self.intercept + self.slope * log_odds + shift
        return result

    def probability(self, log_odds: Array, rows: pl.DataFrame | None = None) -> Array:
        """Probability of churn, 0-1, of each margin; for `rows` see `log_odds`.

        >>> Calibration(slope=1.0, intercept=0.0).probability(np.array([0.0, 2.0])).round(3).tolist()
        [0.5, 0.881]
        """
        result: Array = expit(self.log_odds(log_odds, rows))
        return result


def fit(log_odds: Array, churned: npt.NDArray[np.int8]) -> Calibration:
    """Fit Platt's curve by maximum likelihood.

    Parameters
    ----------
    log_odds
        Log-odds of the model, one per row.
    churned
        What happened, 0 or 1; both must occur.

    Notes
    -----
    Platt, J. (1999), "Probabilistic outputs for support vector machines", with his targets just inside 0 and 1, so that
    even outcomes that the margins separate completely have a best curve. A slope that is not above zero would turn the
    ranking round; the curve then only moves to the base rate.
    """
    positives, negatives = int(churned.sum()), int((1 - churned).sum())
    if np.ptp(log_odds) == 0:
        return _base_rate(positives, negatives)
    target = np.where(churned == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    # A target between 0 and 1 is two rows, one of each outcome, that share its weight.
    twice, outcome = np.concatenate([log_odds, log_odds]), np.repeat([1, 0], len(log_odds))
    # No penalty: Platt's targets alone keep the slope finite, and a penalty would pull it towards the base rate.
    model = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10, max_iter=200)
    model.fit(twice.reshape(-1, 1), outcome, sample_weight=np.concatenate([target, 1 - target]))

    def gradient(curve: Array) -> Array:
        off = expit(curve[0] * log_odds + curve[1]) - target
        return np.array([np.mean(off * log_odds), np.mean(off)])

    slope, intercept = polish(np.array([model.coef_[0, 0], model.intercept_[0]]), gradient)
    if slope <= 0:
        return _base_rate(positives, negatives)
    # Processors differ by some 1e-15, and so in the tenth digit once in 100,000 curves.
    return Calibration(float(f"{slope:.10g}"), float(f"{intercept:.10g}"))


def _base_rate(positives: int, negatives: int) -> Calibration:
    """Next to the same probability for everyone, ranks kept."""
    return Calibration(1e-6, float(f"{np.log((positives + 1) / (negatives + 1)):.10g}"))
