"""Who takes part in ``benchmarks/leaderboard.py`` beside the pipeline: each is fitted as it comes out of its package.

All see the same labelled rows. Boosters get every feature of the examples; BG/NBD and the RFM regression the few
columns they are made of. Nothing is tuned, and nothing calibrated that its package does not calibrate; BG/NBD alone is
bent to the churn rates of its training rows, so that it is no straw man.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module, metadata
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.ensemble import HistGradientBoostingClassifier

from pipeline.config.params import Label, Model
from pipeline.evaluation import baselines
from pipeline.model import training
from pipeline.model.ensemble import matrix

Array = npt.NDArray[np.float64]
Probability = Callable[[pl.DataFrame], Array]
OURS: Final = "churn_pipeline"
SEED: Final = 1


@dataclass(frozen=True)
class Task:
    """What everybody is given.

    Attributes
    ----------
    known
        Labelled examples whose outcome was known on the morning of the test snapshot.
    names
        The features that a model may see.
    label, settings
        ``params.yaml: label, model``.
    """

    known: pl.DataFrame
    names: list[str]
    label: Label
    settings: Model


@dataclass(frozen=True)
class Contestant:
    """One method.

    Attributes
    ----------
    title
        Its name in a table.
    module, distribution
        What it is imported from, and the package that brings this; None where it is the pipeline's own.
    fit
        From the task to what gives a probability of churn, 0-1, for each row.
    """

    title: str
    module: str | None
    distribution: str | None
    fit: Callable[[Task], Probability]

    @property
    def installed(self) -> bool:
        """Whether it can take part here."""
        return self.module is None or find_spec(self.module) is not None

    @property
    def version(self) -> str | None:
        """Of its package."""
        return None if self.distribution is None else metadata.version(self.distribution)


def _baseline(make: Callable[[Task], baselines.Baseline]) -> Callable[[Task], Probability]:
    return lambda task: make(task).probability


def _bg_nbd(task: Task) -> baselines.Baseline:
    return baselines.BuyTillYouDie(task.known, training.outcomes(task.known), task.label)


def _rfm(task: Task) -> baselines.Baseline:
    return baselines.RfmLogistic(task.known, training.outcomes(task.known))


def _lightgbm(task: Task) -> baselines.Baseline:
    return baselines.OutOfTheBox(task.known, training.outcomes(task.known), task.names, task.settings)


def _classifier(make: Callable[[], Any]) -> Callable[[Task], Probability]:
    """A classifier in the manner of scikit-learn, on all features."""

    def fit(task: Task) -> Probability:
        # scikit-learn's stops at a column without a single value, in which no method could learn anything.
        names = _with_values(task)
        model = make().fit(matrix(task.known, names), training.outcomes(task.known))
        return lambda rows: np.asarray(model.predict_proba(matrix(rows, names))[:, 1], dtype=np.float64)

    return fit


def _with_values(task: Task) -> list[str]:
    has_values = (~np.isnan(matrix(task.known, task.names))).any(axis=0)
    return [task.names[place] for place in np.flatnonzero(has_values)]


# By name, not by an import statement: these two are not in the lock of the pipeline.
def _xgboost() -> Any:
    return import_module("xgboost").XGBClassifier(random_state=SEED, n_jobs=1)


def _catboost() -> Any:
    quiet = {"verbose": False, "allow_writing_files": False}
    return import_module("catboost").CatBoostClassifier(random_seed=SEED, thread_count=1, **quiet)


def _hist_gradient_boosting() -> Any:
    return HistGradientBoostingClassifier(random_state=SEED)


RIVALS: Final = {
    "bg_nbd": Contestant("BG/NBD", None, None, _baseline(_bg_nbd)),
    "rfm_logistic": Contestant("RFM logistic", None, None, _baseline(_rfm)),
    "lightgbm": Contestant("LightGBM", "lightgbm", "lightgbm", _baseline(_lightgbm)),
    "xgboost": Contestant("XGBoost", "xgboost", "xgboost-cpu", _classifier(_xgboost)),
    "catboost": Contestant("CatBoost", "catboost", "catboost", _classifier(_catboost)),
    "hist_gradient_boosting": Contestant(
        "HistGradientBoosting", "sklearn", "scikit-learn", _classifier(_hist_gradient_boosting)
    ),
}


def taking_part() -> dict[str, Contestant]:
    """The rivals whose packages are installed."""
    return {name: rival for name, rival in RIVALS.items() if rival.installed}
