"""The features of whole companies, made by two engines, are the same to the last bit."""

import shutil
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipeline import sql
from pipeline.commands import simulate as job
from pipeline.config import overlay, params
from pipeline.config.paths import REPRO
from pipeline.examples import features as families
from pipeline.examples import feed_health
from pipeline.examples.features import Aggregate, Feature, available
from pipeline.simulate import causal
from pipeline.stages import run_stage, s1_ingest, s2_examples
from pipeline.tables import storage
from tests.examples import sql_features
from tests.profiles import some_by_day

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = {"customers": 150, "days": None, "seed": 4, "every_days": 120, "gap_days": 0, "horizon_days": 90}


def in_sql(settings: params.Params, bucket: int, day: date, customers: pl.Series) -> pl.DataFrame:
    """The features of some customers at a snapshot, by the other engine."""
    declared = available(settings.features, settings.sources)
    with sql.connect(2, 2.0) as con:
        sql_features.create(con, REPRO.tables, bucket, REPRO.market)
        con.register("eligible", pl.DataFrame({"customer_key": customers}).to_arrow())
        query = sql_features.query(declared, day, "SELECT customer_key FROM eligible", settings.data.minor_digits)
        return sql.frame(con, query)


def assert_same_at(day: date, settings: params.Params, bucket: int) -> None:
    """The examples of one snapshot as the stage wrote them, beside those of the other engine."""
    examples = storage.read_parquet(storage.bucket_file(REPRO.examples, bucket))
    made = examples.filter(pl.col("snapshot") == day).drop("snapshot", "churned")
    assert len(made) > 0
    reported = [feed_health.Finding.from_report(finding) for finding in storage.read_json(REPRO.feeds_report)[str(day)]]
    down = {finding.table for finding in reported if finding.is_outage}
    unknown = [
        feature.name
        for feature in available(settings.features, settings.sources)
        if not feature.is_part and any(column.split(".")[0] in down for column in feature.needs)
    ]
    assert all(made[name].is_null().all() for name in unknown)
    others = in_sql(settings, bucket, day, made["customer_key"])
    assert_frame_equal(made.drop(unknown), others.drop(unknown), check_exact=True)


@pytest.mark.parametrize("number", some_by_day([5, 0, 10], every=3))
def test_the_corner_shop(shop, number):
    days = storage.read_parquet(storage.bucket_file(REPRO.examples, 0))["snapshot"].unique().sort()
    assert_same_at(days[number], params.load(), 0)


def test_the_latest_row_of_any_kind(copy_of_shop, monkeypatch):
    """Of kinds with items, one per item; of purchases and letters, which have none, one per customer."""
    kinds = {"purchase": 90, "contact": 30, "event": 90, "store": 90}
    made = [Feature(f"latest_{k}", "items", "latest", Aggregate("latest", k, days=d), "") for k, d in kinds.items()]
    monkeypatch.setitem(families.FAMILIES, "latest", lambda _: made)
    run_stage(s2_examples, params.load())
    days = storage.read_parquet(storage.bucket_file(REPRO.examples, 0))["snapshot"].unique().sort()
    for day in days[-2:]:
        assert_same_at(day, params.load(), 0)
    rows = storage.read_parquet(storage.bucket_file(REPRO.examples, 0)).filter(pl.col("snapshot") == days[-1])
    assert rows["latest_purchase"].equals((rows["orders_90d"] > 0).cast(pl.Int64).alias("latest_purchase"))
    assert rows["latest_store"].equals(rows["stores_90d"].alias("latest_store"))
    assert rows["latest_contact"].n_unique() == 2, "somebody had a letter in the last 30 days, and somebody had none"


# Eight of the ten tables; the retailer, who has points as well, and the subscriptions are left to `make nightly`.
MANY_TABLES = "b2b"


@pytest.fixture(
    scope="module",
    params=[
        name if name == MANY_TABLES else pytest.param(name, marks=pytest.mark.nightly) for name in causal.COMPANIES
    ],
)
def whole_company(request, tmp_path_factory) -> Path:
    """A company with every table there is, in two buckets, up to its examples."""
    folder = tmp_path_factory.mktemp(request.param)
    for name in ("params.yaml", "playbooks.yaml"):
        shutil.copy(ROOT / name, folder / name)
    job.run(request.param, job.plan(request.param, **OPTIONS), folder / "raw/simulated", 1)
    overlay.apply(ROOT / f"params/simulated_{request.param}.yaml", folder / "params.yaml")
    (folder / "two.yaml").write_text("storage:\n  buckets: 2\nsnapshots:\n  every_days: 120\n", encoding="utf-8")
    overlay.apply(folder / "two.yaml", folder / "params.yaml")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for stage in (s1_ingest, s2_examples):
            run_stage(stage, params.load())
    return folder


@pytest.mark.parametrize("bucket", some_by_day([0, 1]))
def test_a_company_with_every_table(whole_company, bucket, monkeypatch):
    monkeypatch.chdir(whole_company)
    settings = params.load()
    days = storage.read_parquet(storage.bucket_file(REPRO.examples, bucket))["snapshot"].unique().sort()
    assert len(days) > 3
    for day in days[2::4]:
        assert_same_at(day, settings, bucket)
