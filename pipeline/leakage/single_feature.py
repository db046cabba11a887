"""A feature that alone ranks better than all the others together; a question of when it is written down."""

import polars as pl

from pipeline.config.params import AdditiveLogisticSettings
from pipeline.evaluation import metrics
from pipeline.examples.features import Feature
from pipeline.leakage import ranks
from pipeline.model import additive_logistic, training
from pipeline.model.ensemble import matrix

# The best honest feature ranks a little worse than everything of other kinds together: .710 against .725 on CDNOW
# (orders of a year), .831 against .860 on Complete Journey (orders of 90 days). Above by this much is no chance.
MIN_AUC_LEAD = 0.03


def too_good(
    train_examples: pl.DataFrame, test: pl.DataFrame, features: list[Feature], settings: AdditiveLogisticSettings
) -> list[str]:
    """One sentence for each feature that beats a model of all features of other families, on later customers.

    The yardstick leaves the whole family out, for a leak rarely comes in one column only. It is the wide logistic
    regression, which is quick, and honest on few customers.
    """
    taught, seen = training.outcomes(train_examples), training.outcomes(test)
    alone = {
        feature.name: metrics.auc(
            seen, ranks.rates(ranks.values(train_examples, feature.name), taught, ranks.values(test, feature.name))
        )
        for feature in features
    }
    sentences: list[str] = []
    left = list(features)
    while left:
        best = max(left, key=lambda feature: alone[feature.name])
        others = [feature for feature in left if feature.family != best.family]
        # Without another family there is no yardstick, and nothing beats 1.
        limit = _together(train_examples, test, others, settings) if others else 1.0
        churners = int(seen.sum())
        # Of few customers, chance alone makes a lead larger than MIN_AUC_LEAD.
        noise = 2 * ranks.error(alone[best.name], churners, len(seen) - churners)
        own = [f for f in left if f.family == best.family and alone[f.name] > limit + max(MIN_AUC_LEAD, noise)]
        if not own:
            break
        sentences += [
            f"{feature.name} alone ranks the test snapshot with AUC {alone[feature.name]:.3f}, all features of other "
            f"families together with {limit:.3f}: ask when it is written down"
            for feature in own
        ]
        # The family just named must not serve as a yardstick: it would hide a second leak.
        left = others
    return sentences


def _together(
    train_examples: pl.DataFrame, test: pl.DataFrame, features: list[Feature], settings: AdditiveLogisticSettings
) -> float:
    names = [feature.name for feature in features]
    regression = additive_logistic.fit(matrix(train_examples, names), training.outcomes(train_examples), settings)
    return metrics.auc(training.outcomes(test), regression.log_odds(matrix(test, names)))
