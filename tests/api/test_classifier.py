"""``ChurnClassifier``: a scikit-learn estimator in every respect, and the very model of the pipeline."""

import copy
import inspect
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import shap
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

from pipeline import ChurnClassifier, Project, SnapshotSplit
from pipeline.api.hyperparameters import arguments_of, label_section, model_section
from pipeline.examples.features import model_features
from pipeline.model import training
from tests.model.examples import FEATURES, make_examples

NAMES = [feature.name for feature in FEATURES]
# Of scikit-learn's checks, those that do not hold, each with the reason. There is none.
EXPECTED_FAILURES: dict[str, str] = {}


@parametrize_with_checks([ChurnClassifier()], expected_failed_checks=lambda _: EXPECTED_FAILURES)
def test_it_is_a_scikit_learn_estimator(estimator, check):
    check(estimator)


def test_the_defaults_are_those_of_params_yaml(settings):
    defaults = {name: p.default for name, p in inspect.signature(ChurnClassifier.__init__).parameters.items()}
    model = settings.model.model_dump()
    assert not model.pop("monotone") and defaults.pop("monotone_constraints") is None
    assert defaults.pop("random_state") == model.pop("seed")
    assert defaults.pop("n_jobs") == model.pop("num_threads")
    for name, value in model.pop("additive_logistic").items():
        assert defaults.pop(f"additive_logistic_{name}") == value
    for name in ("gap_days", "horizon_days"):
        assert defaults.pop(name) == getattr(settings.label, name)
    # The season follows the day of a row, which a table of features does not say; the prior takes the place of a model.
    model.pop("seasonality")
    assert model.pop("prior") == "none"
    for name in ("self", "validation_fraction"):
        defaults.pop(name)
    assert defaults == model, "each hyperparameter has one default, that of params.yaml"


def test_arguments_and_settings_are_each_others_inverse(settings):
    plain = settings.model.model_copy(update={"seasonality": False})
    for model in (plain, plain.model_copy(update={"monotone": True, "seed": 7, "max_depth": 2})):
        arguments = arguments_of(model, settings.label, FEATURES) | {"validation_fraction": 0.2}
        assert set(arguments) == set(ChurnClassifier().get_params())
        assert model_section(arguments) == model
        assert label_section(arguments) == settings.label
    assert arguments["monotone_constraints"] == dict.fromkeys(NAMES[:3], 1), "those whose direction is sure"


@pytest.fixture(scope="module")
def examples() -> pl.DataFrame:
    return make_examples()


@pytest.fixture(scope="module")
def fitted(examples) -> ChurnClassifier:
    return quick().fit(examples[:, NAMES], examples["churned"], snapshots=examples["snapshot"])


@pytest.fixture
def examples_with(examples):
    return examples.select(NAMES)


def quick(**settings) -> ChurnClassifier:
    return ChurnClassifier(max_trees=60, early_stopping_rounds=10, **settings)


def test_it_is_the_model_of_the_pipeline_to_the_last_bit(built_company):
    """Fitted on the examples of a company, it gives the probabilities that the evaluation tested."""
    project = Project(built_company, engine="polars")
    parts, settings = project.snapshots, project.settings
    known = project.examples(labelled=True)
    known = known.filter(pl.col("snapshot") <= parts.validation)
    names = [feature.name for feature in model_features(settings.features, settings.sources)]
    model = project.classifier()
    assert (model.horizon_days, model.n_jobs) == (20, 1), "the shop's own settings"
    model.fit(known[:, names], known["churned"], snapshots=known["snapshot"])
    test = project.examples(parts.test)
    assert project.model.calibration.season is None, "the shop is younger than a year"
    assert np.array_equal(model.predict_proba(test[:, names])[:, 1], project.model.evaluated_probability(test))
    assert np.array_equal(model.contributions(test[:, names]).values, project.contributions(test).values)
    assert model.contributions(test[:, names]).feature_names == project.model.features


@pytest.mark.parametrize(
    "kind",
    [
        lambda frame: frame.to_pandas(),
        lambda frame: frame.to_pandas(use_pyarrow_extension_array=True),
        lambda frame: frame.to_pandas().convert_dtypes(),
        lambda frame: frame.to_arrow(),
        lambda frame: frame.cast({"orders_365d": pl.Decimal(10, 0)}),
        lambda frame: frame.to_pandas().astype(object),
    ],
    ids=["pandas", "pandas on Arrow", "pandas nullable", "Arrow", "Decimal", "objects"],
)
def test_tables_of_any_library_give_the_same(examples, fitted, kind):
    features = examples[:, NAMES]
    wanted = fitted.predict_proba(features)
    with_churned = kind(examples[:, [*NAMES, "churned"]])
    y = with_churned["churned"]
    x = with_churned.drop(columns="churned") if isinstance(with_churned, pd.DataFrame) else kind(features)
    if isinstance(with_churned, pd.DataFrame) and y.dtype == object:
        y = y.astype(int)
    again = quick().fit(x, y, snapshots=examples["snapshot"])
    assert again.feature_names_in_.tolist() == NAMES
    assert np.array_equal(again.predict_proba(x), wanted)
    assert np.array_equal(again.predict_proba(features), wanted)


def test_integers_booleans_and_missing_values_are_numbers():
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(
        {"orders": rng.integers(0, 9, 300), "loyal": rng.random(300) < 0.5, "never": pl.Series([None] * 300)}
    ).with_columns(pl.when(pl.col("orders") > 7).then(None).otherwise(pl.col("orders")).alias("orders"))
    y = (rng.random(300) < 0.3).astype(bool)
    wanted = quick(purchase_process=False).fit(frame, y).predict_proba(frame)
    for one in (frame.to_arrow(), frame.to_pandas(use_pyarrow_extension_array=True), frame.to_pandas()):
        assert np.array_equal(quick().fit(one, pl.Series(y)).predict_proba(one), wanted)
    array = frame.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    assert np.array_equal(quick().fit(array, y).predict_proba(array), wanted)


@pytest.mark.parametrize(
    "column",
    [pl.Series(["a"] * 4), pl.Series([0] * 4).cast(pl.Date), pl.Series([[1]] * 4)],
    ids=["text", "day", "list"],
)
@pytest.mark.parametrize(
    "kind",
    [
        lambda f: f,
        lambda f: f.to_pandas(),
        lambda f: f.to_pandas(use_pyarrow_extension_array=True),
        pl.DataFrame.to_arrow,
    ],
)
def test_what_is_no_number_is_refused_by_name(column, kind):
    frame = pl.DataFrame({"orders": [1, 2, 3, 4], "odd": column})
    with pytest.raises(ValueError, match="column 'odd' is of type .*leave it out or encode it"):
        ChurnClassifier().fit(kind(frame), [0, 1, 0, 1])


def test_contributions_are_exact_and_add_up(examples_with, fitted):
    explained = fitted.contributions(examples_with)
    assert isinstance(explained, shap.Explanation)
    assert explained.feature_names == [*NAMES, "p_no_purchase"]
    log_odds = fitted.ensemble_.log_odds(explained.data)
    assert np.allclose(explained.values.sum(axis=1) + explained.base_values, log_odds, rtol=0, atol=1e-6)
    churn = fitted.predict_proba(examples_with)[:, 1]
    assert np.array_equal(fitted.calibration_.probability(log_odds), churn)


@pytest.mark.parametrize("again", [lambda m: pickle.loads(pickle.dumps(m)), copy.deepcopy], ids=["pickle", "deepcopy"])
def test_a_copy_is_the_same_model(examples_with, fitted, again):
    assert np.array_equal(again(fitted).predict_proba(examples_with), fitted.predict_proba(examples_with))
    state = fitted.__getstate__()
    assert isinstance(state["ensemble_"]["trees"], str), "a model is saved as text, numbers and lists"
    assert clone(fitted).get_params() == fitted.get_params()


def test_a_grid_search_over_time(examples):
    search = GridSearchCV(
        quick(purchase_process=False),
        {"num_leaves": [2, 8], "learning_rate": np.array([0.03, 0.1])},
        cv=SnapshotSplit(2, min_train_snapshots=2),
        scoring="roc_auc",
        error_score="raise",
    )
    frame = examples.to_pandas(use_pyarrow_extension_array=True)
    search.fit(frame[NAMES], frame["churned"], groups=frame["snapshot"], snapshots=frame["snapshot"])
    assert search.best_score_ > 0.7
    assert search.best_estimator_.predict_proba(frame[NAMES]).shape == (len(frame), 2)


def test_a_pipeline_and_a_cross_validation(examples):
    frame = examples.to_pandas()
    steps = make_pipeline(FunctionTransformer(np.log1p, feature_names_out="one-to-one"), quick())
    positive = frame[["orders_365d", "spend_365d", "days_since_last_order"]]
    scores = cross_val_score(
        steps, positive, frame["churned"], groups=frame["snapshot"], cv=SnapshotSplit(2), scoring="roc_auc"
    )
    assert (scores > 0.5).all()
    assert cross_val_predict(quick(), positive, frame["churned"], cv=3, method="predict_proba").shape == (len(frame), 2)


def test_a_group_is_never_in_both_parts_of_a_random_hold_out(examples):
    from pipeline.api import hold_out

    churned = training.outcomes(examples)
    parts = hold_out.by_chance(churned, examples["customer_key"], 0.25, seed=3)
    customers = examples["customer_key"].to_numpy()
    assert not set(customers[parts.train]) & set(customers[parts.validation])
    assert (parts.train | parts.validation).all()
    assert parts.validation.mean() == pytest.approx(0.25, abs=0.01)


def test_snapshots_hold_out_the_latest_and_leave_out_what_overlaps_it(examples):
    from pipeline.api import hold_out

    parts = hold_out.by_snapshot(examples["snapshot"], need_days=45)
    days = sorted(examples["snapshot"].unique())
    assert set(parts.days[parts.validation].tolist()) == {days[-1]}
    assert set(parts.days[parts.train].tolist()) == set(days[:-2])


def test_text_labels_and_monotone_constraints(examples):
    x = examples[:, NAMES].to_pandas()
    y = np.where(examples["churned"] == 1, "yes", "no")
    model = quick(additive_logistic_share=0.0, monotone_constraints={"mood": -1}).fit(x, y)
    assert model.classes_.tolist() == ["no", "yes"]
    row = pd.concat([x.iloc[[0]]] * 50).assign(mood=np.linspace(-3, 3, 50))
    assert (np.diff(model.predict_proba(row)[:, 1]) <= 0).all()
    assert set(model.predict(x)) == {"no", "yes"}


@pytest.mark.parametrize(
    ("settings", "fit", "message"),
    [
        ({"num_leaves": 1}, {}, "ChurnClassifier: num_leaves: .*found 1"),
        ({"max_depth": 9}, {}, "ChurnClassifier: max_depth"),
        ({"additive_logistic_cuts": 1}, {}, "additive_logistic.cuts"),
        ({"horizon_days": 0}, {}, "ChurnClassifier: horizon_days"),
        ({"validation_fraction": 1.0}, {}, "validation_fraction must be between 0 and 1"),
        ({"monotone_constraints": {"mod": 1}}, {}, "monotone_constraints: no column 'mod'"),
        ({"monotone_constraints": {"mood": 2}}, {}, "directions are -1, 0 and 1"),
        ({"horizon_days": 400}, {"snapshots": "snapshot"}, "is 400 days .* before the latest"),
    ],
)
def test_what_cannot_be_fitted_is_said(examples, settings, fit, message):
    by_row = {name: examples[column] for name, column in fit.items()}
    with pytest.raises(ValueError, match=message):
        ChurnClassifier(**settings).fit(examples[:, NAMES], examples["churned"], **by_row)
