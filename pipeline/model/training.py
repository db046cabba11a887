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
from pipeline.model.ensemble import Ensemble, matrix
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
    ensemble
        What gives a margin.
    calibration
        The curve from margins to probabilities.
    log
        How the trees' log-loss went.
    validation_log_odds
        Log-odds of the validation rows by the fit that had not seen them, on the level of `ensemble`; (rows,).
    """

    ensemble: Ensemble
    calibration: Calibration
    log: gbm.Fitted
    validation_log_odds: Array

    def probability(self, examples: pl.DataFrame) -> Array:
        """Calibrated probability of churn of each row."""
        return self.calibration.probability(self.ensemble.log_odds(self.ensemble.matrix(examples)), examples)


def columns(features: list[Feature], settings: Model) -> list[Feature]:
    """The features of the model: those of the examples, and the one the model makes itself."""
    return [*features, *([purchase_process.P_NO_PURCHASE] if settings.purchase_process else [])]


def train(
    train_examples: pl.DataFrame,
    validation_examples: pl.DataFrame,
    features: list[Feature],
    label: Label,
    settings: Model,
    known: pl.DataFrame | None = None,
) -> Trained:
    """Fit all parts on earlier snapshots; stop the trees and calibrate on a later one; then fit once more on both.

    Parameters
    ----------
    train_examples
        Labelled examples of all training snapshots.
    validation_examples
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
    first, log = _first(train_examples, validation_examples, declared, label, settings)
    unseen, ensemble = first.log_odds(first.matrix(validation_examples)), first
    if known is not None and settings.refit:
        ensemble = _again(first, known, log.best_tree, declared, settings)
        # The second fit has another level; it is brought to that of the first on the same rows, so that the curve,
        # which only margins of unseen rows can teach, is right for it too.
        unseen = unseen + float(np.mean(ensemble.log_odds(ensemble.matrix(validation_examples))) - np.mean(unseen))
    curve = calibration.fit(unseen, outcomes(validation_examples))
    if known is not None:
        curve = levelled(curve, ensemble, known, label, settings)
    return Trained(ensemble, curve, log, unseen)


def levelled(curve: Calibration, ensemble: Ensemble, known: pl.DataFrame, label: Label, settings: Model) -> Calibration:
    """The curve with what the time of the year adds to it, as far as the past speaks for it, and how sure its level is.

    Parameters
    ----------
    curve, ensemble
        As fitted; the curve without a season.
    known
        Labelled examples of all snapshots whose outcomes are known on the morning from which the curve is used.
    label, settings
        ``params.yaml: label, model``; ``model.seasonality`` says whether to look for one.
    """
    residuals = []
    for day in known["snapshot"].unique().sort():
        rows = known.filter(pl.col("snapshot") == day)
        residuals.append(
            calibration_residual.miss(day, curve.log_odds(ensemble.log_odds(ensemble.matrix(rows))), outcomes(rows))
        )
    learnt = seasonal_intercept.learn(
        [one for one in residuals if one is not None], label, seasons=settings.seasonality
    )
    return replace(curve, season=learnt.season, level_error=learnt.error)


def _first(
    train_examples: pl.DataFrame,
    validation_examples: pl.DataFrame,
    declared: list[Feature],
    label: Label,
    settings: Model,
) -> tuple[Ensemble, gbm.Fitted]:
    names = [feature.name for feature in declared]
    window = (label.gap_days, label.horizon_days)
    process = _rhythm(train_examples, settings)
    (x, y), later = (_rows(part, names, process, window) for part in (train_examples, validation_examples))
    log = gbm.fit((x, y), later, declared, settings)
    regression = additive_logistic.fit(x, y, settings.additive_logistic) if settings.additive_logistic.share else None
    share = (
        _share(log.booster, regression, *later)
        if settings.additive_logistic.share == "auto"
        else settings.additive_logistic.share
    )
    return Ensemble(names, log.booster, regression if share else None, share, process, window), log


def _again(first: Ensemble, known: pl.DataFrame, trees: int, declared: list[Feature], settings: Model) -> Ensemble:
    """The same recipe on all that was known on the morning of the test snapshot."""
    process = _rhythm(known, settings)
    x, y = _rows(known, first.features, process, first.window)
    booster = gbm.grow((x, y), trees, declared, settings)
    regression = additive_logistic.fit(x, y, settings.additive_logistic) if first.additive_logistic else None
    return replace(first, trees=booster, additive_logistic=regression, purchase_process=process)


def _share(
    trees: gbm.Booster, regression: additive_logistic.AdditiveLogistic | None, features: Array, churned: Labels
) -> float:
    """The weight of the regression that predicts the validation snapshot best, once calibrated there."""
    assert regression is not None, "a regression was fitted"
    both = gbm.log_odds(trees, features), regression.log_odds(features)

    def loss(share: float) -> float:
        # Calibrated before they are compared: else log-loss would prefer the share whose scale happens to fit.
        log_odds = (1 - share) * both[0] + share * both[1]
        # Rounded, so that equals tie on every processor, and the order of SHARES decides.
        return round(float(log_loss(churned, calibration.fit(log_odds, churned).probability(log_odds))), 9)

    return min(SHARES, key=loss)


def outcomes(examples: pl.DataFrame) -> Labels:
    """What happened, 0 or 1, row by row."""
    return examples["churned"].to_numpy().astype(np.int8)


def _rhythm(examples: pl.DataFrame, settings: Model) -> BgNbd | None:
    return (
        # One snapshot, the latest: in several, the same customers would pass for independent witnesses.
        purchase_process.fit(examples.filter(pl.col("snapshot") == pl.col("snapshot").max()))
        if settings.purchase_process
        else None
    )


def _rows(
    examples: pl.DataFrame, names: list[str], process: BgNbd | None, window: tuple[int, int]
) -> tuple[Array, Labels]:
    """Features (rows, features) and what happened, with the column that only the model can make."""
    if process is not None:
        chance = purchase_process.p_no_purchase(process, examples, *window)
        examples = examples.with_columns(pl.Series(purchase_process.P_NO_PURCHASE.name, chance))
    return matrix(examples, names), outcomes(examples)
