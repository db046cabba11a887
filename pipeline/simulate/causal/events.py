"""The table of what customers do besides buying."""

import numpy as np
import polars as pl

from pipeline.simulate.causal.company_history import History, days, scattered, words
from pipeline.simulate.causal.contacts import Messages
from pipeline.simulate.causal.episodes import NEVER
from pipeline.simulate.causal.people import EVENTS
from pipeline.simulate.parameters import Array
from pipeline.simulate.trajectories import Flags, Integers

TYPES = ("visit", "feature_use", "price_page", "message_open", "unsubscribe")
# What is left of them in an episode of the cause.
VISITS_IN = {"C02": 0.1, "C16": 0.02, "C18": 0.4}
FEATURE_USES_IN = {"C18": 0.08, "C31": 0.6, "C02": 0.3}
PRICE_PAGES_PER_DAY, IF_LOW_PRICES_WANTED, PRICE_PAGES_IN_C27_PER_DAY = 0.0012, 3.0, 0.09


def events(past: History, sent: Messages) -> pl.DataFrame:
    """One row per customer, day and type; sorted by the three."""
    dice, who, trouble = past.dice(EVENTS), past.who, past.trouble
    usual = np.where(who.wants("low_prices"), IF_LOW_PRICES_WANTED, 1.0) * PRICE_PAGES_PER_DAY
    tempted, start, end = trouble.of("C27", past.plan.days)
    episode, looked = scattered(dice, PRICE_PAGES_IN_C27_PER_DAY, start, np.minimum(end, past.last[tempted]))
    looks = scattered(dice, usual, who.arrival, past.last)
    enough = np.flatnonzero(sent.unsubscribed < NEVER)
    by_type = (
        _habit(past, dice, who.visits_per_day, VISITS_IN),
        _habit(past, dice, past.plan.company.rates.feature_uses_per_day, FEATURE_USES_IN),
        (np.concatenate([looks[0], tempted[episode]]), np.concatenate([looks[1], looked])),
        (sent.customer[sent.opened], sent.day[sent.opened]),
        (enough, sent.unsubscribed[enough]),
    )
    customer, day = (np.concatenate([part[side] for part in by_type]) for side in (0, 1))
    kind = np.repeat(np.arange(len(TYPES)), [len(part[0]) for part in by_type])
    keys = np.unique((customer * len(past.bought) + day) * len(TYPES) + kind)
    rest, kind = np.divmod(keys, len(TYPES))
    customer, day = np.divmod(rest, len(past.bought))
    return pl.DataFrame({"customer_id": past.ids.gather(customer), "ts": days(day), "event_type": words(TYPES, kind)})


def _habit(
    past: History, dice: np.random.Generator, per_day: Array | float, factors: dict[str, float]
) -> tuple[Integers, Integers]:
    """Days of a habit that weakens with some causes and while the customer fades."""
    customer, day = scattered(dice, per_day, past.who.arrival, past.last)
    chance = np.where(day >= past.ends.leave[customer], past.plan.company.fading.visit_factor, 1.0)
    for cause, factor in factors.items():
        chance = np.where(past.trouble.running(cause, customer, day), chance * factor, chance)
    keep: Flags = dice.random(len(day)) < chance
    return customer[keep], day[keep]
