"""The data behind a week, held against the last one: what stops the list, and what its readers must know."""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any

import polars as pl

from pipeline.config.errors import StaleInput
from pipeline.config.paths import Paths
from pipeline.drift.kinds import TECHNICAL
from pipeline.i18n import Message, Sentence, say
from pipeline.week import candidates, witness
from pipeline.week.inputs import WeekInputs


def compare(inputs: WeekInputs, paths: Paths, model: str, accepted: Collection[str]) -> witness.Compared:
    """Hold what a week sees against what the last one saw.

    Parameters
    ----------
    inputs
        Everything the week is decided from.
    paths
        Where tables, examples and published weeks are.
    model
        Fingerprint of the model that scored everybody.
    accepted
        Kinds of `pipeline.drift.kinds.KINDS` that somebody answers for.

    Raises
    ------
    StaleInput
        Something moved so far that no list may be made from it.
    """
    settings, day = inputs.settings, inputs.context.as_of
    scored = inputs.customers.filter(pl.col("state") == candidates.CURRENT)
    profile = witness.read_profile(paths, day, settings.drift.late_days, scored, model)
    compared = witness.compare(profile, paths, settings.data.name, settings.drift, accepted)
    for finding in compared.findings:
        if finding.stops:
            raise StaleInput(
                f"{finding.words} (list of {compared.since}); repair the data, or, if that is meant, run churn weekly "
                f"with --accept {finding.kind}"
            )
    return compared


def warnings(compared: witness.Compared, feeds: Iterable[dict[str, Any]]) -> tuple[Sentence, ...]:
    """What whoever opens the list must know of the data behind it: feeds that are down, and what has moved."""
    # A report of an older version holds the words alone.
    down = (Message.from_json(one["sentence"]) if "sentence" in one else str(one["description"]) for one in feeds)
    for_people = (finding for finding in compared.findings if finding.kind not in TECHNICAL)
    moved = (_since(finding.words, compared.since) for finding in for_people)
    return tuple(say("{sentence}.", sentence=words) for words in (*down, *moved))


def _since(words: Sentence, last: date | None) -> Message:
    return say("{sentence} (last time: {day})", sentence=words, day="" if last is None else last)
