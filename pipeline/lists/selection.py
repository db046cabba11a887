"""From everyone's decision to the list people are handed: who is on it, in which order, in which columns."""

import polars as pl

from pipeline.lists.schema import FAMILY_PREFIX, FILLED_IN, RISK_LIST


def to_list(decided: pl.DataFrame, bands: list[str], min_band: str, max_rows: int) -> pl.DataFrame:
    """The customers to act on or to watch, by value at stake.

    Parameters
    ----------
    decided
        Everyone scored, with the action or the reason for none, and ``is_control``.
    bands
        Names of the risk bands, from the lowest up.
    min_band
        Customers of this band or above are listed; others only with an action.
    max_rows
        Length of the list at most.
    """
    watched = bands[bands.index(min_band) :]
    wanted = pl.col("playbook").is_not_null() | pl.col("risk_band").is_in(watched)
    # A control must not be acted on by hand either, and a name on the list asks for that.
    chosen = decided.filter(wanted & ~pl.col("is_control"))
    order = ["value_at_stake", "churn_probability", "customer_id"]
    return chosen.sort(order, descending=[True, True, False]).head(max_rows)


def as_risk_list(listed: pl.DataFrame) -> pl.DataFrame:
    """The columns people see, in their order."""
    named = listed.with_columns(
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("rank"),
        *(pl.col(f"reason_{place}_text").alias(f"reason_{place}") for place in (1, 2, 3)),
        pl.col("protects_1_text").alias("protects"),
        *(pl.lit("").alias(name) for name in FILLED_IN),
    )
    return named.select(pl.col(column).cast(kind) for column, kind in RISK_LIST.items())


def as_waterfalls(contributions: pl.DataFrame, families: dict[str, str]) -> pl.DataFrame:
    """Contributions by family, for the picture a row opens to.

    Parameters
    ----------
    contributions
        ``customer_id``, one column per feature, ``base_log_odds`` and ``log_odds``.
    families
        The family of each feature.
    """
    sums = [
        pl.sum_horizontal([name for name, own in families.items() if own == family]).alias(FAMILY_PREFIX + family)
        for family in dict.fromkeys(families.values())
    ]
    return contributions.select("customer_id", "base_log_odds", "log_odds", *sums)
