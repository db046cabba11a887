"""``playbooks.yaml`` -> frozen, checked playbooks."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.errors import BadPlaybooks
from pipeline.params import Score, first_problem
from pipeline.playbooks.value import TIERS

Share = Annotated[float, Field(ge=0, le=1)]
Text = Annotated[str, Field(min_length=1)]


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class When(_Declared):
    """For whom a playbook is: all conditions that are given must hold.

    Attributes
    ----------
    bands, tiers
        The customer's risk band and tier are among these.
    reasons
        One of the told reasons is of one of these families.
    first_reason
        The first told reason is of one of these families.
    probability_at_least, probability_below
        Bounds of the churn probability, 0-1.
    value_at_least
        Profit over the horizon, in currency units.
    value_at_stake_at_least
        Probability times value, in currency units.
    """

    bands: list[str] | None = None
    tiers: list[str] | None = None
    reasons: list[str] | None = None
    first_reason: list[str] | None = None
    probability_at_least: Share | None = None
    probability_below: Share | None = None
    value_at_least: Annotated[float, Field(ge=0)] | None = None
    value_at_stake_at_least: Annotated[float, Field(ge=0)] | None = None


class Playbook(_Declared):
    """A retention action: for whom, why, what, through which channel, by whom, by when, at what cost."""

    tactic: Text
    when: When
    action: Text
    channel: Text
    who: Text
    due_in_days: Annotated[int, Field(ge=0, le=3650)]
    cost: Annotated[float, Field(ge=0)]
    caution: str | None = None


class Playbooks(_Declared):
    """The whole of ``playbooks.yaml``; the order of the file is the order of preference."""

    playbooks: Annotated[dict[str, Playbook], Field(min_length=1)]


def parse(content: dict[str, Any], score: Score, families: list[str]) -> dict[str, Playbook]:
    """Check the playbooks against the bands, tiers and reason families there are.

    Raises
    ------
    BadPlaybooks
        A key is unknown, missing or out of range, or a condition names something that does not exist.
    """
    try:
        found = Playbooks.model_validate(content).playbooks
    except ValidationError as error:
        raise BadPlaybooks(f"playbooks.yaml: {first_problem(error, Playbooks)}") from None
    known = {"bands": list(score.bands), "tiers": list(TIERS), "reasons": families, "first_reason": families}
    for name, playbook in found.items():
        for condition, allowed in known.items():
            unknown = [word for word in getattr(playbook.when, condition) or [] if word not in allowed]
            if unknown:
                raise BadPlaybooks(
                    f"playbooks.yaml: playbooks.{name}.when.{condition}: {unknown[0]!r} is not known; "
                    f"write one of {', '.join(allowed)}"
                )
    return found
