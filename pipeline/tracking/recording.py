"""What training and evaluation both write: the model as an MLflow run, and the pointer to it."""

from typing import Any

from pipeline.config import params
from pipeline.config.paths import Paths
from pipeline.model import artefacts
from pipeline.model.fingerprint import fingerprint
from pipeline.tracking import runs


def record(
    settings: params.Tracking, model: artefacts.ChurnModel, series: dict[str, dict[int, float]], paths: Paths
) -> runs.Pointer:
    """Log the model on disk as an MLflow run, register it, and point to it."""
    files = [paths.model_text, paths.additive_logistic, paths.calibration, paths.model_card]
    flat = _flatten(params.load().model_dump(mode="json"))
    tags = {"data_fingerprint": model.card["data_fingerprint"], "git_commit": str(runs.git_commit())}
    artifacts = [file for file in (paths.training_log, paths.ingest_report, paths.examples_report) if file.is_file()]
    logged = runs.Logged(flat, series, artifacts, tags)
    pointer = runs.record_model(settings, logged, runs.ModelFiles(files, model.inputs, fingerprint(paths)))
    runs.point(pointer, paths.run_pointer)
    return pointer


def _flatten(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        flat |= _flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat
