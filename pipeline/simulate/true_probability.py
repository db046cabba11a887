"""Looking ahead from a snapshot: the probability of no purchase in the outcome window, by backward recursion."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from pipeline.config.params import Label
from pipeline.simulate.parameters import CLOCK_DAYS, Array, Parameters, parameters_of
from pipeline.simulate.settings import Company


@dataclass(frozen=True)
class Lookahead:
    """Probability of no purchase in the outcome window of one snapshot, when all is known; gone customers have 1.

    Attributes
    ----------
    active, fading
        By days since the last purchase at the snapshot, rhythm and leaving level;
        (CLOCK_DAYS + 1, rhythms, levels) each. Row 0 is never used: a purchase before the snapshot is a day ago.
    """

    active: Array
    fading: Array


@lru_cache(maxsize=4)
def lookaheads(company: Company, snapshots: tuple[int, ...], label: Label) -> tuple[Lookahead, ...]:
    """The outlook from each snapshot; they are the same for all customers, so one process makes them once.

    >>> from pipeline.simulate.presets import named
    >>> label = Label(kind="inactivity", gap_days=0, horizon_days=90)
    >>> by_chance, = lookaheads(named("no_signal"), (365,), label)
    >>> round(float(by_chance.active[1, 0, 0]), 6), round(float(np.exp(-90 / 90)), 6)
    (0.367879, 0.367879)
    """
    parameters = parameters_of(company)
    return tuple(_from(parameters, snapshot, label) for snapshot in snapshots)


def _from(parameters: Parameters, snapshot: int, label: Label) -> Lookahead:
    start = snapshot + label.gap_days
    everywhere = np.ones((CLOCK_DAYS + 1, len(parameters.rhythms), len(parameters.leaving_levels)))
    ahead = Lookahead(everywhere, everywhere)
    for day in range(start + label.horizon_days - 1, snapshot - 1, -1):
        ahead = _a_day_earlier(parameters, day, ahead, counts=day >= start)
    return ahead


def _a_day_earlier(parameters: Parameters, day: int, tomorrow: Lookahead, *, counts: bool) -> Lookahead:
    """From the outlook on the morning after `day` to that on its morning.

    On a day that counts, the probability that there is no purchase on it enters; on a day of the gap there may be one,
    and the clock of the rhythm then starts again.
    """
    next_clock = np.minimum(np.arange(CLOCK_DAYS + 1) + 1, CLOCK_DAYS)
    evening = []
    for silent, after in zip(parameters.silence(day), (tomorrow.active, tomorrow.fading), strict=True):
        quiet = silent[:, :, None]
        evening.append(quiet * after[next_clock] + (0 if counts else (1 - quiet) * after[1]))
    active, fading = evening
    leaving, ending = parameters.leaving(day), parameters.ending
    left: Array | float = fading if parameters.fades else 1.0
    return Lookahead((1 - leaving) * active + leaving * left, (1 - ending) * fading + ending)


def probability(
    lookahead: Lookahead,
    state: npt.NDArray[np.int8],
    clock: npt.NDArray[np.int64],
    rhythm: npt.NDArray[np.int64],
    leaving: npt.NDArray[np.int64],
) -> Array:
    """The true probability of each customer: type, hidden state and days since the last purchase all known.

    Parameters
    ----------
    lookahead
        Of the snapshot.
    state
        ACTIVE, FADING or GONE on the morning of the snapshot; (customers,).
    clock
        Days since the last purchase, at most CLOCK_DAYS; (customers,).
    rhythm, leaving
        Index of the customer's rhythm and leaving level; (customers,).
    """
    index = (clock, rhythm, leaving)
    return np.choose(state, [lookahead.active[index], lookahead.fading[index], np.ones(len(state))])
