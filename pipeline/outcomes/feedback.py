"""What teams have handed back before a day: how actions went, who is to be left alone, and where customers answered."""

from datetime import date
from pathlib import Path

import polars as pl

from pipeline.tables import storage

OPTIONAL = {"done_day": pl.Date(), "response": pl.String(), "snooze_until_day": pl.Date()}
COLUMNS = {"customer_id": pl.String(), "as_of": pl.Date(), "status": pl.String(), "done": pl.Date(),
           "responded": pl.Boolean(), "snooze_until_day": pl.Date()}  # fmt: skip


def read(folder: Path, as_of: date) -> pl.DataFrame:
    """The outcomes of earlier lists, as far as they were known before the day.

    Parameters
    ----------
    folder
        Of the table outcomes; it need not be there.
    as_of
        Outcomes of lists of this day or later, and what was done on it or later, are not known yet.

    Returns
    -------
    polars.DataFrame
        The columns `COLUMNS`; ``done`` is the day of what was done, by the list where no day is given.
    """
    parts = [_known(pl.scan_parquet(file), as_of).collect() for file in storage.bucket_files(folder)]
    return pl.concat([pl.DataFrame(schema=COLUMNS), *parts])


def _known(outcomes: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    there = outcomes.collect_schema().names()
    full = outcomes.with_columns(
        pl.lit(None, dtype=kind).alias(name) for name, kind in OPTIONAL.items() if name not in there
    )
    known = (pl.col("as_of_day") < as_of) & (pl.col("done_day").is_null() | (pl.col("done_day") < as_of))
    return full.filter(known).select(
        "customer_id",
        pl.col("as_of_day").alias("as_of"),
        "status",
        pl.when(pl.col("status") == "done").then(pl.coalesce("done_day", "as_of_day")).alias("done"),
        (pl.col("response").fill_null("").str.strip_chars() != "").alias("responded"),
        "snooze_until_day",
    )


def facts(outcomes: pl.DataFrame, given: pl.LazyFrame) -> pl.DataFrame:
    """Until when each customer is left alone, when something was last done, and by which channel he or she answered.

    Parameters
    ----------
    outcomes
        As `read` gives it.
    given
        The decisions of earlier lists, with the columns `open_action.GIVEN`.
    """
    days = outcomes.group_by("customer_id").agg(
        pl.col("snooze_until_day").max().alias("snoozed_until"), pl.col("done").max().alias("done_day")
    )
    answers = outcomes.filter("responded").lazy().select("customer_id", "as_of").unique()
    channel = given.filter(pl.col("channel").is_not_null()).join(answers, on=["customer_id", "as_of"], how="semi")
    last = channel.group_by("customer_id").agg(pl.col("channel").sort_by("as_of").last().alias("responded_channel"))
    return days.join(last.collect(), on="customer_id", how="left")
