"""The grade of a model while a feed is down, against figures worked out another way."""

import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from pipeline.config.paths import REPRO
from pipeline.evaluation import verdict
from pipeline.model import artefacts
from pipeline.tables import storage

pytestmark = pytest.mark.end_to_end


def test_the_grade_without_a_table_is_that_of_the_model_without_its_features(shop):
    report, model = storage.read_json(REPRO.verdict), artefacts.load(REPRO.models)
    assert list(report["without"]) == list(model.without) == ["events"]
    day = report["test_snapshot"]
    rows = storage.read_buckets(REPRO.examples).filter(
        pl.col("snapshot").cast(pl.String) == day, pl.col("churned").is_not_null()
    )
    visits = [name for name in rows.columns if "visit" in name or "event" in name]
    blind = rows.with_columns(pl.lit(None, rows[name].dtype).alias(name) for name in visits)
    auc = roc_auc_score(rows["churned"], model.during(["events"]).probability(blind))
    rule = roc_auc_score(rows["churned"], rows["days_since_last_order"])
    assert auc != pytest.approx(report["model"]["auc"], abs=1e-6), "the table counts"
    assert rule == pytest.approx(report["recency_rule"]["auc"], abs=1e-6)
    figures = report["without"]["events"]["verdict"]
    assert f"AUC {auc:.3f} (" in figures and f"against {rule:.3f}, {auc - rule:+.3f} (" in figures
    assert report["without"]["events"]["grade"] in {"B", "C", "F"}, "earlier snapshots were not asked again"


def test_words_of_a_week_without_tables():
    whole = {"grade": "A", "ship": True, "verdict": "Grade A: ship."}
    state = {"grade": "C", "ship": True, "verdict": "Grade C: ship."}
    report = whole | {"without": {"events+tickets": state}}
    assert verdict.in_state(report, None) == report
    assert verdict.in_state(whole, "events+tickets") == whole, "an earlier release graded no such state"
    now = verdict.in_state(report, "events+tickets")
    assert now["verdict"] == "Grade C: ship. This is the grade without events, tickets; with all tables it is A."
    assert now["grade"] == "C"
    assert str(verdict.refuse_unfit(now | {"approved_by": ""})) == now["verdict"]
