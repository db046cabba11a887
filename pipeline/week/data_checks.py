"""The data behind a week, held against the last one: what stops the list, and what its readers must know."""

from collections.abc import Collection, Iterable

import polars as pl

from pipeline.config.errors import StaleInput
from pipeline.config.paths import Paths
from pipeline.drift.kinds import TECHNICAL
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
    stopping = [finding for finding in compared.findings if finding.stops]
    if stopping:
        others = f", and {len(stopping) - 1} more" if len(stopping) > 1 else ""
        kinds = " ".join(f"--accept {kind}" for kind in dict.fromkeys(finding.kind for finding in stopping))
        raise StaleInput(
            f"{stopping[0].words} (list of {compared.since}){others}; repair the data, or, if that is meant, run churn "
            f"weekly with {kinds}"
        )
    return compared


def warnings(compared: witness.Compared, feeds: Iterable[dict[str, str]]) -> tuple[str, ...]:
    """What whoever opens the list must know of the data behind it: feeds that are down, and what has moved."""
    down = (finding["description"] for finding in feeds)
    for_people = (finding for finding in compared.findings if finding.kind not in TECHNICAL)
    moved = (f"{finding.words} (last time: {compared.since})" for finding in for_people)
    return tuple(f"{words[0].upper()}{words[1:]}." for words in (*down, *moved))
