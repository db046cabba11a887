"""At which stage of their time with us customers stand: each stage asks for other acts than the next."""

from typing import Final

import polars as pl

STAGES: Final = {
    "short": "bought once so far: give more than was expected",
    "medium": "bought again, and is not settled yet: remind, and be reliable",
    "long": "is a loyal customer by tier: treat as one knows each other",
}
# Tiers that a customer of each stage can be of; `pipeline.value.customer_value.tier` says how tiers are told.
TIERS_OF: Final = {"short": ("new", "one-time"), "medium": ("new", "regular"), "long": ("loyal",)}


def lifecycle() -> pl.Expr:
    """``short``, ``medium`` or ``long``, by the first rule that holds.

    Returns
    -------
    polars.Expr
        Over ``tier`` and ``orders_ever``.

    Examples
    --------
    >>> table = pl.DataFrame({"tier": ["new", "one-time", "new", "regular", "loyal"], "orders_ever": [1, 1, 2, 9, 30]})
    >>> table.select(lifecycle()).to_series().to_list()
    ['short', 'short', 'medium', 'medium', 'long']
    """
    return (
        pl.when(pl.col("tier") == "loyal")
        .then(pl.lit("long"))
        .when(pl.col("orders_ever") == 1)
        .then(pl.lit("short"))
        .otherwise(pl.lit("medium"))
        .alias("lifecycle")
    )
