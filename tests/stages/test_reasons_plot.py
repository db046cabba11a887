"""The plot of reasons: drawn from what was scored, whichever bucket a customer is in, by ``dvc repro`` only."""

import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pipeline.config import params
from pipeline.config.paths import REPRO
from pipeline.scoring import reasons_plot
from pipeline.stages import run_stage, s1_ingest, s2_examples, s5_score
from pipeline.tables import storage
from tests.company import copied

BUCKETS = 3


@pytest.fixture(scope="module")
def scored_anew(built_company, tmp_path_factory) -> Path:
    """The built company, scored by the same model in several buckets."""
    folder = tmp_path_factory.mktemp("anew") / "shop"
    copied(built_company, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        settings = params.load()
        buckets = settings.storage.model_copy(update={"buckets": BUCKETS})
        settings = settings.model_copy(update={"storage": buckets})
        REPRO.reasons_plot.unlink()
        for stage in (s1_ingest, s2_examples, s5_score):
            run_stage(stage, settings)
    return folder


@pytest.fixture
def shop(scored_anew, tmp_path, monkeypatch) -> params.Params:
    """A copy of it to change, as the current folder."""
    shutil.copytree(scored_anew, tmp_path / "shop")
    monkeypatch.chdir(tmp_path / "shop")
    return params.load()


def test_every_scored_customer_is_plotted_with_contributions_and_values(shop):
    plotted = reasons_plot.collect_customers(shop.snapshots.as_of, REPRO)
    scores = storage.read_buckets(REPRO.scores).sort("customer_key")
    assert np.allclose(plotted.contributions.sum(axis=1), scores["log_odds"].to_numpy(), rtol=0, atol=1e-6)
    examples = storage.read_buckets(REPRO.examples).filter(pl.col("snapshot") == shop.snapshots.as_of)
    orders = plotted.values[:, plotted.features.index("orders_90d")]
    assert orders.tolist() == examples.sort("customer_key")["orders_90d"].to_list()


def test_no_more_buckets_are_read_than_it_takes(shop):
    files = storage.bucket_files(REPRO.contributions)
    assert len(files) == BUCKETS
    first = len(storage.read_parquet(files[0]))
    for file in files[1:]:
        file.write_bytes(b"not to be read")
    for max_customers in (first, first - 1):
        plotted = reasons_plot.collect_customers(shop.snapshots.as_of, REPRO, max_customers)
        assert len(plotted.contributions) == len(plotted.values) == max_customers


def test_the_plot_is_the_same_however_many_buckets_there_are(scored_anew, built_company):
    assert (scored_anew / REPRO.reasons_plot).read_bytes() == (built_company / REPRO.reasons_plot).read_bytes()


def test_the_weekly_job_draws_none(shop):
    REPRO.reasons_plot.unlink()
    run_stage(s5_score, shop, REPRO, shop.snapshots.as_of)
    assert not REPRO.reasons_plot.exists()
