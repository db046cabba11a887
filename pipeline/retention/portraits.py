"""Who leaves soon after coming, who the best customers are, and how often each team got in touch."""

from datetime import date, timedelta
from typing import Final

import polars as pl

from pipeline.retention.breakdown import GROUPINGS, UNKNOWN
from pipeline.retention.periods import Period
from pipeline.retention.revenue import TOP_SHARE

YEAR: Final = timedelta(days=365)
EARLY: Final[dict[str, pl.DataType]] = {
    "by": pl.String(), "group": pl.String(), "came": pl.Int64(), "left": pl.Int64(), "share": pl.Float64(),
}  # fmt: skip
BEST: Final[dict[str, pl.DataType]] = {
    "by": pl.String(), "group": pl.String(), "share_of_best": pl.Float64(), "share_of_payers": pl.Float64(),
    "times": pl.Float64(),
}  # fmt: skip


def early_leavers(customers: pl.DataFrame, earliest: date, latest: date) -> pl.DataFrame:
    """Of those who came in the year up to a day, who is no customer any more at the end; by seller and source.

    Parameters
    ----------
    customers
        ``first_day``, ``is_end``, and ``seller`` and ``source`` as far as they are known.
    earliest
        The first day on which somebody who came was surely new.
    latest
        Who came on it or later is left out: by the rule, nobody can be lost as soon as that.

    Returns
    -------
    polars.DataFrame
        The columns `EARLY`, the highest share (0-1) of each grouping first; all of them under ``by`` ``all``.

    Examples
    --------
    >>> table = pl.DataFrame({"first_day": [date(2024, 1, 5)] * 3 + [date(2020, 1, 1)],
    ...                       "is_end": [True, False, False, False], "seller": ["A", "A", "B", "B"]})
    >>> early_leavers(table, date(2019, 1, 1), date(2024, 6, 1)).rows()
    ... # doctest: +NORMALIZE_WHITESPACE
    [('all', 'all', 3, 2, 0.6666666666666666), ('seller', 'B', 1, 1, 1.0), ('seller', 'A', 2, 1, 0.5)]
    """
    came = customers.filter(pl.col("first_day") >= max(earliest, latest - YEAR), pl.col("first_day") < latest)
    counts = (pl.len().cast(pl.Int64).alias("came"), (~pl.col("is_end")).sum().cast(pl.Int64).alias("left"))
    whole = came.select(pl.lit("all").alias("by"), pl.lit("all").alias("group"), *counts).head(min(1, came.height))
    parts = [whole]
    for by in (name for name in ("seller", "source") if name in came.columns and came[name].count()):
        named = came.with_columns(pl.col(by).fill_null(UNKNOWN).alias("group"), pl.lit(by).alias("by"))
        parts.append(named.group_by("by", "group").agg(counts))
    shares = [part.with_columns((pl.col("left") / pl.col("came")).alias("share")).cast(EARLY) for part in parts]  # type: ignore[arg-type]
    return pl.concat([part.select(EARLY.keys()).sort(-pl.col("share"), -pl.col("came"), "group") for part in shares])


def best_customers(customers: pl.DataFrame) -> pl.DataFrame:
    """What sets the fifth of the payers who paid most apart from all payers.

    Parameters
    ----------
    customers
        ``customer_key``, ``revenue_minor`` and any of `GROUPINGS`.

    Returns
    -------
    polars.DataFrame
        The columns `BEST`: of each group its share (0-1) of the best and of all payers, and how many times as often it
        is among the best; the most telling of each grouping first.

    Examples
    --------
    >>> table = pl.DataFrame({"customer_key": range(5), "revenue_minor": [900, 100, 90, 80, 0], "tier": list("abbbb")})
    >>> best_customers(table).rows()
    [('tier', 'a', 1.0, 0.25, 4.0), ('tier', 'b', 0.0, 0.75, 0.0)]
    """
    payers = customers.filter(pl.col("revenue_minor") > 0).sort(
        "revenue_minor", "customer_key", descending=[True, False]
    )
    best = payers.head(-(-payers.height // round(1 / TOP_SHARE)))
    parts = [pl.DataFrame(schema=BEST)]
    for by in (name for name in GROUPINGS if name in customers.columns):
        among_all, among_best = (_shares(part, by, name) for part, name in ((payers, "of_payers"), (best, "of_best")))
        both = among_all.join(among_best, on="group", how="left").with_columns(pl.col("share_of_best").fill_null(0.0))
        rated = both.with_columns(
            pl.lit(by).alias("by"), (pl.col("share_of_best") / pl.col("share_of_payers")).alias("times")
        )
        parts.append(rated.select(BEST.keys()).sort(-pl.col("times"), "group").cast(BEST))  # type: ignore[arg-type]
    return pl.concat(parts)


def _shares(rows: pl.DataFrame, by: str, name: str) -> pl.DataFrame:
    groups = rows.group_by(pl.col(by).cast(pl.String).fill_null(UNKNOWN).alias("group")).len()
    return groups.select("group", (pl.col("len") / max(1, rows.height)).alias(f"share_{name}"))


def contact_load(contacts: pl.LazyFrame, period: Period) -> pl.DataFrame:
    """How often each team, and all of them together, got in touch with whom.

    Parameters
    ----------
    contacts
        ``customer_key``, ``day`` and, where the company tells it, ``team``.
    period
        The days that count.

    Returns
    -------
    polars.DataFrame
        ``team, contacts, customers, most`` (to one customer); all of them first, then the busiest.

    Examples
    --------
    >>> rows = {"customer_key": [1, 1, 2], "day": [date(2024, 5, 2)] * 3, "team": ["sales", "sales", None]}
    >>> contact_load(pl.LazyFrame(rows), Period("month", date(2024, 5, 1), date(2024, 6, 1))).rows()
    [('all', 3, 2, 2), ('sales', 2, 1, 2), ('unknown', 1, 1, 1)]
    """
    team = pl.col("team") if "team" in contacts.collect_schema() else pl.lit(None, dtype=pl.String)
    inside = contacts.filter(pl.col("day") >= period.start, pl.col("day") < period.end)
    named = inside.select("customer_key", team.fill_null(UNKNOWN).alias("team"))
    both = pl.concat([named.with_columns(pl.lit("all").alias("team")), named])
    each = both.group_by("team", "customer_key").agg(pl.len().cast(pl.Int64).alias("contacts"))
    loads = each.group_by("team").agg(
        pl.col("contacts").sum(), pl.len().cast(pl.Int64).alias("customers"), pl.col("contacts").max().alias("most")
    )
    return loads.sort(pl.col("team") != "all", -pl.col("contacts"), "team").collect()
