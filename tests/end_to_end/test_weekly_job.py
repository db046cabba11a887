"""``churn weekly``: the bytes of repro, and a refusal wherever a list would mislead."""

import csv
import html
import json
import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from filelock import FileLock

from pipeline.commands import weekly
from pipeline.config import errors, params, paths
from pipeline.config.paths import REPRO
from pipeline.evaluation import verdict
from pipeline.model import outage_curves
from pipeline.stages import run_stage, s1_ingest, s2_examples, s3_train, s4_evaluate, s5_score, s6_publish
from pipeline.tables import storage
from pipeline.tracking import registry
from pipeline.week import data_checks
from tests.company import sell_in_dollars
from tests.end_to_end.helpers import WEEK, changed_settings, churn, run_stages, same_bytes, week
from tests.flow import run_untracked

pytestmark = pytest.mark.end_to_end


def test_the_weekly_job_gives_the_bytes_of_repro_and_never_trains(copy_of_shop, built_company, monkeypatch):
    monkeypatch.setattr(s3_train, "run", None)
    tables = {file: file.read_bytes() for file in REPRO.tables.rglob("*.parquet")}
    shutil.rmtree("exports")
    shutil.rmtree("models")
    said = weekly.run(params.load(), WEEK, replace=False, dry_run=False)
    assert said.endswith("former customers to act on: exports/2024-07-01")
    same_bytes(week(built_company), week())
    assert not REPRO.models.exists(), "the champion is fetched into the job's own folder"
    assert {file: file.read_bytes() for file in REPRO.tables.rglob("*.parquet")} == tables
    assert not paths.WEEKLY_WORK.exists(), "its folder is gone when it ends"


def test_a_dry_run_publishes_nothing(copy_of_shop):
    shutil.rmtree("exports")
    assert "nothing was published" in weekly.run(params.load(), WEEK, replace=False, dry_run=True)
    assert not week().exists()


def test_a_published_week_is_left_alone(copy_of_shop, built_company):
    found = churn("weekly", "--as-of", WEEK.isoformat())
    assert found.returncode == errors.AlreadyPublished.exit_code == 17
    assert found.stderr == "exports/2024-07-01: this week is already published; --replace writes it again\n"
    same_bytes(week(built_company), week())
    assert weekly.run(params.load(), WEEK, replace=True, dry_run=False)
    same_bytes(week(built_company), week())


def test_what_the_job_did_is_in_its_log(copy_of_shop):
    found = churn("weekly", "--as-of", WEEK.isoformat(), "--dry-run", "--log", "json")
    kept = Path("data/weekly_log.jsonl").read_text(encoding="utf-8").splitlines()
    lines = [json.loads(line) for line in kept]
    assert [line.get("step", line["event"]) for line in lines] == [
        "started", "model", "ingest", "examples", "score", "decide", "done",
    ]  # fmt: skip
    assert lines[-1]["message"] == found.stdout.strip() and lines[-1]["exit_code"] == 0
    assert sum(line["seconds"] for line in lines[1:-1]) <= lines[-1]["seconds"] + 0.5
    assert [line for line in found.stderr.splitlines() if line.startswith("{")] == kept
    refused = churn("weekly", "--as-of", WEEK.isoformat())
    last = json.loads(Path("data/weekly_log.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    assert (last["event"], last["exit_code"], last["message"]) == ("refused", 17, refused.stderr.strip())


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


def test_a_model_that_is_too_old_is_refused_and_one_that_gets_old_is_named(copy_of_shop):
    settings = params.load()
    for days, name in ((9, "refused"), (12, "named"), (365, "")):
        tracking = settings.tracking.model_copy(update={"max_model_age_days": days})
        job = settings.model_copy(update={"tracking": tracking})
        if name == "refused":
            with pytest.raises(errors.ModelRefused, match="until 2024-06-21, 10 days before 2024-07-01, and tracking"):
                weekly.run(job, WEEK, replace=True, dry_run=True)
        else:
            line = weekly.run(job, WEEK, replace=True, dry_run=True)
            assert ("; the model has learnt nothing for 10 days; train again: churn retrain" in line) == (
                name == "named"
            )


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
    gone = storage.read_json(week() / "run_report.json")["since_last_list"]
    assert gone["recovered"] + gone["dropped"] == len(first) - len(still)
    with (week() / "left_the_list.csv").open(encoding="utf-8-sig", newline="") as lines:
        assert {row["customer_id"] for row in csv.DictReader(lines)} == set(first["customer_id"]) - still
    before = dict(
        pl.read_parquet(f"exports/{earlier}/actions.parquet").select("customer_id", "churn_probability").rows()
    )
    for row in second.iter_rows(named=True):
        assert row["previous_probability"] == before.get(row["customer_id"])
        assert row["change"]
    assert len(first) > len(still), "some have left it"


def test_a_list_says_what_became_of_one_whose_window_is_over(copy_of_shop):
    """Counted from the files of the shop, row by row; the old list is this one, as if it had been published before."""
    earlier = date(2024, 6, 10)
    shutil.copytree(week(), f"exports/{earlier}")
    listed = pl.read_parquet(f"exports/{earlier}/risk_list.parquet")
    run_stages((s6_publish,))
    rows = [
        row for file in Path("raw").glob("orders-*.csv") for row in csv.DictReader(file.read_text("utf-8").splitlines())
    ]
    window = {str(date.fromordinal(earlier.toordinal() + number)) for number in range(20)}
    bought = {row["customer"] for row in rows if row["at"][:10] in window and float(row["paid"]) >= 0}
    left = [customer not in bought for customer in listed["customer_id"]]
    with (week() / "matured_lists.csv").open(encoding="utf-8-sig", newline="") as lines:
        (shown,) = [row for row in csv.DictReader(lines) if (row["by"], row["group"]) == ("listed", "yes")]
    assert (shown["as_of"], int(shown["customers"]), int(shown["churners"])) == (str(earlier), len(left), sum(left))
    expected = listed["churn_probability"].mean()
    line = (
        f"Of the {len(left)} customers on the list of {earlier}, {sum(left) / len(left):.0%} had left by 2024-06-29; the "
        f"list had said {expected:.0%}."
    )
    page = (week() / "risk_list.html").read_text(encoding="utf-8")
    shown = re.search(r'<div class="since">(.*?)(<details|</div>)', page, re.DOTALL)[1]
    assert line in shown, "without a click"
    read_out = churn("readout")
    assert read_out.returncode == 0, read_out.stderr
    assert f"Lists whose outcome windows were over by 2024-07-01: 1, from {earlier} to {earlier}" in read_out.stdout
    assert "and 30 are needed to say anything" in read_out.stdout


def test_a_week_of_another_company_is_none_of_ours(copy_of_shop):
    other = Path("exports/2024-06-24")
    shutil.copytree(week(), other)
    manifest = json.loads((other / "manifest.json").read_text())
    (other / "manifest.json").write_text(json.dumps(manifest | {"company": "elsewhere"}))
    run_stages((s6_publish,))
    assert pl.read_parquet(week() / "risk_list.parquet")["status"].unique().to_list() == ["new"]


def without_visits_since(day: str) -> None:
    file = Path("raw/visits.csv")
    head, *lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join([head, *(line for line in lines if line.split(",")[1] < day)]), encoding="utf-8")


def test_while_a_feed_is_down_the_risks_are_those_of_a_model_without_it(copy_of_shop):
    day, settings = date(2024, 7, 2), params.load()
    weekly.run(settings, day, replace=False, dry_run=False)
    whole = pl.read_parquet(REPRO.week(day) / "actions.parquet")["churn_probability"]
    shutil.rmtree(REPRO.week(day))
    without_visits_since("2024-06-20")
    line = weekly.run(settings, day, replace=False, dry_run=False)
    known = storage.read_json(REPRO.calibration)["without"]["events"]
    sentence = re.compile(rf"ithout events the risks were worked out anew.*: AUC {known['auc']:.3f}.* 2024-06-01")
    assert sentence.search(line) and sentence.search((REPRO.week(day) / "risk_list.html").read_text(encoding="utf-8"))
    verdicts = storage.read_json(REPRO.verdict)
    state = verdicts["without"]["events"]
    page = html.unescape((REPRO.week(day) / "risk_list.html").read_text(encoding="utf-8"))
    sentence_of_state = f"This is the grade without events; with all tables it is {verdicts['grade']}."
    assert f"Grade {state['grade']}: ship." in page and sentence_of_state in page
    assert f"AUC {known['auc']:.3f} (" in page and f"AUC {known['auc_whole']:.3f} (" not in page
    blind = pl.read_parquet(REPRO.week(day) / "actions.parquet")["churn_probability"]
    assert not whole.equals(blind)
    assert blind.sum() == pytest.approx(whole.sum(), rel=0.15), "as many are expected to leave as with the feed"


def test_a_model_that_never_had_the_table_scores_and_explains_while_that_one_is_down(copy_of_shop, monkeypatch):
    monkeypatch.setattr(outage_curves, "MIN_LOSS", -1.0)
    run_untracked(monkeypatch, params.load(), (s3_train,))
    without_visits_since("2024-06-20")
    settings = changed_settings(snapshots__as_of=date(2024, 7, 2))
    run_untracked(monkeypatch, settings, (s1_ingest, s2_examples, s5_score))
    card, substitute = storage.read_json(REPRO.model_card), storage.read_json(REPRO.calibration)["without"]["events"]
    lost = {one["name"] for one in card["features"]} - set(substitute["substitute"]["features"])
    assert lost and all("visit" in name or "event" in name or "unseen" in name for name in lost)
    each = storage.read_buckets(REPRO.contributions)
    assert each.select(pl.all_horizontal(pl.col(name) == 0 for name in lost).all()).item(), "they brought nothing"
    added = each.select(pl.sum_horizontal(pl.exclude("customer_id", "log_odds"))).to_series()
    assert added.to_list() == pytest.approx(each["log_odds"].to_list())
    families = storage.read_buckets(REPRO.scores, ["reason_1_family"])["reason_1_family"]
    assert "engagement" not in families.to_list()


def test_without_a_feed_a_simple_rule_may_be_better_and_then_there_is_no_list(copy_of_shop, monkeypatch):
    day, settings = date(2024, 7, 2), params.load()
    without_visits_since("2024-06-20")
    real = data_checks.without
    better = {rule: {"auc": 0.999} for rule in data_checks.RULES}
    monkeypatch.setattr(data_checks, "without", lambda feeds, known, verdict: real(feeds, known, verdict | better))
    with pytest.raises(
        errors.ModelRefused, match=r"without events the model ranks worse \(AUC 0.*\) than .* does with orders"
    ):
        weekly.run(settings, day, replace=False, dry_run=False)
    assert not REPRO.week(day).exists()


def test_a_grade_that_does_not_ship_while_a_feed_is_down_holds_the_list_back(copy_of_shop, monkeypatch):
    day, settings = date(2024, 7, 2), params.load()
    without_visits_since("2024-06-20")
    real = verdict.in_state
    monkeypatch.setattr(verdict, "in_state", lambda report, tables: real(_worthless(report, tables), tables))
    with pytest.raises(errors.ModelRefused, match=r"This is the grade without events; .* No list is made with it"):
        weekly.run(settings, day, replace=False, dry_run=False)
    assert not REPRO.week(day).exists()


def _worthless(report: dict, tables: str | None) -> dict:
    assert tables == "events"
    return report | {"without": {tables: report["without"][tables] | {"grade": "F", "ship": False}}}


def test_a_past_that_has_changed_stops_the_list_until_somebody_answers_for_it(copy_of_shop):
    day, settings = date(2024, 7, 2), params.load()
    with pytest.raises(errors.BadParams, match="--accept history_shrunk: .* did you mean 'history_shrank'"):
        weekly.run(settings, day, replace=False, dry_run=False, accepted=["history_shrunk"])
    for file in Path("raw").glob("orders-*.csv"):
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        file.write_text("".join(line for line in lines if ",2024-03-" not in line), encoding="utf-8")
    with pytest.raises(
        errors.StaleInput, match="transactions: .* rows of 2024-03 last time, 0 now .*--accept history_shrank"
    ):
        weekly.run(settings, day, replace=False, dry_run=False)
    assert not REPRO.week(day).exists()
    meant = ["history_shrank", "amounts_changed", "customers_changed"]
    line = weekly.run(settings, day, replace=False, dry_run=False, accepted=meant)
    assert "rows of 2024-03 last time, 0 now" in line
    page = (REPRO.week(day) / "risk_list.html").read_text(encoding="utf-8")
    assert page.count("<dt>Be careful</dt>") == len(meant)
    report = json.loads((REPRO.week(day) / "run_report.json").read_text(encoding="utf-8"))["drift"]
    assert report["since"] == "2024-07-01"
    assert {one["kind"] for one in report["findings"]} >= {*meant} and not any(
        one["stops"] for one in report["findings"]
    )
    # What was let through is the past now, and widens no limit.
    profile = json.loads((REPRO.week(day) / "data_profile.json").read_text(encoding="utf-8"))
    assert "history_shrank transactions" not in profile["effects"]
