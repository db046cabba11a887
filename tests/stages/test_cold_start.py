"""A shop too young to learn from: refused as it stands, ranked and graded by the packaged prior where it is asked for."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.optimize import brentq
from scipy.special import expit, logit
from sklearn.metrics import roc_auc_score

from pipeline.commands import check, weekly
from pipeline.config import params
from pipeline.config.errors import ModelRefused, NotEnoughData
from pipeline.config.paths import REPRO, Paths
from pipeline.evaluation import verdict
from pipeline.examples import labelled
from pipeline.model import artefacts, packaged_prior
from pipeline.stages import run_stage, s1_ingest, s2_examples, s3_train, s4_evaluate, s5_score
from pipeline.tables import storage
from pipeline.tracking import champion, registry
from tests.flow import run_untracked
from tests.young_shop import AS_OF, FIRST, TEST, make_young, orders

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("cold_start")]
UNTIL_TRAINED = (s1_ingest, s2_examples, s3_train)
UNTIL_SCORED = (*UNTIL_TRAINED, s5_score)


@pytest.fixture(scope="module")
def young(tmp_path_factory) -> Path:
    """The young shop after all stages."""
    folder = tmp_path_factory.mktemp("young")
    with pytest.MonkeyPatch.context() as patch:
        make_young(folder, orders())
        patch.chdir(folder)
        run_untracked(patch, params.load())
    return folder


@pytest.fixture
def inside(young, monkeypatch) -> Path:
    monkeypatch.chdir(young)
    return young


def scores() -> pl.DataFrame:
    return storage.read_buckets(REPRO.scores).sort("customer_id")


def other_shop(tmp_path, monkeypatch, bought: pl.DataFrame, stages=UNTIL_SCORED, prior: str = "packaged") -> None:
    make_young(tmp_path, bought, prior)
    monkeypatch.chdir(tmp_path)
    run_untracked(monkeypatch, params.load(), stages)


def test_without_the_prior_it_is_refused_with_the_setting_that_helps(tmp_path, monkeypatch):
    with pytest.raises(NotEnoughData, match="hold 1 that are 30 days apart; 3 are needed .* or model.prior: packaged"):
        other_shop(tmp_path, monkeypatch, orders(), UNTIL_TRAINED, prior="none")


def test_its_grade_says_what_it_is_and_holds_by_hand(inside):
    headline, report = storage.read_json(REPRO.verdict), storage.read_json(REPRO.evaluation)
    assert (headline["grade"], headline["ship"], headline["test_snapshot"]) == ("C", True, str(TEST))
    assert headline["verdict"].startswith(
        "Grade C: ship. It is the packaged prior: its ranking was learnt on simulated"
    )
    assert report["earlier"] is None
    # Who bought in the 30 days after the snapshot, from the orders themselves.
    bought = orders()
    before, after = (bought.filter(pl.col("ts").is_between(day, day + timedelta(days=29))) for day in (FIRST, TEST))
    stayed = set(after["customer_id"])
    wanted = before["customer_id"].unique().sort()
    churned = np.array([customer not in stayed for customer in wanted])
    assert (headline["customers"], headline["churners"]) == (len(wanted), churned.sum())
    model = artefacts.load(REPRO.models)
    test = labelled.read(REPRO, model.inputs, None).filter(pl.col("snapshot") == TEST)
    probability = model.evaluated_probability(test)
    assert headline["model"]["auc"] == pytest.approx(roc_auc_score(test["churned"], probability), abs=1e-6)
    # The yardstick was given the outcomes, and yet has not more than the silence that ranks best.
    rules = (roc_auc_score(test["churned"], test[name].fill_null(test["days_since_last_order"] / 30))
             for name in ("days_since_last_order_per_usual_gap", "days_since_last_order_per_longest_gap"))  # fmt: skip
    best = max(roc_auc_score(test["churned"], test["days_since_last_order"]), *rules)
    assert headline["recency_rule"]["auc"] == pytest.approx(best, abs=1e-6)


def test_the_list_and_the_card_name_it(inside):
    week = REPRO.exports / str(AS_OF)
    page = (week / "risk_list.html").read_text(encoding="utf-8")
    assert "It is the packaged prior: its ranking was learnt on simulated companies" in page
    card = REPRO.model_card_page.read_text(encoding="utf-8")
    saved = storage.read_json(packaged_prior.FILE)
    assert f"learnt on {saved['companies']} simulated companies" in card and saved["sha256"] in card
    assert "trees: 0" not in card and "what the company's own past has not taught gets no better grade" in card


def test_contributions_explain_the_whole_score(inside):
    scored, parts = scores(), storage.read_buckets(REPRO.contributions).sort("customer_id")
    assert parts.columns == ["customer_id", *packaged_prior.FEATURES, "base_log_odds", "log_odds"]
    total = parts.select(pl.sum_horizontal(*packaged_prior.FEATURES, "base_log_odds")).to_series()
    np.testing.assert_allclose(total, scored["log_odds"], rtol=0, atol=1e-6)
    curve = artefacts.load(REPRO.models).calibration
    wanted = expit(curve.intercept + curve.slope * total.to_numpy())
    np.testing.assert_allclose(scored["churn_probability"], wanted, rtol=0, atol=1e-6)
    risky = scored.filter(pl.col("risk_percentile") > 75)
    assert risky["reason_1_text"].null_count() < len(risky) / 10, "whoever is at risk has a reason"


def test_a_hundred_times_the_money_is_the_same_ranking(inside, tmp_path, monkeypatch):
    here = scores()
    other_shop(tmp_path, monkeypatch, orders().with_columns(pl.col("amount") * 100))
    columns = ["customer_id", "churn_probability", "log_odds", "base_log_odds"]
    assert scores().select(columns).equals(here.select(columns))
    assert scores()["value"].sum() > 20 * here["value"].sum()


def test_orders_of_later_days_change_nothing(inside, tmp_path, monkeypatch):
    here = scores()
    late = pl.concat([orders(), orders(days=75).filter(pl.col("ts") >= AS_OF)])
    assert len(late) > len(orders())
    other_shop(tmp_path, monkeypatch, late)
    assert scores()["log_odds"].equals(here["log_odds"])
    assert scores()["churn_probability"].equals(here["churn_probability"])


def test_outcomes_move_its_level_and_no_rank(inside, tmp_path, monkeypatch):
    """Everybody of an even number comes back after the test snapshot: the level learns it, the order of risks does not."""
    model = artefacts.load(REPRO.models)
    back = pl.col("customer_id").str.slice(-1).is_in(["0", "2", "4", "6", "8"])
    again = orders().filter(pl.col("ts") < TEST, back).unique("customer_id").with_columns(ts=pl.lit(TEST))
    other_shop(tmp_path, monkeypatch, pl.concat([orders(), again]), UNTIL_TRAINED)
    other = artefacts.load(REPRO.models)
    assert other.ensemble.additive_logistic.as_dict(other.features) == model.ensemble.additive_logistic.as_dict(
        model.features
    )
    assert (other.evaluated, other.ensemble.purchase_process) == (model.evaluated, model.ensemble.purchase_process)
    assert other.calibration.intercept < model.calibration.intercept


def test_a_shop_without_a_signal_gets_no_list(tmp_path, monkeypatch):
    other_shop(tmp_path, monkeypatch, orders("no_signal"), (*UNTIL_TRAINED, s4_evaluate))
    with pytest.raises(ModelRefused, match=r"^Grade F: do not ship. It is the packaged prior.*No list is made with it"):
        verdict.refuse_unfit(storage.read_json(REPRO.verdict))


def test_a_shop_of_rare_buyers_is_refused(tmp_path, monkeypatch):
    with pytest.raises(NotEnoughData, match="the test snapshots hold .* customers who stayed, and 20 are needed"):
        other_shop(tmp_path, monkeypatch, orders("sparse"), UNTIL_TRAINED)


def test_check_says_that_the_prior_will_rank(inside):
    assert f"graded on {TEST}" in list(check.run())[-1]


def a_list_of(day: date, bought: pl.DataFrame, folder: Path, monkeypatch) -> tuple[dict, pl.DataFrame]:
    """The run report and the decisions of a weekly list, by the model that was trained at first."""
    monkeypatch.chdir(folder)
    bought.write_parquet("raw/orders.parquet")

    def fetched(_, models: Path, verdict: Path) -> int:
        shutil.copytree(REPRO.models, models)
        verdict.parent.mkdir(parents=True)
        shutil.copy(REPRO.verdict, verdict)
        return 1

    monkeypatch.setattr(registry, "fetch_champion", fetched)
    monkeypatch.setattr(champion, "check", lambda *_, **__: None)
    weekly.run(params.load(), day, replace=True, dry_run=False)
    week = REPRO.exports / str(day)
    return storage.read_json(week / "run_report.json"), pl.read_parquet(week / "actions.parquet").sort("customer_id")


def test_its_next_list_has_the_level_that_its_finished_one_has_shown(young, tmp_path, monkeypatch):
    """By the raw orders; nothing that comes after the day of the new list moves it."""
    folder, day = tmp_path / "shop", AS_OF + timedelta(days=30)
    bought = pl.concat([orders(), orders(days=120).filter(pl.col("ts") >= AS_OF)])
    shutil.copytree(young, folder)
    first = pl.read_parquet(folder / REPRO.exports / str(AS_OF) / "actions.parquet").sort("customer_id")
    report, later = a_list_of(day, bought, folder, monkeypatch)
    model = artefacts.load(REPRO.models)
    came = ~first["customer_id"].is_in(bought.filter(pl.col("ts").is_between(AS_OF, day - timedelta(days=1)))
                                       ["customer_id"].unique().implode())  # fmt: skip
    log_odds, square = logit(first["churn_probability"].to_numpy()), model.calibration.level_error**2
    missed = brentq(lambda shift: expit(log_odds + shift).sum() - came.sum(), -5, 5)
    chance = 1 / (expit(log_odds + missed) * (1 - expit(log_odds + missed))).sum()
    lasting = model.card["prior"]["lasting_error"] ** 2
    level = report["expected"]["level"]
    assert level["of_list"] == str(AS_OF)
    assert level["shift"] == pytest.approx(missed * lasting / (square + chance), abs=1e-4)
    assert level["error"] == pytest.approx((square - lasting**2 / (square + chance)) ** 0.5, abs=1e-4)
    # The decisions are those of the model on that level, row by row, and what the list expects is their sum.
    work = Paths(Path("again"), REPRO.models)
    for stage in (s1_ingest, s2_examples):
        run_stage(stage, params.load(), work, **({"days": [day]} if stage is s2_examples else {}))
    rows = storage.read_buckets(work.examples).sort("customer_key")
    own = logit(np.sort(model.probability(rows))) + level["shift"]
    np.testing.assert_allclose(later["churn_probability"].sort(), expit(own), rtol=0, atol=2e-6)
    assert report["expected"]["churners"] == pytest.approx(expit(own).sum(), abs=1e-3)
    again = bought.filter(pl.col("ts") < day)
    assert len(again) < len(bought)
    assert a_list_of(day, again, folder, monkeypatch)[1].equals(later)
