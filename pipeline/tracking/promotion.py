"""Which model the weekly job scores with: a challenger takes over only if it is not worse on the same customers."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from pipeline.config import params
from pipeline.config.errors import ModelRefused
from pipeline.config.paths import Paths
from pipeline.evaluation import bootstrap, grade
from pipeline.model import artefacts, training
from pipeline.model.fingerprint import fingerprint
from pipeline.tables import storage
from pipeline.tracking import recording, registry, runs

FIGURES = ("auc", "brier")


def offer(
    settings: params.Tracking, model: artefacts.ChurnModel, test_examples: pl.DataFrame, evaluate: params.Evaluate,
    files: list[Path], paths: Paths,
) -> str:  # fmt: skip
    """Record the evaluation, make the model champion unless something speaks against it, and say what was done."""
    model_fingerprint, figures = fingerprint(paths), storage.read_json(paths.metrics)
    pointer = runs.pointed(settings, model_fingerprint, paths.run_pointer) or recording.record(
        settings, model, {}, paths
    )
    runs.record_evaluation(settings, pointer, _flat(figures), files)
    judged = {"grade": figures["grade"], "approved_by": figures["approved_by"]}
    registry.describe(settings, pointer.model_version, {name: text for name, text in judged.items() if text})
    against = _against(settings, pointer, model, test_examples, evaluate, figures)
    if against:
        return f"Not made champion: {against}."
    registry.promote(settings, pointer.model_version)
    return f"Version {pointer.model_version} is champion."


def _flat(figures: dict[str, Any]) -> dict[str, float]:
    scorers = {name: by_figure for name, by_figure in figures.items() if isinstance(by_figure, dict)}
    return {
        f"test_{scorer}_{name}": value for scorer, by_figure in scorers.items() for name, value in by_figure.items()
    }


def _against(
    settings: params.Tracking, pointer: runs.Pointer, model: artefacts.ChurnModel, test_examples: pl.DataFrame,
    evaluate: params.Evaluate, figures: dict[str, Any],
) -> str:  # fmt: skip
    """What speaks against making this model champion; empty if nothing does."""
    if not figures["ship"] and not evaluate.approved_by:
        return f"its grade is {figures['grade']}"
    champion = registry.champion_version(settings)
    if champion in {None, pointer.model_version}:
        return ""
    reigning = _load(settings, str(champion))
    if reigning is None or _means(reigning) != _means(model):
        return ""  # it speaks of something else, so nobody could use it under these settings
    if reigning.card["trees_learnt_until"] > model.card["snapshots"]["test"]:
        return f"champion version {champion} has learnt from the test customers already; churn promote decides"
    return _worse(model, reigning, test_examples, evaluate.draws, str(champion))


def _load(settings: params.Tracking, version: str) -> artefacts.ChurnModel | None:
    """The files of a version as a model; None where this code cannot read them, and so could not score with them."""
    with TemporaryDirectory() as folder:
        models = Path(folder) / "models"
        registry.fetch(settings, version, models)
        return artefacts.load(models) if artefacts.readable(models) else None


def _means(model: artefacts.ChurnModel) -> list[Any]:
    """Company, population and label: models that differ in these cannot be compared."""
    return [model.card[key] for key in ("company", "money", "timezone", "population", "label")]


def _worse(
    challenger: artefacts.ChurnModel,
    champion: artefacts.ChurnModel,
    test_examples: pl.DataFrame,
    draws: int,
    version: str,
) -> str:
    if set(champion.ensemble.inputs) - set(test_examples.columns):
        return ""  # a feed it needs is gone: it could not score any more
    churned, keys = training.outcomes(test_examples), test_examples["customer_key"].cast(pl.Int64).to_numpy()
    scored = {"challenger": challenger, "champion": champion}
    same = {name: model.evaluated_probability(test_examples) for name, model in scored.items()}
    resampled = bootstrap.resample([bootstrap.ScoredSnapshot("", keys, churned, same)], [], draws)
    auc, brier = (resampled.difference("challenger", "champion", figure) for figure in FIGURES)
    if auc.high < 0:
        return f"champion version {version} ranks the same customers certainly better: {grade.signed(auc)} AUC"
    if brier.low > 0:
        return f"champion version {version} has certainly better probabilities: {grade.signed(brier)} Brier score"
    return ""


def promote(settings: params.Tracking, version: str, approved_by: str) -> str:
    """Make a version champion by name, and say what was done.

    Raises
    ------
    ModelRefused
        Its grade is F and nobody answers for it.
    """
    graded = registry.described(settings, version).get("grade", "")
    if graded in {"", "F"} and not approved_by:
        was = f"is of grade {graded}" if graded else "was never graded"
        raise ModelRefused(f"version {version} {was}; somebody has to answer for it: --approved-by NAME")
    if approved_by:
        registry.describe(settings, version, {"approved_by": approved_by})
    registry.promote(settings, version)
    return f"version {version} is champion"


def rollback(settings: params.Tracking) -> str:
    """Give the title back to the champion before, and say what was done."""
    left, version = registry.rollback(settings)
    return f"version {version} is champion again, in place of version {left}"
