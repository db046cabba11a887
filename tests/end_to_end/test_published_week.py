"""The week that all stages made: whole, explained, and true to the raw files."""

import csv
import html
import re
import time
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pipeline import lists
from pipeline.config import params
from pipeline.config.paths import REPRO
from pipeline.evaluation import calibration_check
from pipeline.model import artefacts
from pipeline.tables import storage
from pipeline.value.expected_spend import Spend
from tests.end_to_end.helpers import WEEK, week

pytestmark = pytest.mark.end_to_end


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
    assert wider >= by_chance[1] - by_chance[0], "the level is known from the past alone"
    assert storage.read_json(REPRO.calibration)["in_use"]["level_error"] > 0


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
    assert len(silent) >= 8
    for row in silent.iter_rows(named=True):
        days = row["days_since_last_order"]
        assert row["reason_1_text"].startswith(f"Last order {days} day{'' if days == 1 else 's'} ago")
    # Evidence of a cause comes first, whatever it pushes; behind it stand the pushes, the largest first.
    pushes = ["recency", "frequency", "monetary", "tenure", "engagement", "breadth"]
    for place in (1, 2, 3):
        is_faint = pl.col("reason_1_text").str.starts_with("Nothing stands out")
        pushed = scores.filter(pl.col(f"reason_{place}_family").is_in(pushes), ~is_faint)
        assert (pushed[f"reason_{place}_contribution"] >= params.load().reasons.min_contribution).all()
    assert (scores["protects_1_contribution"].drop_nulls() < 0).all()
    both = scores.filter(pl.col("reason_1_family").is_in(pushes) & pl.col("reason_2_family").is_in(pushes))
    assert len(both) > 10
    assert (both["reason_1_contribution"] >= both["reason_2_contribution"]).all()


def test_every_listed_row_has_a_reason_or_says_that_there_is_none(shop):
    listed, actions = pl.read_parquet(week() / "risk_list.parquet"), pl.read_parquet(week() / "actions.parquet")
    scores = storage.read_buckets(REPRO.scores).select("customer_id", "log_odds", "base_log_odds")
    both = listed.join(actions.select("customer_id", "reason_1_text"), on="customer_id").join(scores, on="customer_id")
    for row in both.iter_rows(named=True):
        usual = row["log_odds"] <= row["base_log_odds"]
        unreasoned = (
            "No more at risk than is usual here" if usual else "Nothing stands out; many small influences add up"
        )
        assert row["reason_1"] == (row["reason_1_text"] or unreasoned)


def test_the_list_holds_whom_to_act_on_and_whom_to_watch(shop):
    listed, actions = pl.read_parquet(week() / "risk_list.parquet"), pl.read_parquet(week() / "actions.parquet")
    is_watched = (pl.col("risk_band") == "high") & ~pl.col("is_control")
    wanted = actions.filter(pl.col("work").is_in(["duty", "task"]) | is_watched)
    assert set(listed["customer_id"]) == set(wanted["customer_id"])
    assert {"task", "watch"} <= set(listed["work"])
    assert listed.filter(pl.col("work") == "watch")["value_at_stake"].is_sorted(descending=True)
    assert listed["action"].null_count() == 0
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


def test_whatever_counts_as_a_contact_is_in_a_file_that_somebody_receives(shop):
    """Counted from the files people and systems open, beside the decisions they come from."""
    decided = pl.concat(
        [pl.read_parquet(week() / name) for name in ("actions.parquet", "former_actions.parquet")], how="diagonal"
    )
    given = decided.filter(pl.col("playbook").is_not_null()).select("customer_id", "playbook").rows()
    received = []
    for name in ("risk_list.csv", "former_customers.csv", *pl.read_csv(week() / "audiences.csv")["file"]):
        with (week() / name).open(encoding="utf-8-sig", newline="") as lines:
            received += [(row["customer_id"], row["playbook"]) for row in csv.DictReader(lines) if row["playbook"]]
    assert sorted(received) == sorted(given)
    assert len(received) == len({customer for customer, _ in received}), "nobody is handed out twice"


def test_former_customers_are_those_who_stopped_and_nobody_else(shop):
    """Against the raw orders: no order for the days that count, but one within a year."""
    lines = [pl.read_csv(file, infer_schema_length=0) for file in Path("raw").glob("orders-*.csv")]
    orders = pl.concat(lines).filter(pl.col("paid").cast(pl.Float64) > 0)
    last = orders.group_by("customer").agg(pl.col("at").str.slice(0, 10).str.to_date().max().alias("day"))
    days = (pl.lit(WEEK) - pl.col("day")).dt.total_days()
    stopped = set(last.filter(days > 61)["customer"])
    report = storage.read_json(week() / "run_report.json")["former_customers"]
    former = pl.read_parquet(week() / "former_actions.parquet")
    assert set(former["customer_id"]) <= set(last.filter(days > 58)["customer"])
    assert len(stopped) <= report["looked_at"]["lapsed"] <= len(last.filter(days > 58))
    assert set(former["state"]) == {"lapsed"}


def test_the_verdict_stands_on_every_list_and_report(shop):
    verdict = storage.read_json(REPRO.verdict)["verdict"]
    assert re.match(r"Grade [ABC]: ship\. .* AUC 0\.\d{3} \(0\.\d{3} to 0\.\d{3}\) against 0\.\d{3}, \+0\.", verdict)
    page = html.unescape((week() / "risk_list.html").read_text())
    plain, _, figures = verdict.partition(" Checked on ")
    assert f"<dd>{plain} <details" in page and figures in page
    assert plain.count("AUC") == 0
    assert storage.read_json(week() / "run_report.json")["about"]["verdict"] == verdict
    assert f"**{verdict}**" in REPRO.model_card_page.read_text().splitlines()


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
    sent = set(pl.read_csv(week() / "audiences.csv")["file"])
    assert found == owners | sent | {
        "risk_list.csv", "risk_list.xlsx", "risk_list.html", "risk_list.parquet", "actions.parquet", "run_report.json", "data_profile.json", "data_sample.parquet", "interview_guides/en.html",
        "manifest.json", "audiences.csv", "former_customers.csv", "former_actions.parquet", "outbox.jsonl",
    }  # fmt: skip
    assert pl.read_parquet(week() / "risk_list.parquet").schema == lists.RISK_LIST
