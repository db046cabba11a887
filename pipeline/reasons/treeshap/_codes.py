"""Feature values as small codes: the only thing about a value that a model can see.

A numerical feature with thresholds ``t_0 < t_1 < ... < t_(n-1)`` gets code ``k``, the number of thresholds below the
value; a categorical one the position of its category among those the model names, or ``n`` if it names it nowhere.
A missing value has the code ``n + 1``. Every split of the model is then a yes or no over codes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.reasons.treeshap import _kernel
from pipeline.trees import NotCovered, Tree

MAX_CUTS = np.iinfo(np.uint16).max - 1  # codes are 16 bits wide, and two of them are taken


@dataclass(frozen=True, slots=True)
class Codebook:
    """Thresholds or categories of every feature, ascending, one feature after the other."""

    first: NDArray[np.int64]  # features + 1: where the cuts of each feature begin
    cuts: NDArray[np.float64]
    categorical: NDArray[np.bool_]

    def code_count(self, feature: int) -> int:
        """How many codes a value of the feature can have, the one for missing included."""
        return int(self.first[feature + 1] - self.first[feature]) + 2

    def cuts_of(self, feature: int) -> NDArray[np.float64]:
        """Thresholds or categories of one feature, ascending."""
        return self.cuts[self.first[feature] : self.first[feature + 1]]

    def goes_left(self, tree: Tree, node: int) -> NDArray[np.bool_]:
        """Which codes of the node's feature the node sends to the left, shape (codes,)."""
        cuts = self.cuts_of(int(tree.feature[node]))
        left = np.zeros(len(cuts) + 2, dtype=np.bool_)
        if tree.is_categorical(node):  # unseen, negative and missing categories go to the right
            left[np.searchsorted(cuts, tree.categories(node))] = True
        else:
            left[: np.searchsorted(cuts, tree.threshold[node]) + 1] = True
            left[-1] = tree.missing_goes_left(node)
        return left

    def encode(self, columns: NDArray[np.float64]) -> NDArray[np.uint16]:
        """Codes of a block of values, shape (features, rows) in and out."""
        codes = np.empty(columns.shape, dtype=np.uint16)
        _kernel.encode(columns, self.first, self.cuts, self.categorical, codes)
        return codes


def make_codebook(trees: list[Tree], feature_count: int) -> Codebook:
    """Collect the thresholds and categories of a whole model.

    Raises
    ------
    NotCovered
        A feature is numerical in one tree and categorical in another, or has more cuts than 16-bit codes can tell.
    """
    numbers: list[list[float]] = [[] for _ in range(feature_count)]
    categories: list[list[float]] = [[] for _ in range(feature_count)]
    for tree in trees:
        for node, feature in enumerate(tree.feature.tolist()):
            if tree.is_categorical(node):
                categories[feature].extend(tree.categories(node).tolist())
            else:
                numbers[feature].append(float(tree.threshold[node]))
    for feature, (some_numbers, some_categories) in enumerate(zip(numbers, categories, strict=True)):
        if some_numbers and some_categories:
            raise NotCovered(f"feature {feature} is numerical in one tree and categorical in another")
    cuts = [np.unique(np.array(one or other, dtype=np.float64)) for one, other in zip(numbers, categories, strict=True)]
    widest = max(map(len, cuts), default=0)
    if widest > MAX_CUTS:
        raise NotCovered(f"a feature with {widest} thresholds, at most {MAX_CUTS} are covered")
    return Codebook(
        first=np.cumsum([0, *map(len, cuts)], dtype=np.int64),
        cuts=np.concatenate([np.empty(0), *cuts]),
        categorical=np.array([bool(some) for some in categories], dtype=np.bool_),
    )
