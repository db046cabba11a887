"""How far back a feature looks: what a window means that is longer than the history there is."""

from collections.abc import Sequence

from pipeline.examples.features.declare import Aggregate, Feature, Formula


def reaches(features: Sequence[Feature]) -> dict[str, int | None]:
    """Days each feature looks back from the snapshot, the longest of all it rests on; None is all history.

    Parameters
    ----------
    features
        The features, and the parts their formulas rest on.

    Examples
    --------
    >>> orders = Feature("orders_30d", "orders", "frequency", Aggregate("sum", "purchase", "orders", 30), "")
    >>> ever = Feature("orders_ever", "orders", "tenure", Aggregate("sum", "purchase", "orders"), "")
    >>> share = Feature("share", "share", "frequency", Formula("orders_30d / nullif(orders_ever, 0)"), "")
    >>> reaches([orders, ever, share])
    {'orders_30d': 30, 'orders_ever': None, 'share': None}
    """
    by_name = {feature.name: feature for feature in features}
    return {feature.name: _reach(feature, by_name) for feature in features}


def _reach(feature: Feature, by_name: dict[str, Feature]) -> int | None:
    if isinstance(feature.how, Aggregate):
        return feature.how.days
    inputs = feature.how.inputs if isinstance(feature.how, Formula) else list(feature.how.inputs)
    of_inputs = [_reach(by_name[name], by_name) for name in inputs if name in by_name]
    limits = [days for days in of_inputs if days is not None]
    return max(limits) if limits and len(limits) == len(of_inputs) else None
