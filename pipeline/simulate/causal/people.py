"""Who the customers of a block are: what they want, how often they buy, when they come."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.simulate.causal.company_settings import INTENTS, Intent, WholePlan
from pipeline.simulate.parameters import Array
from pipeline.simulate.settings import Levels
from pipeline.simulate.trajectories import BLOCK, Flags, Integers, arrival_shares

# One stream of random numbers for each purpose; the numbers below these belong to the companies without causes.
PEOPLE, EPISODES, LEAVING, BUYING, BASKETS, EVENTS, CONTACTS, TICKETS, SURVEYS, LOYALTY, PROMISES, NAMES = range(16, 28)
HOME_CATEGORIES = 8
# Some never take another plan, and do not mind.
KEEPS_PLAN_SHARE, KEEPS_PLAN = 0.2, 1_000_000


def stream(plan: WholePlan, block: int, purpose: int) -> np.random.Generator:
    """Random numbers of their own for a block and a purpose."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(plan.seed, spawn_key=(block, purpose))))


@dataclass(frozen=True)
class People:
    """What does not change about the customers of a block; (BLOCK,) each unless said otherwise.

    Attributes
    ----------
    arrival
        Day of the first purchase, in days since the calendar began.
    rhythm
        Index of mean gap x shape.
    base_leaving
        Intensity per day of leaving for no cause.
    spend_level
        What the customer's middle order costs, in currency.
    region, category, pack
        Region; category bought most; index of the first plan of the contract.
    new_plan_days
        Days after which the customer takes another plan, again and again.
    visits_per_day
        Habit of visiting.
    intents
        Whether the customer has each of `INTENTS`; (intents, BLOCK).
    control, yearly, once, member
        Never gets a playbook; has a yearly contract; is gone after the first purchase; collects points.
    """

    arrival: Integers
    rhythm: Integers
    base_leaving: Array
    spend_level: Array
    region: Integers
    category: Integers
    pack: Integers
    new_plan_days: Integers
    visits_per_day: Array
    intents: Flags
    control: Flags
    yearly: Flags
    once: Flags
    member: Flags

    def wants(self, intent: Intent) -> Flags:
        """Whether each customer has the intent."""
        has_intent: Flags = self.intents[INTENTS.index(intent)]
        return has_intent


def people(plan: WholePlan, block: int) -> People:
    """Draw the customers of a block; always a whole one, so that more customers leave the first ones as they were."""
    company, dice = plan.company, stream(plan, block, PEOPLE)
    rhythms = len(company.mean_gap_days.values) * len(company.rhythm_shape.values)
    shares = np.outer(company.mean_gap_days.shares, company.rhythm_shape.shares).ravel()
    regions = np.array(company.region_shares)
    intents = np.stack([dice.random(BLOCK) < company.intents[intent] for intent in INTENTS])
    leaving = _drawn(dice, company.base_leaving_per_day)
    return People(
        arrival=dice.choice(plan.days, BLOCK, p=arrival_shares(company.arrivals, plan.days)),
        rhythm=dice.choice(rhythms, BLOCK, p=shares / shares.sum()),
        base_leaving=-np.log1p(-leaving),
        spend_level=_drawn(dice, company.spend.level),
        region=dice.choice(len(regions), BLOCK, p=regions / regions.sum()),
        category=dice.integers(0, HOME_CATEGORIES, BLOCK),
        pack=dice.choice(3, BLOCK, p=[0.5, 0.35, 0.15]),
        new_plan_days=np.where(dice.random(BLOCK) < KEEPS_PLAN_SHARE, KEEPS_PLAN, dice.integers(120, 400, BLOCK)),
        visits_per_day=_drawn(dice, company.rates.visits_per_day),
        intents=intents,
        control=dice.random(BLOCK) < company.policy.control_share,
        yearly=(dice.random(BLOCK) < company.yearly_share) & company.contracts,
        once=dice.random(BLOCK) < company.one_time_share,
        member=dice.random(BLOCK) < _member_share(company.rates.member_share, intents[INTENTS.index("points")]),
    )


def _drawn(dice: np.random.Generator, levels: Levels) -> Array:
    draws: Array = dice.choice(levels.values, BLOCK, p=levels.shares)
    return draws


def _member_share(share: float, loves_points: npt.NDArray[np.bool_]) -> Array:
    """Those who love points join twice as likely as they stay away otherwise."""
    shares: Array = np.where(loves_points, 1 - (1 - share) / 2, share) * (share > 0)
    return shares
