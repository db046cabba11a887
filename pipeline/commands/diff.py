"""``churn diff``: who would change action if another ``playbooks.yaml`` were published, over the same scores."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import polars as pl

from pipeline import lists
from pipeline.commands import edited_value
from pipeline.commands.edited_value import EditedValue
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


@dataclass(frozen=True)
class Diff:
    """Two assignments over the scores of a day.

    Attributes
    ----------
    day
        The day of the list.
    currency, digits
        ISO code of all money, and the digits after its point.
    customers
        How many there are.
    differing
        Who changes action, as `changes` gives it.
    cost
        Of the week, before and after, in currency units.
    worth
        What earlier lists say of the edited file.
    """

    day: date
    currency: str
    digits: int
    customers: int
    differing: pl.DataFrame
    cost: tuple[float, float]
    worth: EditedValue

    def lines(self) -> Iterator[str]:
        """For a person."""
        yield f"{self.day}: {len(self.differing):,} of {self.customers:,} customers would change action"
        for (one, other), number in self._pairs():
            yield f"{number:>7,}  {one} -> {other}" + (" (changed)" if one == other else "")
        before, after = (f"{cost:,.2f} {self.currency}" for cost in self.cost)
        yield f"cost of the week: {before} before, {after} after"
        yield self.worth.line(self.currency, self.digits)

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return {
            "as_of": str(self.day),
            "customers": self.customers,
            "changes": [{"from": one, "to": other, "customers": number} for (one, other), number in self._pairs()],
            "currency": self.currency,
            "cost": {"before": round(self.cost[0], 2), "after": round(self.cost[1], 2)},
            "worth": self.worth.as_json(),
        }

    def _pairs(self) -> list[tuple[tuple[str, str], int]]:
        pairs = Counter(self.differing.select("from", "to").iter_rows())
        return sorted(pairs.items(), key=lambda pair: (-pair[1], pair[0]))


def run(
    settings: params.Params,
    day: date,
    *,
    edited: Path = PLAYBOOKS,
    against: Path | None = None,
    csv_file: Path | None = None,
    as_json: bool = False,
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
    as_json
        Whether the answer is JSON, and nothing else.

    Raises
    ------
    BadData
        There are no scores of that day, or nothing is published for it.
    StaleInput
        What was published was made from other scores.
    """
    one = build(settings, day, edited, against, REPRO)
    yield from [json.dumps(one.as_json(), indent=2, ensure_ascii=False)] if as_json else one.lines()
    if csv_file is not None:
        with storage.replacing(csv_file) as partial:
            partial.write_bytes(csv_bytes(one.differing, one.digits))
        if not as_json:
            yield f"written to {csv_file}"


def build(settings: params.Params, day: date, edited: Path, against: Path | None, paths: Paths) -> Diff:
    """Everything that can be said; see `run`."""
    after = _decided(settings, day, edited, paths)
    before = _published(after, paths, day) if against is None else _decided(settings, day, against, paths)
    of_week = settings_for(s6_publish.run, settings)
    books = [None if file is None else inputs.read_playbooks(of_week, file)[0] for file in (edited, against)]
    assert books[0] is not None, "there is an edited file"
    return Diff(
        day=day,
        currency=settings.data.currency,
        digits=settings.data.minor_digits,
        customers=len(after),
        differing=changes(before, after),
        cost=(float(before["cost"].sum()), float(after["cost"].sum())),
        worth=edited_value.build(settings, day, edited_value.Files(books[0], books[1]), paths),
    )


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
