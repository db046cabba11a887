"""``Project(folder)``: everything the pipeline wrote in a folder, as frames and ``shap`` objects; it writes nothing."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import polars as pl

from pipeline.api import orders, trial
from pipeline.api.customer import CustomerScore, describe
from pipeline.api.frames import Frame, check_engine, to_engine
from pipeline.api.published_week import Week, read_actions, read_week
from pipeline.config import params, paths
from pipeline.config.errors import BadData, BadParams
from pipeline.config.paths import Paths
from pipeline.config.problems import suggestion
from pipeline.examples import labelled
from pipeline.examples.definition import definition, definition_at
from pipeline.examples.features import Feature, model_features
from pipeline.model import split
from pipeline.tables import schemas, storage

if TYPE_CHECKING:
    from pipeline.api.classifier import ChurnClassifier
    from pipeline.model.artefacts import ChurnModel

RUN = "run: dvc repro"


class Project:
    """A folder with a ``params.yaml`` and what the stages made there.

    Parameters
    ----------
    folder
        The folder that holds ``params.yaml``; every path is looked up below it, wherever the program runs.
    engine
        ``"pandas"`` (Arrow-backed columns) or ``"polars"``: what the frames are. Each method takes another one.

    Raises
    ------
    BadParams
        There is no ``params.yaml``, or it is wrong.

    Notes
    -----
    What is not there yet raises ``BadData`` in one line that says what to run. Nothing is cached but settings and the
    model, so a frame may be changed freely.

    Examples
    --------
    >>> Project("no/such/folder")
    Traceback (most recent call last):
        ...
    pipeline.config.errors.BadParams: no/such/folder: holds no params.yaml; Project(folder) takes the folder that does
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

    @classmethod
    def from_orders(
        cls, frame: Any, *, folder: str | Path | None = None, engine: str = "pandas", **settings: Any
    ) -> Project:
        """Return a project built from a frame of orders: checked tables and examples, no model yet.

        Parameters
        ----------
        frame
            One row per order line: a pandas or polars frame, or an Arrow table.
        folder
            Where the project is kept. None takes a temporary folder that goes when the project is no longer used.
        engine
            As for `Project`.
        settings
            The columns and the days; see `pipeline.api.orders.OrderSettings`. ``customer_id``, ``ts`` and ``amount``
            are needed.
        """
        wanted = orders.OrderSettings.of(settings)
        own = Path(folder) if folder is not None else Path(tempfile.mkdtemp(prefix="churn-"))
        try:
            orders.build_project(frame, own, wanted)
            project = cls(own, engine=engine)
        except BaseException:
            if folder is None:
                shutil.rmtree(own, ignore_errors=True)
            raise
        if folder is None:
            weakref.finalize(project, shutil.rmtree, own, ignore_errors=True)
        return project

    # ------------------------------------------------------------------------------------------------- what went in

    @property
    def ingest_report(self) -> dict[str, Any]:
        """What was read, accepted, counted once and refused, by table."""
        return storage.read_json(self.paths.ingest_report)

    @overload
    def tables(self, name: None = None, *, engine: str | None = None) -> dict[str, Frame]: ...
    @overload
    def tables(self, name: str, *, engine: str | None = None) -> Frame: ...
    def tables(self, name: str | None = None, *, engine: str | None = None) -> dict[str, Frame] | Frame:
        """Return one canonical table, or all that are there by name.

        Parameters
        ----------
        name
            Such as ``"transactions"``. Money is in whole minor units (cents): ``amount_minor``.
        engine
            Instead of the project's.
        """
        there = [known for known in schemas.TABLES if storage.bucket_files(self.paths.tables / known)]
        if not there:
            raise BadData(f"{self.paths.tables}: holds no tables; {RUN}")
        if name is None:
            return {known: self._frame(storage.read_buckets(self.paths.tables / known), engine) for known in there}
        if name not in there:
            raise BadData(f"there is no table {name!r}{suggestion(name, there)}")
        return self._frame(storage.read_buckets(self.paths.tables / name), engine)

    # -------------------------------------------------------------------------------------------------- the examples

    @property
    def feature_names(self) -> list[str]:
        """The columns of `examples` that a model may see."""
        return [feature.name for feature in model_features(self.settings.features, self.settings.sources)]

    @property
    def examples_report(self) -> dict[str, Any]:
        """Who was seen, eligible and labelled at each snapshot, and which snapshots are complete."""
        return storage.read_json(self.paths.examples_report)

    def definition(self, snapshot: str | date | None = None) -> str:
        """Return what churn means here, in a sentence: for one snapshot, or for none in particular."""
        label = self.settings.label
        return definition(label) if snapshot is None else definition_at(_days(snapshot)[0], label)

    @property
    def snapshots(self) -> split.Split:
        """Which complete snapshots train, which one validates and which one tests."""
        return split.by_time(labelled.complete_days(self.paths), self.settings.label)

    def examples(
        self,
        snapshot: str | date | Sequence[str | date] | None = None,
        *,
        labelled: bool = False,
        engine: str | None = None,
    ) -> Frame:
        """Return one row per customer and snapshot: ``customer_id``, ``snapshot``, the label ``churned``, features.

        Parameters
        ----------
        snapshot
            One day or several, such as ``"2024-07-01"``; all of them if None.
        labelled
            Whether only complete snapshots are wanted, of which ``churned`` (0, 1) is known. Else it is missing where
            the outcome window is not over.
        engine
            Instead of the project's.
        """
        rows = storage.read_buckets(self.paths.examples)
        if snapshot is not None:
            rows = rows.filter(pl.col("snapshot").is_in(_days(snapshot)))
        if labelled:
            rows = rows.filter(pl.col("churned").is_not_null())
        return self._frame(self._named(rows), engine)

    def examples_with(
        self, features: Sequence[Feature], snapshot: str | date | Sequence[str | date], *, engine: str | None = None
    ) -> Frame:
        """Return examples with further features beside the declared ones, built anew and kept nowhere.

        Parameters
        ----------
        features
            Declared as in `pipeline.examples.features`: each an aggregate over the history, or a formula.
        snapshot
            One day or several.
        engine
            Instead of the project's.
        """
        rows = trial.build_examples(self.paths, self.settings, features, _days(snapshot))
        return self._frame(self._named(rows), engine)

    def _named(self, examples: pl.DataFrame) -> pl.DataFrame:
        named = examples.join(self._customer_ids(), on="customer_key", how="left").sort("snapshot", "customer_key")
        return named.select("customer_id", pl.exclude("customer_id"))

    def _customer_ids(self) -> pl.DataFrame:
        return storage.read_buckets(self.paths.tables / "transactions", ["customer_key", "customer_id"]).unique()

    # ---------------------------------------------------------------------------------------------------- the scores

    @cached_property
    def model(self) -> ChurnModel:
        """The model in ``models/``: ``evaluated_probability(examples)`` is what the evaluation tested."""
        # LightGBM loads here and not before: who reads tables does not wait for it.
        from pipeline.model import artefacts

        return artefacts.load(self.paths.models)

    def classifier(self, **changes: Any) -> ChurnClassifier:
        """Return an unfitted `ChurnClassifier` with the hyperparameters and the outcome window of ``params.yaml``.

        Parameters
        ----------
        changes
            Arguments of `ChurnClassifier` that differ, such as ``max_trees=40``.
        """
        # scikit-learn and LightGBM load here; see `model`.
        from pipeline.api.classifier import ChurnClassifier
        from pipeline.api.hyperparameters import arguments_of

        features = model_features(self.settings.features, self.settings.sources)
        return ChurnClassifier(**arguments_of(self.settings.model, self.settings.label, features) | changes)

    @property
    def metrics(self) -> dict[str, Any]:
        """The headline figures on the test snapshot, beside simple rules."""
        return storage.read_json(self.paths.metrics)

    @property
    def evaluation(self) -> dict[str, Any]:
        """Everything behind the headline figures: intervals, backtest, segments, calibration, profit."""
        return storage.read_json(self.paths.evaluation)

    def scores(self, *, engine: str | None = None) -> Frame:
        """Return one row per eligible customer at ``as_of``: probability, band, value at stake, reasons."""
        return self._frame(self._scores(), engine)

    def _scores(self) -> pl.DataFrame:
        return storage.read_buckets(self.paths.scores).sort("customer_key")

    def contributions(self, examples: Any = None) -> Any:
        """Return what each feature adds to each score, as a ``shap.Explanation`` in log-odds.

        Parameters
        ----------
        examples
            Rows of `examples`, in any engine. None takes the customers of `scores`, row by row.

        Returns
        -------
        shap.Explanation
            ``values`` (rows, features), ``base_values`` (rows,), ``data``, ``feature_names``. Row by row, values and
            base add up to ``log_odds``: the score before calibration. They are exact (TreeSHAP), not sampled.
        """
        # Both load LightGBM; see `model`.
        from pipeline.reasons import ensemble_contributions, plots

        rows = self._scored_examples() if examples is None else _as_polars(examples)
        matrix = self.model.matrix(rows)
        values = ensemble_contributions.contributions(self.model.ensemble, matrix, self.settings.storage.threads)
        return plots.explanation(values, matrix, self.model.features)

    def _scored_examples(self) -> pl.DataFrame:
        keys = self._scores().select("customer_key")
        rows = storage.read_buckets(self.paths.examples).filter(pl.col("snapshot") == self.settings.snapshots.as_of)
        found = keys.join(rows, on="customer_key", how="inner", maintain_order="left")
        if len(found) != len(keys):
            raise BadData(f"{self.paths.scores}: is not of {self.settings.snapshots.as_of}; {RUN}")
        return found

    def explain(self, customer_id: str) -> CustomerScore:
        """Return everything known about one customer's score: probability, reasons, contributions, action.

        Raises
        ------
        BadData
            Nobody of that id was scored; the message says whose id is close, or that the customer is not eligible.
        """
        scores = self._scores()
        places = scores.with_row_index("place").filter(pl.col("customer_id") == str(customer_id))["place"]
        if places.is_empty():
            raise BadData(self._unknown(str(customer_id), scores["customer_id"].to_list()))
        place = int(places[0])
        explained = self.contributions(self._scored_examples()[place : place + 1])
        week = read_actions(self.paths, self.settings.snapshots.as_of)
        actions = week.filter(pl.col("customer_id") == str(customer_id))
        action = actions.row(0, named=True) if len(actions) else {}
        return describe(scores.row(place, named=True), explained[0], action, self.settings.data.currency)

    def _unknown(self, customer_id: str, scored: list[str]) -> str:
        day = self.settings.snapshots.as_of
        if customer_id in self._customer_ids()["customer_id"].to_list():
            return f"customer {customer_id!r} bought before, but was not eligible at {day}; see reports/examples.json"
        return f"customer {customer_id!r} is not among the {len(scored):,} scored as of {day}" + orders.close_to(
            customer_id, scored
        )

    # -------------------------------------------------------------------------------------------------- what went out

    def actions(self, *, engine: str | None = None) -> Frame:
        """Return all decisions of the week of ``as_of``; see `week`."""
        return self._frame(read_actions(self.paths, self.settings.snapshots.as_of), engine)

    def week(self, day: str | date | None = None, *, engine: str | None = None) -> Week:
        """Return the week published for a day; that of ``as_of`` if None."""
        wanted = self.settings.snapshots.as_of if day is None else date.fromisoformat(str(day))
        return read_week(self.paths, wanted, lambda frame: self._frame(frame, engine))

    def _frame(self, frame: pl.DataFrame, engine: str | None) -> Frame:
        return to_engine(frame, self.engine if engine is None else engine)


def _days(snapshot: str | date | Sequence[str | date]) -> list[date]:
    days = [snapshot] if isinstance(snapshot, str | date) else list(snapshot)
    return [date.fromisoformat(str(day)) for day in days]


def _as_polars(frame: Any) -> pl.DataFrame:
    return frame if isinstance(frame, pl.DataFrame) else pl.DataFrame(pl.from_pandas(frame))
