"""Episodes: when each cause comes over each customer, how long it stays, and what the company did about it."""

from dataclasses import dataclass

import numpy as np

from pipeline.simulate.causal.company_settings import Cause, Whole, WholePlan
from pipeline.simulate.causal.people import EPISODES, People, stream
from pipeline.simulate.parameters import DIGITS, Array
from pipeline.simulate.trajectories import BLOCK, Flags, Integers

# Further away than any calendar.
NEVER = 1_000_000
LENGTHS = (0.6, 1.0, 1.6)
YEAR_DAYS = 365
UNTREATED = -1


@dataclass(frozen=True)
class Episodes:
    """At most one episode of each cause per customer; (causes, BLOCK) each, in the order of `ids`.

    Some customers are never open to a cause and yet bear all its traces for a while: look-alikes, who do not mind. The
    law of leaving reads `start`, `hot` and `end`, in which they have no episode; the tables are written from `shown`,
    in which they do.

    Attributes
    ----------
    ids
        The causes of the company.
    open
        Whether the cause can come over the customer at all.
    start, end
        First day of the episode, and the first one after it; NEVER where there is none.
    hot
        First day on which it can make the customer leave.
    has_cause
        Whether the customer shows the traces of the cause at some time: open to it, or a look-alike.
    shown, shown_end
        As `start` and `end`, with the look-alikes.
    playbook, treated
        Index of the playbook the company sends, UNTREATED for none, and the day on which it would.
    """

    ids: tuple[str, ...]
    open: Flags
    start: Integers
    end: Integers
    hot: Integers
    has_cause: Flags
    shown: Integers
    shown_end: Integers
    playbook: Integers
    treated: Integers

    def running(self, cause: str, customer: Integers, day: Integers) -> Flags:
        """Whether the traces of the cause are borne; never, where the company does not know it."""
        if cause not in self.ids:
            return np.zeros(len(customer), dtype=np.bool_)
        row = self.ids.index(cause)
        runs: Flags = (self.shown[row, customer] <= day) & (day < self.shown_end[row, customer])
        return runs

    def of(self, cause: str, days: int) -> tuple[Integers, Integers, Integers]:
        """Customers who bear the traces from some day of the calendar on; that day, and the first one without them."""
        if cause not in self.ids:
            return (np.zeros(0, dtype=np.int64),) * 3
        row = self.ids.index(cause)
        customer = np.flatnonzero(self.shown[row] < days)
        return customer, self.shown[row, customer], self.shown_end[row, customer]

    def ever(self, cause: str) -> Flags:
        """Whether the customer shows the traces at some time; nobody, where the company does not know the cause."""
        return self.has_cause[self.ids.index(cause)] if cause in self.ids else np.zeros(BLOCK, dtype=np.bool_)


def drift_clock(company: Whole, days: int) -> Array:
    """Time as leaving sees it: day *d* lasts from element *d* to *d* + 1, longer when more customers leave."""
    lasts = company.leaving_factor_per_year ** (np.arange(days) / YEAR_DAYS)
    return np.concatenate([[0.0], np.cumsum(lasts)]).round(DIGITS)


def waited(clock: Array, after: Integers, units: Array) -> Integers:
    """The day on which so many units of the clock have passed since the end of the day `after`; NEVER if none has.

    >>> waited(np.arange(11.0), np.array([2, 2, 2]), np.array([0.5, 1.5, 99.0])).tolist()
    [3, 4, 1000000]
    """
    first = np.searchsorted(clock, (clock[after + 1] + units).round(DIGITS))
    return np.where(first < len(clock), first - 1, NEVER)


def exponential(dice: np.random.Generator, *shape: int) -> Array:
    """Standard exponential numbers, the same on all processors."""
    draws: Array = (-np.log1p(-dice.random(shape))).round(DIGITS)
    return draws


def episodes(plan: WholePlan, block: int, who: People) -> Episodes:
    """Draw the episodes of all causes; whether they are lived through is another matter."""
    company, dice = plan.company, stream(plan, block, EPISODES)
    clock = drift_clock(company, plan.lived_days)
    rows = [_one(company, cause, clock, dice, who) for cause in company.causes.values()]
    able, has_cause, shown, shown_end = (np.stack(parts) for parts in zip(*rows, strict=True))
    start, end = np.where(able, shown, NEVER), np.where(able, shown_end, NEVER)
    lag = np.array([cause.lag_days for cause in company.causes.values()])[:, None]
    return Episodes(
        ids=tuple(company.causes),
        open=able,
        start=start,
        end=end,
        hot=np.minimum(start + lag, end),
        has_cause=has_cause,
        shown=shown,
        shown_end=shown_end,
        playbook=np.stack([_playbook(company, cause, dice, who) for cause in company.causes]),
        treated=shown + company.policy.after_days,
    )


def _one(
    company: Whole, cause: Cause, clock: Array, dice: np.random.Generator, who: People
) -> tuple[Flags, Flags, Integers, Integers]:
    """Who is open to the cause, who shows its traces, from which day on, and the first day without them."""
    chance, wait, late, length = dice.random(BLOCK), exponential(dice, BLOCK), dice.random(BLOCK), dice.random(BLOCK)
    share = (
        np.where(who.wants(cause.intent), cause.share, cause.share_else)
        if cause.intent
        else np.full(BLOCK, cause.share)
    )
    able, has_cause = chance < share, chance < share * (1 + company.look_alikes)
    lasts = np.rint(cause.lasts_days * np.array(LENGTHS)[(length * len(LENGTHS)).astype(np.int64)]).astype(np.int64)
    if cause.onset == "chance":
        start = waited(clock, who.arrival, wait * YEAR_DAYS / cause.per_year)
    elif cause.onset == "tenure":
        start = who.arrival + cause.after_days + (late * (cause.spread_days + 1)).astype(np.int64)
    elif cause.onset == "renewal":
        # Before the first, second or third end of a contract.
        start = who.arrival + YEAR_DAYS * (1 + (late * 3).astype(np.int64)) - cause.after_days
        able, has_cause = able & who.yearly, has_cause & who.yearly
    else:
        start, lasts = _fallen(company, who)
    start = np.where(has_cause & (start < NEVER), start, NEVER)
    return able, has_cause, start, np.where(start < NEVER, start + lasts, NEVER)


def _fallen(company: Whole, who: People) -> tuple[Integers, Integers]:
    """The first fall of the customer's region after the first purchase."""
    start, lasts = np.full(BLOCK, NEVER), np.ones(BLOCK, dtype=np.int64)
    for fall in sorted(company.falls, key=lambda fall: -fall.first_day):
        hit = (who.region == fall.region) & (who.arrival < fall.first_day)
        start[hit], lasts[hit] = fall.first_day, fall.days
    return start, lasts


def treatments(company: Whole, cause: str) -> tuple[Array, Array]:
    """Chance of each playbook, and the factor each puts on the hazard of the cause; no playbook comes first.

    >>> from pipeline.simulate.causal.company_presets import COMPANIES
    >>> chances, factors = treatments(COMPANIES["retailer"], "C28")
    >>> chances[0], set(factors.tolist())
    (np.float64(1.0), {1.0})
    """
    factors = np.array([1.0, *(effects.get(cause, 1.0) for effects in company.playbooks.values())])
    chances, policy = np.zeros(len(factors)), company.policy
    if company.causes[cause].seen:
        chances[1:] = policy.noticed_share * (1 - policy.right_share) / len(company.playbooks)
        chances[1 + factors[1:].argmin()] += policy.noticed_share * policy.right_share
    chances[0] = 1 - chances[1:].sum()
    return chances, factors


def _playbook(company: Whole, cause: str, dice: np.random.Generator, who: People) -> Integers:
    chances, _ = treatments(company, cause)
    drawn = np.searchsorted(np.cumsum(chances).round(DIGITS), dice.random(BLOCK), side="right") - 1
    return np.where(who.control, UNTREATED, np.minimum(drawn, len(company.playbooks) - 1))
