"""Cross-validation over time: a split is tested on one snapshot and trained on those that were over before it."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import indexable

from pipeline.api.arrays import Days, as_days
from pipeline.model import split

Rows = npt.NDArray[np.intp]
SNAPSHOT = "snapshot"


class SnapshotSplit:
    """Splits by snapshot so that no outcome window of a training row reaches the test snapshot (point-in-time).

    A random split would put a customer's January into training and the February before it into the test: the model
    would be tested on what it was told. Here a training snapshot is at least ``gap_days + horizon_days`` older than the
    test snapshot, so every training label was known on the morning of the test.

    Parameters
    ----------
    n_splits : int
        Number of splits, 1 or more; the latest snapshots are the test snapshots, one each, in the order of time.
    gap_days : int
        Days between a snapshot and its outcome window; ``params.yaml: label.gap_days``.
    horizon_days : int
        Length of the outcome window in days; ``params.yaml: label.horizon_days``.
    min_train_snapshots : int
        Snapshots that a split has to train on. `ChurnClassifier` needs two that do not overlap where it is given
        snapshots: one to train on, and a later one to calibrate on.

    Examples
    --------
    >>> days = np.repeat(["2024-01-01", "2024-01-31", "2024-03-01", "2024-03-31"], 2)
    >>> splitter = SnapshotSplit(n_splits=2, horizon_days=30)
    >>> [(train.tolist(), test.tolist()) for train, test in splitter.split(days, groups=days)]
    [([0, 1, 2, 3], [4, 5]), ([0, 1, 2, 3, 4, 5], [6, 7])]
    """

    def __init__(
        self, n_splits: int = 3, *, gap_days: int = 0, horizon_days: int = 30, min_train_snapshots: int = 1
    ) -> None:
        self.n_splits = n_splits
        self.gap_days = gap_days
        self.horizon_days = horizon_days
        self.min_train_snapshots = min_train_snapshots

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({settings})"

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:  # noqa: ARG002, N803
        """Return the number of splits, as scikit-learn asks for it."""
        return self.n_splits

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[Rows, Rows]]:  # noqa: N803
        """Yield the rows to train on and the rows to test on, earliest test snapshot first.

        Parameters
        ----------
        X
            Features, (rows, features). A frame may hold the days as a column ``snapshot``.
        y
            Ignored.
        groups
            The snapshot of each row, (rows,). None takes the column ``snapshot`` of `X`.

        Raises
        ------
        ValueError
            There are no days, or too few snapshots for that many splits.
        """
        days = self._days(X, groups)
        indexable(X, y, days)
        present = sorted(set(days.tolist()))
        pairs = [
            (earlier, day)
            for day in present
            if len(earlier := split.known_by(present, day, self.gap_days + self.horizon_days))
            >= max(1, self.min_train_snapshots)
        ]
        self._check_enough(present, pairs)
        for earlier, day in pairs[-self.n_splits :]:
            train = np.isin(days, np.array(earlier, dtype="datetime64[D]"))
            yield np.flatnonzero(train), np.flatnonzero(days == np.datetime64(day))

    def _days(self, features: Any, groups: Any) -> Days:
        if groups is not None:
            return as_days(groups)
        if SNAPSHOT in getattr(features, "columns", ()):
            return as_days(features[SNAPSHOT])
        raise ValueError(f"groups: pass the snapshot of each row, or a frame with the column {SNAPSHOT!r}")

    def _check_enough(self, present: list[date], pairs: list[tuple[list[date], date]]) -> None:
        if self.n_splits < 1:
            raise ValueError(f"n_splits must be 1 or more, found {self.n_splits}")
        if len(pairs) < self.n_splits:
            raise ValueError(
                f"n_splits={self.n_splits}: of {len(present)} snapshots, {len(pairs)} have {self.min_train_snapshots} "
                f"before them that are {self.gap_days + self.horizon_days} days apart (gap_days + horizon_days); "
                "ask for fewer splits, or build more snapshots"
            )
