"""BG/NBD: the published fit, and its formulas against simulated customers, the closed forms and each other."""

import dataclasses
import importlib.util
import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import hyp2f1

from pipeline.config.errors import NotEnoughData
from pipeline.value import bg_nbd
from pipeline.value.bg_nbd import BgNbd
from tests.profiles import examples

PUBLISHED = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)
RECENCY_AGE = st.tuples(st.floats(0, 400), st.floats(0, 400)).map(lambda pair: (min(pair), max(pair)))
MODELS = st.builds(BgNbd, r=st.floats(0.01, 50), alpha=st.floats(0.01, 1000), a=st.floats(0.001, 100),
                   b=st.floats(0.01, 1000))  # fmt: skip


@pytest.fixture(scope="module")
def cdnow() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The 2,357 customers of the 1/10 sample after 39 weeks: repeat purchase days, recency and age in weeks."""
    folder = importlib.util.find_spec("lifetimes").submodule_search_locations[0]
    lines = (Path(folder) / "datasets" / "CDNOW_sample.txt").read_text().splitlines()
    end, days = date(1997, 9, 30), {}
    for _, customer, day, *_rest in (line.split() for line in lines if line.strip()[:1].isdigit()):
        if (bought := date.fromisoformat(f"{day[:4]}-{day[4:6]}-{day[6:]}")) <= end:
            days.setdefault(customer, set()).add(bought)
    frequency = np.array([len(own) - 1.0 for own in days.values()])
    recency = np.array([(max(own) - min(own)).days / 7 for own in days.values()])
    age = np.array([(end - min(own)).days / 7 for own in days.values()])
    return frequency, recency, age


def one(*values: float) -> list[np.ndarray]:
    return [np.array([value], dtype=float) for value in values]


def test_the_published_fit_comes_out(cdnow):
    """Fader, Hardie and Lee (2005): r .243, alpha 4.414, a .793, b 2.426, log-likelihood -9582.4."""
    assert len(cdnow[0]) == 2357
    found = BgNbd.fit(*cdnow, penalty=0)
    assert [round(value, 3) for value in (found.r, found.alpha, found.a, found.b)] == [0.243, 4.414, 0.793, 2.426]
    assert found.log_likelihood(*cdnow) == pytest.approx(-9582.4, abs=0.05)


def test_the_published_customer_comes_out():
    """The same authors work out one customer of CDNOW in a spreadsheet: 1.226 purchases in the next 39 weeks."""
    assert PUBLISHED.expected_purchases(*one(2, 30.43, 38.86), 39) == pytest.approx([1.226], abs=5e-4)


def test_the_standard_penalty_hardly_moves_the_likelihood(cdnow):
    assert BgNbd.fit(*cdnow).log_likelihood(*cdnow) == pytest.approx(-9582.4, abs=0.1)


def test_days_and_weeks_give_the_same_model(cdnow):
    frequency, recency, age = cdnow
    weeks, days = BgNbd.fit(*cdnow), BgNbd.fit(frequency, recency * 7, age * 7)
    assert dataclasses.astuple(days) == pytest.approx((weeks.r, weeks.alpha * 7, weeks.a, weeks.b), rel=1e-4)
    in_weeks = weeks.expected_purchases(frequency, recency, age, 12)
    assert days.expected_purchases(frequency, recency * 7, age * 7, 84) == pytest.approx(in_weeks, rel=1e-4)


def test_repeated_rows_weigh_as_much_as_they_are_many(cdnow):
    few = [values[:200] for values in cdnow]
    assert dataclasses.astuple(BgNbd.fit(*[np.tile(v, 3) for v in few])) == pytest.approx(
        dataclasses.astuple(BgNbd.fit(*few)), rel=1e-4
    )


@pytest.mark.parametrize(("x", "t_x", "age"), [(2, 30.43, 38.86), (0, 0, 38), (0, 0, 3), (26, 30, 31), (26, 12, 31)])
def test_the_integrals_are_the_closed_forms(x, t_x, age):
    r, alpha, a, b = dataclasses.astuple(PUBLISHED)
    horizon, start = 39, 14
    ahead = (a + b + x - 1) / (a - 1) * (
        1 - ((alpha + age) / (alpha + age + horizon)) ** (r + x)
        * hyp2f1(r + x, b + x, a + b + x - 1, horizon / (alpha + age + horizon))
    )  # fmt: skip
    alive = PUBLISHED.alive(*one(x, t_x, age))
    assert PUBLISHED.expected_purchases(*one(x, t_x, age), horizon) == pytest.approx(ahead * alive, rel=1e-9)

    def outlived(since: float) -> float:
        return float(since ** -(r + x) * hyp2f1(r + x, a, a + b + x, -start / since))

    buys = (outlived(alpha + age) - outlived(alpha + age + horizon - start)) * (alpha + age) ** (r + x)
    assert PUBLISHED.no_purchase(*one(x, t_x, age), start, horizon) == pytest.approx(1 - alive * buys, rel=1e-9)


def simulated(customers: int, seed: int) -> list[tuple[list[float], float]]:
    """Purchase times of customers who live by the published model for 78 weeks from a first purchase at 0."""
    random = np.random.default_rng(seed)
    rate = random.gamma(PUBLISHED.r, 1 / PUBLISHED.alpha, customers)
    stop = random.beta(PUBLISHED.a, PUBLISHED.b, customers)
    found = []
    for each, p in zip(rate, stop, strict=True):
        times, now = [], random.exponential(1 / max(each, 1e-12))
        while now <= 78:
            times.append(now)
            if random.random() < p:
                break
            now += random.exponential(1 / each)
        found.append(times)
    return found


@pytest.mark.nightly
def test_simulated_customers_do_what_the_model_expects():
    """Over everyone, whatever they did in the first 39 weeks, what they did next is what was expected of them."""
    lives = simulated(40_000, seed=3)
    seen = [[t for t in times if t <= 39] for times in lives]
    frequency = np.array([float(len(times)) for times in seen])
    recency = np.array([max(times, default=0.0) for times in seen])
    age = np.full(len(lives), 39.0)
    happened = np.array([sum(39 < t <= 78 for t in times) for times in lives])
    silent = {start: np.array([not any(39 + start < t <= 52 for t in times) for times in lives]) for start in (0, 5)}
    expected = PUBLISHED.expected_purchases(frequency, recency, age, 39)
    for group in (frequency == 0, frequency == 1, frequency >= 2, recency > 30, (recency > 0) & (recency < 20)):
        error = 4 * happened[group].std() / np.sqrt(group.sum())
        assert expected[group].mean() == pytest.approx(happened[group].mean(), abs=error)
        for start, quiet in silent.items():
            found = PUBLISHED.no_purchase(frequency, recency, age, start, 13)
            error = 4 * np.sqrt(quiet[group].var() / group.sum())
            assert found[group].mean() == pytest.approx(quiet[group].mean(), abs=error)


def test_the_fit_finds_the_model_behind_simulated_customers():
    lives = [[t for t in times if t <= 39] for times in simulated(40_000, seed=5)]
    frequency = np.array([float(len(times)) for times in lives])
    recency = np.array([max(times, default=0.0) for times in lives])
    found = BgNbd.fit(frequency, recency, np.full(len(lives), 39.0), penalty=0)
    assert dataclasses.astuple(found) == pytest.approx(dataclasses.astuple(PUBLISHED), rel=0.15)


@given(MODELS, st.integers(0, 5000), RECENCY_AGE, st.floats(0, 1000), st.floats(0, 1000), st.floats(0.01, 1000))
def test_figures_are_finite_and_in_range_and_move_the_right_way(model, x, times, start, window, later):
    recency, age = times
    customer = one(x, recency if x else 0.0, age)
    alive, quiet = model.alive(*customer)[0], model.no_purchase(*customer, start, start + window)[0]
    assert 0 <= alive <= 1
    assert 0 <= quiet <= 1
    assert 1 - quiet <= alive + 1e-9, "only who is alive can buy"
    assert model.no_purchase(*customer, start, start + window + later)[0] <= quiet + 1e-9
    expected = model.expected_purchases(*customer, window)[0]
    assert np.isfinite(expected)
    assert -1e-6 <= expected <= (model.r + x) * window / (model.alpha + age) * (1 + 1e-9) + 1e-9
    assert expected >= 1 - model.no_purchase(*customer, 0, window)[0] - 1e-6, "one purchase or none is the least"
    assert model.expected_purchases(*customer, window + later)[0] >= expected - 1e-6
    more_silence = one(customer[0][0], customer[1][0], age + later)
    assert model.alive(*more_silence)[0] <= alive


@pytest.mark.parametrize("a", [1 - 1e-9, 1.0, 1 + 1e-9, 1e-9, 1e6])
def test_no_parameter_is_a_pole(a):
    model = BgNbd(0.5, 5.0, a, 3.0)
    customers = [np.array(values, dtype=float) for values in ([0, 1, 1e6], [0, 1, 1e6], [0, 1e6, 1e6])]
    for found in (model.expected_purchases(*customers, 1e6), model.no_purchase(*customers, 1, 1e6)):
        assert np.isfinite(found).all()
    near = BgNbd(0.5, 5.0, a * 1.0001, 3.0).expected_purchases(*customers, 30)
    assert model.expected_purchases(*customers, 30) == pytest.approx(near, rel=1e-3)


def test_where_nobody_stops_the_fit_stays_finite():
    random = np.random.default_rng(1)
    age = np.full(500, 100.0)
    frequency = random.poisson(random.gamma(4, 5, 500)).astype(float)
    recency = np.where(frequency > 0, 100 - random.exponential(100 / np.maximum(frequency, 1)).clip(0, 100), 0.0)
    found = BgNbd.fit(frequency, recency, age)
    assert all(1e-6 < value < 1e6 for value in dataclasses.astuple(found))
    assert found.expected_purchases(frequency, recency, age, 10).sum() == pytest.approx(frequency.sum() / 10, rel=0.05)


def test_too_little_to_learn_from_is_said_in_a_line():
    with pytest.raises(NotEnoughData, match="none of 3 customers bought twice"):
        BgNbd.fit(np.zeros(3), np.zeros(3), np.ones(3))
    with pytest.raises(NotEnoughData, match="none of 0 customers"):
        BgNbd.fit(np.array([]), np.array([]), np.array([]))


def test_it_is_plain_numbers():
    assert BgNbd(**json.loads(json.dumps(dataclasses.asdict(PUBLISHED)))) == PUBLISHED


def a_past(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What was seen of 300 customers, by a model and over a time of its own."""
    random = np.random.default_rng(seed)
    age = random.integers(1, 400, 300).astype(float)
    rate = random.gamma(random.uniform(0.3, 4), random.uniform(0.005, 0.1), 300)
    frequency = np.minimum(random.poisson(rate * age * random.random(300)), age).astype(float)
    frequency[0] = 1.0
    return frequency, np.where(frequency > 0, age * random.random(300) ** 0.3, 0.0), age


def loss(seed: int):
    rows = np.column_stack(a_past(seed)) / (1, 400, 400)
    data = bg_nbd._Data.of(rows, np.ones(len(rows)))
    return lambda logarithms: bg_nbd._loss(logarithms, data, 1e-4)


@given(st.integers(0, 1000), st.lists(st.floats(-3, 3), min_size=4, max_size=4).map(np.array))
@examples(30)
def test_the_slope_is_that_of_the_likelihood(seed, logarithms):
    of_past, moves = loss(seed), 1e-6 * np.eye(4)
    by_difference = [(of_past(logarithms + move)[0] - of_past(logarithms - move)[0]) / 2e-6 for move in moves]
    assert of_past(logarithms)[1] == pytest.approx(by_difference, rel=1e-5, abs=1e-6)


@given(st.integers(0, 1000))
@examples(10)
def test_every_fit_arrives_to_more_digits_than_it_is_rounded_to(seed):
    frequency, recency, age = a_past(seed)
    fitted = BgNbd.fit(frequency, recency / age.max(), age / age.max())
    logarithms = np.log(dataclasses.astuple(fitted))
    data = bg_nbd._Data.of(np.column_stack([frequency, recency / age.max(), age / age.max()]), np.ones(300))
    assert np.abs(bg_nbd._loss(logarithms, data, 1e-4)[1]).max() < 1e-9, "ten digits are kept"


def test_a_converged_fit_is_the_one_of_before(cdnow):
    """What L-BFGS alone stopped at."""
    before = (0.2438642482, 4.454844992, 0.7768905611, 2.365104963)
    assert dataclasses.astuple(BgNbd.fit(*cdnow)) == pytest.approx(before, rel=1e-6)
