"""What there is only so much of in a week: each playbook's capacity, hands, channels, money."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.config.errors import BadPlaybooks
from pipeline.config.params import PositiveInt, first_problem
from pipeline.config.problems import suggestion
from pipeline.playbooks.config.playbook import Playbook


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
    owner
        Customers that each owner can act on in person; None is no limit.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    budget: Annotated[float, Field(ge=0)] | None = None
    who: dict[str, PositiveInt] = Field(default_factory=dict)
    channel: dict[str, PositiveInt] = Field(default_factory=dict)
    owner: PositiveInt | None = None


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
        limits = _File.model_validate(content).limits
    except ValidationError as error:
        raise BadPlaybooks(f"{file}: {first_problem(error, _File)}") from None
    teams = {book.who for book in playbooks.values()}
    ways = {book.channels[0] for book in playbooks.values()}
    for kind, limited, known in (("who", limits.who, teams), ("channel", limits.channel, ways)):
        for name in limited:
            if name not in known:
                near = suggestion(name, sorted(known))
                raise BadPlaybooks(f"{file}: limits.{kind}: no playbook names {name!r} first{near}")
    return limits
