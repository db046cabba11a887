"""Sections of ``params.yaml`` on the data: sources, storage, feeds, snapshots, label and features."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from pipeline.config.slugs import slug
from pipeline.config.source import Section, Source, Zone
from pipeline.config.types import CauseId, Day, Days, NaturalInt, NotNegative, OwnName, PositiveInt, Share

MAX_LATE_RENEWAL_DAYS: Final = 90
"""Whoever has had no contract for a quarter of a year has left, and has not renewed late."""


class Data(Section):
    """What holds for all tables of the company."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]
    timezone: Zone
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    minor_digits: Annotated[int, Field(ge=0, le=4)]
    customer_ids: Literal["exact", "casefold"]
    anonymous: Literal["refuse", "drop"]
    max_rejected_share: Share
    max_duplicate_share: Share
    max_silent_days: PositiveInt


class Sources(Section):
    """The tables a company has; an absent optional table is left out."""

    transactions: Source
    events: Source | None = None
    contacts: Source | None = None
    tickets: Source | None = None
    surveys: Source | None = None
    customers: Source | None = None
    subscriptions: Source | None = None
    loyalty: Source | None = None
    commitments: Source | None = None
    outcomes: Source | None = None

    def declared(self) -> dict[str, Source]:
        """The tables that are there, in canonical order."""
        return {name: source for name in type(self).model_fields if (source := getattr(self, name)) is not None}


class Storage(Section):
    """How the work is cut into buckets of customers, and what works on them."""

    buckets: PositiveInt | Literal["auto"]
    executor: Literal["serial", "processes", "dask"]
    scheduler: str | None
    workers: Annotated[int, Field(ge=1, le=4096)]
    threads: Annotated[int, Field(ge=1, le=1024)]
    memory_gb: Annotated[float, Field(gt=0, le=65536)]
    keep_read_days: NaturalInt

    @model_validator(mode="after")
    def _dask_has_a_scheduler(self) -> Self:
        if self.executor == "dask" and not self.scheduler:
            raise ValueError("`executor: dask` needs the address of a `scheduler`, such as tcp://10.0.0.5:8786")
        return self


class Feeds(Section):
    """From when on a table is taken for broken."""

    recent_days: Days
    usual_days: Days
    min_silent_days: Days
    silence_times: Annotated[float, Field(ge=1)]
    max_drop: Share
    max_amount_times: Annotated[float, Field(gt=1)]
    max_strange_ids: Share


class CoherenceCheck(Section):
    """How much of something is usual, and what happens beyond."""

    limit: NotNegative
    action: Literal["warn", "stop"]


class Coherence(Section):
    """How far the tables may disagree with each other."""

    before_signup: CoherenceCheck
    outside_contract: CoherenceCheck
    turned_contracts: CoherenceCheck
    active_after_end: CoherenceCheck
    past_renewals: CoherenceCheck
    moving_renewals: CoherenceCheck
    amounts_apart: CoherenceCheck
    outside_scale: CoherenceCheck
    unknown_kinds: CoherenceCheck
    never_settled: CoherenceCheck
    unknown_customers: CoherenceCheck
    unknown_outcomes: CoherenceCheck
    oversized_customers: CoherenceCheck


class Snapshots(Section):
    """From which days we look, and at whom."""

    as_of: Day
    observed_until: Day
    first: Day
    every_days: Days
    active_days: Days
    min_tenure_days: NaturalInt
    former_days: NaturalInt

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.first > self.as_of:
            raise ValueError(f"`first` ({self.first}) must not be after `as_of` ({self.as_of})")
        return self


class Overdue(Section):
    """How long a silence has to be, beside the customer's own pauses, to count as overdue."""

    times: Annotated[float, Field(ge=1, le=100)]
    min_days: Days
    max_days: Days
    one_time_days: Days

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_days > self.max_days:
            raise ValueError(f"`min_days` ({self.min_days}) must not be above `max_days` ({self.max_days})")
        return self


class Label(Section):
    """What churn means here."""

    kind: Literal["inactivity", "cancellation", "overdue"]
    gap_days: Annotated[int, Field(ge=0, le=36500)]
    horizon_days: Days
    # Only where the kind is `overdue`; so the labels of models and lists of earlier releases read as they were written.
    overdue: Annotated[Overdue | None, Field(repr=False)] = None
    # Only where renewals come late; for the same reason.
    late_renewal_days: Annotated[int | None, Field(ge=1, le=MAX_LATE_RENEWAL_DAYS, repr=False)] = None

    @property
    def renewal_wait_days(self) -> int:
        """Days after the end of a contract that pass before it counts as not renewed, beside the day after it."""
        return self.late_renewal_days or 0

    @model_validator(mode="after")
    def _says_what_overdue_is(self) -> Self:
        if self.kind == "overdue" and self.overdue is None:
            raise ValueError(
                "`kind: overdue` needs `overdue`, such as {times: 2.0, min_days: 30, max_days: 365, one_time_days: 90}"
            )
        return self


class DataRequirements(Section):
    """What a company has to bring."""

    min_customers: PositiveInt
    min_churners: PositiveInt
    min_stayed: PositiveInt
    min_histories: Annotated[float, Field(ge=1)]
    max_missing_share: Share
    max_one_time_share: Share
    min_churn_rate: Share
    max_churn_rate: Share


class Features(Section):
    """What features are made of."""

    windows_days: Annotated[list[Days], Field(min_length=1)]
    event_types: list[OwnName]
    warning_types: list[OwnName]
    usage_types: list[OwnName]
    ticket_topics: dict[OwnName, CauseId]
    allow_treatment: bool

    @model_validator(mode="after")
    def _needs_its_windows(self) -> Self:
        missing = [days for days in (30, 90, 365) if days not in self.windows_days]
        if missing:
            raise ValueError(f"`windows_days` must hold 30, 90 and 365, on which formulas rest; add {missing}")
        if sorted(set(self.windows_days)) != self.windows_days:
            raise ValueError(f"`windows_days` must rise without repeats; write {sorted(set(self.windows_days))}")
        return self

    @model_validator(mode="after")
    def _tells_names_apart(self) -> Self:
        for names in (self.event_types, self.warning_types, self.usage_types, list(self.ticket_topics)):
            twice = [name for name in names if [*map(slug, names)].count(slug(name)) > 1]
            if twice:
                raise ValueError(f"{' and '.join(map(repr, twice))} would be one name of features; remove all but one")
        return self
