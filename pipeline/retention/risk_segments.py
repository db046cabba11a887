"""Who is expected to leave, and why, by segment: tier, tenure, market, region, seller and source."""

from collections.abc import Iterator
from datetime import date
from typing import Final

import polars as pl

from pipeline.evaluation import expected_performance
from pipeline.reasons import root_causes
from pipeline.retention import breakdown
from pipeline.retention.breakdown import GROUPINGS, UNKNOWN

MIN_CUSTOMERS: Final = 30
"""Customers of a group below which it joins the others, as in the rates by group."""
MAX_GROUPS: Final = 12
OTHERS: Final = "all others"
FORECAST: Final[dict[str, pl.DataType]] = {
    "by": pl.String(), "group": pl.String(), "customers": pl.Int64(), "expected_churners": pl.Float64(),
    "low": pl.Int64(), "high": pl.Int64(), "value_at_stake": pl.Float64(),
}  # fmt: skip
"""One row per group; ``low`` to ``high`` hold the churners 19 times of 20, ``value_at_stake`` is in currency units."""
CAUSES: Final[dict[str, pl.DataType]] = {
    "by": pl.String(), "group": pl.String(), "cause": pl.String(), "description": pl.String(), "kind": pl.String(),
    "customers": pl.Int64(), "expected_churners": pl.Float64(), "value_at_stake": pl.Float64(),
}  # fmt: skip


def with_tenure(scored: pl.DataFrame, day: date) -> pl.DataFrame:
    """Add ``tenure``, how long each has been a customer on the day; null where nobody knows since when.

    Parameters
    ----------
    scored
        With ``first_day``.
    day
        On which they were scored.
    """
    return scored.with_columns(breakdown.tenure(pl.lit(day) - pl.col("first_day")).alias("tenure"))


def forecast(scored: pl.DataFrame, level_error: float) -> pl.DataFrame:
    """How many of each group are expected to leave, if nothing is done; the groups of a grouping add up to all.

    Parameters
    ----------
    scored
        ``churn_probability``, ``value_at_stake``, and any of `GROUPINGS`.
    level_error
        Standard error of the level of the probabilities, in log-odds, as of `pipeline.model.calibration`.

    Returns
    -------
    polars.DataFrame
        The columns `FORECAST`: everybody first, under ``by`` ``all``, then each grouping, its largest group first. The
        interval of everybody is that of the list. Intervals do not add up: chance evens out over many.

    Examples
    --------
    >>> table = pl.DataFrame({"churn_probability": [0.5] * 40 + [0.1] * 50, "value_at_stake": 1.0,
    ...                       "market": ["b2b"] * 40 + ["b2c"] * 45 + [None] * 5})
    >>> forecast(table, 0.0).rows()
    ... # doctest: +NORMALIZE_WHITESPACE
    [('all', 'all', 90, 25.0, 17, 33, 90.0), ('market', 'b2c', 45, 4.5, 1, 9, 45.0),
     ('market', 'b2b', 40, 20.0, 14, 27, 40.0), ('market', 'unknown', 5, 0.5, 0, 2, 5.0)]
    """
    parts = [("all", "all", scored), *_groups(scored)]
    return pl.DataFrame([_row(by, group, part, level_error) for by, group, part in parts], schema=FORECAST)


def _row(by: str, group: str, part: pl.DataFrame, level_error: float) -> dict[str, object]:
    # Sorted first: a sum of floats depends on its order, and the order of rows must not show.
    probability = part["churn_probability"].sort().to_numpy()
    expected = expected_performance.expect(probability, level_error)
    return {
        "by": by, "group": group, "customers": part.height, "expected_churners": round(float(probability.sum()), 4),
        "low": expected.churners_low, "high": expected.churners_high,
        "value_at_stake": round(float(part["value_at_stake"].sort().sum()), 2),
    }  # fmt: skip


def came(scored: pl.DataFrame) -> pl.DataFrame:
    """How many of each group were expected to leave, what chance makes of it, and how many left.

    Parameters
    ----------
    scored
        ``churn_probability``, ``churned`` (0 or 1), and any of `GROUPINGS`.

    Returns
    -------
    polars.DataFrame
        The columns `FORECAST` without value, and ``churners``; ``low`` to ``high`` are by chance alone.

    Examples
    --------
    >>> table = pl.DataFrame({"churn_probability": [0.5] * 40, "churned": [0, 0, 0, 1] * 10})
    >>> came(table).rows()
    [('all', 'all', 40, 20.0, 14, 27, 10)]
    """
    parts = [("all", "all", scored), *_groups(scored)]
    rows = [
        _row(by, group, part.with_columns(pl.lit(0.0).alias("value_at_stake")), 0.0)
        | {"churners": int(part["churned"].sum())}
        for by, group, part in parts
    ]
    return pl.DataFrame(rows, schema=FORECAST | {"churners": pl.Int64()}).drop("value_at_stake")


def causes(scored: pl.DataFrame, most: int) -> pl.DataFrame:
    """The causes that weigh most in each group.

    Parameters
    ----------
    scored
        ``reason_1_causes``, ``churn_probability``, ``value_at_stake``, and any of `GROUPINGS`.
    most
        How many of each group.

    Returns
    -------
    polars.DataFrame
        The columns `CAUSES`, those with most value at stake first; groups that are too small even together have none.
    """
    rows = [
        {"by": by, "group": group, **weight}
        for by, group, part in _groups(scored)
        if part.height >= MIN_CUSTOMERS
        for weight in root_causes.weights(part)[:most]
    ]
    known = pl.DataFrame(rows, schema=CAUSES | {"act": pl.String(), "who": pl.String()})
    return known.select(CAUSES.keys())


def _groups(scored: pl.DataFrame) -> Iterator[tuple[str, str, pl.DataFrame]]:
    """Grouping, group and its customers: the largest first, those of few customers together at the end."""
    for by in (name for name in GROUPINGS if name in scored.columns):
        named = scored.with_columns(pl.col(by).cast(pl.String).fill_null(UNKNOWN).alias("group"))
        sizes = named.group_by("group").len().sort("len", "group", descending=[True, False])
        large = sizes.filter(pl.col("len") >= MIN_CUSTOMERS).head(MAX_GROUPS)["group"].to_list()
        small = sizes.height - len(large)
        if sizes.height == 1 or not large:
            continue  # nothing to compare: all are of one group, or all groups are small
        for group in large:
            yield by, group, named.filter(pl.col("group") == group)
        if small:
            rest = named.filter(~pl.col("group").is_in(large))
            # One alone keeps its name: there is nothing to join it with.
            yield by, rest["group"][0] if small == 1 else f"{OTHERS} ({small})", rest
