"""May a challenger take over? Judged beside the champion and the best one before, on the same customers."""

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
    if _knows_the_test(reigning, model):
        return f"champion version {champion} has learnt from the test customers already; churn promote decides"
    examples = _test_examples(model, label, paths)
    compared = _compare(model, reigning, examples, evaluate.draws)
    if compared is None:
        return ""  # a feed the champion needs is gone: it could not score any more
    return _worse_than(compared, f"champion version {champion}") or _worse_than_the_best(
        tracking, model, champion, examples, evaluate.draws
    )


def _knows_the_test(former: artefacts.ChurnModel, model: artefacts.ChurnModel) -> bool:
    learnt: bool = former.card["trees_learnt_until"] > model.card["snapshots"]["test"]
    return learnt


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


def _worse_than(compared: bootstrap.Resampled, who: str) -> str:
    auc, brier = (compared.difference("challenger", "champion", figure) for figure in FIGURES)
    if auc.high < 0:
        return f"{who} ranks the same customers certainly better: {grade.signed(auc)} AUC"
    if brier.low > 0:
        return f"{who} has certainly better probabilities: {grade.signed(brier)} Brier score"
    return ""


def _worse_than_the_best(
    tracking: params.Tracking, model: artefacts.ChurnModel, champion: str, examples: pl.DataFrame, draws: int
) -> str:
    """Many small losses, none of them certain, must not add up: the best champion there was is asked as well.

    On the customers of today: what it reached on those of its own day, when they may have been easier to tell apart,
    would be a mark that no later model reaches, until the champion is too old for any list.
    """
    best = max(((float(tags["auc"]), version) for version, tags in _past(tracking, model)), default=None)
    former = _load(tracking, best[1]) if best and best[1] != champion else None
    if best is None or former is None or _knows_the_test(former, model):
        return ""
    compared = _compare(model, former, examples, draws)
    worse = _worse_than(compared, f"version {best[1]}, a champion before,") if compared else ""
    return f"{worse}; churn promote {best[1]} takes it again" if worse else ""


def _past(tracking: params.Tracking, model: artefacts.ChurnModel) -> list[tuple[str, dict[str, str]]]:
    """Every version that was champion of the same meaning, with its tags; those without a figure are left out."""
    tagged = [(version, registry.described(tracking, version)) for version in registry.champions(tracking)]
    meaning = meaning_of(model.card)
    return [(version, tags) for version, tags in tagged if "auc" in tags and tags.get("meaning", meaning) == meaning]


def meaning_of(card: dict[str, Any]) -> str:
    """What a model speaks of, as one short text: figures of another company, population or label do not compare."""
    return storage.digest(str([card[key] for key in ("company", "money", "timezone", "population", "label")]))
