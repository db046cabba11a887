"""From everyone's decision to the list people are handed: who is on it, in which order, in which columns."""

from datetime import timedelta
from typing import Final

import polars as pl

from pipeline.decisions.watch import is_personal
from pipeline.lists.schema import FAMILY_PREFIX, FILLED_IN, RISK_LIST

# The next list comes after so many days, so what is due by then cannot wait for it.
DAYS_OF_A_LIST: Final = 7


def to_list(decided: pl.DataFrame, bands: list[str], min_band: str, max_rows: int) -> pl.DataFrame:
    """The customers somebody has to act on in person, and those to watch.

    First what is owed within a week, by the day it is due; then what is done for profit, by what it is expected to keep
    less its cost; then other duties, those that wait for hands, and the others to watch, by value at stake.

    Parameters
    ----------
    decided
        Everyone scored, with the action or the reason for none, ``work``, ``waiting_duty``, ``snoozed_until`` and
        ``is_control``.
    bands
        Names of the risk bands, from the lowest up.
    min_band
        Customers of this band or above are watched; those below stand on the list only if somebody has to act, or has
        put them off to a later day.
    max_rows
        Length of the list at most; what has been given to a person is never cut.
    """
    personal = is_personal()
    waits = pl.col("waiting_duty").is_not_null()
    # A control must not be acted on by hand either, and a name on the list asks for that.
    # Whom a team has put off must not be forgotten.
    is_asleep = (pl.col("snoozed_until") > pl.col("as_of")).fill_null(value=False)
    is_watched = (pl.col("risk_band").is_in(bands[bands.index(min_band) :]) | is_asleep) & ~pl.col("is_control")
    soon = pl.col("due_day") < pl.col("as_of") + timedelta(days=DAYS_OF_A_LIST)
    is_duty = pl.col("work") == "duty"
    place = (
        pl.when(is_duty & soon).then(0).when(pl.col("work") == "task").then(1).when(is_duty).then(2)
        .when(waits).then(3).otherwise(4)
    )  # fmt: skip
    keeps = pl.when(pl.col("work") == "task").then(pl.col("expected_saved_value") - pl.col("cost"))
    day = pl.when(pl.col("work") == "duty").then("due_day")
    order = [place, day, keeps, "value_at_stake", "churn_probability", "customer_id"]
    falls = [False, False, True, True, True, False]
    chosen = decided.filter(personal | waits | is_watched).sort(order, descending=falls, nulls_last=True)
    return chosen.head(max(max_rows, int(chosen.select(personal.sum()).item())))


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
