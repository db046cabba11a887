"""The registry of models: which version is champion, which were before it, and their files."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pipeline.config.errors import BadParams, ModelRefused, NotEnoughData
from pipeline.config.params import Tracking
from pipeline.config.paths import Paths
from pipeline.model.artefacts_upgrade import is_of_this_release, upgrade
from pipeline.model.fingerprint import fingerprint
from pipeline.tables import storage
from pipeline.tracking.runs import FINGERPRINT, VERDICT_DIGEST, Pointer
from pipeline.tracking.store import (
    MlflowException,
    client,
    mlflow,
    quiet,
    reachable,
    unless_there,
    unreachable,
)

CHAMPION = "champion"
# Tag of the registered model: the versions that have been champion, the reigning one last.
HISTORY = "champions"
VERDICTS = ("reports/verdict.json", "reports/metrics.json")


def register(settings: Tracking, pointer: Pointer) -> str:
    """The version of a logged model in the registry; it is registered once, however often it is trained."""
    known = find_version(settings, pointer.model_fingerprint)
    if known:
        return known
    store, name = client(settings), settings.registered_model
    with reachable(settings):
        with unless_there():
            store.create_registered_model(name)
        tags, source = {FINGERPRINT: pointer.model_fingerprint}, f"models:/{pointer.model_id}"
        made = store.create_model_version(name, source, pointer.run_id, tags=tags, model_id=pointer.model_id)
        return str(made.version)


def find_version(settings: Tracking, model_fingerprint: str) -> str | None:
    """The version with exactly these files, if there is one."""
    with reachable(settings):
        versions = client(settings).search_model_versions(f"name = '{settings.registered_model}'")
    same = [int(version.version) for version in versions if version.tags.get(FINGERPRINT) == model_fingerprint]
    return str(max(same)) if same else None


def promote(settings: Tracking, version: str) -> None:
    """Make a version the one the weekly job scores with; the champions before it stay known.

    Raises
    ------
    BadParams
        There is no such version.
    """
    registry = client(settings)
    described(settings, version)
    before = [champion for champion in champions(settings) if champion != version]
    with reachable(settings):
        registry.set_registered_model_alias(settings.registered_model, CHAMPION, version)
        registry.set_registered_model_tag(settings.registered_model, HISTORY, ",".join([*before, version]))


def rollback(settings: Tracking) -> tuple[str, str]:
    """Give the title back to the champion before; which version lost it, and which has it now.

    Raises
    ------
    NotEnoughData
        There was no champion before this one.
    """
    history = champions(settings)
    if len(history) < 2:
        raise NotEnoughData(
            f"{settings.registered_model!r} has had {len(history)} champions; none is left to go back to"
        )
    registry = client(settings)
    with reachable(settings):
        registry.set_registered_model_alias(settings.registered_model, CHAMPION, history[-2])
        registry.set_registered_model_tag(settings.registered_model, HISTORY, ",".join(history[:-1]))
    return history[-1], history[-2]


def champions(settings: Tracking) -> list[str]:
    """The versions that have been champion, the reigning one last."""
    try:
        with quiet():
            versions = client(settings).get_registered_model(settings.registered_model).tags.get(HISTORY, "")
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return []
        raise unreachable(settings, error) from None
    return [version for version in versions.split(",") if version]


def champion_version(settings: Tracking) -> str | None:
    """The version that is champion, if there is one."""
    try:
        return str(_champion(settings).version)
    except NotEnoughData:
        return None


def describe(settings: Tracking, version: str, tags: dict[str, str]) -> None:
    """Write tags on a registered version."""
    for name, text in tags.items():
        with reachable(settings):
            client(settings).set_model_version_tag(settings.registered_model, version, name, text)


def forget(settings: Tracking, version: str, tag: str) -> None:
    """Take a tag off a registered version, if it has it."""
    if tag in described(settings, version):
        with reachable(settings):
            client(settings).delete_model_version_tag(settings.registered_model, version, tag)


def fingerprint_of(settings: Tracking, version: str) -> str:
    """The fingerprint of a registered version; computed from its files where an earlier release wrote none down."""
    tagged = described(settings, version).get(FINGERPRINT)
    if tagged:
        return tagged
    with TemporaryDirectory() as folder:
        paths = Paths(models=Path(folder) / "models")
        fetch(settings, version, paths.models)
        return fingerprint(paths)


def run_of(settings: Tracking, version: str) -> str:
    """The run a registered version was made in."""
    return str(_version(settings, version).run_id)


def described(settings: Tracking, version: str) -> dict[str, str]:
    """The tags of a registered version.

    Raises
    ------
    BadParams
        There is no such version.
    """
    return dict(_version(settings, version).tags)


def _version(settings: Tracking, version: str) -> Any:
    try:
        with quiet():
            return client(settings).get_model_version(settings.registered_model, version)
    except MlflowException as error:
        if error.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
            uri = settings.masked_address
            raise BadParams(f"{uri} has no version {version!r} of {settings.registered_model!r}") from None
        raise unreachable(settings, error) from None


def fetch(settings: Tracking, version: str, models: Path) -> None:
    """Copy the files of a registered version into a folder.

    Only they are asked for: the hundreds of files of code that travel with the model are for those who serve it.

    Raises
    ------
    ModelRefused
        They are not the files that were registered: a digit of a tree that has changed looks like any other digit.
    """
    with reachable(settings), TemporaryDirectory() as folder:
        uri = f"models:/{settings.registered_model}/{version}/data"
        try:
            download = Path(mlflow.artifacts.download_artifacts(uri, dst_path=folder))
        except MlflowException as error:
            if "No such artifact" not in str(error):
                raise
            raise _damaged(settings, f"the files of version {version}", "are gone") from None
        models.mkdir(parents=True, exist_ok=True)
        for file in sorted(download.rglob("*")):
            if file.is_file():
                shutil.copy(file, models / file.name)
    registered = described(settings, version).get(FINGERPRINT)
    if registered and is_of_this_release(models) and fingerprint(Paths(models=models)) != registered:
        raise _damaged(settings, f"the files of version {version}", "are not those that were registered")
    upgrade(models)


def _damaged(settings: Tracking, what: str, state: str) -> ModelRefused:
    return ModelRefused(
        f"{settings.masked_address}: {what} of {settings.registered_model!r} {state}; go back to another "
        "version: churn rollback, or train again: dvc repro"
    )


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
    champion = _champion(settings)
    fetch(settings, str(champion.version), models)
    metrics = _verdict(settings, champion.run_id)
    # Who answers for a version may have said so only when it was promoted by hand.
    before = metrics.pop("answered_for_by", "")  # as the release before called it
    metrics["approved_by"] = champion.tags.get("approved_by", metrics.get("approved_by", before))
    storage.write_json(metrics, figures)
    return str(champion.version)


def _verdict(settings: Tracking, run_id: str) -> dict[str, Any]:
    """The verdict a run was given, also one of the release that kept it in ``metrics.json``."""
    with reachable(settings), TemporaryDirectory() as folder:
        kept = {file.path for file in client(settings).list_artifacts(run_id, "reports")}
        file = next((name for name in VERDICTS if name in kept), VERDICTS[0])
        verdict = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=file, dst_path=folder)
        digest = client(settings).get_run(run_id).data.tags.get(VERDICT_DIGEST)
        if digest and storage.fingerprint([Path(verdict)]) != digest:
            raise _damaged(settings, "the figures of the champion", "are not those of its evaluation")
        return storage.read_json(Path(verdict), ModelRefused)


def _champion(settings: Tracking) -> Any:
    try:
        return client(settings).get_model_version_by_alias(settings.registered_model, CHAMPION)
    except MlflowException as error:
        if error.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
            raise NotEnoughData(
                f"{settings.masked_address} has no model {settings.registered_model!r} with alias "
                f"{CHAMPION!r}; train one: dvc repro; or take the one in models/: churn promote"
            ) from None
        raise unreachable(settings, error) from None


def load_champion(settings: Tracking) -> Any:
    """The champion as MLflow serves it: ``predict(frame)`` gives probabilities."""
    with reachable(settings):
        return mlflow.pyfunc.load_model(f"models:/{settings.registered_model}@{CHAMPION}")
