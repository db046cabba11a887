"""A share of the customers is given something by lot among what is permitted, so that all of it can be measured."""

import hashlib
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.config.params import Learning
from pipeline.decisions.control_group import END, drawn
from pipeline.decisions.optimizer import NOTHING, Limit, Places, Shares, as_arrays
from pipeline.playbooks.config.playbook import Playbook
from pipeline.playbooks.expected_saved_value import ANSWERED

Flags = npt.NDArray[np.bool_]
Array = npt.NDArray[np.float64]
DRAWN_NOTHING: Final = (
    "nothing, because a lot decided for this customer this week, so that effects can be measured, and it fell on "
    "nothing (learning.exploration_share)"
)
# No name of a playbook holds it.
BETWEEN: Final = ";"


@dataclass(frozen=True)
class Explored:
    """For whom a lot decides.

    Attributes
    ----------
    placed
        For each customer the number of the playbook that was drawn, or would have been for a control; null where the
        lot fell on nothing, or where none was drawn.
    record
        ``is_explored``; ``explored_arms``, the names of the playbooks that could have been drawn, beside nothing; and
        ``propensity``, the probability (0-1) with which each of them and nothing is drawn. The last two are null where
        none was drawn.
    limits, shares
        What the lot leaves of everything scarce.
    """

    placed: pl.Series
    record: pl.DataFrame
    limits: list[Limit]
    shares: Shares


class Room(NamedTuple):
    """Everything scarce, for everybody together and for each owner."""

    limits: list[Limit]
    shares: Shares


def draw(
    tests: pl.DataFrame,
    scores: pl.DataFrame,
    playbooks: dict[str, Playbook],
    room: Room,
    terms: tuple[Learning | None, date],
) -> Explored:
    """Let a lot decide for a share of the customers who can be given anything.

    Whether it does hangs on the customer's id, the day and the seed alone, and so does what it falls on: nothing, or
    one of the playbooks that are permitted, each with the same probability. Permitted is what is for the customer, is
    no duty, neither rests nor is held by a guard or the contact policy, steps behind no cause, and could pay its cost
    if it kept everything it answers; while there is room. The lot takes no more than its share of anything scarce.
    Controls draw as well, in thought: so they remain comparable with those who are given something, and take no room.

    Parameters
    ----------
    tests
        With ``is_control``, ``is_settled`` (a duty is done or waits), and ``wanted_0``, ``rests_0``, ``outranked_0``,
        ``answered_0`` and so on for each playbook.
    scores
        The same customers, with ``customer_id``, ``value_at_stake``, ``loss_making`` and ``strategic``.
    playbooks
        In the order of the file.
    room
        What is left of everything scarce.
    terms
        ``params.yaml: learning``, and the day of the list; without settings no lot decides for anybody.
    """
    settings, as_of = terms
    places = np.full(len(scores), NOTHING, dtype=np.int64)
    arms: dict[int, list[int]] = {}
    if settings is not None and settings.exploration_share > 0 and playbooks:
        permitted = _permitted(tests, scores, playbooks)
        who = _who(
            scores["customer_id"],
            np.asarray(permitted.any(axis=1), dtype=np.bool_),
            _drawing("who", settings, as_of),
            settings,
        )
        left = _Left.of(room, settings.exploration_share, _drawing("room", settings, as_of))
        is_control, what = tests["is_control"].to_numpy(), _drawing("what", settings, as_of)
        for row, customer in who:
            fits = [NOTHING, *np.flatnonzero(permitted[row] & left.fits(row)).tolist()]
            if len(fits) > 1:
                arms[row] = fits
                places[row] = fits[drawn(customer, what) * len(fits) // END]
                if not is_control[row]:
                    left.take(row, places[row])
    given = np.where(tests["is_control"].to_numpy(), NOTHING, places)
    return Explored(
        pl.Series("placed", places).replace(NOTHING, None),
        _record(arms, list(playbooks), len(scores)),
        _limits_less(room.limits, given),
        replace(room.shares, room=room.shares.less(given)),
    )


def _permitted(tests: pl.DataFrame, scores: pl.DataFrame, playbooks: dict[str, Playbook]) -> Flags:
    """What can be drawn for whom; (customers, playbooks)."""
    columns = scores.select("value_at_stake", "loss_making", "strategic").with_columns(tests)
    return columns.select(
        (
            pl.col(f"wanted_{position}")
            & ~pl.col(f"rests_{position}")
            & ~pl.col(f"outranked_{position}")
            & ~pl.col("is_settled")
            & _could_pay(book, position)
            & pl.lit(not book.duty)
        )
        .fill_null(value=False)
        .alias(str(position))
        for position, book in enumerate(playbooks.values())
    ).to_numpy()


def _could_pay(book: Playbook, number: int) -> pl.Expr:
    """It would pay if it kept all it answers: whom nothing could pay for, there is nothing to learn from."""
    worth_it = pl.col("value_at_stake") * pl.col(ANSWERED.format(number)) + book.gain > book.cost
    allowed = worth_it if book.cost == 0 else worth_it & ~pl.col("loss_making")
    return allowed | pl.col("strategic")


def _drawing(purpose: str, settings: Learning, as_of: date) -> bytes:
    """What tells the drawing of a day and purpose from every other one, and from that of the control group."""
    return hashlib.sha256(f"explore {purpose}:{settings.seed}:{as_of}".encode()).digest()


def _who(ids: pl.Series, can: Flags, drawing: bytes, settings: Learning) -> list[tuple[int, str]]:
    """Rows and ids of those for whom a lot decides, in an order of its own."""
    bar = int(settings.exploration_share * END)
    numbers = [(drawn(customer, drawing), customer, row) for row, customer in enumerate(ids.to_list()) if can[row]]
    return [(row, customer) for number, customer, row in sorted(numbers) if number < bar]


@dataclass(frozen=True)
class _Left:
    """What the lot may still take; its arrays change."""

    uses: Array
    left: Array
    shares: Shares
    own: Array

    @classmethod
    def of(cls, room: Room, share: float, drawing: bytes) -> "_Left":
        uses, amounts = as_arrays(room.limits, len(room.shares.takes))
        whole = [limit.name for limit in room.limits]
        counted = (uses == uses.round()).all(axis=1) if len(amounts) else np.zeros(0, dtype=np.bool_)
        parts = np.array([
            _whole(amount * share, name, drawing) if is_whole else amount * share
            for amount, name, is_whole in zip(amounts.tolist(), whole, counted.tolist(), strict=True)
        ])  # fmt: skip
        own = [_whole(max(amount, 0) * share, f"owner {n}", drawing) for n, amount in enumerate(room.shares.room)]
        return cls(uses, parts, room.shares, np.array([*own, np.inf]))

    def fits(self, row: int) -> Flags:
        """Which playbooks there is room for."""
        enough = (self.uses <= self.left[:, None]).all(axis=0)
        return np.asarray(enough & (self.shares.takes <= self.own[self.shares.owner[row]]), dtype=np.bool_)

    def take(self, row: int, place: int) -> None:
        """Take the room of what a customer is given."""
        if place != NOTHING:
            self.left[:] -= self.uses[:, place]
            self.own[self.shares.owner[row]] -= self.shares.takes[place]


def _whole(amount: float, name: str, drawing: bytes) -> float:
    """A share of what can only be had whole, by lot up or down: half a call a week is a call in every other week."""
    return float(np.floor(amount + drawn(name, drawing) / END))


def _record(arms: dict[int, list[int]], names: list[str], customers: int) -> pl.DataFrame:
    texts: list[str | None] = [None] * customers
    propensity: list[float | None] = [None] * customers
    for row, numbers in arms.items():
        texts[row] = BETWEEN.join(names[number] for number in numbers if number != NOTHING)
        propensity[row] = 1 / len(numbers)
    return pl.DataFrame(
        {
            "is_explored": pl.Series([text is not None for text in texts], dtype=pl.Boolean),
            "explored_arms": pl.Series(texts, dtype=pl.String),
            "propensity": pl.Series(propensity, dtype=pl.Float64),
        }
    )


def _limits_less(limits: list[Limit], given: Places) -> list[Limit]:
    really = given[given != NOTHING]
    return [replace(limit, room=max(limit.room - float(np.asarray(limit.uses)[really].sum()), 0.0)) for limit in limits]
