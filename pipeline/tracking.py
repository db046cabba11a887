"""MLflow: what DVC does not keep - runs to compare, and registered models. The only place that imports it."""

import json
import logging
import os
import shutil
import subprocess
import warnings
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
    from mlflow.exceptions import MlflowException
    from mlflow.models import ModelSignature
    from mlflow.types.schema import ColSpec, Schema

from pipeline.errors import BadParams, NotEnoughData, StaleInput
from pipeline.params import Tracking

CHAMPION = "champion"
REQUIREMENTS = ["churn-pipeline"]
for _chatty in ("alembic", "mlflow"):
    logging.getLogger(_chatty).setLevel(logging.WARNING)


@dataclass(frozen=True)
class Pointer:
    """Which run and which registered version a model on disk belongs to."""

    run_id: str
    model_version: str
    model_fingerprint: str
    tracking_uri: str


def git_commit() -> str | None:
    """The commit the code stands at, or None outside a repository."""
    found = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)  # noqa: S607
    return found.stdout.strip() if found.returncode == 0 else None


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
        _client(settings).get_run(pointer.run_id)
    except MlflowException:
        return None
    return pointer


def record_model(
    settings: Tracking,
    params: dict[str, Any],
    series: dict[str, dict[int, float]],
    artifacts: list[Path],
    model_files: list[Path],
    features: list[str],
    tags: dict[str, str],
    model_fingerprint: str,
) -> Pointer:
    """Log a run with its model, and register the model.

    Parameters
    ----------
    settings
        ``params.yaml: tracking``.
    params
        Flat settings of the run.
    series
        Figures by step.
    artifacts
        Reports and plots to keep with the run.
    model_files
        The parts of the model; they are the registered model's own files.
    features
        Names of the model's inputs, for its signature.
    tags
        Fingerprints and the like.
    model_fingerprint
        What tells this model from any other.
    """
    _connect(settings)
    mlflow.set_experiment(settings.experiment)
    with mlflow.start_run() as run, TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for file in model_files:
            shutil.copy(file, folder)
        mlflow.log_params(params)
        mlflow.set_tags(tags)
        for name, points in series.items():
            for step, value in points.items():
                mlflow.log_metric(name, value, step=step)
        for file in artifacts:
            mlflow.log_artifact(str(file), "reports")
        logged = mlflow.pyfunc.log_model(
            name="model",
            loader_module="pipeline.model.served",
            data_path=folder,
            signature=_signature(features),
            registered_model_name=settings.registered_model,
            # Said outright: else MLflow starts a process of its own to guess them.
            pip_requirements=REQUIREMENTS,
        )
    version = str(logged.registered_model_version)
    return Pointer(run.info.run_id, version, model_fingerprint, settings.uri)


def _signature(features: list[str]) -> ModelSignature:
    inputs = Schema([ColSpec("double", name) for name in features])
    return ModelSignature(inputs=inputs, outputs=Schema([ColSpec("double", "churn_probability")]))


def record_evaluation(settings: Tracking, pointer: Pointer, figures: dict[str, float], artifacts: list[Path]) -> None:
    """Add the figures of the untouched snapshot to the run that made the model."""
    client = _client(settings)
    for name, value in figures.items():
        client.log_metric(pointer.run_id, name, value)
    for file in artifacts:
        client.log_artifact(pointer.run_id, str(file), "reports")


def promote(settings: Tracking, pointer: Pointer) -> None:
    """Make the model the one the weekly job scores with."""
    _client(settings).set_registered_model_alias(settings.registered_model, CHAMPION, pointer.model_version)


def fetch_champion(settings: Tracking, models: Path, figures: Path) -> str:
    """Copy the champion's files and the figures it was judged by, and say which version it is.

    Parameters
    ----------
    settings
        ``params.yaml: tracking``.
    models
        Folder for the parts of the model.
    figures
        File for the figures of its evaluation.

    Raises
    ------
    NotEnoughData
        No champion is registered yet.
    """
    version = _champion(settings)
    try:
        _download(settings, version, models, figures)
    except (MlflowException, OSError) as error:
        raise _unreachable(settings, error) from None
    return str(version.version)


def _download(settings: Tracking, version: Any, models: Path, figures: Path) -> None:
    uri = f"models:/{settings.registered_model}/{version.version}"
    with TemporaryDirectory() as folder:
        found = Path(mlflow.artifacts.download_artifacts(uri, dst_path=folder))
        models.mkdir(parents=True, exist_ok=True)
        for file in sorted(found.joinpath("data").rglob("*")):
            if file.is_file():
                shutil.copy(file, models / file.name)
        judged = mlflow.artifacts.download_artifacts(
            run_id=version.run_id, artifact_path=f"reports/{figures.name}", dst_path=folder
        )
        figures.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(judged, figures)


def _champion(settings: Tracking) -> Any:
    try:
        return _client(settings).get_model_version_by_alias(settings.registered_model, CHAMPION)
    except MlflowException as error:
        if error.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
            raise NotEnoughData(
                f"{settings.uri} has no model {settings.registered_model!r} with alias {CHAMPION!r}; "
                "train one: dvc repro (where it finds nothing to do: dvc repro --force --single-item evaluate)"
            ) from None
        raise _unreachable(settings, error) from None


def _unreachable(settings: Tracking, error: Exception) -> StaleInput:
    said = " ".join(str(error).split())[:200]
    return StaleInput(f"params.yaml: tracking.uri {settings.uri!r} does not answer as it should: {said}")


def load_champion(settings: Tracking) -> Any:
    """The champion as MLflow serves it: ``predict(frame)`` gives probabilities."""
    _connect(settings)
    return mlflow.pyfunc.load_model(f"models:/{settings.registered_model}@{CHAMPION}")


def _connect(settings: Tracking) -> None:
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


def _client(settings: Tracking) -> Any:
    _connect(settings)
    try:
        return mlflow.MlflowClient()
    except MlflowException as error:
        raise BadParams(f"params.yaml: tracking.uri {settings.uri!r} cannot be opened: {error.message}") from None
