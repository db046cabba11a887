"""Which renewal of a contract the model has seen: a later one counts as the last one seen.

Where the end of a contract is churn, the customers of a launch come to their second renewal together, and no example of
the past has lived through one. All examples of customers who had been there so long lay between two renewals, and most
of them stayed: so trees take a long tenure for safety, and expect too few of such customers to leave. Of a customer
whose renewal lies in the outcome window, and is a later one than the examples show, whatever grows with tenure is
therefore shown to the model as it was of the customers who came to the last renewal that is known. Everybody else is
seen as he or she is, and whoever reads the reasons reads the true numbers.
"""

from dataclasses import asdict, dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.config.params import Label

Array = npt.NDArray[np.float64]

RENEWAL: Final = "days_to_renewal"
PERIODS: Final = "renewals_ever"
MIN_RENEWALS: Final = 50
"""Examples with a renewal of the same number in their window, from which on that renewal is known: of so many, a rate
of ends of one half is known to some 7 percentage points."""
GROWING: Final = (
    PERIODS, "days_since_first_order", "orders_ever", "order_days_ever", "is_tenured_half_year", "is_tenured_1_year",
    "is_tenured_2_years", "is_tenured_3_years", "is_tenured_single_category", "is_tenured_without_reward",
    "days_since_plan_change", "is_plan_stale",
)  # fmt: skip
"""What never falls while nothing happens to a contract but that it is renewed."""


@dataclass(frozen=True)
class RenewalCap:
    """The last renewal that examples have shown, and who came to it.

    Attributes
    ----------
    periods
        The number of the contract period that this renewal ends, from 1.
    within_days
        Whether a contract with a renewal fewer days ahead than this is renewed, the outcome window says.
    values
        By the features that grow with tenure, the median of the examples that came to it.
    """

    periods: int
    within_days: int
    values: dict[str, float]

    @classmethod
    def learn(cls, examples: pl.DataFrame, names: list[str], label: Label) -> Self | None:
        """What labelled examples show of renewals.

        Parameters
        ----------
        examples
            Those the model learns from.
        names
            Its columns.
        label
            ``params.yaml: label``.

        Returns
        -------
        RenewalCap or None
            None where churn is no end of a contract, or too few examples have a renewal in their window.

        Examples
        --------
        >>> label = Label(kind="cancellation", gap_days=0, horizon_days=90)
        >>> first = {"days_to_renewal": [30] * 60, "renewals_ever": [1] * 60, "days_since_first_order": [335] * 60}
        >>> later = {"days_to_renewal": [200], "renewals_ever": [2], "days_since_first_order": [530]}
        >>> rows = pl.concat([pl.DataFrame(first), pl.DataFrame(later)])
        >>> RenewalCap.learn(rows, rows.columns, label)
        RenewalCap(periods=1, within_days=90, values={'renewals_ever': 1.0, 'days_since_first_order': 335.0})
        """
        if label.kind != "cancellation" or not {RENEWAL, PERIODS} <= set(names):
            return None
        within = label.gap_days + label.horizon_days - label.renewal_wait_days
        ahead = examples.filter(pl.col(RENEWAL) < within)
        known = ahead.group_by(PERIODS).len().filter(pl.col("len") >= MIN_RENEWALS, pl.col(PERIODS).is_not_null())
        if known.is_empty():
            return None
        last = int(known.select(pl.col(PERIODS).max()).item())
        growing = [name for name in GROWING if name in names]
        medians = ahead.filter(pl.col(PERIODS) == last).select(
            # One that is there, so that yes stays yes and a count stays whole.
            pl.col(growing).cast(pl.Float64).quantile(0.5, "lower")
        )
        values = medians.row(0, named=True)
        return cls(last, within, {name: value for name, value in values.items() if value is not None})

    def capped(self, matrix: Array, names: list[str]) -> Array:
        """What the model sees of each row; the matrix itself where nobody comes to a later renewal than the last known.

        Parameters
        ----------
        matrix
            (rows, features), NaN where missing.
        names
            Its columns; without those of renewals, as while their table is down, nothing is capped.

        Examples
        --------
        >>> cap = RenewalCap(1, 90, {"days_since_first_order": 335.0, "renewals_ever": 1.0})
        >>> columns = ["days_to_renewal", "renewals_ever", "days_since_first_order"]
        >>> cap.capped(np.array([[40.0, 2, 690], [100.0, 2, 630], [40.0, 1, 350]]), columns).tolist()
        [[40.0, 1.0, 335.0], [100.0, 2.0, 630.0], [40.0, 1.0, 350.0]]
        """
        if not {RENEWAL, PERIODS} <= set(names):
            return matrix
        ahead, periods = (matrix[:, names.index(name)] for name in (RENEWAL, PERIODS))
        later = (ahead < self.within_days) & (periods > self.periods)
        if not later.any():
            return matrix
        seen = matrix.copy()
        for name in self.values.keys() & set(names):
            column = names.index(name)
            seen[later, column] = np.minimum(seen[later, column], self.values[name])
        return seen

    def as_dict(self) -> dict[str, Any]:
        """For the card of the model."""
        return asdict(self)

    @classmethod
    def from_dict(cls, saved: dict[str, Any] | None) -> Self | None:
        """Read it back; None where there was none, as in models of older versions."""
        return None if saved is None else cls(saved["periods"], saved["within_days"], dict(saved["values"]))
