"""How a model is made from labelled examples: the one way that training, rolling origins and tuning share."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.metrics import log_loss

from pipeline.config.params import Label, Model
from pipeline.examples.features import Feature
from pipeline.model import additive_logistic, calibration, calibration_residual, gbm, seasonal_intercept
from pipeline.model.calibration import Calibration
from pipeline.model.ensemble import Ranker, matrix
from pipeline.value import purchase_process
from pipeline.value.bg_nbd import BgNbd

# In order of preference where two do equally well: first both alike.
SHARES = (0.5, 0.25, 0.75, 0.0, 1.0)
Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Trained:
    """What training hands on.

    Attributes
    ----------
    ranker
        What gives a margin.
    calibration
        The curve from margins to probabilities.
    log
        How the trees' log-loss went.
    validation_margins
        Log-odds of the validation rows by the fit that had not seen them, on the level of `ranker`; (rows,).
    """

    ranker: Ranker
    calibration: Calibration
    log: gbm.Fitted
    validation_margins: Array

    def probability(self, examples: pl.DataFrame) -> Array:
        """Calibrated probability of churn of each row."""
        return self.calibration.probability(self.ranker.margins(self.ranker.matrix(examples)), examples)


def columns(features: list[Feature], settings: Model) -> list[Feature]:
    """The features of the model: those of the examples, and the one the model makes itself."""
    return [*features, *([purchase_process.NO_ORDER] if settings.rhythm else [])]


def train(
    teach: pl.DataFrame,
    judge: pl.DataFrame,
    features: list[Feature],
    label: Label,
    settings: Model,
    known: pl.DataFrame | None = None,
) -> Trained:
    """Fit all parts on earlier snapshots; stop the trees and calibrate on a later one; then fit once more on both.

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
    known
        Labelled examples of all snapshots up to the validation one, on which trees and regression are fitted once
        more where ``model.refit`` says so. None leaves them as they are.

    Notes
    -----
    The number of trees, the share of the regression and the curve come from the first fit, which has not seen the
    validation snapshot; the second one only brings what customers did lately. It knows nothing that was not known on
    the morning of the test snapshot.
    """
    declared = columns(features, settings)
    first, log = _first(teach, judge, declared, label, settings)
    unseen, ranker = first.margins(first.matrix(judge)), first
    if known is not None and settings.refit:
        ranker = _again(first, known, log.best_tree, declared, settings)
        # The second fit has another level; it is brought to that of the first on the same rows, so that the curve,
        # which only margins of unseen rows can teach, is right for it too.
        unseen = unseen + float(np.mean(ranker.margins(ranker.matrix(judge))) - np.mean(unseen))
    curve = calibration.fit(unseen, outcomes(judge))
    if known is not None:
        curve = levelled(curve, ranker, known, label, settings)
    return Trained(ranker, curve, log, unseen)


def levelled(curve: Calibration, ranker: Ranker, known: pl.DataFrame, label: Label, settings: Model) -> Calibration:
    """The curve with what the time of the year adds to it, as far as the past speaks for it, and how sure its level is.

    Parameters
    ----------
    curve, ranker
        As fitted; the curve without a season.
    known
        Labelled examples of all snapshots whose outcomes are known on the morning from which the curve is used.
    label, settings
        ``params.yaml: label, model``; ``model.season`` says whether to look for one.
    """
    found = []
    for day in known["snapshot"].unique().sort():
        rows = known.filter(pl.col("snapshot") == day)
        found.append(
            calibration_residual.miss(day, curve.log_odds(ranker.margins(ranker.matrix(rows))), outcomes(rows))
        )
    learnt = seasonal_intercept.learn([one for one in found if one is not None], label, seasons=settings.season)
    return replace(curve, season=learnt.season, level_error=learnt.error)


def _first(
    teach: pl.DataFrame, judge: pl.DataFrame, declared: list[Feature], label: Label, settings: Model
) -> tuple[Ranker, gbm.Fitted]:
    names = [feature.name for feature in declared]
    window = (label.gap_days, label.horizon_days)
    found = _rhythm(teach, settings)
    (x, y), later = (_rows(part, names, found, window) for part in (teach, judge))
    log = gbm.fit((x, y), later, declared, settings)
    regression = additive_logistic.fit(x, y, settings.wide) if settings.wide.share else None
    share = _share(log.booster, regression, *later) if settings.wide.share == "auto" else settings.wide.share
    return Ranker(names, log.booster, regression if share else None, share, found, window), log


def _again(first: Ranker, known: pl.DataFrame, trees: int, declared: list[Feature], settings: Model) -> Ranker:
    """The same recipe on all that was known on the morning of the test snapshot."""
    found = _rhythm(known, settings)
    x, y = _rows(known, first.features, found, first.window)
    booster = gbm.grow((x, y), trees, declared, settings)
    regression = additive_logistic.fit(x, y, settings.wide) if first.wide else None
    return replace(first, trees=booster, wide=regression, rhythm=found)


def _share(trees: gbm.Booster, regression: additive_logistic.Wide | None, features: Array, churned: Labels) -> float:
    """The weight of the regression that foretells the validation snapshot best, once calibrated there."""
    assert regression is not None, "a regression was fitted"
    both = gbm.margins(trees, features), regression.margins(features)

    def loss(share: float) -> float:
        margins = (1 - share) * both[0] + share * both[1]
        return round(float(log_loss(churned, calibration.fit(margins, churned).probability(margins))), 9)

    return min(SHARES, key=loss)


def outcomes(examples: pl.DataFrame) -> Labels:
    """What happened, 0 or 1, row by row."""
    return examples["churned"].to_numpy().astype(np.int8)


def _rhythm(examples: pl.DataFrame, settings: Model) -> BgNbd | None:
    return (
        purchase_process.fit(examples.filter(pl.col("snapshot") == pl.col("snapshot").max()))
        if settings.rhythm
        else None
    )


def _rows(
    examples: pl.DataFrame, names: list[str], found: BgNbd | None, window: tuple[int, int]
) -> tuple[Array, Labels]:
    """Features (rows, features) and what happened, with the column that only the model can make."""
    if found is not None:
        chance = purchase_process.no_order_chance(found, examples, *window)
        examples = examples.with_columns(pl.Series(purchase_process.NO_ORDER.name, chance))
    return matrix(examples, names), outcomes(examples)
