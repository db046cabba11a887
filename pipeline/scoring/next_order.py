"""The days on which a customer's next order was usually due and is expected now, or on which the contract ends."""

from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.config.params import Label
from pipeline.examples.snapshots import outcome_window
from pipeline.model.event_curve import EventCurve
from pipeline.model.event_days import day_reached

Array = npt.NDArray[np.float64]
EXPECTED: Final = {"next_order_from_day": 0.1, "next_order_day": 0.5, "next_order_until_day": 0.9}
"""The columns that the curve gives, and the chance (0-1) that the order has come by the end of that day."""
CANCELLATION: Final = {"cancellation_from_day": 0.1, "cancellation_day": 0.5}
"""The same of the end of the contract, where churn is a cancellation: most never come so far within a year."""
COLUMNS: Final = ("usual_order_day", *EXPECTED, *CANCELLATION)
USUAL_GAP: Final = "gap_mean_days"


def next_order(
    curve: EventCurve | None, examples: pl.DataFrame, no_event: Array | None, as_of: date, label: Label
) -> pl.DataFrame:
    """When each customer's next order was and is to be expected, or the end of the contract.

    Parameters
    ----------
    curve
        Of the model; None where it has none.
    examples
        One row per customer, as of the day.
    no_event
        What `EventCurve.no_event` says of them; None where there is no curve.
    as_of, label
        The day, and ``params.yaml: label``.

    Returns
    -------
    DataFrame
        `COLUMNS`, all of them dates. ``usual_order_day`` is the last order and the customer's own mean pause, null
        after a single order. The others are null where the curve does not reach so far (a year at most), where the
        model has none, and where it is the other event that it foresees.
    """
    start = outcome_window(as_of, label).start
    expected = [pl.Series(name, [None] * len(examples), dtype=pl.Date) for name in (*EXPECTED, *CANCELLATION)]
    if curve is not None and no_event is not None:
        shares = CANCELLATION if curve.is_churn else EXPECTED
        renewal = curve.renewal(examples, label)
        reached = {name: day_reached(no_event, curve.days, share, renewal) for name, share in shares.items()}
        expected += [_dates(name, start, days) for name, days in reached.items()]
    made = {column.name: column for column in expected}
    return examples.with_columns(_usual(examples, as_of), *made.values()).select(COLUMNS)


def _usual(examples: pl.DataFrame, as_of: date) -> pl.Expr:
    if USUAL_GAP not in examples.columns:
        return pl.lit(None, dtype=pl.Date).alias("usual_order_day")
    from_now = pl.col(USUAL_GAP).round().cast(pl.Int64) - pl.col("days_since_last_order").cast(pl.Int64)
    return (pl.lit(as_of) + pl.duration(days=from_now)).cast(pl.Date).alias("usual_order_day")


def _dates(name: str, start: date, days: Array) -> pl.Series:
    """The day that is over after so many days; a part of a day belongs to it."""
    places = np.where(np.isfinite(days), np.maximum(np.ceil(days) - 1, 0), np.nan)
    from_start = pl.duration(days=pl.col(name).fill_nan(None).cast(pl.Int64))
    return pl.DataFrame({name: places}).select((pl.lit(start) + from_start).cast(pl.Date).alias(name)).to_series()
