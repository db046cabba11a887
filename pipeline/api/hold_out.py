"""Which rows grow the trees and which stop and calibrate them, where an estimator is given rows and no pipeline."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.api.arrays import Days, as_days, as_plain
from pipeline.model import split

Outcomes = npt.NDArray[np.int8]
Mask = npt.NDArray[np.bool_]
NO_DAY = np.datetime64("1970-01-01", "D")


@dataclass(frozen=True)
class HoldOut:
    """The parts of the rows of one ``fit``.

    Attributes
    ----------
    days
        The snapshot of each row, (rows,); one and the same day where none was given.
    train, validation
        Masks, (rows,). A row may be in neither: its outcome window overlaps the validation snapshot.
    """

    days: Days
    train: Mask
    validation: Mask


def by_snapshot(snapshots: Any, need_days: int) -> HoldOut:
    """Return the latest snapshot as validation, and as train all that were known before it; as the pipeline does.

    Parameters
    ----------
    snapshots
        The day of each row, (rows,).
    need_days
        Days from a snapshot to the end of its outcome window: gap and horizon together.

    Raises
    ------
    ValueError
        No snapshot is that far before the latest one.
    """
    days = as_days(snapshots)
    present = sorted(set(days.tolist()))
    earlier = split.known_by(present, present[-1], need_days)
    if not earlier:
        raise ValueError(
            f"snapshots: none of {len(present)} ({present[0]} to {present[-1]}) is {need_days} days (gap_days + "
            "horizon_days) before the latest; pass more snapshots, or none for a hold-out by chance"
        )
    return HoldOut(
        days, np.isin(days, np.array(earlier, dtype="datetime64[D]")), days == np.datetime64(present[-1], "D")
    )


def by_chance(outcomes: Outcomes, groups: Any, fraction: float, seed: int) -> HoldOut:
    """Return a stratified random part as validation, and the rest as train.

    Parameters
    ----------
    outcomes
        What happened, 0 or 1, (rows,); both occur.
    groups
        Whose row it is, (rows,): all rows of a group stay together. None takes each row for itself.
    fraction
        Share (0-1) of the rows, or groups, of each outcome that is held out.
    seed
        Of the drawing.

    Raises
    ------
    ValueError
        The share is none.

    Notes
    -----
    A group counts as churned if any of its rows is. An outcome with a single row or group is in both parts, since
    neither can do without it.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"validation_fraction must be between 0 and 1, found {fraction!r}")
    names = np.arange(len(outcomes)) if groups is None else np.asarray(as_plain(groups))
    _, place = np.unique(names, return_inverse=True)
    churned = np.zeros(place.max() + 1, dtype=np.int8)
    np.maximum.at(churned, place, outcomes)
    train, validation = np.ones(len(churned), dtype=bool), np.zeros(len(churned), dtype=bool)
    dice = np.random.default_rng(seed)
    for outcome in (0, 1):
        members = np.flatnonzero(churned == outcome)
        held = dice.permutation(members)[: max(1, round(fraction * len(members)))]
        validation[held] = True
        train[held] = len(members) < 2
    return HoldOut(np.full(len(outcomes), NO_DAY), train[place], validation[place])
