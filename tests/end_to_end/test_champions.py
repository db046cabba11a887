"""Runs in MLflow, and which model is champion: offered, compared, refused, promoted, rolled back."""

import html
import json
import shutil
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pipeline.commands import weekly
from pipeline.config import errors, params, paths
from pipeline.config.paths import REPRO
from pipeline.evaluation import grade
from pipeline.model import artefacts
from pipeline.stages import run_stage, s2_examples, s3_train, s4_evaluate, s6_publish
from pipeline.tables import storage
from pipeline.tracking import gate, promotion, registry
from pipeline.tracking.champion import Decision, local_fingerprint
from pipeline.tracking.store import client
from tests import flow
from tests.end_to_end.helpers import WEEK, changed_settings, churn, run_stages, week

pytestmark = pytest.mark.end_to_end


def test_mlflow_has_the_run_and_the_same_model(shop):
    settings = params.load().tracking
    pointer = json.loads(REPRO.run_pointer.read_text())
    store = client(settings)
    run = store.get_run(pointer["run_id"])
    assert run.data.params["label.horizon_days"] == "20"
    assert len(run.data.params) <= 30
    assert run.data.tags["data_fingerprint"] == storage.read_json(REPRO.ingest_report)["fingerprint"]
    assert "git_commit" in run.data.tags
    figures, verdict = storage.read_json(REPRO.metrics), storage.read_json(REPRO.verdict)
    assert 4 <= len(figures) <= 8
    assert {name: run.data.metrics[f"test_{name}"] for name in figures} == figures
    assert figures["auc"] == round(verdict["model"]["auc"], 4)
    assert {"train_auc", "validation_auc", "validation_brier", "backtest_auc"} <= set(run.data.metrics)
    assert run.info.run_name == (
        f"AUC {figures['auc']:.3f}, grade {verdict['grade']}: corner_shop, learnt until 2024-06-21"
    )
    assert run.data.tags["mlflow.note.content"] == verdict["verdict"]
    kept = {file.path for file in store.list_artifacts(run.info.run_id, "reports")}
    assert {"reports/verdict.json", "reports/gains.csv", "reports/calibration.csv", "reports/training.csv",
            "reports/model_card.md"} <= kept  # fmt: skip
    assert [file.path for file in store.list_artifacts(run.info.run_id, "settings")] == ["settings/params.yaml"]
    assert {"training", "validation", "test"} == {given.dataset.name for given in run.inputs.dataset_inputs}
    assert any(name.startswith("system/") for name in run.data.metrics), "machine use is on record"
    assert {metric.key for metric in store.get_logged_model(pointer["model_id"]).metrics} >= {
        "test_auc",
        "backtest_auc",
    }
    backtest = [(point.step, point.value) for point in store.get_metric_history(run.info.run_id, "backtest_auc")]
    cutoffs = storage.read_json(REPRO.evaluation)["earlier"]["cutoffs"]
    days = [date.fromisoformat(cutoff["test_snapshot"]) for cutoff in cutoffs]
    assert backtest == [
        ((day - days[0]).days, cutoff["model"]["auc"]) for day, cutoff in zip(days, cutoffs, strict=True)
    ]


def test_the_registered_model_is_the_local_one_bit_for_bit(shop):
    champion = registry.load_champion(params.load().tracking)
    assert champion.metadata.signature.outputs.input_names() == ["churn_probability"]
    local = artefacts.load(REPRO.models)
    examples = storage.read_buckets(REPRO.examples)
    frame = examples.select(pl.col(local.inputs).cast(pl.Float64)).to_pandas()
    assert champion.predict(frame).tolist() == local.probability(examples).tolist()


def test_a_model_that_dvc_restored_gets_a_run_again(copy_of_shop):
    REPRO.run_pointer.unlink()
    Path("mlflow.db").unlink()
    run_stages((s4_evaluate,), evaluate__max_cutoffs=1)
    assert len(storage.read_json(REPRO.evaluation)["earlier"]["cutoffs"]) == 1
    pointer = json.loads(REPRO.run_pointer.read_text())
    assert client(params.load().tracking).get_run(pointer["run_id"]).data.metrics["test_auc"]


def test_a_model_worse_than_the_simple_rule_makes_no_list_and_no_champion(copy_of_shop, monkeypatch):
    Path("mlflow.db").unlink()
    text, weeks = REPRO.model_text.read_text(), sorted(Path("exports").rglob("*"))
    monkeypatch.setattr(artefacts.ChurnModel, "evaluated_probability", lambda self, rows: np.linspace(0, 1, len(rows)))
    settings = params.load()
    assert run_stage(s4_evaluate, settings).startswith("Grade F: do not ship. ")
    assert storage.read_json(REPRO.verdict)["grade"] == "F"
    with pytest.raises(
        errors.ModelRefused, match=r"^Grade F: do not ship\. .* answers for it by name: params\.yaml"
    ) as no:
        run_stages((s6_publish,))
    assert no.value.exit_code == 14
    assert sorted(Path("exports").rglob("*")) == weeks
    assert REPRO.model_text.read_text() == text
    with pytest.raises(errors.NotEnoughData, match="champion"):
        registry.fetch_champion(settings.tracking, Path("m"), Path("f/verdict.json"))
    assert not REPRO.composed.exists(), "no week of before lies there to be released"
    assert promotion.offer(settings.tracking, settings.evaluate, settings.label, REPRO) == promotion.Outcome(
        is_champion=False, sentence="Not made champion: its grade is F."
    )


def test_whoever_wants_a_list_of_grade_f_answers_for_it_by_name(copy_of_shop, monkeypatch):
    monkeypatch.setattr(artefacts.ChurnModel, "evaluated_probability", lambda self, rows: np.linspace(0, 1, len(rows)))
    run_stages((s4_evaluate, s6_publish), evaluate__approved_by="Ann Berg")
    told = storage.read_json(week() / "run_report.json")["about"]["verdict"]
    assert told.startswith("Grade F: do not ship.")
    page = html.unescape((week() / "risk_list.html").read_text())
    plain, _, figures = told.partition(" Checked on ")
    assert plain.endswith("Used all the same; Ann Berg answers for it."), "that is not hidden behind a click"
    assert plain in page and figures in page


def offer(settings: params.Params) -> promotion.Outcome:
    return promotion.offer(settings.tracking, settings.evaluate, settings.label, REPRO)


def offer_one_of_a_tree(monkeypatch) -> promotion.Outcome:
    """A model that sees next to nothing, judged kindly enough not to be an F."""
    monkeypatch.setattr(grade, "grade", lambda *_, **__: grade.Grade("C", []))
    small = params.load().model.model_copy(update={"max_trees": 1, "purchase_process": False, "min_rows_per_leaf": 900})
    alone = small.model_copy(update={"additive_logistic": small.additive_logistic.model_copy(update={"share": 0.0})})
    settings = params.load().model_copy(update={"model": alone})
    flow.run_stages(settings, (s3_train, s4_evaluate))
    return offer(settings)


def test_a_challenger_takes_over_unless_it_is_certainly_worse(copy_of_shop, monkeypatch):
    settings = params.load().tracking
    first = registry.champion_version(settings)
    assert offer(run_stages((s3_train, s4_evaluate), model__num_leaves=5)).is_champion
    second = registry.champion_version(settings)
    assert second != first, "not worse, and newer"
    assert registry.champions(settings) == [first, second]
    refused = offer_one_of_a_tree(monkeypatch)
    reason = f"champion version {second} ranks the same customers certainly better: -0."
    assert not refused.is_champion and refused.sentence.startswith(f"Not made champion: {reason}")
    assert registry.champion_version(settings) == second
    decision = Decision.read(REPRO)
    assert decision.champion == registry.fingerprint_of(settings, second)
    assert decision.refused == local_fingerprint(REPRO) and decision.because.startswith(reason)


def test_small_losses_do_not_add_up(copy_of_shop, monkeypatch):
    """Each challenger is a little worse than the one before it, and none of them certainly; one is the last."""
    settings = params.load()
    first = str(registry.champion_version(settings.tracking))
    registry.describe(settings.tracking, first, {"auc": "0.99"})
    assert offer(run_stages((s3_train, s4_evaluate), model__num_leaves=5)).is_champion, "the mark is of another day"
    # Nobody is certainly worse than the one before; who is certainly worse than the first is one of many.
    measured = gate._worse_than
    monkeypatch.setattr(
        gate, "_worse_than", lambda compared, who: "" if who.startswith("champion") else measured(compared, who)
    )
    refused = offer_one_of_a_tree(monkeypatch)
    assert not refused.is_champion
    assert refused.sentence.startswith(
        f"Not made champion: version {first}, a champion before, ranks the same customers certainly better: -0."
    )
    assert refused.sentence.endswith(f"; churn promote {first} takes it again.")


@pytest.mark.nightly
def test_a_champion_that_knows_the_test_customers_is_not_judged_on_them(copy_of_shop):
    assert offer(run_stages((s3_train, s4_evaluate), model__num_leaves=5)).is_champion
    champion = registry.champion_version(params.load().tracking)
    s = changed_settings(snapshots__as_of=date(2024, 6, 16), snapshots__observed_until=date(2024, 5, 31))
    flow.run_stages(s, (s2_examples, s3_train, s4_evaluate))
    assert offer(s).sentence == (
        f"Not made champion: champion version {champion} has learnt from the test customers already; "
        "churn promote decides."
    )


def test_champions_are_promoted_and_rolled_back_by_hand(copy_of_shop):
    settings = params.load().tracking
    first = registry.champion_version(settings)
    assert churn("rollback").returncode == 13, "there was none before"
    assert offer(run_stages((s3_train, s4_evaluate), model__num_leaves=5)).is_champion
    second = registry.champion_version(settings)
    done = churn("rollback", "--why", "a test")
    assert (done.returncode, done.stdout) == (0, f"version {first} is champion again, in place of version {second}\n")
    assert registry.champion_version(settings) == first
    assert "it was rolled back by" in offer(params.load()).sentence, "a repro does not take it again"
    shutil.rmtree("exports")
    assert f"by champion version {first}," in weekly.run(params.load(), WEEK, replace=False, dry_run=False)
    assert churn("promote", second, "--why", "it was a test").stdout == f"version {second} is champion\n"
    assert registry.champions(settings) == [first, second]
    on_record = registry.described(settings, second)
    assert on_record["promoted_why"] == "it was a test"
    assert {"promoted_by", "promoted_on"} <= set(on_record)
    assert offer(params.load()).is_champion, "by hand it was taken again"
    unknown = churn("promote", "99")
    assert (unknown.returncode, unknown.stderr) == (10, "sqlite:///mlflow.db has no version '99' of 'churn'\n")
    registry.describe(settings, first, {"grade": "F"})
    refused = churn("promote", first)
    assert (refused.returncode, refused.stderr) == (
        14, f"version {first} is of grade F; somebody has to answer for it: --approved-by NAME\n"
    )  # fmt: skip
    assert churn("promote", first, "--approved-by", "Ann Berg").returncode == 0
    work = paths.weekly(WEEK)
    registry.fetch_champion(settings, work.models, work.verdict)
    assert storage.read_json(work.verdict)["approved_by"] == "Ann Berg"


def test_without_a_version_the_model_on_disk_is_promoted(copy_of_shop):
    settings = params.load().tracking
    run_stages((s3_train, s4_evaluate), model__num_leaves=5)
    local = local_fingerprint(REPRO)
    done = churn("promote", "--why", "tried by hand")
    assert (done.returncode, done.stdout) == (0, "version 2 is champion\n"), done.stderr
    assert registry.fingerprint_of(settings, "2") == local == Decision.read(REPRO).champion
    shutil.rmtree("models")
    gone = churn("promote")
    assert (gone.returncode, gone.stderr) == (
        12, "models: holds no model to promote; name a version, or run: dvc repro (or dvc pull)\n"
    )  # fmt: skip
