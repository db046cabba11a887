"""Contributions of so many rows that nobody wants them one by one: sums by family, and the strongest families.

Everything is added up while a block is at hand, so the matrix of all contributions is never made.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.compiled import compiled
from pipeline.reasons.treeshap.explainer import Explainer, Values, by_block


@dataclass(frozen=True)
class FamilySums:
    """What the families of features add to the margin of each row.

    Attributes
    ----------
    margins
        Base and all contributions added up, in units of the margin: (rows,).
    sums
        The contributions of each family: (rows, families).
    strongest
        The families that raise the margin most, the strongest first, of equal ones the first: (rows, strongest).
    """

    margins: NDArray[np.float64]
    sums: NDArray[np.float64]
    strongest: NDArray[np.int64]


def family_sums(
    explainer: Explainer,
    X: Values,  # noqa: N803
    families: Sequence[int],
    strongest: int,
    *,
    num_threads: int = 1,
) -> FamilySums:
    """Explain rows by family.

    Parameters
    ----------
    explainer
        Of a model of one output per row.
    X
        See `Explainer.contributions`, as for the errors it raises.
    families
        The number of the family of each feature; families are numbered from 0 on, without a gap.
    strongest
        How many families to name for each row, from 0 to all of them.
    num_threads
        At least 1; the result does not depend on it.

    Raises
    ------
    ValueError
        Families are not one per feature and numbered without a gap, or there are fewer than `strongest`.

    Examples
    --------
    Of three features the first and the last are of one family; it is 4 where x is 1, and the mean is 1.

    >>> import lightgbm
    >>> X, spend = np.zeros((4, 3)), np.array([0.0, 0.0, 0.0, 4.0])
    >>> X[3, 2] = 1.0
    >>> tiny = {"min_data_in_leaf": 1, "min_data_in_bin": 1, "learning_rate": 1.0, "verbose": -1, "num_threads": 1}
    >>> booster = lightgbm.train(tiny, lightgbm.Dataset(X, spend), num_boost_round=1)
    >>> by_family = family_sums(Explainer(booster), X[2:], [0, 1, 0], 1)
    >>> by_family.margins.round(12).tolist(), by_family.sums.round(12).tolist(), by_family.strongest.tolist()
    ([0.0, 4.0], [[-1.0, 0.0], [3.0, 0.0]], [[1], [0]])
    """
    family_of = np.array(families, dtype=np.int64)
    number = int(family_of.max(initial=-1)) + 1
    if len(family_of) != explainer.booster.num_feature() or not np.array_equal(np.unique(family_of), np.arange(number)):
        raise ValueError(f"families are {list(families)}, expected a number for each feature, 0, 1, ... without a gap")
    if not 0 <= strongest <= number:
        raise ValueError(f"strongest is {strongest}, expected a number from 0 to {number}, of all families")
    rows = len(X)
    made = FamilySums(np.empty(rows), np.empty((rows, number)), np.empty((rows, strongest), dtype=np.int64))
    if explainer.tables is None or len(X) == 0:
        whole = explainer.contributions(X, num_threads=num_threads)
        _add_up(np.ascontiguousarray(whole[:, :-1].T), family_of, made.margins, made.sums, made.strongest)
        np.add(made.margins, whole[:, -1], out=made.margins)
        return made

    def take(part: slice, block: NDArray[np.float64]) -> None:
        _add_up(block, family_of, made.margins[part], made.sums[part], made.strongest[part])

    by_block(explainer.tables, X, take, num_threads)
    np.add(made.margins, explainer.tables.base, out=made.margins)
    return made


@compiled
def _add_up(
    block: NDArray[np.float64],
    family_of: NDArray[np.int64],
    margins: NDArray[np.float64],
    sums: NDArray[np.float64],
    strongest: NDArray[np.int64],
) -> None:
    """Fill margins (without the base), sums and strongest families of a block, which is (features, rows)."""
    by_family = np.zeros((sums.shape[1], block.shape[1]))
    margins[:] = 0.0
    for feature in range(block.shape[0]):
        family = family_of[feature]
        for row in range(block.shape[1]):
            by_family[family, row] += block[feature, row]
            margins[row] += block[feature, row]
    for row in range(block.shape[1]):
        for family in range(sums.shape[1]):
            sums[row, family] = by_family[family, row]
        for place in range(strongest.shape[1]):
            strongest[row, place] = _next_strongest(sums[row], strongest[row, :place])


@compiled
def _next_strongest(sums: NDArray[np.float64], named: NDArray[np.int64]) -> int:
    """The family of the largest sum among those not named yet."""
    best = -1
    for family in range(len(sums)):
        if (best < 0 or sums[family] > sums[best]) and not (named == family).any():
            best = family
    return best
