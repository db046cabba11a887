"""Split, figures, calibration and the rules to beat: each against numbers worked out by hand."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from pipeline.config.errors import BadData, ModelRefused, NotEnoughData
from pipeline.config.params import Label
from pipeline.config.paths import Paths
from pipeline.evaluation import baselines, metrics, report
from pipeline.examples.features import Feature, Formula
from pipeline.examples.snapshots import outcome_window
from pipeline.model import additive_logistic, artefacts, calibration, gbm, split
from pipeline.model.ensemble import Ensemble


@given(st.sets(st.integers(0, 400), min_size=1, max_size=40), st.integers(0, 20), st.integers(1, 60))
def test_no_outcome_window_overlaps_a_later_part(days, gap, horizon):
    label = Label(kind="inactivity", gap_days=gap, horizon_days=horizon)
    complete = [date(2024, 1, 1) + timedelta(days=day) for day in days]
    try:
        parts = split.by_time(complete, label)
    except NotEnoughData as refused:
        assert "days apart" in str(refused)
        return
    assert parts.test == max(complete), "the last complete snapshot judges"
    assert outcome_window(parts.validation, label).end <= parts.test
    assert all(outcome_window(day, label).end <= parts.validation for day in parts.train)
    left_out = set(complete) - {*parts.train, parts.validation, parts.test}
    assert all(outcome_window(day, label).end > parts.validation for day in left_out), "no snapshot is wasted"
    assert parts.train


@given(st.sets(st.integers(0, 400), min_size=1, max_size=40), st.integers(0, 20), st.integers(1, 60), st.integers(1, 4))
def test_every_origin_is_the_split_of_its_own_time(days, gap, horizon, least):
    label = Label(kind="inactivity", gap_days=gap, horizon_days=horizon)
    complete = sorted(date(2024, 1, 1) + timedelta(days=day) for day in days)
    found = split.cutoffs(complete, label, least)
    assert len({cutoff.test for cutoff in found}) == len(found)
    for cutoff in found:
        assert len(cutoff.train) >= least
        assert cutoff == split.by_time([day for day in complete if day <= cutoff.test], label)
    for test in set(complete) - {cutoff.test for cutoff in found}:
        try:
            left_out = split.by_time([day for day in complete if day <= test], label)
        except NotEnoughData:
            continue
        assert len(left_out.train) < least, "no origin is wasted"


def test_too_few_snapshots_are_refused_with_what_is_needed():
    label = Label(kind="inactivity", gap_days=0, horizon_days=30)
    with pytest.raises(
        NotEnoughData, match=r"2 complete snapshots \(2024-01-01 to 2024-01-31\) hold 2 that are 30 days"
    ):
        split.by_time([date(2024, 1, 1), date(2024, 1, 31)], label)
    with pytest.raises(NotEnoughData, match="or model.prior: packaged$"):
        split.by_time([date(2024, 1, 1)], label)
    with pytest.raises(NotEnoughData, match=r"0 complete snapshots \(none\).*; model.prior: packaged needs 1$"):
        split.by_time([], label)


CHURNED = np.array([1, 0, 1, 0, 0, 0, 0, 0, 0, 0], dtype=np.int8)
SCORE = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0])


@pytest.mark.parametrize(
    ("share", "length", "found", "lift", "capture"),
    [(0.1, 1, 1, 5.0, 0.5), (0.2, 2, 1, 2.5, 0.5), (0.3, 3, 2, 10 / 3, 1.0), (0.01, 1, 1, 5.0, 0.5), (1.0, 10, 2, 1.0, 1.0),
     (0.11, 2, 1, 2.5, 0.5)],
)  # fmt: skip
def test_lift_and_capture(share, length, found, lift, capture):
    assert metrics.top(CHURNED, SCORE, share) == (length, found)
    assert metrics.lift(CHURNED, SCORE, share) == pytest.approx(lift)
    assert metrics.capture(CHURNED, SCORE, share) == pytest.approx(capture)


@given(st.integers(0, 2**32 - 1))
def test_figures_do_not_depend_on_the_order_of_rows_even_with_equal_scores(seed):
    dice = np.random.default_rng(seed)
    churned = np.append(dice.integers(0, 2, 30), [0, 1]).astype(np.int8)
    score = np.round(dice.random(32), 1)
    order = dice.permutation(32)
    for share in (0.05, 0.1, 0.5):
        assert metrics.lift(churned, score, share) == pytest.approx(metrics.lift(churned[order], score[order], share))
    assert metrics.capture(churned, score, 1.0) == pytest.approx(1)


def test_the_summary_names_every_figure():
    found = metrics.summary(CHURNED, SCORE, [0.1, 0.2])
    assert found["auc"] == 0.9375
    assert found["average_precision"] == pytest.approx((1 + 2 / 3) / 2, abs=1e-6)
    assert found["brier"] == pytest.approx(np.mean((SCORE - CHURNED) ** 2), abs=1e-6)
    assert list(found) == ["auc", "average_precision", "brier", "lift_at_10_percent", "capture_at_10_percent",
                           "lift_at_20_percent", "capture_at_20_percent"]  # fmt: skip


def test_the_calibration_table_holds_everyone_once():
    table = metrics.calibration_table(CHURNED, SCORE, 4)
    assert table["customers"].to_list() == [3, 3, 2, 2]
    assert table["churners"].to_list() == [0, 0, 1, 1]
    assert table["expected_churners"].to_list() == [0.3, 1.2, 1.3, 1.7]
    assert table["churn_rate"].to_list() == [0, 0, 0.5, 0.5]
    assert table["mean_probability"].is_sorted()


def test_gains_rise_to_everyone():
    table = report.gains(CHURNED, {"model": SCORE, "recency_rule": 1 - SCORE})
    assert table["list_length_percent"].to_list() == list(range(1, 101))
    assert table["model"].is_sorted()
    assert table.row(99) == (100, 100, 100)
    assert table["model"][29] == 100, "both churners are among the first three of ten"


def test_calibration_finds_the_curve_that_made_the_outcomes():
    dice = np.random.default_rng(3)
    log_odds = dice.normal(-1, 2, 200_000)
    churned = (dice.random(200_000) < 1 / (1 + np.exp(-(0.5 + 0.7 * log_odds)))).astype(np.int8)
    found = calibration.fit(log_odds, churned)
    assert found.slope == pytest.approx(0.7, abs=0.02)
    assert found.intercept == pytest.approx(0.5, abs=0.02)
    assert found.probability(log_odds).mean() == pytest.approx(churned.mean(), abs=1e-5)


def test_calibration_never_turns_a_ranking_round():
    log_odds = np.linspace(-1, 1, 100)
    found = calibration.fit(log_odds, (log_odds < 0).astype(np.int8))
    assert found.slope > 0
    assert found.probability(log_odds).mean() == pytest.approx(0.5, abs=1e-3)


def table(**columns: list) -> pl.DataFrame:
    rows = len(next(iter(columns.values())))
    empty = {name: [1.0] * rows for name in {*baselines.RECENCY_RULES, *baselines.RFM}}
    return pl.DataFrame(empty | columns)


def test_the_recency_rule_is_the_best_of_its_kind_on_the_training_rows():
    days = [1, 2, 3, 4, 5, 6]
    rhythm = [9.0, 8.0, 1.0, 1.5, None, 0.5]
    features = table(days_since_last_order=days, days_since_last_order_per_usual_gap=rhythm)
    churned = np.array([1, 1, 0, 0, 0, 0], dtype=np.int8)
    rule = baselines.RecencyRule(features, churned)
    assert rule.rule == "days_since_last_order_per_usual_gap"
    found = rule.probability(features)
    assert roc_auc_score(churned, found) == 1
    assert ((found >= 0) & (found <= 1)).all()
    opposite = baselines.RecencyRule(features, 1 - churned)
    assert opposite.rule == "days_since_last_order"


def test_a_rule_keeps_its_ranking_where_its_rates_are_equal():
    features = table(**{key: [1, 2, 3, 4] for key in baselines.RECENCY_RULES})
    rule = baselines.RecencyRule(features, np.array([1, 1, 0, 0], dtype=np.int8))
    assert (np.diff(rule.probability(features)) > 0).all()


def test_the_logistic_baseline_learns_the_direction():
    dice = np.random.default_rng(1)
    days = dice.integers(1, 90, 2000)
    churned = (dice.random(2000) < days / 100).astype(np.int8)
    features = table(days_since_last_order=days.tolist(), spend_365d=[None] + [5.0] * 1999)
    found = baselines.RfmLogistic(features, churned).probability(features)
    assert np.corrcoef(found, days)[0, 1] > 0.9
    assert found.mean() == pytest.approx(churned.mean(), abs=0.01)


COLUMNS = [Feature(name, "days", "recency", Formula("0"), "") for name in "abc"]


@pytest.fixture(scope="module")
def fitted(settings_model):
    dice = np.random.default_rng(0)
    X = dice.random((3000, 3))
    X[dice.random((3000, 3)) < 0.1] = np.nan
    y = (dice.random(3000) < np.nan_to_num(X[:, 0], nan=0.5)).astype(np.int8)
    return gbm.fit((X[:2000], y[:2000]), (X[2000:], y[2000:]), COLUMNS, settings_model), X


@pytest.fixture(scope="module")
def settings_model(settings):
    return settings.model.model_copy(update={"max_trees": 60, "early_stopping_rounds": 10})


def test_the_model_survives_its_own_text_bit_for_bit(fitted):
    found, X = fitted
    text = gbm.to_text(found.booster)
    again = gbm.from_text(text)
    assert gbm.log_odds(again, X).tolist() == gbm.log_odds(found.booster, X).tolist()
    assert gbm.to_text(again) == text
    assert found.booster.num_trees() == found.best_tree
    assert "[num_threads" not in text, "what machine trained it must not change the file"


def test_the_validation_loss_is_lowest_at_the_best_tree(fitted):
    found, _ = fitted
    assert found.validation_loss[found.best_tree - 1] == min(found.validation_loss)
    assert found.train_loss[0] > found.train_loss[found.best_tree - 1]


def test_training_is_the_same_with_any_number_of_threads(settings_model, fitted):
    _found, X = fitted
    y = (np.nan_to_num(X[:, 0], nan=0.5) > 0.5).astype(np.int8)
    models = [
        gbm.to_text(gbm.fit((X, y), (X, y), COLUMNS, settings_model.model_copy(update={"num_threads": n})).booster)
        for n in (1, 2)
    ]
    assert models[0] == models[1]


def test_parts_of_a_model_round_trip_and_wrong_ones_are_refused(fitted, settings, tmp_path):
    found, X = fitted
    card = {"features": [{"name": name, "family": "recency"} for name in "abc"]}
    lines = additive_logistic.fit(X, (np.nan_to_num(X[:, 0]) > 0.5).astype(np.int8), settings.model.additive_logistic)
    ensemble = Ensemble(list("abc"), found.booster, lines, 0.5, None, (0, 30))
    curves = calibration.Calibration(0.9, -0.1), calibration.Calibration(0.8, 0.1)
    model = artefacts.ChurnModel(ensemble, *curves, card)
    at = Paths(models=tmp_path / "models")
    artefacts.save(model, at)
    again = artefacts.load(at.models)
    rows = pl.DataFrame({name: X[:, i] for i, name in enumerate("abc")}).fill_nan(None)
    assert again.probability(rows).tolist() == model.probability(rows).tolist()
    assert again.evaluated_probability(rows).tolist() == model.evaluated_probability(rows).tolist()
    assert again.evaluated_probability(rows).tolist() != model.probability(rows).tolist()
    assert ((again.probability(rows) > 0) & (again.probability(rows) < 1)).all()
    with pytest.raises(BadData, match="the model needs 1 features that the data cannot carry, such as b"):
        again.probability(rows.drop("b"))
    at.model_text.write_text("tree\nnonsense")
    with pytest.raises(ModelRefused, match=r"churn\.txt: is no model"):
        artefacts.load(at.models)
    with pytest.raises(BadData, match="not found; train first: dvc repro"):
        artefacts.load(tmp_path)
