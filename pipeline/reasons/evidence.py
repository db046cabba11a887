"""Which evidence each customer bears: the weightiest of each family, and how much of the risk it explains."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.examples.features.declare import Feature
from pipeline.reasons.evidence_weights import Weight, has_evidence, log_hazard, priority
from pipeline.reasons.families import by_family, strongest

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
# Nothing is certain, nor free of all risk; and how the part of a risk is rounded.
SURE, MIN_HAZARD, DIGITS = 1 - 1e-9, 1e-12, 4


class Evidence(NamedTuple):
    """For each row and family, in the order of `families.in_order`.

    Attributes
    ----------
    chosen
        The weightiest evidence, as the place of its feature; -1 where there is none.
    priority
        What decides the order of telling; 0 where there is none.
    hazard
        All that evidence of the family adds.
    """

    chosen: npt.NDArray[np.int64]
    priority: Array
    hazard: Array

    def explained(self, probability: Array | None) -> Array:
        """The part of each row's risk that each family's evidence explains; unknown without a probability.

        Hazards add up to the risk. Where evidence alone adds up to more than the model sees, the model is believed,
        and they share what there is.
        """
        if probability is None:
            return np.full_like(self.hazard, np.nan)
        # Shares are taken of hazards: those of several causes add up, probabilities do not.
        whole = -np.log1p(-np.clip(probability, 0, SURE))
        parts = self.hazard / np.maximum(np.maximum(self.hazard.sum(axis=1), whole), MIN_HAZARD)[:, None]
        return np.where(self.chosen >= 0, parts.round(DIGITS), np.nan)


def borne(
    values: pl.DataFrame,
    features: list[Feature],
    tellable: Flags,
    weights: dict[str, Weight],
    common_share: float,
) -> Evidence:
    """The evidence of each row that can be told.

    Parameters
    ----------
    values
        One row per customer.
    features
        Those that may be evidence among them.
    tellable
        Whether the numbers of a phrase are known; (rows, features).
    weights
        By feature with a threshold; one that is not among them is no evidence here.
    common_share
        What more than this share (0-1) of the training customers bore is nothing out of the ordinary.
    """
    logs = np.full((len(values), len(features)), -np.inf)
    for position, feature in enumerate(features):
        weight = weights.get(feature.name)
        if weight is not None and weight.share <= common_share:
            own = values.select(has_evidence(feature)).to_series().to_numpy() & tellable[:, position]
            logs[own, position] = log_hazard(values, feature, weight)[own]
    names = [feature.family for feature in features]
    chosen, heaviest = strongest(logs, names)
    there = np.isfinite(heaviest)
    before = np.array([priority(feature) for feature in features])
    return Evidence(
        np.where(there, chosen, -1), np.where(there, heaviest + before[chosen], 0.0), by_family(np.exp(logs), names)
    )
