"""What a whole company is made of: typed, frozen settings; every number with its unit and range."""

from datetime import date, timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipeline.config.params import Days, Label, NaturalInt, PositiveInt, PositiveShare, Section, Share
from pipeline.simulate.settings import (
    FIRST_DAY,
    Arrivals,
    Fading,
    Levels,
    NotNegative,
    Positive,
    Probability,
    Spend,
)

Intent = Literal["low_prices", "service", "points", "quiet", "one_product", "novelty"]
INTENTS: tuple[Intent, ...] = ("low_prices", "service", "points", "quiet", "one_product", "novelty")
CauseId = Annotated[str, Field(pattern=r"^C\d\d$")]


class Cause(Section):
    """When an episode of a cause comes over a customer, and how it drives the customer away.

    Attributes
    ----------
    onset
        `chance`: on any day after the first purchase. `tenure`: a set time after the first purchase. `renewal`: before
        the end of a yearly contract. `market`: when the region falls, `Whole.falls`.
    intent, share, share_else
        Share (0-1) of customers open to the cause: of those with the intent, and of all others. Without an intent,
        `share` is that of all customers.
    per_year
        Intensity of the onset by chance, for a customer who is open to it, on the first day of the calendar.
    after_days, spread_days
        An onset by tenure lies this many days after the first purchase, and evenly up to `spread_days` later; one by
        renewal this many days before the contract ends.
    lag_days
        Days from the onset to the first day on which it can drive the customer away: the time to act.
    lasts_days
        Length of an episode: times 0.6, 1 or 1.6, a third of the episodes each. One of the market lasts as the fall.
    hazard_per_day
        Probability per day that it makes the customer leave, once the lag is over.
    seen
        Whether it leaves a trace in the tables, so that the company can notice it.
    """

    onset: Literal["chance", "tenure", "renewal", "market"]
    intent: Intent | None = None
    share: PositiveShare
    share_else: Share = 0.0
    per_year: NotNegative = 0.0
    after_days: NaturalInt = 0
    spread_days: NaturalInt = 0
    lag_days: NaturalInt
    lasts_days: PositiveInt
    hazard_per_day: Probability
    seen: bool = True

    @model_validator(mode="after")
    def _can_come(self) -> Self:
        if (self.onset == "chance") != (self.per_year > 0):
            raise ValueError("`per_year` is for an onset by chance, and only for that")
        if self.onset in {"tenure", "renewal"} and self.after_days < 1:
            raise ValueError(f"`after_days` must be at least 1 for an onset by {self.onset}")
        return self


class Fall(Section):
    """A region buys less for a while: in days of the calendar, and intensity of buying over what it was."""

    region: NaturalInt
    first_day: NaturalInt
    days: PositiveInt
    factor: PositiveShare


class Policy(Section):
    """What the company did in the past about customers in trouble.

    Attributes
    ----------
    control_share
        Share (0-1) of customers who never get a playbook, drawn by customer.
    after_days
        Days from the onset of an episode to the playbook, where the company notices it.
    noticed_share
        Share (0-1) of the episodes with a trace that it notices.
    right_share
        Share (0-1) of those that get the playbook that helps most; the others get any, evenly.
    false_alarms_per_year
        Playbooks per year for a customer without a running episode; they change nothing.
    """

    control_share: Share
    after_days: PositiveInt
    noticed_share: Share
    right_share: Share
    false_alarms_per_year: NotNegative


class Rates(Section):
    """How often a customer without trouble does what the tables tell: per day or year, or a share (0-1)."""

    visits_per_day: Levels
    feature_uses_per_day: Probability
    messages_per_day: Probability
    opened_share: Share
    tickets_per_year: NotNegative
    surveys_per_year: NotNegative
    promises_per_year: NotNegative
    refunded_share: Share
    discounted_share: Share
    member_share: Share


class Whole(Section):
    """The law of a whole company.

    Attributes
    ----------
    market
        Whether the customers are persons or companies.
    outcome
        What churn means there: no purchase, or the end of the contract.
    contracts
        Whether customers have contracts.
    yearly_share
        Share (0-1) of the contracts that run for 365 days; all others run for 30.
    mean_gap_days, rhythm_shape
        As in `Company`.
    base_leaving_per_day
        Probability per day of leaving for no cause, on the first day of the calendar.
    one_time_share
        Share of customers who are gone right after their first purchase, for no cause.
    leaving_factor_per_year
        Intensity of onsets by chance and of leaving for no cause, over that of a year earlier.
    season_amplitude, season_peak_day, fading, spend, arrivals
        As in `Company`.
    intents
        Share (0-1) of customers who have each intent, independently.
    region_shares
        Share of the customers in each region.
    look_alikes
        Customers who bear the traces of a cause for a while and do not mind, for each one who is open to it.
    playbooks
        For each playbook, the factor on the hazard of each cause it changes; all others stay as they are.
    """

    market: Literal["b2c", "b2b"]
    outcome: Literal["inactivity", "cancellation"]
    contracts: bool
    yearly_share: Share
    mean_gap_days: Levels
    rhythm_shape: Levels
    base_leaving_per_day: Levels
    one_time_share: Share
    leaving_factor_per_year: Positive
    season_amplitude: Probability
    season_peak_day: Annotated[int, Field(ge=1, le=366)]
    fading: Fading
    spend: Spend
    arrivals: Arrivals
    intents: dict[Intent, Share]
    region_shares: tuple[PositiveShare, ...]
    falls: tuple[Fall, ...]
    rates: Rates
    policy: Policy
    causes: dict[CauseId, Cause]
    look_alikes: NotNegative
    playbooks: dict[str, dict[CauseId, Positive]]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if missing := sorted(set(INTENTS) - set(self.intents)):
            raise ValueError(f"`intents` has no share for {missing[0]}")
        if self.fading.days < 1:
            raise ValueError("`fading.days` must be at least 1")
        if self.outcome == "cancellation" and (self.one_time_share > 0 or not self.contracts):
            raise ValueError("an outcome of cancellation needs `contracts`, and a `one_time_share` of 0")
        if any(fall.region >= len(self.region_shares) for fall in self.falls):
            raise ValueError("`falls` names a region that `region_shares` does not have")
        if any(cause.onset == "renewal" for cause in self.causes.values()) and not self.contracts:
            raise ValueError("an onset by renewal needs `contracts`")
        for name, effects in self.playbooks.items():
            if strangers := sorted(set(effects) - set(self.causes)):
                raise ValueError(f"`playbooks.{name}` names {strangers[0]}, which is no cause of this company")
        return self


class WholePlan(Section):
    """One simulation of a whole company; the attributes are those of `Plan`."""

    company: Whole
    customers: Annotated[int, Field(ge=1, le=10_000_000)]
    days: Annotated[int, Field(ge=2, le=7300)]
    seed: NaturalInt
    every_days: Days
    label: Label

    @model_validator(mode="after")
    def _check_outcome(self) -> Self:
        if self.label.kind != self.company.outcome:
            raise ValueError(f"`label.kind` must be {self.company.outcome}, the outcome of this company")
        return self

    @property
    def as_of(self) -> date:
        """The day after the calendar: the last snapshot."""
        return FIRST_DAY + timedelta(days=self.days)

    @property
    def ahead_days(self) -> int:
        """Days from a snapshot to the end of its outcome window."""
        return self.label.gap_days + self.label.horizon_days

    @property
    def lived_days(self) -> int:
        """Days that are lived through: the calendar and, unseen by the tables, the outcome window after it."""
        return self.days + self.ahead_days

    @property
    def snapshots(self) -> list[int]:
        """The snapshots as numbers of days since `FIRST_DAY`, rising; each has at least a day of history."""
        return sorted(range(self.days, 0, -self.every_days))
