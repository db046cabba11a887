"""Grades from cases drawn by hand, and a model without a signal, which must not ship."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from pipeline.evaluation import backtest, bootstrap, calibration_check, grade, grade_words, report
from pipeline.evaluation.bootstrap import Interval, Resampled
from pipeline.model import additive_weight, split, training
from tests.model.examples import FEATURES, LABEL, make_examples


def found(model: float, rule: float, other: float, *, noise: float) -> Resampled:
    """Scorers whose AUC lies at these values; draws scatter by `noise`, together for all but for the model's own part."""
    dice = np.random.default_rng(0)
    common, own = dice.normal(size=200) * noise, dice.normal(size=200) * noise
    seen = {"model": model, "recency_rule": rule, "rfm_logistic": other}
    drawn = {name: (value + common + (own if name == "model" else 0))[:, None] for name, value in seen.items()}
    return Resampled(["auc"], {name: np.array([value]) for name, value in seen.items()}, drawn)


CERTAIN = found(0.86, 0.79, 0.85, noise=0.005)


@pytest.mark.parametrize(
    ("test", "earlier", "calibrated", "letter", "because"),
    [
        (CERTAIN, CERTAIN, True, "A", []),
        (CERTAIN, CERTAIN, False, "B", ["its probabilities are further off than chance explains"]),
        (CERTAIN, None, True, "B", ["history is too short"]),
        (CERTAIN, found(0.80, 0.79, 0.79, noise=0.02), True, "B", ["over earlier snapshots its lead may be chance"]),
        (found(0.86, 0.79, 0.90, noise=0.005), CERTAIN, True, "B", ["rfm_logistic ranks certainly better"]),
        (found(0.80, 0.79, 0.79, noise=0.02), CERTAIN, True, "C", ["its lead over the best simple rule may be chance"]),
        (found(0.78, 0.79, 0.79, noise=0.005), CERTAIN, True, "F", ["the best simple rule ranks no worse on the untouched"]),
        (CERTAIN, found(0.78, 0.79, 0.79, noise=0.005), True, "F", ["ranks no worse on average over earlier snapshots"]),
        (found(0.51, 0.49, 0.5, noise=0.01), CERTAIN, True, "F", ["no better than drawing lots on the untouched snapshot"]),
        (found(0.80, 0.80, 0.79, noise=0.005), CERTAIN, True, "F", ["the best simple rule ranks no worse"]),
    ],
)  # fmt: skip
def test_grades(test, earlier, calibrated, letter, because):
    graded = grade.grade(test, grade.Evidence(earlier, calibrated))
    assert graded.letter == letter, graded
    assert graded.ships == (letter != "F")
    assert graded.advice == ("do not ship" if letter == "F" else "ship")
    assert len(graded.because) >= len(because)
    for wanted in because:
        assert any(wanted in said for said in graded.because), graded.because


@pytest.mark.parametrize(
    ("test", "letter", "because"),
    [
        (CERTAIN, "C", ["simulated companies"]),
        (found(0.80, 0.79, 0.79, noise=0.02), "C", ["simulated companies", "its lead over the best simple rule may be"]),
        (found(0.78, 0.79, 0.79, noise=0.005), "F", ["the best simple rule ranks no worse"]),
        (found(0.51, 0.49, 0.5, noise=0.01), "F", ["no better than drawing lots"]),
    ],
)  # fmt: skip
def test_the_packaged_prior_is_of_grade_c_at_best_and_says_what_it_is(test, letter, because):
    graded = grade.grade(test, grade.Evidence(None, calibrated=True, is_prior=True))
    assert (graded.letter, graded.is_prior) == (letter, True)
    assert len(graded.because) == len(because)
    assert all(wanted in said for wanted, said in zip(because, graded.because, strict=True))
    words = [str(one) for one in grade_words.in_words(graded)]
    assert words[:2] == [f"Grade {letter}: {'ship' if letter == 'C' else 'do not ship'}.", str(grade_words.PRIOR)]
    assert "chance alone could explain it" not in " ".join(words), "its lead may well be certain"
    assert ("packaged prior" in graded.means) == (letter == "C")


def with_captures(model: float, rule: float, *, noise: float, capture: float = 0.4, capture_noise: float = 0.03,
                  cheap: float | None = None) -> Resampled:  # fmt: skip
    """As `found`, with the capture of a fifth of the customers, and a cheap model where one is wanted."""
    dice = np.random.default_rng(1)
    seen = {"model": model, "recency_rule": rule} | ({} if cheap is None else {"rfm_logistic": cheap})
    figures = {name: np.array([value, capture]) for name, value in seen.items()}
    draws = {name: value + dice.normal(size=(400, 2)) * (noise, capture_noise) for name, value in figures.items()}
    return Resampled(["auc", "capture_at_20_percent"], figures, draws)


@pytest.mark.parametrize(
    ("cheap", "words"),
    [
        (0.74, "Better than the best simple rule, but not certainly better than a simple model."),
        (0.85, "Better than the best simple rule, but a simple model ranks certainly better."),
    ],
)
def test_where_a_simple_model_stands_in_the_words_do_not_speak_of_chance(cheap, words):
    test = with_captures(0.75, 0.50, noise=0.01, cheap=cheap)
    graded = grade.grade(test, grade.Evidence(test, True, 0.2, EVEN))
    assert [str(one) for one in grade_words.in_words(graded)] == ["Grade C: ship.", words]


EVEN = Interval(0.0, -10.0, 10.0)


@pytest.mark.parametrize(
    ("test", "profit", "letter", "because"),
    [
        (with_captures(0.80, 0.70, noise=0.02), EVEN, "A", None),
        # The case of the issue: certainly above chance, far above a rule that is itself below chance, and good for nothing.
        (with_captures(0.559, 0.45, noise=0.012), EVEN, "F", "its ranking is too weak to act on"),
        (with_captures(0.58, 0.55, noise=0.005), EVEN, "F", "certainly below 0.6"),
        (with_captures(0.58, 0.56, noise=0.015), EVEN, "C", "its lead over the best simple rule may be chance"),
        # Above 0.5 by 2.4 standard errors: one of a hundred companies without any signal is.
        (with_captures(0.62, 0.50, noise=0.05), EVEN, "F", "chance could explain all of its ranking"),
        (with_captures(0.80, 0.70, noise=0.02, capture=0.19), EVEN, "F", "hold no more churners than any 20 %"),
        (with_captures(0.80, 0.70, noise=0.02, capture=0.23), EVEN, "C", "hold more churners than any 20 % may be chance"),
        (with_captures(0.80, 0.70, noise=0.02), Interval(-60.0, -100.0, -20.0), "F", "earn less than taking all"),
        (with_captures(0.80, 0.70, noise=0.02), Interval(-60.0, -130.0, 10.0), "A", None),
        # Recency is worthless, so to beat it is no merit: what counts is the lead over the cheap model that does rank.
        (with_captures(0.75, 0.50, noise=0.01, cheap=0.74), EVEN, "C", "its lead over rfm_logistic may be chance"),
        (with_captures(0.70, 0.50, noise=0.005, cheap=0.78), EVEN, "C", "rfm_logistic ranks certainly better: -0.0"),
        (with_captures(0.80, 0.50, noise=0.01, cheap=0.70), EVEN, "A", None),
        (with_captures(0.80, 0.50, noise=0.01, cheap=0.50), EVEN, "A", None),
        # Recency ranks, so the cheap model is one baseline among others.
        (with_captures(0.75, 0.65, noise=0.01, cheap=0.74), EVEN, "A", None),
    ],
)  # fmt: skip
def test_a_ranking_that_is_not_worth_acting_on_does_not_ship(test, profit, letter, because):
    graded = grade.grade(test, grade.Evidence(test, True, 0.2, profit))
    assert graded.letter == letter, graded
    assert (because is None) == (not graded.because)
    assert because is None or any(because in words for words in graded.because), graded.because


def test_three_standard_errors_at_one_of_both_are_enough():
    weak, strong = with_captures(0.62, 0.50, noise=0.05), with_captures(0.64, 0.50, noise=0.02)
    letters = {
        (one, other): grade.grade(test, grade.Evidence(earlier, True, 0.2)).letter
        for one, test in (("weak", weak), ("strong", strong))
        for other, earlier in (("weak", weak), ("strong", strong), ("none", None))
    }
    assert {pair for pair, letter in letters.items() if letter == "F"} == {("weak", "weak"), ("weak", "none")}


def evaluated(examples, settings, draws=200):
    complete = examples["snapshot"].unique().sort().to_list()
    quick = settings.model.model_copy(update={"max_trees": 80, "early_stopping_rounds": 20})
    parts = list(backtest.backtest_all_models(examples, split.cutoffs(complete, LABEL, 2), FEATURES, LABEL, quick))
    test, earlier = parts[-1], parts[:-1]
    both = tuple(bootstrap.resample(part, [0.2], draws) for part in ([test], earlier))
    told = report.calibration(
        test, earlier, settings.score.bands, settings.evaluate.model_copy(update={"draws": draws})
    )
    return grade.grade(both[0], grade.Evidence(both[1], told["as_right_as_chance_allows"], 0.2)), parts


def test_a_model_with_a_signal_ships(settings):
    graded, parts = evaluated(make_examples(500, 7), settings)
    assert graded.ships
    assert graded.letter in "AB"
    assert len(parts) == 4
    assert set(parts[0].scored) == {"model", "base_rate_alone", "recency_rule", "rfm_logistic", "additive_logistic", "bg_nbd",
                                    "lightgbm_default"}  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_labels_shuffled_at_every_snapshot_do_not_ship(settings, seed):
    examples = make_examples(300, 6)
    dice = np.random.default_rng(seed)
    shuffled = [dice.permutation(part["churned"].to_numpy()) for part in examples.partition_by("snapshot")]
    examples = examples.with_columns(churned=np.concatenate(shuffled))
    graded, _ = evaluated(examples, settings, draws=100)
    assert graded.letter == "F", graded
    assert graded.advice == "do not ship"


def test_training_twice_and_with_other_threads_gives_the_same_model(settings):
    from pipeline.model import gbm

    examples = make_examples(300, 3)
    days = examples["snapshot"].unique().sort()
    train_examples, judge = (
        examples.filter(examples["snapshot"] == days[0]),
        examples.filter(examples["snapshot"] == days[1]),
    )
    files = set()
    for threads in (1, 2, 2):
        model = settings.model.model_copy(update={"max_trees": 50, "num_threads": threads})
        made = training.train(train_examples, judge, FEATURES, LABEL, model)
        files.add(
            (
                gbm.to_text(made.ensemble.trees),
                str(made.ensemble.additive_logistic),
                str(made.ensemble.purchase_process),
                str(made.calibration),
            )
        )
    assert len(files) == 1


def test_risk_may_only_rise_with_a_longer_silence(settings):
    examples = make_examples(400, 3)
    days = examples["snapshot"].unique().sort()
    train_examples, judge = (
        examples.filter(examples["snapshot"] == days[0]),
        examples.filter(examples["snapshot"] == days[1]),
    )
    trees = settings.model.model_copy(
        update={
            "max_trees": 100,
            "monotone": True,
            "additive_logistic": settings.model.additive_logistic.model_copy(update={"share": 0.0}),
        }
    )
    found = training.train(train_examples, judge, FEATURES, LABEL, trees).ensemble
    rows = found.matrix(judge)
    at = found.features.index("days_since_last_order")
    log_odds = []
    for days in np.linspace(0, 120, 25):
        rows[:, at] = days
        log_odds.append(found.log_odds(rows))
    assert (np.diff(log_odds, axis=0) >= -1e-12).all(), "a longer silence never lowers the risk"


def test_the_share_of_the_regression_is_the_one_that_foretells_best(settings):
    examples = make_examples(400, 3)
    days = examples["snapshot"].unique().sort()
    train_examples, judge = (examples.filter(examples["snapshot"] == day) for day in days[:2])
    model = settings.model.model_copy(update={"max_trees": 60})
    losses = {}
    for share in additive_weight.SHARES:
        fixed = model.model_copy(
            update={"additive_logistic": model.additive_logistic.model_copy(update={"share": share})}
        )
        found = training.train(train_examples, judge, FEATURES, LABEL, fixed).probability(judge)
        losses[share] = log_loss(training.outcomes(judge), found)
    chosen = training.train(train_examples, judge, FEATURES, LABEL, model)
    assert model.additive_logistic.share == "auto"
    assert losses[chosen.ensemble.additive_weight] == pytest.approx(min(losses.values()), abs=1e-8)


@given(st.integers(0, 1000))
def test_perfect_probabilities_stay_within_what_chance_allows(seed):
    dice = np.random.default_rng(seed)
    probability = dice.beta(1, 4, 500)
    chance = calibration_check.error_by_chance(probability, 10, 200)
    errors = [
        calibration_check.calibration_error((dice.random(500) < probability).astype(np.int8), probability, 10)
        for _ in range(20)
    ]
    assert np.mean(np.array(errors) <= np.percentile(chance, 95)) >= 0.6
    assert np.percentile(chance, 99.9) < 0.12


def test_probabilities_that_are_off_are_found_out():
    dice = np.random.default_rng(0)
    truth = dice.beta(1, 4, 3000)
    churned = (dice.random(3000) < truth).astype(np.int8)
    said = np.clip(truth * 1.4, 0, 1)
    assert calibration_check.calibration_error(churned, said, 10) > np.percentile(
        calibration_check.error_by_chance(said, 10, 200), 95
    )
    bands = calibration_check.by_band(churned, said, {"low": 0.0, "high": 0.3}, 200)
    assert bands["customers"].sum() == 3000
    assert not bands["holds"].all()
    assert calibration_check.by_band(churned, truth, {"low": 0.0, "high": 0.3, "never": 1.0}, 200)["holds"].all()
