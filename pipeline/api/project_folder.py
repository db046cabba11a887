"""A folder with a ``params.yaml``: its settings, its paths and the reports that the stages left there."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl

from pipeline.api.frames import Frame, check_engine, to_engine
from pipeline.api.project_snapshots import ProjectSnapshots, parts_of, table_of
from pipeline.config import params, paths
from pipeline.config.errors import BadData, BadParams
from pipeline.config.paths import Paths
from pipeline.examples import labelled
from pipeline.examples.definition import definition, definition_at
from pipeline.examples.features import model_features
from pipeline.tables import schemas, storage

Day: TypeAlias = str | date


class ProjectFolder:
    """What `Project` knows without reading a table.

    Attributes
    ----------
    folder, paths
        The folder, and where everything in it is; both absolute.
    settings
        The whole of ``params.yaml``.
    engine
        ``"pandas"`` or ``"polars"``.
    """

    def __init__(self, folder: str | Path = ".", *, engine: str = "pandas") -> None:
        self.folder = Path(folder).resolve()
        self.engine = check_engine(engine)
        if not (self.folder / paths.PARAMS).is_file():
            raise BadParams(f"{folder}: holds no {paths.PARAMS}; Project(folder) takes the folder that does")
        self.settings = params.load(self.folder / paths.PARAMS)
        self.paths = Paths(*(self.folder / part for part in ("data", "models", "reports", "exports")))

    def __repr__(self) -> str:
        return f"Project({self.settings.data.name}, as of {self.settings.snapshots.as_of}, {str(self.folder)!r})"

    @property
    def ingest_report(self) -> dict[str, Any]:
        """What was read, accepted, counted once and refused, by table."""
        return storage.read_json(self.paths.ingest_report)

    @property
    def metrics(self) -> dict[str, Any]:
        """The headline figures on the test snapshot."""
        return storage.read_json(self.paths.metrics)

    @property
    def verdict(self) -> dict[str, Any]:
        """The grade, the sentence behind it, and the figures of the model and of every rule it has to beat."""
        return storage.read_json(self.paths.verdict)

    @property
    def evaluation(self) -> dict[str, Any]:
        """Everything behind the headline figures: intervals, backtest, segments, calibration, profit."""
        return storage.read_json(self.paths.evaluation)

    @property
    def examples_report(self) -> dict[str, Any]:
        """Who was seen, eligible and labelled at each snapshot, and which snapshots are complete."""
        return storage.read_json(self.paths.examples_report)

    @property
    def feature_names(self) -> list[str]:
        """The columns of `examples` that a model may see."""
        return [feature.name for feature in model_features(self.settings.features, self.settings.sources)]

    @property
    def table_names(self) -> list[str]:
        """The canonical tables that are there; the others were not declared."""
        there = [name for name in schemas.TABLES if storage.bucket_files(self.paths.tables / name)]
        if not there:
            raise BadData(f"{self.paths.tables}: holds no tables; run: dvc repro")
        return there

    def definition(self, snapshot: str | date | None = None) -> str:
        """Return what churn means here, in a sentence: for one snapshot, or for none in particular."""
        label = self.settings.label
        return definition(label) if snapshot is None else str(definition_at(as_dates(snapshot)[0], label))

    @property
    def snapshots(self) -> ProjectSnapshots:
        """All snapshots in ``table``, and which of them train, validate and test, as far as their outcomes are known.

        ``train`` is a list; ``validation`` and ``test`` are days, and raise ``NotEnoughData`` where there is none.
        """
        train, validation, test, missing = parts_of(labelled.complete_days(self.paths), self.settings)
        table = table_of(self.examples_report, self.settings, train, validation, test)
        return ProjectSnapshots(self._frame(table, None), train, validation, test, missing)

    def _frame(self, frame: pl.DataFrame, engine: str | None) -> Frame:
        return to_engine(frame, self.engine if engine is None else engine)


def as_dates(snapshot: Day | Sequence[Day]) -> list[date]:
    """Return one day or several as dates.

    >>> as_dates("2024-07-01")
    [datetime.date(2024, 7, 1)]
    """
    days = [snapshot] if isinstance(snapshot, str | date) else list(snapshot)
    return [date.fromisoformat(str(day)) for day in days]
