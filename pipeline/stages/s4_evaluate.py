"""Stage 4 - evaluate: the model on a later, untouched snapshot, beside the rules it has to beat."""

from typing import Any

import polars as pl

from pipeline import params, tracking
from pipeline.errors import ModelRefused
from pipeline.examples.features import model_features
from pipeline.model import artefacts, baselines, metrics, report, split
from pipeline.paths import REPRO, Paths
from pipeline.reasons import pictures
from pipeline.reasons.contributions import Explainer
from pipeline.stages import labelled, main, recording
from pipeline.tables import storage


def run(
    sources: params.Sources,
    label: params.Label,
    features: params.Features,
    evaluate: params.Evaluate,
    tracking: params.Tracking,
    at: Paths = REPRO,
) -> str:
    """Judge the model, write figures and plots, make it champion unless a rule does better, and say how good it is."""
    names = [feature.name for feature in model_features(features, sources)]
    examples = labelled.read(at, names)
    parts = split.by_time(labelled.complete_days(at), label)
    teach = examples.filter(pl.col("snapshot").is_in(parts.train))
    untouched = examples.filter(pl.col("snapshot") == parts.test)
    labelled.refuse_one_sided({"test": untouched})
    model = artefacts.load(at.models)
    churned = labelled.churned(untouched)
    scored = {"model": model.probability(untouched)}
    scored |= {b.name: b.probability(untouched) for b in baselines.fit_all(teach, labelled.churned(teach))}
    figures = report.figures(churned, scored, evaluate.top_shares)
    found = {
        "test_snapshot": str(parts.test),
        "verdict": report.verdict(figures, str(parts.test), max(evaluate.top_shares)),
        **figures,
    }
    storage.write_json(found, at.metrics)
    plots = _write_plots(churned, scored, model, untouched, evaluate, at)
    _record(tracking, model, figures, plots, at)
    return str(found["verdict"])


def _write_plots(
    churned: Any, scored: dict[str, Any], model: artefacts.ChurnModel, untouched: pl.DataFrame,
    evaluate: params.Evaluate, at: Paths,
) -> list[Any]:  # fmt: skip
    gains, calibration, drawn = at.plots / "gains.csv", at.plots / "calibration.csv", at.plots / "reasons.png"
    storage.write_text(report.gains(churned, scored).write_csv(), gains)
    table = metrics.calibration_table(churned, scored["model"], evaluate.calibration_groups)
    storage.write_text(table.write_csv(), calibration)
    matrix = model.matrix(untouched)
    values = Explainer(model.booster).contributions(matrix)
    with storage.replacing(drawn) as partial:
        partial.write_bytes(pictures.summary(values, matrix, model.features))
    return [gains, calibration, drawn, at.metrics]


def _record(
    settings: params.Tracking, model: artefacts.ChurnModel, figures: dict[str, Any], files: list[Any], at: Paths
) -> None:
    fingerprint = artefacts.fingerprint(at)
    pointer = tracking.pointed(settings, fingerprint, at.run_pointer) or recording.record(settings, model, {}, at)
    flat = {
        f"test_{scorer}_{name}": value
        for scorer, found in figures.items()
        if isinstance(found, dict)
        for name, value in found.items()
    }
    tracking.record_evaluation(settings, pointer, flat, files)
    if figures["model"]["auc"] < figures["recency_rule"]["auc"]:
        raise ModelRefused(
            f"the model ranks worse (AUC {figures['model']['auc']:.3f}) than silence alone "
            f"({figures['recency_rule']['auc']:.3f}); it is not made champion: see reports/metrics.json"
        )
    tracking.promote(settings, pointer)


if __name__ == "__main__":
    main(run)
