"""``params.yaml`` -> frozen, typed sections. No setting has a default in code; an unknown key is refused."""

import itertools
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator
from ruamel.yaml import YAML, error

from pipeline.config import paths
from pipeline.config.errors import BadParams, PipelineError
from pipeline.config.problems import first_problem as first_problem
from pipeline.config.source import Section as Section
from pipeline.config.source import Source as Source
from pipeline.config.source import Zone as Zone
from pipeline.config.types import CauseId as CauseId
from pipeline.config.types import Day as Day
from pipeline.config.types import Days as Days
from pipeline.config.types import NaturalInt as NaturalInt
from pipeline.config.types import NotNegative as NotNegative
from pipeline.config.types import Positive as Positive
from pipeline.config.types import PositiveInt as PositiveInt
from pipeline.config.types import PositiveShare as PositiveShare
from pipeline.config.types import Share as Share
from pipeline.config.types import Word as Word
from pipeline.config.types import Words as Words


class Data(Section):
    """What holds for all tables of the company."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]
    timezone: Zone
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    minor_digits: Annotated[int, Field(ge=0, le=4)]
    max_rejected_share: Share
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
    executor: Literal["serial", "processes"]
    workers: PositiveInt
    threads: PositiveInt
    memory_gb: Positive


class Feeds(Section):
    """From when on a table is taken for broken."""

    recent_days: Days
    usual_days: Days
    least_silent_days: Days
    silence_times: Annotated[float, Field(ge=1)]
    max_drop: Share
    max_amount_times: Annotated[float, Field(gt=1)]
    max_strange_ids: Share


class Snapshots(Section):
    """From which days we look, and at whom."""

    as_of: Day
    observed_until: Day
    first: Day
    every_days: Days
    active_days: Days
    min_tenure_days: NaturalInt

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.first > self.as_of:
            raise ValueError(f"`first` ({self.first}) must not be after `as_of` ({self.as_of})")
        return self


class Label(Section):
    """What churn means here."""

    kind: Literal["inactivity", "cancellation"]
    gap_days: Annotated[int, Field(ge=0, le=36500)]
    horizon_days: Days


class Contract(Section):
    """What a company has to bring."""

    least_customers: PositiveInt
    least_churners: PositiveInt
    least_stayed: PositiveInt
    least_histories: Annotated[float, Field(ge=1)]
    max_missing_share: Share
    max_one_time_share: Share
    least_churn_rate: Share
    most_churn_rate: Share


class Features(Section):
    """What features are made of."""

    windows_days: Annotated[list[Days], Field(min_length=1)]
    event_types: list[Word]
    warning_types: list[Word]
    usage_types: list[Word]
    ticket_topics: dict[Word, CauseId]
    allow_treatment: bool

    @model_validator(mode="after")
    def _needs_its_windows(self) -> Self:
        missing = [days for days in (30, 90, 365) if days not in self.windows_days]
        if missing:
            raise ValueError(f"`windows_days` must hold 30, 90 and 365, on which formulas rest; add {missing}")
        if sorted(set(self.windows_days)) != self.windows_days:
            raise ValueError(f"`windows_days` must rise without repeats; write {sorted(set(self.windows_days))}")
        return self


class Wide(Section):
    """The logistic regression beside the trees."""

    share: Share | Literal["auto"]
    cuts: Annotated[int, Field(ge=2, le=50)]
    l2: Positive
    max_rows: Annotated[int, Field(ge=1000)]


class Model(Section):
    """How the model is made."""

    wide: Wide
    rhythm: bool
    monotone: bool
    refit: bool
    season: bool
    max_trees: PositiveInt
    early_stopping_rounds: PositiveInt
    learning_rate: PositiveShare
    num_leaves: Annotated[int, Field(ge=2)]
    max_depth: Annotated[int, Field(ge=1, le=6)]
    min_rows_per_leaf: PositiveInt
    row_share: PositiveShare
    feature_share: PositiveShare
    l2: NotNegative
    seed: NaturalInt
    num_threads: PositiveInt


class Evaluate(Section):
    """What is reported about the model."""

    top_shares: Annotated[list[PositiveShare], Field(min_length=1)]
    calibration_groups: Annotated[int, Field(ge=2)]
    draws: Annotated[int, Field(ge=100)]
    least_training_snapshots: PositiveInt
    segments: list[str]
    answered_for_by: str
    contact_cost: NotNegative
    offer_cost: NotNegative
    acceptance_alpha: Positive
    acceptance_beta: Positive


class Score(Section):
    """How a probability becomes a band, a tier and a value."""

    bands: dict[str, Share]
    new_days: NaturalInt
    loyal_orders_365d: PositiveInt
    loyal_days: NaturalInt
    margin_share: PositiveShare
    top_value_share: PositiveShare

    @model_validator(mode="after")
    def _bands_rise_from_zero(self) -> Self:
        edges = list(self.bands.values())
        if not edges or edges[0] != 0 or any(low >= high for low, high in itertools.pairwise(edges)):
            raise ValueError(f"`bands` must start at 0.0 and rise, found {edges}")
        return self


class Reasons(Section):
    """Which reasons are told."""

    max_risk_reasons: Annotated[int, Field(ge=1, le=3)]
    min_contribution: NotNegative
    common_share: Share


class Control(Section):
    """Who is left alone, so that effects can be measured."""

    share: Annotated[float, Field(ge=0, le=0.5)]
    salt: Annotated[str, Field(min_length=1)]
    version: PositiveInt


class Guards(Section):
    """What no playbook may do, whatever its rule says."""

    feasibility_cost: NotNegative
    least_margin_share: Share
    most_offers: PositiveInt
    apart_days: Days
    least_nps: NotNegative
    least_csat: NotNegative
    quality_causes: list[CauseId]
    overpromises: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]


class Contact(Section):
    """How often, how and when a customer may hear from all teams together."""

    most_per_day: PositiveInt
    most_per_week: PositiveInt
    longest_silence_days: Days
    open_days: NaturalInt
    rest_days: NaturalInt
    unknown_consent: Literal["allow", "refuse"]
    window_days: Annotated[int, Field(ge=7, le=36500)]
    most_offers_in_window: NaturalInt
    most_offer_share: PositiveShare
    fatigue_types: list[Word]
    most_unanswered: PositiveInt
    quiet_days: Days


class Lists(Section):
    """What people are handed."""

    max_rows: PositiveInt
    min_band: str
    replace_in_repro: bool


class Tracking(Section):
    """Where MLflow keeps runs and models."""

    uri: str
    experiment: str
    registered_model: str


class Params(Section):
    """The whole of ``params.yaml``."""

    data: Data
    sources: Sources
    storage: Storage
    feeds: Feeds
    snapshots: Snapshots
    label: Label
    contract: Contract
    features: Features
    model: Model
    evaluate: Evaluate
    score: Score
    reasons: Reasons
    control: Control
    guards: Guards
    contact: Contact
    lists: Lists
    words: Words
    tracking: Tracking

    @model_validator(mode="after")
    def _list_band_exists(self) -> Self:
        if self.lists.min_band not in self.score.bands:
            bands = ", ".join(self.score.bands)
            raise ValueError(f"`lists.min_band` is {self.lists.min_band!r}, not one of `score.bands`: {bands}")
        if self.label.kind == "cancellation" and self.sources.subscriptions is None:
            raise ValueError("`label.kind: cancellation` needs `sources.subscriptions`; declare it or use inactivity")
        return self


def load(path: Path = paths.PARAMS) -> Params:
    """Read the settings.

    Parameters
    ----------
    path
        A YAML file with all the sections of `Params`.

    Raises
    ------
    BadParams
        The file is absent, is no YAML, or a key is unknown, missing or out of its range.
    """
    return parse(read_yaml(path, BadParams), path.name)


def read_yaml(path: Path, kind: type[PipelineError]) -> dict[str, Any]:
    """Read a YAML file whose root is a mapping, or raise `kind` in one line."""
    try:
        content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise kind(f"{path}: not found; run from the folder that holds it") from None
    except (error.YAMLError, ValueError) as problem:
        raise kind(f"{path}: not readable as YAML: {' '.join(str(problem).split())}") from None
    if not isinstance(content, dict):
        raise kind(f"{path}: must be a mapping of sections, found {type(content).__name__}")
    return content


def parse(content: dict[str, Any], file_name: str = paths.PARAMS.name) -> Params:
    """Check and freeze the settings; see `load`."""
    try:
        return Params.model_validate(content)
    except ValidationError as error:
        raise BadParams(f"{file_name}: {first_problem(error, Params)}") from None
