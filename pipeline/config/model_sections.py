"""Sections of ``params.yaml`` on the model: training, evaluation, scores, reasons and tracking."""

import itertools
import os
import re
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from pipeline.config.errors import BadParams
from pipeline.config.masking import mask_password
from pipeline.config.source import EnvironmentVariable, Section
from pipeline.config.types import (
    Keep,
    NaturalInt,
    NotNegative,
    Positive,
    PositiveInt,
    PositiveShare,
    Share,
)


class AdditiveLogisticSettings(Section):
    """The logistic regression beside the trees."""

    share: Share | Literal["auto"]
    cuts: Annotated[int, Field(ge=2, le=50)]
    l2: Positive
    max_rows: Annotated[int, Field(ge=1000)]


class Model(Section):
    """How the model is made."""

    additive_logistic: AdditiveLogisticSettings
    purchase_process: bool
    monotone: bool
    refit: bool
    seasonality: bool
    max_rows: Annotated[int, Field(ge=1000)]
    # With a value of its own, so that the settings of earlier releases read as they were written.
    prior: Literal["none", "packaged"] = "none"
    max_trees: PositiveInt
    early_stopping_rounds: PositiveInt
    learning_rate: PositiveShare
    num_leaves: Annotated[int, Field(ge=2)]
    max_depth: Annotated[int, Field(ge=1, le=6)]
    min_rows_per_leaf: PositiveInt
    bagging_fraction: PositiveShare
    feature_fraction: PositiveShare
    l2: NotNegative
    seed: NaturalInt
    num_threads: PositiveInt


class Train(Section):
    """Whom the model learns from."""

    max_customers: PositiveInt


class Evaluate(Section):
    """What is reported about the model."""

    top_shares: Annotated[list[PositiveShare], Field(min_length=1)]
    calibration_groups: Annotated[int, Field(ge=2)]
    draws: Annotated[int, Field(ge=100)]
    max_customers: PositiveInt
    min_training_snapshots: PositiveInt
    max_cutoffs: PositiveInt
    segments: list[str]
    approved_by: str
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
    keep: Keep


class Tracking(Section):
    """Where MLflow keeps runs and models."""

    uri: str
    uri_env: EnvironmentVariable | None
    experiment: str
    registered_model: str
    max_model_age_days: PositiveInt

    @property
    def address(self) -> str:
        """The address of the store: what the variable of `uri_env` holds, else `uri`."""
        if self.uri_env is None:
            return self.uri
        address = os.environ.get(self.uri_env, "").strip()
        if not address:
            raise BadParams(
                f"tracking.uri_env: the environment variable {self.uri_env} is not set; set it to the address of MLflow"
            )
        return address

    @property
    def masked_address(self) -> str:
        """The address as it may be shown and kept: without a password."""
        return mask_password(self.address)

    @field_validator("uri")
    @classmethod
    def _holds_no_password(cls, uri: str) -> str:
        # Also where the address is not quite one: `postgresql:/ann:secret@db`.
        if re.search(r":(?!//)[^@]*@|[?&;]\w*(?i:password|passwd|pwd|token|secret|key)\w*=", uri):
            raise ValueError(
                "holds a password, and this file is in git; take it out, and set the environment variables "
                "`MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`, or the one that `tracking.uri_env` names"
            )
        return uri
