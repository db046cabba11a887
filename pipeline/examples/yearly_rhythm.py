"""Whether people come back once a year: a pause of two years is then a skipped year, and no slower rhythm."""

from typing import Final

import polars as pl

YEAR: Final = 365
LONG: Final = 180
"""Pauses of more days than this are looked at."""
NEAR_DAYS: Final = 45
"""So near to a whole number of years a pause is one of years; by chance, a quarter of all would be."""
LONG_SHARE, YEARLY_SHARE = 0.25, 0.6


def yearly_share(pauses: pl.DataFrame) -> float:
    """Share (0-1) of the long pauses that ended after about a whole number of years.

    Parameters
    ----------
    pauses
        ``days, ended``: how many pauses had that length when they ended.

    Examples
    --------
    >>> yearly_share(pl.DataFrame({"days": [7, 260, 350, 735], "ended": [5, 1, 3, 1]}))
    0.8
    """
    long = pauses.filter(pl.col("days") > LONG)
    near = long.filter((pl.col("days") + NEAR_DAYS) % YEAR <= 2 * NEAR_DAYS)
    return float(near["ended"].sum()) / max(1, int(long["ended"].sum()))


def is_yearly(pauses: pl.DataFrame) -> bool:
    """Whether a quarter of all pauses are long, and three of five of those are years.

    >>> is_yearly(pl.DataFrame({"days": [7, 260, 350, 735], "ended": [5, 1, 3, 1]}))
    True
    >>> is_yearly(pl.DataFrame({"days": [7, 350], "ended": [50, 3]}))
    False
    """
    long = int(pauses.filter(pl.col("days") > LONG)["ended"].sum())
    return long >= LONG_SHARE * max(1, int(pauses["ended"].sum())) and yearly_share(pauses) >= YEARLY_SHARE
