"""Region tables: the contributions of a model, computed once for everything a row can be.

Shapley values add over leaves. A group of leaves of one tree, a *region*, can only tell apart a few classes of codes
for each feature; where the product of those numbers is small, the sum over its leaves is tabulated for every
combination, a *cell*. Explaining a row is then one look-up for each feature of each region, and no walk down a tree.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.reasons.treeshap import _kernel
from pipeline.reasons.treeshap._codes import Codebook
from pipeline.reasons.treeshap._paths import (
    FeatureView,
    Path,
    cell_count,
    choose_regions,
    feature_views,
    leaf_paths,
    members,
)
from pipeline.reasons.treeshap._product_game import pattern_values, quadrature
from pipeline.trees import NotCovered, Tree

CELL_BUDGET = 2048  # a column of 8-byte cells then takes half of the first-level cache, and the rows the other
LEAF_CELL_BUDGET = 16_384  # for a leaf that is a region by itself: up to here, looking up beats calculating by far
TABLE_BYTES_LIMIT = 1 << 30


@dataclass(frozen=True, slots=True)
class RegionModel:
    """A model in the form in which blocks of rows are looked up."""

    codebook: Codebook
    regions: _kernel.RegionTables
    deep_leaves: _kernel.DeepLeaves
    base: float  # the mean margin of the training rows, as LightGBM sums it

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """All of it as arrays by name, from which `from_arrays` makes it again."""
        book = {name: getattr(self.codebook, name) for name in Codebook.__dataclass_fields__}
        parts = {"codebook": book, "regions": self.regions._asdict(), "deep_leaves": self.deep_leaves._asdict()}
        named = {f"{part}.{name}": array for part, fields in parts.items() for name, array in fields.items()}
        return {**named, "base": np.array(self.base)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "RegionModel":
        """Make a model of what `arrays` gave; ``KeyError`` where one of them is not there."""

        def part(name: str, fields: Iterable[str]) -> dict[str, NDArray[Any]]:
            return {field: arrays[f"{name}.{field}"] for field in fields}

        return cls(
            Codebook(**part("codebook", Codebook.__dataclass_fields__)),
            _kernel.RegionTables(**part("regions", _kernel.RegionTables._fields)),
            _kernel.DeepLeaves(**part("deep_leaves", _kernel.DeepLeaves._fields)),
            float(arrays["base"]),
        )

    def contributions(self, columns: NDArray[np.float64]) -> NDArray[np.float64]:
        """Contributions of a block of rows, without the base; shape (features, rows) in and out."""
        codes = self.codebook.encode(columns)
        total = np.zeros(columns.shape)
        _kernel.add_regions(codes, self.regions, total)
        if len(self.deep_leaves.leaf_value) > 0:
            longest_path = int(np.diff(self.deep_leaves.first).max())
            _kernel.add_deep_leaves(codes, self.deep_leaves, *quadrature(longest_path), total)
        return total


def build_regions(
    trees: list[Tree],
    codebook: Codebook,
    *,
    cell_budget: int = CELL_BUDGET,
    leaf_cell_budget: int = LEAF_CELL_BUDGET,
) -> RegionModel:
    """Tabulate a model.

    Parameters
    ----------
    trees : list of Tree
        All trees of the model; their sum is the margin.
    codebook : Codebook
        Made from the same trees.
    cell_budget, leaf_cell_budget : int, default 2048 and 16384
        Most cells of a region, and of one that is a single leaf, in [2, 65536]. More cells mean fewer look-ups for
        each row, and more memory. Leaves for which they do not suffice are calculated for every row.

    Returns
    -------
    RegionModel
        Its size is mostly that of the tables: 8 bytes for each cell of each feature of each region.

    Raises
    ------
    NotCovered
        The tables would take more than 1 GiB.
    """
    regions: list[_Region] = []
    deep_leaves: list[_Region] = []
    table_bytes, base = 0, 0.0
    for region in _all_regions(trees, codebook, cell_budget):
        is_deep = region.cell_count > max(cell_budget, leaf_cell_budget)
        (deep_leaves if is_deep else regions).append(region)
        table_bytes += region.code_count if is_deep else region.table_bytes
        if table_bytes > TABLE_BYTES_LIMIT:
            raise NotCovered(f"a model whose tables would take more than {TABLE_BYTES_LIMIT >> 20} MiB")
    for tree in trees:  # one by one: sum() rounds differently from LightGBM, and from one Python to the next
        base += tree.expected_value()
    return RegionModel(codebook, _tabulate(regions), _list_conditions(deep_leaves), base)


@dataclass(frozen=True, slots=True)
class _Region:
    """Some leaves of one tree, and the features on their paths."""

    tree: Tree
    paths: list[Path]
    leaves: list[int]
    views: list[FeatureView]  # narrowed to these leaves
    cell_count: int

    @property
    def code_count(self) -> int:
        """Codes of all its features together."""
        return sum(len(view.class_of_code) for view in self.views)

    @property
    def table_bytes(self) -> int:
        """Memory for its values (8 bytes) and its steps (2 bytes)."""
        return 8 * self.cell_count * len(self.views) + 2 * self.code_count

    def strides(self) -> NDArray[np.int64]:
        """How far apart two classes of each feature are in the table; last, the number of cells."""
        return np.cumprod([1, *(view.classes_within(view.asking_leaves) for view in self.views)])


def _all_regions(trees: list[Tree], codebook: Codebook, cell_budget: int) -> Iterator[_Region]:
    for tree in trees:
        if len(tree.feature) == 0:
            continue  # a constant: nothing but base
        paths = leaf_paths(tree, codebook)
        views = feature_views(paths)
        for leaves in choose_regions(tree, views, cell_budget):
            mine = [view.narrowed(leaves) for view in views if view.asking_leaves & leaves]
            yield _Region(tree, paths, members(leaves), mine, cell_count(leaves, views))


def _tabulate(regions: list[_Region]) -> _kernel.RegionTables:
    """Number the columns of all regions, then fill each region's table leaf by leaf."""
    feature, steps, first, value_first = [], [np.empty(0, dtype=np.uint16)], [0], [0]
    for region in regions:
        for view, stride in zip(region.views, region.strides(), strict=False):
            feature.append(view.feature)
            steps.append((view.class_of_code * stride).astype(np.uint16))
            value_first.append(value_first[-1] + region.cell_count)
        first.append(len(feature))
    values = np.zeros(value_first[-1])
    for region, low, high in zip(regions, first, first[1:], strict=False):
        table = values[value_first[low] : value_first[high]].reshape(len(region.views), region.cell_count)
        _fill(table, region, region.strides())
    return _kernel.RegionTables(
        first=np.array(first),
        feature=np.array(feature, dtype=np.int64),
        step_first=_starts(steps),
        steps=np.concatenate(steps),
        value_first=np.array(value_first),
        values=values,
    )


def _fill(table: NDArray[np.float64], region: _Region, strides: NDArray[np.int64]) -> None:
    """Add up the leaves of a region in its table, shape (features, cells)."""
    column_of = {view.feature: column for column, view in enumerate(region.views)}
    for leaf in region.leaves:
        path = region.paths[leaf]
        columns = [column_of[feature] for feature in path]
        classes = max(len(region.views[column].failed_leaves) for column in columns)
        passes = np.zeros((len(columns), max(2, classes)), dtype=np.bool_)
        for k, column in enumerate(columns):
            failed = region.views[column].failed_leaves
            passes[k, : len(failed)] = [not (each >> leaf & 1) for each in failed]
        phi = pattern_values(_cover_ratios(path), float(region.tree.leaf_value[leaf]))
        _kernel.add_leaf_to_region(phi, np.array(columns), passes, strides, table)


def _list_conditions(regions: list[_Region]) -> _kernel.DeepLeaves:
    """The paths of leaves for which no table is small enough: regions of one leaf each."""
    paths = [region.paths[region.leaves[0]] for region in regions]
    values = [region.tree.leaf_value[region.leaves[0]] for region in regions]
    passes = [np.empty(0, dtype=np.bool_), *(each.passes_path for path in paths for each in path.values())]
    return _kernel.DeepLeaves(
        first=np.cumsum([0, *map(len, paths)]),
        leaf_value=np.array(values, dtype=np.float64),
        feature=np.array([feature for path in paths for feature in path], dtype=np.int64),
        cover_ratio=np.concatenate([np.empty(0), *map(_cover_ratios, paths)]),
        pass_first=_starts(passes),
        passes=np.concatenate(passes),
    )


def _cover_ratios(path: Path) -> NDArray[np.float64]:
    return np.array([condition.cover_ratio for condition in path.values()])


def _starts(pieces: Sequence[NDArray[np.generic]]) -> NDArray[np.int64]:
    """Where each piece but the first, empty one begins in their concatenation, and where the last one ends."""
    return np.cumsum([len(piece) for piece in pieces])
