"""Words about days that no feature holds: each is worked out from features and the day of the list, here only.

They know nothing that happened on the day of the list or after it, since features do not.
"""

from dataclasses import dataclass
from typing import Final

import polars as pl


@dataclass(frozen=True)
class Derived:
    """A number worked out from features.

    Attributes
    ----------
    name, unit, description
        What it is called, in which unit it is, and what it means.
    inputs
        The features it is made of.
    how
        The number, over `inputs` and ``as_of``; null where an input is.
    """

    name: str
    unit: str
    description: str
    inputs: tuple[str, ...]
    how: pl.Expr


def _first_order() -> pl.Expr:
    return pl.col("as_of") - pl.duration(days=pl.col("days_since_first_order").cast(pl.Int64))


def _in_year(year: pl.Expr) -> pl.Expr:
    """The day of the year of the first order in another year; the 28th in place of a 29 February there is not."""
    day = pl.when(pl.date(year, 1, 1).dt.is_leap_year()).then(_first_order().dt.day())
    leap_day = (_first_order().dt.month() == 2) & (_first_order().dt.day() == 29)
    kept = day.when(leap_day).then(pl.lit(28, dtype=pl.Int8)).otherwise(_first_order().dt.day())
    return pl.date(year, _first_order().dt.month(), kept)


def _next_anniversary() -> pl.Expr:
    this_year = pl.col("as_of").dt.year()
    soon = _in_year(this_year)
    # The first order lies before the day of the list, so what comes on it or later is a year or more after it.
    return pl.when(soon >= pl.col("as_of")).then(soon).otherwise(_in_year(this_year + 1))


DERIVED: Final = {
    derived.name: derived
    for derived in (
        Derived(
            "days_beyond_usual_gap",
            "days",
            "days that the silence since the last order is longer than the customer's own usual gap; below zero while "
            "the time of use is not over, unknown before the second order",
            ("days_since_last_order", "gap_mean_days"),
            pl.col("days_since_last_order") - pl.col("gap_mean_days"),
        ),
        Derived(
            "days_to_anniversary",
            "days",
            "days until the next anniversary of the first order; 0 on the day",
            ("days_since_first_order",),
            (_next_anniversary() - pl.col("as_of")).dt.total_days(),
        ),
        Derived(
            "years_at_anniversary",
            "years",
            "how many years the next anniversary of the first order completes",
            ("days_since_first_order",),
            _next_anniversary().dt.year() - _first_order().dt.year(),
        ),
    )
}
