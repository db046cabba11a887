"""Stage 3 - train: examples of earlier snapshots -> trees, calibration and card; the run goes to MLflow."""

import importlib.metadata

import polars as pl

from pipeline import params
from pipeline.examples.features import model_features
from pipeline.examples.snapshots import outcome_window
from pipeline.examples.words import definition
from pipeline.model import artefacts, calibration, learner, metrics, split
from pipeline.paths import REPRO, Paths
from pipeline.stages import labelled, main, recording
from pipeline.tables import storage

VERSIONED = ("duckdb", "lightgbm", "numpy", "polars", "scikit-learn")


def run(
    data: params.Data,
    sources: params.Sources,
    snapshots: params.Snapshots,
    label: params.Label,
    features: params.Features,
    model: params.Model,
    evaluate: params.Evaluate,
    tracking: params.Tracking,
    at: Paths = REPRO,
) -> str:
    """Train on all earlier snapshots, stop and calibrate on a later one, and say what came out in a line."""
    declared = model_features(features, sources)
    names = [feature.name for feature in declared]
    examples = labelled.read(at, names)
    parts = split.by_time(labelled.complete_days(at), label)
    teach = examples.filter(pl.col("snapshot").is_in(parts.train))
    judge = examples.filter(pl.col("snapshot") == parts.validation)
    labelled.refuse_one_sided({"training": teach, "validation": judge})
    fitted = learner.fit(_xy(teach, names), _xy(judge, names), names, model)
    margin = learner.margins(fitted.booster, artefacts.matrix(judge, names))
    card = {
        "company": data.name,
        "money": {"currency": data.currency, "minor_digits": data.minor_digits},
        "timezone": data.timezone,
        "population": {"active_days": snapshots.active_days, "min_tenure_days": snapshots.min_tenure_days},
        "features": [{"name": f.name, "family": f.family, "unit": f.unit, "risk": f.risk} for f in declared],
        "typical": _typical(teach, names),
        "label": {**label.model_dump(), "words": definition(label)},
        "snapshots": {"train": [str(d) for d in parts.train], "validation": str(parts.validation)},
        "learnt_until": str(outcome_window(parts.validation, label).end),
        "trees": fitted.best_tree,
        "data_fingerprint": storage.read_json(at.ingest_report)["fingerprint"],
        "versions": {name: importlib.metadata.version(name) for name in VERSIONED},
    }
    churn_model = artefacts.ChurnModel(fitted.booster, calibration.fit(margin, labelled.churned(judge)), card)
    artefacts.save(churn_model, at)
    _write_log(fitted, at)
    recording.record(tracking, churn_model, _by_snapshot(churn_model, pl.concat([teach, judge]), evaluate), at)
    return f"{fitted.best_tree} trees from {len(teach):,} examples at {len(parts.train)} snapshots"


def _xy(examples: pl.DataFrame, names: list[str]) -> tuple[learner.Matrix, learner.Labels]:
    return artefacts.matrix(examples, names), labelled.churned(examples)


def _typical(examples: pl.DataFrame, names: list[str]) -> dict[str, float | None]:
    """The median customer, beside whom a reason is told or left out."""
    medians = examples.select(pl.col(names).cast(pl.Float64).median()).row(0, named=True)
    return {name: None if value is None else float(f"{value:.10g}") for name, value in medians.items()}


def _write_log(fitted: learner.Fitted, at: Paths) -> None:
    log = pl.DataFrame(
        {
            "tree": range(1, len(fitted.train_loss) + 1),
            "train": fitted.train_loss,
            "validation": fitted.validation_loss,
        }
    )
    storage.write_text(log.write_csv(float_precision=6), at.training_log)


def _by_snapshot(
    model: artefacts.ChurnModel, examples: pl.DataFrame, settings: params.Evaluate
) -> dict[str, dict[int, float]]:
    """Figures of each snapshot the model has seen, by the days since the first one."""
    series: dict[str, dict[int, float]] = {}
    days = examples["snapshot"].unique().sort().to_list()
    for day in days:
        seen = examples.filter(pl.col("snapshot") == day)
        part = "validation" if str(day) == model.card["snapshots"]["validation"] else "train"
        found = metrics.summary(labelled.churned(seen), model.probability(seen), settings.top_shares)
        for name, value in found.items():
            series.setdefault(f"{part}_{name}", {})[(day - days[0]).days] = value
    return series


if __name__ == "__main__":
    main(run)
