"""``churn diff``: who would change action if another ``playbooks.yaml`` were published, over the same scores."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from pipeline import lists
from pipeline.config import params
from pipeline.config.errors import BadData, StaleInput
from pipeline.config.paths import PLAYBOOKS, REPRO, Paths
from pipeline.lists.csv_file import csv_bytes
from pipeline.stages import s6_publish, settings_for
from pipeline.tables import storage
from pipeline.week import candidates, inputs
from pipeline.week.decide import decide

# What the one who acts is told; where none of it differs, nobody does anything else.
ACTION: Final = ("playbook", "action", "channel", "who", "task_owner", "due_day", "cost", "caution")
NOTHING: Final = "nothing"


def run(
    settings: params.Params,
    day: date,
    *,
    edited: Path = PLAYBOOKS,
    against: Path | None = None,
    csv_file: Path | None = None,
    paths: Paths = REPRO,
) -> Iterator[str]:
    """Compare two assignments over the scores of a day; one line per change, from which playbook to which.

    Parameters
    ----------
    settings
        The whole of ``params.yaml``.
    day
        The day of the list, which ``data/scores`` must be of.
    edited
        The playbooks that would be published.
    against
        The playbooks to compare with; None takes the actions that were published for that day.
    csv_file
        Where to write the customers who change; None writes nothing.

    Raises
    ------
    BadData
        There are no scores of that day, or nothing is published for it.
    StaleInput
        What was published was made from other scores.
    """
    after = _decided(settings, day, edited, paths)
    before = _published(after, paths, day) if against is None else _decided(settings, day, against, paths)
    differing = changes(before, after)
    yield f"{day}: {len(differing):,} of {len(after):,} customers would change action"
    for (one, other), number in sorted(_pairs(differing).items(), key=lambda pair: (-pair[1], pair[0])):
        yield f"{number:>7,}  {one} -> {other}" + (" (changed)" if one == other else "")
    costs = [f"{float(table['cost'].sum()):,.2f} {settings.data.currency}" for table in (before, after)]
    yield f"cost of the week: {costs[0]} before, {costs[1]} after"
    if csv_file is not None:
        with storage.replacing(csv_file) as partial:
            partial.write_bytes(csv_bytes(differing, settings.data.minor_digits))
        yield f"written to {csv_file}"


def changes(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """The customers whose action differs, by id: ``from`` and ``to`` which playbook, and what each costs.

    Parameters
    ----------
    before, after
        The same customers, with ``customer_id``, ``risk_band``, ``churn_probability``, ``value_at_stake`` and the
        columns of `ACTION`.
    """
    both = before.select("customer_id", *ACTION).join(after, on="customer_id", how="inner", suffix="_after")
    differs = [pl.col(name).ne_missing(pl.col(f"{name}_after")) for name in ACTION]
    return both.filter(pl.any_horizontal(differs)).sort("customer_id").select(
        "customer_id",
        pl.col("playbook").fill_null(NOTHING).alias("from"),
        pl.col("playbook_after").fill_null(NOTHING).alias("to"),
        pl.col("cost").alias("cost_from"),
        pl.col("cost_after").alias("cost_to"),
        "risk_band",
        "churn_probability",
        "value_at_stake",
    )  # fmt: skip


def _decided(settings: params.Params, day: date, file: Path, paths: Paths) -> pl.DataFrame:
    return decide(inputs.read(settings_for(s6_publish.run, settings), paths, day, file))[0]


def _published(scored: pl.DataFrame, paths: Paths, day: date) -> pl.DataFrame:
    """What was published for the day, if it was made from these scores."""
    lists.recover(paths.exports)
    file = paths.week(day) / "actions.parquet"
    if not file.is_file():
        raise BadData(f"{paths.week(day)}: nothing is published for this day; name the playbooks to compare: --against")
    published = storage.read_parquet(file, ["customer_id", "churn_probability", "value_at_stake", *ACTION])
    same = ["customer_id", "churn_probability", "value_at_stake"]
    is_current = pl.col("state") == candidates.CURRENT
    current = scored.filter(is_current).select(same)
    if not published.select(same).sort("customer_id").equals(current.sort("customer_id")):
        raise StaleInput(
            f"{file}: was made from other scores than {paths.scores}; run: dvc repro, or name the playbooks to "
            "compare: --against"
        )
    former = scored.filter(~is_current).select("customer_id")
    return pl.concat([published, _given_to_former(former, paths.week(day))], how="diagonal_relaxed")


def _given_to_former(former: pl.DataFrame, week: Path) -> pl.DataFrame:
    """What was published for those who are not scored any more; of whom nothing is written down, nothing was given."""
    file = week / lists.FORMER_ACTIONS
    if not file.is_file():
        return former
    return former.join(storage.read_parquet(file, ["customer_id", *ACTION]), on="customer_id", how="left")


def _pairs(differing: pl.DataFrame) -> Counter[tuple[str, str]]:
    return Counter(differing.select("from", "to").iter_rows())
