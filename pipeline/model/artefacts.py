"""A model as files: the trees as text, the rest as JSON, nothing pickled."""

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.config.errors import BadData, ModelRefused
from pipeline.config.paths import Paths
from pipeline.model import gbm, level_update, substitutes, without_feed
from pipeline.model.additive_logistic import AdditiveLogistic
from pipeline.model.calibration import Calibration
from pipeline.model.ensemble import Ensemble
from pipeline.model.event_curve import EventCurve
from pipeline.model.level_update import LevelUpdate
from pipeline.model.past_curves import NONE_KNOWN, PastCurves
from pipeline.model.renewal_cap import RenewalCap
from pipeline.model.seasonality import DAY_OF_YEAR
from pipeline.model.without_feed import WithoutFeed
from pipeline.tables import storage
from pipeline.value.bg_nbd import BgNbd

FILES = ("churn.txt", "additive_logistic.json", "calibration.json", "model.json")
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ChurnModel:
    """Everything needed to score, and what it is.

    Attributes
    ----------
    ensemble
        What gives a margin.
    calibration
        The curve in use: from margin to probability, fitted on all complete snapshots later than the training ones.
    evaluated
        The curve that was judged on the test snapshot, fitted before it.
    card
        Where the model comes from and what its columns mean.
    without
        What it is worth while a table is down, by the table; None where that was not measured.
    event_curve
        When the next order comes; None where churn is no silence, and in models of older versions.
    past
        Which curves would have been right at the snapshots that were known; none of a model of an earlier release.
    """

    ensemble: Ensemble
    calibration: Calibration
    evaluated: Calibration
    card: dict[str, Any]
    without: dict[str, WithoutFeed] | None = None
    event_curve: EventCurve | None = None
    past: PastCurves = NONE_KNOWN

    @property
    def features(self) -> list[str]:
        """Names of the columns, in the order the model expects."""
        return self.ensemble.features

    @property
    def is_prior(self) -> bool:
        """Whether its ranking is the packaged prior, which no outcome of the company has taught."""
        return "prior" in self.card

    @property
    def inputs(self) -> list[str]:
        """Columns that scoring needs, all of them numbers: features, and the day of the year where that counts."""
        return [*self.ensemble.inputs, *([DAY_OF_YEAR] if self.calibration.season else [])]

    def during(self, outages: Collection[str]) -> "ChurnModel":
        """The model that holds while some tables are down, and its curve; see `without_feed.choose`."""
        chosen = without_feed.choose(self.without, outages)
        if chosen is None:
            return self
        saved, whole = chosen.substitute, self.ensemble
        ensemble = whole if saved is None else substitutes.from_dict(saved, whole)
        return dataclasses.replace(self, ensemble=ensemble, calibration=chosen.curve(self.calibration))

    def matrix(self, examples: pl.DataFrame) -> Array:
        """The columns of the model, missing values as NaN; see `Ensemble.matrix`."""
        return self.ensemble.matrix(examples)

    def probability(self, examples: pl.DataFrame) -> Array:
        """Calibrated probability of churn of each row."""
        return self.calibration.probability(self.ensemble.log_odds(self.matrix(examples)), examples)

    def evaluated_probability(self, examples: pl.DataFrame) -> Array:
        """The same by the curve that had not seen the test snapshot: what evaluation judges."""
        return self.evaluated.probability(self.ensemble.log_odds(self.matrix(examples)), examples)


def save(model: ChurnModel, paths: Paths) -> None:
    """Write the parts of a model."""
    ensemble = model.ensemble
    storage.write_text(gbm.to_text(ensemble.trees), paths.model_text)
    storage.write_json({"share": ensemble.additive_weight} | _wide(ensemble), paths.additive_logistic)
    curves: dict[str, Any] = {"in_use": model.calibration, "evaluated": model.evaluated}
    saved = {name: dataclasses.asdict(curve) for name, curve in curves.items()}
    if model.without is not None:
        saved["without"] = {tables: dataclasses.asdict(one) for tables, one in model.without.items()}
    if model.event_curve is not None:
        saved["order_curve"] = model.event_curve.as_dict()
    saved["past"] = model.past.as_json()
    storage.write_json(saved, paths.calibration)
    rhythm = dataclasses.asdict(ensemble.purchase_process) if ensemble.purchase_process else None
    made_with: dict[str, Any] = {"purchase_process": rhythm, "window_days": list(ensemble.window)}
    if ensemble.renewal_cap is not None:
        made_with["renewal_cap"] = ensemble.renewal_cap.as_dict()
    storage.write_json(model.card | made_with, paths.model_card)


def _wide(ensemble: Ensemble) -> dict[str, Any]:
    return (
        ensemble.additive_logistic.as_dict(ensemble.features)
        if ensemble.additive_logistic
        else {"base": 0.0, "lines": {}}
    )


def readable(folder: Path) -> bool:
    """Whether a folder holds all parts of a model; one that earlier code made may lack some."""
    return all((folder / name).is_file() for name in FILES)


def load(folder: Path) -> ChurnModel:
    """Read the parts of a model back.

    Raises
    ------
    BadData
        There is no model.
    ModelRefused
        Its files are damaged, or are not those of a model.
    """
    text = folder / FILES[0]
    if not text.is_file():
        raise BadData(f"{text}: not found; train first: dvc repro")
    try:
        return _load(folder)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        what = f"{type(error).__name__}: {error}" if isinstance(error, KeyError | TypeError) else error
        raise ModelRefused(f"{folder}: holds no model of this release ({what}); train again: dvc repro") from error


def _load(folder: Path) -> ChurnModel:
    files = [folder / name for name in FILES]
    for file in files:
        storage.refuse_absent(file)
    level = folder / level_update.FILE
    known = level.read_bytes() if level.is_file() else b""
    return _parse(folder, *(file.read_bytes() for file in files), known)


@lru_cache(maxsize=1)
def _parse(folder: Path, text: bytes, wide: bytes, calibration: bytes, card: bytes, level: bytes) -> ChurnModel:
    """Of the content: every bucket asks for the model, and checking its trees takes longer than reading the files."""
    saved, regression, curves = (
        storage.parse_json(content, str(folder / name), ModelRefused)
        for content, name in ((card, FILES[3]), (wide, FILES[1]), (calibration, FILES[2]))
    )
    ensemble = Ensemble(
        [feature["name"] for feature in saved["features"]],
        gbm.from_text(text.decode()),
        AdditiveLogistic.from_dict(regression) if regression["share"] else None,
        regression["share"],
        BgNbd(**saved["purchase_process"]) if saved["purchase_process"] else None,
        (saved["window_days"][0], saved["window_days"][1]),
        RenewalCap.from_dict(saved.get("renewal_cap")),
    )
    in_use, evaluated = (Calibration.from_dict(curves[name]) for name in ("in_use", "evaluated"))
    without, past = without_feed.from_dict(curves.get("without")), PastCurves.from_json(curves.get("past"))
    when = EventCurve.from_dict(curves.get("order_curve"))
    if level:
        known = storage.parse_json(level, str(folder / level_update.FILE), ModelRefused)
        in_use = LevelUpdate.from_dict(known).moved(in_use)
    return ChurnModel(ensemble, in_use, evaluated, saved, without, when, past)
