"""``churn tune``: it never sees the test snapshot, and its best settings are an overlay."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipeline.commands import tune
from pipeline.config import errors, params, paths
from pipeline.config.paths import REPRO
from pipeline.tables import storage
from pipeline.tracking.store import client, experiment_id
from tests.end_to_end.helpers import churn

pytestmark = pytest.mark.end_to_end


def test_tuning_never_sees_the_test_snapshot(copy_of_shop):
    """Corrupt the test snapshot's outcomes and features: every trial comes out the same."""
    said = list(tune.run(params.load(), 2, Path("params/tuned.yaml")))
    assert [line.split(":")[0] for line in said] == ["trial 0", "trial 1", "params/tuned.yaml"]
    paths.TUNING.unlink()
    test = storage.read_json(REPRO.model_card)["snapshots"]["test"]
    for file in storage.bucket_files(REPRO.examples):
        rows = pl.read_parquet(file)
        late = pl.col("snapshot") >= date.fromisoformat(test)
        rows = rows.with_columns(
            pl.when(late).then(1 - pl.col("churned")).otherwise("churned").alias("churned"),
            pl.when(late).then(999).otherwise("days_since_last_order").alias("days_since_last_order"),
        )
        storage.write_parquet(rows, file)
    again = list(tune.run(params.load(), 2, Path("params/tuned.yaml")))
    assert again == said


@pytest.mark.nightly
def test_a_study_goes_on_and_its_best_settings_are_an_overlay(copy_of_shop):
    tune_once = churn("tune", "--trials", "2")
    assert tune_once.returncode == 0, tune_once.stderr
    more = churn("tune", "--trials", "1")
    assert more.stdout.startswith("trial 2: ")
    store, tracking = client(params.load().tracking), params.load().tracking
    known = store.search_runs([experiment_id(tracking)], "attributes.run_name LIKE 'trial %'")
    assert {run.info.run_name for run in known} == {"trial 0", "trial 1", "trial 2"}
    assert len({run.data.tags["mlflow.parentRunId"] for run in known}) == 1, "nested under their study"
    assert all("model.num_leaves" in run.data.params and run.data.metrics["brier"] > 0 for run in known)
    assert "take it: churn use params/tuned.yaml" in more.stdout
    assert churn("use", "params/tuned.yaml").returncode == 0
    tuned, written = params.load().model, params.read_yaml(Path("params/tuned.yaml"), errors.BadParams)["model"]
    assert tuned.num_leaves == written["num_leaves"]
    assert tuned.additive_logistic.l2 == written["additive_logistic"]["l2"]
