"""What happened to a block of customers before anything is written down, and points in time scattered over it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from pipeline.simulate.block import EPOCH_DAY, customer_ids
from pipeline.simulate.causal import buying
from pipeline.simulate.causal.company_settings import WholePlan
from pipeline.simulate.causal.episodes import Episodes, episodes
from pipeline.simulate.causal.leaving import Leaving, leaving
from pipeline.simulate.causal.people import People, people, stream
from pipeline.simulate.parameters import Array
from pipeline.simulate.trajectories import BLOCK, Flags, Integers

# More than the days of any calendar: customer and day in one number.
DAY_BASE = 100_000
# So long a company writes to customers who have gone without a word.
WRITES_ON_DAYS = 180


@dataclass(frozen=True)
class History:
    """A block of customers lived through; everything the tables and the truth are written from.

    Attributes
    ----------
    plan, block
        What is simulated, and which block of it.
    who, trouble, ends
        The customers, their episodes, and how each ends.
    bought
        Whether each customer buys on each day lived; (days lived, BLOCK).
    buyer, buying_day
        The purchases within the calendar, sorted by customer and day.
    ids
        What the customers are called.
    """

    plan: WholePlan
    block: int
    who: People
    trouble: Episodes
    ends: Leaving
    bought: Flags
    buyer: Integers
    buying_day: Integers
    ids: pl.Series

    def dice(self, purpose: int) -> np.random.Generator:
        """Random numbers for one purpose."""
        return stream(self.plan, self.block, purpose)

    @property
    def last(self) -> Integers:
        """The first day on which each customer is no longer there, or the calendar is over."""
        return np.minimum(self.ends.gone, self.plan.days)

    @property
    def reach(self) -> Integers:
        """The first day on which the company writes no more: it learns of a cancellation, but not of mere silence."""
        knows = self.plan.company.outcome == "cancellation"
        return self.last if knows else np.minimum(self.ends.gone + WRITES_ON_DAYS, self.plan.days)

    def last_purchase(self, customer: Integers, day: int) -> Integers:
        """The last day before `day` on which each customer bought."""
        index = np.searchsorted(self.purchase_keys, customer * DAY_BASE + day) - 1
        return self.purchase_keys[index] - customer * DAY_BASE

    @cached_property
    def purchase_keys(self) -> Integers:
        """Customer and day of each purchase in one number, rising."""
        return self.buyer * DAY_BASE + self.buying_day


def lived(plan: WholePlan, block: int) -> History:
    """Live a block of customers."""
    who = people(plan, block)
    trouble = episodes(plan, block, who)
    ends = leaving(plan, block, who, trouble)
    ids = customer_ids(block * BLOCK + np.arange(BLOCK))
    bought = buying.bought(plan, block, who, ends)
    buyer, day = np.nonzero(np.ascontiguousarray(bought[: plan.days].T))
    return History(plan, block, who, trouble, ends, bought, buyer, day, ids)


def scattered(
    dice: np.random.Generator, per_day: Array | float, first: Integers, last: Integers
) -> tuple[Integers, Integers]:
    """Days that come by chance between `first` and the day before `last`, at most one of a kind per day.

    Returns
    -------
    tuple of arrays
        Index into `first`, and day; sorted by both.

    >>> owner, day = scattered(np.random.default_rng(1), 0.5, np.array([0, 5]), np.array([100, 5]))
    >>> set(owner.tolist()), 25 < len(day) < 50, bool((day < 100).all())
    ({0}, True, True)
    """
    length = np.maximum(last - first, 0)
    count = dice.poisson(per_day * length)
    owner = np.repeat(np.arange(len(first)), count)
    day = first[owner] + (dice.random(len(owner)) * length[owner]).astype(np.int64)
    return split(np.unique(owner * DAY_BASE + day))


def split(keys: Integers) -> tuple[Integers, Integers]:
    """Customer and day of the numbers that hold both."""
    owner, day = np.divmod(keys, DAY_BASE)
    return owner, day


def repeated(first: Integers, every: Integers, last: Integers) -> tuple[Integers, Integers]:
    """Index and day: `first`, and again after `every` days, up to the day before `last`.

    >>> [part.tolist() for part in repeated(np.array([3, 9]), np.array([4, 4]), np.array([12, 9]))]
    [[0, 0, 0], [3, 7, 11]]
    """
    count = np.maximum(0, -(-(last - first) // every))
    owner = np.repeat(np.arange(len(first)), count)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    return owner, first[owner] + number * every[owner]


def days(numbers: Integers) -> pl.Series:
    """Days of the calendar as dates."""
    return pl.Series((numbers + EPOCH_DAY).astype(np.int32)).cast(pl.Date)


def known_days(numbers: Integers, until: int) -> pl.Series:
    """Days of the calendar as dates; null where they are not before `until`.

    >>> known_days(np.array([0, 31]), 31).to_list()
    [datetime.date(2022, 1, 1), None]
    """
    dates = (numbers + EPOCH_DAY).astype("datetime64[D]")
    dates[numbers >= until] = np.datetime64("NaT")
    return pl.Series(dates, dtype=pl.Date)


def words(names: tuple[str, ...], index: Integers) -> pl.Series:
    """The names with these indices; null for a negative one.

    >>> words(("a", "b"), np.array([1, -1])).to_list()
    ['b', None]
    """
    return pl.Series((*names, None), dtype=pl.String).gather(np.where(index < 0, len(names), index))
