"""When a contract ends: the same curve as of orders, turned round, on contracts whose law is drawn here."""

from datetime import timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit, logit

from pipeline.config import params
from pipeline.config.params import Label
from pipeline.evaluation import event_curve_check
from pipeline.evaluation.bootstrap import ScoredSnapshot
from pipeline.examples.features import Feature
from pipeline.examples.features.declare import Formula
from pipeline.model import event_curve, event_days, gbm
from pipeline.model.ensemble import Ensemble
from pipeline.model.event_curve import EventCurve
from pipeline.model.event_days import day_reached
from pipeline.scoring import next_order
from tests.model.examples import FIRST

LABEL = Label(kind="cancellation", gap_days=10, horizon_days=30)
SETTINGS = params.load().model.model_copy(update={"num_threads": 1, "min_rows_per_leaf": 30})
NAMES = ["days_to_renewal", "tickets_90d", "days_since_first_order"]
SNAPSHOTS, CUSTOMERS, APART = 12, 400, 30
UNTIL = FIRST + timedelta(days=APART * SNAPSHOTS + LABEL.gap_days)


def contracts(seed: int, snapshots: int = SNAPSHOTS) -> pl.DataFrame:
    """Contracts of which some are given up any day, by requests, and half of the others on the day of renewal."""
    dice = np.random.default_rng(seed)
    rows = snapshots * CUSTOMERS
    renewal, tickets = dice.integers(0, 365, rows), dice.poisson(1.0, rows)
    rate, leaves = 0.0006 * np.exp(0.7 * tickets), dice.random(rows) < 0.5
    any_day = np.floor(dice.exponential(1 / rate)).astype(np.int64)
    at_renewal = np.where(renewal >= LABEL.gap_days, renewal - LABEL.gap_days, renewal + 365 - LABEL.gap_days)
    came = np.where(leaves, np.minimum(any_day, at_renewal), any_day)
    place = np.repeat(np.arange(snapshots), CUSTOMERS)
    return pl.DataFrame(
        {"snapshot": [FIRST + timedelta(days=APART * int(one)) for one in place], "customer_key": np.arange(rows),
         "days_to_renewal": renewal, "tickets_90d": tickets, "days_since_first_order": dice.integers(30, 900, rows),
         "days_to_event": came.astype(np.int32), "churned": (came < LABEL.horizon_days).astype(np.int8), "rate": rate,
         "at_renewal": at_renewal}
    )  # fmt: skip


def true_chance(rows: pl.DataFrame, day: int) -> np.ndarray:
    """Of no end before a day, by the law they are drawn from."""
    past = rows["at_renewal"].to_numpy() < day
    return np.exp(-rows["rate"].to_numpy() * day) * np.where(past, 0.5, 1.0)


class Made(NamedTuple):
    examples: pl.DataFrame
    ensemble: Ensemble
    curve: EventCurve


@pytest.fixture(scope="module")
def made() -> Made:
    examples = contracts(3)
    features = [Feature(name, "number", "contract", Formula(name), name, "none") for name in NAMES]
    rows = examples.select(NAMES).cast(pl.Float64).to_numpy(order="c")
    trees = gbm.grow((rows, examples["churned"].to_numpy()), 20, features, SETTINGS)
    ensemble = Ensemble(NAMES, trees, None, 0.0, None, (LABEL.gap_days, LABEL.horizon_days))
    curve = event_curve.fit(examples, ensemble, UNTIL, LABEL, SETTINGS)
    assert curve is not None
    return Made(examples, ensemble, curve)


@given(arrays(np.float64, 40, elements=st.floats(-12, 12)))
def test_at_the_end_of_the_window_it_is_what_churn_leaves_and_it_never_rises(made, log_odds):
    left = made.curve.no_event(made.ensemble, made.examples.head(40), log_odds)
    place = made.curve.days.index(LABEL.horizon_days)
    assert left[:, place].tolist() == expit(-log_odds).tolist()
    assert np.all(np.diff(left, axis=1) <= 0)
    assert np.all((left >= 0) & (left <= 1))


def test_whoever_is_likelier_to_churn_is_likelier_to_be_gone_on_any_day(made):
    """A sign that is turned round would look like a curve too."""
    row = made.examples.head(1)
    low, high = (made.curve.no_event(made.ensemble, row, np.array([odds]))[0] for odds in (-2.0, 1.0))
    assert np.all(high < low)


@given(arrays(np.float64, 40, elements=st.floats(-12, 12)))
def test_what_runs_on_past_the_window_hangs_on_nothing_that_happened_in_it(made, log_odds):
    """The chance to run from the end of the window to a later day is the same, whatever the churn probability."""
    rows, place = made.examples.head(40), made.curve.days.index(LABEL.horizon_days)
    left, other = (made.curve.no_event(made.ensemble, rows, odds) for odds in (log_odds, np.zeros(40)))
    on, again = (each[:, place + 1 :] / each[:, [place]] for each in (left, other))
    assert on == pytest.approx(again, rel=1e-9)
    assert np.all((on > 0) & (on <= 1))


def test_a_contract_that_cannot_end_in_the_window_ends_at_its_renewal_all_the_same(made):
    """Its churn probability is as good as zero; that says nothing of the day, months later, on which half of them end."""
    new = contracts(78, 6).filter(pl.col("at_renewal").is_between(100, 130), pl.col("tickets_90d") == 0)
    left = made.curve.no_event(made.ensemble, new, np.full(len(new), -12.0))
    days = made.curve.days
    for day in (90, 180):
        truth = true_chance(new, day) / true_chance(new, LABEL.horizon_days)
        assert left[:, days.index(day)].mean() == pytest.approx(truth.mean(), abs=0.08)


def test_it_is_the_law_the_contracts_are_drawn_from(made):
    new = contracts(77, 4)
    days = made.curve.days
    truth = np.column_stack([true_chance(new, day) for day in days])
    log_odds = logit(np.clip(1 - true_chance(new, LABEL.horizon_days), 1e-4, 1 - 1e-4))
    left = made.curve.no_event(made.ensemble, new, log_odds)
    # The last day is over for a few of the earliest examples only.
    assert left.mean(axis=0)[:-1] == pytest.approx(truth.mean(axis=0)[:-1], abs=0.06)
    alike = np.abs(truth.mean(axis=0) - truth).mean(axis=0)
    later = [place for place, day in enumerate(days) if 60 <= day <= 240]
    assert np.all(np.abs(left - truth).mean(axis=0)[later] < 0.6 * alike[later]), "it knows the day of renewal"
    # Of those of whom a day is named by which half are gone, about half are gone by then.
    middle, came = day_reached(left, days, 0.5), new["days_to_event"].to_numpy()
    named = np.isfinite(middle)
    assert named.sum() > 300
    assert np.mean(came[named] < np.ceil(middle[named])) == pytest.approx(0.5, abs=0.12)


@pytest.mark.parametrize("later", [None, 5000])
def test_what_ended_on_the_day_or_later_is_not_seen(made, later):
    until = FIRST + timedelta(days=200)
    start = pl.col("snapshot") + pl.duration(days=LABEL.gap_days)
    unseen = (start + pl.duration(days="days_to_event")).cast(pl.Date) >= until
    replaced = pl.when(unseen).then(pl.lit(later, dtype=pl.Int32)).otherwise("days_to_event")
    changed = made.examples.with_columns(days_to_event=replaced)
    assert not changed.equals(made.examples)
    one, two = (event_curve.fit(each, made.ensemble, until, LABEL, SETTINGS) for each in (made.examples, changed))
    assert one is not None
    assert two is not None
    assert one.as_dict() == two.as_dict()


def test_it_is_read_back_as_it_was(made):
    again = EventCurve.from_dict(made.curve.as_dict())
    rows, log_odds = made.examples.head(50), np.linspace(-2, 2, 50)
    assert again is not None
    assert again.is_churn
    assert (
        again.no_event(made.ensemble, rows, log_odds).tolist()
        == made.curve.no_event(made.ensemble, rows, log_odds).tolist()
    )
    # A curve of an earlier release was one of orders.
    older = {name: value for name, value in made.curve.as_dict().items() if name != "is_churn"}
    assert EventCurve.from_dict(older).is_churn is False


def scored(examples: pl.DataFrame, number: int, *, turned: bool = False) -> ScoredSnapshot:
    day = FIRST + timedelta(days=APART * number)
    rows = examples.filter(pl.col("snapshot") == day)
    churn = 1 - true_chance(rows, LABEL.horizon_days)
    model = {"model": churn.max() - churn if turned else churn}
    return ScoredSnapshot(str(day), rows["customer_key"].to_numpy(), rows["churned"].to_numpy(), model)


def test_it_is_held_to_a_regression_for_each_day(made):
    parts = [scored(made.examples, number) for number in (7, 10)]
    found = event_curve_check.check(made.examples, parts, made.ensemble, UNTIL, (LABEL, SETTINGS))
    assert found is not None
    assert [one["snapshot"] for one in found["cutoffs"]] == [part.snapshot for part in parts]
    # The regressions are of the family these contracts are drawn from: one curve for all days comes as near.
    assert found["curve"] == pytest.approx(found["rhythm"], rel=0.02)
    assert found["pays"] == (found["curve"] <= found["rhythm"])
    assert 0.76 <= found["covered"] <= 0.84
    wrong = [scored(made.examples, number, turned=True) for number in (7, 10)]
    other = event_curve_check.check(made.examples, wrong, made.ensemble, UNTIL, (LABEL, SETTINGS))
    assert other is not None
    assert other["curve"] > found["curve"]
    assert other["rhythm"] == found["rhythm"]
    assert not other["pays"]


def test_a_list_names_the_day_only_where_it_is_as_likely_as_not(made):
    rows = made.examples.filter(pl.col("snapshot") == pl.col("snapshot").max()).head(200)
    churn = logit(np.clip(1 - true_chance(rows, LABEL.horizon_days), 1e-4, 1 - 1e-4))
    left, as_of = made.curve.no_event(made.ensemble, rows, churn), rows["snapshot"][0]
    days = next_order.next_order(made.curve, rows, left, as_of, LABEL)
    assert days.select(*next_order.EXPECTED).null_count().row(0) == (200,) * 3
    start = as_of + timedelta(days=LABEL.gap_days)
    on_its_day = 0
    for named, chances, renewal in zip(days["cancellation_day"], left, rows["days_to_renewal"], strict=True):
        if named is None:
            assert chances[-1] > 0.5
            continue
        over, day = (named - start).days + 1, renewal - LABEL.gap_days
        by_day = daily(made.curve.days, chances, day, made.curve.at_renewal)
        assert by_day[over] <= 0.5 + 1e-9
        assert by_day[over - 1] > 0.5 - 1e-9 or over == 1
        on_its_day += over == day + 1
    assert on_its_day > 10
    assert 0 < days["cancellation_day"].null_count() < 200
    assert days.filter(pl.col("cancellation_from_day") > pl.col("cancellation_day")).is_empty()


def daily(days: tuple[int, ...], chances: np.ndarray, renewal: float, share: float) -> list[float]:
    """The chance of no end until each day, day by day: the same hazard each day, and that of the renewal on its own."""
    hazard, start, before = [], 0, 1.0
    for day, chance in zip(days, chances, strict=True):
        between, whole = range(start, day), np.log(before / chance)
        jump = share * whole if renewal in between else 0.0
        hazard += [(whole - jump) / len(between) + (jump if one == renewal else 0.0) for one in between]
        start, before = day, chance
    return np.exp(-np.cumsum([0.0, *hazard])).tolist()


@given(
    st.lists(st.floats(0.01, 2.0), min_size=3, max_size=3).map(np.cumsum),
    st.integers(-20, 40) | st.just(np.nan),
    st.floats(0.0, 1.0),
    st.floats(0.02, 0.98),
)
def test_between_two_days_the_renewal_has_its_part(hazard, renewal, share, wanted):
    days, chances = (7, 14, 30), np.exp(-hazard)
    by_day = daily(days, chances, renewal, share)
    here = event_days.Renewal(np.array([renewal]), share)
    for day in range(31):
        found = event_days.no_event_until(chances[None, :], days, np.array([float(day)]), here)[0]
        assert found == pytest.approx(by_day[day], abs=1e-12)
    reached = day_reached(chances[None, :], days, wanted, here)[0]
    if np.isinf(reached):
        assert by_day[-1] > 1 - wanted - 1e-12
    else:
        assert np.interp(reached, range(31), -np.log(by_day)) == pytest.approx(-np.log(1 - wanted), abs=1e-9)


def test_it_has_learnt_how_many_end_on_the_day_of_renewal(made):
    """By pandas, between the same two days; of the law they are drawn from, half of those who run until then."""
    table = made.examples.select("snapshot", "days_to_renewal", came="days_to_event").to_pandas()
    table["renewal"] = table["days_to_renewal"] - LABEL.gap_days
    over = (pd.Timestamp(UNTIL) - pd.to_datetime(table["snapshot"])).dt.days - LABEL.gap_days
    known = table[(table["came"] < over) & (table["renewal"] >= 0) & (table["came"] < made.curve.days[-1])]
    edges = [0, *made.curve.days, np.inf]
    came, renewal = (pd.cut(known[name], edges, right=False, labels=False) for name in ("came", "renewal"))
    near = known[came == renewal]
    assert made.curve.at_renewal == pytest.approx((near["came"] == near["renewal"]).mean(), abs=1e-6)
    assert 0.8 < made.curve.at_renewal < 1
    assert made.curve.renewal(made.examples.drop("days_to_renewal"), LABEL) is None
