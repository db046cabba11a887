"""Gradient-boosted trees; the only place that imports LightGBM."""

import os
import re
from dataclasses import dataclass
from typing import Any

# Set before the import, where its threads read it: while one of them waits, it sleeps. By default it spins, and with
# two programs on two cores a training then takes eight times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import lightgbm
import numpy as np
import numpy.typing as npt

from pipeline.config.errors import ModelRefused
from pipeline.config.params import Model
from pipeline.examples.features import Feature
from pipeline.model import model_text

Matrix = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]

__all__ = ["Booster", "Fitted", "fit", "from_text", "log_odds", "out_of_the_box", "to_text"]
Booster = lightgbm.Booster
DIRECTIONS = {"up": 1, "down": -1, "none": 0}


@dataclass(frozen=True)
class Fitted:
    """A trained model and how its log-loss went, tree by tree.

    Attributes
    ----------
    booster
        The trees up to the best one.
    best_tree
        How many these are.
    train_loss, validation_loss
        Log-loss after each tree that was grown, the later ones too.
    grown
        LightGBM's text of all trees that were grown.
    """

    booster: lightgbm.Booster
    best_tree: int
    train_loss: list[float]
    validation_loss: list[float]
    grown: str

    @property
    def trees(self) -> int:
        """How many trees were grown."""
        return len(self.train_loss)

    def first_trees(self, number: int) -> lightgbm.Booster:
        """The first trees, as if no more had been grown: none of them depends on the validation rows."""
        booster = lightgbm.Booster(model_str=self.grown)
        return _first_trees(booster, number)


def fit(
    train: tuple[Matrix, Labels], validation: tuple[Matrix, Labels], features: list[Feature], settings: Model
) -> Fitted:
    """Grow trees until the validation snapshot no longer gains.

    Parameters
    ----------
    train, validation
        Features (rows, features) and labels (0, 1) of each part.
    features
        What each column is: its name, and the direction that means risk.
    settings
        ``params.yaml: model``.

    Notes
    -----
    Classes are not re-weighted, so the margins are log-odds at the true base rate.
    """
    names = [feature.name for feature in features]
    train_set = lightgbm.Dataset(train[0], train[1], feature_name=names, free_raw_data=True)
    validation_set = lightgbm.Dataset(validation[0], validation[1], reference=train_set)
    history: dict[str, dict[str, list[float]]] = {}
    booster = lightgbm.train(
        _lightgbm_settings(settings) | _monotone(features, settings),
        train_set,
        num_boost_round=settings.max_trees,
        # The training rows are there for the log only: LightGBM's early stopping passes over them.
        valid_sets=[train_set, validation_set],
        valid_names=["train", "validation"],
        # Else LightGBM drops the trees after the best one.
        keep_training_booster=True,
        callbacks=[
            lightgbm.early_stopping(settings.early_stopping_rounds, first_metric_only=True, verbose=False),
            lightgbm.record_evaluation(history),
        ],
    )
    best = max(1, booster.best_iteration)
    return Fitted(
        _first_trees(booster, best),
        best,
        history["train"]["binary_logloss"],
        history["validation"]["binary_logloss"],
        # As text: the booster itself would keep the training rows in memory.
        booster.model_to_string(num_iteration=-1),
    )


def grow(train: tuple[Matrix, Labels], trees: int, features: list[Feature], settings: Model) -> lightgbm.Booster:
    """Grow a number of trees that is known already; see `fit`."""
    names = [feature.name for feature in features]
    return lightgbm.train(
        _lightgbm_settings(settings) | _monotone(features, settings),
        lightgbm.Dataset(train[0], train[1], feature_name=names, free_raw_data=True),
        num_boost_round=trees,
    )


def grow_upon(
    level: Matrix, train: tuple[Matrix, Labels], held_back: npt.NDArray[np.bool_], limits: tuple[int, int],
    settings: Model, learner: dict[str, Any],
) -> lightgbm.Booster:  # fmt: skip
    """Grow trees that add to log-odds known of each row, and do not hold them: up to the best one for rows held back.

    Parameters
    ----------
    level
        The log-odds known of each row.
    train
        Features (rows, features) and labels (0, 1).
    held_back
        The rows that say by their log-loss how many trees there are, and grow none; without any, all trees are kept.
    limits
        Trees at most, and without a better log-loss before growing stops.
    settings, learner
        ``params.yaml: model``, and the settings of LightGBM that go before it.
    """
    chosen, (most, patience) = _lightgbm_settings(settings) | learner, limits
    own, others = (
        lightgbm.Dataset(train[0][part], train[1][part], init_score=level[part], free_raw_data=True)
        for part in (~held_back, held_back)
    )
    if not held_back.any():
        return lightgbm.train(chosen, own, most)
    stopping = lightgbm.early_stopping(patience, verbose=False)
    grown = lightgbm.train(chosen, own, most, valid_sets=[others.set_reference(own)], callbacks=[stopping])
    return _first_trees(grown, max(1, grown.best_iteration))


def _first_trees(booster: lightgbm.Booster, number: int) -> lightgbm.Booster:
    """A model of its own of the first trees, without the rows they were grown on."""
    return lightgbm.Booster(model_str=booster.model_to_string(num_iteration=number))


def no_trees(names: list[str]) -> lightgbm.Booster:
    """Trees that say nothing of anybody, for a model that is a regression alone: one leaf, of log-odds zero."""
    # Constant columns have no split, and as many churned as stayed: LightGBM is left with the leaf of their log-odds.
    nothing = lightgbm.Dataset(np.zeros((2, len(names))), np.array([0, 1]), feature_name=names, free_raw_data=True)
    return lightgbm.train({"objective": "binary", "num_threads": 1, "verbose": -1}, nothing, num_boost_round=1)


def _lightgbm_settings(settings: Model) -> dict[str, object]:
    return {
        "objective": "binary",
        "metric": "binary_logloss",
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.num_leaves,
        "max_depth": settings.max_depth,
        "min_data_in_leaf": settings.min_rows_per_leaf,
        "bagging_fraction": settings.bagging_fraction,
        "bagging_freq": 1,
        "feature_fraction": settings.feature_fraction,
        "lambda_l2": settings.l2,
        "seed": settings.seed,
        "num_threads": settings.num_threads,
        "deterministic": True,
        # LightGBM otherwise times two layouts and keeps the faster one, which adds up in another order.
        "force_row_wise": True,
        "verbose": -1,
    }


def _monotone(features: list[Feature], settings: Model) -> dict[str, object]:
    """Where a direction is sure, no tree may turn it round, whatever chance made of the training rows."""
    sure = [DIRECTIONS[feature.risk] if feature.is_sure else 0 for feature in features]
    return {"monotone_constraints": sure} if settings.monotone and any(sure) else {}


def out_of_the_box(train: tuple[Matrix, Labels], seed: int, num_threads: int) -> lightgbm.Booster:
    """LightGBM as it comes: its own defaults, nothing tuned. What a notebook would do, and a model has to beat."""
    fixed = {"objective": "binary", "seed": seed, "num_threads": num_threads, "deterministic": True}
    return lightgbm.train(
        fixed | {"force_row_wise": True, "verbose": -1}, lightgbm.Dataset(train[0], train[1], free_raw_data=True)
    )


def to_text(booster: lightgbm.Booster) -> str:
    """The model in LightGBM's own text, without the settings of the machine that trained it."""
    text: str = booster.model_to_string()
    return re.split(r"\n+(?:parameters|pandas_categorical):", text, maxsplit=1)[0] + "\n"


def from_text(text: str) -> lightgbm.Booster:
    """Read a model back.

    Raises
    ------
    ModelRefused
        The text is no model, or a damaged one.
    """
    try:
        model_text.check(text)
        return lightgbm.Booster(model_str=text)
    except (ValueError, lightgbm.basic.LightGBMError) as error:
        raise ModelRefused(f"models/churn.txt: is no model ({error}); train again: dvc repro") from None


def log_odds(booster: lightgbm.Booster, features: Matrix, num_threads: int = 1) -> Matrix:
    """Raw log-odds of churn, one per row."""
    margins = booster.predict(features, raw_score=True, num_threads=num_threads)
    return np.asarray(margins, dtype=np.float64)
