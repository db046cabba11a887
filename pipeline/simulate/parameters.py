"""The hidden Markov model of a company as tables: everything the simulation and the two probabilities share.

A customer's *type* is a rhythm (mean gap x shape), a leaving level and a visit habit, drawn independently of each
other. So each table has only the axes it depends on, and stays small.
"""

import math
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from itertools import product

import numpy as np
import numpy.typing as npt

from pipeline.simulate.settings import FIRST_DAY, Company

Array = npt.NDArray[np.float64]

# The rhythm is not followed further than this after a purchase: the intensity of buying then stays where it is.
CLOCK_DAYS = 730
# Visits that follow a purchase halve in this many days.
VISITS_HALVE_IN_DAYS = 7
# The last digits of exp() differ between processors; what is drawn from these tables must not.
DIGITS = 12
ACTIVE, FADING, GONE = 0, 1, 2


@dataclass(frozen=True)
class Parameters:
    """A company in tables.

    Attributes
    ----------
    company
        The settings it was made from.
    log_silence
        Log probability that an active customer does not buy, by days since the last purchase and rhythm, without
        season; (CLOCK_DAYS + 1, rhythms). Row 0 is never used and holds 0.
    rhythms, rhythm_shares
        Mean gap in days and shape of each rhythm, and the share (0-1) of customers who have it; (rhythms, 2) and
        (rhythms,).
    leaving_levels, leaving_shares
        Probability per day of beginning to leave, before drift, and the share of customers; (levels,) each.
    habits, habit_shares
        Probability per day of a visit, and the share of customers; (habits,) each.
    """

    company: Company
    log_silence: Array
    rhythms: Array
    rhythm_shares: Array
    leaving_levels: Array
    leaving_shares: Array
    habits: Array
    habit_shares: Array

    @property
    def fades(self) -> bool:
        """Whether customers fade before they are gone."""
        return self.company.fading.days > 0

    @property
    def ending(self) -> float:
        """Probability per day that a fading customer is gone, 0-1."""
        return 1 / self.company.fading.days if self.fades else 0.0

    def silence(self, day: int) -> tuple[Array, Array]:
        """Probability of no purchase on a day, active and fading; each (CLOCK_DAYS + 1, rhythms)."""
        active = self.log_silence * season(self.company, day)
        fading = active * self.company.fading.purchase_factor
        return np.exp(active).round(DIGITS), np.exp(fading).round(DIGITS)

    def leaving(self, day: int) -> Array:
        """Probability that an active customer begins to leave on a day, by leaving level; (levels,)."""
        intensity = self.company.leaving_factor_per_year ** (day / 365)
        # Drift multiplies the hazard, so the chance to stay is taken to that power; a product could pass 1.
        probability: Array = (1 - (1 - self.leaving_levels) ** intensity).round(DIGITS)
        return probability

    def visits(self, days_since_purchase: npt.NDArray[np.int64], habit: Array) -> Array:
        """Probability of a visit on a day, active, fading and gone; (3, customers)."""
        visits = self.company.visits
        if visits.kind == "leads":
            return np.stack([habit, habit * self.company.fading.visit_factor, np.zeros_like(habit)])
        if visits.kind == "follows":
            habit = habit * 0.5 ** (days_since_purchase / VISITS_HALVE_IN_DAYS)
        return np.stack([habit, habit, habit])


@lru_cache(maxsize=4)
def parameters_of(company: Company) -> Parameters:
    """Write a company down as tables.

    >>> from pipeline.simulate.presets import COMPANIES
    >>> parameters = parameters_of(COMPANIES["default"])
    >>> parameters.log_silence.shape, parameters.leaving_levels.tolist(), parameters.habits.tolist()
    ((731, 15), [0.0, 0.0015, 0.006], [0.05, 0.2])
    >>> float(parameters_of(COMPANIES["no_signal"]).silence(0)[0][5, 0].round(4))  # a purchase every 90 days, by chance
    0.989
    """
    rhythms = list(product(company.mean_gap_days.values, company.rhythm_shape.values))
    shares = np.outer(company.mean_gap_days.shares, company.rhythm_shape.shares).ravel()
    return Parameters(
        company=company,
        log_silence=np.stack([log_silence_of(mean_gap, int(shape)) for mean_gap, shape in rhythms], axis=1),
        rhythms=np.array(rhythms),
        rhythm_shares=shares / shares.sum(),
        leaving_levels=np.array(company.leaving_per_day.values),
        leaving_shares=np.array(company.leaving_per_day.shares),
        habits=np.array(company.visits.per_day.values),
        habit_shares=np.array(company.visits.per_day.shares),
    )


def season(company: Company, day: int) -> float:
    """Intensity of buying on a day of the calendar, over its mean.

    >>> from pipeline.simulate.presets import COMPANIES
    >>> round(season(COMPANIES["seasonal_drift"], 344), 3), round(season(COMPANIES["seasonal_drift"], 162), 3)
    (1.6, 0.4)
    """
    day_of_year = (FIRST_DAY + timedelta(days=day)).timetuple().tm_yday
    turn = 2 * math.pi * (day_of_year - company.season_peak_day) / 365.25
    return 1 + company.season_amplitude * math.cos(turn)


def log_silence_of(mean_gap_days: float, shape: int) -> Array:
    """Log of P(gap > s) / P(gap > s - 1) for an Erlang gap; the ratio of its polynomials, so nothing underflows."""
    per_day = shape / mean_gap_days
    terms = [1 / math.factorial(power) for power in range(shape)]
    tail = np.polynomial.polynomial.polyval(np.arange(CLOCK_DAYS + 1) * per_day, terms)
    log_silence = np.zeros(CLOCK_DAYS + 1)
    # Right after a purchase a regular rhythm is silent almost surely; rounding must not make that more than surely.
    log_silence[1:] = np.minimum(0.0, np.log(tail[1:] / tail[:-1]) - per_day)
    return log_silence
