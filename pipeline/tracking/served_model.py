"""How MLflow loads the model: the same files, the same function, probabilities instead of classes."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import polars as pl
import pyarrow as pa

from pipeline.config.errors import BadData
from pipeline.model import artefacts


class Served:
    """A model behind MLflow's ``predict``.

    Parameters
    ----------
    model
        What scores.
    output
        ``probability``, or ``label``: 1.0 where churn is likelier than not, else 0.0.

    Raises
    ------
    BadData
        There is no such output.
    """

    def __init__(self, model: artefacts.ChurnModel, output: str = "probability") -> None:
        if output not in {"probability", "label"}:
            raise BadData(f"model_config: there is no output {output!r}; write probability or label")
        self.model, self.output = model, output
        optional = {feature["name"] for feature in model.card["features"] if feature.get("optional")}
        self.required = [name for name in model.inputs if name not in optional]

    def predict(self, frame: Any) -> npt.NDArray[np.float64]:
        """Calibrated probability of churn for each row.

        Parameters
        ----------
        frame
            A pandas, polars or Arrow table of features; numbers of any type, missing values as null or NaN. A column
            that comes from an optional table may be absent, and counts as missing.

        Raises
        ------
        BadData
            A column is absent that every customer has, or one holds something that is no number.
        """
        probability = self._probability(_as_polars(frame))
        return probability if self.output == "probability" else (probability > 0.5).astype(np.float64)

    def _probability(self, table: pl.DataFrame) -> npt.NDArray[np.float64]:
        absent = [name for name in self.required if name not in table.columns]
        if absent:
            raise BadData(f"the model needs the column {absent[0]!r}, and {len(absent)} in all are absent")
        given = table.select([name for name in self.model.inputs if name in table.columns])
        wrong = [
            name for name, dtype in given.schema.items() if not (dtype.is_numeric() or dtype in (pl.Boolean, pl.Null))
        ]
        if wrong:
            raise BadData(f"the column {wrong[0]!r} holds {given.schema[wrong[0]]}, where the model needs numbers")
        filled = [pl.lit(None, pl.Float64).alias(name) for name in self.model.inputs if name not in given.columns]
        probability = self.model.probability(given.with_columns(pl.all().cast(pl.Float64).fill_nan(None), *filled))
        if not np.isfinite(probability).all():
            row = int(np.flatnonzero(~np.isfinite(probability))[0])
            raise BadData(f"row {row} has no probability: one of {', '.join(self.required)} is missing there")
        return probability


def _as_polars(frame: Any) -> pl.DataFrame:
    if isinstance(frame, pl.DataFrame):
        return frame
    if isinstance(frame, pa.Table):
        return pl.DataFrame(pl.from_arrow(frame))
    # Columns of Python objects are what JSON with a null becomes; pandas finds the type that its values have.
    return pl.from_pandas(pd.DataFrame(frame).convert_dtypes())


def _load_pyfunc(path: str, model_config: dict[str, str] | None = None) -> Served:
    return Served(artefacts.load(Path(path)), **(model_config or {}))
