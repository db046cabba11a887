"""Others who explain trees: of the same model, or, for libraries of their own trees, of a model of the same shape."""

import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from importlib.util import find_spec
from io import StringIO
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd
import shap

Array = npt.NDArray[np.float64]
Contender = tuple[int, Callable[[], Array]]
# As `requirements/rivals.in` brings them; the name of the module, and of what is measured of it.
MODULES = {
    "fasttreeshap_fixed": ("fasttreeshap v1", "fasttreeshap v2"),
    "woodelf": ("woodelf",),
    "xgboost": ("XGBoost, its own",),
    "catboost": ("CatBoost, its own",),
}
OF_SAME_MODEL = frozenset({"shap.TreeExplainer", "fasttreeshap v1", "fasttreeshap v2", "woodelf"})


def not_installed() -> list[str]:
    """The peers that are not there."""
    return [name for name in MODULES if find_spec(name) is None]


def explainers(booster: lgb.Booster, rows: Array, many: Array, threads: int) -> dict[str, Contender]:
    """Each explains rows of this model, those that prepare much more of them, and hands back (rows, features)."""
    by_shap = shap.TreeExplainer(booster)
    found: dict[str, Contender] = {
        "shap.TreeExplainer": (len(rows), lambda: _quietly(lambda: _of_positive(by_shap.shap_values(rows))))
    }
    if find_spec("fasttreeshap_fixed"):
        make = import_module("fasttreeshap_fixed").TreeExplainer
        for version in ("v1", "v2"):
            fast = make(booster, algorithm=version, n_jobs=threads)
            found[f"fasttreeshap {version}"] = (len(rows), _explained(fast, rows))
    if find_spec("woodelf"):
        frame = pd.DataFrame(many, columns=booster.feature_name())
        woodelf = import_module("woodelf").WoodelfExplainer(booster)
        found["woodelf"] = (len(many), lambda: _quietly(lambda: np.asarray(woodelf.shap_values(frame))))
    return found


def libraries(
    shape: tuple[int, int, int], training: tuple[Array, Array], rows: Array, threads: int
) -> dict[str, Contender]:
    """Each explains these rows of a model of its own, of as many trees and leaves."""
    trees, leaves, depth = shape
    X, y = training  # noqa: N806
    found: dict[str, Contender] = {}
    if find_spec("xgboost"):
        xgboost = import_module("xgboost")
        how = {"objective": "binary:logistic", "grow_policy": "lossguide", "max_leaves": leaves,
               "max_depth": max(depth, 0), "learning_rate": 0.05, "nthread": threads}  # fmt: skip
        trained = xgboost.train(how, xgboost.DMatrix(X, y), trees)
        found["XGBoost, its own"] = (
            len(rows),
            lambda: trained.predict(xgboost.DMatrix(rows), pred_contribs=True)[:, :-1],
        )
    if find_spec("catboost"):
        catboost = import_module("catboost")
        # Its trees are symmetric: of depth 5 they have 32 leaves.
        depth = int(np.ceil(np.log2(leaves)))
        oblivious = catboost.CatBoostClassifier(
            iterations=trees, depth=depth, learning_rate=0.05, thread_count=threads, verbose=False,
            allow_writing_files=False,
        ).fit(X, y)  # fmt: skip
        found["CatBoost, its own"] = (
            len(rows),
            lambda: oblivious.get_feature_importance(
                catboost.Pool(rows), type="ShapValues", thread_count=threads
            )[:, :-1],
        )  # fmt: skip
    return found


def _explained(explainer: Any, rows: Array) -> Callable[[], Array]:
    return lambda: _of_positive(explainer(rows, check_additivity=False).values)


def _of_positive(values: Any) -> Array:
    """Of two classes, the second; some explainers give both."""
    both = np.asarray(values)
    return both[..., 1] if both.ndim == 3 else both


def _quietly(call: Callable[[], Array]) -> Array:
    """Without the progress and the warnings that it cannot be asked to leave out."""
    with StringIO() as unread, redirect_stdout(unread), redirect_stderr(unread), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call()
