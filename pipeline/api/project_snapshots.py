"""The snapshots of a project: what is known of each, and what part it has in the making of the model."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl

from pipeline.api.frames import Frame
from pipeline.config.errors import NotEnoughData
from pipeline.config.params import Params
from pipeline.examples.snapshots import outcome_window
from pipeline.model import split


@dataclass(frozen=True)
class ProjectSnapshots:
    """The snapshots by their part; ``validation`` and ``test`` refuse in one line where there is none.

    Attributes
    ----------
    table
        All of them, complete or not, as `table_of` makes it.
    train
        Their outcome windows are over before the validation snapshot; none where there is too little to learn from.
    """

    table: Frame = field(compare=False)
    train: list[date]
    _validation: date | None
    _test: date | None
    _missing: str = ""

    def __repr__(self) -> str:
        return f"ProjectSnapshots: train {len(self.train)}, validation {self._validation}, test {self._test}"

    @property
    def validation(self) -> date:
        """The one that ends the training and calibrates; its window is over before the test snapshot."""
        return self._there(self._validation)

    @property
    def test(self) -> date:
        """The last complete one, from which nothing was learnt; where the packaged prior ranks, it is graded on it."""
        return self._there(self._test)

    def _there(self, day: date | None) -> date:
        # A day that is None would be all days to whoever asks for the examples of it.
        if day is None:
            raise NotEnoughData(self._missing)
        return day


def parts_of(complete: list[date], settings: Params) -> tuple[list[date], date | None, date | None, str]:
    """Return the training snapshots, the validation and the test snapshot, and why one of them is missing.

    Parameters
    ----------
    complete
        The snapshots whose outcome windows are over.
    settings
        ``params.yaml``.
    """
    try:
        parts = split.by_time(complete, settings.label)
    except NotEnoughData as error:
        if settings.model.prior != "packaged" or not complete:
            return [], None, None, str(error)
        graded = max(complete)
        return [], None, graded, f"no snapshot validates: the packaged prior ranks, and is graded on {graded}"
    return parts.train, parts.validation, parts.test, ""


def table_of(
    report: dict[str, Any], settings: Params, train: list[date], validation: date | None, test: date | None
) -> pl.DataFrame:
    """Return one row per snapshot, the earliest first.

    Parameters
    ----------
    report
        ``reports/examples.json``.
    settings
        ``params.yaml``.
    train, validation, test
        As `parts_of` names them.

    Returns
    -------
    DataFrame
        ``snapshot``; ``part`` (train, validation, test, or missing where it has none); ``outcome_known_on``, the first
        day after its outcome window; ``eligible`` customers; ``churned``, how many of these churned, missing while the
        window is not over.
    """
    part = dict.fromkeys(train, "train") | {validation: "validation", test: "test"}
    days = sorted(map(date.fromisoformat, report["snapshots"]))
    counts = [report["snapshots"][str(day)] for day in days]
    churned = [
        one["labelled_1"] if str(day) in report["complete"] else None for day, one in zip(days, counts, strict=True)
    ]
    return pl.DataFrame(
        {
            "snapshot": pl.Series(days, dtype=pl.Date),
            "part": pl.Series([part.get(day) for day in days], dtype=pl.String),
            "outcome_known_on": pl.Series([outcome_window(day, settings.label).end for day in days], dtype=pl.Date),
            "eligible": pl.Series([one["eligible"] for one in counts], dtype=pl.Int64),
            "churned": pl.Series(churned, dtype=pl.Int64),
        }
    )
