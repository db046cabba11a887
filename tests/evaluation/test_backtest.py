"""The whole recipe at earlier times: honest in time, the same in any order, and no fit made twice."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluation import backtest
from pipeline.examples import labelled
from pipeline.model import ensemble, gbm, split, training
from tests.model.examples import FEATURES, LABEL, make_examples


def test_beside_the_rules_alone_the_model_is_the_same(settings):
    examples = make_examples(300, 5)
    quick = settings.model.model_copy(update={"max_trees": 20})
    cutoffs = split.cutoffs(sorted(examples["snapshot"].unique()), LABEL, 2)
    every, simple = (
        next(iter(judge(examples, cutoffs[-1:], FEATURES, LABEL, quick)))
        for judge in (backtest.backtest_all_models, backtest.backtest_beside_rules)
    )
    assert set(every.scored) - set(simple.scored) == {"additive_logistic", "lightgbm_default"}
    for name, probability in simple.scored.items():
        assert (probability == every.scored[name]).all(), name


def test_an_origin_knows_nothing_of_what_came_after(settings):
    """Corrupt every later row, features and outcomes: what was said at the origin stays the same, bit for bit."""
    quick = settings.model.model_copy(update={"max_trees": 30})
    examples = make_examples(200, 6)
    complete = examples["snapshot"].unique().sort().to_list()
    cutoff = split.cutoffs(complete, LABEL, 1)[0]
    assert cutoff.test < complete[-1]
    later = examples["snapshot"] > cutoff.test
    corrupt = examples.with_columns(
        churned=np.where(later, 1 - examples["churned"], examples["churned"]).astype(np.int8),
        mood=np.where(later, 1e6, examples["mood"]),
    )
    honest, after = (
        next(iter(backtest.backtest_all_models(e, [cutoff], FEATURES, LABEL, quick))) for e in (examples, corrupt)
    )
    for name, probability in honest.scored.items():
        assert probability.tolist() == after.scored[name].tolist(), name
    flipped = examples.with_columns(
        churned=np.where(examples["snapshot"] == cutoff.test, 1 - examples["churned"], examples["churned"]).astype(
            np.int8
        )
    )
    same = next(iter(backtest.backtest_all_models(flipped, [cutoff], FEATURES, LABEL, quick)))
    for name, probability in honest.scored.items():
        assert probability.tolist() == same.scored[name].tolist(), f"{name} looked at the outcomes it is judged by"


def test_models_alone_are_those_of_the_full_judgement(settings):
    quick = settings.model.model_copy(update={"max_trees": 30})
    examples = make_examples(200, 4)
    cutoffs = split.cutoffs(examples["snapshot"].unique().sort().to_list(), LABEL, 1)
    full, alone = (
        list(f(examples, cutoffs, FEATURES, LABEL, quick))
        for f in (backtest.backtest_all_models, backtest.backtest_model)
    )
    assert [part.scored["model"].tolist() for part in full] == [part.scored["model"].tolist() for part in alone]


def test_origins_beside_each_other_are_judged_as_one_after_the_other(settings):
    examples = make_examples(200, 6)
    cutoffs = split.cutoffs(examples["snapshot"].unique().sort().to_list(), LABEL, 1)
    assert len(cutoffs) > 2, "several are to run at once"
    seen = set()
    for threads in (1, 2, 3, 3):
        quick = settings.model.model_copy(update={"max_trees": 30, "num_threads": threads})
        parts = list(backtest.backtest_all_models(examples, cutoffs, FEATURES, LABEL, quick))
        assert [part.snapshot for part in parts] == [str(cutoff.test) for cutoff in cutoffs]
        seen.add(str([{name: found.tolist() for name, found in part.scored.items()} for part in parts]))
    assert len(seen) == 1


@pytest.fixture(scope="module")
def close_snapshots():
    """Snapshots half an outcome window apart, so that one cutoff's known rows are another one's training rows."""
    examples = make_examples(150, 8)
    first, step = examples["snapshot"].min(), timedelta(days=(LABEL.gap_days + LABEL.horizon_days) // 2)
    nth = (examples["snapshot"].rank("dense") - 1).cast(pl.Int64)
    days = pl.Series([first + step * number for number in nth.to_list()])
    return examples.with_columns(days.alias("snapshot"))


def probabilities(examples: pl.DataFrame, cutoffs: list[split.Split], model) -> dict[str, list[float]]:
    parts = backtest.backtest_model(examples, cutoffs, FEATURES, LABEL, model)
    return {part.snapshot: part.scored["model"].tolist() for part in parts}


@pytest.mark.parametrize("patience", [40, 8])
def test_a_fit_that_two_cutoffs_need_is_made_once_and_is_the_same(settings, close_snapshots, monkeypatch, patience):
    quick = settings.model.model_copy(update={"max_trees": 40, "early_stopping_rounds": patience, "learning_rate": 0.3})
    cutoffs = split.cutoffs(close_snapshots["snapshot"].unique().sort().to_list(), LABEL, 1)
    assert len(cutoffs) > 3
    alone = {}
    for cutoff in cutoffs:
        alone |= probabilities(close_snapshots, [cutoff], quick)
    fitted = []
    honest = training.additive_logistic.fit

    def counted(features, *others):
        fitted.append(len(features))
        return honest(features, *others)

    monkeypatch.setattr(training.additive_logistic, "fit", counted)
    assert probabilities(close_snapshots, cutoffs, quick) == alone, "to the last bit"
    known = [sum(day <= cutoff.validation for day in close_snapshots["snapshot"].unique()) for cutoff in cutoffs]
    shared = {len(cutoff.train) for cutoff in cutoffs} & set(known)
    # Where a later cutoff stopped before the best tree of the earlier one, that one grows its own.
    assert shared and 2 * len(cutoffs) - len(shared) <= len(fitted) < 2 * len(cutoffs)
    assert patience < 40 or len(fitted) == 2 * len(cutoffs) - len(shared)


def test_first_trees_are_those_of_a_shorter_training(settings, close_snapshots):
    quick = settings.model.model_copy(update={"max_trees": 30, "early_stopping_rounds": 9, "learning_rate": 0.5})
    cutoff = split.cutoffs(close_snapshots["snapshot"].unique().sort().to_list(), LABEL, 1)[-1]
    days = (cutoff.train, [cutoff.validation])
    names = [feature.name for feature in FEATURES]
    (x, y), later = (
        (ensemble.matrix(rows, names), training.outcomes(rows))
        for rows in (labelled.select_days(close_snapshots, some) for some in days)
    )
    fitted = gbm.fit((x, y), later, FEATURES, quick)
    assert fitted.best_tree < fitted.trees, "it stopped early"
    for number in (1, fitted.best_tree, fitted.trees):
        shorter = gbm.grow((x, y), number, FEATURES, quick)
        assert gbm.to_text(fitted.first_trees(number)) == gbm.to_text(shorter)


def test_no_cutoff_knows_what_came_after_it_though_fits_are_shared(settings, close_snapshots):
    """Corrupt all rows after each cutoff in turn, also those a shared fit stopped on; what it said stays the same."""
    quick = settings.model.model_copy(update={"max_trees": 25, "early_stopping_rounds": 5})
    cutoffs = split.cutoffs(close_snapshots["snapshot"].unique().sort().to_list(), LABEL, 1)
    honest = probabilities(close_snapshots, cutoffs, quick)
    for cutoff in cutoffs[:-1]:
        later = close_snapshots["snapshot"] > cutoff.test
        corrupt = close_snapshots.with_columns(
            churned=np.where(later, 1 - close_snapshots["churned"], close_snapshots["churned"]).astype(np.int8),
            mood=np.where(later, 1e6, close_snapshots["mood"]),
        )
        day = str(cutoff.test)
        assert probabilities(corrupt, cutoffs, quick)[day] == honest[day]


@given(there_are=st.integers(0, 60), most=st.integers(1, 20))
def test_the_cutoffs_that_are_taken_are_evenly_apart(there_are, most):
    days = [date(2024, 1, 1) + timedelta(days=7 * week) for week in range(there_are + 1)]
    splits = [split.Split([], day, day) for day in days[:-1]]
    taken = split.spread(splits, most)
    assert len(taken) == min(there_are, most)
    assert taken == sorted(taken, key=lambda one: one.test)
    assert taken[:1] == splits[:1], "the earliest is among them"
    weeks = np.diff([(one.test - days[0]).days // 7 for one in taken] + [there_are])
    assert len(weeks) == 0 or weeks.max() - weeks.min() <= 1, "also from the last one to the snapshot that follows"
