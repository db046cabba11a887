"""Models of all tables but one, in use while that one is down: as they are saved beside the model of all tables."""

from typing import Any

from pipeline.model import gbm
from pipeline.model.additive_logistic import AdditiveLogistic
from pipeline.model.ensemble import Ensemble


def as_dict(ensemble: Ensemble) -> dict[str, Any]:
    """For a JSON file beside the model of all tables, which has the rest."""
    regression = ensemble.additive_logistic
    return {
        "features": ensemble.features,
        "trees": gbm.to_text(ensemble.trees),
        "regression": regression.as_dict(ensemble.features) if regression else None,
    }


def from_dict(saved: dict[str, Any], whole: Ensemble) -> Ensemble:
    """Back from JSON, with what it shares with the model of all tables."""
    regression = AdditiveLogistic.from_dict(saved["regression"]) if saved["regression"] else None
    return Ensemble(
        list(saved["features"]), gbm.from_text(saved["trees"]), regression, whole.additive_weight,
        whole.purchase_process, whole.window, whole.renewal_cap,
    )  # fmt: skip
