"""Contributions: first drawn trees with Shapley values worked out by hand, then LightGBM's own answer as the judge."""

import pickle
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
import pytest

from pipeline.reasons.treeshap import regions
from pipeline.reasons.treeshap._codes import make_codebook
from pipeline.reasons.treeshap._paths import cell_count, feature_views, leaf_paths, leaf_set
from pipeline.reasons.treeshap.explainer import Explainer, contributions
from pipeline.reasons.treeshap.regions import build_regions
from pipeline.trees import parse_trees

QUIET = {"verbose": -1, "num_threads": 1, "deterministic": True, "seed": 1}
NO_MISSING, MISSING_RIGHT, MISSING_LEFT, ZERO_MISSING, CATEGORICAL = 0, 8, 10, 4, 1  # LightGBM's decision types


@dataclass
class Leaf:
    rows: int
    value: float


@dataclass
class Split:
    """Goes to ``yes`` where feature <= threshold (or, for a category, where it is that category)."""

    feature: int
    threshold: float
    yes: "Leaf | Split"
    no: "Leaf | Split"
    kind: int = MISSING_RIGHT

    @property
    def rows(self) -> int:
        return self.yes.rows + self.no.rows


def booster_of(*trees: "Leaf | Split", features: int = 2) -> lgb.Booster:
    """A booster that holds the drawn trees."""
    names = " ".join(f"f{i}" for i in range(features))
    head = f"tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx={features - 1}\n"
    head += f"objective=regression\nfeature_names={names}\nfeature_infos={' '.join(['none'] * features)}\n\n"
    return lgb.Booster(model_str=head + "".join(text_of(tree, i) for i, tree in enumerate(trees)) + "end of trees\n")


def text_of(tree: "Leaf | Split", index: int) -> str:
    nodes: list[Split] = []
    leaves: list[Leaf] = []
    children: list[list[int]] = []

    def number(part: "Leaf | Split") -> int:
        if isinstance(part, Leaf):
            leaves.append(part)
            return -len(leaves)
        nodes.append(part)
        children.append([])
        here = len(nodes) - 1
        children[here] = [number(part.yes), number(part.no)]
        return here

    number(tree)
    categories = [int(node.threshold) for node in nodes if node.kind == CATEGORICAL]
    thresholds = [categories.index(int(n.threshold)) if n.kind == CATEGORICAL else n.threshold for n in nodes]
    fields: dict[str, object] = {
        "num_leaves": len(leaves),
        "num_cat": len(categories),
        "split_feature": [node.feature for node in nodes],
        "split_gain": [1 for _ in nodes],
        "threshold": thresholds,
        "decision_type": [node.kind for node in nodes],
        "left_child": [left for left, _ in children],
        "right_child": [right for _, right in children],
        "leaf_value": [leaf.value for leaf in leaves],
        "leaf_weight": [leaf.rows for leaf in leaves],
        "leaf_count": [leaf.rows for leaf in leaves],
        "internal_value": [0 for _ in nodes],
        "internal_weight": [node.rows for node in nodes],
        "internal_count": [node.rows for node in nodes],
    }
    if categories:
        fields["cat_boundaries"] = list(range(len(categories) + 1))
        fields["cat_threshold"] = [1 << category for category in categories]
    fields |= {"is_linear": 0, "shrinkage": 1}
    lines = [f"{key}={' '.join(map(str, v)) if isinstance(v, list) else v}" for key, v in fields.items()]
    return "\n".join([f"Tree={index}", *lines, "\n\n"])


# x0 <= 0 ?                       40 rows
#   yes: -1                       30
#   no:   3                       10         base = (30 * -1 + 10 * 3) / 40 = 0
ONE_SPLIT = Split(0, 0.0, Leaf(30, -1.0), Leaf(10, 3.0))

# x0 <= 0 ?                       40 rows
#   yes: 0                        20
#   no:  x1 <= 0 ?                20
#          yes: 4                 10
#          no:  8                 10         base = 0 / 2 + 4 / 4 + 8 / 4 = 3
#
# The row (1, 1):  v(x0) = (4 + 8) / 2 = 6   v(x1) = (0 + 8) / 2 = 4   v(both) = 8
#   x0: ((6 - 3) + (8 - 4)) / 2 = 3.5        x1: ((4 - 3) + (8 - 6)) / 2 = 1.5
# The row (0, 1):  v(x0) = 0                 v(x1) = 4                 v(both) = 0
#   x0: ((0 - 3) + (0 - 4)) / 2 = -3.5       x1: ((4 - 3) + (0 - 0)) / 2 = 0.5
TWO_FEATURES = Split(0, 0.0, Leaf(20, 0.0), Split(1, 0.0, Leaf(10, 4.0), Leaf(10, 8.0)))

# x0 <= 0 ?                       32 rows
#   yes: 0                        16
#   no:  x1 <= 0 ?                16
#          yes: 4                 8
#          no:  x0 <= 1 ?         8
#                 yes: 8          4
#                 no:  16         4          base = 0 / 2 + 4 / 4 + 8 / 8 + 16 / 8 = 4
#
# The row (2, 1):  v(x0) = (4 + 16) / 2 = 10   v(x1) = (0 + (8 + 16) / 2) / 2 = 6   v(both) = 16
#   x0: ((10 - 4) + (16 - 6)) / 2 = 8          x1: ((6 - 4) + (16 - 10)) / 2 = 4
# The row (1, 0):  v(x0) = (4 + 8) / 2 = 6     v(x1) = (0 + 4) / 2 = 2              v(both) = 4
#   x0: ((6 - 4) + (4 - 2)) / 2 = 2            x1: ((2 - 4) + (4 - 6)) / 2 = -2
SAME_FEATURE_TWICE = Split(
    0, 0.0, Leaf(16, 0.0), Split(1, 0.0, Leaf(8, 4.0), Split(0, 1.0, Leaf(4, 8.0), Leaf(4, 16.0)))
)

DRAWN = {
    "one split, yes": (ONE_SPLIT, [0.0, 9.0], [-1.0, 0.0, 0.0]),
    "one split, no": (ONE_SPLIT, [1.0, 9.0], [3.0, 0.0, 0.0]),
    "two features, both no": (TWO_FEATURES, [1.0, 1.0], [3.5, 1.5, 3.0]),
    "two features, the second behind the first": (TWO_FEATURES, [0.0, 1.0], [-3.5, 0.5, 3.0]),
    "same feature twice, both no": (SAME_FEATURE_TWICE, [2.0, 1.0], [8.0, 4.0, 4.0]),
    "same feature twice, in between": (SAME_FEATURE_TWICE, [1.0, 0.0], [2.0, -2.0, 4.0]),
    "no split at all": (Leaf(40, 2.5), [1.0, 1.0], [0.0, 0.0, 2.5]),
}


@pytest.mark.parametrize(("tree", "row", "expected"), DRAWN.values(), ids=DRAWN.keys())
def test_hand_computed(tree: Leaf | Split, row: list[float], expected: list[float]) -> None:
    found = contributions(booster_of(tree), np.array([row]), method="fast")
    assert found[0] == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize(("tree", "row", "expected"), DRAWN.values(), ids=DRAWN.keys())
def test_hand_computed_where_no_table_is_small_enough(
    tree: Leaf | Split, row: list[float], expected: list[float]
) -> None:
    trees = parse_trees(booster_of(tree).model_to_string())
    model = build_regions(trees, make_codebook(trees, 2), cell_budget=1, leaf_cell_budget=1)
    assert len(model.regions.feature) == 0
    assert [*model.contributions(np.array([row]).T)[:, 0], model.base] == pytest.approx(expected, abs=1e-14)


def test_trees_add_up() -> None:
    found = contributions(booster_of(ONE_SPLIT, TWO_FEATURES, Leaf(9, 1.0)), np.array([[1.0, 1.0]]), method="fast")
    assert found[0] == pytest.approx([3.0 + 3.5, 1.5, 0.0 + 3.0 + 1.0], abs=1e-14)


@pytest.mark.parametrize(
    ("kind", "threshold", "expected"),
    [
        (MISSING_LEFT, 0.0, -1.0),
        (MISSING_RIGHT, 0.0, 3.0),
        (NO_MISSING, 0.0, -1.0),  # read as 0, and 0 <= 0
        (NO_MISSING, -0.5, 3.0),  # read as 0, and 0 > -0.5
    ],
)
def test_a_missing_value_goes_where_the_split_sends_it(kind: int, threshold: float, expected: float) -> None:
    tree = Split(0, threshold, Leaf(30, -1.0), Leaf(10, 3.0), kind)
    assert contributions(booster_of(tree), np.array([[np.nan, 0.0]]), method="fast")[0, 0] == expected


@pytest.mark.parametrize(
    ("category", "expected"),
    [(5.0, -1.0), (5.9, -1.0), (4.0, 3.0), (99.0, 3.0), (-5.0, 3.0), (np.nan, 3.0), (np.inf, 3.0), (1e12, 3.0)],
)
def test_a_category_the_split_does_not_name_goes_to_the_other_side(category: float, expected: float) -> None:
    booster = booster_of(Split(0, 5, Leaf(30, -1.0), Leaf(10, 3.0), CATEGORICAL))
    values = np.array([[category, 0.0]])
    assert contributions(booster, values, method="fast")[0, 0] == expected
    assert contributions(booster, values, method="reference")[0, 0] == expected


def test_a_category_is_cut_to_a_whole_number() -> None:
    booster = booster_of(Split(0, 0, Leaf(30, -1.0), Leaf(10, 3.0), CATEGORICAL))
    values = np.array([[-0.5, 0.0], [0.9, 0.0], [-1.0, 0.0]])
    assert contributions(booster, values, method="fast")[:, 0].tolist() == [-1.0, -1.0, 3.0]
    assert contributions(booster, values, method="reference")[:, 0].tolist() == [-1.0, -1.0, 3.0]


ODD_VALUES = [0.0, -0.0, 1e-36, -1e-36, 1.00000001e-35, -1.00000001e-35, 1.1e-35, -1.1e-35, np.inf, -np.inf, np.nan]


@pytest.mark.parametrize(
    "threshold", [0.0, 1e-300, -1e-300, float(np.float32(1e-35)), -float(np.float32(1e-35)), 1e300]
)
@pytest.mark.parametrize("kind", [NO_MISSING, MISSING_LEFT, MISSING_RIGHT])
def test_values_around_zero_and_infinity(kind: int, threshold: float) -> None:
    booster = booster_of(Split(0, threshold, Leaf(30, -1.0), Leaf(10, 3.0), kind))
    values = np.column_stack([ODD_VALUES, np.zeros(len(ODD_VALUES))])
    assert np.array_equal(
        contributions(booster, values, method="fast"), contributions(booster, values, method="reference")
    )


def data(rows: int, *, seed: int = 0, missing: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """Six columns: four real, one of integers, one of categories; two matter together, one never."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(rows, 6))
    values[:, 3] = random.integers(0, 5, rows)
    values[:, 4] = random.integers(0, 30, rows)
    values[:, 5] = 1.0
    y = values[:, 0] * values[:, 1] + (values[:, 4] % 3) + 0.3 * values[:, 3] + random.normal(scale=0.3, size=rows)
    values[:, :4][random.random((rows, 4)) < missing] = np.nan
    return values, y


def train(
    values: np.ndarray, y: np.ndarray, rounds: int = 12, categorical: tuple[int, ...] = (4,), **params
) -> lgb.Booster:
    chosen = {
        **QUIET,
        "objective": "regression",
        "num_leaves": 12,
        "min_data_in_leaf": 5,
        "min_data_per_group": 5,
    } | params
    return lgb.train(chosen, lgb.Dataset(values, y, categorical_feature=list(categorical)), rounds)


def assert_agrees(booster: lgb.Booster, values: np.ndarray) -> None:
    found = contributions(booster, values, method="fast")
    assert np.abs(found - booster.predict(values, pred_contrib=True, num_threads=1)).max() <= 1e-10
    assert np.abs(found.sum(axis=1) - booster.predict(values, raw_score=True, num_threads=1)).max() <= 1e-9


MODELS = {
    "plain": {},
    "binary": {"objective": "binary"},
    "missing read as zero": {"use_missing": False},
    "stumps": {"num_leaves": 2},
    "deeper than any table": {"num_leaves": 60, "min_data_in_leaf": 1},
    "dart": {"boosting": "dart"},
    "quantised": {"use_quantized_grad": True},
    "categories one by one": {"max_cat_to_onehot": 100},
    "no base from the average": {"boost_from_average": False},
    "bagged": {"bagging_fraction": 0.5, "bagging_freq": 1},
}


@pytest.mark.parametrize("params", MODELS.values(), ids=MODELS.keys())
def test_agrees_with_the_reference(params: dict) -> None:
    values, y = data(600)
    booster = train(values, y > 1 if params.get("objective") == "binary" else y, **params)
    new, _ = data(300, seed=9, missing=0.3)
    new[:40, 0], new[40:60, 1], new[60:80, 4] = np.inf, -np.inf, np.nan
    new[80:100, 4], new[100:120, 4] = -3.0, 1000.0
    assert_agrees(booster, new)
    every_threshold = np.full((200, 6), np.nan)
    for tree in parse_trees(booster.model_to_string()):
        for row, (feature, threshold) in enumerate(zip(tree.feature, tree.threshold, strict=True)):
            every_threshold[row, feature] = threshold
    assert_agrees(booster, every_threshold)


def chain(length: int) -> Leaf | Split:
    """A tree that asks for one feature after the other: its leaves have paths of 1, 2, ... features."""
    tree: Leaf | Split = Leaf(5, 10.0)
    for feature in reversed(range(length)):
        tree = Split(feature, 0.1 * feature - 0.5, Leaf(4 + feature, float(feature)), tree, MISSING_LEFT)
    return tree


def test_paths_of_many_features() -> None:
    booster = booster_of(chain(18), chain(5), features=18)
    tables = Explainer(booster, method="fast").tables
    assert tables is not None
    assert len(tables.deep_leaves.leaf_value) > 0
    assert len(tables.regions.feature) > 0
    values = np.random.default_rng(3).normal(loc=0.7, size=(300, 18))
    values[::5, ::3] = np.nan
    assert_agrees(booster, values)


def test_no_path_has_more_patterns_than_its_table_has_cells() -> None:
    tree: Leaf | Split = Leaf(5, 10.0)
    for feature in range(9):  # x <= 0 and then x > 1: nobody comes this far, and no code differs from another
        tree = Split(feature, 0.0, Split(feature, 1.0, Leaf(3, 1.0), tree, MISSING_LEFT), Leaf(3, 2.0), MISSING_LEFT)
    booster = booster_of(tree, features=9)
    trees = parse_trees(booster.model_to_string())
    paths = leaf_paths(trees[0], make_codebook(trees, 9))
    for leaf, path in enumerate(paths):
        assert cell_count(leaf_set([leaf]), feature_views(paths)) >= 2 ** len(path)
    assert_agrees(booster, np.random.default_rng(2).normal(size=(100, 9)))


# x0 <= 0 ?
#   yes: x1 <= 0 ?              asks for x0, x1
#   no:  x2 <= 0 ?
#          yes: x1 <= 0 ?       asks for x0, x1, x2
#          no:  x3 <= 0 ?       asks for x0, x2, x3
def test_leaves_that_share_their_features_share_a_table() -> None:
    def pair(feature: int) -> Split:
        return Split(feature, 0.0, Leaf(5, 1.0), Leaf(5, 2.0))

    booster = booster_of(Split(0, 0.0, pair(1), Split(2, 0.0, pair(1), pair(3))), features=4)
    trees = parse_trees(booster.model_to_string())
    codebook = make_codebook(trees, 4)
    assert build_regions(trees, codebook, cell_budget=16).regions.feature.tolist() == [0, 1, 2, 3]
    assert build_regions(trees, codebook, cell_budget=8).regions.feature.tolist() == [0, 2, 3, 0, 1, 2]


def test_wide_trees_and_many_thresholds() -> None:
    random = np.random.default_rng(4)
    values = random.normal(size=(3000, 2))
    booster = train(
        values, np.sin(9 * values[:, 0]) + values[:, 1], 3, (), num_leaves=200, max_bin=2000, min_data_in_bin=1
    )
    tables = Explainer(booster, method="fast").tables
    assert tables is not None
    assert max(tables.codebook.code_count(feature) for feature in range(2)) > 256
    assert_agrees(booster, values[:300])


def test_a_model_that_stopped_early_is_explained_as_it_predicts() -> None:
    values, y = data(400)
    noise = np.random.default_rng(1).normal(size=400)
    kept = lgb.Dataset(values[200:], noise[200:])
    booster = lgb.train(
        {**QUIET, "objective": "regression"},
        lgb.Dataset(values[:200], y[:200]),
        50,
        [kept],
        callbacks=[lgb.early_stopping(2, verbose=False)],
        keep_training_booster=True,  # or else the trees after the best one are gone
    )
    assert 0 < booster.best_iteration < booster.current_iteration()
    assert_agrees(booster, values)


def test_training_that_went_on_with_missing_values() -> None:
    values, y = data(500, missing=0.0)
    first = train(values, y, categorical=())
    values, y = data(500, seed=5, missing=0.4)
    booster = lgb.train({**QUIET, "objective": "regression"}, lgb.Dataset(values, y), 5, init_model=first)
    kinds = {int(kind) for tree in parse_trees(booster.model_to_string()) for kind in tree.decision}
    assert kinds & {0, 2}, "splits that know no missing value"
    assert kinds & {8, 10}, "splits that do"
    assert_agrees(booster, values)


REFUSED = {
    "several outputs": ({"objective": "multiclass", "num_class": 3}, "3 outputs per row"),
    "random forest": ({"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}, "random forest"),
    "zeros are missing": ({"zero_as_missing": True}, "zero_as_missing"),
}


@pytest.mark.parametrize(("params", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_refuses_what_it_does_not_cover(params: dict, reason: str) -> None:
    values, y = data(300, missing=0.0)
    booster = train(values, y.clip(0, 2).astype(int), 3, (), **params)
    with pytest.raises(ValueError, match=reason):
        contributions(booster, values, method="fast")
    explainer = Explainer(booster)
    assert explainer.refusal is not None
    assert reason in explainer.refusal
    assert np.array_equal(explainer.contributions(values), booster.predict(values, pred_contrib=True, num_threads=1))


DRAWN_REFUSED = {
    "zeros are missing": ([Split(0, 0.0, Leaf(3, 1.0), Leaf(4, 2.0), ZERO_MISSING)], "zero_as_missing"),
    "empty node": ([Split(0, 0.0, Leaf(0, 1.0), Leaf(4, 2.0))], "without training rows"),
    "two kinds": ([ONE_SPLIT, Split(0, 5, Leaf(3, 1.0), Leaf(4, 2.0), CATEGORICAL)], "numerical in one tree and"),
}


@pytest.mark.parametrize(("trees", "reason"), DRAWN_REFUSED.values(), ids=DRAWN_REFUSED.keys())
def test_refuses_trees_it_does_not_cover(trees: list[Split], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Explainer(booster_of(*trees), method="fast")
    assert reason in str(Explainer(booster_of(*trees)).refusal)


def test_refuses_linear_leaves_as_the_reference_does() -> None:
    values, y = data(300, missing=0.0)
    booster = train(values, y, 3, (), linear_tree=True)
    with pytest.raises(ValueError, match="linear trees"):
        contributions(booster, values, method="fast")
    with pytest.raises(lgb.basic.LightGBMError, match="linear trees"):
        contributions(booster, values)


def test_refuses_tables_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regions, "TABLE_BYTES_LIMIT", 1 << 20)
    values, y = data(600)
    with pytest.raises(ValueError, match="more than 1 MiB"):
        Explainer(train(values, y, 40, num_leaves=40), method="fast")


class _OtherVersion:
    def num_feature(self) -> int:
        return 1

    def model_to_string(self) -> str:
        return "tree\nversion=v5\nnum_tree_per_iteration=1\n\nend of trees\n"

    def predict(self, data: object, *, pred_contrib: bool, num_threads: int) -> object:
        raise NotImplementedError


def test_refuses_a_model_text_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="version 'v5'"):
        Explainer(_OtherVersion(), method="fast")


def test_threads_blocks_and_neighbours_change_no_bit() -> None:
    random = np.random.default_rng(6)
    values = random.normal(loc=0.7, size=(700, 16))
    booster = booster_of(chain(16), chain(7), features=16)
    explainer = Explainer(booster, method="fast")
    assert explainer.tables is not None
    assert len(explainer.tables.deep_leaves.leaf_value) > 0, "both ways of computing are to be compared"
    whole = explainer.contributions(values)
    for num_threads, block_rows in [(1, 1), (2, 1), (3, 64), (2, 333), (1, 10_000)]:
        assert np.array_equal(explainer.contributions(values, num_threads=num_threads, block_rows=block_rows), whole)
    order = random.permutation(len(values))
    assert np.array_equal(explainer.contributions(values[order]), whole[order])
    assert np.array_equal(explainer.contributions(values[17:18]), whole[17:18])
    assert np.array_equal(contributions(booster, values, num_threads=2), whole)


def test_layout_and_precision_of_the_input_do_not_matter() -> None:
    values, y = data(200)
    booster = train(values, y)
    single = values.astype(np.float32)
    expected = contributions(booster, single.astype(np.float64), method="fast")
    kept = values.copy()
    for same in (
        single,
        np.asfortranarray(single),
        np.asfortranarray(single.astype(np.float64)),
        np.repeat(single, 2, 0)[::2],
    ):
        assert np.array_equal(contributions(booster, same, method="fast"), expected)
        assert np.array_equal(
            contributions(booster, same, method="reference"), contributions(booster, single, method="reference")
        )
    contributions(booster, values)
    assert np.array_equal(values, kept, equal_nan=True)


@pytest.mark.parametrize("method", ["fast", "reference"])
def test_no_rows(method) -> None:
    found = contributions(booster_of(ONE_SPLIT), np.empty((0, 2)), method=method)
    assert found.shape == (0, 3)


def test_an_explainer_can_be_sent_to_another_process() -> None:
    values, y = data(200)
    explainer = Explainer(train(values, y), method="fast")
    assert np.array_equal(pickle.loads(pickle.dumps(explainer)).contributions(values), explainer.contributions(values))


@pytest.mark.parametrize("method", ["auto", "reference"])
@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((4, 3)), r"X has shape \(4, 3\), expected \(rows, 2\)"),
        (np.zeros(2), r"X has shape \(2,\), expected \(rows, 2\)"),
        (np.zeros((4, 2), dtype=np.int64), "X is int64, expected a float64 or float32 array"),
        ([[0.0, 1.0]], "X is list, expected a float64 or float32 array"),
    ],
)
def test_says_what_is_wrong_with_the_input(values, message: str, method) -> None:
    with pytest.raises(ValueError, match=message):
        contributions(booster_of(ONE_SPLIT), values, method=method)


def test_says_what_is_wrong_with_the_options() -> None:
    explainer = Explainer(booster_of(ONE_SPLIT))
    with pytest.raises(ValueError, match="num_threads is 0, expected at least 1"):
        explainer.contributions(np.zeros((1, 2)), num_threads=0)
    with pytest.raises(ValueError, match="block_rows is 0, expected at least 1"):
        explainer.contributions(np.zeros((1, 2)), block_rows=0)
    with pytest.raises(ValueError, match="method is 'fats', expected one of auto, fast, reference"):
        contributions(booster_of(ONE_SPLIT), np.zeros((1, 2)), method="fats")  # type: ignore[arg-type]


def test_the_text_of_a_model_holds_its_numbers_exactly() -> None:
    values, y = data(400)
    booster = train(values, y, 4, ())
    for tree, dumped in zip(parse_trees(booster.model_to_string()), booster.dump_model()["tree_info"], strict=True):
        waiting = [dumped["tree_structure"]]
        while waiting:
            part = waiting.pop()
            if "leaf_index" in part:
                assert tree.leaf_value[part["leaf_index"]] == part["leaf_value"]
            else:
                assert tree.threshold[part["split_index"]] == part["threshold"]
                waiting += [part["left_child"], part["right_child"]]
