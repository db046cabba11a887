"""May a challenger take over? Judged beside the champion on the same customers, and beside the best there ever was."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from pipeline.config import params
from pipeline.config.paths import Paths
from pipeline.evaluation import bootstrap, grade
from pipeline.examples import labelled
from pipeline.model import artefacts, split, training
from pipeline.tables import storage
from pipeline.tracking import registry

FIGURES = ("auc", "brier")


def objection(
    tracking: params.Tracking,
    model: artefacts.ChurnModel,
    champion: str | None,
    evaluate: params.Evaluate,
    label: params.Label,
    paths: Paths,
) -> str:
    """What speaks against making this model champion, as half a sentence; empty if nothing does.

    Parameters
    ----------
    tracking, evaluate, label
        Sections of ``params.yaml``.
    model
        The challenger.
    champion
        The reigning version, if there is one.
    paths
        Where the verdict on the challenger and the examples lie.
    """
    verdict = storage.read_json(paths.verdict)
    if not verdict["ship"] and not evaluate.approved_by:
        return f"its grade is {verdict['grade']}"
    if champion is None:
        return ""
    reigning = _load(tracking, champion)
    if reigning is None or meaning_of(reigning.card) != meaning_of(model.card):
        return ""  # it speaks of something else, so nobody could use it under these settings
    if reigning.card["trees_learnt_until"] > model.card["snapshots"]["test"]:
        return f"champion version {champion} has learnt from the test customers already; churn promote decides"
    compared = _compare(model, reigning, _test_examples(model, label, paths), evaluate.draws)
    if compared is None:
        return ""  # a feed the champion needs is gone: it could not score any more
    return _worse_than_champion(compared, champion) or _below_the_best(tracking, verdict, compared, model)


def _test_examples(model: artefacts.ChurnModel, label: params.Label, paths: Paths) -> pl.DataFrame:
    complete = labelled.complete_days(paths)
    # What the packaged prior is graded on needs no earlier snapshot.
    return labelled.read_snapshot(paths, max(complete) if model.is_prior else split.by_time(complete, label).test)


def _load(tracking: params.Tracking, version: str) -> artefacts.ChurnModel | None:
    """The files of a version as a model; None where this code cannot read them, and so could not score with them."""
    with TemporaryDirectory() as folder:
        models = Path(folder) / "models"
        registry.fetch(tracking, version, models)
        return artefacts.load(models) if artefacts.readable(models) else None


def _compare(
    challenger: artefacts.ChurnModel, champion: artefacts.ChurnModel, examples: pl.DataFrame, draws: int
) -> bootstrap.Resampled | None:
    if set(champion.ensemble.inputs) - set(examples.columns):
        return None
    churned, keys = training.outcomes(examples), examples["customer_key"].cast(pl.Int64).to_numpy()
    models = {"challenger": challenger, "champion": champion}
    scored = {name: model.evaluated_probability(examples) for name, model in models.items()}
    return bootstrap.resample([bootstrap.ScoredSnapshot("", keys, churned, scored)], [], draws)


def _worse_than_champion(compared: bootstrap.Resampled, version: str) -> str:
    auc, brier = (compared.difference("challenger", "champion", figure) for figure in FIGURES)
    if auc.high < 0:
        return f"champion version {version} ranks the same customers certainly better: {grade.signed(auc)} AUC"
    if brier.low > 0:
        return f"champion version {version} has certainly better probabilities: {grade.signed(brier)} Brier score"
    return ""


def _below_the_best(
    tracking: params.Tracking, verdict: dict[str, Any], compared: bootstrap.Resampled, model: artefacts.ChurnModel
) -> str:
    """Many small losses, none of them certain, must not add up: the mark is the best champion so far, on its own test.

    A challenger that ranks certainly better than the champion on today's customers passes all the same: then it is the
    customers who have become harder to tell apart, and no model reaches the old mark any more.
    """
    best = max(((float(tags["auc"]), version) for version, tags in _past(tracking, model)), default=None)
    high = float(verdict["model"]["auc_high"])
    if best is None or high >= best[0] or compared.difference("challenger", "champion", "auc").low > 0:
        return ""
    return (
        f"its AUC is {verdict['model']['auc']:.3f} ({high:.3f} at best), below the {best[0]:.3f} that version "
        f"{best[1]} once had as champion; churn promote --why decides"
    )


def _past(tracking: params.Tracking, model: artefacts.ChurnModel) -> list[tuple[str, dict[str, str]]]:
    """Every version that was champion of the same meaning, with its tags; those without a figure are left out."""
    tagged = [(version, registry.described(tracking, version)) for version in registry.champions(tracking)]
    meaning = meaning_of(model.card)
    return [(version, tags) for version, tags in tagged if "auc" in tags and tags.get("meaning", meaning) == meaning]


def meaning_of(card: dict[str, Any]) -> str:
    """What a model speaks of, as one short text: figures of another company, population or label do not compare."""
    return storage.digest(str([card[key] for key in ("company", "money", "timezone", "population", "label")]))
