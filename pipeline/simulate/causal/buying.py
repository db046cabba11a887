"""On which days customers buy: the rhythm, season and fading of the companies without causes, and falls of regions."""

import math
from datetime import timedelta
from itertools import product

import numpy as np

from pipeline.simulate.causal.company_settings import Whole, WholePlan
from pipeline.simulate.causal.leaving import Leaving
from pipeline.simulate.causal.people import BUYING, People, stream
from pipeline.simulate.parameters import CLOCK_DAYS, Array, log_silence_of
from pipeline.simulate.settings import FIRST_DAY
from pipeline.simulate.trajectories import BLOCK, Flags


def rhythms(company: Whole) -> list[tuple[float, int]]:
    """Mean gap in days and shape of each rhythm."""
    pairs = product(company.mean_gap_days.values, company.rhythm_shape.values)
    return [(mean_gap, int(shape)) for mean_gap, shape in pairs]


def hazard_of_buying(company: Whole) -> Array:
    """Intensity of buying while active, by rhythm and days since the last purchase; (rhythms, CLOCK_DAYS + 1)."""
    return -np.stack([log_silence_of(mean_gap, shape) for mean_gap, shape in rhythms(company)])


def pulse(company: Whole, days: int) -> Array:
    """Intensity of buying over its mean, by region and day: season and falls; (regions, days)."""
    year = np.array([(FIRST_DAY + timedelta(days=day)).timetuple().tm_yday for day in range(days)])
    turn = 2 * math.pi * (year - company.season_peak_day) / 365.25
    intensity = np.tile(1 + company.season_amplitude * np.cos(turn), (len(company.region_shares), 1))
    for fall in company.falls:
        intensity[fall.region, fall.first_day : fall.first_day + fall.days] *= fall.factor
    return intensity


def bought(plan: WholePlan, block: int, who: People, ends: Leaving) -> Flags:
    """Whether each customer buys on each day lived; (days lived, BLOCK)."""
    company, dice = plan.company, stream(plan, block, BUYING)
    hazard, beat = hazard_of_buying(company).ravel(), pulse(company, plan.lived_days)
    offset, weakens = who.rhythm * (CLOCK_DAYS + 1), company.fading.purchase_factor
    purchases = np.zeros((plan.lived_days, BLOCK), dtype=np.bool_)
    last = np.zeros(BLOCK, dtype=np.int64)
    for day in range(plan.lived_days):
        patience = dice.standard_exponential(BLOCK)
        here = (who.arrival < day) & (day < ends.gone)
        pace = np.where(day < ends.leave, 1.0, weakens) * beat[who.region, day]
        buys = here & (patience <= hazard[offset + np.minimum(day - last, CLOCK_DAYS)] * pace)
        buys |= who.arrival == day
        purchases[day] = buys
        last[buys] = day
    return purchases
