"""What a simulated company is made of: typed, frozen settings; every number with its unit and range."""

import math
from datetime import date, timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipeline.config.params import Days, Label, NaturalInt, PositiveInt, PositiveShare, Section, Share

FIRST_DAY = date(2022, 1, 1)

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Probability = Annotated[float, Field(ge=0, lt=1)]


class Levels(Section):
    """A few values, and the share (0-1) of customers who have each.

    >>> Levels(values=(7.0, 30.0), shares=(0.4, 0.6)).shares
    (0.4, 0.6)
    """

    values: Annotated[tuple[NotNegative, ...], Field(min_length=1)]
    shares: tuple[PositiveShare, ...]

    @model_validator(mode="after")
    def _shares_sum_to_one(self) -> Self:
        if len(self.shares) != len(self.values):
            raise ValueError(f"needs one share per value, found {len(self.values)} values, {len(self.shares)} shares")
        if not math.isclose(sum(self.shares), 1.0, abs_tol=1e-9):
            raise ValueError(f"the shares must sum to 1, found {sum(self.shares):g}")
        return self


class Arrivals(Section):
    """On which day of the calendar customers first buy.

    Attributes
    ----------
    launch_share, launch_days
        This share of the customers first buys in this many first days, evenly.
    growth_per_year
        First purchases of all others per day, over those a year earlier; 1.0 is even.
    """

    launch_share: Share
    launch_days: Days
    growth_per_year: Positive


class Fading(Section):
    """What lies between being a customer and being gone.

    Attributes
    ----------
    days
        Mean length in days, geometric; 0 means that a customer who leaves is gone at once.
    purchase_factor
        Intensity of buying while fading, over that of the active customer.
    visit_factor
        Probability of a visit while fading, over that of the active customer; read where visits lead.
    """

    days: Annotated[float, Field(allow_inf_nan=False)]
    purchase_factor: Share
    visit_factor: Share

    @model_validator(mode="after")
    def _none_or_a_day(self) -> Self:
        if self.days != 0 and self.days < 1:
            raise ValueError(f"`fading.days` must be 0 (gone at once) or at least 1, found {self.days:g}")
        return self


class Visits(Section):
    """When a customer opens the app, at most once a day.

    Attributes
    ----------
    kind
        `leads`: like the customer's own habit while active, rarer while fading, none when gone. `follows`: most
        likely on a purchase day, halving every 7 days after it, whatever the customer's state. `independent`: always
        like the habit, even when gone.
    per_day
        The habit: probability of a visit per day; independent of everything else about the customer.
    """

    kind: Literal["leads", "follows", "independent"]
    per_day: Levels

    @model_validator(mode="after")
    def _probabilities(self) -> Self:
        if max(self.per_day.values) >= 1:
            raise ValueError(f"`visits.per_day` must lie below 1, found {max(self.per_day.values):g}")
        return self


class Spend(Section):
    """What one order costs: the customer's level times exp(spread x a standard normal number), in whole cents."""

    level: Levels
    spread: NotNegative


class Company(Section):
    """The law of one company: what its customers are like, and how they come, buy, visit and leave.

    Attributes
    ----------
    mean_gap_days
        Mean pause between purchases of an active customer, in days.
    rhythm_shape
        Shape of the pause, a whole number: 1 is pure chance, 6 near clockwork.
    leaving_per_day
        Probability per day that an active customer begins to leave, on the first day of the calendar.
    one_time_share
        Share of customers who are gone right after their first purchase.
    leaving_factor_per_year
        Intensity of leaving over that of a year earlier; 1.0 is no drift.
    season_amplitude
        Intensity of buying swings over the year between 1 - amplitude and 1 + amplitude.
    season_peak_day
        Day of the year (1-366) on which it is highest.
    """

    mean_gap_days: Levels
    rhythm_shape: Levels
    leaving_per_day: Levels
    one_time_share: Share
    leaving_factor_per_year: Positive
    season_amplitude: Probability
    season_peak_day: Annotated[int, Field(ge=1, le=366)]
    fading: Fading
    visits: Visits
    spend: Spend
    arrivals: Arrivals

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if min(self.mean_gap_days.values) < 1:
            raise ValueError(f"`mean_gap_days` must be at least 1, found {min(self.mean_gap_days.values):g}")
        if any(shape < 1 or shape != round(shape) for shape in self.rhythm_shape.values):
            raise ValueError(f"`rhythm_shape` must be whole numbers from 1, found {self.rhythm_shape.values}")
        if max(self.leaving_per_day.values) >= 1:
            raise ValueError(f"`leaving_per_day` must lie below 1, found {max(self.leaving_per_day.values):g}")
        return self


class Plan(Section):
    """One simulation: a company, how much of it, and from which days the truth is told.

    Attributes
    ----------
    customers, days, seed
        Number of customers; length of the calendar from `FIRST_DAY`; the same seed gives the same files.
    arrival_days
        All customers first buy within this many first days of the calendar.
    every_days
        Days between the snapshots of the truth, counted back from the day after the calendar.
    label
        Gap and horizon of the outcome the truth is about.
    """

    company: Company
    customers: Annotated[int, Field(ge=1, le=10_000_000)]
    days: Annotated[int, Field(ge=2, le=7300)]
    seed: NaturalInt
    arrival_days: PositiveInt
    every_days: Days
    label: Label

    @model_validator(mode="after")
    def _arrive_in_time(self) -> Self:
        if self.arrival_days > self.days:
            raise ValueError(f"`arrival_days` must be at most `days` ({self.days}), found {self.arrival_days}")
        if self.label.kind != "inactivity":
            raise ValueError(f"`label.kind` must be inactivity, the only outcome simulated; found {self.label.kind}")
        return self

    @property
    def as_of(self) -> date:
        """The day after the calendar: the last snapshot."""
        return FIRST_DAY + timedelta(days=self.days)

    @property
    def lived_days(self) -> int:
        """Days that are lived through: the calendar and, unseen by the tables, the outcome window after it."""
        return self.days + self.label.gap_days + self.label.horizon_days

    @property
    def snapshots(self) -> list[int]:
        """The snapshots as numbers of days since `FIRST_DAY`, rising; each has at least a day of history."""
        return sorted(range(self.days, 0, -self.every_days))
