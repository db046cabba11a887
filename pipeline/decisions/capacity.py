"""What is left of everything scarce in a week: capacities, hands, channels and money, as the optimizer needs it."""

from dataclasses import replace

import numpy as np
import polars as pl

from pipeline.decisions import _filling
from pipeline.decisions.optimizer import Limit, Plan, Shares
from pipeline.i18n import Part
from pipeline.playbooks.config.limits import Limits
from pipeline.playbooks.config.playbook import Playbook


def limits_left(
    playbooks: dict[str, Playbook],
    limits: Limits,
    currency: str,
    going_on: dict[int, int] | None = None,
    max_tasks: int | None = None,
) -> list[Limit]:
    """Everything that limits who can be given what.

    Parameters
    ----------
    playbooks
        In the order of the file, with the room they have left.
    limits
        Across playbooks.
    currency
        ISO code of the budget, for the words.
    going_on
        How many customers have an open action of an earlier list, by the number of its playbook: they keep hands and
        channels busy, and their money is spent.
    max_tasks
        What persons do in a week at most, since it has to stand on a list; None is no limit.

    Examples
    --------
    >>> call = Playbook(tactic="friendly-check-in-call", when="everyone", action="Call", channel="phone", who="sales",
    ...                 due_in_days=3, cost=4.0, capacity=5)
    >>> for limit in limits_left({"call": call}, Limits(budget=100, who={"sales": 8}), "EUR", {0: 3}):
    ...     print(limit.name, limit.room, limit.uses)
    capacity of call, 5 a week 5.0 (1.0,)
    hands of sales, 8 a week 5.0 (1.0,)
    budget, 100.00 EUR a week 100.0 (4.0,)
    """
    books, busy = list(playbooks.values()), going_on or {}

    def counted(name: str, words: Part, room: int, uses: list[bool]) -> Limit:
        taken = sum(number for position, number in busy.items() if uses[position])
        return Limit(name, float(max(room - taken, 0)), tuple(map(float, uses)), words)

    result = [
        Limit(f"capacity of {name}, {book.capacity} a week", float(book.capacity),
              tuple(float(position == own) for position in range(len(books))), _capacity(name, book.capacity))
        for own, (name, book) in enumerate(playbooks.items()) if book.capacity is not None
    ]  # fmt: skip
    for team, room in limits.who.items():
        name = f"hands of {team}, {room} a week"
        result.append(counted(name, _hands(team, room), room, [book.who == team for book in books]))
    for way, room in limits.channel.items():
        name = f"channel {way}, {room} a week"
        result.append(counted(name, _channel(way, room), room, [book.channels[0] == way for book in books]))
    if max_tasks is not None:
        is_task = [book.is_task for book in books]
        result.append(counted(f"length of the list, {max_tasks} a week", _length(max_tasks), max_tasks, is_task))
    if limits.budget is not None:
        name = f"budget, {limits.budget:.2f} {currency} a week"
        words = _budget(f"{limits.budget:.2f}", currency)
        result.append(Limit(name, limits.budget, tuple(book.cost for book in books), words))
    return result


def shares_left(
    playbooks: dict[str, Playbook], owners: pl.Series, limit: int | None, chosen: pl.Series | None
) -> Shares:
    """What each owner can still do in person.

    Parameters
    ----------
    playbooks
        In the order of the file.
    owners
        Of each customer, null where there is none: then only the team limits what is done.
    limit
        Customers each owner can act on; None is no limit.
    chosen
        For each customer the number of the playbook that goes on, null without one; None where none does.

    Examples
    --------
    >>> call = Playbook(tactic="friendly-check-in-call", when="everyone", action="Call", channel="phone", who="sales",
    ...                 due_in_days=3, cost=4.0)
    >>> shares = shares_left({"call": call}, pl.Series(["Ann", "Bo", "Ann", None]), 2, pl.Series([0, None, None, None]))
    >>> shares.owner.tolist(), shares.room.tolist(), shares.takes.tolist()
    ([0, 1, 0, -1], [1.0, 2.0], [1.0])
    """
    if limit is None:
        return _filling.nobodys(len(owners), len(playbooks))
    names = owners.cast(pl.String).unique().drop_nulls().sort()
    numbers = owners.cast(pl.String).replace_strict(
        names, pl.Series(range(len(names)), dtype=pl.Int64), default=_filling.NOTHING, return_dtype=pl.Int64
    )
    takes = np.array([float(book.is_task) for book in playbooks.values()])
    all_hands = Shares(numbers.to_numpy().astype(np.int64), np.full(len(names), float(limit)), takes)
    if chosen is None:
        return all_hands
    return replace(all_hands, room=all_hands.less(chosen.fill_null(_filling.NOTHING).to_numpy()).clip(min=0))


def full(shared: Plan, there_is: list[Limit], number: int) -> list[Limit | None]:
    """For each playbook, which limit leaves no room for one more; the dearest of them."""
    dearest: list[Limit | None] = []
    for position in range(number):
        short = [
            limit
            for limit in there_is
            if limit.uses[position] and shared.used[limit.name] + limit.uses[position] > limit.room
        ]
        dearest.append(max(short, key=lambda limit: shared.prices[limit.name], default=None))
    return dearest


def _capacity(playbook: str, room: int) -> Part:
    return lambda catalog: catalog.translate(
        "capacity of {playbook}, {number} a week", playbook=catalog.text(playbook), number=str(room)
    )


def _hands(team: str, room: int) -> Part:
    return lambda catalog: catalog.translate(
        "hands of {team}, {number} a week", team=catalog.text(team), number=str(room)
    )


def _channel(way: str, room: int) -> Part:
    return lambda catalog: catalog.translate(
        "channel {channel}, {number} a week", channel=catalog.text(way), number=str(room)
    )


def _length(room: int) -> Part:
    return lambda catalog: catalog.translate("length of the list, {number} a week", number=str(room))


def _budget(money: str, currency: str) -> Part:
    amount = pl.lit(money)
    return lambda catalog: catalog.translate(
        "budget, {amount} {currency} a week", amount=catalog.numeral(amount), currency=currency
    )
