"""What each kind of label would have made of past snapshots, and how many it calls churned came back all the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import duckdb

from pipeline.config.params import Label, Overdue
from pipeline.examples.snapshots import outcome_window

TIMES: Final = (1.5, 2.0, 3.0)
"""Multiples of the usual pause that are tried."""


@dataclass(frozen=True)
class Count:
    """What a label made of the customers of past snapshots.

    Attributes
    ----------
    eligible, churned
        Customers looked at, and those of them whom the label calls churned.
    came_back
        Of the churned, those who bought again in the days observed after the window.
    """

    eligible: int
    churned: int
    came_back: int

    def __add__(self, other: "Count") -> "Count":
        """Both together."""
        return Count(self.eligible + other.eligible, self.churned + other.churned, self.came_back + other.came_back)

    @property
    def false_alarms(self) -> float:
        """Share (0-1) of the churned who came back."""
        return self.came_back / max(1, self.churned)

    @property
    def rate(self) -> float:
        """Share (0-1) of the customers who churned."""
        return self.churned / max(1, self.eligible)


@dataclass(frozen=True)
class Meaning:
    """One meaning of churn: a label, and within how many days before a snapshot those looked at have bought."""

    active_days: int
    label: Label


def overdue_meanings(active_days: int, label: Label, waits: Overdue) -> list[Meaning]:
    """Overdue in the window of the label, with each multiple of the usual pause."""
    each = [waits.model_copy(update={"times": times}) for times in TIMES]
    return [Meaning(active_days, label.model_copy(update={"kind": "overdue", "overdue": one})) for one in each]


def count(
    engine: duckdb.DuckDBPyConnection, snapshot: date, meanings: Sequence[Meaning], observed_days: int
) -> list[Count]:
    """What each meaning makes of the customers of a bucket at one snapshot, by the table ``bought``.

    Parameters
    ----------
    engine
        With the table that `pipeline.examples.pauses.load` makes.
    snapshot
        The day.
    meanings
        Labels by purchases, inactivity or overdue, all with the same window.
    observed_days
        Days after the window in which who buys has come back.
    """
    window = outcome_window(snapshot, meanings[0].label)
    further = window.end + timedelta(days=observed_days)
    day, start, end = (f"DATE '{each.isoformat()}'" for each in (snapshot, window.start, window.end))
    counts = ", ".join(
        f"count(*) FILTER ({seen}), count(*) FILTER ({seen} AND {gone}), count(*) FILTER ({seen} AND {gone} AND back)"
        for seen, gone in ((f"ago <= {one.active_days}", _churned(one.label, window.end)) for one in meanings)
    )
    query = f"""
        SELECT {counts} FROM (
            SELECT customer_key, quantile_disc(day - before, 0.5) FILTER (day < {day}) AS usual,
                {day} - max(day) FILTER (day < {day}) AS ago, max(day) FILTER (day < {end}) AS last_seen,
                coalesce(bool_or(day >= {start} AND day < {end}), false) AS bought,
                coalesce(bool_or(day >= {end} AND day < DATE '{further.isoformat()}'), false) AS back
            FROM (SELECT *, lag(day) OVER (PARTITION BY customer_key ORDER BY day) AS before FROM bought)
            GROUP BY customer_key)"""
    row = engine.execute(query).fetchone()
    assert row is not None, "an aggregate has one row"
    return [Count(*row[3 * place : 3 * place + 3]) for place in range(len(meanings))]


def _churned(label: Label, end: date) -> str:
    """The condition of a label; that of overdue says in SQL what `pipeline.examples.labels.overdue` says in arrays."""
    wait = label.overdue
    if label.kind == "inactivity" or wait is None:
        return "NOT bought"
    own = f"least(greatest(floor({wait.times} * usual + 1e-9), {wait.min_days}), {wait.max_days})"
    return f"(NOT bought AND DATE '{end.isoformat()}' - last_seen > coalesce({own}, {wait.one_time_days}))"


def observed_days(meanings: Sequence[Meaning], history_days: int) -> int:
    """Days to look on after a window: as many as the longest activity window, if two snapshots before have history.

    >>> label = Label(kind="inactivity", gap_days=0, horizon_days=30)
    >>> [observed_days([Meaning(90, label)], days) for days in (365, 160, 40)]
    [90, 50, 30]
    """
    label = meanings[0].label
    window = label.gap_days + label.horizon_days
    return min(max(one.active_days for one in meanings), max(window, (history_days - 2 * window) // 2))


def looks(label: Label, observed: int, until: date) -> list[date]:
    """The last two snapshots after whose windows so many days more were observed, latest first.

    >>> [str(day) for day in looks(Label(kind="inactivity", gap_days=0, horizon_days=30), 90, date(2018, 1, 1))]
    ['2017-09-03', '2017-08-04']
    """
    step, end = timedelta(days=label.gap_days + label.horizon_days), until - timedelta(days=observed)
    return [end - step, end - 2 * step]
