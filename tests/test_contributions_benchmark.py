"""What is timed is right: our contributions are LightGBM's; and the page says what was measured, and who is not exact."""

import json
from importlib.util import find_spec

import numpy as np
import pyarrow.parquet as pq
import pytest

from benchmarks import (
    contributions,
    contributions_rivals,
    contributions_rows,
    contributions_stream,
    contributions_table,
)
from pipeline.reasons.treeshap.explainer import Explainer

SMALL = contributions.Sizes(fast=400, many=100, slow=60, repeats=1, training=1500)


@pytest.fixture
def only_the_lock(monkeypatch):
    """Whether somebody has installed the peers or not."""
    monkeypatch.setattr(contributions_rivals, "find_spec", lambda name: None if name in contributions_rivals.MODULES
                        else find_spec(name))  # fmt: skip


def test_a_small_model_is_measured(only_the_lock):
    found = contributions.measure(contributions.Shape(5, 6, 3), SMALL)
    assert set(found["rates"]) == {"pred_contrib", "contributions", "reasons", "predict", "shap.TreeExplainer"}
    assert all(rate["rows_per_second"] > 0 for rate in found["rates"].values())
    assert found["rates"]["pred_contrib"]["times_pred_contrib"] == 1
    assert found["largest_difference"].keys() == {"contributions", "shap.TreeExplainer"}
    assert max(found["largest_difference"].values()) < 1e-12
    assert contributions_rivals.not_installed() == list(contributions_rivals.MODULES)


def test_what_a_list_needs_adds_up():
    booster = contributions.train(1500, contributions.Shape(5, 6, 3))
    rows, _ = contributions_rows.synthetic(200, seed=3)
    made = contributions_rows.summarised(Explainer(booster, method="fast"), rows)
    reference = booster.predict(rows, pred_contrib=True)
    assert made.margins == pytest.approx(booster.predict(rows, raw_score=True), abs=1e-12)
    third = reference[:, [3, 18, 33, 48]].sum(axis=1)
    assert made.sums[:, 3] == pytest.approx(third, abs=1e-12)
    assert np.array_equal(made.strongest, np.argsort(-made.sums, axis=1, kind="stable")[:, :3])


def test_a_whole_file_is_explained_block_by_block(tmp_path, monkeypatch):
    booster = contributions.train(1500, contributions.Shape(5, 6, 3))
    booster.save_model(tmp_path / "model.txt")
    monkeypatch.setattr(contributions_stream, "BLOCK_ROWS", 64)
    contributions_stream.write_rows(tmp_path / "rows.parquet", 150)
    contributions_stream.explain(str(tmp_path))
    rows, found = (pq.read_table(tmp_path / name).to_pandas() for name in ("rows.parquet", "reasons.parquet"))
    assert len(rows) == len(found) == 150
    margin = booster.predict(rows.to_numpy(np.float64), raw_score=True)
    assert found["log_odds"].to_numpy() == pytest.approx(margin, abs=1e-12)
    of_families = found.filter(like="family_")
    assert (of_families.max(axis=1) == [of_families.iloc[row, list(places)].max() for row, places
            in enumerate(found.filter(like="reason_").itertuples(index=False))]).all()  # fmt: skip


def test_the_page_says_who_is_not_exact():
    def rate(rows: int) -> dict[str, float]:
        return {"rows_per_second": rows, "times_pred_contrib": rows / 1000}

    shape = {
        "rates": {"pred_contrib": rate(1000), "contributions": rate(123_400), "woodelf": rate(5000)},
        "largest_difference": {"contributions": 4.3e-15, "woodelf": 2.4e-6}, "tabulate_seconds": 1.0,
    }  # fmt: skip
    whole = {"rows": 1_000_000, "seconds": 9.44, "processor_seconds": 18.0, "peak_mb": 700}
    result = {
        "shapes": {"deep": shape}, "sizes": SMALL._asdict(), "whole_file": whole, "not_installed": ["catboost"],
    }  # fmt: skip
    page = contributions_table.markdown(json.loads(json.dumps(result)))
    assert "| ours: contributions of every feature | 123,400 (123.4 ×) | 4e-15 |" in page
    assert "| woodelf | 5,000 (5.0 ×) | **2e-06** |" in page
    assert "| LightGBM `pred_contrib` | 1,000 (1.0 ×) |  |" in page
    assert "A file of 1,000,000 rows with the model of deep, " in page
    assert "strongest families: 9.4 s, at most 0.7 GB." in page
    assert "Not installed, so left out: catboost." in page
