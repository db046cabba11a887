"""How long customers pause between purchases, and what each definition of churn would make of that.

A pause that ended has a length; the last one of each customer is still open at the end of the data, known only to be at
least so long. `quantile` is of the pauses that ended: how long do customers take who come back? `returned` counts the
open ones as well, each for as long as it was seen (Kaplan and Meier 1958): how many come back at all?
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import polars as pl

from pipeline import sql
from pipeline.examples.yearly_rhythm import YEAR, is_yearly

# Lengths people can remember; the longest are for shops that people visit every few years.
ROUND_DAYS = (7, 14, 30, 60, 90, 180, 365, 540, 730, 1095)
QUANTILES = (0.5, 0.75, 0.9, 0.95, 0.99)
# Parts of which none may overlap: to train, to validate, to test.
PARTS = 3
LOOKS = 3  # past snapshots at which base rates are measured


@dataclass(frozen=True)
class GapStatistics:
    """All pauses of the shop by length.

    Attributes
    ----------
    pauses
        ``days, ended, still_open``: how many pauses had that length when they ended, or when the data ended.
    usual
        ``days, customers``: whose mean pause between purchase days is so long, rounded up; of those who bought twice.
    customers
        How many customers bought at all.
    one_time
        How many of them on one day only.
    history_days
        From the first purchase to the end of the data.
    """

    pauses: pl.DataFrame
    usual: pl.DataFrame
    customers: int
    one_time: int
    history_days: int

    def quantile(self, share: float) -> int | None:
        """The days within which that share of the pauses that ended did end; None where none ended.

        >>> pauses = pl.DataFrame({"days": [7, 8, 30], "ended": [5, 4, 1], "still_open": [0, 0, 5]})
        >>> usual = pl.DataFrame({"days": [8, 12], "customers": [4, 1]})
        >>> [GapStatistics(pauses, usual, 5, 0, 100).quantile(share) for share in (0.5, 0.9, 0.99)]
        [7, 8, 30]
        """
        return _quantile(self.pauses, "ended", share)

    def of_customers(self, share: float) -> int | None:
        """The days that the mean pause of that share of the customers does not exceed.

        Of all pauses most are those of the most frequent customers; here everybody counts once.
        """
        return _quantile(self.usual, "customers", share)

    def returned(self, days: int) -> float:
        """Share of all pauses that ended within so many days, the open ones counted as long as they were seen.

        >>> pauses = pl.DataFrame({"days": [7, 8, 30], "ended": [5, 4, 1], "still_open": [0, 0, 5]})
        >>> GapStatistics(pauses, pauses, 5, 0, 100).returned(8)
        0.6
        """
        gaps = self.pauses.sort("days")
        left = (gaps["ended"] + gaps["still_open"]).reverse().cum_sum().reverse()
        until = gaps["days"] <= days
        steps: list[float] = (1 - gaps["ended"] / left).filter(until).to_list()
        return round(1 - math.prod(steps), 6)


def _quantile(table: pl.DataFrame, counted: str, share: float) -> int | None:
    gaps = table.filter(pl.col(counted) > 0).sort("days")
    if gaps.is_empty():
        return None
    # Less a hair, so that rounding does not ask for one pause more.
    reached = gaps[counted].cum_sum() >= share * int(gaps[counted].sum()) - 1e-9
    return int(gaps.filter(reached)["days"][0])


@dataclass(frozen=True)
class Candidate:
    """One definition of churn, and what it would have made of past snapshots.

    Attributes
    ----------
    active_days, horizon_days
        The definition.
    looks
        Past complete snapshots it was measured at, with enough history before them.
    eligible
        Customers looked at, on average.
    base_rate
        Share of them who churned; None where nobody was looked at.
    has_room
        Whether the history holds the activity window and three outcome windows after it.
    """

    active_days: int
    horizon_days: int
    looks: int
    eligible: int
    base_rate: float | None
    has_room: bool


def load(engine: duckdb.DuckDBPyConnection, transactions: str) -> None:
    """Make the table ``bought`` of one bucket: a row per customer and purchase day."""
    rows = f"SELECT DISTINCT customer_key, day FROM {transactions} WHERE amount_minor >= 0"
    engine.execute(f"CREATE OR REPLACE TABLE bought AS {rows} ORDER BY customer_key, day")


def count_pauses(engine: duckdb.DuckDBPyConnection, until: date) -> pl.DataFrame:
    """Pauses of the bucket by length, as ``days, ended, still_open``; what happened from `until` on is not observed."""
    end = f"DATE '{until.isoformat()}'"
    query = f"""
        SELECT coalesce(next_day, {end}) - day AS days, count(next_day) AS ended,
            count(*) - count(next_day) AS still_open
        FROM (SELECT day, lead(day) OVER (PARTITION BY customer_key ORDER BY day) AS next_day
            FROM bought WHERE day < {end})
        GROUP BY ALL ORDER BY days"""
    return sql.frame(engine, query)


def count_usual(engine: duckdb.DuckDBPyConnection, until: date) -> pl.DataFrame:
    """Customers of the bucket by their mean pause, as ``days, customers``."""
    query = f"""
        SELECT CAST(ceil((max(day) - min(day)) / (count(*) - 1)) AS BIGINT) AS days
        FROM bought WHERE day < DATE '{until.isoformat()}' GROUP BY customer_key HAVING count(*) > 1"""
    counted = f"SELECT days, count(*) AS customers FROM ({query}) GROUP BY ALL ORDER BY days"
    return sql.frame(engine, counted)


def count_customers(engine: duckdb.DuckDBPyConnection, until: date) -> tuple[int, int, date | None]:
    """Customers of the bucket, those with one purchase day, and the first day of all."""
    query = f"""
        SELECT count(*), count(*) FILTER (days = 1), min(first)
        FROM (SELECT count(*) AS days, min(day) AS first FROM bought WHERE day < DATE '{until.isoformat()}'
            GROUP BY customer_key)"""
    row = engine.execute(query).fetchone()
    assert row is not None, "an aggregate has one row"
    return row[0], row[1], row[2]


def looks(horizon_days: int, gap_days: int, until: date) -> list[date]:
    """The last snapshots whose outcome windows are over and do not overlap, latest first.

    >>> [str(day) for day in looks(30, 0, date(2018, 1, 1))]
    ['2017-12-02', '2017-11-02', '2017-10-03']
    """
    step = timedelta(days=horizon_days + gap_days)
    return [until - step * number for number in range(1, LOOKS + 1)]


def count_churn(
    engine: duckdb.DuckDBPyConnection, snapshot: date, gap_days: int, horizon_days: int, actives: Sequence[int]
) -> dict[int, tuple[int, int]]:
    """Eligible customers of the bucket and the churned among them, by length of the activity window."""
    day, start = f"DATE '{snapshot.isoformat()}'", f"DATE '{(snapshot + timedelta(days=gap_days)).isoformat()}'"
    counts = ", ".join(
        f"count(*) FILTER (ago <= {active}), count(*) FILTER (ago <= {active} AND churned)" for active in actives
    )
    query = f"""
        SELECT {counts} FROM (
            SELECT {day} - max(day) FILTER (day < {day}) AS ago,
                NOT bool_or(day >= {start} AND day < {start} + {horizon_days}) AS churned
            FROM bought GROUP BY customer_key)"""
    row = engine.execute(query).fetchone()
    assert row is not None, "an aggregate has one row"
    return {active: (row[2 * position], row[2 * position + 1]) for position, active in enumerate(actives)}


def lengths(rhythm: GapStatistics) -> list[int]:
    """Lengths worth asking about: round numbers, and quantiles of the shop's own pauses, within half its history."""
    own = [rhythm.quantile(share) for share in (0.75, 0.9, 0.95)]
    candidates = {*ROUND_DAYS, *(days for days in own if days is not None)}
    return sorted(days for days in candidates if 2 * days <= rhythm.history_days)


def has_room(active_days: int, horizon_days: int, gap_days: int, history_days: int) -> bool:
    """Whether the first of three non-overlapping snapshots has the whole activity window behind it.

    >>> has_room(180, 90, 0, 546), has_room(180, 180, 0, 546)
    (True, False)
    """
    return active_days + PARTS * (gap_days + horizon_days) <= history_days


def wanted_horizon(rhythm: GapStatistics) -> int:
    """The shortest horizon in which staying shows: 9 of 10 pauses end, and 3 of 4 customers usually pause for less.

    In a yearly rhythm it is a year: who skips one has a pause of two, and that is what is to be foreseen.
    """
    if is_yearly(rhythm.pauses):
        return YEAR
    return max(rhythm.quantile(0.9) or 0, rhythm.of_customers(0.75) or 0)


def pick(rhythm: GapStatistics, gap_days: int) -> tuple[int, int] | None:
    """Activity window and horizon that fit the rhythm and the history, or None where the history is too short.

    Within the horizon nine of ten pauses have ended, and so has the usual pause of three of four customers. Within the
    activity window all but one pause of a hundred have (but for skipped years), so whoever is silent for longer is gone
    already and needs no score; it is twice the horizon at least, for a change of rhythm to show. Where the history is
    too short, the longest that leaves room.

    >>> pauses = pl.DataFrame({"days": [7, 8, 30], "ended": [50, 49, 1], "still_open": [0, 0, 5]})
    >>> usual = pl.DataFrame({"days": [8, 12], "customers": [4, 1]})
    >>> [pick(GapStatistics(pauses, usual, 50, 0, days), gap_days=0) for days in (365, 50)]
    [(30, 14), (14, 7)]
    """
    longest, horizon = rhythm.quantile(0.99), wanted_horizon(rhythm)
    rounds = [days for days in ROUND_DAYS if 2 * days <= rhythm.history_days]
    fitting = [(active, days) for active in rounds for days in rounds
               if days <= active and has_room(active, days, gap_days, rhythm.history_days)]  # fmt: skip
    if longest is None or not fitting:
        return None
    if is_yearly(rhythm.pauses):
        # The longest pauses are skipped years; they say nothing of how long somebody stays away who comes back.
        longest = YEAR
    wanted = max(longest, 2 * min((days for days in ROUND_DAYS if days >= horizon), default=horizon))
    active = _first_from([active for active, _ in fitting], wanted)
    return active, _first_from([days for own, days in fitting if own == active], horizon)


def _first_from(days: list[int], wanted: int) -> int:
    """The shortest that is long enough, or else the longest."""
    return min((one for one in days if one >= wanted), default=max(days))
