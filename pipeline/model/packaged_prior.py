"""A ranking for a shop that has nothing to learn from yet: learnt once, on simulated companies, and packaged.

What the number of orders, the chance of no order by BG/NBD, and the silence beside the own pauses mean for churn is
much the same in all shops. So the prior is one bent line for each of these, on scales without a unit: no money, no
days. What differs between shops is the level, and how much the ranking tells at all; the file says how far both
differed among companies, and a shop's own few outcomes move them as far as they outweigh that.

The longer the past of a shop, the more orders everybody has, and the safer all of them look beside those of its first
weeks. By how much the prior is too confident then was seen among the companies as well (`Ageing`).
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import expit

from pipeline.config.errors import ModelRefused
from pipeline.model import gbm
from pipeline.model.additive_logistic import AdditiveLogistic
from pipeline.model.calibration import Calibration
from pipeline.model.ensemble import Ensemble
from pipeline.model.seasonal_intercept import SEASONS_TO_NONE, UNSEEN_WAVES
from pipeline.model.seasonality import YEAR_DAYS
from pipeline.newton import polish, search
from pipeline.tables import storage
from pipeline.value import purchase_process

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]

FILE: Final = Path(__file__).with_name("packaged_prior.json")
"""Made by ``python -m benchmarks.cold_start_prior``; to be read with `storage.read_json`."""
FORMAT: Final = 2
FEATURES: Final = (
    purchase_process.P_NO_PURCHASE.name,
    "days_since_last_order_per_usual_gap",
    "days_since_last_order_per_longest_gap",
    "order_days_ever",
)
"""What it goes by: a probability, two ratios and a count."""
DIGEST: Final = "sha256"
DIGITS: Final = 6


@dataclass(frozen=True)
class Ageing:
    """Where the level of the log-odds goes in the windows after the snapshot whose outcomes taught it.

    Attributes
    ----------
    move
        What it misses there on average, times the length of the past at that snapshot in outcome windows.
    drift
        Standard deviation over companies and windows of the rest.
    lasting
        Standard deviation of the part of that which two windows next to one another share.
    """

    move: float
    drift: float
    lasting: float

    def variance(self) -> float:
        """Of what the level misses in a window, its season included: nobody has seen one."""
        return self.drift**2 + unseen_season(0)

    def shared_variance(self, days: float) -> float:
        """The part of it that two windows so many days apart have in common."""
        return self.lasting**2 + unseen_season(days)


def unseen_season(days: float) -> float:
    """Covariance of what a season does to two windows so many days apart, beside one that lies anywhere in the year.

    Waves of one turn a year and of two, as wide as wherever no year has been seen, in seven of eight companies.

    >>> round(unseen_season(0), 4), round(unseen_season(365.25 / 2), 4)  # 7/8 of 2 * (0.2**2 + 0.1**2), of 2 * 0.1**2
    (0.0875, 0.0175)
    """
    turn = 2 * math.pi * days / YEAR_DAYS
    waves = sum(spread**2 * (1 + math.cos(times * turn)) for times, spread in enumerate(UNSEEN_WAVES, start=1))
    return SEASONS_TO_NONE / (SEASONS_TO_NONE + 1) * waves


@dataclass(frozen=True)
class PackagedPrior:
    """The prior as the file holds it.

    Attributes
    ----------
    regression
        One line for each of `FEATURES`.
    level_spread
        Standard deviation over companies of what the level of the log-odds is off.
    log_slope_spread
        The same of the logarithm of the factor that makes the log-odds right.
    ageing
        Where the level goes while the past of a shop gets longer.
    companies
        How many it was learnt on.
    fingerprint
        SHA-256 of its content.
    """

    regression: AdditiveLogistic
    level_spread: float
    log_slope_spread: float
    ageing: Ageing
    companies: int
    fingerprint: str

    @classmethod
    def from_dict(cls, saved: dict[str, Any]) -> Self:
        """Read it from the content of `FILE`.

        Raises
        ------
        ModelRefused
            It is not as the command wrote it.
        """
        content = {name: value for name, value in saved.items() if name != DIGEST}
        if saved.get(DIGEST) != digest(content):
            raise ModelRefused(
                f"{FILE.name}: its content is not that of its sha256, so a number in it was changed; install "
                "churn-pipeline again, or set model.prior: none"
            )
        if content["format"] != FORMAT or tuple(content["lines"]) != FEATURES:
            raise ModelRefused(f"{FILE.name}: is of another release; install churn-pipeline again")
        return cls(
            AdditiveLogistic.from_dict(content), content["level_spread"], content["log_slope_spread"],
            Ageing(content["level_move"], content["level_drift"], content["level_lasting"]), content["companies"],
            saved[DIGEST],
        )  # fmt: skip

    def ensemble(self, rows: pl.DataFrame, window: tuple[int, int]) -> Ensemble:
        """The prior as a model of these customers.

        Parameters
        ----------
        rows
            Their examples at one snapshot; BG/NBD is fitted to their orders before it, which needs no outcome.
        window
            Days from the snapshot to the start of the outcome window, and its length.
        """
        names = list(FEATURES)
        return Ensemble(names, gbm.no_trees(names), self.regression, 1.0, purchase_process.fit(rows), window)

    def curve(self) -> Calibration:
        """The curve before any outcome is known: the log-odds as they are, on a level that nobody knows well."""
        return Calibration(1.0, 0.0, None, self.level_spread)

    def learnt_curve(self, log_odds: Array, churned: Labels, windows: float) -> Calibration:
        r"""The curve after the outcomes of one snapshot, as far as they outweigh what is known of companies.

        The calibrated log-odds are :math:`m + a + d + e^b (x - m)`, with the mean :math:`m` of the log-odds :math:`x`
        and :math:`d`, the move of `ageing` over `windows`: the curve is for windows after these outcomes. Level
        :math:`a` and slope :math:`b` are those of the greatest posterior density, under normal priors around zero with
        `level_spread` and `log_slope_spread`. The slope :math:`e^b` is above zero, so the ranking stays.

        Parameters
        ----------
        log_odds
            By `ensemble`; one per row.
        churned
            What happened, 0 or 1.
        windows
            `windows_of_past` of the snapshot.

        Examples
        --------
        >>> prior = PackagedPrior(AdditiveLogistic(0.0, []), 0.5, 0.3, Ageing(0.0, 0.2, 0.1), 1, "")
        >>> curve = prior.learnt_curve(np.zeros(4000), np.repeat(np.array([0, 1], dtype=np.int8), [1000, 3000]), 1.0)
        >>> round(curve.intercept, 2), round(math.log(3), 2), round(curve.level_error, 2)
        (1.09, 1.1, 0.36)
        >>> few = prior.learnt_curve(np.zeros(4), np.array([0, 1, 1, 1], dtype=np.int8), 1.0)
        >>> round(few.intercept, 2), few.level_error > 0.4
        (0.2, True)
        """
        middle = float(np.mean(log_odds))
        wide = np.array([self.level_spread, self.log_slope_spread]) ** 2

        def slope(point: Array) -> Array:
            steep = math.exp(point[1]) * (log_odds - middle)
            off = expit(middle + point[0] + steep) - churned
            return np.asarray(np.array([off.sum(), (off * steep).sum()]) + point / wide, dtype=np.float64)

        def loss(point: Array) -> float:
            steep = middle + point[0] + math.exp(point[1]) * (log_odds - middle)
            return float(np.sum(np.logaddexp(0, steep) - churned * steep) + np.sum(point**2 / wide) / 2)

        level, log_slope = polish(search(loss, np.zeros(2), jac=slope, method="BFGS").x, slope)
        factor = math.exp(log_slope)
        probability = expit(middle + level + factor * (log_odds - middle))
        information = float(np.sum(probability * (1 - probability)))
        error = math.sqrt(1 / (1 / self.level_spread**2 + information) + self.ageing.variance())
        intercept = middle + level + self.ageing.move / windows - factor * middle
        return Calibration(float(f"{factor:.10g}"), float(f"{intercept:.10g}"), None, round(error, DIGITS))

    def lasting_error(self, learnt: Calibration, days: float) -> float:
        """Standard error of the part of the level of a `learnt_curve` that windows so many days apart share."""
        square = learnt.level_error**2 - self.ageing.variance() + self.ageing.shared_variance(days)
        return round(math.sqrt(max(square, 0.0)), DIGITS)


def windows_of_past(rows: pl.DataFrame, horizon_days: int) -> float:
    """Days since the first order of anybody at a snapshot, in outcome windows; at least one.

    >>> windows_of_past(pl.DataFrame({"days_since_first_order": [12, 75]}), 30)
    2.5
    """
    longest = rows["days_since_first_order"].cast(pl.Float64).max()
    assert isinstance(longest, float), "there are customers, and each has ordered"
    return max(1.0, longest / horizon_days)


def digest(content: dict[str, Any]) -> str:
    """SHA-256 of a content, whatever the order of its keys and the spaces between them."""
    return storage.digest(json.dumps(content, sort_keys=True, separators=(",", ":")))
