"""Figures with weights agree with scikit-learn, and intervals hold the truth as often as they say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from pipeline.evaluation import bootstrap, metrics
from pipeline.evaluation.bootstrap import Interval, Ranked, ScoredSnapshot
from tests.profiles import examples as few

SHARES = [0.05, 0.2]


def drawn(seed: int, rows: int = 60) -> tuple[np.ndarray, np.ndarray]:
    dice = np.random.default_rng(seed)
    churned = np.append(dice.integers(0, 2, rows), [0, 1]).astype(np.int8)
    return churned, np.round(np.clip(dice.random(rows + 2) * 0.7 + 0.3 * churned, 0, 1), 1)


def figures(churned: np.ndarray, probability: np.ndarray, weights: np.ndarray) -> dict[str, float]:
    return dict(zip(bootstrap.names(SHARES), Ranked(churned, probability).values(weights, SHARES), strict=True))


@few(100)
@given(st.integers(0, 2**32 - 1))
def test_unweighted_figures_are_those_of_the_summary(seed):
    churned, probability = drawn(seed)
    found = figures(churned, probability, np.ones(len(churned)))
    for name, value in metrics.summary(churned, probability, SHARES).items():
        assert found[name] == pytest.approx(value, abs=1e-6), name


@few(100)
@given(st.integers(0, 2**32 - 1))
def test_a_weight_is_as_good_as_a_copy(seed):
    churned, probability = drawn(seed)
    weights = np.random.default_rng(seed).integers(0, 4, len(churned))
    copies = np.repeat(np.arange(len(churned)), weights)
    found = figures(churned, probability, weights.astype(float))
    if churned[copies].min() == churned[copies].max():
        assert np.isnan(found["auc"])
        return
    assert found["auc"] == pytest.approx(roc_auc_score(churned[copies], probability[copies]))
    assert found["average_precision"] == pytest.approx(average_precision_score(churned[copies], probability[copies]))
    for share in SHARES:
        assert found[f"lift_at_{share * 100:g}_percent"] == pytest.approx(
            metrics.lift(churned[copies], probability[copies], share)
        )


def test_an_interval_holds_the_true_auc_about_95_times_in_100():
    """Scores of churners N(1, 1), of the others N(0, 1): the true AUC is Phi(1 / sqrt 2) = 0.7602."""
    hits = 0
    for seed in range(100):
        dice = np.random.default_rng(seed)
        churned = (dice.random(300) < 0.3).astype(np.int8)
        score = 1 / (1 + np.exp(-(dice.normal(size=300) + churned)))
        part = ScoredSnapshot("", np.arange(300), churned, {"model": score})
        found = bootstrap.resample([part], [], 200).interval("model", "auc")
        hits += found.low <= 0.76025 <= found.high
    assert 88 <= hits <= 100


def test_rows_of_one_customer_are_no_independent_witnesses():
    """Nine copies of everybody make the interval no narrower, since customers are drawn, not rows."""
    dice = np.random.default_rng(0)
    churned = (dice.random(200) < 0.3).astype(np.int8)
    score = dice.random(200) * 0.5 + churned * 0.2
    once = [ScoredSnapshot("", np.arange(200), churned, {"model": score})]
    many = [ScoredSnapshot(str(at), np.arange(200), churned, {"model": score}) for at in range(9)]
    one, nine = (bootstrap.resample(parts, [], 200).interval("model", "auc") for parts in (once, many))
    assert nine.value == pytest.approx(one.value)
    assert (nine.low, nine.high) == pytest.approx((one.low, one.high))


def test_a_paired_difference_is_surer_than_two_intervals():
    dice = np.random.default_rng(0)
    churned = (dice.random(1000) < 0.3).astype(np.int8)
    base = dice.normal(size=1000) + churned
    scored = {"model": 1 / (1 + np.exp(-base)), "other": 1 / (1 + np.exp(-(base + dice.normal(size=1000) * 0.6)))}
    found = bootstrap.resample([ScoredSnapshot("", np.arange(1000), churned, scored)], [], 300)
    gain = found.difference("model", "other", "auc")
    model, other = (found.interval(name, "auc") for name in scored)
    assert gain.value == pytest.approx(model.value - other.value)
    assert gain.low > 0, "certain when paired"
    assert model.low < other.high, "and not when each is taken alone"


def test_the_same_rows_give_the_same_interval():
    churned, probability = drawn(5)
    part = ScoredSnapshot("", np.arange(len(churned)), churned, {"model": probability})
    assert bootstrap.resample([part], SHARES, 50).summary("model") == bootstrap.resample([part], SHARES, 50).summary(
        "model"
    )


def test_what_is_no_number_is_none():
    assert Interval(float("nan"), float("nan"), 0.1234567).as_dict() == {"value": None, "low": None, "high": 0.123457}
