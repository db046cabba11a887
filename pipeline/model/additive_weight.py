"""The weight of the regression beside the trees: the quarter that predicts a later snapshot best."""

import numpy as np
import numpy.typing as npt
from sklearn.metrics import log_loss

from pipeline.model import calibration, gbm
from pipeline.model.additive_logistic import AdditiveLogistic

# In order of preference where two do equally well: first both alike.
SHARES = (0.5, 0.25, 0.75, 0.0, 1.0)
Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]


def choose(
    trees: gbm.Booster,
    regression: AdditiveLogistic | None,
    features: Array,
    churned: Labels,
    num_threads: int,
) -> float:
    """The weight of the regression that predicts the validation snapshot best, once calibrated there."""
    assert regression is not None, "a regression was fitted"
    both = gbm.log_odds(trees, features, num_threads), regression.log_odds(features)

    def loss(share: float) -> float:
        # Calibrated before they are compared: else log-loss would prefer the share whose scale happens to fit.
        log_odds = (1 - share) * both[0] + share * both[1]
        # Rounded, so that equals tie on every processor, and the order of SHARES decides.
        return round(float(log_loss(churned, calibration.fit(log_odds, churned).probability(log_odds))), 9)

    return min(SHARES, key=loss)
