"""The figures of ``benchmarks/features.py`` as a table; all of it computed, so that nothing goes stale."""

from typing import Any

from benchmarks.tables import table

WORDS = {
    "floor": "DuckDB: rows and sum by customer, from the files as they came",
    "one_snapshot": "stage `examples`, one snapshot",
    "eight_snapshots": "stage `examples`, eight weekly snapshots",
    "fifty": "the features that pandas makes, one snapshot, without the checks of the feeds",
    "pandas": "pandas, one snapshot",
}


def markdown(result: dict[str, Any]) -> str:
    """A row for each contender, and how many times as long as others each takes."""
    costs = result["contenders"]
    own = costs["one_snapshot"]
    rows = [
        (
            words,
            f"{costs[name]['features']:.0f}",
            f"{costs[name]['seconds']:.1f} s",
            f"{costs[name]['seconds'] / own['seconds']:.2f}",
            f"{costs[name]['peak_mb'] / 1024:.1f} GB",
        )
        for name, words in WORDS.items()
    ]
    head = ("what", "features", "seconds", "beside one snapshot", "largest process")
    size = (
        f"{result['customers']:,} customers, {result['rows']['lines']:,} order lines, {result['rows']['events']:,} "
        f"events; medians of {result['repeats']} turns."
    )
    pandas, fifty = costs["pandas"], costs["fifty"]
    each = [cost["seconds"] / cost["features"] for cost in (pandas, own)]
    of_floor, of_fifty = _times(own, costs["floor"]), _times(fifty, costs["floor"])
    longer, longer_than_stage = _times(pandas, fifty), _times(pandas, own)
    return (
        f"{size}\n\n{table(head, rows)}\n\nOne snapshot takes {of_floor} times the floor, the {fifty['features']:.0f} "
        f"of its features that pandas makes {of_fifty} times. Pandas takes {longer} times as long for the same, "
        f"{longer_than_stage} times as long as the whole stage, {each[0] / each[1]:.1f} times for each feature; "
        f"eight snapshots {_times(costs['eight_snapshots'], own)} times one."
        f"{_of_few(costs, result['customers'])}\n"
    )


def _times(one: dict[str, float], other: dict[str, float]) -> str:
    return f"{one['seconds'] / other['seconds']:.1f}"


def _of_few(costs: dict[str, dict[str, float]], customers: int) -> str:
    """What featuretools took, by customer and feature: it makes fewer of fewer; nothing where it was not there."""
    few, own = costs.get("featuretools"), costs["one_snapshot"]
    if few is None:
        return ""
    each, ours = few["seconds"] / few["features"] / few["customers"], own["seconds"] / own["features"] / customers
    return (
        f" featuretools makes {few['features']:.0f} features of {few['customers']:,.0f} of these customers in "
        f"{few['seconds']:.0f} s, without reading: {each / ours:.0f} times as long for each customer and feature."
    )
