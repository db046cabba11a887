"""What speaks for a new model, read from the lists that the one in use has made."""

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from pipeline import lists
from pipeline.config.params import Retrain
from pipeline.drift import Finding
from pipeline.outcomes import retrain_rule
from pipeline.tables import storage


class NewList(NamedTuple):
    """The list in the making: its day, what has moved since the last one, and whether a feed is down."""

    day: date
    findings: list[Finding]
    is_feed_down: bool


def report(
    exports: Path, company: str, model: str, new: NewList, matured: pl.DataFrame, settings: Retrain
) -> dict[str, Any]:
    """Whether the model must be trained again, and why, for ``run_report.json``.

    Lists of other models say nothing of this one: what was wrong with one that was replaced would otherwise ask for a
    new one again and again. Nor does what moves while a feed is down, or when it comes back: features go and come, and
    the model that was made for that scores meanwhile.

    Parameters
    ----------
    exports
        The published weeks.
    company
        Weeks of others are passed over.
    model
        Fingerprint of the model of the new list.
    new
        The list in the making.
    matured
        What became of earlier lists, in the columns of `pipeline.outcomes.maturity.SCHEMA`.
    settings
        ``params.yaml: retrain``.

    Returns
    -------
    dict
        ``needed``, ``reasons`` in English, and ``lists``: how many lists of this model are over.
    """
    earlier = list(_of_model(exports, company, new.day, model))
    own = matured.filter(pl.col("as_of").is_in([one for one, _ in earlier]))
    weeks = [(new.day, [finding.kind for finding in new.findings], new.is_feed_down)]
    for one, content in earlier:
        moved = [finding["kind"] for finding in content.get("drift", {}).get("findings", [])]
        weeks.append((one, moved, bool(content.get("feeds"))))
    # The first list of a model is held against one of another model: it was trained after whatever has moved there.
    kinds = [
        (one, kind)
        for (one, moved, is_down), (_, _, was_down) in pairwise(weeks)
        for kind in moved
        if not is_down and not was_down
    ]
    why = retrain_rule.reasons(kinds, own, settings)
    return {"needed": bool(why), "reasons": why, "lists": own["as_of"].n_unique()}


def of_model(exports: Path, company: str, day: date, model: str) -> list[date]:
    """The days of the lists in a row that this model made until now, the latest first."""
    return [one for one, _ in _of_model(exports, company, day, model)]


def _of_model(exports: Path, company: str, day: date, model: str) -> Iterator[tuple[date, dict[str, Any]]]:
    """The lists in a row that this model made until now, the latest first, with their run reports."""
    for folder in lists.weeks_before(exports, company, day):
        if storage.read_json(folder / "manifest.json").get("fingerprints", {}).get("model", "") != model:
            return
        content = folder / "run_report.json"
        yield date.fromisoformat(folder.name), storage.read_json(content) if content.is_file() else {}
