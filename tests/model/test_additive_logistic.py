"""The wide logistic regression: exact contributions, level ends, a place for what is missing, and the same file twice."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.params import AdditiveLogisticSettings as Settings
from pipeline.model import additive_logistic
from tests.model.examples import FEATURES, LABEL, make_examples

SETTINGS = Settings(share=0.5, cuts=5, l2=10.0, max_rows=100_000)


def made(rows: int = 5000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    dice = np.random.default_rng(seed)
    x = dice.normal(size=(rows, 3))
    x[dice.random((rows, 3)) < 0.1] = np.nan
    odds = np.nan_to_num(x[:, 0], nan=2.0) - 0.5 * np.abs(np.nan_to_num(x[:, 1]))
    return x, (dice.random(rows) < 1 / (1 + np.exp(-odds))).astype(np.int8)


def test_it_finds_the_bends_that_made_the_outcomes():
    x, y = made(40_000)
    first, second, third = additive_logistic.fit(x, y, SETTINGS).lines
    assert (np.diff(first.effects) > 0).all(), "more of the first raises the odds"
    assert first.missing > first.effects[-2], "who has none of it is as risky as those with most"
    assert second.effects[len(second.effects) // 2] > max(second.effects[0], second.effects[-1]) + 0.5, "an arch"
    assert np.abs(third.effects).max() < 0.25, "nothing there to find"


@given(st.integers(0, 2**32 - 1))
def test_contributions_add_up_to_the_margin_and_are_nought_on_average(seed):
    x, y = made(400, seed % 1000)
    found = additive_logistic.fit(x, y, SETTINGS)
    each = found.contributions(x)
    assert np.allclose(each.sum(axis=1), found.log_odds(x), atol=1e-12)
    assert np.allclose(each[:, :-1].mean(axis=0), 0, atol=1e-6)
    assert (each[:, -1] == found.base).all()


def test_beyond_the_outer_cuts_the_effect_stays_level():
    x, y = made()
    found = additive_logistic.fit(x, y, SETTINGS)
    far = np.array([[1e9, -1e9, 0.0], [1e12, -1e12, 0.0]])
    assert found.log_odds(far)[0] == found.log_odds(far)[1]
    x[:9, 0], x[9:20, 0] = np.inf, -np.inf
    assert np.isfinite(additive_logistic.fit(x, y, SETTINGS).log_odds(x)).all()


def test_a_column_that_never_varies_or_is_never_there_says_nothing():
    x, y = made()
    x = np.column_stack([x, np.full(len(x), 7.0), np.full(len(x), np.nan)])
    found = additive_logistic.fit(x, y, SETTINGS)
    assert np.abs(found.contributions(x)[:, [3, 4]]).max() < 1e-9


def test_it_survives_json_bit_for_bit():
    x, y = made()
    found = additive_logistic.fit(x, y, SETTINGS)
    again = additive_logistic.AdditiveLogistic.from_dict(found.as_dict(["a", "b", "c"]))
    assert again.log_odds(x).tolist() == found.log_odds(x).tolist()


def test_the_same_rows_give_the_same_numbers_whatever_the_threads():
    from threadpoolctl import threadpool_limits

    x, y = made()
    with threadpool_limits(2):
        two = additive_logistic.fit(x, y, SETTINGS).as_dict(["a", "b", "c"])
    with threadpool_limits(1):
        one = additive_logistic.fit(x, y, SETTINGS).as_dict(["a", "b", "c"])
    assert one == two


def test_many_rows_are_thinned_evenly():
    x, y = made(20_000)
    few = additive_logistic.fit(x, y, SETTINGS.model_copy(update={"max_rows": 5000}))
    assert few.as_dict(["a", "b", "c"]) == additive_logistic.fit(x[::4], y[::4], SETTINGS).as_dict(["a", "b", "c"])


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_contributions_of_the_blend_add_up_to_its_margin(share, settings):
    from pipeline.model import training
    from pipeline.reasons import ensemble_contributions
    from pipeline.reasons.treeshap.explainer import Explainer

    examples = make_examples(300, 3)
    days = examples["snapshot"].unique().sort()
    train_examples, judge = (examples.filter(examples["snapshot"] == day) for day in days[:2])
    small = {"max_trees": 30, "additive_logistic": settings.model.additive_logistic.model_copy(update={"share": share})}
    trained = training.train(train_examples, judge, FEATURES, LABEL, settings.model.model_copy(update=small))
    matrix = trained.ensemble.matrix(examples)
    found = ensemble_contributions.contributions(trained.ensemble, matrix)
    assert found.shape == (len(examples), len(FEATURES) + 2), "with the rhythm and the base"
    assert np.abs(found.sum(axis=1) - trained.ensemble.log_odds(matrix)).max() < 1e-9
    if share == 0.0:
        assert trained.ensemble.additive_logistic is None
        assert found.tolist() == Explainer(trained.ensemble.trees).contributions(matrix).tolist()
    if share == 1.0:
        assert np.allclose(found, trained.ensemble.additive_logistic.contributions(matrix))


def test_what_never_varies_has_no_effect_and_changes_no_other():
    x, y = made(2000)
    constant = np.column_stack([x, np.full(len(x), 3.0), np.full(len(x), np.nan)])
    plain, wider = additive_logistic.fit(x, y, SETTINGS), additive_logistic.fit(constant, y, SETTINGS)
    assert (wider.log_odds(constant) == plain.log_odds(x)).all()
    for line in wider.lines[3:]:
        assert not line.effects.any() and line.missing == 0.0
    alone = additive_logistic.fit(constant[:, 3:], y, SETTINGS)
    assert alone.log_odds(constant[:, 3:]) == pytest.approx(np.log(y.mean() / (1 - y.mean())), abs=1e-7)
