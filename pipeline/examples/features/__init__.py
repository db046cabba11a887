"""Features: one file per family, each a list of declarations; ``engine`` runs them.

To add one, add a `Feature` to its family, and what people are told of it to `pipeline.reasons.phrases`; to add a
family, add a file and a line to `FAMILIES`.
"""

from dataclasses import replace

from pipeline.config.params import Features, Sources
from pipeline.examples.features import (
    amounts,
    breadth,
    commitments,
    contact,
    engagement,
    frequency,
    loyalty,
    market,
    monetary,
    price,
    recency,
    satisfaction,
    service,
    subscription_terms,
    tenure,
)
from pipeline.examples.features.declare import Aggregate, Feature, Forecast, Formula
from pipeline.examples.features.evidence_thresholds import with_evidence

__all__ = [
    "FAMILIES",
    "Aggregate",
    "Feature",
    "Forecast",
    "Formula",
    "allowed",
    "available",
    "declared",
    "explained_features",
    "families",
    "model_features",
    "unseen_features",
    "without_money",
]

FAMILIES = {
    "recency": recency.features,
    "frequency": frequency.features,
    "monetary": monetary.features,
    "price": price.features,
    "breadth": breadth.features,
    "tenure": tenure.features,
    "engagement": engagement.features,
    "service": service.features,
    "satisfaction": satisfaction.features,
    "loyalty": loyalty.features,
    "commitments": commitments.features,
    "contract": subscription_terms.features,
    "contact": contact.features,
    "market": market.features,
}
# What a family speaks for where a feature does not say it more exactly; ids as in `pipeline.reasons.causes`.
FAMILY_CAUSES = {
    "recency": ("C54", "C16", "C55"),
    "frequency": ("C55", "C27"),
    "monetary": ("C27",),
    "price": ("C47",),
    "breadth": ("C30", "C42"),
    "tenure": ("C14", "C16"),
    "engagement": ("C24", "C54", "C33"),
}


def declared(settings: Features) -> list[Feature]:
    """Everything that is declared, whatever data a company has."""
    every = [feature for family in FAMILIES.values() for feature in family(settings)]
    with_causes = [f if f.causes else replace(f, causes=FAMILY_CAUSES.get(f.family, ())) for f in every]
    return [with_evidence(feature) for feature in with_causes]


def families(settings: Features) -> list[str]:
    """Every family a reason can be of, in order."""
    return list(dict.fromkeys(feature.family for feature in declared(settings) if not feature.is_part))


def available(settings: Features, sources: Sources) -> list[Feature]:
    """What the company's tables and columns can carry."""
    columns = {f"{table}.{column}" for table, source in sources.declared().items() for column in source.columns}
    return [feature for feature in declared(settings) if feature.needs <= columns]


def allowed(settings: Features, sources: Sources) -> list[Feature]:
    """What the model may see, with the parts that formulas rest on: no treatments, unless params.yaml allows them."""
    able = [feature for feature in available(settings, sources) if not feature.is_reason_only]
    return [feature for feature in able if settings.allow_treatment or not feature.is_treatment]


def without_money(features: list[Feature], settings: Features, *, amounts_vary: bool) -> list[Feature]:
    """What a model learns from: where all orders have one amount, nothing that rests on it."""
    return features if amounts_vary else amounts.without_amounts(features, declared(settings))


def explained_features(features: list[Feature], settings: Features, *, amounts_vary: bool) -> list[Feature]:
    """The features as reasons tell of them: where all orders have one amount, never of what rests on it."""
    return features if amounts_vary else amounts.silence_amounts(features, declared(settings))


def unseen_features(settings: Features, sources: Sources) -> list[Feature]:
    """What reasons use though the model does not see it, such as treatments that are evidence of a cause."""
    seen = {feature.name for feature in model_features(settings, sources)}
    used = [f for f in available(settings, sources) if f.evidence is not None or f.is_reason_only]
    return [feature for feature in used if not feature.is_part and feature.name not in seen]


def model_features(settings: Features, sources: Sources) -> list[Feature]:
    """What the model sees, in the order of its columns."""
    return [feature for feature in allowed(settings, sources) if not feature.is_part]
