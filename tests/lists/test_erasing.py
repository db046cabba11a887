"""A customer leaves published weeks without a trace, and nothing else changes; old weeks go whole."""

import csv
import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from pipeline.lists import Week, delete_before, erase, publish, recover, weeks_before, weeks_holding
from pipeline.lists.week_folder import delete_week
from tests.lists.conftest import AS_OF

SHOP = "complete_journey"


GONE = "Zed-77"


@pytest.fixture
def week(make_week: Callable[..., Week]) -> Week:
    one = make_week(12, edits={4: {"customer_id": GONE}})
    explored = one.actions.select("customer_id", "churn_probability").reverse()
    return replace(one, explored=explored, contributions=one.waterfalls)


def contents(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_tables_lose_the_rows_and_pages_that_showed_them_go(week, tmp_path):
    folder = publish(week, tmp_path, replace=False)
    before = contents(folder)
    (erased,) = erase(tmp_path, SHOP, GONE)
    after = contents(folder)
    assert erased.folder == folder
    assert set(before) - set(after) == set(erased.deleted) == {"risk_list.html", "risk_list.xlsx"}
    for name, content in after.items():
        assert GONE.encode() not in content, name
    for name in ("risk_list.parquet", "actions.parquet", "explored.parquet", "contributions.parquet"):
        rows = pl.read_parquet(io.BytesIO(before[name]))
        assert pl.read_parquet(io.BytesIO(after[name])).equals(rows.filter(pl.col("customer_id") != GONE))
    lines = before["risk_list.csv"].split(b"\r\n")
    assert after["risk_list.csv"].split(b"\r\n") == [line for line in lines if f",{GONE},".encode() not in line]
    assert erased.rows["risk_list.csv"] == erased.rows["actions.parquet"] == 1


def test_the_manifest_proves_what_is_left(week, tmp_path):
    folder = publish(week, tmp_path, replace=False)
    old = json.loads((folder / "manifest.json").read_text())
    list(erase(tmp_path, SHOP, GONE))
    new = json.loads((folder / "manifest.json").read_text())
    files = contents(folder)
    assert set(new["files"]) == set(files) - {"manifest.json"}
    for name, entry in new["files"].items():
        assert (entry["sha256"], entry["bytes"]) == (hashlib.sha256(files[name]).hexdigest(), len(files[name])), name
    assert new["files"]["risk_list.csv"]["rows"] == old["files"]["risk_list.csv"]["rows"] - 1
    assert new["forgotten"] == 1
    assert {**new, "files": 0, "forgotten": 0} == {**old, "files": 0, "forgotten": 0}


def test_ids_that_a_spreadsheet_could_run_are_found(make_week, tmp_path):
    edits = {2: {"customer_id": '=HYPERLINK("a","b")'}, 3: {"customer_id": "-7"}}
    folder = publish(make_week(8, edits=edits), tmp_path, replace=False)
    for customer in ('=HYPERLINK("a","b")', "-7"):
        list(erase(tmp_path, SHOP, customer))
        assert not list(weeks_holding(tmp_path, SHOP, customer))
    with (folder / "risk_list.csv").open(encoding="utf-8-sig", newline="") as text:
        assert len(list(csv.DictReader(text))) == 6


def test_nobody_else_is_touched(week, tmp_path):
    folder = publish(week, tmp_path, replace=False)
    before = contents(folder)
    for company, customer in ((SHOP, "nobody"), ("another shop", GONE)):
        assert not list(weeks_holding(tmp_path, company, customer))
        assert not list(erase(tmp_path, company, customer))
    assert contents(folder) == before


def test_old_weeks_go_and_a_kill_in_between_is_settled(week, tmp_path, monkeypatch):
    days = [AS_OF + timedelta(days=7 * number) for number in range(4)]
    for day in days:
        listed = week.risk_list.with_columns(as_of=pl.lit(day))
        publish(replace(week, about=replace(week.about, as_of=day), risk_list=listed), tmp_path, replace=False)
    assert not delete_before(tmp_path, "another shop", date(2100, 1, 1))
    assert {folder.name for folder in delete_before(tmp_path, SHOP, days[2])} == {f"{day}" for day in days[:2]}
    assert [folder.name for folder in weeks_before(tmp_path, SHOP, date.max)] == [f"{days[3]}", f"{days[2]}"]

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("pipeline.lists.week_folder.shutil.rmtree", killed)
        delete_week(tmp_path, f"{days[2]}")
    assert [folder.name for folder in weeks_before(tmp_path, SHOP, date.max)] == [f"{days[3]}"]
    recover(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == [f"{days[3]}"]
