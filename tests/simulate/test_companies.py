"""Each company does what it is named for, and the customers are what the settings say."""

import numpy as np
import pytest

from pipeline.simulate import COMPANIES, Company, parameters, trajectories
from tests.simulate.plans import company, levels, plan

ACTIVE, GONE = parameters.ACTIVE, parameters.GONE


def lived(made: Company | str, **changes) -> trajectories.Trajectories:
    return trajectories.simulate_trajectories(
        plan(made, **({"customers": trajectories.BLOCK, "days": 540} | changes)), 0
    )


def visit_rate_before_gone(found: trajectories.Trajectories, first: int, last: int) -> float:
    """Visits per day between `first` and `last` days before the day a customer, not a one-time buyer, was gone."""
    gone_on = np.where((found.state == GONE).any(axis=1), (found.state == GONE).argmax(axis=1), -1)
    rows = np.flatnonzero(gone_on - found.arrival > 180)
    return float(np.mean([found.visited[row, gone_on[row] - first : gone_on[row] - last].mean() for row in rows]))


def test_visits_fall_before_a_customer_is_gone_only_where_they_lead():
    leads, silent = lived("engagement_leads"), lived("engagement_silent")
    assert visit_rate_before_gone(leads, 21, 1) < 0.5 * visit_rate_before_gone(leads, 180, 150)
    assert visit_rate_before_gone(silent, 21, 1) == pytest.approx(visit_rate_before_gone(silent, 180, 150), rel=0.15)
    # Gone customers who leave with their visits are told from quiet ones by a single visit.
    assert not leads.visited[(leads.state == GONE) & ~leads.bought].any()
    assert not leads.bought[:, 1:][leads.state[:, :-1] == GONE].any()


@pytest.mark.parametrize("name", COMPANIES)
def test_one_time_buyers_are_as_many_as_said(name):
    found = lived(name)
    once = (found.state[np.arange(4096), found.arrival] == GONE).mean()
    assert once == pytest.approx(COMPANIES[name].one_time_share, abs=0.025)
    assert found.bought[np.arange(4096), found.arrival].all()
    assert not (found.bought | found.visited)[found.state == trajectories.NOT_YET].any()


def test_long_cycles_are_not_churn():
    found = lived("default")
    last_days = found.bought[:, 450:540].any(axis=1)
    quiet_but_there = ~last_days & (found.state[:, 539] == ACTIVE) & (found.arrival < 360)
    assert quiet_but_there.sum() > 100
    mean_gaps = parameters.parameters_of(COMPANIES["default"]).rhythms[found.rhythm[quiet_but_there], 0]
    assert (mean_gaps >= 60).mean() > 0.8
    comes_back = found.bought[quiet_but_there, 540:].any(axis=1).mean()
    assert comes_back > 0.3


@pytest.mark.parametrize("shape", [1, 6])
def test_rhythms_have_the_mean_and_the_spread_of_their_settings(shape):
    made = company(mean_gap_days=levels(14), rhythm_shape=levels(shape), leaving_per_day=levels(0), one_time_share=0.0,
                   season_amplitude=0.0)  # fmt: skip
    found = lived(made, arrival_days=1)
    gaps = np.concatenate([np.diff(np.flatnonzero(bought)) for bought in found.bought])
    assert gaps.mean() == pytest.approx(14.5, rel=0.03), "rounded up to whole days"
    assert gaps.std() == pytest.approx(14 / np.sqrt(shape), rel=0.06)


def test_the_season_and_the_drift_are_there_to_be_seen():
    found = lived("seasonal_drift", days=730)
    active = found.state == ACTIVE
    rate = [found.bought[:, days][active[:, days]].mean() for days in (slice(325, 365), slice(500, 540))]
    assert rate[0] > 1.8 * rate[1], "more in December than in June"
    restless = found.leaving == 2
    stays, left = active[restless, :-1], (found.state[restless, 1:] > ACTIVE) & active[restless, :-1]
    one_time = found.arrival[restless, None] == np.arange(active.shape[1] - 1)
    first, second = (
        (left & ~one_time)[:, days].sum() / stays[:, days].sum() for days in (slice(0, 365), slice(365, 730))
    )
    assert second / first == pytest.approx(2.0, rel=0.15)


def test_without_signal_nobody_leaves_and_all_visit_alike():
    found = lived("no_signal")
    assert set(np.unique(found.state)) == {trajectories.NOT_YET, ACTIVE}


def test_arrivals_start_with_the_launch_and_grow():
    arrival = lived("default", days=730).arrival
    assert (arrival < 90).mean() == pytest.approx(0.3 + 0.7 * 0.112, abs=0.025)
    assert 1.05 < (arrival >= 365).sum() / ((arrival >= 90) & (arrival < 365)).sum() * 275 / 365 < 1.35


def test_spend_is_as_said_and_tells_nothing():
    made = plan("default")
    found = trajectories.simulate_trajectories(made, 0)
    customer, day = np.nonzero(found.bought[:, : made.days])
    amounts = trajectories.amounts(made, 0, found, customer, day)
    for level in (15, 40, 120):
        assert np.median(amounts[found.spend_level[customer] == level]) == pytest.approx(100 * level, rel=0.03)
    for other in (found.rhythm, found.leaving, found.habit, found.arrival):
        assert abs(np.corrcoef(found.spend_level, other)[0, 1]) < 0.06
