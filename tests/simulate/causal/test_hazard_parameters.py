"""Whole companies do what their settings say: who leaves, when, for which cause, and what helps."""

import numpy as np
import polars as pl
import pytest

from pipeline.simulate.causal import COMPANIES, company_history, outcome_probability, survival, truth
from pipeline.simulate.causal.episodes import NEVER, UNTREATED
from pipeline.simulate.causal.hazard_parameters import hazard_parameters_of
from pipeline.simulate.causal.leaving import hazards
from pipeline.simulate.trajectories import BLOCK
from tests.simulate.causal.causal_plans import day, past, plan, surprise, tables

BLOCKS = 2
WITHOUT_TRACE = "C28"


def leavers(name: str) -> list[tuple[company_history.History, np.ndarray]]:
    """The customers of a few blocks who leave within the calendar, one-time buyers not counted."""
    lived = [past(name, number) for number in range(BLOCKS)]
    return [(one, np.flatnonzero((one.ends.leave < one.plan.days) & ~one.who.once)) for one in lived]


@pytest.mark.parametrize("name", COMPANIES)
def test_every_cause_drives_some_away_and_most_leavers_have_one_clear_cause(name):
    company, causes, clear = COMPANIES[name], [], []
    for lived, gone in leavers(name):
        causes += lived.ends.cause[gone].tolist()
        gone = gone[lived.ends.cause[gone] >= 0]
        cause, leave = lived.ends.cause[gone], lived.ends.leave[gone]
        trouble = lived.trouble
        running = (trouble.start[:, gone] <= leave) & (leave < trouble.end[:, gone])
        force = hazards(company)[:, None] * running
        share = force[cause, np.arange(len(gone))] / (force.sum(axis=0) + lived.who.base_leaving[gone])
        seen = np.array([company.causes[name].seen for name in trouble.ids])[cause]
        clear += ((share >= 0.6) & (leave - trouble.start[cause, gone] >= 14))[seen].tolist()
    shares = np.bincount(np.array(causes) + 1, minlength=len(company.causes) + 1) / len(causes)
    assert (shares[1:] > 0.02).all(), dict(zip(company.causes, shares[1:].round(3), strict=True))
    assert 0.05 < shares[0] < 0.3, "for no cause"
    assert np.mean(clear) > 0.6
    assert len(company.causes) >= 13


def test_the_companies_know_twenty_causes_between_them():
    assert len({cause for company in COMPANIES.values() for cause in company.causes}) >= 20


@pytest.mark.parametrize("name", COMPANIES)
def test_the_true_probability_is_what_happens(name):
    found = tables(name)["truth"]
    assert found["true_probability"].is_between(0, 1).all()
    for state, rows in found.group_by("state"):
        chance, happened = rows["true_probability"].to_numpy(), rows["churned"].to_numpy()
        if state == ("gone",):
            assert (chance == happened).all()
        else:
            assert abs(surprise(happened, chance)) < 3.5, state
    active = found.filter(pl.col("state") == "active")
    for low, high in ((0, 0.02), (0.02, 0.1), (0.1, 0.3), (0.3, 0.6), (0.6, 1)):
        rows = active.filter(pl.col("true_probability").is_between(low, high))
        assert abs(surprise(rows["churned"].to_numpy(), rows["true_probability"].to_numpy())) < 3.5, (low, high)


@pytest.mark.parametrize("name", ["retailer", "subscription", "b2b"])
def test_the_true_probability_holds_after_a_gap_too(name):
    lived, snapshots = company_history.lived(plan(name, gap_days=12, horizon_days=40, seed=5), 0), (500, 900)
    parameters, chances, happened = hazard_parameters_of(lived.plan), [], []
    for at in snapshots:
        known = np.flatnonzero((lived.who.arrival < at) & (lived.ends.leave >= at) & ~lived.who.once)
        look = outcome_probability.lookahead(parameters, lived.who, known, at, at - lived.last_purchase(known, at))
        staying, _ = survival.staying(parameters, lived.trouble, lived.who, known, at)
        chances.append(look.probability(staying, np.arange(len(known))))
        happened.append(truth._churned(lived, known, at))
    chance, churned = np.concatenate(chances), np.concatenate(happened)
    assert abs(surprise(churned, chance)) < 3.5
    unlikely = chance < np.median(chance)
    assert abs(surprise(churned[unlikely], chance[unlikely])) < 3.5


@pytest.mark.parametrize("name", COMPANIES)
def test_customers_leave_as_often_as_their_hazard_says(name):
    lived, found = past(name), tables(name)["truth"]
    active = found.filter(pl.col("state") == "active").with_columns(on=day("snapshot"), leaves=day("leaves_on"))
    # The day of the snapshot itself decides too little; the hazard stands for the week, in which it hardly changes.
    hazard, week = (
        active["hazard_per_day"].to_numpy(),
        ((active["leaves"] - active["on"]).fill_null(9999) < 7).to_numpy(),
    )
    expected = 1 - (1 - hazard) ** 7
    assert week.sum() == pytest.approx(expected.sum(), rel=0.2)
    high = hazard > 0.008
    assert week[high].mean() > 8 * week[~high].mean()
    base = active["base_hazard_per_day"].to_numpy()
    assert (base <= hazard + 1e-12).all()
    assert set(np.unique(lived.who.base_leaving.round(6))) == {
        round(-np.log1p(-value), 6) for value in COMPANIES[name].base_leaving_per_day.values
    }


def test_hazards_are_ordered_as_the_settings_say():
    """Of episodes that live to their hot days, the hotter ones make more customers leave per day."""
    company, rates = COMPANIES["retailer"], {}
    for cause, spec in company.causes.items():
        left = days = 0
        for number in range(BLOCKS):
            lived = past("retailer", number)
            at = lived.trouble.ids.index(cause)
            hot, end, leave = lived.trouble.hot[at], lived.trouble.end[at], lived.ends.leave
            mine = (
                (hot < lived.plan.days) & (leave >= hot) & ~lived.who.once & (lived.trouble.playbook[at] == UNTREATED)
            )
            until = np.minimum(np.minimum(end, lived.plan.days), leave + 1)
            days += (until - hot)[mine].sum()
            left += ((lived.ends.cause == at) & mine & (leave < lived.plan.days)).sum()
        rates[cause] = left / days
        assert rates[cause] == pytest.approx(spec.hazard_per_day, rel=0.35, abs=0.002), cause
    assert rates["C17"] > rates["C38"] > rates["C30"]
    assert rates[WITHOUT_TRACE] > rates["C08"]


def test_a_playbook_does_in_the_data_what_the_settings_say():
    """Episodes that were answered with a playbook, against those that were not: the hazard after it changes as said."""
    company, counts = COMPANIES["retailer"], {}
    for number in range(BLOCKS):
        lived = past("retailer", number)
        for at, cause in enumerate(company.causes):
            trouble = lived.trouble
            after = np.maximum(trouble.hot[at], trouble.treated[at])
            mine = (
                (trouble.start[at] < NEVER) & (lived.ends.leave >= after) & (after < trouble.end[at]) & ~lived.who.once
            )
            until = np.minimum(np.minimum(trouble.end[at], lived.plan.lived_days), lived.ends.leave + 1)
            until = np.maximum(until, after)
            left = (lived.ends.cause == at) & mine
            effects = np.array([found.get(cause, 1.0) for found in company.playbooks.values()] + [1.0])[
                trouble.playbook[at]
            ]
            for kind, rows in (("better", effects < 0.6), ("none", effects == 1.0)):
                seen = counts.setdefault(kind, np.zeros(2))
                expected = hazards(company)[at] * (until - after)[mine & rows].sum()
                seen += (left[mine & rows].sum(), expected)
    better, none = (left / expected for left, expected in counts.values())
    assert counts["better"][0] > 40
    assert none == pytest.approx(1, abs=0.08)
    assert 0.2 < better < 0.6


@pytest.mark.parametrize("name", COMPANIES)
def test_uplift_is_there_for_the_cause_it_is_made_for_and_nowhere_else(name):
    company, found = COMPANIES[name], tables(name)["truth"]
    for playbook, effects in company.playbooks.items():
        uplift = f"uplift_{playbook.replace('-', '_')}"
        running = pl.col("causes").str.contains("|".join(effects)).fill_null(False)
        untouched = found.filter(~running | (pl.col("state") != "active"))
        assert (untouched[uplift] == 0).all(), playbook
        for cause, factor in effects.items():
            alone = found.filter((pl.col("state") == "active") & (pl.col("causes") == cause))
            sign = alone[uplift] * np.sign(1 - factor)
            assert len(alone) == 0 or (sign >= 0).all(), (playbook, cause)
            assert len(alone) < 5 or sign.max() > 0.0005, (playbook, cause)
    best = {
        cause: min(company.playbooks.values(), key=lambda effects: effects.get(cause, 1.0)) for cause in company.causes
    }
    assert best["C38"]["C38"] < 0.3
    moving = found.filter(pl.col("causes") == WITHOUT_TRACE)
    assert (moving.select(pl.sum_horizontal(pl.col("^uplift_.*$").abs())).to_series() == 0).all()
    assert len(moving) > 5


def test_some_playbooks_make_it_worse():
    found = pl.concat([tables("retailer")["truth"], tables("retailer", 1)["truth"]])
    for cause, uplift in (("C47", "uplift_discount_promotion"), ("C33", "uplift_product_novelty")):
        mine = found.filter((pl.col("state") == "active") & (pl.col("causes") == cause))
        assert len(mine) > 10
        assert (mine[uplift] <= 0).all()
        assert mine[uplift].min() < -0.01


@pytest.mark.parametrize("name", COMPANIES)
def test_churn_among_those_who_still_buy_is_that_of_a_real_company(name):
    found = tables(name)
    bought = found["transactions"].filter(pl.col("amount") > 0).select("customer_id", "ts").sort("ts")
    truth = found["truth"].filter(pl.col("snapshot") > pl.date(2022, 10, 1))
    if name == "subscription":  # whose end is known
        truth = truth.filter(pl.col("state") != "gone")
    recent = truth.join(bought, on="customer_id").filter(
        (pl.col("snapshot") - pl.col("ts")).dt.total_days().is_between(1, 180)
    )
    eligible = recent.unique(["customer_id", "snapshot"])
    for snapshot, rows in eligible.group_by("snapshot"):
        assert 0.1 < rows["churned"].mean() < 0.35, snapshot


def test_long_cycles_are_not_churn_and_some_buy_but_once():
    lived, found = past("retailer"), tables("retailer")["truth"]
    quiet = found.filter((pl.col("mean_gap_days") >= 200) & (pl.col("state") == "active"))
    assert quiet["churned"].mean() > 0.4
    comes_back = quiet.filter((pl.col("churned") == 1) & pl.col("leaves_on").is_null())
    assert len(comes_back) > 100
    assert lived.who.once.mean() == pytest.approx(0.06, abs=0.015)
    once = lived.bought[:, lived.who.once]
    assert (once.sum(axis=0) == 1).all()


def test_the_season_the_growth_and_the_falls_are_there_to_be_seen():
    lived = past("retailer")
    present = np.array([((lived.who.arrival < on) & (lived.ends.leave > on)).sum() for on in range(1096)])
    rate = lived.bought[:1096].sum(axis=1) / present.clip(1)
    assert rate[690:720].mean() > 1.15 * rate[530:560].mean(), "more in December than in June"
    arrivals = lived.who.arrival
    assert (arrivals >= 730).sum() > 1.05 * ((arrivals >= 365) & (arrivals < 730)).sum()
    fallen = lived.who.region == 1
    before, during = (
        lived.bought[days][:, fallen].sum() / lived.bought[days][:, ~fallen & (lived.who.region != 2)].sum()
        for days in (slice(300, 420), slice(420, 540))
    )
    assert during < 0.85 * before


def test_more_leave_by_chance_every_year():
    company = COMPANIES["retailer"].model_copy(update={"leaving_factor_per_year": 3.0})
    starts = company_history.lived(plan(company), 0).trouble
    chance = [at for at, cause in enumerate(company.causes.values()) if cause.onset == "chance"]
    years = [(starts.start[chance] // 365 == year).sum() for year in range(3)]
    usual = [(past("retailer").trouble.start[chance] // 365 == year).sum() for year in range(3)]
    assert years[1] / years[0] > 1.5 * usual[1] / usual[0]
    assert len(starts.start[0]) == BLOCK
