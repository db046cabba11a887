"""Declarations -> a row per customer at a snapshot: aggregates over the cut history, then the formulas.

Nothing is sorted or hashed for a snapshot: a window of days is a range of rows, of which `prefix_sums` makes numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

import numpy as np
import polars as pl

from pipeline.examples import history
from pipeline.examples.aggregates import Positions, Values
from pipeline.examples.features import prefix_sums
from pipeline.examples.features.declare import Aggregate, Feature, Formula
from pipeline.examples.features.measures import Measures
from pipeline.examples.features.prefix_sums import Numbers

# Units whose sums may be no whole numbers; they are whole thousandths, or single answers, until the last step.
FRACTIONS = ("pieces", "points", "score")


@dataclass(frozen=True)
class Eligible:
    """Who gets a row at a snapshot.

    Attributes
    ----------
    snapshot
        The history is strictly before it.
    positions
        Positions among the customers of the history, rising.
    down
        Tables whose feed was down on that day: what needs them is unknown, and not zero.
    """

    snapshot: date
    positions: Positions
    down: frozenset[str] = frozenset()


class FeatureEngine:
    """Makes the features of the customers of a bucket at any snapshot.

    Parameters
    ----------
    known
        The history of the bucket.
    features
        Parts and features; a formula may use what the model does not see.
    minor_digits
        Digits of the currency; amounts become units only after they were summed as integers.
    threads
        How many aggregates are made at once; no number depends on it.
    """

    def __init__(self, known: history.History, features: Sequence[Feature], minor_digits: int, threads: int) -> None:
        self._known = known
        self._features = list(features)
        self._minor_digits = minor_digits
        self._threads = threads
        self._by_kind: dict[str, dict[str, Aggregate]] = {}
        for feature in features:
            if isinstance(feature.how, Aggregate):
                self._by_kind.setdefault(feature.how.kind, {})[feature.name] = feature.how
        self._measures = {
            kind: Measures(known.kinds[kind], list(hows.values()))
            for kind, hows in self._by_kind.items()
            if kind in known.kinds
        }

    def compute(self, eligible: Eligible) -> pl.DataFrame:
        """The features at a snapshot.

        Parameters
        ----------
        eligible
            Who gets a row, and when; of the history, only what was known on that morning is seen.

        Returns
        -------
        polars.DataFrame
            ``customer_key`` and one column per feature of the model, in declared order.
        """
        numbers = self._numbers(eligible)
        aggregates = [feature for feature in self._features if feature.name in numbers]
        every = _with_formulas(_values(aggregates, numbers, self._minor_digits), self._features)
        kinds = every.schema
        seen = [_unless_down(f, kinds[f.name], eligible.down) for f in self._features if not f.is_part]
        return every.select(pl.Series("customer_key", self._known.customers[eligible.positions]), *seen)

    def _numbers(self, eligible: Eligible) -> dict[str, Numbers]:
        """What the aggregates give, by name of their feature: whole minor units and thousandths."""
        made: dict[str, Numbers] = {}
        for kind, hows in self._by_kind.items():
            if kind not in self._measures:
                # The company has such a table, and nothing in it concerns this bucket.
                made |= dict.fromkeys(hows, prefix_sums.none(len(eligible.positions)))
                continue
            groups = self._known.segments[eligible.positions] if kind == "market" else eligible.positions
            made |= zip(hows, self._measures[kind].compute(eligible.snapshot, groups, self._threads), strict=True)
        return made


def _unless_down(feature: Feature, kind: pl.DataType, down: frozenset[str]) -> pl.Expr:
    is_down = any(column.split(".")[0] in down for column in feature.needs)
    # Of its own type still, so that a day with an outage fits those without.
    return pl.lit(None, dtype=kind).alias(feature.name) if is_down else pl.col(feature.name)


def _values(features: Sequence[Feature], numbers: dict[str, Numbers], minor_digits: int) -> pl.DataFrame:
    """The last step: integers become what people read, so no rounding can depend on the order of rows."""
    values = {f.name: _in_units(f, numbers[f.name].values, minor_digits) for f in features}
    unknown = {f.name: numbers[f.name].is_known for f in features if not f.counts}
    frame = pl.DataFrame(values | {f"{name} is known": is_known for name, is_known in unknown.items()})
    known = {name: pl.when(pl.col(f"{name} is known")).then(pl.col(name)) for name in unknown}
    return frame.select(known.get(name, pl.col(name)).alias(name) for name in values)


def _in_units(feature: Feature, numbers: Values, minor_digits: int) -> Values:
    how = feature.how
    assert isinstance(how, Aggregate), "formulas are made of numbers in units"
    floats: Values = numbers.astype(np.float64)
    if feature.unit == "currency":
        return floats / float(10**minor_digits)
    if how.column in history.THOUSANDTHS and how.function in {"sum", "min", "max"}:
        return floats / 1000
    is_fraction = feature.unit in FRACTIONS or feature.is_part
    return floats if is_fraction else numbers


def _with_formulas(values: pl.DataFrame, features: Sequence[Feature]) -> pl.DataFrame:
    """The values with what formulas make of them, each after everything it rests on."""
    # As floats throughout, where a literal such as 0.15 would make whole numbers fixed decimals of few digits.
    floats = values.cast(pl.Float64)
    for wave in waves(features):
        made = {name: _expression(how.expression).cast(pl.Float64) for name, how in wave.items()}
        floats = floats.with_columns(**made)
    formulas = [f for f in features if isinstance(f.how, Formula)]
    return values.with_columns(
        floats.select(pl.col(f.name).cast(pl.Int32 if f.unit == "yes/no" else pl.Float64) for f in formulas)
    )


@cache
def _expression(text: str) -> pl.Expr:
    return pl.sql_expr(text)


def waves(features: Sequence[Feature]) -> list[dict[str, Formula]]:
    """The formulas by name, in waves: each rests on aggregates, or on formulas of the waves before."""
    names = {feature.name for feature in features}
    ready = {f.name for f in features if isinstance(f.how, Aggregate)}
    waiting = {f.name: f.how for f in features if isinstance(f.how, Formula)}
    made = []
    while waiting:
        wave = {name: how for name, how in waiting.items() if not (set(how.inputs) & names) - ready}
        if not wave:
            raise ValueError(f"these formulas rest on each other: {', '.join(waiting)}")
        made.append(wave)
        ready |= wave.keys()
        waiting = {name: how for name, how in waiting.items() if name not in wave}
    return made
