"""Plots of contributions, drawn by ``shap`` from our own exact values."""

import io
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def explanation(contributions: Array, values: Array, features: list[str]) -> Any:
    """Our contributions as ``shap`` takes them.

    Parameters
    ----------
    contributions
        Log-odds, (rows, features + 1), the base last.
    values
        The features, (rows, features).
    features
        Name of each column.
    """
    shap = _shap()
    return shap.Explanation(contributions[:, :-1], contributions[:, -1], values, feature_names=features)


def summary(contributions: Array, values: Array, features: list[str]) -> bytes:
    """A picture (PNG) of what drives the scores: one row per feature, one dot per customer."""
    return _drawn(
        lambda shap, explained: shap.plots.beeswarm(explained, max_display=15, show=False),
        contributions,
        values,
        features,
    )


def waterfall(contributions: Array, values: Array, features: list[str], row: int) -> bytes:
    """A picture (PNG) of one customer: from the base to the margin, feature by feature."""
    return _drawn(
        lambda shap, explained: shap.plots.waterfall(explained[row], max_display=12, show=False),
        contributions,
        values,
        features,
    )


def _drawn(draw: Any, contributions: Array, values: Array, features: list[str]) -> bytes:
    from matplotlib import pyplot

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # shap places the dots by a random hair; the same scores must give the same picture.
        state = np.random.get_state()
        np.random.seed(0)
        # shap draws on whatever figure is open, and somebody else's may be.
        figure = pyplot.figure()
        draw(_shap(), explanation(contributions, values, features))
        np.random.set_state(state)
        picture = io.BytesIO()
        figure.savefig(picture, format="png", dpi=110, bbox_inches="tight", metadata={"Software": None})
        pyplot.close(figure)
    return picture.getvalue()


def _shap() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import shap
    return shap
