"""What the tests of sources share: a PostgreSQL server, and the stage run on one source."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from adbc_driver_postgresql import dbapi

from pipeline.config import paths
from pipeline.stages import run_stage, s1_ingest
from pipeline.tables import storage
from tests.sources.postgres_server import running

COLUMNS = {"customer_id": "who", "ts": "at", "amount": "paid"}


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A PostgreSQL server for all tests of this process, as the URL of its first database."""
    with running() as url:
        yield url


@pytest.fixture
def raw(tmp_path, root, monkeypatch) -> Path:
    """An empty folder for files, in a folder with the settings that come with the pipeline."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text((root / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "raw").mkdir()
    return Path("raw")


@pytest.fixture
def postgres(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Run statements on the server, whose URL is in ``SHOP_DB``; the schema is empty again after the test."""
    monkeypatch.setenv("SHOP_DB", server)

    def run(*statements: str) -> None:
        with dbapi.connect(server, autocommit=True) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    yield run
    run("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")


@pytest.fixture
def ingest(changed, tmp_path, monkeypatch) -> Callable[..., dict]:
    """Run the real stage in an empty folder on sources as ``params.yaml`` says them, and read its report."""
    monkeypatch.chdir(tmp_path)

    def run(sources: dict, **more) -> dict:
        for name in ("data", "reports"):
            shutil.rmtree(name, ignore_errors=True)
        settings = changed(**{"sources": sources, "data.timezone": "UTC", **more})
        run_stage(s1_ingest, settings)
        return storage.read_json(paths.REPRO.ingest_report)

    return run


def sql(query: str = "SELECT * FROM orders", **more) -> dict:
    """A source of transactions in a database."""
    return {"transactions": {"sql": query, "url_env": "SHOP_DB", "columns": COLUMNS, **more}}


def tables() -> dict[str, list[tuple]]:
    """The rows of every file of the canonical tables, in their order."""
    return {str(file): pl.read_parquet(file).rows() for file in sorted(Path("data/tables").rglob("*.parquet"))}
