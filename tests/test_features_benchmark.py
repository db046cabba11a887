"""The features that pandas is timed on are ours, value by value; and the page says what was measured."""

import json
import re

import polars as pl
import pytest

from benchmarks import company_files, features, features_table, pandas_features
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
    assert features.snapshots(1) == 81
    assert features.floor() == 2
    ours = storage.read_buckets(REPRO.examples).to_pandas().set_index("customer_key")
    theirs = pandas_features.of_tables(REPRO.tables, features.last_day()).loc[ours.index]
    assert len(ours) > 100 and theirs.shape[1] == features.in_pandas() == 50
    for name in theirs.columns:
        own = ours[name].astype(float).to_numpy()
        assert theirs[name].astype(float).to_numpy() == pytest.approx(own, rel=1e-9, nan_ok=True), name
    assert pl.from_pandas(theirs).n_unique() > 100
    assert pandas_features.names() == list(theirs.columns)
    assert features.fifty() == 50
    alone = storage.read_buckets(REPRO.examples).to_pandas().set_index("customer_key")
    assert alone[theirs.columns].equals(ours[theirs.columns]), "the same by fewer declarations"


def test_the_page_says_what_was_measured():
    def cost(seconds: float, made: int) -> dict[str, float]:
        return {"seconds": seconds, "peak_mb": 1024.0, "features": made}

    result = {
        "customers": 1000, "rows": {"lines": 30_000, "events": 20_000}, "repeats": 5,
        "contenders": {"floor": cost(2, 2), "one_snapshot": cost(10, 80), "eight_snapshots": cost(25, 80),
                       "fifty": cost(6, 20), "pandas": cost(20, 20)},
    }  # fmt: skip
    page = features_table.markdown(json.loads(json.dumps(result)))
    assert "featuretools" not in page
    result["contenders"]["featuretools"] = cost(16, 10) | {"customers": 20}
    page = features_table.markdown(json.loads(json.dumps(result)))
    # 16 s / 10 features / 20 customers beside 10 s / 80 / 1000.
    assert (
        "10 features of 20 of these customers in 16 s, without reading: 640 times as long for each customer and feature"
        in page
    )
    assert "| pandas, one snapshot | 20 | 20.0 s | 2.00 | 1.0 GB |" in page
    assert (
        "One snapshot takes 5.0 times the floor, the 20 of its features that pandas makes 3.0 times. Pandas takes 3.3 times "
        "as long for the same, 2.0 times as long as the whole stage, 8.0 times for each feature; eight snapshots 2.5"
    ) in page


def test_featuretools_is_in_a_folder_of_its_own_and_absent_where_it_is_not_installed(tmp_path, monkeypatch):
    monkeypatch.setattr(features, "FEATURETOOLS", tmp_path)
    assert features._by_featuretools(tmp_path) == {}
    (tmp_path / "installed").touch()
    (command,) = features._by_featuretools(tmp_path).values()
    assert str(tmp_path) in command[2] and command[-1] == str(features.last_day())
    folder = ROOT / "requirements"
    alone, ordinary = ((folder / f"{name}.txt").read_text(encoding="utf-8") for name in ("featuretools", "lock"))
    pandas = [re.search(r"^pandas==(\d+)", text, re.MULTILINE)[1] for text in (alone, ordinary)]
    assert int(pandas[0]) < 3 <= int(pandas[1]), "where it can do with our pandas, it needs no folder"
    assert not re.search(r"^featuretools==", ordinary, re.MULTILINE)
