"""What the model has to beat, from a constant to LightGBM out of the box; all fitted on training snapshots alone."""

from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import expit, logit
from sklearn.impute import SimpleImputer
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pipeline.config.params import AdditiveLogisticSettings, Label, Model
from pipeline.evaluation.contract_baselines import DIGITS, ContractHazard, RenewalRule, TicketRule, fit_contract
from pipeline.evaluation.monotone_rates import keep_ranking
from pipeline.model import additive_logistic, calibration, gbm
from pipeline.model.ensemble import matrix
from pipeline.value import purchase_process

__all__ = ["ContractHazard", "RenewalRule", "TicketRule"]

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]

# Rules a shop can apply with a spreadsheet: the longer ago, in days or in the customer's own rhythm, the likelier.
RECENCY_RULES = (
    "days_since_last_order",
    "days_since_last_order_per_usual_gap",
    "days_since_last_order_per_longest_gap",
)
RFM = ("days_since_last_order", "orders_365d", "spend_365d", "days_since_first_order")


# The simplest of them: what a company could do without any of this.
SIMPLE_RULE = "recency_rule"


class Baseline(Protocol):
    """Something that gives a probability of churn for each row of a table of features."""

    name: str

    def probability(self, features: pl.DataFrame) -> Array:
        """Probability of churn, 0-1, of each row."""


class RecencyRule:
    """The recency rule that ranks the training snapshots best, with its churn rates there as probabilities."""

    name = SIMPLE_RULE

    def __init__(self, features: pl.DataFrame, churned: Labels) -> None:
        ranked = {rule: float(roc_auc_score(churned, _filled(features, rule))) for rule in RECENCY_RULES}
        self.rule = max(ranked, key=lambda rule: ranked[rule])
        # Nothing is supposed but that longer silence is no better; clipped, since later silences can be longer still.
        self._rates = IsotonicRegression(out_of_bounds="clip", y_min=0, y_max=1)
        self._rates.fit(_filled(features, self.rule), churned)

    def probability(self, features: pl.DataFrame) -> Array:
        """Churn rate of the training customers who were silent that long."""
        values = _filled(features, self.rule)
        return keep_ranking(self._rates.predict(values), values)


class RfmLogistic:
    """Logistic regression on the logarithms of recency, frequency, money and tenure."""

    name = "rfm_logistic"

    def __init__(self, features: pl.DataFrame, churned: Labels) -> None:
        regression = LogisticRegression(solver="newton-cholesky", tol=1e-12, max_iter=1000)
        self._model = make_pipeline(SimpleImputer(), StandardScaler(), regression)
        self._model.fit(_logarithms(features), churned)

    def probability(self, features: pl.DataFrame) -> Array:
        """Probability of churn of each row."""
        probability = self._model.predict_proba(_logarithms(features))[:, 1]
        return np.asarray(probability, dtype=np.float64).round(DIGITS)


class BaseRate:
    """The churn rate of the training snapshots, the same for everyone."""

    name = "base_rate_alone"

    def __init__(self, churned: Labels) -> None:
        self._rate = float(churned.mean())

    def probability(self, features: pl.DataFrame) -> Array:
        """That rate, for each row."""
        return np.full(len(features), self._rate)


class AdditiveLogisticBaseline:
    """The wide logistic regression on all features of the examples, alone; see `model.additive_logistic`."""

    name = "additive_logistic"

    def __init__(
        self, features: pl.DataFrame, churned: Labels, names: list[str], settings: AdditiveLogisticSettings
    ) -> None:
        self._names = names
        self._model = additive_logistic.fit(matrix(features, names), churned, settings)

    def probability(self, features: pl.DataFrame) -> Array:
        """Probability of churn of each row."""
        return np.asarray(expit(self._model.log_odds(matrix(features, self._names))), dtype=np.float64)


class BuyTillYouDie:
    """Chance of no order in the outcome window by BG/NBD, bent to the churn rates of the training rows."""

    name = "bg_nbd"

    def __init__(self, features: pl.DataFrame, churned: Labels, label: Label) -> None:
        self._window = (label.gap_days, label.horizon_days)
        self._rhythm = purchase_process.fit(features.filter(pl.col("snapshot") == pl.col("snapshot").max()))
        self._curve = calibration.fit(self._margin(features), churned)

    def probability(self, features: pl.DataFrame) -> Array:
        """Probability of churn of each row."""
        return self._curve.probability(self._margin(features))

    def _margin(self, features: pl.DataFrame) -> Array:
        chance = purchase_process.p_no_purchase(self._rhythm, features, *self._window)
        # Six digits can round a chance to 0 or 1, which have no log-odds.
        return np.asarray(logit(np.clip(chance, 1e-6, 1 - 1e-6)), dtype=np.float64)


class OutOfTheBox:
    """LightGBM with its own defaults on all features, as a notebook would have it."""

    name = "lightgbm_default"

    def __init__(self, features: pl.DataFrame, churned: Labels, names: list[str], settings: Model) -> None:
        self._names = names
        self._trees = gbm.out_of_the_box((matrix(features, names), churned), settings.seed, settings.num_threads)

    def probability(self, features: pl.DataFrame) -> Array:
        """Probability of churn of each row."""
        return np.asarray(expit(gbm.log_odds(self._trees, matrix(features, self._names))), dtype=np.float64)


def fit_all(features: pl.DataFrame, churned: Labels, names: list[str], label: Label, settings: Model) -> list[Baseline]:
    """Fit every baseline on the training snapshots.

    Parameters
    ----------
    features
        Labelled examples of the training snapshots.
    churned
        What happened, 0 or 1.
    names
        The features of the examples that a model may see.
    label
        ``params.yaml: label``.
    settings
        ``params.yaml: model``.
    """
    return [
        *fit_simple(features, churned, label),
        *fit_contract(features, churned, label),
        AdditiveLogisticBaseline(features, churned, names, settings.additive_logistic),
        OutOfTheBox(features, churned, names, settings),
    ]


def fit_simple(features: pl.DataFrame, churned: Labels, label: Label) -> list[Baseline]:
    """Fit those that cost next to nothing; see `fit_all`. The grade rests on one of them at every origin."""
    return [
        BaseRate(churned),
        RecencyRule(features, churned),
        RfmLogistic(features, churned),
        BuyTillYouDie(features, churned, label),
    ]


def _filled(features: pl.DataFrame, rule: str) -> Array:
    """The rule's number; who has no rhythm yet is judged by the days alone, as a shop would."""
    values = features[rule].cast(pl.Float64)
    return np.asarray(values.fill_null(features["days_since_last_order"].cast(pl.Float64) / 30), dtype=np.float64)


def _logarithms(features: pl.DataFrame) -> Array:
    return np.asarray(np.log1p(features.select(pl.col(RFM).cast(pl.Float64)).to_numpy()), dtype=np.float64)
