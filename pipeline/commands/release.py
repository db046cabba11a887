"""The end of a plain ``dvc repro``: the model becomes champion if nothing speaks against it, and its list goes out.

This is the one step that changes what is live, so it is no part of what DVC caches: it runs every time, and does
nothing in an experiment.
"""

from pathlib import Path

from pipeline import lists
from pipeline.config import params
from pipeline.config.errors import BadData
from pipeline.config.location import experiment_name
from pipeline.config.paths import REPRO, Paths
from pipeline.model.fingerprint import fingerprint
from pipeline.tables import storage


def run(settings: params.Params, paths: Paths = REPRO) -> str:
    """Offer the model in `models/` as champion, publish the composed week if it is one, and say what was done.

    Raises
    ------
    BadData
        The composed week is not there, or was made with another model.
    AlreadyPublished
        Another week of that day is out, and ``lists.replace_in_repro`` is false.
    """
    composed = paths.composed / settings.snapshots.as_of.isoformat()
    if experiment_name():
        return f"Experiment {experiment_name()}: nothing is promoted or published; its list is {composed}"
    # Not before it is known that something is live here: MLflow takes seconds to load.
    from pipeline.tracking import promotion

    _check(composed, paths)
    outcome = promotion.offer(settings.tracking, settings.evaluate, settings.label, paths)
    if not outcome.is_champion:
        return f"{outcome.sentence} Nothing was published; its list is {composed}"
    how = settings.lists
    week = lists.release(composed, paths.exports, replace=how.replace_in_repro, readable_by=how.readable_by)
    return f"{outcome.sentence} Published: {week}"


def _check(composed: Path, paths: Paths) -> None:
    manifest = composed / "manifest.json"
    if not manifest.is_file():
        raise BadData(f"{composed}: holds no week to publish; run the earlier stages first: dvc repro")
    if storage.read_json(manifest)["fingerprints"]["model"] != fingerprint(paths):
        raise BadData(f"{composed}: was made with another model than the one in {paths.models}; run: dvc repro")
