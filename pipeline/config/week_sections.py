"""Sections of ``params.yaml`` on a week: control group, guards, contact policy and lists."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipeline.config.source import Section
from pipeline.config.types import (
    CauseId,
    Days,
    NaturalInt,
    NotNegative,
    OwnName,
    Permission,
    PositiveInt,
    PositiveShare,
    Readers,
    Share,
)


class Control(Section):
    """Who is left alone, so that effects can be measured."""

    share: Annotated[float, Field(ge=0, le=0.5)]
    salt: Annotated[str, Field(min_length=1)]
    version: PositiveInt


class Learning(Section):
    """What measured effects change, and how much is tried out so that there is something to measure."""

    effects: Literal["declared", "learned"]
    declared_error: Annotated[float, Field(gt=0, le=10)]
    withhold_retired: bool
    exploration_share: Annotated[float, Field(ge=0, le=0.5)]
    seed: NaturalInt


class Guards(Section):
    """What no playbook may do, whatever its rule says."""

    feasibility_cost: NotNegative
    min_margin_share: Share
    max_offers: PositiveInt
    apart_days: Days
    min_nps: NotNegative
    min_csat: NotNegative
    quality_causes: list[CauseId]
    overpromises: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]


class ByChannel(Section):
    """Event types, for each channel that needs a consent."""

    email: list[OwnName]
    phone: list[OwnName]
    sms: list[OwnName]


class Permissions(Section):
    """Whether a customer may be reached by a channel where no consent is known."""

    email: Permission | None = None
    phone: Permission | None = None
    sms: Permission | None = None


class UnknownConsent(Section):
    """The same for every channel, and what holds instead for customers of some countries."""

    email: Permission
    phone: Permission
    sms: Permission
    by_country: dict[Annotated[str, Field(pattern=r"^[A-Z]{2}$")], Permissions] = Field(default_factory=dict)

    def answers(self, channel: str) -> tuple[bool, dict[str, bool]]:
        """Whether the channel is allowed, and for which countries that is said apart.

        >>> UnknownConsent.model_validate("refuse").answers("email")
        (False, {})
        """
        apart = {country: getattr(of, channel) for country, of in self.by_country.items()}
        return getattr(self, channel) == "allow", {
            country: answer == "allow" for country, answer in apart.items() if answer is not None
        }

    @model_validator(mode="before")
    @classmethod
    def _one_word_for_all(cls, value: object) -> object:
        return dict.fromkeys(("email", "phone", "sms"), value) if isinstance(value, str) else value


class Contact(Section):
    """How often, how and when a customer may hear from all teams together."""

    max_per_day: PositiveInt
    max_per_week: PositiveInt
    longest_silence_days: Days
    open_days: NaturalInt
    rest_days: NaturalInt
    unknown_consent: UnknownConsent
    window_days: Annotated[int, Field(ge=7, le=36500)]
    max_offers_in_window: NaturalInt
    max_offer_share: PositiveShare
    fatigue_types: list[OwnName]
    opt_out_types: ByChannel
    opt_in_types: ByChannel
    max_unanswered: PositiveInt
    quiet_days: Days
    declined_days: NaturalInt
    complaint_days: NaturalInt
    wrong_reason_days: NaturalInt
    max_tries: PositiveInt


class DriftCheck(Section):
    """How far something may move from one list to the next, and what happens beyond."""

    limit: NotNegative
    action: Literal["warn", "stop"]


class Drift(Section):
    """What may have moved since the last list that was published."""

    weeks: PositiveInt
    usual_times: Annotated[float, Field(ge=1)]
    late_days: NaturalInt
    history_shrank: DriftCheck
    history_grew: DriftCheck
    amounts_changed: DriftCheck
    customers_changed: DriftCheck
    table_gone: DriftCheck
    column_emptied: DriftCheck
    outcomes_undone: DriftCheck
    column_rescaled: DriftCheck
    column_constant: DriftCheck
    column_moved: DriftCheck
    kind_gone: DriftCheck
    channel_gone: DriftCheck
    volume_moved: DriftCheck
    refunds_moved: DriftCheck
    names_changed: DriftCheck
    habits_changed: DriftCheck
    owners_changed: DriftCheck
    register_fell: DriftCheck
    consent_lost: DriftCheck
    consent_moved: DriftCheck
    consent_turned: DriftCheck
    feature_moved: DriftCheck
    feature_missing: DriftCheck
    scores_moved: DriftCheck
    churners_moved: DriftCheck
    customers_moved: DriftCheck

    def check(self, kind: str) -> DriftCheck:
        """The settings of one kind of effect."""
        check = getattr(self, kind)
        assert isinstance(check, DriftCheck), "every kind has its settings"
        return check


ModelDrift = Literal["feature_moved", "feature_missing", "scores_moved", "churners_moved", "customers_moved"]
"""Kinds of change, of those of `Drift`, that can speak against the model."""


class Retrain(Section):
    """When the weekly job asks for a new model."""

    lists: PositiveInt
    max_churner_error: NotNegative
    min_lift_share: Share
    drift: list[ModelDrift]
    again_days: PositiveInt


class Lists(Section):
    """What people are handed."""

    max_rows: PositiveInt
    min_band: str
    replace_in_repro: bool
    keep_days: NaturalInt
    readable_by: Readers
