"""A model as files: the trees as text, the rest as JSON, nothing pickled."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.errors import BadData
from pipeline.model import learner
from pipeline.model.calibration import Calibration
from pipeline.paths import Paths
from pipeline.tables import storage

FILES = ("churn.txt", "calibration.json", "model.json")
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ChurnModel:
    """Everything needed to score: trees, calibration, and what the columns are."""

    booster: learner.Booster
    calibration: Calibration
    card: dict[str, Any]

    @property
    def features(self) -> list[str]:
        """Names of the columns, in the order the trees expect."""
        return [feature["name"] for feature in self.card["features"]]

    def matrix(self, examples: pl.DataFrame) -> Array:
        """The columns of the trees, missing values as NaN.

        Raises
        ------
        BadData
            A feature the model was trained on is absent.
        """
        missing = [name for name in self.features if name not in examples.columns]
        if missing:
            raise BadData(
                f"the model needs {len(missing)} features that the data cannot carry, such as {missing[0]}; "
                "declare their source in params.yaml, or train again: dvc repro"
            )
        return matrix(examples, self.features)

    def probability(self, examples: pl.DataFrame) -> Array:
        """Calibrated probability of churn of each row."""
        return self.calibration.probability(learner.margins(self.booster, self.matrix(examples)))


def matrix(examples: pl.DataFrame, features: list[str]) -> Array:
    """Columns as one float64 matrix (rows, features), missing values as NaN."""
    columns = [examples[name].cast(pl.Float64).fill_null(float("nan")).to_numpy() for name in features]
    return np.ascontiguousarray(np.column_stack(columns), dtype=np.float64)


def save(model: ChurnModel, at: Paths) -> None:
    """Write the parts of a model."""
    storage.write_text(learner.to_text(model.booster), at.model_text)
    storage.write_json({"slope": model.calibration.slope, "intercept": model.calibration.intercept}, at.calibration)
    storage.write_json(model.card, at.model_card)


def fingerprint(at: Paths) -> str:
    """SHA-256 of what scores: the trees and the calibration."""
    return storage.fingerprint([at.model_text, at.calibration])


def load(folder: Path) -> ChurnModel:
    """Read the parts of a model back."""
    text, calibration, card = (folder / name for name in FILES)
    if not text.is_file():
        raise BadData(f"{text}: not found; train first: dvc repro")
    return ChurnModel(
        learner.from_text(text.read_text(encoding="utf-8")),
        Calibration(**storage.read_json(calibration)),
        storage.read_json(card),
    )
