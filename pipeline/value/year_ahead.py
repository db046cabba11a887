"""What each customer is expected to order and to bring within a year, and an interval that has proved itself.

A customer orders at all with the chance that the curve of the next order says. What is ordered then follows from BG/NBD
and gamma-gamma, held to a year that is over: by how much their means missed it, and how many of its customers lay below
each part of what was possible. So an interval of 80 % is one that held 80 % of the customers of that year.
"""

from dataclasses import asdict, dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.config.params import Score
from pipeline.examples.spend_outcomes import YEAR_DAYS
from pipeline.value.customer_value import margin_shares
from pipeline.value.expected_spend import Spend
from pipeline.value.possible_years import possible

Array = npt.NDArray[np.float64]

INTERVAL: Final = (0.1, 0.9)
_END: Final = (0.0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075)
STEPS: Final = (
    *_END,
    *(round(0.05 * step, 2) for step in range(2, 19)),
    *(round(1 - one, 3) for one in reversed(_END)),
)
"""Shares (0-1) of a customer's courses, closer to one another at the ends, where the models miss the most."""
PRIOR: Final = 100
"""So many customers who lie as the models say are added to those of the year that is over."""
MIN_BUYERS: Final = 100
"""With fewer who ordered in a year, nothing is known of the width of an interval."""
MAX_CUSTOMERS: Final = 20_000
"""Of one snapshot; the shares of more would be the same to the third digit."""
ORDER_DAYS, VALUE = "expected_order_days_365d", "expected_value_365d"
COLUMNS: Final = tuple(f"{name}{end}" for name in (ORDER_DAYS, VALUE) for end in ("", "_from", "_until"))


@dataclass(frozen=True)
class Correction:
    """How what was possible compared with what came, among those who ordered.

    Attributes
    ----------
    level
        What came over what was expected, all customers together; above 0.
    below
        Which share (0-1) of the customers lay below each of `STEPS` of their own courses; from 0 to 1.
    """

    level: float
    below: tuple[float, ...]

    @classmethod
    def fit(cls, courses: Array, actual: Array) -> Self:
        """From the courses of customers, rising along a row, and what came of each; (rows, courses) and (rows,).

        >>> both = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0]])
        >>> Correction.fit(both, np.array([2.0, 4.0])).below[14:17]
        (0.44902, 0.5, 0.55098)
        """
        low, high = place(courses, actual)
        steps = np.array(STEPS)
        # Whoever lies between two of the courses, or on several that are equal, is spread evenly over what is between.
        share = np.clip((steps - low[:, None]) / (high - low)[:, None], 0, 1)
        below = (share.sum(axis=0) + PRIOR * steps) / (len(actual) + PRIOR)
        expected = courses.mean(axis=1)
        added = PRIOR * float(expected.mean()) if len(expected) else 1.0
        total = float(expected.sum()) + added
        level = (float(actual.sum()) + added) / total if total > 0 else 1.0
        return cls(float(f"{level:.6g}"), tuple(float(f"{one:.6f}") for one in below))

    def shares(self, places: Array) -> Array:
        """The share of the customers who lie below such shares of their own courses."""
        return np.interp(places, STEPS, self.below)

    def quantile(self, courses: Array, no_order: Array, share: float) -> Array:
        """What a customer stays below with a chance of `share`, 0 with the chance of `no_order`; (rows,).

        >>> as_it_is = Correction(1.0, STEPS)
        >>> as_it_is.quantile(np.array([[1.0, 2.0, 3.0]] * 3), np.array([0.0, 0.5, 0.95]), 0.9).tolist()
        [3.0, 3.0, 0.0]
        """
        among = np.clip((share - no_order) / np.maximum(1 - no_order, 1e-12), 0, 1)
        wanted = np.interp(among, self.below, STEPS)
        # A hair less, so that a product that should be whole is not rounded up.
        index = np.ceil(wanted * (courses.shape[1] + 1) - 1e-9).astype(np.int64) - 1
        chosen = courses[np.arange(len(courses)), np.clip(index, 0, courses.shape[1] - 1)]
        return np.where(no_order >= share, 0.0, chosen)

    def chances(self, courses: Array, no_order: Array, actual: Array) -> tuple[Array, Array]:
        """The chance (0-1) of less than what came, and of at most that: apart where what came has a chance of its own.

        Where the model is right, a number drawn evenly between the two is even between 0 and 1 (the randomised
        probability integral transform; Czado, Gneiting and Held 2009, "Predictive Model Assessment for Count Data",
        Biometrics 65(4)).
        """
        low, high = (no_order + (1 - no_order) * self.shares(one) for one in place(courses, actual))
        came = actual > 0
        return np.where(came, low, 0.0), np.where(came, high, no_order)


def place(courses: Array, actual: Array) -> tuple[Array, Array]:
    """From which share of a customer's courses to which one what came lies; both 0-1, (rows,).

    >>> [one.tolist() for one in place(np.array([[1.0, 1.0, 2.0]]), np.array([1.0]))]
    [[0.0], [0.75]]
    """
    parts = courses.shape[1] + 1
    below, up_to = (courses < actual[:, None]).sum(axis=1), (courses <= actual[:, None]).sum(axis=1)
    return below / parts, (up_to + 1) / parts


@dataclass(frozen=True)
class YearAhead:
    """Both corrections, and the snapshot whose year they are of."""

    snapshot: str
    buyers: int
    order_days: Correction
    spend: Correction

    @classmethod
    def fit(cls, examples: pl.DataFrame, days: int = YEAR_DAYS) -> Self | None:
        """From a snapshot whose year is over, by what was to be expected of its customers then.

        Parameters
        ----------
        examples
            One row per customer, with the features that `Spend` needs, ``snapshot``, and what came: ``order_days`` and
            ``net_spend`` within the days.
        days
            As many as the year has.

        Returns
        -------
        YearAhead or None
            None where fewer than `MIN_BUYERS` ordered, or none of them had ordered twice before.
        """
        bought = examples.filter(pl.col("order_days") > 0)
        if len(bought) < MIN_BUYERS or examples["order_days_ever"].max() == 1:
            return None
        courses = possible(Spend.fit(examples), bought, days)
        days_came, spend_came = (bought[name].cast(pl.Float64).to_numpy() for name in ("order_days", "net_spend"))
        by_days = Correction.fit(courses.order_days.astype(np.float64), days_came)
        by_spend = Correction.fit(courses.spend, spend_came)
        return cls(str(bought["snapshot"][0]), len(bought), by_days, by_spend)

    @classmethod
    def of_card(cls, card: dict[str, Any] | None) -> Self | None:
        """Back from the model card; None where it has none, as of older versions."""
        if card is None:
            return None
        order_days, spend = (Correction(card[name]["level"], tuple(card[name]["below"])) for name in CORRECTED)
        return cls(card["snapshot"], card["buyers"], order_days, spend)

    def as_card(self) -> dict[str, Any]:
        """Plain numbers for the model card."""
        return asdict(self)

    def expected(self, spend: Spend, examples: pl.DataFrame, no_order: Array, settings: Score) -> pl.DataFrame:
        """What each customer is expected to order and to bring.

        Parameters
        ----------
        spend
            As fitted in training.
        examples
            One row per customer, with the features that `Spend` needs, and ``margin_share_365d`` where costs are known.
        no_order
            The chance (0-1) of no order within the year; (rows,).
        settings
            ``params.yaml: score``, for the margin.

        Returns
        -------
        DataFrame
            `COLUMNS`. Days with an order, and profit in currency units: spend times the customer's own margin share.
            ``_from`` and ``_until`` hold 80 %; with a chance of 10 % it is less than the one, and of 10 % more than
            the other.
        """
        courses, margin = possible(spend, examples, YEAR_DAYS), margin_shares(examples, settings)
        days = _interval(self.order_days, courses.order_days.astype(np.float64), no_order)
        value = [one * margin + 0.0 for one in _interval(self.spend, courses.spend, no_order)]
        # A customer who costs more than he or she pays costs the most who orders the most.
        ends = np.sort(np.stack(value[1:]), axis=0)
        columns = [days[0].round(2), days[1], days[2], value[0].round(2), ends[0].round(2), ends[1].round(2)]
        whole = pl.col(COLUMNS[1], COLUMNS[2]).cast(pl.Int64)
        return pl.DataFrame(dict(zip(COLUMNS, columns, strict=True))).with_columns(whole)


CORRECTED: Final = ("order_days", "spend")


def _interval(correction: Correction, courses: Array, no_order: Array) -> list[Array]:
    expected = (1 - no_order) * courses.mean(axis=1) * correction.level
    return [expected, *(correction.quantile(courses, no_order, share) for share in INTERVAL)]


def unknown(rows: int) -> pl.DataFrame:
    """`COLUMNS` of which nothing is known: no year is over so far, or churn is no silence."""
    kinds = [pl.Int64 if name in COLUMNS[1:3] else pl.Float64 for name in COLUMNS]
    return pl.DataFrame({name: pl.Series([None] * rows, dtype=kind) for name, kind in zip(COLUMNS, kinds, strict=True)})
