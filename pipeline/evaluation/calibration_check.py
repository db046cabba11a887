"""Do the probabilities mean what they say? Expected beside observed churners, and what chance alone would do."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]

SEED = 0


def calibration_error(churned: Labels, probability: Array, groups: int) -> float:
    """Expected calibration error (ECE): mean distance of expected from observed churn rate over equally full groups.

    Naeini, M. P., Cooper, G. F. and Hauskrecht, M. (2015), "Obtaining Well Calibrated Probabilities Using Bayesian
    Binning", AAAI, with groups of equal size instead of equal width, so that none is empty.

    Parameters
    ----------
    churned
        What happened, 0 or 1.
    probability
        Probability of churn, 0-1.
    groups
        Number of groups.

    Returns
    -------
    float
        0-1; zero is perfect.

    Examples
    --------
    >>> calibration_error(np.array([0, 0, 1, 1], dtype=np.int8), np.array([0.1, 0.1, 0.7, 0.7]), 2)
    0.2
    """
    order = np.argsort(probability, kind="stable")
    return round(_error(churned[order], probability[order], _starts(len(order), groups)), 12)


def error_by_chance(probability: Array, groups: int, draws: int) -> Array:
    """Calibration errors that perfect probabilities would show on as many rows: one per draw of the outcomes."""
    ordered = np.sort(probability)
    starts, dice = _starts(len(ordered), groups), np.random.default_rng(SEED)
    return np.array([_error(dice.random(len(ordered)) < ordered, ordered, starts) for _ in range(draws)])


def _starts(rows: int, groups: int) -> npt.NDArray[np.int64]:
    sizes = [len(part) for part in np.array_split(np.empty(rows), min(groups, rows))]
    return np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)


def _error(churned: npt.NDArray[np.generic], probability: Array, starts: npt.NDArray[np.int64]) -> float:
    apart = np.add.reduceat(churned.astype(np.float64) - probability, starts)
    return float(np.abs(apart).sum() / len(probability))


@dataclass(frozen=True)
class Expected:
    """Churners expected in a group, the range in which they may fall (95 %), and those observed."""

    customers: int
    expected: float
    low: int
    high: int
    observed: int

    @property
    def holds(self) -> bool:
        """Whether the range holds those observed."""
        return self.low <= self.observed <= self.high


def expected(churned: Labels, probability: Array, draws: int, level_error: float = 0.0) -> Expected:
    """Add up the probabilities of a group, and see how far its churners may fall; see `churners_between`.

    >>> found = expected(np.array([1, 0, 0, 0], dtype=np.int8), np.full(4, 0.25), 500)
    >>> found.expected, found.low, found.high, found.observed, found.holds
    (1.0, 0, 3, 1, True)
    """
    low, high = churners_between(probability, draws, level_error)
    return Expected(len(churned), round(float(probability.sum()), 6), low, high, int(churned.sum()))


def churners_between(probability: Array, draws: int, level_error: float = 0.0) -> tuple[int, int]:
    """The churners a group will have, from and to, 19 times of 20: its outcomes are drawn again and again.

    Parameters
    ----------
    probability
        Probability of churn, 0-1.
    draws
        How often the outcomes are drawn.
    level_error
        Standard error of the level of the probabilities, in log-odds; zero leaves chance alone.

    Examples
    --------
    >>> churners_between(np.full(4, 0.25), 500), churners_between(np.full(4, 0.25), 500, level_error=2.0)
    ((0, 3), (0, 4))
    """
    # The level has a stream of its own, so that the outcomes drawn are the same with its error and without.
    dice, level = np.random.default_rng(SEED), np.random.default_rng(SEED + 1)
    sums = []
    for _ in range(draws):
        # The odds of all, times one factor: the same as moving the log-odds, without a logarithm per customer.
        factor = np.exp(level.normal(0, level_error))
        shifted = probability * factor / (1 + probability * (factor - 1)) if level_error else probability
        sums.append(int((dice.random(len(probability)) < shifted).sum()))
    # Quantiles that occur, not means of two: churners come whole.
    low, high = np.percentile(sums, [2.5, 97.5], method="inverted_cdf")
    return int(low), int(high)


def by_band(churned: Labels, probability: Array, bands: dict[str, float], draws: int) -> pl.DataFrame:
    """Expected and observed churners of every risk band.

    Returns
    -------
    polars.DataFrame
        ``band, customers, expected_churners, low, high, churners, holds``; bands without a customer are left out.
    """
    edges = np.array(list(bands.values()))
    place = np.searchsorted(edges, probability, side="right") - 1
    rows = []
    for position, band in enumerate(bands):
        inside = place == position
        if inside.any():
            counts = expected(churned[inside], probability[inside], draws)
            rows.append(
                (band, counts.customers, counts.expected, counts.low, counts.high, counts.observed, counts.holds)
            )
    names = ["band", "customers", "expected_churners", "low", "high", "churners", "holds"]
    return pl.DataFrame(rows, schema=names, orient="row")
