"""The MLflow store that ``params.yaml: tracking`` names, and the only import of MLflow."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

# Set before the import: nothing is sent anywhere that params do not name.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
# A server that does not answer is given up after two minutes at most, and not after a quarter of an hour.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")
# A server on S3 would send clients to the bucket for downloads, which they may be unable to reach; files are small.
os.environ.setdefault("MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD", "false")
# Seconds between two looks at processor and memory; by default so many that a short training shows none.
os.environ.setdefault("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "1")

with warnings.catch_warnings():
    # MLflow warns about its own type hints while it is imported; nobody here can act on that.
    warnings.simplefilter("ignore")
    import mlflow
    import mlflow.pyfunc
    from mlflow.data.polars_dataset import from_polars
    from mlflow.entities import Metric
    from mlflow.exceptions import MlflowException
    from mlflow.models import ModelSignature
    from mlflow.types.schema import AnyType, ColSpec, Schema

from pipeline.config import failures
from pipeline.config.errors import BadParams, StaleInput
from pipeline.config.location import workspace
from pipeline.config.masking import mask_password
from pipeline.config.params import Tracking
from pipeline.tracking import moved_store, probe

# Offered to the other modules of this room, so that MLflow is imported after its switches are set.
__all__ = ["AnyType", "ColSpec", "Metric", "MlflowException", "ModelSignature", "Schema", "client", "connect",
           "experiment_id", "from_polars", "mlflow", "place", "quiet", "reachable", "unless_there",
           "unreachable"]  # fmt: skip
SQLITE = "sqlite:///"
for _chatty in ("alembic", "mlflow"):
    logging.getLogger(_chatty).setLevel(logging.WARNING)


@contextmanager
def quiet() -> Iterator[None]:
    """MLflow's own store warns about how it uses SQLAlchemy; nobody here can act on that."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def connect(settings: Tracking) -> None:
    """Point MLflow to the store that params name."""
    uri = resolve(settings.address)
    probe.check(uri, place(settings))
    if uri != settings.address:
        _adopt_once(Path(uri.removeprefix(SQLITE)))
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)


def client(settings: Tracking) -> Any:
    """What asks the store, and tells it."""
    connect(settings)
    try:
        return mlflow.MlflowClient()
    except MlflowException as error:
        raise BadParams(f"{place(settings)} cannot be opened: {mask_password(error.message)}") from None


def place(settings: Tracking) -> str:
    """How a message names the store: never with a password."""
    setting = f"tracking.uri_env {settings.uri_env}" if settings.uri_env else "tracking.uri"
    return f"params.yaml: {setting} {settings.masked_address!r}"


def resolve(uri: str) -> str:
    """The full address of a store: a database file given relative to the project lies in the folder people work in.

    A full path is needed, because MLflow remembers stores by name, not by folder; and an experiment that DVC runs in a
    temporary copy of the project must not leave its run in a file that is removed with that copy.

    >>> resolve("http://tracking:5000")
    'http://tracking:5000'
    """
    file = uri.removeprefix(SQLITE)
    return uri if file == uri or Path(file).is_absolute() else f"{SQLITE}{workspace() / file}"


def is_shared(settings: Tracking) -> bool:
    """Whether colleagues work with the same store: it is a server, and no file of this folder."""
    return "://" in settings.address and not settings.address.startswith(SQLITE)


def experiment_id(settings: Tracking) -> str:
    """The id of the MLflow experiment that params name; made if it is not there yet.

    The artifacts of a database file lie beside it, whatever folder the process runs in. A server decides for itself.
    """
    store = client(settings)
    with quiet():
        known = store.get_experiment_by_name(settings.experiment)
        if known is None:
            with unless_there():
                store.create_experiment(settings.experiment, artifact_location=_artifacts(settings))
            known = store.get_experiment_by_name(settings.experiment)
        return str(known.experiment_id)


@contextmanager
def unless_there() -> Iterator[None]:
    """Make something by name that may be there already, perhaps since a moment ago, by a colleague's first training."""
    try:
        yield
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _artifacts(settings: Tracking) -> str | None:
    uri = resolve(settings.address)
    if not uri.startswith(SQLITE):
        return None
    return str(Path(uri.removeprefix(SQLITE)).parent / moved_store.ARTIFACTS / settings.experiment)


@cache
def _adopt_once(database: Path) -> None:
    """Once per process: a store is not moved while somebody works with it."""
    moved_store.adopt(database)


@contextmanager
def reachable(settings: Tracking) -> Iterator[None]:
    """Point MLflow to the store; what is asked inside is asked quietly, and fails in one line where it does not answer.

    Raises
    ------
    StaleInput
        The store does not answer, or refuses.
    """
    try:
        with quiet():
            connect(settings)
            yield
    except (MlflowException, OSError) as error:
        # A full disk here is no failure of the store.
        raise failures.failure(error) or unreachable(settings, error) from None


def unreachable(settings: Tracking, error: Exception) -> StaleInput:
    """The failure of a store that does not answer, in one line and without a password."""
    # The last link of a chain of failures says most.
    message = mask_password(" ".join(str(error).rpartition("Caused by")[2].split()))[:200]
    return StaleInput(f"{place(settings)} does not answer as it should: {message}")
