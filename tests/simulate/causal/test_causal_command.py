"""``churn simulate`` with a whole company: its files feed the pipeline, and it refuses what cannot be meant."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from pipeline import cli, simulate
from pipeline.commands import simulate as job
from pipeline.config import overlay, params
from pipeline.config.errors import BadParams
from pipeline.simulate import causal
from pipeline.stages import run_stage, s1_ingest, s2_examples
from pipeline.tables import storage
from pipeline.tables.buckets import customer_key
from pipeline.tables.schemas import TABLES

OPTIONS = {"customers": 60, "days": None, "seed": 1, "every_days": 30, "gap_days": 0, "horizon_days": 90}


def churn(*words: object) -> tuple[int, str, str]:
    found = CliRunner().invoke(cli.main, ["simulate", *map(str, words)], catch_exceptions=False)
    return found.exit_code, found.stdout, found.stderr


@pytest.fixture(params=causal.COMPANIES)
def settings(request, root, tmp_path, monkeypatch) -> params.Params:
    """The settings of one of the companies, in a folder of its own."""
    shutil.copy(root / "params.yaml", tmp_path)
    overlay.apply(root / f"params/simulated_{request.param}.yaml", tmp_path / "params.yaml")
    monkeypatch.chdir(tmp_path)
    return params.load()


def test_the_overlays_and_the_command_speak_of_the_same(settings):
    name = settings.data.name.removeprefix("simulated_")
    made = job.plan(name, **OPTIONS)
    assert settings.snapshots.as_of == settings.snapshots.observed_until == made.as_of
    assert (settings.snapshots.every_days, settings.label) == (made.every_days, made.label)
    found = causal.whole_block(made.model_copy(update={"days": 100, "every_days": 100}), 0)
    declared = settings.sources.declared()
    assert set(declared) == set(found) - {"truth"}
    for table, source in declared.items():
        assert source.path == f"raw/simulated/{table}.parquet"
        assert list(source.columns.values()) == found[table].columns
    kinds = {
        column for table in found.values() if "event_type" in table.columns for column in table["event_type"].unique()
    }
    named = settings.features
    assert kinds - {"unsubscribe"} <= {*named.event_types, *named.warning_types, *named.usage_types}


@pytest.mark.parametrize("settings", ["subscription"], indirect=True)
def test_the_pipeline_reads_the_tables_and_its_labels_are_the_true_outcomes(settings):
    name = settings.data.name.removeprefix("simulated_")
    code, said, _ = churn("--customers", 60, "--setting", name, "--every-days", 90)
    assert code == 0
    assert said.startswith(f"raw/simulated: 60 customers of setting {name}, as of 2025-01-01: ")
    told = storage.read_json(Path("raw/simulated/settings.json"))
    run_stage(s1_ingest, settings)
    for table, counts in storage.read_json(Path("reports/ingest.json"))["tables"].items():
        assert (counts["read"], counts["accepted"], counts["rejected"]) == (told["rows"][table], told["rows"][table], 0)
    looks = settings.snapshots.model_copy(update={"every_days": 90})
    run_stage(s2_examples, settings.model_copy(update={"snapshots": looks}))
    truth = pl.read_parquet("raw/simulated/truth.parquet")
    keys = truth["customer_id"].map_elements(customer_key, return_dtype=pl.Int64)
    examples = storage.read_buckets(Path("data/examples")).select("customer_key", "snapshot", label="churned")
    both = examples.join(truth.with_columns(customer_key=keys), on=["customer_key", "snapshot"], how="left")
    assert both["churned"].null_count() == 0, "the truth is told of every example"
    labelled = both.filter(pl.col("label").is_not_null())
    assert len(labelled) > 150
    assert (labelled["label"] == labelled["churned"]).all()
    # A contract that is renewed and then cancelled in one and the same window counts as gone.
    begun = pl.read_parquet("raw/simulated/subscriptions.parquet").select("customer_id", "start_day")
    window = pl.col("start_day").is_between(pl.col("snapshot"), pl.col("snapshot") + timedelta(days=89))
    renewed = labelled.join(begun, on="customer_id").filter(window)
    assert renewed["label"].sum() > 0, "such customers are among them"


def test_settings_json_tells_all_that_the_files_depend_on(tmp_path):
    made = job.plan("retailer", **OPTIONS | {"days": 90})
    job.run("retailer", made, tmp_path / "out", 1)
    told = json.loads((tmp_path / "out/settings.json").read_text())
    again = causal.WholePlan.model_validate_json(
        json.dumps({name: told[name] for name in causal.WholePlan.model_fields})
    )
    assert again == made
    assert set(told["rows"]) == set(causal.names(made.company))


def test_a_simulation_of_another_kind_is_replaced_whole(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for setting in ("retailer", "no_signal"):
        assert churn("--customers", 20, "--days", 40, "--horizon-days", 10, "--setting", setting)[0] == 0
    assert {file.name for file in Path("raw/simulated").iterdir()} == job.FILES
    assert not {table for table in TABLES if table not in simulate.NAMES} & {
        file.stem for file in Path("raw/simulated").iterdir()
    }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--setting", "retailers"], "--setting retailers: no such company; did you mean 'retailer'?"),
        (
            ["--setting", "b2b", "--customers", 0],
            "churn simulate: customers: input should be greater than or equal to 1",
        ),
        (
            ["--setting", "b2b", "--days", 1],
            "churn simulate: days: input should be greater than or equal to 2, found 1",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    code, _, said = churn(*words)
    assert code == BadParams.exit_code
    assert said.startswith(message)
    assert said.count("\n") == 1
    assert not list(tmp_path.iterdir())
