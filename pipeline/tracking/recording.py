"""What a run in MLflow shows of a training and of its evaluation."""

from datetime import date
from pathlib import Path
from typing import Any, Final

import polars as pl

from pipeline.config import params
from pipeline.config.paths import PARAMS, Paths
from pipeline.model import artefacts
from pipeline.model.fingerprint import fingerprint
from pipeline.model.seasonality import DAY_OF_YEAR
from pipeline.tables import storage
from pipeline.tracking import runs

# The settings people compare runs by. Everything else is in the file params.yaml of the run.
COMPARED: Final = ("label", "model", "snapshots.as_of", "snapshots.first", "snapshots.every_days",
                   "snapshots.active_days", "features.windows_days")  # fmt: skip
LEFT_OUT: Final = frozenset({"model.num_threads"})
# Rows of the example of inputs that goes with the model.
EXAMPLE_ROWS: Final = 5
# Figures of each earlier snapshot that are drawn over time.
BACKTEST: Final = ("auc", "brier")


def record_training(
    tracking: params.Tracking,
    run_id: str,
    model: artefacts.ChurnModel,
    series: dict[str, dict[int, float]],
    examples: dict[str, pl.DataFrame],
    paths: Paths,
) -> runs.Pointer:
    """Log the model on disk into its run, and point to it.

    Parameters
    ----------
    tracking
        Where runs are kept.
    run_id
        The run the training was made in.
    model
        What was trained.
    series
        Figures by step.
    examples
        The examples of each part, by the name of the part: what the model has learnt from.
    paths
        Where the files of the model and the reports lie.
    """
    logged = runs.Logged(
        compared_settings(params.load().model_dump(mode="json")),
        series,
        {
            PARAMS: "settings",
            paths.training_log: "reports",
            paths.ingest_report: "reports",
            paths.examples_report: "reports",
        },
        {"data_fingerprint": model.card["data_fingerprint"], "git_commit": str(runs.git_commit())},
        examples,
    )
    files = [paths.model_text, paths.additive_logistic, paths.calibration, paths.model_card]
    example = _example(model, next(iter(examples.values()), None))
    pointer = runs.log(tracking, run_id, logged, runs.ModelFiles(files, example, fingerprint(paths)))
    runs.describe(tracking, run_id, _name(model), "Not evaluated yet.")
    runs.point(pointer, paths.run_pointer)
    return pointer


def record_again(tracking: params.Tracking, model: artefacts.ChurnModel, paths: Paths) -> runs.Pointer:
    """A run for a model that nobody trained here: DVC restored it from its cache."""
    with runs.training_run(tracking) as run_id:
        return record_training(tracking, run_id, model, {}, {}, paths)


def record_evaluation(
    tracking: params.Tracking, pointer: runs.Pointer, model: artefacts.ChurnModel, files: list[Path], paths: Paths
) -> None:
    """Add how good the model is on snapshots it had not seen: figures, reports, and the verdict as the description."""
    verdict, figures = storage.read_json(paths.verdict), storage.read_json(paths.metrics)
    series = {f"test_{name}": {0: value} for name, value in figures.items()}
    series |= _by_snapshot(storage.read_json(paths.evaluation))
    runs.log_figures(tracking, pointer.run_id, series, pointer.model_id)
    runs.log_files(tracking, pointer.run_id, dict.fromkeys(files, "reports"))
    # The figures first: lists of runs cut names short.
    name = f"AUC {figures['auc']:.3f}, grade {verdict['grade']}: {_name(model)}"
    runs.describe(tracking, pointer.run_id, name, verdict["verdict"], storage.fingerprint([paths.verdict]))


def compared_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings that matter for a comparison, flat: ``{"model.num_leaves": 8, ...}``; what is null is not in use."""
    flat = _flatten(settings)
    return {
        name: value
        for name, value in flat.items()
        if value is not None
        and name not in LEFT_OUT
        and any(name == part or name.startswith(f"{part}.") for part in COMPARED)
    }


def _flatten(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        flat |= _flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


def _name(model: artefacts.ChurnModel) -> str:
    return f"{model.card['company']}, learnt until {model.card['learnt_until']}"


def _example(model: artefacts.ChurnModel, rows: pl.DataFrame | None) -> pl.DataFrame:
    """Some rows of what a served model is given; the typical customer where no examples are to hand."""
    if rows is None:
        typical = model.card["typical"] | {DAY_OF_YEAR: 1}
        return pl.DataFrame(
            {name: [typical.get(name)] for name in model.inputs}, schema=dict.fromkeys(model.inputs, pl.Float64)
        )
    day = pl.col("snapshot").dt.ordinal_day().alias(DAY_OF_YEAR)
    return rows.head(EXAMPLE_ROWS).with_columns(day).select(pl.col(model.inputs).cast(pl.Float64))


def _by_snapshot(evaluation: dict[str, Any]) -> dict[str, dict[int, float]]:
    """The backtest as curves: each earlier snapshot scored by a model that knew nothing of it.

    A step is a snapshot, counted in days from the first, so that MLflow draws the curves over time.
    """
    cutoffs = (evaluation["earlier"] or {"cutoffs": []})["cutoffs"]
    days = [date.fromisoformat(cutoff["test_snapshot"]) for cutoff in cutoffs]
    steps = [(day - days[0]).days for day in days]
    return {
        f"backtest_{name}": {step: cutoff["model"][name] for step, cutoff in zip(steps, cutoffs, strict=True)}
        for name in BACKTEST
    } | {
        f"backtest_{name}": {step: float(cutoff[name]) for step, cutoff in zip(steps, cutoffs, strict=True)}
        for name in ("base_rate", "observed_per_expected")
    }
