"""Databases of one engine: each by itself, and nothing left behind."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from pipeline import sql
from tests.imports import ROOT


def test_databases_that_are_open_together_do_not_see_each_other():
    with sql.connect(1, 1.0) as one, sql.connect(1, 1.0) as other:
        one.execute("CREATE TABLE bought AS SELECT 1 AS day")
        other.execute("CREATE TABLE bought AS SELECT 2 AS day")
        other.execute("CREATE TEMP VIEW seen AS SELECT 3 AS day")
        assert one.sql("SELECT day FROM bought").fetchall() == [(1,)]
        assert other.sql("SELECT day FROM bought").fetchall() == [(2,)]
        with pytest.raises(duckdb.CatalogException):
            one.sql("SELECT day FROM seen")


def test_an_error_ends_one_database_and_no_other():
    with pytest.raises(duckdb.CatalogException), sql.connect(1, 1.0) as engine:
        engine.execute("CREATE TABLE bought AS SELECT 1 AS day")
        engine.execute("SELECT * FROM nothing")
    with pytest.raises(KeyError), sql.connect(1, 1.0) as engine:
        engine.execute("BEGIN")
        engine.execute("CREATE TABLE bought AS SELECT 1 AS day")
        raise KeyError("in the middle of a transaction")
    with sql.connect(1, 1.0) as engine:
        assert engine.sql("SHOW ALL TABLES").fetchall() == []
        assert engine.execute("SELECT current_setting('TimeZone')").fetchall() == [("UTC",)]


IN_A_POOL = """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from pipeline import sql

def folders(number):
    with sql.connect(1, 1.0) as engine:
        engine.execute("SELECT 1").fetchall()
        return [path.stat().st_mode & 0o777 for path in Path("spill").iterdir()]

if __name__ == "__main__":
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        print([*folders(0), *pool.submit(folders, 1).result()])
"""


def test_what_is_spilled_is_for_nobody_else_and_goes_with_its_process(tmp_path):
    (tmp_path / "spill").mkdir()
    (tmp_path / "pool.py").write_text(IN_A_POOL, encoding="utf-8")
    environment = os.environ | {"TMPDIR": str(tmp_path / "spill"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "pool.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert set(done.stdout.strip(" []\n").split(", ")) == {str(0o700)}, "both processes had one of their own"
    assert list(Path(tmp_path / "spill").iterdir()) == []
