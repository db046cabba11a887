"""What rests on the amounts of orders: nothing of it is learnt from, or told, where all orders have one amount."""

import re
from collections.abc import Sequence
from dataclasses import replace

from pipeline.examples.features.declare import Aggregate, Feature

# Kinds of rows that hold money of orders, and the columns it stands in; the price of a contract is another matter.
OF_ORDERS = frozenset({"purchase", "refund", "margin", "product"})
MONEY = re.compile(r"\w+_minor|is_dearer")


def resting_on_amounts(features: Sequence[Feature]) -> frozenset[str]:
    """The names of the features that would be other ones if orders had other amounts.

    Parameters
    ----------
    features
        The features, and the parts their formulas rest on.

    Examples
    --------
    >>> spend = Feature("spend_30d", "currency", "monetary", Aggregate("sum", "purchase", "amount_minor", 30), "")
    >>> orders = Feature("orders_30d", "orders", "frequency", Aggregate("sum", "purchase", "orders", 30), "")
    >>> sorted(resting_on_amounts([spend, orders]))
    ['spend_30d']
    """
    by_name = {feature.name: feature for feature in features}
    return frozenset(feature.name for feature in features if _rests(feature, by_name))


def without_amounts(features: Sequence[Feature], declared: Sequence[Feature]) -> list[Feature]:
    """The features that do not rest on amounts; `declared` also holds the parts of formulas."""
    money = resting_on_amounts(declared)
    return [feature for feature in features if feature.name not in money]


def silence_amounts(features: Sequence[Feature], declared: Sequence[Feature]) -> list[Feature]:
    """All features, those that rest on amounts without a direction: such a feature is never told of."""
    money = resting_on_amounts(declared)
    return [replace(f, risk="none", evidence=None) if f.name in money else f for f in features]


def _rests(feature: Feature, by_name: dict[str, Feature]) -> bool:
    if isinstance(feature.how, Aggregate):
        read = f"{feature.how.column} {feature.how.only or ''}"
        return feature.how.kind in OF_ORDERS and MONEY.search(read) is not None
    return any(_rests(by_name[name], by_name) for name in feature.how.inputs if name in by_name)
