"""What each leaf asks of a row, and how a tree's leaves are gathered into regions.

Sets of leaves are bit sets in plain integers: bit ``i`` is leaf ``i``. They have no upper size and cost little.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from pipeline.reasons.treeshap._codes import Codebook
from pipeline.trees import Tree


@dataclass(frozen=True, slots=True)
class Condition:
    """All tests of one path on one feature, taken together."""

    passes_path: NDArray[np.bool_]  # for each code of the feature
    cover_ratio: float  # product of the cover ratios of those tests, in (0, 1]

    def and_then(self, passes_test: NDArray[np.bool_], cover_ratio: float) -> "Condition":
        """The condition with one more test on the same feature."""
        return Condition(self.passes_path & passes_test, self.cover_ratio * cover_ratio)


Path = dict[int, Condition]


@dataclass(frozen=True, slots=True)
class FeatureView:
    """How the leaves of one tree see one feature: codes with the same fate in all of them form a class."""

    feature: int
    class_of_code: NDArray[np.int64]
    failed_leaves: tuple[int, ...]  # for each class: the leaves whose path it fails
    asking_leaves: int  # the leaves with a condition on the feature

    def classes_within(self, leaves: int) -> int:
        """Number of classes these leaves tell apart; 2 at least, so no path has more patterns than its table cells."""
        return max(2, len({failed & leaves for failed in self.failed_leaves}))

    def fates(self, leaves: int) -> list[int]:
        """What happens to the classes within some leaves: those who fail the same of them share a fate."""
        return list(dict.fromkeys(failed & leaves for failed in self.failed_leaves))

    def narrowed(self, leaves: int) -> "FeatureView":
        """The view of some of the leaves."""
        fates = self.fates(leaves)
        merged = np.array([fates.index(failed & leaves) for failed in self.failed_leaves])
        return FeatureView(self.feature, merged[self.class_of_code], tuple(fates), self.asking_leaves & leaves)


def leaf_paths(tree: Tree, codebook: Codebook) -> list[Path]:
    """Conditions of every leaf by feature, in the order of the leaves."""
    at_node: list[Path] = [{} for _ in tree.feature]
    at_leaf: list[Path] = [{} for _ in tree.leaf_value]
    for node, feature in enumerate(tree.feature.tolist()):  # a child is always younger than its parent
        goes_left = codebook.goes_left(tree, node)
        for child, passes_test in ((int(tree.left[node]), goes_left), (int(tree.right[node]), ~goes_left)):
            before = at_node[node].get(feature, Condition(np.ones_like(goes_left), 1.0))
            path = {**at_node[node], feature: before.and_then(passes_test, tree.cover_ratio(node, child))}
            if child >= 0:
                at_node[child] = path
            else:
                at_leaf[~child] = path
    return at_leaf


def feature_views(paths: list[Path]) -> list[FeatureView]:
    """One view for each feature that the tree uses, in the order of the features."""
    used = sorted({feature for path in paths for feature in path})
    return [_feature_view(feature, paths) for feature in used]


def _feature_view(feature: int, paths: list[Path]) -> FeatureView:
    asking = [leaf for leaf, path in enumerate(paths) if feature in path]
    codes = len(paths[asking[0]][feature].passes_path)
    failed = np.zeros((len(paths), codes), dtype=np.bool_)
    failed[asking] = [~paths[leaf][feature].passes_path for leaf in asking]
    fates = np.ascontiguousarray(np.packbits(failed, axis=0, bitorder="little").T)  # one bit set for each code
    classes, class_of_code = np.unique(fates.view(f"V{fates.shape[1]}").ravel(), return_inverse=True)
    failed_leaves = tuple(int.from_bytes(fate.tobytes(), "little") for fate in classes)
    return FeatureView(feature, class_of_code.astype(np.int64), failed_leaves, leaf_set(asking))


def leaf_set(leaves: list[int]) -> int:
    """The bit set of some leaves."""
    return sum(1 << leaf for leaf in leaves)


def members(leaves: int) -> list[int]:
    """The leaves of a bit set, ascending."""
    return [leaf for leaf in range(leaves.bit_length()) if leaves >> leaf & 1]


def choose_regions(tree: Tree, views: list[FeatureView], cell_budget: int) -> list[int]:
    """Gather the leaves of a tree into sets whose joint table has at most ``cell_budget`` cells.

    From the root downwards, a subtree that fits is a region; then the two regions that share most features are merged,
    as long as the result fits, because a row is looked up once for each feature of each region. A leaf that does not
    fit by itself is returned as a set of one: `cell_count` tells.
    """
    below = [0] * len(tree.feature)
    for node in range(len(below) - 1, -1, -1):
        children = (int(tree.left[node]), int(tree.right[node]))
        below[node] = sum(below[child] if child >= 0 else 1 << ~child for child in children)
    regions, waiting = [], [0]
    while waiting:
        child = waiting.pop()
        leaves = below[child] if child >= 0 else 1 << ~child
        if child < 0 or cell_count(leaves, views) <= cell_budget:
            regions.append(leaves)
        else:
            waiting.extend((int(tree.right[child]), int(tree.left[child])))
    return _merge(regions, views, cell_budget)


def cell_count(leaves: int, views: list[FeatureView]) -> int:
    """Size of the table of some leaves: one cell for each combination of classes they can tell apart."""
    cells = 1
    for view in views:
        if view.asking_leaves & leaves:
            cells *= view.classes_within(leaves)
    return cells


def _merge(regions: list[int], views: list[FeatureView], cell_budget: int) -> list[int]:
    """Merge greedily, most shared features first; pairs that once did not fit never will."""
    uses = {leaves: leaf_set([i for i, view in enumerate(views) if view.asking_leaves & leaves]) for leaves in regions}
    too_large: set[tuple[int, int]] = set()
    while True:
        pairs = [
            (-(uses[a] & uses[b]).bit_count(), a, b)
            for a, b in combinations(regions, 2)
            if uses[a] & uses[b]
            and 1 << (uses[a] | uses[b]).bit_count() <= cell_budget  # two classes for each feature, at the least
            and (a, b) not in too_large
        ]
        for _, a, b in sorted(pairs):
            if cell_count(a | b, views) <= cell_budget:
                break
            too_large.add((a, b))
        else:
            return regions
        regions = [*(leaves for leaves in regions if leaves not in (a, b)), a | b]
        uses[a | b] = uses[a] | uses[b]
