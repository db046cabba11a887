"""What sending systems are handed: a file for each playbook that no person has to carry out, and a table of them."""

from datetime import date
from typing import Final

import polars as pl

from pipeline.lists.file_names import file_stems
from pipeline.lists.schema import FILLED_IN, RISK_LIST

HANDED_BACK: Final = tuple(name for name in FILLED_IN if name in ("outcome", "done_day", "answer", "note"))
AUDIENCE: Final[dict[str, pl.DataType]] = {
    "customer_id": pl.String(),
    "name": pl.String(),
    "language": pl.String(),
    **{name: RISK_LIST[name] for name in ("playbook", "channel", "who", "action", "due_day", "as_of")},
    **{name: RISK_LIST[name] for name in HANDED_BACK},
}
"""The columns of an audience, in order."""
CAMPAIGNS: Final[dict[str, pl.DataType]] = {
    "playbook": pl.String(),
    "customers": pl.Int64(),
    "channel": pl.String(),
    "who": pl.String(),
    "action": pl.String(),
    "caution": pl.String(),
    "due_day": pl.Date(),
    "file": pl.String(),
}
"""The columns of the table of audiences: to how many customers what is sent, through which channels, and the file."""


def of_week(decided: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Whom this list gives for the first time what a sending system carries out.

    What an earlier list gave has been handed over then: a system that sent it again would send it twice. Consent and
    channel were settled when it was given.

    Parameters
    ----------
    decided
        Everyone's decision, with ``work`` and ``given_day``; with ``language`` where the company knows it.
    as_of
        The day of the list.

    Returns
    -------
    polars.DataFrame
        The columns `AUDIENCE` and ``caution``, by playbook and customer.
    """
    rows = decided.filter(pl.col("work") == "audience", pl.col("given_day") == as_of)
    absent = [pl.lit(None).alias(name) for name in ("name", "language") if name not in rows.columns]
    to_fill_in = [pl.lit("").alias(name) for name in HANDED_BACK]
    full = rows.with_columns(*absent, *to_fill_in, as_of=pl.lit(as_of))
    chosen = full.select(
        *(pl.col(name).cast(kind) for name, kind in AUDIENCE.items()), pl.col("caution").cast(pl.String)
    )
    return chosen.sort("playbook", "customer_id")


def campaigns(audiences: pl.DataFrame | None) -> pl.DataFrame:
    """One row for each playbook, the largest audience first: `CAMPAIGNS`.

    Parameters
    ----------
    audiences
        As `of_week` gives it; None is nobody.
    """
    if audiences is None:
        return pl.DataFrame(schema=CAMPAIGNS)
    stems = file_stems(audiences["playbook"].unique().to_list())
    files = {playbook: f"audiences/{stem}.csv" for playbook, stem in stems.items()}
    sized = audiences.group_by("playbook").agg(
        pl.len().cast(pl.Int64).alias("customers"),
        pl.col("channel").unique().sort().str.join(", "),
        pl.col("who", "action", "caution").sort_by("customer_id").first(),
        pl.col("due_day").min(),
    )
    file = pl.col("playbook").replace_strict(files, default=None, return_dtype=pl.String).alias("file")
    return sized.with_columns(file).select(CAMPAIGNS.keys()).sort("customers", "playbook", descending=[True, False])
