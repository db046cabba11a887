"""A fitted ensemble and its curve as texts, numbers and lists: what skops, JSON and pickle all keep alike."""

import dataclasses
from typing import Any

from sklearn.base import BaseEstimator

from pipeline.model import gbm
from pipeline.model.additive_logistic import AdditiveLogistic
from pipeline.model.calibration import Calibration
from pipeline.model.ensemble import Ensemble
from pipeline.model.renewal_cap import RenewalCap
from pipeline.value.bg_nbd import BgNbd


def of_ensemble(ensemble: Ensemble) -> dict[str, Any]:
    """Return the parts of an ensemble; the trees in LightGBM's own text, which keeps every digit."""
    regression, process = ensemble.additive_logistic, ensemble.purchase_process
    return {
        "features": list(ensemble.features),
        "trees": gbm.to_text(ensemble.trees),
        "additive_logistic": regression.as_dict(ensemble.features) if regression else None,
        "additive_weight": float(ensemble.additive_weight),
        "purchase_process": dataclasses.asdict(process) if process else None,
        "window": list(ensemble.window),
        "renewal_cap": ensemble.renewal_cap.as_dict() if ensemble.renewal_cap else None,
    }


def ensemble_from(parts: dict[str, Any]) -> Ensemble:
    """Return the ensemble of its parts; see `of_ensemble`."""
    regression, process = parts["additive_logistic"], parts["purchase_process"]
    gap_days, horizon_days = parts["window"]
    return Ensemble(
        list(parts["features"]),
        gbm.from_text(parts["trees"]),
        AdditiveLogistic.from_dict(regression) if regression else None,
        parts["additive_weight"],
        BgNbd(**process) if process else None,
        (gap_days, horizon_days),
        RenewalCap.from_dict(parts.get("renewal_cap")),
    )


def of_calibration(curve: Calibration) -> dict[str, Any]:
    """Return the numbers of a curve."""
    return dataclasses.asdict(curve)


def calibration_from(parts: dict[str, Any]) -> Calibration:
    """Return the curve of its numbers; see `of_calibration`."""
    return Calibration.from_dict(parts)


class PortableEstimator(BaseEstimator):  # type: ignore[misc]
    """An estimator whose ``ensemble_`` and ``calibration_`` are saved by their parts, by skops and pickle alike."""

    ensemble_: Ensemble
    calibration_: Calibration

    def __getstate__(self) -> dict[str, Any]:
        """Settings, texts, lists and arrays only, so that skops can save it and nobody has to trust a pickle."""
        state = dict(super().__getstate__())
        if "ensemble_" in state:
            state["ensemble_"] = of_ensemble(self.ensemble_)
            state["calibration_"] = of_calibration(self.calibration_)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "ensemble_" in state:
            self.ensemble_ = ensemble_from(state["ensemble_"])
            self.calibration_ = calibration_from(state["calibration_"])
