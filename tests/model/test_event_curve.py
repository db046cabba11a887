"""When the next order comes: the curve meets the churn probability, never rises, and has not seen what came later."""

from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit, logit
from sklearn.metrics import log_loss

from pipeline.config import params
from pipeline.config.params import Label
from pipeline.evaluation import event_curve_check
from pipeline.evaluation.bootstrap import ScoredSnapshot
from pipeline.examples.next_events import with_days_to_event
from pipeline.examples.snapshots import outcome_window
from pipeline.model import event_curve, gbm
from pipeline.model.ensemble import Ensemble
from pipeline.model.event_curve import EventCurve
from pipeline.model.event_days import day_reached
from pipeline.value import purchase_process
from tests.model.examples import FEATURES, FIRST, LABEL, make_examples

SETTINGS = params.load().model.model_copy(update={"num_threads": 1})
NAMES = [feature.name for feature in FEATURES]
UNTIL = FIRST + timedelta(days=30 * 8)


def with_orders(examples: pl.DataFrame, seed: int = 5) -> pl.DataFrame:
    """Orders at a constant rate of each customer, which a mood and the silence decide."""
    dice = np.random.default_rng(seed)
    rate = np.exp(-3.5 + 0.8 * examples["mood"].to_numpy() - 0.01 * examples["days_since_last_order"].to_numpy())
    waited = np.floor(dice.exponential(1 / rate)).astype(np.int32)
    return examples.with_columns(
        days_to_event=pl.Series(waited), churned=pl.Series((waited >= LABEL.horizon_days).astype(np.int8)), rate=rate
    )


class Made(NamedTuple):
    examples: pl.DataFrame
    ensemble: Ensemble
    curve: EventCurve


@pytest.fixture(scope="module")
def made() -> Made:
    examples = with_orders(make_examples(300, 8))
    rows = examples.select(NAMES).cast(pl.Float64).fill_null(float("nan")).to_numpy(order="c")
    trees = gbm.grow((rows, examples["churned"].to_numpy()), 5, FEATURES, SETTINGS)
    rhythm = purchase_process.fit(examples.filter(pl.col("snapshot") == pl.col("snapshot").max()))
    ensemble = Ensemble(NAMES, trees, None, 0.0, rhythm, (LABEL.gap_days, LABEL.horizon_days))
    curve = event_curve.fit(examples, ensemble, UNTIL, LABEL, SETTINGS)
    assert curve is not None
    return Made(examples, ensemble, curve)


@given(arrays(np.float64, 40, elements=st.floats(-12, 12)))
def test_at_the_end_of_the_window_it_is_the_churn_probability_and_it_never_rises(made, log_odds):
    no_order = made.curve.no_event(made.ensemble, made.examples.head(40), log_odds)
    place = made.curve.days.index(LABEL.horizon_days)
    assert no_order[:, place].tolist() == expit(log_odds).tolist()
    assert np.all(np.diff(no_order, axis=1) <= 0)
    assert np.all((no_order >= 0) & (no_order <= 1))


@pytest.mark.parametrize("number", [0, 7, 41])
def test_its_chances_by_hand(made, number):
    """Row by row and day by day: how far churn is from the trees at the window's end, and of that the less the farther."""
    row, own = made.examples[[number]], 0.7
    columns, trees, none_yet, usual_before = made.ensemble.matrix(row)[0], {}, 1.0, 1.0
    for day, level in zip(made.curve.days, made.curve.level, strict=True):
        usual = purchase_process.p_no_purchase(made.ensemble.purchase_process, row, LABEL.gap_days, day)[0]
        usual = np.clip(usual, 1e-4, 1 - 1e-4)
        since = np.clip(usual / usual_before, 1e-4, 1 - 1e-4)
        seen = np.array([[*columns, day, np.log(since / (1 - since)), np.log(usual / (1 - usual))]])
        usual_before = usual
        # Of who has not ordered by the day before, so many have not by this one.
        none_yet *= expit(made.curve.trees.predict(seen, raw_score=True)[0] + level)
        trees[day] = logit(none_yet)
    end, chances = LABEL.horizon_days, {}
    for day in reversed(made.curve.days):
        part = (day / end) ** 1.5 if day < end else (end / day) ** 0.25
        mixed = expit(trees[day] + part * (own - trees[end]))
        # Before the end of the window no day lies below a later one.
        chances[day] = mixed if day > end else max([mixed, *(chances[one] for one in chances if one <= end)])
    found = made.curve.no_event(made.ensemble, row, np.array([own]))[0]
    assert found == pytest.approx([chances[day] for day in made.curve.days], rel=1e-9)


def test_rows_held_back_say_how_many_trees_there_are_and_grow_none():
    """By scikit-learn: where the columns say nothing, next to none, and where they say much, more."""
    dice = np.random.default_rng(3)
    rows, held_back, nobody = dice.normal(size=(3000, 4)), np.arange(3000) % 5 == 0, np.zeros(2400, dtype=bool)
    labels = [dice.random(3000) < 0.5, dice.random(3000) < expit(3 * rows[:, 0] * np.sign(rows[:, 1]))]
    level, learner, numbers = np.full(3000, 0.1), event_curve.OF_ORDERS, []
    for came in labels:
        grown = gbm.grow_upon(level, (rows, came.astype(np.int8)), held_back, (200, 30), SETTINGS, learner)
        own = rows[~held_back], came[~held_back].astype(np.int8)
        every = gbm.grow_upon(level[~held_back], own, nobody, (200, 30), SETTINGS, learner)
        loss = [
            log_loss(came[held_back], expit(0.1 + every.predict(rows[held_back], raw_score=True, num_iteration=number)))
            for number in range(1, 201)
        ]
        # The first place from which on thirty trees brought nothing better, else the best of all.
        stops = (number for number in range(1, 171) if loss[number - 1] < min(loss[number : number + 30]))
        numbers.append(next(stops, int(np.argmin(loss)) + 1))
        first = every.predict(rows, raw_score=True, num_iteration=numbers[-1])
        assert grown.predict(rows, raw_score=True).tolist() == first.tolist()
    assert 2 * numbers[0] < numbers[1]


def test_its_levels_are_of_those_who_had_not_ordered_yet(made):
    """By pandas: examples whose day is over, and who had not ordered by the day before; the product is Kaplan-Meier's."""
    table = made.examples.select("snapshot", "days_to_event").to_pandas()
    ahead = (pd.Timestamp(UNTIL) - pd.to_datetime(table.snapshot)).dt.days - LABEL.gap_days
    previous = 0
    for day, level in zip(made.curve.days, made.curve.level, strict=True):
        still = table[(ahead >= day) & (table.days_to_event >= previous)]
        assert expit(level) == pytest.approx((still.days_to_event >= day).mean(), abs=1e-9)
        previous = day
    assert made.curve.by_hazard


def test_a_curve_of_an_earlier_release_is_read_as_it_was_meant(made):
    """Its trees say of each day that nothing came until then, whatever came before, and see BG/NBD until then alone."""
    days, level, rows = (7, 14, LABEL.horizon_days, 60), (1.5, 1.0, 0.2, -0.4), made.examples.head(300)
    usual = {day: logit(purchase_process.p_no_purchase(made.ensemble.purchase_process, rows, LABEL.gap_days, day))
             for day in days}  # fmt: skip
    seen = {day: np.column_stack([made.ensemble.matrix(rows), np.full(300, day), usual[day]]) for day in days}
    every, silent = np.concatenate([*seen.values()]), np.concatenate([rows["days_to_event"] >= day for day in days])
    trees = gbm.grow_upon(np.repeat(level, 300), (every, silent.astype(np.int8)), np.zeros(1200, dtype=bool), (20, 5),
                          SETTINGS, {"monotone_constraints": [0] * len(NAMES) + [-1, 1]})  # fmt: skip
    saved = {"days": list(days), "horizon": LABEL.horizon_days, "level": list(level), "trees": gbm.to_text(trees)}
    old = EventCurve.from_dict(saved)
    assert old is not None and not old.by_hazard
    own = np.linspace(-1, 1, 300)
    margins = {day: trees.predict(seen[day], raw_score=True) + one for day, one in zip(days, level, strict=True)}
    wanted = expit(own + margins[60] - margins[LABEL.horizon_days])
    found = old.no_event(made.ensemble, rows, own)
    assert found[:, -1] == pytest.approx(np.minimum(wanted, expit(own)), rel=1e-9)


def test_it_reaches_as_far_as_outcomes_do(made):
    longest = (UNTIL - FIRST).days
    assert made.curve.days == tuple(day for day in event_curve.DAYS if day <= longest)
    assert made.curve.horizon == LABEL.horizon_days
    odd = LABEL.model_copy(update={"horizon_days": 33})
    other = event_curve.fit(made.examples, made.ensemble, UNTIL, odd, SETTINGS)
    assert other is not None
    assert 33 in other.days


@pytest.mark.parametrize(
    ("label", "until"),
    [
        (LABEL.model_copy(update={"kind": "overdue"}), UNTIL),
        (LABEL, FIRST + timedelta(days=29)),
        (LABEL, FIRST),
    ],
)
def test_where_no_day_of_it_would_be_churn_there_is_none(made, label, until):
    assert event_curve.fit(made.examples, made.ensemble, until, label, SETTINGS) is None


@pytest.mark.parametrize("later", [None, 5000])
def test_what_came_on_the_day_or_later_is_not_seen(made, later):
    until = FIRST + timedelta(days=140)
    start = pl.col("snapshot") + pl.duration(days=LABEL.gap_days)
    unseen = (start + pl.duration(days="days_to_event")).cast(pl.Date) >= until
    replaced = pl.when(unseen).then(pl.lit(later, dtype=pl.Int32)).otherwise("days_to_event")
    changed = made.examples.with_columns(days_to_event=replaced)
    assert not changed.equals(made.examples)
    one, two = (event_curve.fit(each, made.ensemble, until, LABEL, SETTINGS) for each in (made.examples, changed))
    assert one is not None
    assert two is not None
    assert one.as_dict() == two.as_dict()
    # An order one day earlier is seen.
    seen = made.examples.with_columns(days_to_event=pl.when(unseen).then(0).otherwise("days_to_event").cast(pl.Int32))
    three = event_curve.fit(seen, made.ensemble, until, LABEL, SETTINGS)
    assert three is not None
    assert three.as_dict() != one.as_dict()


def test_as_many_have_not_ordered_as_it_says(made):
    """On customers drawn anew, whose churn probability is the true one."""
    new = with_orders(make_examples(2000, 2, seed=77), seed=78)
    truth = np.exp(-new["rate"].to_numpy()[:, None] * np.array(made.curve.days))
    log_odds = logit(np.exp(-new["rate"].to_numpy() * LABEL.horizon_days))
    no_order = made.curve.no_event(made.ensemble, new, log_odds)
    assert no_order.mean(axis=0) == pytest.approx(truth.mean(axis=0), abs=0.06)
    apart = np.abs(no_order - truth).mean(axis=0)
    one_for_all = np.abs(truth.mean(axis=0) - truth).mean(axis=0)
    assert np.all(apart[:-1] < 0.75 * one_for_all[:-1]), "it tells customers apart on every day"
    came = new["days_to_event"].to_numpy()
    low, high = (day_reached(no_order, made.curve.days, share) for share in (0.1, 0.9))
    # Whose interval ends later than the curve reaches is within it, so there are more than 80 %.
    assert 0.75 <= np.mean((came >= np.floor(low)) & (came <= high)) <= 0.93


def test_it_is_read_back_as_it_was(made):
    again = EventCurve.from_dict(made.curve.as_dict())
    rows, log_odds = made.examples.head(50), np.linspace(-2, 2, 50)
    assert again is not None
    assert again.no_event(made.ensemble, rows, log_odds).tolist() == made.curve.no_event(
        made.ensemble, rows, log_odds
    ).tolist()  # fmt: skip
    assert EventCurve.from_dict(None) is None


@given(
    st.lists(st.floats(0.0, 3.0), min_size=3, max_size=3).map(np.cumsum),
    st.floats(0.02, 0.98),
)
def test_the_day_of_an_order_is_where_the_curve_crosses(hazard, share):
    days = (7, 14, 30)
    found = day_reached(np.exp(-hazard)[None, :], days, share)[0]
    if np.isinf(found):
        assert np.exp(-hazard[-1]) > 1 - share
    else:
        between = np.interp(found, [0, *days], [0, *hazard])
        assert np.exp(-between) == pytest.approx(1 - share, abs=1e-6) or np.exp(-between) <= 1 - share


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 60)), min_size=1, max_size=30, unique=True),
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 60)), max_size=20),
    st.integers(0, 9),
)
def test_days_to_the_next_order_by_hand(looked, bought, gap):
    label = Label(kind="inactivity", gap_days=gap, horizon_days=30)
    examples = pl.DataFrame(
        {"snapshot": [FIRST + timedelta(days=day) for _, day in looked], "customer_key": [who for who, _ in looked]},
        schema={"snapshot": pl.Date, "customer_key": pl.UInt64},
    )
    purchases = pl.DataFrame(
        {"customer_key": [who for who, _ in bought], "day": [FIRST + timedelta(days=day) for _, day in bought]},
        schema={"customer_key": pl.Int64, "day": pl.Date},
    )
    found = with_days_to_event(examples, purchases, label)
    assert found.drop("days_to_event").equals(examples)
    by_hand = [
        min((day - seen - gap for other, day in bought if other == who and day >= seen + gap), default=None)
        for who, seen in looked
    ]
    assert found["days_to_event"].to_list() == by_hand


def scored(examples: pl.DataFrame, number: int) -> ScoredSnapshot:
    day = FIRST + timedelta(days=30 * number)
    rows = examples.filter(pl.col("snapshot") == day)
    true = {"model": np.exp(-rows["rate"].to_numpy() * LABEL.horizon_days)}
    return ScoredSnapshot(str(day), rows["customer_key"].to_numpy(), rows["churned"].to_numpy(), true)


def test_it_is_held_to_the_rhythm_at_earlier_snapshots(made):
    parts = [scored(made.examples, number) for number in range(3, 8)]
    found = event_curve_check.check(made.examples, parts, made.ensemble, UNTIL, (LABEL, SETTINGS))
    assert found is not None
    assert [one["snapshot"] for one in found["cutoffs"]] == [parts[place].snapshot for place in (0, 4)]
    assert found["pays"]
    assert found["curve"] == pytest.approx(np.mean([one["curve"] for one in found["cutoffs"]]), abs=1e-6)
    assert 0.7 <= found["covered"] <= 0.95
    # The last one by another way: pandas, day by day.
    last = found["cutoffs"][-1]
    day = date.fromisoformat(last["snapshot"])
    before = made.examples.filter(pl.col("snapshot") < day)
    rhythm = purchase_process.fit(before.filter(pl.col("snapshot") == pl.col("snapshot").max()))
    rows = made.examples.filter(pl.col("snapshot") == day)
    table = pd.DataFrame({"came": rows["days_to_event"].to_numpy()})
    known = [one for one in event_curve.DAYS if one <= (UNTIL - outcome_window(day, LABEL).start).days]
    assert last["days"] == known[-1] == LABEL.horizon_days
    total, previous = 0.0, 0
    for one in known:
        table["chance"] = purchase_process.p_no_purchase(rhythm, rows, 0, one)
        table["silent"] = (table["came"] >= one).astype(float)
        total += ((table["chance"] - table["silent"]) ** 2).mean() * (one - previous)
        previous = one
    assert last["rhythm"] == pytest.approx(total / known[-1], abs=1e-6)


def test_a_curve_upon_a_wrong_ranking_does_not_pay(made):
    """Whoever is likely to stay is said to be likely to leave."""
    parts = [scored(made.examples, number) for number in (5, 7)]
    wrong = [
        ScoredSnapshot(part.snapshot, part.customers, part.churned, {"model": 1 - part.scored["model"]})
        for part in parts
    ]
    found = event_curve_check.check(made.examples, wrong, made.ensemble, UNTIL, (LABEL, SETTINGS))
    assert found is not None
    assert len(found["cutoffs"]) == 2
    assert found["curve"] > found["rhythm"]
    assert not found["pays"]
