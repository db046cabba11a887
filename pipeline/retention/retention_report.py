"""All figures of a period in one place, as text for people and as JSON for programs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from pipeline.retention.periods import Period
from pipeline.retention.rates import Measure
from pipeline.retention.scenario import Scenario
from pipeline.retention.sections import Section, percent
from pipeline.retention.survival import LOOKS, MIN_CUSTOMERS, Survival

MAX_GROUPS: Final = 12  # of a grouping, on the terminal; the JSON has all of them
MIN_START: Final = 30
"""A rate of fewer customers moves by more than 3 points with each of them, and is marked."""


@dataclass(frozen=True)
class Report:
    """What `churn retention` says of a period.

    Attributes
    ----------
    company, currency, digits
        Whose figures they are; ISO code of all money, and its digits after the point.
    period
        The days they are about.
    rule
        Who counts as a customer on a day, in a sentence.
    measures
        Every figure, beside its definition.
    warnings
        What one of them alone would hide.
    groups
        The columns of `pipeline.retention.breakdown.SCHEMA`.
    cohorts
        As `pipeline.retention.cohorts.triangle` gives them.
    survival
        How long customers stay.
    scenario
        What less churn would be worth.
    surveys
        The columns of `pipeline.retention.surveys.SCHEMA`; empty where nobody was asked.
    early_leavers, best_customers
        As `pipeline.retention.portraits` gives them.
    target
        The retention excluding new that the company wants (0-1); None without one.
    """

    company: str
    currency: str
    digits: int
    period: Period
    rule: str
    measures: tuple[Measure, ...]
    warnings: tuple[str, ...]
    groups: pl.DataFrame
    cohorts: pl.DataFrame
    survival: Survival
    scenario: Scenario
    surveys: pl.DataFrame
    early_leavers: pl.DataFrame
    best_customers: pl.DataFrame
    target: float | None

    def measure(self, name: str) -> Measure:
        """The figure of that name."""
        return next(one for one in self.measures if one.name == name)

    def as_json(self) -> dict[str, Any]:
        """Everything, for programs; shares are fractions, money is in currency units, days are ISO 8601."""
        period = {
            "unit": self.period.unit,
            "first": self.period.start,
            "last": self.period.last,
            "days": self.period.days,
        }
        still = {str(days): self.survival.still_there(days) for days in LOOKS if self.survival.still_there(days)}
        return {
            "company": self.company,
            "currency": self.currency,
            "period": {name: value if isinstance(value, str | int) else str(value) for name, value in period.items()},
            "customer_rule": self.rule,
            "measures": [one.as_json() for one in self.measures],
            "warnings": list(self.warnings),
            "target": self.target,
            "groups": self.groups.to_dicts(),
            "cohorts": self.cohorts.with_columns(pl.col("cohort").cast(pl.String)).to_dicts(),
            "survival": {"customers": self.survival.customers, "lost": self.survival.lost, "still_there": still},
            "nps": self.surveys.to_dicts(),
            "early_leavers": self.early_leavers.to_dicts(),
            "best_customers": self.best_customers.to_dicts(),
            "scenario": self.scenario.as_json(),
        }

    @property
    def title(self) -> str:
        """Whose figures these are, and of when."""
        return f"{self.company}: {self.period}"

    def introduction(self) -> Iterator[str]:
        """What has to be known before any figure."""
        yield self.rule
        yield from (f"WARNING {line}" for line in self.warnings)
        reached = self.measure("retention_excluding_new").value
        if self.target is not None and reached is not None:
            apart = (reached - self.target) * 100
            yield f"Target {percent(self.target)}: {abs(apart):.1f} points {'above' if apart >= 0 else 'below'} it."

    def sections(self) -> Iterator[Section]:
        """Every part, in the order in which it is read."""
        rows = tuple(self._row(one) for one in self.measures)
        yield Section("", ("measure", "value", "definition"), rows)
        for (grouping,), part in self.groups.partition_by("by", as_dict=True, maintain_order=True).items():
            yield _of_grouping(str(grouping), part)
        if not self.cohorts.is_empty():
            yield self._of_cohorts()
        if self.survival.customers >= MIN_CUSTOMERS:
            yield self._of_survival()
        if not self.surveys.is_empty():
            title = "NPS by touch point: promoters (9-10) less detractors (0-6), in points of all answers"
            answers = tuple((row[0], f"{row[1]:,}", f"{row[4]:+.0f}") for row in self.surveys.rows())
            yield Section(title, ("touch point", "answers", "NPS"), answers)
        if self.measure("start").value:
            yield self._of_scenario()

    def lines(self) -> Iterator[str]:
        """Everything as Markdown that reads as text on a terminal."""
        yield f"# {self.title}"
        yield from self.introduction()
        for section in self.sections():
            yield ""
            yield from section.lines()

    def _row(self, one: Measure) -> tuple[str, str, str]:
        if one.value is None:
            return one.name, "-", f"{one.definition}; {one.missing}"
        return one.name, self._written(one.value, one.unit), one.definition

    def _written(self, value: float, unit: str) -> str:
        if unit == "share":
            return percent(value)
        if unit == "money":
            return f"{value:,.{self.digits}f} {self.currency}"
        return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"

    def _of_cohorts(self) -> Section:
        ages = [name for name in self.cohorts.columns if name.startswith("age_")]
        rows = tuple(
            (str(row["cohort"]), f"{row['customers']:,}", *("" if row[a] is None else f"{row[a]:.0%}" for a in ages))
            for row in self.cohorts.to_dicts()
        )
        heads = ("came from", "customers", *(age.removeprefix("age_") for age in ages))
        title = "Cohorts: who came in each unit, and how many were customers at its end and so many units later"
        return Section(title, heads, rows)

    def _of_survival(self) -> Section:
        seen, points = self.survival, []
        for days in LOOKS:
            if (share := seen.still_there(days)) is not None:
                low, high = share["low"], share["high"]
                known = low is not None and high is not None
                interval = f" (95 % interval {percent(low)} to {percent(high)})" if known else ""  # type: ignore[arg-type]
                points.append(f"{percent(share['share'] or 0)} are never lost within {days:,} days{interval}")
        title = f"Staying: {seen.customers:,} customers seen coming, {seen.lost:,} of them lost so far"
        return Section(title, points=tuple(points))

    def _of_scenario(self) -> Section:
        one = self.scenario
        each, revenue, margin = (
            f"{value:,.{self.digits}f} {self.currency}" for value in (one.revenue_per_customer, one.revenue, one.margin)
        )
        points = [
            f"{one.customers:,.1f} more customers kept, at {each} each in a period like this one",
            f"{revenue} of revenue a period, {margin} of margin",
        ]
        if one.lifetime is not None and one.lifetime_then is not None:
            then = f"{one.lifetime_then:.1f}"
            points.append(f"customers stay {one.lifetime:.1f} such periods on average, and would stay {then}")
        points.append(
            "a sum, no forecast: what it costs to lose fewer, and whether it can be had, `churn readout` has to say"
        )
        title = f"What {one.points:g} point{'' if one.points == 1 else 's'} less churn would be worth"
        return Section(title, points=tuple(points))


def _of_grouping(grouping: str, part: pl.DataFrame) -> Section:
    notes = []
    if part.height > MAX_GROUPS:
        notes.append(f"{part.height - MAX_GROUPS:,} smaller ones are in the output of --json.")
    if part["start"].is_between(1, MIN_START - 1).any():
        notes.append(f"* fewer than {MIN_START} customers at the start: each moves the rate by more than 3 points.")
    rows = tuple(_group_row(row) for row in part.head(MAX_GROUPS).to_dicts())
    return Section(f"By {grouping}", GROUP_HEADS, rows, tuple(notes))


GROUP_HEADS: Final = (
    "group",
    "start",
    "lost",
    "won",
    "returned",
    "end",
    "excluding new",
    "net",
    "kept gross",
    "kept net",
)


def _group_row(row: dict[str, Any]) -> tuple[str, ...]:
    rates = ("retention_excluding_new", "retention_net", "revenue_kept_gross", "revenue_kept_net")
    mark = "*" if 0 < row["start"] < MIN_START else ""
    return (
        row["group"],
        *(f"{row[name]:,}" for name in ("start", "lost", "won", "returned", "end")),
        *("-" if row[name] is None else f"{percent(row[name])}{mark}" for name in rates),
    )
