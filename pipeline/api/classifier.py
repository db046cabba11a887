"""The model of the pipeline as a scikit-learn estimator: trees and additive logistic regression, calibrated."""

from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.base import ClassifierMixin
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import check_is_fitted, validate_data

from pipeline.api import hold_out, portable
from pipeline.api.arrays import as_numbers, as_plain, encode_labels
from pipeline.api.feature_columns import FeatureColumns
from pipeline.api.hyperparameters import label_section, model_section
from pipeline.api.portable import PortableEstimator
from pipeline.model import training
from pipeline.model.calibration_residual import covers_a_year
from pipeline.reasons import ensemble_contributions, plots

Array = npt.NDArray[np.float64]
DIRECTIONS: dict[int, Literal["up", "down", "none"]] = {-1: "down", 0: "none", 1: "up"}


class ChurnClassifier(ClassifierMixin, PortableEstimator):  # type: ignore[misc]
    """The ensemble of the pipeline for any table of numbers: calibrated probabilities with exact SHAP values.

    Gradient-boosted trees and an additive logistic regression are added up as log-odds, and a Platt curve turns these
    into probabilities. The hyperparameters have the names and defaults of ``params.yaml: model``; ``random_state`` and
    ``n_jobs`` are its ``seed`` and ``num_threads``.

    Parameters
    ----------
    additive_logistic_share : float or "auto"
        Weight (0-1) of the logistic regression; the trees have the rest. ``"auto"`` takes the quarter that predicts
        the validation part best.
    additive_logistic_cuts : int
        Points of each feature between which its effect is a straight line (2-50).
    additive_logistic_l2 : float
        L2 penalty on these effects, above 0.
    additive_logistic_max_rows, max_rows : int
        Rows that the regression, and that both parts, are fitted on at most; more are thinned evenly.
    purchase_process : bool
        Whether the BG/NBD probability of no purchase in the outcome window becomes a feature. It needs the columns
        ``order_days_ever``, ``days_since_first_order`` and ``days_since_last_order`` (days) without missing values,
        and is left out where the table has none of these.
    monotone_constraints : dict or None
        Column name to 1 (the log-odds of the trees may only rise with it) or -1 (only fall). None constrains nothing,
        as ``monotone: false``.
    refit : bool
        Whether trees and regression are fitted once more on all rows, with the number of trees kept.
    max_trees, early_stopping_rounds : int
        Trees at most, and rounds without a better validation log-loss before training stops.
    learning_rate : float
        Step of each tree, 0-1.
    num_leaves, max_depth, min_rows_per_leaf : int
        Size of a tree; `max_depth` is 1-6, so that exact SHAP values stay cheap.
    bagging_fraction, feature_fraction : float
        Shares (0-1) of rows and of features that each tree may use.
    l2 : float
        L2 penalty on leaf values.
    random_state : int, RandomState or None
        Seed of all drawing. The same seed gives the same model on any machine.
    n_jobs : int
        Threads used in training; no figure depends on it.
    gap_days, horizon_days : int
        The outcome window of the labels: `gap_days` after the snapshot it begins, and it is `horizon_days` long.
    validation_fraction : float
        Share (0-1) of the rows, or groups, held out where ``fit`` gets no snapshots.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        The labels; probabilities of the second one are those of churn.
    n_features_in_ : int
        Columns seen in ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if the table has names.
    ensemble_ : Ensemble
        The fitted trees and regression; what is calibrated.
    calibration_ : Calibration
        The curve from log-odds to probability.
    best_iteration_ : int
        Trees at the best validation log-loss.
    train_loss_, validation_loss_ : ndarray of shape (trees,)
        Log-loss of the trees by iteration, before the refit.

    Notes
    -----
    **What the calibration rests on.** Given ``snapshots``, the latest one stops the trees and calibrates, and only
    snapshots whose outcome windows were over before it are trained on, as in the pipeline. Without, a stratified
    random part of the rows (of the groups, given ``groups``) does: the probabilities are then right for more rows of
    the same time, and nothing is said about a later time. Neither is a test: judge the model on rows it was not given,
    with `SnapshotSplit`.

    The season of the pipeline (``model.seasonality``) is not part of it, since a table does not say of which day a row
    is. There are two classes and no sample weights.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(400, 2))
    >>> y = np.where(X[:, 0] + rng.normal(size=400) > 0, "churned", "stayed")
    >>> model = ChurnClassifier(max_trees=50).fit(X, y)
    >>> model.classes_.tolist()
    ['churned', 'stayed']
    >>> model.predict([[3.0, 0.0], [-3.0, None]]).tolist()
    ['churned', 'stayed']
    """

    def __init__(
        self,
        *,
        additive_logistic_share: float | Literal["auto"] = "auto",
        additive_logistic_cuts: int = 5,
        additive_logistic_l2: float = 1000.0,
        additive_logistic_max_rows: int = 300_000,
        max_rows: int = 300_000,
        purchase_process: bool = True,
        monotone_constraints: dict[str, int] | None = None,
        refit: bool = True,
        max_trees: int = 1500,
        early_stopping_rounds: int = 100,
        learning_rate: float = 0.03,
        num_leaves: int = 8,
        max_depth: int = 4,
        min_rows_per_leaf: int = 60,
        bagging_fraction: float = 0.8,
        feature_fraction: float = 0.3,
        l2: float = 5.0,
        random_state: Any = 1,
        n_jobs: int = 2,
        gap_days: int = 0,
        horizon_days: int = 30,
        validation_fraction: float = 0.2,
    ) -> None:
        self.additive_logistic_share = additive_logistic_share
        self.additive_logistic_cuts = additive_logistic_cuts
        self.additive_logistic_l2 = additive_logistic_l2
        self.additive_logistic_max_rows = additive_logistic_max_rows
        self.max_rows = max_rows
        self.purchase_process = purchase_process
        self.monotone_constraints = monotone_constraints
        self.refit = refit
        self.max_trees = max_trees
        self.early_stopping_rounds = early_stopping_rounds
        self.learning_rate = learning_rate
        self.num_leaves = num_leaves
        self.max_depth = max_depth
        self.min_rows_per_leaf = min_rows_per_leaf
        self.bagging_fraction = bagging_fraction
        self.feature_fraction = feature_fraction
        self.l2 = l2
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.gap_days = gap_days
        self.horizon_days = horizon_days
        self.validation_fraction = validation_fraction

    def fit(self, X: Any, y: Any, *, snapshots: Any = None, groups: Any = None) -> Self:  # noqa: N803
        """Fit all parts, and return the estimator.

        Parameters
        ----------
        X
            Numbers and booleans, (rows, features), missing values allowed: a pandas or polars frame, an Arrow table, or
            an array.
        y
            Two labels, (rows,). The one that sorts last (1, True) is churn.
        snapshots
            The day of each row, (rows,). The latest one stops the trees and calibrates; see Notes of the class.
        groups
            Whose row it is, (rows,), such as the customer: a random hold-out keeps the rows of one together.
        """
        matrix, y = validate_data(
            self, as_numbers(X), as_plain(y), dtype=np.float64, ensure_all_finite="allow-nan", ensure_min_samples=2
        )
        self.classes_, outcomes = encode_labels(y)
        arguments = self.get_params(deep=False)
        model, label = model_section(arguments), label_section(arguments)
        check_consistent_length(outcomes, snapshots, groups)
        if snapshots is not None:
            parts = hold_out.by_snapshot(snapshots, label.gap_days + label.horizon_days)
        else:
            parts = hold_out.by_chance(outcomes, groups, self.validation_fraction, model.seed)
        columns = self._columns()
        uses_process = model.purchase_process and columns.have_history(matrix)
        rows = columns.examples(matrix).with_columns(
            pl.Series("churned", outcomes), pl.Series("snapshot", parts.days).cast(pl.Date)
        )
        # A season needs the day of each row, which features alone do not hold; before a whole year there is none.
        is_young = snapshots is not None and not covers_a_year(rows["snapshot"].unique().sort().to_list())
        model = model.model_copy(update={"purchase_process": uses_process, "seasonality": is_young})
        train, validation = rows.filter(parts.train), rows.filter(parts.validation)
        if train["churned"].n_unique() < 2:
            raise ValueError("the training part holds one class only; pass more rows or earlier snapshots")
        declared = columns.declared(self.monotone_constraints)
        trained = training.train(train, validation, declared, label, model, known=rows)
        # By way of what is saved, so that a model is the same before and after it was saved.
        self.ensemble_ = portable.ensemble_from(portable.of_ensemble(trained.ensemble))
        self.calibration_ = portable.calibration_from(portable.of_calibration(trained.calibration))
        self.best_iteration_ = trained.log.best_tree
        self.train_loss_ = np.array(trained.log.train_loss)
        self.validation_loss_ = np.array(trained.log.validation_loss)
        return self

    def predict_proba(self, X: Any) -> Array:  # noqa: N803
        """Return the calibrated probability (0-1) of each class, (rows, 2): of staying, of churn."""
        check_is_fitted(self)
        churn = self.calibration_.probability(self.ensemble_.log_odds(self.ensemble_.seen(self._values(X))))
        return np.column_stack([1 - churn, churn])

    def predict(self, X: Any) -> npt.NDArray[Any]:  # noqa: N803
        """Return the more likely label of each row, (rows,). To choose whom to act on, use the probabilities."""
        place = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[place])

    def contributions(self, X: Any) -> Any:  # noqa: N803
        """Return what each feature adds to the log-odds of each row, as a ``shap.Explanation``.

        Parameters
        ----------
        X
            Features, (rows, features).

        Returns
        -------
        shap.Explanation
            ``values`` (rows, features) and ``base_values`` (rows,) in log-odds add up, within 1e-6, to the log-odds of
            the ensemble; ``calibration_`` turns these into the probability. ``data`` holds the features. They are exact
            Shapley values (TreeSHAP for the trees, the lines themselves for the regression), not samples.
        """
        check_is_fitted(self)
        true = self._values(X)
        values = ensemble_contributions.contributions(self.ensemble_, self.ensemble_.seen(true))
        return plots.explanation(values, true, self._columns().of_ensemble(self.ensemble_))

    def _values(self, X: Any) -> Array:  # noqa: N803
        matrix = validate_data(self, as_numbers(X), dtype=np.float64, ensure_all_finite="allow-nan", reset=False)
        return self.ensemble_.values(self._columns().examples(matrix))

    def _columns(self) -> FeatureColumns:
        names = getattr(self, "feature_names_in_", None)
        return FeatureColumns(self.n_features_in_, None if names is None else names.tolist())

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.classifier_tags.multi_class = False
        return tags
