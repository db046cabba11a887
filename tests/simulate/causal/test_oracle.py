"""The true probability and its uplift against an oracle that goes day by day and case by case, in formulas of its own."""

import math
from itertools import product

import numpy as np
import polars as pl
import pytest

from pipeline.simulate import FIRST_DAY
from pipeline.simulate.causal import COMPANIES, Whole, whole_block
from pipeline.simulate.causal.company_history import History, lived
from tests.simulate.causal.causal_plans import day, plan

GAP, HORIZON = 3, 6
DAYS = GAP + HORIZON
# So many active customers of each kind are gone through by hand.
CUSTOMERS = 6


class Oracle:
    """One customer, looked at from one day."""

    def __init__(self, past: History, customer: int, snapshot: int, playbook: str | None = None) -> None:
        self.past, self.customer, self.snapshot, self.playbook = past, customer, snapshot, playbook
        self.company: Whole = past.plan.company

    def drift(self, on: int) -> float:
        return self.company.leaving_factor_per_year ** (on / 365)

    def stays(self, cause: str, start: int, hot: int, end: int, turn: int, factor: float) -> list[float]:
        """Chance not to have left for this cause after 0, 1, ... days, walking through the episode."""
        hazard = self.company.causes[cause].hazard_per_day
        told = self.company.playbooks.get(self.playbook, {}).get(cause, 1.0) if start < self.snapshot else 1.0
        chances = [1.0]
        for on in range(self.snapshot, self.snapshot + DAYS):
            power = told * (factor if on >= turn else 1.0)
            chances.append(chances[-1] * ((1 - hazard) ** power if hot <= on < end else 1.0))
        return chances

    def answers(self, cause: str) -> list[tuple[float, float]]:
        """What the company may do about a new episode: chance, and factor on the hazard."""
        policy, books = self.company.policy, self.company.playbooks
        if self.past.who.control[self.customer] or not self.company.causes[cause].seen:
            return [(1.0, 1.0)]
        factors = [effects.get(cause, 1.0) for effects in books.values()]
        each = policy.noticed_share * (1 - policy.right_share) / len(books)
        right = policy.noticed_share * policy.right_share
        return [(1 - policy.noticed_share, 1.0), *((each, factor) for factor in factors), (right, min(factors))]

    def from_cause(self, cause: str) -> list[float]:
        spec, trouble, at = self.company.causes[cause], self.past.trouble, list(self.company.causes).index(cause)
        start, end = int(trouble.start[at, self.customer]), int(trouble.end[at, self.customer])
        if spec.onset == "chance" and start >= self.snapshot:
            return self.may_come(cause) if trouble.open[at, self.customer] else [1.0] * (DAYS + 1)
        turn, hot = start + self.company.policy.after_days, min(start + spec.lag_days, end)
        if turn < self.snapshot:
            sent = int(trouble.playbook[at, self.customer])
            factor = list(self.company.playbooks.values())[sent].get(cause, 1.0) if sent >= 0 else 1.0
            return self.stays(cause, start, hot, end, turn, factor)
        return self.mean(
            [(chance, self.stays(cause, start, hot, end, turn, factor)) for chance, factor in self.answers(cause)]
        )

    def may_come(self, cause: str) -> list[float]:
        spec, cases, not_yet = self.company.causes[cause], [], 1.0
        for start in range(self.snapshot, self.snapshot + DAYS):
            comes = 1 - math.exp(-spec.per_year / 365 * self.drift(start))
            for length, (chance, factor) in product((0.6, 1.0, 1.6), self.answers(cause)):
                end = start + round(spec.lasts_days * length)
                turn = start + self.company.policy.after_days
                walk = self.stays(cause, start, min(start + spec.lag_days, end), end, turn, factor)
                cases.append((not_yet * comes * chance / 3, walk))
            not_yet *= 1 - comes
        return self.mean([*cases, (not_yet, [1.0] * (DAYS + 1))])

    @staticmethod
    def mean(cases: list[tuple[float, list[float]]]) -> list[float]:
        return [sum(chance * walk[at] for chance, walk in cases) for at in range(DAYS + 1)]

    def leaving(self) -> list[float]:
        """Chance to leave on each day, and at last not at all."""
        staying = [1.0]
        base = float(self.past.who.base_leaving[self.customer])
        for on in range(self.snapshot, self.snapshot + DAYS):
            staying.append(staying[-1] * math.exp(-base * self.drift(on)))
        for cause in self.company.causes:
            staying = [found * more for found, more in zip(staying, self.from_cause(cause), strict=True)]
        return [staying[at] - staying[at + 1] for at in range(DAYS)] + [staying[-1]]

    def buys(self, on: int, last: int, fading: bool) -> float:
        """Chance of a purchase: an Erlang gap, season, falls and fading."""
        gap, shape = list(product(self.company.mean_gap_days.values, self.company.rhythm_shape.values))[
            self.past.who.rhythm[self.customer]
        ]

        def longer(days: int) -> float:
            rate = shape * days / gap
            return math.exp(-rate) * sum(rate**power / math.factorial(power) for power in range(int(shape)))

        of_year = (FIRST_DAY.toordinal() + on - FIRST_DAY.replace(year=2022).toordinal()) % 365 + 1
        season = 1 + self.company.season_amplitude * math.cos(
            2 * math.pi * (of_year - self.company.season_peak_day) / 365.25
        )
        for fall in self.company.falls:
            if fall.region == self.past.who.region[self.customer] and fall.first_day <= on < fall.first_day + fall.days:
                season *= fall.factor
        if fading:
            season *= self.company.fading.purchase_factor
        return 1 - (longer(on - last) / longer(on - last - 1)) ** season

    def outcome(self, leave: int, on: int, last: int, gone: float) -> float:
        """Chance of the outcome from the morning of `on`, for who leaves on the day `leave`; `gone` 1 is gone already."""
        company, start = self.company, self.snapshot + GAP
        cancels = company.outcome == "cancellation"
        if gone:
            return float(gone - 1 >= start) if cancels else 1.0
        if on == start + HORIZON:
            return 0.0 if cancels else 1.0
        ends = 0.0
        if on > leave:
            renews = self.past.who.yearly[self.customer] and (on - self.past.who.arrival[self.customer]) % 365 == 0
            ends = 1.0 if renews else 1 / company.fading.days
        found = ends * self.outcome(leave, on, last, on + 1) if ends else 0.0
        if cancels:
            return found + (1 - ends) * self.outcome(leave, on + 1, last, 0)
        buys = self.buys(on, last, on >= leave)
        found += (1 - ends) * (1 - buys) * self.outcome(leave, on + 1, last, 0)
        return found + ((1 - ends) * buys * self.outcome(leave, on + 1, on, 0) if on < start else 0.0)

    def probability(self) -> float:
        last = int(self.past.last_purchase(np.array([self.customer]), self.snapshot)[0])
        leaves = range(self.snapshot, self.snapshot + DAYS + 1)
        return sum(
            chance * self.outcome(leave, self.snapshot, last, 0)
            for chance, leave in zip(self.leaving(), leaves, strict=True)
        )


@pytest.mark.parametrize("name", COMPANIES)
def test_probability_and_uplift_are_those_of_the_oracle(name):
    # A year in which every day is the same day of the year as in the formula: no leap day before the snapshot.
    made = plan(name, days=500, every_days=500, gap_days=GAP, horizon_days=HORIZON, seed=3)
    past, found = lived(made, 0), whole_block(made, 0)["truth"]
    active = found.filter(pl.col("state") == "active").with_columns(on=day("snapshot"))
    uplifts = [column for column in found.columns if column.startswith("uplift_")]
    several = active.filter(pl.col("causes").str.contains(";")).head(CUSTOMERS)
    one = active.filter(pl.col("causes").is_not_null()).head(CUSTOMERS)
    none = active.filter(pl.col("causes").is_null()).head(CUSTOMERS)
    assert min(map(len, (several, one, none))) >= 3
    for row in pl.concat([several, one, none]).iter_rows(named=True):
        customer = int(row["customer_id"][1:]) - 1
        usual = Oracle(past, customer, row["on"]).probability()
        assert row["true_probability"] == pytest.approx(usual, abs=2e-9)
        for playbook, column in zip(made.company.playbooks, uplifts, strict=True):
            if row["causes"]:
                helped = Oracle(past, customer, row["on"], playbook).probability()
                assert row[column] == pytest.approx(usual - helped, abs=3e-9), playbook
            else:
                assert row[column] == 0
