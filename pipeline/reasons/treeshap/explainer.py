"""Exact contributions of every feature to every row's margin, as cheap as predicting.

The numbers are those of LightGBM's ``pred_contrib`` (path-dependent TreeSHAP). `Explainer` tabulates a model once and
looks rows up in the tables; `contributions` is the same for a single call. How the tables come about is told, from the
inside out, in ``_product_game`` (one leaf), ``_paths`` (the leaves of a tree) and ``regions`` (the model).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from pipeline.compiled import in_blocks
from pipeline.reasons.treeshap._codes import make_codebook
from pipeline.reasons.treeshap.regions import RegionModel, build_regions
from pipeline.trees import NotCovered, parse_trees

Method = Literal["auto", "fast", "reference"]
Values = NDArray[np.float64] | NDArray[np.float32]

# At work at a time in each thread; 18 bytes for each value, so 18 MB for 60 features. Tables of a large model do not
# fit in a cache: each block reads all of them, so larger blocks read them less often.
BLOCK_ROWS = 16_384


class Booster(Protocol):
    """The part of ``lightgbm.Booster`` that is used here."""

    def num_feature(self) -> int:
        """Number of columns the model was trained on."""

    def model_to_string(self) -> str:
        """The trees that `predict` uses, as text."""

    def predict(self, data: Any, *, pred_contrib: bool, num_threads: int) -> Any:
        """LightGBM's own contributions."""


@dataclass(frozen=True)
class Explainer:
    r"""A model made ready to explain many blocks of rows.

    The booster is read when the explainer is made, up to its best iteration if it stopped early, as ``predict`` does.
    Later changes to the booster are not noticed.

    Parameters
    ----------
    booster : lightgbm.Booster
        One output per row: regression, or binary classification.
    method : {"auto", "fast", "reference"}, default "auto"
        ``"fast"`` insists on the tables, ``"reference"`` on LightGBM's own ``pred_contrib``; ``"auto"`` takes the
        tables where the model allows them and LightGBM where not.
    tables : RegionModel, optional
        `tables` of an explainer of the same booster, which saves making the model ready again.

    Attributes
    ----------
    tables : RegionModel or None
        What rows are looked up in; None where LightGBM itself is asked.
    refusal : str or None
        Why LightGBM itself has to be asked; None if the tables are used, or were not wanted.

    Raises
    ------
    ValueError
        Unknown method; or ``"fast"`` and a model it does not cover: several outputs per row, random forests, linear
        trees, ``zero_as_missing``, nodes without training rows, a feature with more than 65,534 thresholds or that is
        numerical in one tree and categorical in another, tables above 1 GiB (some thousand deep trees).

    Notes
    -----
    A leaf of value ``w`` with the features ``j`` on its path, of which a row passes the tests (``b_j = 1``) or fails
    them (``b_j = 0``) and a share ``r_j`` of the training rows passes them, contributes

    .. math:: \phi_i = w (b_i - r_i) \int_0^1 \prod_{j \ne i} (r_j + t (b_j - r_j)) \, dt

    and contributions add over leaves and trees; the base is the mean leaf value over the training rows. Source: the
    path-dependent game of Lundberg, Erion, Lee (2018), arXiv:1802.03888, solved by Owen's multilinear extension (1972).

    Examples
    --------
    Three customers with x = 0 spend nothing, one with x = 1 spends 4: the mean is 1, and x explains the rest.

    >>> import lightgbm
    >>> X, spend = np.array([[0.0], [0.0], [0.0], [1.0]]), np.array([0.0, 0.0, 0.0, 4.0])
    >>> tiny = {"min_data_in_leaf": 1, "min_data_in_bin": 1, "learning_rate": 1.0, "verbose": -1, "num_threads": 1}
    >>> booster = lightgbm.train(tiny, lightgbm.Dataset(X, spend), num_boost_round=1)
    >>> Explainer(booster, method="fast").contributions(X[2:]).round(12)
    array([[-1.,  1.],
           [ 3.,  1.]])
    """

    booster: Booster
    method: Method = "auto"
    tables: RegionModel | None = field(default=None, repr=False, compare=False)
    refusal: str | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        if self.method not in get_args(Method):
            raise ValueError(f"method is {self.method!r}, expected one of {', '.join(get_args(Method))}")
        if self.method == "reference":
            object.__setattr__(self, "tables", None)
        if self.method == "reference" or self.tables is not None:
            return
        try:
            trees = parse_trees(self.booster.model_to_string())
            tables = build_regions(trees, make_codebook(trees, self.booster.num_feature()))
        except NotCovered as refusal:
            if self.method == "fast":
                raise
            object.__setattr__(self, "refusal", str(refusal))
        else:
            object.__setattr__(self, "tables", tables)

    def contributions(
        self,
        X: Values,  # noqa: N803 - the name that everyone uses
        *,
        num_threads: int = 1,
        block_rows: int = BLOCK_ROWS,
    ) -> NDArray[np.float64]:
        """Contributions of each feature to each row's margin, and the base.

        Parameters
        ----------
        X : ndarray of shape (rows, features), float64 or float32
            In the column order of training, C or Fortran order. NaN is a missing value.
        num_threads : int, default 1
            At least 1. The result does not depend on it, not even in the last bit.
        block_rows : int, default 16384
            Rows at work at a time in each thread at most, at least 1; the result does not depend on it either.

        Returns
        -------
        ndarray of shape (rows, features + 1), float64
            In units of the margin (log-odds for a binary model); the last column is the base, the same in every row.
            A row sums to its margin, ``booster.predict(X, raw_score=True)``, up to rounding (1e-9). For models with
            several outputs, or averaged ones, it is whatever LightGBM returns; for linear trees it refuses, too.

        Raises
        ------
        ValueError
            Wrong shape or type of ``X``, or a number below 1.
        """
        _check(X, self.booster.num_feature(), num_threads=num_threads, block_rows=block_rows)
        if self.tables is None or len(X) == 0:
            return self._ask_booster(X, num_threads)
        return _look_up(self.tables, X, num_threads, block_rows)

    def _ask_booster(self, X: Values, num_threads: int) -> NDArray[np.float64]:  # noqa: N803
        if len(X) == 0:  # LightGBM refuses an empty block
            return np.empty((0, X.shape[1] + 1))
        return np.asarray(self.booster.predict(X, pred_contrib=True, num_threads=num_threads), dtype=np.float64)


def contributions(
    booster: Booster,
    X: Values,  # noqa: N803
    *,
    method: Method = "auto",
    num_threads: int = 1,
) -> NDArray[np.float64]:
    """Contributions of each feature to each row's margin, and the base: an `Explainer` for a single call.

    Parameters
    ----------
    booster : lightgbm.Booster
        See `Explainer`, as for ``method`` and the errors it raises.
    X : ndarray of shape (rows, features), float64 or float32
        See `Explainer.contributions`, as for the errors it raises.
    method : {"auto", "fast", "reference"}, default "auto"
        Tables where possible, tables or an error, LightGBM's ``pred_contrib``.
    num_threads : int, default 1
        At least 1; the result does not depend on it.

    Returns
    -------
    ndarray of shape (rows, features + 1), float64
        In units of the margin, the base last, as ``booster.predict(X, pred_contrib=True)``.
    """
    return Explainer(booster, method).contributions(X, num_threads=num_threads)


def _look_up(tables: RegionModel, X: Values, num_threads: int, block_rows: int) -> NDArray[np.float64]:  # noqa: N803
    result = np.empty((X.shape[0], X.shape[1] + 1))
    result[:, -1] = tables.base

    def put(rows: slice, block: NDArray[np.float64]) -> None:
        result[rows, :-1] = block.T

    by_block(tables, X, put, num_threads, block_rows)
    return result


def by_block(
    tables: RegionModel,
    X: Values,  # noqa: N803
    take: Callable[[slice, NDArray[np.float64]], None],
    num_threads: int,
    block_rows: int = BLOCK_ROWS,
) -> None:
    """Explain block by block; threads share nothing but what `take` writes of the rows that each of them explains.

    Parameters
    ----------
    tables : RegionModel
        The model.
    X : ndarray of shape (rows, features)
        At least one row.
    take : callable
        Is handed which rows a block has, and their contributions without the base, of shape (features, rows).
    num_threads, block_rows : int
        See `Explainer.contributions`.
    """

    def explain(rows: slice) -> None:
        take(rows, tables.contributions(np.ascontiguousarray(X[rows].T, dtype=np.float64)))

    turns = math.ceil(len(X) / (num_threads * block_rows))
    in_blocks(explain, len(X), math.ceil(len(X) / (num_threads * turns)), num_threads)  # as much for each thread


def _check(X: Values, features: int, **at_least_1: int) -> None:  # noqa: N803
    if not isinstance(X, np.ndarray) or X.dtype not in (np.float64, np.float32):
        kind = X.dtype if isinstance(X, np.ndarray) else type(X).__name__
        raise ValueError(f"X is {kind}, expected a float64 or float32 array")
    if X.ndim != 2 or X.shape[1] != features:
        raise ValueError(f"X has shape {X.shape}, expected (rows, {features}): one column per feature of the model")
    for name, number in at_least_1.items():
        if number < 1:
            raise ValueError(f"{name} is {number}, expected at least 1")
