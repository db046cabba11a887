"""What training and evaluation both write: the model as an MLflow run, and the pointer to it."""

from typing import Any

from pipeline.config import params
from pipeline.config.paths import Paths
from pipeline.model import artefacts
from pipeline.tracking import runs


def record(
    settings: params.Tracking, model: artefacts.ChurnModel, series: dict[str, dict[int, float]], at: Paths
) -> runs.Pointer:
    """Log the model on disk as an MLflow run, register it, and point to it."""
    files = [at.model_text, at.additive_logistic, at.calibration, at.model_card]
    flat = _flatten(params.load().model_dump(mode="json"))
    tags = {"data_fingerprint": model.card["data_fingerprint"], "git_commit": str(runs.git_commit())}
    artifacts = [file for file in (at.training_log, at.ingest_report, at.examples_report) if file.is_file()]
    pointer = runs.record_model(settings, flat, series, artifacts, files, model.inputs, tags, artefacts.fingerprint(at))
    runs.point(pointer, at.run_pointer)
    return pointer


def _flatten(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        flat |= _flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat
