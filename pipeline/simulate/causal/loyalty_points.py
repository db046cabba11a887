"""The table of points: earned with purchases, spent now and then, lapsed where they are left."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipeline.simulate.causal.company_history import DAY_BASE, History, days, known_days, repeated, scattered, words
from pipeline.simulate.causal.episodes import NEVER, YEAR_DAYS
from pipeline.simulate.causal.people import LOYALTY
from pipeline.simulate.parameters import Array
from pipeline.simulate.trajectories import BLOCK, Flags, Integers

KINDS = ("earn", "expire", "reward", "spend")
# The points of a year since the first purchase lapse this many days after its end.
GRACE_DAYS = 60
SPENDS_PER_YEAR, REWARDS_PER_YEAR, REWARD_POINTS = 4.0, 0.8, 50
# Some who could, never spend, and do not mind.
NEVER_SPENDS_SHARE = 0.1


def loyalty(past: History, paid: Array) -> pl.DataFrame:
    """One row per customer, day and kind; members only, and nobody who is to go without any reward.

    Parameters
    ----------
    past
        The block.
    paid
        What each purchase cost, in currency, in the order of `past.buyer`.
    """
    earned_by, earned_on, earned = _earned(past, paid)
    account = _Account(earned_by * DAY_BASE + earned_on, np.concatenate([[0], np.cumsum(earned)]))
    spender, spent_on, spent = _spent(past, account)
    lapsed_by, lapsed_on, lapsed = _lapsed(past, account, spender * DAY_BASE + spent_on)
    rewarded, rewarded_on = _rewarded(past)
    parts = (
        (earned_by, earned_on, earned),
        (lapsed_by, lapsed_on, lapsed),
        (rewarded, rewarded_on, np.full(len(rewarded), REWARD_POINTS)),
        (spender, spent_on, spent),
    )
    kind = np.repeat(np.arange(len(KINDS)), [len(part[0]) for part in parts])
    customer, day, points = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((kind, day, customer))
    customer, day, kind = customer[order], day[order], kind[order]
    lapse = past.who.arrival[customer]
    lapse = lapse + YEAR_DAYS * (1 + (day - lapse) // YEAR_DAYS) + GRACE_DAYS
    return pl.DataFrame(
        {
            "customer_id": past.ids.gather(customer),
            "ts": days(day),
            "kind": words(KINDS, kind),
            "points": pl.Series(points[order]),
            "expires_day": known_days(np.where(kind == 0, lapse, NEVER), NEVER),
        }
    )


def member(past: History) -> Flags:
    """Who collects points; whoever is to go unrewarded for years is not among them."""
    members: Flags = (past.who.member | past.trouble.ever("C54")) & ~past.trouble.ever("C03")
    return members


def _earned(past: History, paid: Array) -> tuple[Integers, Integers, Integers]:
    """A point per unit of currency, credited once in 30 days, on the last purchase of them."""
    mine = member(past)[past.buyer]
    customer, day = past.buyer[mine], past.buying_day[mine]
    month = (day - past.who.arrival[customer]) // 30
    _, first, place = np.unique(customer * DAY_BASE + month, return_index=True, return_inverse=True)
    points = np.bincount(place, weights=np.rint(paid[mine]), minlength=len(first)).astype(np.int64)
    last = np.append(first[1:], len(customer)) - 1
    keep = points > 0
    return customer[first][keep], day[last][keep], points[keep]


@dataclass(frozen=True)
class _Account:
    """Points earned so far, by customer and day; sorted."""

    keys: Integers
    total: Integers

    def between(self, customer: Integers, first: Integers, last: Integers) -> Integers:
        """Points earned from `first` to the day before `last`."""
        begin, end = (np.searchsorted(self.keys, customer * DAY_BASE + day) for day in (first, last))
        points: Integers = self.total[np.maximum(end, begin)] - self.total[begin]
        return points


def _spent(past: History, account: _Account) -> tuple[Integers, Integers, Integers]:
    """Now and then all the points there are."""
    dice, arrival, trouble = past.dice(LOYALTY), past.who.arrival, past.trouble
    spends = member(past) & (dice.random(BLOCK) >= NEVER_SPENDS_SHARE)
    first = arrival + 30
    kept_back, _, end = trouble.of("C54", past.plan.days)
    first[kept_back] = end
    customer, day = scattered(dice, np.where(spends, SPENDS_PER_YEAR / YEAR_DAYS, 0.0), first, past.last)
    same = np.append(False, customer[1:] == customer[:-1])
    before = np.where(same, np.append(0, day[:-1]), arrival[customer])
    years = np.maximum(0, (day - arrival[customer] - GRACE_DAYS) // YEAR_DAYS)
    points = account.between(customer, np.maximum(before, arrival[customer] + YEAR_DAYS * years), day)
    return customer[points > 0], day[points > 0], points[points > 0]


def _lapsed(past: History, account: _Account, spends: Integers) -> tuple[Integers, Integers, Integers]:
    """What is left of each year's points when its grace is over."""
    arrival = past.who.arrival
    customer, day = repeated(
        arrival + YEAR_DAYS + GRACE_DAYS, np.full(BLOCK, YEAR_DAYS), np.where(member(past), past.plan.days, 0)
    )
    last_spend = np.append(spends, 0)[np.searchsorted(spends, customer * DAY_BASE + day) - 1] - customer * DAY_BASE
    year_end = day - GRACE_DAYS
    points = account.between(customer, np.maximum(last_spend, year_end - YEAR_DAYS), year_end)
    return customer[points > 0], day[points > 0], points[points > 0]


def _rewarded(past: History) -> tuple[Integers, Integers]:
    per_day = np.where(member(past), REWARDS_PER_YEAR / YEAR_DAYS, 0.0)
    return scattered(past.dice(LOYALTY + 100), per_day, past.who.arrival + 30, past.reach)
