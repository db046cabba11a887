"""MLflow runs: what DVC does not keep - every training to compare with others, its model, figures and machine use."""

import json
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

import polars as pl
import polars.selectors as cs

from pipeline.config.location import experiment_name
from pipeline.config.params import Tracking
from pipeline.tracking import serving
from pipeline.tracking.store import (
    Metric,
    MlflowException,
    client,
    experiment_id,
    from_polars,
    mlflow,
    quiet,
    reachable,
    unreachable,
)

# Figures that MLflow takes at once at most.
AT_ONCE = 1000
# Tags by which runs and versions are found again.
FINGERPRINT, EXPERIMENT, GROUP = "churn.model_fingerprint", "churn.dvc_experiment", "churn.is_experiment"
# SHA-256 of the verdict on a model: a grade that was changed afterwards is seen.
VERDICT_DIGEST = "churn.verdict_sha256"
NAME, NOTE, PARENT = "mlflow.runName", "mlflow.note.content", "mlflow.parentRunId"


@dataclass(frozen=True)
class Pointer:
    """Which run and which logged model the files on disk belong to, in which store and for which DVC experiment."""

    run_id: str
    model_id: str
    model_fingerprint: str
    tracking_uri: str
    experiment: str


@dataclass(frozen=True)
class Logged:
    """What a run keeps besides its model: settings, figures by step, files with the folder they go to, and tags."""

    params: dict[str, Any]
    series: dict[str, dict[int, float]]
    files: dict[Path, str]
    tags: dict[str, str]
    datasets: dict[str, pl.DataFrame]


@dataclass(frozen=True)
class ModelFiles:
    """A model to log: its own files, some rows of its inputs as an example, and what tells it from any other."""

    files: list[Path]
    example: pl.DataFrame
    fingerprint: str


@contextmanager
def training_run(settings: Tracking) -> Iterator[str]:
    """A run that lasts as long as the training does, nested under the DVC experiment it is made for, if any.

    Yields
    ------
    str
        The id of the run. It ends as failed where the training raises.
    """
    with reachable(settings):
        experiment = experiment_id(settings)
        group = experiment_name()
        tags = {PARENT: _group_run(settings, experiment, group)} if group else {}
        run = mlflow.start_run(experiment_id=experiment, tags=tags, log_system_metrics=True)
    with _ended(settings, run):
        yield str(run.info.run_id)


@contextmanager
def resumed(settings: Tracking, pointer: Pointer) -> Iterator[None]:
    """The run of a model once more, so that evaluation is measured and logged where training was."""
    with reachable(settings):
        run = mlflow.start_run(run_id=pointer.run_id, log_system_metrics=True)
    with _ended(settings, run):
        yield


@contextmanager
def _ended(settings: Tracking, run: Any) -> Iterator[None]:
    """End a run after the block, in one line too where the store has gone away in the meantime."""
    try:
        with run:
            yield
    except MlflowException as error:
        raise unreachable(settings, error) from None


def _group_run(settings: Tracking, experiment: str, name: str) -> str:
    """The run under which others are nested, such as those of a DVC experiment; made by the first of them."""
    store = client(settings)
    query = f"tags.`{GROUP}` = 'yes' and tags.`{EXPERIMENT}` = '{name}'"
    for run in store.search_runs([experiment], query, max_results=1):
        return str(run.info.run_id)
    run = store.create_run(experiment, tags={NAME: name, GROUP: "yes", EXPERIMENT: name}, run_name=name)
    store.set_terminated(run.info.run_id)
    return str(run.info.run_id)


def log(settings: Tracking, run_id: str, logged: Logged, model: ModelFiles) -> Pointer:
    """Write what a training made into its run, with the model itself.

    The model is logged, not registered: `registry.register` does that when it is released.
    """
    with reachable(settings), TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for file in model.files:
            shutil.copy(file, folder)
        mlflow.log_params(logged.params, run_id=run_id)
        store = client(settings)
        for name, text in (logged.tags | {FINGERPRINT: model.fingerprint, EXPERIMENT: experiment_name() or ""}).items():
            store.set_tag(run_id, name, text)
        for name, rows in logged.datasets.items():
            # MLflow knows no days, only points in time.
            rows = rows.with_columns(cs.date().cast(pl.Datetime))
            mlflow.log_input(from_polars(rows, source="data/examples", name=name), context=name)
        info = mlflow.pyfunc.log_model(name="model", data_path=folder, **serving.flavour(model.example))
        log_figures(settings, run_id, logged.series, info.model_id)
        log_files(settings, run_id, logged.files)
    return Pointer(run_id, info.model_id, model.fingerprint, settings.masked_address, experiment_name() or "")


def record_trial(
    settings: Tracking, group: str, name: str, tried: dict[str, Any], by_step: list[float], *, is_complete: bool
) -> None:
    """A trial of a search, nested under the run of the search; no model is kept of it.

    Parameters
    ----------
    settings
        ``params.yaml: tracking``.
    group
        The search.
    name
        The trial.
    tried
        Its settings.
    by_step
        The figure the search goes by, after each step.
    is_complete
        Whether it went to the end; one that was stopped early is shown as killed.
    """
    with reachable(settings):
        experiment, store = experiment_id(settings), client(settings)
        run = store.create_run(experiment, tags={PARENT: _group_run(settings, experiment, group)}, run_name=name)
        for key, value in tried.items():
            store.log_param(run.info.run_id, key, value)
        log_figures(settings, run.info.run_id, {"brier": dict(enumerate(by_step))})
        store.set_terminated(run.info.run_id, "FINISHED" if is_complete else "KILLED")


def log_figures(
    settings: Tracking, run_id: str, series: dict[str, dict[int, float]], model_id: str | None = None
) -> None:
    """Figures by step, linked to the logged model; many at once, for each call waits for the disk of the store."""
    now = int(time.time() * 1000)
    figures = [
        Metric(name, value, now, step, model_id=model_id)
        for name, points in series.items()
        for step, value in points.items()
    ]
    with reachable(settings):
        store = client(settings)
        for start in range(0, len(figures), AT_ONCE):
            store.log_batch(run_id, metrics=figures[start : start + AT_ONCE])


def log_files(settings: Tracking, run_id: str, files: dict[Path, str]) -> None:
    """Keep files with a run, each in the folder named beside it; one that is not there yet is left out."""
    with reachable(settings):
        store = client(settings)
        for file, folder in files.items():
            if file.is_file():
                store.log_artifact(run_id, str(file), folder)


def describe(settings: Tracking, run_id: str, name: str, description: str, verdict_digest: str = "") -> None:
    """Give a run the name and the description that people see first, and the digest of the verdict behind them."""
    with reachable(settings):
        store = client(settings)
        store.set_tag(run_id, NAME, name)
        store.set_tag(run_id, NOTE, description)
        store.set_tag(run_id, VERDICT_DIGEST, verdict_digest)


def find(settings: Tracking, model_fingerprint: str) -> Pointer | None:
    """The latest run in the store that made exactly this model, whoever ran it; None if there is none."""
    with reachable(settings):
        store, experiment = client(settings), experiment_id(settings)
        query = f"tags.`{FINGERPRINT}` = '{model_fingerprint}'"
        for run in store.search_runs([experiment], query, order_by=["attributes.start_time DESC"], max_results=1):
            models = [output.model_id for output in (run.outputs.model_outputs if run.outputs else [])]
            if models:
                made_for = run.data.tags.get(EXPERIMENT, "")
                return Pointer(run.info.run_id, models[-1], model_fingerprint, settings.masked_address, made_for)
    return None


def point(pointer: Pointer, file: Path) -> None:
    """Write down where the run is, beside the model; nothing depends on this file."""
    file.write_text(json.dumps(asdict(pointer), indent=2) + "\n", encoding="utf-8")


def pointed(settings: Tracking, model_fingerprint: str, file: Path) -> Pointer | None:
    """The run of exactly this model in this store for this DVC experiment, if it was recorded there."""
    if not file.is_file():
        return None
    content = json.loads(file.read_text(encoding="utf-8"))
    wanted = {
        "model_fingerprint": model_fingerprint,
        "tracking_uri": settings.masked_address,
        "experiment": experiment_name() or "",
    }
    # A pointer of an earlier release names no experiment: its run is recorded once more.
    if {name: content.get(name) for name in wanted} != wanted:
        return None
    try:
        with quiet():
            client(settings).get_run(content["run_id"])
    except MlflowException:
        return None
    return Pointer(**content)


def git_commit() -> str | None:
    """The commit the code stands at, or None outside a repository."""
    result = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)  # noqa: S607
    return result.stdout.strip() if result.returncode == 0 else None
