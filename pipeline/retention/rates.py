"""Retention and churn rates of a period: by identity, by count, and net of who was won in their place."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import polars as pl


@dataclass(frozen=True)
class Measure:
    """A figure beside what it means.

    Attributes
    ----------
    name
        Its name, for programs; a share (0-1), a count, or an amount by its end.
    value
        The figure; None where it is not defined.
    definition
        What it is, in a sentence.
    unit
        ``customers``, ``share`` (0-1), ``money`` (currency units) or ``number``.
    missing
        Why there is no value; empty where there is one.
    low, high
        Its 95 % interval; None where it is a count and no estimate.
    """

    name: str
    value: float | None
    definition: str
    unit: str
    missing: str = ""
    low: float | None = None
    high: float | None = None

    def as_json(self) -> dict[str, Any]:
        """The figure for programs, with its definition."""
        content = {"name": self.name, "value": self.value, "unit": self.unit, "definition": self.definition}
        interval = {} if self.low is None else {"low": self.low, "high": self.high}
        return content | interval | ({"missing": self.missing} if self.missing else {})


@dataclass(frozen=True)
class Flow:
    """Where the customers of a period come from and where they go.

    Attributes
    ----------
    start, end
        Customers at either end.
    kept, lost
        Of those of the start, who is one at the end as well, and who is not.
    won
        Customers at the end who had never been one before the period.
    returned
        Customers at the end who were none at the start, but had been before.
    won_and_lost, returned_and_lost
        Who became a customer in the period, for the first time or again, and was none any more at its end.
    """

    start: int
    end: int
    kept: int
    lost: int
    won: int
    returned: int
    won_and_lost: int
    returned_and_lost: int

    @property
    def acquired(self) -> int:
        """Everybody who became a customer in the period, whatever became of them: what a firm that counts calls new."""
        return self.won + self.returned + self.won_and_lost + self.returned_and_lost


def is_new(start: Any) -> pl.Expr:
    """Whether a customer had never been one before a day."""
    return pl.col("first_day") >= pl.lit(start)


def flow(customers: pl.DataFrame, start: Any) -> Flow:
    """Count who came and who went.

    Parameters
    ----------
    customers
        One row per customer, with ``is_start``, ``is_end``, ``is_inside`` and ``first_day``.
    start
        The first day of the period.

    Examples
    --------
    >>> from datetime import date
    >>> table = pl.DataFrame({"is_start": [True, True, False, False], "is_end": [True, False, True, False],
    ...     "is_inside": [False, False, False, True], "first_day": [date(2024, 1, 1)] * 2 + [date(2024, 2, 2)] * 2})
    >>> flow(table, date(2024, 2, 1))
    Flow(start=2, end=2, kept=1, lost=1, won=1, returned=0, won_and_lost=1, returned_and_lost=0)
    """
    at_start, at_end, new, inside = pl.col("is_start"), pl.col("is_end"), is_new(start), pl.col("is_inside")
    parts = {
        "start": at_start,
        "end": at_end,
        "kept": at_start & at_end,
        "lost": at_start & ~at_end,
        "won": ~at_start & at_end & new,
        "returned": ~at_start & at_end & ~new,
        "won_and_lost": inside & new,
        "returned_and_lost": inside & ~new,
    }
    counts = customers.select([part.sum().cast(pl.Int64).alias(name) for name, part in parts.items()])
    return Flow(**counts.row(0, named=True))


def excluding_new(end: int, acquired: int, start: int) -> float | None:
    """Retention with new customers taken out: ``(end - acquired) / start``.

    Parameters
    ----------
    end, acquired, start
        Customers at the end, those who became one in between, and those at the start.

    Returns
    -------
    float or None
        At most 1; below 0 where more of those who came left again than stayed of the others. None without a start.

    Examples
    --------
    50 at the start, 9 won and 4 lost; then 100, of whom 21 were lost while 20 were won.

    >>> excluding_new(55, 9, 50), excluding_new(99, 20, 100), excluding_new(5, 5, 0)
    (0.92, 0.79, None)
    """
    return (end - acquired) / start if start else None


def net(end: int, start: int) -> float | None:
    """Retention net of replacement: ``end / start``. Above 1 where the base grows: it is no share that was kept.

    >>> net(99, 100), net(55, 50), net(5, 0)
    (0.99, 1.1, None)
    """
    return end / start if start else None


def churn(retention: float | None) -> float | None:
    """One less a retention rate, as a fraction: below 0 where that is above 1.

    >>> churn(0.75), churn(1.25), churn(None)
    (0.25, -0.25, None)
    """
    return None if retention is None else 1 - retention


NOBODY: Final = "nobody was a customer at the start"


def measures(of: Flow) -> Iterator[Measure]:
    """Every count and every rate of customers, each beside its definition."""
    yield from _counts(of)
    identity, counted = (of.kept / of.start if of.start else None), excluding_new(of.end, of.acquired, of.start)
    whole = net(of.end, of.start)
    for name, value, definition in (
        ("retention_excluding_new", identity, "kept / start: the same customers at both ends, by identity"),
        (
            "retention_excluding_new_by_count",
            counted,
            "(end - acquired) / start, acquired being all who became a customer, also those lost again since",
        ),
        (
            "retention_net",
            whole,
            "end / start: who was won in place of who was lost counts as kept; above 100 % in growth",
        ),
        ("churn_excluding_new", churn(identity), "1 - retention_excluding_new"),
        ("churn_excluding_new_by_count", churn(counted), "1 - retention_excluding_new_by_count"),
        ("churn_net", churn(whole), "1 - retention_net; below 0 in growth"),
    ):
        yield Measure(name, value, definition, "share", "" if of.start else NOBODY)


def _counts(of: Flow) -> Iterator[Measure]:
    for name, number, definition in (
        ("start", of.start, "customers on the morning of the first day"),
        ("kept", of.kept, "customers of the start who are customers at the end as well"),
        ("lost", of.lost, "customers of the start who are none at the end"),
        ("won", of.won, "customers at the end who had never been one before the period"),
        ("returned", of.returned, "customers at the end who were none at the start, but had been before"),
        ("end", of.end, "customers on the morning after the last day: start + won + returned - lost"),
        (
            "won_and_lost_inside",
            of.won_and_lost,
            "became a customer for the first time, and was none any more at the end",
        ),
        ("returned_and_lost_inside", of.returned_and_lost, "became a customer again, and was none any more at the end"),
    ):
        yield Measure(name, number, definition, "customers")


HIDDEN: Final = 0.05
"""From this gap between net and excluding new on, the net rate hides losses that are worth a warning."""
LEVEL: Final = (0.8, 1.25)
"""Wins come level with losses between these: from there on the rate begins to fall fast."""


def warnings(of: Flow) -> list[str]:
    """What one rate alone would hide, in sentences.

    >>> def shop(start, lost, won):
    ...     return Flow(start, start - lost + won, start - lost, lost, won, 0, 0, 0)
    >>> for line in warnings(shop(100, 21, 20)):
    ...     print(line)
    99 % net hides that 21 of 100 customers were lost, and 20 others came in their place: 79 % were kept
    20 came and 21 left: wins and losses are level; look for the causes of the losses
    >>> warnings(shop(100, 1, 0)), len(warnings(shop(50, 4, 9)))
    ([], 1)
    """
    lines = []
    came = of.won + of.returned
    if of.start and of.lost and (of.end - of.kept) / of.start >= HIDDEN:
        lines.append(
            f"{of.end / of.start:.0%} net hides that {of.lost:,} of {of.start:,} customers were lost, and {came:,} "
            f"others came in their place: {of.kept / of.start:.0%} were kept".replace("%", " %")
        )
    if of.lost and LEVEL[0] <= came / of.lost <= LEVEL[1]:
        lines.append(
            f"{came:,} came and {of.lost:,} left: wins and losses are level; look for the causes of the losses"
        )
    return lines
