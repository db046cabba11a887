"""The table of surveys: sent, and sometimes answered."""

import numpy as np
import polars as pl

from pipeline.simulate.causal.company_history import DAY_BASE, History, days, scattered, words
from pipeline.simulate.causal.episodes import YEAR_DAYS
from pipeline.simulate.causal.people import SURVEYS
from pipeline.simulate.causal.tickets import TRACES, Opened
from pipeline.simulate.parameters import Array
from pipeline.simulate.trajectories import Flags, Integers

KINDS, TOUCH_POINTS = ("nps", "csat"), ("relation", "support", "first purchase")
ANSWERED, ANSWERED_IF_SERVICE_WANTED = 0.3, 0.45
# A survey follows every second solved or unsolved ticket, on the day after.
AFTER_TICKET_SHARE, AFTER_FIRST_PURCHASE_SHARE = 0.4, 0.35
UNHAPPY = ("C06", "C08", "C09", "C10", "C17", "C36", "C38")
MEAN_NPS, UNHAPPY_NPS = 7.6, 4.0
CSAT_SHARES = (0.03, 0.05, 0.12, 0.35, 0.45)
UNHAPPY_CSAT_SHARES = (0.4, 0.4, 0.15, 0.05, 0.0)


def surveys(past: History, tickets: Opened) -> pl.DataFrame:
    """One row per customer, day and kind; the score is null where no answer came."""
    dice = past.dice(SURVEYS)
    parts = [*_relation(past, dice), _support(past, dice, tickets), *_first_purchase(past, dice)]
    customer, day, score, point = (np.concatenate(column) for column in zip(*parts, strict=True))
    kind = (point > 0).astype(np.int64)
    keep = day < past.reach[customer]
    score = np.where(day < past.last[customer], score, np.nan)
    # Of two on one day, the first stands.
    keys, kept = np.unique(((customer * DAY_BASE + day) * 2 + kind)[keep], return_index=True)
    rest, kind = np.divmod(keys, 2)
    customer, day = np.divmod(rest, DAY_BASE)
    score, point = score[keep][kept], point[keep][kept]
    return pl.DataFrame(
        {
            "customer_id": past.ids.gather(customer),
            "ts": days(day),
            "kind": words(KINDS, kind),
            "score": pl.Series(score, nan_to_null=True),
            "touch_point": words(TOUCH_POINTS, point),
        }
    )


Part = tuple[Integers, Integers, Array, Integers]


def _relation(past: History, dice: np.random.Generator) -> list[Part]:
    """Would you recommend us? By chance; and those who are satisfied and silent have just said so."""
    per_day = past.plan.company.rates.surveys_per_year / YEAR_DAYS
    customer, day = scattered(dice, per_day, past.who.arrival + 7, past.reach)
    mean = np.where(_unhappy(past, customer, day), UNHAPPY_NPS, MEAN_NPS)
    score = np.clip(np.rint(mean + 1.7 * dice.standard_normal(len(day))), 0, 10)
    silent, start, _ = past.trouble.of("C02", past.plan.days)
    still = start < past.last[silent]
    silent, start = silent[still], start[still]
    high = (9 + dice.integers(0, 2, len(start))).astype(np.float64)
    return [
        (customer, day, _answered(past, dice, customer, score), np.zeros(len(day), dtype=np.int64)),
        (silent, start, high, np.zeros(len(start), dtype=np.int64)),
    ]


def _support(past: History, dice: np.random.Generator, tickets: Opened) -> Part:
    """How was that? After tickets."""
    asked = np.flatnonzero(dice.random(len(tickets.opened)) < AFTER_TICKET_SHARE)
    customer, day = tickets.customer[asked], tickets.opened[asked] + 1
    trace = np.array([cause in UNHAPPY for cause in TRACES] + [False])
    return _csat(past, dice, customer, day, trace[tickets.cause[asked]], 1)


def _first_purchase(past: History, dice: np.random.Generator) -> list[Part]:
    """How was your first purchase? Some are asked a week later; those whom it disappointed are, and say so."""
    let_down = past.trouble.of("C17", past.plan.days)[0]
    others = np.flatnonzero(
        (dice.random(len(past.who.arrival)) < AFTER_FIRST_PURCHASE_SHARE) & ~past.trouble.ever("C17")
    )
    return [
        _csat(past, dice, customer, past.who.arrival[customer] + 7, np.full(len(customer), low), 2)
        for customer, low in ((others, False), (let_down, True))
    ]


def _csat(past: History, dice: np.random.Generator, customer: Integers, day: Integers, low: Flags, point: int) -> Part:
    """Scores from 1 to 5."""
    rows = len(customer)
    usual, bad = (1.0 + dice.choice(5, rows, p=shares) for shares in (CSAT_SHARES, UNHAPPY_CSAT_SHARES))
    score = _answered(past, dice, customer, np.where(low, bad, usual), eager=np.where(low, 2.0, 0.0))
    return customer, day, score, np.full(rows, point)


def _unhappy(past: History, customer: Integers, day: Integers) -> Flags:
    unhappy: Flags = np.any([past.trouble.running(cause, customer, day) for cause in UNHAPPY], axis=0)
    return unhappy


def _answered(
    past: History, dice: np.random.Generator, customer: Integers, score: Array, eager: Array | float = 0.0
) -> Array:
    """The score, or NaN where no answer came."""
    share = np.where(past.who.wants("service")[customer], ANSWERED_IF_SERVICE_WANTED, ANSWERED)
    return np.where(dice.random(len(score)) < share * (1 + eager * 0.5), score, np.nan)
