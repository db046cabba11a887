"""How MLflow loads the model: the same files, the same function, probabilities instead of classes."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.model import artefacts


class Served:
    """A model behind MLflow's ``predict``."""

    def __init__(self, model: artefacts.ChurnModel) -> None:
        self.model = model

    def predict(self, frame: object) -> npt.NDArray[np.float64]:
        """Calibrated probability of churn for each row of a pandas or polars table of features."""
        table = frame if isinstance(frame, pl.DataFrame) else pl.from_pandas(frame)
        return self.model.probability(table)


def _load_pyfunc(path: str) -> Served:
    return Served(artefacts.load(Path(path)))
