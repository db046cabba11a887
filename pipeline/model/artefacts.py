"""A model as files: the trees as text, the rest as JSON, nothing pickled."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.config.errors import BadData
from pipeline.config.paths import Paths
from pipeline.model import gbm
from pipeline.model.additive_logistic import Wide
from pipeline.model.calibration import Calibration
from pipeline.model.ensemble import Ranker
from pipeline.model.seasonality import DAY_OF_YEAR
from pipeline.tables import storage
from pipeline.value.bg_nbd import BgNbd

FILES = ("churn.txt", "wide.json", "calibration.json", "model.json")
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ChurnModel:
    """Everything needed to score, and what it is.

    Attributes
    ----------
    ranker
        What gives a margin.
    calibration
        The curve in use: from margin to probability, fitted on all complete snapshots later than the training ones.
    judged
        The curve that was judged on the test snapshot, fitted before it.
    card
        Where the model comes from and what its columns mean.
    """

    ranker: Ranker
    calibration: Calibration
    judged: Calibration
    card: dict[str, Any]

    @property
    def features(self) -> list[str]:
        """Names of the columns, in the order the model expects."""
        return self.ranker.features

    @property
    def inputs(self) -> list[str]:
        """Columns that scoring needs, all of them numbers: features, and the day of the year where that counts."""
        return [*self.ranker.inputs, *([DAY_OF_YEAR] if self.calibration.season else [])]

    def matrix(self, examples: pl.DataFrame) -> Array:
        """The columns of the model, missing values as NaN; see `Ranker.matrix`."""
        return self.ranker.matrix(examples)

    def probability(self, examples: pl.DataFrame) -> Array:
        """Calibrated probability of churn of each row."""
        return self.calibration.probability(self.ranker.margins(self.matrix(examples)), examples)

    def judged_probability(self, examples: pl.DataFrame) -> Array:
        """The same by the curve that had not seen the test snapshot: what evaluation judges."""
        return self.judged.probability(self.ranker.margins(self.matrix(examples)), examples)


def save(model: ChurnModel, at: Paths) -> None:
    """Write the parts of a model."""
    ranker = model.ranker
    storage.write_text(gbm.to_text(ranker.trees), at.model_text)
    storage.write_json({"share": ranker.wide_share} | _wide(ranker), at.wide)
    curves = {"in_use": model.calibration, "judged": model.judged}
    storage.write_json({name: dataclasses.asdict(curve) for name, curve in curves.items()}, at.calibration)
    rhythm = dataclasses.asdict(ranker.rhythm) if ranker.rhythm else None
    storage.write_json(model.card | {"rhythm": rhythm, "window_days": list(ranker.window)}, at.model_card)


def _wide(ranker: Ranker) -> dict[str, Any]:
    return ranker.wide.as_dict(ranker.features) if ranker.wide else {"base": 0.0, "lines": {}}


def fingerprint(at: Paths) -> str:
    """SHA-256 of what scores: trees, regression, calibration, and the card, which holds the rhythm and the value."""
    return storage.fingerprint([at.model_text, at.wide, at.calibration, at.model_card])


def readable(folder: Path) -> bool:
    """Whether a folder holds all parts of a model; one that earlier code made may lack some."""
    return all((folder / name).is_file() for name in FILES)


def load(folder: Path) -> ChurnModel:
    """Read the parts of a model back."""
    text, wide, calibration, card = (folder / name for name in FILES)
    if not text.is_file():
        raise BadData(f"{text}: not found; train first: dvc repro")
    found, regression, curves = (storage.read_json(file) for file in (card, wide, calibration))
    ranker = Ranker(
        [feature["name"] for feature in found["features"]],
        gbm.from_text(text.read_text(encoding="utf-8")),
        Wide.from_dict(regression) if regression["share"] else None,
        regression["share"],
        BgNbd(**found["rhythm"]) if found["rhythm"] else None,
        (found["window_days"][0], found["window_days"][1]),
    )
    in_use, judged = (Calibration.from_dict(curves[name]) for name in ("in_use", "judged"))
    return ChurnModel(ranker, in_use, judged, found)
