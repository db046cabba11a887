"""The packaged prior: the file is as it was made, it knows no unit, explains itself, and believes outcomes as it should."""

import dataclasses
import json
import math
import re

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from pipeline.config import params
from pipeline.config.errors import ModelRefused
from pipeline.examples.features import amounts, declared
from pipeline.model import calibration, gbm, packaged_prior
from pipeline.model.additive_logistic import AdditiveLogistic
from pipeline.model.packaged_prior import FEATURES, FILE, PackagedPrior
from pipeline.reasons import ensemble_contributions
from pipeline.tables import storage
from pipeline.value import purchase_process
from tests.model.examples import make_examples
from tests.profiles import examples

TEXT = FILE.read_text(encoding="utf-8")
SAVED = json.loads(TEXT)
PRIOR = PackagedPrior.from_dict(SAVED)
SETTLED = dataclasses.replace(PRIOR, ageing=dataclasses.replace(PRIOR.ageing, move=0.0))
DIGITS = [match.start() for match in re.finditer(r"\d", TEXT)]


def test_the_committed_file_is_of_this_release_and_small():
    assert len(TEXT) < 4000, "people can read it"
    assert SAVED["companies"] == PRIOR.companies >= 200
    assert SAVED["command"] == f"python -m benchmarks.cold_start_prior --companies {PRIOR.companies}"
    assert 0 < PRIOR.ageing.lasting <= PRIOR.ageing.drift < PRIOR.level_spread < 1
    assert 0 < PRIOR.ageing.move < 1, "a longer past makes everybody look safer than they are"
    assert list(SAVED["lines"]) == list(FEATURES)


@given(st.sampled_from(DIGITS), st.integers(1, 9))
@examples(200)
def test_a_file_with_one_digit_changed_is_refused(place, by):
    digit = str((int(TEXT[place]) + by) % 10)
    with pytest.raises(ModelRefused):
        PackagedPrior.from_dict(storage.parse_json(TEXT[:place] + digit + TEXT[place + 1 :], "here", ModelRefused))


@pytest.mark.parametrize("change", [{"format": 1}, {"lines": {}}])
def test_a_file_of_another_release_is_refused(change):
    content = {name: value for name, value in SAVED.items() if name != packaged_prior.DIGEST} | change
    with pytest.raises(ModelRefused, match="another release"):
        PackagedPrior.from_dict(content | {packaged_prior.DIGEST: packaged_prior.digest(content)})


def test_it_goes_by_nothing_with_a_unit():
    features = declared(params.load().features)
    units = {feature.name: feature.unit for feature in [*features, purchase_process.P_NO_PURCHASE]}
    assert [units[name] for name in FEATURES] == ["share", "ratio", "ratio", "days"]
    assert FEATURES[3] == "order_days_ever", "which is a number of days with an order, and no length of time"
    assert not set(FEATURES) & amounts.resting_on_amounts(features)


def test_longer_silence_is_more_risk_and_more_orders_are_less():
    """Both ratios rise together: what their lines add up to must rise as well, however it is shared out."""
    chance, usual, longest, orders = PRIOR.regression.lines
    silence = np.linspace(0, 4, 50)
    together = usual.evaluate(silence) + longest.evaluate(silence / 1.5)
    assert together[-1] > together[0] + 0.5
    assert np.all(np.diff(chance.effects) > -0.01)
    assert orders.effects[-1] < orders.effects[0]


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    return make_examples(300, 1)


def test_its_contributions_are_its_lines_and_add_up(rows):
    ensemble = PRIOR.ensemble(rows, (0, 30))
    matrix = ensemble.matrix(rows)
    contributions = ensemble_contributions.contributions(ensemble, matrix)
    np.testing.assert_allclose(contributions.sum(axis=1), ensemble.margins(rows), rtol=0, atol=1e-9)
    # By hand, from the file: a straight line between two cuts, level beyond, and a number of its own where none is known.
    for place, name in enumerate(FEATURES):
        line, value = SAVED["lines"][name], matrix[:, place]
        wanted = np.where(np.isnan(value), line["missing"], np.interp(value, line["cuts"], line["effects"]))
        np.testing.assert_allclose(contributions[:, place], wanted, rtol=0, atol=1e-12)
    np.testing.assert_allclose(contributions[:, -1], SAVED["base"])


def test_no_outcome_and_no_amount_moves_its_ranking(rows):
    log_odds = PRIOR.ensemble(rows, (0, 30)).margins(rows)
    turned = rows.with_columns(churned=1 - pl.col("churned"), spend_365d=pl.col("spend_365d") * 100)
    np.testing.assert_array_equal(PRIOR.ensemble(turned, (0, 30)).margins(turned), log_odds)


def test_trees_that_say_nothing_are_a_model_like_others():
    booster = gbm.from_text(gbm.to_text(gbm.no_trees(["a", "b"])))
    assert gbm.log_odds(booster, np.array([[1.0, math.nan], [-3.0, 2.0]])).tolist() == [0.0, 0.0]


# ------------------------------------------------------------------------------------------- what outcomes are worth


def drawn(number: int, level: float, slope: float, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    dice = np.random.default_rng(seed)
    log_odds = dice.normal(-0.5, 1.2, number)
    return log_odds, (dice.random(number) < expit(level + slope * log_odds)).astype(np.int8)


@given(st.integers(0, 2**32 - 1), st.integers(20, 2000), st.floats(-2, 2), st.floats(0, 3), st.floats(1, 9))
@examples(30)
def test_the_curve_is_where_the_posterior_is_highest(seed, number, level, slope, windows):
    log_odds, churned = drawn(number, level, slope, seed)
    curve = PRIOR.learnt_curve(log_odds, churned, windows)
    assert curve.slope > 0, "the ranking stays"
    middle = log_odds.mean()
    # The slopes of the log-posterior along level and log-slope, written out; the move is for later windows.
    then = curve.intercept - SAVED["level_move"] / windows
    off = churned - expit(then + curve.slope * log_odds)
    moved = then + curve.slope * middle - middle
    assert off.sum() == pytest.approx(moved / PRIOR.level_spread**2, abs=1e-4)
    along = float((off * curve.slope * (log_odds - middle)).sum())
    assert along == pytest.approx(math.log(curve.slope) / PRIOR.log_slope_spread**2, abs=1e-4)


def test_few_outcomes_leave_the_prior_and_many_outweigh_it():
    log_odds, churned = drawn(100_000, 0.9, 1.6)
    many, alone = SETTLED.learnt_curve(log_odds, churned, 1.0), calibration.fit(log_odds, churned)
    assert many.slope == pytest.approx(alone.slope, rel=2e-3)
    assert many.intercept == pytest.approx(alone.intercept, abs=2e-3)
    later = math.sqrt(PRIOR.ageing.drift**2 + 7 / 8 * 2 * (0.2**2 + 0.1**2))
    assert many.level_error == pytest.approx(later, abs=2e-3), "tomorrow may be different all the same"
    few = SETTLED.learnt_curve(log_odds[:2], np.array([0, 1], dtype=np.int8), 1.0)
    assert abs(few.slope - 1) < 0.2 and abs(few.intercept) < 0.2
    assert PRIOR.level_spread < few.level_error < PRIOR.level_spread + later
    assert PRIOR.curve().level_error == PRIOR.level_spread, "before any outcome"


def test_the_level_is_as_sure_as_prior_and_outcomes_make_it():
    log_odds, churned = np.full(400, logit(0.25)), np.repeat(np.array([0, 1], dtype=np.int8), [300, 100])
    curve = SETTLED.learnt_curve(log_odds, churned, 1.0)
    # A quarter was expected and came: nothing moves, and 400 * .25 * .75 is what the outcomes say of the level.
    assert curve.probability(log_odds)[0] == pytest.approx(0.25)
    wanted = math.sqrt(1 / (1 / PRIOR.level_spread**2 + 75) + PRIOR.ageing.drift**2 + 0.0875)
    assert curve.level_error == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("days", [14, 30, 90, 182, 365])
def test_what_lasts_is_what_two_windows_share_of_a_season_that_may_be_there(days):
    """By draws: waves of any phase in seven of eight companies, seen from a window somewhere in the year."""
    dice = np.random.default_rng(days)
    number = 400_000
    there = dice.random(number) < 7 / 8
    # Two windows so many days apart, beside one that lies anywhere in the year.
    first, other = dice.uniform(0, 365.25, (2, number))
    missed = np.zeros((2, number))
    for times, spread in ((1, 0.2), (2, 0.1)):
        cosine, sine = dice.normal(0, spread, (2, number)) * there
        for place, day in enumerate((first, first + days)):
            angles = [2 * math.pi * times * one / 365.25 for one in (day, other)]
            waves = [cosine * np.cos(angle) + sine * np.sin(angle) for angle in angles]
            missed[place] += waves[0] - waves[1]
    shared = float(np.mean(missed[0] * missed[1]))
    assert packaged_prior.unseen_season(days) == pytest.approx(shared, abs=1e-3)
    curve = calibration.Calibration(1.0, 0.0, None, 0.5)
    wanted = 0.25 - PRIOR.ageing.drift**2 - 0.0875 + PRIOR.ageing.lasting**2 + packaged_prior.unseen_season(days)
    assert PRIOR.lasting_error(curve, days) == pytest.approx(math.sqrt(wanted), abs=1e-6)


def test_the_longer_the_past_the_less_is_still_to_come():
    log_odds, churned = drawn(300, 0.2, 1.0)
    curves = {windows: PRIOR.learnt_curve(log_odds, churned, windows) for windows in (1.0, 2.0, 4.0)}
    for windows, curve in curves.items():
        assert curve.intercept == pytest.approx(
            SETTLED.learnt_curve(log_odds, churned, 1.0).intercept + SAVED["level_move"] / windows, abs=1e-9
        )
        assert curve.slope == curves[1.0].slope


def test_a_prior_of_no_spread_believes_nothing():
    stubborn = dataclasses.replace(
        PRIOR, regression=AdditiveLogistic(0.0, []), level_spread=1e-4, log_slope_spread=1e-4
    )
    curve = stubborn.learnt_curve(*drawn(500, 2.0, 0.1), 1e9)
    assert curve.slope == pytest.approx(1, abs=1e-4) and curve.intercept == pytest.approx(0, abs=1e-4)
