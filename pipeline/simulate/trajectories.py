"""A block of customers, lived day by day: who buys, who visits, and what state each is in."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.simulate.parameters import ACTIVE, CLOCK_DAYS, FADING, GONE, Array, Parameters, parameters_of
from pipeline.simulate.settings import Arrivals, Plan

# The unit of drawing: a constant of the product, since every stream of random numbers belongs to a block.
BLOCK = 4096
NOT_YET = -1
# One stream of random numbers for each purpose, so that a longer calendar leaves the others as they were.
PEOPLE, DAYS, AMOUNTS = 0, 1, 2

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Trajectories:
    """What happened to the customers of a block, and what they are like.

    Attributes
    ----------
    numbers
        Number of each customer, from 0 on over all blocks; (customers,).
    arrival
        Day of the first purchase, in days since the calendar began; (customers,).
    rhythm, leaving, habit
        Index of the customer's rhythm, leaving level and visit habit in the `Parameters`; (customers,) each.
    bought, visited
        Whether there was a purchase, a visit; (customers, days lived).
    state
        The hidden state when the day was over: NOT_YET, ACTIVE, FADING or GONE; (customers, days lived).
    spend_level
        What the customer's middle order costs, in currency; (customers,).
    """

    numbers: Integers
    arrival: Integers
    rhythm: Integers
    leaving: Integers
    habit: Integers
    bought: npt.NDArray[np.bool_]
    visited: npt.NDArray[np.bool_]
    state: npt.NDArray[np.int8]
    spend_level: Array


def simulate_trajectories(plan: Plan, block: int) -> Trajectories:
    """Simulate one block; it depends on the seed, the block and the company, not on how many customers there are.

    >>> from pipeline.config.params import Label
    >>> from pipeline.simulate.presets import named
    >>> label = Label(kind="inactivity", gap_days=0, horizon_days=30)
    >>> plan = Plan(company=named("default"), customers=3, days=60, seed=1, arrival_days=60, every_days=30, label=label)
    >>> trajectories = simulate_trajectories(plan, 0)
    >>> trajectories.bought.shape, bool(trajectories.bought[np.arange(3), trajectories.arrival].all())
    ((3, 90), True)
    """
    parameters, dice = parameters_of(plan.company), _stream(plan, block, PEOPLE)
    here = min(BLOCK, plan.customers - block * BLOCK)
    # Numbers are always drawn for a whole block, so the last one may be cut short without changing anybody.
    rhythm = dice.choice(len(parameters.rhythms), BLOCK, p=parameters.rhythm_shares)[:here]
    leaving = dice.choice(len(parameters.leaving_levels), BLOCK, p=parameters.leaving_shares)[:here]
    habit = dice.choice(len(parameters.habits), BLOCK, p=parameters.habit_shares)[:here]
    arrival = dice.choice(plan.arrival_days, BLOCK, p=arrival_shares(plan.company.arrivals, plan.arrival_days))[:here]
    gone_at_once = dice.random(BLOCK)[:here] < plan.company.one_time_share
    spend_level = dice.choice(plan.company.spend.level.values, BLOCK, p=plan.company.spend.level.shares)[:here]
    bought, visited, state = _days(
        plan, block, Traits(rhythm, leaving, parameters.habits[habit], arrival, gone_at_once)
    )
    numbers = block * BLOCK + np.arange(here)
    return Trajectories(numbers, arrival, rhythm, leaving, habit, bought, visited, state, spend_level)


def amounts(plan: Plan, block: int, trajectories: Trajectories, customer: Integers, day: Integers) -> Integers:
    """What purchases cost, in whole cents.

    Parameters
    ----------
    plan, block, trajectories
        What was simulated.
    customer, day
        Row of the customer in `trajectories` and day of each purchase; (purchases,) each.
    """
    # By day, then customer: a longer calendar draws more, and leaves what was there.
    normal = _stream(plan, block, AMOUNTS).standard_normal((plan.days, BLOCK), dtype=np.float32)[day, customer]
    cents = 100 * trajectories.spend_level[customer] * np.exp(plan.company.spend.spread * normal.astype(np.float64))
    return np.maximum(1, np.rint(cents)).astype(np.int64)


def _stream(plan: Plan, block: int, purpose: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(plan.seed, spawn_key=(block, purpose))))


def arrival_shares(arrivals: Arrivals, days: int) -> Array:
    """Share of the customers who first buy on each day; (days,)."""
    launch: Array = (np.arange(days) < arrivals.launch_days).astype(np.float64)
    growing: Array = arrivals.growth_per_year ** (np.arange(days) / 365)
    share = arrivals.launch_share
    shares: Array = share * launch / launch.sum() + (1 - share) * growing / growing.sum()
    return shares


class Traits(NamedTuple):
    """What each customer of a block was given at the start; one entry per customer."""

    rhythm: Integers
    leaving: Integers
    habit: Array
    arrival: Integers
    gone_at_once: npt.NDArray[np.bool_]


def _days(
    plan: Plan, block: int, traits: Traits
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_], npt.NDArray[np.int8]]:
    parameters, (rhythm, leaving, habit, arrival, gone_at_once) = parameters_of(plan.company), traits
    here, dice = len(arrival), _stream(plan, block, DAYS)
    bought, visited = np.zeros((2, plan.lived_days, here), dtype=np.bool_)
    states = np.full((plan.lived_days, here), NOT_YET, dtype=np.int8)
    state, last_purchase = np.full(here, NOT_YET, dtype=np.int8), np.zeros(here, dtype=np.int64)
    everyone = np.arange(here)
    for day in range(plan.lived_days):
        leaves, buys, opens = dice.random((3, BLOCK))[:, :here]
        state = _moved(state, leaves, parameters.leaving(day)[leaving], parameters)
        state[arrival == day] = ACTIVE
        silence = np.stack([*_silence(parameters, day, day - last_purchase, rhythm), np.ones(here)])
        bought[day] = (arrival == day) | ((state != NOT_YET) & (buys >= silence[state, everyone]))
        last_purchase[bought[day]] = day
        chance = parameters.visits(day - last_purchase, habit)[state, everyone]
        visited[day] = (state != NOT_YET) & (opens < chance)
        state[(arrival == day) & gone_at_once] = GONE
        states[day] = state
    return bought.T, visited.T, states.T


def _silence(parameters: Parameters, day: int, days_since_purchase: Integers, rhythm: Integers) -> tuple[Array, Array]:
    active, fading = parameters.silence(day)
    clock = np.minimum(days_since_purchase, CLOCK_DAYS)
    return active[clock, rhythm], fading[clock, rhythm]


def _moved(state: npt.NDArray[np.int8], leaves: Array, leaving: Array, parameters: Parameters) -> npt.NDArray[np.int8]:
    """The states after the night: at most one step, active -> fading -> gone, or active -> gone without fading."""
    after = state.copy()
    after[(state == ACTIVE) & (leaves < leaving)] = FADING if parameters.fades else GONE
    after[(state == FADING) & (leaves < parameters.ending)] = GONE
    return after
