"""The same rates for parts of the customers: by tenure, tier, market, region, seller and source."""

from datetime import date, timedelta
from typing import Any, Final

import polars as pl

from pipeline.config.params import Score
from pipeline.retention import rates, revenue
from pipeline.value import customer_value

NEW: Final = "came in the period"
UNKNOWN: Final = "unknown"
HALF_YEAR, THREE_YEARS = timedelta(days=183), timedelta(days=1096)
OF_THE_REGISTER: Final = {"market": "market", "region": "region", "owner": "seller"}
"""Columns of the table customers, and what the breakdown by each is called."""
SOURCE: Final = "source"
GROUPINGS: Final = ("tenure", "tier", *OF_THE_REGISTER.values(), SOURCE)
SCHEMA: Final[dict[str, pl.DataType]] = {
    "by": pl.String(), "group": pl.String(), "start": pl.Int64(), "lost": pl.Int64(), "won": pl.Int64(),
    "returned": pl.Int64(), "end": pl.Int64(), "retention_excluding_new": pl.Float64(),
    "retention_net": pl.Float64(), "revenue_kept_gross": pl.Float64(), "revenue_kept_net": pl.Float64(),
}  # fmt: skip


def with_tenure_and_tier(customers: pl.DataFrame, start: date, settings: Score) -> pl.DataFrame:
    """Add ``tenure`` and ``tier`` as they were on the first day of the period.

    Parameters
    ----------
    customers
        The columns of `pipeline.retention.customer_flow.SCHEMA`.
    start
        The first day of the period; who became a customer later has neither, and is a group of his or her own.
    settings
        ``params.yaml: score``, whose rules say of which tier a customer is.

    Examples
    --------
    >>> from pipeline.config import params
    >>> table = pl.DataFrame({"first_day": [date(2024, 5, 1), date(2023, 1, 1), date(2019, 1, 1), date(2024, 6, 2)],
    ...                       "orders_before": [1, 1, 90, 0], "orders_year_before": [1, 0, 30, 0]})
    >>> with_tenure_and_tier(table, date(2024, 6, 1), params.load().score).select("tenure", "tier").rows()
    ... # doctest: +NORMALIZE_WHITESPACE
    [('under 6 months', 'new'), ('6 months to 3 years', 'one-time'), ('3 years or more', 'loyal'),
     ('came in the period', 'came in the period')]
    """
    is_new, known = rates.is_new(start), pl.lit(start) - pl.col("first_day")
    features = customers.with_columns(
        known.dt.total_days().alias("days_since_first_order"),
        pl.col("orders_before").alias("orders_ever"),
        pl.col("orders_year_before").alias("orders_365d"),
    )
    return customers.with_columns(
        pl.when(is_new).then(pl.lit(NEW)).otherwise(tenure(known)).alias("tenure"),
        pl.when(is_new)
        .then(pl.lit(NEW))
        .otherwise(features.select(customer_value.tier(settings)).to_series())
        .alias("tier"),
    )


def tenure(known: pl.Expr) -> pl.Expr:
    """How long somebody has been a customer, in words; null where nobody knows.

    Parameters
    ----------
    known
        The time since the first day.
    """
    return (
        pl.when(known < HALF_YEAR)
        .then(pl.lit("under 6 months"))
        .when(known < THREE_YEARS)
        .then(pl.lit("6 months to 3 years"))
        .when(known.is_not_null())
        .then(pl.lit("3 years or more"))
    )


def by_group(customers: pl.DataFrame, start: date, *, by_fee: bool, is_before_known: bool) -> pl.DataFrame:
    """The flow and the rates of each group of each grouping that `customers` has.

    Parameters
    ----------
    customers
        The columns of `pipeline.retention.customer_flow.SCHEMA`, and any of `GROUPINGS`.
    start
        The first day of the period.
    by_fee, is_before_known
        See `pipeline.retention.revenue.Money`; where the period before is not known, no revenue was kept.

    Returns
    -------
    polars.DataFrame
        The columns `SCHEMA`, the largest group of each grouping first; rates are shares (0-1), null without a start.
        The counts of the groups of a grouping add up to those of everybody.
    """
    rows: list[dict[str, Any]] = []
    for grouping in (name for name in GROUPINGS if name in customers.columns):
        named = customers.with_columns(pl.col(grouping).cast(pl.String).fill_null(UNKNOWN).alias("group"))
        parts = named.partition_by("group", as_dict=True)
        if [*parts] == [(UNKNOWN,)]:
            continue  # the company has the column, and nothing in it
        groups = [_row(grouping, str(name), part, start, by_fee=by_fee) for (name,), part in parts.items()]
        rows += sorted(groups, key=lambda row: (-row["start"], -row["end"], row["group"]))
    table = pl.DataFrame(rows, schema=SCHEMA)
    # Who was none at either end, nor in between, is not spoken of.
    seen = table.filter(pl.any_horizontal(pl.col("start", "end") > 0))
    known = by_fee or is_before_known
    return seen if known else seen.with_columns(revenue_kept_gross=None, revenue_kept_net=None).cast(SCHEMA)  # type: ignore[arg-type]


def _row(grouping: str, group: str, part: pl.DataFrame, start: date, *, by_fee: bool) -> dict[str, Any]:
    of, paid = rates.flow(part, start), revenue.kept(part, by_fee=by_fee)
    counts = {name: getattr(of, name) for name in ("start", "lost", "won", "returned", "end")}
    return {
        "by": grouping,
        "group": group,
        **counts,
        "retention_excluding_new": of.kept / of.start if of.start else None,
        "retention_net": rates.net(of.end, of.start),
        "revenue_kept_gross": paid.gross,
        "revenue_kept_net": paid.net,
    }
