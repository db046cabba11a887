"""``Project``: what the pipeline wrote, as frames and objects, wherever the program runs."""

import json
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import shap

from pipeline import Project
from pipeline.config.errors import BadData, BadParams
from pipeline.examples.features import Aggregate, Feature, Formula

AS_OF = date(2024, 7, 1)


@pytest.fixture
def project(built_company, tmp_path, monkeypatch) -> Project:
    """The corner shop, looked at from elsewhere."""
    monkeypatch.chdir(tmp_path)
    return Project(built_company)


def test_importing_the_package_loads_nothing_heavy(root):
    code = (
        "import sys, pipeline; heavy = {'lightgbm', 'polars', 'pandas', 'sklearn', 'mlflow', 'shap'} & set(sys.modules);"
        "assert not heavy, heavy; assert {'Project', 'ChurnClassifier', 'SnapshotSplit'} <= set(dir(pipeline));"
        "from pipeline import Project; assert 'lightgbm' not in sys.modules, 'tables need no trees'"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_unknown_name_of_the_package_is_an_attribute_error():
    import pipeline

    with pytest.raises(AttributeError, match="no attribute 'Projekt'"):
        pipeline.Projekt  # noqa: B018


def test_frames_are_pandas_on_arrow_and_polars_on_request(project):
    for frame in (project.scores(), project.examples(), project.actions(), project.tables("transactions")):
        assert isinstance(frame, pd.DataFrame)
        assert all(isinstance(kind, pd.ArrowDtype) for kind in frame.dtypes)
    scores = project.scores(engine="polars")
    assert isinstance(scores, pl.DataFrame)
    assert scores.equals(Project(project.folder, engine="polars").scores())
    pd.testing.assert_frame_equal(project.scores(), scores.to_pandas(use_pyarrow_extension_array=True))
    with pytest.raises(ValueError, match="unknown engine 'panda'; did you mean 'pandas'"):
        project.scores(engine="panda")


def test_all_tables_or_one(project):
    tables = project.tables(engine="polars")
    assert list(tables) == ["transactions", "events", "contacts", "customers"]
    assert len(tables["transactions"]) == project.ingest_report["tables"]["transactions"]["accepted"]
    with pytest.raises(BadData, match="there is no table 'transaction'; did you mean 'transactions'"):
        project.tables("transaction")


def test_examples_carry_the_customer_their_day_and_the_label_where_it_is_known(project):
    every = project.examples(engine="polars")
    assert every.columns[0] == "customer_id" and every["customer_id"].null_count() == 0
    assert set(project.feature_names) <= set(every.columns)
    known = project.examples(labelled=True, engine="polars")
    assert known.equals(every.filter(pl.col("churned").is_not_null()))
    assert project.examples("2024-07-01", engine="polars")["snapshot"].unique().to_list() == [AS_OF]
    parts = project.snapshots
    both = project.examples([parts.validation, parts.test], engine="polars")
    assert sorted(both["snapshot"].unique()) == [parts.validation, parts.test]


def test_contributions_are_a_shap_explanation_row_by_row_of_the_scores(project):
    explained, scores = project.contributions(), project.scores(engine="polars")
    assert isinstance(explained, shap.Explanation)
    assert explained.values.shape == explained.data.shape == (len(scores), len(explained.feature_names))
    total = explained.values.sum(axis=1) + explained.base_values
    assert np.allclose(total, scores["log_odds"], rtol=0, atol=1e-6)
    stored = pl.read_parquet(project.paths.contributions / "bucket-00000.parquet")
    ordered = scores.select("customer_id").join(stored, on="customer_id", maintain_order="left")
    assert np.array_equal(explained.values, ordered.select(explained.feature_names).to_numpy())
    now = scores.select("customer_id").join(
        project.examples(AS_OF, engine="polars"), on="customer_id", maintain_order="left"
    )
    silence = explained.feature_names.index("days_since_last_order")
    assert np.array_equal(explained.data[:, silence], now["days_since_last_order"].to_numpy())


def test_contributions_of_any_examples_in_either_engine(project):
    day = project.snapshots.test
    one, other = (project.contributions(project.examples(day, engine=engine)) for engine in ("pandas", "polars"))
    assert np.array_equal(one.values, other.values)


def test_a_customer_is_explained_in_words(project):
    line = project.week(engine="polars").risk_list.row(0, named=True)
    score = project.explain(line["customer_id"])
    assert score.churn_probability == pytest.approx(line["churn_probability"])
    assert score.reasons[0] == line["reason_1"]
    assert score.base_log_odds + sum(one.log_odds for one in score.contributions) == pytest.approx(score.log_odds)
    assert score.action["playbook"] == line["playbook"]
    words = repr(score)
    assert words.startswith(line["customer_id"])
    assert "likely to churn, as of 2024-07-01" in words
    assert f"why: {line['reason_1']}" in words
    assert "what is done: " in words
    assert score._repr_html_().startswith("<b>")


def test_an_unknown_customer_is_met_with_close_ids_or_the_reason(project):
    with pytest.raises(BadData, match=r"'c00001' is not among the \d+ scored as of 2024-07-01; did you mean 'c0"):
        project.explain("c00001")
    scored = set(project.scores(engine="polars")["customer_id"])
    known = set(project.tables("transactions", engine="polars")["customer_id"]) - scored
    with pytest.raises(BadData, match="bought before, but was not eligible at 2024-07-01"):
        project.explain(sorted(known)[0])


def test_the_week_that_was_published(project):
    week = project.week("2024-07-01")
    assert week.as_of == AS_OF
    assert week.folder == project.folder / "exports" / "2024-07-01"
    assert len(week.risk_list) <= len(week.actions) == len(project.scores())
    assert week.manifest["company"] == "corner_shop"
    assert week.run_report["about"]["scored"] == len(week.actions)
    with pytest.raises(
        BadData, match=r"2024-07-08: not found; published: 2024-07-01; run: dvc repro, or: churn weekly"
    ):
        project.week("2024-07-08")


def test_reports_are_those_of_the_stages(project):
    assert project.metrics == json.loads((project.folder / "reports/metrics.json").read_text())
    assert len(project.metrics) <= 8
    assert round(project.verdict["model"]["auc"], 4) == project.metrics["auc"]
    assert project.evaluation["segments"]
    assert repr(project).startswith("Project(corner_shop, as of 2024-07-01")


def test_what_is_not_there_yet_is_said_in_one_line(built_company, tmp_path):
    shutil.copy(built_company / "params.yaml", tmp_path)
    project = Project(tmp_path)
    for call in (project.scores, project.examples, project.tables, project.week, lambda: project.metrics):
        with pytest.raises(BadData, match="run.*: dvc repro") as refused:
            call()
        assert "\n" not in str(refused.value)
    with pytest.raises(BadParams, match="holds no params.yaml"):
        Project(tmp_path / "elsewhere")


def test_a_project_writes_nothing(project):
    before = {file: file.stat().st_mtime_ns for file in Path(project.folder).rglob("*")}
    project.explain(project.scores()["customer_id"].iloc[0])
    project.tables()
    assert {file: file.stat().st_mtime_ns for file in Path(project.folder).rglob("*")} == before


def test_a_feature_can_be_tried_before_it_is_declared(project):
    new = [
        Feature("orders_14d", "orders", "frequency", Aggregate("sum", "purchase", "orders", 14), "", "down"),
        Feature("share_14d", "ratio", "frequency", Formula("orders_14d * 1.0 / nullif(orders_90d, 0)"), "", "none"),
    ]
    day = project.snapshots.test
    tried = project.examples_with(new, day, engine="polars")
    assert tried.drop("orders_14d", "share_14d").equals(project.examples(day, engine="polars"))
    assert (tried["orders_14d"] <= tried["orders_30d"]).all()
    with pytest.raises(BadParams, match="'orders_30d' is there already"):
        project.examples_with([Feature("orders_30d", "orders", "frequency", new[0].how, "", "down")], day)
    with pytest.raises(BadParams, match="rests on 'orders_14d', which is declared nowhere"):
        project.examples_with(new[1:], day)


def test_what_churn_means_is_said_in_a_sentence(project):
    assert project.definition() == "No purchase in the 20 days that begin on the snapshot."
    assert project.definition("2024-06-01") == "No purchase in the 20 days from 2024-06-01 to 2024-06-20."
