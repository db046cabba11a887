"""How sure is a figure? Intervals of 95 %, also of the difference of two scorers on the same rows.

Customers are drawn, not rows: the rows of one customer at several snapshots are no independent witnesses.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.compiled import compiled
from pipeline.evaluation.metrics import percent

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]
Flags = npt.NDArray[np.bool_]

LEVEL = (2.5, 97.5)
SEED = 0


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float | None]:
        """The three numbers, rounded to 6 decimals; None where there is no number."""
        each = {"value": self.value, "low": self.low, "high": self.high}
        return {name: None if math.isnan(number) else round(number, 6) for name, number in each.items()}


@dataclass(frozen=True)
class ScoredSnapshot:
    """What several scorers said of the same customers at one snapshot, and what happened.

    Attributes
    ----------
    snapshot
        The day, as ISO 8601.
    customers
        Key of the customer of each row.
    churned
        What happened, 0 or 1.
    scored
        Probability of churn of each row, by scorer.
    in_season
        Whether the level of the model followed the time of the year.
    level_error
        Standard error of the level of the model, in log-odds; see `pipeline.model.seasonal_intercept`.
    """

    snapshot: str
    customers: npt.NDArray[np.int64]
    churned: Labels
    scored: dict[str, Array]
    in_season: bool = False
    level_error: float = 0.0


class Ranked:
    """One scorer's rows in falling order, so that figures under any weights cost one pass."""

    def __init__(self, churned: Labels, probability: Array) -> None:
        self._order = np.argsort(-probability, kind="stable")
        ordered = probability[self._order]
        self._churned = churned[self._order].astype(np.float64)
        self._square_error = (ordered - self._churned) ** 2
        self._is_last_of_equals = np.append(np.diff(ordered) != 0, True)

    def values(self, weights: Array, shares: list[float]) -> Array:
        """The figures `names` lists, with rows counted `weights` times.

        Equal scores are one group: half of their pairs count as right, and a list that ends among them takes them in
        proportion, as `metrics.top` does. Not a number where all churned or nobody did.

        >>> ranked = Ranked(np.array([1, 0, 1], dtype=np.int8), np.array([0.9, 0.5, 0.1]))
        >>> ranked.values(np.ones(3), [0.5]).round(3)
        array([0.5  , 0.833, 0.357, 0.75 , 0.5  ])
        """
        return _figures(
            weights[self._order],
            self._churned,
            self._square_error,
            self._is_last_of_equals,
            np.array(shares, dtype=float),
        )


@compiled
def _figures(weights: Array, churned: Array, square_error: Array, is_last_of_equals: Flags, shares: Array) -> Array:
    rows, churners, brier = 0.0, 0.0, 0.0
    for row in range(len(weights)):
        rows += weights[row]
        churners += weights[row] * churned[row]
        brier += weights[row] * square_error[row]
    figures = np.full(3 + 2 * len(shares), np.nan)
    if churners in (0.0, rows):
        return figures
    lengths, caught = _lengths(shares, rows), np.full(len(shares), churners)
    pairs, precision = 0.0, 0.0
    listed_before, captured_before, listed, captured = 0.0, 0.0, 0.0, 0.0
    for row in range(len(weights)):
        listed += weights[row]
        captured += weights[row] * churned[row]
        if not is_last_of_equals[row] or listed == listed_before:
            continue
        each, positive = listed - listed_before, captured - captured_before
        # For each who stayed, the churners ranked above and half of those ranked equal: Mann and Whitney's U.
        pairs += (each - positive) * (captured - positive / 2)
        precision += positive * captured / listed
        for place in range(len(shares)):
            if listed_before < lengths[place] <= listed:
                caught[place] = captured_before + (lengths[place] - listed_before) * positive / each
        listed_before, captured_before = listed, captured
    figures[0] = pairs / churners / (rows - churners)
    figures[1] = precision / churners
    figures[2] = brier / rows
    for place in range(len(shares)):
        figures[3 + 2 * place] = caught[place] / lengths[place] * rows / churners
        figures[4 + 2 * place] = caught[place] / churners
    return figures


@compiled
def _lengths(shares: Array, rows: float) -> Array:
    """Of the lists. One by one: to compile the same for whole arrays takes seconds."""
    lengths = np.empty(len(shares))
    for place in range(len(shares)):
        # Less a hair, as `metrics.top` does.
        lengths[place] = max(1.0, math.ceil(shares[place] * rows - 1e-9))
    return lengths


def names(shares: list[float]) -> list[str]:
    """The figures, in order."""
    lists = [f"{figure}_at_{percent(share)}_percent" for share in shares for figure in ("lift", "capture")]
    return ["auc", "average_precision", "brier", *lists]


@dataclass(frozen=True)
class Resampled:
    """Figures of all scorers, as they are and in every draw; the mean over snapshots where there are several.

    Attributes
    ----------
    names
        The figures.
    seen
        By scorer: (figures,).
    drawn
        By scorer: (draws, figures).
    """

    names: list[str]
    seen: dict[str, Array]
    drawn: dict[str, Array]

    def interval(self, scorer: str, figure: str) -> Interval:
        """A figure of one scorer."""
        position = self.names.index(figure)
        return _interval(self.seen[scorer][position], self.drawn[scorer][:, position])

    def difference(self, scorer: str, other: str, figure: str) -> Interval:
        """How much higher the figure of `scorer` is than that of `other`, both in the same draws."""
        position = self.names.index(figure)
        seen = self.seen[scorer][position] - self.seen[other][position]
        return _interval(seen, self.drawn[scorer][:, position] - self.drawn[other][:, position])

    def summary(self, scorer: str) -> dict[str, dict[str, float | None]]:
        """All figures of one scorer with their intervals."""
        return {figure: self.interval(scorer, figure).as_dict() for figure in self.names}


def resample(parts: list[ScoredSnapshot], shares: list[float], draws: int) -> Resampled:
    """Draw the customers of all snapshots again and again, each with all of his or her rows.

    Parameters
    ----------
    parts
        One per snapshot, all with the same scorers.
    shares
        Lengths of the list at which lift and capture are told.
    draws
        Number of draws; 500 settle the second digit of an interval's width.
    """
    ranked = [{name: Ranked(part.churned, probability) for name, probability in part.scored.items()} for part in parts]

    def mean(weights: list[Array]) -> dict[str, Array]:
        by_part = [
            {name: one.values(weight, shares) for name, one in each.items()}
            for each, weight in zip(ranked, weights, strict=True)
        ]
        return {name: np.mean([part[name] for part in by_part], axis=0) for name in by_part[0]}

    drawn = [mean(weights) for weights in _draws([part.customers for part in parts], draws)]
    seen = mean([np.ones(len(part.churned)) for part in parts])
    return Resampled(names(shares), seen, {name: np.array([draw[name] for draw in drawn]) for name in seen})


def _draws(customers: list[npt.NDArray[np.int64]], draws: int) -> Iterator[list[Array]]:
    """How often each row counts in each draw: as often as its customer was drawn."""
    everyone, place = np.unique(np.concatenate(customers), return_inverse=True)
    places = np.split(place, np.cumsum([len(part) for part in customers])[:-1])
    dice = np.random.default_rng(SEED)
    for _ in range(draws):
        times = np.bincount(dice.integers(0, len(everyone), len(everyone)), minlength=len(everyone))
        yield [times[own].astype(np.float64) for own in places]


def _interval(seen: float, drawn: Array) -> Interval:
    # A draw with one outcome only has no AUC; the interval is of the draws that have one.
    known = drawn[~np.isnan(drawn)]
    low, high = np.percentile(known, LEVEL) if len(known) else (math.nan, math.nan)
    return Interval(float(seen), float(low), float(high))
