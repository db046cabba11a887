"""The checks that look at outcomes: windows, features that are too good, groups that are too pure, drift.

A company too young for three snapshots apart has no split. What needs one is named as not checked, and the rest runs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from pipeline.config import params
from pipeline.config.errors import NotEnoughData
from pipeline.examples import labelled
from pipeline.examples.features import Feature, available
from pipeline.examples.features.reach import reaches
from pipeline.examples.snapshots import outcome_window
from pipeline.leakage import frozen_columns, pure_groups, single_feature, time_drift, windows
from pipeline.model import split

LEAK: Final = "LEAK"
WARNING: Final = "WARNING"
NEED_A_SPLIT: Final = "split, features that are too good alone, drift"


@dataclass(frozen=True)
class Known:
    """What is known of the snapshots of a company.

    Attributes
    ----------
    days
        All snapshots, the earliest first.
    complete
        Those whose outcome windows are over.
    examples
        The labelled examples, of the complete ones.
    """

    days: list[date]
    complete: list[date]
    examples: pl.DataFrame


def run(known: Known, features: list[Feature], settings: params.Params) -> Iterator[str]:
    """Look for traces of the future in what is known of outcomes; one line per check, findings before it.

    Parameters
    ----------
    known
        The snapshots and their labelled examples.
    features
        Those a model may see.
    settings
        All of ``params.yaml``.

    Yields
    ------
    str
        What was found right, or not checked; lines that begin with ``LEAK`` are sure, with ``WARNING`` to be looked at.

    Raises
    ------
    NotEnoughData
        All churned, or nobody did, and no packaged prior takes the place of a model.
    """
    if not split.has_parts(known.complete, settings.label):
        yield from _of_too_few(known, features, settings)
        return
    parts = split.by_time(known.complete, settings.label)
    yield from _split(parts, settings)
    by_part = {
        name: labelled.select_days(known.examples, days)
        for name, days in (("training", parts.train), ("test", [parts.test]))
    }
    try:
        labelled.refuse_one_sided(by_part)
    except NotEnoughData as error:
        # The prior ranks where too little is known to train on, and its features are cut as all others are.
        if settings.model.prior != "packaged":
            raise
        yield f"not checked: features that are too good, drift: {error}"
        return
    yield from _figures(known.examples, by_part["training"], by_part["test"], features, settings)


def _of_too_few(known: Known, features: list[Feature], settings: params.Params) -> Iterator[str]:
    """What can be said without a split, and one line on what cannot, and from when on it can."""
    label, need = settings.label, settings.label.gap_days + settings.label.horizon_days
    if not known.complete:
        over = outcome_window(known.days[0], label).end
        yield (
            f"not checked: labels, {NEED_A_SPLIT}, groups that are too pure: no outcome window is over; that of "
            f"{known.days[0]} ends on {over}, and snapshots.observed_until is {settings.snapshots.observed_until}"
        )
        return
    yield from _too_good([*_pure(known.examples, features)], "in a group of customers")
    yield (
        f"not checked: {NEED_A_SPLIT}: these need 3 complete snapshots {need} days apart, and there "
        f"{'is 1' if len(known.complete) == 1 else f'are {len(known.complete)}'} from {min(known.complete)} on"
    )


def _split(parts: split.Split, settings: params.Params) -> Iterator[str]:
    overlaps = windows.overlaps(parts, settings.label, settings.snapshots.observed_until)
    for words in overlaps:
        yield f"{LEAK} split: {words}"
    if not overlaps:
        yield (
            f"split: the outcome windows of {len(parts.train)} training snapshots are over before {parts.validation}, "
            f"that of the validation before {parts.test}"
        )


def _figures(
    examples: pl.DataFrame, train: pl.DataFrame, test: pl.DataFrame, features: list[Feature], settings: params.Params
) -> Iterator[str]:
    alone = single_feature.too_good(train, test, features, settings.model.additive_logistic)
    yield from _too_good([*alone, *_pure(examples, features)], "alone or in a group of customers")
    names, with_calendar = [feature.name for feature in features], _with_calendar(examples, train, settings)
    drift = time_drift.drift(train, test, names, with_calendar, settings.model.seed)
    yield from (f"{WARNING} drift: {words}" for words in drift.suspicious)
    by = ", ".join(f"{name} {auc:.2f}" for name, auc in drift.by)
    yield (
        f"adversarial: a model tells the test snapshot from the training snapshots with AUC {drift.auc:.2f} "
        f"(0.5 is not at all), alone by {by}; what counts all history grows with the calendar, and may tell them"
    )


def _pure(examples: pl.DataFrame, features: list[Feature]) -> Iterator[str]:
    yield from pure_groups.too_pure(examples, features)
    yield from frozen_columns.as_of_today(examples, features)


def _too_good(doubts: list[str], where: str) -> Iterator[str]:
    yield from (f"{WARNING} too good: {words}" for words in doubts)
    if not doubts:
        yield f"too good to be true: no feature, {where}"


def _with_calendar(examples: pl.DataFrame, train: pl.DataFrame, settings: params.Params) -> set[str]:
    """Features that grow with the history itself: all of it, or windows longer than what the first snapshot saw."""
    first = examples.filter(pl.col("snapshot") == train["snapshot"].min())["days_since_first_order"].max()
    seen = int(first) if isinstance(first, int) else 0
    reach = reaches(available(settings.features, settings.sources))
    return {name for name, days in reach.items() if days is None or days > seen}
