"""Whether the arms were drawn as they should be: as many as the share says, and alike before."""

import math
from dataclasses import dataclass
from typing import Final

import polars as pl
from scipy.stats import binomtest

from pipeline.readout.estimates import COVARIATES

CERTAIN: Final = 0.001
"""Below this p-value the arms are not those of the drawing; chance does it once in a thousand readouts."""
APART: Final = 3.0
"""Standard errors between the arms from which on they are named as unlike."""
MIN_ARM: Final = 10
"""Customers of an arm below which its standard error is not known well enough to call it unlike."""


@dataclass(frozen=True)
class Balance:
    """How the arms of a playbook compare before anything was done.

    Attributes
    ----------
    controls, customers
        Left alone, and of how many in both arms.
    share
        The share (0-1) that was to be left alone.
    p_value
        How often chance alone would miss that share by as much.
    apart
        By covariate, the difference of the arms in standard deviations.
    unlike
        Covariates in which they differ by more than chance.
    """

    controls: int
    customers: int
    share: float
    p_value: float
    apart: dict[str, float]
    unlike: tuple[str, ...]

    @property
    def refusal(self) -> str:
        """Why these arms cannot be compared; empty where they can."""
        if self.p_value >= CERTAIN:
            return ""
        return (
            f"not randomised as drawn: {self.controls:,} of {self.customers:,} were left alone, where the share of "
            f"{self.share:g} makes {self.share * self.customers:,.0f}"
        )


def check(rows: pl.DataFrame, share: float) -> Balance:
    """Hold the arms against the share that was drawn, and against each other.

    Parameters
    ----------
    rows
        One row per customer: ``is_control`` and the columns `COVARIATES`.
    share
        The share (0-1) of customers who are left alone.

    Examples
    --------
    >>> rows = pl.DataFrame({"is_control": [True] * 5 + [False] * 95, "log_odds": [0.0, 1.0] * 50, "value": 1.0})
    >>> one = check(rows, 0.05)
    >>> one.p_value, one.refusal, one.unlike
    (1.0, '', ())
    >>> check(rows, 0.5).refusal
    'not randomised as drawn: 5 of 100 were left alone, where the share of 0.5 makes 50'
    """
    controls, everybody = int(rows["is_control"].sum()), rows.height
    p_value = float(binomtest(controls, everybody, share).pvalue) if everybody else 1.0
    differences = {name: _apart(rows, name) for name in COVARIATES}
    large = min(controls, everybody - controls) >= MIN_ARM
    unlike = tuple(name for name, (_, errors) in differences.items() if large and abs(errors) > APART)
    apart = {name: round(deviations, 4) for name, (deviations, _) in differences.items()}
    return Balance(controls, everybody, share, p_value, apart, unlike)


def _apart(rows: pl.DataFrame, name: str) -> tuple[float, float]:
    """The difference of the means in standard deviations and in standard errors; zero where an arm is too small."""
    arms = [rows.filter(pl.col("is_control") == arm)[name].cast(pl.Float64) for arm in (False, True)]
    if min(len(arm) for arm in arms) < 2:
        return 0.0, 0.0
    means, variances = [float(arm.mean() or 0) for arm in arms], [float(arm.var() or 0) for arm in arms]  # type: ignore[arg-type]
    spread = math.sqrt(sum(variances) / 2)
    error = math.sqrt(sum(variance / len(arm) for variance, arm in zip(variances, arms, strict=True)))
    difference = means[0] - means[1]
    return (difference / spread if spread else 0.0), (difference / error if error else 0.0)
