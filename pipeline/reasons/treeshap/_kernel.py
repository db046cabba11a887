"""The compiled loops: values to codes, the formula of one leaf, and the sum over regions for a block of rows.

They stay in one file because Numba's cache does not notice a change in a compiled function of another file. Blocks
are laid out as (features, rows), so the innermost loop always runs over rows (or cells) that lie side by side; each
row is computed by itself, which is why results do not depend on blocks, neighbours or threads.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.compiled import compiled
from pipeline.trees import ZERO_THRESHOLD

CHUNK_ROWS = 128  # what the formula works on at a time, so that a path of some twenty features stays in the cache


class RegionTables(NamedTuple):
    """Contributions of all regions; a column is one feature of one region.

    A region's cells are numbered in a mixed radix: the step of each feature's code, summed, is the cell.
    """

    first: NDArray[np.int64]  # regions + 1: the columns of each region
    feature: NDArray[np.int64]  # columns
    step_first: NDArray[np.int64]  # columns + 1: into steps, one step for each code of the feature
    steps: NDArray[np.uint16]
    value_first: NDArray[np.int64]  # columns + 1: into values, one value for each cell of the region
    values: NDArray[np.float64]


class DeepLeaves(NamedTuple):
    """Leaves with too many features for any table; a column is one feature of one leaf."""

    first: NDArray[np.int64]  # leaves + 1: the columns of each leaf
    leaf_value: NDArray[np.float64]  # leaves
    feature: NDArray[np.int64]  # columns
    cover_ratio: NDArray[np.float64]  # columns
    pass_first: NDArray[np.int64]  # columns + 1: into passes, one flag for each code of the feature
    passes: NDArray[np.bool_]


@compiled
def encode(
    columns: NDArray[np.float64],
    first: NDArray[np.int64],
    cuts: NDArray[np.float64],
    categorical: NDArray[np.bool_],
    codes: NDArray[np.uint16],
) -> None:
    """Replace each value by its code (see ``pipeline.reasons.treeshap._codes``)."""
    for feature in range(columns.shape[0]):
        mine = cuts[first[feature] : first[feature + 1]]
        missing = len(mine) + 1
        for row in range(columns.shape[1]):
            value = columns[feature, row]
            if abs(value) <= ZERO_THRESHOLD:
                value = 0.0
            if categorical[feature]:
                value = np.trunc(value)
            low, width = 0, len(mine)
            while width > 0:  # binary search: how many cuts lie below the value
                half = width >> 1
                if mine[low + half] < value:
                    low += half + 1
                    width -= half + 1
                else:
                    width = half
            if categorical[feature] and not (low < len(mine) and mine[low] == value):
                low = len(mine)
            codes[feature, row] = missing if np.isnan(value) else low


@compiled
def add_product_game(
    passes: NDArray[np.float64],
    cover_ratio: NDArray[np.float64],
    leaf_value: float,
    nodes: NDArray[np.float64],
    weights: NDArray[np.float64],
    phi: NDArray[np.float64],
) -> None:
    """Add the Shapley values of one leaf, for all rows at once; ``passes`` and ``phi`` are (path features, rows).

    With w the leaf value, r the cover ratios and b = 1 where the row passes, 0 where it does not:
    phi_i = w (b_i - r_i) * integral over t from 0 to 1 of the product over j != i of (r_j + t (b_j - r_j)).
    """
    path, rows = passes.shape
    before = np.empty((path, rows))  # the products over j < i
    product = np.empty(rows)  # the product so far: first from the left, then from the right
    for node in range(len(nodes)):
        t = nodes[node]
        product[:] = leaf_value * weights[node]
        for j in range(path):
            b = passes[j]
            left = before[j]
            r_failed = cover_ratio[j] - t * cover_ratio[j]
            for row in range(rows):
                so_far = product[row]
                left[row] = so_far
                product[row] = so_far * (r_failed + t * b[row])
        product[:] = 1.0
        for i in range(path - 1, -1, -1):
            b = passes[i]
            left = before[i]
            mine = phi[i]
            r = cover_ratio[i]
            r_failed = r - t * r
            for row in range(rows):
                so_far = product[row]
                mine[row] += left[row] * so_far * (b[row] - r)
                product[row] = so_far * (r_failed + t * b[row])


@compiled
def add_leaf_to_region(
    phi: NDArray[np.float64],
    column: NDArray[np.int64],
    passes: NDArray[np.bool_],
    strides: NDArray[np.int64],
    table: NDArray[np.float64],
) -> None:
    """Add a leaf's Shapley values, one for each pass/fail pattern, to every cell of its region's table.

    ``phi`` is (path features, patterns); ``column[k]`` the table row of path feature ``k``; ``passes[k, c]`` whether
    class ``c`` of that feature passes; ``table`` is (region features, cells); bit ``k`` of a pattern means passed.
    """
    cells = table.shape[1]
    pattern = np.zeros(cells, dtype=np.uint16)
    for k in range(len(column)):
        stride = strides[column[k]]
        period = strides[column[k] + 1]
        for start in range(0, cells, stride):
            if passes[k, start % period // stride]:
                for cell in range(start, start + stride):
                    pattern[cell] |= 1 << k
    for k in range(len(column)):
        for cell in range(cells):
            table[column[k], cell] += phi[k, pattern[cell]]


@compiled
def add_regions(codes: NDArray[np.uint16], tables: RegionTables, total: NDArray[np.float64]) -> None:
    """Look every row up in every region; ``codes`` and ``total`` are (features, rows).

    Two columns at a time, so that a row's cell is read and written half as often: a sixth less time.
    """
    cell = np.empty(codes.shape[1], dtype=np.uint16)
    for region in range(len(tables.first) - 1):
        low, high = tables.first[region], tables.first[region + 1]
        pairs_end = high - (high - low) % 2
        cell[:] = 0
        for column in range(low, pairs_end, 2):
            _add_steps_of_two(codes, tables, column, cell)
        for column in range(pairs_end, high):
            code, step = codes[tables.feature[column]], tables.steps[tables.step_first[column] :]
            for row in range(len(cell)):
                cell[row] += step[code[row]]
        for column in range(low, pairs_end, 2):
            _add_values_of_two(cell, tables, column, total)
        for column in range(pairs_end, high):
            mine, value = total[tables.feature[column]], tables.values[tables.value_first[column] :]
            for row in range(len(cell)):
                mine[row] += value[cell[row]]


@compiled
def _add_steps_of_two(codes: NDArray[np.uint16], tables: RegionTables, column: int, cell: NDArray[np.uint16]) -> None:
    """Add the steps of a column and the next one to every row's cell."""
    code, step = codes[tables.feature[column]], tables.steps[tables.step_first[column] :]
    other_code, other_step = codes[tables.feature[column + 1]], tables.steps[tables.step_first[column + 1] :]
    for row in range(len(cell)):
        cell[row] += step[code[row]] + other_step[other_code[row]]


@compiled
def _add_values_of_two(cell: NDArray[np.uint16], tables: RegionTables, column: int, total: NDArray[np.float64]) -> None:
    """Add the values of a column and the next one, which are of two features, to every row's contributions."""
    mine, value = total[tables.feature[column]], tables.values[tables.value_first[column] :]
    other, other_value = total[tables.feature[column + 1]], tables.values[tables.value_first[column + 1] :]
    for row in range(len(cell)):
        here = cell[row]
        mine[row] += value[here]
        other[row] += other_value[here]


@compiled
def add_deep_leaves(
    codes: NDArray[np.uint16],
    leaves: DeepLeaves,
    nodes: NDArray[np.float64],
    weights: NDArray[np.float64],
    total: NDArray[np.float64],
) -> None:
    """Apply the formula itself, leaf by leaf; row ``q`` of ``nodes`` and ``weights`` is the rule with q nodes."""
    for leaf in range(len(leaves.first) - 1):
        low, high = leaves.first[leaf], leaves.first[leaf + 1]
        q = (high - low + 1) // 2
        ratios = leaves.cover_ratio[low:high]
        for start in range(0, codes.shape[1], CHUNK_ROWS):
            rows = min(CHUNK_ROWS, codes.shape[1] - start)
            passes = np.empty((high - low, rows))
            for column in range(low, high):
                code = codes[leaves.feature[column], start:]
                passing = leaves.passes[leaves.pass_first[column] : leaves.pass_first[column + 1]]
                for row in range(rows):
                    passes[column - low, row] = passing[code[row]]
            phi = np.zeros((high - low, rows))
            add_product_game(passes, ratios, leaves.leaf_value[leaf], nodes[q, :q], weights[q, :q], phi)
            for column in range(low, high):
                mine = total[leaves.feature[column], start:]
                for row in range(rows):
                    mine[row] += phi[column - low, row]
