"""What is expected of a list: against every pair counted by hand, and against what simulated customers then did."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from pipeline.evaluation import expected_performance
from pipeline.evaluation.expected_performance import expect, expected_auc


def by_pairs(probability: list[float]) -> float | None:
    """Every pair of two customers, the first of whom churns while the second stays."""
    right, pairs = 0.0, 0.0
    for i, churns in enumerate(probability):
        for j, stays in enumerate(probability):
            if i != j:
                weight = churns * (1 - stays)
                pairs += weight
                right += weight * (1.0 if churns > stays else 0.5 if churns == stays else 0.0)
    return right / pairs if pairs > 1e-12 else None


# Rounded, so that some are the same.
probabilities = st.lists(st.floats(0.001, 0.999).map(lambda one: round(one, 2) or 0.01), min_size=1, max_size=25)


@given(probabilities, st.randoms())
def test_it_is_the_share_of_pairs_in_the_right_order(probability, dice):
    expected = by_pairs(probability)
    shuffled = dice.sample(probability, len(probability))
    if expected is None:
        assert expected_auc(np.array(shuffled)) is None
    else:
        assert expected_auc(np.array(shuffled)) == pytest.approx(expected, abs=1e-9)
        assert 0.5 - 1e-9 <= expected_auc(np.array(probability)) <= 1


@pytest.mark.parametrize(("a", "b", "customers"), [(1, 4, 300), (2, 3, 2000), (0.5, 6, 2000)])
def test_it_is_the_mean_of_what_comes(a, b, customers):
    dice = np.random.default_rng(2)
    probability = dice.beta(a, b, customers)
    came = [roc_auc_score(dice.random(customers) < probability, probability) for _ in range(200)]
    error = np.std(came) / len(came) ** 0.5
    assert expected_auc(probability) == pytest.approx(np.mean(came), abs=4 * error + 0.001)


@pytest.mark.parametrize("level_error", [0.0, 0.3])
def test_the_intervals_hold_what_comes_19_times_of_20(level_error):
    """Of 150 lists 142 are expected; fewer than 134 would be chance less than once in a thousand times."""
    dice, lists = np.random.default_rng(5), 150
    held = {"auc": 0, "churners": 0}
    for _ in range(lists):
        probability = dice.beta(1, 4, 500)
        log_odds = np.log(probability / (1 - probability)) + dice.normal(0, level_error)
        churned = dice.random(500) < 1 / (1 + np.exp(-log_odds))
        found = expect(probability, level_error, draws=150)
        held["auc"] += found.auc_low <= roc_auc_score(churned, probability) <= found.auc_high
        held["churners"] += found.churners_low <= churned.sum() <= found.churners_high
    assert all(number >= 134 for number in held.values()), held
    assert held["churners"] < lists or level_error == 0, "and are no wider than they have to be"


def test_probabilities_that_do_not_hold_are_seen_once_the_outcomes_are_known():
    """It cannot know that the order is lost: it expects what the probabilities say, and what comes lies outside."""
    dice = np.random.default_rng(5)
    probability = dice.beta(1, 4, 3000)
    churned = dice.random(3000) < dice.permutation(probability)
    found = expect(probability)
    assert roc_auc_score(churned, probability) < found.auc_low


def test_very_many_are_drawn_together_and_say_the_same(monkeypatch):
    probability = np.random.default_rng(1).beta(1, 4, 4000)
    alone = expect(probability)
    monkeypatch.setattr(expected_performance, "MAX_GROUPS", 400)
    together = expect(probability)
    assert together.auc == alone.auc
    assert (together.auc_low, together.auc_high) == pytest.approx((alone.auc_low, alone.auc_high), abs=0.004)
    assert (together.churners_low, together.churners_high) == pytest.approx(
        (alone.churners_low, alone.churners_high), abs=10
    )


def test_the_order_of_customers_changes_nothing():
    dice = np.random.default_rng(1)
    probability = np.round(dice.beta(1, 4, 500), 3)
    assert expect(probability, 0.2) == expect(dice.permutation(probability), 0.2)


@pytest.mark.parametrize("probability", [[], [0.4], [0.0] * 5, [1.0] * 5])
def test_where_there_is_no_order_none_is_expected(probability):
    found = expect(np.array(probability, dtype=np.float64))
    assert (found.auc, found.auc_low, found.auc_high, found.words()) == (None, None, None, "")
    assert found.churners == sum(probability)


def test_it_is_said_in_one_sentence():
    found = expect(np.linspace(0.01, 0.99, 1000))
    assert str(found.words()) == (
        f"Of this list an AUC of {found.auc:.3f} is expected ({found.auc_low:.3f} to {found.auc_high:.3f}), and that 500 "
        f"of the 1,000 scored leave ({found.churners_low} to {found.churners_high}), if its probabilities hold and "
        "nothing is done."
    )
