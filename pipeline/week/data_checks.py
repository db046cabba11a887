"""The data behind a week, held against the last one: what stops the list, and what its readers must know."""

from collections.abc import Collection, Iterable
from datetime import date
from operator import itemgetter
from typing import Any, Final

import polars as pl

from pipeline.config.errors import ModelRefused, StaleInput
from pipeline.config.paths import Paths
from pipeline.drift.kinds import TECHNICAL
from pipeline.examples import feed_health
from pipeline.i18n import Field, Figure, Message, Sentence, say
from pipeline.model import without_feed
from pipeline.model.without_feed import WithoutFeed
from pipeline.week import candidates, finished_level, witness
from pipeline.week.inputs import WeekInputs

RULES: Final = ("recency_rule", "rfm_logistic", "bg_nbd")
"""What the model has to beat, by its key in the verdict."""


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
    own = finished_level.without_shift(scored, finished_level.read(paths))
    profile = witness.read_profile(paths, day, settings.drift.late_days, own, model)
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


def without(
    feeds: Iterable[feed_health.Finding], known: dict[str, WithoutFeed] | None, verdict: dict[str, Any]
) -> Message | None:
    """What the list is worth while feeds are down, in a sentence; None where none is, or none that counts.

    Parameters
    ----------
    feeds
        What was found of them.
    known
        What was measured when the model was trained.
    verdict
        What the evaluation says of the model and of simple rules, which need orders alone.

    Raises
    ------
    ModelRefused
        Without them a simple rule ranks better, and nobody answers for the model.
    """
    down = feed_health.down(feeds)
    worth = without_feed.choose(known, down)
    if worth is None:
        return None
    rule, best = max(((rule, verdict[rule]["auc"]) for rule in RULES if rule in verdict), key=itemgetter(1))
    if worth.auc < best and not verdict["approved_by"]:
        raise ModelRefused(
            f"without {' and '.join(sorted(down))} the model ranks worse (AUC {worth.auc:.3f}) than {rule} does with "
            f"orders alone ({best:.3f}); repair the feed"
        )
    parts: dict[str, Field] = {
        "tables": ", ".join(sorted(down)),
        "without": Figure(f"{worth.auc:.3f}"),
        "whole": Figure(f"{worth.auc_whole:.3f}"),
        "day": date.fromisoformat(verdict["test_snapshot"]),
    }
    if worth.auc < worth.auc_whole:
        return say(
            "Without {tables} the risks were worked out anew, and their order is less sure: AUC {without} instead of "
            "{whole} on {day}",
            **parts,
        )
    return say("Without {tables} the risks were worked out anew: AUC {without}, with them {whole}, on {day}", **parts)


def warnings(
    compared: witness.Compared, feeds: Iterable[feed_health.Finding], degraded: Message | None = None
) -> tuple[Sentence, ...]:
    """What whoever opens the list must know of the data behind it: feeds that are down, and what has moved."""
    down = [*(finding.description for finding in feeds), *([degraded] if degraded else [])]
    for_people = (finding for finding in compared.findings if finding.kind not in TECHNICAL)
    moved = (_since(finding.words, compared.since) for finding in for_people)
    return tuple(say("{sentence}.", sentence=words) for words in (*down, *moved))


def _since(words: Sentence, last: date | None) -> Message:
    return say("{sentence} (last time: {day})", sentence=words, day="" if last is None else last)
