"""How much each evidence of a cause weighs: which of several is told first.

Several causes leave traces with one customer, and most traces mean nothing to the one who bears them. What the
company's own past says is the best guide: how much more often did those leave who bore this evidence, beside others as
they were otherwise? That is learnt from the training rows, for the evidence as such, for more of it, and for how long
it has been so. It decides the order of what is told, and no score.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from pipeline.examples.features.declare import Feature
from pipeline.examples.features.evidence import SAID, SINCE

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

# What customers differ in besides. Who is long overdue has mostly left already, whatever the evidence; so only those
# still in their rhythm teach, up to this many usual gaps after the last order.
OTHERWISE: Final = ("days_since_last_order_per_usual_gap", "gap_mean_days", "days_since_first_order", "orders_90d",
                    "orders_365d", "days_since_last_order", "is_one_time_buyer", "days_to_renewal")  # fmt: skip
RHYTHM, IN_RHYTHM = "days_since_last_order_per_usual_gap", 1.5
# Beyond how many of those who bear it more evidence, and longer-standing evidence, weighs anew.
MORE, LONGER, TENTHS = (0.4, 0.7), (0.2, 0.4, 0.6, 0.8), tuple(tenth / 10 for tenth in range(1, 10))
LEAST_BEARERS, MOST_ROWS, PENALTY, DIGITS = 100, 200_000, 0.3, 3
# In log-odds: for each e-fold of rarity, since the rare is rarely by chance; and for what the customer met or said,
# before what merely is so.
PER_RARITY, FOR_SAID = 0.2, 0.6
LEAST_SHARE = 1e-6


@dataclass(frozen=True)
class Weight:
    """What one evidence weighs.

    Attributes
    ----------
    share
        Share (0-1) of the training rows that bear it.
    lift
        Log-odds of churn it adds.
    steps
        Column, value and log-odds: what is added further where the column is at the value or beyond it.
    """

    share: float
    lift: float = 0.0
    steps: tuple[tuple[str, float, float], ...] = ()

    @classmethod
    def from_dict(cls, found: dict[str, Any]) -> "Weight":
        """Read a weight back from JSON."""
        return cls(found["share"], found["lift"], tuple((str(c), float(v), float(e)) for c, v, e in found["steps"]))


def bears(feature: Feature) -> pl.Expr:
    """Whether the value of a feature is evidence of its causes; where it is missing, it is none."""
    assert feature.evidence is not None, "only a feature with a threshold can be evidence"
    return _beyond(feature.name, feature.evidence, feature.risk)


def strength(values: pl.DataFrame, feature: Feature, weight: Weight) -> Array:
    """What the evidence weighs with each customer who bears it, in log-odds.

    >>> from pipeline.examples.features import Aggregate
    >>> open_ = Feature("open", "tickets", "disputes", Aggregate("count", "ticket"), "", "up", evidence=1)
    >>> weight = Weight(0.01, 1.5, (("open", 3.0, 0.5),))
    >>> strength(pl.DataFrame({"open": [1, 4]}), open_, weight).round(2).tolist()
    [3.02, 3.52]
    """
    steps = [_beyond(*_side(column, cut, feature)) * lift for column, cut, lift in weight.steps]
    added = values.select(pl.sum_horizontal(pl.lit(0.0), *steps).alias("added"))["added"].to_numpy()
    said = FOR_SAID * (feature.family in SAID or feature.family.startswith("about_"))
    found: Array = weight.lift + said - PER_RARITY * np.log(max(weight.share, LEAST_SHARE)) + added
    return np.broadcast_to(found, (len(values),))


def learn(examples: pl.DataFrame, features: list[Feature]) -> dict[str, Weight]:
    """Learn what each evidence weighs.

    Parameters
    ----------
    examples
        Labelled examples of the training snapshots.
    features
        Those that may be evidence among them.

    Returns
    -------
    dict
        By feature with a threshold; where too few bear an evidence, or all or nobody churned, its lift is nought.

    Notes
    -----
    A logistic regression on steps, those of all evidence and of what else customers differ in at once, so that evidence
    which often comes with another is not paid for twice.
    """
    found = [f for f in features if f.evidence is not None and f.name in examples.columns]
    shares = examples.select(bears(feature).mean().alias(feature.name) for feature in found).row(0, named=True)
    weights = {name: Weight(round(share, 6)) for name, share in shares.items()}
    rows = _in_rhythm(examples)
    rows = rows.gather_every(max(1, -(-len(rows) // MOST_ROWS)))
    steps = [step for feature in found for step in _steps(rows, feature)]
    if not steps or rows["churned"].n_unique() < 2:
        return weights
    lifts = _fitted(rows, [expression for *_, expression in steps])
    for (feature, column, cut, _), lift in zip(steps, lifts, strict=True):
        was = weights[feature.name]
        if column is None:
            weights[feature.name] = Weight(was.share, lift, was.steps)
        else:
            weights[feature.name] = Weight(was.share, was.lift, (*was.steps, (column, cut, lift)))
    return weights


def as_card(weights: dict[str, Weight]) -> dict[str, dict[str, Any]]:
    """The weights as JSON holds them."""
    return {name: asdict(weight) for name, weight in weights.items()}


def _in_rhythm(examples: pl.DataFrame) -> pl.DataFrame:
    if RHYTHM not in examples.columns:
        return examples
    return examples.filter(pl.col(RHYTHM).is_null() | (pl.col(RHYTHM) <= IN_RHYTHM))


def _steps(rows: pl.DataFrame, feature: Feature) -> Iterator[tuple[Feature, str | None, float, pl.Expr]]:
    """The evidence as such, more of it, and for how long it has been so."""
    borne = rows.filter(bears(feature))
    if len(borne) < LEAST_BEARERS:
        return
    yield feature, None, 0.0, bears(feature)
    since = SINCE.get(feature.name)
    for column, shares in ((feature.name, MORE), (since, LONGER)):
        if column is None or column not in rows.columns:
            continue
        for cut in _cuts(borne[column], shares, falling=feature.risk == "down" and column == feature.name):
            yield feature, column, cut, bears(feature) & _beyond(*_side(column, cut, feature))


def _side(column: str, cut: float, feature: Feature) -> tuple[str, float, str]:
    """More of an evidence lies where its risk does; longer is always more days."""
    return column, cut, feature.risk if column == feature.name else "up"


def _beyond(column: str, cut: float, risk: str) -> pl.Expr:
    value = pl.col(column).cast(pl.Float64)
    return (value <= cut if risk == "down" else value >= cut).fill_null(value=False)


def _cuts(values: pl.Series, shares: tuple[float, ...], *, falling: bool) -> list[float]:
    """Different quantiles, without the outermost value, which everybody has reached."""
    known = values.drop_nulls().cast(pl.Float64).to_numpy()
    if len(np.unique(known)) < 3:
        return []
    if falling:
        shares = tuple(1 - share for share in shares)
    outermost = known.max() if falling else known.min()
    found = {float(f"{cut:.6g}") for cut in np.quantile(known, shares, method="inverted_cdf")}
    return sorted(found - {float(f"{outermost:.6g}")})


def _fitted(rows: pl.DataFrame, steps: list[pl.Expr]) -> list[float]:
    """The log-odds each step adds, beside steps of what customers differ in otherwise."""
    others = [other for name in OTHERWISE if name in rows.columns for other in _differences(rows[name])]
    named = [step.cast(pl.Float64).alias(str(at)) for at, step in enumerate([*steps, *others])]
    model = LogisticRegression(C=PENALTY, solver="newton-cholesky", tol=1e-8, max_iter=200)
    # One thread: parallel sums differ in their last digits from run to run.
    with threadpool_limits(1):
        model.fit(rows.select(named).to_numpy(), rows["churned"].to_numpy())
    return [round(float(lift), DIGITS) + 0.0 for lift in model.coef_[0][: len(steps)]]


def _differences(values: pl.Series) -> list[pl.Expr]:
    value = pl.col(values.name).cast(pl.Float64)
    known = values.drop_nulls().cast(pl.Float64).to_numpy()
    cuts: list[float] = np.unique(np.quantile(known, TENTHS, method="inverted_cdf")).tolist() if len(known) else []
    return [value.is_null(), *((value >= cut).fill_null(value=False) for cut in cuts)]
