"""A share as people say it."""

import polars as pl


def percent(column: str) -> pl.Expr:
    """A share (0-1) in whole percent, as text.

    >>> pl.DataFrame({"share": [0.316, None]}).select(percent("share")).to_series().to_list()
    ['32', None]
    """
    return (pl.col(column) * 100).round(0).cast(pl.Int64).cast(pl.String)
