"""The registered model takes what people have, over HTTP too, and brings its own code and pinned libraries."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import polars as pl
import pytest

from pipeline.config import params
from pipeline.config.paths import REPRO
from pipeline.model import artefacts
from pipeline.tables import storage
from pipeline.tracking import registry, serving
from pipeline.tracking.served_model import Served
from pipeline.tracking.store import mlflow, quiet

pytestmark = pytest.mark.end_to_end
CHAMPION = "models:/churn@champion"


@pytest.fixture
def place(built_company, monkeypatch):
    monkeypatch.chdir(built_company)
    return built_company


@pytest.fixture
def given(place) -> tuple[pl.DataFrame, list[float]]:
    """Inputs of the model with whole numbers and nulls in them, and the probabilities of the local model."""
    local = artefacts.load(REPRO.models)
    examples = storage.read_buckets(REPRO.examples).filter(pl.col("churned").is_not_null()).head(200)
    rows = examples.select(local.inputs)
    assert any(dtype.is_integer() for dtype in rows.dtypes) and sum(rows.null_count().row(0)) > 0
    return rows, local.probability(examples).tolist()


FORMS = {
    "pandas": lambda rows: rows.to_pandas(),
    "pandas with Arrow columns": lambda rows: rows.to_pandas(use_pyarrow_extension_array=True),
    "pandas with nulls in whole numbers": lambda rows: rows.to_pandas().convert_dtypes(),
    "pandas of objects": lambda rows: rows.to_pandas().astype(object).where(rows.to_pandas().notna(), None),
}


@pytest.mark.parametrize("form", FORMS)
def test_any_frame_gives_the_same_probabilities(given, form):
    rows, wanted = given
    champion = registry.load_champion(params.load().tracking)
    assert champion.predict(FORMS[form](rows)).tolist() == wanted


def test_arrow_and_polars_too(given):
    rows, wanted = given
    model = Served(artefacts.load(REPRO.models))
    assert model.predict(rows).tolist() == model.predict(rows.to_arrow()).tolist() == wanted


def test_columns_of_optional_tables_may_be_absent_and_others_may_not(given):
    rows, wanted = given
    champion = registry.load_champion(params.load().tracking)
    optional = [name for name in rows.columns if "events" in name]
    without = champion.predict(rows.drop(optional).to_pandas()).tolist()
    empty = rows.with_columns(pl.lit(None, pl.Float64).alias(name) for name in optional)
    assert optional and without == champion.predict(empty.to_pandas()).tolist() != wanted
    with pytest.raises(Exception, match="needs the column 'days_since_last_order', and 1 in all are absent"):
        champion.predict(rows.drop("days_since_last_order").to_pandas())
    with pytest.raises(Exception, match="'days_since_last_order' holds String, where the model needs numbers"):
        champion.predict(rows.with_columns(days_since_last_order=pl.lit("seven")).to_pandas())


def test_it_carries_its_code_and_names_the_libraries_it_loads(given, tmp_path):
    rows, wanted = given
    registry.load_champion(params.load().tracking)
    listed = mlflow.pyfunc.get_model_dependencies(CHAMPION)
    pinned = set(Path(listed).read_text(encoding="utf-8").split())
    assert {f"{name}=={version(name)}" for name in serving.LIBRARIES} <= pinned
    assert not [line for line in pinned if "churn" in line], "no index knows a package of that name"
    rows.to_pandas().to_json(tmp_path / "rows.json", orient="split")
    program = f"""
import json, sys, warnings
warnings.simplefilter("ignore")
import mlflow, pandas
before = set(sys.modules)
mlflow.set_tracking_uri({mlflow.get_tracking_uri()!r})
model = mlflow.pyfunc.load_model({CHAMPION!r})
frame = pandas.read_json({str(tmp_path / "rows.json")!r}, orient="split")
probability = model.predict(frame).tolist()
from importlib.metadata import packages_distributions
owners = packages_distributions()
loaded = {{owner for name in {{name.split(".")[0] for name in set(sys.modules) - before}} for owner in owners.get(name, [])}}
print(json.dumps([sys.modules["pipeline"].__file__, probability, sorted(loaded)]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=300
    )
    code, probability, loaded = json.loads(done.stdout.splitlines()[-1])
    assert "/artifacts/code/pipeline/" in code
    assert probability == pytest.approx(wanted, abs=1e-12)
    direct = {
        name for name in loaded if name in {"dvc", "shap", "matplotlib", "jinja2", "xlsxwriter", "babel", "optuna"}
    }
    assert not direct, f"a server would need {direct} as well; keep them out of what served_model imports"


def test_mlflow_evaluates_it_as_a_classifier(given, copy_of_shop):
    rows, _ = given
    examples = storage.read_buckets(REPRO.examples).filter(pl.col("churned").is_not_null()).head(200)
    frame = rows.to_pandas().assign(churned=examples["churned"].to_numpy())
    registry.load_champion(params.load().tracking)
    labels = mlflow.pyfunc.load_model(CHAMPION, model_config={"output": "label"}).predict(frame.drop(columns="churned"))
    with quiet():
        result = mlflow.models.evaluate(
            CHAMPION, frame, targets="churned", model_type="classifier",
            model_config={"output": "label"}, evaluator_config={"log_model_explainability": False},
        )  # fmt: skip
    assert result.metrics["accuracy_score"] == pytest.approx((labels == frame["churned"]).mean())


@pytest.fixture
def address(place) -> Iterator[str]:
    """A real server of MLflow with the champion, started as its users do."""
    registry.load_champion(params.load().tracking)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["-m", "mlflow", "models", "serve", "-m", CHAMPION, "--env-manager", "local", "--port", str(port)]
    environment = os.environ | {"MLFLOW_TRACKING_URI": mlflow.get_tracking_uri()}
    server = subprocess.Popen(
        [sys.executable, *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        _wait(f"http://127.0.0.1:{port}/ping", server)
        yield f"http://127.0.0.1:{port}/invocations"
    finally:
        os.killpg(server.pid, 15)
        server.communicate(timeout=30)


def _wait(url: str, server: subprocess.Popen) -> None:
    for _ in range(240):
        assert server.poll() is None, server.stdout.read().decode()[-3000:]
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise AssertionError(f"{url} does not answer")


def test_it_is_served_over_http(given, address):
    rows, wanted = given
    body = json.dumps({"dataframe_split": {"columns": rows.columns, "data": [list(row) for row in rows.iter_rows()]}})
    request = urllib.request.Request(address, body.encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert json.loads(answer.read())["predictions"] == pytest.approx(wanted, abs=1e-12)
