"""What edited playbooks are worth beside others, by the customers for whom a lot decided: the last words of a diff."""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, NamedTuple

import polars as pl

from pipeline.commands import company_tables
from pipeline.config import params
from pipeline.config.paths import Paths
from pipeline.decisions import policy_choice
from pipeline.examples.snapshots import is_complete
from pipeline.playbooks.config.playbook import Playbook
from pipeline.readout import policy_value
from pipeline.readout.estimates import MIN_CONTROLS
from pipeline.readout.policy_value import Difference, PolicyValue
from pipeline.week import explored_actions, first_actions
from pipeline.week.explored_actions import ExploredList
from pipeline.week.first_actions import FirstActions

PUBLISHED: Final = "the published one"
OTHER: Final = "the one it is compared with"
TABLES: Final = ("transactions", "subscriptions", "outcomes")


@dataclass(frozen=True)
class Files:
    """Two files of playbooks.

    Attributes
    ----------
    edited
        The one that would be published.
    against
        The one to compare with; None is what was published with each list.
    """

    edited: dict[str, Playbook]
    against: dict[str, Playbook] | None

    @property
    def both(self) -> list[dict[str, Playbook]]:
        """All that has to be decided."""
        return [self.edited, *([] if self.against is None else [self.against])]


@dataclass(frozen=True)
class EditedValue:
    """What can be said.

    Attributes
    ----------
    until
        The first day of which no outcome is known.
    value
        The difference; None where no list can be used.
    refusal
        Why nothing is estimated; empty where something is.
    left_out
        Lists that do not count, and why.
    beyond
        For how many customers a file would give something that the lot could not have fallen on, since it is new or its
        rule did not hold then; nothing is known of it, so that the choice among the rest counts.
    other
        What the edited file is compared with, in words.
    """

    until: date
    value: PolicyValue | None = None
    refusal: str = ""
    left_out: tuple[str, ...] = ()
    beyond: int = 0
    other: str = PUBLISHED

    def line(self, currency: str, digits: int) -> str:
        """The same in one line.

        Parameters
        ----------
        currency, digits
            ISO code, and the digits after its point.
        """
        out = f"; lists left out: {len(self.left_out)}, such as {self.left_out[0]}" if self.left_out else ""
        if self.refusal or self.value is None or self.value.margin is None or self.value.stayed is None:
            return f"worth of the edited file: not known, {self.refusal}{out}"
        one = self.value
        money, kept = _amount(self.value.margin, 1, digits), _amount(self.value.stayed, 100, 1)
        less, fewer = ("less" if money.is_loss else "more"), ("fewer" if kept.is_loss else "more")
        beyond = f"; for {self.beyond:,} what it would give could not be drawn, so its next choice counts"
        return (
            f"worth of the edited file, by {one.customers:,} customers for whom a lot decided, with outcomes until "
            f"{self.until}: {money.size} {currency} a customer {less} than {self.other} (95 %: {money.interval}), and "
            f"keeps {kept.size} {fewer} of 100 customers (95 %: {kept.interval}); gives {one.differing:,} of them "
            f"something else{beyond if self.beyond else ''}; capacities left aside{out}"
        )

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "until": str(self.until),
            "refusal": self.refusal,
            "left_out": list(self.left_out),
            "beyond": self.beyond,
            **({} if self.value is None else self.value.as_json()),
        }


class _Amount(NamedTuple):
    """How much, whether it is less than nothing, and from where to where."""

    size: str
    is_loss: bool
    interval: str


def _amount(one: Difference, scale: int, digits: int) -> _Amount:
    # Rounded first: nobody is to read of a loss of zero.
    mean, low, high = (round(value * scale, digits) + 0.0 for value in (one.mean, one.low, one.high))
    return _Amount(f"{abs(mean):,.{digits}f}", mean < 0, f"{low:,.{digits}f} to {high:,.{digits}f}")


def build(settings: params.Params, day: date, files: Files, paths: Paths) -> EditedValue:
    """Compare two files on the lists before a day.

    Parameters
    ----------
    settings
        The whole of ``params.yaml``.
    day
        The day of the list; of outcomes from then on nothing is looked at.
    files
        What to compare.
    paths
        Where tables, published weeks and outcomes lie.
    """
    explored = list(explored_actions.read(paths.exports, settings.data.name, day))
    if not explored:
        why = f"no list before {day} let a lot decide for anybody; set learning.exploration_share, such as 0.05"
        return EditedValue(day, refusal=why)
    problems = {one.as_of: why for one in explored if (why := next(filter(None, map(one.problem, files.both)), ""))}
    left_out = tuple(f"{paths.week(as_of)}: {why}" for as_of, why in problems.items())
    usable = [one for one in explored if one.as_of not in problems]
    with ExitStack() as stack:
        place = replace(paths, data=company_tables.find(settings, paths, TABLES, stack).data)
        until = min(day, company_tables.known_until(paths, place))
        over = [one for one in usable if one.label is not None and is_complete(one.as_of, one.label, until)]
        if not over:
            why = f"no outcome window of the {len(usable)} lists on which a lot decided is over by {until}"
            return EditedValue(
                until, refusal=why if usable else "no list on which a lot decided can be used", left_out=left_out
            )
        chosen = pl.concat([_chosen(one, files, settings.data.currency) for one in over])
        rows = first_actions.with_outcomes(
            _as_given(over), place, until, settings.score.margin_share, settings.data.minor_digits
        )
    one = _estimated(rows, chosen, until)
    return replace(one, left_out=left_out, other=PUBLISHED if files.against is None else OTHER)


def _chosen(one: ExploredList, files: Files, currency: str) -> pl.DataFrame:
    """What either file gives to whom, by customer and list, with the propensity."""
    assert one.inputs is not None, "lists without it are left out"
    known = one.inputs.join(one.actions.select("customer_id", "explored_arms", "propensity"), on="customer_id")
    edited, *against = (policy_choice.choose(known, one.known_then(books), one.as_of, currency) for books in files.both)
    as_published = known.select(*policy_choice.CHOICE, pl.lit(value=False).alias("is_beyond"))
    published = against[0] if against else as_published
    both = [
        side.rename({"file_choice": f"choice_{name}", "file_cost": f"cost_{name}", "is_beyond": f"is_beyond_{name}"})
        for side, name in ((edited, "edited"), (published, "published"))
    ]
    chosen = pl.concat([known.select("customer_id", "propensity"), *both], how="horizontal")
    is_beyond = pl.col("is_beyond_edited") | pl.col("is_beyond_published")
    return chosen.with_columns(pl.lit(one.as_of).alias("as_of"), is_beyond.alias("is_beyond"))


def _as_given(over: list[ExploredList]) -> FirstActions:
    parts = [one.actions.with_columns(pl.lit(one.as_of).alias("as_of")) for one in over]
    labels = {one.as_of: one.label for one in over if one.label is not None}
    return FirstActions(pl.concat(parts, how="diagonal_relaxed"), labels, [])


def _estimated(rows: pl.DataFrame, chosen: pl.DataFrame, until: date) -> EditedValue:
    joined = rows.rename({"playbook": "given"}).join(chosen, on=["customer_id", "as_of"], how="inner")
    value = policy_value.compare(joined.select(policy_value.ROWS.keys()))
    beyond = joined.filter("is_beyond")["customer_id"].n_unique()
    differs = pl.col("choice_edited").ne_missing(pl.col("choice_published"))
    return EditedValue(
        until, value, _refusal(value, beyond, joined.filter(differs, ~pl.col("is_beyond"))), beyond=beyond
    )


def _refusal(value: PolicyValue, beyond: int, drawable: pl.DataFrame) -> str:
    """Why nothing can be said; empty where something can."""
    if beyond and drawable.is_empty():
        return (
            f"what it gives instead, or to others, could be drawn for none of the {value.customers:,} customers for "
            "whom a lot decided"
        )
    if value.margin is None:
        return (
            f"of {value.customers:,} customers for whom a lot decided the edited file gives {value.differing:,} "
            f"something else, and the lot fell as it decides for {value.by_edited:,} of these and as the other does "
            f"for {value.by_published:,}; each takes {MIN_CONTROLS}"
        )
    return ""
