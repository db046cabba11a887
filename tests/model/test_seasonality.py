"""The wave of the seasons: learnt as far as the past speaks for it, from the past only."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

from pipeline.config.errors import BadData
from pipeline.config.params import Label
from pipeline.config.paths import Paths
from pipeline.evaluation import backtest, calibration_check
from pipeline.model import artefacts, calibration_residual, seasonal_intercept, split, training
from pipeline.model.calibration import Calibration
from pipeline.model.calibration_residual import CalibrationResidual
from pipeline.model.seasonality import DAY_OF_YEAR, Season
from pipeline.tracking.served_model import Served
from tests.model.examples import FEATURES, FIRST, LABEL, make_examples
from tests.profiles import examples

QUARTER = Label(kind="inactivity", gap_days=0, horizon_days=90)
YEARS = [date(2022, 7, 1) + timedelta(days=30 * step) for step in range(27)]


def seen(wave: Season, days: list[date], *, noise: float = 0.05, seed: int = 1) -> list[CalibrationResidual]:
    dice = np.random.default_rng(seed)
    return [CalibrationResidual(day, wave.shift(day) + float(dice.normal(0, noise)), 0.05) for day in days]


@pytest.mark.parametrize(
    ("wave", "days"),
    [
        (Season(0.1, ((0.2, -0.1),)), YEARS),
        (Season(0.1, ((0.0, 0.15),)), YEARS),
        # A short and high season beside a long and low one, which one turn a year cannot draw.
        (Season(-0.2, ((0.2, 0.1), (0.1, -0.15))), YEARS),
        # Half of the year has come twice, and what is strong is seen at once.
        (Season(0.1, ((0.2, -0.1),)), YEARS[:18]),
        # Chance alone is no season, or a flat one.
        (Season(0.1, ()), YEARS),
    ],
)
def test_a_wave_is_learnt_as_it_is(wave, days):
    found = seasonal_intercept.learn(seen(wave, days), QUARTER).season or Season(0.1, ())
    assert [found.shift(day) for day in YEARS] == pytest.approx([wave.shift(day) for day in YEARS], abs=0.07)


def test_before_every_time_of_the_year_is_seen_no_season_is_named():
    assert seasonal_intercept.learn(seen(Season(0.1, ((0.2, -0.1),)), YEARS[:12]), QUARTER).season is None


@pytest.mark.parametrize(
    ("shifts", "low", "high"),
    [
        # A curve that has missed all snapshots, the latest too, is moved most of the way.
        ([0.2] * 8, 0.1, 0.2),
        ([0.0] * 8, -0.02, 0.02),
        # A last snapshot that is above the others goes back a part of the way.
        ([-0.1, -0.1, -0.1, -0.1, -0.1, -0.1, -0.1, 0.0], -0.1, -0.05),
        # A jump that chance cannot explain is believed, but not wholly.
        ([-0.3, -0.3, -0.3, -0.3, -0.3, -0.3, -0.3, 0.0], -0.15, -0.05),
        # One snapshot alone says nothing of another level than its own.
        ([0.0], -0.01, 0.01),
    ],
)
def test_before_a_year_the_level_is_the_one_to_expect(shifts, low, high):
    misses = [CalibrationResidual(day, shift, 0.05) for day, shift in zip(YEARS, shifts, strict=False)]
    assert low <= seasonal_intercept.learn(misses, QUARTER).shift <= high


def test_before_a_year_the_luck_of_the_latest_outcomes_is_taken_back():
    """A curve fitted to the luck of the last of seven snapshots, of a company whose level never moves."""
    kept, moved = [], []
    for seed in range(60):
        luck = np.random.default_rng(seed).normal(0, 0.15, 7)
        misses = [CalibrationResidual(day, one - luck[-1], 0.15) for day, one in zip(YEARS, luck, strict=False)]
        kept.append(luck[-1])
        moved.append(luck[-1] + seasonal_intercept.learn(misses, QUARTER).shift)
    assert np.std(moved) < 0.75 * np.std(kept)


def test_before_a_year_the_level_is_as_unsure_as_the_seasons_that_may_lie_ahead_make_it():
    """Companies drawn by the law itself: seven with a season for one without, on a level that wanders or stays."""
    dice, window, held = np.random.default_rng(0), Label(kind="inactivity", gap_days=0, horizon_days=60), []
    for _ in range(400):
        first = date(2023, 1, 1) + timedelta(int(dice.integers(365)))
        days = [first + timedelta(30 * step) for step in (*range(7), 8)]  # on the last one the seventh is over
        waves = dice.normal(0, [0.2, 0.2, 0.1, 0.1]) * (dice.random() < 7 / 8)
        years = np.array([(day - days[0]).days / 365 for day in days])
        wander = dice.choice(seasonal_intercept.DRIFTS) * np.exp(-np.abs(np.subtract.outer(years, years)))
        levels = dice.multivariate_normal(np.zeros(8), wander + 1e-9 * np.eye(8))
        levels += [Season(0.0, (tuple(waves[:2]), tuple(waves[2:]))).shift(day) for day in days]
        seen_so = levels[:7] + dice.normal(0, 0.08, 7)
        # The curve was fitted to the last of them, luck included.
        misses = [CalibrationResidual(day, float(one), 0.08)
                  for day, one in zip(days, seen_so - seen_so[-1], strict=False)]  # fmt: skip
        found = seasonal_intercept.learn(misses, window)
        held.append(abs(levels[7] - seen_so[-1] - found.shift) <= 1.96 * found.error)
    assert 0.935 <= np.mean(held) <= 0.965


def test_a_level_that_rises_below_the_wave_is_taken_from_where_it_was_last():
    wave = Season(0.0, ((0.25, -0.2),))
    years = [(day - YEARS[0]).days / 365 for day in YEARS]
    seen_so = [
        CalibrationResidual(day, 0.3 * year + wave.shift(day), 0.03) for day, year in zip(YEARS, years, strict=True)
    ]
    found = seasonal_intercept.learn(seen_so, QUARTER).season
    assert found is not None
    assert found.level == pytest.approx(0.3 * years[-1], abs=0.1)
    assert found.level > 0.3 * years[-1] / 2 + 0.1  # not the mean of all


@pytest.mark.parametrize(
    ("step", "at_most"),
    [
        (0.03, 1.05),
        pytest.param(0.0, 0.95, marks=pytest.mark.nightly),
        pytest.param(0.08, 1.1, marks=pytest.mark.nightly),
    ],
)
def test_where_there_is_no_season_looking_for_one_costs_next_to_nothing(step, at_most):
    """Root mean square of what is missed a quarter later, beside the last known level: 100 levels that wander."""
    found, last = [], []
    for seed in range(100):
        dice = np.random.default_rng(seed)
        levels, noise = dice.normal(0, step, len(YEARS)).cumsum(), dice.normal(0, 0.05, len(YEARS))
        seen_so = [CalibrationResidual(day, float(level + chance), 0.05)
                   for day, level, chance in zip(YEARS[:-3], levels, noise, strict=False)]  # fmt: skip
        season = seasonal_intercept.learn(seen_so, QUARTER).season
        last.append(seen_so[-1].shift - levels[-1])
        found.append((season.shift(YEARS[-1]) if season else seen_so[-1].shift) - levels[-1])
    assert np.square(found).sum() ** 0.5 < at_most * np.square(last).sum() ** 0.5


def test_where_there_is_a_season_it_halves_what_is_missed():
    found, last = [], []
    for seed in range(50):
        dice = np.random.default_rng(seed)
        wave, levels = Season(0.0, (tuple(dice.normal(0, 0.12, 2)),)), dice.normal(0, 0.02, len(YEARS)).cumsum()
        truth = [wave.shift(day) + float(at) for day, at in zip(YEARS, levels, strict=True)]
        seen_so = [CalibrationResidual(day, shift + float(dice.normal(0, 0.05)), 0.05)
                   for day, shift in zip(YEARS[:-3], truth, strict=False)]  # fmt: skip
        season = seasonal_intercept.learn(seen_so, QUARTER).season
        last.append(seen_so[-1].shift - truth[-1])
        found.append((season.shift(YEARS[-1]) if season else seen_so[-1].shift) - truth[-1])
    assert np.square(found).sum() ** 0.5 < 0.5 * np.square(last).sum() ** 0.5


@pytest.mark.parametrize(
    ("height", "step", "snapshots"),
    [
        (0.12, 0.02, 27),
        pytest.param(0.0, 0.0, 27, marks=pytest.mark.nightly),
        pytest.param(0.12, 0.0, 27, marks=pytest.mark.nightly),
        pytest.param(0.0, 0.05, 27, marks=pytest.mark.nightly),
        # The year has not come round: what is known is the level only.
        (0.0, 0.0, 9),
        (0.0, 0.05, 9),
    ],
)
def test_a_level_is_as_far_off_as_its_error_says(height, step, snapshots):
    """19 times of 20, over 60 levels with and without waves, that stay or wander."""
    inside = []
    for seed in range(60):
        dice = np.random.default_rng(seed)
        wave = Season(0.0, (tuple(dice.normal(0, height, 2)),))
        wandered, noise = dice.normal(0, step, len(YEARS)).cumsum(), dice.normal(0, 0.05, len(YEARS))
        truth = [wave.shift(day) + float(at) for day, at in zip(YEARS, wandered, strict=True)][-snapshots:]
        days = YEARS[-snapshots:]
        seen_so = [CalibrationResidual(day, shift + float(chance), 0.05)
                   for day, shift, chance in zip(days[:-3], truth, noise, strict=False)]  # fmt: skip
        found = seasonal_intercept.learn(seen_so, QUARTER)
        told = found.season.shift(days[-1]) if found.season else found.shift
        inside.append(abs(truth[-1] - told) < 1.96 * found.error)
    assert 0.88 <= np.mean(inside) <= 1, (
        "fewer than one in twenty may be, where the prior allows for more than there is"
    )


@pytest.mark.parametrize(("height", "step", "snapshots"), [(0.2, 0.0, 9), (0.3, 0.0, 9), (0.2, 0.02, 7)])
def test_a_season_that_nobody_has_seen_is_part_of_the_error(height, step, snapshots):
    """Upon a curve with the level of the last outcome, as training leaves it; without the waves ahead, 66 to 82 % hold."""
    inside, sure = [], []
    for seed in range(80):
        dice = np.random.default_rng(seed)
        wave = Season(0.0, (tuple(dice.normal(0, height, 2)),))
        wandered, noise = dice.normal(0, step, len(YEARS)).cumsum(), dice.normal(0, 0.05, len(YEARS))
        truth = [wave.shift(day) + float(at) for day, at in zip(YEARS, wandered, strict=True)][-snapshots:]
        days, now = YEARS[-snapshots:], truth[-4]
        residuals = [CalibrationResidual(day, level - now + float(chance), 0.05)
                     for day, level, chance in zip(days[:-3], truth, noise, strict=False)]  # fmt: skip
        level, blind = (seasonal_intercept.learn(residuals, QUARTER, seasons=one) for one in (True, False))
        assert level.season is None, "part of a year names no season"
        assert blind.shift == 0.0, "who is asked for no season keeps the level of the latest outcomes"
        inside.append(abs(truth[-1] - now - level.shift) < 1.96 * level.error)
        sure.append(abs(truth[-1] - now) < 1.96 * blind.error)
    assert np.mean(inside) >= 0.9
    assert np.mean(sure) < np.mean(inside) - 0.05


@examples(20)
@given(st.lists(st.tuples(st.integers(10, 90), st.floats(-0.5, 0.5), st.floats(0.02, 0.2)), min_size=1, max_size=9))
def test_how_sure_a_level_is_agrees_with_a_gaussian_process_by_other_hands(found):
    """scikit-learn's, with one kernel per way of wandering, each as probable as it makes the misses."""
    days = np.cumsum([days for days, _, _ in found])
    seen_so = [CalibrationResidual(date(2023, 1, 1) + timedelta(days=int(day)), shift, error)
               for day, (_, shift, error) in zip(days, found, strict=True)]  # fmt: skip
    ago = (days[-1] + QUARTER.horizon_days - days)[:, None] / 365.25
    told = []
    for drift in seasonal_intercept.DRIFTS:
        kernel = ConstantKernel(seasonal_intercept.LEVEL**2) + ConstantKernel(max(drift, 1e-12)) * Matern(
            seasonal_intercept.BACK_YEARS, nu=0.5
        )
        noise = np.array([one.error**2 + seasonal_intercept.BESIDE**2 for one in seen_so])
        process = GaussianProcessRegressor(kernel, alpha=noise, optimizer=None).fit(ago, [one.shift for one in seen_so])
        (mean,), (spread,) = process.predict([[0.0]], return_std=True)
        told.append((process.log_marginal_likelihood_value_, mean, spread))
    likelihood, means, spreads = np.array(told).T
    square = np.average(spreads**2 + means**2, weights=softmax(likelihood)) + seasonal_intercept.BESIDE**2
    assert seasonal_intercept.learn(seen_so, QUARTER, seasons=False).error == pytest.approx(square**0.5, abs=1e-4)


def test_who_has_seen_nothing_is_not_sure_of_anything():
    assert seasonal_intercept.learn([], QUARTER) == seasonal_intercept.Level(None, seasonal_intercept.LEVEL)
    one, ten = (seasonal_intercept.learn(seen(Season(0.0, ()), YEARS[:count]), QUARTER).error for count in (1, 10))
    assert 0 < ten < one < seasonal_intercept.LEVEL


@examples(30)
@given(st.floats(0.01, 0.5), st.integers(0, 1000))
def test_who_is_unsure_of_the_level_foretells_a_wider_range(error, seed):
    said = np.random.default_rng(seed).beta(1, 4, 2000)
    churned = np.zeros(2000, dtype=np.int8)
    sure, unsure = (calibration_check.expected(churned, said, 400, by) for by in (0.0, error))
    assert unsure.expected == sure.expected
    # By chance alone, and by the level alone; the range of both is wider than the wider one, give or take the draws.
    alone = 1.96 * error * float((said * (1 - said)).sum())
    assert unsure.high - unsure.low > 0.85 * max(2 * alone / (1 + error), sure.high - sure.low)
    assert unsure.high - unsure.low < 1.2 * (2 * alone * (1 + error) + sure.high - sure.low)


@examples(60)
@given(st.floats(-2, 2), st.integers(50, 400), st.integers(0, 1000))
def test_a_miss_is_what_is_lacking(shift, rows, seed):
    dice = np.random.default_rng(seed)
    log_odds = dice.normal(size=rows)
    churned = (dice.random(rows) < 1 / (1 + np.exp(-log_odds - shift))).astype(np.int8)
    found = calibration_residual.miss(FIRST, log_odds, churned)
    if churned.sum() in {0, rows}:
        assert found is None
    else:
        assert (1 / (1 + np.exp(-log_odds - found.shift))).sum() == pytest.approx(churned.sum(), abs=1e-3)
        assert found.error > 0


@pytest.fixture(scope="module")
def cutoffs():
    return make_examples(500, 36, wave=0.6), split.cutoffs(
        [FIRST + timedelta(days=30 * at) for at in range(36)], LABEL, 26
    )


def expected(parts: list) -> list[calibration_check.Expected]:
    return [calibration_check.expected(part.churned, part.scored["model"], 200) for part in parts]


def test_a_company_with_a_season_is_foretold_better_once_it_is_known(cutoffs, settings):
    rows, at = cutoffs
    quick = settings.model.model_copy(update={"max_trees": 80, "learning_rate": 0.1})
    follows, stays = (
        list(backtest.backtest_model(rows, at[-4:], FEATURES, LABEL, how))
        for how in (quick, quick.model_copy(update={"seasonality": False}))
    )
    assert len(follows) == 4
    errors = [sum((found.observed - found.expected) ** 2 for found in expected(parts)) for parts in (follows, stays)]
    assert errors[0] < 0.7 * errors[1]


def test_what_came_later_changes_no_season(cutoffs, settings):
    rows, at = cutoffs
    cutoff = at[0]
    later = pl.col("snapshot") > cutoff.validation
    turned = rows.with_columns(pl.when(later).then(1 - pl.col("churned")).otherwise("churned").alias("churned"))
    quick = settings.model.model_copy(update={"max_trees": 80})
    first, second = (next(backtest.backtest_model(known, [cutoff], FEATURES, LABEL, quick)) for known in (rows, turned))
    assert first.scored["model"].tolist() == second.scored["model"].tolist()


def test_the_season_goes_into_the_files_and_into_what_is_served(cutoffs, settings, tmp_path):
    rows, at = cutoffs
    days = (at[-1].train, [at[-1].validation], [at[-1].test])
    train_examples, judge, test = (rows.filter(pl.col("snapshot").is_in(part)) for part in days)
    known = rows.filter(pl.col("snapshot") <= at[-1].validation)
    quick = settings.model.model_copy(update={"max_trees": 80})
    trained = training.train(train_examples, judge, FEATURES, LABEL, quick, known)
    assert trained.calibration.season is not None
    assert trained.calibration.level_error > 0
    described = [{"name": name, "family": "recency"} for name in trained.ensemble.features]
    model = artefacts.ChurnModel(trained.ensemble, trained.calibration, Calibration(1.0, 0.0), {"features": described})
    folder = Paths(models=tmp_path / "models")
    artefacts.save(model, folder)
    again = artefacts.load(folder.models)
    assert again.calibration == model.calibration
    assert Calibration.from_dict({"slope": 1.0, "intercept": 0.0}) == Calibration(1.0, 0.0), "older files know neither"
    assert again.inputs == [*again.ensemble.inputs, DAY_OF_YEAR]
    served = test.with_columns(pl.col("snapshot").dt.ordinal_day().cast(pl.Float64).alias(DAY_OF_YEAR))
    numbers = served.select(pl.col(again.inputs).cast(pl.Float64))
    assert Served(again).predict(numbers.to_pandas()).tolist() == trained.probability(test).tolist()
    with pytest.raises(BadData, match="the model needs the column .day_of_year., and 1 in all are absent"):
        Served(again).predict(numbers.drop(DAY_OF_YEAR))
