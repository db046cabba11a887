"""The features that pandas is timed on are ours, value by value; and the page says what was measured."""

import json

import polars as pl
import pytest

from benchmarks import company_files, features, features_table
from pipeline.config import overlay, params
from pipeline.config.paths import REPRO
from pipeline.stages import run_stage, s1_ingest
from pipeline.tables import storage
from tests.company import ROOT


def test_pandas_makes_the_same_features(tmp_path, monkeypatch):
    company_files.write(tmp_path, 300)
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    overlay.apply(tmp_path / "company.yaml", tmp_path / "params.yaml")
    monkeypatch.chdir(tmp_path)
    run_stage(s1_ingest, params.load())
    assert features.snapshots(1) == 80
    assert features.floor() == 2
    ours = storage.read_buckets(REPRO.examples).to_pandas().set_index("customer_key")
    theirs = features.by_pandas(REPRO.tables, features.last_day()).loc[ours.index]
    assert len(ours) > 100 and theirs.shape[1] == features.in_pandas() == 26
    for name in theirs.columns:
        own = ours[name].astype(float).to_numpy()
        assert theirs[name].astype(float).to_numpy() == pytest.approx(own, rel=1e-9, nan_ok=True), name
    assert pl.from_pandas(theirs).n_unique() > 100


def test_the_page_says_what_was_measured():
    def cost(seconds: float, made: int) -> dict[str, float]:
        return {"seconds": seconds, "peak_mb": 1024.0, "features": made}

    result = {
        "customers": 1000, "rows": {"lines": 30_000, "events": 20_000}, "repeats": 5,
        "contenders": {"floor": cost(2, 2), "one_snapshot": cost(10, 80), "eight_snapshots": cost(25, 80),
                       "pandas": cost(20, 20)},
    }  # fmt: skip
    page = features_table.markdown(json.loads(json.dumps(result)))
    assert "| pandas, one snapshot | 20 | 20.0 s | 2.00 | 1.0 GB |" in page
    assert (
        "One snapshot takes 5.0 times the floor; a feature by pandas 8.0 times one of ours; eight snapshots 2.5" in page
    )
