"""The days a rate is about: a month, a quarter, a year, or any days from one to another."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from pipeline.config.errors import BadParams, NotEnoughData

MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
ANY_DAYS: Final = re.compile(r"(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})")
ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """Some days in a row.

    Attributes
    ----------
    unit
        ``month``, ``quarter``, ``year``, or ``days`` for any others.
    start, end
        Its first day, and the first day after it.
    """

    unit: str
    start: date
    end: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.start).days

    @property
    def last(self) -> date:
        """Its last day."""
        return self.end - ONE_DAY

    @property
    def before(self) -> date:
        """The first day of the one before it, which is as long.

        >>> Period("month", date(2018, 3, 1), date(2018, 4, 1)).before
        datetime.date(2018, 2, 1)
        >>> Period("days", date(2018, 3, 11), date(2018, 3, 21)).before
        datetime.date(2018, 3, 1)
        """
        if self.unit in MONTHS:
            return add_months(self.start, -MONTHS[self.unit])
        return self.start - timedelta(days=self.days)

    def __str__(self) -> str:
        """Both ends, as a heading has them."""
        return f"{self.start} to {self.last} ({self.days} days)"


@dataclass(frozen=True)
class Observed:
    """The days of which something is known.

    Attributes
    ----------
    first
        The first day of the data.
    until
        The first day that is no longer fully observed.
    active_days
        Days over which a customer is looked for; 0 where contracts say who is one.
    """

    first: date
    until: date
    active_days: int

    @property
    def earliest(self) -> date:
        """The first day on which it is known who is a customer: one more than the window that has to lie behind it."""
        return self.first + timedelta(days=max(1, self.active_days))


def add_months(day: date, months: int) -> date:
    """The first day of a month so many months later; of a first day only.

    >>> add_months(date(2017, 11, 1), 3), add_months(date(2018, 1, 1), -12)
    (datetime.date(2018, 2, 1), datetime.date(2017, 1, 1))
    """
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def last_full(unit: str, until: date) -> Period:
    """The last whole month, quarter or year of the calendar that is over on a day.

    >>> [str(last_full(unit, date(2018, 2, 28))) for unit in MONTHS]
    ['2018-01-01 to 2018-01-31 (31 days)', '2017-10-01 to 2017-12-31 (92 days)', '2017-01-01 to 2017-12-31 (365 days)']
    >>> str(last_full("month", date(2018, 3, 1)))
    '2018-02-01 to 2018-02-28 (28 days)'
    """
    length = MONTHS[unit]
    end = date(until.year, (until.month - 1) // length * length + 1, 1)
    return Period(unit, add_months(end, -length), end)


def parse(text: str, observed: Observed) -> Period:
    """The period that a text names, if enough is known around it.

    Parameters
    ----------
    text
        ``month``, ``quarter`` or ``year``: the last one that is over; or ``FROM..TO``, both days included.
    observed
        Of which days the data tell.

    Raises
    ------
    BadParams
        The text names no period, or one that ends before it begins.
    NotEnoughData
        The data end before the period does; or begin too late to know who was a customer at its start, as when it is
        the whole life of the company, over which no rate can be computed.

    Examples
    --------
    >>> observed = Observed(date(2017, 1, 1), date(2018, 1, 1), 90)
    >>> str(parse("month", observed)), str(parse("2017-05-01..2017-05-14", observed))
    ('2017-12-01 to 2017-12-31 (31 days)', '2017-05-01 to 2017-05-14 (14 days)')
    """
    period = last_full(text, observed.until) if text in MONTHS else _any_days(text)
    if period.end > observed.until:
        raise NotEnoughData(
            f"--period {text}: the data are known until {observed.until - ONE_DAY}, by their last day and "
            "snapshots.observed_until; end it by then"
        )
    if period.start < observed.earliest:
        whole = "the whole history" if period.start <= observed.first else "too early a start"
        raise NotEnoughData(
            f"--period {text}: {period.start} to {period.last} is {whole}; who was a customer at the start is known "
            f"from {observed.earliest} on, as the data begin on {observed.first}"
            + (f" and snapshots.active_days is {observed.active_days}" if observed.active_days else "")
            + "; begin it then or later"
        )
    return period


def _any_days(text: str) -> Period:
    match = ANY_DAYS.fullmatch(text)
    try:
        start, last = (date.fromisoformat(part) for part in match.groups()) if match else (None, None)
    except ValueError:
        start, last = None, None
    if start is None or last is None:
        raise BadParams(f"--period {text}: write month, quarter, year, or two days such as 2024-01-01..2024-03-31")
    if last < start:
        raise BadParams(f"--period {text}: holds no day, since it ends before it begins; write the earlier day first")
    return Period("days", start, last + ONE_DAY)
