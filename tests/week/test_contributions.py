"""What a week keeps of each feature's contribution to the scores: of nobody, of those listed, or of everyone scored."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipeline.config import params
from pipeline.config.paths import REPRO, Paths
from pipeline.stages import s6_publish
from pipeline.tables import storage
from pipeline.week import contributions
from tests.flow import run_untracked


@pytest.fixture
def paths(tmp_path) -> Paths:
    return Paths(data=tmp_path, models=tmp_path, reports=tmp_path, exports=tmp_path)


def write(paths: Paths, buckets: int) -> pl.DataFrame:
    """Ten customers over some buckets, in another order in each."""
    customers = [f"c{place}" for place in (3, 1, 7, 0, 9, 5, 2, 8, 6, 4)]
    rows = pl.DataFrame(
        {"customer_id": customers, "orders_30d": [0.1 * place for place in range(10)], "base_log_odds": -1.0}
    )
    rows = rows.with_columns(log_odds=pl.col("orders_30d") + pl.col("base_log_odds"))
    for bucket in range(buckets):
        storage.write_parquet(rows[bucket::buckets], storage.bucket_file(paths.contributions, bucket))
    return rows.sort("customer_id")


@pytest.mark.parametrize("buckets", [1, 3])
def test_what_is_kept_is_whose_it_says_however_many_buckets_there_are(paths, buckets):
    everybody = write(paths, buckets)
    listed = contributions.of_customers(pl.Series(["c8", "c1", "c5"]), paths)
    assert_frame_equal(listed, everybody.filter(pl.col("customer_id").is_in(["c1", "c5", "c8"])))
    assert contributions.kept("none", listed, paths) is None
    assert_frame_equal(contributions.kept("listed", listed, paths), listed)
    assert_frame_equal(contributions.kept("all", listed, paths), everybody)


@pytest.mark.end_to_end
def test_a_published_week_keeps_them_and_they_add_up_to_the_probability(copy_of_shop, monkeypatch):
    settings = params.load()
    changed = settings.reasons.model_copy(update={"keep": "all"})
    run_untracked(monkeypatch, settings.model_copy(update={"reasons": changed}), (s6_publish,))
    week = REPRO.week(settings.snapshots.as_of)
    kept = pl.read_parquet(week / "contributions.parquet")
    assert kept["customer_id"].to_list() == sorted(pl.read_parquet(week / "actions.parquet")["customer_id"].to_list())
    scored = storage.read_buckets(REPRO.scores).select("customer_id", scored="log_odds")
    sums = kept.select("customer_id", total=pl.sum_horizontal(pl.exclude("customer_id", "log_odds")))
    both = sums.join(scored, on="customer_id")
    assert len(both) == len(kept) and (both["total"] - both["scored"]).abs().max() < 1e-6
    features = set(kept.columns) - {"customer_id", "base_log_odds", "log_odds"}
    assert features == {feature["name"] for feature in storage.read_json(REPRO.model_card)["features"]}
