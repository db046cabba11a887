"""Who gets which playbook: the most value kept, less cost, that budget and hands allow.

Maximise the sum over customers of the profit of what each is given, where each is given one playbook at most and no
limit is exceeded: so many of a playbook, of a team, of a channel, so much money. Each limit gets a price, its shadow
price: what one more of it would keep. At the right prices every customer can be looked at alone. The prices are those
of the linear programme of a sample; what they promise for everybody is an upper bound that no plan can exceed (weak
duality), beside which the plan is reported.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog
from scipy.sparse import csc_array, vstack

from pipeline.decisions import _filling
from pipeline.decisions._filling import NOTHING as NOTHING
from pipeline.decisions._filling import Shares as Shares
from pipeline.i18n import Part

Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]
Array = npt.NDArray[np.float64]

# Playbooks open to customers, in pairs, up to which the programme of all is solved; else of evenly chosen customers.
MAX_PAIRS = 50_000
PRICE_DIGITS = 4
# Between equals, and as a share of what they bring.
TIE = 1e-6
# From here on a share of the linear programme is a decision; only as many are not as there are limits.
WHOLE, TRACE = 1 - 1e-6, 1e-5


@dataclass(frozen=True)
class Limit:
    """Something there is only so much of.

    Attributes
    ----------
    name
        What to call it in words: ``playbook call``, ``team sales``, ``channel phone``, ``budget``.
    room
        How much there is of it, per list.
    uses
        How much of it each playbook takes; (playbooks,).
    display_name
        How a sentence names it in the language of who reads it; by its `name` where this is empty.
    """

    name: str
    room: float
    uses: tuple[float, ...]
    display_name: Part = field(default="", compare=False)


@dataclass(frozen=True)
class Plan:
    """Who is given what, and how good that is.

    Attributes
    ----------
    places
        For each customer the number of the playbook, or `NOTHING`; for a control, what it would have been.
    second
        For each customer the number of the next best playbook that was open, or `NOTHING`.
    value
        Profit of all that is given, in currency units.
    bound
        What no plan can exceed.
    prices
        By limit, what one more of it would keep.
    used
        By limit, how much of it is used.
    """

    places: Places
    second: Places
    value: float
    bound: float
    prices: dict[str, float]
    used: dict[str, float]

    @property
    def gap(self) -> float:
        """Share (0-1) of the bound that the plan leaves, at most."""
        return 0.0 if self.bound <= 0 else max(0.0, 1 - self.value / self.bound)


def allocate(profit: Array, limits: list[Limit], is_control: Flags, shares: Shares | None = None) -> Plan:
    """Share out the playbooks.

    A control takes no room: he or she is placed as somebody would be who came on top, at the same prices. So the
    customers and the controls of a playbook are chosen by the same rule and can be compared.

    Parameters
    ----------
    profit
        Value kept less cost of each playbook for each customer, in currency units; NaN where it is not open to them.
        What brings nothing or less is never given. Rows in an order that does not depend on the day's file, since it
        decides between equals; (customers, playbooks).
    limits
        What there is only so much of.
    is_control
        Who is left alone; (customers,).
    shares
        What each owner can do; None where owners have no limit of their own.

    Examples
    --------
    The caller has two hours; the dearest two are called, the third gets a letter, and one more call would keep 2 more.

    >>> profit = np.array([[9.0, 1.0], [8.0, 6.0], [7.0, 1.0]])
    >>> plan = allocate(profit, [Limit("team calls", 2, (1.0, 0.0))], np.array([False, False, False]))
    >>> plan.places.tolist(), plan.value, plan.prices
    ([0, 1, 0], 22.0, {'team calls': 2.0})
    """
    worth = np.where(np.isnan(profit) | (profit <= 0), -np.inf, profit)
    uses, room = as_arrays(limits, profit.shape[1])
    free = ~is_control
    # The factors are above 1, so a bound of what is ranked is a bound of what it is worth.
    ranked = _tie_break(free, worth.shape[1])
    ranked *= worth
    own = shares or _filling.nobodys(*profit.shape)
    of_free = ranked[free]
    prices, own_prices, decided = _prices(of_free, uses, room, own.of(free))
    # Without BLAS, whose sums differ by processor in their last bits: they would decide between near equals.
    priced = np.subtract(ranked, np.sum(prices[:, None] * uses, axis=0), out=ranked)
    priced -= np.append(own_prices, 0.0)[own.owner][:, None] * own.takes  # who has no owner takes the last one
    places = np.where(priced.max(axis=1, initial=0) > 0, _best(priced), NOTHING)
    places[free] = _filling.fill(
        of_free, priced[free], np.ascontiguousarray(uses.T), room, decided, own.of(free)
    )  # fmt: skip
    given = places[free & (places != NOTHING)]
    used = uses[:, given].sum(axis=1)
    return Plan(
        places=places,
        second=_second(priced, worth, places),
        value=float(worth[free & (places != NOTHING), given].sum()),
        bound=float(
            priced[free].max(axis=1, initial=0).clip(min=0).sum()
            + np.sum(prices * room)
            + np.sum(own_prices * own.room.clip(min=0))
        ),
        prices={limit.name: float(price) for limit, price in zip(limits, prices, strict=True)},
        used={limit.name: float(amount) for limit, amount in zip(limits, used, strict=True)},
    )


def as_arrays(limits: list[Limit], playbooks: int) -> tuple[Array, Array]:
    """What each playbook uses of each limit, (limits, playbooks), and how much there is of it, (limits,)."""
    uses = np.array([limit.uses for limit in limits], dtype=np.float64).reshape(len(limits), playbooks)
    return uses, np.array([limit.room for limit in limits], dtype=np.float64)


def _tie_break(free: Flags, playbooks: int) -> Array:
    """Hardly more than 1, and the more the earlier the playbook and the customer: of equals the first ones."""
    earlier = 1 - np.arange(playbooks) / max(1, playbooks)
    # Controls stand where they would stand among the others, and do not move these.
    before = 1 - (np.cumsum(free) - free) / max(1, free.sum())
    factors: Array = 1 + TIE * (earlier[None, :] + before[:, None])
    return factors


def _prices(worth: Array, uses: Array, room: Array, own: Shares) -> tuple[Array, Array, Places]:
    """The shadow price of each limit and owner, zero where it cannot be reached; and whom the programme has decided."""
    prices, own_prices = np.zeros(len(room)), np.zeros(len(own.room))
    decided: Places = np.full(len(worth), NOTHING, dtype=np.int64)
    short = _wanted_at_most(worth, uses) > room
    busy = _wanted_of_owners(worth, own) > own.room
    if short.any() or busy.any():
        numbers = np.append(np.where(busy, np.cumsum(busy) - 1, NOTHING), NOTHING)
        only = Shares(numbers[own.owner], own.room[busy].clip(min=0), own.takes)
        dual_prices, decided = _solved(worth, uses[short], room[short], only)
        prices[short], own_prices[busy] = dual_prices[: short.sum()], dual_prices[short.sum() :]
    return prices, own_prices, decided


def _wanted_of_owners(worth: Array, own: Shares) -> Array:
    """How much each owner would have to do if everybody were given what takes most of it."""
    most = np.where(np.isfinite(worth), own.takes, 0.0).max(axis=1, initial=0)
    known = own.owner != NOTHING
    return np.bincount(own.owner[known], weights=most[known], minlength=len(own.room)).astype(np.float64)


def _wanted_at_most(worth: Array, uses: Array) -> Array:
    """How much of each limit would be used if everybody were given what takes most of it."""
    there = np.isfinite(worth)

    def at_most(takes: Array) -> float:
        # Of the playbooks that take any: most limits are of a few.
        some = np.flatnonzero(takes)
        return float(np.where(there[:, some], takes[some], 0.0).max(axis=1, initial=0).sum())

    return np.array([at_most(takes) for takes in uses])


def _solved(worth: Array, uses: Array, room: Array, own: Shares) -> tuple[Array, Places]:
    """Prices and whole decisions of the linear programme; of evenly chosen customers where there are many.

    The prices of `own` follow those of `room`.
    """
    some = np.flatnonzero(worth.max(axis=1, initial=-np.inf) > 0)
    order = some[np.argsort(-worth[some].max(axis=1), kind="stable")]
    step = max(1, -(-int(np.isfinite(worth[order]).sum()) // MAX_PAIRS))
    # From the middle of each stretch of equals, so that the sample is worth neither more nor less than all.
    chosen = order[step // 2 :: step]
    who, what = np.nonzero(np.isfinite(worth[chosen]))
    once = csc_array((np.ones(len(who)), (who, np.arange(len(who)))), shape=(len(chosen), len(who)))
    owner = own.owner[chosen[who]]
    mine = np.flatnonzero(owner != NOTHING)
    hands = csc_array((own.takes[what[mine]], (owner[mine], mine)), shape=(len(own.room), len(who)))
    rows = vstack([once, csc_array(uses[:, what]), hands], format="csc")
    # A trace more of what is counted, so that the price is what one more would keep, not what one less would lose.
    trace = TRACE * np.append((uses == uses.round()).all(axis=1), np.ones(len(own.room)))
    most = np.concatenate([np.ones(len(chosen)), np.append(room, own.room) * len(chosen) / len(order) + trace])
    # Interior point: simplex took 15 times as long where many customers are alike (docs/decisions/playbooks.md).
    solution = linprog(-worth[chosen][who, what], A_ub=rows, b_ub=most, bounds=(0, None), method="highs-ipm")
    assert solution.success, f"giving nobody anything is always possible: {solution.message}"
    decided: Places = np.full(len(worth), NOTHING, dtype=np.int64)
    # Of a sample only the prices hold for all; what it decides is for its own part of the room.
    if step == 1:
        whole = solution.x > WHOLE
        decided[chosen[who[whole]]] = what[whole]
    prices: Array = -solution.ineqlin.marginals[len(chosen) :]
    # Rounding is safe: at any prices from 0 on the dual is a bound (weak duality), if a slightly looser one.
    return np.asarray(np.maximum(prices, 0).round(PRICE_DIGITS) + 0.0, dtype=np.float64), decided


def _best(worth: Array) -> Places:
    """The playbook that brings most; of equals the first of the file."""
    best: Places = worth.argmax(axis=1).astype(np.int64)
    return best


def _second(priced: Array, worth: Array, places: Places) -> Places:
    """The next best of those open, for who is given one."""
    others = np.where(np.isfinite(worth), priced, -np.inf)
    given = np.flatnonzero(places != NOTHING)
    others[given, places[given]] = -np.inf
    second = np.full(len(places), NOTHING, dtype=np.int64)
    there = given[others[given].max(axis=1, initial=-np.inf) > -np.inf]
    second[there] = others[there].argmax(axis=1)
    return second
