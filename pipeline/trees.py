"""A LightGBM model as plain arrays, read from its text form.

The text form holds thresholds and leaf values with 17 significant digits, so every double comes back bit for bit.
Whatever the arithmetic of `reasons.treeshap` does not cover is refused here, before any of it is computed.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

# LightGBM reads anything this close to zero as zero (its kZeroThreshold, a single-precision constant).
ZERO_THRESHOLD = float(np.float32(1e-35))
MISSING_NONE, MISSING_ZERO, MISSING_NAN = 0, 1, 2
_CATEGORICAL_BIT, _DEFAULT_LEFT_BIT, _MISSING_SHIFT = 1, 2, 2


class NotCovered(ValueError):
    """The model, or its size, is outside what the fast method computes exactly."""


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree: node ``n`` has children ``left[n]`` and ``right[n]``; a negative child ``c`` is leaf ``~c``."""

    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    decision: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    node_count: NDArray[np.int64]
    leaf_count: NDArray[np.int64]
    leaf_value: NDArray[np.float64]
    category_sets: tuple[NDArray[np.int64], ...]

    def is_categorical(self, node: int) -> bool:
        """Whether the node asks for membership in a set of categories rather than for a value below a threshold."""
        return bool(self.decision[node] & _CATEGORICAL_BIT)

    def categories(self, node: int) -> NDArray[np.int64]:
        """The categories a categorical node sends to the left, ascending."""
        return self.category_sets[int(self.threshold[node])]

    def missing_goes_left(self, node: int) -> bool:
        """Where a numerical node sends a missing value: its own side, or the side of 0 if it never learnt one."""
        if self.decision[node] >> _MISSING_SHIFT == MISSING_NAN:
            return bool(self.decision[node] & _DEFAULT_LEFT_BIT)
        return bool(self.threshold[node] >= 0.0)

    def cover_ratio(self, node: int, child: int) -> float:
        """Share of the node's training rows that went on to the child, in (0, 1]."""
        covered = self.node_count[child] if child >= 0 else self.leaf_count[~child]
        return float(covered / self.node_count[node])

    def expected_value(self) -> float:
        """Mean of the leaf values, weighted by training rows; leaf by leaf, in LightGBM's own order of summing."""
        if len(self.leaf_value) == 1:
            return float(self.leaf_value[0])
        total = 0.0
        for count, value in zip(self.leaf_count.tolist(), self.leaf_value.tolist(), strict=True):
            total += count / int(self.node_count[0]) * value
        return total


def parse_trees(model_text: str) -> list[Tree]:
    """Read the trees of ``booster.model_to_string()``.

    Parameters
    ----------
    model_text : str
        Text form, version 4, of a booster with one output per row.

    Returns
    -------
    list of Tree
        In the order in which they are summed.

    Raises
    ------
    NotCovered
        Several outputs, averaged trees (random forest), linear leaves, zeros read as missing, empty nodes.
    """
    header, *bodies = model_text.partition("\nend of trees")[0].split("\nTree=")
    _check_header(header.splitlines())
    return [_parse_tree(f"index={body}".splitlines()) for body in bodies]


def _check_header(lines: list[str]) -> None:
    fields = dict(line.partition("=")[::2] for line in lines)
    if fields.get("version") != "v4":
        raise NotCovered(f"model text of version {fields.get('version')!r}, only 'v4' is known")
    if fields.get("num_tree_per_iteration") != "1":
        raise NotCovered(f"a model with {fields.get('num_tree_per_iteration')} outputs per row, only 1 is covered")
    if "average_output" in lines:
        raise NotCovered("a random forest: its trees are averaged, only summed trees are covered")


def _parse_tree(lines: list[str]) -> Tree:
    fields = dict(line.partition("=")[::2] for line in lines)
    if fields.get("is_linear", "0") != "0":
        raise NotCovered("linear trees: their leaves are not constant")
    tree = Tree(
        feature=_integers(fields["split_feature"]),
        threshold=_doubles(fields["threshold"]),
        decision=_integers(fields["decision_type"]),
        left=_integers(fields["left_child"]),
        right=_integers(fields["right_child"]),
        node_count=_integers(fields["internal_count"]),
        leaf_count=_integers(fields["leaf_count"]),
        leaf_value=_doubles(fields["leaf_value"]),
        category_sets=_category_sets(_integers(fields.get("cat_boundaries", "0")), fields.get("cat_threshold", "")),
    )
    categorical = tree.decision & _CATEGORICAL_BIT > 0
    if np.any(~categorical & (tree.decision >> _MISSING_SHIFT == MISSING_ZERO)):
        raise NotCovered("zero_as_missing: zeros are read as missing values")
    if len(tree.feature) and min(tree.node_count.min(), tree.leaf_count.min()) <= 0:
        raise NotCovered("a node without training rows: its cover ratio is not defined")
    return tree


def _integers(text: str) -> NDArray[np.int64]:
    return np.array([int(word) for word in text.split()], dtype=np.int64)


def _doubles(text: str) -> NDArray[np.float64]:
    return np.array([float(word) for word in text.split()], dtype=np.float64)


def _category_sets(first: NDArray[np.int64], words: str) -> tuple[NDArray[np.int64], ...]:
    """Split LightGBM's concatenated bit sets (32-bit words, lowest bit first) into the numbers they hold."""
    bits = np.array([int(word) for word in words.split()], dtype="<u4").view(np.uint8)
    held = [np.unpackbits(bits[4 * low : 4 * high], bitorder="little") for low, high in pairwise(first.tolist())]
    return tuple(np.flatnonzero(each).astype(np.int64) for each in held)
