"""``churn simulate``: the files it writes, how they feed the pipeline, and what it refuses."""

import hashlib
import json
import shutil
import tracemalloc
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner
from polars.testing import assert_frame_equal

from pipeline import cli, simulate
from pipeline.commands import simulate as job
from pipeline.config import overlay, params
from pipeline.config.errors import BadParams
from pipeline.simulate import block
from pipeline.simulate.trajectories import BLOCK
from pipeline.stages import run_stage, s1_ingest, s2_examples
from pipeline.tables import storage
from pipeline.tables.buckets import customer_key
from tests.simulate.plans import plan

SMALL = {"days": 40, "every_days": 40, "horizon_days": 10}


def churn(*words: object) -> tuple[int, str, str]:
    found = CliRunner().invoke(cli.main, ["simulate", *map(str, words)], catch_exceptions=False)
    return found.exit_code, found.stdout, found.stderr


def fingerprints(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}


# ------------------------------------------------------------------------------------------------- same bytes always


def test_the_same_arguments_give_the_same_bytes_with_any_number_of_workers(tmp_path):
    made = plan("default", customers=BLOCK + 30, **SMALL)
    for name, workers in (("once", 1), ("again", 1), ("two", 2)):
        job.run("default", made, tmp_path / name, workers)
    assert fingerprints(tmp_path / "once") == fingerprints(tmp_path / "again") == fingerprints(tmp_path / "two")
    assert set(fingerprints(tmp_path / "once")) == job.FILES
    job.run("default", plan("default", customers=BLOCK + 30, **SMALL, seed=2), tmp_path / "other", 1)
    assert fingerprints(tmp_path / "other")["truth.parquet"] != fingerprints(tmp_path / "once")["truth.parquet"]


def test_more_customers_leave_the_first_ones_as_they_were():
    few, many = (block(plan("default", customers=count, **SMALL), 0) for count in (50, 2000))
    for name in simulate.NAMES:
        assert_frame_equal(few[name], many[name].filter(pl.col("customer_id") <= "c0000050"))
    next_block = block(plan("default", customers=BLOCK + 1, **SMALL), 1)
    assert next_block["transactions"]["customer_id"].unique().to_list() == [f"c{BLOCK + 1:07d}"]


@pytest.mark.parametrize("name", ["engagement_leads", "seasonal_drift"])
def test_a_longer_calendar_leaves_the_past_and_its_truth_as_they_were(name):
    short, long = (block(plan(name, customers=400, days=days, arrival_days=150), 0) for days in (180, 240))
    until = simulate.FIRST_DAY + timedelta(days=180)
    for table in ("transactions", "events"):
        assert_frame_equal(short[table], long[table].filter(pl.col("ts") < until))
    assert_frame_equal(short["truth"], long["truth"].filter(pl.col("snapshot") <= until))


def test_memory_is_bounded_by_a_block(tmp_path):
    def peak(blocks: int) -> int:
        tracemalloc.start()
        job.run("sparse", plan("sparse", customers=blocks * BLOCK, **SMALL), tmp_path / str(blocks), 1)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(1)
    assert peak(6) < 1.2 * peak(1)


# -------------------------------------------------------------------------------------------- what the pipeline makes


@pytest.fixture
def here(root, tmp_path, monkeypatch) -> Path:
    shutil.copy(root / "params.yaml", tmp_path)
    overlay.apply(root / "params/simulated.yaml", tmp_path / "params.yaml")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_pipeline_reads_the_tables_and_its_labels_are_the_true_outcomes(here):
    code, said, _ = churn("--customers", 150)
    assert code == 0
    assert said.startswith("raw/simulated: 150 customers of setting default, as of 2024-01-01: ")
    told, settings = storage.read_json(Path("raw/simulated/settings.json")), params.load()
    run_stage(s1_ingest, settings)
    for name, counts in storage.read_json(Path("reports/ingest.json"))["tables"].items():
        assert (counts["read"], counts["accepted"], counts["rejected"]) == (told["rows"][name], told["rows"][name], 0)
    run_stage(s2_examples, settings)
    truth = pl.read_parquet("raw/simulated/truth.parquet")
    keys = truth["customer_id"].map_elements(customer_key, return_dtype=pl.Int64)
    examples = storage.read_buckets(Path("data/examples")).select("customer_key", "snapshot", label="churned")
    both = examples.join(truth.with_columns(customer_key=keys), on=["customer_key", "snapshot"], how="left")
    assert both["churned"].null_count() == 0, "the truth is told of every example"
    labelled = both.filter(pl.col("label").is_not_null())
    assert len(labelled) > 500
    assert (labelled["label"] == labelled["churned"]).all()


def test_the_overlay_and_the_command_speak_of_the_same_days(here):
    options = {option.name: option.default for option in cli.main.commands["simulate"].params}
    made = job.plan(
        options["setting"], **{name: options[name] for name in options if name not in {"setting", "to", "workers"}}
    )
    settings = params.load()
    assert settings.snapshots.as_of == settings.snapshots.observed_until == made.as_of
    assert (settings.snapshots.every_days, settings.label) == (made.every_days, made.label)
    assert settings.sources.transactions.path == f"{options['to']}/transactions.parquet"
    assert settings.snapshots.first > simulate.FIRST_DAY


def test_the_overlay_is_taken_back_by_that_of_the_default_sample(root, here):
    overlay.apply(root / "params/complete_journey.yaml", Path("params.yaml"))
    assert Path("params.yaml").read_text() == (root / "params.yaml").read_text()


# ------------------------------------------------------------------------------------------------- what it refuses


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--setting", "sparce"], "--setting sparce: no such company; did you mean 'sparse'?"),
        (["--setting", "x"], "--setting x: no such company; write one of default, engagement_leads, "),
        (["--customers", 0], "churn simulate: customers: input should be greater than or equal to 1, found 0"),
        (["--seed", -1], "churn simulate: seed: input should be greater than or equal to 0, found -1"),
        (["--days", 1], "churn simulate: days: input should be greater than or equal to 2, found 1"),
        (["--horizon-days", 0], "churn simulate: label.horizon_days: input should be greater than or equal to 1"),
        (["--to", "taken"], "--to taken: holds mine.csv, which no simulation wrote; write a folder of its own"),
        (["--to", "taken/mine.csv"], "--to taken/mine.csv: is a file; write the name of a folder"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    Path("taken").mkdir()
    Path("taken/mine.csv").write_text("precious")
    code, _, said = churn(*words)
    assert code == BadParams.exit_code
    assert said.startswith(message)
    assert said.count("\n") == 1
    assert [str(file) for file in Path().rglob("*.*")] == ["taken/mine.csv"]


def test_an_earlier_simulation_is_replaced_whole(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small = ["--days", 40, "--horizon-days", 10]
    for setting in ("default", "no_signal"):
        assert churn("--customers", 20, *small, "--setting", setting)[0] == 0
    assert storage.read_json(Path("raw/simulated/settings.json"))["setting"] == "no_signal"
    assert [file.name for file in Path("raw").iterdir()] == ["simulated"]


def test_settings_json_tells_all_that_the_files_depend_on(tmp_path):
    made = plan("sparse", customers=20, **SMALL)
    job.run("sparse", made, tmp_path / "out", 1)
    told = json.loads((tmp_path / "out/settings.json").read_text())
    assert (
        simulate.Plan.model_validate_json(json.dumps({name: told[name] for name in simulate.Plan.model_fields})) == made
    )
    assert told["as_of"] == str(date(2022, 2, 10))
    assert set(told["rows"]) == set(simulate.NAMES)
