"""The customer's rhythm as one feature: how likely is no order at all, if nothing changes."""

import dataclasses

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.examples.features import Feature, Forecast
from pipeline.value.bg_nbd import BgNbd

Array = npt.NDArray[np.float64]

# What it is computed from, all in days.
NEEDS = ("order_days_ever", "days_since_first_order", "days_since_last_order")
DIGITS = 6

P_NO_PURCHASE = Feature(
    "p_no_purchase",
    "share",
    "frequency",
    Forecast(NEEDS),
    "chance of no order in the outcome window by the customer's rhythm alone (BG/NBD, fitted on training snapshots)",
    "up",
    is_sure=True,
    causes=("C55", "C27"),
)


def fit(examples: pl.DataFrame) -> BgNbd:
    """Fit the rhythms of the customers of one snapshot; their outcome plays no part in it.

    Rounded to six digits: processors differ by some 1e-14, and no file may.
    """
    fitted = BgNbd.fit(*_history(examples))
    return BgNbd(**{name: float(f"{value:.{DIGITS}g}") for name, value in dataclasses.asdict(fitted).items()})


def p_no_purchase(rhythm: BgNbd, examples: pl.DataFrame, gap_days: int, horizon_days: int) -> Array:
    """Chance (0-1) of no order in the outcome window, one per row."""
    window = float(gap_days), float(gap_days + horizon_days)
    # Six digits: enough for any ranking, and the same on every processor.
    return np.round(rhythm.no_purchase(*_history(examples), *window), DIGITS)


def _history(examples: pl.DataFrame) -> tuple[Array, Array, Array]:
    order_days, first, last = (examples[name].cast(pl.Float64).to_numpy() for name in NEEDS)
    return order_days - 1, first - last, first
