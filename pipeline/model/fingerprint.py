"""What tells one model from another; loads neither LightGBM nor the model."""

from pipeline.config.paths import Paths
from pipeline.tables import storage


def fingerprint(paths: Paths) -> str:
    """SHA-256 of what scores: trees, regression, calibration, and the card, which holds purchase process and value."""
    return storage.fingerprint([paths.model_text, paths.additive_logistic, paths.calibration, paths.model_card])
