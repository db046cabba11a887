"""An uplift learner beside the simple effects: by sums made another way, and by companies whose truth is known."""

from collections import Counter
from datetime import timedelta

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.readout import qini, uplift_calibration, uplift_comparison, uplift_learner, uplift_trials
from pipeline.readout.qini import Ranking
from pipeline.readout.uplift_comparison import BETTER, DIFFERENCE, LEARNER, SAME, SIMPLE, UNKNOWN, WORSE
from tests.readout.uplift_company import DECLARED, FIRST, make, true_effect

ERROR = 0.5


def learnt(fit, simple, later, simple_later):
    return uplift_learner.fit(fit, simple).predict(later, simple_later)


def oracle(kind):
    """A learner that knows the truth."""

    def predict(_fit, _simple, later, _simple_later):
        effect = true_effect(kind, later["playbook"].to_numpy(), later["tier"].to_numpy())
        return effect * (later["churn_probability"] * later["answered_share"]).to_numpy()

    return predict


def frame_of(trials: pl.DataFrame) -> pd.DataFrame:
    """The trials in pandas, with what each of them shows by hand."""
    frame = pd.DataFrame(trials.to_dicts())
    shown = []
    for row in frame.to_dict("records"):
        apart = row["stayed"] - (1 - row["churn_probability"])
        weight = -1 / row["propensity_nothing"] if pd.isna(row["given"]) else 0
        shown.append(apart * (1 / row["propensity"] if row["given"] == row["playbook"] else weight))
    return frame.assign(shown=shown)


def by_hand(frame: pd.DataFrame, uplift: np.ndarray) -> dict[str, float]:
    """Area, worth and what is above chance, by a walk down the order, one decision after the other."""
    frame = frame.assign(promised=uplift * frame.value - frame.cost)
    best = frame.sort_values("promised", ascending=False).groupby(["customer_id", "as_of"]).head(1)
    best = best.sort_values("promised", ascending=False)
    kept = (best.shown * best.value).to_numpy()
    net = kept - best.cost.to_numpy()

    def under(steps: np.ndarray) -> float:
        """The trapezoids under a line from 0 through the sums of the steps."""
        line = np.concatenate([[0], np.cumsum(steps)]) / len(steps)
        return float(np.trapezoid(line, np.linspace(0, 1, len(line))))

    return {
        "area": under(net),
        "worth": float(net[(best.promised > 0).to_numpy()].sum() / len(best)),
        "above_chance": under(kept) - kept.mean() / 2,
    }


@pytest.fixture(scope="module")
def small():
    """A company of 2,000, its halves, and how its oracle compares with the simple effects."""
    halves = uplift_trials.split(make("heterogeneous", 2000, 3)[0])
    return halves, uplift_comparison.compare(halves, DECLARED, ERROR, oracle("heterogeneous"))


def test_areas_and_worths_are_those_of_a_walk_down_the_order(small):
    halves, one = small
    frame = frame_of(halves.held_out)
    later = halves.held_out
    for name, uplift in (
        (LEARNER, oracle("heterogeneous")(None, None, later, None)),
        (SIMPLE, frame.playbook.map(one.effects).to_numpy() * frame.churn_probability * frame.answered_share),
    ):
        expected = by_hand(frame, np.asarray(uplift))
        for measure, figure in expected.items():
            assert one.figures[name][measure].mean == pytest.approx(figure, abs=1e-9), (name, measure)
    for measure in qini.MEASURES:
        apart = one.figures[LEARNER][measure].mean - one.figures[SIMPLE][measure].mean
        assert one.figures[DIFFERENCE][measure].mean == pytest.approx(apart)
    last = one.curves.row(-1, named=True)
    assert last["share"] == 1
    simple = frame.assign(p=frame.playbook.map(one.effects) * frame.churn_probability * frame.answered_share)
    best = simple.assign(p=simple.p * simple.value - simple.cost).sort_values("p").groupby("customer_id").tail(1)
    assert last["simple_effects"] == pytest.approx((best.shown * best.value - best.cost).mean(), abs=1e-6)


def test_fifths_are_those_of_pandas(small):
    halves, one = small
    frame = frame_of(halves.held_out)
    frame["promised"] = frame.playbook.map(one.effects) * frame.churn_probability * frame.answered_share
    ordered = frame.sort_values("promised", ascending=False).reset_index(drop=True)
    for number, fifth in enumerate(one.fifths[SIMPLE]):
        part = ordered[(ordered.index * 5 // len(ordered)) == number]
        assert fifth.trials == pytest.approx(len(part), abs=1)
        assert fifth.promised == pytest.approx(part.promised.mean(), abs=2e-3)
        assert fifth.measured.mean == pytest.approx(part.shown.mean(), abs=1e-2)
        sums = part.groupby("customer_id").shown.sum() - part.groupby("customer_id").size() * part.shown.mean()
        error = (sums**2).sum() ** 0.5 / len(part)
        assert (fifth.measured.high - fifth.measured.low) / 2 / 1.96 == pytest.approx(error, rel=0.02)


def test_the_simple_effect_is_the_measured_one_moved_towards_the_declared(small):
    halves, _ = small
    frame = frame_of(halves.fit)
    effects = uplift_trials.simple_effects(halves.fit, DECLARED, ERROR)
    for name, declared in DECLARED.items():
        part = frame[frame.playbook == name]
        raw = part.shown.sum() / (part.churn_probability * part.answered_share).sum()
        low, high = sorted((declared, raw))
        # Others move it a little as well, so it may lie just beyond.
        assert low - 0.05 <= effects[name] <= high + 0.05
    sure = uplift_trials.simple_effects(halves.fit, DECLARED, 1000.0)
    for name in DECLARED:
        part = frame[frame.playbook == name]
        raw = part.shown.sum() / (part.churn_probability * part.answered_share).sum()
        assert sure[name] == pytest.approx(raw, abs=0.002)


def test_what_a_trial_shows_is_right_on_average():
    """Over all that a lot can do, its mean is the true uplift, whatever the churn probability is off by."""
    trials, truth = make("heterogeneous", 60_000, 5, alone=0.3)
    shown = uplift_trials.measured(trials.with_columns(pl.col("churn_probability") * 0.8))
    for tier in ("one-time", "loyal"):
        of = (trials["tier"] == tier).to_numpy()
        error = shown[of].std() / of.sum() ** 0.5
        assert shown[of].mean() == pytest.approx(truth[of].mean(), abs=3.5 * error)


def test_halves_have_no_customer_in_common_and_the_later_half_is_later():
    trials, _ = make("none", 3000, 1)
    again = trials.filter(pl.col("as_of") == FIRST).head(400).with_columns(pl.col("as_of") + timedelta(weeks=3))
    halves = uplift_trials.split(pl.concat([trials, again]))
    assert not set(halves.fit["customer_id"]) & set(halves.held_out["customer_id"])
    assert halves.fit["as_of"].max() <= halves.cut < halves.held_out["as_of"].min()
    frame = pd.DataFrame(pl.concat([trials, again]).to_dicts())
    early = set(frame[frame.as_of <= halves.cut].customer_id)
    late = frame[~frame.customer_id.isin(early)]
    alone = {frozenset(part[part.given.isna()].customer_id) for part in (late,)}
    assert uplift_trials.arms(halves.held_out)[0] == len(next(iter(alone)))


@pytest.mark.parametrize(("alone", "enough"), [(149, False), (150, True)])
def test_each_half_takes_150_left_alone(alone, enough):
    days = [FIRST, FIRST + timedelta(weeks=1)]
    rows = [
        {"customer_id": f"{day}{number}", "as_of": day, "playbook": "call", "given": None if number < least else "call"}
        for day, least in zip(days, (150, alone), strict=True)
        for number in range(400)
    ]
    assert uplift_trials.split(pl.DataFrame(rows, infer_schema_length=None)).is_enough is enough


def test_a_known_propensity_is_what_the_learner_uses(monkeypatch):
    """Shown another propensity it learns something else; the outcomes of one arm would otherwise count too much."""
    trials, _ = make("homogeneous", 3000, 2)
    simple = uplift_trials.by_simple_effects(trials, dict.fromkeys(DECLARED, 0.0))
    one = uplift_learner.fit(trials, simple)
    nuisances = one.model.models_propensity[0]
    shares = {round(float(share), 6) for each in nuisances for share in each.predict_proba(np.array([[9.0, 0.35]]))[0]}
    assert shares == {0.35, 0.65}
    assert one.predict(trials, simple).shape == (trials.height,)
    assert (one.predict(trials, simple) <= trials["churn_probability"].to_numpy() + 1e-12).all()


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-5, 5), st.integers(0, 3)), min_size=1, max_size=30))
def test_the_area_is_that_under_the_curve_and_equals_do_not_depend_on_their_order(rows):
    promised, kept, cost = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    one = Ranking(promised, kept, cost)
    turned = Ranking(promised[::-1], kept[::-1], cost[::-1])
    assert qini.area(one) == pytest.approx(qini.area(turned), abs=1e-9)
    # The mean over all orders of equals is a straight line between their ends.
    frame = pd.DataFrame({"p": promised, "net": kept - cost}).groupby("p").net.agg(["sum", "size"]).iloc[::-1]
    line = np.concatenate([[0], frame["sum"].cumsum()]) / len(rows)
    ends = np.concatenate([[0], frame["size"].cumsum()]) / len(rows)
    assert qini.area(one) == pytest.approx(np.trapezoid(line, ends), abs=1e-9)
    shares, worth = qini.curve(one)
    assert worth == pytest.approx(np.interp(shares, ends, line), abs=1e-9)


def test_the_interval_of_an_area_is_as_wide_as_areas_of_new_customers_differ(small):
    """The draws stand for other companies of the same kind: the spread is held against 60 of them."""
    _, one = small
    spread = []
    for seed in range(60):
        later = uplift_trials.split(make("heterogeneous", 2000, 100 + seed)[0]).held_out
        uplift, shown = oracle("heterogeneous")(None, None, later, None), uplift_trials.measured(later)
        value, cost = later["value"].to_numpy(), later["cost"].to_numpy()
        decision = later["customer_id"].rank("dense").to_numpy() - 1
        spread.append(qini.area(qini.best_of(uplift, value, cost, shown, decision)))
    width = one.figures[LEARNER]["area"].high - one.figures[LEARNER]["area"].low
    assert width / 3.92 == pytest.approx(np.std(spread), rel=0.35)


def test_those_on_three_lists_count_as_one_customer(small):
    halves, _ = small
    later = halves.held_out
    thrice = pl.concat([later.with_columns(pl.col("as_of") + timedelta(days=7 * more)) for more in range(3)])
    shown, again = (uplift_trials.measured(one) for one in (later, thrice))
    ids, more = (one["customer_id"].rank("dense").to_numpy() - 1 for one in (later, thrice))
    once, often = uplift_calibration.mean(shown, ids), uplift_calibration.mean(again, more)
    assert (often.mean, often.low, often.high) == pytest.approx((once.mean, once.low, once.high))


def comparison_of(kind, customers, seed):
    return uplift_comparison.compare(uplift_trials.split(make(kind, customers, seed)[0]), DECLARED, ERROR, learnt)


def test_where_effects_differ_the_learner_ranks_better_and_the_comparison_says_so():
    trials, _ = make("heterogeneous", 16_000, 3)
    halves = uplift_trials.split(trials)
    one = uplift_comparison.compare(halves, DECLARED, ERROR, learnt)
    assert (one.verdict, one.is_evidence) == (BETTER, True)
    simple = uplift_trials.by_simple_effects(halves.fit, one.effects)
    later = uplift_trials.by_simple_effects(halves.held_out, one.effects)
    true = oracle("heterogeneous")(None, None, halves.held_out, None)
    off = np.abs(learnt(halves.fit, simple, halves.held_out, later) - true).mean(), np.abs(later - true).mean()
    assert off[0] < 0.6 * off[1]
    assert one.fifths[LEARNER][0].measured.low > one.fifths[LEARNER][-1].measured.high


def test_where_one_effect_is_true_of_all_there_is_no_difference():
    one = comparison_of("homogeneous", 8000, 3)
    assert (one.verdict, one.is_evidence) == (SAME, True)


def test_where_nothing_helps_there_is_no_evidence():
    one = comparison_of("none", 8000, 4)
    assert not one.is_evidence
    assert one.verdict in {SAME, UNKNOWN}
    assert one.uplift.low < 0 < one.uplift.high


def test_an_order_turned_round_is_worse():
    halves = uplift_trials.split(make("heterogeneous", 16_000, 3)[0])
    turned = uplift_comparison.compare(halves, DECLARED, ERROR, lambda *known: -oracle("heterogeneous")(*known))
    assert turned.verdict == WORSE


@pytest.mark.parametrize(
    ("kind", "customers", "companies", "better", "evidence"),
    [("heterogeneous", 20_000, 12, (6, 12), (11, 12)), ("homogeneous", 10_000, 20, (0, 2), (18, 20)),
     ("none", 10_000, 20, (0, 2), (0, 3))],
)  # fmt: skip
def test_companies_of_each_kind(kind, customers, companies, better, evidence):
    """Nightly: the learner is called better where it is, and elsewhere no more often than chance calls it so."""
    each = [comparison_of(kind, customers, 500 + seed) for seed in range(companies)]
    verdicts = Counter(one.verdict for one in each)
    assert better[0] <= verdicts[BETTER] <= better[1] and verdicts[WORSE] <= 2, verdicts
    assert kind == "heterogeneous" or verdicts[SAME] >= companies // 3, verdicts
    assert evidence[0] <= sum(one.is_evidence for one in each) <= evidence[1]
