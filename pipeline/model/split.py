"""Which snapshots teach, which one stops and calibrates, and which one judges: later ones, never overlapping."""

from dataclasses import dataclass
from datetime import date

from pipeline.config.errors import NotEnoughData
from pipeline.config.params import Label
from pipeline.examples.snapshots import outcome_window


@dataclass(frozen=True)
class Split:
    """Complete snapshots by their part in the making of a model.

    Attributes
    ----------
    train
        Their outcome windows are over before the validation snapshot.
    validation
        Ends the training and calibrates; its window is over before the test snapshot.
    test
        The last complete one; nothing was learnt from it.
    """

    train: list[date]
    validation: date
    test: date


def by_time(complete: list[date], label: Label) -> Split:
    """Split the complete snapshots so that no outcome window overlaps a later part.

    Raises
    ------
    NotEnoughData
        There are not enough snapshots apart from each other.

    Examples
    --------
    >>> label = Label(kind="inactivity", gap_days=0, horizon_days=30)
    >>> days = [date(2017, 9, 3), date(2017, 9, 18), date(2017, 10, 3), date(2017, 10, 18), date(2017, 11, 2)]
    >>> found = by_time(days, label)
    >>> [str(day) for day in found.train], str(found.validation), str(found.test)
    (['2017-09-03'], '2017-10-03', '2017-11-02')
    """
    need = label.gap_days + label.horizon_days
    parts = _apart(complete, need)
    if len(parts) < 3:
        instead = "set an earlier snapshots.first, or a shorter label.horizon_days"
        # The packaged prior learns from none, and is graded on one.
        prior = ", or model.prior: packaged" if parts else "; model.prior: packaged needs 1"
        raise NotEnoughData(
            f"{len(complete)} complete snapshots ({_span(complete)}) hold {len(parts)} that are {need} days apart; "
            f"3 are needed to train, validate and test: {instead}{prior}"
        )
    test, validation, _ = parts
    return Split(known_by(complete, validation, need), validation, test)


def has_parts(complete: list[date], label: Label) -> bool:
    """Whether complete snapshots can be split `by_time`.

    >>> label = Label(kind="inactivity", gap_days=0, horizon_days=30)
    >>> has_parts([date(2017, 9, 3), date(2017, 10, 3), date(2017, 11, 2)], label)
    True
    >>> has_parts([date(2017, 10, 3), date(2017, 11, 2)], label)
    False
    """
    return len(_apart(complete, label.gap_days + label.horizon_days)) >= 3


def cutoffs(complete: list[date], label: Label, min_training: int) -> list[Split]:
    """Every split of its own time: as `by_time` would have made it on the day each test snapshot became complete.

    Parameters
    ----------
    complete
        All complete snapshots.
    label
        ``params.yaml: label``.
    min_training
        Training snapshots a split must have at least.

    Examples
    --------
    >>> label = Label(kind="inactivity", gap_days=0, horizon_days=30)
    >>> days = [date(2017, 9, 3), date(2017, 9, 18), date(2017, 10, 3), date(2017, 10, 18), date(2017, 11, 2),
    ...         date(2017, 11, 17)]
    >>> [(len(found.train), str(found.validation), str(found.test)) for found in cutoffs(days, label, 1)]
    [(1, '2017-10-03', '2017-11-02'), (2, '2017-10-18', '2017-11-17')]
    """
    ordered = sorted(complete)
    so_far = [ordered[: position + 1] for position in range(len(ordered))]
    able = [days for days in so_far if len(_apart(days, label.gap_days + label.horizon_days)) == 3]
    return [split for days in able if len((split := by_time(days, label)).train) >= min_training]


def spread(splits: list[Split], most: int) -> list[Split]:
    """Return at most so many of the splits, the first one among them, at even distances from what follows the last.

    Parameters
    ----------
    splits
        In the order of time.
    most
        How many are taken at most, at least 1.

    Examples
    --------
    >>> splits = [Split([], date(2024, 1, 1), date(2024, 2, day)) for day in range(1, 11)]
    >>> [split.test.day for split in spread(splits, 5)]
    [1, 3, 5, 7, 9]
    >>> [split.test.day for split in spread(splits[:3], 5)]
    [1, 2, 3]
    """
    back = {round(len(splits) * step / most) for step in range(1, most + 1)} if len(splits) > most else None
    return [split for place, split in enumerate(splits) if back is None or len(splits) - place in back]


def known_by(days: list[date], day: date, need: int) -> list[date]:
    """Return the snapshots whose outcome was known on the morning of a day, in the order of time.

    Parameters
    ----------
    days
        Snapshots.
    day
        The snapshot that comes after them.
    need
        Days that each of them must be before it: gap and horizon together.

    Examples
    --------
    >>> [str(one) for one in known_by([date(2024, 1, 1), date(2024, 2, 1)], date(2024, 2, 10), need=30)]
    ['2024-01-01']
    """
    return [one for one in sorted(days) if (day - one).days >= need]


def _apart(complete: list[date], need: int) -> list[date]:
    """The last snapshots, latest first and three at most, of which each outcome window is over before the next."""
    parts: list[date] = []
    for day in sorted(complete, reverse=True):
        if len(parts) < 3 and (not parts or (parts[-1] - day).days >= need):
            parts.append(day)
    return parts


def _span(days: list[date]) -> str:
    return f"{min(days)} to {max(days)}" if days else "none"


def known_cutoffs(complete: list[date], label: Label, min_training_snapshots: int) -> list[Split]:
    """The origins whose outcomes were known at the test snapshot: what may be chosen by without having looked at it.

    Raises
    ------
    NotEnoughData
        There is none.
    """
    test = by_time(complete, label).test
    known = [day for day in complete if outcome_window(day, label).end <= test]
    before = cutoffs(known, label, min_training_snapshots)
    if not before:
        raise NotEnoughData(
            f"no snapshot before {test} has {min_training_snapshots} training snapshots before it; "
            "lower evaluate.min_training_snapshots, or set an earlier snapshots.first"
        )
    return before
