"""What the company sends and says: messages, and the playbooks of its past."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipeline.simulate.causal.company_history import DAY_BASE, History, days, scattered, words
from pipeline.simulate.causal.episodes import NEVER, UNTREATED, YEAR_DAYS
from pipeline.simulate.causal.people import CONTACTS
from pipeline.simulate.trajectories import BLOCK, Flags, Integers

PURPOSES = ("offer", "useful", "thanks", "feedback", "service")
OFFER, SERVICE = 0, 4
MESSAGE_SHARES, FATIGUE_SHARES = (0.5, 0.3, 0.1, 0.1, 0.0), (0.9, 0.05, 0.0, 0.05, 0.0)
CHANNELS = ("e-mail", "sms", "app", "phone")
TEAMS = ("marketing", "success")
# A customer whom messages tire gets four a week; one in three unsubscribes in the end.
FATIGUE_PER_DAY, FATIGUE_UNSUBSCRIBED, UNSUBSCRIBED_PER_YEAR = 4 / 7, 0.33, 0.03
# What is left of them when the company lets the customer rest.
RESTED_SHARE = 0.2
OPENED_IN = {"C33": 0.15, "C02": 0.3, "C16": 0.05}
QUIET_OPENED = 0.6
PHONE_PLAYBOOKS = ("friendly-call-best-customers", "conflict-resolution", "value-demonstration", "commitment-tracking")


@dataclass(frozen=True)
class Messages:
    """The messages of a block: customer, day, purpose and whether it was opened; and when each customer had enough."""

    customer: Integers
    day: Integers
    purpose: Integers
    opened: Flags
    unsubscribed: Integers


@dataclass(frozen=True)
class Sent:
    """The playbooks of the past: customer, day and index of the playbook; sorted, one per customer and day."""

    customer: Integers
    day: Integers
    playbook: Integers


def messages(past: History) -> Messages:
    """All messages until the company gives up or the customer unsubscribes; at most one a day."""
    dice, who, trouble, rates = past.dice(CONTACTS), past.who, past.trouble, past.plan.company.rates
    usual = np.stack(scattered(dice, rates.messages_per_day, who.arrival, past.reach))
    tired, start, end = trouble.of("C33", past.plan.days)
    episode, extra_day = scattered(dice, FATIGUE_PER_DAY, start, np.minimum(end, past.last[tired]))
    rests = (extra_day >= _rest(past)[tired[episode]]) & (dice.random(len(episode)) > RESTED_SHARE)
    extra = np.stack([tired[episode][~rests], extra_day[~rests]])
    keys = np.concatenate([usual[0] * DAY_BASE + usual[1], extra[0] * DAY_BASE + extra[1]])
    keys, kept = np.unique(keys, return_index=True)
    customer, day = np.divmod(keys, DAY_BASE)
    tiring = kept >= usual.shape[1]
    purpose = np.where(tiring, *(dice.choice(5, len(keys), p=shares) for shares in (FATIGUE_SHARES, MESSAGE_SHARES)))
    chance = rates.opened_share * np.where(who.wants("quiet")[customer], QUIET_OPENED, 1.0)
    for cause, factor in OPENED_IN.items():
        chance = np.where(trouble.running(cause, customer, day), chance * factor, chance)
    chance = np.where(day >= past.ends.leave[customer], chance * past.plan.company.fading.visit_factor, chance)
    opened = (dice.random(len(keys)) < chance) & (day < past.last[customer])
    enough = _unsubscribed(past, dice, tired, start, end)
    still = day <= enough[customer]
    return Messages(customer[still], day[still], purpose[still], opened[still], enough)


def _rest(past: History) -> Integers:
    """From which day on the company sends each tired customer less; NEVER for most."""
    names = list(past.plan.company.playbooks)
    if "C33" not in past.trouble.ids or "contact-rest" not in names:
        return np.full(BLOCK, NEVER)
    row = past.trouble.ids.index("C33")
    return np.where(past.trouble.playbook[row] == names.index("contact-rest"), past.trouble.treated[row], NEVER)


def _unsubscribed(
    past: History, dice: np.random.Generator, tired: Integers, start: Integers, end: Integers
) -> Integers:
    """The day on which each customer unsubscribes; NEVER where that does not come within the calendar."""
    customer, day = scattered(dice, UNSUBSCRIBED_PER_YEAR / YEAR_DAYS, past.who.arrival, past.last)
    late = start + ((end - start) * (0.4 + 0.6 * dice.random(len(start)))).astype(np.int64)
    late = np.where(dice.random(len(start)) < FATIGUE_UNSUBSCRIBED, late, NEVER)
    earliest = np.full(BLOCK, NEVER)
    np.minimum.at(earliest, np.concatenate([customer, tired]), np.concatenate([day, late]))
    return np.where(earliest < past.last, earliest, NEVER)


def playbooks_sent(past: History) -> Sent:
    """Playbooks in answer to episodes that the company noticed, and false alarms; never to the control group."""
    trouble, policy, dice = past.trouble, past.plan.company.policy, past.dice(CONTACTS + 100)
    cause, customer = np.nonzero((trouble.playbook != UNTREATED) & (trouble.treated < trouble.shown_end))
    day, playbook = trouble.treated[cause, customer], trouble.playbook[cause, customer]
    there = day < past.reach[customer]
    customer, day, playbook = customer[there], day[there], playbook[there]
    treated = np.where(past.who.control, 0.0, policy.false_alarms_per_year / YEAR_DAYS)
    by_chance, on = scattered(dice, treated, past.who.arrival + 1, past.reach)
    calm = ~np.any([trouble.running(name, by_chance, on) for name in trouble.ids], axis=0)
    any_playbook = dice.integers(0, len(past.plan.company.playbooks), len(on))
    keys = np.concatenate([customer * DAY_BASE + day, by_chance[calm] * DAY_BASE + on[calm]])
    keys, kept = np.unique(keys, return_index=True)
    return Sent(*np.divmod(keys, DAY_BASE), np.concatenate([playbook, any_playbook[calm]])[kept])


def contacts(past: History, sent: Messages, played: Sent) -> pl.DataFrame:
    """One row per message and playbook, at most one per customer and day; sorted by both."""
    names = tuple(past.plan.company.playbooks)
    by_phone = np.isin(played.playbook, [index for index, name in enumerate(names) if name in PHONE_PLAYBOOKS])
    offer = played.playbook == (names.index("discount-promotion") if "discount-promotion" in names else -1)
    keys = np.concatenate([played.customer * DAY_BASE + played.day, sent.customer * DAY_BASE + sent.day])
    keys, kept = np.unique(keys, return_index=True)
    customer, day = np.divmod(keys, DAY_BASE)
    nothing = np.zeros(len(sent.day), dtype=np.int64)
    playbook, team, channel, purpose = (
        np.concatenate(parts)[kept]
        for parts in (
            (played.playbook, nothing - 1),
            (by_phone.astype(np.int64), nothing),
            (np.where(by_phone, 3, 0), sent.day % 7 // 3),
            (np.where(offer, OFFER, np.where(by_phone, SERVICE, 1)), sent.purpose),
        )
    )
    return pl.DataFrame(
        {
            "customer_id": past.ids.gather(customer),
            "ts": days(day),
            "team": words(TEAMS, team),
            "channel": words(CHANNELS, channel),
            "purpose": words(PURPOSES, purpose),
            "playbook": words(names, playbook),
            "has_value": purpose != OFFER,
        }
    )
