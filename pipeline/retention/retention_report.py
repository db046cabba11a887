"""All figures of a period in one place, as text for people and as JSON for programs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from pipeline.retention.periods import Period
from pipeline.retention.rates import Measure
from pipeline.retention.scenario import Scenario
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
            "scenario": self.scenario.as_json(),
        }

    def lines(self) -> Iterator[str]:
        """Everything as Markdown that reads as text on a terminal."""
        yield f"# {self.company}: {self.period}"
        yield self.rule
        yield from (f"WARNING {line}" for line in self.warnings)
        yield from self._of_target()
        yield ""
        yield from table(("measure", "value", "definition"), [self._row(one) for one in self.measures])
        for (grouping,), part in self.groups.partition_by("by", as_dict=True, maintain_order=True).items():
            yield from ("", f"## By {grouping}")
            yield from table(GROUP_HEADS, [_group_row(row) for row in part.head(MAX_GROUPS).to_dicts()])
            if part.height > MAX_GROUPS:
                yield f"{part.height - MAX_GROUPS:,} smaller ones are in the output of --json."
            if part["start"].is_between(1, MIN_START - 1).any():
                yield f"* fewer than {MIN_START} customers at the start: each moves the rate by more than 3 points."
        yield from self._of_cohorts()
        yield from self._of_survival()
        if not self.surveys.is_empty():
            yield from ("", "## NPS by touch point: promoters (9-10) less detractors (0-6), in points of all answers")
            rows = [(row[0], f"{row[1]:,}", f"{row[4]:+.0f}") for row in self.surveys.rows()]
            yield from table(("touch point", "answers", "NPS"), rows)
        yield from self._of_scenario()

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

    def _of_target(self) -> Iterator[str]:
        reached = self.measure("retention_excluding_new").value
        if self.target is not None and reached is not None:
            apart = (reached - self.target) * 100
            yield f"Target {percent(self.target)}: {abs(apart):.1f} points {'above' if apart >= 0 else 'below'} it."

    def _of_cohorts(self) -> Iterator[str]:
        if self.cohorts.is_empty():
            return
        ages = [name for name in self.cohorts.columns if name.startswith("age_")]
        yield from (
            "",
            "## Cohorts: who came in each unit, and how many were customers at its end and so many units later",
        )
        rows = [
            (
                str(row["cohort"]),
                f"{row['customers']:,}",
                *("" if row[age] is None else f"{row[age]:.0%}" for age in ages),
            )
            for row in self.cohorts.to_dicts()
        ]
        yield from table(("came from", "customers", *(age.removeprefix("age_") for age in ages)), rows)

    def _of_survival(self) -> Iterator[str]:
        seen = self.survival
        if seen.customers < MIN_CUSTOMERS:
            return
        yield from ("", f"## Staying: {seen.customers:,} customers seen coming, {seen.lost:,} of them lost so far")
        for days in LOOKS:
            if (share := seen.still_there(days)) is not None:
                low, high = share["low"], share["high"]
                known = low is not None and high is not None
                interval = f" (95 % interval {percent(low)} to {percent(high)})" if known else ""  # type: ignore[arg-type]
                yield f"- {percent(share['share'] or 0)} are never lost within {days:,} days{interval}"

    def _of_scenario(self) -> Iterator[str]:
        if self.measure("start").value == 0:
            return
        one = self.scenario
        each, revenue, margin = (
            f"{value:,.{self.digits}f} {self.currency}" for value in (one.revenue_per_customer, one.revenue, one.margin)
        )
        yield from ("", f"## What {one.points:g} point{'' if one.points == 1 else 's'} less churn would be worth")
        yield f"- {one.customers:,.1f} more customers kept, at {each} each in a period like this one"
        yield f"- {revenue} of revenue a period, {margin} of margin"
        if one.lifetime is not None and one.lifetime_then is not None:
            yield f"- customers stay {one.lifetime:.1f} such periods on average, and would stay {one.lifetime_then:.1f}"
        yield "- a sum, no forecast: what it costs to lose fewer, and whether it can be had, `churn readout` has to say"


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


def percent(share: float) -> str:
    """A share (0-1) in percent, to a tenth.

    >>> percent(0.92), percent(1.1), percent(-0.1)
    ('92.0 %', '110.0 %', '-10.0 %')
    """
    return f"{share * 100:.1f} %"


def table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Rows as Markdown, in columns as wide as their widest cell; figures to the right.

    >>> for line in table(("what", "value"), [("a", "1"), ("bc", "10.5 %")]):
    ...     print(line)
    | what |  value |
    | :--- | -----: |
    | a    |      1 |
    | bc   | 10.5 % |
    """
    # A bar in a name would end the cell.
    cells = [tuple(cell.replace("|", "/") for cell in row) for row in (heads, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    right = [column > 0 and head != "definition" for column, head in enumerate(heads)]

    def line(row: tuple[str, ...]) -> str:
        padded = (
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        )
        return f"| {' | '.join(padded)} |"

    yield line(cells[0])
    marks = (f"{'-' * (w - 1)}:" if r else f":{'-' * (w - 1)}" for w, r in zip(widths, right, strict=True))
    yield f"| {' | '.join(marks)} |"
    yield from map(line, cells[1:])
