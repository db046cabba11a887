"""A damaged model is refused by its text, for LightGBM's own reader ends the process on some."""

import random
import re

import lightgbm
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.errors import ModelRefused
from pipeline.model import gbm, model_text
from tests.profiles import examples


@pytest.fixture(scope="module")
def text() -> str:
    dice = np.random.default_rng(1)
    X = dice.normal(size=(400, 4))
    X[dice.random(X.shape) < 0.2] = np.nan
    y = (np.nan_to_num(X[:, 0]) + dice.normal(size=400) > 0).astype(int)
    booster = lightgbm.train({"objective": "binary", "verbose": -1, "num_leaves": 6}, lightgbm.Dataset(X, y), 7)
    return gbm.to_text(booster)


def test_a_whole_model_passes(text):
    model_text.check(text)
    assert gbm.from_text(text).num_trees() == 7


def test_a_single_leaf_is_a_tree():
    booster = lightgbm.train(
        {"objective": "binary", "verbose": -1}, lightgbm.Dataset(np.zeros((40, 1)), np.arange(40) % 2), 2
    )
    model_text.check(gbm.to_text(booster))


def resized(text: str) -> str:
    """With a head that says how long its trees are now, so that what else is wrong is seen."""
    body, end, tail = text.partition("end of trees\n")
    head, *blocks = re.split(r"^(?=Tree=)", body, flags=re.MULTILINE)
    sizes = " ".join(str(len(block)) for block in blocks)
    return re.sub(r"^tree_sizes=.*$", f"tree_sizes={sizes}", head, flags=re.MULTILINE) + "".join(blocks) + end + tail


@pytest.mark.parametrize(
    ("pattern", "new", "says"),
    [
        (r"^tree\n", "", "it does not begin as a model"),
        (r"end of trees[\s\S]*", "", "it does not end with 'end of trees'"),
        (r"^version=v4", "version=v3", "version of the head is 'v3', not 'v4'"),
        (r"^num_class=1", "num_class=2", "num_class of the head is '2', not '1'"),
        (r"^objective=\w+", "objective=poisson", "objective of the head is 'poisson sigmoid:1', not"),
        (r"^objective=.*\n", "", "the head holds version, num_class"),
        (r"^max_feature_idx=3", "max_feature_idx=1", "feature_names of the head are not 2"),
        (r"^max_feature_idx=3", "max_feature_idx=3x", "max_feature_idx of the head is no whole number: '3x'"),
        (r"^feature_infos=\S+", "feature_infos=none:", "feature_infos of the head are no ranges"),
        (r"^Tree=3", "Tree=4", "tree 3 is of a kind that is never trained here, or has another number"),
        (r"^num_cat=0", "num_cat=1", "of a kind that is never trained here"),
        (r"^num_leaves=6", "num_leaves=5", "split_feature holds 5 values, not 4"),
        (r"^num_leaves=6", "num_leaves=0", "tree 0 has no leaf"),
        (r"^split_feature=\d+", "split_feature=7", "split_feature names a feature the model does not have"),
        (r"^split_gain=.*\n", "", "tree 0 holds Tree, num_leaves, num_cat, split_feature, threshold"),
        (r"^leaf_value=\S+", "leaf_value=x", "leaf_value of tree 0 holds 'x', which is no number"),
        (r"^leaf_value=\S+", "leaf_value=nan", "tree 0: leaf_value holds a number that is not finite"),
        (r"^leaf_value=\S+", "leaf_value=inf", "tree 0: leaf_value holds a number that is not finite"),
        (r"^leaf_value=\S+", "leaf_value=1e999", "tree 0: leaf_value holds a number that is not finite"),
        (r"^leaf_value=\S+", f"leaf_value={'9' * 400}", "tree 0: leaf_value holds a number that is not finite"),
        (r"^leaf_value=\S+", "leaf_value=1_000", "leaf_value of tree 0 holds '1_000', which is no number"),
        (r"^leaf_count=\S+", "leaf_count=1.5", "leaf_count of tree 0 is no whole number: '1.5'"),
        (r"^left_child=\S+", "left_child=-9", "a branch leads nowhere, or two lead to the same place"),
        (r"^left_child=\S+ \S+", "left_child=0 0", "a branch leads nowhere, or two lead to the same place"),
        (r"^shrinkage=.*$", "shrinkage=1\nshrinkage=1", "tree 0 holds a line that is of no known kind, or one twice"),
        (r"^Column_0=\d+", "Column_0=x", "what stands behind 'end of trees' is of no known kind"),
    ],
)
def test_what_is_wrong_is_named(text, pattern, new, says):
    damaged, times = re.subn(pattern, new, text, count=1, flags=re.MULTILINE)
    assert times == 1
    with pytest.raises(ValueError, match=re.escape(says)):
        model_text.check(resized(damaged))
    with pytest.raises(ModelRefused, match=r"models/churn\.txt: is no model \("):
        gbm.from_text(damaged)


def test_the_head_knows_how_many_trees_there_are_and_how_long(text):
    without = re.sub(r"^Tree=3\n[\s\S]*?(?=^Tree=4)", "", text, flags=re.MULTILINE)
    with pytest.raises(ValueError, match="the head says 7 trees, found 6"):
        model_text.check(without)
    with pytest.raises(ValueError, match=r"tree 0 is \d+ bytes long, and the head says"):
        model_text.check(re.sub(r"^(leaf_value=\S+)", r"\g<1>1", text, count=1, flags=re.MULTILINE))


@given(st.integers(0, 2**32 - 1))
@examples(40)
def test_whatever_is_damaged_is_refused_or_predicts(text, seed):
    """Cut, flipped, doubled or shuffled: never a crash of the process, which would end this test."""
    dice, content = random.Random(seed), list(text)
    for _ in range(dice.randrange(1, 4)):
        place = dice.randrange(len(content))
        kind = dice.choice(["cut", "flip", "double", "digit"])
        if kind == "cut":
            content = content[:place]
        elif kind == "flip":
            content[place] = chr(dice.randrange(32, 127))
        elif kind == "double":
            content[place:place] = content[place : place + dice.randrange(1, 400)]
        else:
            content[place] = dice.choice("0123456789-. =\n")
        content = content or ["x"]
    try:
        booster = gbm.from_text("".join(content))
    except ModelRefused:
        return
    assert np.isfinite(gbm.log_odds(booster, np.zeros((3, booster.num_feature())))).all()
