"""Of the customers who came in one month, quarter or year, how many are still there after each further one."""

from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from pipeline import sql
from pipeline.retention import customer_flow
from pipeline.retention.customer_flow import Job
from pipeline.retention.periods import MONTHS, Observed, Period, add_months

MAX_COHORTS: Final = 12
SCHEMA: Final = {"cohort": pl.Date(), "age": pl.Int64(), "customers": pl.Int64()}


@dataclass(frozen=True)
class Calendar:
    """Whose coming is looked at, and how long after it.

    Attributes
    ----------
    unit
        ``month``, ``quarter`` or ``year``.
    starts
        The first days of the cohorts, the earliest first.
    end
        The first day after the last of them, on which the last look is taken.
    """

    unit: str
    starts: tuple[date, ...]
    end: date

    @property
    def ends(self) -> tuple[date, ...]:
        """The days on which is looked: the first one after each cohort's own unit."""
        return (*self.starts[1:], self.end)


def calendar(period: Period, observed: Observed) -> Calendar:
    """The last twelve units up to the end of a period, as far as it is known who was new in them.

    Whoever bought in the first days of the data may have been a customer long before: so no cohort begins until the
    window that says who is a customer lies behind it.

    >>> observed = Observed(date(2017, 1, 1), date(2018, 1, 1), 90)
    >>> days = calendar(Period("month", date(2017, 12, 1), date(2018, 1, 1)), observed)
    >>> [f"{day:%m}" for day in days.starts], str(days.ends[0]), str(days.end)
    (['04', '05', '06', '07', '08', '09', '10', '11', '12'], '2017-05-01', '2018-01-01')
    """
    unit = period.unit if period.unit in MONTHS else "month"
    length = MONTHS[unit]
    end = period.end if period.unit in MONTHS else period.end.replace(day=1)
    starts = [add_months(end, -length * number) for number in range(MAX_COHORTS, 0, -1)]
    return Calendar(unit, tuple(day for day in starts if day >= observed.earliest), end)


def count_bucket(job: Job, days: Calendar) -> pl.DataFrame:
    """Customers of a bucket by cohort and ``age``: None for all who came, else units until they were looked for."""
    if not days.starts:
        return pl.DataFrame(schema=SCHEMA)
    with sql.connect(job.threads, job.memory_gb) as engine:
        customer_flow.load(engine, job)
        return sql.frame(engine, _query(job, days)).cast(SCHEMA)  # type: ignore[arg-type]


def _query(job: Job, days: Calendar) -> str:
    first, last = days.starts[0].isoformat(), days.end.isoformat()
    came = f"""
        SELECT customer_key, CAST(date_trunc('{days.unit}', first_day) AS DATE) AS cohort
        FROM ({customer_flow.first_days(job.rule)})
        WHERE first_day >= DATE '{first}' AND first_day < DATE '{last}'"""
    # One look a unit, each at the very rule of the rates: nothing here says anew who is a customer.
    looks = " UNION ALL ".join(
        f"""SELECT cohort, CAST({number} - datediff('month', DATE '{first}', cohort) // {MONTHS[days.unit]} AS BIGINT)
            AS age, count(*) AS customers
        FROM came WHERE customer_key IN ({customer_flow.active(job.rule, end)}) GROUP BY cohort"""
        for number, end in enumerate(days.ends)
    )
    return f"""
        WITH came AS ({came})
        SELECT cohort, NULL::BIGINT AS age, count(*) AS customers FROM came GROUP BY cohort
        UNION ALL ({looks})"""


def triangle(parts: list[pl.DataFrame], days: Calendar) -> pl.DataFrame:
    """The cohorts of all buckets, one row each.

    Returns
    -------
    polars.DataFrame
        ``cohort`` (its first day), ``customers`` who came in it, and ``age_0``, ``age_1``, ...: the share (0-1) of them
        who are customers at the end of that unit and so many units later; null where that is not over, and where
        nobody came.

    Examples
    --------
    >>> part = pl.DataFrame({"cohort": [date(2024, 1, 1)] * 3, "age": [None, 0, 1], "customers": [10, 9, 6]})
    >>> days = Calendar("month", (date(2024, 1, 1), date(2024, 2, 1)), date(2024, 3, 1))
    >>> triangle([part.cast(SCHEMA)], days).rows()
    [(datetime.date(2024, 1, 1), 10, 0.9, 0.6), (datetime.date(2024, 2, 1), 0, None, None)]
    """
    counts = pl.concat([pl.DataFrame(schema=SCHEMA), *parts]).group_by("cohort", "age").sum()
    known = {(row["cohort"], row["age"]): row["customers"] for row in counts.to_dicts()}
    rows = []
    for number, cohort in enumerate(days.starts):
        came = known.get((cohort, None), 0)
        shares = [
            known.get((cohort, age), 0) / came if came and age < len(days.starts) - number else None
            for age in range(len(days.starts))
        ]
        rows.append((cohort, came, *shares))
    ages = {f"age_{age}": pl.Float64() for age in range(len(days.starts))}
    return pl.DataFrame(rows, schema={"cohort": pl.Date(), "customers": pl.Int64(), **ages}, orient="row")
