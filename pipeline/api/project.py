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
from pipeline.api.customer import CustomerScore, describe, unknown_customer
from pipeline.api.frames import Frame, to_polars
from pipeline.api.project_folder import Day, ProjectFolder, as_dates
from pipeline.api.published_week import Week, read_actions, read_week
from pipeline.config.errors import BadData
from pipeline.config.problems import suggestion
from pipeline.examples.features import Feature, model_features
from pipeline.sources.ids import canonical_id
from pipeline.tables import storage

if TYPE_CHECKING:
    from pipeline.api.classifier import ChurnClassifier
    from pipeline.model.artefacts import ChurnModel


class Project(ProjectFolder):
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
        if name is None:
            return {known: self.tables(known, engine=engine) for known in self.table_names}
        if name not in self.table_names:
            raise BadData(f"there is no table {name!r}{suggestion(name, self.table_names)}")
        return self._frame(storage.read_buckets(self.paths.tables / name), engine)

    def examples(
        self,
        snapshot: Day | Sequence[Day] | None = None,
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
            rows = rows.filter(pl.col("snapshot").is_in(as_dates(snapshot)))
        if labelled:
            rows = rows.filter(pl.col("churned").is_not_null())
        return self._frame(self._named(rows), engine)

    def examples_with(
        self, features: Sequence[Feature], snapshot: Day | Sequence[Day], *, engine: str | None = None
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
        rows = trial.build_examples(self.paths, self.settings, features, as_dates(snapshot))
        return self._frame(self._named(rows), engine)

    def _named(self, examples: pl.DataFrame) -> pl.DataFrame:
        named = examples.join(self._customer_ids(), on="customer_key", how="left").sort("snapshot", "customer_key")
        return named.select("customer_id", pl.exclude("customer_id"))

    def _customer_ids(self) -> pl.DataFrame:
        return storage.read_buckets(self.paths.tables / "transactions", ["customer_key", "customer_id"]).unique()

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

        rows = self._scored_examples() if examples is None else to_polars(examples)
        ensemble = self.model.ensemble
        true = ensemble.values(rows)
        values = ensemble_contributions.contributions(ensemble, ensemble.seen(true), self.settings.storage.threads)
        return plots.explanation(values, true, self.model.features)

    def _scored_examples(self) -> pl.DataFrame:
        keys = self._scores().select("customer_key")
        rows = storage.read_buckets(self.paths.examples).filter(pl.col("snapshot") == self.settings.snapshots.as_of)
        examples = keys.join(rows, on="customer_key", how="inner", maintain_order="left")
        if len(examples) != len(keys):
            raise BadData(f"{self.paths.scores}: is not of {self.settings.snapshots.as_of}; run: dvc repro")
        return examples

    def explain(self, customer_id: str) -> CustomerScore:
        """Return everything known about one customer's score: probability, reasons, contributions, action.

        Raises
        ------
        BadData
            Nobody of that id was scored; the message says whose id is close, or that the customer is not eligible.
        """
        scores = self._scores()
        key = canonical_id(str(customer_id), self.settings.data.customer_ids)
        places = scores.with_row_index("place").filter(pl.col("customer_id") == key)["place"]
        if places.is_empty():
            raise BadData(unknown_customer(key, self.settings.snapshots.as_of, scores, self._customer_ids()))
        place = int(places[0])
        explained = self.contributions(self._scored_examples()[place : place + 1])
        actions = read_actions(self.paths, self.settings.snapshots.as_of).filter(pl.col("customer_id") == key)
        action = actions.row(0, named=True) if len(actions) else {}
        return describe(scores.row(place, named=True), explained[0], action, self.settings.data.currency)

    def actions(self, *, engine: str | None = None) -> Frame:
        """Return all decisions of the week of ``as_of``; see `week`."""
        return self._frame(read_actions(self.paths, self.settings.snapshots.as_of), engine)

    def week(self, day: Day | None = None, *, engine: str | None = None) -> Week:
        """Return the week published for a day; that of ``as_of`` if None."""
        wanted = self.settings.snapshots.as_of if day is None else date.fromisoformat(str(day))
        return read_week(self.paths, wanted, lambda frame: self._frame(frame, engine))
