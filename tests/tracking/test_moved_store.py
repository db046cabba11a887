"""A store that was moved or copied reads and writes beside itself, never in the folder it came from."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from pipeline.config import params
from pipeline.tracking import moved_store, store


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    """A folder with a store in which a run has kept a file."""
    folder = tmp_path_factory.mktemp("first_%_place")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        _keep(folder, "in the original")
    return folder


def _settings(folder: Path) -> params.Tracking:
    return params.Tracking(
        uri=f"sqlite:///{folder / 'mlflow.db'}",
        uri_env=None,
        experiment="churn",
        registered_model="churn",
        max_model_age_days=365,
    )


def _keep(folder: Path, text: str) -> str:
    """A run with a file in it; its id."""
    settings, file = _settings(folder), folder / "kept.txt"
    file.write_text(text, encoding="utf-8")
    client = store.client(settings)
    run = client.create_run(store.experiment_id(settings))
    client.log_artifact(run.info.run_id, str(file))
    return str(run.info.run_id)


def _paths_in(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return [
            value
            for table, column in moved_store.PATH_COLUMNS
            for (value,) in connection.execute(f"SELECT {column} FROM {table}")
            if value and value.startswith("/")
        ]


def test_a_store_at_home_is_left_alone(original):
    before = (original / "mlflow.db").read_bytes()
    assert moved_store.adopt(original / "mlflow.db") == []
    assert (original / "mlflow.db").read_bytes() == before


def test_a_copy_reads_and_writes_beside_itself(original, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(original, copy)
    untouched = sorted((file, file.stat().st_mtime_ns) for file in original.rglob("*"))
    assert moved_store.adopt(copy / "mlflow.db") == [original / "mlruns"]
    _keep(copy, "in the copy")
    assert sorted((file, file.stat().st_mtime_ns) for file in original.rglob("*")) == untouched
    texts = {file.read_text(encoding="utf-8") for file in (copy / "mlruns").rglob("kept.txt")}
    assert texts == {"in the original", "in the copy"}
    assert all(path.startswith(f"{copy}/") for path in _paths_in(copy / "mlflow.db"))


def test_connecting_is_enough(original, tmp_path, monkeypatch):
    copy = tmp_path / "moved"
    shutil.copytree(original, copy)
    monkeypatch.chdir(copy)
    store.connect(
        params.Tracking(
            uri="sqlite:///mlflow.db",
            uri_env=None,
            experiment="churn",
            registered_model="churn",
            max_model_age_days=365,
        )
    )
    assert all(path.startswith(f"{copy}/") for path in _paths_in(copy / "mlflow.db"))


def test_an_artifact_store_that_somebody_chose_stays(original, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(original, copy)
    with closing(sqlite3.connect(copy / "mlflow.db")) as connection, connection:
        connection.execute("UPDATE experiments SET artifact_location = 's3://bucket/mlruns/1' WHERE name = 'churn'")
        connection.execute("UPDATE runs SET artifact_uri = '/elsewhere/artifacts/1'")
    moved_store.adopt(copy / "mlflow.db")
    with closing(sqlite3.connect(copy / "mlflow.db")) as connection:
        chosen = connection.execute("SELECT artifact_location FROM experiments WHERE name = 'churn'").fetchone()
        kept = connection.execute("SELECT artifact_uri FROM runs").fetchone()
    assert chosen == ("s3://bucket/mlruns/1",)
    assert kept == ("/elsewhere/artifacts/1",)


def test_no_store_yet_is_no_problem(tmp_path):
    assert moved_store.adopt(tmp_path / "mlflow.db") == []
    sqlite3.connect(tmp_path / "mlflow.db").close()
    assert moved_store.adopt(tmp_path / "mlflow.db") == []


def test_an_experiment_in_a_copy_of_the_project_writes_to_the_store_of_the_project(tmp_path, monkeypatch):
    copy = tmp_path / "work/.dvc/tmp/exps/tmp1a2b"
    (copy / ".dvc").mkdir(parents=True)
    monkeypatch.chdir(copy)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path / "work"))
    assert store.resolve("sqlite:///mlflow.db") == f"sqlite:///{tmp_path / 'work/mlflow.db'}"
    assert store.resolve("sqlite:////srv/mlflow.db") == "sqlite:////srv/mlflow.db"
