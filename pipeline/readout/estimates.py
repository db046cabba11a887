"""The mean of an outcome with a playbook less that without, and how far chance alone may have moved it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.stats import t as student

Array = npt.NDArray[np.float64]

MIN_CONTROLS: Final = 30
"""Customers left alone, and customers not, below which nothing is estimated: their spread is not known either."""
MIN_PER_STRATUM: Final = 10
"""Customers of each arm that a stratum holds at least; smaller ones join their neighbour."""
CONFIDENCE: Final = 0.95
COVARIATES: Final = ("log_odds", "value")
"""What was known of each customer before: the score, and what he or she was expected to be worth."""


@dataclass(frozen=True)
class Estimate:
    """A difference of means.

    Attributes
    ----------
    given, left_alone
        The mean outcome of either arm, both for a customer as the average of both arms was before.
    effect
        The first less the second.
    low, high
        Its 95 % interval.
    p_value
        How often chance alone would bring about as much, in either direction.
    customers, controls
        How many were given it, and how many were left alone.
    spread
        Standard deviation of the outcome among customers alike before, by which the needed number is found.
    freedom
        Degrees of freedom of the interval (Welch and Satterthwaite).
    """

    given: float
    left_alone: float
    effect: float
    low: float
    high: float
    p_value: float
    customers: int
    controls: int
    spread: float
    freedom: float

    def p_value_of(self, value: float) -> float:
        """How often chance alone would bring the effect so far from this value, were it the true one.

        >>> one = Estimate(0.7, 0.6, 0.1, 0.02, 0.18, 0.02, 400, 40, 0.5, 60)
        >>> [round(one.p_value_of(value), 3) for value in (0.1, 0.18, 0.02, 0.3)]
        [1.0, 0.05, 0.05, 0.0]
        """
        return float(2 * student.sf(abs(self.effect - value) / self.standard_error, self.freedom))

    @property
    def standard_error(self) -> float:
        """Of the effect: half its interval, less the factor of Student's t."""
        return (self.high - self.low) / 2 / float(student.ppf((1 + CONFIDENCE) / 2, self.freedom))

    def as_json(self) -> dict[str, Any]:
        """The same for programs, rounded to what can be read."""
        return {name: round(value, 6) if isinstance(value, float) else value for name, value in vars(self).items()}


def estimate(rows: pl.DataFrame, outcome: str) -> Estimate | None:
    r"""The effect of being given something, by intention to treat.

    Customers are compared within strata (the risk bands of the day, joined where an arm is too small), and each outcome
    is first moved by what the score before already said of it (CUPED): :math:`y' = y - (x - \bar{x})\theta`, where
    :math:`\theta` is the slope within strata and arms. The effect is :math:`\sum_s \frac{n_s}{n}(\bar{y}'_{1s} -
    \bar{y}'_{0s})`, its variance :math:`\sum_s (\frac{n_s}{n})^2 (\frac{v_{1s}}{n_{1s}} + \frac{v_{0s}}{n_{0s}})` and
    what the error of the slope adds; the interval is that of Student's t with the degrees of freedom of Welch and
    Satterthwaite.

    Deng, A., Xu, Y., Kohavi, R. and Walker, T. (2013), "Improving the Sensitivity of Online Controlled Experiments by
    Utilizing Pre-Experiment Data", WSDM; Miratrix, L. W., Sekhon, J. S. and Yu, B. (2013), "Adjusting treatment effect
    estimates by post-stratification in randomized experiments", JRSS B 75.

    Parameters
    ----------
    rows
        One row per customer: ``is_control``, ``risk_band``, the columns `COVARIATES`, and the outcome.
    outcome
        The column to compare.

    Returns
    -------
    Estimate or None
        None where an arm has fewer than `MIN_CONTROLS` customers, or where nothing differs within an arm.

    Examples
    --------
    >>> rows = pl.DataFrame({"is_control": [True] * 40 + [False] * 40, "risk_band": "high",
    ...     "log_odds": 0.0, "value": 1.0, "stayed": [0.0, 1.0] * 20 + [0.0, 1.0, 1.0, 1.0] * 10})
    >>> one = estimate(rows, "stayed")
    >>> one.given, one.left_alone, one.effect, round(one.low, 3), round(one.high, 3)
    (0.75, 0.5, 0.25, 0.039, 0.461)
    """
    # In an order of its own: sums of floating point must not hang on that of the files.
    ordered = rows.sort(*COVARIATES, outcome, "is_control", "risk_band")
    control = ordered["is_control"].to_numpy()
    if min(control.sum(), (~control).sum()) < MIN_CONTROLS:
        return None
    cells = _Cells(strata(ordered).to_numpy(), control)
    x = ordered.select(COVARIATES).cast(pl.Float64).to_numpy()
    y, extra = _adjusted(ordered[outcome].cast(pl.Float64).to_numpy(), x, cells)
    parts = [(share, y[cell], arm) for share, cell, arm in cells]
    terms = [(share**2 * part.var(ddof=1) / len(part), len(part) - 1) for share, part, _ in parts]
    variance = math.fsum(term for term, _ in terms)
    if variance <= 0:
        return None
    means = [math.fsum(share * part.mean() for share, part, of in parts if of == arm) for arm in (False, True)]
    freedom = variance**2 / math.fsum(term**2 / number for term, number in terms)
    effect, error = means[0] - means[1], math.sqrt(variance + extra)
    reach = float(student.ppf((1 + CONFIDENCE) / 2, freedom)) * error
    spread = math.sqrt(math.fsum(part.var(ddof=1) * len(part) for _, part, _ in parts) / len(y))
    p_value = float(2 * student.sf(abs(effect) / error, freedom))
    return Estimate(
        means[0],
        means[1],
        effect,
        effect - reach,
        effect + reach,
        p_value,
        int((~control).sum()),
        int(control.sum()),
        spread,
        freedom,
    )


@dataclass(frozen=True)
class _Cells:
    """Each arm of each stratum."""

    stratum: npt.NDArray[np.int64]
    control: npt.NDArray[np.bool_]

    def __iter__(self) -> Iterator[tuple[float, npt.NDArray[np.bool_], bool]]:
        """The share of the stratum, who is in the cell, and whether they are controls."""
        for number in np.unique(self.stratum):
            inside = self.stratum == number
            for arm in (False, True):
                yield float(inside.mean()), inside & (self.control == arm), arm


def _adjusted(y: Array, x: Array, cells: _Cells) -> tuple[Array, float]:
    """Each outcome less what the covariates say of it, and what the error of their slope adds to the variance."""
    inside, own, apart = x.copy(), y.copy(), np.zeros(x.shape[1])
    for share, cell, is_control in cells:
        mean = x[cell].mean(axis=0)
        inside[cell] -= mean
        own[cell] -= y[cell].mean()
        apart += (-share if is_control else share) * mean
    # A covariate that hardly differs within the cells explains nothing, and its slope would be noise.
    used = inside.std(axis=0) > 1e-9 * np.maximum(1.0, np.abs(x).max(axis=0))
    if not used.any():
        return y, 0.0
    inside, apart = inside[:, used], apart[used]
    slope = np.linalg.lstsq(inside, own, rcond=None)[0]
    left = own - inside @ slope
    noise = float(left @ left) / max(1, len(y) - len(slope))
    extra = float(apart @ np.linalg.pinv(inside.T @ inside) @ apart) * noise
    # Taken from the whole, not from the mean of the stratum: what all of a stratum share falls out of a difference.
    return np.asarray(y - (x[:, used] - x[:, used].mean(axis=0)) @ slope, dtype=np.float64), extra


def strata(rows: pl.DataFrame) -> pl.Series:
    """The number of each customer's stratum: risk bands by rising risk, joined until each holds enough of both arms.

    >>> rows = pl.DataFrame({"risk_band": ["low"] * 6 + ["high"] * 12, "log_odds": [-1.0] * 6 + [1.0] * 12,
    ...                      "is_control": [True] * 2 + [False] * 4 + [True] * 6 + [False] * 6})
    >>> strata(rows).unique().to_list()
    [0]
    """
    counts = (
        rows.group_by("risk_band")
        .agg(pl.col("log_odds").mean(), pl.col("is_control").sum().alias("controls"), pl.len().alias("all"))
        .sort("log_odds", "risk_band")
    )
    numbers, number, controls, others = {}, 0, 0, 0
    for band, _, left_alone, everybody in counts.iter_rows():
        if min(controls, others) >= MIN_PER_STRATUM:
            number, controls, others = number + 1, 0, 0
        numbers[band] = number
        controls, others = controls + left_alone, others + everybody - left_alone
    if min(controls, others) < MIN_PER_STRATUM:
        numbers = {band: min(place, max(0, number - 1)) for band, place in numbers.items()}
    return rows["risk_band"].replace_strict(numbers, return_dtype=pl.Int64).alias("stratum")


def where_done(whole: Estimate, done: int) -> tuple[float, float, float] | None:
    r"""The effect on those for whom it was done, with its interval, if being given it does nothing unless it is done.

    :math:`\text{effect} / s`, where :math:`s` is the share of those given it for whom it was done (Bloom, H. S. (1984),
    "Accounting for No-Shows in Experimental Evaluation Designs", Evaluation Review 8). Those for whom it was done are
    not held against the controls: who can be reached differs from who cannot, and would have stayed more often anyway.
    Nothing keeps more than everybody, so what few cases done make larger ends at 1 (100 points), and at -1.

    Parameters
    ----------
    whole
        The effect by intention to treat on the share who stayed.
    done
        For how many of those given it, it was done.

    Examples
    --------
    >>> where_done(Estimate(0.7, 0.6, 0.1, 0.0, 0.2, 0.05, 200, 20, 0.5, 30), 100)
    (0.2, 0.0, 0.4)
    >>> where_done(Estimate(0.7, 0.6, 0.1, -0.1, 0.3, 0.1, 200, 20, 0.5, 30), 10)
    (1.0, -1.0, 1.0)
    >>> where_done(Estimate(0.7, 0.6, 0.1, 0.0, 0.2, 0.05, 200, 20, 0.5, 30), 0) is None
    True
    """
    if done == 0:
        return None
    share = done / whole.customers
    effect, low, high = (min(max(part / share, -1.0), 1.0) for part in (whole.effect, whole.low, whole.high))
    return effect, low, high
