"""A logged ``ChurnClassifier`` gives the same probabilities once loaded, and nothing of it is pickled."""

import numpy as np
import pytest

from pipeline import ChurnClassifier
from pipeline.tracking.store import quiet
from tests.model.examples import FEATURES, make_examples

NAMES = [feature.name for feature in FEATURES]
TRUSTED = ["pipeline.api.classifier.ChurnClassifier"]


@pytest.fixture
def mlflow(tmp_path, monkeypatch):
    """MLflow with a store of its own."""
    monkeypatch.chdir(tmp_path)
    with quiet():
        import mlflow
        import mlflow.sklearn

        mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'mlflow.db'}")
        mlflow.set_registry_uri(f"sqlite:///{tmp_path / 'mlflow.db'}")
        mlflow.set_experiment("door")
    return mlflow


def test_logged_without_pickle_and_loaded_it_is_the_same_model(mlflow, tmp_path):
    examples = make_examples(customers=150, snapshots=4).to_pandas()
    model = ChurnClassifier(max_trees=30).fit(examples[NAMES], examples["churned"], snapshots=examples["snapshot"])
    wanted = model.predict_proba(examples[NAMES])
    with quiet(), mlflow.start_run():
        logged = mlflow.sklearn.log_model(
            model,
            name="model",
            serialization_format="skops",
            skops_trusted_types=TRUSTED,
            pyfunc_predict_fn="predict_proba",
            pip_requirements=["churn-pipeline"],
        )
        loaded = mlflow.sklearn.load_model(logged.model_uri)
        served = mlflow.pyfunc.load_model(logged.model_uri)
    assert np.array_equal(loaded.predict_proba(examples[NAMES]), wanted)
    assert np.array_equal(served.predict(examples[NAMES]), wanted)
    files = {file.name for file in tmp_path.rglob("*") if file.is_file()}
    assert any(name.endswith(".skops") for name in files)
    assert not [name for name in files if name.endswith((".pkl", ".pickle", ".cloudpickle"))]
