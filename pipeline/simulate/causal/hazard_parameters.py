"""The law of a whole company in tables, made once per block: everything the truth is computed from."""

from dataclasses import dataclass

import numpy as np

from pipeline.simulate.causal import buying
from pipeline.simulate.causal.company_settings import WholePlan
from pipeline.simulate.causal.episodes import LENGTHS, YEAR_DAYS, drift_clock, treatments
from pipeline.simulate.causal.leaving import factor_of_playbook, hazards
from pipeline.simulate.parameters import Array
from pipeline.simulate.trajectories import Flags


@dataclass(frozen=True)
class HazardParameters:
    """A company in tables.

    Attributes
    ----------
    plan
        What is simulated.
    clock
        Time as leaving sees it, `episodes.drift_clock`.
    beat, hazard_of_buying
        `buying.pulse` and `buying.hazard_of_buying`.
    mean_gap_days
        By rhythm.
    hazards
        Intensity of leaving in a hot episode, by cause.
    factors
        Factor on it by cause and playbook sent; none comes last.
    chances
        Chance that a new episode is answered with each playbook, in the same order; (causes, playbooks + 1).
    effects
        Factor by playbook and cause.
    by_chance
        Whether the cause comes by chance, so that its onset cannot be known before.
    rates
        Intensity per day of the onset by chance, before drift.
    new
        Chance that a new episode has not made its customer leave within 0, 1, ... days of its onset: by control (0 or
        1), cause and days.
    """

    plan: WholePlan
    clock: Array
    beat: Array
    hazard_of_buying: Array
    mean_gap_days: Array
    hazards: Array
    factors: Array
    chances: Array
    effects: Array
    by_chance: Flags
    rates: Array
    new: Array


def hazard_parameters_of(plan: WholePlan) -> HazardParameters:
    """Write a company down as tables."""
    company = plan.company
    causes = company.causes.values()
    chances = np.stack([np.roll(treatments(company, name)[0], -1) for name in company.causes])
    nobody = np.zeros_like(chances)
    nobody[:, -1] = 1.0
    return HazardParameters(
        plan=plan,
        clock=drift_clock(company, plan.lived_days),
        beat=buying.pulse(company, plan.lived_days),
        hazard_of_buying=buying.hazard_of_buying(company),
        mean_gap_days=np.array([mean_gap for mean_gap, _ in buying.rhythms(company)]),
        hazards=hazards(company),
        factors=factor_of_playbook(company),
        chances=chances,
        effects=np.array(
            [[cause_factors.get(name, 1.0) for name in company.causes] for cause_factors in company.playbooks.values()]
        ),
        by_chance=np.array([cause.onset == "chance" for cause in causes]),
        rates=np.array([cause.per_year / YEAR_DAYS for cause in causes]),
        new=np.stack([_new(plan, share) for share in (chances, nobody)]),
    )


def _new(plan: WholePlan, chances: Array) -> Array:
    """Average over what a new episode may be: its length, and what the company sends."""
    company, age = plan.company, np.arange(plan.ahead_days + 1)
    intensity, factors = hazards(company), factor_of_playbook(company)
    average = np.zeros((len(company.causes), len(age)))
    for row, cause in enumerate(company.causes.values()):
        for length in (round(cause.lasts_days * length) for length in LENGTHS):
            hot = min(cause.lag_days, length)
            turn = min(max(company.policy.after_days, hot), length)
            before, after = np.clip(age - hot, 0, turn - hot), np.clip(age - turn, 0, length - turn)
            stays = np.exp(-intensity[row] * (before + factors[row][:, None] * after))
            average[row] += chances[row] @ stays / len(LENGTHS)
    return average
