"""How full the columns of a table are, and what their numbers are on average, before the day of a list."""

from datetime import date, timedelta
from typing import Final

import polars as pl

from pipeline.drift.profile import Filled

RECENT_DAYS: Final = 28
"""Days before the list whose rows are the recent ones."""


def profiled(rows: pl.LazyFrame, columns: list[str], when: str | None, day: date) -> tuple[int, dict[str, Filled]]:
    """How many rows there are, and each of the columns.

    Parameters
    ----------
    rows
        Of a table, those before the day.
    columns
        Names of those to look at.
    when
        The day of each row; None where the rows have none.
    day
        Of the list.
    """
    values = _values(rows.collect_schema(), columns, when)
    is_recent = pl.lit(value=False) if when is None else pl.col(when) >= day - timedelta(days=RECENT_DAYS)
    counted = rows.select(
        pl.len().alias("rows"),
        is_recent.sum().alias("recent"),
        *(pl.col(name).count().alias(f"{name} all") for name in columns),
        *(pl.col(name).filter(is_recent).count().alias(f"{name} recent") for name in columns),
        *((pl.col(name).min() != pl.col(name).max()).alias(f"{name} varies") for name in columns),
        *(value.mean().alias(f"{name} mean") for name, value in values.items()),
        *(value.std().alias(f"{name} deviation") for name, value in values.items()),
    ).collect()
    total, recent = counted.item(0, "rows"), counted.item(0, "recent")
    return total, {
        name: Filled(
            round(counted.item(0, f"{name} all") / max(total, 1), 6),
            round(counted.item(0, f"{name} recent") / recent, 6) if recent else None,
            bool(counted.item(0, f"{name} varies")),
            *(_rounded(counted.item(0, f"{name} {figure}")) for figure in ("mean", "deviation") if name in values),
        )
        for name in columns
    }


def _values(schema: pl.Schema, columns: list[str], when: str | None) -> dict[str, pl.Expr]:
    """What is averaged: numbers, flags, and of days how many they lie after the day of their row.

    Days themselves go on with the calendar; how long after its row a day lies stays as it is.
    """
    values = {name: pl.col(name) for name in columns if schema[name].is_numeric() or schema[name] == pl.Boolean}
    if when is not None:
        days = [name for name in columns if schema[name] == pl.Date]
        values |= {name: (pl.col(name) - pl.col(when)).dt.total_days() for name in days}
    return {name: value.cast(pl.Float64) for name, value in values.items()}


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else float(f"{figure:.6g}")
