"""What there is only so much of in a week: each playbook's capacity, hands, channels, money."""

from typing import Annotated, Any

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.errors import BadPlaybooks
from pipeline.params import PositiveInt, first_problem
from pipeline.playbooks.allocation import Limit
from pipeline.playbooks.declared import Playbook
from pipeline.settings_errors import suggestion
from pipeline.words import Part


class Limits(BaseModel):
    """``playbooks.yaml: limits``, each per list; the weekly job makes one a week.

    Attributes
    ----------
    budget
        Money for actions, in currency units; None is no limit.
    who
        Customers each team can act on, by its name.
    channel
        Customers that can be reached, by channel.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    budget: Annotated[float, Field(ge=0)] | None = None
    who: dict[str, PositiveInt] = Field(default_factory=dict)
    channel: dict[str, PositiveInt] = Field(default_factory=dict)


class _File(BaseModel):
    limits: Limits = Limits()


NO_LIMITS = Limits()


def parse(content: dict[str, Any], playbooks: dict[str, Playbook], file: str = "playbooks.yaml") -> Limits:
    """Check the limits against the teams and channels that the playbooks name.

    Parameters
    ----------
    content
        What ``playbooks.yaml`` holds.
    playbooks
        The playbooks of the same file.
    file
        What to call it where something is wrong.

    Raises
    ------
    BadPlaybooks
        A key is unknown or out of range, or a limit is one of a team or channel that no playbook names.
    """
    try:
        found = _File.model_validate(content).limits
    except ValidationError as error:
        raise BadPlaybooks(f"{file}: {first_problem(error, _File)}") from None
    teams = {book.who for book in playbooks.values()}
    ways = {book.channels[0] for book in playbooks.values()}
    for kind, limited, known in (("who", found.who, teams), ("channel", found.channel, ways)):
        for name in limited:
            if name not in known:
                near = suggestion(name, sorted(known))
                raise BadPlaybooks(f"{file}: limits.{kind}: no playbook names {name!r} first{near}")
    return found


def of(
    playbooks: dict[str, Playbook], limits: Limits, currency: str, going_on: dict[int, int] | None = None
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

    Examples
    --------
    >>> call = Playbook(tactic="friendly-check-in-call", when="everyone", action="Call", channel="phone", who="sales",
    ...                 due_in_days=3, cost=4.0, capacity=5)
    >>> for limit in of({"call": call}, Limits(budget=100, who={"sales": 8}), "EUR", {0: 3}):
    ...     print(limit.name, limit.room, limit.uses)
    capacity of call, 5 a week 5.0 (1.0,)
    hands of sales, 8 a week 5.0 (1.0,)
    budget, 100.00 EUR a week 100.0 (4.0,)
    """
    books, busy = list(playbooks.values()), going_on or {}

    def counted(name: str, said: Part, room: int, uses: list[bool]) -> Limit:
        taken = sum(number for at, number in busy.items() if uses[at])
        return Limit(name, float(max(room - taken, 0)), tuple(map(float, uses)), said)

    found = [
        Limit(f"capacity of {name}, {book.capacity} a week", float(book.capacity),
              tuple(float(at == own) for at in range(len(books))), _capacity(name, book.capacity))
        for own, (name, book) in enumerate(playbooks.items()) if book.capacity is not None
    ]  # fmt: skip
    for team, room in limits.who.items():
        name = f"hands of {team}, {room} a week"
        found.append(counted(name, _hands(team, room), room, [book.who == team for book in books]))
    for way, room in limits.channel.items():
        name = f"channel {way}, {room} a week"
        found.append(counted(name, _channel(way, room), room, [book.channels[0] == way for book in books]))
    if limits.budget is not None:
        name = f"budget, {limits.budget:.2f} {currency} a week"
        said = _budget(f"{limits.budget:.2f}", currency)
        found.append(Limit(name, limits.budget, tuple(book.cost for book in books), said))
    return found


def _capacity(playbook: str, room: int) -> Part:
    return lambda told: told.say("capacity of {playbook}, {number} a week", playbook=playbook, number=str(room))


def _hands(team: str, room: int) -> Part:
    return lambda told: told.say("hands of {team}, {number} a week", team=told.text(team), number=str(room))


def _channel(way: str, room: int) -> Part:
    return lambda told: told.say("channel {channel}, {number} a week", channel=told.text(way), number=str(room))


def _budget(money: str, currency: str) -> Part:
    amount = pl.lit(money)
    return lambda told: told.say("budget, {amount} {currency} a week", amount=told.numeral(amount), currency=currency)
