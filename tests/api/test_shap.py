"""Our exact SHAP values are those of ``shap.TreeExplainer``, by LightGBM's way and by its own."""

import numpy as np
import pytest
import shap

from pipeline import ChurnClassifier
from tests.model.examples import FEATURES, make_examples

NAMES = [feature.name for feature in FEATURES]


@pytest.fixture(scope="module")
def trees_alone():
    """A model of trees alone, so that its contributions are theirs; and rows without missing values."""
    examples = make_examples().drop_nulls()
    model = ChurnClassifier(additive_logistic_share=0.0, max_trees=80)
    return model.fit(examples[:, NAMES], examples["churned"], snapshots=examples["snapshot"]), examples[:300, NAMES]


@pytest.mark.parametrize("own_algorithm", [False, True], ids=["by LightGBM", "by shap itself"])
def test_they_are_those_of_tree_explainer(trees_alone, own_algorithm):
    """Both are path-dependent: what a tree does not know of a row is averaged by the training rows of its leaves.

    shap asks LightGBM for them where it can; told that the model is one of its own, it runs its own TreeSHAP.
    """
    model, rows = trees_alone
    ours = model.contributions(rows)
    explainer = shap.TreeExplainer(model.ensemble_.trees, feature_perturbation="tree_path_dependent")
    if own_algorithm:
        explainer.model.model_type = "internal"
    theirs = np.asarray(explainer.shap_values(ours.data, check_additivity=False))
    assert theirs.shape == ours.values.shape
    assert np.abs(ours.values).max() > 0.1, "there is something to compare"
    assert np.allclose(ours.values, theirs, rtol=0, atol=1e-6)
    assert np.allclose(ours.base_values, np.ravel(explainer.expected_value)[-1], rtol=0, atol=1e-6)


def test_shap_draws_them(trees_alone):
    from matplotlib import pyplot

    model, rows = trees_alone
    explained = model.contributions(rows)
    shap.plots.beeswarm(explained, show=False)
    shap.plots.waterfall(explained[0], show=False)
    shap.plots.bar(explained, show=False)
    pyplot.close("all")
