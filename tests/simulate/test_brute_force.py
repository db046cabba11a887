"""Both probabilities against an oracle that walks every path a customer could take, with formulas of its own."""

import math
from collections import defaultdict
from datetime import date, timedelta
from itertools import product

import numpy as np
import pytest

from pipeline.config.params import Label
from pipeline.simulate import filtering, parameters, true_probability
from tests.simulate.plans import company, levels

HISTORY, GAP, HORIZON = 4, 1, 2
FADING = {"days": 3.0, "purchase_factor": 0.5, "visit_factor": 0.25}
AT_ONCE = {"days": 0.0, "purchase_factor": 1.0, "visit_factor": 1.0}
COMPANIES = {
    "leads, fading": {"fading": FADING, "visits": {"kind": "leads", "per_day": levels(0.3, 0.6)}},
    "leads, gone at once": {"fading": AT_ONCE, "visits": {"kind": "leads", "per_day": levels(0.3, 0.6)}},
    "follows": {"fading": FADING, "visits": {"kind": "follows", "per_day": levels(0.3, 0.6)}},
    "independent": {"fading": FADING, "visits": {"kind": "independent", "per_day": levels(0.3, 0.6)}},
}


class Walk:
    """All paths of a customer who first buys on the first day, each with its probability."""

    def __init__(self, made):
        self.made = made
        self.seen, self.quiet = defaultdict(float), defaultdict(float)
        self.state_seen, self.state_quiet = defaultdict(float), defaultdict(float)
        types = product(
            made.mean_gap_days.values, made.rhythm_shape.values, made.leaving_per_day.values, made.visits.per_day.values
        )
        types = list(types)
        for kind in types:
            for visit in (0, 1):
                chance = self.visit(kind, "active", 0)
                likelihood = (chance if visit else 1 - chance) / len(types)
                for state, share in (("gone", made.one_time_share), ("active", 1 - made.one_time_share)):
                    self.step(kind, state, 1, 0, ((1, visit),), likelihood * share, None)

    def buys(self, kind, state, day, clock):
        mean_gap, shape, *_ = kind
        if state == "gone":
            return 0.0
        longer = [sum(math.exp(-x) * x**n / math.factorial(n) for n in range(int(shape)))
                  for x in (clock * shape / mean_gap, (clock - 1) * shape / mean_gap)]  # fmt: skip
        day_of_year = (date(2022, 1, 1) + timedelta(days=day)).timetuple().tm_yday
        swing = 1 + self.made.season_amplitude * math.cos(
            2 * math.pi * (day_of_year - self.made.season_peak_day) / 365.25
        )
        intensity = swing * (self.made.fading.purchase_factor if state == "fading" else 1)
        return 1 - (longer[0] / longer[1]) ** intensity

    def visit(self, kind, state, clock):
        visits, habit = self.made.visits, kind[3]
        if visits.kind == "leads":
            return {"active": habit, "fading": habit * self.made.fading.visit_factor, "gone": 0.0}[state]
        return habit * 0.5 ** (clock / 7) if visits.kind == "follows" else habit

    def moves(self, kind, state, day):
        fades = self.made.fading.days > 0
        if state == "active":
            leaves = 1 - (1 - kind[2]) ** (self.made.leaving_factor_per_year ** (day / 365))
            return [("active", 1 - leaves), ("fading" if fades else "gone", leaves)]
        if state == "fading":
            return [("fading", 1 - 1 / self.made.fading.days), ("gone", 1 / self.made.fading.days)]
        return [("gone", 1.0)]

    def step(self, kind, state, day, last, history, likelihood, at_snapshot):
        """`history` is frozen at the snapshot; from then on only purchases in the window matter."""
        if likelihood == 0:
            return
        if day == HISTORY:
            at_snapshot = (kind[:3], state, day - last)
            self.seen[history] += likelihood
            self.state_seen[at_snapshot] += likelihood
        if day == HISTORY + GAP + HORIZON:
            self.quiet[history] += likelihood
            self.state_quiet[at_snapshot] += likelihood
            return
        for after, moved in self.moves(kind, state, day):
            bought = self.buys(kind, after, day, day - last)
            for purchase, share in ((0, 1 - bought), (1, bought)):
                if purchase and day >= HISTORY + GAP:
                    continue
                since = 0 if purchase else day - last
                looks = [(0, 1.0)]
                if day < HISTORY:
                    chance = self.visit(kind, after, since)
                    looks = [(0, 1 - chance), (1, chance)]
                for visit, seen in looks:
                    known = (*history, (purchase, visit)) if day < HISTORY else history
                    self.step(kind, after, day + 1, day - since, known, likelihood * moved * share * seen, at_snapshot)


@pytest.fixture(scope="module", params=COMPANIES)
def walked(request):
    made = company(
        mean_gap_days=levels(2, 5), rhythm_shape=levels(1, 3), leaving_per_day=levels(0.05, 0.3),
        one_time_share=0.25, leaving_factor_per_year=9.0, season_amplitude=0.5, season_peak_day=3, **COMPANIES[request.param],
    )  # fmt: skip
    label = Label(kind="inactivity", gap_days=GAP, horizon_days=HORIZON)
    return made, Walk(made), true_probability.lookaheads(made, (HISTORY,), label)[0]


def test_best_probability_is_what_bayes_says_of_every_history(walked):
    made, walk, ahead = walked
    assert sum(walk.seen.values()) == pytest.approx(1)
    histories = list(walk.seen)
    bought = np.array([[purchase for purchase, _ in history] for history in histories], dtype=bool)
    visited = np.array([[visit for _, visit in history] for history in histories], dtype=bool)
    found = filtering.best_probability(parameters.parameters_of(made), bought, visited, [HISTORY], [ahead])[:, 0]
    wanted = [walk.quiet[history] / walk.seen[history] for history in histories]
    assert len(histories) > 100
    np.testing.assert_allclose(found, wanted, atol=1e-9)


def test_true_probability_is_that_of_every_type_and_state(walked):
    made, walk, ahead = walked
    tables, states = parameters.parameters_of(made), ["active", "fading", "gone"]
    rhythms = [tuple(pair) for pair in tables.rhythms.tolist()]
    for (kind, state, clock), likelihood in walk.state_seen.items():
        one = [np.array([at]) for at in (clock, rhythms.index(kind[:2]), tables.leaving_levels.tolist().index(kind[2]))]
        found = true_probability.probability(ahead, np.array([states.index(state)], dtype=np.int8), *one)
        assert found[0] == pytest.approx(walk.state_quiet[kind, state, clock] / likelihood, abs=1e-9)
