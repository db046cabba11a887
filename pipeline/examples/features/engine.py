"""Declarations -> one query per snapshot: aggregates kind by kind over the cut history, then the formulas."""

from datetime import date
from itertools import groupby

from pipeline import sql
from pipeline.examples import history
from pipeline.examples.features.declare import Aggregate, Feature, Formula

# Units whose sums may be no whole numbers; they are exact decimals, or single answers, until this last step.
FRACTIONS = ("pieces", "points", "score")


def query(
    features: list[Feature], snapshot: date, spine: str, minor_digits: int, down: frozenset[str] = frozenset()
) -> str:
    """The features of the customers of `spine` at a snapshot.

    Parameters
    ----------
    features
        Parts and features; a formula may use what the model does not see.
    snapshot
        The history is strictly before it.
    spine
        A query with ``customer_key``: who gets a row.
    minor_digits
        Digits of the currency; amounts become units only after they were summed as integers.
    down
        Tables whose feed was down: what needs them is unknown, and not zero.

    Returns
    -------
    str
        A query with ``customer_key`` and one column per feature of the model, in declared order.
    """
    aggregates = sorted((f for f in features if isinstance(f.how, Aggregate)), key=_kind)
    kinds = {kind: list(of_kind) for kind, of_kind in groupby(aggregates, _kind)}
    joins = "".join(
        f"\nLEFT JOIN ({_by_customer(kind, of_kind, snapshot)}) {sql.name(kind)} USING (customer_key)"
        for kind, of_kind in kinds.items()
    )
    values = [f"{_value(feature, minor_digits)} AS {sql.name(feature.name)}" for feature in in_order(features)]
    columns = ", ".join(_select_unless_down(feature, down) for feature in features if not feature.is_part)
    return f"SELECT customer_key, {columns} FROM (SELECT customer_key, {', '.join(values)} FROM ({spine}) spine{joins})"


def _select_unless_down(feature: Feature, down: frozenset[str]) -> str:
    name = sql.name(feature.name)
    is_down = any(column.split(".")[0] in down for column in feature.needs)
    # Of its own type still, so that a day with an outage fits those without.
    return f"CASE WHEN false THEN {name} END AS {name}" if is_down else name


def _kind(feature: Feature) -> str:
    assert isinstance(feature.how, Aggregate), "only aggregates have a kind of row"
    return feature.how.kind


def _by_customer(kind: str, features: list[Feature], snapshot: date) -> str:
    columns = ", ".join(f"{_aggregate(feature)} AS {sql.name(feature.name + ' raw')}" for feature in features)
    if kind == "market":
        by_region = f"SELECT segment, {columns} FROM {history.market_before(snapshot)} GROUP BY segment"
        return f"SELECT * EXCLUDE (segment) FROM regions JOIN ({by_region}) USING (segment)"
    rows = f"{history.before(snapshot)} WHERE kind = {sql.text(kind)}"
    return f"SELECT customer_key, {columns} FROM {rows} GROUP BY customer_key"


def _aggregate(feature: Feature) -> str:
    how = feature.how
    assert isinstance(how, Aggregate), "formulas are not aggregated"
    tests = [f"{sql.name(how.column)} IS NOT NULL"]
    tests += [f"days_ago <= {how.days}"] if how.days is not None else []
    tests += [f"days_ago > {how.skip}"] if how.skip else []
    tests += [f"item = {sql.text(how.item)}"] if how.item is not None else []
    tests += [f"({how.only})"] if how.only is not None else []
    tests += ["is_latest"] if how.function == "latest" else []
    column = sql.name(how.column)
    called = {
        "sum": f"sum({column})",
        "sum_squares": f"sum({column} * {column})",
        "count": "count(*)",
        "latest": "count(*)",
        "min": f"min({column})",
        "max": f"max({column})",
    }[how.function]
    return f"{called} FILTER ({' AND '.join(tests)})"


def _value(feature: Feature, minor_digits: int) -> str:
    """The last step: integers become what people read, so no rounding can depend on the order of rows."""
    if isinstance(feature.how, Formula):
        return (
            f"({feature.how.expression})" if feature.unit == "yes/no" else f"CAST({feature.how.expression} AS DOUBLE)"
        )
    raw = sql.name(feature.name + " raw")
    value = f"coalesce({raw}, 0)" if feature.counts else raw
    if feature.unit == "currency":
        return f"CAST({value} AS DOUBLE) / {10**minor_digits}"
    return f"CAST({value} AS {'DOUBLE' if feature.unit in FRACTIONS or feature.is_part else 'BIGINT'})"


def in_order(features: list[Feature]) -> list[Feature]:
    """The features so that a formula comes after everything it rests on."""
    ready: dict[str, Feature] = {f.name: f for f in features if isinstance(f.how, Aggregate)}
    names = {feature.name for feature in features}
    waiting = [feature for feature in features if feature.name not in ready]
    while waiting:
        able = [f for f in waiting if isinstance(f.how, Formula) and not (set(f.how.inputs) & names) - set(ready)]
        if not able:
            raise ValueError(f"these formulas rest on each other: {', '.join(f.name for f in waiting)}")
        ready |= {feature.name: feature for feature in able}
        waiting = [feature for feature in waiting if feature.name not in ready]
    return list(ready.values())
