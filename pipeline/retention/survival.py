"""How long customers stay: the share who are still there so many days after they came (Kaplan and Meier 1958)."""

import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from scipy.stats import CensoredData, ecdf

from pipeline import sql
from pipeline.retention import customer_flow
from pipeline.retention.customer_flow import Job
from pipeline.retention.periods import Observed

LOOKS: Final = (30, 90, 180, 365, 730, 1095)
"""Days after coming at which the curve is given."""
SCHEMA: Final = {"days": pl.Int64(), "is_lost": pl.Boolean(), "customers": pl.Int64()}
CURVE: Final = {"days": pl.Int64(), "share": pl.Float64(), "low": pl.Float64(), "high": pl.Float64()}
MIN_CUSTOMERS: Final = 10
"""Fewer seen so long say nothing of the share who stay."""


@dataclass(frozen=True)
class Survival:
    """The curve of how long customers stay.

    Attributes
    ----------
    customers, lost
        How many were seen coming, and how many of them were lost so far.
    curve
        ``days`` since they came, ``share`` (0-1) who were never lost until then, and its 95 % interval ``low`` to
        ``high``; a row for each day on which somebody was lost.
    seen
        The longest anybody was seen, in days.
    """

    customers: int
    lost: int
    curve: pl.DataFrame
    seen: int

    def still_there(self, days: int) -> dict[str, float | None] | None:
        """The share of those who are still there after so many days, with its interval.

        None beyond what was seen, and before anybody was lost: within the window of the rule nobody can be.
        """
        before = self.curve.filter(pl.col("days") <= days)
        if days > self.seen or before.is_empty():
            return None
        return before.select("share", "low", "high").row(-1, named=True)


def count_bucket(job: Job, observed: Observed) -> pl.DataFrame:
    """How long the customers of a bucket were seen, and whether they were lost then; the columns of `SCHEMA`.

    Only who came late enough to be surely new is looked at. Who was lost and returned was lost.
    """
    with sql.connect(job.threads, job.memory_gb) as engine:
        customer_flow.load(engine, job)
        return sql.frame(engine, _query(job, observed)).cast(SCHEMA)  # type: ignore[arg-type]


def _query(job: Job, observed: Observed) -> str:
    end, rule = customer_flow.sql_day(job.period.end), job.rule
    by_contract = rule.kind == "cancellation"
    gaps = (
        [_contract_gaps("")]
        if by_contract
        else [_lapses(rule.active_days), _contract_gaps(f"(SELECT min(again.day) + 1 {customer_flow.BOUGHT_AGAIN})")]
    )
    # Nobody is lost before he or she came: a gap that began earlier counts from the day after, if it still lasts then.
    return f"""
        WITH came AS ({customer_flow.first_days(rule)}),
        losses AS (
            SELECT customer_key, min(greatest(lost_on, first_day + 1)) AS lost_on
            FROM ({" UNION ALL ".join(gaps)}) JOIN came USING (customer_key)
            WHERE greatest(lost_on, first_day + 1) <= {end} AND (back_on IS NULL OR back_on > first_day + 1)
            GROUP BY customer_key)
        SELECT datediff('day', first_day, coalesce(lost_on, {end})) AS days, lost_on IS NOT NULL AS is_lost,
            count(*) AS customers
        FROM came LEFT JOIN losses USING (customer_key)
        WHERE first_day >= {customer_flow.sql_day(observed.earliest)} GROUP BY ALL ORDER BY ALL"""


def _lapses(active_days: int) -> str:
    """From when to when customers had bought nothing for too long: the first day on which the window is empty."""
    return f"""
        SELECT customer_key, lost_on, next + 1 AS back_on FROM (
            SELECT customer_key, day + {active_days + 1} AS lost_on,
                lead(day) OVER (PARTITION BY customer_key ORDER BY day) AS next FROM bought)
        WHERE next IS NULL OR next >= lost_on"""


def _contract_gaps(or_back_on: str) -> str:
    """From when to when a customer has no contract any more: none took over by then, and one may begin later.

    What begins on the very day from which the one before is gone has taken over: it was renewed.
    """
    begun_again = """(
            SELECT min(again.start_day) + 1 FROM contracts again
            WHERE again.customer_key = ended.customer_key AND again.start_day >= ended.stopped
                AND coalesce(again.gone_on > again.start_day, true))"""
    back_on = f"least({begun_again}, {or_back_on})" if or_back_on else begun_again
    return f"""
        SELECT customer_key, stopped AS lost_on, {back_on} AS back_on
        FROM (SELECT *, greatest(gone_on, start_day) + 1 AS stopped FROM contracts) ended
        WHERE gone_on IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM contracts later
            WHERE later.customer_key = ended.customer_key AND later.start_day < ended.stopped
                AND coalesce(later.gone_on >= ended.stopped, true))"""


def fit(parts: list[pl.DataFrame]) -> Survival:
    """The curve of all buckets.

    Parameters
    ----------
    parts
        Each with the columns of `SCHEMA`.

    Examples
    --------
    Of four, one is lost after 10 days and one after 30; two are still there when the data end, one of them at 20 days.

    >>> part = pl.DataFrame({"days": [10, 20, 30, 40], "is_lost": [True, False, True, False], "customers": [1] * 4})
    >>> found = fit([part])
    >>> found.curve.select("days", "share").rows(), found.still_there(35)["share"], found.still_there(365)
    ([(10, 0.75), (30, 0.375)], 0.375, None)
    """
    seen = pl.concat([pl.DataFrame(schema=SCHEMA), *[part.cast(SCHEMA) for part in parts]])  # type: ignore[arg-type]
    number, lost = int(seen["customers"].sum()), int(seen.filter("is_lost")["customers"].sum())
    if not lost:
        return Survival(number, 0, pl.DataFrame(schema=CURVE), int(seen["days"].max() or 0))  # type: ignore[arg-type]
    days = np.repeat(seen["days"].to_numpy(), seen["customers"].to_numpy())
    is_lost = np.repeat(seen["is_lost"].to_numpy(), seen["customers"].to_numpy())
    curve = ecdf(CensoredData.right_censored(days, ~is_lost)).sf
    with warnings.catch_warnings():
        # Where nobody is left, the interval is undefined, and null below.
        warnings.simplefilter("ignore", RuntimeWarning)
        interval = curve.confidence_interval(method="log-log")
    low, high = interval.low.probabilities, interval.high.probabilities
    table = pl.DataFrame(
        {"days": curve.quantiles, "share": curve.probabilities, "low": low, "high": high}, schema_overrides=CURVE
    ).fill_nan(None)
    events = np.unique(days[is_lost])
    return Survival(number, lost, table.filter(pl.col("days").is_in(events)), int(days.max()))
