"""How MLflow stores the model so that anybody can serve it: its own code, pinned libraries, and what it accepts."""

from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import polars as pl

import pipeline
from pipeline.tracking.store import AnyType, ColSpec, ModelSignature, Schema

# What `served_model` loads, and no more: a server needs neither DVC nor a browser. tests/tracking/test_serving.py holds
# this list to what a fresh process really loads.
LIBRARIES: Final = ("duckdb", "lightgbm", "numpy", "pandas", "polars", "psutil", "pyarrow", "pydantic", "ruamel.yaml",
                    "scikit-learn")  # fmt: skip
PROBABILITY: Final = "probability"


def flavour(example: pl.DataFrame) -> dict[str, Any]:
    """The arguments of ``mlflow.pyfunc.log_model`` for a model with inputs like those of `example`.

    Any type of number is accepted and every column may be absent: MLflow's own check would refuse whole numbers where
    it has seen fractions, and nulls where it has seen whole numbers. What is absent counts as missing. The code travels
    with the model, for no package index knows a package of this name.
    """
    number: Any = AnyType()
    columns: list[Any] = [ColSpec(number, name, required=False) for name in example.columns]
    return {
        "loader_module": "pipeline.tracking.served_model",
        "code_paths": [str(Path(pipeline.__file__).parent)],
        "signature": ModelSignature(Schema(columns), Schema([ColSpec("double", "churn_probability")])),
        # Labels are what MLflow's own evaluation of classifiers asks for; everybody else wants probabilities.
        "model_config": {"output": PROBABILITY},
        "input_example": example.to_pandas(),
        # Said outright: else MLflow starts a process of its own to guess them.
        "pip_requirements": [f"{name}=={version(name)}" for name in LIBRARIES],
    }
