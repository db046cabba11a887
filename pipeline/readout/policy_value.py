"""What one file of playbooks is worth beside another, by those for whom a lot decided: off-policy evaluation."""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.stats import t as student

from pipeline.readout.estimates import CONFIDENCE, COVARIATES, MIN_CONTROLS

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

ROWS: Final[dict[str, pl.DataType]] = {
    "customer_id": pl.String(), "as_of": pl.Date(), "given": pl.String(), "propensity": pl.Float64(),
    "choice_edited": pl.String(), "choice_published": pl.String(), "cost_edited": pl.Float64(),
    "cost_published": pl.Float64(), "log_odds": pl.Float64(), "value": pl.Float64(), "stayed": pl.Float64(),
    "margin": pl.Float64(),
}  # fmt: skip
"""One row per customer and list for whom a lot decided, and whose outcome is known.

``given`` is what the lot fell on, ``choice_edited`` and ``choice_published`` what either file gives; null is nothing.
``propensity`` (0-1) is the probability with which the lot falls on each of the three. Costs and ``margin`` are in
currency units.
"""


@dataclass(frozen=True)
class Difference:
    """The edited file less the published one, for each customer for whom a lot decided.

    Attributes
    ----------
    mean
        The difference.
    low, high
        Its 95 % interval.
    standard_error
        Its standard error, by customer.
    """

    mean: float
    low: float
    high: float
    standard_error: float


@dataclass(frozen=True)
class PolicyValue:
    """What the edited file is worth beside the published one.

    Attributes
    ----------
    customers
        For how many a lot decided.
    differing
        How many of them the edited file gives something else.
    by_edited, by_published
        On how many of these the lot fell as the one or the other file decides.
    margin
        Margin less cost, in currency units; None where too few are known.
    stayed
        Share (0-1) who stay; None where too few are known.
    """

    customers: int
    differing: int
    by_edited: int
    by_published: int
    margin: Difference | None = None
    stayed: Difference | None = None

    def as_json(self) -> dict[str, Any]:
        """The same for programs, rounded to what can be read."""
        differences = {
            name: one and {key: round(value, 6) for key, value in vars(one).items()}
            for name, one in (("margin", self.margin), ("stayed", self.stayed))
        }
        return vars(self) | differences


def compare(rows: pl.DataFrame) -> PolicyValue:
    r"""The difference in what customers bring less what is done for them, and in how many stay.

    Where both files give the same, they differ by nothing. Elsewhere the mean outcome under a file :math:`f` is that of
    those on whom the lot fell as the file decides, each weighted by one over the probability of it (self-normalised
    inverse propensity): :math:`\mu_f = \sum_i w_{fi} y_i / \sum_i w_{fi}`, :math:`w_{fi} = 1\{a_i = f_i\} / p_i`. With
    :math:`s` the share who are given something else and :math:`c_f` the mean cost by either file, which is known, the
    difference is :math:`s (\mu_e - \mu_p) - (c_e - c_p)`. Outcomes are first moved by what was known before (CUPED).
    The standard error is that of the influence functions, added up by customer, as outcomes of the same customer are
    alike; the interval is that of Student's t.

    Swaminathan, A. and Joachims, T. (2015), "The Self-Normalized Estimator for Counterfactual Learning", NeurIPS;
    Deng, A., Xu, Y., Kohavi, R. and Walker, T. (2013), WSDM.

    Parameters
    ----------
    rows
        The columns of `ROWS`.

    Returns
    -------
    PolicyValue
        Without differences where the lot fell for fewer than `MIN_CONTROLS` customers as one of the files decides;
        exactly zero where both files give everybody the same.

    Examples
    --------
    >>> rows = pl.DataFrame({"customer_id": [f"c{n}" for n in range(80)], "as_of": None, "given": ["mail", None] * 40,
    ...     "propensity": 0.5, "choice_edited": "mail", "choice_published": None, "cost_edited": 1.0,
    ...     "cost_published": 0.0, "log_odds": 0.0, "value": 1.0, "stayed": [1.0, 0.0, 1.0, 1.0] * 20,
    ...     "margin": [6.0, 0.0, 6.0, 4.0] * 20})
    >>> one = compare(rows)
    >>> one.by_edited, one.by_published, one.margin.mean, one.stayed.mean, round(one.margin.standard_error, 3)
    (40, 40, 3.0, 0.5, 0.331)
    """
    # In an order of its own: sums of floating point must not hang on that of the files.
    ordered = rows.sort("customer_id", "as_of")
    arms = _Arms.of(ordered)
    counts = (arms.customers(arms.differs), arms.customers(arms.edited > 0), arms.customers(arms.published > 0))
    everybody = arms.customers(np.ones(len(ordered), dtype=np.bool_))
    if not everybody or (counts[0] and min(counts[1:]) < MIN_CONTROLS):
        return PolicyValue(everybody, *counts)
    margin, stayed = (ordered[name].cast(pl.Float64).to_numpy() for name in ("margin", "stayed"))
    x = ordered.select(COVARIATES).cast(pl.Float64).to_numpy()
    nothing = np.zeros(len(ordered))
    return PolicyValue(
        everybody,
        *counts,
        _difference(arms.adjusted(margin, x), arms.cost, arms),
        _difference(arms.adjusted(stayed, x), nothing, arms),
    )


@dataclass(frozen=True)
class _Arms:
    """Who differs, the weights of those on whom the lot fell as either file decides, and by whom rows are alike."""

    differs: Flags
    edited: Array
    published: Array
    cost: Array
    customer: npt.NDArray[np.int64]

    @classmethod
    def of(cls, rows: pl.DataFrame) -> "_Arms":
        differs = pl.col("choice_edited").ne_missing(pl.col("choice_published"))
        weights = [
            pl.when(differs & pl.col("given").eq_missing(pl.col(f"choice_{file}")))
            .then(1 / pl.col("propensity"))
            .otherwise(0.0)
            .alias(file)
            for file in ("edited", "published")
        ]
        known = rows.select(
            differs.alias("differs"),
            *weights,
            (pl.col("cost_edited") - pl.col("cost_published")).alias("cost"),
            pl.col("customer_id").rank("dense").cast(pl.Int64).alias("customer"),
        )
        return cls(*(known[name].to_numpy() for name in known.columns))

    @property
    def files(self) -> tuple[Array, Array]:
        """The weights of either file."""
        return self.edited, self.published

    def customers(self, among: Flags) -> int:
        """How many customers are among these rows."""
        return len(np.unique(self.customer[among]))

    def adjusted(self, y: Array, x: Array) -> Array:
        """Each outcome less what the covariates say of it, by their slope within those of either file."""
        if not self.differs.any():
            return y
        weights = self.edited + self.published
        centred_y, centred_x = y.copy(), x.copy()
        for arm in self.files:
            inside = arm > 0
            centred_y[inside] -= np.average(y[inside], weights=arm[inside])
            centred_x[inside] -= np.average(x[inside], axis=0, weights=arm[inside])
        root = np.sqrt(weights)
        slope = np.linalg.lstsq(centred_x * root[:, None], centred_y * root, rcond=None)[0]
        return np.asarray(y - (x - x[self.differs].mean(axis=0)) @ slope, dtype=np.float64)


def _difference(y: Array, cost: Array, arms: _Arms) -> Difference:
    cost_apart = math.fsum(cost) / len(y)
    mean, influence, freedom = 0.0 - cost_apart, cost_apart - cost, arms.customers(np.ones(len(y), dtype=np.bool_)) - 1
    if arms.differs.any():
        (edited, of_edited), (published, of_published) = (_of_file(y, weights, arms) for weights in arms.files)
        share, apart = float(arms.differs.mean()), edited - published
        mean += share * apart
        influence = influence + share * (of_edited - of_published) + (arms.differs - share) * apart
        freedom = min(arms.customers(weights > 0) for weights in arms.files) - 1
    of_customers = np.bincount(arms.customer - 1, weights=influence)
    scale = len(of_customers) / max(len(of_customers) - 1, 1)
    error = math.sqrt(math.fsum(of_customers**2) * scale) / len(y)
    reach = float(student.ppf((1 + CONFIDENCE) / 2, max(freedom, 1))) * error
    return Difference(mean, mean - reach, mean + reach, error)


def _of_file(y: Array, weights: Array, arms: _Arms) -> tuple[float, Array]:
    """The mean outcome under a file, and how far each row moves it."""
    mean = math.fsum(weights * y) / math.fsum(weights)
    # Its own mean and the slopes are fitted to the same few customers.
    used = arms.customers(weights > 0)
    fitted = math.sqrt(used / (used - 1 - len(COVARIATES)))
    return mean, np.asarray(fitted * weights * (y - mean) / weights.mean(), dtype=np.float64)
