"""The days from which we look, and which of them are far enough in the past to carry a label."""

from dataclasses import dataclass
from datetime import date, timedelta

from pipeline.config.errors import StaleInput
from pipeline.config.params import Label, Snapshots


@dataclass(frozen=True)
class Window:
    """The outcome window of a snapshot: ``start <= day < end``."""

    start: date
    end: date


def outcome_window(snapshot: date, label: Label) -> Window:
    """The days that decide whether a customer churned.

    >>> label = Label(kind="inactivity", gap_days=7, horizon_days=30)
    >>> outcome_window(date(2017, 12, 1), label)
    Window(start=datetime.date(2017, 12, 8), end=datetime.date(2018, 1, 7))
    """
    start = snapshot + timedelta(days=label.gap_days)
    return Window(start, start + timedelta(days=label.horizon_days))


def is_complete(snapshot: date, label: Label, observed_until: date) -> bool:
    """Whether the outcome window is over; only such a snapshot carries labels.

    >>> label = Label(kind="inactivity", gap_days=0, horizon_days=30)
    >>> is_complete(date(2017, 12, 2), label, date(2018, 1, 1))
    True
    >>> is_complete(date(2017, 12, 3), label, date(2018, 1, 1))
    False
    """
    return outcome_window(snapshot, label).end <= observed_until


def snapshot_days(settings: Snapshots) -> list[date]:
    """All snapshots from the earliest to ``as_of``, `every_days` apart, counted back from ``as_of``.

    >>> settings = Snapshots(as_of="2018-01-01", observed_until="2018-01-01", first="2017-12-01", every_days=15,
    ...                      active_days=90, min_tenure_days=0, former_days=365)
    >>> [str(day) for day in snapshot_days(settings)]
    ['2017-12-02', '2017-12-17', '2018-01-01']
    """
    steps = (settings.as_of - settings.first).days // settings.every_days
    return [settings.as_of - timedelta(days=settings.every_days * step) for step in range(steps, -1, -1)]


def refuse_unobserved(last_day: date, observed_until: date, max_silent_days: int) -> None:
    """Days nobody has observed look like days on which nobody bought: everyone would be labelled as churned.

    Raises
    ------
    StaleInput
        The data end long before `observed_until`.
    """
    silent = (observed_until - last_day).days - 1
    if silent > max_silent_days:
        raise StaleInput(
            f"snapshots.observed_until is {observed_until}, but the last transaction is of {last_day}: {silent} days "
            f"without one (data.max_silent_days allows {max_silent_days}); set it to the day after the data ends"
        )
