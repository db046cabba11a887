"""The two probabilities against what then happened, and what they must never depend on."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import log_loss, roc_auc_score

from pipeline.simulate import COMPANIES, FIRST_DAY, block, filtering, parameters, trajectories, true_probability
from tests.simulate.plans import plan


@pytest.fixture(scope="module")
def truths() -> dict[str, pl.DataFrame]:
    return {name: block(plan(name), 0)["truth"] for name in COMPANIES}


def expected(rows: pl.DataFrame, column: str) -> bool:
    """Whether as many churned as the probabilities say, but for what chance does once in a million (Bernstein)."""
    probability = rows[column].to_numpy()
    variance, weight = (probability * (1 - probability)).sum(), np.log(2e6)
    slack = weight / 3 + np.sqrt((weight / 3) ** 2 + 2 * weight * variance)
    return bool(abs(rows["churned"].sum() - probability.sum()) < slack)


@pytest.mark.parametrize("name", COMPANIES)
@pytest.mark.parametrize("column", ["best_probability", "true_probability"])
def test_as_many_churn_as_the_probabilities_say(truths, name, column):
    for _, rows in truths[name].group_by("snapshot", maintain_order=True):
        assert expected(rows, column)
        order = rows.sort(column)
        assert all(expected(order[part], column) for part in np.array_split(np.arange(len(order)), 10))
        if column == "true_probability":
            assert all(expected(part, column) for _, part in rows.group_by("state", "mean_gap_days", "rhythm_shape"))


@pytest.mark.parametrize("name", ["seasonal_drift", "engagement_silent"])
def test_as_many_take_a_step_of_leaving_on_the_day_as_the_hazard_says(truths, name):
    states, truth = trajectories.simulate_trajectories(plan(name), 0).state, truths[name]
    assert truth.filter(pl.col("hazard_per_day").is_null())["state"].unique().to_list() == ["gone"]
    still = truth.filter(pl.col("hazard_per_day").is_not_null())
    day = (still["snapshot"] - FIRST_DAY).dt.total_days().to_numpy()
    customer = still["customer_id"].str.slice(1).cast(pl.Int64).to_numpy() - 1
    moved = states[customer, day] != states[customer, day - 1]
    rows = still.with_columns(churned=moved.astype(np.int8))
    assert moved.sum() > 5
    assert all(expected(part, "hazard_per_day") for _, part in rows.group_by("state", "leaving_per_day"))


@pytest.mark.parametrize("name", sorted(set(COMPANIES) - {"no_signal"}))
def test_who_knows_all_ranks_no_worse_than_who_sees_the_tables(truths, name):
    at = truths[name].filter(pl.col("snapshot") == truths[name]["snapshot"].max())
    best, true = (roc_auc_score(at["churned"], at[f"{kind}_probability"]) for kind in ("best", "true"))
    assert 0.7 < best < true


def test_without_signal_everybody_has_the_same_probability(truths):
    truth = truths["no_signal"]
    assert truth["best_probability"].unique().to_list() == truth["true_probability"].unique().to_list()
    assert truth["best_probability"][0] == pytest.approx(np.exp(-60 / 90), abs=1e-8)
    assert roc_auc_score(truth["churned"], truth["best_probability"]) == 0.5


@pytest.mark.parametrize(
    ("name", "tells"), [("engagement_leads", True), ("default", True), ("engagement_silent", False)]
)
def test_visits_tell_something_only_where_they_lead(name, tells):
    made = plan(name, customers=1200)
    lived, ahead = (
        trajectories.simulate_trajectories(made, 0),
        true_probability.lookaheads(made.company, tuple(made.snapshots), made.label),
    )
    seen = lived.bought, lived.visited, made.snapshots, ahead
    with_visits = filtering.best_probability(parameters.parameters_of(made.company), *seen)
    without = filtering.best_probability(parameters.parameters_of(made.company), *seen, use_visits=False)
    known = ~np.isnan(without)
    if not tells:
        assert np.array_equal(with_visits[known], without[known])
        return
    outcomes = [~lived.bought[:, at : at + made.label.horizon_days].any(axis=1) for at in made.snapshots]
    churned = np.stack(outcomes, axis=1)[known]
    for better, worse in ((-log_loss(churned, with_visits[known]), -log_loss(churned, without[known])),
                          (roc_auc_score(churned, with_visits[known]), roc_auc_score(churned, without[known]))):  # fmt: skip
        assert better > worse + 0.005


def test_the_gap_and_the_horizon_are_those_of_the_label():
    short, gap, long = (
        block(plan("default", customers=300, days=200, **label), 0)["truth"]
        for label in ({"horizon_days": 30}, {"gap_days": 30, "horizon_days": 30}, {"horizon_days": 60})
    )
    for column in ("true_probability", "best_probability", "churned"):
        assert (long[column] <= short[column]).all()
        assert (long[column] <= gap[column]).all()
    assert expected(gap.filter(pl.col("snapshot") == gap["snapshot"].max()), "true_probability")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(COMPANIES)), st.integers(1, 60), st.floats(0, 1))
def test_any_history_has_a_probability_and_the_future_has_no_say(seed, name, snapshot, density):
    """Also histories no such company would write: whatever the tables hold, the belief stays one."""
    made, dice = plan(name, days=60, horizon_days=20), np.random.default_rng(seed)
    bought, visited = dice.random((2, 5, 60)) < density
    bought[:, dice.integers(snapshot)] = True
    ahead = true_probability.lookaheads(made.company, (snapshot,), made.label)

    def look():
        return filtering.best_probability(parameters.parameters_of(made.company), bought, visited, [snapshot], ahead)[
            :, 0
        ]

    before = look()
    assert ((before >= 0) & (before <= 1 + 1e-12)).all()
    bought[:, snapshot:], visited[:, snapshot:] = dice.random((2, 5, 60 - snapshot)) < 0.5
    assert np.array_equal(look(), before)
