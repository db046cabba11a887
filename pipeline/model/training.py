"""How a model is made from labelled examples: the one way that training, rolling origins and tuning share."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.config.params import Label, Model
from pipeline.examples.features import Feature
from pipeline.model import (
    additive_logistic,
    additive_weight,
    calibration,
    calibration_residual,
    gbm,
    seasonal_intercept,
)
from pipeline.model.calibration import Calibration
from pipeline.model.ensemble import Ensemble, margins_by_day, model_matrix
from pipeline.model.renewal_cap import RenewalCap
from pipeline.model.thinning import thinned
from pipeline.value import purchase_process
from pipeline.value.bg_nbd import BgNbd

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Fit:
    """All parts fitted on the same training rows, before calibration.

    Attributes
    ----------
    ensemble
        The trees up to the best one, and the regression unless its share is zero.
    log
        How the trees' log-loss went.
    regression
        The regression whatever its share; None where the settings want none.
    label
        What was learnt.
    """

    ensemble: Ensemble
    log: gbm.Fitted
    regression: additive_logistic.AdditiveLogistic | None
    label: Label


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
    known_log_odds
        Log-odds by `ensemble` of the rows of each snapshot it was fitted once more on, in their order; none where it
        was not.
    """

    ensemble: Ensemble
    calibration: Calibration
    log: gbm.Fitted
    validation_log_odds: Array
    known_log_odds: dict[date, Array]

    def probability(self, examples: pl.DataFrame) -> Array:
        """Calibrated probability of churn of each row."""
        return self.calibration.probability(self.ensemble.margins(examples), examples)


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
    first = fit(train_examples, validation_examples, features, label, settings)
    final = refit(first, known, features, settings) if known is not None else first.ensemble
    return calibrate(first, final, validation_examples, known, label, settings)


def calibrate(
    first: Fit,
    final: Ensemble,
    validation_examples: pl.DataFrame,
    known: pl.DataFrame | None,
    label: Label,
    settings: Model,
) -> Trained:
    """Bring the margins of the final fit to probabilities, by rows that the first fit had not seen; see `train`."""
    unseen = first.ensemble.margins(validation_examples, settings.num_threads)
    of_known = {} if known is None else margins_by_day(final, known, settings.num_threads)
    if final is not first.ensemble:
        # The second fit has another level; it is brought to that of the first on the same rows, so that the curve,
        # which only margins of unseen rows can teach, is right for it too.
        seen = of_known.get(validation_examples["snapshot"][0])
        if seen is None or len(seen) != len(validation_examples):
            # Not split by time: the known rows of that day are more than those that were held back.
            seen = final.margins(validation_examples, settings.num_threads)
        unseen = unseen + float(np.mean(seen) - np.mean(unseen))
    curve = calibration.fit(unseen, outcomes(validation_examples))
    if known is not None:
        curve = levelled(curve, of_known, known, label, settings)
    return Trained(final, curve, first.log, unseen, of_known)


def levelled(
    curve: Calibration, log_odds: Mapping[date, Array], known: pl.DataFrame, label: Label, settings: Model
) -> Calibration:
    """The curve with what the time of the year adds to it, as far as the past speaks for it, and how sure its level is.

    Parameters
    ----------
    curve
        As fitted, without a season.
    log_odds
        Of the rows of each snapshot of `known`, in their order, by the ensemble the curve belongs to.
    known
        Labelled examples of all snapshots whose outcomes are known on the morning from which the curve is used.
    label, settings
        ``params.yaml: label, model``; ``model.seasonality`` says whether to look for one.
    """
    residuals = []
    for day in known["snapshot"].unique().sort():
        rows = known.filter(pl.col("snapshot") == day)
        residuals.append(calibration_residual.miss(day, curve.log_odds(log_odds[day]), outcomes(rows)))
    learnt = seasonal_intercept.learn(
        [one for one in residuals if one is not None], label, seasons=settings.seasonality
    )
    intercept = round(curve.intercept + learnt.shift, 10)
    return replace(curve, intercept=intercept, season=learnt.season, level_error=learnt.error)


def fit(
    train_examples: pl.DataFrame,
    validation_examples: pl.DataFrame,
    features: list[Feature],
    label: Label,
    settings: Model,
) -> Fit:
    """Fit all parts on earlier snapshots; a later one stops the trees and chooses the share of the regression."""
    declared = columns(features, settings)
    names = [feature.name for feature in declared]
    window = (label.gap_days, label.horizon_days)
    process = _rhythm(train_examples, settings)
    parts = (thinned(train_examples, settings.max_rows), validation_examples)
    cap = RenewalCap.learn(parts[0], names, label)
    (x, y), later = ((model_matrix(part, names, process, window, cap), outcomes(part)) for part in parts)
    log = gbm.fit((x, y), later, declared, settings)
    regression = additive_logistic.fit(x, y, settings.additive_logistic) if settings.additive_logistic.share else None
    share = (
        additive_weight.choose(log.booster, regression, *later, settings.num_threads)
        if settings.additive_logistic.share == "auto"
        else settings.additive_logistic.share
    )
    ensemble = Ensemble(names, log.booster, regression if share else None, share, process, window, cap)
    return Fit(ensemble, log, regression, label)


def refit(
    first: Fit, known: pl.DataFrame, features: list[Feature], settings: Model, on_known: Fit | None = None
) -> Ensemble:
    """The same recipe on all that was known on the morning of the test snapshot.

    Parameters
    ----------
    first
        What says how many trees there are, and the share of the regression.
    known
        Labelled examples of all snapshots up to the validation one.
    features, settings
        As in `train`.
    on_known
        Another fit whose training rows are `known`, where there is one: its first trees and its regression are the
        very ones that would be fitted here, since neither depends on the rows that came after.
    """
    if not settings.refit:
        return first.ensemble
    trees = first.log.best_tree
    if on_known is not None and on_known.log.trees >= trees:
        booster, regression = on_known.log.first_trees(trees), on_known.regression
        process, cap = on_known.ensemble.purchase_process, on_known.ensemble.renewal_cap
    else:
        names, rows = first.ensemble.features, thinned(known, settings.max_rows)
        process, cap = _rhythm(known, settings), RenewalCap.learn(rows, names, first.label)
        x, y = model_matrix(rows, names, process, first.ensemble.window, cap), outcomes(rows)
        booster = gbm.grow((x, y), trees, columns(features, settings), settings)
        regression = additive_logistic.fit(x, y, settings.additive_logistic) if first.ensemble.additive_weight else None
    wide = regression if first.ensemble.additive_weight else None
    return replace(first.ensemble, trees=booster, additive_logistic=wide, purchase_process=process, renewal_cap=cap)


def outcomes(examples: pl.DataFrame) -> Labels:
    """What happened, 0 or 1, row by row."""
    return examples["churned"].to_numpy().astype(np.int8)


def _rhythm(examples: pl.DataFrame, settings: Model) -> BgNbd | None:
    if not settings.purchase_process:
        return None
    # One snapshot, the latest: in several, the same customers would pass for independent observations.
    return purchase_process.fit(examples.filter(pl.col("snapshot") == pl.col("snapshot").max()))
