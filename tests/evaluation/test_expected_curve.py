"""The curve to expect of a list: sums by hand, and companies whose season is drawn."""

import math
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from pipeline.evaluation import expected_curve
from pipeline.evaluation.expected_curve import AS_IT_IS, YEAR, YEAR_ERROR
from pipeline.evaluation.expected_performance import expect, expected_auc
from pipeline.model.past_curves import PastCurve, PastCurves

JANUARY = date(2023, 1, 2)
# Every four weeks of a year, the slope rising by 0.1 each time.
YEAR_OF = PastCurves(tuple(PastCurve(JANUARY + timedelta(days=28 * n), -0.01 * n, 0.1 * n) for n in range(13)), 0.24)
Q = YEAR_ERROR


@pytest.mark.parametrize(
    ("weeks", "shift", "log_slope"),
    [
        (52, 0.0, 0.0),
        (56, -0.01, 0.1),
        (58, -0.015, 0.15),  # between two snapshots
        (52 + 50, -0.12, 1.2),  # two weeks after the last one known
        (104, -0.12, 1.2),  # a year before it would be four weeks after the last: near enough
        (105, 0.0 - 0.0025, 0.025),  # beyond that, two years before: a quarter of the way between the first two
    ],
)
def test_it_is_that_of_a_year_before(weeks, shift, log_slope):
    found = expected_curve.expect(JANUARY + timedelta(weeks=weeks), YEAR_OF)
    assert found.shift == pytest.approx(shift, abs=1e-6)
    assert math.log(found.slope) == pytest.approx(log_slope, abs=1e-5)
    assert found.log_slope_error == pytest.approx(math.sqrt(Q**2 + 0.24**2 / 12), abs=1e-6)


def test_before_a_year_is_known_it_is_the_mean_as_unsure_as_they_differ():
    found = expected_curve.expect(JANUARY + timedelta(weeks=40), YEAR_OF)
    assert (found.shift, math.log(found.slope)) == pytest.approx((-0.06, 0.6), abs=1e-5)
    # The variance of 0, 0.1 to 1.2 is 0.01 * (13^2 - 1) / 12.
    assert found.log_slope_error == pytest.approx(math.sqrt(Q**2 + 0.14 + 0.24**2 / 12), abs=1e-6)


@pytest.mark.parametrize(("error", "part"), [(0.0, 1.0), (0.1, 1 - 0.01 / 0.14), (0.2, 1 - 0.04 / 0.14), (0.5, 0.0)])
def test_what_chance_may_have_made_of_the_curves_is_no_season(error, part):
    """The variance of 0, 0.1 to 1.2 is 0.14; the mean 0.6, and that of the shifts -0.06."""
    unsure = PastCurves(tuple(PastCurve(one.day, one.shift, one.log_slope, error) for one in YEAR_OF.curves))
    found = expected_curve.expect(JANUARY + timedelta(weeks=56), unsure)
    assert math.log(found.slope) == pytest.approx(0.6 - part * 0.5, abs=1e-5)
    assert found.shift == pytest.approx(-0.06 + part * 0.05, abs=1e-6)


@pytest.mark.parametrize(("lists", "part"), [(1, 1 / 2), (2, 2 / 3), (9, 9 / 10)])
def test_lists_that_are_over_move_it_the_more_the_more_they_are(lists, part):
    day = JANUARY + timedelta(weeks=56)
    over = [PastCurve(JANUARY + timedelta(weeks=52), 0.3, 0.4)] * lists
    found = expected_curve.expect(day, YEAR_OF, over)
    assert (found.shift, math.log(found.slope)) == pytest.approx((-0.01 + part * 0.3, 0.1 + part * 0.4), abs=1e-5)


curves = st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=1, max_size=20)


@given(curves, st.integers(0, 200), st.lists(st.tuples(st.integers(0, 100), st.floats(-0.5, 0.5)), max_size=13))
def test_without_an_error_of_lists_it_lies_within_the_curves_known(known, weeks, over):
    past = PastCurves(tuple(PastCurve(JANUARY + timedelta(days=30 * n), *one) for n, one in enumerate(known)))
    day = JANUARY + timedelta(weeks=weeks)
    alone = expected_curve.expect(day, past)
    slopes = [slope for _, slope in known]
    assert min(slopes) - 1e-5 <= math.log(alone.slope) <= max(slopes) + 1e-5
    # Lists that were off by as much as each other move it by less than that, to the same side.
    lists = [JANUARY + timedelta(weeks=week) for week, _ in over]
    off = over[0][1] if over else 0.0
    same = [PastCurve(one, 0.0, math.log(expected_curve.expect(one, past).slope) + off) for one in lists]
    moved = math.log(expected_curve.expect(day, past, same).slope) - math.log(alone.slope)
    assert abs(moved) <= abs(off) + 1e-5
    assert moved * off >= -1e-5


def test_a_model_of_an_earlier_release_expects_its_probabilities_as_they_are():
    over = [PastCurve(JANUARY, 0.3, 0.4)]
    assert expected_curve.expect(JANUARY, PastCurves(), over) == AS_IT_IS


def test_a_season_of_the_slope_is_expected_and_the_probabilities_alone_miss_it():
    """Weeks of a second year; all probabilities have the slope of the first spring."""
    dice = np.random.default_rng(3)

    def slope(week: int) -> float:
        return 0.3 * math.sin(2 * math.pi * week / 52)

    past = PastCurves(tuple(PastCurve(JANUARY + timedelta(weeks=4 * n), 0.0, slope(4 * n)) for n in range(13)))
    near = {"expected": 0, "alone": 0, "held": 0}
    for week in range(52, 104, 4):
        log_odds = dice.normal(-0.5, 1.5, 6000)
        churned = dice.random(6000) < 1 / (1 + np.exp(-math.exp(slope(week)) * log_odds))
        probability = (1 / (1 + np.exp(-log_odds))).round(3)
        came = roc_auc_score(churned, probability)
        found = expect(probability, draws=60, curve=expected_curve.expect(JANUARY + timedelta(weeks=week), past))
        near["expected"] += abs(found.auc - came) <= 0.015
        near["alone"] += abs(expected_auc(probability) - came) <= 0.015
        near["held"] += found.auc_low <= came <= found.auc_high
    assert near["expected"] >= 12, near
    assert near["alone"] <= 8, near
    assert near["held"] >= 12, near


def test_the_auc_expected_is_that_of_the_probabilities_by_the_curve():
    probability = np.array([0.2, 0.5, 0.8])
    curve = expected_curve.ExpectedCurve(0.0, 2.0, 0.0)
    # Odds of 1/4, 1 and 4 become 1/16, 1 and 16.
    assert expect(probability, curve=curve).auc == pytest.approx(
        expected_auc(np.array([1 / 17, 0.5, 16 / 17])), abs=5e-5
    )
    assert expect(np.array([0.0, 0.5, 1.0]), curve=curve).churners == 1.5, "who is sure stays sure"


def test_an_unsure_slope_widens_the_range_of_the_auc_and_not_that_of_the_churners():
    probability = np.random.default_rng(1).beta(1, 3, 3000).round(3)
    calm, unsure = (expect(probability, curve=expected_curve.ExpectedCurve(0.1, 1.2, error)) for error in (0.0, 0.2))
    assert unsure.auc_high - unsure.auc_low > 1.3 * (calm.auc_high - calm.auc_low)
    assert (unsure.churners_low, unsure.churners_high) == (calm.churners_low, calm.churners_high)
    assert unsure.auc == calm.auc


def test_the_year_is_whole_weeks():
    assert YEAR.days % 7 == 0
