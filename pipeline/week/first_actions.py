"""What the published lists first gave each customer, or would have given those left alone; and what came of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from pipeline import lists
from pipeline.config.params import Control, Label
from pipeline.config.paths import Paths
from pipeline.decisions import control_group
from pipeline.examples.snapshots import is_complete, outcome_window
from pipeline.outcomes import feedback
from pipeline.outcomes.maturity import OldList
from pipeline.readout.comparison import ROWS
from pipeline.tables import storage
from pipeline.week import matured_lists

NEEDED: Final = (
    *("customer_id", "playbook", "would_have_been", "is_control", "risk_band", "churn_probability", "value"),
    *("value_at_stake", "expected_saved_value", "cost"),
)
ANSWERED: Final = "answered_share"
"""The part (0-1) of a customer's risk that the playbook answers; lists of older versions do not have it."""
EDGE: Final = 1e-6  # of a probability, whose log-odds would be infinite


@dataclass(frozen=True)
class FirstActions:
    """The first actions of all customers.

    Attributes
    ----------
    rows
        One row per customer, with the columns `NEEDED`, ``as_of`` and ``playbook``: what was given or would have been.
    labels
        What churn meant to each list that counts.
    left_out
        Lists that do not count, and why.
    later
        The same columns of those left alone, on all later lists that would have given them anything.
    """

    rows: pl.DataFrame
    labels: dict[date, Label]
    left_out: list[str]
    later: pl.DataFrame = field(default_factory=pl.DataFrame)


def read(exports: Path, company: str, day: date, control: Control, duties: list[str]) -> FirstActions:
    """Read all published lists before a day.

    A customer counts from the first list on, whatever later ones give: until then both arms have gone through the same,
    afterwards what is given on a second list depends on what the first did. A list counts if those it left alone are
    those whom the settings draw; another drawing is another experiment.

    Parameters
    ----------
    exports, company, day
        Where the weeks lie, whose they are, and before which day.
    control
        ``params.yaml: control``.
    duties
        Playbooks that both arms are given.
    """
    parts: list[pl.DataFrame] = []
    labels: dict[date, Label] = {}
    left_out: list[str] = []
    for folder in lists.weeks_before(exports, company, day):
        label, actions = matured_lists.label_of(folder), pl.read_parquet(folder / "actions.parquet")
        problem = _problem(actions, control) if label is not None else "it does not say what churn meant to it"
        if problem or label is None:
            left_out.append(f"{folder}: {problem}; it does not count")
            continue
        as_of = date.fromisoformat(folder.name)
        labels[as_of] = label
        parts.append(_given(actions, duties).with_columns(pl.lit(as_of).alias("as_of")))
    if not parts:
        return FirstActions(pl.DataFrame(), labels, left_out)
    every = pl.concat(parts, how="diagonal_relaxed").sort("as_of", "customer_id")
    is_first = pl.col("customer_id").is_first_distinct()
    return FirstActions(every.filter(is_first), labels, left_out, every.filter(~is_first, pl.col("is_control")))


def left_alone_again(first: FirstActions) -> FirstActions:
    """Those left alone on later lists, each once in any outcome window.

    Nothing was given to them in between, so they go on showing what happens without anything. Of those who were given
    something later lists show nothing of the kind: who is still there hangs on what the first one did.

    Parameters
    ----------
    first
        As `read` gives it.
    """
    if first.later.is_empty():
        return replace(first, rows=first.later)
    ends = {as_of: outcome_window(as_of, label).end for as_of, label in first.labels.items()}
    end = pl.col("as_of").replace_strict(ends, return_dtype=pl.Date).alias("busy_until")
    busy = first.rows.filter("is_control").select("customer_id", end)
    parts = []
    for (as_of,), rows in sorted(first.later.partition_by("as_of", as_dict=True).items()):
        free = rows.join(busy.filter(pl.col("busy_until") > as_of), on="customer_id", how="anti")
        parts.append(free)
        # The latest window of each customer is the one that counts.
        busy = (
            pl.concat([busy, free.select("customer_id", end)]).group_by("customer_id").agg(pl.col("busy_until").max())
        )
    return replace(first, rows=pl.concat(parts).sort("as_of", "customer_id"))


def _problem(actions: pl.DataFrame, control: Control) -> str:
    """Why a list does not count; empty where it does."""
    missing = [name for name in NEEDED if name not in actions.columns]
    if missing:
        return f"an older version wrote it, without {', '.join(missing)}"
    drawn = control_group.mark(actions.select("customer_id", was=pl.col("is_control")), control)
    others = drawn.filter(pl.col("was") != pl.col("is_control")).height
    return f"{others:,} customers were drawn otherwise than control in params.yaml says" if others else ""


def _given(actions: pl.DataFrame, duties: list[str]) -> pl.DataFrame:
    answered = pl.col(ANSWERED) if ANSWERED in actions.columns else pl.lit(None, dtype=pl.Float64).alias(ANSWERED)
    chosen = actions.select(*NEEDED, answered).with_columns(
        pl.coalesce("playbook", "would_have_been").alias("playbook")
    )
    return chosen.filter(pl.col("playbook").is_not_null(), ~pl.col("playbook").is_in(duties))


def complete(first: FirstActions, until: date) -> list[date]:
    """The lists whose outcome windows are over on a day, the earliest first."""
    return sorted(as_of for as_of, label in first.labels.items() if is_complete(as_of, label, until))


def with_outcomes(first: FirstActions, paths: Paths, until: date, margin_share: float, digits: int) -> pl.DataFrame:
    """Join what came: who stayed, what they brought, and for whom a team did it.

    Parameters
    ----------
    first
        As `read` gives it.
    paths
        Where tables and outcomes lie.
    until
        The first day of which nothing is known; a list whose window ends later is left for another time.
    margin_share, digits
        Share (0-1) of revenue that is profit, and the digits after the point of the currency.

    Returns
    -------
    polars.DataFrame
        The columns of `pipeline.readout.comparison.ROWS`.
    """
    days = complete(first, until)
    old = [OldList(day, first.labels[day], first.rows.filter(pl.col("as_of") == day)) for day in days]
    old = [one for one in old if not one.decided.is_empty()]
    churned, handed = (
        matured_lists.outcomes(paths, old),
        feedback.read(paths.tables / "outcomes", paths.outcomes, until),
    )
    revenue = _revenue(paths, old)
    parts = [_joined(one, churned[one.as_of], revenue, handed) for one in old]
    rows = pl.concat([pl.DataFrame(schema=ROWS), *parts], how="diagonal_relaxed")
    paid = pl.col("margin") * margin_share / 10**digits
    return rows.with_columns(paid.alias("margin")).select(ROWS.keys()).cast(ROWS)  # type: ignore[arg-type]


def _joined(old: OldList, churned: pl.DataFrame, revenue: pl.DataFrame, handed: pl.DataFrame) -> pl.DataFrame:
    window = outcome_window(old.as_of, old.label)
    probability = pl.col("churn_probability").clip(EDGE, 1 - EDGE)
    feedback_of = handed.filter(pl.col("as_of") >= old.as_of, pl.col("as_of") < window.end).group_by("customer_id").agg(
        (pl.col("done").is_between(old.as_of, window.end, closed="left") & pl.col("answer").ne_missing("unreachable"))
        .fill_null(value=False).any().alias("is_done"),
        pl.lit(value=True).first().alias("is_handed_back"),
    )  # fmt: skip
    known = old.decided.join(churned, on="customer_id", how="inner").filter(pl.col("churned").is_not_null())
    paid = revenue.filter(pl.col("as_of") == old.as_of).select("customer_id", "margin")
    joined = known.join(paid, on="customer_id", how="left").join(feedback_of, on="customer_id", how="left")
    return joined.with_columns(
        (probability / (1 - probability)).log().alias("log_odds"),
        (pl.col("churn_probability") * pl.col("expected_saved_value") / pl.col("value_at_stake")).alias(
            "expected_effect"
        ),
        (1.0 - pl.col("churned")).alias("stayed"),
        pl.col("margin").fill_null(0.0),
        pl.col("is_done").fill_null(value=False),
        pl.col("is_handed_back").fill_null(value=False),
    )


def _revenue(paths: Paths, old: list[OldList]) -> pl.DataFrame:
    """What each customer paid in the outcome window of each list, less refunds, in minor units; as ``margin``."""
    parts = [pl.DataFrame(schema={"customer_id": pl.String, "margin": pl.Float64, "as_of": pl.Date})]
    for file in storage.bucket_files(paths.tables / "transactions") if old else []:
        parts += _revenue_of(file, old)
    return pl.concat(parts)


def _revenue_of(file: Path, old: list[OldList]) -> Iterator[pl.DataFrame]:
    windows = [outcome_window(one.as_of, one.label) for one in old]
    first, end = min(window.start for window in windows), max(window.end for window in windows)
    inside = pl.scan_parquet(file).filter(pl.col("day") >= first, pl.col("day") < end)
    # Once for all lists: there may be years of them.
    days = inside.group_by("customer_id", "day").agg(pl.col("amount_minor").sum()).collect()
    for one, window in zip(old, windows, strict=True):
        own = days.filter(pl.col("day") >= window.start, pl.col("day") < window.end)
        mine = own.join(one.decided.select("customer_id"), on="customer_id", how="semi")
        sums = mine.group_by("customer_id").agg(pl.col("amount_minor").sum().cast(pl.Float64).alias("margin"))
        yield sums.with_columns(pl.lit(one.as_of).alias("as_of"))
