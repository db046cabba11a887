"""How a model is made from labelled examples: the one way that training, rolling origins and tuning share."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.metrics import log_loss

from pipeline.examples.features import Feature
from pipeline.model import calibration, learner, rhythm, wide
from pipeline.model.btyd import BgNbd
from pipeline.model.calibration import Calibration
from pipeline.model.ranker import Ranker, matrix
from pipeline.params import Label, Model

# In order of preference where two do equally well: first both alike.
SHARES = (0.5, 0.25, 0.75, 0.0, 1.0)
Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Trained:
    """A ranker, the curve from its margins to probabilities, and how the trees' log-loss went."""

    ranker: Ranker
    calibration: Calibration
    log: learner.Fitted

    def probability(self, examples: pl.DataFrame) -> Array:
        """Calibrated probability of churn of each row."""
        return self.calibration.probability(self.ranker.margins(self.ranker.matrix(examples)))


def columns(features: list[Feature], settings: Model) -> list[Feature]:
    """The features of the model: those of the examples, and the one the model makes itself."""
    return [*features, *([rhythm.NO_ORDER] if settings.rhythm else [])]


def train(teach: pl.DataFrame, judge: pl.DataFrame, features: list[Feature], label: Label, settings: Model) -> Trained:
    """Fit all parts on earlier snapshots; stop the trees and calibrate on a later one.

    Parameters
    ----------
    teach
        Labelled examples of all training snapshots.
    judge
        Labelled examples of the validation snapshot.
    features
        The features of the examples, as declared.
    label
        ``params.yaml: label``, for the window that the rhythm looks ahead.
    settings
        ``params.yaml: model``.
    """
    declared = columns(features, settings)
    names = [feature.name for feature in declared]
    window = (label.gap_days, label.horizon_days)
    found = rhythm.fit(teach.filter(pl.col("snapshot") == pl.col("snapshot").max())) if settings.rhythm else None
    parts = [_completed(part, found, window) for part in (teach, judge)]
    (x, y), later = ((matrix(part, names), outcomes(part)) for part in parts)
    log = learner.fit((x, y), later, declared, settings)
    regression = wide.fit(x, y, settings.wide) if settings.wide.share else None
    share = _share(log.booster, regression, *later) if settings.wide.share == "auto" else settings.wide.share
    ranker = Ranker(names, log.booster, regression if share else None, share, found, window)
    return Trained(ranker, calibration.fit(ranker.margins(later[0]), later[1]), log)


def _share(trees: learner.Booster, regression: wide.Wide | None, features: Array, churned: Labels) -> float:
    """The weight of the regression that foretells the validation snapshot best, once calibrated there."""
    assert regression is not None, "a regression was fitted"
    both = learner.margins(trees, features), regression.margins(features)

    def loss(share: float) -> float:
        margins = (1 - share) * both[0] + share * both[1]
        return round(float(log_loss(churned, calibration.fit(margins, churned).probability(margins))), 9)

    return min(SHARES, key=loss)


def outcomes(examples: pl.DataFrame) -> Labels:
    """What happened, 0 or 1, row by row."""
    return examples["churned"].to_numpy().astype(np.int8)


def _completed(examples: pl.DataFrame, found: BgNbd | None, window: tuple[int, int]) -> pl.DataFrame:
    if found is None:
        return examples
    return examples.with_columns(pl.Series(rhythm.NO_ORDER.name, rhythm.no_order_chance(found, examples, *window)))
