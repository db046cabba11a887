"""The real stages, one after the other, on a small company: the list is right, and the same however it is made."""

import filecmp
import html
import json
import os
import re
import shutil
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from filelock import FileLock

from pipeline import lists
from pipeline.commands import tune, weekly
from pipeline.config import errors, params, paths
from pipeline.config.paths import REPRO
from pipeline.evaluation import calibration_check, grade
from pipeline.model import artefacts
from pipeline.stages import run_stage, s1_ingest, s2_examples, s3_train, s4_evaluate, s5_score, s6_publish
from pipeline.tables import storage
from pipeline.tracking import registry, runs
from pipeline.value.expected_spend import Spend
from tests.company import make_company, sell_in_dollars

pytestmark = pytest.mark.end_to_end
STAGES = (s1_ingest, s2_examples, s3_train, s4_evaluate, s5_score, s6_publish)
WEEK = date(2024, 7, 1)


def run_stages(stages=STAGES, **changes) -> params.Params:
    """Run stages in the current folder as ``dvc repro`` does, with some settings changed."""
    settings = params.load()
    for name, value in changes.items():
        section, key = name.split("__")
        inner = getattr(settings, section).model_copy(update={key: value})
        settings = settings.model_copy(update={section: inner})
    for stage in stages:
        run_stage(stage, settings)
    return settings


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A folder in which all stages have run."""
    folder = tmp_path_factory.mktemp("shop")
    make_company(folder)
    before = Path.cwd()
    os.chdir(folder)
    try:
        run_stages()
    finally:
        os.chdir(before)
    return folder


@pytest.fixture
def shop(built, monkeypatch) -> Path:
    """The folder in which all stages have run, as the current one."""
    monkeypatch.chdir(built)
    return built


@pytest.fixture
def copy_of_shop(built, tmp_path, monkeypatch) -> Path:
    """A copy to change."""
    shutil.copytree(built, tmp_path / "shop")
    monkeypatch.chdir(tmp_path / "shop")
    return tmp_path / "shop"


def week(folder: Path = Path()) -> Path:
    return folder / "exports" / WEEK.isoformat()


def same_bytes(left: Path, right: Path) -> None:
    files = {str(file.relative_to(left)) for file in left.rglob("*") if file.is_file()}
    assert files == {str(file.relative_to(right)) for file in right.rglob("*") if file.is_file()}
    differing = sorted(file for file in files if not filecmp.cmp(left / file, right / file, shallow=False))
    assert not differing


def test_everyone_is_accounted_for(shop):
    ingest = storage.read_json(REPRO.ingest_report)["tables"]
    for counts in ingest.values():
        assert counts["read"] == counts["accepted"] + counts["duplicates"] + counts["rejected"]
    line = storage.read_json(REPRO.examples_report)["snapshots"][WEEK.isoformat()]
    assert line["customers"] == 401
    assert line["never_bought"] == 1
    scores = storage.read_buckets(REPRO.scores)
    actions = pl.read_parquet(week() / "actions.parquet")
    report = storage.read_json(week() / "run_report.json")
    assert len(scores) == len(actions) == line["eligible"] == report["about"]["scored"]
    assert scores["customer_id"].n_unique() == len(scores)
    assert report["customers"] == line
    assert sum(report["scored_by_band"].values()) == sum(report["scored_by_tier"].values()) == len(scores)
    assert sum(report["actions_by_playbook"].values()) + report["no_action"] == len(scores)


def test_the_list_says_how_many_of_it_will_leave_and_how_sure_that_is(shop):
    about, listed = (
        storage.read_json(week() / "run_report.json")["about"],
        pl.read_parquet(week() / "risk_list.parquet"),
    )
    expected = listed["churn_probability"].sum()
    by_chance = calibration_check.churners_between(listed["churn_probability"].sort().to_numpy(), 1000)
    assert about["expected_low"] < expected < about["expected_high"]
    wider = about["expected_high"] - about["expected_low"]
    assert wider > by_chance[1] - by_chance[0], "the level is known from the past alone"


def test_every_action_has_its_day_every_task_a_draft_and_silences_are_counted(shop):
    actions, report = pl.read_parquet(week() / "actions.parquet"), storage.read_json(week() / "run_report.json")
    given = actions.filter(pl.col("playbook").is_not_null())
    assert (given["given_day"] == given["as_of"]).all() and not given.is_empty()
    assert actions.filter(pl.col("playbook").is_null())["given_day"].null_count() == len(actions) - len(given)
    assert (given["draft"].is_not_null() == given["task_owner"].is_not_null()).all()
    keeping = actions.filter((pl.col("value_tier") == "top") | (pl.col("tier") == "loyal"))
    assert actions["contact_due_day"].count() == keeping["contact_due_day"].count()
    assert report["contact"]["silent_too_long"] == actions.filter(pl.col("contact_due_day") <= pl.col("as_of")).height
    assert isinstance(report["quality_problems"], list)


def test_scores_follow_from_the_model_and_the_data(shop):
    """Each line of the scores, computed once more from the local model and the examples."""
    settings, model = params.load(), artefacts.load(REPRO.models)
    examples = storage.read_buckets(REPRO.examples).filter(pl.col("snapshot") == WEEK)
    keys = (
        pl.read_parquet(storage.bucket_files(REPRO.tables / "transactions"))
        .select("customer_key", "customer_id")
        .unique()
    )
    both = storage.read_buckets(REPRO.scores).join(keys, on="customer_id").join(examples, on="customer_key")
    assert both["churn_probability"].to_list() == model.probability(both).round(6).tolist()
    rank = both["log_odds"].rank("average") - 0.5
    assert np.allclose(both["risk_percentile"], rank / len(both) * 100, atol=1e-4)
    spend = Spend.of_card(model.card["value"]).expected(both, settings.label.gap_days, settings.label.horizon_days)
    assert np.allclose(both["value"], spend * settings.score.margin_share, atol=0.00501)
    assert not both["loss_making"].any(), "no cost is known"
    top = both.filter(pl.col("value_tier") == "top")
    assert len(top) == -(-len(both) // 5)
    assert top["value"].min() >= both.filter(pl.col("value_tier") != "top")["value"].max()
    assert np.allclose(both["value_at_stake"], both["churn_probability"] * both["value"], atol=0.00501)
    ago = [(WEEK - day).days for day in both["last_order_day"]]
    assert ago == both["days_since_last_order"].to_list()
    edges = settings.score.bands
    for probability, band in zip(both["churn_probability"], both["risk_band"], strict=True):
        assert band == [name for name, edge in edges.items() if probability >= edge][-1]


def test_contributions_and_base_add_up_to_the_margin_for_everyone(shop):
    found = storage.read_buckets(REPRO.contributions)
    total = found.drop("customer_id", "log_odds").sum_horizontal()
    assert (total - found["log_odds"]).abs().max() < 1e-6
    scores = storage.read_buckets(REPRO.scores).sort("customer_id")
    assert scores["log_odds"].to_list() == found.sort("customer_id")["log_odds"].to_list()


def test_reasons_are_told_with_the_customers_own_numbers(shop):
    scores = storage.read_buckets(REPRO.scores)
    keys = (
        pl.read_parquet(storage.bucket_files(REPRO.tables / "transactions"))
        .select("customer_key", "customer_id")
        .unique()
    )
    examples = storage.read_buckets(REPRO.examples).filter(pl.col("snapshot") == WEEK)
    told = scores.join(keys, on="customer_id").join(examples, on="customer_key")
    silent = told.filter(pl.col("reason_1_text").str.starts_with("Last order"))
    assert len(silent) > 10
    for row in silent.iter_rows(named=True):
        days = row["days_since_last_order"]
        assert row["reason_1_text"].startswith(f"Last order {days} day{'' if days == 1 else 's'} ago")
    # Evidence of a cause comes first, whatever it pushes; behind it stand the pushes, the largest first.
    pushes = ["recency", "frequency", "monetary", "tenure", "engagement", "breadth"]
    for place in (1, 2, 3):
        pushed = scores.filter(pl.col(f"reason_{place}_family").is_in(pushes))
        assert (pushed[f"reason_{place}_contribution"] >= params.load().reasons.min_contribution).all()
    assert (scores["protects_1_contribution"].drop_nulls() < 0).all()
    both = scores.filter(pl.col("reason_1_family").is_in(pushes) & pl.col("reason_2_family").is_in(pushes))
    assert len(both) > 10
    assert (both["reason_1_contribution"] >= both["reason_2_contribution"]).all()


def test_the_list_holds_whom_to_act_on_or_watch_by_value_at_stake(shop):
    listed, actions = pl.read_parquet(week() / "risk_list.parquet"), pl.read_parquet(week() / "actions.parquet")
    wanted = actions.filter((pl.col("playbook").is_not_null() | (pl.col("risk_band") != "low")) & ~pl.col("is_control"))
    assert set(listed["customer_id"]) == set(wanted["customer_id"])
    assert listed["value_at_stake"].is_sorted(descending=True)
    assert listed["rank"].to_list() == list(range(1, len(listed) + 1))
    register = pl.read_csv("raw/customers.csv").filter(pl.col("name").is_not_null())
    both = listed.join(register.rename({"name": "is"}), left_on="customer_id", right_on="customer")
    assert both["name"].to_list() == both["is"].to_list()
    assert both["owner"].fill_null("").to_list() == both["looked_after_by"].fill_null("").to_list()
    assert len(both) == len(listed)
    for row in listed.iter_rows(named=True):
        written_to = int(row["customer_id"][1:]) % 3 == 0
        assert row["last_contact_day"] == (date(2024, 6, 30) if written_to else None), "none of the day itself"
    assert actions.filter(pl.col("playbook").is_null())["why_not"].str.starts_with("nothing, because").all()
    assert actions.filter(pl.col("playbook").is_not_null())["why_not"].null_count() == actions["playbook"].count()


@pytest.mark.parametrize(
    "how",
    [
        {"storage__buckets": 1},
        {"storage__buckets": 2},
        {"storage__buckets": 7},
        {"storage__buckets": 7, "storage__executor": "processes"},
        {"storage__threads": 1, "model__num_threads": 2},
    ],
    ids=str,
)
def test_the_list_is_the_same_however_it_is_made(how, copy_of_shop, built):
    shutil.rmtree("exports")
    stages = STAGES if "model__num_threads" in how else (s1_ingest, s2_examples, s5_score, s6_publish)
    run_stages(stages, **how)
    if "storage__buckets" in how:
        assert len(storage.bucket_files(REPRO.tables / "transactions")) == how["storage__buckets"]
    same_bytes(week(built), week())
    if s3_train in stages:
        for name in artefacts.FILES:
            assert (built / "models" / name).read_bytes() == (REPRO.models / name).read_bytes()


def test_training_does_not_depend_on_buckets(copy_of_shop, built):
    run_stages((s1_ingest, s2_examples, s3_train), storage__buckets=3)
    for name in artefacts.FILES:
        assert (built / "models" / name).read_bytes() == (REPRO.models / name).read_bytes()


def test_the_list_does_not_depend_on_the_order_of_files_or_lines(copy_of_shop, built):
    first, second = Path("raw/orders-1.csv"), Path("raw/orders-2.csv")
    head, *lines = second.read_text().splitlines()
    text = "\n".join([head, *reversed(lines)]) + "\n"
    second.write_text(first.read_text())
    first.write_text(text)
    shutil.rmtree("exports")
    run_stages((s1_ingest, s2_examples, s5_score, s6_publish))
    same_bytes(week(built), week())


def test_what_happens_from_as_of_on_changes_no_score_and_no_list(copy_of_shop, built):
    """Rows of the day itself and later: purchases of everyone, refunds, visits, new customers."""
    with Path("raw/orders-2.csv").open("a") as orders, Path("raw/visits.csv").open("a") as visits:
        for number in range(400):
            for day, paid in (("2024-07-01", 999.0), ("2024-07-02", -50.0), ("2024-08-15", 0.01)):
                orders.write(f"c{number:04d},future{number},{day}T12:00:00+02:00,{paid},9,i99,k99,s99,web\n")
            visits.write(f"c{number:04d},2024-07-01T12:00:00Z,visit\n")
        orders.write("stranger,f,2024-07-01T12:00:00+02:00,5,0,i1,k1,s1,web\n")
    shutil.rmtree("exports")
    run_stages((s1_ingest, s2_examples, s5_score, s6_publish))
    for folder in ("scores", "contributions"):
        same_bytes(built / "data" / folder, REPRO.data / folder)
    for name in ("risk_list.parquet", "actions.parquet", "risk_list.csv", "risk_list.html", "risk_list.xlsx"):
        assert (week() / name).read_bytes() == (week(built) / name).read_bytes(), name
    line = storage.read_json(REPRO.examples_report)["snapshots"][WEEK.isoformat()]
    assert line["not_yet"] == 1, "the stranger is known, and not scored"


def test_the_weekly_job_gives_the_bytes_of_repro_and_never_trains(copy_of_shop, built, monkeypatch):
    monkeypatch.setattr(s3_train, "run", None)
    tables = {file: file.read_bytes() for file in REPRO.tables.rglob("*.parquet")}
    shutil.rmtree("exports")
    shutil.rmtree("models")
    said = weekly.run(params.load(), WEEK, replace=False, dry_run=False)
    assert "listed: exports/2024-07-01" in said
    same_bytes(week(built), week())
    assert not REPRO.models.exists(), "the champion is fetched into the job's own folder"
    assert {file: file.read_bytes() for file in REPRO.tables.rglob("*.parquet")} == tables
    assert not paths.WEEKLY_WORK.exists(), "its folder is gone when it ends"


def test_a_dry_run_publishes_nothing(copy_of_shop):
    shutil.rmtree("exports")
    assert "nothing was published" in weekly.run(params.load(), WEEK, replace=False, dry_run=True)
    assert not week().exists()


def churn(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "pipeline.cli", *words], capture_output=True, text=True, check=False
    )


def test_a_published_week_is_left_alone(copy_of_shop, built):
    found = churn("weekly", "--as-of", WEEK.isoformat())
    assert found.returncode == errors.AlreadyPublished.exit_code == 17
    assert found.stderr == "exports/2024-07-01: this week is already published; --replace writes it again\n"
    same_bytes(week(built), week())
    assert weekly.run(params.load(), WEEK, replace=True, dry_run=False)
    same_bytes(week(built), week())


def test_two_weekly_jobs_at_once_are_refused(copy_of_shop):
    shutil.rmtree("exports")
    with FileLock(paths.WEEKLY_LOCK):
        found = churn("weekly", "--as-of", WEEK.isoformat())
    assert found.returncode == errors.Locked.exit_code == 16
    assert found.stderr == "data/weekly.lock: another weekly job is at work; wait for it to end\n"
    assert not week().exists()


def test_a_day_long_after_the_last_purchase_is_refused(copy_of_shop):
    with pytest.raises(errors.StaleInput, match=r"the last purchase of anybody before 2024-07-10 is of 2024-0"):
        weekly.run(params.load(), date(2024, 7, 10), replace=False, dry_run=False)
    assert not (REPRO.exports / "2024-07-10").exists()


def test_a_week_of_sales_in_another_currency_is_refused(copy_of_shop):
    shutil.rmtree("exports")
    sell_in_dollars(copy_of_shop, range(24, 31))
    # Not as `churn` does it: libraries of the registry warn of each other.
    words = [sys.executable, "-m", "pipeline.cli", "weekly", "--as-of", WEEK.isoformat()]
    found = subprocess.run(words, capture_output=True, text=True, check=False)
    assert found.returncode == errors.StaleInput.exit_code == 15
    assert re.match(
        r"transactions: \d\d\.\d% of the rows of the last 7 days are not in EUR", found.stderr.splitlines()[-1]
    )
    assert not week().exists()


def test_a_model_of_another_company_or_meaning_is_refused(copy_of_shop):
    settings = params.load()
    other = settings.model_copy(update={"data": settings.data.model_copy(update={"name": "elsewhere"})})
    with pytest.raises(errors.BadParams, match="trained with data.name 'corner_shop', params.yaml says 'elsewhere'"):
        weekly.run(other, WEEK, replace=True, dry_run=False)
    longer = settings.model_copy(update={"label": settings.label.model_copy(update={"horizon_days": 21})})
    with pytest.raises(errors.BadParams, match="label.horizon_days 20, params.yaml says 21"):
        weekly.run(longer, WEEK, replace=True, dry_run=False)
    wider = settings.model_copy(update={"snapshots": settings.snapshots.model_copy(update={"active_days": 400})})
    with pytest.raises(errors.BadParams, match="snapshots.active_days 60, params.yaml says 400"):
        weekly.run(wider, WEEK, replace=True, dry_run=False)


def test_a_day_the_model_has_learnt_from_is_refused(copy_of_shop):
    with pytest.raises(errors.StaleInput, match="the model has learnt from what happened until 2024-06-21"):
        weekly.run(params.load(), date(2024, 5, 20), replace=False, dry_run=False)


def test_days_nobody_observed_are_not_taken_for_silence(copy_of_shop):
    settings = params.load()
    later = settings.snapshots.model_copy(update={"observed_until": date(2024, 7, 11)})
    with pytest.raises(
        errors.StaleInput, match=r"observed_until is 2024-07-11, but the last transaction is of 2024-06-"
    ):
        run_stages((s2_examples,), snapshots__observed_until=later.observed_until)


def test_refused_rows_outlive_the_weekly_job(copy_of_shop):
    shutil.rmtree("exports")
    with Path("raw/visits.csv").open("a") as visits:
        visits.write("c0000,some day,visit\n")
    weekly.run(params.load(), WEEK, replace=False, dry_run=False)
    kept = pl.read_parquet("data/weekly_rejected/2024-07-01/events.parquet")
    assert kept["rule"].to_list() == ["ts is not a date"]
    with Path("raw/orders-1.csv").open("a") as orders:
        orders.write("c0000,o,some day,1,0,i,k,s,web\n" * 3 + "c0000,o,some day,2,0,i,k,s,web\n" * 300)
    with pytest.raises(errors.BadData, match=r"data/weekly_rejected/2024-07-01/transactions\.parquet|ts_format"):
        weekly.run(params.load(), WEEK, replace=True, dry_run=False)
    assert len(pl.read_parquet("data/weekly_rejected/2024-07-01/transactions.parquet")) == 303


def test_what_a_killed_weekly_job_left_is_put_away(copy_of_shop):
    left = paths.weekly(date(2024, 6, 10)).data / "tables"
    left.mkdir(parents=True)
    weekly.run(params.load(), WEEK, replace=True, dry_run=True)
    assert not left.exists()


def test_stray_names_in_exports_are_none_of_our_business(copy_of_shop):
    Path("exports/2024-06-24.zip").touch()
    Path("exports/notes").mkdir()
    shutil.copytree(week(), "exports/2024-06-24 (copy)")
    Path("exports/2024-06-23").mkdir()
    run_stages((s6_publish,))
    assert pl.read_parquet(week() / "risk_list.parquet")["status"].unique().to_list() == ["new"]


def test_a_registry_that_does_not_answer_is_not_called_empty(copy_of_shop, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    settings = params.load()
    down = settings.tracking.model_copy(update={"uri": "http://127.0.0.1:9"})
    with pytest.raises(errors.StaleInput, match=r"tracking.uri 'http://127.0.0.1:9' does not answer as it should"):
        weekly.run(settings.model_copy(update={"tracking": down}), WEEK, replace=True, dry_run=False)


def test_artefacts_that_are_gone_are_told_in_one_line(copy_of_shop, monkeypatch):
    monkeypatch.setattr(registry.mlflow.artifacts, "download_artifacts", _gone)
    with pytest.raises(errors.StaleInput, match="does not answer as it should: gone"):
        weekly.run(params.load(), WEEK, replace=True, dry_run=False)


def _gone(*_: object, **__: object) -> None:
    raise OSError("gone")


def test_stages_without_their_inputs_say_what_to_run(company):
    settings = params.load()
    for stage in (s2_examples, s3_train, s4_evaluate, s5_score, s6_publish):
        with pytest.raises(errors.BadData, match="dvc repro"):
            run_stage(stage, settings)


def test_without_a_champion_nothing_is_scored(company):
    with pytest.raises(errors.NotEnoughData, match="no model 'churn' with alias 'champion'; train one: dvc repro"):
        weekly.run(params.load(), WEEK, replace=False, dry_run=False)


def test_the_next_week_knows_the_last_one(copy_of_shop):
    earlier = date(2024, 6, 24)
    shutil.rmtree("exports")
    weekly.run(params.load(), earlier, replace=False, dry_run=False)
    weekly.run(params.load(), WEEK, replace=False, dry_run=False)
    first = pl.read_parquet(f"exports/{earlier}/risk_list.parquet")
    second = pl.read_parquet(week() / "risk_list.parquet")
    still = set(first["customer_id"]) & set(second["customer_id"])
    assert still, "some are on both lists"
    for row in second.iter_rows(named=True):
        stayed = row["customer_id"] in still
        assert row["status"] == ("still_open" if stayed else "new")
        assert row["since_week"] == (earlier if stayed else WEEK)
    gone = storage.read_json(week() / "run_report.json")["left_the_list"]
    assert gone["recovered"] + gone["dropped"] == len(first) - len(still)
    assert len(first) > len(still), "some have left it"


def test_a_week_of_another_company_is_none_of_ours(copy_of_shop):
    other = Path("exports/2024-06-24")
    shutil.copytree(week(), other)
    manifest = json.loads((other / "manifest.json").read_text())
    (other / "manifest.json").write_text(json.dumps(manifest | {"company": "elsewhere"}))
    run_stages((s6_publish,))
    assert pl.read_parquet(week() / "risk_list.parquet")["status"].unique().to_list() == ["new"]


def test_mlflow_has_the_run_and_the_same_model(shop):
    settings = params.load().tracking
    pointer = json.loads(REPRO.run_pointer.read_text())
    run = runs.client(settings).get_run(pointer["run_id"])
    assert run.data.params["label.horizon_days"] == "20"
    assert run.data.tags["data_fingerprint"] == storage.read_json(REPRO.ingest_report)["fingerprint"]
    assert "git_commit" in run.data.tags
    metrics = storage.read_json(REPRO.metrics)
    assert run.data.metrics["test_model_auc"] == metrics["model"]["auc"]
    assert {"train_auc", "validation_auc", "validation_brier"} <= set(run.data.metrics)
    kept = {file.path for file in runs.client(settings).list_artifacts(run.info.run_id, "reports")}
    assert {"reports/metrics.json", "reports/gains.csv", "reports/calibration.csv", "reports/training.csv",
            "reports/model_card.md"} <= kept  # fmt: skip
    champion = registry.load_champion(settings)
    assert champion.metadata.signature.outputs.input_names() == ["churn_probability"]
    local = artefacts.load(REPRO.models)
    examples = storage.read_buckets(REPRO.examples)
    frame = examples.select(pl.col(local.inputs).cast(pl.Float64)).to_pandas()
    assert champion.predict(frame).tolist() == local.probability(examples).tolist(), "bit for bit"


def test_a_model_that_dvc_restored_gets_a_run_again(copy_of_shop):
    REPRO.run_pointer.unlink()
    Path("mlflow.db").unlink()
    run_stages((s4_evaluate,))
    pointer = json.loads(REPRO.run_pointer.read_text())
    assert runs.client(params.load().tracking).get_run(pointer["run_id"]).data.metrics["test_model_auc"]


def test_a_model_worse_than_the_simple_rule_makes_no_list_and_no_champion(copy_of_shop, monkeypatch):
    Path("mlflow.db").unlink()
    text, weeks = REPRO.model_text.read_text(), sorted(Path("exports").rglob("*"))
    monkeypatch.setattr(artefacts.ChurnModel, "evaluated_probability", lambda self, rows: np.linspace(0, 1, len(rows)))
    settings = params.load()
    said = run_stage(s4_evaluate, settings)
    assert said.startswith("Grade F: do not ship. ")
    assert said.endswith("Not made champion: its grade is F.")
    assert storage.read_json(REPRO.metrics)["grade"] == "F"
    with pytest.raises(
        errors.ModelRefused, match=r"^Grade F: do not ship\. .* answers for it by name: params\.yaml"
    ) as no:
        run_stages((s6_publish,))
    assert no.value.exit_code == 14
    assert sorted(Path("exports").rglob("*")) == weeks
    assert REPRO.model_text.read_text() == text
    with pytest.raises(errors.NotEnoughData, match="champion"):
        registry.fetch_champion(settings.tracking, Path("m"), Path("f/metrics.json"))


def test_whoever_wants_a_list_of_grade_f_answers_for_it_by_name(copy_of_shop, monkeypatch):
    monkeypatch.setattr(artefacts.ChurnModel, "evaluated_probability", lambda self, rows: np.linspace(0, 1, len(rows)))
    run_stages((s4_evaluate, s6_publish), evaluate__approved_by="Ann Berg")
    told = storage.read_json(week() / "run_report.json")["about"]["verdict"]
    assert told.startswith("Grade F: do not ship.")
    assert told.endswith("Used all the same; Ann Berg answers for it.")
    assert told in html.unescape((week() / "risk_list.html").read_text())


def test_the_verdict_stands_on_every_list_and_report(shop):
    verdict = storage.read_json(REPRO.metrics)["verdict"]
    assert re.match(r"Grade [ABC]: ship\. .* AUC 0\.\d{3} \(0\.\d{3} to 0\.\d{3}\) against 0\.\d{3}, \+0\.", verdict)
    assert verdict in html.unescape((week() / "risk_list.html").read_text())
    assert storage.read_json(week() / "run_report.json")["about"]["verdict"] == verdict
    assert f"**{verdict}**" in REPRO.model_card_page.read_text().splitlines()


def test_a_challenger_takes_over_unless_it_is_certainly_worse(copy_of_shop, monkeypatch):
    settings = params.load().tracking
    first = registry.champion_version(settings)
    run_stages((s3_train, s4_evaluate), model__num_leaves=5)
    second = registry.champion_version(settings)
    assert second != first, "not worse, and newer"
    assert registry.champions(settings) == [first, second]
    # A model of five trees that see next to nothing, judged kindly enough not to be an F.
    monkeypatch.setattr(grade, "grade", lambda *_, **__: grade.Grade("C", []))
    small = params.load().model.model_copy(update={"max_trees": 1, "purchase_process": False, "min_rows_per_leaf": 900})
    worse = small.model_copy(update={"additive_logistic": small.additive_logistic.model_copy(update={"share": 0.0})})
    s = params.load().model_copy(update={"model": worse})
    run_stage(s3_train, s)
    said = run_stage(s4_evaluate, s)
    assert f"Not made champion: champion version {second} ranks the same customers certainly better: -0." in said
    assert registry.champion_version(settings) == second


def test_a_champion_that_knows_the_test_customers_is_not_judged_on_them(copy_of_shop):
    run_stages((s3_train, s4_evaluate), model__num_leaves=5)
    champion = registry.champion_version(params.load().tracking)
    earlier = {"snapshots__as_of": date(2024, 6, 16), "snapshots__observed_until": date(2024, 5, 31)}
    settings = params.load()
    s = settings.model_copy(update={"snapshots": settings.snapshots.model_copy(
        update={key.split("__")[1]: value for key, value in earlier.items()})})  # fmt: skip
    for stage in (s2_examples, s3_train):
        run_stage(stage, s)
    said = run_stage(s4_evaluate, s)
    assert said.endswith(
        f"champion version {champion} has learnt from the test customers already; churn promote decides."
    )


def test_champions_are_promoted_and_rolled_back_by_hand(copy_of_shop):
    settings = params.load().tracking
    first = registry.champion_version(settings)
    assert churn("rollback").returncode == 13, "there was none before"
    run_stages((s3_train, s4_evaluate), model__num_leaves=5)
    second = registry.champion_version(settings)
    done = churn("rollback")
    assert (done.returncode, done.stdout) == (0, f"version {first} is champion again, in place of version {second}\n")
    assert registry.champion_version(settings) == first
    shutil.rmtree("exports")
    assert f"by champion version {first}," in weekly.run(params.load(), WEEK, replace=False, dry_run=False)
    assert churn("promote", second).stdout == f"version {second} is champion\n"
    assert registry.champions(settings) == [first, second]
    unknown = churn("promote", "99")
    assert (unknown.returncode, unknown.stderr) == (10, "sqlite:///mlflow.db has no version '99' of 'churn'\n")
    registry.describe(settings, first, {"grade": "F"})
    refused = churn("promote", first)
    assert (refused.returncode, refused.stderr) == (
        14, f"version {first} is of grade F; somebody has to answer for it: --approved-by NAME\n"
    )  # fmt: skip
    assert churn("promote", first, "--approved-by", "Ann Berg").returncode == 0
    at = paths.weekly(WEEK)
    registry.fetch_champion(settings, at.models, at.metrics)
    assert storage.read_json(at.metrics)["approved_by"] == "Ann Berg"


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


def test_a_study_goes_on_and_its_best_settings_are_an_overlay(copy_of_shop):
    tune_once = churn("tune", "--trials", "2")
    assert tune_once.returncode == 0, tune_once.stderr
    more = churn("tune", "--trials", "1")
    assert more.stdout.startswith("trial 2: ")
    assert "take it: churn use params/tuned.yaml" in more.stdout
    assert churn("use", "params/tuned.yaml").returncode == 0
    tuned, written = params.load().model, params.read_yaml(Path("params/tuned.yaml"), errors.BadParams)["model"]
    assert tuned.num_leaves == written["num_leaves"]
    assert tuned.additive_logistic.l2 == written["additive_logistic"]["l2"]


def test_no_file_holds_a_pickle_or_a_wall_clock(shop):
    for file in (*REPRO.models.iterdir(), *Path("mlruns").rglob("*")):
        if file.is_file():
            assert file.suffix not in {".pkl", ".pickle", ".joblib"}
            assert not file.read_bytes().startswith(b"\x80\x04"), f"{file} is a pickle"
    for file in (REPRO.ingest_report, REPRO.examples_report, REPRO.metrics, REPRO.model_card, *week().glob("*.json")):
        assert f"{time.gmtime().tm_year}-" not in file.read_text(), f"{file} knows today"


def test_all_list_files_are_there(shop):
    found = {str(file.relative_to(week())) for file in week().rglob("*") if file.is_file()}
    owners = {"by_owner/Ann.csv", "by_owner/Bo.csv", "by_owner/unassigned.csv"}
    assert found == owners | {
        "risk_list.csv", "risk_list.xlsx", "risk_list.html", "risk_list.parquet", "actions.parquet", "run_report.json",
        "manifest.json",
    }  # fmt: skip
    assert pl.read_parquet(week() / "risk_list.parquet").schema == lists.RISK_LIST
