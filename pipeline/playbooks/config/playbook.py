"""One playbook: a retention action, with everything it says of itself."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, InstanceOf

from pipeline.config.params import Days, NotNegative, PositiveInt, PositiveShare
from pipeline.playbooks.config import channels, purposes
from pipeline.playbooks.config.tactics import tactics
from pipeline.playbooks.config.terms import Channels, Discount, Promise, Promotion
from pipeline.playbooks.rules.mapping import of_mapping
from pipeline.playbooks.rules.parser import Rule, read

Text = Annotated[str, Field(min_length=1)]
# Whoever a company calls so is no person who could answer for a task.
NO_PERSON = frozenset({"software", "system", "sys", "automatic"})


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _rule(written: object) -> Rule:
    """A rule from its text; what is something else is answered with the text to write."""
    if isinstance(written, Rule):
        return written
    if isinstance(written, dict):
        raise ValueError(f"must be a rule in one line of text, no mapping; write: when: `{of_mapping(written)}`")
    if not isinstance(written, str):
        raise ValueError(f"must be a rule, found {written!r}; write one such as `risk_band = high`, or `everyone`")
    return read(written)


When = Annotated[InstanceOf[Rule], BeforeValidator(_rule)]


class Playbook(_Declared):
    """A retention action: for whom, why, what, through which channel, by whom, by when, at what cost.

    Attributes
    ----------
    tactic
        The tactic of the catalogue it comes from.
    when
        For whom it is: a rule, or its text.
    action, channel, who
        What to do, how, and which team answers for it. Several channels stand in order of preference.
    due_in_days
        Days from the day of the list until it should be done.
    due_before
        A number of days of the rule that counts down to a day, such as ``days_to_renewal``: it is due on the day before
        that one at the latest.
    cost
        Of doing it once, in currency units.
    effect
        Share (above 0, up to 1) of those who would have churned that it is expected to keep, for the causes and
        reasons its rule names, if any; the cost must be less than what it keeps, see `stakes`. Only in a file it must
        be given; else it is 1.
    capacity
        Customers it can be given to at most, per list; the weekly job makes one a week.
    cooldown_days
        Days until it may be given to the same customer again, counted from the day of the list that gave it.
    caution
        What to mind.
    purpose
        What it is to the customer, one of `purposes.PURPOSES`; None takes it from the tactic.
    draft
        Text that the person who does it may send (class R); the pipeline sends nothing. Of several, the first one of
        which all facts are known that the last one does without.
    feasibility
        Why a dear act by a person is worth it.
    discount, promotion, promise
        What it gives away, under which terms, and what is promised; see `terms`.
    offers
        What is offered, one thing each.
    duty
        Whether it is owed to whoever the rule is for, as a promise is: it comes before everything else, whatever the
        risk, the cost and the control group say.
    gain
        What doing it once is worth besides whom it keeps, in currency units: a recommendation, what a leaver teaches.
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
    due_before: Text | None = None
    caution: str | None = None
    purpose: purposes.Purpose | None = None
    draft: Text | Annotated[tuple[Text, ...], Field(min_length=1)] | None = None
    feasibility: Text | None = None
    discount: Discount | None = None
    promotion: Promotion | None = None
    offers: list[Text] | None = None
    promise: Promise | None = None
    duty: bool = False
    gain: NotNegative = 0.0

    @property
    def drafts(self) -> tuple[str, ...]:
        """The draft in its variants, the one that says most first; none where there is no draft."""
        return (self.draft,) if isinstance(self.draft, str) else self.draft or ()

    @property
    def share_kept(self) -> float:
        """The effect, or 1 where none is given."""
        return 1.0 if self.effect is None else self.effect

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
        """Whether a person has to do it: its tactic is of class R, or one of its channels takes a person.

        Everything else is for an audience: software sends it to all of them at once.
        """
        return tactics()[self.tactic].class_ == "R" or any(map(channels.by_person, self.channels))

    @property
    def work(self) -> str:
        """``duty`` or ``task`` for a person, or ``audience``."""
        return ("duty" if self.duty else "task") if self.is_task else "audience"
