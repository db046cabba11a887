"""Features: one file per family, each a list of declarations; ``engine`` runs them, ``dictionary`` prints them.

To add one, add a `Feature` to its family; to add a family, add a file and a line to `FAMILIES`.
"""

from pipeline.examples.features import breadth, engagement, frequency, monetary, price, recency, tenure
from pipeline.examples.features.declare import Aggregate, Feature, Forecast, Formula
from pipeline.params import Features, Sources

__all__ = ["FAMILIES", "Aggregate", "Feature", "Forecast", "Formula", "available", "declared", "model_features"]

FAMILIES = {
    "recency": recency.features,
    "frequency": frequency.features,
    "monetary": monetary.features,
    "price": price.features,
    "breadth": breadth.features,
    "tenure": tenure.features,
    "engagement": engagement.features,
}


def declared(settings: Features) -> list[Feature]:
    """Everything that is declared, whatever data a company has."""
    return [feature for family in FAMILIES.values() for feature in family(settings)]


def available(settings: Features, sources: Sources) -> list[Feature]:
    """What the company's tables and columns can carry."""
    columns = {f"{table}.{column}" for table, source in sources.declared().items() for column in source.columns}
    return [feature for feature in declared(settings) if feature.needs <= columns]


def model_features(settings: Features, sources: Sources) -> list[Feature]:
    """What the model sees, in the order of its columns."""
    return [feature for feature in available(settings, sources) if not feature.is_part]
