"""Reasons that a team has called wrong: not given again to the same customer for a while, and counted."""

from datetime import date, timedelta
from typing import Final

import polars as pl

PLACES: Final = (1, 2, 3)
PARTS: Final = ("family", "text", "contribution", "causes", "kind", "act", "team", "risk_share")


def without(scores: pl.DataFrame, outcomes: pl.DataFrame, as_of: date, days: int) -> pl.DataFrame:
    """Take from each customer the reasons of a family that was called wrong; those behind them move up.

    Parameters
    ----------
    scores
        One row per customer, with ``customer_id`` and the reasons, ``reason_1_family`` and so on.
    outcomes
        As `pipeline.outcomes.feedback.read` gives it.
    as_of
        The day of the list.
    days
        For how long a reason that was called wrong is not given again; 0 gives it at once.

    Examples
    --------
    >>> scores = pl.DataFrame({"customer_id": ["a"], "reason_1_family": ["price"], "reason_2_family": ["recency"]})
    >>> scores = scores.with_columns(pl.lit(None, dtype=pl.String).alias("reason_3_family"))
    >>> wrong = pl.DataFrame({"customer_id": ["a"], "as_of": [date(2024, 1, 1)], "wrong_family": ["price"]})
    >>> without(scores, wrong, date(2024, 1, 8), 90).row(0)
    ('a', 'recency', None, None)
    """
    lately = outcomes.filter(pl.col("wrong_family").is_not_null(), pl.col("as_of") > as_of - timedelta(days=days))
    if lately.is_empty():
        return scores
    by_customer = lately.group_by("customer_id").agg(pl.col("wrong_family").unique().alias("wrong"))
    beside = scores.join(by_customer, on="customer_id", how="left", maintain_order="left")
    keeps = {place: _is_kept(place) for place in PLACES}
    # How many reasons are kept up to a place is the place that one moves to.
    up_to = {
        place: pl.sum_horizontal([keeps[one].cast(pl.Int64) for one in PLACES if one <= place]) for place in PLACES
    }
    moved = [
        pl.coalesce(
            [
                pl.when(keeps[before] & (up_to[before] == place)).then(pl.col(f"reason_{before}_{part}"))
                for before in PLACES
            ]
        ).alias(f"reason_{place}_{part}")
        for part in PARTS
        for place in PLACES
        if f"reason_{place}_{part}" in scores.columns
    ]
    return beside.with_columns(moved).select(scores.columns)


def _is_kept(place: int) -> pl.Expr:
    wrong = pl.col(f"reason_{place}_family").cast(pl.String).is_in(pl.col("wrong")).fill_null(value=False)
    return ~wrong & pl.col(f"reason_{place}_family").is_not_null()


def counts(outcomes: pl.DataFrame) -> dict[str, int]:
    """How often the reasons of each family were called wrong, the most often first."""
    by_family = (
        outcomes["wrong_family"].drop_nulls().value_counts().sort("count", "wrong_family", descending=[True, False])
    )
    return dict(by_family.iter_rows())
