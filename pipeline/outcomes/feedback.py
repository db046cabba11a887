"""What teams have handed back before a day: how actions went, who is to be left alone, and what customers answered."""

from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from pipeline.lists import ANSWERS
from pipeline.outcomes import store
from pipeline.tables import storage

OPTIONAL: Final = {"done_day": pl.Date(), "response": pl.String(), "snooze_until_day": pl.Date()}
COLUMNS: Final = {
    "customer_id": pl.String(), "as_of": pl.Date(), "status": pl.String(), "done": pl.Date(), "answer": pl.String(),
    "responded": pl.Boolean(), "wrong_family": pl.String(), "snooze_until_day": pl.Date(),
}  # fmt: skip
UNREACHABLE: Final = "unreachable"


def read(folder: Path, outcomes_folder: Path, as_of: date) -> pl.DataFrame:
    """The outcomes of earlier lists, as far as they were known before the day.

    Parameters
    ----------
    folder
        Of the table outcomes, which a company may keep itself; it need not be there.
    outcomes_folder
        What `churn outcomes` keeps; of an action that both speak of, this is what counts.
    as_of
        Outcomes of lists of this day or later, and what was done on it or later, are not known yet.

    Returns
    -------
    polars.DataFrame
        The columns `COLUMNS`; ``done`` is the day of what was done, by the list where no day is given.
    """
    parts = [_known(pl.scan_parquet(file), as_of).collect() for file in storage.bucket_files(folder)]
    kept = _known(store.read(outcomes_folder, as_of).rename({"answer": "response"}).lazy(), as_of).collect()
    table = pl.concat([pl.DataFrame(schema=COLUMNS), *parts])
    return pl.concat([table.join(kept, on=["customer_id", "as_of"], how="anti"), kept])


def _known(outcomes: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    there = outcomes.collect_schema().names()
    absent = {**OPTIONAL, "wrong_family": pl.String()}
    full = outcomes.with_columns(
        pl.lit(None, dtype=kind).alias(name) for name, kind in absent.items() if name not in there
    )
    known = (pl.col("as_of_day") < as_of) & (pl.col("done_day").is_null() | (pl.col("done_day") < as_of))
    response = pl.col("response").fill_null("").str.strip_chars()
    answer = response.str.to_lowercase()
    return full.filter(known).select(
        "customer_id",
        pl.col("as_of_day").alias("as_of"),
        "status",
        pl.when(pl.col("status") == "done").then(pl.coalesce("done_day", "as_of_day")).alias("done"),
        pl.when(answer.is_in(ANSWERS)).then(answer).alias("answer"),
        ((response != "") & (answer != UNREACHABLE)).alias("responded"),
        "wrong_family",
        "snooze_until_day",
    )


def facts(outcomes: pl.DataFrame, given: pl.LazyFrame) -> pl.DataFrame:
    """Until when each customer is left alone, when something was last done, and what he or she last answered to what.

    Parameters
    ----------
    outcomes
        As `read` gives it.
    given
        The decisions of earlier lists, with the columns `open_action.GIVEN`.
    """
    days = outcomes.group_by("customer_id").agg(
        pl.col("snooze_until_day").max().alias("snoozed_until"),
        pl.col("done").filter(_is_done()).max().alias("done_day"),
        _last_day("declined"),
        _last_day("complaint").alias("complained_day"),
    )
    decisions = given.select("customer_id", "as_of", "playbook", "channel").collect()
    # An action goes on from list to list: what was given on the day of an outcome is what the outcome is of.
    of = outcomes.join(decisions, on=["customer_id", "as_of"], how="left").sort("as_of", "done", nulls_last=False)
    last = of.group_by("customer_id").agg(
        pl.col("channel").filter(pl.col("responded")).drop_nulls().last().alias("responded_channel"),
        _where_last_unreached().alias("unreached_channel"),
    )
    by_playbook = [
        _of_playbooks(of, "done", _is_done()),
        _of_playbooks(of, "declined", pl.col("answer") == "declined"),
        # Nobody says on which day it was called wrong.
        _of_playbooks(of.with_columns(done=None), "wrong", pl.col("status") == "wrong_reason"),
    ]
    for table in (last, *by_playbook):
        days = days.join(table, on="customer_id", how="left")
    return days


def _of_playbooks(of: pl.DataFrame, what: str, holds: pl.Expr) -> pl.DataFrame:
    """Every playbook of each customer that it holds of, with its last day: what came back later unsays none of them."""
    day = pl.coalesce("done", "as_of").max().alias("day")
    each = of.filter(holds & pl.col("playbook").is_not_null()).group_by("customer_id", "playbook").agg(day)
    pairs = pl.struct("playbook", "day").alias(f"{what}_playbooks")
    return each.sort("customer_id", "playbook").group_by("customer_id").agg(pairs)


def _is_done() -> pl.Expr:
    return pl.col("done").is_not_null() & pl.col("answer").ne_missing(UNREACHABLE)


def _where_last_unreached() -> pl.Expr:
    """The channel of the last answer, if that was none: whoever was reached since is tried there again."""
    has_answer = pl.col("answer").is_not_null()
    last = pl.col("answer").filter(has_answer).last()
    return pl.when(last == UNREACHABLE).then(pl.col("channel").filter(has_answer).last())


def _last_day(answer: str) -> pl.Expr:
    return pl.coalesce("done", "as_of").filter(pl.col("answer") == answer).max().alias(f"{answer}_day")
