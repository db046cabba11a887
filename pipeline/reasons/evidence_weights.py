"""How much each evidence weighs: which of several is told first, and how much of the risk it explains.

Several causes leave traces with one customer, and most traces mean nothing to the one who bears them. What the
company's own past says is the best guide: how many left because of this evidence, beside others as they were otherwise?
That is learnt from the training rows, for the evidence as such, for more of it, and for how long it has been so. It
decides the order of what is told, and what an act against it can keep; no score.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.examples.features.declare import Feature
from pipeline.examples.features.evidence_thresholds import EXPERIENCED_FAMILIES, SINCE
from pipeline.reasons import cause_hazards

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

# What customers differ in besides. Who is long overdue has mostly left already, whatever the evidence; so only those
# still in their rhythm teach, up to this many usual gaps after the last order.
OTHERWISE: Final = ("days_since_last_order_per_usual_gap", "gap_mean_days", "days_since_first_order", "orders_90d",
                    "orders_365d", "days_since_last_order", "is_one_time_buyer", "days_to_renewal")  # fmt: skip
RHYTHM, IN_RHYTHM = "days_since_last_order_per_usual_gap", 1.5
# Beyond how many of those who bear it more evidence, and longer-standing evidence, weighs anew.
MORE, LONGER, TENTHS = (0.4, 0.7), (0.2, 0.4, 0.6, 0.8), tuple(tenth / 10 for tenth in range(1, 10))
# Processors differ by some 1e-11 in what is fitted, and so in the third digit of one of a hundred weights once in
# 100,000 fits.
MIN_BEARERS, MAX_ROWS, DIGITS = 100, 200_000, 3
# Log of a factor: what the customer met or said is told before what merely is so.
EXPERIENCED_BONUS = 1.0


@dataclass(frozen=True)
class Weight:
    """What one evidence weighs.

    Attributes
    ----------
    share
        Share (0-1) of the training rows that bear it.
    log_hazard
        Log of the hazard it adds; see `pipeline.reasons.cause_hazards`.
    steps
        Column, value and log of a factor: what multiplies it where the column is at the value or beyond it.
    """

    share: float
    log_hazard: float = cause_hazards.PRIOR
    steps: tuple[tuple[str, float, float], ...] = ()

    @classmethod
    def from_dict(cls, saved: dict[str, Any]) -> "Weight":
        """Read a weight back from JSON."""
        steps = tuple((str(column), float(value), float(log)) for column, value, log in saved["steps"])
        return cls(saved["share"], saved["log_hazard"], steps)


def has_evidence(feature: Feature) -> pl.Expr:
    """Whether the value of a feature is evidence of its causes; where it is missing, it is none."""
    assert feature.evidence is not None, "only a feature with a threshold can be evidence"
    return _beyond(feature.name, feature.evidence, feature.risk)


def log_hazard(values: pl.DataFrame, feature: Feature, weight: Weight) -> Array:
    """Log of the hazard the evidence adds to each customer who bears it.

    >>> from pipeline.examples.features import Aggregate
    >>> open_ = Feature("open", "tickets", "disputes", Aggregate("count", "ticket"), "", "up", evidence=1)
    >>> weight = Weight(0.01, -1.5, (("open", 3.0, 0.5),))
    >>> log_hazard(pl.DataFrame({"open": [1, 4]}), open_, weight).round(2).tolist()
    [-1.5, -1.0]
    """
    steps = [_beyond(*_side(column, cut, feature)) * log for column, cut, log in weight.steps]
    added = values.select(pl.sum_horizontal(pl.lit(0.0), *steps).alias("added"))["added"].to_numpy()
    return np.broadcast_to(weight.log_hazard + added, (len(values),))


def priority(feature: Feature) -> float:
    """What is added to the log of a hazard for the order of telling."""
    return EXPERIENCED_BONUS * (feature.family in EXPERIENCED_FAMILIES or feature.family.startswith("about_"))


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
        By feature with a threshold; where too few bear an evidence, or all or nobody churned, its hazard is what is
        supposed of any before anything is seen.

    Notes
    -----
    All evidence is fitted at once, beside what else customers differ in, so that evidence which often comes with
    another is not paid for twice.
    """
    with_threshold = [f for f in features if f.evidence is not None and f.name in examples.columns]
    shares = examples.select(has_evidence(feature).mean().alias(feature.name) for feature in with_threshold).row(
        0, named=True
    )
    shares = {name: round(share, 6) for name, share in shares.items()}
    weights = {name: Weight(share) for name, share in shares.items()}
    rows = _in_rhythm(examples)
    rows = rows.gather_every(max(1, -(-len(rows) // MAX_ROWS)))
    steps = {feature.name: list(_steps(rows, feature)) for feature in with_threshold}
    known = [feature for feature in with_threshold if steps[feature.name]]
    if not known or rows["churned"].n_unique() < 2:
        return weights
    borne = [_borne(rows, feature, steps[feature.name]) for feature in known]
    fitted = cause_hazards.fit(rows["churned"].to_numpy() == 1, _kinds(rows), borne)
    of_fit = zip((feature.name for feature in known), fitted, strict=True)
    return weights | {name: _weight(shares[name], steps[name], logs) for name, logs in of_fit}


def _weight(share: float, steps: list[tuple[str, float]], logs: Array) -> Weight:
    """The first step is the evidence as such, the others multiply its hazard."""
    first, *further = (round(float(log), DIGITS) + 0.0 for log in logs)
    return Weight(share, first, tuple((*step, log) for step, log in zip(steps[1:], further, strict=True)))


def as_card(weights: dict[str, Weight]) -> dict[str, dict[str, Any]]:
    """The weights as JSON holds them."""
    return {name: asdict(weight) for name, weight in weights.items()}


def _in_rhythm(examples: pl.DataFrame) -> pl.DataFrame:
    if RHYTHM not in examples.columns:
        return examples
    return examples.filter(pl.col(RHYTHM).is_null() | (pl.col(RHYTHM) <= IN_RHYTHM))


def _steps(rows: pl.DataFrame, feature: Feature) -> Iterator[tuple[str, float]]:
    """Column and value from which it is evidence, of more of it, and of how long it has been so."""
    borne = rows.filter(has_evidence(feature))
    if len(borne) < MIN_BEARERS:
        return
    assert feature.evidence is not None, "only a feature with a threshold can be evidence"
    yield feature.name, feature.evidence
    since = SINCE.get(feature.name)
    for column, shares in ((feature.name, MORE), (since, LONGER)):
        if column is None or column not in rows.columns:
            continue
        for cut in _cuts(borne[column], shares, falling=feature.risk == "down" and column == feature.name):
            yield column, cut


def _borne(rows: pl.DataFrame, feature: Feature, steps: list[tuple[str, float]]) -> cause_hazards.CauseEvidence:
    reached = rows.select(
        _beyond(*_side(column, cut, feature)).alias(str(position)) for position, (column, cut) in enumerate(steps)
    )
    own = np.flatnonzero(reached["0"].to_numpy())
    return cause_hazards.CauseEvidence(own, reached.select(pl.all().cast(pl.Float64)).to_numpy()[own])


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
    quantiles = {float(f"{cut:.6g}") for cut in np.quantile(known, shares, method="inverted_cdf")}
    return sorted(quantiles - {float(f"{outermost:.6g}")})


def _kinds(rows: pl.DataFrame) -> list[npt.NDArray[np.int64]]:
    """For each of what customers differ in otherwise, the tenth of each row; the unknown are one more."""
    return [_tenths(rows[name].cast(pl.Float64)) for name in OTHERWISE if name in rows.columns]


def _tenths(values: pl.Series) -> npt.NDArray[np.int64]:
    known = values.drop_nulls().to_numpy()
    cuts = np.unique(np.quantile(known, TENTHS, method="inverted_cdf")) if len(known) else np.array([])
    tenths = np.searchsorted(cuts, values.fill_null(np.nan).to_numpy(), side="right")
    return np.where(values.is_null().to_numpy(), len(cuts) + 1, tenths).astype(np.int64)
