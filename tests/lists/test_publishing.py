"""What stands in a week folder: provable, repeatable, complete."""

import csv
import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hatchling.builders.wheel import WheelBuilder
from polars.testing import assert_frame_equal

from pipeline.lists import RISK_LIST, Week, publish

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent


def hashes(folder: Path) -> dict[str, str]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def test_manifest_is_true(week: Week, exports: Path) -> None:
    folder = publish(week, exports, replace=False)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert {key: manifest[key] for key in ("format", "company", "as_of", "fingerprints")} == {
        "format": 1, "company": "complete_journey", "as_of": "2018-01-01", "fingerprints": week.fingerprints,
    }  # fmt: skip
    found = hashes(folder)
    del found["manifest.json"]
    assert {path: entry["sha256"] for path, entry in manifest["files"].items()} == found
    for path, entry in manifest["files"].items():
        assert entry["bytes"] == (folder / path).stat().st_size
    rows = {path: entry["rows"] for path, entry in manifest["files"].items()}
    assert rows["risk_list.csv"] == rows["risk_list.xlsx"] == rows["risk_list.html"] == rows["risk_list.parquet"] == 12
    assert rows["actions.parquet"] == 17
    assert sum(count for path, count in rows.items() if path.startswith("by_owner/")) == 12
    assert rows["run_report.json"] is None


def test_parquet_holds_what_was_given(week: Week, exports: Path) -> None:
    folder = publish(week, exports, replace=False)
    assert_frame_equal(pl.read_parquet(folder / "risk_list.parquet"), week.risk_list)
    assert_frame_equal(pl.read_parquet(folder / "actions.parquet"), week.actions.sort("customer_id"))


@pytest.mark.parametrize("name", ["promises", "explored"])
def test_a_table_is_a_file_of_its_own_where_there_is_a_row(week: Week, exports: Path, name: str) -> None:
    rows = pl.DataFrame({"customer_id": ["b", "a"], "what": ["an answer", "a call"]})
    folder = publish(replace(week, **{name: rows}), exports, replace=False)
    assert pl.read_parquet(folder / f"{name}.parquet").rows() == [("a", "a call"), ("b", "an answer")]
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["files"][f"{name}.parquet"]["rows"] == 2
    for nothing in (None, rows.head(0)):
        folder = publish(replace(week, **{name: nothing}), exports, replace=True)
        assert not (folder / f"{name}.parquet").exists()


def test_run_report_says_what_readers_are_told(week: Week, exports: Path) -> None:
    report = json.loads((publish(week, exports, replace=False) / "run_report.json").read_text(encoding="utf-8"))
    assert report["about"] == week.about.as_report() | {"as_of": "2018-01-01"}
    assert {key: report[key] for key in week.run_report} == week.run_report


def test_by_owner_shares_out_the_list(make_week: Callable[..., Week], exports: Path) -> None:
    owners = ["../x", "CON", "anna", "Anna", None, "  ", ""]
    week = make_week(7, edits={place: {"owner": owner} for place, owner in enumerate(owners)})
    folder = publish(week, exports, replace=False)
    parts = {
        path.name: list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))
        for path in (folder / "by_owner").iterdir()
    }
    assert sorted(parts) == ["Anna.csv", "CON_.csv", "anna-2.csv", "unassigned.csv", "x.csv"]
    assert [len(parts[name]) for name in sorted(parts)] == [1, 1, 1, 3, 1]
    whole = csv.DictReader(io.StringIO((folder / "risk_list.csv").read_bytes().decode("utf-8-sig"), newline=""))
    assert sorted((row for part in parts.values() for row in part), key=lambda row: int(row["rank"])) == list(whole)
    assert list(parts["x.csv"][0]) == list(RISK_LIST)


def test_twice_the_same_week_is_byte_identical(week: Week, exports: Path, tmp_path: Path) -> None:
    again = replace(
        week,
        actions=pl.concat([week.actions[9:], week.actions[:9]], rechunk=False),  # other buckets, other chunks
        waterfalls=week.waterfalls.reverse(),
        run_report=dict(reversed(week.run_report.items())),
    )
    assert hashes(publish(week, exports, replace=False)) == hashes(publish(again, tmp_path / "again", replace=False))


OTHER_MACHINE = """
import pathlib, runpy, sys
from pipeline.lists import publish
publish(runpy.run_path(sys.argv[1])["build_week"](300), pathlib.Path(sys.argv[2]), replace=False)
"""


def test_threads_time_zone_and_hash_seed_change_nothing(
    make_week: Callable[..., Week], exports: Path, tmp_path: Path
) -> None:
    other = {"POLARS_MAX_THREADS": "1", "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "5", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", OTHER_MACHINE, str(HERE / "conftest.py"), str(tmp_path / "other")]
    subprocess.run(command, check=True, env={**os.environ, **other})
    mine = hashes(publish(make_week(300), exports, replace=False))
    assert mine == hashes(tmp_path / "other" / "2018-01-01")


def test_an_empty_list_is_a_whole_week(make_week: Callable[..., Week], exports: Path) -> None:
    folder = publish(make_week(0), exports, replace=False)
    assert (folder / "risk_list.csv").read_text(encoding="utf-8-sig") == ",".join(RISK_LIST) + "\n"
    assert pl.read_parquet(folder / "risk_list.parquet").schema == pl.Schema(RISK_LIST)
    assert pl.read_parquet(folder / "actions.parquet").height == 5
    assert not (folder / "by_owner").exists()
    assert not (folder / "audiences").exists()
    assert "Nobody to act on this week." in (folder / "risk_list.html").read_text(encoding="utf-8")
    assert json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]["risk_list.xlsx"]["rows"] == 0


@pytest.mark.parametrize("bad", [{"x": float("nan")}, {"x": object()}])
def test_a_report_that_is_no_json_publishes_nothing(week: Week, exports: Path, bad: dict[str, object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        publish(replace(week, run_report=bad), exports, replace=False)
    assert list(exports.iterdir()) == []


def test_the_page_ships_in_a_wheel() -> None:
    shipped = {file.relative_path for file in WheelBuilder(str(ROOT)).recurse_included_files()}
    assert {f"pipeline/lists/risk_list.{ending}" for ending in ("html.j2", "css", "js")} <= shipped
