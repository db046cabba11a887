"""The table of tickets: small matters that are soon solved, and those that drive customers away."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipeline.simulate.causal.company_history import History, days, known_days, repeated, scattered, words
from pipeline.simulate.causal.episodes import NEVER, YEAR_DAYS
from pipeline.simulate.causal.people import TICKETS
from pipeline.simulate.trajectories import Flags, Integers

TOPICS = ("delivery", "billing", "product", "how_to", "quality", "change_request", "contract", "service")
ORDINARY_SHARES = (0.3, 0.2, 0.2, 0.12, 0.06, 0.06, 0.03, 0.03)


@dataclass(frozen=True)
class Trace:
    """What an episode of a cause leaves among the tickets.

    Attributes
    ----------
    topic
        What the tickets are about.
    every_days
        The first comes within a week of the onset, the next ones as many days later; 0 is one only.
    answer_days, solve_days
        Least and most days to the first answer, and from there to the solution; None is not before the episode ends.
    complaint, dispute, reopened
        Whether they complain, dispute money, are opened again.
    """

    topic: str
    every_days: int
    answer_days: tuple[int, int] | None
    solve_days: tuple[int, int] | None
    complaint: bool = False
    dispute: bool = False
    reopened: bool = False


TRACES = {
    "C06": Trace("change_request", 14, None, None),
    "C08": Trace("service", 21, (1, 4), (5, 20), complaint=True, reopened=True),
    "C09": Trace("quality", 28, (0, 2), (2, 10), complaint=True),
    "C18": Trace("how_to", 28, (0, 2), (0, 4)),
    "C26": Trace("contract", 21, (0, 2), (10, 25)),
    "C36": Trace("product", 18, (8, 20), (1, 6)),
    "C38": Trace("billing", 0, (1, 3), None, complaint=True, dispute=True),
}


@dataclass(frozen=True)
class Opened:
    """Tickets before they are written; days beyond the calendar are NEVER or large."""

    customer: Integers
    opened: Integers
    answered: Integers
    solved: Integers
    reopened: Integers
    topic: Integers
    complaint: Flags
    dispute: Flags
    cause: Integers


def opened(past: History) -> Opened:
    """All tickets of a block, sorted by customer and day."""
    dice = past.dice(TICKETS)
    parts = [_ordinary(past, dice), *(_of_cause(past, dice, name) for name in TRACES)]
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in Opened.__annotations__}
    order = np.lexsort((columns["topic"], columns["opened"], columns["customer"]))
    return Opened(**{name: column[order] for name, column in columns.items()})


def tickets(past: History, asked: Opened) -> pl.DataFrame:
    """One row per ticket, sorted by customer and day."""
    first = np.searchsorted(asked.customer, asked.customer)
    number = pl.Series(np.arange(len(asked.customer)) - first + 1).cast(pl.String).str.zfill(3)
    base = pl.DataFrame({"customer_id": past.ids.gather(asked.customer), "number": number})
    return base.select(
        "customer_id",
        pl.concat_str("customer_id", pl.lit("-t"), "number").alias("ticket_id"),
        days(asked.opened).alias("opened_ts"),
        known_days(asked.answered, past.plan.days).alias("first_answer_ts"),
        known_days(asked.solved, past.plan.days).alias("resolved_ts"),
        pl.Series("reopened", asked.reopened),
        words(TOPICS, asked.topic).alias("topic"),
        pl.Series("is_complaint", asked.complaint),
        pl.Series("is_dispute", asked.dispute),
    )


def _ordinary(past: History, dice: np.random.Generator) -> Opened:
    rate = past.plan.company.rates.tickets_per_year / YEAR_DAYS * np.where(past.who.wants("service"), 1.6, 1.0)
    customer, day = scattered(dice, rate, past.who.arrival, past.last)
    rows = len(day)
    kind = dice.random(rows)
    # A few wait long, are opened again, or are disputed, and mean nothing by it.
    answered = day + np.where(dice.random(rows) < 0.04, dice.integers(5, 16, rows), dice.integers(0, 3, rows))
    solved = answered + np.where(kind < 0.03, dice.integers(5, 25, rows), dice.integers(0, 6, rows))
    return Opened(
        customer, day, answered, solved, (dice.random(rows) < 0.05).astype(np.int64),
        dice.choice(len(TOPICS), rows, p=ORDINARY_SHARES), dice.random(rows) < 0.08, kind < 0.03,
        np.full(rows, -1),
    )  # fmt: skip


def _of_cause(past: History, dice: np.random.Generator, cause: str) -> Opened:
    trace = TRACES[cause]
    customer, start, end = past.trouble.of(cause, past.plan.days)
    first = start + dice.integers(0, 7, len(start))
    every = np.full(len(start), trace.every_days or NEVER)
    episode, day = repeated(first, every, np.minimum(end, past.last[customer]))
    rows, over = len(episode), end[episode] + 3
    answered = day + _waiting(dice, trace.answer_days, rows) if trace.answer_days else over
    solved = answered + _waiting(dice, trace.solve_days, rows) if trace.solve_days else over
    # Whoever has left gets no answer any more.
    gone = past.ends.gone[customer[episode]]
    answered, solved = (np.where(then >= gone, NEVER, then) for then in (answered, np.maximum(solved, answered)))
    return Opened(
        customer[episode], day, answered, solved,
        dice.integers(1, 4, rows) * trace.reopened, np.full(rows, TOPICS.index(trace.topic)),
        np.full(rows, trace.complaint), np.full(rows, trace.dispute), np.full(rows, list(TRACES).index(cause)),
    )  # fmt: skip


def _waiting(dice: np.random.Generator, least_and_most: tuple[int, int], rows: int) -> Integers:
    least, most = least_and_most
    waits: Integers = dice.integers(least, most + 1, rows)
    return waits
