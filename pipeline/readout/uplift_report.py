"""An uplift learner beside the simple effects, as text for people and as JSON for programs."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import polars as pl

from pipeline.readout import qini
from pipeline.readout.qini import Interval
from pipeline.readout.uplift_comparison import (
    BETTER,
    DIFFERENCE,
    LEARNER,
    SAME,
    SIMPLE,
    UNKNOWN,
    WORSE,
    UpliftComparison,
)
from pipeline.readout.uplift_trials import NEEDED, Split, arms
from pipeline.retention.sections import table

FIFTH_NAMES: Final = ("highest promise", "second", "third", "fourth", "lowest promise")


@dataclass(frozen=True)
class UpliftReport:
    """What `churn readout --uplift` says.

    Attributes
    ----------
    company, currency
        Whose playbooks they are; ISO code of all money.
    digits
        The digits after the point of the currency.
    until
        The first day of which no outcome is known.
    lists
        Days of the lists that count.
    left_out
        Lists and playbooks that do not count, and why.
    halves
        What was fitted on, and what it was held against.
    comparison
        What came of it.
    """

    company: str
    currency: str
    digits: int
    until: date
    lists: tuple[date, ...]
    left_out: tuple[str, ...]
    halves: Split
    comparison: UpliftComparison

    def as_json(self) -> dict[str, Any]:
        """The same for programs; shares are fractions, days are ISO 8601."""
        named = (("fit", self.halves.fit), ("held_out", self.halves.held_out))
        sizes = {name: dict(zip(("left_alone", "given"), arms(half), strict=True)) for name, half in named}
        return {
            "company": self.company,
            "currency": self.currency,
            "until": str(self.until),
            "lists": [str(day) for day in self.lists],
            "left_out": list(self.left_out),
            "fitted_until": str(self.halves.cut),
            **sizes,
            **self.comparison.as_json(),
        }

    def fifths(self) -> pl.DataFrame:
        """Promised and measured by fifths as a table; shares are fractions."""
        return pl.DataFrame(
            [
                {"by": name, "fifth": number + 1, "trials": one.trials, "promised": round(one.promised, 6),
                 **{f"measured_{key}".removesuffix("_mean"): value for key, value in one.measured.as_json().items()},
                 "holds": one.holds}
                for name, of in self.comparison.fifths.items()
                for number, one in enumerate(of)
            ]
        )  # fmt: skip

    def lines(self) -> Iterator[str]:
        """Everything as Markdown that reads as text on a terminal."""
        yield f"# {self.company}: is an uplift learner better than one effect per playbook?"
        yield from self._about()
        yield from ("", f"## {self.comparison.verdict[0].upper()}{self.comparison.verdict[1:]}", *self._verdict())
        yield from ("", "## How much more often customers stayed: promised, and measured of the later lists")
        heads = ("by", "who", "trials", "promised", "measured", "95 % interval", "holds")
        yield from table(heads, [row for name in (LEARNER, SIMPLE) for row in self._fifths(name)])
        yield from ("", f"## Value kept less cost of the later lists, in {self.currency} per customer of all")
        yield from table(
            (
                "by",
                "mean over the curve",
                "95 % interval",
                "if it pays",
                "95 % interval",
                "above chance",
                "95 % interval",
            ),
            [self._figures(name) for name in (LEARNER, SIMPLE, DIFFERENCE)],
        )
        yield (
            "Mean over the curve: as one contacts more customers in that order (Qini curve). If it pays: if those are "
            "contacted for whom it is expected to. Above chance: the curve above that of an order by lot, before cost."
        )
        yield from ("", "No list changes by this: lists are decided by one effect per playbook, and this is advice.")

    def _about(self) -> Iterator[str]:
        fit, later = arms(self.halves.fit), arms(self.halves.held_out)
        yield (
            f"Lists whose outcome windows were over by {self.until}: {len(self.lists)}, from {self.lists[0]} to "
            f"{self.lists[-1]}. Both are fitted on those up to {self.halves.cut} ({fit[0]:,} customers left alone by "
            f"lot, {fit[1]:,} given a playbook) and held against the later ones ({later[0]:,} and {later[1]:,}), of "
            "customers who are in none of the earlier ones."
        )
        effects = ", ".join(f"{name} {effect:.2f}" for name, effect in self.comparison.effects.items())
        yield (
            f"Simple effects: {effects}; each times churn probability and the part of it that is answered. As "
            "declared, moved by what the earlier lists measured. The learner says where these are off (doubly robust)."
        )
        yield from (f"WARNING {line}" for line in self.left_out)

    def _verdict(self) -> Iterator[str]:
        yield self._apart(self.comparison.figures[DIFFERENCE]["area"])
        uplift = self.comparison.uplift
        stayed = f"customers given something stayed {_points(uplift.mean)} more often (95 %: {_range(uplift)})"
        if self.comparison.is_evidence:
            yield f"On the later lists {stayed}."
        else:
            yield (
                f"No evidence that anything given keeps anybody: {stayed}, and of those whom either order has first no "
                "more are kept than of others."
            )

    def _apart(self, one: Interval) -> str:
        if one.low == one.high == 0:
            return "The learner found nothing to correct, so both orders are the same."
        apart = f"{self._money(one.mean)} {self.currency} per customer (95 %: {self._amounts(one)})"
        meaning = {
            BETTER: "Chance alone would hardly do as much.",
            WORSE: "That is less, and chance alone would hardly do as much.",
            SAME: "That is within a tenth of what the order of the simple effects keeps above chance.",
            UNKNOWN: "Chance may have done that: with so many customers a difference below "
            f"{qini.smallest_seen(one):,.{self.digits}f} would mostly not be seen.",
        }
        return (
            f"The order of the learner keeps {apart} more, as a mean over how many are contacted. "
            f"{meaning[self.comparison.verdict]}"
        )

    def _fifths(self, name: str) -> Iterator[tuple[str, ...]]:
        for who, one in zip(FIFTH_NAMES, self.comparison.fifths[name], strict=True):
            shown = (_points(one.promised), _points(one.measured.mean), _range(one.measured))
            yield name, who, f"{one.trials:,}", *shown, "yes" if one.holds else "no"

    def _figures(self, name: str) -> tuple[str, ...]:
        each = [self.comparison.figures[name][measure] for measure in qini.MEASURES]
        return name, *(cell for one in each for cell in (self._money(one.mean), self._amounts(one)))

    def _money(self, amount: float) -> str:
        return f"{round(amount, self.digits) + 0.0:+,.{self.digits}f}"

    def _amounts(self, one: Interval) -> str:
        return f"{self._money(one.low)} to {self._money(one.high)}"


def too_few(halves: Split, lists: tuple[date, ...]) -> str:
    """What is lacking, in one line.

    Parameters
    ----------
    halves
        What there is.
    lists
        Days of the lists that count, the earliest first.
    """
    fit, later = arms(halves.fit), arms(halves.held_out)
    needed = (
        f"an uplift learner takes {NEEDED} customers left alone by lot and {NEEDED} given a playbook, twice: to fit on"
    )
    if halves.cut is None:
        return (
            f"{needed}, and to hold it against on later lists; there is one list only, with {fit[0]:,} and {fit[1]:,}"
        )
    return (
        f"{needed}, and to hold it against on later lists, of other customers; there are {fit[0]:,} and {fit[1]:,} up "
        f"to {halves.cut}, and {later[0]:,} and {later[1]:,} after it{_when(halves, lists)}"
    )


def _when(halves: Split, lists: tuple[date, ...]) -> str:
    """In how many weeks there will be enough, at the pace of the later lists.

    The first list finds everybody who was there already; from then on a half grows by those who come new.
    """
    weeks = (lists[-1] - lists[0]).days / 7
    news = halves.held_out.filter(pl.col("as_of") > lists[0])
    pace = min(arms(pl.concat([halves.fit.filter(pl.col("as_of") > lists[0]), news]))) / weeks if weeks > 0 else 0.0
    lacking = sum(max(0, NEEDED - min(arms(half))) for half in (halves.fit, halves.held_out))
    if pace == 0:
        return (
            "; nobody comes new, so leave more customers alone (control.share) or let a lot decide for some "
            "(learning.exploration_share)"
        )
    return f": about {math.ceil(lacking / pace):,} more weeks at the pace of those who come new"


def _points(share: float) -> str:
    """A difference of shares in percentage points.

    >>> _points(0.034), _points(-0.0001)
    ('+3.4 points', '+0.0 points')
    """
    return f"{round(share * 100, 1) + 0.0:+.1f} points"


def _range(one: Interval) -> str:
    """Its ends in percentage points.

    >>> _range(Interval(0.1, 0.05, 0.15))
    '+5.0 to +15.0'
    """
    return " to ".join(f"{round(end * 100, 1) + 0.0:+.1f}" for end in (one.low, one.high))
