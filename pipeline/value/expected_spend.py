"""What a customer who stays will spend: purchases expected of somebody who buys at all, times their expected amount.

BG/NBD times gamma-gamma, fitted to the customers of one snapshot; no outcome is used. `docs/decisions/value.md` says
what it was measured against.
"""

from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.value import purchase_process
from pipeline.value.bg_nbd import BgNbd
from pipeline.value.gamma_gamma import GammaGamma

Array = npt.NDArray[np.float64]
# Features it is told from; every company has them.
NEEDS = (
    "order_days_ever",
    "days_since_first_order",
    "days_since_last_order",
    "orders_ever",
    "orders_365d",
    "spend_365d",
    "refund_share_365d",
)
DIGITS = 6


@dataclass(frozen=True)
class Spend:
    """How often customers buy and how much they pay, as fitted; a purchase is a day with at least one order."""

    purchases: BgNbd
    amounts: GammaGamma

    @classmethod
    def fit(cls, examples: pl.DataFrame) -> Self:
        """Fit to the customers of the latest snapshot among the examples.

        Parameters
        ----------
        examples
            ``snapshot`` and the features in `NEEDS`.

        Raises
        ------
        NotEnoughData
            None of these customers bought twice.
        """
        rows = examples.filter(pl.col("snapshot") == pl.col("snapshot").max())
        number, amount = paid_per_day(rows)
        paid = amount > 0
        # Where hardly anybody has ever paid, a purchase is worth nothing.
        amounts = GammaGamma.fit(number[paid], amount[paid]) if paid.sum() > 1 else GammaGamma(p=1.0, q=2.0, v=0.0)
        # Processors differ by some 1e-13, and so in the sixth digit once in a million fits.
        rounded = {name: float(f"{value:.{DIGITS}g}") for name, value in asdict(amounts).items()}
        return cls(purchase_process.fit(rows), GammaGamma(**rounded))

    @classmethod
    def of_card(cls, card: dict[str, Any]) -> Self:
        """Back from the model card."""
        return cls(BgNbd(**card["purchases"]), GammaGamma(**card["amounts"]))

    def as_card(self) -> dict[str, Any]:
        """Plain numbers for the model card."""
        return asdict(self)

    def expected(self, examples: pl.DataFrame, gap_days: int, horizon_days: int) -> Array:
        """Spend in the outcome window of each customer, if he or she buys in it, in currency units.

        Never more than the customer has paid so far and not taken back; see `docs/decisions/value.md`.

        Parameters
        ----------
        examples
            One row per customer, with the features in `NEEDS`.
        gap_days, horizon_days
            Days before the outcome window, and its length.

        Examples
        --------
        A customer with 10 orders of 30 in 90 days, the last one a week ago, one who ordered once, and one who ordered
        once for 30,000 and gave all but 30 of it back:

        >>> both = pl.DataFrame({"days_since_first_order": [90, 90, 90], "days_since_last_order": [7, 90, 90],
        ...     "order_days_ever": [10, 1, 1], "orders_ever": [10, 1, 1], "orders_365d": [10, 1, 1],
        ...     "spend_365d": [300.0, 30.0, 30_000.0], "refund_share_365d": [0.0, None, 0.999]})
        >>> Spend(BgNbd(0.24, 31.0, 0.8, 2.4), GammaGamma(6.25, 3.74, 15.44)).expected(both, 0, 30).round(0)
        array([74., 30., 30.])
        """
        often = self.purchases.purchases_if_any(*rhythm_of(examples), gap_days, gap_days + horizon_days)
        number, amount = paid_per_day(examples)
        # Of whom nothing is known but what is older than a year, the amounts of all others are all there is to go by.
        paid_so_far = np.where(number > 0, amount * _column(examples, "order_days_ever"), np.inf)
        return np.asarray(np.minimum(often * self.amounts.expected_amount(number, amount), paid_so_far))


def rhythm_of(rows: pl.DataFrame) -> tuple[Array, Array]:
    """Days with an order after the first one, and days from the first to now."""
    return _column(rows, "order_days_ever") - 1, _column(rows, "days_since_first_order")


def paid_per_day(rows: pl.DataFrame) -> tuple[Array, Array]:
    """Days with an order in the last year, about, and the mean paid and not given back on one, in currency units."""
    # Counted directly, days with an order of a year need a discount column (features/price.py); these three do not.
    number = _column(rows, "order_days_ever") * _column(rows, "orders_365d") / _column(rows, "orders_ever")
    # What was refunded may have been paid before the year: nobody is worth less than nothing for it.
    kept = 1 - np.clip(np.nan_to_num(_column(rows, "refund_share_365d")), 0, 1)
    net = _column(rows, "spend_365d") * kept
    return number, np.divide(net, number, out=np.zeros_like(number), where=number > 0)


def _column(rows: pl.DataFrame, name: str) -> Array:
    return rows[name].cast(pl.Float64).to_numpy().astype(np.float64)
