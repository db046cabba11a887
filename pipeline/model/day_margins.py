"""What trees say of each customer for every day at once: most of a customer does not change with the days ahead.

A tree is gone through once for a customer. Where it asks for what is the same for all days, all go on together; where
it asks for the day, they part. So fifteen days take less time than three by `gbm.log_odds`, and the sums are the same
to the last bit.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import log_expit

from pipeline.compiled import compiled, in_blocks
from pipeline.model import gbm
from pipeline.trees import ZERO_THRESHOLD, parse_trees

Array = npt.NDArray[np.float64]

MAX_DAYS = 63
"""Days that go on together are the bits of one number."""
BLOCK_ROWS = 4096
SMALLEST = 1e-16
"""Nothing is surer than that, and log-odds stay finite."""
BEFORE: Final = 1.5
"""Of the days to the end of the outcome window, the power by which churn's level comes to count."""
PAST: Final = 0.25
"""The power of the days by which it counts less past that end."""


class Trees(NamedTuple):
    """All trees in a row; node ``n`` has children ``left[n]`` and ``right[n]``, and a negative child is leaf ``~c``."""

    first: npt.NDArray[np.int64]  # trees: the root of each, or a leaf where that is all of it
    feature: npt.NDArray[np.int64]
    threshold: Array
    missing_goes_left: npt.NDArray[np.bool_]
    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    leaf: Array
    max_leaves: int


def day_margins(booster: gbm.Booster, same: Array, by_day: Array, num_threads: int = 1) -> Array:
    """The margin of each row on each day; (rows, days).

    Parameters
    ----------
    booster
        Trees of which no split is on categories.
    same
        The first columns of the trees, which are the same on all days; (rows, columns).
    by_day
        The other columns; (rows, days, columns), of at most `MAX_DAYS` days.
    num_threads
        At least 1; no margin depends on it.

    Examples
    --------
    >>> import lightgbm
    >>> rows = np.array([[0.0, 1], [0.0, 2], [1.0, 1], [1.0, 2]] * 50)
    >>> settings = {"objective": "binary", "verbose": -1, "num_threads": 1}
    >>> trees = lightgbm.train(settings, lightgbm.Dataset(rows, rows.sum(axis=1) > 2), num_boost_round=3)
    >>> each = day_margins(trees, rows[[0, 2], :1], np.array([[[1.0], [2.0]]] * 2))
    >>> bool((each.ravel() == gbm.log_odds(trees, rows[:4])).all())
    True
    """
    assert by_day.shape[1] <= MAX_DAYS, "one bit a day"
    trees = _in_a_row(booster)
    margins = np.zeros(by_day.shape[:2])
    same, by_day = (np.where(np.abs(part) <= ZERO_THRESHOLD, 0.0, part) for part in (same, by_day))

    def fill(rows: slice) -> None:
        _add_leaves(trees, same[rows], by_day[rows], margins[rows])

    in_blocks(fill, len(same), BLOCK_ROWS, num_threads)
    return margins


def none_until(margins: Array) -> Array:
    """Log-odds of no event until each day, by those of each day where nothing came until the one before.

    >>> from scipy.special import expit, logit
    >>> bool(np.allclose(expit(none_until(logit(np.array([[0.5, 0.4, 0.9]])))), [[0.5, 0.2, 0.18]]))
    True
    """
    chance = np.minimum(np.cumsum(log_expit(margins), axis=1), -SMALLEST)
    return np.asarray(chance - np.log(-np.expm1(chance)))


def churn_weight(days: tuple[int, ...], horizon: int, *, by_hazard: bool) -> Array:
    """How much of what churn's log-odds differ by from those of the trees counts on each day; 0-1, (days,).

    Parameters
    ----------
    days
        After the start of the outcome window.
    horizon
        Its end, where all of the difference counts: the nearer a day, the more of it is about the same orders.
    by_hazard
        Whether the trees say hazards of orders. Of others it is as much as of the window is over, and all past it.

    Examples
    --------
    >>> [churn_weight((15, 60, 960), 60, by_hazard=each).tolist() for each in (True, False)]
    [[0.125, 1.0, 0.5], [0.25, 1.0, 1.0]]
    """
    windows = np.array(days) / horizon
    if not by_hazard:
        return np.asarray(np.minimum(windows, 1.0))
    return np.asarray(np.where(windows <= 1, windows**BEFORE, windows**-PAST))


def _in_a_row(booster: gbm.Booster) -> Trees:
    trees = parse_trees(gbm.to_text(booster))
    assert not any(tree.is_categorical(node) for tree in trees for node in range(len(tree.feature))), "numbers only"
    nodes = np.cumsum([0, *(len(tree.feature) for tree in trees)])
    leaves = np.cumsum([0, *(len(tree.leaf_value) for tree in trees)])
    placed = list(zip(trees, nodes[:-1], leaves[:-1], strict=True))

    def children(own: npt.NDArray[np.int64], node: int, leaf: int) -> npt.NDArray[np.int64]:
        return np.where(own >= 0, own + node, own - leaf)

    return Trees(
        np.array([node if len(tree.feature) else ~leaf for tree, node, leaf in placed], dtype=np.int64),
        np.concatenate([tree.feature for tree in trees]),
        np.concatenate([tree.threshold for tree in trees]),
        np.array([tree.missing_goes_left(node) for tree in trees for node in range(len(tree.feature))], dtype=np.bool_),
        np.concatenate([children(tree.left, node, leaf) for tree, node, leaf in placed]),
        np.concatenate([children(tree.right, node, leaf) for tree, node, leaf in placed]),
        np.concatenate([tree.leaf_value for tree in trees]),
        max(len(tree.leaf_value) for tree in trees),
    )


@compiled
def _add_leaves(trees: Trees, same: Array, by_day: Array, margins: Array) -> None:
    """Add to each margin the leaf of each tree, tree by tree."""
    for row in range(len(same)):
        _add_leaves_of_row(trees, same[row], by_day[row], margins[row])


@compiled
def _add_leaves_of_row(trees: Trees, same: Array, by_day: Array, margins: Array) -> None:
    days = len(by_day)
    # The right branches that some days have still to go, and which days these are.
    waiting = np.empty(trees.max_leaves, dtype=np.int64)
    their_days = np.empty(trees.max_leaves, dtype=np.uint64)
    for root in trees.first:
        waiting[0], their_days[0] = root, ~(~np.uint64(0) << np.uint64(days))
        number = 1
        while number > 0:
            number -= 1
            node, going = waiting[number], their_days[number]
            while node >= 0:
                if trees.feature[node] < len(same):
                    goes_left = _goes_left(trees, node, same[trees.feature[node]])
                    node = trees.left[node] if goes_left else trees.right[node]
                    continue
                to_left = going & _days_to_left(trees, node, by_day[:, trees.feature[node] - len(same)])
                if to_left != going and to_left != 0:
                    waiting[number], their_days[number] = trees.right[node], going & ~to_left
                    number += 1
                going, node = (to_left, trees.left[node]) if to_left != 0 else (going, trees.right[node])
            for day in range(days):
                if going >> np.uint64(day) & np.uint64(1):
                    margins[day] += trees.leaf[~node]


@compiled
def _days_to_left(trees: Trees, node: int, values: Array) -> np.uint64:
    """The days whose values a node sends to the left, as bits."""
    days = np.uint64(0)
    for day in range(len(values)):
        days |= np.uint64(_goes_left(trees, node, values[day])) << np.uint64(day)
    return days


@compiled
def _goes_left(trees: Trees, node: int, value: float) -> bool:
    return bool(trees.missing_goes_left[node]) if np.isnan(value) else bool(value <= trees.threshold[node])
