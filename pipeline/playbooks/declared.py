"""``playbooks.yaml`` -> frozen, checked playbooks."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.errors import BadPlaybooks
from pipeline.params import Days, NotNegative, PositiveInt, PositiveShare, Score, Share, first_problem
from pipeline.playbooks import channels, declared_checks, purposes
from pipeline.playbooks.catalogue import CAUSE_IDS, tactics
from pipeline.playbooks.terms import Channels, Discount, Promise, Promotion
from pipeline.playbooks.value import TIERS
from pipeline.settings_errors import suggestion

Text = Annotated[str, Field(min_length=1)]
# Whoever a company calls so is no person who could answer for a task.
NO_PERSON = frozenset({"software", "system", "sys", "automatic"})


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
    causes
        The first told reason speaks for one of these causes, ``C01`` to ``C56``.
    without_causes
        None of the told reasons speaks for one of these causes.
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
    causes: list[str] | None = None
    without_causes: list[str] | None = None
    probability_at_least: Share | None = None
    probability_below: Share | None = None
    value_at_least: NotNegative | None = None
    value_at_stake_at_least: NotNegative | None = None


class Playbook(_Declared):
    """A retention action: for whom, why, what, through which channel, by whom, by when, at what cost.

    Attributes
    ----------
    tactic
        The tactic of the catalogue it comes from.
    when
        For whom it is.
    action, channel, who
        What to do, how, and which team answers for it. Several channels stand in order of preference.
    due_in_days
        Days from the day of the list until it should be done.
    cost
        Of doing it once, in currency units.
    effect
        Share (above 0, up to 1) of those who would have churned that it is expected to keep; where it is given, the
        cost must be less than this share of what is at stake.
    capacity
        Customers it can be given to at most, per list; the weekly job makes one a week.
    cooldown_days
        Days until it may be given to the same customer again, counted from the day of the list that gave it.
    caution
        What to mind.
    purpose
        What it is to the customer, one of `purposes.PURPOSES`; None takes it from the tactic.
    draft
        Text that the person who does it may send (class R); the pipeline sends nothing.
    feasibility
        Why a dear act by a person is worth it.
    discount, promotion, promise
        What it gives away, under which terms, and what is promised; see `terms`.
    offers
        What is offered, one thing each.
    """

    tactic: Text
    when: When
    action: Text
    channel: Channels
    who: Text
    due_in_days: Annotated[int, Field(ge=0, le=3650)]
    cost: NotNegative
    effect: PositiveShare | None = None
    capacity: PositiveInt | None = None
    cooldown_days: Days | None = None
    caution: str | None = None
    purpose: purposes.Purpose | None = None
    draft: Text | None = None
    feasibility: Text | None = None
    discount: Discount | None = None
    promotion: Promotion | None = None
    offers: list[Text] | None = None
    promise: Promise | None = None

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels it may go through, the preferred one first."""
        return (self.channel,) if isinstance(self.channel, str) else self.channel

    @property
    def reaches(self) -> bool:
        """Whether the customer notices it, by any of its channels."""
        return any(channels.reaches(name) for name in self.channels)

    @property
    def aim(self) -> purposes.Purpose:
        """What it is to the customer: as declared, else as its tactic is."""
        return self.purpose or purposes.of_tactic(tactics()[self.tactic])

    @property
    def sells(self) -> bool:
        """Whether it is an offer, a reward, a discount or a promotion, whatever else it says of itself."""
        return self.aim == "offer" or self.discount is not None or self.promotion is not None or bool(self.offers)

    @property
    def is_task(self) -> bool:
        """Whether a person has to do it: its tactic is of class R."""
        return tactics()[self.tactic].class_ == "R"


class Playbooks(_Declared):
    """The whole of ``playbooks.yaml``; the order of the file is the order of preference."""

    playbooks: Annotated[dict[str, Playbook], Field(min_length=1)]


def parse(content: dict[str, Any], score: Score, families: list[str]) -> dict[str, Playbook]:
    """Check the playbooks against the tactics, bands, tiers, causes and reason families there are.

    Raises
    ------
    BadPlaybooks
        A key is unknown, missing or out of range, a condition names something that does not exist, or a tactic is not
        in the catalogue or cannot be given to single customers.
    """
    try:
        found = Playbooks.model_validate(content).playbooks
    except ValidationError as error:
        raise BadPlaybooks(f"playbooks.yaml: {first_problem(error, Playbooks)}") from None
    words = {"bands": list(score.bands), "tiers": list(TIERS), "reasons": families, "first_reason": families}
    for name, playbook in found.items():
        _check_tactic(f"playbooks.yaml: playbooks.{name}", playbook)
        _check_words(f"playbooks.yaml: playbooks.{name}.when", playbook.when, words)
        declared_checks.check_terms(f"playbooks.yaml: playbooks.{name}", playbook)
    return found


def _check_tactic(where: str, playbook: Playbook) -> None:
    known = tactics().get(playbook.tactic)
    if known is None:
        near = suggestion(playbook.tactic, list(tactics()))
        raise BadPlaybooks(f"{where}.tactic: {playbook.tactic!r} is no tactic of docs/tactics.md{near}")
    if known.class_ == "M":
        raise BadPlaybooks(
            f"{where}.tactic: {playbook.tactic!r} is done for all customers or for none (class M), so it cannot be "
            "given to one; write a tactic of class E or R of docs/tactics.md"
        )
    if playbook.is_task and playbook.who in NO_PERSON:
        raise BadPlaybooks(
            f"{where}.who: {playbook.who!r} cannot do {playbook.tactic!r}, which a person has to do (class R); "
            "write the team that answers for it"
        )


def _check_words(where: str, when: When, known: dict[str, list[str]]) -> None:
    for condition, allowed in known.items():
        for word in getattr(when, condition) or []:
            if word not in allowed:
                raise BadPlaybooks(f"{where}.{condition}: {word!r} is not known; write one of {', '.join(allowed)}")
    for condition in ("causes", "without_causes"):
        for cause in getattr(when, condition) or []:
            if cause not in CAUSE_IDS:
                raise BadPlaybooks(
                    f"{where}.{condition}: {cause!r} is no cause; write C01 to C56, as in docs/causes.md"
                )
