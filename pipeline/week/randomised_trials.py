"""What the published lists gave by lot, or left out by lot, with what was known on their day and what came of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from pipeline.config.params import Params
from pipeline.config.paths import Paths
from pipeline.decisions.exploration import BETWEEN
from pipeline.examples.snapshots import is_complete
from pipeline.playbooks.config.playbook import Playbook
from pipeline.playbooks.expected_saved_value import ANSWERED, answered_shares
from pipeline.readout import balance, comparison
from pipeline.readout.uplift_trials import TRIALS, WORDS
from pipeline.week import explored_actions, first_actions
from pipeline.week.explored_actions import ExploredList
from pipeline.week.first_actions import FirstActions

KNOWN: Final = WORDS[1:]


@dataclass(frozen=True)
class Trials:
    """All of them, and what is none.

    Attributes
    ----------
    rows
        The columns of `pipeline.readout.uplift_trials.TRIALS`.
    lists
        Days of the lists that count, the earliest first.
    left_out
        Lists and playbooks that do not count, and why.
    """

    rows: pl.DataFrame
    lists: tuple[date, ...]
    left_out: tuple[str, ...]


def read(settings: Params, books: Mapping[str, Playbook], place: Paths, until: date) -> Trials:
    """Read the control group and the lots of all lists whose outcome windows are over.

    A customer of the control group counts from the first list that gave him or her anything, or would have, as in
    `first_actions`. Where a lot decided, each list counts, for it is drawn anew; such customers are no part of the
    comparison with the control group, in neither arm.

    Parameters
    ----------
    settings
        The whole of ``params.yaml``.
    books
        ``playbooks.yaml``; those that are a duty, or that declare no effect, are no trials.
    place
        Where tables, published weeks and outcomes lie.
    until
        The first day of which no outcome is known.
    """
    playbooks = {name: book for name, book in books.items() if not book.duty and book.effect}
    duties = sorted(name for name, book in books.items() if book.duty)
    first = first_actions.read(place.exports, settings.data.name, until, settings.control, duties)
    usable, problems = _explored(settings, playbooks, place, until)
    days = {*first_actions.complete(first, until), *(one.as_of for one in usable)}
    known = _known(place.exports, days)
    of_first, of_lots = (
        first_actions.with_outcomes(of, place, until, settings.score.margin_share, settings.data.minor_digits)
        if not of.rows.is_empty() else pl.DataFrame(schema=comparison.ROWS)
        for of in (first, _as_given(usable))
    )  # fmt: skip
    by_group, refused = _of_control_group(of_first.filter(pl.col("playbook").is_in([*playbooks])), known, settings)
    by_lot = _of_lots(usable, playbooks, known, of_lots.select("customer_id", "as_of", "stayed"))
    costs = {name: book.cost for name, book in playbooks.items()}
    rows = pl.concat([pl.DataFrame(schema=TRIALS), by_group, by_lot], how="diagonal_relaxed").with_columns(
        pl.col("playbook").replace_strict(costs, default=None, return_dtype=pl.Float64).alias("cost")
    )
    usual = rows.filter(pl.col("answered_share").is_not_null(), pl.col("value").is_not_null()).select(TRIALS.keys())
    whole = usual.cast(TRIALS)  # type: ignore[arg-type]
    left_out = (*first.left_out, *(f"{place.week(day)}: {why}" for day, why in problems.items()), *refused)
    return Trials(whole, tuple(sorted(days)), left_out)


def _explored(
    settings: Params, playbooks: dict[str, Playbook], place: Paths, until: date
) -> tuple[list[ExploredList], dict[date, str]]:
    """The lists on which a lot decided and whose outcome windows are over; and why others cannot be used, by day."""
    over = [
        one
        for one in explored_actions.read(place.exports, settings.data.name, until)
        if one.label is not None and is_complete(one.as_of, one.label, until)
    ]
    problems = {one.as_of: why for one in over if (why := one.problem(playbooks))}
    return [one for one in over if one.as_of not in problems], problems


def _known(exports: Path, days: Collection[date]) -> pl.DataFrame:
    """What was known of everybody on each list, whatever was given; null where a list of an older version lacks it."""
    parts = [pl.DataFrame(schema={"customer_id": pl.String, "as_of": pl.Date, "is_explored": pl.Boolean})]
    for day in sorted(days):
        actions = pl.scan_parquet(exports / day.isoformat() / "actions.parquet")
        names = {"customer_id", "is_explored", *KNOWN} & {*actions.collect_schema().names()}
        parts.append(actions.select(sorted(names)).with_columns(pl.lit(day).alias("as_of")).collect())
    both = pl.concat(parts, how="diagonal_relaxed")
    lacking = [pl.lit(None, dtype=pl.String).alias(name) for name in KNOWN if name not in both.columns]
    named = both.with_columns(*lacking, pl.col("is_explored").fill_null(value=False))
    return named.select("customer_id", "as_of", "is_explored", *KNOWN)


def _of_control_group(rows: pl.DataFrame, known: pl.DataFrame, settings: Params) -> tuple[pl.DataFrame, list[str]]:
    """Each customer's first action against those who would have been given the same.

    Where another playbook came first nothing is compared: what came after it hangs on it.
    """
    share = settings.control.share
    if share == 0:
        return pl.DataFrame(schema=TRIALS).drop("cost"), []  # nobody is left alone, so there is nothing to compare with
    first = rows.join(known, on=["customer_id", "as_of"], how="inner").filter(~pl.col("is_explored"))
    refused = {
        str(name): why for (name,), part in first.group_by("playbook") if (why := balance.check(part, share).refusal)
    }
    trials = first.filter(~pl.col("playbook").is_in([*refused])).with_columns(
        pl.when(~pl.col("is_control")).then(pl.col("playbook")).alias("given"),
        pl.lit(1 - share).alias("propensity"),
        pl.lit(share).alias("propensity_nothing"),
    )
    return trials.drop("cost"), [f"{name}: {why}" for name, why in sorted(refused.items())]


def _of_lots(
    usable: list[ExploredList], playbooks: Mapping[str, Playbook], known: pl.DataFrame, stayed: pl.DataFrame
) -> pl.DataFrame:
    """Each playbook that the lot could have fallen on, for each customer and list."""
    parts = [_arm(one, number, name, playbooks) for one in usable for number, name in enumerate(playbooks)]
    if not parts:
        return pl.DataFrame(schema=TRIALS)
    both = ["customer_id", "as_of"]
    return pl.concat(parts).join(known.drop("is_explored"), on=both, how="inner").join(stayed, on=both, how="inner")


def _arm(one: ExploredList, number: int, name: str, playbooks: Mapping[str, Playbook]) -> pl.DataFrame:
    assert one.inputs is not None, "lists without it are left out"
    # By the same formula whatever the lot fell on: the list writes down only what it gave.
    answered = answered_shares(dict(playbooks), one.inputs)[ANSWERED.format(number)].alias("answered_share")
    could = one.actions.filter(pl.col("explored_arms").str.split(BETWEEN).list.contains(name))
    arm = could.drop("answered_share").join(one.inputs.select("customer_id", answered), on="customer_id", how="inner")
    return arm.select(
        "customer_id", "propensity", "churn_probability", "value", "answered_share",
        pl.col("propensity").alias("propensity_nothing"),
        pl.col("playbook").alias("given"),
        pl.lit(name).alias("playbook"),
        pl.lit(one.as_of).alias("as_of"),
    )  # fmt: skip


def _as_given(explored: list[ExploredList]) -> FirstActions:
    parts = [one.actions.with_columns(pl.lit(one.as_of).alias("as_of")) for one in explored]
    labels = {one.as_of: one.label for one in explored if one.label is not None}
    return FirstActions(pl.concat(parts, how="diagonal_relaxed") if parts else pl.DataFrame(), labels, [])
