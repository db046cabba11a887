"""A wide logistic regression: the log-odds are a sum of one bent line per feature, so every contribution is exact.

Each feature is cut at quantiles of the training rows; between two cuts its effect is a straight line, beyond the outer
ones it stays level, and a missing value has an effect of its own. That is what a spreadsheet could hold, and it is what
trees have to beat.
"""

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import logit
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from pipeline.config.params import AdditiveLogisticSettings as Settings

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]

# Digits kept of each effect. Converged fits differ by 1e-14 or so between processors, and a file must not. In one fit
# of 10,000, one of several hundred effects lies that near to where the seventh digit turns.
DIGITS = 7


@dataclass(frozen=True)
class Line:
    """The effect of one feature on the log-odds, zero for the average training row.

    Attributes
    ----------
    cuts
        Rising values of the feature.
    effects
        Log-odds at each cut.
    missing
        Log-odds where the value is missing.
    """

    cuts: Array
    effects: Array
    missing: float

    def evaluate(self, values: Array) -> Array:
        """Log-odds for each value, NaN where missing.

        >>> line = Line(np.array([0.0, 10.0]), np.array([-1.0, 1.0]), 0.25)
        >>> line.evaluate(np.array([-5.0, 5.0, 7.5, float("nan")])).tolist()
        [-1.0, 0.0, 0.5, 0.25]
        """
        log_odds = np.interp(values, self.cuts, self.effects)
        return np.where(np.isnan(values), self.missing, log_odds)


@dataclass(frozen=True)
class AdditiveLogistic:
    """A fitted wide logistic regression: ``log-odds = base + the sum of all lines``."""

    base: float
    lines: list[Line]

    def contributions(self, features: Array) -> Array:
        """What each feature adds to the log-odds of each row, the base last: (rows, features + 1)."""
        each = [line.evaluate(features[:, position]) for position, line in enumerate(self.lines)]
        return np.column_stack([*each, np.full(len(features), self.base)])

    def log_odds(self, features: Array) -> Array:
        """Log-odds of churn of each row."""
        total = np.full(len(features), self.base)
        for position, line in enumerate(self.lines):
            total += line.evaluate(features[:, position])
        return total

    def as_dict(self, names: list[str]) -> dict[str, Any]:
        """The model as JSON holds it."""
        lines = {
            name: {"cuts": line.cuts.tolist(), "effects": line.effects.tolist(), "missing": line.missing}
            for name, line in zip(names, self.lines, strict=True)
        }
        return {"base": self.base, "lines": lines}

    @classmethod
    def from_dict(cls, saved: dict[str, Any]) -> "AdditiveLogistic":
        """Read a model back from JSON."""
        lines = saved["lines"].values()
        return cls(
            saved["base"], [Line(np.array(li["cuts"]), np.array(li["effects"]), float(li["missing"])) for li in lines]
        )


def fit(features: Array, churned: Labels, settings: Settings) -> AdditiveLogistic:
    """Fit all lines together by penalised maximum likelihood.

    Parameters
    ----------
    features
        (rows, features), NaN where missing.
    churned
        What happened, 0 or 1; both must occur.
    settings
        ``params.yaml: model.additive_logistic``.

    Notes
    -----
    The steps between cuts are scaled to unit spread before the penalty, so that no feature is favoured for its unit.
    More rows than ``max_rows`` are thinned evenly: beyond that many, the lines change less than their rounding.
    """
    every = max(1, -(-len(features) // settings.max_rows))
    features, churned = features[::every], churned[::every]
    cuts = [_cuts(features[:, position], settings.cuts) for position in range(features.shape[1])]
    steps = np.column_stack([_steps(features[:, position], cut) for position, cut in enumerate(cuts)])
    mean, spread = steps.mean(axis=0), steps.std(axis=0)
    # A step that never varies, such as a value that is never missing, tells nothing; its weight is zero. The time of a
    # fit grows with the square of the steps that are left.
    varies = spread >= 1e-9
    if not varies.any():
        return AdditiveLogistic(_rounded(logit(churned.mean())), [_line(cut, *np.zeros((2, len(cut)))) for cut in cuts])
    # scikit-learn's advice for many more rows than columns: exact Newton steps, of which each doubles the digits. One
    # more than 1e-8 would need makes sure that the optimum is reached, and not only a place that gains little.
    model = LogisticRegression(C=1 / settings.l2, solver="newton-cholesky", tol=1e-12, max_iter=200)
    # One thread: parallel sums differ in their last digits from run to run.
    with threadpool_limits(1):
        model.fit((steps[:, varies] - mean[varies]) / spread[varies], churned)
    weights = np.zeros(len(mean))
    weights[varies] = model.coef_[0] / spread[varies]
    lines, start = [], 0
    for cut in cuts:
        own = slice(start, start + len(cut))
        lines.append(_line(cut, weights[own], mean[own]))
        start += len(cut)
    return AdditiveLogistic(_rounded(model.intercept_[0]), lines)


def _cuts(values: Array, number: int) -> Array:
    """Different quantiles of the values that are there; two equal worlds apart if there are none."""
    known = values[np.isfinite(values)]
    quantiles = np.unique(np.quantile(known, np.linspace(0, 1, number), method="inverted_cdf")) if len(known) else [0.0]
    return np.asarray(quantiles, dtype=np.float64)


def _steps(values: Array, cuts: Array) -> Array:
    """Whether the value is missing, and for each stretch between two cuts the share of it that lies below the value."""
    missing = np.isnan(values)
    # A missing value stands before all stretches, so that only its own effect speaks for it.
    known = np.clip(np.where(missing, cuts[0], values), cuts[0], cuts[-1])
    stretches = [np.clip((known - low) / (high - low), 0, 1) for low, high in itertools.pairwise(cuts)]
    return np.column_stack([missing.astype(np.float64), *stretches])


def _line(cuts: Array, weights: Array, mean: Array) -> Line:
    # The intercept was fitted with every step at its mean, so each line counts from its mean as well.
    average = float(weights @ mean)
    effects = np.concatenate([[0.0], np.cumsum(weights[1:])]) - average
    return Line(cuts, np.array([_rounded(effect) for effect in effects]), _rounded(weights[0] - average))


def _rounded(value: float) -> float:
    return round(float(value), DIGITS)
