"""MLflow: what DVC does not keep - runs to compare, each with its model. Only `registry` reaches MLflow beside it."""

import json
import logging
import os
import shutil
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

# Set before the import: nothing is sent anywhere that params do not name.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

with warnings.catch_warnings():
    # MLflow warns about its own type hints while it is imported; nobody here can act on that.
    warnings.simplefilter("ignore")
    import mlflow
    import mlflow.pyfunc
    from mlflow.entities import Metric
    from mlflow.exceptions import MlflowException
    from mlflow.models import ModelSignature
    from mlflow.types.schema import ColSpec, Schema

from pipeline.config.errors import BadParams, StaleInput
from pipeline.config.params import Tracking

# Offered to `registry`, so that MLflow is imported in one place, after its switches are set.
__all__ = ["MlflowException", "Pointer", "client", "connect", "git_commit", "mlflow", "point", "pointed", "quiet",
           "record_evaluation", "record_model", "unreachable"]  # fmt: skip
REQUIREMENTS = ["churn-pipeline"]
# Figures that MLflow takes at once at most.
AT_ONCE = 1000
for _chatty in ("alembic", "mlflow"):
    logging.getLogger(_chatty).setLevel(logging.WARNING)


@dataclass(frozen=True)
class Pointer:
    """Which run and which registered version a model on disk belongs to."""

    run_id: str
    model_version: str
    model_fingerprint: str
    tracking_uri: str


@contextmanager
def quiet() -> Iterator[None]:
    """MLflow's own store warns about how it uses SQLAlchemy; nobody here can act on that."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def git_commit() -> str | None:
    """The commit the code stands at, or None outside a repository."""
    result = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)  # noqa: S607
    return result.stdout.strip() if result.returncode == 0 else None


def point(pointer: Pointer, file: Path) -> None:
    """Write down where the run is, beside the model; nothing depends on this file."""
    file.write_text(json.dumps(asdict(pointer), indent=2) + "\n", encoding="utf-8")


def pointed(settings: Tracking, model_fingerprint: str, file: Path) -> Pointer | None:
    """The run of exactly this model in this store, if it was recorded there."""
    if not file.is_file():
        return None
    pointer = Pointer(**json.loads(file.read_text(encoding="utf-8")))
    if pointer.model_fingerprint != model_fingerprint or pointer.tracking_uri != settings.uri:
        return None
    try:
        client(settings).get_run(pointer.run_id)
    except MlflowException:
        return None
    return pointer


@dataclass(frozen=True)
class Logged:
    """What a run keeps besides its model: flat settings, figures by step, reports and plots, and fingerprints."""

    params: dict[str, Any]
    series: dict[str, dict[int, float]]
    artifacts: list[Path]
    tags: dict[str, str]


@dataclass(frozen=True)
class ModelFiles:
    """A model to register: its own files, the names of its inputs, and what tells it from any other."""

    files: list[Path]
    features: list[str]
    fingerprint: str


def record_model(settings: Tracking, logged: Logged, model: ModelFiles) -> Pointer:
    """Log a run with its model, and register the model.

    Parameters
    ----------
    settings
        ``params.yaml: tracking``.
    logged
        What the run keeps.
    model
        What is registered; the inputs make its signature.
    """
    connect(settings)
    mlflow.set_experiment(settings.experiment)
    with mlflow.start_run() as run, TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for file in model.files:
            shutil.copy(file, folder)
        mlflow.log_params(logged.params)
        mlflow.set_tags(logged.tags)
        _log_figures(mlflow.MlflowClient(), run.info.run_id, logged.series)
        for file in logged.artifacts:
            mlflow.log_artifact(str(file), "reports")
        registered = mlflow.pyfunc.log_model(
            name="model",
            loader_module="pipeline.tracking.served_model",
            data_path=folder,
            signature=_signature(model.features),
            registered_model_name=settings.registered_model,
            # Said outright: else MLflow starts a process of its own to guess them.
            pip_requirements=REQUIREMENTS,
        )
    version = str(registered.registered_model_version)
    return Pointer(run.info.run_id, version, model.fingerprint, settings.uri)


def _signature(features: list[str]) -> ModelSignature:
    inputs = Schema([ColSpec("double", name) for name in features])
    return ModelSignature(inputs=inputs, outputs=Schema([ColSpec("double", "churn_probability")]))


def record_evaluation(settings: Tracking, pointer: Pointer, figures: dict[str, float], artifacts: list[Path]) -> None:
    """Add the figures of the untouched snapshot to the run that made the model."""
    store = client(settings)
    _log_figures(store, pointer.run_id, {name: {0: value} for name, value in figures.items()})
    for file in artifacts:
        store.log_artifact(pointer.run_id, str(file), "reports")


def _log_figures(store: Any, run_id: str, series: dict[str, dict[int, float]]) -> None:
    """Many at once: one by one, each waits for the disk of the store."""
    now = int(time.time() * 1000)
    measurements = [Metric(name, value, now, step) for name, points in series.items() for step, value in points.items()]
    for start in range(0, len(measurements), AT_ONCE):
        store.log_batch(run_id, metrics=measurements[start : start + AT_ONCE])


def unreachable(settings: Tracking, error: Exception) -> StaleInput:
    """The failure of a store that does not answer, in one line."""
    message = " ".join(str(error).split())[:200]
    return StaleInput(f"params.yaml: tracking.uri {settings.uri!r} does not answer as it should: {message}")


def connect(settings: Tracking) -> None:
    """Point MLflow to the store that params name."""
    uri = _absolute(settings.uri)
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)


def _absolute(uri: str) -> str:
    """A database file relative to this folder, by its full path: MLflow remembers stores by name, not by folder.

    >>> _absolute("http://tracking:5000")
    'http://tracking:5000'
    """
    file = uri.removeprefix("sqlite:///")
    return uri if file == uri or Path(file).is_absolute() else f"sqlite:///{Path(file).resolve()}"


def client(settings: Tracking) -> Any:
    """What asks the store, and tells it."""
    connect(settings)
    try:
        return mlflow.MlflowClient()
    except MlflowException as error:
        raise BadParams(f"params.yaml: tracking.uri {settings.uri!r} cannot be opened: {error.message}") from None
